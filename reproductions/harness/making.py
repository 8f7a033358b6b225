"""A claim's results folder, results/<budget>/<claim>: written from the runs, and made anew from them."""

import contextlib
import json

from zoo.errors import InvalidInput, ResultsError, UnknownName
from zoo.reproductions.harness.claims import claim_facts, claim_name, is_known, is_own, lacking_data, load_claim
from zoo.reproductions.harness.depth import FILE as DEPTH, depth_csv
from zoo.reproductions.harness.figures import caption, figure_png, is_picture
from zoo.reproductions.harness.folder import folders_of, read_environment, read_folder, read_pictures, sha256_of, with_losses
from zoo.reproductions.harness.losses import FILE, packed
from zoo.reproductions.harness.markdown import comparison_markdown
from zoo.reproductions.harness.runs import one_device, parse_runs, runs_text
from zoo.reproductions.harness.scoreboard import require_own_page, write_scoreboard
from zoo.reproductions.harness.store import Store, make_folder, write_together
from zoo.reproductions.harness.tables import COMPARISON_COLUMNS, compare_runs, csv_text, judge_runs
from zoo.reproductions.harness.verdicts import VERDICT_COLUMNS


def write_results(folder, module, rows, environment, pictures=None, losses=None):
    """Write runs.csv and environment.json of a run and all that follows from them; nothing if any of it can't be made.

    rows: dicts as the store keeps them, in the order of the trials; environment: JSON-able; pictures:
    {file name: PNG bytes} of what the trials left (see figures.picture_pngs), which rebuilding leaves alone; losses: the
    Losses of the rows.
    """
    content, pictures, kept = runs_text(claim_name(module), rows).encode(), pictures or {}, packed(losses)
    environment = environment | {"runs_sha256": sha256_of(content)}
    if is_own(module):
        environment |= {"claim": claim_facts(module)}
    if pictures:
        environment |= {"pictures_sha256": {name: sha256_of(picture) for name, picture in pictures.items()}}
    if kept:
        environment |= {"losses_sha256": sha256_of(kept)}
    files = {"runs.csv": content, "environment.json": (json.dumps(environment, indent=2, sort_keys=True) + "\n").encode()}
    files |= {FILE: kept} if kept else {}
    runs = with_losses(parse_runs(content, folder / "runs.csv"), kept)
    generated = generated_files(module, runs, pictures, folder.parent.name, environment)
    with replacing(folder, {*pictures, *files}):
        _write(folder, files | pictures | generated)


def rebuild_folder(folder):
    """Make comparison.csv, verdicts.csv, comparison.md and figure.png of one folder anew from its runs.csv."""
    _write(folder, remade(folder))


def remade(folder):
    """{file name: bytes} of what rebuild_folder makes. Raises ResultsError, naming the folder, where nothing can be made of it."""
    runs, environment = read_folder(folder), read_environment(folder)
    module = load_claim(runs.claim.iloc[0])
    try:
        return generated_files(module, runs, read_pictures(folder), folder.parent.name, environment)
    except InvalidInput as error:  # which does not say where
        remedy = "If another version of the claim ran it, run it again with this one, or move the folder away."
        raise ResultsError(f"{folder} can't be made anew: {error} {remedy}") from error


@contextlib.contextmanager
def replacing(folder, names):
    """While a run's files, of these names, are written over those of another: then what only the other one had is removed, its
    pictures and its losses.npz.
    """
    former = set()
    with contextlib.suppress(ResultsError, TypeError):  # there was no other, or it is damaged
        former = set(filter(is_picture, read_environment(folder).get("pictures_sha256", {})))
    yield
    for name in {*former, FILE} - names:
        (folder / name).unlink(missing_ok=True)


def generated_files(module, runs, pictures=(), budget=None, environment=None):
    """{file name: bytes} of all that follows from the runs of a claim at a budget.

    pictures: those to show beside it; environment: what environment.json says of the run.
    """
    one_device(runs)
    given, runs = runs, runs.copy()  # a claim's functions may change what they are given
    comparison, verdicts = compare_runs(module, runs), judge_runs(module, given.copy(), budget)
    return {
        "comparison.csv": csv_text(COMPARISON_COLUMNS, comparison).encode(),
        "verdicts.csv": csv_text(VERDICT_COLUMNS, verdicts).encode(),
        "comparison.md": comparison_markdown(module, runs, comparison, verdicts, pictures, budget, environment).encode(),
        "figure.png": figure_png(module, given.copy(), caption(module, runs, budget)),
    } | depth_csv(module, given.copy(), budget)


def rebuild(target=None, out=None, tell=lambda sentence: None):
    """Make tables, figures and scoreboard anew from runs.csv; returns the folders.

    target: the name of a claim, a module of one's own, a results folder (one claim's or one that holds many; ./NAME where it
    is called like a claim), or None for everything. tell: called with a sentence for each folder of several that is left as
    it is, the claim being a module of somebody's own, which load_claim was not given in this process, or about data that is
    not at hand. out: see results_root. Raises ResultsError where there are no runs, or damaged ones, UnknownName for a claim
    or for data that there is not, InvalidInput for what is neither a name nor a path.
    """
    root, folders = folders_of(target, out)
    if not folders:
        raise ResultsError(f"There are no runs of {target or 'any claim'} under {root}; run zoo reproduce first.")
    require_own_page(root)
    known = known_among(folders, tell)
    store, problems = Store(root), []
    for folder in known:
        try:
            with store.lock(f"{folder.parent.name}-{folder.name}", wait=True):
                rebuild_folder(folder)
        except ResultsError as problem:
            problems.append(problem)  # of which the other folders know nothing
    if len(problems) < len(known):
        with store.lock("scoreboard", wait=True):
            write_scoreboard(root)
    if problems:
        more = f" So it is with {len(problems) - 1} more of {len(known)} folders." * (len(problems) > 1)
        raise type(problems[0])(f"{problems[0]}{more}") from problems[0]
    return known


def known_among(folders, tell):
    """Those of some folders whose claims, and data sets that these are about, are known here; the others are told of.

    Raises UnknownName where none is.
    """
    known = [folder for folder in folders if is_known(folder.name)]
    if folders and not known:
        load_claim(folders[0].name)  # says that there is no such claim
    for folder in folders:
        if folder not in known:
            tell(f"{folder} is left as it is: {folder.name} is no claim of deepzoo's (one of your own: zoo --import MODULE ...)")
        elif lacking := lacking_data(folder.name):
            known.remove(folder)
            if not known:
                raise UnknownName(lacking)
            tell(f"{folder} is left as it is: {lacking}")
    return known


def _write(folder, files):
    make_folder(folder)
    if DEPTH not in files:
        (folder / DEPTH).unlink(missing_ok=True)  # of runs that had ladders
    write_together({folder / name: content for name, content in files.items()})

"""A claim's results folder, results/<budget>/<claim>: written from the runs, made anew from them, read for a table."""

import contextlib
import hashlib
import inspect
import json
import os
import shlex
from pathlib import Path

from zoo.errors import InvalidInput, ResultsError, UnknownName
from zoo.paths import is_checkout, path_named
from zoo.reproductions.harness.claims import claim_facts, claim_name, is_known, is_own, lacking_data, list_claims, load_claim
from zoo.reproductions.harness.depth import FILE as DEPTH
from zoo.reproductions.harness.depth import depth_csv
from zoo.reproductions.harness.figures import figure_of, figure_png, is_picture
from zoo.reproductions.harness.losses import FILE, OF_RUNS, packed, unpacked
from zoo.reproductions.harness.markdown import comparison_markdown
from zoo.reproductions.harness.outcomes import fewer_seeds
from zoo.reproductions.harness.remedies import or_from_the_repository
from zoo.reproductions.harness.runs import one_device, parse_runs, read_runs, runs_text
from zoo.reproductions.harness.scoreboard import require_own_page, write_scoreboard
from zoo.reproductions.harness.store import Store, make_folder, write_together
from zoo.reproductions.harness.tables import COMPARISON, NUMBERS, VERDICTS, compare_runs, csv_text, judge_runs
from zoo.reproductions.harness.trial import BUDGETS, DEFAULT_SEEDS, Budget


def results_root(out=None):
    """The folder that results are written to, and looked for in first.

    That is `out`, env ZOO_RESULTS_DIR, results/ of the checkout that the current folder lies in, or ./results.

    Raises InvalidInput where what is named is no path.
    """
    chosen = out or os.environ.get("ZOO_RESULTS_DIR")
    if chosen:
        return path_named(chosen).absolute()
    here = Path.cwd()
    return next(filter(is_checkout, (here, *here.parents)), here) / "results"


def roots_to_read(out=None):
    """The folders in which results are looked for, the first of them that has them counts.

    They are results_root(out) and, where neither `out` nor ZOO_RESULTS_DIR names that, results/ of the checkout that this
    code lies in, if it lies in one; nothing is written there on that account. Raises InvalidInput, see results_root.
    """
    home = Path(__file__).resolve().parents[2]
    beside = [home / "results"] if is_checkout(home) and not (out or os.environ.get("ZOO_RESULTS_DIR")) else []
    return list(dict.fromkeys([results_root(out), *beside]))


def write_results(folder, module, rows, environment, pictures=None, losses=None):
    """Write runs.csv and environment.json of a run and all that follows from them; nothing if any of it can't be made.

    rows: dicts as the store keeps them, in the order of the trials; environment: JSON-able; pictures:
    {file name: PNG bytes} of what the trials left (see figures.picture_pngs), which rebuilding leaves alone; losses: the
    Losses of the rows.
    """
    content, pictures, kept = runs_text(claim_name(module), rows).encode(), pictures or {}, packed(losses)
    environment = environment | {"runs_sha256": _sha256(content)}
    if is_own(module):
        environment |= {"claim": claim_facts(module)}
    if pictures:
        environment |= {"pictures_sha256": {name: _sha256(picture) for name, picture in pictures.items()}}
    if kept:
        environment |= {"losses_sha256": _sha256(kept)}
    files = {"runs.csv": content, "environment.json": (json.dumps(environment, indent=2, sort_keys=True) + "\n").encode()}
    files |= {FILE: kept} if kept else {}
    runs = _with_losses(parse_runs(content, folder / "runs.csv"), kept)
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


def read_folder(folder):
    """The runs of a claim's folder. Raises ResultsError if they are damaged, mixed or not those that the run wrote."""
    runs = read_runs(folder / "runs.csv")
    _unchanged(folder)
    if set(runs.claim) != {folder.name}:
        raise ResultsError(f"{folder / 'runs.csv'} holds runs of {' and '.join(sorted(set(runs.claim)))}, not of {folder.name}.")
    return _with_losses(runs, read_losses(folder))


def read_pictures(folder):
    """{file name: bytes} of the pictures that the run of a folder drew. Raises ResultsError if one is not what it drew."""
    pictures = {}
    for name, recorded in read_environment(folder).get("pictures_sha256", {}).items():
        path = folder / Path(name).name
        pictures[path.name] = path.read_bytes() if path.is_file() else b""
        if _sha256(pictures[path.name]) != recorded:
            raise ResultsError(f"{path} is missing or not what the run drew (sha256); take it from git or run again.")
    return pictures


def read_losses(folder):
    """The bytes of a folder's losses.npz, b"" where its run kept none. Raises ResultsError if it is not what it kept."""
    recorded = read_environment(folder).get("losses_sha256")
    path = folder / FILE
    content = path.read_bytes() if recorded and path.is_file() else b""
    if recorded and _sha256(content) != recorded:
        raise ResultsError(f"{path} is missing or not what the run wrote (sha256); take it from git or run again.")
    return content


def _with_losses(runs, content):
    """A table of runs that carries the Losses of a losses.npz, if there is one, for its checks."""
    if content:
        runs.attrs[OF_RUNS] = unpacked(content)
    return runs


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
    comparison, verdicts = compare_runs(module, runs), judge_runs(module, runs, budget)
    return {
        "comparison.csv": csv_text(COMPARISON, comparison).encode(),
        "verdicts.csv": csv_text(VERDICTS, verdicts).encode(),
        "comparison.md": comparison_markdown(module, runs, comparison, verdicts, pictures, budget, environment).encode(),
        "figure.png": figure_png(module, runs, _caption(module, runs, budget)),
    } | depth_csv(module, runs, budget)


def _caption(module, runs, budget):
    """Which runs a figure shows; "" where it is not known of which budget they are."""
    if not budget:
        return ""
    fewer = fewer_seeds(runs.seed.nunique(), {**DEFAULT_SEEDS, **(getattr(module, "SEEDS", None) or {})}.get(budget))
    return f"{claim_name(module)}, {budget} budget{fewer}, {' and '.join(dict.fromkeys(runs.device))}"


def rebuild(target=None, out=None, tell=lambda sentence: None):
    """Make tables, figures and scoreboard anew from runs.csv; returns the folders.

    target: the name of a claim, a module of one's own, a results folder (one claim's or one that holds many; ./NAME where it
    is called like a claim), or None for everything. tell: called with a sentence for each folder of several that is left as it
    is, the claim being a module of somebody's own, which load_claim was not given in this process, or about data that is not at
    hand. out: see results_root. Raises ResultsError where there are no runs, or damaged ones, UnknownName for a claim or for data
    that there is not.
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


def folders_of(target=None, out=None):
    """(results folder, the folders of claims in it that are meant); target and out: as of rebuild.

    Raises as that does, but for the folders of no claim.
    """
    root = results_root(out)
    if target is None:
        return root, result_folders(root)
    if not inspect.ismodule(target) and target not in list_claims() and Path(target).is_dir():
        return _inside(Path(target).absolute())
    name = claim_name(load_claim(target))
    return root, [folder for folder in result_folders(root) if folder.name == name]


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


def compare(name, budget="quick", out=None):
    """(comparison, verdicts) of a claim as DataFrames with the columns of comparison.csv and verdicts.csv.

    name: that of a claim, or a module of one's own. out: the results folder; None for the first of roots_to_read that
    has them.
    Our numbers are float64, NaN where there is none; n_seeds is int; the rest, published values too, is text.
    Made from runs.csv at every call. Raises UnknownName, ResultsError.
    """
    import pandas as pd

    module, folder = load_claim(name), folder_to_read(name, budget, out)
    runs = read_folder(folder)
    comparison = pd.DataFrame(compare_runs(module, runs), columns=COMPARISON)
    verdicts = pd.DataFrame(judge_runs(module, runs, folder.parent.name), columns=VERDICTS)
    for table in (comparison, verdicts):
        for column in table.columns.intersection(NUMBERS):
            table[column] = pd.to_numeric(table[column])
    return comparison, verdicts


def claim_runs(name, budget="quick", out=None):
    """The runs of a claim (its name, or a module of one's own) at a budget as a DataFrame, a line per seed and metric.

    out: as of compare. Raises UnknownName, ResultsError.
    """
    runs = read_folder(folder_to_read(name, budget, out))
    runs.attrs.clear()  # with losses in them it could not be written as Parquet, say
    return runs


def claim_losses(name, budget="quick", out=None):
    """{(dataset, model, setting, metric): float32 (seeds, examples)}: what each test example costs each seed, in order of seeds.

    In the unit of the metric: of an error in percent 100 for an example that a seed gets wrong. Of a text, whose n_test counts
    characters, an example is a block of them. {} where the run kept none. out: as of compare.
    Raises UnknownName, ResultsError.
    """
    kept = read_folder(folder_to_read(name, budget, out)).attrs.get(OF_RUNS, {})
    return {key: costs.each for key, costs in kept.items()}


def claim_figure(name, budget="quick", out=None):
    """The matplotlib Figure that a claim (its name, or a module of one's own) makes of its runs at a budget, see figure.png.

    Vector graphics come out of figure.savefig("figure.pdf"). Raises UnknownName, ResultsError.
    """
    module, folder = load_claim(name), folder_to_read(name, budget, out)
    runs = read_folder(folder)
    return figure_of(module, runs, _caption(module, runs, folder.parent.name))


def folder_to_read(name, budget, out=None):
    """The folder that has the runs of a claim at a budget, in the first of roots_to_read.

    Raises UnknownName, and ResultsError where none has them.
    """
    module = load_claim(name)
    claim, budget = claim_name(module), Budget.named(budget, None, getattr(module, "SEEDS", None)).name
    folders = [root / budget / claim for root in roots_to_read(out)]
    there = next((folder for folder in folders if os.path.exists(folder / "runs.csv")), None)
    if there is None:
        where = f" --out {shlex.quote(str(out))}" if out else ""
        elsewhere = "" if is_own(module) else or_from_the_repository(folders[0].parents[1])
        said = f"run it: zoo reproduce {claim} --budget {budget}{where}{elsewhere}"
        raise ResultsError(f"There is no {folders[0] / 'runs.csv'}; {said}")
    return there


def result_folders(root):
    """The folders <budget>/<claim> under a results folder that hold a runs.csv, sorted."""
    return sorted(path.parent for budget in BUDGETS for path in (root / budget).glob("*/runs.csv"))


def _inside(folder):
    """(results root, folders of claims) for a folder at any of the three levels.

    Raises ResultsError for a claim's folder that no budget's folder holds: what lies above that is no results folder.
    """
    if (folder / "runs.csv").exists():
        if folder.parent.name not in BUDGETS:
            raise ResultsError(f"{folder} lies in no folder of a budget ({', '.join(BUDGETS)}); move it into one.")
        return folder.parent.parent, [folder]
    if folder.name in BUDGETS:
        return folder.parent, [found for found in result_folders(folder.parent) if found.parent == folder]
    return folder, result_folders(folder)


def _write(folder, files):
    make_folder(folder)
    if DEPTH not in files:
        (folder / DEPTH).unlink(missing_ok=True)  # of runs that had ladders
    write_together({folder / name: content for name, content in files.items()})


def _unchanged(folder):
    """Raise ResultsError if runs.csv is not the one that environment.json was written with, lines lost included."""
    if read_environment(folder)["runs_sha256"] != _sha256((folder / "runs.csv").read_bytes()):
        raise ResultsError(f"{folder / 'runs.csv'} is not what the run wrote (sha256); take it from git or run again.")


_TYPES = {"runs_sha256": str, "losses_sha256": str, "pictures_sha256": dict, "trials": list, "claim": dict}


def read_environment(folder):
    """environment.json as a dict with a runs_sha256."""
    try:
        environment = json.loads((folder / "environment.json").read_bytes())
        for name, value in environment.items():
            if name in _TYPES and not isinstance(value, _TYPES[name]):
                raise TypeError(name)
        if not all(isinstance(trial, dict) for trial in environment.get("trials", ())):
            raise TypeError("trials")
        return environment | {"runs_sha256": environment["runs_sha256"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ResultsError(f"{folder / 'environment.json'} is missing or damaged; take it from git or run again.") from None


def seconds_taken(folder):
    """{(dataset, model, setting): seconds} of the trials of the run that a folder holds; {} where it holds none."""
    try:
        trials = read_environment(folder)["trials"]
        return {(trial["dataset"], trial["model"], trial["setting"]): float(trial["wall_seconds"]) for trial in trials}
    except (ResultsError, KeyError, TypeError, ValueError):
        return {}


def _sha256(content):
    return hashlib.sha256(content).hexdigest()

"""results/README.md: every claim, what came out at each budget, and where to read more. Generated, never typed."""

import contextlib
import csv
import fnmatch
import functools
import math
from collections import Counter
from typing import NamedTuple

from zoo.errors import ResultsError, ZooError
from zoo.reproductions.harness.claims import claim_headlines, claim_place, claim_seeds, describe_claim
from zoo.reproductions.harness.numbers import number
from zoo.reproductions.harness.remedies import made_anew, what_makes_some
from zoo.reproductions.harness.store import require_own, write_atomically
from zoo.reproductions.harness.trial import BUDGETS
from zoo.reproductions.harness.verdicts import VERDICTS, is_control

# The largest budget first. A smoke run only shows that the code works, so it has no place on the scoreboard.
TITLES = {budget: f"{budget.capitalize()} budget" for budget in reversed(BUDGETS) if budget != "smoke"}
MEANING = (
    "Reproduced: the whole 95% interval of the effect lies on the claimed side; contradicted: all of it on the other;\n"
    "undecided: neither, or there is a reason, given there, why no interval would decide. Intervals are over seeds, where a\n"
    "check does not say otherwise; that other test examples might have turned out differently is not in these. Where a run kept\n"
    "what every example costs, a second interval has both, and a verdict that it would leave open says so. A comparison with a\n"
    "method that draws nothing at random is undecided where examples and seeds together could make the difference: by that\n"
    "interval, or else by the widest that there can be, which is known of shares of wrong examples; of bits, squared errors and\n"
    "the like for which no costs were kept, seeds alone decide. Settings are chosen from grids, on validation: where two models\n"
    "are held against each other, or one against a bound, the line says if that which came off worse took an end of its grid."
)
CONTRADICTED = (
    "## What did not hold\n\n"
    "Every check that was contradicted, and every control that did not hold, at each claim's largest budget with all its seeds\n"
    "(its largest, where none has them), but for those that say the same. All checks, at all budgets, stand in the claims' own\n"
    "pages, which the tables link to."
)
DISAGREEING = (
    "## Where budgets disagree\n\n"
    "Checks that one budget reproduces and another one contradicts, and those that a larger budget, run with a part of its\n"
    "seeds, came to another verdict on; first what the table of main checks would say.\n\n"
    "| claim | check | verdict and effect | elsewhere |\n| --- | --- | --- | --- |\n"
)
HEAD = "# Results\n\nWhich"
MARKS = "<!-- scoreboard -->", "<!-- /scoreboard -->"


def require_own_page(root):
    """Raise ResultsError where <root>/README.md is none that write_scoreboard wrote, and would be lost."""
    require_own(root / "README.md", HEAD)


def write_scoreboard(root):
    """Write <root>/README.md from the verdicts under it, and the tables into the front page of the checkout around it.

    Raises ResultsError, see require_own_page.
    """
    require_own_page(root)
    write_atomically(root / "README.md", scoreboard(root).encode())
    fill_front_page(root)


def fill_front_page(root):
    """Put the scoreboard's tables between the marks in the README of the checkout that the results lie in, if any."""
    path = root.parent / "README.md"
    if path.exists() and (root.parent / "setup.cfg").exists():
        text = path.read_text(encoding="utf-8")
        filled = front_page(text, root)
        if filled != text:
            write_atomically(path, filled.encode())


def front_page(text, root):
    """A README's text with the tables of a results folder between its marks, if it has them."""
    before, start, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    return f"{before}{start}\n{_tables(root, root.parent)}{end}{after}" if start and end else text


def scoreboard(root):
    """The text of the scoreboard of a results folder."""
    return (
        f"{HEAD} claims of LeCun, Bengio & Hinton, *Deep learning* (2015), held up when they were rerun.\n"
        "The last line of a table is the command that runs it again. "
        "All of this is generated from the runs.csv files by `zoo results rebuild`.\n\n"
        f"{MEANING}\n\n{_tables(root, root)}{_disagreements(root)}{_contradictions(root)}"
    )


def _disagreements(root):
    """A table of what budgets of one claim decided differently; "" where there is nothing."""
    text = ""
    for name, folders in by_claim(root).items():
        here = main_folder(folders).parent.name
        for line, others in disagreeing(folders):
            elsewhere = "; ".join(_effect(other, budget) for budget, other in others.items())
            text += f"| {name} | {_cell(line['check'])} | {_effect(line, here)} | {elsewhere} |\n"
            name = ""
    return f"\n{DISAGREEING}{text}" if text else ""


def disagreeing(folders):
    """[(line of verdicts.csv, {budget: that check's line there})] of a claim's checks that another budget judged otherwise.

    That is reproduced against contradicted; for a budget larger than main_folder's, run with fewer seeds, any other verdict.
    """
    here = main_folder(folders).parent.name
    verdicts = {budget: {line["check"]: line for line in verdicts_of(folder)} for budget, folder in folders.items()}
    larger, found = list(folders)[: list(folders).index(here)], []
    for check, line in verdicts.pop(here).items():
        beside = {budget: lines[check] for budget, lines in verdicts.items() if check in lines}
        others = {
            budget: other
            for budget, other in beside.items()
            if other["verdict"] != line["verdict"]
            and (budget in larger or {other["verdict"], line["verdict"]} == set(VERDICTS[:2]))
        }
        if others:
            found.append((line, others))
    return found


def _effect(line, budget):
    """A budget's verdict, effect and interval, in a few words."""
    effect, low, high = (float(line[name] or "nan") for name in ("effect", "ci95_low", "ci95_high"))
    between = f" ({number(low)} to {number(high)})" if low < high else ""
    return f"{budget}: **{line['verdict']}**, {number(effect)}{line['unit'] and ' ' + _cell(line['unit'])}{between}"


def _contradictions(root):
    """All that was contradicted, and the controls that did not hold, at every claim's largest budget with all its seeds."""
    text = ""
    for name, folders in by_claim(root).items():
        folder = main_folder(folders)
        lines = [line for line in verdicts_of(folder) if line["verdict"] in VERDICTS[1 : 2 + is_control(line)]]
        if lines:
            text += f"\n### {name}, {folder.parent.name}\n\n{''.join(dict.fromkeys(map(_sentence, lines)))}"
    return f"\n{CONTRADICTED}\n{text}" if text else ""


def _tables(root, base):
    """The main checks of every claim, then how many of all its checks came to what at each budget; links relative to base."""
    claims = by_claim(root)
    if not claims:
        return f"No results yet: {what_makes_some(root)}\n"
    checked = {name: folders for name, folders in claims.items() if main_checks(folders)}
    text = ""
    if checked:
        text = "| claim | main checks, at the largest budget with all its seeds | effect (95% interval) | claimed | verdict |\n"
        text += "| --- | --- | --- | --- | --- |\n"
        text += "".join(_main_lines(name, folders, base) for name, folders in checked.items()) + "\n"
    budgets = budgets_in(claims)
    text += f"| all checks | {' | '.join(budgets)} |\n| --- |{' --- |' * len(budgets)}\n"
    for name, folders in claims.items():
        title = name if name in checked else f"{name}: {_cell(title_of(name))}"
        cells = (_counts(folders[budget], base) if budget in folders else "" for budget in budgets)
        text += f"| {title} | {' | '.join(cells)} |\n"
    trained = (f"{budget}{devices_of([f[budget] for f in claims.values() if budget in f])}" for budget in budgets)
    return f"{text}\nTrained on, by budget: {'; '.join(trained)}.\n"


def by_claim(root):
    """{claim: {budget: folder with verdicts, the largest budget first}} of a results folder, the claims in their order."""
    found = {}
    for folder in judged_folders(root):
        found.setdefault(folder.name, {})[folder.parent.name] = folder
    return dict(sorted(found.items(), key=lambda claim: (_place(claim[0]), claim[0])))


def _place(name):
    with contextlib.suppress(ZooError):  # a claim of another version
        return claim_place(name)
    return math.inf


def budgets_in(claims):
    """The budgets, the largest first, that occur among by_claim's."""
    return [budget for budget in TITLES if any(budget in folders for folders in claims.values())]


def main_checks(folders):
    """(line of verdicts.csv, what came of all that one name fits, what other budgets say) of a claim's HEADLINES, see
    main_folder; [] without.

    Of several that a name's wildcard fits, the last stands for them: they go from few to many, of labels, layers, images.
    What others say is in words, of those that disagree (see disagreeing).
    """
    folder = main_folder(folders)
    try:
        patterns = claim_headlines(folder.name)
    except ZooError:  # a claim of another version
        return []
    lines = verdicts_of(folder)
    fitting = ([line for line in lines if fnmatch.fnmatchcase(line["check"], pattern)] for pattern in patterns)
    elsewhere = {line["check"]: others for line, others in disagreeing(folders)}

    def also(line):
        return "; ".join(f"{budget}: {other['verdict']}" for budget, other in elsewhere.get(line["check"], {}).items())

    return [
        (found[-1], f"the last of {len(found)}: {counted(found)}" if len(found) > 1 else "", also(found[-1]))
        for found in fitting
        if found
    ]


def main_folder(folders):
    """The folder of the largest budget that was run with all of its seeds, of the largest one where none was."""
    for budget, folder in folders.items():
        with contextlib.suppress(ZooError, KeyError):  # a claim, or a budget, of another version
            if _facts_of(folder).seeds >= claim_seeds(folder.name, budget):
                return folder
    return next(iter(folders.values()))


def in_short(line):
    """(what was measured and claimed, the verdict, why where it says so) out of the sentence of a line of verdicts.csv."""
    measured, found, why = line["sentence"].rpartition(f": {line['verdict']}")
    return (measured, line["verdict"], why.removesuffix(".")) if found else (line["sentence"], line["verdict"], "")


def in_columns(measured):
    """(what was compared, effect and interval, what is claimed) out of what was measured and claimed, see in_short."""
    rest, found, claimed = measured.rpartition(", claimed ")
    what, said, effect = rest.rpartition(": ")
    return (what, effect.replace("95% interval ", ""), claimed) if found and said else (measured, "", "")


def _main_lines(name, folders, base):
    """Lines of the table of main checks; the claim stands beside the first of its own."""
    folder = main_folder(folders)
    title = f"[{name}]({folder.relative_to(base).as_posix()}/comparison.md), {folder.parent.name}: {_cell(title_of(name))}"
    text = ""
    for line, others, elsewhere in main_checks(folders):
        measured, verdict, why = in_short(line)
        what, effect, claimed = map(_cell, in_columns(measured))
        judged = f"**{verdict}**{_cell(why)}{elsewhere and f'; {elsewhere}'}"
        text += f"| {title} | {what}{others and f' ({others})'} | {effect} | {claimed} | {judged} |\n"
        title = ""
    return text


def _counts(folder, base):
    place = folder.relative_to(base).as_posix()
    return f"[{counted(verdicts_of(folder))}]({place}/comparison.md), [figure]({place}/figure.png){_fewer_seeds(folder)}"


def _fewer_seeds(folder):
    """In brackets, how many seeds a folder has, where its budget has more; "" else."""
    with contextlib.suppress(ZooError, KeyError):  # a claim, or a budget, of another version
        found, all_of_them = _facts_of(folder).seeds, claim_seeds(folder.name, folder.parent.name)
        return f" ({found:,} of {all_of_them:,} seeds)" if found < all_of_them else ""
    return ""


def _cell(text):
    return text.replace("|", "\\|")


def devices_of(folders):
    """The devices that the runs of some folders were trained on, in brackets, as runs.csv has them."""
    facts = list(map(_facts_of, folders))
    found = {device for fact in facts for device in fact.devices}
    # These are beside whatever the networks are trained on.
    named = sorted((found or {device for fact in facts for device in fact.processors}) - {""})
    return f" ({', '.join(named)})" if named else ""


def judged_folders(root):
    """The folders under a results folder that have verdicts, the largest budget first."""
    return [path.parent for budget in TITLES for path in sorted((root / budget).glob("*/verdicts.csv"))]


def _sentence(line):
    return f"- {'control, ' * is_control(line)}**{line['verdict']}**: {line['sentence']}\n"


def verdicts_of(folder):
    """The lines of a folder's verdicts.csv. Raises ResultsError if they are damaged, or what heads them is."""
    from zoo.reproductions.harness.tables import VERDICTS as COLUMNS

    lines, header = _read_with_header(folder / "verdicts.csv")
    if header != list(COLUMNS) or any(line["verdict"] not in VERDICTS or not (line["check"] and line["sentence"]) for line in lines):
        raise ResultsError(f"{folder / 'verdicts.csv'} is damaged; make it anew: {made_anew(folder)}")
    return lines


class _Facts(NamedTuple):
    """What a scoreboard needs of runs.csv: how many seeds, and the devices, apart those of what always runs on a processor."""

    seeds: int = 0
    devices: frozenset = frozenset()
    processors: frozenset = frozenset()


def _facts_of(folder):
    """The _Facts of a folder's runs.csv, which is read again only when it is another file; none where there is no such file."""
    path = folder / "runs.csv"
    if not path.exists():
        return _Facts()
    found = path.stat()
    return _facts_at(path, found.st_ino, found.st_mtime_ns, found.st_size)


@functools.lru_cache(maxsize=256)
def _facts_at(path, *_version):
    seeds, devices, processors = set(), set(), set()
    for line in _read(path):
        seeds.add(line.get("seed"))
        alone = line.get("backend") in ("scikit-learn", "numpy", "Python")
        (processors if alone else devices).add(line.get("device") or "")
    return _Facts(len(seeds), frozenset(devices), frozenset(processors))


def _read(path):
    return _read_with_header(path)[0]


def _read_with_header(path):
    """(lines as dicts, the columns' names, None of an empty file)."""
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        reader = csv.DictReader(file)
        return list(reader), reader.fieldnames


def counts_of(lines):
    """{verdict: how many of these lines of verdicts.csv came to it}, those that occur, in order; controls are not counted."""
    counts = Counter(line["verdict"] for line in lines if not is_control(line))
    return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}


def controls_of(lines):
    """What came of the controls among lines of verdicts.csv in words, "" where there are none."""
    found = [line["verdict"] for line in lines if is_control(line)]
    held, s = found.count(VERDICTS[0]), "s" if len(found) > 1 else ""
    if not found:
        return ""
    return f"{held} control{s} held" if held == len(found) else f"{held} of {len(found)} control{s} held"


def counted(lines):
    """counts_of lines of verdicts.csv in words, and controls_of them."""
    evidence = ", ".join(f"{count} {verdict}" for verdict, count in counts_of(lines).items()) or "none"
    return "; ".join(filter(None, [evidence, controls_of(lines)]))


def title_of(name):
    """What a claim says, in one line."""
    try:
        return " ".join(describe_claim(name).split("\n\n")[0].split())
    except ZooError:
        return "a claim that this deepzoo does not know"

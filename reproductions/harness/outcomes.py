"""What came out, as the folders of a results folder say: claims and budgets, main checks, verdicts, seeds and devices."""

import csv
import fnmatch
import functools
import math
from collections import Counter
from typing import NamedTuple

from zoo.errors import ResultsError, ZooError
from zoo.reproductions.harness.claims import claim_facts, is_known
from zoo.reproductions.harness.folder import read_environment
from zoo.reproductions.harness.numbers import duration, number
from zoo.reproductions.harness.remedies import made_anew
from zoo.reproductions.harness.trial import BUDGETS
from zoo.reproductions.harness.verdicts import FIRST_VERDICT_COLUMNS, VERDICT_COLUMNS, VERDICTS, is_control

# The largest budget first. A smoke run only shows that the code works, so it has no place on the scoreboard.
TITLES = {budget: f"{budget.capitalize()} budget" for budget in reversed(BUDGETS) if budget != "smoke"}


def by_claim(root):
    """{claim: {budget: folder with verdicts, the largest budget first}} of a results folder, the claims in their order."""
    found = {}
    for folder in judged_folders(root):
        found.setdefault(folder.name, {})[folder.parent.name] = folder
    return dict(sorted(found.items(), key=lambda claim: (_told(main_folder(claim[1])).place, claim[0])))


def budgets_in(claims):
    """The budgets, the largest first, that occur among by_claim's."""
    return [budget for budget in TITLES if any(budget in folders for folders in claims.values())]


class Main(NamedTuple):
    """What a claim's page and the front page show of one of its HEADLINES.

    every: the lines of verdicts.csv that it fits. line: the last, which stands for them all, as they go from few to many
    (labels, layers, images). counts: in words what came of all of them, "" of a single one. elsewhere: in words, what other
    budgets say of the line that disagree (see disagreeing). against: None, or (the last line that was contradicted, elsewhere).
    """

    line: dict
    counts: str
    elsewhere: str
    every: list
    against: tuple | None


def main_checks(folders):
    """A Main for each of a claim's HEADLINES, in its main_folder; [] where it has none."""
    fitting = _headlines(main_folder(folders)).values()
    elsewhere = {line["check"]: others for line, others in disagreeing(folders)}

    def also(line):
        others = elsewhere.get(line["check"], {})
        return "; ".join(f"{budget}: {other['verdict']}, {effect_of(other)}" for budget, other in others.items())

    def contradicted(found):
        against = [line for line in found if line["verdict"] == VERDICTS[1]][-1:]
        return (against[0], also(against[0])) if against else None

    return [Main(found[-1], standing_for(found), also(found[-1]), found, contradicted(found)) for found in fitting if found]


def standing_for(lines):
    """What the last of some lines of verdicts.csv stands for, in words; "" for a single one."""
    return f"the last of {len(lines)} such checks: {counted(lines)}" if len(lines) > 1 else ""


def _headlines(folder):
    """fitting, of a folder's claim and verdicts."""
    return fitting(_told(folder).headlines, verdicts_of(folder))


def fitting(headlines, lines):
    """{name of a claim's HEADLINES: lines of verdicts.csv that it fits}."""
    return {name: [line for line in lines if fnmatch.fnmatchcase(line["check"], name)] for name in headlines}


def unmet_headlines(folder):
    """Those names of a claim's HEADLINES that fit none of a folder's checks, so that nothing would be shown for them."""
    return [name for name, fitting in _headlines(folder).items() if not fitting]


def main_folder(folders):
    """The folder of the largest budget that was run with all of its seeds and data, of the largest one where none was."""
    whole = (folder for folder in folders.values() if (wanted := all_seeds(folder)) and seeds_of(folder) >= wanted)
    return next((folder for folder in whole if not _lacks_rows(folder)), next(iter(folders.values())))


def _lacks_rows(folder):
    """Whether a run left something out whose data, or package, were not at hand."""
    try:
        return bool(read_environment(folder).get("left_out"))
    except ResultsError:  # damaged, which whoever reads the runs is told
        return False


def seeds_of(folder):
    """How many seeds the runs of a folder have."""
    return _facts_of(folder).seeds


def all_seeds(folder):
    """How many seeds the budget of a folder has; None for a claim, or a budget, that is not known."""
    return _told(folder).seeds.get(folder.parent.name)


def fewer_seeds(found, wanted):
    """In brackets, how many seeds there are of those that a budget has; "" where they are all, or nobody knows of how many."""
    return f" ({found:,} of {wanted:,} seeds)" if wanted and found < wanted else ""


def lacks(folder):
    """In brackets, how many seeds a folder has, where its budget has more, and whether rows were left out; "" else."""
    return fewer_seeds(seeds_of(folder), all_seeds(folder)) + " (some rows left out)" * _lacks_rows(folder)


class _Told(NamedTuple):
    """What a claim says of itself, see claims.claim_facts."""

    title: str = "a claim that this deepzoo does not know"
    headlines: tuple = ()
    place: float = math.inf
    seeds: dict = {}


def _told(folder):
    """The _Told of a folder's claim; of a module of somebody's own that is not at hand, what the run has kept of it."""
    try:
        facts = claim_facts(folder.name) if is_known(folder.name) else read_environment(folder)["claim"]
        place = math.inf if facts["place"] is None else float(facts["place"])
        seeds = {budget: int(number) for budget, number in facts["seeds"].items()}
        return _Told(" ".join(facts["title"].split()), tuple(map(str, facts["headlines"])), place, seeds)
    except (ZooError, KeyError, TypeError, ValueError, AttributeError, OverflowError):  # of another version, or damaged
        return _Told()


def effect_of(line):
    """The effect of a line of verdicts.csv with its unit and interval, in a few words."""
    effect, low, high = (float(line[name] or "nan") for name in ("effect", "ci95_low", "ci95_high"))
    between = f" ({number(low)} to {number(high)})" if low < high else ""
    return f"{number(effect)}{line['unit'] and ' ' + line['unit']}{between}"


def disagreeing(folders):
    """[(line of verdicts.csv, {budget: that check's line there})] of a claim's checks that another budget judged otherwise.

    That is reproduced against contradicted; for a budget larger than main_folder's, run with fewer seeds or rows, any other
    verdict. What was checked on a data set that is not in main_folder, such as a shorter book, is held against the same check
    of the first one there; the budget's name then says which it was.
    """
    here = main_folder(folders).parent.name
    verdicts = {budget: verdicts_of(folder) for budget, folder in folders.items()}
    larger, found, mine = list(folders)[: list(folders).index(here)], [], verdicts.pop(here)
    known, first, beside = {*map(_dataset, mine), ""}, {}, {}
    for line in mine:
        first.setdefault(_anywhere(line), line["check"])
    for budget, other in ((budget, line) for budget, lines in verdicts.items() for line in lines):
        elsewhere = _dataset(other) not in known
        check, name = (first.get(_anywhere(other)), f"{budget} on {_dataset(other)}") if elsewhere else (other["check"], budget)
        beside.setdefault(check, []).append((budget, name, other))
    for line in mine:
        others = {
            name: other
            for budget, name, other in beside.get(line["check"], ())
            if other["verdict"] != line["verdict"]
            and (budget in larger or {other["verdict"], line["verdict"]} == set(VERDICTS[:2]))
        }
        if others:
            found.append((line, others))
    return found


def _dataset(line):
    """The data set of a line of verdicts.csv that compares rows; "" of another."""
    return line["better"].partition("/")[0]


def _anywhere(line):
    """What a check is called, whatever its data set."""
    return line["check"].replace(_dataset(line), "*") if line["better"] else line["check"]


def judged_folders(root):
    """The folders under a results folder that have verdicts, the largest budget first."""
    return [path.parent for budget in TITLES for path in sorted((root / budget).glob("*/verdicts.csv"))]


def devices_of(folders):
    """The devices that the runs of some folders were trained on, in brackets, as runs.csv has them."""
    facts = list(map(_facts_of, folders))
    found = {device for fact in facts for device in fact.devices}
    # These are beside whatever the networks are trained on.
    named = sorted((found or {device for fact in facts for device in fact.processors}) - {""})
    return f" ({', '.join(named)})" if named else ""


def machine_time(environment):
    """How long the trials of a run took, one after another, and of what machine, as its environment.json (a dict) has them:
    "80 minutes of AMD EPYC, 2 cores"; "" where that does not say it.
    """
    try:
        seconds, device, host = float(environment["wall_seconds"]), environment["device"], environment["processor"]
        cores = int(environment["cores"]) if "cores" in environment else None  # of several numbers of them none is told
    except (KeyError, TypeError, ValueError):  # of another version
        return ""
    machine = device if device == host else f"{device} with {host}"
    return f"{duration(seconds)} of {machine}" + ("" if cores is None else f", {cores} core{'s' * (cores != 1)}")


def verdicts_of(folder):
    """The lines of a folder's verdicts.csv, "" in columns that it lacks as those of older versions do.

    Raises ResultsError if they are damaged, or what heads them is.
    """
    lines, header = read_with_header(folder / "verdicts.csv")
    whole = header in (VERDICT_COLUMNS, FIRST_VERDICT_COLUMNS) and not any(None in (*line, *line.values()) for line in lines)
    if not whole or any(line["verdict"] not in VERDICTS or not (line["check"] and line["sentence"]) for line in lines):
        raise ResultsError(f"{folder / 'verdicts.csv'} is damaged; make it anew: {made_anew(folder)}")
    return [dict.fromkeys(VERDICT_COLUMNS, "") | line for line in lines]


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
    for line in read_with_header(path)[0]:
        seeds.add(line.get("seed"))
        alone = line.get("backend") in ("scikit-learn", "numpy", "Python")
        (processors if alone else devices).add(line.get("device") or "")
    return _Facts(len(seeds), frozenset(devices), frozenset(processors))


def read_with_header(path):
    """(lines as dicts, the columns' names, None of an empty file). Raises ResultsError where a file is there, but not to read."""
    try:
        with open(path, newline="", encoding="utf-8", errors="replace") as file:
            reader = csv.DictReader(file)
            return list(reader), reader.fieldnames
    except (IsADirectoryError, PermissionError) as error:
        raise ResultsError(
            f"{path} can't be read ({error.strerror}); take it away, and make it anew: {made_anew(path.parent)}"
        ) from None


def distinct(lines):
    """Lines of verdicts.csv, of several that say the same, as evidence or as controls, the last."""
    return {(is_control(line), line.get("sentence") or place): line for place, line in enumerate(lines)}.values()


def counts_of(lines):
    """{verdict: how many of these lines of verdicts.csv came to it}, those that occur, in order; controls are not counted.

    Lines that say the same under several names are one.
    """
    counts = Counter(line["verdict"] for line in distinct(lines) if not is_control(line))
    return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}


def controls_of(lines):
    """What came of the controls among lines of verdicts.csv in words, "" where there are none."""
    found = [line["verdict"] for line in distinct(lines) if is_control(line)]
    held, s = found.count(VERDICTS[0]), "s" if len(found) > 1 else ""
    if not found:
        return ""
    return f"{held} control{s} held" if held == len(found) else f"{held} of {len(found)} control{s} held"


def counted(lines):
    """counts_of lines of verdicts.csv in words, and controls_of them."""
    evidence = ", ".join(f"{count} {verdict}" for verdict, count in counts_of(lines).items()) or "none"
    return "; ".join(filter(None, [evidence, controls_of(lines)]))


def title_of(folders):
    """What a claim says, in one line."""
    return _told(main_folder(folders)).title


def in_short(line):
    """(what was measured and claimed, the verdict, why where it says so) out of the sentence of a line of verdicts.csv."""
    measured, found, why = line["sentence"].rpartition(f": {line['verdict']}")
    return (measured, line["verdict"], why.removesuffix(".")) if found else (line["sentence"], line["verdict"], "")

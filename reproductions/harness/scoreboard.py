"""results/README.md: every claim, what came out at each budget, and where to read more. Generated, never typed."""

import csv
from collections import Counter

from zoo.errors import ResultsError, ZooError
from zoo.reproductions.harness.claims import describe_claim
from zoo.reproductions.harness.store import write_atomically
from zoo.reproductions.harness.trial import BUDGETS
from zoo.reproductions.harness.verdicts import VERDICTS, is_control

# The largest budget first. A smoke run only shows that the code works, so it has no place on the scoreboard.
TITLES = {budget: f"{budget.capitalize()} budget" for budget in reversed(BUDGETS) if budget != "smoke"}
MARKS = "<!-- scoreboard -->", "<!-- /scoreboard -->"


def write_scoreboard(root):
    """Write <root>/README.md from the verdicts under it, and the tables into the front page of the checkout around it."""
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
    sentences = [_sentence(folder, line) for folder in judged_folders(root) for line in verdicts_of(folder)]
    return (
        "# Results\n\nWhich claims of LeCun, Bengio & Hinton, *Deep learning* (2015), held up when they were rerun.\n"
        "The last line of a table is the command that runs it again. "
        "All of this is generated from the runs.csv files by `zoo results rebuild`.\n\n"
        f"{_tables(root, root)}\n## Every check\n\n{''.join(sentences) or 'None yet.'}"
    )


def _tables(root, base):
    """The claims and what came of them, one table for each budget; links relative to base."""
    text = ""
    for budget, meaning in TITLES.items():
        folders = [folder for folder in judged_folders(root) if folder.parent.name == budget]
        if folders:
            text += ("\n" if text else "") + f"**{meaning}{devices_of(folders)}**\n\n| claim | verdicts | details |\n| --- | --- | --- |\n"
            text += "".join(_line(folder, base) for folder in folders)
    return text or f"No results yet: {what_makes_some(root)}\n"


def what_makes_some(root):
    """What to do about a results folder that holds no results to show, and what smoke runs in it are good for, in words."""
    smoke = sorted(path.parent.name for path in (root / "smoke").glob("*/verdicts.csv"))
    if not smoke:
        return "zoo reproduce CLAIM makes some, zoo claims lists what there is."
    return (
        f"there are only smoke runs, of {', '.join(smoke)}, which show that the code works and are not reported; "
        f"zoo reproduce {smoke[0]} --budget quick makes results."
    )


def devices_of(folders):
    """The devices that the runs of some folders were trained on, in brackets, as runs.csv has them."""
    found, processors = set(), set()
    for folder in folders:
        for line in _read(folder / "runs.csv") if (folder / "runs.csv").exists() else ():
            # These always run on the processor, beside whatever the networks are trained on.
            (processors if line.get("backend") in ("scikit-learn", "numpy") else found).add(line.get("device") or "")
    named = sorted((found or processors) - {""})
    return f" ({', '.join(named)})" if named else ""


def judged_folders(root):
    """The folders under a results folder that have verdicts, the largest budget first."""
    return [path.parent for budget in TITLES for path in sorted((root / budget).glob("*/verdicts.csv"))]


def _line(folder, base):
    place = folder.relative_to(base).as_posix()
    links = f"[table]({place}/comparison.md), [figure]({place}/figure.png)"
    title = title_of(folder.name).replace("|", "\\|")
    return f"| {folder.name}: {title} | {counted(verdicts_of(folder))} | {links} |\n"


def _sentence(folder, line):
    control = ", control" * is_control(line)
    return f"- {folder.parent.name} {folder.name}{control}, **{line['verdict']}**: {line['sentence']}\n"


def verdicts_of(folder):
    """The lines of a folder's verdicts.csv. Raises ResultsError if they are damaged."""
    lines = _read(folder / "verdicts.csv")
    if any(line.get("verdict") not in VERDICTS or not line.get("sentence") for line in lines):
        raise ResultsError(f"{folder / 'verdicts.csv'} is damaged; make it anew with zoo results rebuild {folder.name}.")
    return lines


def _read(path):
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        return list(csv.DictReader(file))


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
        return "a claim of another version"

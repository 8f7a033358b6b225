"""results/README.md: every claim, what came out at each budget, and where to read more. Generated, never typed."""

import csv
from collections import Counter

from zoo.errors import ZooError
from zoo.reproductions.harness.claims import describe_claim
from zoo.reproductions.harness.store import write_atomically
from zoo.reproductions.harness.verdicts import VERDICTS

# A smoke run only shows that the code works, so it has no place on the scoreboard.
BUDGETS = {"full": "full budget, on a GPU", "quick": "quick budget, on a laptop"}


def write_scoreboard(root):
    """Write <root>/README.md from the verdicts under it."""
    write_atomically(root / "README.md", scoreboard(root).encode())


def scoreboard(root):
    """The text of the scoreboard of a results folder."""
    lines = ["# Results", "Which claims of LeCun, Bengio & Hinton, *Deep learning* (2015), held up when they were rerun.", "How to "
             "rerun one: `zoo reproduce NAME`. All of this is generated from the runs.csv files."]
    text = f"{lines[0]}\n\n{lines[1]} {lines[2]}\n"
    for budget, meaning in BUDGETS.items():
        folders = sorted(path.parent for path in (root / budget).glob("*/verdicts.csv"))
        if folders:
            text += f"\n## {meaning.capitalize()}\n\n| claim | verdicts | details |\n| --- | --- | --- |\n"
            text += "".join(_line(root, folder) for folder in folders)
            text += "\n" + "".join(_sentences(folder) for folder in folders)
    return text


def _line(root, folder):
    counts = Counter(line["verdict"] for line in _verdicts(folder))
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict]) or "none"
    place = folder.relative_to(root).as_posix()
    links = f"[table]({place}/comparison.md), [figure]({place}/figure.png)"
    return f"| {folder.name}: {_title(folder.name)} | {said} | {links} |\n"


def _sentences(folder):
    return "".join(f"- {folder.name}, **{line['verdict']}**: {line['sentence']}\n" for line in _verdicts(folder))


def _verdicts(folder):
    with open(folder / "verdicts.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _title(name):
    try:
        return describe_claim(name).splitlines()[0].replace("|", "\\|")
    except ZooError:
        return "a claim of another version"

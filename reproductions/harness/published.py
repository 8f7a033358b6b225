"""The published numbers of published.csv, and which of them a row of ours is held against."""

import csv
import functools
import math
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import CorruptFile, InvalidInput, UnknownName, unknown_name

TABLE = Path(__file__).resolve().parents[1] / "published.csv"
COLUMNS = "topic dataset model setting metric value spread source locator checked note".split()
CHECKED = {  # how far a number was checked, as published.csv has it and in words
    "read": "read in the source itself",
    "derived": "worked out from what the source states",
    "secondary": "taken from a later text that quotes it",
    "recalled": "from memory, not yet looked up",
}
METRIC = "test_error_pct"

# How a published metric becomes one of ours: (published, ours) -> conversion, and how it was published.
CONVERSIONS = {
    ("test_accuracy", "test_error_pct"): (lambda value: 100 * (1 - value), "accuracy {}"),
    ("test_accuracy_pct", "test_error_pct"): (lambda value: 100 - value, "accuracy {} %"),
    ("test_error", "test_error_pct"): (lambda value: 100 * value, "error {} of 1"),
    ("test_accuracy", "test_accuracy_pct"): (lambda value: 100 * value, "accuracy {} of 1"),
    ("nats_per_char", "test_bits_per_char"): (lambda value: value / math.log(2), "{} nats"),
    ("nats_per_char", "bits_per_char"): (lambda value: value / math.log(2), "{} nats"),
    ("test_error_pct", "test_accuracy_pct"): (lambda value: 100 - value, "error {} %"),
}


@dataclass(frozen=True)
class Published:
    """Names the row of published.csv that a row of ours is held against, and says how the protocols differ.

    model, setting: as published.csv has them; dataset, topic, metric: where they are not those of our row and claim, such
    as a test error that a metric of ours counts at one of several training-set sizes. spread: what is held against ours is
    not the published value but its published spread.
    """

    model: str
    setting: str
    note: str = ""
    dataset: str | None = None
    topic: str | None = None
    metric: str | None = None
    spread: bool = False


@dataclass(frozen=True)
class Match:
    """A published value in the units of our metric, with what it is of, where it stands and how far it was checked.

    work: the source alone, as published.csv names it.
    """

    value: str
    source: str
    checked: str
    note: str
    work: str


def published_value(claim, published, row, metric=METRIC, place=0):
    """The number that a row of ours is held against, in the units of our metric: the first of them, or the one at `place`."""
    return float(matches(claim, published, row, metric)[place].value)


def matches(claim, published, row, metric):
    """The Matches, in the order declared, of one row (dataset, model, setting) and metric of ours.

    published: the reproduction's PUBLISHED, {(dataset, model, setting[, metric]): Published or a list of them}; a key
    without a metric stands for the test error in percent. Raises UnknownName where published.csv has no such row.
    """
    found = published.get((*row, metric), published.get(row, ()) if metric == METRIC else ())
    return [_match(claim, row[0], metric, entry) for entry in ([found] if isinstance(found, Published) else found)]


def check_published(claim, published):
    """Raise UnknownName, InvalidInput where a claim's PUBLISHED names what published.csv has not, before anything is trained."""
    if not isinstance(published, dict):
        raise InvalidInput(f"{claim}: PUBLISHED is a dict, {{(dataset, model, setting): Published(...)}}, not {published!r:.80}.")
    for key, entries in published.items():
        if not isinstance(key, tuple) or len(key) not in (3, 4):
            raise InvalidInput(f"{claim}: a key of PUBLISHED is (dataset, model, setting) and maybe a metric, not {key!r:.80}.")
        listed = [entries] if isinstance(entries, Published) else entries
        if not isinstance(listed, (list, tuple)) or not all(isinstance(entry, Published) for entry in listed):
            such = "Published(model, setting), which names a row of published.csv, or a list of them"
            raise InvalidInput(f"{claim}: PUBLISHED[{key!r:.80}] is {such}, not {entries!r:.80}.")
        matches(claim, published, key[:3], *(key[3:] or (METRIC,)))


@functools.cache
def read_published():
    """All rows of published.csv as dicts of text."""
    with open(TABLE, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or list(rows[0]) != COLUMNS:
        raise CorruptFile(f"{TABLE.name} does not have the columns {', '.join(COLUMNS)}.")
    if wrong := [row for row in rows if row["checked"] not in CHECKED]:
        told = f"{wrong[0]['topic']}, {wrong[0]['model']}, {wrong[0]['setting']}: checked is {wrong[0]['checked']!r}"
        raise CorruptFile(f"{TABLE.name}, {told}; say one of {', '.join(CHECKED)}, see CONTRIBUTING.md.")
    return rows


def _match(claim, dataset, metric, entry):
    topic, dataset, metric = entry.topic or claim, entry.dataset or dataset, entry.metric or metric
    rows = [row for row in read_published() if (row["topic"], row["dataset"]) == (topic, dataset)]
    if entry.spread:
        rows = [row for row in rows if row["metric"] == metric and row["spread"]]
    else:
        rows = [row for row in rows if row["metric"] == metric or (row["metric"], metric) in CONVERSIONS]
    for row in rows:
        if (row["model"], row["setting"]) == (entry.model, entry.setting):
            return _converted(row, metric, entry)
    known = [f"{row['model']} | {row['setting']}" for row in rows]
    if not known:
        others = "rows of other claims are named with topic=... and dataset=..."
        raise UnknownName(f"There is no published {metric} of {topic} on {dataset} in {TABLE.name}; {others}.")
    raise unknown_name(f"published {metric} of {topic} on {dataset}", f"{entry.model} | {entry.setting}", known)


def _converted(row, metric, entry):
    beside = f"published with a spread of {row['spread']}" if row["spread"] and not entry.spread else ""
    value, notes = row["spread" if entry.spread else "value"], [entry.note, beside, row["note"]]
    if row["metric"] != metric:
        convert, published_as = CONVERSIONS[row["metric"], metric]
        notes.insert(0, "published as " + published_as.format(value))
        value = f"{convert(float(value)):.6g}"
    # One source has values of many models, so the model and its setting come first.
    model = f"{row['model']} ({row['setting']})" if row["setting"] else row["model"]
    source = f"{row['source']}, {row['locator']}" if row["locator"] else row["source"]
    return Match(value, f"{model}; {source}", row["checked"], "; ".join(filter(None, notes)), row["source"])

"""runs.csv: one line per seed and metric, the only thing that tables, verdicts and figures are made from."""

import csv
import io
import math
from pathlib import Path

from zoo.errors import InvalidInput, ResultsError
from zoo.reproductions.harness.losses import LOSSES
from zoo.reproductions.harness.trial import require_line

COLUMNS = (
    "claim dataset model setting seed metric value n_train n_test parameters updates seconds device backend precision commit"
).split()
TEXT = ("claim", "dataset", "model", "setting", "metric", "device", "backend", "precision", "commit")
COUNTS = ("n_train", "n_test", "parameters", "updates")
IDENTITY = ("dataset", "model", "setting", "metric", "seed")


def complete_rows(trial, returned, environment, commit):
    """The rows of runs.csv, without the claim, from what a trial's run gave; every seed must have every metric.

    A metric that all traced seeds and no others have is whole too. returned: list of dicts or DataFrame, see Trial.run.
    Raises InvalidInput, naming the trial, for anything less.
    """
    try:
        rows = [dict(row) for row in (returned.to_dict("records") if hasattr(returned, "to_dict") else returned)]
    except (TypeError, ValueError):
        raise InvalidInput(f"{trial}: it returned {returned!r:.80} instead of a list of rows, each a dict.") from None
    unknown = {name for row in rows for name in row} - set(COLUMNS) - {"diverged", LOSSES}
    if unknown:
        raise InvalidInput(f"{trial}: its rows have the columns {', '.join(sorted(unknown))}, which runs.csv has not.")
    try:
        complete = [_complete(row, trial, environment, commit) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{trial}: a row lacks or spoils a column ({error!r}).") from None
    metrics = dict.fromkeys(row["metric"] for row in complete)
    for metric in metrics:
        require_line("metric", metric)
    seeds = {metric: sorted(row["seed"] for row in complete if row["metric"] == metric) for metric in metrics}
    whole = sorted(trial.seeds), sorted(trial.seeds[: trial.traced])
    if not complete or not all(found in whole for found in seeds.values()):
        raise InvalidInput(f"{trial}: its rows must hold each metric exactly once for each of the seeds {list(trial.seeds)}.")
    order = {name: position for position, name in enumerate(metrics)}
    return sorted(complete, key=lambda row: (order[row["metric"]], row["seed"]))


def rows_in(runs):
    """The rows (dataset, model, setting) that runs (DataFrame) hold, each once, in their order."""
    return list(dict.fromkeys(zip(runs.dataset, runs.model, runs.setting)))


def runs_text(claim, rows):
    """The text of runs.csv; floats in ten significant digits, lines in the order of the rows."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({"claim": claim, **{name: _written(name, row[name]) for name in COLUMNS if name != "claim"}})
    return file.getvalue()


def read_runs(path):
    """The runs of a runs.csv, see parse_runs. Raises ResultsError where there is none or it can't be right."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise ResultsError(f"There is no {path}; run the claim first, all of it (zoo reproduce without --only).") from None
    except OSError as error:
        raise ResultsError(f"{path} can't be read ({error.strerror}).") from None
    return parse_runs(content, path)


def parse_runs(content, path):
    """The bytes of a runs.csv as a DataFrame: text columns, int64 seed, float64 value, seconds and counts (NaN if empty).

    path: what to call it in the ResultsError that names the line and the column that can't be right.
    """
    import pandas as pd

    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _damaged(path, content[: error.start].count(b"\n") + 1, "is not text") from None
    rows, seen = [], {}
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in lines:
            rows.append(_parsed(path, lines.line_num, cells, seen))
    except csv.Error as error:
        raise _damaged(path, lines.line_num, f"is broken off or malformed ({error})") from None
    if not text.endswith("\n"):
        raise _damaged(path, max(lines.line_num, 1), "is broken off")
    if len(rows) < 2:
        raise _damaged(path, 1, "is the last, so there are no runs")
    return pd.DataFrame(rows[1:], columns=COLUMNS).astype({"seed": "int64"} | dict.fromkeys(("value", "seconds", *COUNTS), float))


def lines_of(runs, row):
    """The lines of a row (dataset, model, setting)."""
    return runs[_are_of(runs, row)]


def by_seed(runs, row, metric):
    """The values of a row's metric as a Series indexed by seed, empty where it has none."""
    import pandas as pd

    here = _are_of(runs, row) & (runs.metric == metric).to_numpy()  # only the columns that are needed: it is asked for often
    return pd.Series(runs.value.to_numpy()[here], pd.Index(runs.seed.to_numpy()[here], name="seed"), name="value")


def values(runs, row, metric):
    """The metric of a row (dataset, model, setting) as a pandas Series indexed by seed, diverged seeds left out."""
    return every_value(runs, row, metric).dropna()


def every_value(runs, row, metric):
    """As values, with NaN where a seed diverged."""
    column = by_seed(runs, row, metric)
    if column.empty:
        dataset, model, setting = row
        raise InvalidInput(f"The runs hold no {metric} of {model} ({setting}) on {dataset}.")
    return column.where(column.abs() < math.inf)


def row_of_least(runs, rows, metric):
    """That of some rows (dataset, model, setting) whose metric is the least in the mean over seeds.

    A seed that diverged rules its row out, unless it does so with all.
    """
    return min(rows, key=lambda row: by_seed(runs, row, metric).fillna(float("inf")).mean())


def _are_of(runs, row):
    dataset, model, setting = row
    return ((runs.setting == setting) & (runs.model == model) & (runs.dataset == dataset)).to_numpy()


def stored_rows(runs):
    """The lines of a DataFrame as complete_rows gives them: dicts without the claim, None for what is not there."""
    return [{name: _stored(name, value) for name, value in row.items()} for row in runs.drop(columns="claim").to_dict("records")]


def one_device(runs):
    """Raise ResultsError unless all rows of a backend come from one device: only then may they stand in one table."""
    for backend, rows in runs.groupby("backend", sort=True):
        devices = list(dict.fromkeys(rows.device))
        if len(devices) > 1:
            raise ResultsError(
                f"The runs of {rows.claim.iloc[0]} on {backend} come from different devices ({' and '.join(devices)}) and "
                "can't share a table; run it again with --force on one of them, or keep them apart with --out."
            )


def _complete(row, trial, environment, commit):
    counts = {name: None if _absent(row.get(name)) else int(row[name]) for name in COUNTS}
    return {
        "dataset": trial.dataset,
        "model": trial.model,
        "setting": trial.setting,
        "seed": int(row["seed"]),
        "metric": str(row["metric"]),
        "value": float(row["value"]),
        **counts,
        "seconds": None if _absent(row.get("seconds")) else float(row["seconds"]),
        **_place(row, environment),
        "commit": commit,
    }


def _place(row, environment):
    """Where a row was computed: by a library of its own, such as scikit-learn, on the processor."""
    backend = str(row.get("backend") or environment["backend"])
    device = environment["device"] if backend == environment["backend"] else environment["processor"]
    precision = str(row.get("precision") or environment["precision"])
    return {"device": str(row.get("device") or device), "backend": backend, "precision": precision}


def _stored(name, value):
    if name in (*COUNTS, "seconds") and _absent(value):
        return None
    return int(value) if name in COUNTS else value


def _absent(value):
    return value is None or value != value


def _written(name, value):
    if value is None:
        return ""
    return f"{value:.10g}" if name == "value" else f"{value:.6g}" if name == "seconds" else str(value)


def _parsed(path, line, cells, seen):
    """A line's cells as values; the first line must be the header."""
    if line == 1:
        if cells != COLUMNS:
            raise _damaged(path, 1, f"must be the header {','.join(COLUMNS)}")
        return cells
    if len(cells) != len(COLUMNS):
        raise _damaged(path, line, f"has {len(cells)} columns instead of {len(COLUMNS)}")
    row = [_value(path, line, name, cell) for name, cell in zip(COLUMNS, cells, strict=True)]
    identity = tuple(row[COLUMNS.index(name)] for name in IDENTITY)
    if identity in seen:
        raise _damaged(path, line, f"repeats line {seen[identity]}")
    seen[identity] = line
    return row


def _value(path, line, name, cell):
    if name in TEXT:
        if not cell and name != "setting":
            raise _damaged(path, line, f"has nothing in the column {name}")
        return cell
    if not cell and name not in ("seed", "value"):
        return math.nan
    try:
        found = int(cell) if name == "seed" or name in COUNTS else float(cell)
        if isinstance(found, int) and abs(found) >= 2**63:
            raise ValueError
        return found
    except ValueError:
        raise _damaged(path, line, f"has {cell!r} in the column {name}, which is not a number") from None


def _damaged(path, line, what):
    return ResultsError(f"{path} is damaged: line {line} {what}. Take it from git, or run zoo reproduce again.")

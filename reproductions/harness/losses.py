"""What each test example costs a row, the mean over its seeds: kept beside runs.csv, for what other test examples would do."""

import io
import zipfile

import numpy as np

from zoo.errors import CorruptFile, InvalidInput

FILE = "losses.npz"
LOSSES = "losses"  # of a trial's row: for each test example a number, of which the row's value is the mean
OF_RUNS = "losses"  # the entry of runs.attrs, which pandas hands on to every part of a table
WITHIN = 1e-4  # share of a row's value by which the mean may differ from it


class Losses(dict):
    """{(dataset, model, setting, metric): float32 (n_test,)}: the mean over seeds, of rows whose examples are known one by one."""

    def __deepcopy__(self, memo):
        return self  # pandas copies what a table carries for every part of it, and nobody changes this


def losses_of(trial, returned):
    """The Losses of what a trial's run gave: of each metric whose rows say what the examples cost.

    returned: list of dicts or DataFrame, see Trial.run; a seed that diverged, without a value, counts for nothing. Raises
    InvalidInput, naming the trial, where a row's value is not the mean of its losses, or rows of a metric have other numbers
    of them.
    """
    rows = returned.to_dict("records") if hasattr(returned, "to_dict") else returned
    found = {}
    for row in rows:
        if row.get(LOSSES) is not None and np.isfinite(row["value"]):
            found.setdefault(row["metric"], []).append((float(row["value"]), np.asarray(row[LOSSES], "float64")))
    kept = Losses()
    for metric, each in found.items():
        if len({losses.shape for _, losses in each}) > 1 or each[0][1].ndim != 1:
            raise InvalidInput(f"{trial}: {metric} has losses of other numbers of test examples, seed by seed.")
        if not all(np.isclose(losses.mean(), value, rtol=WITHIN, atol=0) for value, losses in each):
            raise InvalidInput(f"{trial}: {metric} is not the mean of the losses that its rows have of the test examples.")
        kept[*trial.row, metric] = np.mean([losses for _, losses in each], axis=0).astype("float32")
    return kept


def packed(losses):
    """Losses as the bytes of one .npz file, always the same for the same; b"" for none. What is 0 takes no room."""
    if not losses:
        return b""
    places = [np.flatnonzero(values) for values in losses.values()]
    arrays = {
        "rows": np.array([*losses], dtype=str),  # (rows, 4)
        "n_test": np.array([*map(len, losses.values())], "uint32"),
        "lengths": np.array([*map(len, places)], "uint32"),
        # From one example to the next: small numbers take little room.
        "gaps": np.concatenate([np.diff(place, prepend=0) for place in places]).astype("uint32"),
        "values": np.concatenate([values[place] for values, place in zip(losses.values(), places)]),
    }
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def unpacked(content):
    """Losses from such bytes. Raises CorruptFile where they are none."""
    found = Losses()
    if not content:
        return found
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            rows, sizes, lengths, gaps, values = (arrays[name] for name in ("rows", "n_test", "lengths", "gaps", "values"))
        ends = np.cumsum(lengths)[:-1]
        for row, n_test, gap, costs in zip(rows, sizes, np.split(gaps, ends), np.split(values, ends), strict=True):
            losses = np.zeros(n_test, "float32")
            losses[np.cumsum(gap, dtype="int64")] = costs
            found[tuple(map(str, row))] = losses
    except (ValueError, KeyError, IndexError, OSError, EOFError, zipfile.BadZipFile):
        raise CorruptFile(f"{FILE} is damaged.") from None
    return found


def together(parts):
    """The Losses of several trials as one."""
    return Losses(item for part in parts for item in part.items())


def row_losses(runs, row, metric):
    """What each test example costs a row, the mean over its seeds, float64 (n_test,); None where nobody knows."""
    losses = runs.attrs.get(OF_RUNS, {}).get((*row, metric))
    return None if losses is None else losses.astype("float64")

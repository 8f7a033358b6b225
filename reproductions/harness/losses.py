"""What each test example costs each seed of a row: kept beside runs.csv, for what other test examples would do to an effect."""

import io
import math
import zipfile
import zlib
from typing import NamedTuple

import numpy as np

from zoo.errors import CorruptFile, InvalidInput

FILE = "losses.npz"
LOSSES = "losses"  # of a trial's row: for each test example a number, of which the row's value is the mean
OF_RUNS = "losses"  # the entry of runs.attrs, which pandas hands on to every part of a table
WITHIN = 1e-4  # share of a row's value by which the mean may differ from it
ROUNDED = 2e-5  # percent, which 100 (1 - accuracy) of an accuracy in 32 bits may be off


class Costs(NamedTuple):
    """What test examples cost some seeds: seeds (k,) int64, each (k, n_test) float32."""

    seeds: np.ndarray
    each: np.ndarray


class Losses(dict):
    """{(dataset, model, setting, metric): Costs} of rows whose test examples are known one by one."""

    def __deepcopy__(self, memo):
        return self  # pandas copies what a table carries for every part of it, and nobody changes this


def losses_of(trial, returned):
    """The Losses of what a trial's run gave: of each metric whose rows say what the examples cost.

    returned: list of dicts or DataFrame, see Trial.run; a seed that diverged, without a value, is left out. Raises
    InvalidInput, naming the trial, where a row's value is not the mean of its losses, or rows of a metric have other numbers
    of them.
    """
    rows = returned.to_dict("records") if hasattr(returned, "to_dict") else returned
    found = {}
    for row in rows:
        losses = row.get(LOSSES)
        if losses is None or isinstance(losses, float) and math.isnan(losses) or not np.isfinite(float(row["value"])):
            continue
        try:
            each = np.asarray(losses, "float64")
        except (TypeError, ValueError):
            raise InvalidInput(f"{trial}: the losses of {row['metric']} are no numbers, one for each test example.") from None
        rounded = ROUNDED if row["metric"].endswith("_pct") else 0
        if each.ndim != 1 or not np.isclose(each.mean(), float(row["value"]), rtol=WITHIN, atol=rounded):
            raise InvalidInput(f"{trial}: {row['metric']} is not the mean of the losses that a row has of the test examples.")
        found.setdefault(row["metric"], {})[int(row["seed"])] = each
    if uneven := [metric for metric, each in found.items() if len({*map(len, each.values())}) > 1]:
        raise InvalidInput(f"{trial}: {uneven[0]} has losses of other numbers of test examples, seed by seed.")
    for row in rows:
        each, counted = found.get(row["metric"], {}).get(int(row["seed"]), ()), row.get("n_test")
        if counted is not None and len(each) > float(counted):
            raise InvalidInput(f"{trial}: {row['metric']} has losses of {len(each)} test examples, and says n_test {counted}.")
    return Losses(
        ((*trial.row, metric), Costs(np.array(sorted(each)), np.float32([each[seed] for seed in sorted(each)])))
        for metric, each in found.items()
    )


def packed(losses):
    """Losses as the bytes of one .npz file, always the same for the same; b"" for none. What is 0 takes no room."""
    if not losses:
        return b""
    flat = [costs.each.ravel() for costs in losses.values()]
    places = [np.flatnonzero(each) for each in flat]
    arrays = {
        "rows": np.array([*losses], dtype=str),  # (rows, 4)
        "shapes": np.array([costs.each.shape for costs in losses.values()], "uint32"),
        "seeds": np.concatenate([costs.seeds for costs in losses.values()]).astype("uint32"),
        "lengths": np.array([*map(len, places)], "uint32"),
        # From one example to the next: small numbers take little room.
        "gaps": np.concatenate([np.diff(place, prepend=0) for place in places]).astype("uint32"),
        "values": np.concatenate([each[place] for each, place in zip(flat, places)]),
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
            parts = {name: arrays[name] for name in ("rows", "shapes", "seeds", "lengths", "gaps", "values")}
        ends = np.cumsum(parts["lengths"])[:-1]
        cut = [np.split(parts["seeds"], np.cumsum(parts["shapes"][:, 0])[:-1])]
        cut += [np.split(parts[name], ends) for name in ("gaps", "values")]
        for row, shape, seeds, gaps, values in zip(parts["rows"], parts["shapes"], *cut, strict=True):
            each = np.zeros(math.prod(shape.tolist()), "float32")
            each[np.cumsum(gaps, dtype="int64")] = values
            found[tuple(map(str, row))] = Costs(seeds.astype("int64"), each.reshape(shape))
    except (ValueError, KeyError, IndexError, OSError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error):
        raise CorruptFile(f"{FILE} is damaged.") from None
    return found


def together(parts):
    """The Losses of several trials as one."""
    return Losses(item for part in parts for item in part.items())


def row_costs(runs, row, metric):
    """The Costs of a row; None where nobody knows them."""
    return runs.attrs.get(OF_RUNS, {}).get((*row, metric))


def combined(*terms):
    """(mean (n,), chance) of a sum of costs; terms: (factor, Costs), all on the same n examples.

    mean: what each example costs, averaged over seeds. chance: the variance that these means owe to the draw of the seeds,
    averaged over the examples. What a seed does to all examples alike is left out of it: it makes none differ from another.

    Terms with several seeds are taken over those that they share, if these are two or more; else as if independent.
    """
    several = [costs.seeds for _, costs in terms if len(costs.seeds) > 1]
    shared = [seed for seed in several[0] if all(seed in seeds for seeds in several)] if several else []
    if len(shared) > 1:
        terms = [(1, Costs(np.array(shared), sum(factor * _of(costs, shared) for factor, costs in terms)))]
    parts = [factor * costs.each.astype("float64") for factor, costs in terms]
    alone = (part - part.mean(axis=1, keepdims=True) for part in parts if len(part) > 1)
    chance = sum(part.var(axis=0, ddof=1).mean() / len(part) for part in alone)
    return sum(part.mean(axis=0) for part in parts), float(chance)


def _of(costs, seeds):
    """(seeds, n) of some seeds, of what has one value for all; float64."""
    each = costs.each.astype("float64")
    return each if len(each) == 1 else each[[np.flatnonzero(costs.seeds == seed)[0] for seed in seeds]]

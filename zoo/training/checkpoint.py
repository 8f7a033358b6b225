"""A population on disk: all that `fit` has changed, in one file that is there whole or not at all."""

import json
import os

import numpy as np

from zoo.errors import InvalidInput
from zoo.paths import file_to_write, path_named
from zoo.training.architecture import difference
from zoo.training.array_file import listed, numbered, read, write

FORMAT = "deepzoo population 1"
PARTS = ("trainable", "non_trainable", "optimizer")  # of a population's state: lists of arrays (K, *shape)


def save(path, about, state, progress, history):
    """Write a population to the file `path`: about, plain JSON that must be the same in the one that restores it; its state;
    its progress, plain values or arrays by name; its history, a DataFrame. Raises ResultsError.
    """
    arrays = numbered("history", [history[name].to_numpy() for name in history])
    for name in PARTS:
        arrays |= numbered(name, state[name])
    arrays |= {name: value for name, value in progress.items() if isinstance(value, np.ndarray)}
    plain = {name: value for name, value in progress.items() if name not in arrays}
    head = {"about": about, "columns": list(history), "progress": plain, "trained": state["optimizer"] is not None}
    write(_checked(path, file_to_write), FORMAT, head, arrays)


def restore(path, about, state, fresh_optimizer):
    """(state, progress, history) that `save` wrote; the arguments are those of the population that takes them over.

    fresh_optimizer: as Objective's, or None where it is not compiled: then optimizers begin anew. The learning rate, or schedule,
    stays as it is here. Raises InvalidInput, CorruptFile.
    """
    import pandas as pd

    path = _checked(path, path_named)
    head, arrays = read(path, FORMAT, "population", "Population.save")
    _require_same(head["about"], json.loads(json.dumps(about)), path, compiled=fresh_optimizer is not None)
    found = {name: _taken(listed(arrays, name), name, state[name], path) for name in PARTS[:2]} | {"optimizer": None}
    if head["trained"] and fresh_optimizer is not None:
        values, rate, among = fresh_optimizer
        stored = listed(arrays, "optimizer")
        if len(stored) == len(values) + (-1 if among else 1):  # of a schedule where a number is here, or the other way round
            stored[rate : rate + (not among)] = [values[rate]] * among
        found["optimizer"] = _taken(stored, "optimizer", values, path)
        if among:
            found["optimizer"][rate] = np.array(values[rate])
    progress = head["progress"] | {name: array for name, array in arrays.items() if " " not in name}
    history = pd.DataFrame({name: arrays[f"history {place}"] for place, name in enumerate(head["columns"])})
    return found, progress, history


def _checked(path, use):
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidInput(f"path must say where the file is; got {path!r}.")
    return use(path)


def _require_same(saved, mine, path, compiled):
    """Raise InvalidInput where seeds, models or, if both are compiled, optimizers differ."""
    if saved["seeds"] != mine["seeds"]:
        theirs, own = (_some(both["seeds"]) for both in (saved, mine))
        raise InvalidInput(f"{path} holds members of other seeds ({theirs}) than this population's ({own}).")
    found = difference(mine["architecture"], saved["architecture"])
    if found:
        raise InvalidInput(f"{path} holds other models than this population's: {found}.")
    if compiled and saved["optimizer"] and saved["optimizer"] != mine["optimizer"]:
        optimizers = f"{saved['optimizer']}, this population is compiled with {mine['optimizer']}"
        raise InvalidInput(f"{path} was saved with {optimizers}.")


def _some(seeds):
    """Seeds in words, however many there are."""
    return f"{len(seeds)}: {', '.join(map(str, seeds[:5]))}{', ...' * (len(seeds) > 5)}"


def _taken(found, name, like, path):
    """The arrays that were found, in the types of `like`; InvalidInput unless they have their shapes and fit."""
    kind = f"{name.replace('_', '-')} variables"
    if len(found) != len(like):
        raise InvalidInput(f"{path} holds {len(found)} {kind}, this population has {len(like)}; build and compile it alike.")
    taken = []
    for place, (stored, own) in enumerate(zip(found, map(np.asarray, like))):
        # Counters and the states of random numbers are integers of another size on each backend.
        whole = stored.dtype.kind in "iu" and own.dtype.kind in "iu"
        values = stored.astype(own.dtype) if whole else stored
        if values.shape != own.shape or values.dtype != own.dtype or (whole and (values != stored).any()):
            have, want = (f"{array.dtype} {array.shape}" for array in (stored, own))
            raise InvalidInput(f"{path}: number {place} of the {kind} is {have}, here {want}; build and compile alike.")
        taken.append(values)
    return taken

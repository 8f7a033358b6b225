"""A population on disk: all that `fit` has changed, in one file that is there whole or not at all."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import numpy as np

from zoo.errors import BROKEN_ARRAYS, CorruptFile, InvalidInput, ResultsError, reason_of
from zoo.paths import file_to_write, path_named, require_plain_zip
from zoo.training.architecture import difference

FORMAT = "deepzoo population 1"
PARTS = ("trainable", "non_trainable", "optimizer")  # of a population's state: lists of arrays (K, *shape)


def save(path, about, state, progress, history):
    """Write a population to the file `path`: about, plain JSON that must be the same in the one that restores it; its state;
    its progress, plain values or arrays by name; its history, a DataFrame. Raises ResultsError.
    """
    arrays = _numbered("history", [history[name].to_numpy() for name in history])
    for name in PARTS:
        arrays |= _numbered(name, state[name])
    arrays |= {name: value for name, value in progress.items() if isinstance(value, np.ndarray)}
    plain = {name: value for name, value in progress.items() if name not in arrays}
    head = {"about": about, "columns": list(history), "progress": plain, "trained": state["optimizer"] is not None}
    head["types"] = {name: str(array.dtype) for name, array in arrays.items() if array.dtype.kind == "V"}
    _write(_checked(path, file_to_write), head, {name: _storable(array) for name, array in arrays.items()})


def restore(path, about, state, fresh_optimizer):
    """(state, progress, history) that `save` wrote; the arguments are those of the population that takes them over.

    fresh_optimizer: (values (K, *shape) that its optimizers start with, place among them of the learning rate, which stays as
    it is here, or None), or None where it is not compiled: then optimizers begin anew. Raises InvalidInput, CorruptFile.
    """
    import pandas as pd

    path = _checked(path, path_named)
    head, arrays = _read(path)
    _require_same(head["about"], json.loads(json.dumps(about)), path, compiled=fresh_optimizer is not None)
    arrays |= {name: arrays[name].view(_type(kind)) for name, kind in head["types"].items()}
    found = {name: _taken(arrays, name, state[name], path) for name in PARTS[:2]} | {"optimizer": None}
    if head["trained"] and fresh_optimizer is not None:
        values, rate = fresh_optimizer
        found["optimizer"] = _taken(arrays, "optimizer", values, path)
        if rate is not None:
            found["optimizer"][rate] = np.array(values[rate])
    progress = head["progress"] | {name: array for name, array in arrays.items() if " " not in name}
    history = pd.DataFrame({name: arrays[f"history {place}"] for place, name in enumerate(head["columns"])})
    return found, progress, history


def _checked(path, use):
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidInput(f"path must say where the file is; got {path!r}.")
    return use(path)


def _write(path, head, arrays):
    head = json.dumps({"format": FORMAT, "sha256": _digest(head, arrays), "head": head})
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as scratch:
            written = Path(scratch) / "written"
            with open(written, "wb") as file:
                np.savez(file, head=np.array(head), **arrays)
                os.fsync(file.fileno())
            os.replace(written, path)
    except OSError as error:
        raise ResultsError(f"{path} can't be written ({error.strerror or error}); choose another place.") from error


def _read(path):
    """(head, arrays) of a file, nothing in it executed; InvalidInput, ResultsError or CorruptFile."""
    try:
        opened = open(path, "rb")
    except FileNotFoundError:
        raise InvalidInput(f"There is no file {path}; Population.save writes one.") from None
    except OSError as error:
        raise ResultsError(f"{path} can't be read ({error.strerror or error}).") from error
    with opened:
        try:
            file = np.load(opened, allow_pickle=False)
            if hasattr(file, "files"):  # and not the single array of a .npy
                require_plain_zip(opened)
            arrays = {name: file[name] for name in getattr(file, "files", ())}
            head = json.loads(str(arrays.pop("head", '""')))
        except (*BROKEN_ARRAYS, OSError) as problem:
            reason = reason_of(problem)
            raise CorruptFile(f"{path} is damaged, or no saved population: {reason}") from None
    if not isinstance(head, dict) or head.keys() != {"format", "sha256", "head"} or head["format"] != FORMAT:
        raise InvalidInput(f"{path} is no population that this deepzoo saved.")
    if _digest(head["head"], arrays) != head["sha256"]:
        raise CorruptFile(f"{path} is damaged: what it holds is not what its sha256 promises.")
    return head["head"], arrays


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


def _numbered(name, values):
    """{"name 0": array, ...} of a list of arrays, which may be None."""
    return {f"{name} {place}": array for place, array in enumerate(values or ())}


def _taken(arrays, name, like, path):
    """The list that `_numbered` took apart, in the types of `like`; InvalidInput unless it has their shapes and fits."""
    found = [arrays[f"{name} {place}"] for place in range(sum(key.startswith(f"{name} ") for key in arrays))]
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


def _type(name):
    """The NumPy type of a name, those of ml_dtypes too."""
    import ml_dtypes

    return np.dtype(getattr(ml_dtypes, name))


def _storable(array):
    """An array of a type that NumPy's files know: bfloat16 as the integers of its bits."""
    return array.view(f"uint{8 * array.dtype.itemsize}") if array.dtype.kind == "V" else array


def _digest(head, arrays):
    total = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.data if array.size else b"")
    return total.hexdigest()

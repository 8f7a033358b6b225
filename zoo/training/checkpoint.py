"""A population on disk: all that `fit` has changed, in one file that is there whole or not at all."""

import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

from zoo.errors import CorruptFile, InvalidInput, ResultsError

FORMAT = "deepzoo population 1"
PARTS = ("trainable", "non_trainable", "optimizer")  # of a population's state: lists of arrays (K, *shape)


def save(path, state, objective, progress, history):
    """Write a population's state, its progress and its history, a DataFrame, to the file `path`; or ResultsError."""
    optimizer = None if state["optimizer"] is None else objective.optimizer_name
    about = {"seeds": state["seeds"], "optimizer": optimizer, "columns": list(history), "progress": {}}
    arrays = _numbered("history", [history[name].to_numpy() for name in history])
    for name in PARTS:
        arrays |= _numbered(name, state[name])
    for name, value in progress.items():
        if isinstance(value, np.ndarray):
            arrays[name] = value
        else:
            about["progress"][name] = value
    _write(Path(path), about, arrays)


def restore(path, state, objective, template):
    """(state, progress, history) that `save` wrote, of a population like the one that has `state`; see Population.restore.

    objective: what it is compiled for, or None: then optimizers begin anew.
    """
    import pandas as pd

    path = Path(path)
    about, arrays = _read(path)
    if about["seeds"] != state["seeds"]:
        raise InvalidInput(f"{path} holds members of the seeds {about['seeds']}, this population has {state['seeds']}.")
    found = {name: _taken(arrays, name, state[name], path) for name in ("trainable", "non_trainable")} | {"optimizer": None}
    if about["optimizer"] and objective is not None:
        if about["optimizer"] != objective.optimizer_name:
            mine = objective.optimizer_name
            raise InvalidInput(f"{path} was saved with {about['optimizer']}, this population is compiled with {mine}.")
        like = objective.optimizer_state(template, len(state["seeds"]))
        found["optimizer"] = _taken(arrays, "optimizer", like, path)
    progress = about["progress"] | {name: array for name, array in arrays.items() if " " not in name}
    history = pd.DataFrame({name: arrays[f"history {place}"] for place, name in enumerate(about["columns"])})
    return found, progress, history


def _write(path, about, arrays):
    arrays = {name: _storable(array) for name, array in arrays.items()}
    about = json.dumps({"format": FORMAT, "sha256": _digest(about, arrays), "about": about})
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as scratch:
            written = Path(scratch) / "written"
            with open(written, "wb") as file:
                np.savez(file, about=np.array(about), **arrays)
            os.replace(written, path)
    except OSError as error:
        raise ResultsError(f"{path} can't be written ({error.strerror or error}); choose another place.") from error


def _read(path):
    """(dict of plain JSON, dict of arrays) of a file, nothing in it executed; InvalidInput or CorruptFile."""
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            head = json.loads(str(file["about"]))
            arrays = {name: file[name] for name in file.files if name != "about"}
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise KeyError("format")
    except (FileNotFoundError, IsADirectoryError):
        raise InvalidInput(f"There is no file {path}; Population.save writes one.") from None
    except (AttributeError, KeyError, TypeError):
        raise InvalidInput(f"{path} is no population that this deepzoo saved.") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as problem:
        raise CorruptFile(f"{path} is damaged, or no saved population: {problem}".splitlines()[0]) from None
    if _digest(head["about"], arrays) != head["sha256"]:
        raise CorruptFile(f"{path} is damaged: what it holds is not what its sha256 promises.")
    return head["about"], arrays


def _numbered(name, values):
    """{"name 0": array, ...} of a list of arrays, which may be None."""
    return {f"{name} {place}": array for place, array in enumerate(values or ())}


def _taken(arrays, name, like, path):
    """The list that `_numbered` took apart; InvalidInput unless it has the shapes and types of `like`."""
    found = [arrays[f"{name} {place}"] for place in range(sum(key.startswith(f"{name} ") for key in arrays))]
    expected = [_storable(np.asarray(array)) for array in like]
    if [(a.shape, a.dtype) for a in found] != [(a.shape, a.dtype) for a in expected]:
        raise InvalidInput(f"{path} holds {name.replace('_', '-')} variables of other shapes than this population's; build alike.")
    return [stored.view(np.asarray(own).dtype) for stored, own in zip(found, like)]


def _storable(array):
    """An array of a type that NumPy's files know: bfloat16 as the integers of its bits."""
    return array.view(f"uint{8 * array.dtype.itemsize}") if array.dtype.kind == "V" else array


def _digest(about, arrays):
    total = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.data if array.size else b"")
    return total.hexdigest()

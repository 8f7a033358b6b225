"""Arrays by name and what is to be said of them, in one .npz file that is there whole or not at all, checked by sha256."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import numpy as np

from zoo.errors import BROKEN_ARRAYS, CorruptFile, InvalidInput, ResultsError, reason_of
from zoo.paths import require_plain_zip


def write(path, kind, head, arrays):
    """Write arrays {name: array} and head, plain JSON, to the file `path`, in place of what is there.

    kind: the format's name and version, such as "deepzoo population 1". Raises ResultsError.
    """
    types = {name: str(array.dtype) for name, array in arrays.items() if array.dtype.kind == "V"}
    arrays = {name: _storable(array) for name, array in arrays.items()}
    head = head | {"types": types}
    written = json.dumps({"format": kind, "sha256": _digest(head, arrays), "head": head})
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as scratch:
            beside = Path(scratch) / "written"
            with open(beside, "wb") as file:
                np.savez(file, head=np.array(written), **arrays)
                os.fsync(file.fileno())
            os.replace(beside, path)
    except OSError as error:
        raise ResultsError(f"{path} can't be written ({error.strerror or error}); choose another place.") from error


def read(path, kind, what, writer):
    """(head, arrays) of a file, nothing in it executed.

    what: the thing that it should hold, such as "population", writer: what writes one, for the errors. Raises InvalidInput
    where there is no such file or one of another kind, ResultsError where it can't be read, CorruptFile where it is damaged.
    """
    try:
        opened = open(path, "rb")
    except FileNotFoundError:
        raise InvalidInput(f"There is no file {path}; {writer} writes one.") from None
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
            raise CorruptFile(f"{path} is damaged, or no saved {what}: {reason}") from None
    if not isinstance(head, dict) or head.keys() != {"format", "sha256", "head"} or head["format"] != kind:
        raise InvalidInput(f"{path} is no {what} that this deepzoo saved.")
    if _digest(head["head"], arrays) != head["sha256"]:
        raise CorruptFile(f"{path} is damaged: what it holds is not what its sha256 promises.")
    head = head["head"]
    return head, arrays | {name: arrays[name].view(_type(stored)) for name, stored in head.pop("types").items()}


def numbered(name, values):
    """{"name 0": array, ...} of a list of arrays, which may be None."""
    return {f"{name} {place}": array for place, array in enumerate(values or ())}


def listed(arrays, name):
    """The list that `numbered` took apart."""
    return [arrays[f"{name} {place}"] for place in range(sum(key.startswith(f"{name} ") for key in arrays))]


def digest(arrays):
    """sha256 of arrays {name: array}: names, types, shapes and contents."""
    return _digest(None, arrays)


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
        array = _storable(np.ascontiguousarray(arrays[name]))
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.data if array.size else b"")
    return total.hexdigest()

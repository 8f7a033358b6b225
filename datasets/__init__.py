"""Data sets as memory-mapped NumPy arrays with fixed splits: load, list_datasets, describe, fetch, pack, unpack.

>>> from zoo.datasets import load
>>> mnist = load("mnist")
>>> mnist.train.x.shape, mnist.train.x.dtype, mnist.test.y.shape
((50000, 28, 28), dtype('uint8'), (10000,))
"""

import dataclasses
import fnmatch
import importlib
import sys
from pathlib import Path

from zoo.datasets import cache
from zoo.datasets.dataset import SPLITS, Dataset, Info, Split
from zoo.errors import unknown_name

__all__ = ["Dataset", "Info", "Split", "describe", "fetch", "list_datasets", "load", "pack", "unpack"]


def list_datasets(pattern="*"):
    """Names of all data sets that match the shell wildcards, sorted. A data set is a folder of this package."""
    names = {path.parent.name for home in __path__ for path in Path(home).glob("*/__init__.py")}
    return sorted(fnmatch.filter(names, pattern))


def describe(name):
    """The Info of a data set, without any download. Raises UnknownName."""
    module = _module(name)
    places = {source: where.what for source, where in module.SOURCES.items()}
    return dataclasses.replace(module.INFO, sources=places)


def tell(text):
    """One line of progress to stderr."""
    print(f"zoo: {text}", file=sys.stderr, flush=True)


def load(name, *, source=None):
    """The Dataset of that name, prepared at first use (about 15 s for mnist) and mapped from the cache afterwards.

    source: None takes what is in the cache, else the official source, else the mirror; "official" or
    "mirror" takes only that one, and prepares anew what came from the other.
    Raises UnknownName; DataUnavailable, within 10 seconds, when no source answers; CacheError when the
    cache folder cannot be read or written.
    """
    from zoo.datasets.prepare import ready

    module = _module(name)
    manifest, arrays = ready(module, source, tell)
    splits = {split: Split(arrays[f"{split}_x"], arrays[f"{split}_y"]) for split in SPLITS}
    info = module.INFO
    hashes = {array: manifest["arrays"][array]["sha256"] for array in cache.ARRAYS}
    return Dataset(
        name=name, **splits, classes=info.classes, class_names=info.class_names, input_shape=info.input_shape,
        provenance={**manifest["provenance"], "version": info.version, "sha256": hashes},
        fingerprint=cache.fingerprint(manifest),
    )


def fetch(name, source=None, progress=tell):
    """Make a data set ready, hashing every array again if it is ready already; returns its folder in the cache.

    source: as for load. progress(text) is called with each line of progress. Raises as load does.
    """
    from zoo.datasets.prepare import ready

    ready(_module(name), source, progress, thorough=True)
    return cache.root() / name


def pack(path, names):
    """Write the caches of the named data sets, ready or prepared now, to one .tar.xz file; returns its Path."""
    from zoo.datasets import transfer

    return transfer.pack(Path(path), [(_module(name), name) for name in names], tell)


def unpack(path):
    """Fill the cache from a file that pack wrote, verifying every array; returns the names of the data sets.

    Raises CorruptFile, with the cache as it was, if the file is not what pack writes.
    """
    from zoo.datasets import transfer

    return transfer.unpack(Path(path), {name: describe(name) for name in list_datasets()}, tell)


def _module(name):
    if name not in list_datasets():
        raise unknown_name("data set", name, list_datasets())
    return importlib.import_module(f"{__name__}.{name}")

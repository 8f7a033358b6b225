"""Data sets as memory-mapped NumPy arrays with fixed splits: load, list_datasets, describe, at_hand, fetch, remove, pack, unpack.

And add, for data of one's own, and pixel_sequences, which makes sequential and permuted MNIST of MNIST.

>>> from zoo.datasets import load
>>> mnist = load("mnist")
>>> mnist.train.x.shape, mnist.train.x.dtype, mnist.test.y.shape
((50000, 28, 28), dtype('uint8'), (10000,))
"""

import contextlib
import importlib
import os
import sys
from pathlib import Path

from zoo.datasets import cache, own
from zoo.datasets.dataset import SPLITS, Dataset, Info, Split
from zoo.datasets.pixels import pixel_sequences
from zoo.errors import InvalidInput, reason_of, unknown_name
from zoo.names import matching

__all__ = [
    "Dataset",
    "Info",
    "Split",
    "add",
    "at_hand",
    "describe",
    "fetch",
    "list_datasets",
    "load",
    "pack",
    "pixel_sequences",
    "remove",
    "unpack",
]


def list_datasets(pattern="*"):
    """Names of the data sets that match a shell pattern, None for all, sorted: folders of this package, and what `add` added.

    Raises InvalidInput for a pattern that is no string.
    """
    return matching(_folders() | own.list_own(), pattern)


def _folders():
    return {path.parent.name for home in __path__ for path in Path(home).glob("*/__init__.py")}


def describe(name):
    """The Info of a data set, without any download. Raises UnknownName; CacheError where one of your own is damaged."""
    if own.is_own(name):
        return own.describe_own(name, list_datasets())
    if not isinstance(name, str) or name not in _folders():
        raise unknown_name("data set", name, list_datasets())
    return importlib.import_module(f"{__name__}.{name}").INFO


def at_hand(name):
    """Whether load(name) needs no source: the data set is in the cache, or the user has named its file.

    Raises UnknownName; CacheError when the cache folder cannot be read.
    """
    info = describe(name)
    try:
        cache.read(info)
    except cache.Unusable:
        return bool(info.path_variable and os.environ.get(info.path_variable))
    return True


def tell(text):
    """One line of progress to stderr. Where nobody reads there any more, the work goes on."""
    with contextlib.suppress(OSError):
        print(f"zoo: {text}", file=sys.stderr, flush=True)


def load(name, *, source=None):
    """The Dataset of that name, prepared at first use (about 15 s for mnist) and mapped from the cache afterwards.

    source: None takes what is in the cache, else the first that answers of `describe(name).sources`, such as
    ("official", "mirror"); one of these takes only that one, and prepares anew what came from another.
    Raises UnknownName; InvalidInput for a source that the set has not; DataUnavailable when no source answers, within 10
    seconds unless ZOO_ANSWER_SECONDS says how long each may take, or a package that preparing needs is missing; CorruptFile
    when what was prepared is not what the set promises; CacheError when the cache folder cannot be read or written.

    >>> digits = load("digits")
    >>> digits.train.x.shape, digits.input_shape, digits.classes, len(digits.test.y)
    ((1197, 8, 8), (8, 8), 10, 300)
    """
    from zoo.datasets.prepare import ready

    info = describe(name)
    manifest, arrays = ready(info, source, tell)
    info = own.info_of(manifest, name) if own.is_own(name) else info  # another process may have put another one in its place
    splits = {split: Split(arrays[f"{split}_x"], arrays[f"{split}_y"]) for split in SPLITS}
    hashes = {array: manifest["arrays"][array]["sha256"] for array in cache.ARRAYS}
    return Dataset(
        name=name,
        **splits,
        classes=info.classes,
        class_names=info.class_names,
        input_shape=info.input_shape,
        provenance={
            **manifest["provenance"],
            "licence": info.licence,
            "homepage": info.homepage,
            "version": info.version,
            "sha256": hashes,
        },  # as known now, of whenever the arrays are
        fingerprint=cache.fingerprint(manifest),
    )


def add(name, train, test=None, validation=None, *, title=None, licence=None, class_names=None, source=own.ARRAYS, force=False):
    """Keep a data set of your own, under a name that begins with my_, for load and all that takes a data set; returns it.

    train, test, validation: each (x, y). x: (n, ...) numbers; kept as uint8 where those of all splits are whole and in 0..255,
    or such divided by 255, or images of zeros and ones, as models of images want them, else as float32. y: (n,) labels, integers
    or strings, numbered in their order. A split that is not given is drawn from train, a sixth of each class, and every split is
    shuffled, always alike: a run may take the first so many examples. class_names: those of labels 0, 1, ...; else the labels
    themselves. title, licence, source: texts that lists show. force: take the place of another data set of that name.
    Raises InvalidInput for what can't be meant and where there is another of that name, CacheError when the cache folder can't
    be written.

    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> add("my_digits", ((255 / 16 * digits.images).astype("uint8"), digits.target)).train.x.shape
    (1199, 8, 8)
    """
    splits = {"train": train, "test": test, "validation": validation}
    try:
        own.add(name, splits, tell, title=title, licence=licence, class_names=class_names, source=source, force=force)
    except MemoryError as error:
        raise InvalidInput(f"{name} does not fit into memory, give smaller or fewer examples: {reason_of(error)}.") from None
    return load(name)


def fetch(name, source=None):
    """Make a data set ready, hashing every array again if it is ready already; returns its folder in the cache.

    source: as for load. Raises as load does.
    """
    from zoo.datasets.prepare import ready

    ready(describe(name), source, tell, thorough=True)
    return cache.root() / name


def remove(name):
    """Take a data set out of the cache; returns the folder that it was in. What is loaded stays readable.

    One of your own is gone for good, unless `pack` wrote it somewhere; the others can be fetched again. Raises UnknownName;
    CacheError where it is not in the cache, or the folder cannot be written.
    """
    require_known(name)
    return cache.remove(name, tell)


def require_known(name):
    """Raise UnknownName for a name that is no data set's, nor that of what an interrupted `add` left in the cache."""
    home = cache.root() / name if own.is_own(name) else None
    left = home and home.is_dir() and any(path.name != cache.LOCK for path in home.iterdir())
    if not left and name not in list_datasets():
        describe(name)


def pack(path, names):
    """Write the arrays of the named data sets to one .tar.xz file (mnist and fashion_mnist: 38 MB); returns its Path.

    names: a list of them, or one. A data set that is not ready is prepared first; of a link, what it points to is written.
    Raises UnknownName, InvalidInput or ResultsError if the file cannot be written, InvalidInput for a name that does not end in
    .tar.xz, a file that is there and that no pack wrote, a pipe or a device or no names, and what load raises.
    """
    from zoo.datasets import transfer

    names = [names] if isinstance(names, str) else list(names) if hasattr(names, "__iter__") else []
    if not names:
        raise InvalidInput("There is nothing to pack: name a data set at least, such as 'mnist'.")
    return transfer.pack(path, [describe(name) for name in names], tell)


def unpack(path):
    """Fill the cache from a file that pack wrote, verifying every array; returns the names of the data sets.

    Raises InvalidInput if there is no such file, it cannot be read, another version packed it, or it holds a data set of your
    own that differs from the one of that name here; CorruptFile if it is damaged or not what pack writes; CacheError when the
    cache folder cannot be written. The first two leave the cache as it was, but for a data set of your own that somebody adds
    meanwhile.
    """
    from zoo.datasets import transfer

    return transfer.unpack(path, {name: describe(name) for name in _folders()}, tell)

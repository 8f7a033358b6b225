"""Data sets of one's own: arrays with labels, checked, shuffled, split and kept in the cache, called my_... as no other is."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.datasets import cache
from zoo.datasets.dataset import SPLITS, Info, Split
from zoo.errors import CacheError, InvalidInput, UnknownName, unknown_name

PREFIX = "my_"
NAME = re.compile(r"my(_[a-z0-9]+)+", re.ASCII)
SHARE = 6  # one of so many examples goes to a split that is drawn, as MNIST's 10,000 of 60,000 do
SEED = 2015
ARRAYS = "arrays given in Python"
_ROUNDING = 1e-3  # of a level, after sums and a division by 255
_EXACT = 2**24  # up to which float32 has all integers


@dataclass(frozen=True)
class OwnInfo(Info):
    """The Info of a data set of somebody's own, which has no folder with texts."""

    @property
    def citation(self):
        """Nothing: nobody has said whom to cite."""
        return ""

    @property
    def description(self):
        """What is known of it, Markdown."""
        sizes = ", ".join(f"{n:,} in {split}" for split, n in self.sizes.items())
        shape = "x".join(map(str, self.input_shape))
        return f"# {self.name}\n\nAdded from {self.sources['own']}: examples of {shape}, {self.x_dtype}; {sizes}; classes {self.classes}."


def is_own(name):
    """Whether a name is one that only a data set of somebody's own has."""
    return isinstance(name, str) and bool(NAME.fullmatch(name))


def require_name(name):
    """Raise InvalidInput for a name that is not."""
    if not is_own(name):
        said = "my_ and small letters, digits and underscores after it, such as my_flowers, as no data set of deepzoo's is"
        raise InvalidInput(f"A data set of your own is called {said}; got {name!r:.80}.")


def list_own():
    """The names of those that are in the cache."""
    return {path.parent.name for path in cache.root().glob(f"{PREFIX}*/manifest.json") if is_own(path.parent.name)}


def describe_own(name, known):
    """The Info of one. known: names of all data sets, to suggest. Raises UnknownName, CacheError for a damaged manifest."""
    path = cache.root() / name / "manifest.json"
    with cache.as_cache_error(path, "read"):
        if not path.exists():
            raise UnknownName(f"{unknown_name('data set', name, known)} One of your own is added by zoo data add {name} FILE_OR_FOLDER.")
        try:
            return info_of(cache.manifest_in(path))
        except cache.UNREADABLE as error:
            raise CacheError(f"{path} is damaged ({error}). Add {name} again with --force.") from None


def info_of(manifest):
    """The OwnInfo that a manifest tells of. Raises one of cache.UNREADABLE where it tells of none."""
    told, arrays = manifest["own"], manifest["arrays"]
    names = tuple(told["class_names"])
    if not all(isinstance(text, str) for text in (told["title"], *names)) or not is_own(manifest["name"]):
        raise TypeError("what it says of the data set is no text")
    x, y = arrays["train_x"], arrays["train_y"]
    return OwnInfo(
        name=manifest["name"], title=told["title"], licence=manifest["provenance"]["licence"], homepage="",
        version=manifest["version"], sizes={split: int(arrays[f"{split}_x"]["shape"][0]) for split in SPLITS},
        input_shape=tuple(map(int, x["shape"][1:])), classes=len(names), sources={"own": manifest["provenance"]["from"]},
        folder=Path(cache.root() / manifest["name"]), class_names=names, x_dtype=np.dtype(x["dtype"]).name,
        y_dtype=np.dtype(y["dtype"]).name, fingerprint=cache.fingerprint(manifest),
    )


def add(name, splits, tell, title=None, licence=None, class_names=None, source=ARRAYS, force=False):
    """Check, shuffle, split and keep the splits ({split: (x, y) or None}), see zoo.datasets.add."""
    require_name(name)
    named = {"title": title or f"added from {source}", "licence": licence or "not said", "source": source}
    for what, text in named.items():
        if not isinstance(text, str) or not text.isprintable():
            raise InvalidInput(f"The {what} of {name} is one line of text, not {text!r:.80}.")
    given = {split: _checked(f"{split} of {name}", *_pair(split, pair)) for split, pair in splits.items() if pair is not None}
    if "train" not in given:
        raise InvalidInput(f"{name} needs examples to train on: train=(x, y).")
    given, class_names = _numbered(name, given, class_names)
    chosen = {split: _together(name, split, parts, given["train"].x) for split, parts in _split(name, given, class_names).items()}
    _tell_repeated(name, chosen, tell)
    with cache.building(name, tell) as folder:
        arrays = {f"{split}_{part}": getattr(chosen[split], part) for split in SPLITS for part in "xy"}
        made = {"source": "own", "from": source, "made_with": f"NumPy {np.__version__}", "licence": named["licence"], "homepage": ""}
        manifest = {"name": name, "version": "1", "layout": cache.LAYOUT, "provenance": made}
        manifest["own"] = {"title": named["title"], "class_names": class_names}
        manifest["arrays"] = cache.write_arrays(folder / "arrays", arrays)
        require_same(name, manifest, force)
        cache.publish(name, folder / "arrays", manifest)


def require_same(name, manifest, force):
    """Raise InvalidInput where a data set of that name is there and has other arrays, unless force."""
    path = cache.root() / name / "manifest.json"
    if force or not path.exists():
        return
    try:
        same = cache.fingerprint(cache.manifest_in(path)) == cache.fingerprint(manifest)
    except cache.UNREADABLE:
        same = False
    if not same:
        said = "results that were computed on it would no longer fit; call the new one otherwise, or take its place with --force"
        raise InvalidInput(f"There is another {name} already, and {said} (in Python force=True).")


def _pair(split, pair):
    try:
        x, y = pair
    except (TypeError, ValueError):
        raise InvalidInput(f"{split} is a pair of arrays, (x, y).") from None
    return x, y


def _checked(what, x, y):
    """A Split of uint8 or float32 examples and labels as given. Raises InvalidInput, naming what it is of."""
    x, y = np.asarray(x), np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise InvalidInput(f"The labels in {what} have the shape {y.shape}; (n,) is wanted: of one-hot rows y.argmax(axis=1).")
    if x.ndim < 2 or not x.size:
        raise InvalidInput(f"The examples in {what} have the shape {x.shape}; (n, ...) is wanted, and none empty.")
    if len(x) != len(y):
        raise InvalidInput(f"There are {len(x):,} examples in {what} and {len(y):,} labels; it takes one for each.")
    if x.dtype.kind not in "buif":
        raise InvalidInput(f"The examples in {what} are {x.dtype}; integers or floats are wanted.")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise InvalidInput(f"The examples in {what} hold NaN or infinite values; leave those out or fill them.")
    if not -_EXACT <= x.min() <= x.max() <= _EXACT:
        raise InvalidInput(f"The examples in {what} go from {x.min()} to {x.max()}, which float32 does not hold well; scale them.")
    if y.dtype.kind == "f" and (np.mod(y, 1) == 0).all():
        y = y.astype("int64")
    if y.dtype.kind not in "uiUS":
        raise InvalidInput(f"The labels in {what} are {y.dtype}; integers or strings are wanted.")
    return Split(_levels(x), y.astype(str) if y.dtype.kind == "S" else y)


def _levels(x):
    """x as uint8 where it is whole numbers 0..255, or floats that are those over 255, or images of zeros and ones; else float32."""
    if x.dtype == "uint8" and x.max() > 1:
        return x
    black_to_white = 0 <= x.min() and x.max() <= 1 and (x.dtype.kind == "f" or x.ndim > 2)
    scaled = x * 255.0 if black_to_white else x
    whole = np.rint(scaled)
    if 0 <= whole.min() and whole.max() <= 255 and np.abs(scaled - whole).max() <= _ROUNDING:
        return whole.astype("uint8")
    return x.astype("float32")


def _numbered(name, given, class_names):
    """({split: Split} with labels 0, 1, ..., their names). Labels that are names, or have gaps, are numbered in their order."""
    labels = np.unique(given["train"].y)
    for split, (_, y) in given.items():
        if y.dtype.kind != labels.dtype.kind and "U" in (y.dtype.kind, labels.dtype.kind):
            raise InvalidInput(f"Labels of {name} are strings in one split and numbers in {split}; they have to be alike.")
        if (strange := np.setdiff1d(y, labels)).size:
            raise InvalidInput(f"{name} has the label {strange[0]!s} in {split} that no example in train has.")
    if len(labels) < 2:
        raise InvalidInput(f"All examples of {name} have the label {labels[0]!s}; two classes are the least.")
    if class_names is not None:
        class_names = [str(text) for text in class_names]
        if labels.dtype.kind == "U" or not np.array_equal(labels, np.arange(len(class_names))):
            raise InvalidInput(f"class_names name the labels 0, 1, ... in turn; {name} has {len(labels)} labels, {labels[0]!s} first.")
    numbered = {split: Split(x, np.searchsorted(labels, y).astype("int32")) for split, (x, y) in given.items()}
    return numbered, class_names or [str(label) for label in labels]


def _split(name, given, class_names):
    """{split: [x, y, places]}: all splits, in an order that is drawn, those that were not given drawn from train, class by class."""
    random = np.random.RandomState(SEED)  # whose stream is the same in all versions of NumPy
    found = {split: [x, y, random.permutation(len(y))] for split, (x, y) in sorted(given.items())}
    x, y, rest = found["train"]
    for split in [split for split in ("test", "validation") if split not in found]:
        taken = []
        for label, called in enumerate(class_names):
            places = rest[y[rest] == label]
            if len(places) < 2:
                said = f"draw {split} from; give at least {SHARE} of each class, or {split}=(x, y)"
                raise InvalidInput(f"{name} has too few examples of the class {called} to {said}.")
            taken.append(places[: max(1, round(np.count_nonzero(y == label) / SHARE))])
        taken = np.concatenate(taken)
        found[split] = [x, y, rest[np.isin(rest, taken)]]
        rest = rest[~np.isin(rest, taken)]
    found["train"][2] = rest
    return found


def _together(name, split, parts, like):
    x, y, places = parts
    if x.shape[1:] != like.shape[1:] or x.dtype != like.dtype:
        said = f"{x.shape[1:]}, {x.dtype}, in {split} and {like.shape[1:]}, {like.dtype}, in train"
        raise InvalidInput(f"Examples of {name} are {said}; they have to be alike.")
    return Split(x[places], y[places])


def _tell_repeated(name, splits, tell):
    """Say how many held-out examples are in train, too: a model may know those by heart."""
    known = {x.tobytes() for x in splits["train"].x}
    for split in ("validation", "test"):
        found = sum(x.tobytes() in known for x in splits[split].x)
        if found:
            tell(f"{found:,} of {len(splits[split].x):,} examples in {split} of {name} are in train as well: what is measured on them is no forecast")

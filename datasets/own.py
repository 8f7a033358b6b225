"""Data sets of one's own: arrays with labels, checked, shuffled, split and kept in the cache, called my_... as no other is."""

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.arrays import array_of, faint
from zoo.datasets import cache
from zoo.datasets.dataset import SPLITS, Info, Split
from zoo.errors import CacheError, InvalidInput, UnknownName, unknown_name
from zoo.names import are_labels, printable

PREFIX = "my_"
NAME = re.compile(r"my(_[a-z0-9]+)+", re.ASCII)
LONGEST = 60  # characters of a name
SHARE = 6  # one of so many examples goes to a split that is drawn, as MNIST's 10,000 of 60,000 do
SEED = 2015
VERSION = "1"  # of their layout
ARRAYS = "arrays given in Python"
_ROUNDING = 1e-4  # of a level, after a division by 255 in float32
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
        added = f"Added from {self.sources['own']}: examples of {shape}, {self.x_dtype}; {sizes}; {self.classes} classes"
        return f"# {self.name}\n\n{added} ({', '.join(self.class_names[:20])}{', ...' * (self.classes > 20)})."


def is_own(name):
    """Whether a name is one that only a data set of somebody's own has."""
    return isinstance(name, str) and len(name) <= LONGEST and bool(NAME.fullmatch(name))


def require_name(name):
    """Raise InvalidInput for a name that is not."""
    if not is_own(name):
        said = f"my_, as no data set of deepzoo's is, and words of small letters and digits, {LONGEST} characters at most"
        raise InvalidInput(f"A data set of your own is called {said}, such as my_flowers or my_flowers_2; got {name!r:.80}.")


def list_own():
    """The names of those that are in the cache; none where nobody can say where that is."""
    try:
        return {path.parent.name for path in cache.root().glob(f"{PREFIX}*/manifest.json") if is_own(path.parent.name)}
    except (CacheError, OSError):
        return set()


def describe_own(name, known):
    """The Info of one. known: names of all data sets, to suggest. Raises UnknownName, CacheError for a damaged manifest."""
    path = cache.root() / name / "manifest.json"
    with cache.as_cache_error(path, "read"):
        if not path.exists():
            anew = f"One of your own is added by zoo data add {name} FILE_OR_FOLDER."
            raise UnknownName(f"{unknown_name('data set', name, known)} {anew}")
        try:
            return info_of(cache.manifest_in(path), name)
        except cache.UNREADABLE as error:
            raise CacheError(f"{path} is damaged ({error}). Add {name} again with --force.") from None


def info_of(manifest, name):
    """The OwnInfo that a manifest tells of a data set of that name. Raises one of cache.UNREADABLE where it tells of none."""
    told, arrays, names = manifest["own"], manifest["arrays"], manifest["own"]["class_names"]
    shown = told["title"], manifest["provenance"]["licence"], manifest["provenance"]["from"]
    texts = isinstance(names, list) and are_labels(names) and all(are_labels([text]) for text in shown)
    if not texts or len(names) < 2 or (manifest["name"], manifest["version"]) != (name, VERSION) or not is_own(name):
        raise ValueError(f"it tells of no {name}")
    shapes = {part: tuple(map(int, arrays[part]["shape"])) for part in cache.ARRAYS}
    sizes = {split: shapes[f"{split}_x"][0] if shapes[f"{split}_x"] else 0 for split in SPLITS}
    labelled = all(shapes[f"{split}_y"] == (n,) and n > 0 for split, n in sizes.items())
    if not labelled or len({shapes[f"{split}_x"][1:] for split in SPLITS}) > 1:
        raise ValueError("its arrays have other shapes than a data set's")
    return OwnInfo(
        name=name,
        title=told["title"],
        licence=manifest["provenance"]["licence"],
        homepage="",
        version=VERSION,
        sizes=sizes,
        input_shape=shapes["train_x"][1:],
        classes=len(names),
        sources={"own": manifest["provenance"]["from"]},
        folder=Path(cache.root() / name),
        class_names=tuple(names),
        x_dtype=np.dtype(arrays["train_x"]["dtype"]).name,
        y_dtype=np.dtype(arrays["train_y"]["dtype"]).name,
        fingerprint=cache.fingerprint(manifest),
    )


def add(name, splits, tell, title=None, licence=None, class_names=None, source=ARRAYS, force=False):
    """Check, shuffle, split and keep the splits ({split: (x, y) or None}), see zoo.datasets.add."""
    require_name(name)
    source = printable(" ".join(str(source).split())) or ARRAYS
    named = {"title": title or f"added from {source}", "licence": licence or "not said"}
    for what, text in named.items():
        if not are_labels([text]):
            raise InvalidInput(f"The {what} of {name} is one line of text, not {text!r:.80}.")
    given = {split: _pair(split, pair) for split, pair in splits.items() if pair is not None}
    given = {split: _checked(f"{split} of {name}", *pair) for split, pair in given.items()}
    if "train" not in given:
        raise InvalidInput(f"{name} needs examples to train on: train=(x, y).")
    given, class_names = _numbered(name, given, class_names)
    _require_alike(name, given)
    levels = dict(zip(given, _levels(name, [x for x, _ in given.values()], tell)))
    _tell_faint(name, levels["train"], tell)
    drawn = _split(name, given, class_names)
    chosen = {split: Split(levels[of][places], y[places]) for split, (of, y, places) in drawn.items()}
    _tell_repeated(name, chosen, tell)
    with cache.building(name, tell) as folder:
        arrays = {f"{split}_{part}": getattr(chosen[split], part) for split in SPLITS for part in "xy"}
        made = {"source": "own", "from": source, "made_with": f"NumPy {np.__version__}", "homepage": ""}
        manifest = {"name": name, "version": VERSION, "layout": cache.LAYOUT}
        manifest["provenance"] = made | {"licence": named["licence"]}
        manifest["own"] = {"title": named["title"], "class_names": class_names}
        manifest["arrays"] = cache.write_arrays(folder / "arrays", arrays)
        if not force:
            require_same(name, manifest, "take its place with --force (in Python force=True)")
            _keep_what_is_told(name, manifest, title, licence)
        cache.publish(name, folder / "arrays", manifest)


def _keep_what_is_told(name, manifest, title, licence):
    """Of the same data set, added again, title and licence stay those of before where none is given."""
    with contextlib.suppress(FileNotFoundError, *cache.UNREADABLE):
        there = cache.manifest_in(cache.root() / name / "manifest.json")
        if title is None:
            manifest["own"]["title"] = there["own"]["title"]
        if licence is None:
            manifest["provenance"]["licence"] = there["provenance"]["licence"]


def require_same(name, manifest, remedy):
    """Raise InvalidInput where a data set of that name is there and has other arrays or classes. remedy: what else to do."""
    path = cache.root() / name / "manifest.json"
    try:
        there = cache.manifest_in(path)
        same = cache.fingerprint(there) == cache.fingerprint(manifest)
        same = same and there["own"]["class_names"] == manifest["own"]["class_names"]
    except FileNotFoundError:
        return
    except cache.UNREADABLE:
        same = False
    if not same:
        said = "results that were computed on it would no longer fit; call the new one otherwise, or"
        raise InvalidInput(f"There is another {name} already, and {said} {remedy}.")


def _pair(split, pair):
    try:
        if isinstance(pair, (dict, str, bytes)):
            raise TypeError("it is no pair")
        x, y = pair
    except (TypeError, ValueError):
        raise InvalidInput(f"{split} is a pair of arrays, (x, y).") from None
    return x, y


def _checked(what, x, y):
    """A Split of numbers and of labels, integers or strings, as given. Raises InvalidInput, naming what it is of."""
    x, y = _array(x, f"x in {what}"), _array(y, f"y in {what}")
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        instead = "of one-hot rows y.argmax(axis=1); several labels of one example are not taken"
        raise InvalidInput(f"The labels in {what} have the shape {y.shape}; (n,) is wanted: {instead}.")
    if x.ndim < 2 or not x.size:
        raise InvalidInput(f"The examples in {what} have the shape {x.shape}; (n, ...) is wanted, and none empty.")
    if len(x) != len(y):
        raise InvalidInput(f"There are {len(x):,} examples in {what} and {len(y):,} labels; it takes one for each.")
    if x.dtype.kind not in "buif":
        raise InvalidInput(f"The examples in {what} are {x.dtype}; integers or floats are wanted.")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise InvalidInput(f"The examples in {what} hold NaN or infinite values; leave those out or fill them.")
    low, high = float(x.min()), float(x.max())
    if not -_EXACT <= low <= high <= _EXACT:
        said = f"go from {low:g} to {high:g}, which float32 does not hold well"
        raise InvalidInput(f"The examples in {what} {said}; scale them.")
    return Split(x, _labels(what, y))


def _array(values, what):
    if np.ma.is_masked(values):
        raise InvalidInput(f"{what} has masked values, which would count; fill them in (.filled()) or leave those examples out.")
    try:
        return array_of(values, what)
    except TypeError:
        raise InvalidInput(f"{what} holds no numbers; an array of one shape for all is wanted.") from None


def _labels(what, y):
    """Labels as integers or strings: bytes, and objects that are all strings, as these; whole floats and truths as integers."""
    if y.dtype.kind == "S":
        try:
            return np.char.decode(y, "utf-8")
        except UnicodeDecodeError:
            raise InvalidInput(f"The labels in {what} are bytes that are no UTF-8; decode them first.") from None
    if y.dtype.kind == "O" and all(isinstance(label, str) for label in y):
        return y.astype(str)
    if y.dtype.kind == "b" or y.dtype.kind == "f" and (np.mod(y, 1) == 0).all() and np.abs(y).max() <= _EXACT:
        return y.astype("int64")
    if y.dtype.kind not in "uiU":
        raise InvalidInput(f"The labels in {what} are {y.dtype}; integers or strings are wanted.")
    if y.dtype.kind == "u" and y.max() > np.iinfo("int64").max:
        raise InvalidInput(f"The labels in {what} go to {y.max()}, beyond 64 bits with a sign; number them otherwise.")
    return y if y.dtype.kind == "U" else y.astype("int64")  # of all splits alike: NumPy compares other pairs as floats


def _require_alike(name, given):
    """Raise InvalidInput where examples of another split have another shape, or are of another kind, than those of train."""
    like = given["train"].x
    for split, (x, _) in given.items():
        if x.shape[1:] != like.shape[1:] or (x.dtype.kind == "f") != (like.dtype.kind == "f"):
            said = f"{x.shape[1:]}, {x.dtype}, in {split} and {like.shape[1:]}, {like.dtype}, in train"
            raise InvalidInput(f"Examples of {name} are {said}; they have to be alike.")


def _levels(name, arrays, tell):
    """Examples of all splits alike: as uint8 where all are whole numbers 0..255, or floats that are those over 255 but for
    rounding, or images of zeros and ones; else as float32.
    """
    first = arrays[0]
    low, high = min(float(x.min()) for x in arrays), max(float(x.max()) for x in arrays)
    # Zeros and ones that are no images are answers, one-hot or yes and no, not black and white.
    levels = first.ndim > 2 and not all(map(_is_one_hot, arrays)) or first.dtype.kind == "f" and any((x % 1).any() for x in arrays)
    black_to_white = 0 <= low and high <= 1 and levels
    if all(x.dtype == "uint8" for x in arrays) and not black_to_white:
        return arrays
    scaled = [x.astype("float32") * np.float32(255) if black_to_white else x for x in arrays]
    whole = [np.rint(x) if x.dtype.kind == "f" else x for x in scaled]
    fits, off = 0 <= low and (black_to_white or high <= 255), _ROUNDING if black_to_white else 0
    # A feature of small numbers is none of zeros.
    if fits and all((np.abs(x - near) <= off * (near > 0)).all() for x, near in zip(scaled, whole) if x.dtype.kind == "f"):
        if black_to_white and high > 0:
            tell(f"{name}: numbers in 0..1 are kept as whole ones in 0..255, which the zoo's models take")
        return [x.astype("uint8") for x in whole]
    return [x.astype("float32") for x in arrays]


def _is_one_hot(x):
    """Whether the last axis of examples tells which of several it is, as of sequences of letters."""
    return x.ndim == 3 and x.shape[-1] > 1 and x.min() == 0 and x.max() == 1 and ((x != 0).sum(axis=-1) == 1).all()


def _tell_faint(name, x, tell):
    """Say that images are of other numbers than models of images take, unless they are told so."""
    if x.ndim > 2 and not _is_one_hot(x) and (found := faint(x)):
        tell(f"{name}: the numbers are in {found}, while the zoo's models take pixels of 0..255; scale them, or give rescale=None")


def _numbered(name, given, class_names):
    """({split: Split} with labels 0, 1, ..., their names). Labels that are names, or have gaps, are numbered in their order."""
    labels = np.unique(given["train"].y)
    for split, (_, y) in given.items():
        if y.dtype.kind != labels.dtype.kind and "U" in (y.dtype.kind, labels.dtype.kind):
            raise InvalidInput(
                f"Labels of {name} are strings in one of train and {split}, numbers in the other; let them be alike."
            )
        if (strange := np.setdiff1d(y, labels)).size:
            raise InvalidInput(f"{name} has the label {strange[0]!s} in {split} that no example in train has.")
    if len(labels) < 2:
        raise InvalidInput(f"All examples of {name} have the label {labels[0]!s}; two classes are the least.")
    if class_names is not None:
        listed = isinstance(class_names, (list, tuple, np.ndarray)) and all(isinstance(text, str) for text in class_names)
        if not listed or labels.dtype.kind == "U" or not np.array_equal(labels, np.arange(len(class_names))):
            said = f"{name} has {len(labels)} labels, {labels[0]!s} first"
            raise InvalidInput(f"class_names is a list of texts that names the labels 0, 1, ... in turn; {said}.")
        class_names = [str(text) for text in class_names]
    called = class_names or [str(label) for label in labels]
    if not are_labels(called):
        odd = next((f"; {printable(each)!r} is none" for each in called if not are_labels([each])), "")
        said = f"Classes of {name} are called by different words, none empty, each on one line, that are text{odd}"
        raise InvalidInput(f"{said}. Call them otherwise.")
    numbered = {split: Split(x, np.searchsorted(labels, y).astype("int32")) for split, (x, y) in given.items()}
    return numbered, class_names or [str(label) for label in labels]


def _split(name, given, class_names):
    """{split: (the one that its examples are of, their labels, places)} in an order that is drawn; of splits that were not given
    the places are drawn from train, class by class.
    """
    random = np.random.RandomState(SEED)  # whose stream is the same in all versions of NumPy
    found = {split: (split, y, random.permutation(len(y))) for split, (_, y) in sorted(given.items())}
    _, y, rest = found["train"]
    for split in [split for split in ("test", "validation") if split not in found]:
        taken = []
        for label, called in enumerate(class_names):
            places = rest[y[rest] == label]
            if len(places) < 2:
                said = f"draw {split} from; give at least {SHARE} of each class, or {split}=(x, y)"
                raise InvalidInput(f"{name} has too few examples of the class {called} to {said}.")
            taken.append(places[: max(1, round(np.count_nonzero(y == label) / SHARE))])
        drawn = np.isin(rest, np.concatenate(taken))
        found[split], rest = ("train", y, rest[drawn]), rest[~drawn]
    return found | {"train": ("train", y, rest)}


def _tell_repeated(name, splits, tell):
    """Say how many held-out examples are in train, too: a model may know those by heart."""
    known = {x.tobytes() for x in splits["train"].x}
    for split in ("validation", "test"):
        found = sum(x.tobytes() in known for x in splits[split].x)
        if found:
            share = f"{found:,} of {len(splits[split].x):,} examples in {split} of {name}"
            tell(f"{share} are in train as well: what is measured on them is no forecast")

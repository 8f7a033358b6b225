"""Every data set: complete description, promised arrays, known content, disjoint splits, original archives."""

import hashlib
import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

from zoo.datasets import cache, describe, list_datasets, load
from zoo.datasets.dataset import SPLITS
from zoo.datasets.own import is_own

NAMES = [name for name in list_datasets() if not is_own(name)]
# Default tests reach no network and have no file of a user's: the arrays of these are tested with -m network, on a
# machine that has their source. Dummy data goes through their parsers in test_data_cifar10.py, test_data_texts.py and
# test_speech_data.py.
BEYOND_REACH = ("cifar10", "cifar10_jpeg", "msu_ru_speech", "tiny_shakespeare")
LOADED = [pytest.param(name, marks=pytest.mark.network) if name in BEYOND_REACH else name for name in NAMES]

# No fingerprint is known: it was never loaded where this was written; the checksum of its archive says what it holds.
UNPINNED = ("cifar10",)


def images_of(dataset, split):
    return {row.tobytes() for row in getattr(dataset, split).x}


@pytest.mark.parametrize("name", NAMES)
def test_described(name):
    info = describe(name)
    assert info.name == name
    assert set(info.sizes) == set(SPLITS)
    assert all([info.title, info.licence, info.homepage, info.version, info.sources])
    assert info.citation.lstrip().startswith("@")
    assert info.description.startswith("# ")
    assert (info.fingerprint is None) == (name in UNPINNED)
    build = importlib.import_module(f"zoo.datasets.{name}.build")
    assert list(build.SOURCES) == list(info.sources)


@pytest.mark.parametrize("name", NAMES)
def test_tags_are_tensorflow_datasets_own(name):
    tfds = Path(importlib.util.find_spec("tensorflow_datasets").origin).parent
    valid = {line.split("#")[0].strip() for line in (tfds / "core" / "valid_tags.txt").read_text().splitlines()}
    tags = [line.split("#")[0].strip() for line in (describe(name).folder / "TAGS.txt").read_text().splitlines()]
    assert tags
    assert set(tags) <= valid


@pytest.mark.parametrize("name", LOADED)
def test_arrays_are_as_promised(name):
    info, dataset = describe(name), load(name)
    for split in SPLITS:
        x, y = getattr(dataset, split)
        assert x.shape == (info.sizes[split], *info.input_shape)
        assert len(y) == info.sizes[split]
        assert (x.dtype.name, y.dtype.name) == (info.x_dtype, info.y_dtype)
        assert not x.flags.writeable and not y.flags.writeable
        assert isinstance(x.base, np.memmap) and isinstance(y.base, np.memmap)
        if info.classes:
            assert set(np.unique(y)) == set(range(info.classes))
        else:
            assert info.task != "classification" and np.isfinite(y).all()
    if info.classes:
        assert len(info.class_names) == info.classes == dataset.classes
    assert dataset.input_shape == info.input_shape


@pytest.mark.parametrize("name", LOADED)
def test_content_is_the_known_one(name):
    dataset = load(name)
    assert dataset.fingerprint == describe(name).fingerprint or name in UNPINNED
    for array, sha256 in dataset.provenance["sha256"].items():
        split, part = array.rsplit("_", 1)
        values = getattr(getattr(dataset, split), part)
        header = f"{values.dtype.str} {values.shape}\n".encode()
        assert hashlib.sha256(header + values.tobytes()).hexdigest() == sha256
    assert dataset.provenance["source"] in describe(name).sources
    assert dataset.provenance["licence"] == describe(name).licence


# Made here, of nothing or of other sets: a warm cache never imports what makes them. The slow ones take a minute or so.
MADE_HERE = (
    "adding",
    "curves",
    "digits",
    "interleaved_curves",
    "mackey_glass",
    "mnist_basic",
    "mnist_bg_rand",
    "mnist_rot",
    "rectangles",
    "spiral_arms",
)
SLOWLY = [pytest.param(name, marks=pytest.mark.slow) for name in ("convex", "mnist_bg_img", "mnist_rot_bg_img", "rectangles_img")]


@pytest.mark.parametrize("name", [*MADE_HERE, *SLOWLY])
def test_what_is_made_here_is_what_the_builder_makes_now(name, tmp_path):
    splits = importlib.import_module(f"zoo.datasets.{name}.build").build(tmp_path).splits
    arrays = {f"{split}_{part}": getattr(splits[split], part) for split in SPLITS for part in "xy"}
    made = {"arrays": {array: {"sha256": cache.content_hash(values)} for array, values in arrays.items()}}
    assert cache.fingerprint(made) == describe(name).fingerprint, "give it another version, or caches keep the old arrays"


# Drawn with replacement, as the published set is: so many different images there are in a split.
DIFFERENT = {"rectangles": {"train": 989, "validation": 200, "test": 35_137}}


@pytest.mark.parametrize("name", LOADED)
def test_no_example_is_in_two_splits_or_twice_in_one_unless_drawn_so(name):
    dataset = load(name)
    contents = {split: images_of(dataset, split) for split in SPLITS}
    for split in SPLITS:
        assert len(contents[split]) == DIFFERENT.get(name, describe(name).sizes)[split]
    for one, other in itertools.combinations(SPLITS, 2):
        assert not contents[one] & contents[other]


def test_fashion_is_not_mnist():
    mnist, fashion = load("mnist"), load("fashion_mnist")
    for one, other in itertools.product(SPLITS, SPLITS):
        assert not images_of(mnist, one) & images_of(fashion, other)
    # Clothes fill their picture, digits do not.
    assert mnist.train.x.mean() < 40 < 60 < fashion.train.x.mean()
    assert mnist.fingerprint != fashion.fingerprint


@pytest.mark.parametrize(
    ("name", "first"), [("mnist", [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]), ("fashion_mnist", [9, 2, 1, 1, 6, 1, 4, 6, 5, 7])]
)
def test_examples_keep_the_official_order(name, first):
    assert load(name).test.y[:10].tolist() == first


def test_mnist_training_split_is_the_literatures():
    counts = [4932, 5678, 4968, 5101, 4859, 4506, 4951, 5175, 4842, 4988]
    assert np.bincount(load("mnist").train.y).tolist() == counts


def test_curves_go_through_their_points():
    """Where y says that a point is, there is ink; and nothing is drawn outside the margin and the pen."""
    x, y = load("curves").train
    x, points = x[:500], y[:500].reshape(-1, 3, 2)
    columns, rows = np.moveaxis(np.floor(points).astype(int), -1, 0)
    assert (x[np.arange(500)[:, None], rows, columns] >= 64).all()
    assert points.min() >= 6 and points.max() <= 22
    framed = x.copy()
    framed[:, 5:23, 5:23] = 0
    assert not framed.any() and x.max(axis=(1, 2)).min() > 120
    # A parabola at quarter time: 3/8 first + 3/4 middle - 1/8 last.
    quarter = np.floor(points[:, 0] * 0.375 + points[:, 1] * 0.75 - points[:, 2] * 0.125).astype(int)
    assert (x[np.arange(500), quarter[:, 1], quarter[:, 0]] >= 40).all()


def test_digits_splits_are_stratified():
    digits = load("digits")
    for split in (digits.validation, digits.test):
        assert np.bincount(split.y).tolist() == [30] * 10
    assert digits.train.x.max() == 255


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_archives_rebuilt_from_the_arrays_are_the_registered_ones(name, tmp_path):
    """The arrays hold the official files completely: put together again, they give TFDS's registered checksums."""
    from zoo.datasets import mnist_family

    build = importlib.import_module(f"zoo.datasets.{name}.build")
    tfds = Path(importlib.util.find_spec("tensorflow_datasets").origin).parent
    registered = {}
    for line in (tfds / "url_checksums" / f"{name}.txt").read_text().splitlines():
        _, size, sha256, file = line.split("\t")
        registered[file] = (int(size), sha256)
    for original in build.ORIGINALS:
        idx = tmp_path / original.file
        idx.write_bytes(idx_bytes(load(name), original.file))
        mnist_family.rebuild(original, idx, tmp_path)
        archive = (tmp_path / f"{original.file}.gz").read_bytes()
        assert (len(archive), hashlib.sha256(archive).hexdigest()) == registered[f"{original.file}.gz"]


def idx_bytes(dataset, file):
    """The official IDX file of that name, put together from a data set's splits."""
    splits = [dataset.train, dataset.validation] if file.startswith("train") else [dataset.test]
    part = "x" if "images" in file else "y"
    values = np.concatenate([getattr(split, part) for split in splits]).astype(np.uint8)
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes() + values.tobytes()

"""Every data set: complete description, promised arrays, known content, disjoint splits, original archives."""

import hashlib
import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

from zoo.datasets import describe, list_datasets, load
from zoo.datasets.dataset import SPLITS

NAMES = list_datasets()
# Default tests reach no network and have no file of a user's: the arrays of these are tested with -m network, on a
# machine that has their source. Dummy data goes through their parsers in test_data_cifar10.py, test_data_texts.py and
# test_speech_data.py.
BEYOND_REACH = ("cifar10", "cifar10_jpeg", "msu_ru_speech", "tiny_shakespeare")
LOADED = [pytest.param(name, marks=pytest.mark.network) if name in BEYOND_REACH else name for name in NAMES]

# What each data set's content is, whatever machine or source it came from. A new one needs its line here.
FINGERPRINTS = {
    "adding": "d1d6ca75cb6f8796b88af071ed928b1294b1076d4e5e85cd89827b48b3f58df4",
    "canterbury_alice29": "8620818324af12bba81a45ce6bf546184ea9ae7bca3199fe24d34448951ef7a3",
    "canterbury_asyoulik": "a0d3f329202b4d97aa2e232f2633d251e841e9455b7e850aabff0ff82d76a0ea",
    "canterbury_lcet10": "a3de18c6db67fc88565279d13c55a66c946b90ebde5c42030fb3604615aadf96",
    "canterbury_plrabn12": "ec038f40bbdc53cb59ffc80af0181738055a5a957285b6e4668dc9d4d4430cda",
    "cifar10_jpeg": "ebff790c66e0d7629d5ee96d60cf4f3e28c8df5673c2fce2d1a472b3c269ca07",
    "convex": "f4a2a769eaadc20263fd93395d9994d3b2cc3edd072517260aaf1b12ebe2957a",
    "curves": "0f44d1312f3c2a79e2ab14a6ad5736ce882c1ac8de42c4a36bdf55c62d57fba2",
    "deterding_vowels": "a8612d973fe179c486af61ed8a7cc0df3a5592c2377726399d4a2ed4de6d3f55",
    "digits": "eff09349a55a525c52dacd4a92113ffae5c182acddeea50bf2a431223f069b99",
    "fashion_mnist": "8366b62976bf3eba13d6c076fa16e9bb435740c39703ba3637e4518773cd1979",
    "interleaved_curves": "e68e41e3c5f6e36f91a0ddcd536a4b4402451cdc0656a3e6b64dfd0bc0e58a28",
    "mackey_glass": "c62546b9505fc2c87983ca8db693a7cfdd1649cac1fb65882a696e00972a6fd8",
    "mnist": "8ea30c528bd1e3e59c2367d152d4e7e941d5b88524842e625ad1f419579957e7",
    "mnist_basic": "70a41c72a232996e54edb7a414cd3b4f877d8f2fb26e03c1505d8d5e3f051c76",
    "mnist_bg_img": "d1e49aaff37ba4685fc23b80e473a372c0b41bb12032178be9a1d4fca5616246",
    "mnist_bg_rand": "98a3592f450e317a320b69bce8d4a1d31413cd7c9b8e39433ebfb7d362face79",
    "msu_ru_speech": "c4d9f549f6d0cf25ca662485d94252ad2deb87aeb44ddd52fa7e0cc0d298da27",
    "mnist_rot": "6f87d0a87cdee0628871ecb2d4ffb5d377927dea4737b9c06ea7e140e71818ae",
    "mnist_rot_bg_img": "73e1537f637696f805cec2d653bd0ac9d73753bcae2bc78ab70828c51a630990",
    "rectangles": "3ecb690c192beeadbae06398f67104e22912d04848f6355c0fdc29331aca4359",
    "rectangles_img": "02f52db55ed325c56922a2c1c43e93adb15311bcc0d5722770754a7ee609058b",
    "spiral_arms": "5c77ca19986261eecda0f415f958db31c4e3096146f438201f38c3a4bf350aa1",
    "sunspots": "95066aa630fb57411782ffcad3658f5f75cfb291f76b577011a22ecdf33f4a7f",
    "taylor_demand": "9ec8bdc2cbdcff34fd3b78187dfbd1bb674cbacaedead9f0d1ca74b60aedd3f9",
    "tiny_shakespeare": "fe90623c6ba920339a69d9c9df1ec805b2890f8fc3cfdeb6f9cb03aa0b519328",
}
# Never loaded where this was written; TFDS's registered checksum of the archive says what it holds.
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
    assert name in UNPINNED or dataset.fingerprint == FINGERPRINTS[name]
    for array, sha256 in dataset.provenance["sha256"].items():
        split, part = array.rsplit("_", 1)
        values = getattr(getattr(dataset, split), part)
        header = f"{values.dtype.str} {values.shape}\n".encode()
        assert hashlib.sha256(header + values.tobytes()).hexdigest() == sha256
    assert dataset.provenance["source"] in describe(name).sources
    assert dataset.provenance["licence"] == describe(name).licence


@pytest.mark.parametrize("name", LOADED)
def test_no_example_is_in_two_splits_or_twice_in_one(name):
    dataset = load(name)
    contents = {split: images_of(dataset, split) for split in SPLITS}
    for split in SPLITS:
        assert len(contents[split]) == describe(name).sizes[split]
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

"""The variations of MNIST: whole-number rotation with known answers, one pool of digits, a TFDS builder over them."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import rotate

from source_example import own_cache, refused, tools  # noqa: F401
from zoo.datasets import describe, list_datasets, load, mnist_basic, variations
from zoo.datasets.dataset import SPLITS, Dataset, Split
from zoo.datasets.mnist_basic import build as basic_build
from zoo.datasets.own import is_own
from zoo.datasets.variations import TURN, UNIT
from zoo.errors import DataUnavailable

SIZES = (10_000, 2_000, 50_000)
OF_DIGITS = ("basic", "rot", "bg_rand", "bg_img", "rot_bg_img")
CONFIGS = {name: f"mnist_{name}" for name in OF_DIGITS} | {name: name for name in ("rectangles", "rectangles_img", "convex")}
# TFDS's builder on a few images in the place of ours, and TFDS's own tests of it and of the other builder, on dummy data.
CHILD = """
import json, sys, unittest
from types import SimpleNamespace
import numpy as np
import zoo.datasets.mnist_variations.mnist_variations_dataset_builder as module
import tensorflow_datasets as tfds
from zoo.datasets import load

sizes = {"train": 4, "validation": 2, "test": 3}
def few(name):
    splits = {split: getattr(load(name), split) for split in sizes}
    return SimpleNamespace(**{s: type(split)(split.x[: sizes[s]], split.y[: sizes[s]]) for s, split in splits.items()})
loaded, module.load = module.load, few
tfds.disable_progress_bar()
for config in sys.argv[2:]:
    data, info = tfds.load(f"mnist_variations/{config}", data_dir=sys.argv[1], with_info=True)
    for split, n in sizes.items():
        found = sorted((e["image"].tobytes(), int(e["label"]), e["image"].shape) for e in tfds.as_numpy(data[split]))
        ours = getattr(few(module.SETS[config]), split)
        assert found == sorted((x.tobytes(), int(y), (28, 28, 1)) for x, y in zip(*ours)), (config, split)
    names = info.features["label"].names
    print(json.dumps([info.full_name, info.citation, info.description, info.redistribution_info.license, names]))
module.load = loaded
from zoo.datasets.mnist_variations.mnist_variations_dataset_builder_test import MnistVariationsTest
from zoo.datasets.sequences.sequences_dataset_builder_test import SequencesTest
unittest.main(argv=["unittest"], verbosity=2)
"""


def turned(images, degrees, **options):
    images = np.asarray(images, np.uint8)
    return variations.rotated(images, np.full(len(images), round(degrees * TURN / 360) % TURN), **options)


@pytest.fixture(scope="module")
def images():
    return np.random.RandomState(0).randint(0, 256, (5, 28, 28)).astype(np.uint8)


@pytest.mark.parametrize("side", [28, 7])
def test_quarter_turns_are_exact(images, side):
    images = images[:, :side, :side]
    for quarters in range(4):
        np.testing.assert_array_equal(turned(images, 90 * quarters), np.rot90(images, quarters, (1, 2)))


def test_it_turns_counterclockwise_about_the_centre():
    image = np.zeros((1, 11, 11))
    image[0, 5, 10] = 200  # 5 to the right of the centre comes to lie 4 to the right and 3 above
    assert np.unravel_index(turned(image, 36.87).argmax(), (11, 11)) == (2, 9)
    image = np.zeros((1, 9, 9))
    image[0, 4, 4] = 200
    assert turned(image, 77)[0, 4, 4] == 200


@pytest.mark.parametrize("degrees", [0.01, 30, 45, 123.4, 270.2, 359.9])
def test_it_is_bilinear_interpolation(images, degrees):
    degrees = round(degrees * TURN / 360) * 360 / TURN
    image = np.pad(images[:, 4:-4, 4:-4], ((0, 0), (4, 4), (4, 4)))  # SciPy treats the border in another way
    expected = [rotate(one.astype(float), degrees, reshape=False, order=1) for one in image]
    assert np.abs(turned(image, degrees) - expected).max() < 1


def test_corners_turn_out_of_the_image_and_come_back_from_nowhere():
    white = np.full((1, 28, 28), 255)
    found = turned(white, 45)[0]
    assert found[0, 0] == found[-1, -1] == 0 and found[14, 0] == found[14, 14] == 255


def test_any_number_of_threads_gives_the_same(images, monkeypatch):
    monkeypatch.setattr(variations, "CHUNK", 2)
    angles = variations.angles(len(images))
    one, more = (variations.rotated(images, angles, workers) for workers in (1, 3))
    np.testing.assert_array_equal(one, more)
    np.testing.assert_array_equal(one[3:4], variations.rotated(images[3:4], angles[3:4]))


def test_no_sine_hangs_on_the_last_bit_of_a_library():
    exact = UNIT * np.sin(np.arange(TURN) * (2 * np.pi / TURN))
    assert np.abs(np.abs(exact % 1) - 0.5).min() > 1e-8  # a last bit is 2e-12
    table = variations.sine_table()
    assert table[TURN // 4] == UNIT and table[TURN // 12] == round(UNIT * np.sin(2 * np.pi * (TURN // 12) / TURN))
    np.testing.assert_array_equal(table[1:], -table[:0:-1])


def test_streams_are_fixed_and_each_ingredient_has_its_own():
    assert variations.stream("order").permutation(70_000)[:4].tolist() == [53908, 33239, 5879, 67171]
    assert variations.angles(4).tolist() == [20319, 11200, 31567, 44808]
    counts = np.bincount(variations.angles(62_000) // (TURN // 8))
    assert len(counts) == 8 and np.abs(counts - 62_000 / 8).max() < 4 * np.sqrt(62_000 / 8)


def test_rot_is_basic_turned():
    basic, rot = load("mnist_basic"), load("mnist_rot")
    angles = np.split(variations.angles(sum(SIZES)), np.cumsum(SIZES)[:-1])
    for split, own in zip(SPLITS, angles, strict=True):
        before, after = getattr(basic, split), getattr(rot, split)
        np.testing.assert_array_equal(before.y, after.y)
        np.testing.assert_array_equal(variations.rotated(before.x[-50:], own[-50:]), after.x[-50:])
    assert rot.train.x.mean() == pytest.approx(basic.train.x.mean(), rel=1e-3), "ink got lost"


def test_basic_holds_digits_of_all_of_mnist_with_their_labels():
    mnist, basic = load("mnist"), load("mnist_basic")
    known = {x.tobytes(): (int(y), name) for name in SPLITS for x, y in zip(*getattr(mnist, name), strict=True)}
    for split, size in zip(SPLITS, SIZES, strict=True):
        found = [known[x.tobytes()] for x in getattr(basic, split).x]
        assert [label for label, _ in found] == getattr(basic, split).y.tolist()
        shares = [sum(name == of for _, name in found) / size for of in SPLITS]
        assert shares == pytest.approx([5 / 7, 1 / 7, 1 / 7], abs=0.03)


def test_backgrounds_are_behind_the_digits():
    basic, rot = load("mnist_basic").test.x, load("mnist_rot").test.x
    noise, photographs, both = (load(f"mnist_{name}").test.x for name in ("bg_rand", "bg_img", "rot_bg_img"))
    for digits, scenes in ((basic, noise), (basic, photographs), (rot, both)):
        assert (scenes >= digits).all() and (scenes[digits == 255] == 255).all()
        assert np.mean(scenes[digits > 0] == digits[digits > 0]) > 0.5, "strokes are bright, and stay as they are"
    empty = (basic == 0) & (rot == 0)
    np.testing.assert_array_equal(photographs[empty], both[empty])
    for name in ("bg_rand", "bg_img", "rot_bg_img"):
        np.testing.assert_array_equal(load(f"mnist_{name}").test.y, load("mnist_basic").test.y)


def test_noise_is_uniform_and_independent():
    x, digits = load("mnist_bg_rand").test.x[:5000], load("mnist_basic").test.x[:5000]
    counts = np.bincount(x[digits == 0], minlength=256)
    assert np.abs(counts - counts.mean()).max() < 5 * np.sqrt(counts.mean())
    corner = x[:, :5, :5].reshape(5000, 25)[(digits[:, :5, :5] == 0).all(axis=(1, 2))].astype(float)
    assert np.abs(np.corrcoef(corner.T) - np.eye(25)).max() < 5 / np.sqrt(len(corner))


@pytest.mark.parametrize("name", [f"mnist_{name}" for name in OF_DIGITS])
def test_without_mnist_the_error_is_mnists(name, own_cache, tools, monkeypatch):
    refused("mnist", monkeypatch)
    with pytest.raises(DataUnavailable, match="mnist cannot be loaded: it is not in the cache.*official source.*connect"):
        load(name)
    (own_cache / "mnist").mkdir(exist_ok=True)
    (own_cache / "mnist" / "manifest.json").write_text("{}")
    with pytest.raises(DataUnavailable, match="mnist cannot be loaded: its manifest is unreadable"):
        load(name)
    assert not list((own_cache / name).glob("arrays-*")) + list((own_cache / name).glob(".building-*"))


def test_a_corrupt_cache_is_drawn_anew(own_cache, monkeypatch, capsys):
    """mnist_basic on a small scale: a byte of it changes, and the same arrays come back from mnist."""
    few = load_few(own_cache, monkeypatch)
    first = load("mnist_basic")
    (damaged,) = (own_cache / "mnist_basic").glob("arrays-*/train_x.npy")
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    again = load("mnist_basic")
    assert again.fingerprint == first.fingerprint and "corrupt" in capsys.readouterr().err
    assert {x.tobytes() for x in again.train.x} <= {x.tobytes() for split in SPLITS for x in getattr(few, split).x}


def load_few(own_cache, monkeypatch):
    """A mnist of 90 images, and a mnist_basic of 60 of them."""
    x = np.random.RandomState(1).randint(0, 256, (90, 28, 28)).astype(np.uint8)
    parts = {split: Split(x[30 * i :][:30], np.arange(30, dtype=np.int32) % 10) for i, split in enumerate(SPLITS)}
    few = Dataset("mnist", **parts, classes=10, class_names=(), input_shape=(28, 28), provenance={}, fingerprint="")
    info = dataclasses.replace(mnist_basic.INFO, sizes={"train": 20, "validation": 10, "test": 30})
    monkeypatch.setattr(variations, "load", lambda name: few)
    for module in (mnist_basic, basic_build):
        monkeypatch.setattr(module, "INFO", info)
    return few


def test_tensorflow_datasets_builder_gives_the_same_arrays_and_both_pass_its_own_tests(tmp_path):
    """In one interpreter, as what takes longest is the import of TensorFlow."""
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "NO_GCE_CHECK": "true"}
    arguments = [sys.executable, "-c", CHILD, str(tmp_path), *CONFIGS]
    done = subprocess.run(arguments, env=quiet, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-4000:]
    assert {"MnistVariationsTest", "SequencesTest"} == set(
        re.findall(r"^test_download_and_prepare_as_dataset .*?(\w+Test)\b", done.stderr, re.M)
    )
    described = [line for line in done.stdout.splitlines() if line.startswith("[")]
    for config, line in zip(CONFIGS, described, strict=True):
        name, citation, description, licence, names = json.loads(line)
        assert names == list(describe(CONFIGS[config]).class_names)
        assert name == f"mnist_variations/{config}/2.0.0" and "larochelle2007" in citation
        assert description.startswith("# Variations") and licence == describe(CONFIGS[config]).licence


def test_every_sequence_that_tensorflow_datasets_lacks_is_in_the_builder():
    source = Path(variations.__file__).parent / "sequences" / "sequences_dataset_builder.py"
    books = [f"canterbury_{book}" for book in ("alice29", "asyoulik", "lcet10", "plrabn12")]
    known = {name for name in list_datasets() if not is_own(name)}
    images = {name for name in known if describe(name).x_dtype == "uint8" and name not in books}
    others = known - images - {"interleaved_curves", "spiral_arms"}
    assert not [name for name in others if name not in books and f'"{name}"' not in source.read_text()]
    assert len(others) == 10


def test_builders_for_tensorflow_datasets_are_no_sets_of_their_own():
    assert not {"mnist_variations", "sequences"} & set(list_datasets())

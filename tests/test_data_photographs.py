"""Patches of photographs: every grey of them is a photograph's, those without texture are left out; damage is named."""

import numpy as np
import pytest

from source_example import own_cache  # noqa: F401
from zoo.datasets import describe, load, photographs, shapes, variations
from zoo.datasets.dataset import SourceFailed
from zoo.datasets.rectangles_img.build import SIZES
from zoo.errors import DataUnavailable


def test_windows_are_summed_exactly():
    image = np.random.RandomState(0).randint(0, 256, (9, 12))
    sums = photographs.window_sums(image, 5)
    assert sums.shape == (5, 8) and sums[4, 7] == image[4:, 7:].sum() and sums[1, 2] == image[1:6, 2:7].sum()


def test_texture_is_standard_deviation():
    image = np.random.RandomState(0).normal(128, 25, (40, 60)).clip(0, 255).astype(np.uint8)
    corners = photographs.textured(image, 28)
    places = [(row, column) for row in range(13) for column in range(33)]
    deviations = {(row, column): image[row : row + 28, column : column + 28].std() for row, column in places}
    assert 0 < len(corners) < len(deviations)
    assert {tuple(corner) for corner in corners} == {corner for corner, found in deviations.items() if found >= 25}
    assert len(photographs.textured(np.full((40, 60), 128, np.uint8), 28)) == 0


def test_patches_come_from_every_photograph_alike():
    images = photographs.photographs()
    found = photographs.patches(np.random.RandomState(1), 400, 28)
    assert found.std(axis=(1, 2)).min() >= 25
    windows = [
        {image[row : row + 28, column : column + 28].tobytes() for row, column in photographs.textured(image, 28)}
        for image in images[2:5:2]
    ]  # camera and coffee, of the others there are too many
    for mine in windows:
        assert sum(patch.tobytes() in mine for patch in found) == pytest.approx(400 / 8, abs=4 * np.sqrt(400 / 8))


def test_colours_become_grey_in_whole_numbers():
    image = np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0], [10, 20, 30]]], np.uint8)
    assert photographs.grey(image).tolist() == [[255, 0, 76, 150, 18]]
    assert photographs.grey(image[..., 0]) is not None and photographs.grey(image[..., 0]).shape == (1, 5)


def test_another_photograph_is_refused(monkeypatch):
    monkeypatch.setitem(photographs.SHA256, "brick", "0" * 64)
    with pytest.raises(
        SourceFailed, match="brick.png of scikit-image .* is another file than the one that is known here: its sha256 differs"
    ):
        photographs.files()
    monkeypatch.setattr(photographs, "SHA256", {"no such photograph": ""})
    with pytest.raises(SourceFailed, match="scikit-image .* does not ship no such photograph.png"):
        photographs.files()


@pytest.mark.parametrize("name", ["mnist_bg_img", "rectangles_img"])
def test_without_photographs_the_error_says_what_to_do(name, own_cache, monkeypatch):
    monkeypatch.setitem(photographs.SHA256, "coins", "0" * 64)
    with pytest.raises(DataUnavailable, match=f"{name} cannot be loaded: .*coins.png.*install a scikit-image that ships"):
        load(name)


def test_rectangles_differ_from_what_is_behind_them_only_inside():
    """Where a rectangle is, its patch's texture; no border is drawn, so the grey of the two must jump on its edge."""
    x, y = load("rectangles_img").test
    n = sum(describe("rectangles_img").sizes.values())
    found = shapes.rectangles(variations.stream("rectangles_img"), n, **SIZES)[-len(x) :]
    np.testing.assert_array_equal(found[:, 2] > found[:, 3], y == 1)
    areas = found[:, 2] * found[:, 3] / shapes.SIDE**2
    assert 0.25 <= areas.min() < 0.27 and 0.73 < areas.max() <= 0.75
    steps = np.abs(np.diff(x.astype(int), axis=2))  # between columns
    edges = np.diff(shapes.inside(found).astype(int), axis=2) != 0
    assert steps[edges].mean() > 3 * steps[~edges].mean()

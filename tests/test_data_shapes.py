"""Rectangles and convex sets: known answers, the promised distributions, no image twice, any number of threads the same."""

import numpy as np
import pytest
from scipy.spatial import ConvexHull, Delaunay

from zoo.datasets import load, shapes, variations
from zoo.datasets.dataset import SPLITS


def picture(text):
    """A set of pixels from rows of dots and crosses, in the upper left corner."""
    found = np.zeros((1, shapes.SIDE, shapes.SIDE), bool)
    for row, line in enumerate(text.split()):
        found[0, row, : len(line)] = [pixel == "x" for pixel in line]
    return found


@pytest.mark.parametrize(
    "text, expected",
    [
        ("x", True),
        ("xxx", True),
        ("x.x", False),
        ("x x x", True),
        ("x . x", False),
        (".x. xxx .x.", True),
        ("xx x. xx", False),
        ("xx. x.. .xx", False),
        ("xx. .xx", True),
        ("x.. .x. ..x", True),
        ("x... .x.. ..xx", True),
        ("x.... ..x.. ....x", False),
        ("x... ..xx", False),
        ("x... x... xxxx", False),
        ("x... xx.. xxxx", True),
        ("x... xx.. xxx. xxxx", True),
        ("xxxx x..x xxxx", False),
    ],
)
def test_convexity_has_known_answers(text, expected):
    for turned in (np.rot90(picture(text), turns, (1, 2)) for turns in range(4)):
        assert shapes.convex(turned).tolist() == [expected]


def test_convexity_is_that_of_the_hull():
    """Against SciPy's hull: a set is convex if no other pixel's centre is in the hull of its own."""
    sets = shapes.unions(variations.stream("tested"))[:40]
    sets = np.concatenate([sets, shapes.intersections(variations.stream("tested"))[:40]])
    grid = np.argwhere(np.ones((shapes.SIDE, shapes.SIDE)))
    for one, holds in zip(sets, shapes.convex(sets), strict=True):
        points = np.argwhere(one)
        hull = Delaunay(points[ConvexHull(points).vertices])
        assert holds == ((hull.find_simplex(grid, tol=1e-9) >= 0).sum() == len(points))


def test_half_planes_are_where_they_point():
    down, right, middle = np.array([1, 0]), np.array([0, -1]), np.full(2, shapes.POINTS // 2)
    below, left = shapes.half_planes(down, right, middle, middle)
    rows, columns = np.indices(below.shape)
    np.testing.assert_array_equal(below, rows >= 14)
    np.testing.assert_array_equal(left, columns < 14)


def test_any_number_of_threads_draws_the_same(monkeypatch):
    monkeypatch.setattr(shapes.intersections, "__defaults__", (shapes.CONVEX, 500))
    one, more = (shapes.convex_and_not(variations.stream, 400, workers) for workers in (1, 3))
    np.testing.assert_array_equal(one[0], more[0])
    np.testing.assert_array_equal(one[1], more[1])


def test_convex_is_what_its_readme_says():
    convex = load("convex")
    x, y = (np.concatenate([getattr(getattr(convex, split), part)[:3000] for split in SPLITS]) for part in "xy")
    white = x == shapes.WHITE
    assert (white | (x == 0)).all()
    np.testing.assert_array_equal(shapes.convex(white), y == 1)
    counts = white.sum(axis=(1, 2))
    assert counts[y == 1].min() >= 19 and counts[y == 0].min() >= 10
    x, y = convex.test
    means = [np.mean(x[y == label] == shapes.WHITE) for label in (0, 1)]
    assert means[0] == pytest.approx(means[1], rel=0.02) and y.mean() == pytest.approx(0.5, abs=0.01)


def measured(outline):
    """(row, column, height, width) of the one rectangle in an image."""
    places = [np.flatnonzero(outline.any(axis=axis)) for axis in (1, 0)]
    return places[0][0], places[1][0], np.ptp(places[0]) + 1, np.ptp(places[1]) + 1


def test_rectangles_are_outlines_that_their_label_describes():
    for split in SPLITS:
        x, y = getattr(load("rectangles"), split)
        found = np.array([measured(one) for one in x[:500]])
        np.testing.assert_array_equal(shapes.outlines(found), x[:500])
        np.testing.assert_array_equal(found[:, 2] > found[:, 3], y[:500] == 1)
        assert np.abs(found[:, 2] - found[:, 3]).min() == 3 and found[:, 2:].min() == 1
    assert load("rectangles").test.y.mean() == pytest.approx(0.5, abs=0.01)


def test_rectangles_are_as_large_in_every_part_of_the_test_split_and_none_was_trained_on():
    data = load("rectangles")
    parts = [split.x for split in (data.train, data.validation)] + np.array_split(data.test.x, 5)
    white = [np.count_nonzero(part) / len(part) for part in parts]
    drawn = shapes.outlines(shapes.rectangles(variations.stream("tested"), 50_000, shortest=1, difference=3))
    spread = np.count_nonzero(drawn, axis=(1, 2)).std()
    for part, found in zip(parts, white):
        assert abs(found - np.count_nonzero(drawn) / len(drawn)) < 4 * spread / np.sqrt(len(part))
    each = [shapes.first_of_equals(split.x) for split in (data.train, data.validation, data.test)]
    assert len(shapes.first_of_equals(np.concatenate(each))) == sum(map(len, each))


def test_an_outline_is_one_pixel_wide():
    box, line = shapes.outlines(np.array([[1, 2, 3, 6], [0, 27, 28, 1]])) // shapes.WHITE
    assert box[1:4, 2:8].tolist() == [[1] * 6, [1, 0, 0, 0, 0, 1], [1] * 6] and box.sum() == 14
    assert line[:, 27].all() and line.sum() == 28


def test_sizes_and_places_are_uniform():
    drawn = shapes.rectangles(variations.stream("tested"), 60_000, shortest=10, difference=5)
    assert drawn[:, :2].min() == 0 and (drawn[:, :2] + drawn[:, 2:]).max() == shapes.SIDE
    sizes, counts = np.unique(drawn[:, 2:], axis=0, return_counts=True)
    assert len(sizes) == 14 * 15 and np.abs(counts - 60_000 / len(sizes)).max() < 5 * np.sqrt(60_000 / len(sizes))
    short = drawn[drawn[:, 2] == 10, 0]
    assert np.abs(np.bincount(short, minlength=19) - len(short) / 19).max() < 5 * np.sqrt(len(short) / 19)


def test_of_equals_the_first_stays():
    rows = np.array([[3, 1], [2, 2], [3, 1], [0, 9], [2, 2]])
    assert shapes.first_of_equals(rows).tolist() == [[3, 1], [2, 2], [0, 9]]
    sets = np.array([[[True, False]], [[False, True]], [[True, False]]])
    assert shapes.first_of_equals(sets).tolist() == [[[True, False]], [[False, True]]]

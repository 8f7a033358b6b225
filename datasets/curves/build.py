"""Draws the curves, always the same ones: in whole numbers, but for one square root and its rounding to grey."""

import numpy as np

from zoo.datasets.curves import INFO
from zoo.datasets.dataset import GENERATED, Built, Split

SEED = 2006
UNIT = 64  # parts of a pixel: points and curves lie on a grid that fine
MARGIN = 6  # pixels at the border that a curve keeps free
PEN = 1  # its width in pixels
STEPS = 100  # straight pieces that a curve is drawn with
BLOCK = 1000  # images drawn at once

SOURCES = GENERATED


def build(folder):
    """x: the images; y (n, 6): column and row of the three points in pixels, the upper left corner being 0, 0."""
    random = np.random.RandomState(SEED)  # its stream is the same in all versions of NumPy
    points = three_points(sum(INFO.sizes.values()), random)
    x = np.concatenate([draw(points[i : i + BLOCK]) for i in range(0, len(points), BLOCK)])
    y = (points.reshape(len(points), 6) / UNIT).astype(np.float32)
    ends = np.cumsum(list(INFO.sizes.values()))
    parts = zip(np.split(x, ends[:-1]), np.split(y, ends[:-1]))
    return Built({split: Split(*part) for split, part in zip(INFO.sizes, parts)}, f"NumPy {np.__version__}")


def three_points(n, random):
    """Points (n, 3, 2) int64, uniform within the margins; drawn again where the curve through them would leave these."""
    low, high, found = MARGIN * UNIT, (INFO.input_shape[0] - MARGIN) * UNIT, np.empty((0, 3, 2), np.int64)
    while len(found) < n:
        points = random.randint(low, high + 1, (n, 3, 2)).astype(np.int64)
        inside = [((low <= place) & (place <= high)).all(axis=1) for place in curve(points)]
        found = np.concatenate([found, points[np.all(inside, axis=0)]])
    return found[:n]


def curve(points):
    """Places (n, 2) int64 along the parabolas through points (n, 3, 2), the second of which is met half way."""
    for step in range(STEPS + 1):
        weights = (STEPS - step) * (STEPS - 2 * step), 4 * step * (STEPS - step), step * (2 * step - STEPS)
        yield sum(weight * points[:, i] for i, weight in enumerate(weights)) // STEPS**2


def draw(points):
    """Images (n, 28, 28) uint8, 0..255 by how far a pixel's centre is from the curve: the pen's edge fades."""
    centres = np.arange(INFO.input_shape[0]) * UNIT + UNIT // 2
    squared = np.full((len(points), *INFO.input_shape), np.iinfo(np.int32).max, np.int32)
    for place in curve(points):
        columns, rows = (((centres - place[:, axis, None]) ** 2).astype(np.int32) for axis in (0, 1))
        np.minimum(squared, rows[:, :, None] + columns[:, None, :], out=squared)
    distance = np.sqrt(squared.astype(np.float64)) / UNIT
    return np.rint(255 * np.clip((PEN + 1) / 2 - distance, 0, 1)).astype(np.uint8)

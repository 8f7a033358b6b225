"""Draws rectangles, always the same ones."""

import numpy as np

from zoo.datasets import shapes, variations
from zoo.datasets.dataset import GENERATED
from zoo.datasets.rectangles import INFO

SOURCES = GENERATED


def build(folder):
    """Outlines of rectangles, white on black. One may come again in its split, but none in two splits."""
    random, found = variations.stream("rectangles"), np.empty((0, 4), np.int64)
    for n in INFO.sizes.values():
        drawn = shapes.other_rectangles(random, n, shortest=1, difference=3, others=found)
        found = np.concatenate([found, drawn])
    return variations.built(shapes.outlines(found), shapes.tall(found), INFO.sizes)

"""Draws rectangles_img, always the same ones, of the same patches."""

import numpy as np

from zoo.datasets import photographs, shapes, variations
from zoo.datasets.rectangles_img import INFO

NEEDS = photographs.NEEDS
SOURCES = variations.PHOTOGRAPHS
SIZES = {"shortest": 10, "difference": 5, "areas": (shapes.SIDE**2 // 4, 3 * shapes.SIDE**2 // 4)}


def build(folder):
    """Rectangles that show one patch, the rest of the image another."""
    n = sum(INFO.sizes.values())
    # The same rectangle may come again, with other patches: those of 51,000 images would not be enough.
    found = shapes.rectangles(variations.stream("rectangles_img"), n, **SIZES)
    inner, outer = variations.scenery(n, "inner patches"), variations.scenery(n, "outer patches")
    return variations.built(np.where(shapes.inside(found), inner, outer), shapes.tall(found), INFO.sizes)

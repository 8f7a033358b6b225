"""Draws mnist_bg_img, always the same digits and patches."""

from zoo.datasets import photographs, variations
from zoo.datasets.mnist_bg_img import INFO

NEEDS = photographs.NEEDS
SOURCES = variations.BOTH


def build(folder):
    """The digits of mnist_basic, each before a patch of its own."""
    x, y = variations.digits(INFO.sizes)
    return variations.built(variations.before(variations.scenery(len(x)), x), y, INFO.sizes)

"""Draws mnist_bg_rand, always the same digits and noise."""

from zoo.datasets import variations
from zoo.datasets.mnist_bg_rand import INFO

SOURCES = variations.MNIST


def build(folder):
    """The digits of mnist_basic, each before noise of its own."""
    x, y = variations.digits(INFO.sizes)
    return variations.built(variations.before(variations.noise(len(x)), x), y, INFO.sizes)

"""Draws mnist_rot from mnist, always the same digits and angles."""

from zoo.datasets import variations
from zoo.datasets.mnist_rot import INFO

SOURCES = variations.MNIST


def build(folder):
    """The digits of mnist_basic, each turned by an angle of its own."""
    x, y = variations.digits(INFO.sizes)
    return variations.built(variations.rotated(x, variations.angles(len(x))), y, INFO.sizes)

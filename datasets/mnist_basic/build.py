"""Draws mnist_basic from mnist, always the same digits."""

from zoo.datasets import variations
from zoo.datasets.mnist_basic import INFO

SOURCES = variations.MNIST


def build(folder):
    """62,000 of mnist's 70,000 digits, in a random order."""
    return variations.built(*variations.digits(INFO.sizes), INFO.sizes)

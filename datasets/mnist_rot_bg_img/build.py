"""Draws mnist_rot_bg_img, always the same digits, angles and patches."""

from zoo.datasets import photographs, variations
from zoo.datasets.mnist_rot_bg_img import INFO

NEEDS = photographs.NEEDS
SOURCES = variations.BOTH


def build(folder):
    """The digits of mnist_rot before the patches of mnist_bg_img."""
    x, y = variations.digits(INFO.sizes)
    x = variations.rotated(x, variations.angles(len(x)))
    return variations.built(variations.before(variations.scenery(len(x)), x), y, INFO.sizes)

"""Draws convex, always the same ones."""

from zoo.datasets import shapes, variations
from zoo.datasets.convex import INFO
from zoo.datasets.dataset import GENERATED

SOURCES = GENERATED


def build(folder):
    """Different white sets on black."""
    n = sum(INFO.sizes.values())
    x, y = shapes.convex_and_not(lambda part: variations.stream(f"convex: {part}"), n)
    return variations.built(x, y, INFO.sizes)

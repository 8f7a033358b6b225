"""Draws the sequences of the adding problem, always the same ones."""

import numpy as np

from zoo.datasets.adding import INFO
from zoo.datasets.adding.sequences import draw
from zoo.datasets.dataset import GENERATED, Built, Split

LENGTH, SEED = 100, 1997

SOURCES = GENERATED


def build(folder):
    """The splits, one after another from the same stream."""
    random = np.random.RandomState(SEED)  # its stream is the same in all versions of NumPy
    return Built({split: Split(*draw(n, LENGTH, random)) for split, n in INFO.sizes.items()}, f"NumPy {np.__version__}")

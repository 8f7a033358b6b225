"""Draws the points, always the same ones: sums and products alone, which every machine rounds alike."""

import numpy as np

from zoo.datasets.dataset import GENERATED, Built, Split
from zoo.datasets.interleaved_curves import INFO

SEED = 2015
STEPS = 1 << 20  # from -1 to 1 along a curve
APART = 0.4  # how far the upper curve lies above the lower
NOISE = 0.04  # the most that a point lies above or below its curve

SOURCES = GENERATED


def build(folder):
    """x uniform in -1..1, y an S-shaped cubic of x with noise, shifted up or down by half of APART."""
    # RandomState's stream is frozen for all versions of NumPy; a Generator's is not.
    random, splits = np.random.RandomState(SEED), {}
    for split, n in INFO.sizes.items():
        x, noise = (random.randint(-STEPS, STEPS + 1, n) / STEPS for _ in range(2))
        label = random.randint(0, 2, n)
        y = 1.5 * x * (x * x - 1) + APART * (label - 0.5) + NOISE * noise
        splits[split] = Split(np.stack([x, y], axis=1).astype(np.float32), label.astype(np.int32))
    return Built(splits, f"NumPy {np.__version__}")

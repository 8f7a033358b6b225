"""Draws the points, always the same ones: sums, products and quotients alone, which every machine rounds alike."""

import numpy as np

from zoo.datasets.dataset import GENERATED, Built, Split
from zoo.datasets.spiral_arms import INFO

SEED = 1988
STEPS = 1 << 20  # from the inner to the outer end of an arm
INNER = 0.15  # distance of the inner ends from the middle; the outer ones are 1 away
NOISE = 0.03  # the most that a point lies beside its arm, in either coordinate
# Where the arms begin: 0, 120 and 240 degrees.
STARTS = np.array([(1.0, 0.0), (-0.5, 0.8660254037844386), (-0.5, -0.8660254037844386)])

SOURCES = GENERATED


def build(folder):
    """t uniform in 0..1 along an arm whose radius grows with t, its angle as 4 arctan t, by half a turn; then noise."""
    # RandomState's stream is frozen for all versions of NumPy; a Generator's is not.
    random, splits = np.random.RandomState(SEED), {}
    for split, n in INFO.sizes.items():
        t = random.randint(0, STEPS + 1, n) / STEPS
        label = random.randint(0, INFO.classes, n)
        noise = random.randint(-STEPS, STEPS + 1, (2, n)) / STEPS
        half = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)  # cosine and sine of half the angle
        places = _turned(_turned(STARTS[label].T, half), half) * (INNER + (1 - INNER) * t) + NOISE * noise
        splits[split] = Split(places.T.astype(np.float32), label.astype(np.int32))
    return Built(splits, f"NumPy {np.__version__}")


def _turned(places, by):
    """Places (2, n) turned round the middle by angles given as their (cosines, sines)."""
    (x, y), (cosine, sine) = places, by
    return np.stack([x * cosine - y * sine, x * sine + y * cosine])

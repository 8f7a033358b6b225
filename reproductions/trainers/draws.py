"""Small training sets drawn from a large split: every seed its own, the same one whatever is trained on it."""

import numpy as np

from zoo.errors import InvalidInput


def draws(seeds, size, split, stream=0):
    """Rows of a split, int (seeds, size), no row twice for a seed; the first of a larger draw are the smaller one.

    stream: number of one of several independent draws of a seed. Raises InvalidInput where the split is too small.
    """
    if not 1 <= size <= len(split.x):
        raise InvalidInput(f"{size:,} images can't be drawn from {len(split.x):,}; draw 1 to {len(split.x):,}.")
    # The stream of RandomState is the same in all versions of NumPy.
    return np.stack([np.random.RandomState([stream, seed]).permutation(len(split.x))[:size] for seed in seeds])

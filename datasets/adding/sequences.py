"""The adding problem at any length, for experiments on how long a lag is bridged."""

import numpy as np

from zoo.errors import InvalidInput

PADDING = -1.0
EARLY = 10  # the first marked number is one of so many
MEAN_PREDICTOR = 1 / 6  # mean squared error of the constant 1, the variance of a sum of two uniform numbers


def padded_steps(length):
    """Steps that sequences of at least `length` are padded to."""
    return length + length // 10


def draw(n, length, random):
    """(x, y): n sequences of the adding problem, drawn from a numpy RandomState.

    x (n, padded_steps(length), 2) float32: at each step a number from 0..1 and a mark, 1 or 0; a sequence has
    length..1.1 length steps, uniformly, and steps after its end are PADDING in both. Two numbers are marked, the first among
    the first ten, the other among all of the first length/2, so that both have to be kept for at least length/2 steps. y
    (n,) float32: their sum. Raises InvalidInput for a length below 4.
    """
    if length < 4:
        raise InvalidInput(f"A sequence of the adding problem has 4 steps at least, two to mark and two to keep; got {length}.")
    steps, row = padded_steps(length), np.arange(n)
    numbers = random.random_sample((n, steps)).astype(np.float32)
    first = random.randint(0, min(EARLY, length // 2), n)
    second = (first + random.randint(1, length // 2, n)) % (length // 2)
    x = np.stack([numbers, np.zeros_like(numbers)], axis=-1)
    x[row, first, 1] = x[row, second, 1] = 1
    y = numbers[row, first] + numbers[row, second]
    ends = random.randint(length, steps + 1, n)
    x[np.arange(steps) >= ends[:, None]] = PADDING
    return x, y


def lengths(x):
    """How many steps each of the padded sequences x (n, steps, 2) really has, int (n,)."""
    return (x[:, :, 1] != PADDING).sum(axis=1)

"""Frames of speech as models take them: standardised windows of 11 frames, and the minutes that a seed has labels of."""

import functools
from typing import NamedTuple

import numpy as np

from zoo.errors import InvalidInput

FRAMES_PER_MINUTE = 6000
BANDS = 40  # the first columns of a frame; the two others say where it is from
REACH = 5  # frames on either side of the one to classify
ORDER_SEED = 16  # of the utterances in a pool


class Speech(NamedTuple):
    """A pool of training speech, and what is held out.

    x: float32 (n, 11, 40, 3): windows, bands, and value, slope and slope of the slope, standardised over the pool. y: (n,).
    utterances: (n,) number of each frame's recording. spectrum: (n, 40) log-mel as they are in the data set.
    """

    x: np.ndarray
    y: np.ndarray
    utterances: np.ndarray
    spectrum: np.ndarray


@functools.lru_cache(maxsize=1)  # the trials of a claim take the same, gigabytes of it where all is wanted
def speech(dataset, pool=None, validation=None, test=None):
    """(train, validation, test), each a Speech of so many minutes of the split.

    Whole recordings, in an order drawn once for all, the last one cut; None for all. Mean and deviation that standardise
    each band, its slope and the slope's slope are those of the training pool, for all three.
    """
    from zoo.datasets import load

    data = load(dataset)
    minutes = {"train": pool, "validation": validation, "test": test}
    parts = {name: _first(getattr(data, name), wanted) for name, wanted in minutes.items()}
    pooled = features(parts["train"][0])
    mean, deviation = pooled.mean(axis=0), pooled.std(axis=0)
    found = []
    for x, y in parts.values():
        around = windows((features(x) - mean) / deviation, x[:, BANDS])
        around.flags.writeable = False  # the next trial gets the same array
        found.append(Speech(around, y, x[:, BANDS], x[:, :BANDS]))
    return tuple(found)


def features(x):
    """Log-mel energies with their slopes and the slopes' slopes, float32 (n, 40, 3), of frames (n, 42) of a data set."""
    from zoo.datasets.acoustics import with_deltas

    return with_deltas(x[:, :BANDS], x[:, BANDS])


def windows(values, utterances, reach=REACH):
    """Each frame with its neighbours in the same utterance: (n, 2 reach + 1, ...) of values (n, ...)."""
    from zoo.datasets.acoustics import neighbours

    return values[neighbours(utterances, reach)]


def labelled_frames(utterances, minutes, seed):
    """Rows, int (minutes * 6000,), of the frames that a seed has labels of: whole utterances in its order, the last one cut.

    More minutes keep the frames of fewer. Raises InvalidInput for more minutes than there are.
    """
    wanted = round(minutes * FRAMES_PER_MINUTE)
    if not 1 <= wanted <= len(utterances):
        most = len(utterances) / FRAMES_PER_MINUTE
        raise InvalidInput(f"There are {most:.1f} minutes of speech to label, so {minutes} can't be.")
    return _in_drawn_order(utterances, seed)[:wanted]


def _first(split, minutes):
    """(x, y) of the first so many minutes of a split, its recordings in an order drawn once."""
    x, y = np.asarray(split.x), np.asarray(split.y)
    if minutes is None:
        return x, y
    rows = labelled_frames(x[:, BANDS], minutes, ORDER_SEED)
    return x[rows], y[rows]


def _in_drawn_order(utterances, seed):
    """All rows, utterance after utterance in an order drawn from the seed, each from its first frame to its last."""
    # The stream of RandomState is the same in all versions of NumPy.
    order = np.random.RandomState(seed).permutation(np.unique(utterances))
    place = np.empty(int(np.max(utterances)) + 1, int)
    place[order.astype(int)] = np.arange(len(order))
    return np.argsort(place[np.asarray(utterances, int)], kind="stable")

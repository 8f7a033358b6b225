"""Small images by area averaging: MNIST at 10x10 pixels, on which studies of loss surfaces keep their nets small."""

import numpy as np

from zoo.errors import InvalidInput
from zoo.reproductions.trainers.data import Split, splits


def small_splits(dataset, side, n_train=None, n_test=None):
    """(train, validation, test) of a data set of grey images with x float32 (n, side, side), as area_average makes it.

    n_train, n_test: keep the first so many, None for all; n_test cuts validation too.
    """
    return [Split(area_average(part.x, side), part.y) for part in splits(dataset, n_train, n_test)]


def area_average(images, side):
    """Images (n, height, width) of any real dtype as float32 (n, side, side): each new pixel is the mean over its area.

    An old pixel that two new ones share counts for each by the part that lies in it, so the mean brightness stays.
    Raises InvalidInput for another shape and for a side that is not 1..min(height, width).
    """
    if np.ndim(images) != 3 or not 1 <= side <= min(images.shape[1:]):
        raise InvalidInput(f"Images of shape {np.shape(images)[1:]} can't be averaged down to {side}x{side}.")
    rows, columns = (_shares(length, side) for length in images.shape[1:])
    return np.stack([rows @ image @ columns.T for image in np.asarray(images)]).astype(np.float32)


def _shares(length, side):
    """Matrix (side, length): by how much each of `length` old pixels counts in each of `side` new ones."""
    edges = np.linspace(0, length, side + 1)
    low, high = edges[:-1, None], edges[1:, None]
    pixels = np.arange(length)
    overlap = np.minimum(high, pixels + 1) - np.maximum(low, pixels)
    return np.clip(overlap, 0, None) * side / length

"""Images as sequences of pixels: sequential and permuted MNIST, for models that read one number a step."""

import numpy as np

from zoo.arrays import real_numbers
from zoo.errors import InvalidInput


def pixel_sequences(images, pool=1, permuted=False):
    """Images (n, h, w) as sequences of pixels (n, h/pool * w/pool) float32, in the images' own units, row after row or
    in one fixed random order.

    pool: pixels are means over squares of that side, which shortens the sequences; h and w must be multiples of it.
    permuted: the order is the same for all images of a size, drawn once from a seed; what is near in the image is then far
    apart in the sequence. Sequential and permuted MNIST of Le, Jaitly & Hinton (2015) for 28x28 images and pool 1: 784 steps.
    Raises InvalidInput for other arrays and for squares that do not fill the image.

    >>> from zoo.datasets import load, pixel_sequences
    >>> pixel_sequences(load("mnist").test.x[:5], pool=2, permuted=True).shape
    (5, 196)
    """
    images = real_numbers(images, "The array of images")
    if images.ndim != 3:
        raise InvalidInput(f"Images (n, height, width) are needed, without channels; got an array of shape {images.shape}.")
    n, height, width = images.shape
    if not isinstance(pool, (int, np.integer)) or pool < 1 or height % pool or width % pool:
        raise InvalidInput(f"pool must be a side of squares that fill {height}x{width} pixels, such as 1; got {pool!r}.")
    squares = images.astype(np.float32).reshape(n, height // pool, pool, width // pool, pool)
    pixels = squares.mean(axis=(2, 4)).reshape(n, (height // pool) * (width // pool))
    order = np.random.RandomState(0).permutation(pixels.shape[1]) if permuted else slice(None)
    return np.ascontiguousarray(pixels[:, order])

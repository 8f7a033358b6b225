"""Images read pixel by pixel."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from zoo.datasets import pixel_sequences
from zoo.errors import InvalidInput


def test_pixels_are_means_in_the_order_of_rows_or_in_one_fixed_other():
    images = np.random.default_rng(0).integers(0, 256, (5, 6, 4)).astype("uint8")
    assert_array_equal(pixel_sequences(images, 1, False), images.reshape(5, 24))
    pooled = pixel_sequences(images, 2, False)
    assert pooled.shape == (5, 6) and pooled.dtype == np.float32
    assert pixel_sequences(images[:0], 2).shape == (0, 6)
    assert_allclose(pooled[:, 3], images[:, 2:4, 2:4].mean(axis=(1, 2)))
    mixed = pixel_sequences(images, 1, True)
    assert_array_equal(np.sort(mixed, axis=1), np.sort(images.reshape(5, 24), axis=1))
    order = [np.flatnonzero((images.reshape(5, 24).T == column).all(axis=1)).item() for column in mixed.T]
    assert order != list(range(24)), "one order for all images, and not their own"
    assert_array_equal(pixel_sequences(images[3:], 1, True), mixed[3:], "and the same for every split")


@pytest.mark.parametrize(
    "shape, pool, said",
    [
        ((5, 784), 1, r"got an array of shape \(5, 784\)"),
        ((5, 28, 28, 1), 1, "without channels"),
        ((5, 28, 28), 3, "fill 28x28 pixels, such as 1; got 3"),
        ((5, 28, 28), 0, "got 0"),
        ((5, 28, 28), 2.0, "got 2.0"),
    ],
)
def test_what_gives_no_sequence_of_pixels_is_refused(shape, pool, said):
    with pytest.raises(InvalidInput, match="ragged"):
        pixel_sequences([[[1, 2], [3]]], pool)
    with pytest.raises(InvalidInput, match="must hold real numbers; its dtype is <U1"):
        pixel_sequences(np.full((5, 28, 28), "a"), pool)
    with pytest.raises(InvalidInput, match=said):
        pixel_sequences(np.zeros(shape, "uint8"), pool)

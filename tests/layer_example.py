"""What the tests of layers share."""

import keras
import numpy as np
import pytest

on_jax = pytest.mark.skipif(keras.backend.backend() != "jax", reason="these ways of computing exist on JAX only")


@pytest.fixture
def images():
    """float32 (6, 9, 8, 3), no value twice."""
    return np.random.default_rng(0).permutation(6 * 9 * 8 * 3).reshape(6, 9, 8, 3).astype("float32")


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)

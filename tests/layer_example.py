"""What the tests of layers share."""

import keras
import numpy as np
import pytest


@pytest.fixture
def images():
    """float32 (6, 9, 8, 3), no value twice."""
    return np.random.default_rng(0).permutation(6 * 9 * 8 * 3).reshape(6, 9, 8, 3).astype("float32")


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)

"""Activations y = f(z) and their derivatives dy/dz, written out; all arrays have the shape of z, float64.

relu      y = max(0, z)           dy/dz = 1 where z > 0, else 0 (at the kink, z = 0, one of many subgradients)
tanh      y = tanh z              dy/dz = 1 - y^2
sigmoid   y = 1 / (1 + e^-z)      dy/dz = y (1 - y)
softplus  y = log(1 + e^z)        dy/dz = 1 / (1 + e^-z)
softsign  y = z / (1 + |z|)       dy/dz = 1 / (1 + |z|)^2
linear    y = z                   dy/dz = 1
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Activation(NamedTuple):
    """output: z -> y; slope: (z, y) -> dy/dz."""

    output: Callable
    slope: Callable


def softplus(z):
    """log(1 + e^z), which no z makes overflow."""
    return np.logaddexp(0, z)


def sigmoid(z):
    """1 / (1 + e^-z) as e^-softplus(-z), for the same reason."""
    return np.exp(-softplus(-z))


ACTIVATIONS = {
    "relu": Activation(lambda z: np.maximum(z, 0), lambda z, y: (z > 0).astype(float)),
    "tanh": Activation(np.tanh, lambda z, y: 1 - y**2),
    "sigmoid": Activation(sigmoid, lambda z, y: y * (1 - y)),
    "softplus": Activation(softplus, lambda z, y: sigmoid(z)),
    "softsign": Activation(lambda z: z / (1 + np.abs(z)), lambda z, y: 1 / (1 + np.abs(z)) ** 2),
    "linear": Activation(lambda z: z, lambda z, y: np.ones_like(z)),
}

"""Backpropagation written out in NumPy, float64, in the notation of Figure 1c and d of LeCun, Bengio & Hinton 2015.

Every layer takes the outputs x of the layer below to total inputs z, and those to outputs y = f(z) (`forward`). On top
stands the error E, softmax and cross-entropy. From the derivatives of E with respect to the outputs of a layer follow, by
the chain rule, those with respect to its total inputs, its weights and the outputs of the layer below (`backward`):

    dE/dz = dE/dy f'(z)        dE/dw = sum of dE/dz dz/dw        dE/dx = sum of dE/dz dz/dx

The layers, each with its z and the two sums: layers_written_out.py. After Rumelhart, Hinton & Williams, Nature 1986.
"""

from typing import NamedTuple

import numpy as np

from zoo.errors import InvalidInput
from zoo.reproductions.trainers.activations import ACTIVATIONS


class Signals(NamedTuple):
    """Of one layer on the way up: its input x (n, ...), total input z (n, ...) and output y, of z's shape."""

    x: np.ndarray
    z: np.ndarray
    y: np.ndarray


class Derivatives(NamedTuple):
    """Of the error, at one layer on the way down: by y and z, of their shapes, and a list, one array per weight array."""

    y: np.ndarray
    z: np.ndarray
    weights: list


def forward(layers, x):
    """Figure 1c: from the input x (n, ...) upwards. Returns the Signals of every layer, the lowest first.

    Raises InvalidInput where a layer can't take what comes from below.
    """
    signals = []
    for layer in layers:
        z = layer.total_input(x)
        y = ACTIVATIONS[layer.activation].output(z)
        signals.append(Signals(x, z, y))
        x = y
    return signals


def backward(layers, signals, dE_dy):
    """Figure 1d: from the derivatives dE_dy by the top layer's outputs downwards.

    signals: of `forward`. Returns the Derivatives of every layer, the lowest first. Raises InvalidInput where dE_dy has
    not the shape of the outputs.
    """
    if dE_dy.shape != signals[-1].y.shape:
        raise InvalidInput(f"dE_dy has shape {dE_dy.shape}, the net's output {signals[-1].y.shape}: they must be the same.")
    derivatives = []
    for layer, (x, z, y) in zip(reversed(layers), reversed(signals), strict=True):
        dE_dz = dE_dy * ACTIVATIONS[layer.activation].slope(z, y)
        dE_dx, dE_dw = layer.derivatives(x, dE_dz)
        derivatives.append(Derivatives(dE_dy, dE_dz, dE_dw))
        dE_dy = dE_dx  # what this layer takes in is what the layer below puts out
    return derivatives[::-1]


def softmax_cross_entropy(y, labels):
    """The error and its derivatives by the top layer's linear outputs y (n, classes); labels: integers (n,).

        p_nk = e^y_nk / sum_l e^y_nl        E = -1/n sum_n log p_n,label(n)        dE/dy_nk = (p_nk - t_nk) / n

    where t_nk is 1 for the example's own class and 0 for the others. Returns (E, dE_dy). Raises InvalidInput for labels
    that are not one class per example.
    """
    n, classes = y.shape
    if labels.shape != (n,) or labels.min() < 0 or labels.max() >= classes:
        raise InvalidInput(f"labels must be {n} integers in 0..{classes - 1}, one per example; got shape {labels.shape}.")
    shifted = y - y.max(axis=1, keepdims=True)  # the same p, without overflow
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    own = np.arange(n), labels
    dE_dy = np.exp(log_p)
    dE_dy[own] -= 1
    return -log_p[own].mean(), dE_dy / n


def error(layers, x, labels):
    """(E, dE_dy, Signals of every layer) of a net on examples x (n, ...) with labels (n,)."""
    signals = forward(layers, x)
    return *softmax_cross_entropy(signals[-1].y, labels), signals


def gradient(layers, x, labels):
    """The Derivatives of every layer, the lowest first, of the error on examples x (n, ...) with labels (n,)."""
    _, dE_dy, signals = error(layers, x, labels)
    return backward(layers, signals, dE_dy)


def descend(layers, x, labels, rate):
    """One step of stochastic gradient descent, in place: every weight w becomes w - rate dE/dw."""
    for layer, derivatives in zip(layers, gradient(layers, x, labels), strict=True):
        for weights, slope in zip(layer.weights, derivatives.weights, strict=True):
            weights -= rate * slope

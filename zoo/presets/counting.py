"""Arithmetic per example of a model, counted from its layers."""

import math

import keras

from zoo.layers.fourier import OrthogonalRandomFeatures
from zoo.layers.local_maps import LocalMaps
from zoo.representations import calls


def flops_per_example(model):
    """Floating-point operations of one prediction: two for each multiply-add of a product with weights.

    A layer counts as often as the model calls it. Activations, normalisation and pooling are left out, as is usual: they are
    a few per cent. Layers that this does not know, and those with weights whose calls nobody can tell as in a model that is
    no graph of layers, raise NotImplementedError rather than count for nothing.
    """
    layers = filter(_multiplies, model.layers)
    return int(sum(2 * _products(layer, call) for layer in layers for call in _calls(model, layer)))


def _multiplies(layer):
    """Whether a layer has weights to multiply with: frozen ones, too, and those of a model in the model."""
    return any(len(variable.shape) > 1 for variable in layer.weights)


def _calls(model, layer):
    found = calls(model, layer)
    if not found:
        raise NotImplementedError(f"How often {model.name} calls its layer {layer.name} is not known.")
    return found


def _products(layer, call):
    """Multiply-adds of one of a layer's calls, a node of Keras's graph."""
    before, after = call.input_tensors[0].shape, call.outputs[0].shape  # beside the first input there may be a mask
    if None in (*before[1:], *after[1:]):
        raise NotImplementedError(f"How much {layer.name} multiplies depends on the length of an example.")
    if isinstance(layer, keras.layers.Dense):
        return math.prod(before[1:]) * layer.units
    if isinstance(layer, OrthogonalRandomFeatures):
        return math.prod(layer.signs.shape) * sum(layer.signs.shape[-2:])
    if isinstance(layer, keras.layers.Conv2D):
        sides = after[2:4] if layer.data_format == "channels_first" else after[1:3]
        return math.prod(layer.kernel.shape) * math.prod(sides)
    if isinstance(layer, LocalMaps):
        return layer.kernel.shape[-2] * math.prod(after[1:])
    if isinstance(layer, (keras.layers.LSTM, keras.layers.SimpleRNN)):
        return before[1] * sum(math.prod(kernel.shape) for kernel in (layer.cell.kernel, layer.cell.recurrent_kernel))
    raise NotImplementedError(f"The products in {type(layer).__name__} are not known.")

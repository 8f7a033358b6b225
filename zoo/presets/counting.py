"""Arithmetic per example of a model, counted from its layers."""

import math

import keras

from zoo.layers.fourier import OrthogonalRandomFeatures
from zoo.layers.local_maps import LocalMaps


def flops_per_example(model):
    """Floating-point operations of one prediction: two for each multiply-add of a product with weights.

    Activations, normalisation and pooling are left out, as is usual: they are a few per cent. Layers that this does not
    know raise NotImplementedError rather than count for nothing.
    """
    return int(sum(2 * _products(layer) for layer in model.layers))


def _products(layer):
    if isinstance(layer, keras.layers.Dense):
        return math.prod(layer.input.shape[1:]) * layer.units
    if isinstance(layer, OrthogonalRandomFeatures):
        return math.prod(layer.signs.shape) * sum(layer.signs.shape[-2:])
    if isinstance(layer, keras.layers.Conv2D):
        return math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:3])
    if isinstance(layer, LocalMaps):
        return layer.kernel.shape[-2] * math.prod(layer.output.shape[1:])
    if isinstance(layer, (keras.layers.LSTM, keras.layers.SimpleRNN)):
        kernels = layer.cell.kernel, layer.cell.recurrent_kernel
        sequence = layer.input[0] if isinstance(layer.input, list) else layer.input  # beside it a mask
        return sequence.shape[1] * sum(math.prod(kernel.shape) for kernel in kernels)
    if any(len(variable.shape) > 1 for variable in layer.weights):  # frozen ones, too, and those of a model in the model
        raise NotImplementedError(f"The products in {type(layer).__name__} are not known.")
    return 0

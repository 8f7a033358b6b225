"""Softmax regression on raw pixels: the shallowest model of all, the yardstick of every other."""

import keras

from zoo.layers.dense import logits
from zoo.layers.preprocessing import as_vector, raw_input
from zoo.registry import register_model


@register_model
def linear(input_shape, classes, *, rescale=1 / 255):
    """A single layer of weights from the input to the logits.

    rescale: factor that the raw input is multiplied by, None for none.
    """
    inputs, x = raw_input(input_shape, rescale)
    return keras.Model(inputs, logits(as_vector(x), classes), name="linear")

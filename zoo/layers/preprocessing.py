"""From raw data to what a model computes on; always the first layers of the model itself."""

import math
import numbers

import keras

from zoo.errors import InvalidInput


def raw_input(input_shape, rescale):
    """(inputs, x): the symbolic raw input and the same multiplied by the number `rescale` (None: as it is)."""
    if not (rescale is None or isinstance(rescale, numbers.Real) and math.isfinite(rescale) and rescale):
        raise ValueError(f"rescale must be None or a finite number other than 0; got {rescale!r}.")
    inputs = keras.Input(input_shape, name="inputs")
    if rescale is None:
        return inputs, inputs
    return inputs, keras.layers.Rescaling(rescale, name="rescale")(inputs)


def rescale_of(model):
    """The number that a model multiplies its raw input by; None where it takes it as it is."""
    return next((layer.scale for layer in model.layers if isinstance(layer, keras.layers.Rescaling)), None)


def as_vector(x):
    """(n, ...) to (n, features)."""
    return x if len(x.shape) == 2 else keras.layers.Flatten(name="flatten")(x)


def as_image(x):
    """(n, h, w) or (n, h, w, c) to (n, h, w, c). Raises InvalidInput for a vector."""
    if len(x.shape) == 4:
        return x
    if len(x.shape) == 3:
        return keras.layers.Reshape((*x.shape[1:], 1), name="channel")(x)
    raise InvalidInput(f"Images are needed, (height, width) or (height, width, channels), not vectors of {x.shape[1]} features.")


def as_sequence(x):
    """To (n, timesteps, features): an image gives its rows as steps, a vector its numbers one by one."""
    if len(x.shape) == 3:
        return x
    steps = x.shape[1]
    return keras.layers.Reshape((steps, -1), name="sequence")(x)

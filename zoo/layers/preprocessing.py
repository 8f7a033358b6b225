"""From raw data to what a model computes on; always the first layers of the model itself."""

import math
import numbers

import keras
import numpy as np

from zoo.errors import InvalidInput


def raw_input(input_shape, rescale, series=None):
    """(inputs, x): the symbolic raw input and the same as `scaled` gives it."""
    inputs = keras.Input(input_shape, name="inputs")
    return inputs, scaled(inputs, rescale, series)


def scaled(x, rescale, series=None):
    """x multiplied by the number `rescale` (None: as it is), or standardised where it is of a `series` (mean, spread)."""
    from zoo.layers.dense import head_dtype

    # Numbers of 16 bits reach no further than 65504, and far from 0 are too coarse for what a series does from step to step.
    if series is not None:
        from zoo.layers.forecast import standardising

        scale, offset = standardising(series)
        return keras.layers.Rescaling(scale, offset, name="rescale", dtype=head_dtype())(x)
    if not (rescale is None or isinstance(rescale, numbers.Real) and math.isfinite(rescale) and rescale):
        raise ValueError(f"rescale must be None or a finite number other than 0; got {rescale!r}.")
    return x if rescale is None else keras.layers.Rescaling(rescale, name="rescale", dtype=head_dtype())(x)


def rescale_of(model):
    """The number that a model multiplies its raw input by; None where it takes it as it is, or has one for each channel."""
    scale = next((layer.scale for layer in model.layers if isinstance(layer, keras.layers.Rescaling)), None)
    return scale if np.ndim(scale) == 0 else None


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


def as_sequence(x, dtype=None):
    """To (n, timesteps, features): an image gives its rows as steps, a vector its numbers one by one; dtype: of the layer."""
    if len(x.shape) == 3:
        return x
    steps = x.shape[1]
    return keras.layers.Reshape((steps, -1), name="sequence", dtype=dtype)(x)

"""What a model that reconstructs its input is trained towards, and how far off it is: the published squared error."""

import keras
import numpy as np


def targets(model, x):
    """What the model's logistic output units should give for raw x (n, ...): float32 in 0..1, by the model's own scale.

    Raises InvalidInput for x that leaves 0..1 then: only probabilities can be reconstructed so.
    """
    from zoo.arrays import real_numbers
    from zoo.errors import InvalidInput
    from zoo.layers.preprocessing import rescale_of

    x, scale = real_numbers(x, "x"), rescale_of(model) or 1.0
    y = np.multiply(x, np.float32(scale), dtype=np.float32)
    if y.size and not (y.min() >= 0 and y.max() <= 1 + 1e-6):
        raise InvalidInput(
            f"{model.name} reconstructs numbers that lie in 0..1 when multiplied by its rescale, {scale:g}; "
            f"these go from {y.min():g} to {y.max():g}."
        )
    return np.minimum(y, 1, out=y)


def loss():
    """The cross-entropy of logistic units, a keras loss of the targets and the logits: the mean over all pixels."""
    return keras.losses.BinaryCrossentropy(from_logits=True, name="crossentropy")


@keras.saving.register_keras_serializable(package="zoo")
def squared_error(y_true, y_pred):
    """A keras metric: the squared error of each example (n,), summed over its pixels in 0..1; y_pred are logits."""
    from keras import ops

    difference = ops.sigmoid(ops.cast(y_pred, "float32")) - ops.cast(y_true, "float32")
    return ops.sum(ops.square(difference), axis=tuple(range(1, len(difference.shape))))

"""What fully connected layers share: how their weights start, and the linear head of every classifier."""

import keras

RECTIFIED = "relu relu6 leakyrelu prelu elu celu gelu silu hardsilu mish softplus".split()  # without lines between words


def initialiser_for(activation, initialiser=None):
    """A new initialiser: the named one, or He et al.'s (2015) for rectified units and Glorot & Bengio's (2010) for others.

    New at every call, because one Keras initialiser gives equal values to equal shapes.
    """
    if initialiser is None:
        initialiser = "he_normal" if name_of(activation).replace("_", "").lower() in RECTIFIED else "glorot_uniform"
    found = keras.initializers.get(initialiser)
    return found.clone() if isinstance(found, keras.initializers.Initializer) else found


def name_of(activation):
    """The name under which Keras knows an activation given by any of its names, as a function or as a layer; "" for others."""
    found = keras.activations.get(activation)
    return type(found).__name__ if isinstance(found, keras.layers.Layer) else getattr(found, "__name__", "")


def hidden(x, units, activation, initialiser, batch_norm, name):
    """A dense hidden layer, batch-normalised before its activation if wanted."""
    start = initialiser_for(activation, initialiser)
    if not batch_norm:
        return keras.layers.Dense(units, activation=activation, kernel_initializer=start, name=name)(x)
    x = keras.layers.Dense(units, use_bias=False, kernel_initializer=start, name=name)(x)
    x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return keras.layers.Activation(activation, name=f"{name}_activation")(x)


def logits(x, classes, **start):
    """The linear head of a classifier.

    start: kernel_initializer and bias_initializer of keras.layers.Dense, where they are not its own.
    """
    return keras.layers.Dense(classes, name="logits", dtype=head_dtype(), **start)(x)


def head_dtype():
    """The dtype of a head. It stays in float32 where the rest computes in 16 bits: softmax and sigmoid need the digits."""
    return "float32" if keras.config.dtype_policy().compute_dtype in ("float16", "bfloat16") else None

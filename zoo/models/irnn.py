"""The IRNN of Le, Jaitly & Hinton (2015): a plain recurrent network of rectified units that start by copying themselves."""

import keras

from zoo.models.rnn import rnn
from zoo.registry import register_model


@register_model
def irnn(
    input_shape,
    classes,
    *,
    units=128,
    layers=1,
    initialiser=None,
    dropout=0.0,
    unroll=None,
    padding=None,
    augmentation=None,
    series=None,
    rescale=1 / 255,
):
    """The model rnn with rectified units, whose recurrent weights start as the identity; its options are rnn's but for
    the activation.
    """
    options = {"units": units, "layers": layers, "initialiser": initialiser, "dropout": dropout, "unroll": unroll}
    options |= {"padding": padding, "augmentation": augmentation, "series": series, "rescale": rescale}
    model = rnn(input_shape, classes, activation="relu", **options)
    return keras.Model(model.input, model.output, name="irnn")

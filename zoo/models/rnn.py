"""The plain recurrent network, and with rectified units started at the identity the IRNN of Le, Jaitly & Hinton (2015)."""

import keras

from zoo.layers.dense import initialiser_for, name_of
from zoo.layers.forecast import head
from zoo.layers.recurrent import recurrent_options, sequence_input
from zoo.registry import register_model


@register_model
def rnn(
    input_shape,
    classes,
    *,
    units=128,
    layers=1,
    activation="tanh",
    initialiser=None,
    dropout=0.0,
    unroll=None,
    padding=None,
    augmentation=None,
    series=None,
    rescale=1 / 255,
):
    """Reads a sequence, or an image row by row, and classifies from its last state.

    units: of each layer. layers: how many, at least 1. rescale: as of mlp. activation: "relu" gives the IRNN: recurrent
    weights start as the identity, else orthogonal, input weights normal with a standard deviation of 0.001, above the first
    layer 0.01. initialiser: of the input weights, a Keras name; None takes glorot_uniform, for the IRNN its small ones.
    dropout: rate after each layer. unroll: write the steps out; None does so with JAX on an accelerator, up to 32 steps.
    padding: number that fills up shorter sequences, of which steps full of it are skipped. augmentation: of images, see
    zoo.layers.augment. series: (mean, spread) of a series that is to be forecast, instead of rescale, see
    zoo.layers.Forecast; classes are then the values ahead.
    """
    inputs, x = sequence_input(input_shape, rescale, series, padding, augmentation)
    numbers, unroll = recurrent_options(x, layers, unroll)
    for index in numbers:
        start, recurrent = "glorot_uniform", "orthogonal"
        if name_of(activation) == "relu":
            start, recurrent = keras.initializers.RandomNormal(stddev=0.001 if index == 1 else 0.01), "identity"
        if initialiser:
            start = initialiser_for(activation, initialiser)
        x = keras.layers.SimpleRNN(
            units,
            activation=activation,
            kernel_initializer=start,
            recurrent_initializer=recurrent,
            return_sequences=index < layers,
            unroll=unroll,
            name=f"rnn_{index}",
        )(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout_{index}")(x)
    return keras.Model(inputs, head(inputs, x, classes, series), name="rnn")

"""The plain recurrent network, and with rectified units started at the identity the IRNN of Le, Jaitly & Hinton (2015)."""

import keras

from zoo.layers.dense import logits
from zoo.layers.forecast import forecast
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
    dropout=0.0,
    unroll=None,
    padding=None,
    series=None,
    rescale=1 / 255,
):
    """Reads a sequence, or an image row by row, and classifies from its last state.

    activation: "relu" gives the IRNN: recurrent weights start as the identity, input weights small.
    dropout: rate after each layer. unroll: write the steps out; None does so on an accelerator up to 32 steps.
    padding: number that fills up shorter sequences, of which steps full of it are skipped. series: (mean, spread) of a
    series that is to be forecast, instead of rescale, see zoo.layers.Forecast; classes are then the values ahead.
    """
    inputs, x = sequence_input(input_shape, rescale, series, padding)
    numbers, unroll = recurrent_options(x, layers, unroll)
    for index in numbers:
        starts = {"kernel_initializer": "glorot_uniform", "recurrent_initializer": "orthogonal"}
        if activation == "relu":
            small = keras.initializers.RandomNormal(stddev=0.001 if index == 1 else 0.01)
            starts = {"kernel_initializer": small, "recurrent_initializer": "identity"}
        x = keras.layers.SimpleRNN(
            units, activation=activation, return_sequences=index < layers, unroll=unroll, name=f"rnn_{index}", **starts
        )(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout_{index}")(x)
    return keras.Model(inputs, forecast(inputs, logits(x, classes), series), name="rnn")

"""Long short-term memory: Hochreiter & Schmidhuber, Neural Computation 1997, with the forget gate of Gers et al. (2000)."""

import keras

from zoo.layers.dense import initialiser_for
from zoo.layers.forecast import head
from zoo.layers.recurrent import gate_biases, recurrent_options, sequence_input
from zoo.registry import register_model


@register_model
def lstm(
    input_shape,
    classes,
    *,
    units=256,
    layers=2,
    initialiser=None,
    dropout=0.3,
    forget_bias=1.0,
    chrono=None,
    unroll=None,
    padding=None,
    augmentation=None,
    series=None,
    rescale=1 / 255,
):
    """Reads a sequence, or an image row by row, and classifies from its last state.

    units: of each layer. layers: how many, at least 1. rescale: as of mlp. initialiser: of the weights from below, a Keras
    name; None takes glorot_uniform. Those from step to step start orthogonal. dropout: rate after each layer. unroll: write
    the steps out; None does so with JAX on an accelerator, up to 32 steps.
    forget_bias: where the bias of the forget gates starts; about exp(forget_bias) steps are remembered then.
    chrono: None, or the steps of the longest lag to be remembered, at least 3: the biases of input and forget gates then
    start as Tallec & Ollivier (2018) have them, see zoo.layers.recurrent.ChronoBias; for sequences of some length T, T. It
    goes with no forget_bias of one's own. padding: number that fills up shorter sequences, of which steps full of it are
    skipped. augmentation: of images, see zoo.layers.augment. series: (mean, spread) of a series that is to be forecast,
    instead of rescale, see zoo.layers.Forecast; classes are then the values ahead.
    """
    inputs, x = sequence_input(input_shape, rescale, series, padding, augmentation)
    numbers, unroll = recurrent_options(x, layers, unroll)
    for index in numbers:
        # cuDNN's kernel has no batching rule under jax.vmap, which the population needs.
        x = keras.layers.LSTM(
            units,
            kernel_initializer=initialiser_for("tanh", initialiser) if initialiser else "glorot_uniform",
            bias_initializer=gate_biases(forget_bias, chrono),
            unit_forget_bias=False,
            return_sequences=index < layers,
            unroll=unroll,
            use_cudnn=False,
            name=f"lstm_{index}",
        )(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout_{index}")(x)
    return keras.Model(inputs, head(inputs, x, classes, series), name="lstm")

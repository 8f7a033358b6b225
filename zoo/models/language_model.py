"""Characters in, logits of the next character out: embedding, recurrent layers, head (Sutskever, Martens & Hinton 2011)."""

import keras

from zoo.layers.dense import logits
from zoo.layers.recurrent import recurrent_options
from zoo.layers.text import as_characters
from zoo.registry import register_model


@register_model
def language_model(input_shape, alphabet, *, units=256, layers=2, cell="lstm", embedding=64, dropout=0.2, unroll=None):
    """Reads character codes (n, T), integers below `alphabet`; logits (n, T, alphabet), at each place of what follows it.

    units: of each layer. layers: how many, at least 1. cell: "lstm", or "rnn" for the plain recurrent network. embedding:
    numbers that stand for a character; a code outside the alphabet is all zeros. dropout: rate after each layer. unroll:
    write the steps out; None does so with JAX on an accelerator, up to 32 steps. zoo.generate draws text from it.
    """
    inputs, x = as_characters(input_shape, alphabet)
    x = keras.layers.Dense(embedding, use_bias=False, name="embedding")(x)
    numbers, unroll = recurrent_options(x, layers, unroll)
    for index in numbers:
        x = _recurrent(cell, units, unroll, f"{cell}_{index}")(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout_{index}")(x)
    return keras.Model(inputs, logits(x, alphabet), name="language_model")


def _recurrent(cell, units, unroll, name):
    shared = {"return_sequences": True, "unroll": unroll, "name": name}
    if cell == "rnn":
        return keras.layers.SimpleRNN(units, **shared)
    if cell == "lstm":
        # cuDNN's kernel has no batching rule under jax.vmap, which the population needs.
        return keras.layers.LSTM(units, use_cudnn=False, **shared)
    raise ValueError(f"cell must be 'lstm' or 'rnn'; got {cell!r}.")

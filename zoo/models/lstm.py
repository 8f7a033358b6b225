"""Long short-term memory: Hochreiter & Schmidhuber, Neural Computation 1997, with the forget gate of Gers et al. (2000)."""

import keras

from zoo.layers.augmentation import augment
from zoo.layers.dense import logits
from zoo.layers.preprocessing import as_image, as_sequence, raw_input
from zoo.layers.recurrent import recurrent_options
from zoo.registry import register_model


@register_model
def lstm(
    input_shape, classes, *, units=256, layers=2, dropout=0.3, unroll=None, augmentation=None, rescale=1 / 255
):
    """Reads a sequence, or an image row by row, and classifies from its last state.

    dropout: rate after each layer. unroll: write the steps out; None does so on an accelerator up to 32 steps.
    augmentation: of images, see zoo.layers.augment.
    """
    inputs, x = raw_input(input_shape, rescale)
    if augmentation:
        x = augment(as_image(x), augmentation)
    x = as_sequence(x)
    numbers, unroll = recurrent_options(x, layers, unroll)
    for index in numbers:
        # cuDNN's kernel has no batching rule under jax.vmap, which the population needs.
        x = keras.layers.LSTM(
            units, return_sequences=index < layers, unroll=unroll, use_cudnn=False, name=f"lstm_{index}"
        )(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout_{index}")(x)
    return keras.Model(inputs, logits(x, classes), name="lstm")

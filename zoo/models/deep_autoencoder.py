"""A deep autoencoder: layers that narrow to a code, and their mirror that reconstructs the input from it.

Hinton & Salakhutdinov, Reducing the dimensionality of data with neural networks, Science 313, 2006. zoo.encoder and
zoo.decoder are its halves; zoo.pretrain trains it layer by layer first, as its authors did.
"""

import math

import keras

from zoo.errors import InvalidInput
from zoo.layers.autoencoder import Autoencoder
from zoo.layers.dense import head_dtype, initialiser_for
from zoo.layers.preprocessing import as_vector, raw_input
from zoo.registry import register_model


@register_model
def deep_autoencoder(input_shape, *, widths=(1000, 500, 250), code=30, activation="relu", initialiser=None, rescale=1 / 255):
    """The encoder encoder_1 .. encoder_n, linear units "code", the decoder decoder_n .. decoder_1 and logistic output units.

    Trained with binary cross-entropy from logits towards the input times `rescale`, which has to be in 0..1: see
    zoo.reconstruction. widths: of the encoder's layers, mirrored in the decoder; none for a linear encoder and
    a logistic decoder, logistic PCA. code: how many numbers describe an example. activation: of all but code and output;
    sigmoid, that of 2006, hardly learns without pre-training, or an initialiser that suits it, see mlp. initialiser: of all
    kernels; None takes he_normal for rectified units, glorot_uniform for others.
    """
    inputs, x = raw_input(input_shape, rescale)
    x = as_vector(x)
    for index in range(len(widths) + 1):
        x = _encoder(index, widths, code, activation, initialiser)(x)
    for index in reversed(range(len(widths))):
        x = _dense(widths[index], activation, initialiser, f"decoder_{index + 2}")(x)
    pixels = math.prod(input_shape)
    x = _dense(pixels, None, initialiser, "decoder_1", dtype=head_dtype())(x)
    x = keras.layers.Reshape(input_shape, name="logits", dtype=head_dtype())(x)
    return keras.Model(inputs, x, name="deep_autoencoder")


def pretraining_stage(
    index,
    input_shape,
    *,
    widths,
    code,
    activation,
    initialiser=None,
    corruption=None,
    level=0.0,
    tied=False,
    error="crossentropy",
    rescale=1 / 255,
):
    """The model that learns encoder `index` (from 0; the last is the code) and the decoder of the same layer.

    As in autoencoder_stack: the encoders below are in it, frozen; raw input in, reconstruction error (n,) of what they
    make of it out. Raises InvalidInput unless the units are logistic, and the outputs of the stage with them.
    """
    if error == "linear":
        raise InvalidInput(
            "The decoders of a deep_autoencoder end in sigmoids: its error is 'crossentropy' or 'squared', not 'linear'."
        )
    if keras.activations.get(activation) is not keras.activations.sigmoid:
        name = getattr(activation, "__name__", activation)
        raise InvalidInput(f"Only a deep_autoencoder of sigmoid units is pre-trained by layers, not one of {name}.")
    inputs, x = raw_input(input_shape, rescale)
    x = as_vector(x)
    for below in range(index):
        encoder = _encoder(below, widths, code, activation, initialiser)
        encoder.trainable = False
        x = encoder(x)
    learner = _encoder(index, widths, code, activation, initialiser)
    x = Autoencoder(learner, corruption, level, tied, error, name="autoencoder")(x)
    return keras.Model(inputs, x, name=f"deep_autoencoder_stage_{index + 1}")


def encoders(model):
    """The layers of the encoder of a model or of a stage, lowest first, the code last."""
    layers = (layer.layer if isinstance(layer, Autoencoder) else layer for layer in model.layers)
    return [layer for layer in layers if layer.name.startswith("encoder_") or layer.name == "code"]


def decoders(model):
    """The layers of the decoder: decoders(model)[i] undoes encoders(model)[i]."""
    return [layer for layer in reversed(model.layers) if layer.name.startswith("decoder_")]


def _encoder(index, widths, code, activation, initialiser):
    if index == len(widths):
        return _dense(code, None, initialiser, "code")
    return _dense(widths[index], activation, initialiser, f"encoder_{index + 1}")


def _dense(units, activation, initialiser, name, dtype=None):
    start = initialiser_for(activation, initialiser)
    return keras.layers.Dense(units, activation=activation, kernel_initializer=start, name=name, dtype=dtype)

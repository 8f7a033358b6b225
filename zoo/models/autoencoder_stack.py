"""A stack of encoders learnt one by one without labels, then fine-tuned as a classifier.

Bengio et al., Greedy layer-wise training of deep networks, NIPS 2007; Vincent et al., Extracting and composing
robust features with denoising autoencoders, ICML 2008, and JMLR 2010. zoo.pretrain trains the stages in turn.
"""

import keras

from zoo.errors import InvalidInput
from zoo.layers.augmentation import augment
from zoo.layers.autoencoder import Autoencoder
from zoo.layers.dense import initialiser_for, logits
from zoo.layers.preprocessing import as_image, as_vector, raw_input
from zoo.registry import register_model


@register_model
def autoencoder_stack(
    input_shape,
    classes,
    *,
    widths=(1000, 1000, 1000),
    activation="sigmoid",
    initialiser=None,
    dropout=0.0,
    augmentation=None,
    rescale=1 / 255,
):
    """The classifier: encoder_1 .. encoder_n, of `widths` units, then the logits.

    activation: a Keras name, of the encoders. rescale: as of mlp. initialiser: of the encoders' weights, as of mlp, where it
    says what suits sigmoids that are not pre-trained. dropout: rate after each encoder; augmentation: of images, see
    zoo.layers.augment; both in fine-tuning. Raises InvalidInput for a stack of no encoders.
    """
    if not widths:
        raise InvalidInput("A stack needs at least one encoder; give widths of one layer or more, such as (1000,).")
    inputs, x = raw_input(input_shape, rescale)
    if augmentation:
        x = augment(as_image(x), augmentation)
    x = as_vector(x)
    for index, units in enumerate(widths):
        x = _encoder(index, units, activation, initialiser)(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout_{index + 1}")(x)
    return keras.Model(inputs, logits(x, classes), name="autoencoder_stack")


def pretraining_stage(
    index,
    input_shape,
    *,
    widths=(1000, 1000, 1000),
    activation="sigmoid",
    initialiser=None,
    corruption="masking",
    level=0.25,
    tied=False,
    error="crossentropy",
    rescale=1 / 255,
):
    """The model that learns encoder `index` (from 0): raw input in, reconstruction error of each example, (n,), out.

    The encoders below are in it, frozen; its target, their clean output, is computed inside, so it is to be
    trained with the loss zoo.layers.MeanOutput and any y. `encoders(stage)` are the layers whose weights go on to
    the next stage and to the classifier. corruption, level, tied, error: see zoo.layers.Autoencoder.
    """
    if not 0 <= index < len(widths):
        raise InvalidInput(f"A stack of {len(widths)} encoders has the stages 0 to {len(widths) - 1}; got {index}.")
    inputs, x = raw_input(input_shape, rescale)
    x = as_vector(x)
    for below in range(index):
        encoder = _encoder(below, widths[below], activation, initialiser)
        encoder.trainable = False
        x = encoder(x)
    learner = _encoder(index, widths[index], activation, initialiser)
    x = Autoencoder(learner, corruption, level, tied, error, name="autoencoder")(x)
    return keras.Model(inputs, x, name=f"autoencoder_stage_{index + 1}")


def encoders(model):
    """The encoder layers of a classifier or of a stage, lowest first: Dense layers of equal name have equal shapes."""
    layers = (layer.layer if isinstance(layer, Autoencoder) else layer for layer in model.layers)
    return [layer for layer in layers if layer.name.startswith("encoder_")]


def _encoder(index, units, activation, initialiser):
    start = initialiser_for(activation, initialiser)
    return keras.layers.Dense(units, activation=activation, kernel_initializer=start, name=f"encoder_{index + 1}")

"""A small convolutional network: local receptive fields, shared weights, pooling, several layers of them.

After LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 1998, with what came since:
rectified units, batch normalisation (Ioffe & Szegedy 2015), dropout, 3x3 kernels.
"""

import keras

from zoo.errors import InvalidInput
from zoo.layers.augmentation import augment
from zoo.layers.convolution import MatmulConv2D, ReshapeMaxPooling2D
from zoo.layers.dense import hidden, initialiser_for, logits
from zoo.layers.preprocessing import as_image, as_vector, raw_input
from zoo.registry import register_model


@register_model
def convnet(
    input_shape,
    classes,
    *,
    widths=(32, 64, 128),
    depth=2,
    kernel=3,
    dense=256,
    activation="relu",
    initialiser=None,
    dropout=0.3,
    batch_norm=True,
    augmentation=None,
    rescale=1 / 255,
):
    """Blocks of convolutions, one block per width; each halves the image and ends in dropout.

    depth: convolutions per block (the first block has one: at full resolution a layer costs most, so that the
    image is pooled right behind it). kernel: side of the filters. dense: units of the layer above, 0 for none.
    augmentation: see zoo.layers.augment.
    """
    inputs, x = raw_input(input_shape, rescale)
    x = as_image(x)
    if min(x.shape[1:3]) < 2 ** len(widths):
        raise InvalidInput(f"{len(widths)} blocks halve the image as often: it needs a side of {2 ** len(widths)} pixels.")
    x = augment(x, augmentation)

    def convolve(x, filters, name, pool=False):
        start = initialiser_for(activation, initialiser)
        x = MatmulConv2D(filters, kernel, padding="same", use_bias=not batch_norm, kernel_initializer=start, name=name)(x)
        if pool:
            x = ReshapeMaxPooling2D(name=f"{name}_pool")(x)
        if batch_norm:
            x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
        return keras.layers.Activation(activation, name=f"{name}_{activation}")(x)

    for block, filters in enumerate(widths, start=1):
        for index in range(1, 1 + (1 if block == 1 else depth)):
            x = convolve(x, filters, f"conv_{block}_{index}", pool=index == 1)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout_{block}")(x)
    x = as_vector(x)
    if dense:
        x = hidden(x, dense, activation, initialiser, batch_norm, name="dense")
        if dropout:
            x = keras.layers.Dropout(dropout, name="dense_dropout")(x)
    return keras.Model(inputs, logits(x, classes), name="convnet")

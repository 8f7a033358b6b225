"""A small convolutional network: local receptive fields, shared weights, pooling, several layers of them.

After LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 1998, with what came since:
rectified units, batch normalisation (Ioffe & Szegedy 2015), dropout, 3x3 kernels.
"""

import keras

from zoo.errors import InvalidInput
from zoo.layers.augmentation import augment
from zoo.layers.convolution import MatmulConv2D, SlicedMaxPooling2D
from zoo.layers.dense import hidden, initialiser_for, logits
from zoo.layers.normalization import BatchNormalization
from zoo.layers.preprocessing import as_image, as_vector, raw_input
from zoo.registry import register_model


@register_model
def convnet(
    input_shape,
    classes,
    *,
    blocks=((32,), (32,), (64, 64)),
    kernel=3,
    dense=256,
    activation="relu",
    initialiser=None,
    dropout=0.3,
    batch_norm=True,
    augmentation=None,
    rescale=1 / 255,
):
    """Blocks of convolutions, each block the numbers of its filters, and each halving the image at its end.

    kernel: side of the filters. dense: units of the layer above, 0 for none. dropout: rate before and after it (Srivastava
    et al., JMLR 2014). activation, initialiser, rescale: as of mlp. batch_norm: after the pooling, which costs a quarter
    then, and before the activation, with averages of momentum 0.9. augmentation: see zoo.layers.augment. Raises InvalidInput
    for a block without filters, and an image that can't be halved so often.
    """
    inputs, x = raw_input(input_shape, rescale)
    x = as_image(x)
    if min(x.shape[1:3]) < 2 ** len(blocks):
        raise InvalidInput(f"{len(blocks)} blocks halve the image as often: it needs sides of {2 ** len(blocks)} pixels.")
    if not all(blocks):
        raise InvalidInput(f"Every block needs a convolution, which one of {blocks} has not; leave it out.")
    x = augment(x, augmentation)
    for number, filters in enumerate(blocks, start=1):
        for index, width in enumerate(filters, start=1):
            name = f"conv_{number}_{index}"
            start = initialiser_for(activation, initialiser)
            x = MatmulConv2D(width, kernel, padding="same", use_bias=not batch_norm, kernel_initializer=start, name=name)(x)
            if index == len(filters):
                x = SlicedMaxPooling2D(name=f"pool_{number}")(x)
            if batch_norm:
                x = BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
            x = keras.layers.Activation(activation, name=f"{name}_activation")(x)
    x = as_vector(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    if dense:
        x = hidden(x, dense, activation, initialiser, batch_norm, name="dense")
        if dropout:
            x = keras.layers.Dropout(dropout, name="dense_dropout")(x)
    return keras.Model(inputs, logits(x, classes), name="convnet")

"""The multilayer perceptron: full connections from layer to layer."""

import keras

from zoo.layers.augmentation import augment
from zoo.layers.dense import hidden
from zoo.layers.forecast import head
from zoo.layers.preprocessing import as_image, as_vector, raw_input
from zoo.registry import register_model


@register_model
def mlp(
    input_shape,
    classes,
    *,
    widths=(1024, 1024, 1024),
    activation="relu",
    initialiser=None,
    input_dropout=0.2,
    dropout=0.5,
    batch_norm=False,
    augmentation=None,
    series=None,
    rescale=1 / 255,
):
    """Hidden layers of `widths` units.

    activation: a Keras name, of the hidden layers. rescale: factor that the raw input is multiplied by, None for none.
    initialiser: of the hidden weights, a Keras name or configuration; None takes he_normal (He et al. 2015) for rectified
    units and their like, glorot_uniform (Glorot & Bengio 2010) for others. Deep stacks of sigmoids, of five layers say,
    hardly learn from that, and do from four times its bounds, as their slope at 0 is a quarter (with one layer it matters
    little): {"class_name": "VarianceScaling", "config": {"scale": 16.0, "mode": "fan_avg", "distribution": "uniform"}}.
    input_dropout, dropout: rates at the input and after each hidden layer (Srivastava et al., JMLR 2014). batch_norm:
    normalise before the activation (Ioffe & Szegedy 2015), averages of momentum 0.9. augmentation: of images, see
    zoo.layers.augment. series: (mean, spread) of a series that is to be forecast from a window of it, instead of rescale,
    see zoo.layers.Forecast; classes are then the values ahead.
    """
    inputs, x = raw_input(input_shape, rescale, series)
    if augmentation and series is not None:
        raise ValueError("augmentation and series do not go together: a series is no image to move about.")
    if augmentation:
        x = augment(as_image(x), augmentation)
    x = as_vector(x)
    if input_dropout:
        x = keras.layers.Dropout(input_dropout, name="input_dropout")(x)
    for index, units in enumerate(widths, start=1):
        x = hidden(x, units, activation, initialiser, batch_norm, name=f"hidden_{index}")
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout_{index}")(x)
    return keras.Model(inputs, head(inputs, x, classes, series), name="mlp")

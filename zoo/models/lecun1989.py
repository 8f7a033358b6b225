"""LeCun's five nets of 1989, which learn digits of 16x16 pixels the better the more is known beforehand and the less is free.

Y. LeCun, Generalization and network design strategies, technical report CRG-TR-89-4, University of Toronto 1989.
"""

import keras

from zoo.layers.dense import logits
from zoo.layers.local_maps import LocalMaps, scaled_tanh, small_start
from zoo.layers.preprocessing import as_image, as_vector, raw_input
from zoo.registry import register_model

UNITS = 12  # of the hidden layer of net 2
# (maps, side of the windows, whether a map's units share a kernel) of the two hidden layers; windows are 2 pixels apart.
MAPS = {3: ((1, 3, False), (1, 5, False)), 4: ((2, 3, True), (1, 5, False)), 5: ((2, 3, True), (4, 5, True))}


@register_model
def lecun1989(input_shape, classes, *, net=5, rescale=1 / 255):
    """Net 1: no hidden layer. 2: one of 12 units. 3: two, locally connected. 4: shared kernels in the first. 5: in both.

    For 16x16 pixels and 10 classes they have 2570, 3214, 1226, 1132 and 1060 weights, biases included, and 2570, 3214,
    1226, 2266 and 5194 connections. The output is logits; scaled_tanh of them is what was trained towards +1 and -1 in 1989.
    rescale: as of mlp.
    """
    if net not in (1, 2, *MAPS):
        raise ValueError(f"net must be 1, 2, 3, 4 or 5; got {net!r}.")
    inputs, x = raw_input(input_shape, rescale)
    x = as_image(x)
    for index, (maps, size, shared) in enumerate(MAPS.get(net, ()), start=1):
        x = LocalMaps(maps, size, 2, shared, name=f"hidden_{index}")(x)
        x = keras.layers.Activation(scaled_tanh, name=f"hidden_{index}_activation")(x)
    x = as_vector(x)
    if net == 2:
        x = keras.layers.Dense(UNITS, **_start(x), name="hidden_1")(x)
        x = keras.layers.Activation(scaled_tanh, name="hidden_1_activation")(x)
    return keras.Model(inputs, logits(x, classes, **_start(x)), name="lecun1989")


def _start(x):
    return {f"{part}_initializer": small_start(x.shape[-1]) for part in ("kernel", "bias")}

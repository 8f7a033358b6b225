"""A kernel machine with the Gaussian kernel, approximated by random Fourier features.

Rahimi & Recht, Random features for large-scale kernel machines, NIPS 2007.
"""

import keras

from zoo.layers.dense import logits
from zoo.layers.fourier import RandomFourierFeatures
from zoo.layers.preprocessing import as_vector, raw_input
from zoo.registry import register_model


@register_model
def kernel_machine(input_shape, classes, *, features=8192, gamma=0.03, rescale=1 / 255):
    """A frozen random projection whose inner products approximate exp(-gamma |x - y|^2), and a trainable linear head.

    features: number of random features; gamma: of the kernel, in units of the rescaled input.
    """
    inputs, x = raw_input(input_shape, rescale)
    x = RandomFourierFeatures(features, gamma, name="fourier")(as_vector(x))
    return keras.Model(inputs, logits(x, classes), name="kernel_machine")

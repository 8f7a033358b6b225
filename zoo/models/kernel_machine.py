"""A kernel machine with the Gaussian kernel, approximated by random Fourier features.

Rahimi & Recht, Random features for large-scale kernel machines, NIPS 2007; Yu et al., Orthogonal random features, NIPS 2016.
"""

import keras

from zoo.layers.augmentation import augment
from zoo.layers.dense import logits
from zoo.layers.fourier import OrthogonalRandomFeatures
from zoo.layers.preprocessing import as_image, as_vector, raw_input
from zoo.registry import register_model


@register_model
def kernel_machine(input_shape, classes, *, features=8192, gamma=0.03, augmentation=None, rescale=1 / 255):
    """A frozen random projection whose inner products approximate exp(-gamma |x - y|^2), and a trainable linear head.

    features: number of random features, even; gamma: of the kernel, in units of the rescaled input (rescale: as of mlp).
    augmentation (see zoo.layers.augment) trains on changed images, as virtual examples do for machines with an exact kernel
    (DeCoste & Schölkopf, Machine Learning 46, 2002).
    """
    inputs, x = raw_input(input_shape, rescale)
    if augmentation:
        x = augment(as_image(x), augmentation)
    x = OrthogonalRandomFeatures(features, gamma, name="fourier")(as_vector(x))
    return keras.Model(inputs, logits(x, classes), name="kernel_machine")

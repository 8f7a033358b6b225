"""Keras layers and losses that the zoo's models are made of. All are registered, so saved models load without help."""

from zoo.layers.augmentation import RandomAffine, RandomErasing, RandomFlip, RandomShift, augment
from zoo.layers.autoencoder import Autoencoder, MeanOutput
from zoo.layers.convolution import MatmulConv2D, SlicedMaxPooling2D
from zoo.layers.fourier import RandomFourierFeatures

__all__ = [
    "Autoencoder",
    "MatmulConv2D",
    "MeanOutput",
    "RandomAffine",
    "RandomErasing",
    "RandomFlip",
    "RandomFourierFeatures",
    "RandomShift",
    "SlicedMaxPooling2D",
    "augment",
]

"""Keras layers and losses that the zoo's models are made of.

All are registered, and with them what models are trained by, so that Keras loads saved models where this is imported.
"""

import zoo.reconstruction
import zoo.training.schedules  # noqa: F401
from zoo.layers.augmentation import (
    RandomAffine,
    RandomAffineElastic,
    RandomElastic,
    RandomErasing,
    RandomFlip,
    RandomShift,
    augment,
)
from zoo.layers.autoencoder import Autoencoder, MeanOutput
from zoo.layers.convolution import MatmulConv2D, SlicedMaxPooling2D
from zoo.layers.forecast import Forecast
from zoo.layers.fourier import OrthogonalRandomFeatures
from zoo.layers.local_maps import LocalMaps, scaled_tanh
from zoo.layers.normalization import BatchNormalization
from zoo.layers.recurrent import ChronoBias, ForgetBias

__all__ = [
    "Autoencoder",
    "BatchNormalization",
    "ChronoBias",
    "Forecast",
    "ForgetBias",
    "LocalMaps",
    "MatmulConv2D",
    "MeanOutput",
    "OrthogonalRandomFeatures",
    "RandomAffine",
    "RandomAffineElastic",
    "RandomElastic",
    "RandomErasing",
    "RandomFlip",
    "RandomShift",
    "SlicedMaxPooling2D",
    "augment",
    "scaled_tanh",
]

"""Real images and files of them, for the tests of what a user hands over."""

import numpy as np
import pytest
from PIL import Image

from zoo.datasets import load
from zoo.errors import InvalidInput
from zoo.image_files import read_images
from zoo.images import prepare_pixels

SIZE = (28, 28)
RESAMPLING = Image.Resampling


@pytest.fixture(scope="module")
def digits():
    """100 real test digits, uint8 (100, 28, 28)."""
    return np.asarray(load("mnist").test.x[:100])


@pytest.fixture(scope="module")
def articles():
    """100 real test articles of clothing, uint8 (100, 28, 28)."""
    return np.asarray(load("fashion_mnist").test.x[:100])


def larger(image, times, how=RESAMPLING.BICUBIC):
    height, width = image.shape[:2]
    return np.asarray(Image.fromarray(image).resize((width * times, height * times), how))


def saved(path, image, **options):
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return path


def error(path, kind=InvalidInput):
    """The one sentence or two that reading a file raises; it names the file."""
    with pytest.raises(kind) as caught:
        for picture in read_images(path):
            prepare_pixels(picture.pixels, SIZE, "mnist", picture.name)
    text = str(caught.value)
    assert str(path) in text and "\n" not in text
    return text

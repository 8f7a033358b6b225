"""TensorFlow Datasets' own test of a builder, on dummy data: `python -m unittest` of this file; tests/ runs it too."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import tensorflow_datasets as tfds

from zoo.datasets.dataset import SPLITS, Split
from zoo.datasets.mnist_variations import mnist_variations_dataset_builder as module


class MnistVariationsTest(tfds.testing.DatasetBuilderTestCase):
    """A config is prepared from dummy_data in the place of our arrays: all take one way, and tests/ loads all of them."""

    DATASET_CLASS = module.Builder
    EXAMPLE_DIR = Path(__file__).parent / "dummy_data"  # in the checkout only; TFDS would look for zoo/datasets there
    SPLITS = {"train": 4, "validation": 2, "test": 3}
    BUILDER_CONFIG_NAMES_TO_TEST = ["basic"]

    def setUp(self):
        super().setUp()
        loaded, module.load = module.load, lambda name: dummy(self.dummy_data)
        self.addCleanup(setattr, module, "load", loaded)


def dummy(folder):
    """Random images with random labels of two classes, so that every config takes them."""
    with open(folder / "images.npz", "rb") as file, np.load(file) as arrays:  # a file: their test allows no path
        return SimpleNamespace(**{split: Split(arrays[f"{split}_x"], arrays[f"{split}_y"]) for split in SPLITS})


if __name__ == "__main__":
    tfds.testing.test_main()

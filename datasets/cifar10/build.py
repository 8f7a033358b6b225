"""The original archive of CIFAR-10 from its authors' site, and its parsing; no package registry ships it."""

import shutil

import numpy as np

from zoo.datasets import cache, official, tfds_source
from zoo.datasets.cifar10 import INFO
from zoo.datasets.dataset import Built, Source, Split

OFFICIAL = "https://www.cs.toronto.edu/~kriz/"
ARCHIVE = "cifar-10-binary.tar.gz"
SIZE = 170_052_171  # bytes; this and the sha256 are TFDS's registered ones
SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
TRAINING = 45_000


def from_official(folder, tell):
    """The archive, kept outside the folder until the set is ready, so that an interruption costs nothing."""
    kept = cache.kept(INFO.name)
    kept.mkdir(parents=True, exist_ok=True)
    official.resume(OFFICIAL + ARCHIVE, kept / ARCHIVE, SIZE, SHA256, tell)
    try:
        (folder / ARCHIVE).symlink_to(kept / ARCHIVE)
    except OSError:  # some disks have no links
        shutil.copyfile(kept / ARCHIVE, folder / ARCHIVE)


NEEDS = tfds_source.NEEDS
SOURCES = {"official": Source(from_official, "connect to the internet (no mirror ships this set)")}


def build(folder):
    """Parse the archive with TFDS's builder; the first 45,000 images of the training files train, the others validate.

    The authors have put the images of all five training files into random order.
    """
    parts, made_with = tfds_source.parse("cifar10", folder)
    x, y = parts["train"]["image"], parts["train"]["label"].astype(np.int32)
    test = Split(parts["test"]["image"], parts["test"]["label"].astype(np.int32))
    splits = {"train": Split(x[:TRAINING], y[:TRAINING]), "validation": Split(x[TRAINING:], y[TRAINING:]), "test": test}
    return Built(splits, made_with)

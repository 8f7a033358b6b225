"""The 60,000 JPEG files out of an archive of the user's, checked by its sha256, and their fixed splits."""

import hashlib
import io
import os
import shutil
import tarfile
from pathlib import Path

import numpy as np

from zoo.datasets.cifar10_jpeg import INFO
from zoo.datasets.dataset import Built, Source, SourceFailed, Split

ARCHIVE = "cifar10_jpeg.tar.xz"
SHA256 = "c98c3af3b1cd62ccbc9233bf60d0bf5f6a1ed650f8f87ca02a5e625b361f2797"
VALIDATION = 5_000
SEED = 2009


def from_file(folder, tell):
    """Copy the archive that the environment variable names into the folder, if it is the right one."""
    named = os.environ.get(INFO.path_variable)
    if not named:
        raise SourceFailed(f"the environment variable {INFO.path_variable} is not set")
    try:
        source = open(Path(named).expanduser(), "rb")
    except OSError as error:
        raise SourceFailed(f"{named} cannot be read ({error.strerror})") from None
    with source, open(folder / ARCHIVE, "wb") as file:
        shutil.copyfileobj(source, file)
    with open(folder / ARCHIVE, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != SHA256:
            raise SourceFailed(f"{named} is another file than the {ARCHIVE} that is known here: its sha256 differs")


NEEDS = {"PIL": "pillow"}
SOURCES = {"file": Source(from_file, f"name the path of {ARCHIVE} in the environment variable {INFO.path_variable}")}


def build(folder):
    """Decode train/<class>/NNNN.jpg and test/<class>/NNNN.jpg; 5,000 images drawn from train validate.

    The archive is ordered by class, so that train and test are both put into a random order, always the same.
    """
    import PIL

    images = {"train": {}, "test": {}}
    with tarfile.open(folder / ARCHIVE, "r:xz") as tar:
        for member in tar:
            if member.isfile():
                part, label, number = member.name.split("/")
                images[part][label, number] = _decoded(tar.extractfile(member).read())
    # RandomState's stream is frozen for all NumPy versions; a Generator's is not.
    random = np.random.RandomState(SEED)
    train, test = (_shuffled(images[part], random) for part in ("train", "test"))
    splits = {
        "train": Split(train.x[VALIDATION:], train.y[VALIDATION:]),
        "validation": Split(train.x[:VALIDATION], train.y[:VALIDATION]),
        "test": test,
    }
    return Built(splits, f"Pillow {PIL.__version__}")


def _decoded(content):
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def _shuffled(images, random):
    names = sorted(images)
    order = random.permutation(len(names))
    x = np.stack([images[name] for name in names])[order]
    y = np.array([INFO.class_names.index(label) for label, _ in names], np.int32)[order]
    return Split(x, y)

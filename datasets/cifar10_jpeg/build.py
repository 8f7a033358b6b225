"""The 60,000 JPEG files out of a folder or archive of the user's, checked by their sha256, and their fixed splits."""

import io
import tarfile

import numpy as np

from zoo.datasets import user_file
from zoo.datasets.cifar10_jpeg import INFO
from zoo.datasets.dataset import Built, Split

ARCHIVE = "cifar10_jpeg.tar"
IMAGES = r"(?:train|test)/[a-z]+/\d+\.jpg"
SHA256 = "f10d4c9e536a564f17fa5e8d68ba087d1235e60cd1f21700e11ff43f0647bbb0"
VALIDATION = 5_000
SEED = 2009
NEEDS = {"PIL": "pillow"}
SOURCES = {"file": user_file.files_source(INFO, "the JPEG copy of CIFAR-10", IMAGES, ARCHIVE, SHA256)}


def build(folder):
    """Decode train/<class>/NNNN.jpg and test/<class>/NNNN.jpg; 5,000 images drawn from train validate.

    The files are ordered by class, so that train and test are both put into a random order, always the same.
    """
    import PIL

    images = {"train": {}, "test": {}}
    with tarfile.open(folder / ARCHIVE, "r:") as tar:
        for member in tar:
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

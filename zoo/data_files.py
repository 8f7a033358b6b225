"""Examples of one's own out of files: an .npz of arrays, or a folder of images with a folder for each class."""

import os
from pathlib import Path

import numpy as np

from zoo.errors import BROKEN_ARRAYS, CorruptFile, InvalidInput
from zoo.image_files import read_images
from zoo.images import prepare_pixels
from zoo.paths import path_named

SPLITS = {"train": ("train",), "validation": ("validation", "val", "valid"), "test": ("test",)}
# How arrays are called, after Keras's mnist.npz, and after MedMNIST.
ARRAYS = (("x_{}", "y_{}"), ("{}_images", "{}_labels"), ("{}_x", "{}_y"))
IMAGES = (".png", ".jpg", ".jpeg")
_KNOWN = "x_train, y_train, x_test, y_test, or train_images, train_labels, or x, y"


def read_examples(path, size=None, grey=False):
    """{"train": (x, y), ...} with the splits that are there, as `zoo.datasets.add` takes them.

    path: an .npz file with x_train, y_train, x_test, y_test (and x_val, y_val), as Keras has them, or train_images, train_labels
    and so on, as MedMNIST does, or x and y alone; or a folder of PNG and JPEG files, with a folder for each class, in folders
    called train, test and validation (or val) where there are such. Of images x is uint8, (n, h, w) where all are grey, else
    (n, h, w, 3), and y the names of their folders. size: what images are scaled to fit, a number of pixels or (height, width);
    None: all have one size, which they keep. grey: turn colours to grey.
    Raises InvalidInput for what is not laid out so, CorruptFile for damaged files; nothing pickled is read.
    """
    path = path_named(path)
    if path.is_dir():
        return _in_folder(path, _sides(size), grey)
    if size is not None or grey:
        raise InvalidInput(f"{path} is no folder of images, whose size and colours could be chosen.")
    try:
        with open(path, "rb") as opened:
            file = np.load(opened, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise InvalidInput(f"{path} holds one array; an .npz with {_KNOWN} is wanted.")
            return _in_arrays(path, file)
    except FileNotFoundError:
        raise InvalidInput(f"There is no file or folder {path}.") from None
    except InvalidInput:
        raise
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror or error}.") from None
    except BROKEN_ARRAYS as error:
        raise CorruptFile(f"{path} is no .npz of plain numbers or strings, or damaged: {error}.") from None


def _in_arrays(path, file):
    if {"x", "y"} <= {*file.files}:
        return {"train": (file["x"], file["y"])}
    found = {}
    for split, names in SPLITS.items():
        pairs = [(x.format(name), y.format(name)) for name in names for x, y in ARRAYS]
        there = [(x, y) for x, y in pairs if {x, y} <= {*file.files}]
        if there:
            found[split] = tuple(file[name] for name in there[0])
    if "train" not in found:
        raise InvalidInput(f"{path} holds {', '.join(file.files) or 'nothing'}; {_KNOWN} are wanted.")
    return found


def _sides(size):
    """(height, width) of a number or two; None of None."""
    if size is None:
        return None
    sides = size if isinstance(size, (tuple, list)) else (size, size)
    if len(sides) != 2 or not all(isinstance(n, (int, np.integer)) and n > 0 and n is not True for n in sides):
        raise InvalidInput(f"A size is a number of pixels, or (height, width); got {size!r:.80}.")
    return tuple(map(int, sides))


def _in_folder(path, size, grey):
    split_of = {folder: split for split, names in SPLITS.items() for folder in names}
    inside = {split_of[folder.name.lower()]: folder for folder in _folders(path) if folder.name.lower() in split_of}
    homes = inside if "train" in inside else {"train": path}
    files = {split: [(file, home.name) for home in _folders(folder) for file in _images(home)] for split, folder in homes.items()}
    if not files["train"]:
        raise InvalidInput(f"{path} holds no PNG or JPEG files in a folder for each class, such as {path / 'cat' / '1.png'}.")
    size = size or _one_size([file for found in files.values() for file, _ in found])
    read = {split: _pixels([file for file, _ in found], size, grey) for split, found in files.items() if found}
    if not any(_coloured(x) for x in read.values()):
        read = {split: x[..., 0] if x.ndim == 4 else x for split, x in read.items()}
    return {split: (x, np.array([name for _, name in files[split]])) for split, x in read.items()}


def _folders(path):
    return [entry for entry in _entries(path) if entry.is_dir()]


def _images(folder):
    return [entry for entry in _entries(folder) if entry.suffix.lower() in IMAGES and entry.is_file()]


def _entries(path):
    try:
        return [Path(path, name) for name in sorted(os.listdir(path)) if not name.startswith(".")]
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}.") from None


def _pixels(files, size, grey):
    """uint8 (n, h, w), in colour (n, h, w, 3), of image files, one held at a time in the size that it has."""
    pixels = np.empty((len(files), *size, *([] if grey else [3])), "uint8")
    for place, file in enumerate(files):
        (picture,) = read_images(file)
        pixels[place] = prepare_pixels(picture.pixels, pixels.shape[1:], None, picture.name)[0]
    return pixels


def _coloured(pixels):
    return pixels.ndim == 4 and bool((pixels != pixels[..., :1]).any())


def _one_size(files):
    """The (height, width) of all. Raises InvalidInput where they differ, naming two."""
    size = None
    for file in files:
        (picture,) = read_images(file)
        sides = picture.pixels.shape[:2]
        if size not in (None, sides):
            said = f"{files[0]} has {size[1]}x{size[0]} pixels, {file} {sides[1]}x{sides[0]}"
            raise InvalidInput(f"The images are of different sizes: {said}; say to which size all are to be brought, such as 32.")
        size = sides
    return size

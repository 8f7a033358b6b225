"""Reading image files: PNG, JPEG and NumPy arrays, from a path or standard input, with limits that no file can talk its
way around: a header that promises too much is refused before anything is decoded, and nothing pickled is loaded.
"""

import io
import os
import struct
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.errors import CorruptFile, InvalidInput, reason_of, unknown_name
from zoo.images import as_pixels, prepare_pixels
from zoo.muting import muted
from zoo.paths import path_named

STDIN = "-"
MAX_BYTES = 100 * 2**20
MAX_SIDE = 16_000
MAX_PIXELS = 64_000_000
WORKING_SIDE = 1_000  # more detail than any model here can use; what is larger is averaged down to it
_ORIENTATION = 0x0112  # the EXIF tag; PIL's own exif_transpose writes all other tags anew and stumbles over odd ones
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
_MOST_AXES = 32  # that every NumPy takes
NPY = b"\x93NUMPY"


class Picture(NamedTuple):
    """One image. name: its file, with [index] where that holds several. pixels: float32, (h, w) or (h, w, c), 0..255.

    done: plain sentences on what reading changed. array: whether it came as numbers, not as a picture.
    """

    name: str
    pixels: np.ndarray
    done: list[str]
    array: bool = False


def read_images(source):
    """The pictures in a file, a list of Picture: one in a PNG or JPEG, any number in an NPY.

    source: a path, or "-" for standard input. An NPY holds (h, w), (n, h, w), (h, w, c) or (n, h, w, c), c being 1, 3
    or 4, as bool, integers 0..255, uint16 or floats 0..1 or 0..255. Raises InvalidInput for what is no
    image, is too large, empty, pickled or has values outside that range, and CorruptFile for a truncated file.

    >>> read_images("digit.png")[0].pixels.shape
    (480, 640, 3)
    """
    name = _name(source)
    content = _stdin_bytes() if str(source) == STDIN else _file_bytes(_path(source))
    if not content:
        raise InvalidInput(f"{name} is empty (0 bytes).")
    if len(content) > MAX_BYTES:
        raise InvalidInput(f"{name} is larger than {MAX_BYTES // 2**20} MiB, the most that is read.")
    if content.startswith(NPY):
        return _arrays(name, content)
    return [_image(name, content)]


def prepare_image(image, input_shape, dataset=None):
    """(pixels, done): an image as a model trained on `dataset` expects it, and plain sentences on what was changed.

    image: the path of a file with one image, as `read_images` takes it, "-" for standard input, one of Pillow's images, or an
    array (h, w), (h, w, 1), (h, w, 3) or (h, w, 4), values as `zoo.images.as_pixels` takes them. input_shape: the model's,
    (h, w), (h, w, 1) or (h, w, 3). dataset: the name of the data set, or the name or folder of a preset, which means its data
    set's; "mnist" and "fashion_mnist" have a known layout, for others and for None the whole image is scaled to fit and nothing
    is inverted. pixels: uint8, shape `input_shape`, 0..255.

    Raises InvalidInput for what is no image, for several of them, for one that is blank, and for a model that takes no
    images; UnknownName for a data set or preset that there is not; CorruptFile for a truncated file.

    >>> pixels, done = prepare_image("photo.png", (28, 28), "mnist")
    >>> done[0]
    'Inverted: it was dark on light, the model saw light on dark.'
    """
    dataset = _data_set(dataset)
    if isinstance(image, (str, os.PathLike)):
        pictures = read_images(image)
        if len(pictures) != 1:
            raise InvalidInput(f"{_name(image)} holds {len(pictures)} images; one is wanted.")
        name, pixels, read, _ = pictures[0]
    else:
        name, pixels, read, _ = picture_of(image, "The image")
    pixels, done = prepare_pixels(pixels, input_shape, dataset, name)
    return pixels, read + done


def picture_of(array, name):
    """The Picture of an array, or one of Pillow's images, called `name`. Raises InvalidInput as `as_pixels` does."""
    if is_pillow(array):
        return _of_pillow(name, array)
    return Picture(name, as_pixels(array, name), _brought(array), True)


def is_pillow(image):
    """Whether it is one of Pillow's images, the bytes of which may be indices of a palette, or ink."""
    return hasattr(image, "getbands") and hasattr(image, "getexif")


def _of_pillow(name, image):
    from PIL import ImageFile

    opened = isinstance(image, ImageFile.ImageFile)  # others came out of a program, which will have turned them
    if image.mode[:1] in "FI" and image.format != "PNG":  # numbers of any size
        image, done = _upright(name, image) if opened else (image, [])
        array = np.asarray(image)
        return Picture(name, as_pixels(array, name), done + _brought(array))
    if 0 in image.size:
        raise InvalidInput(f"{name} is empty: {image.width}x{image.height} pixels.")
    return _decoded(name, image, turned=not opened)


def _data_set(name):
    """The data set that a name means: its own, or that of a preset."""
    from zoo.datasets import list_datasets
    from zoo.presets import list_presets, model_card
    from zoo.presets.card import layout_of

    if name is None or name in list_datasets():
        return name
    path = isinstance(name, os.PathLike) or any(mark in str(name) for mark in (os.sep, "~"))
    if path or name in list_presets() or os.path.isdir(str(name)):
        return layout_of(model_card(name))
    raise unknown_name("data set or preset", name, [*list_datasets(), *list_presets()])


def _name(source):
    return "standard input" if str(source) == STDIN else os.fspath(source)


def _path(source):
    """The Path of a file, ~ expanded unless there is one of just that name."""
    return Path(source) if os.path.exists(source) else path_named(source)


def _file_bytes(path):
    try:
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InvalidInput(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise InvalidInput(f"{path} is a folder; name the image files in it.") from None
    except (OSError, ValueError) as problem:  # ValueError: a null byte in the name
        raise InvalidInput(f"{path} can't be read: {getattr(problem, 'strerror', None) or problem}.") from None


def _stdin_bytes():
    if sys.stdin is None or sys.stdin.closed:
        raise InvalidInput("Standard input is closed; pipe an image into it or name a file.")
    try:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    except OSError as problem:
        raise InvalidInput(f"Standard input can't be read: {problem.strerror}.") from None


def _image(name, content):
    from PIL import Image, UnidentifiedImageError

    try:
        with muted(Image.DecompressionBombWarning):  # our own limit, below, is lower
            image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
    except UnidentifiedImageError:
        raise InvalidInput(f"{name} is no image that can be read here: it is neither PNG nor JPEG nor NPY.") from None
    except Image.DecompressionBombError as problem:
        raise InvalidInput(f"{name} is too large to be decoded: {str(problem).partition(',')[0]}.") from None
    except (OSError, SyntaxError, ValueError) as problem:
        raise CorruptFile(f"{name} has a broken header: {problem}.") from None
    return _decoded(name, image)


def _decoded(name, image, turned=False):
    """The Picture of one of Pillow's images, turned upright, if it was not turned, and, where it is large, scaled down."""
    width, height = image.size
    upright, done = _upright(name, image, turned, _plain_mode)
    factor = -(-max(width, height) // WORKING_SIDE)
    if factor > 1:
        upright = upright.reduce(factor)
        done.append(f"Scaled down {factor} times, from {width}x{height} pixels.")
    return Picture(name, np.asarray(upright).astype("float32"), done)


def _upright(name, image, turned=False, into=lambda image: (image, [])):
    """(one of Pillow's images, turned upright if it was not turned, as `into` then makes it; what was done).

    Raises InvalidInput for one that is too large, CorruptFile for one that can't be decoded.
    """
    from PIL import Image

    width, height = image.size
    if max(image.size) > MAX_SIDE or width * height > MAX_PIXELS:
        raise InvalidInput(
            f"{name} has {width}x{height} pixels; up to {MAX_SIDE:,} a side and {MAX_PIXELS // 10**6} million in all are read. "
            "Scale it down first."
        )
    deep = image.format == "PNG" and not image.mode.startswith("I") and any("16" in str(tile[3]) for tile in image.tile)
    try:
        image.load()
        turn = None if turned else _TURNS.get(image.getexif().get(_ORIENTATION))
        upright, said = into(image.transpose(Image.Transpose[turn]) if turn else image)
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, MemoryError, struct.error) as problem:
        raise CorruptFile(f"{name} is truncated or damaged: {str(problem) or type(problem).__name__}.") from None
    return upright, ["Turned upright, as its EXIF tag asks."] * bool(turn) + ["Brought from 16 bits to 8."] * deep + said


def _plain_mode(image):
    """(image in mode L, RGB, RGBA or F with 0..255, what was done): palettes, CMYK, bits and 16 bits become one of these."""
    from PIL import Image

    if image.mode.startswith("I"):  # as a PNG of 16 bits is opened
        return Image.fromarray(np.asarray(image).astype("float32") / np.float32(257)), ["Brought from 16 bits to 8."]
    if "transparency" in image.info or image.mode in ("LA", "PA", "La", "RGBa", "RGBA"):
        return image.convert("RGBA"), []
    return image.convert("L" if image.mode in ("1", "L") else "RGB"), []


def _arrays(name, content):
    return pictures_of(_parsed(name, content), name)


def pictures_of(array, name, least=1):
    """The Pictures of an array, one (h, w) or (h, w, c) or several (n, h, w) or (n, h, w, c), or of one of Pillow's images.

    least: pixels a side that images have of which it holds several. Raises InvalidInput as `as_pixels` does.
    """
    if is_pillow(array):
        return [_of_pillow(name, array)]
    pixels = as_pixels(array, name)
    colours = pixels.ndim == 3 and pixels.shape[-1] in (1, 3, 4)
    many = pixels.ndim == 4 or pixels.ndim == 3 and not colours and min(pixels.shape[1:]) >= least
    done = _brought(array)
    if not many:
        return [Picture(name, pixels, done, True)]
    return [Picture(f"{name}[{index}]", one, done, True) for index, one in enumerate(pixels)]


def _brought(array):
    """What as_pixels does to an array, in sentences."""
    kind = np.asarray(array).dtype
    return [] if kind == "uint8" else [f"Brought from {kind} to 0..255."]


def _parsed(name, content):
    """The array in the bytes of an NPY file. Its header is believed only as far as there are bytes behind it."""
    file = io.BytesIO(content)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        version = np.lib.format.read_magic(file)
        shape, by_columns, dtype = readers.get(version, lambda _: ((), False, np.dtype("O")))(file)
        if any(side < 0 for side in shape) or len(shape) > _MOST_AXES or not dtype.itemsize or dtype.subdtype:
            raise ValueError(f"the shape {shape} of {dtype}")
    except Exception as problem:  # NumPy raises whatever its parser of Python literals runs into
        raise CorruptFile(f"{name} has a broken NPY header: {reason_of(problem)}.") from None
    if dtype.hasobject:
        raise InvalidInput(f"{name} holds more than plain numbers; nothing pickled is loaded, because it could run code.")
    if 0 in shape:
        raise InvalidInput(f"{name} is an empty array of shape {shape}.")
    count = 1
    for side in shape:
        count *= side
    promised, there = count * dtype.itemsize, len(content) - file.tell()
    if promised != there:
        raise CorruptFile(f"{name} is truncated or damaged: its header promises {promised:,} bytes, {there:,} are there.")
    flat = np.frombuffer(content, dtype, count, offset=file.tell())
    return flat.reshape(shape, order="F" if by_columns else "C")

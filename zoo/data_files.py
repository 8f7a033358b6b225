"""Examples of one's own out of files: an .npz of arrays, or a folder of images with a folder for each class."""

import contextlib
import functools
import os
from pathlib import Path

import numpy as np

from zoo.errors import BROKEN_ARRAYS, CorruptFile, InvalidInput, ZooError, reason_of
from zoo.image_files import NPY, read_images
from zoo.images import drawing_in, ground_for, level_behind, scaled_pixels
from zoo.paths import path_named

SPLITS = {"train": ("train",), "validation": ("validation", "val", "valid"), "test": ("test",)}
# How arrays are called, after Keras's mnist.npz, and after MedMNIST.
ARRAYS = (("x_{}", "y_{}"), ("{}_images", "{}_labels"), ("{}_x", "{}_y"))
IMAGES = (".png", ".jpg", ".jpeg")
OTHER_IMAGES = tuple(
    ".jpe .jfif .jp2 .j2k .jpx .jxl .webp .bmp .gif .tif .tiff .heic .heif .avif .ppm .pgm .pbm .pnm .svg .tga .pcx .ico .apng "
    ".psd .dds .exr .hdr .raw .dng .npy".split()
)
NO_FILE = 2.0**42  # bytes: of an array of more the header is wrong
MAGIC = (b"\x89PNG", b"\xff\xd8\xff")  # how PNG and JPEG files begin, whatever they are called
TABLES = (".csv", ".tsv", ".xlsx", ".parquet", ".arff")
LARGEST = 1000  # pixels a side; larger images are read scaled down, see zoo.image_files
_KNOWN = "x_train, y_train, x_test, y_test, or train_images, train_labels, or x, y"


def read_examples(path, size=None, grey=False):
    """{"train": (x, y), ...} with the splits that are there, as `zoo.datasets.add` takes them.

    path: an .npz file with x_train, y_train, x_test, y_test (and x_val, y_val), as Keras has them, or train_images,
    train_labels and so on, as MedMNIST does, or x and y alone; or a folder of PNG and JPEG files, with a folder for each
    class, in folders called train, test and validation (or val) where there are such. Of images x is uint8, (n, h, w) where
    all are grey, else (n, h, w, 3), and y the names of their folders; transparent parts of all are laid on black or on white,
    whichever lets what is drawn in train's stand out. size: what images are scaled to fit, a number of
    pixels or (height, width), up to 1,000; None: all have one size, up to as much, which they keep. grey: turn colours to
    grey.
    Raises InvalidInput for what is not laid out so, with a folder without images or images of other kinds in it, for a transparent
    image that shows nothing on that ground, and for more than memory holds, CorruptFile for damaged files; nothing pickled is
    read.
    """
    path = path_named(path)
    if path.is_dir():
        return _in_folder(path, _sides(size), grey)
    if path.suffix.lower() in TABLES and path.exists():
        how = "pandas reads it; zoo.datasets.add(name, (table[columns].to_numpy(), table[label].to_numpy())) takes its arrays"
        raise InvalidInput(f"{path} is a table, of which nobody knows the column with the labels: {how}.")
    if size is not None or grey:
        raise InvalidInput(f"{path} is no folder of images, whose size and colours could be chosen.")
    with _reading(path, "file or folder", ".npz of plain numbers or strings"), open(path, "rb") as opened:
        file = np.load(opened, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise InvalidInput(f"{path} holds one array; an .npz with {_KNOWN} is wanted.")
        return _in_arrays(path, file)


def read_array(path):
    """The array in an .npy file. Raises InvalidInput for what is none or can't be read, CorruptFile for a damaged one."""
    path = path_named(path)
    with _reading(path, "file", ".npy of plain numbers"), open(path, "rb") as opened:
        if opened.read(len(NPY)) != NPY:
            raise InvalidInput(f"{path} is no .npy file of one array, as numpy.save writes it.")
        opened.seek(0)
        return np.load(opened, allow_pickle=False)


@contextlib.contextmanager
def _reading(path, place, what):
    """Turn what reading a path raises into one of our errors, but for those; place: what it may name; what: is wanted there."""
    try:
        yield
    except ZooError:
        raise
    except FileNotFoundError:
        raise InvalidInput(f"There is no {place} {path}.") from None
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror or error}.") from None
    except BROKEN_ARRAYS as error:
        shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)  # of NumPy's own, that it has no room for
        if isinstance(error, MemoryError) and shape is not None and np.prod(shape, dtype=float) * dtype.itemsize < NO_FILE:
            raise InvalidInput(f"{path} does not fit into memory: {reason_of(error)}.") from None
        raise CorruptFile(f"{path} is no {what}, or damaged: {reason_of(error)}.") from None


def read_series(source):
    """The numbers of a series, float64 (n,): of the path of an .npy or of a text, or of an open text, in which they stand with
    spaces, commas or new lines between. Raises InvalidInput for what is none, or has two columns, CorruptFile for a damaged .npy.
    """
    given = hasattr(source, "read")
    path = "What was given" if given else path_named(source)
    if not given and path.suffix == ".npy":
        return read_array(path)
    with _reading(path, "file", "text of numbers"):
        try:
            return _numbers(source.read() if given else path.read_text(encoding="utf-8"), path)
        except UnicodeDecodeError:
            raise InvalidInput(f"{path} is no text of numbers, in UTF-8.") from None


def _numbers(text, where):
    text = text.removeprefix("\ufeff")  # by which some programs of Windows begin a file
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.count(",") == 1 and not line.rstrip().endswith(",") for line in lines):
        raise InvalidInput(f"{where} has two columns, or decimal commas: give the values of one series alone, one a line, as 1.5.")
    if _is_table(lines):
        raise InvalidInput(f"{where} has several columns: give the values of one series alone, one a line.")
    words = text.replace(",", " ").split()
    for place, word in enumerate(words, start=1):
        try:
            float(word)
        except ValueError:
            raise InvalidInput(f"{where} is no text of numbers: word {place} is {word[:40]!r}.") from None
    return np.array(words, float)


def _is_table(lines):
    """Whether lines of a text are rows of a table: as many words in each, and a tab between, or a first one that counts on."""
    rows = [line.replace(",", " ").split() for line in lines]
    if len(rows) < 2 or len({*map(len, rows)}) > 1 or len(rows[0]) < 2:
        return False
    try:
        steps = np.diff(np.array(rows, float)[:, 0])
    except ValueError:  # a word that is no number is told of as such
        return False
    within = np.diff(np.array(rows, float), axis=1)
    if np.all(within == within[0, 0]) and np.all(steps == len(rows[0]) * within[0, 0]):  # which counts on from row to row
        return False
    return all("\t" in line.strip() for line in lines) or len(rows) > 2 and steps[0] != 0 and bool(np.all(steps == steps[0]))


def _in_arrays(path, file):
    names, found, known = {*file.files}, {}, set()
    if {"x", "y"} <= names:
        found, known = {"train": ("x", "y")}, {"x", "y"}
    else:
        for split, called in SPLITS.items():
            pairs = [(x.format(name), y.format(name)) for name in called for x, y in ARRAYS]
            there = [pair for pair in pairs if names & {*pair}]
            if len(there) > 1 or there and not names >= {*there[0]}:
                some = ", ".join(sorted(names & {*sum(pairs, ())}))
                raise InvalidInput(f"{path} holds {some} of {split}: one pair is wanted.")
            if there:
                found[split] = there[0]
                known |= {*there[0]}
    if "train" not in found:
        raise InvalidInput(f"{path} holds {', '.join(file.files) or 'nothing'}; {_KNOWN} are wanted.")
    if names - known:
        raise InvalidInput(f"{path} holds {', '.join(sorted(names - known))} besides, which is no split; leave that out.")
    return {split: (file[x], file[y]) for split, (x, y) in found.items()}


def _sides(size):
    """(height, width) of a number or two; None of None."""
    if size is None:
        return None
    sides = size if isinstance(size, (tuple, list)) else (size, size)
    if len(sides) != 2 or not all(isinstance(n, (int, np.integer)) and 0 < n <= LARGEST and n is not True for n in sides):
        raise InvalidInput(f"A size is a number of pixels, or (height, width), up to {LARGEST:,}; got {size!r:.80}.")
    return tuple(map(int, sides))


def _in_folder(path, size, grey):
    homes = _split_folders(path)
    files = {split: [(file, home.name) for home in _classes(folder) for file in _images(home)] for split, folder in homes.items()}
    size = size or _one_size([file for found in files.values() for file, _ in found])
    named = {split: [file for file, _ in found] for split, found in files.items()}
    rest = [file for split, found in named.items() for file in found if split != "train"]
    ground = functools.cache(lambda: next(level for level in map(_ground, (named["train"], rest)) if level is not None))
    read = {split: _pixels(found, size, grey, ground) for split, found in named.items()}
    if not any(_coloured(x) for x in read.values()):
        read = {split: x[..., 0] if x.ndim == 4 else x for split, x in read.items()}
    return {split: (x, np.array([name for _, name in files[split]])) for split, x in read.items()}


def _split_folders(path):
    """{split: its folder}; the whole folder is train where it has no folder of that name."""
    split_of, found = {folder: split for split, names in SPLITS.items() for folder in names}, {}
    _require_no_images(path)
    if not any(folder.name.lower() == "train" for folder in _folders(path)):
        return {"train": path}
    for folder in _folders(path):
        split = split_of.get(folder.name.lower())
        if split is None or split in found:
            said = f"is {'no split' if split is None else f'{split} a second time, beside {found[split].name}'}"
            raise InvalidInput(f"{folder} {said}; {', '.join(split_of)} are what lies beside train, each split once.")
        found[split] = folder
    return found


def _classes(folder):
    found = _folders(folder)
    _require_no_images(folder)
    if not found:
        such = folder / "cat" / "1.png"
        raise InvalidInput(f"{folder} holds no PNG or JPEG files in a folder for each class, such as {such}.")
    return found


def _require_no_images(folder):
    """Raise InvalidInput where images lie beside the folders of classes or splits: nobody says what they show."""
    loose = [entry for entry in _entries(folder) if entry.suffix.lower() in (*IMAGES, *OTHER_IMAGES) and not entry.is_dir()]
    if loose and _folders(folder):
        raise InvalidInput(f"{loose[0]} lies in no folder of a class, and would be left out; move it into one, or away.")


def _folders(path):
    return [entry for entry in _entries(path) if entry.is_dir()]


def _images(folder):
    """The image files of a class, of which there has to be one at least, and no folder or image of another kind beside."""
    found = []
    for entry in _entries(folder):
        kind = entry.suffix.lower()
        if kind in IMAGES and entry.is_file():
            found.append(entry)
        elif entry.is_dir() or kind in (*IMAGES, *OTHER_IMAGES) or not kind and _begins_as_image(entry):
            what = "a folder inside that of a class" if entry.is_dir() else "no PNG or JPEG file by its name"
            what = what if entry.exists() else "a link to nothing"
            raise InvalidInput(f"{entry} is {what}, and would be left out; move it away, or bring its images in.")
    if not found:
        raise InvalidInput(f"{folder} holds no PNG or JPEG files; a class needs some.")
    return found


def _begins_as_image(path):
    try:
        with open(path, "rb") as file:
            return file.read(4).startswith(MAGIC)
    except OSError:  # a socket, or what may not be read
        return False


def _entries(path):
    try:
        return [Path(path, name) for name in sorted(os.listdir(path)) if not name.startswith(".")]
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}.") from None


def _pixels(files, size, grey, ground):
    """uint8 (n, h, w), in colour (n, h, w, 3), of image files, one held at a time in the size that it has. ground(): the level that
    transparent parts of all get, which is asked for where there are some.
    """
    shape = (len(files), *size, *([] if grey else [3]))
    try:
        pixels = np.empty(shape, "uint8")
    except MemoryError as error:
        raise InvalidInput(f"The images do not fit into memory, choose a smaller size for them: {reason_of(error)}.") from None
    for place, file in enumerate(files):
        picture = _picture(file)
        see_through = ground_for(picture.pixels) is not None
        pixels[place] = scaled_pixels(picture.pixels, pixels.shape[1:], picture.name, ground() if see_through else None)
        if see_through and np.ptp(pixels[place]) == 0 and np.ptp(picture.pixels[:, :, 3]):
            level = "black" if ground() == 0 else "white"
            raise InvalidInput(
                f"{file} shows nothing where its transparent parts are {level}, as those of all are made, so that the others stand "
                "out: lay such images on a ground first, or leave them out."
            )
    return pixels


def _ground(files):
    """0 or 255, the level on which what is drawn in image files with transparent parts stands out, all of them together; None where
    none has such.
    """
    drawn = [drawing_in(found) for found in map(_transparent, files) if found is not None]
    light, weight = np.sum(drawn, axis=0) if drawn else (0, 0)
    return level_behind(light, weight) if drawn else None


def _transparent(file):
    """The pixels of a file that has transparent parts, None of another."""
    pixels = _picture(file).pixels
    return pixels if ground_for(pixels) is not None else None


def _picture(file):
    found = read_images(file)
    if len(found) != 1:
        raise InvalidInput(f"{file} holds {len(found)} images; one is wanted in each file.")
    return found[0]


def _coloured(pixels):
    return pixels.ndim == 4 and bool((pixels != pixels[..., :1]).any())


def _one_size(files):
    """The (height, width) of all. Raises InvalidInput where they differ, naming two."""
    size = None
    for file in files:
        picture = _picture(file)
        sides = picture.pixels.shape[:2]
        if any(text.startswith("Scaled down") for text in picture.done):
            said = f"{file} has more than {LARGEST:,} pixels a side"
            raise InvalidInput(f"{said}; say to which size all are to be brought, such as 32.")
        if size not in (None, sides):
            said = f"{files[0]} has {size[1]}x{size[0]} pixels, {file} {sides[1]}x{sides[0]}"
            anew = "say to which one all are to be brought, such as 32"
            raise InvalidInput(f"The images are of different sizes: {said}; {anew}.")
        size = sides
    return size

"""The files of a preset's folder: where they are, that they are those that were written, and what config.json may say.

<folder>/config.json, model.weights.h5, card.json, golden.npz and README.md, with their sha256 in SHA256SUMS, as
`sha256sum -c` reads it. zoo/pretrained/SHA256SUMS holds those of the presets that ship.
"""

import hashlib
import json
import os
import re
import stat
from pathlib import Path

from zoo.errors import CorruptFile, InvalidInput, unknown_name
from zoo.names import matching
from zoo.paths import path_named
from zoo.registry import list_models, model_options

SHIPPED = Path(__file__).resolve().parents[1] / "pretrained"
CONFIG, WEIGHTS, CARD, GOLDEN, README = FILES = ("config.json", "model.weights.h5", "card.json", "golden.npz", "README.md")
SUMS = "SHA256SUMS"
FORMAT = 3  # of config.json; a card has its own
# What an option may be made by, beside words and numbers, since format 2: Keras's own initialisers, none of which runs code.
# Since format 3 the options of layers by their names, too, as augmentation takes them.
INITIALISERS = (
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "LecunNormal", "LecunUniform", "Ones",
    "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros",
)  # fmt: skip
KEYS = ("format", "model", "input_shape", "classes", "options")
WORD = re.compile(r"[A-Za-z0-9_]+")
LARGEST = 2**24  # bytes of a file, but for weights and golden logits; nothing larger is read
LARGEST_ARRAYS = 2**33


def list_presets(pattern="*"):
    """Sorted names of the presets that ship with the zoo and match a shell pattern, None for all. Imports no Keras.

    Raises InvalidInput for a pattern that is no string.

    >>> "linear_mnist" in list_presets("*_mnist")
    True
    """
    names = (path.parent.name for path in SHIPPED.glob(f"*/{CONFIG}"))
    return matching(names, pattern)


def find(name_or_folder):
    """The folder (a Path) of a preset: of one that ships, by its name, or the user's own, by its path.

    Raises UnknownName for a name that is none, with the nearest ones, InvalidInput for a path with no folder there.
    """
    if isinstance(name_or_folder, str) and name_or_folder in list_presets():
        return SHIPPED / name_or_folder
    folder = path_named(name_or_folder)
    if str(name_or_folder) and os.path.isdir(folder):  # pathlib's own would raise for a name that is too long
        return folder
    if os.path.isfile(folder):
        raise InvalidInput(f"{folder} is a file; a preset is a folder with {', '.join(FILES)}.")
    if isinstance(name_or_folder, Path) or any(mark in str(name_or_folder) for mark in (os.sep, "~")):
        raise InvalidInput(f"There is no folder {folder}; a preset is its folder or one of the names that zoo presets lists.")
    raise unknown_name("preset", name_or_folder, list_presets())


def verified(folder, *names):
    """{name: bytes} of files of a preset, each as its sha256 promises; all if none is named. Raises CorruptFile."""
    sums = _sums(folder / SUMS)
    if folder.parent == SHIPPED:
        shipped = _sums(SHIPPED / SUMS)
        if {name: shipped.get(f"{folder.name}/{name}") for name in sums} != sums:
            raise _damaged(folder / SUMS, "is not the one that shipped")
    found = {}
    for name in names or FILES:
        found[name] = _read(folder / name)
        if hashlib.sha256(found[name]).hexdigest() != sums.get(name):
            raise _damaged(folder / name, f"is not what {SUMS} promises" if name in sums else f"is not listed in {SUMS}")
    return found


def write_sums(folder, names=FILES):
    """Write SHA256SUMS of files of a folder, given by their names in it."""
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names)]
    (folder / SUMS).write_text("".join(lines), encoding="ascii")


def parse_json(content, path):
    """The object in the bytes of a JSON file. Raises CorruptFile, naming path, where they hold none."""
    try:
        if len(content) > LARGEST:
            raise ValueError("too large")
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _damaged(path, "holds no JSON object")
    return value


def parse_config(content, path):
    """config.json as a dict of KEYS: names, plain numbers, options of named layers and Keras's initialisers only, so that nothing
    in it can be executed.

    Raises CorruptFile for missing or unknown keys, InvalidInput for a newer format, a model that the zoo has not
    and options that are more than words, numbers, lists of them, options of named layers and initialisers of Keras.
    """
    config = parse_json(content, path)
    check_format(config, path)
    odd = sorted(set(config) ^ set(KEYS))
    if odd:
        raise _damaged(path, f"must have the keys {', '.join(KEYS)}: {', '.join(odd)} {'are' if len(odd) > 1 else 'is'} amiss")
    model, options = config["model"], config["options"]
    if model not in list_models():
        remedy = "if it is one of your own, import the module that registers it first (zoo --import MODULE ...)"
        raise InvalidInput(f"{path} asks for the model {model!r}, which is none of {', '.join(list_models())}; {remedy}.")
    if not isinstance(options, dict) or not set(options) <= set(model_options(model)):
        raise InvalidInput(f"{path} asks for options that {model} has not: it has {', '.join(model_options(model))}.")
    for name, value in (*options.items(), ("input_shape", config["input_shape"]), ("classes", config["classes"])):
        if not (is_plain(value) or name in options and may_make(value)):
            said = "words, numbers, lists of them, options of named layers and initialisers of Keras"
            raise InvalidInput(f"{path} is refused: {name} may hold {said}, not {value!r:.80}.")
    return config


def check_format(content, path, newest=FORMAT):
    """Raise InvalidInput for a file of a newer format than `newest`, CorruptFile for one without."""
    given = content.get("format")
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise _damaged(path, "says no format")
    if given > newest:
        raise InvalidInput(f"{path} has format {given}; this deepzoo reads up to {newest}: install a newer one.")


def is_plain(value):
    """Whether a value of config.json is a word, a number or a list of them."""
    if isinstance(value, list):
        return all(map(is_plain, value))
    if isinstance(value, str):
        return WORD.fullmatch(value) is not None
    return value is None or isinstance(value, (bool, int, float))


def is_initialiser(value):
    """Whether a value is the configuration of one of Keras's own initialisers, {"class_name": ..., "config": {...}}."""
    if not isinstance(value, dict) or value.keys() != {"class_name", "config"} or not isinstance(value["config"], dict):
        return False
    return value["class_name"] in INITIALISERS and all(map(is_plain, (*value["config"], *value["config"].values())))


def _names_options(value):
    """Whether a value names layers and what of theirs is plain, {"affine": {"rotation": 20}}."""
    if not isinstance(value, dict) or not all(isinstance(options, dict) for options in value.values()):
        return False
    inside = [part for options in value.values() for pair in options.items() for part in pair]
    return all(isinstance(name, str) and is_plain(name) for name in value) and all(map(is_plain, inside))


def may_make(value):
    """Whether an option that is not plain may be in config.json: an initialiser of Keras's, or options of named layers."""
    return is_initialiser(value) or _names_options(value)


def config_format(options):
    """The oldest format of config.json that holds these options."""
    if any(map(_names_options, options.values())):
        return FORMAT
    return 2 if any(map(is_initialiser, options.values())) else 1


def _sums(path):
    """{file name: sha256} of a SHA256SUMS."""
    lines = _read(path).decode("ascii", "replace").splitlines()
    pairs = [re.fullmatch(r"([0-9a-f]{64})  ([\w.-]+(?:/[\w.-]+)?)", line) for line in lines]
    if not lines or not all(pairs):
        raise _damaged(path, "is no list of sha256 sums")
    return {pair[2]: pair[1] for pair in pairs}


def _read(path):
    try:
        found, most = path.stat(), LARGEST_ARRAYS if path.name in (WEIGHTS, GOLDEN) else LARGEST
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for, and a device may never end
            raise _damaged(path, "is no plain file")
        if found.st_size > most:
            raise _damaged(path, "is larger than such a file can be")
        return path.read_bytes()
    except CorruptFile:
        raise
    except FileNotFoundError:
        raise _damaged(path, "is missing") from None
    except OSError as error:
        raise CorruptFile(f"{path} can't be read ({error.strerror}).") from None


def _damaged(path, what):
    ours = path.is_relative_to(SHIPPED)
    return CorruptFile(f"{path} {what}; {'install deepzoo again' if ours else 'copy or save the preset again'}.")

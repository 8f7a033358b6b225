"""from_preset: a model from a preset's folder, with the weights that its checksums promise or none at all."""

import contextlib
import threading

import numpy as np

from zoo.errors import CorruptFile, InvalidInput
from zoo.presets.folder import CARD, CONFIG, WEIGHTS, find, parse_config, verified
from zoo.registry import create_model


def from_preset(name_or_folder, load_weights=True, classes=None):
    """A pretrained keras.Model: raw data in, logits of shape (n, classes) out, uncompiled.

    Args:
        name_or_folder: a name that `list_presets()` gives, or the path of a folder that `save_preset` wrote.
        load_weights: False gives the same architecture with new random weights.
        classes: None, or how many classes of one's own: everything is as trained but the last layer, "logits",
            which is new, for fine-tuning.

    The sha256 of every file that is used is checked at every call; nothing in a folder is executed. Raises UnknownName
    for a name, CorruptFile for files that are missing or not as they were written, InvalidInput for a folder that asks
    for something else than the zoo's models: never random weights in place of trained ones.

    Example:
        >>> model = from_preset("linear_mnist")
        >>> model.predict(zoo.datasets.load("mnist").test.x[:3], verbose=0).shape
        (3, 10)
    """
    folder = find(name_or_folder)
    files = verified(folder, CONFIG, CARD, WEIGHTS) if load_weights else verified(folder, CONFIG)
    config = parse_config(files[CONFIG], folder / CONFIG)
    with _blank_start() if load_weights else contextlib.nullcontext():
        model = build(config)
    if load_weights:
        load_verified_weights(model, files[WEIGHTS])
    if classes is None:
        return model
    return _with_new_head(model, config, classes)


def build(config):
    """The model of a parsed config.json, its weights random."""
    return create_model(config["model"], config["input_shape"], config["classes"], **config["options"])


@contextlib.contextmanager
def _blank_start():
    """Variables that this thread makes start at 0, whatever their initialiser: a weights file is to replace them all.

    On JAX every random start of another shape would be compiled first, which takes seconds.
    """
    import keras

    thread, initialise = threading.get_ident(), keras.Variable._initialize_with_initializer

    def blank(variable, initializer):
        ours = threading.get_ident() == thread and isinstance(initializer, keras.initializers.Initializer)
        initialise(variable, _zeros if ours else initializer)

    keras.Variable._initialize_with_initializer = blank
    try:
        yield
    finally:
        keras.Variable._initialize_with_initializer = initialise


def _zeros(shape, dtype=None):
    from keras import ops

    return ops.convert_to_tensor(np.zeros(shape, "float32"), dtype)


def load_verified_weights(model, path):
    """Load a weights file into a model; it must hold the variables of this model, all of them and no others.

    Raises CorruptFile, also for a file that points outside itself.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            _require_plain(file, path)
            count = sum(_datasets(file[name]) for name in file if name != "optimizer")
        if count != len(model.weights):
            raise ValueError(f"{count} arrays for {len(model.weights)} weights")
        model.load_weights(path)
    except CorruptFile:
        raise
    except Exception as error:  # h5py and Keras raise whatever they run into
        why = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise CorruptFile(f"{path} does not hold the weights of this {model.name} ({why}); nothing was loaded.") from None


def _require_plain(group, path):
    """Raise CorruptFile for links, arrays in other files and arrays that are not numbers."""
    import h5py

    for name in group:
        item = group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None
        if isinstance(item, h5py.Group):
            _require_plain(item, path)
        elif not isinstance(item, h5py.Dataset) or item.external or item.is_virtual or item.chunks or item.dtype.kind not in "fiu":
            raise CorruptFile(f"{path} is refused: {group.name}/{name} is no plain array inside it.")


def _datasets(group):
    """How many arrays there are in an item of a file."""
    import h5py

    return 1 if isinstance(group, h5py.Dataset) else sum(map(_datasets, group.values()))


def _with_new_head(model, config, classes):
    changed = build(config | {"classes": classes})
    if classes == config["classes"]:
        raise InvalidInput(f"The preset has {classes} classes already; leave classes out to use its own last layer.")
    for old, new in zip(model.layers[:-1], changed.layers[:-1], strict=True):
        new.set_weights(old.get_weights())
    return changed

"""from_preset: a model from a preset's folder, with the weights that its checksums promise or none at all."""

import contextlib
import io
import math
import tempfile
import threading
import weakref
from pathlib import Path

import numpy as np

from zoo.errors import CorruptFile, InvalidInput, ResultsError, reason_of
from zoo.presets.card import inherited, parse_card
from zoo.presets.folder import CARD, CONFIG, WEIGHTS, find, parse_config, verified
from zoo.registry import create_model, model_options, models_text, reconstructs
from zoo.training.memory import is_out_of_memory

HEAD = "logits"  # the layer that a model of the zoo ends with, but for what has no weights
ANEW = ("augmentation", "dropout", "input_dropout", "unroll")  # options that change how a model trains, not what it computes
LARGEST_MODEL = 2**32  # bytes of weights: no config.json has the memory filled
MOST_VARIABLES = 3000  # nor the time: a million layers of one unit take hours
MOST_STARTED = 20  # variables for each array of a weights file: a model may be made of parts of others, which start, too
DEEPEST = 20  # groups within groups of a weights file; Keras makes five
_origins = weakref.WeakKeyDictionary()  # of every living model what its card takes over from the preset it is made from
_starting = threading.RLock()  # Keras's one way to start variables is changed for one thread at a time


def from_preset(name_or_folder, load_weights=True, classes=None, new_head=False, *, name=None, **options):
    """A pretrained keras.Model: raw data in, logits of shape (n, classes) out, or what its card says, uncompiled.

    Args:
        name_or_folder: a name that `list_presets()` gives, or the path of a folder that `save_preset` wrote.
        load_weights: False gives the same architecture with new random weights.
        classes: None, or how many classes of one's own: everything is as trained but the last layer, "logits",
            which is new, for fine-tuning. `save_preset` takes note of the preset it was made from.
        new_head: True makes the last layer new also where there are as many classes of one's own as the preset has.
        name: what the keras.Model is called, such as "teacher", by which two of one kind can be parts of a third; without one
            as its builder calls it.
        options: those of the model that only training knows, where it has them, in place of the preset's: augmentation,
            dropout, input_dropout, unroll. `augmentation=None` leaves images as they are.

    The sha256 of every file, but with load_weights=False of the configuration alone, is checked at every call; nothing in
    a folder is executed. Raises UnknownName for a name, CorruptFile for files that are missing or not as they were written,
    InvalidInput for a folder that asks for something else than the zoo's models, and for classes, a name or options that a
    model can't have, ResultsError where this machine's temporary folder is full: never random weights in place of trained ones.

    Example:
        >>> model = from_preset("linear_mnist")
        >>> model.predict(zoo.datasets.load("mnist").test.x[:3], verbose=0).shape
        (3, 10)
    """
    folder = find(name_or_folder)
    files = verified(folder) if load_weights else verified(folder, CONFIG)
    config = parse_config(files[CONFIG], folder / CONFIG)
    wanted = config | {"options": config["options"] | _given_anew(config["model"], options)}
    arrays = count_arrays(files[WEIGHTS], folder / WEIGHTS) if load_weights else None
    with watched_start(arrays):
        model = build(config if load_weights else wanted, name)
    if load_weights:
        card = parse_card(files[CARD], folder / CARD, config)
        load_weights_into(model, files[WEIGHTS], folder / WEIGHTS, arrays)
    if classes is not None or new_head:
        with watched_start(arrays, but=HEAD):
            model = _with_new_head(model, wanted, classes, new_head, name)
    elif options and load_weights:
        with watched_start(arrays):
            model = _with_weights_of(model, build(wanted, name))
    if load_weights:
        _origins[model] = inherited(card, own_classes=classes is not None or new_head)
    return model


def origin_of(model):
    """What the card of a model takes over from the preset whose weights it began with, a dict; empty for other models."""
    return dict(_origins.get(model, {}))


def build(config, name=None):
    """The model of a parsed config.json, its weights random; name: what it is called, None for its builder's name."""
    return create_model(config["model"], config["input_shape"], config["classes"], name=name, **config["options"])


@contextlib.contextmanager
def watched_start(arrays=None, but=None):
    """Within it, the variables that this thread makes may not take more than LARGEST_MODEL bytes.

    arrays: None, or how many arrays a weights file has that will replace them all. The variables then start at 0, whatever
    their initialiser, and there may not be many times as many of them. (On JAX each random start of a new shape would first
    be compiled, which takes seconds, and so would the conversion that Keras makes for the seeds of layers that draw; and in 16
    bits some can't be made.) but: the name of a layer that starts as it does without this.
    """
    import keras

    thread, started = threading.get_ident(), []

    def start(variable, initializer):
        ours = threading.get_ident() == thread
        seed = _seed_of(initializer) if ours else None
        # A function that is no Initializer starts an LSTM's bias, or what is no weight.
        weight = ours and (isinstance(initializer, keras.initializers.Initializer) or "float" in variable.dtype)
        if weight:
            started.append(4 * math.prod(variable.shape))
            if sum(started) > LARGEST_MODEL:
                raise InvalidInput(f"it would have more than {LARGEST_MODEL // 2**30} GiB of weights.")
            if len(started) > MOST_VARIABLES:
                raise InvalidInput(f"it would have more than {MOST_VARIABLES:,} arrays of weights.")
            if arrays is not None and len(started) > MOST_STARTED * arrays:
                raise CorruptFile(f"{WEIGHTS} does not hold the weights of the model in {CONFIG}: {arrays} are too few.")
        if seed is not None:
            initializer = _constant([seed, 0])
        elif weight and arrays is not None and but not in variable.path.split("/")[:-1]:
            initializer = _constant(0.0)
        initialise(variable, initializer)

    with _starting:
        initialise = keras.Variable._initialize_with_initializer
        keras.Variable._initialize_with_initializer = start
        try:
            yield
        finally:
            keras.Variable._initialize_with_initializer = initialise


def _seed_of(initializer):
    """The seed that a Keras SeedGenerator starts its state with by this function; None for all other ways to start."""
    names = getattr(getattr(initializer, "__code__", None), "co_freevars", ())
    if not getattr(initializer, "__qualname__", "").startswith("SeedGenerator.") or "seed" not in names:
        return None
    seed = initializer.__closure__[names.index("seed")].cell_contents
    return seed if isinstance(seed, int) and 0 <= seed < 2**31 else None  # larger ones are for Keras to judge


def _constant(value):
    """A way to start a variable with a value, or the same everywhere, for which JAX has nothing to compile."""
    from keras import ops

    def initializer(shape, dtype=None):
        array = np.full(shape, value, "float32" if "float" in dtype else dtype)  # NumPy has no bfloat16
        return ops.convert_to_tensor(array, dtype)

    return initializer


def load_weights_into(model, content, path, arrays=None):
    """Load the bytes of a weights file into a model; it must hold the variables of this model, all of them and no others.

    A model into which they could not be loaded is spoilt. path: what an error calls the file. arrays: what count_arrays has
    said of these bytes, None if nobody has asked it. Raises CorruptFile, also for a file that points outside itself;
    ResultsError where the scratch folder of this machine is full.
    """
    arrays = count_arrays(content, path) if arrays is None else arrays
    with _private_copy(content) as copy, _refusing(path, f"this {model.name}"):
        if arrays != len(model.weights):
            raise ValueError(f"{arrays} arrays for {len(model.weights)} weights")
        for variable in model.weights:  # what Keras passes over, with no more than a warning, stays so
            if "float" in variable.dtype:
                variable.assign(np.full(variable.shape, np.nan, "float32"))
        model.load_weights(copy)
        if not all_finite(model):
            raise ValueError("some are missing, NaN or infinite: it diverged, or is of another architecture")


@contextlib.contextmanager
def _private_copy(content):
    """A file with these bytes that nobody else changes; when Keras fails, it leaves it open."""
    with contextlib.ExitStack() as scratch:
        try:
            private = scratch.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            copy = Path(private) / WEIGHTS
            copy.write_bytes(content)
        except OSError as error:
            said = f"Weights are loaded by way of a temporary folder, which can't be written ({error.strerror or error})"
            raise ResultsError(f"{said}: make room there, or name another: TMPDIR.") from error
        yield copy


def all_finite(model):
    """Whether all weights of a model are numbers."""
    from keras import ops

    return all(np.isfinite(ops.convert_to_numpy(weight)).all() for weight in model.weights)


def count_arrays(content, path):
    """How many arrays a weights file has, an optimizer's apart. Raises CorruptFile where one is no plain array in it."""
    import h5py

    with _refusing(path, "a model"), h5py.File(io.BytesIO(content), "r") as file:
        _require_plain(file, path)
        return sum(_datasets(file[name]) for name in file if name != "optimizer")


@contextlib.contextmanager
def _refusing(path, whose):
    """Turn whatever goes wrong in reading a weights file into a CorruptFile."""
    try:
        yield
    except (CorruptFile, MemoryError):
        raise
    except Exception as error:  # h5py and Keras raise whatever they run into
        if is_out_of_memory(error):
            raise
        why = reason_of(error)[:200]
        raise CorruptFile(f"{path} does not hold the weights of {whose} ({why}); nothing was loaded.") from None


def _require_plain(group, path, depth=0):
    """Raise CorruptFile for links, second names, deep nests, arrays in other files and arrays that are not numbers."""
    import h5py

    for name in group:
        item = group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None
        if item is not None and (h5py.h5o.get_info(item.id).rc > 1 or depth > DEEPEST):
            raise CorruptFile(f"{path} is refused: {group.name}/{name} has several names or lies too deep.")
        if isinstance(item, h5py.Group):
            _require_plain(item, path, depth + 1)
        elif not isinstance(item, h5py.Dataset) or not _is_plain(item):
            raise CorruptFile(f"{path} is refused: {group.name}/{name} is no plain array inside it.")


def _is_plain(array):
    """Whether an array of numbers lies in the file as it is: not elsewhere, compressed or merely promised."""
    elsewhere = array.external or array.is_virtual or array.chunks
    return not elsewhere and array.dtype.kind in "fiu" and array.id.get_storage_size() == array.nbytes


def _datasets(group):
    """How many arrays there are in an item of a file."""
    import h5py

    return 1 if isinstance(group, h5py.Dataset) else sum(map(_datasets, group.values()))


def _with_new_head(model, config, classes, wanted, name=None):
    """A model with the weights of `model` but for its last layer, which is new. wanted: also where it has as many classes."""
    if models_text(config["model"]):
        also = " and new_head" if wanted else ""
        raise InvalidInput(
            f"The classes of a {config['model']} are its alphabet, which all its layers know; leave classes{also} out."
        )
    if reconstructs(config["model"]) and wanted:
        raise InvalidInput(f"{config['model']} reconstructs its input: it has no last layer of classes; leave new_head out.")
    changed = build(config | {"classes": config["classes"] if classes is None else classes}, name)
    if classes == config["classes"] and not wanted:
        raise InvalidInput(
            f"The preset has {classes} classes already; leave classes out to use its own last layer, or have a new one with "
            "new_head=True."
        )
    if HEAD not in [layer.name for layer in changed.layers]:
        raise InvalidInput(f"{config['model']} has no layer called {HEAD}, so that its last layer can't be told from the others.")
    return _with_weights_of(model, changed, but=HEAD)


def _with_weights_of(model, changed, but=None):
    """`changed` with the weights of `model`, but for the layer of that name. Raises InvalidInput where it has others."""
    old, new = ([layer for layer in one.layers if layer.weights and layer.name != but] for one in (model, changed))
    shapes, others = ([[weight.shape for weight in layer.weights] for layer in layers] for layers in (old, new))
    if shapes != others:
        said = "has other weights than those that were trained"
        raise InvalidInput(f"With these options or classes {model.name} {said}; leave them out.")
    for trained, layer in zip(old, new):
        layer.set_weights(trained.get_weights())
    return changed


def _given_anew(model, options):
    """The options of a preset's model that are given anew. Raises InvalidInput for one that may not be."""
    may = [name for name in ANEW if name in model_options(model)]
    if others := sorted(set(options) - set(may)):
        said = f"those that may be are {', '.join(may)}" if may else f"a {model} has none that may be"
        raise InvalidInput(f"{', '.join(map(repr, others))} can't be given anew to trained weights of a {model}; {said}.")
    return options

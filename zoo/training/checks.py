"""Checks of the data and settings that enter training: one clear InvalidInput each."""

import contextlib
import numbers
import random
import sys
import warnings
from pathlib import Path

import numpy as np

from zoo.arrays import array_of, faint
from zoo.errors import InvalidInput

BATCH = 128  # examples, unless another size is asked for
IGNORES_Y = "ignores_y = True"
STREAMS = ("element_spec", "num_batches", "__next__")  # what tf.data, keras.utils.PyDataset and generators have, and no array


def check_data(model, x, y, part=""):
    """Arrays ready for training: x (n, *input_shape), y (n, ...) or zeros where y is None.

    Floats become float32, or float64 where the model takes that and the backend has it; integers become floats, too,
    where 32 bits cannot hold them and the model takes no integers; other numbers keep their dtype. part: "" or
    "validation ", for the messages. Raises InvalidInput for empty, ragged, non-finite or wrongly shaped data, for
    integers beyond those that the model can take, and for x and y of different lengths.
    """
    x = _numeric(x, f"{part}x", str(model.inputs[0].dtype))
    expected = tuple(model.input_shape[1:])
    fits = len(x.shape) - 1 == len(expected) and all(want is None or want == got for want, got in zip(expected, x.shape[1:]))
    if not fits:
        shape = ", ".join(["n", *map(str, expected)])
        raise InvalidInput(f"{part}x has shape {x.shape}, but the model takes ({shape}).")
    if len(x) == 0:
        raise InvalidInput(f"{part}x is empty: there is nothing to train or evaluate on.")
    _check_ids(model, x, part)
    _warn_of_scale(model, x, part)
    if y is None:
        return x, np.zeros(len(x), "float32")
    y = _numeric(y, f"{part}y", str(model.outputs[0].dtype))
    if y.ndim == 0 or len(y) != len(x):
        count = "is a single number" if y.ndim == 0 else f"has {len(y)}"
        raise InvalidInput(f"{part}x has {len(x)} examples, {part}y {count}; they must be as many.")
    return x, y


def _check_ids(model, x, part):
    """Raise InvalidInput where an Embedding takes x as it is and has no vector for some of its numbers."""
    import keras

    for layer in model._flatten_layers(include_self=False):
        if not isinstance(layer, keras.layers.Embedding) or all(
            n.input_tensors[0] is not model.inputs[0] for n in layer._inbound_nodes
        ):
            continue
        low, high, most = x.min(), x.max(), layer.input_dim - 1
        if low < 0 or high > most:
            raise InvalidInput(
                f"{part}x goes from {low:g} to {high:g}, but the model's Embedding {layer.name!r} takes 0 to {most}."
            )


def _warn_of_scale(model, x, part):
    """Warn of numbers that a model for pixels of 0..255 would make nearly 0, in 0..1 or standardised, and of 16-bit pixels."""
    from zoo.layers.preprocessing import rescale_of

    if x.dtype.kind not in "bfiu" or rescale_of(model) != 1 / 255:
        return
    found, high = faint(x), float(x.max())
    if not found and (x.min() < 0 or high <= 255):
        return
    is_found, give = (f"is in {found}", "give them so") if found else (f"goes up to {high:g}", "divide 16-bit images by 257")
    warnings.warn(
        f"{part}x {is_found}, and {model.name!r} divides its input by 255, since the zoo's models take pixels of 0..255: "
        f"{give}, or make the model with rescale=None.",
        stacklevel=_frames_of_ours(),
    )


@contextlib.contextmanager
def told_of_scale():
    """Within it nobody is warned of the scale of x, as somebody was before."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*divides its input by 255")
        yield


def _frames_of_ours():
    """The stack level of the user's line, for a warning of the function that calls this."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and Path(frame.f_code.co_filename).parent == Path(__file__).parent:
        frame, level = frame.f_back, level + 1
    return level


def check_arrays(model, x, y):
    """Raise InvalidInput for what is no array, and for x and y given as one."""
    _require_array(x, "x")
    if y is not None:
        _require_array(y, "y")
    elif isinstance(x, tuple) and len(x) in (2, 3) and getattr(x[0], "ndim", 0) == len(model.input_shape):
        raise InvalidInput("x and y came as one; give them apart, such as fit(*data.train) and predict(data.test.x).")


def _require_array(array, what):
    """Raise InvalidInput for what Keras would draw batches from, and for a dict of arrays."""
    kind = type(array).__name__
    if isinstance(array, dict):
        raise InvalidInput(f"{what} is a dict; give the one array in it, such as {what}[{next(iter(array), 'name')!r}].")
    if any(hasattr(type(array), name) for name in STREAMS) or kind == "DataLoader":
        raise InvalidInput(
            f"{what} is a {kind}; a population takes whole arrays, which all lie in the device's memory: put its batches "
            "together by numpy.concatenate."
        )
    if array is None or callable(array):
        raise InvalidInput(f"{what} must be an array; got {'None' if array is None else 'a function, ' + kind}.")


def check_probabilities(y, part="", weights=None, subsets=None):
    """Raise InvalidInput for targets y (n, ...) of a cross-entropy that are not in 0..1, but where they count for nothing.

    weights: of the losses, float32 (n, ...); subsets: the rows that there are, integers (K, m); None where all are, or count.
    """
    if subsets is not None:
        rows = np.unique(subsets)
        y, weights = y[rows], None if weights is None else weights[rows]
    if weights is not None:
        each = weights if weights.shape == y.shape[: weights.ndim] else weights.reshape(len(weights), -1).any(axis=1)
        y = y[each > 0]
    low, high = (float(y.min()), float(y.max())) if y.size else (0, 0)
    if low < 0 or high > 1 + 1e-6:
        raise InvalidInput(
            f"This cross-entropy compares with numbers in 0..1; {part}y goes from {low:g} to {high:g}. Class labels want "
            "the sparse one, or keras.utils.to_categorical; for a model that reconstructs its input, "
            "zoo.reconstruction.targets(model, x) brings them there."
        )


def check_targets(model, objective, data, part="", subsets=None):
    """Raise InvalidInput where a cross-entropy would have targets outside of 0..1 that count: data["y"] by data["w"], if any."""
    if objective.wants_probabilities(model, data["y"]):
        check_probabilities(data["y"], part, data.get("w"), subsets)


def frozen(model):
    """Which of a model's layers with weights are frozen, in their order."""
    return [not layer.trainable for layer in model._flatten_layers() if layer.weights]


def check_as_built(template, state, built):
    """Raise InvalidInput where layers of a population's template were frozen, or freed, since: its members know nothing of it.

    built: `frozen` of the template as it was made.
    """
    counts = any(len(getattr(template, f"{kind}_variables")) != len(state[kind]) for kind in ("trainable", "non_trainable"))
    if counts or frozen(template) != built:
        raise InvalidInput(
            "Layers of the template were frozen, or freed, after the population was made; do that in build, of which all "
            "members are made."
        )


def check_examples(model, objective, x, y, all_count, part=""):
    """check_data's x and y, y with the labels or the numbers in 0..1 that the loss wants; or InvalidInput.

    all_count: that no row is left out, and none has a weight; else check_targets knows more.
    """
    check_given(y, objective, f"The {part}" if part else "")
    x, y = check_data(model, x, y, part)
    if objective.wants_class_labels(model, y):
        check_labels(y, model.output_shape, part, objective.ignored_class)
    if all_count:
        check_targets(model, objective, {"y": y}, part)
    return x, y


def check_given(y, objective, part=""):
    """Raise InvalidInput where y is None and the loss needs it."""
    if y is None and not objective.ignores_y:
        labels = objective.wants_class_labels(None, None)
        what = "class labels" if labels else f"it; give zeros if it does not, or set {IGNORES_Y} on it"
        raise InvalidInput(f"{part}y is missing: the loss compares with {what}.")


def check_validation(model, validation_data, y, objective):
    """(x, y, sample_weight or None) to validate on, shaped like the training data with targets y; or InvalidInput."""
    if not isinstance(validation_data, (tuple, list)):
        _require_array(validation_data, "validation_data")
    if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
        raise InvalidInput("validation_data must be a pair of arrays (x, y), or three (x, y, sample_weight).")
    x, given, weights = (*validation_data, None)[:3]
    held_out, targets = check_examples(model, objective, x, given, weights is None, "validation ")
    if not _alike(targets.shape[1:], y.shape[1:], model.output_shape[1:]):
        raise InvalidInput(f"validation y has shape {targets.shape}, y {y.shape}; they may differ in length only.")
    return held_out, targets, weights


def _alike(sides, others, output):
    """Whether targets have the same shape but along axes that the model's output leaves open, such as a text's characters."""
    open_ends = [place for place, side in enumerate(output[: len(sides)]) if side is None]
    return len(sides) == len(others) and all(a == b or n in open_ends for n, (a, b) in enumerate(zip(sides, others)))


def split_off(share, x, y, sample_weight, validation_data):
    """((x, y, sample_weight) to train on, the same of the last `share` of the examples to validate on), or InvalidInput."""
    n, number = len(x), isinstance(share, numbers.Real) and not isinstance(share, bool)
    first = int(n * (1 - share)) if number and 0 <= share < 1 else n
    if not 0 < first < n:
        raise InvalidInput(f"validation_split must be a share, 0..1, that leaves some of the {n} examples; got {share!r}.")
    if validation_data is not None:
        raise InvalidInput("Give validation_data or validation_split, not both.")
    arrays = [x, y]
    if sample_weight is not None:
        try:
            weights = np.asarray(sample_weight)
        except ValueError:  # ragged
            weights = np.array(None)
        if weights.shape[:1] != (n,):
            raise InvalidInput(f"sample_weight must be numbers, one for each of the {n} examples; it has shape {weights.shape}.")
        arrays.append(weights)
    kept = [array[:first] for array in arrays]
    return (*kept, None)[:3], tuple(array[first:] for array in arrays)


def check_reconstructed(model, x, error, encoders, linear=True):
    """Raise InvalidInput for a cross-entropy towards inputs x of a model, or units of its encoders, that are not in 0..1.

    It has no least value then and falls for ever. error: of each of the encoders, see zoo.layers.Autoencoder; the first one
    reconstructs x as the model rescales it, each other one the units of the one before. linear: whether error="linear" is a
    way out.
    """
    from keras import ops

    from zoo.layers.preprocessing import rescale_of

    scale = rescale_of(model) or 1
    for place, kind in enumerate(error):
        if kind != "crossentropy":
            continue
        if place:
            activation = encoders[place - 1].activation
            what = f"units of {getattr(activation, '__name__', activation)}"
            values = activation(ops.linspace(-50.0, 50.0, 101)[None])
            low, high = float(ops.min(values)), float(ops.max(values))
        else:
            low, high = sorted((float(x.min()) * scale, float(x.max()) * scale))
            what = f"inputs of {low:g} to {high:g}"
        if low < 0 or high > 1 + 1e-6:
            other = " or give error='linear'" if linear else ""
            raise InvalidInput(
                f"Encoder {place + 1} would reconstruct {what} by cross-entropy, which is for numbers in 0..1; bring them "
                f"there (rescale, sigmoid units){other}."
            )


def _numeric(array, what, taken="float32"):
    """An array as check_data says; taken: the dtype that what it is for takes."""
    _require_array(array, what)
    if np.ma.is_masked(array):
        remedy = "fill them in, .filled(), and give sample_weight 0 to their examples"
        raise InvalidInput(f"{what} has masked values, which would count: {remedy}.")
    if hasattr(type(array), "devices"):  # a JAX array stays where it is; a table may have a column of that name
        import jax.numpy as jnp

        if jnp.issubdtype(array.dtype, jnp.complexfloating):
            raise InvalidInput(f"{what} must hold numbers that are real; its dtype is {array.dtype}.")
        finite = bool(jnp.isfinite(array).all())
    else:
        array = array_of(array, what)
        if array.dtype.kind not in "iubf":
            also = "" if array.dtype.kind != "O" else "; of a table with nullable or mixed types .to_numpy('float32') gives numbers"
            also = f"; np.unique({what}, return_inverse=True)[1] numbers them" if array.dtype.kind in "US" else also
            raise InvalidInput(f"{what} must hold numbers; its dtype is {array.dtype}{also}.")
        array = array.astype(array.dtype.newbyteorder("="), copy=False)  # files may have the other order of bytes
        if array.dtype.kind == "f":
            with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused below
                array = array.astype(_float_of(taken), copy=False)
        elif array.dtype.itemsize == 8 and array.size and not _fits_int32(array):
            array = _large(array, what, taken)
        finite = array.dtype.kind != "f" or np.isfinite(array).all()
    if not finite:
        raise InvalidInput(f"{what} contains NaN or infinite values; remove or replace them first.")
    return array


def _large(array, what, taken):
    """Integers that 32 bits cannot hold as what takes them computes with them: JAX would keep the lower 32 bits only."""
    import keras

    if "int" not in taken:
        return array.astype(_float_of(taken))
    if "64" in taken and keras.backend.backend() != "jax":
        return array
    remedy = "number them anew, np.unique(..., return_inverse=True)"
    if keras.backend.backend() == "jax":
        remedy += ", or take KERAS_BACKEND=tensorflow and keras.Input(..., dtype='int64')"
    raise InvalidInput(
        f"{what} has integers beyond 32 bits, {array.min()} to {array.max()}, which the model cannot take: {remedy}."
    )


def _float_of(taken):
    """The dtype of floats for what takes such: 64 bits where the backend computes in them, too."""
    import keras

    if taken != "float64":
        return "float32"
    if keras.backend.backend() == "jax":
        import jax

        return "float64" if jax.config.jax_enable_x64 else "float32"
    return "float64"


def _fits_int32(array):
    limits = np.iinfo("int32")
    return limits.min <= array.min() and array.max() <= limits.max


def check_labels(y, output_shape, part="", ignored=None):
    """Integer classes for a model whose output is (n, ..., classes): y (n, ...) or (n, ..., 1), or InvalidInput.

    ignored: a label that may be there besides.
    """
    rank, classes = len(output_shape) - 1, output_shape[-1]
    if y.ndim != rank and not (y.ndim == rank + 1 and y.shape[-1] == 1):
        shape = ", ".join(["n", *map(str, output_shape[1:-1])]) + ("," if rank == 1 else "")
        raise InvalidInput(
            f"Class labels must have shape ({shape}); {part}y has {tuple(y.shape)}. For one-hot labels use argmax first, or "
            "keras.losses.CategoricalCrossentropy."
        )
    if y.dtype.kind not in "iub" and not (y % 1 == 0).all():
        raise InvalidInput(f"Class labels must be integers; {part}y holds fractions.")
    known = y if ignored is None else y[y != ignored]
    low, high = (known.min(), known.max()) if known.size else (0, 0)
    if low < 0 or high >= classes:
        besides = "" if ignored is None else f" and {ignored}, which does not count"
        raise InvalidInput(
            f"{part}y has labels from {float(low):g} to {float(high):g}, but the model has {classes} classes: 0..{classes - 1}"
            f"{besides}."
        )


def check_schedule(n, epochs, batch_size):
    """The batch size for positive epochs of n examples: no larger than these, BATCH or all for None; or InvalidInput."""
    batch_size = min(BATCH, n) if batch_size is None else batch_size
    if not _is_positive_int(epochs):
        raise InvalidInput(f"epochs must be a positive integer; got {epochs!r}.")
    if not _is_positive_int(batch_size):
        raise InvalidInput(f"batch_size must be a positive integer; got {batch_size!r}.")
    if batch_size > n:
        raise InvalidInput(f"batch_size {batch_size} is larger than the data, {n} examples; use at most {n}.")
    return int(batch_size)


def _is_positive_int(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value > 0


def check_subsets(subsets, members, n, given):
    """Row indices (K, m) into the training data, n of those given, one row per member, or InvalidInput."""
    try:
        subsets = np.asarray(subsets)
    except ValueError:
        raise InvalidInput("subsets must be of one length: integers of shape (members, examples).") from None
    if subsets.ndim != 2 or len(subsets) != members or subsets.dtype.kind not in "iu" or subsets.shape[1] == 0:
        raise InvalidInput(
            f"subsets must be integers of shape (members, examples) with {members} rows; got {subsets.dtype} {subsets.shape}."
        )
    if subsets.min() < 0 or subsets.max() >= n:
        left = f"; validation_split leaves the first {n} of {given} to train on" if n < given else ""
        raise InvalidInput(f"subsets point outside the data: they run from {subsets.min()} to {subsets.max()}, n is {n}{left}.")
    return subsets.astype("int32")


def check_rates(learning_rate, members):
    """One positive finite learning rate per member as float32 (K,), or InvalidInput."""
    try:
        rates = np.asarray(learning_rate, "float32")
    except (TypeError, ValueError):
        rates = np.zeros(0)
    if rates.shape != (members,) or not (np.isfinite(rates) & (rates > 0)).all():
        raise InvalidInput(f"learning_rate must be {members} positive numbers, one per member; got {learning_rate!r}.")
    return rates


def check_group_size(group_size):
    """None or a positive integer, or InvalidInput."""
    if group_size is not None and not _is_positive_int(group_size):
        raise InvalidInput(f"group_size must be a positive integer or None; got {group_size!r}.")
    return group_size and int(group_size)


def check_flag(name, value):
    """True or False, or InvalidInput for what is neither."""
    if not isinstance(value, (bool, np.bool_)):
        raise InvalidInput(f"{name} must be True or False; got {value!r}.")
    return bool(value)


def one_or_each(name, value, layers):
    """A setting as a list of one value per layer, from one value for all of them or one for each; or InvalidInput."""
    values = list(value) if isinstance(value, (tuple, list)) else [value] * len(layers)
    if len(values) != len(layers):
        raise InvalidInput(f"{name} needs one value, or one for each of the {len(layers)} encoders; got {value!r}.")
    return values


def number_or_each(name, value, layers):
    """As one_or_each, of numbers; or InvalidInput."""
    values = one_or_each(name, value, layers)
    if not all(isinstance(number, numbers.Real) for number in values):
        raise InvalidInput(f"{name} must be a number, or a list of one for each encoder; got {value!r}.")
    return values


def accepted(function, *arguments, **options):
    """function's result; InvalidInput for an option that a layer does not take."""
    try:
        return function(*arguments, **options)
    except ValueError as error:
        raise InvalidInput(str(error)) from error


@contextlib.contextmanager
def drawing_nothing():
    """Raises InvalidInput where what is traced within draws from Python's or NumPy's generator: a compiled program has one draw
    for all members, steps and epochs.
    """

    def states():
        _, numbers, place, *_ = np.random.get_state()
        return random.getstate(), tuple(numbers), place

    before = states()
    yield
    if states() != before:
        raise InvalidInput(
            "A layer or step draws from the generator of Python or NumPy, as keras.layers.AugMix does. A population is compiled, "
            "so that one draw would serve all members and steps: draw by keras.random, or train on TensorFlow "
            "(KERAS_BACKEND=tensorflow)."
        )

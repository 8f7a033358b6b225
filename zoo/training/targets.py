"""What a loss or metric compares the model's output with, and whether it gives one number for each example."""

import functools

import numpy as np

from zoo.errors import InvalidInput, reason_of
from zoo.training.batches import ours

BY_DATA = ("crossentropy", "ce")  # losses that Keras chooses by the shapes of output and y
# Keras's losses that compare number by number, and would stretch one to fit.
_ELEMENT_BY_ELEMENT = (
    "meansquarederror meanabsoluteerror meanabsolutepercentageerror meansquaredlogarithmicerror huber logcosh poisson "
    "kldivergence binarycrossentropy binaryfocalcrossentropy categoricalfocalcrossentropy hinge squaredhinge categoricalhinge "
    "cosinesimilarity dice tversky"
).split()
_OF_BATCHES = ("circle",)  # a number for each example, which the others decide; dice and tversky give one for a batch
_OF_PROBABILITIES = "binarycrossentropy binaryfocalcrossentropy categoricalcrossentropy categoricalfocalcrossentropy".split()


def wants_labels(loss, model, y):
    """Whether y must be integer classes, all of which the model knows. y None: as far as the loss alone says it."""
    import keras

    sparse = keras.losses.SparseCategoricalCrossentropy
    if isinstance(loss, sparse):  # one of somebody's own may compute otherwise
        return type(loss).call is sparse.call and type(loss).__call__ is sparse.__call__
    return _own(loss, model, y).startswith(("sparsecategorical", "categoricalgeneralized"))


def wants_probabilities(loss, model, y):
    """Whether it is a cross-entropy with numbers in 0..1, which has no least value for others."""
    return _own(loss, model, y) in _OF_PROBABILITIES


def compares_numbers(loss, model, y):
    """Whether it is one of Keras's that would repeat y, or the output, along an axis to fit."""
    return _own(loss, model, y) in _ELEMENT_BY_ELEMENT


def shape_given(function, model, x, y, dtypes):
    """Shape of what function(y, output) gives for a batch of data like x (n, ...), y (n, ...), before any mean.

    dtypes: of y and the output, as function gets them. The shape's first entry is the batch's; or it is (None,) where that is
    not one for each example. Raises InvalidInput for a function that cannot take them, or cannot be traced.
    """
    import keras
    from keras.src.backend import compute_output_spec

    length = length_to_try(model, x.shape, y.shape)
    try:
        shapes = (length, *y.shape[1:]), model.compute_output_shape((length, *x.shape[1:]))
        shape = compute_output_spec(function, *map(keras.KerasTensor, shapes, dtypes)).shape
    except Exception as error:  # of the user's own function it may be any
        raise InvalidInput(reason_of(error)) from error
    return tuple(shape) if shape[:1] == (length,) else (None,)


def length_to_try(model, *shapes):
    """How long a batch of data of such shapes is to be tried: longer than any other axis, so that nothing fits by being broadcast
    along it; in pairs, triplets and groups of four, as a loss may want them; or as the model says.
    """
    longest = max([1, *(side or 0 for shape in (model.output_shape, *shapes) for side in shape[1:])])
    return model.input_shape[0] or 12 * (1 + longest // 12)


def each_example_alone(model, x, y):
    """Whether the loss, and all metrics, of a compiled `model` are means of one number for each example, or count as such.

    A function may give one number for a batch, whose mean over batches depends on their size; a user's class of metrics
    anything; Keras's own classes that count, such as AUC, do not depend on it.
    """
    import keras

    if _computes_otherwise(model) or _adds_losses(model, x):
        return False
    asked = []
    for loss in (tracked.loss for tracked in model._compile_loss._flat_losses):
        if _of_a_batch(getattr(loss, "fn", None)) or type(loss).__call__ is not keras.losses.Loss.__call__:
            return False
        known = ours(type(loss)) and ours(_whole(getattr(loss, "fn", loss)))
        asked.append((loss.call, (loss.dtype, loss.dtype), known))  # as Loss.__call__ casts
    for metric in getattr(model._compile_metrics, "metrics", []):
        own = type(metric).__module__.partition(".")[0] == "keras"
        if own and isinstance(metric, keras.metrics.MeanMetricWrapper):
            if _of_a_batch(metric._fn):
                return False
            given = functools.partial(metric._fn, **metric._fn_kwargs)
            asked.append((given, (str(y.dtype), model.outputs[0].dtype), ours(_whole(metric._fn))))
        elif not own:
            return False
    try:
        alone = all(shape_given(function, model, x, y, dtypes) != (None,) for function, dtypes, _ in asked)
    except InvalidInput:
        return False
    return alone and all(known or _tried(function, model, y, dtypes) for function, dtypes, known in asked)


def _tried(function, model, y, dtypes):
    """Whether a user's function gives the same for examples beside others, which it may have compared with one another, of the
    same class, say: such as come first, two of which come twice, one four times, and those that differ most, which are not as many
    in either half.
    """
    from keras import ops

    try:
        sides = [side or y.shape[place] for place, side in enumerate(model.output_shape) if place]
        outputs, same = np.random.RandomState(0).rand(4, *sides), []
        each = np.asarray(y).reshape(len(y), -1)
        sums = each @ np.random.RandomState(1).rand(each.shape[1]).astype("float32")  # rows of one-hot labels have one plain sum
        low, high = int(sums.argmin()), int(sums.argmax())
        for rows in (range(4), (0, 1, 0, 1), (0, 0, 0, 0), (low, low, high, high), (low, high, high, high)):
            pair = [np.asarray(y[np.array(rows) % len(y)]), outputs]
            whole, *halves = (
                ops.convert_to_numpy(function(*(ops.convert_to_tensor(each[some], dtype) for each, dtype in zip(pair, dtypes))))
                for some in (slice(4), slice(2), slice(2, 4))
            )
            same.append(np.allclose(whole, np.concatenate(halves), rtol=1e-4, atol=1e-5, equal_nan=True))
        return all(same)
    except Exception:  # it may be any
        return False


def _computes_otherwise(model):
    """Whether a model's class evaluates by a step, a loss or metrics of its own."""
    import keras

    names = ("test_step", "compute_loss", "compute_metrics")
    return any(getattr(type(model), name) is not getattr(keras.Model, name) for name in names)


def _adds_losses(model, x):
    """Whether a layer adds to the loss when called what may be of a whole batch: more than Keras's sums of squares or sizes."""
    import keras
    from keras.src.backend import compute_output_spec

    values = [[variable.value for variable in part] for part in (model.trainable_variables, model.non_trainable_variables)]
    batch = keras.KerasTensor((2, *x.shape[1:]), model.inputs[0].dtype)
    added = compute_output_spec(lambda x: model.stateless_call(*values, x, return_losses=True), batch)[-1]
    sums = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)  # of each example's, which Keras averages
    layers = [layer for layer in model._flatten_layers() if type(layer.activity_regularizer) in sums]
    return len(added) > len(model._get_regularization_losses()) + len(layers)


def _of_a_batch(function):
    return getattr(_whole(function), "__name__", "") in _OF_BATCHES


def _whole(function):
    """The function that a functools.partial, or one of one, is of."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def _chosen(loss, model, y):
    """The name of a loss in lower case without lines between words, that of the one that Keras takes for these data."""
    loss = _whole(loss)
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    if isinstance(loss, str) and loss.lower() in BY_DATA:
        if y is None:
            return ""
        classes, sides = model.output_shape[-1], y.shape[1:]
        sparse = len(sides) + 1 < len(model.output_shape) or sides[-1:] == (1,)
        name = "binary_crossentropy" if classes == 1 else f"{'sparse_' * sparse}categorical_crossentropy"
    return name.replace("_", "").lower()


def _own(loss, model, y):
    """As _chosen, for Keras's own losses; "" for another one."""
    import keras

    loss = _whole(loss)
    if isinstance(loss, str):
        return _chosen(loss, model, y)
    kind = type(loss) if isinstance(loss, keras.losses.Loss) else loss
    name = getattr(kind, "__name__", "")
    return _chosen(loss, model, y) if getattr(keras.losses, name, None) is kind else ""

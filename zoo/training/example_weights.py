"""How much each example counts in the loss: `sample_weight` and `class_weight` as `keras.Model.fit` takes them."""

import numbers

import numpy as np

from zoo.errors import InvalidInput


def weighed(objective, model, x, y, sample_weight, name="sample_weight"):
    """{"x": x, "y": y}, and "w": weights where there are some: what Keras's steps take, in this order.

    model: one that objective has prepared for data like these. name: what the weights were given as, for the messages.
    Raises InvalidInput as check_weights does.
    """
    if sample_weight is None:
        return {"x": x, "y": y}
    return {"x": x, "y": y, "w": check_weights(sample_weight, objective.shape_of_losses(model, x, y), len(x), name)}


def example_arrays(data, suffix=""):
    """What Keras's steps take of a dict of arrays, in their order: x, y and, where there are some, weights."""
    return tuple(data[name + suffix] for name in ("x", "y", "w") if name + suffix in data)


def check_weights(sample_weight, losses, n, name="sample_weight"):
    """Weights of n examples, float32 (n, *losses[1:]), from numbers (n,), or (n, *losses[1:]) where each step has its own.

    losses: the shape of the losses of a batch before their mean, its first entry that of the examples, or None where there is
    but one for the whole batch. name: what they were given as. Raises InvalidInput for weights of another shape, negative or
    infinite ones, nothing but zeros, and for a loss that cannot tell examples apart.
    """
    if losses[:1] == (None,):
        raise InvalidInput(f"{name} is for a loss of one number for each example; this one is one for a whole batch.")
    try:
        weights = np.asarray(sample_weight)
    except ValueError:
        weights = np.array("ragged")
    if weights.dtype.kind not in "iubf" and weights.dtype.name != "bfloat16":
        raise InvalidInput(f"{name} must be numbers, one for each example.")
    steps = tuple(losses[1:])
    if weights.shape == (n, 1) and not steps:  # a column of a table
        weights = weights[:, 0]
    if weights.shape not in ((n,), (n, *steps)):
        more = f" or {(n, *steps)}" if steps else ""
        raise InvalidInput(f"{name} has shape {weights.shape}; it must have ({n},){more}.")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused below
        weights = weights.astype("float32")
    if not np.isfinite(weights).all() or weights.min() < 0:
        raise InvalidInput(f"{name} must be finite numbers of at least 0.")
    if not weights.any():
        raise InvalidInput(f"{name} gives all examples 0: none of them would count.")
    if weights.ndim == 1:
        weights = np.broadcast_to(weights.reshape(n, *[1] * len(steps)), (n, *steps))
    return np.ascontiguousarray(weights)


def check_all_learn(weights, subsets):
    """Raise InvalidInput where all examples that a member learns from, rows subsets (K, m), weigh nothing."""
    each = weights.reshape(len(weights), -1).any(axis=1)
    idle = np.flatnonzero(~each[subsets].any(axis=1))
    if len(idle):
        raise InvalidInput(f"All examples of member {idle[0]} weigh 0: there is nothing that it could learn from.")


def weights_of_classes(class_weight, y, output_shape, ignored=None):
    """float32 weights of the labels in y, (n, ...) as integers or (n, ..., classes) one-hot, 1 for those not named.

    class_weight: {class: weight}. output_shape: (None, ..., classes) of the model; one output tells two classes apart.
    ignored: the label that the loss ignores, if any. Raises InvalidInput for unknown classes and for what is no label.
    """
    rank, classes = max(1, len(output_shape) - 1), output_shape[-1] if len(output_shape) > 1 else 1
    known = max(classes, 2)
    if not isinstance(class_weight, dict) or not class_weight:
        kind = type(class_weight).__name__
        raise InvalidInput(f"class_weight must be a dict {{class: weight}}, such as dict(enumerate(weights)); got {kind}.")
    table = np.ones(known, "float32")
    for label, weight in class_weight.items():
        if not isinstance(label, (int, np.integer)) or not 0 <= label < known:
            raise InvalidInput(f"class_weight has {label!r}, but the classes are 0..{known - 1}.")
        if not isinstance(weight, numbers.Real) or not np.isfinite(weight) or weight < 0:
            raise InvalidInput(f"class_weight[{label}] must be a finite number of at least 0; got {weight!r}.")
        table[label] = weight
    labels = np.asarray(y)
    if classes > 1 and labels.ndim == rank + 1 and labels.shape[-1] == classes:
        one_hot = ((labels == 0) | (labels == 1)).all() and (labels.sum(-1) == 1).all()
        labels = labels.argmax(-1) if one_hot else labels
    elif labels.ndim == rank + 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    ignore = np.zeros(labels.shape, bool) if ignored is None else labels == ignored
    found = np.where(ignore, 0, labels)
    if labels.ndim != rank or (found % 1 != 0).any() or found.min() < 0 or found.max() >= known:
        got = f"shape {y.shape} and dtype {y.dtype}"
        raise InvalidInput(f"class_weight wants y to be class labels 0..{known - 1}; y has {got}.")
    return np.where(ignore, np.float32(1), table[found.astype("int32")])

"""How much each example counts in the loss: `sample_weight` and `class_weight` as `keras.Model.fit` takes them."""

import numbers

import numpy as np

from zoo.errors import InvalidInput


def example_weights(sample_weight, class_weight, y, output_shape, part=""):
    """None, or float32 weights for a loss of targets y (n, ...) and outputs of shape output_shape, (None, ...).

    sample_weight: None, or (n,), or (n, *output_shape[1:-1]) where each step or place has a loss of its own.
    class_weight: None, or {class: weight}, 1 for those that it leaves out. part: "" or "validation ", for the messages.
    Weights of examples come with an axis of length 1 for every one that the loss has beside, so that none is taken for another.
    Raises InvalidInput for both at once, wrong shapes, negative or infinite weights, none above 0, unknown classes.
    """
    if sample_weight is None and class_weight is None:
        return None
    if sample_weight is not None and class_weight is not None:
        raise InvalidInput("Give sample_weight or class_weight, not both; their product is a sample_weight, too.")
    name = f"{part}sample_weight" if class_weight is None else "class_weight"
    if class_weight is not None:
        sample_weight = _by_class(class_weight, y, output_shape)
    try:
        weights = np.asarray(sample_weight, "float32")
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be numbers, one for each example.") from None
    each, steps = (len(y),), output_shape[1:-1]
    by_step = weights.ndim == 1 + len(steps) and all(want in (None, got) for want, got in zip(steps, weights.shape[1:]))
    if weights.shape != each and not (by_step and len(weights) == len(y)):
        more = f" or ({', '.join(map(str, [*each, *steps]))})" if steps else ""
        raise InvalidInput(f"{name} has shape {weights.shape}; it must have ({len(y)},){more}.")
    if not np.isfinite(weights).all() or weights.min() < 0:
        raise InvalidInput(f"{name} must be finite numbers of at least 0.")
    if not weights.any():
        raise InvalidInput(f"{name} is 0 for all examples: there is nothing to learn from.")
    return weights.reshape(*each, *[1] * len(steps)) if weights.shape == each else weights


def _by_class(class_weight, y, output_shape):
    """The weight of each label in y (n, ...), integers or one-hot, for a model of as many classes as it has outputs."""
    classes = output_shape[-1] if len(output_shape) > 1 else 1
    one_hot = classes > 1 and y.shape[-1] == classes and ((y == 0) | (y == 1)).all() and (y.sum(-1) == 1).all()
    labels = y.argmax(-1) if one_hot and y.ndim == len(output_shape) else y
    labels = labels[..., 0] if labels.ndim == len(output_shape) and labels.shape[-1] == 1 else labels
    known = max(classes, 2)  # one output tells two classes apart
    if not isinstance(class_weight, dict) or not class_weight:
        raise InvalidInput(f"class_weight must be a dict {{class: weight}}; got {class_weight!r}.")
    for label, weight in class_weight.items():
        if not isinstance(label, (int, np.integer)) or not 0 <= label < known:
            raise InvalidInput(f"class_weight has {label!r}, but the classes are 0..{known - 1}.")
        if not isinstance(weight, numbers.Real):
            raise InvalidInput(f"class_weight[{label}] must be a number; got {weight!r}.")
    if labels.ndim != max(1, len(output_shape) - 1) or (labels.dtype.kind not in "iub" and (labels % 1 != 0).any()):
        raise InvalidInput(f"class_weight is for class labels; y has shape {y.shape} and dtype {y.dtype}.")
    table = np.ones(known, "float32")
    for label, weight in class_weight.items():
        table[label] = weight
    inside = (labels >= 0) & (labels < known)  # what the loss ignores, such as ignore_class, has no class to look up
    return np.where(inside, table[np.where(inside, labels, 0).astype("int32")], np.float32(1))

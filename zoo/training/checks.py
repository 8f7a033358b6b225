"""Checks of the data and settings that enter training: one clear InvalidInput each."""

import numpy as np

from zoo.errors import InvalidInput


def check_data(model, x, y, what="x"):
    """Arrays ready for training: x (n, *input_shape), y (n, ...) or zeros where y is None.

    Floats become float32, other numbers keep their dtype. Raises InvalidInput for empty, ragged, non-finite
    or wrongly shaped data and for x and y of different lengths.
    """
    x = _numeric(x, what)
    expected = tuple(model.input_shape[1:])
    fits = len(x.shape) - 1 == len(expected) and all(
        want is None or want == got for want, got in zip(expected, x.shape[1:])
    )
    if not fits:
        raise InvalidInput(f"{what} has shape {x.shape}, but the model takes (n, {', '.join(map(str, expected))}).")
    if len(x) == 0:
        raise InvalidInput(f"{what} is empty: there is nothing to train or evaluate on.")
    if y is None:
        return x, np.zeros(len(x), "float32")
    y = _numeric(y, "y")
    if len(y) != len(x):
        raise InvalidInput(f"{what} has {len(x)} examples, y has {len(y)}; they must be as many.")
    return x, y


def _numeric(array, what):
    if hasattr(array, "devices"):  # a JAX array stays where it is
        return array
    try:
        array = np.asarray(array)
    except ValueError:
        raise InvalidInput(f"{what} is ragged: all its examples must have one shape.") from None
    if array.dtype.kind == "f":
        array = array.astype("float32", copy=False)
        if not np.isfinite(array).all():
            raise InvalidInput(f"{what} contains NaN or infinite values; remove or replace them first.")
    elif array.dtype.kind not in "iub":
        raise InvalidInput(f"{what} must hold numbers; its dtype is {array.dtype}.")
    return array


def check_labels(y, classes):
    """Integer labels within 0..classes-1, or InvalidInput."""
    y = np.asarray(y)
    if y.ndim != 1 and not (y.ndim == 2 and y.shape[1] == 1):
        raise InvalidInput(f"Class labels must have shape (n,); got {y.shape}. For one-hot labels use argmax first.")
    if y.dtype.kind not in "iub" and not np.equal(np.mod(y, 1), 0).all():
        raise InvalidInput("Class labels must be integers.")
    low, high = y.min(), y.max()
    if low < 0 or high >= classes:
        raise InvalidInput(f"Labels run from {low} to {high}, but the model has {classes} classes: 0..{classes - 1}.")


def check_schedule(n, epochs, batch_size):
    """Positive epochs and a batch no larger than the data of n examples, or InvalidInput."""
    if not _is_positive_int(epochs):
        raise InvalidInput(f"epochs must be a positive integer; got {epochs!r}.")
    if not _is_positive_int(batch_size):
        raise InvalidInput(f"batch_size must be a positive integer; got {batch_size!r}.")
    if batch_size > n:
        raise InvalidInput(f"batch_size {batch_size} is larger than the data, {n} examples; use at most {n}.")


def _is_positive_int(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value > 0


def check_subsets(subsets, members, n):
    """Row indices (K, m) into the training data, one row per member, or InvalidInput."""
    subsets = np.asarray(subsets)
    if subsets.ndim != 2 or len(subsets) != members or subsets.dtype.kind not in "iu" or subsets.shape[1] == 0:
        raise InvalidInput(
            f"subsets must be integers of shape (members, examples) with {members} rows; got {subsets.dtype} {subsets.shape}."
        )
    if subsets.min() < 0 or subsets.max() >= n:
        raise InvalidInput(f"subsets point outside the data: they run from {subsets.min()} to {subsets.max()}, n is {n}.")
    return subsets.astype("int32")


def check_rates(learning_rate, members):
    """One positive finite learning rate per member as float32 (K,), or InvalidInput."""
    rates = np.asarray(learning_rate, "float32")
    if rates.shape != (members,) or not (np.isfinite(rates) & (rates > 0)).all():
        raise InvalidInput(f"learning_rate must be {members} positive numbers, one per member; got {learning_rate!r}.")
    return rates

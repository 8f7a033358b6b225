"""Arrays that users give."""

import numpy as np

from zoo.errors import InvalidInput


def array_of(given, what):
    """What is given as an array, of whatever type, but bfloat16, which NumPy has not and models of mixed precision give, as
    float32. Raises InvalidInput, which calls it `what`, where it is ragged.
    """
    try:
        found = np.asarray(given)
    except ValueError:
        raise InvalidInput(f"{what} is ragged: all its rows must be equally long.") from None
    return found.astype("float32") if found.dtype.name == "bfloat16" else found


def real_numbers(given, what):
    """array_of what must hold real numbers. Raises InvalidInput where it does not."""
    found = array_of(given, what)
    if found.dtype.kind not in "biuf":
        raise InvalidInput(f"{what} must hold real numbers; its dtype is {found.dtype}.")
    return found

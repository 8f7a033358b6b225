"""Arrays that users give."""

import numpy as np

from zoo.errors import InvalidInput

FAINT = 32  # of 255: what goes no further is hardly an image


def array_of(given, what):
    """What is given as an array, of whatever type, but bfloat16, which NumPy has not and models of mixed precision give, as
    float32, and a table of columns of NumPy's numbers and truths as numbers. Raises InvalidInput, which calls it `what`, where it
    is ragged or a sparse matrix.
    """
    if hasattr(type(given), "toarray"):
        raise InvalidInput(f"{what} is a sparse matrix; its .toarray() gives the whole of it.")
    try:
        columns = getattr(given, "dtypes", ())
        kinds = {*columns} if isinstance(getattr(columns, "values", None), np.ndarray) else set()
        numbers = [kind for kind in kinds if isinstance(kind, np.dtype) and kind.kind in "iuf"]
        truths = np.dtype("bool") in kinds and len(numbers) == len(kinds) - 1 > 0  # beside which numbers would be objects
        found = np.asarray(given, np.result_type(*numbers) if truths else None)
    except ValueError:
        raise InvalidInput(f"{what} is ragged: all its rows must be equally long.") from None
    return found.astype("float32") if found.dtype.name == "bfloat16" else found


def real_numbers(given, what):
    """array_of what must hold real numbers. Raises InvalidInput where it does not."""
    found = array_of(given, what)
    if found.dtype.kind not in "biuf":
        raise InvalidInput(f"{what} must hold real numbers; its dtype is {found.dtype}.")
    return found


def faint(x):
    """The range of numbers that are hardly pixels of 0..255, as text, such as "0..1"; None where they may be, of zeros alone, and
    of one other number alone, as a grey image has.

    x: numbers, of any shape, at least one.
    """
    low, high = float(x.min()), float(x.max())
    if not 0 < max(-low, high) <= FAINT:
        return None
    if 0 <= low and high <= 1:
        return "0..1"
    return f"{low:.3g}..{high:.3g}" if low < high else None

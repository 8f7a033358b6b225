"""Silence for a moment: of all threads, which share one list of what they are warned of."""

import contextlib
import threading
import warnings

_changing = threading.RLock()  # what two threads change of that list at once, neither puts back


@contextlib.contextmanager
def muted(category=Warning):
    """Within this context nobody is warned of a category; for what takes no longer than a moment."""
    with _changing, warnings.catch_warnings():
        warnings.simplefilter("ignore", category)
        yield

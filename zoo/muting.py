"""Silence for a moment, whatever other threads do meanwhile."""

import contextlib
import threading
import warnings

_changing = threading.RLock()  # Python's filters are one list for all threads: what two change at once, neither puts back


@contextlib.contextmanager
def muted(category=Warning):
    """Within this context nobody is warned of a category; for what takes no longer than a moment."""
    with _changing, warnings.catch_warnings():
        warnings.simplefilter("ignore", category)
        yield

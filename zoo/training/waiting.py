"""Waiting for the device with an ear for Ctrl-C, which XLA's own waits do not have, and what an interrupt left in hand."""

import time

_left = []  # what launches give that nobody waited for, the last of each group


def waited_for(values, stopped):
    """Whether a JAX array was waited for: no longer than until stopped()."""
    began = time.perf_counter()
    while not values.is_ready() and not stopped():
        time.sleep(min(0.01, 1e-4 + (time.perf_counter() - began) / 50))
    return values.is_ready()


def leave(values):
    """Go on without waiting for an array, the last that was asked for; whatever computes next waits for it."""
    _left.append(values)


def in_hand():
    """Whether the device computes what an interrupt did not wait for."""
    return any(not values.is_ready() for values in _left)


def finish_what_is_left():
    """Wait for it: programs that compute side by side may disturb each other (see zoo.training.groups)."""
    while _left:
        waited_for(_left[-1], lambda: False)
        _left.pop()

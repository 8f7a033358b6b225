"""A short text for the tests of what learns from text."""

import numpy as np

TALE = (
    "once upon a time there was a fox. the fox was not quick, nor was it brown; it was a lazy fox, and the dog that it "
    "met upon a time was a quick one. so the dog jumped over the fox, and over the time that was once theirs. "
)


def codes(text):
    """A text's characters as codes (n,) uint8."""
    return np.frombuffer(text.encode(), np.uint8)

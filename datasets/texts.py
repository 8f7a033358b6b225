"""What data sets of text share: character codes in blocks, each place's target being the character that follows."""

import numpy as np

from zoo.datasets.dataset import Split

BLOCK = 128  # characters of an example


def blocks(text):
    """Split of ASCII text, bytes: x (n, BLOCK) uint8 without gaps or overlap, y the same one character later.

    What is left at the end, less than a block, is dropped.
    """
    codes = np.frombuffer(text, np.uint8)
    n = (len(codes) - 1) // BLOCK
    x, y = (codes[start : start + n * BLOCK].reshape(n, BLOCK) for start in (0, 1))
    return Split(x, y)


def by_position(text):
    """{split: Split}: the first nine tenths of a text's blocks to train on, then a twentieth each to validate and to test."""
    x, y = blocks(text)
    held_out = len(x) // 20
    ends = len(x) - 2 * held_out, len(x) - held_out
    parts = zip(np.split(x, ends), np.split(y, ends))
    return {split: Split(*part) for split, part in zip(("train", "validation", "test"), parts)}

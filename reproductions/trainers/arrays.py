"""Arrays that a trial leaves for a picture, as the bytes of one .npz file."""

import io

import numpy as np


def packed(arrays):
    """{name: array} as bytes, the same bytes for the same arrays."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def unpacked(content):
    """{name: array} of such bytes."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)

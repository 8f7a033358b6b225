"""Hand-made features of images: histograms of oriented gradients (Dalal & Triggs 2005), computed by scikit-image."""

import numpy as np

from zoo.errors import InvalidInput
from zoo.reproductions.trainers.processes import in_processes

ORIENTATIONS = 9
CELL = 4  # pixels
BLOCK = 2  # cells
CHUNK = 250  # images that a process takes at a time


def hog_features(images, processes=None):
    """Histograms of oriented gradients, the setting of Dalal & Triggs (CVPR 2005) scaled to small images.

    9 unsigned orientations, cells of 4x4 pixels, overlapping blocks of 2x2 cells normalised by L2; of colours, the gradient that is
    the largest at each pixel. images: (n, height, width) or (n, height, width, colours), any real dtype, at least 8x8 pixels;
    processes: None for one per core.
    Returns float32 (n, d) in 0..1; d = 1296 for 28x28 pixels. Raises InvalidInput for another shape.
    """
    if np.ndim(images) not in (3, 4) or min(images.shape[1:3]) < CELL * BLOCK:
        said = f"(n, height, width), with or without colours, at least {CELL * BLOCK}x{CELL * BLOCK}"
        raise InvalidInput(f"HOG takes images of shape {said}, not {np.shape(images)}.")
    if not len(images):
        raise InvalidInput("HOG needs at least one image.")
    chunks = [(images[start : start + CHUNK],) for start in range(0, len(images), CHUNK)]
    return np.concatenate(in_processes(_features, chunks, processes))


def _features(images):
    from skimage.feature import hog

    colours = -1 if images.ndim == 4 else None
    settings = {
        "channel_axis": colours,
        "orientations": ORIENTATIONS,
        "pixels_per_cell": (CELL, CELL),
        "cells_per_block": (BLOCK, BLOCK),
    }
    # L2-Hys, which also clips large values, costs a linear classifier 0.3 to 0.4 points of MNIST validation error.
    return np.stack([hog(image, block_norm="L2", **settings) for image in images]).astype(np.float32)

"""Digits away from their place: shifted and turned by known amounts, on a larger canvas, so that little is cut off."""

import numpy as np

from zoo.datasets.variations import TURN, rotated

BORDER = 4  # pixels around a digit's image, so that all of it stays when it moves by 4, and nearly all when it moves by 8
STREAM = 28  # of the directions, the same for every model


def on_canvas(images):
    """Images (n, side, side) uint8 with a black border of BORDER pixels."""
    return np.pad(images, ((0, 0), (BORDER, BORDER), (BORDER, BORDER)))


def shifted(images, pixels):
    """Each image moved by so many pixels, up, down, left or right: a direction of its own, the same for every distance."""
    directions = np.array([(0, 1), (0, -1), (1, 0), (-1, 0)])
    return moved(images, pixels * directions[_random(0).randint(0, 4, len(images))])


def turned(images, degrees):
    """Each image turned by so many degrees about its centre, this way or that: the same way for every angle."""
    signs = 2 * _random(1).randint(0, 2, len(images)) - 1
    return rotated(images, signs * round(degrees * TURN / 360) % TURN)


def jittered(images, pixels, degrees, draw):
    """Each image turned by an angle uniform in -degrees..degrees, then moved by whole pixels in -pixels..pixels both ways.

    draw: number of the draw, another for other images.
    """
    random = _random(2, draw)
    furthest = round(degrees * TURN / 360)
    images = rotated(images, random.randint(-furthest, furthest + 1, len(images)) % TURN)
    return moved(images, random.randint(-pixels, pixels + 1, (len(images), 2)))


def moved(images, steps):
    """Images (n, side, side) moved down and right by whole pixels (n, 2); what comes in is black, what goes out is lost."""
    side, most = images.shape[1], np.abs(steps).max()
    padded = np.pad(images, ((0, 0), (most, most), (most, most)))
    rows, columns = (most + np.arange(side) - steps[:, axis, None] for axis in (0, 1))
    return padded[np.arange(len(images))[:, None, None], rows[:, :, None], columns[:, None, :]]


def _random(*stream):
    """RandomState's stream is the same in all versions of NumPy."""
    return np.random.RandomState([STREAM, *stream])

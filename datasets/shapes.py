"""Shapes to be told apart: rectangles that are tall or wide, and sets of pixels that are convex or not.

The recipes are those of Larochelle et al. (ICML 2007) and of the authors' page on the convex sets. Whole numbers throughout.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

SIDE = 28
WHITE = 255
CANDIDATES = 20_000  # that a thread draws at a time

FINE = 64  # points to a pixel's side, where borders may go through
POINTS = FINE * SIDE


class Recipe(NamedTuple):
    """Of the intersections of half-planes: how many there are at least, where their geometric number stops, least pixels."""

    planes: int
    share: float
    pixels: int


# Set so that images of both classes have as many white pixels, on the average.
CONVEX, PART = Recipe(1, 0.33, 19), Recipe(3, 0.07, 10)
PARTS = (2, 3, 4)  # of a union


def rectangles(random, n, shortest, difference, areas=(0, SIDE**2)):
    """n rectangles (n, 4): row and column of the upper left corner, height, width, in that order.

    random: a RandomState. Height and width are uniform in shortest..SIDE, drawn again where they differ by less than
    `difference` or their product is outside of areas (least, most). The corner is uniform where the rectangle fits.
    """
    every = np.stack(np.mgrid[shortest : SIDE + 1, shortest : SIDE + 1], -1).reshape(-1, 2)
    area = every.prod(axis=1)
    every = every[(np.abs(np.diff(every)[:, 0]) >= difference) & (areas[0] <= area) & (area <= areas[1])]
    sides = every[random.randint(0, len(every), n)]
    return np.hstack([random.randint(0, 1 << 20, (n, 2)) * (SIDE + 1 - sides) >> 20, sides])


def other_rectangles(random, n, shortest, difference, others):
    """n rectangles (n, 4) drawn as rectangles() does, those that are among the `others` (m, 4) drawn again."""
    found, one_number = np.empty((0, 4), np.int64), (SIDE + 1) ** np.arange(4)
    while len(found) < n:
        drawn = rectangles(random, n, shortest, difference)
        found = np.concatenate([found, drawn[~np.isin(drawn @ one_number, others @ one_number)]])
    return found[:n]


def inside(rectangles):
    """Booleans (n, SIDE, SIDE): the pixels of rectangles (n, 4), borders included."""
    row, column, height, width = (values[:, None] for values in rectangles.T)
    places = np.arange(SIDE)
    rows, columns = (row <= places) & (places < row + height), (column <= places) & (places < column + width)
    return rows[:, :, None] & columns[:, None, :]


def outlines(rectangles):
    """Images (n, SIDE, SIDE) uint8: the borders of rectangles, one pixel wide."""
    return np.where(inside(rectangles) & ~inside(rectangles + [1, 1, -2, -2]), WHITE, 0).astype(np.uint8)


def tall(rectangles):
    """1 where a rectangle is higher than wide, else 0: int32 (n,)."""
    return (rectangles[:, 2] > rectangles[:, 3]).astype(np.int32)


def convex_and_not(stream, n, workers=None):
    """n different images (n, SIDE, SIDE) uint8 of sets of pixels, and whether each is convex: int32 (n,).

    stream: function of a name to a RandomState. workers: threads; any number gives the same.
    """
    y = stream("labels").randint(0, 2, n).astype(np.int32)
    x = np.empty((n, SIDE, SIDE), np.uint8)
    for label, draw in enumerate((unions, intersections)):
        x[y == label] = WHITE * _different(draw, stream, (y == label).sum(), workers)
    return x, y


def _different(draw, stream, n, workers):
    """The first n different ones of what draw(random) gives for one stream after another."""
    found, number = np.empty((0, SIDE, SIDE), bool), itertools.count()
    with ThreadPoolExecutor(workers) as pool:
        while len(found) < n:
            streams = [stream(f"{draw.__name__} {next(number)}") for _ in range(8)]
            found = first_of_equals(np.concatenate([found, *pool.map(draw, streams)]))
    return found[:n]


def intersections(random, recipe=CONVEX, n=CANDIDATES):
    """Convex sets, bool (m, SIDE, SIDE): of n intersections of half-planes those that have pixels enough.

    The borders of half-planes go through points uniform in the image, at uniform angles. Slivers thinner than a pixel, which
    the pixels show broken, are left out.
    """
    from zoo.datasets.variations import TURN, sine_table

    planes, sines = recipe.planes - 1 + random.geometric(recipe.share, n), sine_table()
    found, alive = np.ones((n, SIDE, SIDE), bool), np.arange(n)
    for place in range(planes.max()):
        alive = alive[planes[alive] > place]
        angle, (row, column) = random.randint(0, TURN, len(alive)), random.randint(0, POINTS, (2, len(alive)))
        found[alive] &= half_planes(sines[(angle + TURN // 4) % TURN], sines[angle], row, column)
        alive = alive[found[alive].sum(axis=(1, 2)) >= recipe.pixels]  # fewer never become more
    found = found[found.sum(axis=(1, 2)) >= recipe.pixels]
    return found[convex(found)]


def half_planes(down, right, row, column):
    """Booleans (n, SIDE, SIDE): pixels whose centre is on that side of a line through a point that (down, right) points to.

    down, right: whole numbers (n,), a direction; row, column: a point in parts of FINE to a pixel.
    """
    centres = FINE * np.arange(SIDE) + FINE // 2
    rows = down[:, None] * (centres - row[:, None])
    columns = right[:, None] * (centres - column[:, None])
    return rows[:, :, None] >= -columns[:, None, :]


def unions(random):
    """Sets that are not convex, bool (m, SIDE, SIDE): unions of 2 to 4 convex sets, those that happen to be convex left out."""
    parts = intersections(random, PART)
    stops = np.cumsum(random.choice(PARTS, len(parts)))
    stops = stops[stops <= len(parts)]
    found = np.logical_or.reduceat(parts[: stops[-1]], np.concatenate([[0], stops[:-1]]))
    return found[~convex(found)]


def convex(sets):
    """Whether all pixels of their convex hull are in the set: booleans (n,) for sets (n, SIDE, SIDE), none empty.

    A row's pixels must be an unbroken run, and those of a row between two others must reach to the lines between their ends.
    Pixels are their centres, and one on the hull's border is in it. Exact. A set with an empty row or column between others
    is in pieces, and not convex, even if its hull has no pixel there.
    """
    filled, places = sets.any(axis=2), np.arange(SIDE)
    first, last = (end.astype(np.int32) for end in ends(sets))
    holds = unbroken(sets).all(axis=1) & unbroken(filled) & unbroken(sets.any(axis=1))
    for above, between, below in itertools.combinations(places, 3):
        both = filled[:, above] & filled[:, below]
        up, down = below - between, between - above  # weights of the rows above and below
        left = up * first[:, above] + down * first[:, below] - (up + down) * first[:, between]
        right = (up + down) * last[:, between] - up * last[:, above] - down * last[:, below]
        # A whole pixel short of the line: that one would be in the convex hull.
        holds &= ~both | ((left > -(up + down)) & (right > -(up + down)))
    return holds


def ends(flags):
    """Places of the first and of the last that is set along the last axis; (0, n - 1) where none is."""
    return flags.argmax(axis=-1), flags.shape[-1] - 1 - flags[..., ::-1].argmax(axis=-1)


def unbroken(flags):
    """Whether what is set along the last axis is one run, or nothing."""
    first, last = ends(flags)
    counts = flags.sum(axis=-1)
    return (counts == 0) | (counts == last - first + 1)


def first_of_equals(rows):
    """Rows of an array (n, ...), each that equals one before it left out."""
    flat = rows.reshape(len(rows), -1)
    keys = np.ascontiguousarray(np.packbits(flat, axis=1) if flat.dtype == bool else flat)
    _, first = np.unique(keys.view(f"V{keys.itemsize * keys.shape[1]}").ravel(), return_index=True)
    return rows[np.sort(first)]

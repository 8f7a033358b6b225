"""The variations of Larochelle et al. (ICML 2007): sets in which a factor that says nothing of the class varies.

Every set is drawn anew from seeds that belong to its ingredients: the digits, their angles, what is behind them. So sets share
them: image i of mnist_rot_bg_img is image i of mnist_basic, turned as in mnist_rot, before the patch that is behind it in
mnist_bg_img. All arithmetic is in integers, so that every machine gets the same bytes.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from zoo.datasets import load, photographs
from zoo.datasets.dataset import SPLITS, Built, Source, Split

SEED = 2007
SIDE = 28
CHUNK = 1_000  # images that a thread takes at a time

TURN = 1 << 16  # as many angles as there are, from 0 to just below 2 pi
UNIT = 1 << 14  # what cosines and sines are multiples of 1 / UNIT of
CELL = 1 << 11  # positions between two pixels


def from_mnist(folder, tell):
    """What a set made of digits needs is the data set mnist, whose own error says what to do where it can't be had."""
    tell("this set is made from mnist")
    load("mnist")


def from_photographs(folder, tell):
    """What a set with photographs in it needs are those of scikit-image."""
    photographs.files()


def from_both(folder, tell):
    """Digits and photographs; these first, for they are there at once or never."""
    from_photographs(folder, tell)
    from_mnist(folder, tell)


MNIST = {"mnist": Source(from_mnist, "make `zoo data fetch mnist` work")}
PHOTOGRAPHS = {"photographs": Source(from_photographs, photographs.REMEDY)}
BOTH = {"mnist": Source(from_both, f"make `zoo data fetch mnist` work and {photographs.REMEDY}")}


def stream(ingredient):
    """The random numbers of an ingredient, "angles" or any other; RandomState's stream is frozen for all NumPy versions."""
    return np.random.RandomState([SEED, *ingredient.encode()])


def digits(sizes):
    """(x (n, 28, 28) uint8, y (n,) int32) of the first n of mnist's images, all splits of it, in a fixed random order.

    n is what the sizes of the splits add up to.
    """
    mnist = load("mnist")
    x, y = (np.concatenate([getattr(getattr(mnist, split), part) for split in SPLITS]) for part in "xy")
    chosen = stream("order").permutation(len(x))[: sum(sizes.values())]
    return x[chosen], y[chosen]


def angles(n):
    """n angles, integers (n,) in 0..TURN - 1, uniform over the whole turn."""
    return stream("angles").randint(0, TURN, n)


def noise(n):
    """n images (n, SIDE, SIDE) uint8 of pixels that are uniform in 0..255, each by itself."""
    return np.frombuffer(stream("noise").bytes(n * SIDE**2), np.uint8).reshape(n, SIDE, SIDE)


def scenery(n, ingredient="patches"):
    """n patches (n, SIDE, SIDE) uint8 of photographs."""
    return photographs.patches(stream(ingredient), n, SIDE)


def before(background, images):
    """Images (n, SIDE, SIDE) uint8, black as if transparent, before a background: of the two greys the brighter."""
    return np.maximum(background, images)


def rotated(images, angles, workers=None):
    """Images (n, side, side) uint8, each turned counterclockwise about its centre by angle / TURN of a turn.

    Bilinear interpolation; what comes in from outside is 0. workers: threads; any number gives the same.
    """
    images, angles = np.asarray(images), np.asarray(angles)
    cosines, sines = sine_table()[(angles + TURN // 4) % TURN], sine_table()[angles]
    starts = range(0, len(images), CHUNK)
    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(lambda i: _rotated(*(a[i : i + CHUNK] for a in (images, cosines, sines))), starts)
    return np.concatenate(list(parts))


def sine_table():
    """Sines of all angles as int32 multiples of 1 / UNIT: none is near enough to a half for a libm's last bit to matter."""
    return np.rint(UNIT * np.sin(np.arange(TURN) * (2 * np.pi / TURN))).astype(np.int32)


def _rotated(images, cosines, sines):
    side = images.shape[1]
    # Twice the distance from the centre, in pixels, is a whole number for every pixel.
    down, right = (2 * grid - (side - 1) for grid in np.indices((side, side), np.int32))
    cosines, sines = cosines[:, None, None], sines[:, None, None]
    margin = side // 4 + 2  # the corners turn out of the image by less than (sqrt(2) - 1) / 2 of its side
    corner = (side - 1 + 2 * margin) * UNIT
    step = 2 * UNIT // CELL
    row, row_rest = np.divmod((cosines * down + sines * right + corner) // step, CELL)
    column, column_rest = np.divmod((cosines * right - sines * down + corner) // step, CELL)
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin)))
    width = padded.shape[1]
    place = np.arange(len(images))[:, None, None] * width**2 + row * width + column
    # take lets go of the interpreter's lock, indexing does not
    corners = [padded.take(place + shift).astype(np.int32) for shift in (0, 1, width, width + 1)]
    above, below = (left * (CELL - column_rest) + right * column_rest for left, right in (corners[:2], corners[2:]))
    total = above * (CELL - row_rest) + below * row_rest
    return ((total + CELL**2 // 2) // CELL**2).astype(np.uint8)


def built(x, y, sizes):
    """What build(folder) returns: x and y cut into splits of these sizes, one after the other."""
    splits, start = {}, 0
    for split in SPLITS:
        part = slice(start, start + sizes[split])
        splits[split], start = Split(x[part], y[part]), part.stop
    return Built(splits, "zoo.datasets.variations")

"""Small training sets drawn from a large split: every seed its own, the same one whatever is trained on it."""

import numpy as np

from zoo.errors import InvalidInput


def draws(seeds, size, split, stream=0):
    """Rows of a split, int (seeds, size), no row twice for a seed; the first of a larger draw are the smaller one.

    stream: number of one of several independent draws of a seed. Raises InvalidInput where the split is too small.
    """
    if not 1 <= size <= len(split.x):
        raise InvalidInput(f"{size:,} images can't be drawn from {len(split.x):,}; draw 1 to {len(split.x):,}.")
    # The stream of RandomState is the same in all versions of NumPy.
    return np.stack([np.random.RandomState([stream, seed]).permutation(len(split.x))[:size] for seed in seeds])


PLACES = 4  # beside each other, that a digit was put in in 1989


def draws_in_places(seeds, size, held_out, split, classes):
    """(images, labels, rows of them to train on (seeds, size), rows to test on (seeds, held_out)), after LeCun (1989).

    Every seed draws as many digits of each class of a split of grey images (n, side, side), which come in all places (see
    in_places). Of the images of a class some, at random, are to train on and the others to test on: mostly of digits that
    were trained on in another place. Raises InvalidInput where the numbers do not come out even or a class has too few.
    """
    each, rest = divmod(size + held_out, classes * PLACES)
    trained, uneven = divmod(size, classes)
    if rest or uneven:
        raise InvalidInput(f"{size} and {held_out} images are not as many of each of {classes} classes in {PLACES} places.")
    members = [np.flatnonzero(split.y == label) for label in range(classes)]
    if min(map(len, members)) < each:
        raise InvalidInput(f"{each} digits of each class can't be drawn from {min(map(len, members))}.")
    chosen, train, test = [], [], []
    for place, seed in enumerate(seeds):
        random, first = np.random.RandomState([2, seed]), place * (size + held_out)
        for label, rows in enumerate(members):
            chosen.append(random.permutation(rows)[:each])
            mixed = first + label * each * PLACES + random.permutation(each * PLACES)
            train.append(mixed[:trained])
            test.append(mixed[trained:])
    rows = np.concatenate(chosen)
    by_seed = (np.concatenate(found).reshape(len(seeds), -1) for found in (train, test))
    return in_places(split.x[rows]), np.repeat(split.y[rows], PLACES), *by_seed


def in_places(images):
    """Images (n, side, side) in each of the places, one after the other: float32 (n * PLACES, side, side).

    The middle side - PLACES + 1 columns, 13 of 16 as in 1989, begin at the first column, at the second and so on, on black.
    """
    n, side, _ = images.shape
    width = side - PLACES + 1
    drawn = images[:, :, (side - width) // 2 :][:, :, :width]
    moved = np.zeros((n, PLACES, side, side), "float32")
    for place in range(PLACES):
        moved[:, place, :, place : place + width] = drawn
    return moved.reshape(-1, side, side)

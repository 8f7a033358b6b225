"""Which examples count as labelled, where a recipe allows only so many labels: a draw of its own for every seed."""

import numpy as np

from zoo.errors import InvalidInput


def labelled_examples(y, labels, seed):
    """Indices (labels,) of a seed's labelled examples, as many of each class as can be; more labels keep those of fewer.

    y: the classes (n,) of all examples. Raises InvalidInput for more labels than examples, or none.
    """
    if not 1 <= labels <= len(y):
        raise InvalidInput(f"There are {len(y)} examples to label, so labels must be 1 to {len(y)}; got {labels}.")
    shuffled = np.random.RandomState(seed).permutation(len(y))
    place = np.empty(len(y), int)  # of an example among those of its class
    for label in np.unique(y):
        mine = shuffled[y[shuffled] == label]
        place[mine] = np.arange(len(mine))
    return shuffled[np.argsort(place[shuffled], kind="stable")][:labels]

"""The small digits out of scikit-learn's wheel, and their fixed splits."""

import numpy as np

from zoo.datasets.dataset import Built, Source, Split

HELD_OUT_PER_CLASS = 30
SEED = 2015

NEEDS = {"sklearn": "scikit-learn"}
SOURCES = {"official": Source(lambda folder, tell: None, "install scikit-learn")}


def build(folder):
    """Pixels 0..16 stretched to 0..255; 30 images of each class for test, 30 for validation, the rest trains."""
    import sklearn
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    x = np.rint(images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    y = labels.astype(np.int32)
    # RandomState's stream is frozen for all NumPy versions; a Generator's is not.
    random = np.random.RandomState(SEED)
    order = [random.permutation(np.flatnonzero(y == label)) for label in range(10)]
    rows = {
        "test": [members[:HELD_OUT_PER_CLASS] for members in order],
        "validation": [members[HELD_OUT_PER_CLASS : 2 * HELD_OUT_PER_CLASS] for members in order],
        "train": [members[2 * HELD_OUT_PER_CLASS :] for members in order],
    }
    splits = {}
    for split, chosen in rows.items():
        chosen = np.sort(np.concatenate(chosen))
        splits[split] = Split(x[chosen], y[chosen])
    return Built(splits, f"scikit-learn {sklearn.__version__}")

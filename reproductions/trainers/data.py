"""The splits a trial works on: cut to its budget, and as hand-made features where it asks for them."""

from zoo.datasets.dataset import Split


def splits(dataset, n_train=None, n_test=None, features=None):
    """(train, validation, test) of a data set; n_train, n_test: keep the first so many, None for all.

    n_test cuts validation too. features: None, or "hog" for histograms of oriented gradients.
    """
    from zoo.datasets import load

    data = load(dataset)
    parts = [_first(data.train, n_train), _first(data.validation, n_test), _first(data.test, n_test)]
    if features == "hog":
        from zoo.reproductions.trainers.hog import hog_features

        parts = [Split(hog_features(part.x), part.y) for part in parts]
    return parts


def _first(split, n):
    return Split(split.x[:n], split.y[:n])

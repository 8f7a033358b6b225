"""The exact support vector machine with Gaussian kernel: scikit-learn's SVC, its class pairs fitted side by side."""

import itertools
import time
from typing import NamedTuple

import numpy as np

from zoo.errors import InvalidInput
from zoo.reproductions.trainers.processes import in_processes

WHITE = 255
BLOCK = 1000  # images whose kernel values with all support vectors are held at a time


class Machine(NamedTuple):
    """One-vs-one machine over n training images, a column for every pair of classes i < j as itertools.combinations has them."""

    C: float
    gamma: float
    coef: np.ndarray  # (n, pairs) float64, zero where an image is no support vector; positive speaks for i
    intercept: np.ndarray  # (pairs,) float64


def rbf_svm(train, validation, test, grid, select_on, seed=0, processes=None):
    """Support vector machine with Gaussian kernel (Cortes & Vapnik 1995; libsvm, Chang & Lin 2011), chosen and judged.

    train, validation, test: (x, y) with pixels 0..255, any shape (n, ...), and integer labels. grid: the values of C
    and gamma, for pixels scaled to 0..1; all their pairs are fitted to a stratified draw of select_on training
    images, and one of each class that it lacks, and the one with the least validation error (the first of equals) is fitted to
    all of train. Returns a dict: C, gamma, validation_error_pct, test_error_pct, wrong (n_test,) (which test examples),
    seconds (of the last fit), support_vectors, parameters (numbers that libsvm keeps to predict), n_train, n_validation,
    n_test, and tuning: n_train, seconds and the results, one per setting. Deterministic whatever processes is (None: one per
    core). Raises InvalidInput for an empty grid or fewer than two classes.
    """
    settings = [(C, gamma) for gamma, C in itertools.product(grid["gamma"], grid["C"])]
    if not settings:
        raise InvalidInput("The grid needs at least one value of C and one of gamma.")
    began = time.perf_counter()
    x, y = _draw(*train, select_on, seed)
    machines = fit(x, y, settings, processes)
    errors = _errors(machines, x, y, validation)
    best = int(np.argmin(errors))
    tuned = time.perf_counter()
    machine = fit(*train, settings[best : best + 1], processes)[0]
    seconds, wrong = time.perf_counter() - tuned, _wrong([machine], *train, test)[0]
    support, classes = int(machine.coef.any(axis=1).sum()), len(np.unique(train[1]))
    return {
        "C": machine.C,
        "gamma": machine.gamma,
        "validation_error_pct": _errors([machine], *train, validation)[0],
        "test_error_pct": float(100 * np.mean(wrong)),
        "wrong": wrong,
        "seconds": seconds,
        "support_vectors": support,
        "parameters": support * (int(np.prod(train[0].shape[1:])) + classes - 1) + len(machine.intercept),
        "n_train": len(train[1]),
        "n_validation": len(validation[1]),
        "n_test": len(test[1]),
        "tuning": {
            "n_train": len(y),
            "seconds": tuned - began,
            "results": [
                {"C": C, "gamma": gamma, "validation_error_pct": error} for (C, gamma), error in zip(settings, errors, strict=True)
            ],
        },
    }


def fit(x, y, settings, processes=None):
    """A Machine for every (C, gamma) of settings, each the solution of SVC(C=C, gamma=gamma).fit(pixels scaled to 0..1, y).

    x: (n, ...) pixels 0..255; y: (n,) labels. A pair of 10,000 images takes 1 GB while it is fitted.
    """
    y = np.asarray(y)
    pairs = list(itertools.combinations(np.unique(y), 2))
    if not pairs:
        raise InvalidInput("A support vector machine needs examples of at least two classes.")
    rows = [np.flatnonzero((y == i) | (y == j)) for i, j in pairs]
    calls = [(x, mine, y[mine] == j, settings) for mine, (_, j) in zip(rows, pairs, strict=True)]
    solutions = in_processes(_fit_pair, calls, processes)
    machines = [Machine(C, gamma, np.zeros((len(y), len(pairs))), np.zeros(len(pairs))) for C, gamma in settings]
    for column, (mine, solved) in enumerate(zip(rows, solutions, strict=True)):
        for machine, (support, coef, intercept) in zip(machines, solved, strict=True):
            machine.coef[mine[support], column] = coef
            machine.intercept[column] = intercept
    return machines


def decisions(machines, x, of):
    """Decision values, float32 (len(of), pairs) for each of the machines, all fitted to x; above 0 speaks for class i.

    The kernel comes from one matrix product for all pairs and machines: libsvm computes it number by number.
    Single precision moves them far less than libsvm's tolerance of 0.001.
    """
    used = np.flatnonzero(np.any([machine.coef.any(axis=1) for machine in machines], axis=0))
    support = _pixels(x, used, np.float32)
    coefs = [machine.coef[used].astype(np.float32) for machine in machines]
    values = [np.empty((len(of), coef.shape[1]), np.float32) for coef in coefs]
    for start in range(0, len(of), BLOCK):
        part = slice(start, start + BLOCK)
        distances = _squared_distances(_pixels(of, part, np.float32), support)
        gamma = None
        for machine, coef, value in zip(machines, coefs, values, strict=True):
            if machine.gamma != gamma:
                gamma = machine.gamma
                kernel = np.exp(np.float32(-gamma / WHITE**2) * distances)
            value[part] = kernel @ coef + machine.intercept
    return values


def vote(values, classes):
    """The class with most pairs on its side, the first of equals, as libsvm has it.

    values: decisions of one machine; classes: sorted labels.
    """
    votes = np.zeros((len(values), len(classes)), int)
    for column, (i, j) in enumerate(itertools.combinations(range(len(classes)), 2)):
        first = values[:, column] > 0
        votes[:, i] += first
        votes[:, j] += ~first
    return classes[votes.argmax(axis=1)]


def _fit_pair(x, rows, is_second, settings):
    """[(support, coef, intercept)] of one pair of classes, one for every setting; support counts in rows.

    The kernel matrix comes from BLAS, many times faster than number by number in libsvm.
    """
    from sklearn.svm import SVC

    pixels = _pixels(x, rows, np.float64)
    distances = _squared_distances(pixels, pixels)
    solved = []
    runs = [(gamma, list(run)) for gamma, run in itertools.groupby(settings, key=lambda setting: setting[1])]
    for left, (gamma, settings_of_gamma) in zip(reversed(range(len(runs))), runs, strict=True):
        # 800 MB where the pair has 10,000 images, so a second array only while the distances are still needed
        kernel = distances.copy() if left else distances
        kernel *= -gamma / WHITE**2
        np.exp(kernel, out=kernel)
        for C, _ in settings_of_gamma:
            machine = SVC(C=C, kernel="precomputed").fit(kernel, is_second)
            # scikit-learn turns the sign of two-class machines round; among many classes libsvm votes for the first.
            solved.append((machine.support_, -machine.dual_coef_[0], -machine.intercept_[0]))
    return solved


def _errors(machines, x, y, split):
    return [float(100 * np.mean(wrong)) for wrong in _wrong(machines, x, y, split)]


def _wrong(machines, x, y, split):
    """Which examples of a split each machine gets wrong, [(n,) bool]."""
    classes = np.unique(y)
    return [vote(value, classes) != split[1] for value in decisions(machines, x, split[0])]


def _draw(x, y, size, seed):
    """A stratified draw of size examples, all where there are no more; the first ones where classes are too small for that. The
    first of each class that it lacks comes besides.
    """
    if size >= len(y):
        return x, y
    from sklearn.model_selection import train_test_split

    _, firsts, counts = np.unique(y, return_index=True, return_counts=True)
    rows = np.arange(size)
    if counts.min() >= 2 and min(size, len(y) - size) >= len(counts):
        rows = train_test_split(np.arange(len(y)), train_size=size, stratify=y, random_state=seed)[0]
    rows = np.union1d(rows, firsts[~np.isin(y[firsts], y[rows])])
    return x[rows], y[rows]


def _pixels(x, rows, dtype):
    """Rows of x as vectors, still 0..255: distances between whole numbers are exact in float64."""
    chosen = np.asarray(x[rows], dtype)
    return chosen.reshape(len(chosen), -1)


def _squared_distances(a, b):
    """Squared Euclidean distances of rows, (len(a), len(b)), from one matrix product."""
    distances = a @ b.T
    distances *= -2
    distances += np.einsum("ij,ij->i", a, a)[:, None]
    distances += np.einsum("ij,ij->i", b, b)
    return distances

"""Support vector machines with Gaussian and with polynomial kernel: scikit-learn's SVC on kernel values that BLAS computes.

Cortes & Vapnik 1995; one machine per pair of classes, as libsvm has it. Nothing in them is random.
"""

import time
from typing import NamedTuple

import numpy as np

from zoo.errors import unknown_name
from zoo.reproductions.trainers.processes import in_processes, in_threads

BLOCK = 1000  # images whose kernel values with all training images are held at a time
KERNELS = {
    "rbf": lambda products, a, b, gamma, degree: np.exp(gamma * (2 * products - a[:, None] - b)),
    "polynomial": lambda products, a, b, gamma, degree: (1 + gamma * products) ** degree,
}


class TunedMachine(NamedTuple):
    """The machine of the setting that validates best."""

    svc: object
    kernel: object  # function of images (m, ...) to values (m, n_train)
    setting: dict
    validation: float  # error there, in percent
    seconds: float  # of all fits
    parameters: int  # numbers that libsvm keeps to predict

    def losses(self, split):
        """(1, n): 100 for an example of a split (x, y) that it gets wrong, else 0; on all cores."""
        return 100.0 * _wrong(self.svc, self.kernel, split, threads=-1)[None]


def tune_svm(kernel, train, validation, grid):
    """TunedMachine for the kernel "rbf", exp(-gamma |a - b|^2), or "polynomial", (1 + gamma a.b)^degree.

    train, validation: (x, y), pixels 0..255 scaled to 0..1. grid: list of {"C", "gamma", "degree"} (the last for polynomials
    only); gamma in units of 1 / (inputs * variance of the training pixels), scikit-learn's "scale", since one grid is to serve
    digits, noise and photographs. The first of equals on validation is chosen. Raises UnknownName for another kernel.
    """
    if kernel not in KERNELS:
        raise unknown_name("kernel", kernel, KERNELS)
    began = time.perf_counter()
    support = _vectors(train[0])
    scale = 1 / (support.shape[1] * support.var())
    machines = in_processes(_fitted, [(kernel, setting, scale, train, validation) for setting in grid])
    best = int(np.argmin([error for _, error in machines]))
    values, (svc, error) = _values(kernel, support, scale, grid[best]), machines[best]
    return TunedMachine(svc, values, grid[best], error, time.perf_counter() - began, _parameters(svc, support.shape[1]))


def _fitted(kernel, setting, scale, train, validation):
    """(the machine of a setting, its error on validation); a machine of 10,000 images takes 2 GB while it is fitted."""
    from sklearn.svm import SVC

    values = _values(kernel, _vectors(train[0]), scale, setting)
    svc = SVC(C=setting["C"], kernel="precomputed").fit(values(train[0]), train[1])
    return svc, float(100 * np.mean(_wrong(svc, values, validation)))


def _vectors(x):
    """Images (n, ...) as float64 vectors (n, inputs), white being 1."""
    return np.asarray(x, np.float64).reshape(len(x), -1) / 255


def _values(kernel, support, scale, setting):
    """The function of images (m, ...) to kernel values with the training images, (m, n)."""
    lengths, gamma, degree = np.einsum("ij,ij->i", support, support), scale * setting["gamma"], setting.get("degree")

    def values(x):
        x = _vectors(x)
        return KERNELS[kernel](x @ support.T, np.einsum("ij,ij->i", x, x), lengths, gamma, degree)

    return values


def _wrong(svc, kernel, split, threads=1):
    x, y = split
    blocks = [(x[i : i + BLOCK],) for i in range(0, len(x), BLOCK)]
    guesses = in_threads(lambda block: svc.predict(kernel(block)), blocks, threads)
    return np.concatenate(guesses) != y


def _parameters(svc, inputs):
    return len(svc.support_) * (inputs + len(svc.classes_) - 1) + len(svc.intercept_)

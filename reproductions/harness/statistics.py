"""Means and intervals over seeds, all at 95% by Student's t; a value that is not finite is a diverged run and left out."""

from typing import NamedTuple

import numpy as np

LEVEL = 0.95


class Interval(NamedTuple):
    """An estimate with its 95% interval; low and high are NaN where a single value gives none."""

    estimate: float
    low: float
    high: float
    n: int


def geometric_mean(values):
    """Geometric mean of the finite ones of positive numbers, NaN where there are none: their middle on a logarithmic axis.

    >>> round(geometric_mean([1.0, 10.0, float("nan"), 100.0]), 6)
    10.0
    """
    values = finite(values)
    return float(np.exp(np.log(values).mean())) if len(values) else np.nan


def mean_interval(values):
    """Interval of the mean of a sample (any shape, flattened).

    >>> mean_interval([1.0, 2.0, 3.0])
    Interval(estimate=2.0, low=-0.484..., high=4.484..., n=3)
    """
    values = finite(values)
    if len(values) == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    mean = float(values.mean())
    if len(values) == 1:
        return Interval(mean, np.nan, np.nan, 1)
    return _around(mean, values.std(ddof=1) / np.sqrt(len(values)), len(values) - 1, len(values))


def paired_interval(first, second):
    """Interval of the mean of first - second, two samples over the same seeds in the same order."""
    return mean_interval(np.asarray(first, float) - np.asarray(second, float))


def welch_interval(first, second):
    """Interval of mean(first) - mean(second) for independent samples of unequal variance (Welch 1947)."""
    first, second = finite(first), finite(second)
    if min(len(first), len(second)) < 2:
        raise ValueError("Welch's interval needs at least two values on either side.")
    spreads = np.array([first.var(ddof=1) / len(first), second.var(ddof=1) / len(second)])
    difference, n = float(first.mean() - second.mean()), len(first) + len(second)
    if spreads.sum() == 0:
        return Interval(difference, difference, difference, n)
    freedom = spreads.sum() ** 2 / (spreads**2 / [len(first) - 1, len(second) - 1]).sum()
    return _around(difference, np.sqrt(spreads.sum()), freedom, n)


def slopes(places, values):
    """Least-squares slope (n,) of each row of values (n, p) on places (p,); NaN for a row that is not finite throughout.

    >>> slopes([0, 1, 2], [[3.0, 2.0, 1.0], [0.0, 0.0, 6.0]])
    array([-1.,  3.])
    """
    away, values = np.asarray(places, float) - np.mean(places), np.asarray(values, float)
    kept = np.isfinite(values).all(axis=1)
    return np.where(kept, np.where(kept[:, None], values, 0) @ away / (away @ away), np.nan)


def finite(values):
    """The finite values of a sample as a float64 vector."""
    values = np.asarray(values, float).ravel()
    return values[np.isfinite(values)]


def _around(centre, error, freedom, n):
    from scipy.special import stdtrit

    half = float(stdtrit(freedom, 0.5 + LEVEL / 2) * error)
    return Interval(centre, centre - half, centre + half, n)

"""Statistics of critical points: how ranks go together, also within groups, and losses as shares of the landscape's range."""

import numpy as np

from zoo.reproductions.harness.resampling import bootstrap_interval
from zoo.reproductions.harness.statistics import LEVEL, Interval, deviation_interval
from zoo.reproductions.trainers.saddles import SILENT


def rank_correlation(first, second):
    """Spearman's rank correlation r of two samples of n, with the interval of Bonett & Wright (Psychometrika 2000).

    Fisher's z with the variance (1 + r^2 / 2) / (n - 3) that ranks give it. No interval for n < 4 or |r| = 1.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    n = len(first)
    if n < 2:
        return Interval(np.nan, np.nan, np.nan, n)
    ranks = np.stack([rankdata(first), rankdata(second)])
    deviations = ranks - ranks.mean(axis=1, keepdims=True)
    norms = np.sqrt((deviations**2).sum(axis=1))
    if not norms.all():
        return Interval(np.nan, np.nan, np.nan, n)
    r = float(deviations[0] @ deviations[1] / norms.prod())
    if n < 4 or abs(r) > 1 - 1e-12:
        return Interval(r, np.nan, np.nan, n)
    half = ndtri((1 + LEVEL) / 2) * np.sqrt((1 + r**2 / 2) / (n - 3))
    return Interval(r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)), n)


def correlation_within(points):
    """Rank correlation of index and error within the groups of as many silent units, pooled; resampling points."""

    def within(sample):
        groups, *both = (_middle_ranks(numbers) for numbers in sample.astype(int).T)
        first, second = (ranks - groups for ranks in both)  # less the mean rank of the group
        return first @ second / np.sqrt((first @ first) * (second @ second))

    if points.empty:
        return Interval(np.nan, np.nan, np.nan, 0)
    # Numbered in the order of (silent units, value) once for all, no resample has to be sorted.
    columns = ([SILENT], [SILENT, "index_pct"], [SILENT, "train_error_pct"])
    numbered = [np.unique(points[names], axis=0, return_inverse=True)[1].ravel() for names in columns]
    return bootstrap_interval(within, np.column_stack(numbered))


def _middle_ranks(numbers):
    """Rank of each among all, from 0, equal ones sharing theirs; numbers: small integers from 0."""
    counts = np.bincount(numbers)
    return (np.cumsum(counts) - (counts + 1) / 2)[numbers]


def spread_in_range(points, minima, top):
    """Standard deviation of the loss of some points over the range from the minima's mean to the loss `top`, taken as known."""
    if len(points) < 3 or minima.empty:
        return Interval(np.nan, np.nan, np.nan, len(points))
    interval, span = deviation_interval(points.loss), top - minima.loss.mean()
    return Interval(*(value / span for value in interval[:3]), interval.n)


def excess_in_range(points, minima, top):
    """By what share of the range from the minima's mean to `top` some points' mean loss lies above it, resampling both."""
    if len(points) < 2 or len(minima) < 2:
        return Interval(np.nan, np.nan, np.nan, len(points))
    sample = np.column_stack([np.r_[points.loss, minima.loss], np.r_[np.ones(len(points)), np.zeros(len(minima))]])

    def excess(sample):
        mine = sample[:, 1] > 0
        if not 0 < mine.sum() < len(mine):
            return np.nan
        lowest = sample[~mine, 0].mean()
        return (sample[mine, 0].mean() - lowest) / (top - lowest)

    return bootstrap_interval(excess, sample)

"""Intervals for statistics other than a mean: any of them by the bootstrap over seeds, a share by the binomial distribution."""

import numpy as np

from zoo.reproductions.harness.statistics import LEVEL, Interval, finite

DRAWS = 2000
SEED = 2015
FEWEST = 6


def bootstrap_interval(statistic, samples, vectorized=False):
    """Interval of statistic(samples) over seeds, bias-corrected and accelerated (BCa; Efron, JASA 1987).

    samples: array (n,) or (n, columns), one row per seed; seeds with a value that is not finite are left out, and
    columns are resampled together, so that what was paired stays paired. statistic: function of such an array, of as
    many rows, to a float. The same draws every time. low and high are NaN where the statistic is not defined and for fewer
    than 6 seeds: resampled values of a mean stay between the least and the greatest, which hold it in 1 - 2^(1-n) of cases.
    vectorized: statistic takes all resamples at once, (draws, n) or (draws, n, columns), and gives (draws,): much faster.
    """
    from scipy.special import ndtr, ndtri

    samples = np.asarray(samples, float)
    n = len(samples := samples[np.isfinite(samples).all(axis=tuple(range(1, samples.ndim)))])
    if n < FEWEST:
        with np.errstate(divide="ignore", invalid="ignore"):
            return Interval(float(statistic(samples)) if n > 1 else np.nan, np.nan, np.nan, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = float(statistic(samples))
        rows = np.random.RandomState(SEED).randint(0, n, (DRAWS, n))  # the stream of RandomState is frozen
        others = np.array([np.delete(np.arange(n), row) for row in range(n)])
        drawn, left_out = (
            finite(statistic(samples[those]) if vectorized else [statistic(sample) for sample in samples[those]])
            for those in (rows, others)
        )
    if not np.isfinite(estimate) or len(drawn) < DRAWS / 2 or len(left_out) < n:
        return Interval(estimate, np.nan, np.nan, n)
    below = np.mean(drawn < estimate) + np.mean(drawn == estimate) / 2
    bias = ndtri(np.clip(below, 1 / DRAWS, 1 - 1 / DRAWS))
    deviations = left_out.mean() - left_out
    spread = (deviations**2).sum() ** 1.5
    acceleration = (deviations**3).sum() / (6 * spread) if spread else 0.0
    z = bias + ndtri(np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    low, high = np.percentile(drawn, 100 * ndtr(bias + z / (1 - acceleration * z)))
    return Interval(estimate, float(low), float(high), n)


def share_interval(holds):
    """Interval of the share of seeds for which something holds, exact (Clopper & Pearson, Biometrika 1934).

    holds: booleans, one per seed. It stays within 0..1, has a width where all or none hold, and holds the true share in
    95 % of cases or more, however few the seeds.
    """
    from scipy.special import betaincinv

    n, k = len(holds), int(np.sum(holds))
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    low = betaincinv(k, n - k + 1, (1 - LEVEL) / 2) if k else 0.0
    high = betaincinv(k + 1, n - k, (1 + LEVEL) / 2) if k < n else 1.0
    return Interval(k / n, float(low), float(high), n)

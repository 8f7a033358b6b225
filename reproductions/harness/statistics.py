"""Means and intervals over seeds, all at 95% by Student's t; a value that is not finite is a diverged run and left out."""

from typing import NamedTuple

import numpy as np

from zoo.errors import InvalidInput

LEVEL = 0.95


class Interval(NamedTuple):
    """An estimate with its 95% interval; low and high are NaN where a single value gives none."""

    estimate: float
    low: float
    high: float
    n: int


def percent(interval):
    """A share's Interval in percent."""
    return Interval(*(100 * value for value in interval[:3]), interval.n)


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
    """Interval of the mean of first - second, two samples over the same seeds in the same order; of two Series by their index.

    Raises InvalidInput where they are not two lists of as many numbers, or two Series of different seeds.
    """
    indexed = [hasattr(sample, "reindex") and hasattr(sample, "index") and np.ndim(sample) == 1 for sample in (first, second)]
    if all(indexed) and not first.index.equals(second.index):
        if not (first.index.is_unique and second.index.is_unique and set(first.index) == set(second.index)):
            raise InvalidInput("Pairs are of the same seeds: the two have other ones in their index, or one of them twice.")
        second = second.reindex(first.index)
    try:
        first, second = np.asarray(first, float), np.asarray(second, float)
    except (TypeError, ValueError):
        raise InvalidInput("Pairs are of two lists of numbers, one for each seed.") from None
    if first.ndim != 1 or first.shape != second.shape:
        raise InvalidInput(
            f"Pairs are of two lists of as many numbers, one for each seed; these have the shapes {first.shape} and {second.shape}."
        )
    return mean_interval(first - second)


def by_examples(first, second, n):
    """Half the widest 95% interval that n test examples leave to the difference of two methods' shares of wrong ones.

    McNemar's (Psychometrika 1947), as if no example were wrong for both, or right: the largest share of examples that only one
    of them is wrong on.
    """
    return by_examples_of_sum((1, -1), (first, second), n)


def by_examples_of_sum(factors, shares, n):
    """by_examples for a sum of shares times factors that sum to 0: as if no example were wrong (or right) for methods with
    factors of either sign, and as many as can be for all of one.

    >>> by_examples_of_sum((1, -1), (0.2, 0.3), 1000) == by_examples(0.2, 0.3, 1000)
    True
    """
    factors, shares = np.asarray(factors, float), np.asarray(shares, float)
    alike = np.clip(np.outer(factors, factors), 0, None)
    apart = min(float((alike * np.minimum.outer(each, each)).sum()) for each in (shares, 1 - shares))
    return 1.96 * float(np.sqrt(max(apart - (factors @ shares) ** 2, 0) / n))


def by_examples_of_logs(first, second, n):
    """by_examples for the logarithm of the ratio of the shares, both above 0, by the delta method."""
    return 1.96 * float(np.sqrt((1 / first + 1 / second) / n))


def over_examples(*parts, reach=0):
    """Half the width of the 95% interval that the choice of test examples leaves to a mean over them, or to a sum of means
    each over examples of its own; NaN for a single example.

    parts: (mean, chance) as losses.combined gives them, for instance by how much more each example costs one method than
    another; if costs are mistakes, and chance is 0 for both, this is McNemar's interval. What the draw of the seeds does to
    single examples is left out: the interval over seeds has it already.

    reach: for examples that come in turn, up to how many apart may be correlated. Their variance is then that of Newey & West
    (Econometrica 1987), as in the test of Diebold & Mariano (Journal of Business & Economic Statistics 1995), and the quantile
    that of Kiefer & Vogelsang (Econometric Theory 2005), if that makes the interval wider: a few correlated examples say less
    about their own variance than as many independent ones.
    """
    from scipy.special import stdtrit

    fewest = min(len(mean) for mean, _ in parts)
    if fewest < 2:
        return np.nan
    variance = sum(max(0.0, *_variances(mean, chance, reach)) / len(mean) for mean, chance in parts)
    return float(stdtrit(fewest - 1, 0.5 + LEVEL / 2) * np.sqrt(variance))


def _variances(values, chance, reach):
    """n times the variance of the mean of n values, less the chance in it: (if they are independent, if those up to `reach`
    apart may be correlated). The second is enlarged by as much as its interval's quantile exceeds Student's t.
    """
    from scipy.special import stdtrit

    apart, n = values - values.mean(), len(values)
    alone, reach = apart @ apart, min(reach, n - 1)
    together = sum((1 - lag / (reach + 1)) * (apart[lag:] @ apart[:-lag]) for lag in range(1, reach + 1))
    wider = quantile_of_neighbours((reach + 1) / n) / stdtrit(n - 1, 0.5 + LEVEL / 2) if reach else 1.0
    return alone / (n - 1) - chance, ((alone + 2 * together) / (n - 1) - chance) * max(1.0, wider) ** 2


def quantile_of_neighbours(share):
    """The 97.5 % quantile of a mean over its error by Newey & West, whose lags go to a share of the sample's length.

    Kiefer & Vogelsang (Econometric Theory 2005), Table 1, of Bartlett's weights: "fixed-b" asymptotics.
    """
    return 1.9600 + 2.9694 * share + 0.4160 * share**2 - 0.5324 * share**3


def widened(interval, half):
    """(low, high) around an Interval's estimate when something independent of it, of half width `half`, comes on top."""
    joint = float(np.hypot(half, (interval.high - interval.low) / 2))
    return interval.estimate - joint, interval.estimate + joint


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


def deviation_interval(values):
    """Interval of the standard deviation that a sample was drawn with, by chi-square, as if from a normal distribution.

    Resampling a few values makes it too narrow: of ten, 82 % of such intervals hold it.

    >>> deviation_interval([1.0, 2.0, 3.0])
    Interval(estimate=1.0, low=0.520..., high=6.284..., n=3)
    """
    from scipy.special import chdtri

    values = finite(values)
    freedom = len(values) - 1
    if freedom < 1:
        return Interval(np.nan, np.nan, np.nan, len(values))
    deviation = float(values.std(ddof=1))
    low, high = (deviation * float(np.sqrt(freedom / chdtri(freedom, share))) for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Interval(deviation, low, high, len(values))


def deviation_ratio_interval(first, second):
    """Interval of the ratio of two standard deviations, of samples over the same seeds in the same order, as if normal.

    After Pitman, A note on normal correlation, and Morgan, A test for the significance of the difference between the two
    variances, both in Biometrika 1939: the ratios for which sum and difference are not seen to go together.

    >>> deviation_ratio_interval([1.0, 2.0, 4.0, 9.0], [1.0, 3.0, 2.0, 3.0])
    Interval(estimate=3.717..., low=0.725..., high=19.038..., n=4)
    """
    from scipy.special import stdtrit

    both = np.stack([np.asarray(first, float), np.asarray(second, float)])
    both = both[:, np.isfinite(both).all(axis=0)]
    n = both.shape[1]
    deviations = both.std(axis=1, ddof=1) if n > 2 else np.zeros(2)
    if not deviations.all():
        return Interval(np.nan, np.nan, np.nan, n)
    ratio, r = float(deviations[0] / deviations[1]), np.corrcoef(both)[0, 1]
    reach = 1 + 2 * (1 - r**2) * stdtrit(n - 2, 0.5 + LEVEL / 2) ** 2 / (n - 2)
    factor = float(np.sqrt(reach + np.sqrt(reach**2 - 1)))
    return Interval(ratio, ratio / factor, ratio * factor, n)


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

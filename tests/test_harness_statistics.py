"""Intervals against SciPy and against values worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from statsmodels.api import OLS

from zoo.errors import InvalidInput
from zoo.reproductions.harness.statistics import (
    Interval,
    by_examples,
    by_examples_of_sum,
    deviation_interval,
    deviation_ratio_interval,
    mean_interval,
    over_examples,
    paired_interval,
    quantile_of_neighbours,
    slopes,
    welch_interval,
    widened,
)

RANDOM = np.random.default_rng(0)
SAMPLES = [RANDOM.normal(5, 2, n) for n in (2, 3, 20, 500)]


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
def test_mean_interval_is_scipys(sample):
    expected = stats.ttest_1samp(sample, 0).confidence_interval(0.95)
    interval = mean_interval(sample)
    assert interval.n == len(sample)
    np.testing.assert_allclose(interval[:3], [sample.mean(), *expected], rtol=1e-12)


def test_mean_interval_by_hand():
    # mean 2, standard deviation 1, t(2 degrees of freedom, 97.5%) = 4.302653
    np.testing.assert_allclose(mean_interval([1, 2, 3])[:3], [2, 2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5], rtol=1e-6)


@pytest.mark.parametrize("first, second", [([1, 2, 3], [1]), ([[1], [2]], [1, 2]), (1, 2), ([1, 2], [1, 2, 3])])
def test_pairs_are_of_as_many(first, second):
    with pytest.raises(InvalidInput, match="Pairs are of two lists of as many numbers"):
        paired_interval(first, second)


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
def test_paired_interval_is_scipys(sample):
    other = sample + RANDOM.normal(1, 0.1, len(sample))
    expected = stats.ttest_rel(sample, other).confidence_interval(0.95)
    np.testing.assert_allclose(paired_interval(sample, other)[1:3], expected, rtol=1e-9)


def test_welch_interval_is_scipys():
    for first in SAMPLES:
        for second in SAMPLES:
            expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
            if first is not second:
                np.testing.assert_allclose(welch_interval(first, second)[1:3], expected, rtol=1e-9)


def test_no_interval_from_one_value():
    interval = mean_interval([7.0])
    assert interval.estimate == 7 and interval.n == 1
    assert np.isnan(interval.low) and np.isnan(interval.high)


def test_no_estimate_from_no_value():
    assert mean_interval([np.nan, np.inf]).n == 0
    assert np.isnan(mean_interval([]).estimate)


def test_diverged_runs_are_left_out():
    assert mean_interval([1, np.nan, 2, np.inf, 3, -np.inf]) == mean_interval([1, 2, 3])
    assert paired_interval([1, np.nan, 2, 3], [0, 0, 0, np.nan]) == mean_interval([1, 2])


def test_equal_values_have_an_interval_of_no_width():
    assert mean_interval([4.0] * 5)[:3] == (4, 4, 4)
    assert welch_interval([4.0] * 5, [1.0] * 3)[:3] == (3, 3, 3)


def test_welch_refuses_a_single_value():
    with pytest.raises(ValueError, match="at least two"):
        welch_interval([1, 2, 3], [1, np.nan])


def test_intervals_cover_as_often_as_they_say():
    samples = RANDOM.normal(0, 1, (4000, 4))
    covered = np.mean([low <= 0 <= high for _, low, high, _ in map(mean_interval, samples)])
    assert abs(covered - 0.95) < 0.015
    covered = np.mean([low <= 1 <= high for _, low, high, _ in map(deviation_interval, samples)])
    assert abs(covered - 0.95) < 0.015
    shared = RANDOM.normal(0, 1, (4000, 6))  # what both samples of a pair have of their seed
    pairs = zip(RANDOM.normal(0, 1, (4000, 6)) + shared, 2 * (RANDOM.normal(0, 1, (4000, 6)) + shared))
    covered = np.mean([low <= 0.5 <= high for _, low, high, _ in (deviation_ratio_interval(*pair) for pair in pairs)])
    assert abs(covered - 0.95) < 0.015


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
def test_interval_of_a_deviation_is_by_chi_square(sample):
    freedom = len(sample) - 1
    bounds = sample.std(ddof=1) * np.sqrt(freedom / stats.chi2.ppf([0.975, 0.025], freedom))
    np.testing.assert_allclose(deviation_interval([*sample, np.nan])[:3], [sample.std(ddof=1), *bounds], rtol=1e-9)


def test_deviations_of_too_little_have_no_interval():
    assert np.isnan(deviation_interval([3.0])[:3]).all() and np.isnan(deviation_interval([])[:3]).all()
    assert deviation_interval([2.0, 2.0, 2.0])[:3] == (0, 0, 0)
    for first, second in (([1, 2], [3, 5]), ([1, 1, 1], [1, 2, 3]), ([1, np.nan, 2, 3], [1, 2, np.nan, 5])):
        assert np.isnan(deviation_ratio_interval(first, second)[:3]).all()
    assert deviation_ratio_interval([1, 2, np.nan, 4, 9], [1, 3, 7, 2, 3]) == deviation_ratio_interval([1, 2, 4, 9], [1, 3, 2, 3])


def test_slopes_are_least_squares_and_a_lost_seed_has_none():
    random = np.random.RandomState(0)
    places, values = np.array([1.0, 2.0, 4.0, 5.5]), random.normal(size=(6, 4))
    np.testing.assert_allclose(slopes(places, values), np.polyfit(places, values.T, 1)[0])
    values[2, 1], values[4, 0] = np.nan, -np.inf
    assert np.isnan(slopes(places, values)).tolist() == [False, False, True, False, True, False]


def test_what_examples_leave_to_a_difference_is_mcnemars():
    """Of two methods without chance, from the numbers of examples that one alone gets wrong: b and c of n."""
    b, c, n = 12, 30, 500
    first, second = np.zeros(n), np.zeros(n)
    first[: b + 5] = 1
    second[b : b + 5 + c] = 1
    half = stats.t.ppf(0.975, n - 1) * np.sqrt((b + c - (b - c) ** 2 / n) / (n * (n - 1)))
    assert over_examples((first - second, 0)) == pytest.approx(half)
    assert half < by_examples(first.mean(), second.mean(), n)  # the widest, where both are never wrong together
    alone = [over_examples((each, 0)) for each in (first, second)]
    assert over_examples((first, 0), (second, 0)) == pytest.approx(np.hypot(*alone))
    assert np.isnan(over_examples((first[:1], 0)))
    assert over_examples((first, 1.0)) == 0  # examples differ by no more than seeds make them


@pytest.mark.parametrize("shares", [(0.21, 0.24, 0.2), (0.83, 0.9, 0.8), (0.1, 0.3, 0.25), (0.5, 0.55, 0.6)])
@pytest.mark.parametrize("factors", [(-0.2, -0.1, 0.3), (1, -1, 0), (0.5, -1, 0.5)])
def test_what_examples_leave_to_a_sum_is_the_most_they_can(factors, shares):
    """The largest variance that examples wrong for some methods and right for others can have, with these shares of wrong ones."""
    cases = np.array([*np.ndindex(2, 2, 2)])  # for whom an example is wrong
    squares = (cases @ factors) ** 2
    most = -optimize.linprog(-squares, A_eq=np.vstack([cases.T, np.ones(8)]), b_eq=[*shares, 1]).fun
    half = 1.96 * np.sqrt((most - np.dot(factors, shares) ** 2) / 1000)
    found = by_examples_of_sum(factors, shares, 1000)
    assert found == pytest.approx(half) if 0.5 not in shares else found >= half * (1 - 1e-9)
    assert by_examples_of_sum((1, -1), shares[:2], 1000) == by_examples(*shares[:2], 1000)


@pytest.mark.parametrize("reach", [0, 1, 2, 5, 100])
def test_what_neighbours_leave_to_a_mean_is_newey_and_wests(reach):
    """As statsmodels has it but for the quantile, where neighbours go together; where they alternate no narrower than without."""
    random, n = np.random.RandomState(0), 60
    noise = random.normal(size=n + 1)
    together, in_turn = noise[1:] + 0.8 * noise[:-1], noise[1:] - 0.8 * noise[:-1]
    robust = OLS(together, np.ones(n)).fit(cov_type="HAC", cov_kwds={"maxlags": min(reach, n - 1), "use_correction": True})
    alone = stats.t.ppf(0.975, n - 1) * together.std(ddof=1) / np.sqrt(n)
    quantile = max(stats.t.ppf(0.975, n - 1), quantile_of_neighbours((min(reach, n - 1) + 1) / n) if reach else 0)
    known = quantile * robust.bse[0]
    assert over_examples((together, 0), reach=reach) == pytest.approx(max(known, alone))
    assert (known > 1.1 * alone) == (reach > 0)
    assert over_examples((in_turn, 0), reach=reach) == over_examples((in_turn, 0))
    chance = 0.5 * together.var(ddof=1)
    less = over_examples((together, chance), reach=reach) ** 2
    assert less == pytest.approx(max(known**2 - (quantile * alone / stats.t.ppf(0.975, n - 1)) ** 2 / 2, alone**2 / 2))


@pytest.mark.parametrize("lags", [9, 24, 74, 249])
def test_means_of_neighbours_lie_within_their_quantile_nineteen_times_of_twenty(lags):
    """Of independent draws, for which it holds as well: 5,000 samples of 250, and the error of Newey & West of each."""
    n = 250
    draws = np.random.RandomState(1).normal(size=(5000, n))
    apart = draws - draws.mean(axis=1, keepdims=True)
    variance = (apart**2).sum(axis=1)
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * (apart[:, lag:] * apart[:, :-lag]).sum(axis=1)
    found = np.abs(draws.mean(axis=1)) / (np.sqrt(variance) / n)
    assert np.mean(found < quantile_of_neighbours((lags + 1) / n)) == pytest.approx(0.95, abs=0.01)


def test_a_widened_interval_has_both_halves():
    assert widened(Interval(2.0, -1.0, 5.0, 4), 4.0) == pytest.approx((2 - 5, 2 + 5))
    assert np.isnan(widened(Interval(2.0, -1.0, 5.0, 4), np.nan)).all()


def test_series_are_paired_by_their_seeds():
    first = pd.Series([1.0, 2, 4], index=[0, 1, 2])
    second = pd.Series([3.0, 1.5, 0.75], index=[2, 1, 0])
    assert paired_interval(first, second) == mean_interval([0.25, 0.5, 1.0])
    for other, said in ((second.set_axis([2, 1, 7]), "other ones in their index"), (second.set_axis([2, 1, 1]), "twice")):
        with pytest.raises(InvalidInput, match=said):
            paired_interval(first, other)
    with pytest.raises(InvalidInput, match="two lists of numbers"):
        paired_interval(["a", "b"], [1, 2])

"""Intervals over seeds by resampling, and what the harness takes from a claim besides means: SEEDS, traced, summarise."""

import types

import numpy as np
import pytest
import scipy.stats

import harness_example
from zoo.errors import InvalidInput, ResultsError, UnknownName
from zoo.reproductions.harness import Budget, Trial, claim_runs, run_claim
from zoo.reproductions.harness.resampling import bootstrap_interval, share_interval
from zoo.reproductions.harness.runs import complete_rows, parse_runs, read_runs, runs_text
from zoo.reproductions.harness.statistics import Interval
from zoo.reproductions.harness.tables import compare_runs

HERE = {"device": "a card", "processor": "a processor", "backend": "jax", "precision": "float32"}
LOSSES = np.random.RandomState(0).gamma(4, size=60)


def deviation(sample):
    return np.std(sample, ddof=1)


def test_bootstrap_agrees_with_scipy():
    ours = bootstrap_interval(deviation, LOSSES)
    theirs = scipy.stats.bootstrap(
        (LOSSES,), deviation, n_resamples=20_000, method="BCa", vectorized=False, rng=np.random.default_rng(1)
    ).confidence_interval
    assert ours.estimate == deviation(LOSSES) and ours.n == 60
    assert ours.low == pytest.approx(theirs.low, rel=0.03) and ours.high == pytest.approx(theirs.high, rel=0.03)


def test_bootstrap_of_a_normal_spread_is_near_the_chi_square_interval():
    sample = np.random.RandomState(3).normal(5, 2, 1000)
    low, high = np.sqrt(999 * sample.var(ddof=1) / scipy.stats.chi2.ppf([0.975, 0.025], 999))
    ours = bootstrap_interval(deviation, sample)
    assert ours.low == pytest.approx(low, rel=0.02) and ours.high == pytest.approx(high, rel=0.02)


def test_bootstrap_covers_the_truth_as_often_as_it_says():
    random, draws = np.random.RandomState(7), 40
    intervals = [bootstrap_interval(deviation, random.exponential(size=80)) for _ in range(draws)]
    assert 0.8 * draws <= sum(low <= 1 <= high for _, low, high, _ in intervals)


def test_bootstrap_keeps_pairs_and_leaves_out_the_diverged():
    pairs = np.column_stack([LOSSES, LOSSES + 1])
    difference = bootstrap_interval(lambda sample: (sample[:, 1] - sample[:, 0]).mean(), pairs)
    assert difference[:3] == pytest.approx((1, 1, 1))
    pairs[4, 1] = np.nan
    assert bootstrap_interval(lambda sample: sample[:, 0].mean(), pairs).n == 59
    assert bootstrap_interval(deviation, LOSSES) == bootstrap_interval(deviation, LOSSES)


def test_all_draws_at_once_are_those_one_by_one():
    at_once = bootstrap_interval(lambda sample: np.std(sample, axis=-1, ddof=1), LOSSES, vectorized=True)
    assert at_once == pytest.approx(bootstrap_interval(deviation, LOSSES), rel=1e-12)
    pairs = np.column_stack([LOSSES, LOSSES[::-1]])
    at_once = bootstrap_interval(lambda sample: sample[..., 0].mean(axis=-1) / sample[..., 1].std(axis=-1), pairs, vectorized=True)
    one_by_one = bootstrap_interval(lambda sample: sample[:, 0].mean() / sample[:, 1].std(), pairs)
    assert at_once == pytest.approx(one_by_one, rel=1e-12)


@pytest.mark.parametrize("n", range(7))
def test_few_seeds_give_no_interval(n):
    found = bootstrap_interval(deviation, LOSSES[:n])
    assert np.isnan([found.low, found.high]).all() == (n < 6), "all resampled means may miss the true one, 1 time in 2^(n-1)"
    assert np.isnan(found.estimate) == (n < 2)


@pytest.mark.parametrize("k, n", [(17, 20), (18, 26), (0, 5), (9, 9), (1, 1)])
def test_share_is_exact(k, n):
    theirs = scipy.stats.binomtest(k, n).proportion_ci(method="exact")
    assert share_interval([True] * k + [False] * (n - k)) == pytest.approx((k / n, theirs.low, theirs.high, n))
    assert np.isnan(share_interval([]).estimate)


def test_a_claim_may_take_more_seeds_and_the_user_has_the_last_word():
    assert len(Budget.named("quick", defaults={"quick": 200}).seeds) == 200
    assert len(Budget.named("smoke", defaults={"quick": 200}).seeds) == 2
    assert len(Budget.named("quick", 5, {"quick": 200}).seeds) == 5
    seventh = Budget("quick", (7,))
    assert Budget.named(seventh) is seventh and Budget.named(seventh, 2) == Budget("quick", (0, 1))


def test_only_a_claim_that_says_so_has_an_hour(monkeypatch):
    assert len(Budget.named("hour", defaults={"hour": 5}).seeds) == 5
    assert Budget.named("hour", 2, {"hour": 5}).choose(smoke=1, quick=2, hour=3, full=4) == 3
    with pytest.raises(UnknownName, match="no budget 'hour'; it has smoke, quick, full"):
        run_claim(harness_example, "hour")
    with pytest.raises(InvalidInput, match="hour=..."):
        Budget.named("hour", 2, {"hour": 5}).choose(smoke=1, quick=2, full=4)
    with pytest.raises(UnknownName, match="Known: full, hour, quick, smoke"):
        Budget.named("day", defaults={"hour": 5})
    monkeypatch.setattr(harness_example, "SEEDS", {"hour": 3}, raising=False)
    with pytest.raises(ResultsError, match="zoo --import MODULE reproduce harness_example --budget hour"):
        claim_runs(harness_example, "hour")


def test_a_run_takes_the_claims_seeds_unless_told_otherwise(monkeypatch):
    monkeypatch.setattr(harness_example, "SEEDS", {"smoke": 3}, raising=False)
    for seeds, expected in ((None, {0, 1, 2}), (1, {0})):
        folder = run_claim(harness_example, "smoke", seeds=seeds)
        assert set(read_runs(folder / "runs.csv").seed) == expected


def run(trial, report):
    """Stands for a trial's run; never called."""


TRACED = Trial("digits", "mlp", "", (0, 1, 2), run, traced=2)


def rows(curve):
    loss = [{"seed": seed, "metric": "loss", "value": seed + 1.0} for seed in range(3)]
    return loss + [{"seed": seed, "metric": "loss_at_0.5", "value": 2.0} for seed in curve]


def test_traced_seeds_may_have_more_metrics():
    assert len(complete_rows(TRACED, rows([0, 1]), HERE, "abc")) == 5


@pytest.mark.parametrize("curve", [[0], [1, 2], [0, 0], [0, 1, 1]])
def test_a_curve_of_other_seeds_is_refused(curve):
    with pytest.raises(InvalidInput, match="exactly once"):
        complete_rows(TRACED, rows(curve), HERE, "abc")


def test_statistics_of_a_claim_stand_below_the_means():
    module = types.ModuleType("a_claim")
    module.summarise = lambda runs: [(("digits", "mlp", ""), "loss_standard_deviation", Interval(1.0, 0.5, 2.0, 3))]
    runs = parse_runs(runs_text("a_claim", complete_rows(TRACED, rows([0, 1]), HERE, "abc")).encode(), "runs.csv")
    lines = compare_runs(module, runs)
    assert [(line["metric"], line["n_seeds"], line["mean"]) for line in lines] == [
        ("loss", "3", "2"),
        ("loss_at_0.5", "2", "2"),
        ("loss_standard_deviation", "3", "1"),
    ]
    assert (lines[-1]["ci95_low"], lines[-1]["ci95_high"], lines[-1]["published"]) == ("0.5", "2", "")

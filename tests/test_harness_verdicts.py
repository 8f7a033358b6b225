"""Checks: which side an interval lies on, how two rows are compared, and that a sentence says what its row says."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from zoo.errors import InvalidInput
from zoo.reproductions.harness import as_published, check, paired_difference, ratio, target
from zoo.reproductions.harness.statistics import Interval, mean_interval

DEEP, SHALLOW, EXACT = ("digits", "deep", "a"), ("digits", "shallow", "b"), ("digits", "exact", "")


def runs_of(**values):
    """A runs frame: one row name and its values by seed, seed 0 first unless given as a dict."""
    rows = {"deep": DEEP, "shallow": SHALLOW, "exact": EXACT}
    lines = []
    for name, sample in values.items():
        sample = sample if isinstance(sample, dict) else dict(enumerate(sample))
        dataset, model, setting = rows[name]
        for seed, value in sample.items():
            line = {"dataset": dataset, "model": model, "setting": setting, "seed": seed}
            lines.append(line | {"metric": "test_error_pct", "value": value})
    return pd.DataFrame(lines)


@pytest.mark.parametrize(
    ("low", "high", "above", "below"),
    [
        (1, 2, "reproduced", "contradicted"),
        (-2, -1, "contradicted", "reproduced"),
        (-1, 1, "undecided", "undecided"),
        (0, 1, "undecided", "undecided"),
        (math.nan, math.nan, "undecided", "undecided"),
    ],
)
def test_verdict_is_the_side_of_the_whole_interval(low, high, above, below):
    interval = Interval((low + high) / 2, low, high, 3)
    assert check("a", interval, "points", "It", above=0).verdict == above
    assert check("a", interval, "points", "It", below=0).verdict == below


def test_check_must_claim_exactly_one_side():
    for sides in ({}, {"above": 0, "below": 0}):
        with pytest.raises(InvalidInput, match="one side"):
            check("a", Interval(1, 0, 2, 3), "points", "It", **sides)


def test_sentence_holds_the_numbers_of_its_row():
    made = check("a", Interval(1.23456789, 1.1111111, 1.3333333, 3), "points", "The gain", above=0.5)
    assert (made.effect, made.low, made.high) == (1.23457, 1.11111, 1.33333)
    assert made.sentence == "The gain: 1.235 points (95% interval 1.111 to 1.333), claimed above 0.5: reproduced."


def test_paired_difference_pairs_shared_seeds():
    deep, shallow = [1.0, 2.0, 4.0], [3.0, 4.1, 5.9]
    made = paired_difference(runs_of(deep=deep, shallow={**dict(enumerate(shallow)), 7: 100.0}), better=DEEP, worse=SHALLOW)
    expected = stats.ttest_rel(shallow, deep).confidence_interval(0.95)
    np.testing.assert_allclose([made.low, made.high], expected, rtol=1e-5)
    assert made.verdict == "reproduced" and "paired over 3 seeds" in made.sentence
    assert "deep (a) is 2.333 %, of shallow (b) 4.333 %. " in made.sentence and made.unit == "percentage points"


def test_equal_means_differ_by_nothing():
    """Each pair of values is the same sum of 32 bits, taken in another order."""
    made = paired_difference(runs_of(deep=[1.7, 1.8 + 3e-9], shallow=[1.8, 1.7]), better=DEEP, worse=SHALLOW)
    assert made.effect == 0 and made.verdict == "undecided" and ": 0 percentage points (95% interval -1.271 to" in made.sentence
    for rounded in ([1.8 - 3e-9] * 3, [1.8 - 3e-9, 1.8 - 4e-9, 1.8 - 3e-9]):
        made = paired_difference(runs_of(deep=rounded, shallow=[1.8] * 3), better=DEEP, worse=SHALLOW)
        assert (made.effect, made.low, made.high, made.verdict) == (0, 0, 0, "undecided")
    small = paired_difference(runs_of(deep=[1e-9, 2e-9], shallow=[2e-9, 3.1e-9]), better=DEEP, worse=SHALLOW)
    assert small.effect == pytest.approx(1.05e-9)


def test_paired_difference_other_way_round_is_contradicted():
    runs = runs_of(deep=[1.0, 2.0, 4.0], shallow=[3.0, 4.1, 5.9])
    assert paired_difference(runs, better=SHALLOW, worse=DEEP).verdict == "contradicted"
    assert paired_difference(runs, better=SHALLOW, worse=DEEP, higher_is_better=True).verdict == "reproduced"
    assert paired_difference(runs, better=DEEP, worse=SHALLOW, at_least=50).verdict == "contradicted"


def test_deterministic_method_is_a_constant():
    made = paired_difference(runs_of(deep=[1.0, 2.0, 3.0], exact=[5.0]), better=DEEP, worse=EXACT)
    expected = stats.ttest_1samp([4.0, 3.0, 2.0], 0).confidence_interval(0.95)
    np.testing.assert_allclose([made.effect, made.low, made.high], [3, *expected], rtol=1e-5)
    assert "3 seeds against a single value" in made.sentence


def test_no_shared_seeds_is_welch():
    made = paired_difference(runs_of(deep={0: 1.0, 1: 2.0, 2: 4.0}, shallow={5: 3.0, 6: 4.0}), better=DEEP, worse=SHALLOW)
    expected = stats.ttest_ind([3.0, 4.0], [1.0, 2.0, 4.0], equal_var=False).confidence_interval(0.95)
    np.testing.assert_allclose([made.low, made.high], expected, rtol=1e-5)
    assert "unpaired" in made.sentence


def test_two_single_values_decide_nothing():
    made = paired_difference(runs_of(deep=[1.0], exact=[5.0]), better=DEEP, worse=EXACT)
    assert (made.effect, made.verdict) == (4, "undecided") and "no interval" in made.sentence


def test_diverged_seeds_drop_out_of_the_pairs():
    deep, shallow = [1.0, 2.0, np.nan, 4.0, 3.0, 2.0] * 2, [3.0, np.inf, 5.0, 5.0, 5.0, 4.0] * 2
    made = paired_difference(runs_of(deep=deep[:11], shallow=shallow[:6] + [3.0, 4.0, 5.0, 5.0, 5.0]), better=DEEP, worse=SHALLOW)
    assert made.verdict == "undecided" and "2 of 11 seeds of deep (a) diverged" in made.sentence
    made = paired_difference(runs_of(deep=deep[:6] + [1.0] * 5, shallow=shallow[:6] + [3.0] * 5), better=DEEP, worse=SHALLOW)
    assert made.effect == pytest.approx((4 * 1.75 + 5 * 2) / 9, rel=1e-5) and made.verdict == "reproduced"
    assert "paired over 9 seeds (1 of 11 seeds of deep (a) diverged, 1 of 11 seeds of shallow (b) diverged)" in made.sentence


@pytest.mark.parametrize("judge", ["paired", "ratio", "target"])
def test_a_fifth_of_diverged_seeds_decides_nothing(judge):
    runs = runs_of(deep=[1.0, 1.1, 1.2, 1.1, np.nan], shallow=[9.0, 9.1, 9.2, 9.1, 9.3])
    made = {
        "paired": lambda: paired_difference(runs, better=DEEP, worse=SHALLOW),
        "ratio": lambda: ratio(runs, numerator=SHALLOW, denominator=DEEP, metric="test_error_pct"),
        "target": lambda: target(runs, DEEP, at_most=5),
    }[judge]()
    assert made.verdict == "undecided" and "(1 of 5 seeds of deep (a) diverged)" in made.sentence
    assert made.sentence.endswith("undecided, because a fifth or more of the seeds of a row diverged.")


@pytest.mark.parametrize("judge", ["paired", "ratio"])
def test_a_fifth_of_pairs_with_a_diverged_seed_decides_nothing(judge):
    """Of either row a sixth diverged, of the pairs a third; one in six of the pairs, too, where it is the same seed of both."""
    few, many = np.array([1.0, 1.1, 1.2, 1.1, 1.3, 1.4]), np.array([9.0, 9.1, 9.2, 9.1, 9.3, 9.5])

    def made(first, second):
        rows = {"deep": np.where(np.arange(6) == first, np.nan, few), "shallow": np.where(np.arange(6) == second, np.nan, many)}
        if judge == "paired":
            return paired_difference(runs_of(**rows), better=DEEP, worse=SHALLOW)
        return ratio(runs_of(**rows), numerator=SHALLOW, denominator=DEEP, metric="test_error_pct")

    assert made(0, 1).verdict == "undecided"
    assert made(0, 1).sentence.endswith("undecided, because in a fifth or more of the pairs of seeds one diverged.")
    assert made(2, 2).verdict == "reproduced"


def test_rows_without_seeds_in_common_have_no_pairs_to_lose():
    few, many = dict(enumerate([1.0, 1.1, 1.2, 1.1, 1.3, 1.2, 1.1, 1.2, 1.0, np.nan])), {9 + n: 9 + n / 10 for n in range(10)}
    made = paired_difference(runs_of(deep=few, shallow=many), better=DEEP, worse=SHALLOW)
    assert made.verdict == "reproduced" and "unpaired, 10 against 9 seeds" in made.sentence


@pytest.mark.parametrize("n, verdict", [(5, "reproduced"), (4, "undecided"), (2, "undecided")])
def test_an_interval_over_too_few_of_the_seeds_decides_nothing(n, verdict):
    made = check("slope", mean_interval([1.0, 1.1, 1.2, 1.1, 1.15][:n]), "x", "A slope", above=0, seeds=5)
    assert made.verdict == verdict
    assert made.sentence.endswith(f"{verdict}." if n == 5 else f"undecided, because {5 - n} of 5 seeds diverged.")


def test_a_claims_own_doubt_decides_nothing():
    made = paired_difference(runs_of(deep=[1.0, 1.1], shallow=[9.0, 9.2]), better=DEEP, worse=SHALLOW, doubt="it is doubtful")
    assert made.verdict == "undecided" and made.sentence.endswith("because it is doubtful.")


@pytest.mark.parametrize("deep, verdict", [([1.0, 1.2], "reproduced"), ([9.4, 9.7], "undecided"), ([9.0, 9.3], "undecided")])
def test_what_may_be_behind_for_another_reason_is_not_contradicted(deep, verdict):
    rows = {"better": DEEP, "worse": SHALLOW}
    runs = runs_of(deep=deep, shallow=[9.1, 9.2])
    made = paired_difference(runs, **rows, handicap="it is small")
    alone = paired_difference(runs, **rows)
    assert made.verdict == verdict and (made.effect, made.low, made.high) == (alone.effect, alone.low, alone.high)
    assert made.sentence.endswith("because it is small.") == (alone.verdict == "contradicted")
    over = ratio(runs, numerator=SHALLOW, denominator=DEEP, metric="test_error_pct", handicap="it is small")
    assert over.verdict == verdict


def test_lone_survivor_is_no_constant():
    runs = runs_of(deep=[1.0, 1.1, 1.2], shallow=[9.0, np.nan, np.nan])
    made = paired_difference(runs, better=DEEP, worse=SHALLOW)
    assert math.isnan(made.low) and made.verdict == "undecided" and "single value" not in made.sentence
    assert math.isnan(target(runs, SHALLOW, at_most=10, deterministic=True).low)


def test_all_diverged_is_undecided():
    made = paired_difference(runs_of(deep=[1.0, 2.0], shallow=[np.nan, np.nan]), better=DEEP, worse=SHALLOW)
    assert made.verdict == "undecided" and "diverged" in made.sentence and "nan" not in made.sentence


def test_ratio_is_taken_on_the_log_scale():
    deep, shallow = np.array([1.0, 2.0, 4.0]), np.array([6.0, 11.0, 25.0])
    made = ratio(runs_of(deep=deep, shallow=shallow), numerator=SHALLOW, denominator=DEEP, metric="test_error_pct", at_least=3)
    expected = np.exp(stats.ttest_rel(np.log(shallow), np.log(deep)).confidence_interval(0.95))
    np.testing.assert_allclose([made.low, made.high], expected, rtol=1e-5)
    assert made.verdict == "reproduced" and made.unit == "times"


def test_ratio_of_what_has_no_logarithm_is_undecided():
    runs = runs_of(deep=[0.0, 1.0], shallow=[1.0, 1.0])
    made = ratio(runs, numerator=SHALLOW, denominator=DEEP, metric="test_error_pct")
    assert made.verdict == "undecided" and math.isnan(made.effect) and math.isnan(made.low)
    assert "because a ratio needs positive values" in made.sentence and "nan" not in made.sentence


def test_ratio_of_two_seeds_far_apart_is_undecided_and_no_error():
    made = ratio(runs_of(deep=[1e30, 1.0], shallow=[1e-30, 1.0]), numerator=DEEP, denominator=SHALLOW, metric="test_error_pct")
    assert (made.verdict, made.low, made.high) == ("undecided", 0, math.inf)
    assert "95% interval 0 to inf" in made.sentence


def test_target_is_on_the_mean():
    runs = runs_of(deep=[1.0, 1.1, 0.9], exact=[1.4])
    assert target(runs, DEEP, at_most=2).verdict == "reproduced"
    assert target(runs, DEEP, at_most=0.5).verdict == "contradicted"
    assert target(runs, DEEP, at_most=1.0).verdict == "undecided"
    assert target(runs, EXACT, at_most=1.5).verdict == "undecided"
    untold = target(runs, EXACT, at_most=1.5, deterministic=True)
    assert untold.verdict == "undecided" and "nobody says how many test examples there were" in untold.sentence
    assert target(runs.assign(n_test=100_000), EXACT, at_most=1.5, deterministic=True).verdict == "reproduced"
    squared = runs.assign(metric="squared_error")
    assert target(squared, EXACT, at_most=1.5, metric="squared_error", deterministic=True).verdict == "reproduced"
    assert target(runs, DEEP, at_most=1.0, deterministic=True).verdict == "undecided"


def test_a_published_error_is_a_single_value_and_no_fact():
    """The seeds are sure of 1.35 against 1.28; of 10,000 test images others may make a third of a point of it."""
    seeds = [1.34, 1.35, 1.36]
    sizes = (10_000, 1_000_000, math.nan)
    found = [target(runs_of(deep=seeds).assign(n_test=n), DEEP, at_most=1.28, published=True) for n in sizes]
    assert [made.verdict for made in found] == ["undecided", "contradicted", "undecided"]
    half = 1.96 * math.sqrt((0.0135 + 0.0128 - 0.0007**2) / 10_000) * 100
    joint = math.hypot(half, mean_interval(seeds).high - 1.35)
    assert f"because chance in the 10,000 test examples and the seeds may account for up to {joint:.4g} points" in found[0].sentence
    assert "nobody says how many test examples there were" in found[2].sentence
    bound = target(runs_of(deep=seeds).assign(n_test=10_000), DEEP, at_most=1.28)
    assert bound.verdict == "contradicted", "a bound that is nobody's result"
    squared = runs_of(deep=seeds).assign(metric="squared_error", n_test=10_000)
    assert target(squared, DEEP, at_most=1.28, metric="squared_error", published=True).verdict == "contradicted"


def test_an_end_that_four_digits_would_print_as_the_bound_has_six():
    made = check("a", Interval(15.55, 15.46, 15.5997, 5), "%", "It", below=15.6)
    assert made.sentence == "It: 15.55 % (95% interval 15.46 to 15.5997), claimed below 15.6: reproduced."
    made = check("a", Interval(0.9777, 0.97772, 0.98, 5), "times", "It", above=0.977709)
    assert "interval 0.97772 to 0.98), claimed above 0.977709: reproduced." in made.sentence, "and so has the bound then"
    made = check("a", Interval(15.55, 15.46, 15.6, 5), "%", "It", below=15.6)
    assert made.sentence == "It: 15.55 % (95% interval 15.46 to 15.6), claimed below 15.6: undecided."


def test_a_mean_that_is_the_metric_is_not_said_twice():
    runs = runs_of(deep=[1.0, 1.1, 0.9])
    assert "On digits the mean test error of" in target(runs, DEEP, at_most=2).sentence
    named = target(runs, DEEP, at_most=2, called="mean absolute error")
    assert "On digits the mean absolute error of" in named.sentence and "mean over 3 seeds: 1 % (95% interval" in named.sentence
    runs = runs.assign(metric="mse")
    assert ": 1 mean squared error (95% interval" in target(runs, DEEP, at_most=2, metric="mse").sentence


def test_one_value_without_chance_owes_to_the_test_examples():
    """153 of 10,000 wrong may as well have been 140 or 170 on others; so few in 100,000 more may not."""
    found = [target(runs_of(exact=[1.53]).assign(n_test=n), EXACT, at_most=1.5, deterministic=True) for n in (10_000, 10_000_000)]
    assert [check.verdict for check in found] == ["undecided", "contradicted"] and "10,000 test examples" in found[0].sentence
    assert (found[0].low, found[0].high) == pytest.approx((1.299, 1.790), abs=1e-3), "Clopper & Pearson"


def against_single(deep, exact, n_test):
    """deep, of three seeds, is claimed to err less than a single value; n_test: of both rows, or a number for each."""
    runs = runs_of(deep=deep, exact=[exact])
    tested = np.where(runs.model == DEEP[1], *(n_test if isinstance(n_test, tuple) else (n_test, n_test)))
    return paired_difference(runs.assign(n_test=tested), better=DEEP, worse=EXACT)


def test_what_test_examples_may_make_decides_nothing_against_a_single_value():
    """At most as if no example were wrong for both: 1.96 roots of (0.0137 + 0.0153 - 0.0016^2) / n, and the seeds' beside."""
    seeds = [1.36, 1.37, 1.38]
    sizes = (10_000, 43_900, 60_000, 100_000, math.nan, (math.nan, 10_000), (10_000, math.nan))
    found = [against_single(seeds, 1.53, n) for n in sizes]
    assert [check.verdict for check in found] == ["undecided"] * 2 + ["reproduced"] * 2 + ["undecided"] * 3
    assert all("nobody says how many test examples there were" in check.sentence for check in found[4:])
    half, own = (196 * math.sqrt((0.029 - 0.0016**2) / n) for n in sizes[:2]), 4.302653 * 0.01 / 3**0.5
    large, small = half
    assert small < 0.16 < math.hypot(small, own), "the examples would not do it alone"
    joint = math.hypot(large, own)
    assert (
        f"because chance in the 10,000 test examples and the seeds may account for up to {joint:.4g} points." in found[0].sentence
    )
    assert {check.low for check in found} == {found[0].low}, "the interval stays that of the seeds"
    turned = against_single([1.68, 1.69, 1.70], 1.53, 10_000)
    assert turned.verdict == "undecided" and "test examples" in turned.sentence and turned.effect == pytest.approx(-0.16)
    open_anyhow = against_single([0.5, 1.37, 2.2], 1.53, 10_000)
    assert open_anyhow.verdict == "undecided" and "because" not in open_anyhow.sentence, "the seeds leave it open"
    runs = runs_of(deep=seeds, exact=[1.53]).assign(metric="train_error_pct", n_test=10_000)
    assert paired_difference(runs, better=DEEP, worse=EXACT, metric="train_error_pct").verdict == "reproduced"


def test_what_test_examples_may_make_decides_nothing_between_seeds_either_where_it_is_asked_for():
    runs = runs_of(deep=[1.36, 1.37, 1.38], shallow=[1.53, 1.54, 1.56])
    for n_test, verdict in ((10_000, "undecided"), (100_000, "reproduced")):
        plain, held = (
            paired_difference(runs.assign(n_test=n_test), better=DEEP, worse=SHALLOW, examples=told) for told in (False, True)
        )
        assert (plain.verdict, held.verdict) == ("reproduced", verdict)
        assert ("the 10,000 test examples and the seeds may account" in held.sentence) == (verdict == "undecided")


def test_a_share_of_right_ones_owes_to_the_examples_as_that_of_wrong_ones():
    runs, rows = runs_of(deep=[4.1, 4.15, 4.05, 4.12, 4.08], exact=[4.6]).assign(n_test=300), {"better": DEEP, "worse": EXACT}
    right = runs.assign(metric="test_accuracy_pct", value=100 - runs.value)
    wrong = paired_difference(runs, **rows)
    made = paired_difference(right, **rows, metric="test_accuracy_pct", higher_is_better=True)
    assert made.verdict == wrong.verdict == "undecided" and made.effect == pytest.approx(wrong.effect)
    assert made.sentence.rpartition("because")[2] == wrong.sentence.rpartition("because")[2] != ""


@pytest.mark.parametrize("n_test, verdict, why", [
    (1000, "undecided", "chance in the 1,000 test examples and the seeds may account for up to 0.7594 of its logarithm"),
    (100_000, "reproduced", ""), (math.nan, "undecided", "nobody says how many test examples there were"),
])  # fmt: skip
def test_a_ratio_to_a_single_value_knows_of_test_examples_too(n_test, verdict, why):
    """15 mistakes against 12 of a thousand: 1.96 roots of (1 / 0.015 + 1 / 0.012) / n, and the seeds' beside."""
    runs = runs_of(deep=[1.19, 1.2, 1.21], exact=[1.5]).assign(n_test=n_test)
    found = ratio(runs, numerator=EXACT, denominator=DEEP, metric="test_error_pct")
    assert (found.verdict, found.effect) == (verdict, pytest.approx(1.25, rel=1e-4)) and why in found.sentence
    assert (found.low, found.high) == pytest.approx((1.224, 1.276), abs=0.01), "the interval stays that of the seeds"
    spent = runs.assign(metric="seconds")
    assert ratio(spent, numerator=EXACT, denominator=DEEP, metric="seconds").verdict == "reproduced", "which no example makes"


def test_where_most_are_wrong_few_examples_can_tell_two_methods_apart():
    """Of 90.1 and 92.5 % wrong at most the 9.9 and 7.5 % that are right can be different ones."""
    assert against_single([90.0, 90.1, 90.2], 92.5, 2000).verdict == "reproduced"
    assert against_single([90.0, 90.1, 90.2], 91.5, 2000).verdict == "undecided"


def test_seeds_that_all_agree_decide_nothing():
    """Student's interval of equal values is a point, however few they are."""
    runs = runs_of(deep=[1.0, 1.0], shallow=[3.0, 3.0])
    found = [
        paired_difference(runs, better=DEEP, worse=SHALLOW),
        ratio(runs, numerator=SHALLOW, denominator=DEEP, metric="test_error_pct"),
    ]
    found.append(target(runs, DEEP, at_most=2))
    assert [check.verdict for check in found] == ["undecided"] * 3
    assert all("because all agree in it" in check.sentence and "no spread" in check.sentence for check in found)
    near = runs_of(deep=[1.0, 1.001], shallow=[3.0, 3.0])
    assert paired_difference(near, better=DEEP, worse=SHALLOW).verdict == "reproduced"


@pytest.mark.parametrize("seeds", [2, 3])
@pytest.mark.parametrize(
    "kept", [lambda share: 100 * (1 - float(np.float32(1 - share))), lambda share: float(f"{100 * share:.9g}")]
)
def test_seeds_that_agree_but_for_rounding_decide_nothing(seeds, kept):
    """Of 300 examples each seed gets 15 more right; accuracies have 32 bits, and runs.csv some ten digits."""
    deep, shallow = ([kept(wrong / 300) for wrong in (first, first + 6, first + 3)[:seeds]] for first in (17, 32))
    found = paired_difference(runs_of(deep=deep, shallow=shallow), better=DEEP, worse=SHALLOW)
    assert found.verdict == "undecided" and "(no spread)" in found.sentence and "all agree in it" in found.sentence


def test_seeds_that_agree_on_a_share_of_wrong_answers_owe_to_the_test_examples():
    runs = runs_of(deep=[0.0, 0.0, 0.0]).assign(n_test=2560, metric="wrong_pct")
    found = [target(runs, DEEP, at_most=bound, metric="wrong_pct") for bound in (100 / 2560, 0.15)]
    assert [check.verdict for check in found] == ["undecided", "reproduced"]
    assert found[0].high == pytest.approx(100 * stats.binomtest(0, 2560).proportion_ci(method="exact").high, rel=1e-4)
    assert "over 3 seeds (which agree; the interval is over 2,560 test examples)" in found[0].sentence


def test_only_the_examples_of_the_metric_itself_count():
    runs = runs_of(exact=[10.0]).assign(n_test=100)
    runs = pd.concat([runs, runs.assign(metric="validation_error_pct", n_test=10_000)], ignore_index=True)
    made = target(runs, EXACT, at_most=12, deterministic=True)
    exact = stats.binomtest(10, 100).proportion_ci(method="exact")
    assert (made.low, made.high) == pytest.approx((100 * exact.low, 100 * exact.high), rel=1e-4)
    assert made.verdict == "undecided" and "over 100 test examples" in made.sentence


def test_row_that_was_not_run_is_named():
    with pytest.raises(InvalidInput, match=r"no test_error_pct of exact \(\) on digits"):
        target(runs_of(deep=[1.0]), EXACT, at_most=1)


@pytest.mark.parametrize("within, verdict", [(0.1, "reproduced"), (0.001, "contradicted")])
def test_a_value_without_chance_is_held_against_the_published_one(within, verdict):
    made = as_published(runs_of(exact=[13.868]), EXACT, 13.87, within=within, metric="test_error_pct", deterministic=True)
    assert made.verdict == verdict and made.effect == pytest.approx(0.002) and made.unit == "percentage points"
    assert "On digits the test error of exact is 13.87, published 13.87 (nothing is random)" in made.sentence


def test_one_seed_of_what_is_random_is_not_held_against_the_published_value():
    made = as_published(runs_of(exact=[13.868]), EXACT, 13.87, within=0.1, metric="test_error_pct")
    assert made.verdict == "undecided" and "nothing is random" not in made.sentence
    several = as_published(runs_of(exact=[13.86, 13.87, 13.89]), EXACT, 13.87, within=0.1, metric="test_error_pct")
    assert several.verdict == "reproduced" and "mean over 3 seeds" in several.sentence


@pytest.mark.parametrize("seeds, verdict, low, high", [
    ([4.1, 5.9, 4.0, 6.0], "undecided", 0, 1.7479), ([4.9, 5.0, 5.2, 5.1], "reproduced", 0, 0.2554),
    ([5.7, 5.8, 5.9, 5.8], "contradicted", 0.6701, 0.9299), ([4.1, 4.2, 4.3, 4.2], "contradicted", 0.6701, 0.9299),
])  # fmt: skip
def test_seeds_that_scatter_about_the_published_value_are_not_far_from_it(seeds, verdict, low, high):
    """It is the mean that is held against it, so that seeds on both sides of it are no distance."""
    made = as_published(runs_of(exact=seeds), EXACT, 5.0, within=0.5, metric="test_error_pct")
    assert made.verdict == verdict and made.effect == pytest.approx(abs(np.mean(seeds) - 5))
    assert (made.low, made.high) == pytest.approx((low, high), abs=1e-3)


def test_what_rounding_leaves_of_a_distance_is_nothing():
    made = as_published(runs_of(exact=[13.87 + 3e-9]), EXACT, 13.87, within=0.1, metric="test_error_pct", deterministic=True)
    assert made.effect == 0 and made.verdict == "reproduced"


@pytest.mark.parametrize("values, verdict", [([1.0, 1.0, 1.0], "undecided"), ([1.0, 1.1, 1.0], "reproduced")])
def test_seeds_that_agree_decide_nothing_in_a_check_of_a_claims_own(values, verdict):
    made = check("slope", mean_interval(values), "x", "A slope", above=0, seeds=3)
    assert made.verdict == verdict and made.sentence.endswith("how others would differ.") == (verdict == "undecided")
    large = check("slope", mean_interval([1e6 + value / 10 for value in values]), "x", "A slope", above=0, seeds=3)
    assert large.verdict == verdict, "as far as they differ, and not as they are shown"
    assert check("fact", Interval(1.0, 1.0, 1.0, 1), "x", "A fact", above=0).verdict == "reproduced"
    assert check("order", mean_interval(values), "x", "An order", above=0, resampled=True).verdict == "reproduced"

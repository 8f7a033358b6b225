"""Checks of a claim: an effect over seeds, its 95% interval, and whether that lies on the side that was claimed."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from zoo.errors import InvalidInput
from zoo.reproductions.harness import statistics
from zoo.reproductions.harness.chance import (
    UNTOLD,
    by_chance_of_examples,
    chance_of_examples,
    examples_of,
    is_share,
    left_by_examples,
)
from zoo.reproductions.harness.losses import combined, row_costs
from zoo.reproductions.harness.numbers import cell, number, rounded, words
from zoo.reproductions.harness.resampling import share_interval
from zoo.reproductions.harness.runs import every_value, values

VERDICTS = ("reproduced", "contradicted", "undecided")
FIRST_VERDICT_COLUMNS = "claim check effect ci95_low ci95_high unit verdict sentence".split()  # all that older files have
VERDICT_COLUMNS = FIRST_VERDICT_COLUMNS + "claimed wide_low wide_high metric better worse kind".split()  # of verdicts.csv
CONTROL = "control: "  # how the name of a check begins that no claim hangs on
# From this share of diverged seeds on, the seeds that are left are a selection and speak for nothing.
TOO_MANY = 0.2
SINGLE = "against a single value"  # how a difference from what draws nothing at random was made
# Student's interval of them would be a point, as if there were no others.
_ALL_AGREE = "all agree in it, which says nothing of how others would differ"


@dataclass(frozen=True)
class Check:
    """One line of verdicts.csv; its sentence holds the effect, the interval and the verdict in words."""

    name: str
    effect: float
    low: float
    high: float
    unit: str
    verdict: str
    sentence: str
    wide: tuple = ()  # (low, high) with other test examples as well, where it is known what each costs
    lasting: bool | None = None  # whether a verdict that the seeds decide is that of `wide`, too; None without either
    rows: tuple = ()  # (the row that is claimed to do better, the other, None where it is a bound), where two are compared
    metric: str = ""  # by which they are
    claimed: str = ""  # the side of a bound that the effect is claimed to lie on, such as "> 0" or "< 6"

    @property
    def worse_off(self):
        """The row that the verdict speaks against, which in a better setting might turn it; None where there is none."""
        better, worse = self.rows or (None, None)
        return {"reproduced": worse, "contradicted": better}.get(self.verdict)


def check(
    name,
    interval,
    unit,
    sentence,
    *,
    above=None,
    below=None,
    doubt="",
    handicap="",
    seeds=None,
    resampled=False,
    wide=(),
    rows=(),
    metric="",
):
    """Judge an interval: the claim is that the effect lies above (or below) a bound.

    interval: a statistics.Interval. sentence: what was compared with what, in words and without a full stop. An interval
    wholly beyond the bound reproduces the claim, one wholly on the other side contradicts it; anything else leaves it
    undecided, a missing interval (of a single seed) included.

    doubt: why no interval would decide; with one, the check is undecided. handicap: why the effect might be larger than it
    could be here, such as that a net is smaller than it should be; with one, nothing is contradicted. Two more doubts are
    found here: that a fifth or more of the `seeds`, where their number is given, are not in the interval; and that several
    values all agree. (A fact that nothing random enters is an Interval of n = 1.) resampled: the interval is of a statistic
    over draws of the seeds, such as an order; it is a point where every draw gives the same, however much the seeds differ,
    so that is no doubt then. wide: the interval (low, high) if test examples were drawn anew, too; the sentence gives it,
    and it decides nothing. rows, metric: what was compared, see Check; verdicts.csv names them, and the sentence then says
    whether a setting might have been chosen better. Raises InvalidInput unless exactly one of above and below is given.
    """
    if seeds and interval.n <= (1 - TOO_MANY) * seeds:
        doubt = doubt or f"{seeds - interval.n} of {_seeds(seeds)} diverged"
    doubt = doubt or ("" if resampled else _agreement(interval))
    if (above is None) == (below is None):
        raise InvalidInput(f"The check {name!r} must claim one side: above=... or below=...")
    effect, low, high = (rounded(value) for value in interval[:3])
    bound, side = (above, "above") if below is None else (below, "below")
    beyond, short = (low > bound, high < bound) if side == "above" else (high < bound, low > bound)
    doubt = doubt or (handicap if short else "")
    verdict = "undecided" if doubt else "reproduced" if beyond else "contradicted" if short else "undecided"
    wide = tuple(rounded(value) for value in wide) if np.isfinite(wide).all() else ()
    told = {value: number(value, beside=bound) for value in (effect, low, high, *wide)}
    limit = max((number(bound, beside=value) for value in told), key=len)
    spread = "no spread" if low == high else f"95% interval {told[low]} to {told[high]}" if low < high else "no interval"
    others = f", {told[wide[0]]} to {told[wide[1]]} with other test examples" if wide else ""
    found = f"{told[effect]}{unit and f' {unit}'} ({spread}{others})"
    lasting = not wide[0] <= bound <= wide[1] if wide and verdict != "undecided" else None
    beside = f", because {doubt}" if doubt else "; undecided with other test examples as well" if lasting is False else ""
    text = f"{sentence}: {found}, claimed {side} {limit}: {verdict}{beside}."
    claimed = f"{'>' if side == 'above' else '<'} {cell(bound)}"
    return Check(name, effect, low, high, unit, verdict, text, wide, lasting, rows, metric, claimed)


def control(found):
    """A check as a control: of the measurement, or of what must hold anyhow. It is judged alike and counted apart."""
    return replace(found, name=CONTROL + found.name)


def is_control(line):
    """Whether a line of verdicts.csv is a control's."""
    return (line.get("check") or "").startswith(CONTROL)


def paired_difference(
    runs,
    *,
    better,
    worse,
    metric="test_error_pct",
    called="",
    at_least=0.0,
    higher_is_better=False,
    name=None,
    doubt="",
    handicap="",
    remark="",
    reach=0,
    examples=False,
    deterministic=False,
):
    """The claim that one model beats another by more than `at_least` units of a metric, over the seeds they share.

    better, worse: rows (dataset, model, setting); the effect is positive when `better` is better. Seeds that both have are
    paired; with fewer than two in common the interval is Welch's. A row with a single value, as of a method that draws
    nothing at random, is a constant.

    Undecided, whatever the interval: where a fifth or more of the seeds of either row, or of their pairs, diverged; where
    several seeds all agree; with a `doubt` of the claim's own; where a `handicap` of `better` may be why it is behind; and,
    against a single value, where the test examples and the seeds together could make the difference, if what each example
    costs is known or can be bounded. examples: apply that last rule to a difference over seeds, too. deterministic: neither
    method draws anything at random, so that the interval is over test examples alone, a point where nobody kept what each
    costs.

    called: the metric in words, where its name says too little. remark: what the sentence adds about the difference. reach:
    of test examples that come in turn, up to how many apart may go together (see statistics.over_examples).
    """
    every = [every_value(runs, row, metric) for row in (better, worse)]
    interval, how = _difference(*(every if higher_is_better else reversed(every)))
    interval = _without_rounding(_without_noise(interval, every, metric), every[0 if higher_is_better else 1])
    note, lost = _divergence((better, worse), every)
    unit, points = (" %", "percentage points") if metric.endswith("_pct") else ("", "" if called else words(metric))
    samples = [sample.dropna() for sample in every]
    shared = samples[0].index.intersection(samples[1].index)
    if len(shared) >= 2:  # the means whose difference it is, where one row has seeds that the other lacks
        samples = [sample[shared] for sample in samples]
    means = [number(statistics.mean_interval(sample).estimate) + unit for sample in samples]
    half = left_by_examples(runs, (better, worse), metric, reach=reach)
    if deterministic and len(every[0]) == len(every[1]) == 1:
        how = "nothing in either is random" + "; the interval is over test examples" * bool(np.isfinite(half))
        low, high = (interval.estimate + side * np.nan_to_num(half) for side in (-1, 1))
        interval, half = interval._replace(low=low, high=high), np.nan  # which is in the interval
    if how.endswith(SINGLE) or examples:
        lost = lost or doubt or chance_of_examples(runs, (better, worse), metric, interval, at_least, half)
    sentence = (
        f"On {_place(better, worse)} the {called or words(metric)} of {who(better)} is {means[0]}, of {who(worse)} {means[1]}. "
        f"Advantage of the former, {how}{note}{remark and f' ({remark})'}"
    )
    name, wide = name or f"{_slug(better)} beats {_slug(worse)}", statistics.widened(interval, half)
    rows = better, worse
    doubts = {"doubt": lost or doubt, "handicap": handicap}
    return check(name, interval, points, sentence, above=at_least, **doubts, wide=wide, rows=rows, metric=metric)


def _without_noise(interval, samples, metric):
    """An interval without spread where paired differences are one number but for rounding: shares come from sums of 32 bits, as 1
    less an accuracy, and runs.csv keeps ten digits.
    """
    first, second = (sample.dropna() for sample in samples)
    shared = first.index.intersection(second.index)
    if len(shared) < 2:
        return interval
    largest = max(np.abs(first[shared]).max(), np.abs(second[shared]).max())
    least = 100 * 2**-21 if metric.endswith("_pct") else 1e-6 * largest
    alike = np.ptp(first[shared] - second[shared]) <= least
    return interval._replace(low=interval.estimate, high=interval.estimate) if alike else interval


def _without_rounding(interval, sample):
    """A difference that is nothing beside what was subtracted is 0: values come from sums of 32 bits."""
    least = 1e-7 * np.abs(statistics.finite(sample)).max(initial=0.0)
    if not abs(interval.estimate) < least:
        return interval
    low, high = (0.0 if abs(bound) < least else bound for bound in interval[1:3])
    return interval._replace(estimate=0.0, low=min(low, 0.0), high=max(high, 0.0))


def ratio(runs, *, numerator, denominator, metric, at_least=1.0, name=None, doubt="", handicap="", remark=""):
    """The claim that one row's metric is more than `at_least` times another's; the interval is taken on log scale.

    Undecided where a value is 0, such as a test error without a single mistake, which has no logarithm; where the seeds all
    agree; with a doubt, or a handicap of the denominator that may be why it is not less; and, against a single value, where
    test examples could make as much of the ratio (see paired_difference). remark: what the sentence adds about the ratio.
    """
    rows = numerator, denominator
    samples, wide = [every_value(runs, row, metric) for row in rows], ()
    note, lost = _divergence(rows, samples)
    if any((sample <= 0).any() for sample in samples):
        # The trials are done by now: an error here would lose the table they are for.
        interval, how = statistics.Interval(np.nan, np.nan, np.nan, 0), "which is not defined for every seed"
        lost = f"a ratio needs positive values and a {words(metric)} of 0 or less is among them"
    else:
        interval, how = _difference(*(np.log(sample) for sample in samples))
        half = left_by_examples(runs, rows, metric, logs=True)
        if how.endswith(SINGLE):
            lost = lost or doubt or chance_of_examples(runs, rows, metric, interval, np.log(at_least), half, logs=True)
        wide, how = statistics.widened(interval, half), f"geometric mean, {how}"
        with np.errstate(over="ignore"):  # of two seeds far apart the interval may go beyond all numbers
            interval, wide = statistics.Interval(*np.exp(interval[:3]).tolist(), interval.n), np.exp(wide)
    place = _place(numerator, denominator)
    sentence = f"On {place} the {words(metric)} of {who(numerator)} over that of {who(denominator)}, {how}{note}"
    sentence += f" ({remark})" if remark else ""
    name = name or f"{_slug(numerator)} over {_slug(denominator)}"
    doubts, rows = {"doubt": lost or doubt, "handicap": handicap}, (denominator, numerator)
    return check(name, interval, "times", sentence, above=at_least, **doubts, wide=wide, rows=rows, metric=metric)


def target(
    runs,
    row,
    *,
    at_most,
    metric="test_error_pct",
    called="",
    deterministic=False,
    name=None,
    doubt="",
    remark="",
    reach=0,
    published=False,
):
    """The claim that the mean of a metric over seeds lies below a bound.

    called: the metric in words, where its name says too little. remark: what the sentence says beside, such as whose bound
    it is. reach: of test examples that come in turn, up to how many apart may go together (see statistics.over_examples).
    doubt: of the claim's own, with which nothing is decided.

    deterministic: the method draws nothing at random, so that one value is the mean, and its interval a point. Where that
    value, or all seeds', is a share of the test examples that are wrong, its interval is over these, exact (Clopper & Pearson,
    Biometrika 1934); of another metric seeds that all agree decide nothing.

    published: the bound is what somebody else's net erred, a single value, so that what test examples and the seeds together
    may make decides nothing where both are shares of wrong ones, as between two rows of which one has a single value.
    """
    sample = every_value(runs, row, metric)
    interval, (note, lost) = statistics.mean_interval(sample.dropna()), _divergence((row,), (sample,))
    alone = deterministic and len(sample) == interval.n == 1
    n, costs, wide = _seeds(interval.n), row_costs(runs, row, metric), ()
    if costs and not alone and not _agreement(interval):
        wide = statistics.widened(interval, statistics.over_examples(combined((1, costs)), reach=reach))
    if alone:
        interval, n = interval._replace(low=interval.estimate, high=interval.estimate), "its one value (nothing in it is random)"
    if alone or _agreement(interval):
        tested = examples_of(runs, row, metric)
        if alone and is_share(metric) and np.isnan(tested):
            lost = lost or UNTOLD
        if np.isfinite(tested):
            share = share_interval(np.arange(tested) < round(interval.estimate * tested / 100))
            interval = interval._replace(low=100 * share.low, high=100 * share.high)
            why = "nothing in it is random" if alone else "which agree"
            n = f"{'its one value' if alone else n} ({why}; the interval is over {tested:,.0f} test examples)"
    elif published and is_share(metric):
        tested = examples_of(runs, row, metric)
        half = 100 * statistics.by_examples(interval.estimate / 100, at_most / 100, tested)
        lost = lost or doubt or by_chance_of_examples(interval, at_most, half, tested)
    what = called or words(metric)
    of_all = f"the {what} of {who(row)}, mean over {n}" if what.startswith("mean ") else f"the mean {what} of {who(row)} over {n}"
    sentence = f"On {row[0]} {of_all}{note}{remark and f' ({remark})'}"
    unit = "%" if metric.endswith("_pct") else "" if called else words(metric)
    name = name or f"{_slug(row)} reaches {number(at_most)}"
    return check(name, interval, unit, sentence, below=at_most, doubt=lost or doubt, wide=wide, rows=(row, None), metric=metric)


def as_published(runs, row, value, *, within, metric, deterministic=False, name=None):
    """That a row has its published value, or one within so much of it: in the mean over seeds, or a deterministic method's one.

    The interval of the distance is of all distances that the interval of the mean leaves open.
    """
    ours, n = values(runs, row, metric), len(every_value(runs, row, metric))
    mean = statistics.mean_interval(ours)
    if alone := deterministic and n == 1:
        mean = mean._replace(low=mean.estimate, high=mean.estimate)
    near, far = sorted(np.abs([mean.low - value, mean.high - value]))
    near = 0.0 if mean.low < value < mean.high else near
    interval = _without_rounding(mean._replace(estimate=abs(mean.estimate - value), low=near, high=far), ours)
    of = "nothing is random" if alone else f"mean over {_seeds(len(ours))}"
    sentence = f"On {row[0]} the {words(metric)} of {who(row)} is {number(ours.mean())}, published {number(value)} ({of}). Distance"
    unit = "percentage points" if metric.endswith("_pct") else words(metric)
    name = name or f"{_slug(row)} as published"
    return check(name, interval, unit, sentence, below=within, seeds=n, metric=metric)


def _agreement(interval):
    """The doubt where several seeds have one value, but for rounding; "" where they differ, or there is one."""
    return _ALL_AGREE if interval.n > 1 and np.isclose(interval.low, interval.high, rtol=1e-9, atol=0) else ""


def _divergence(rows, samples):
    """What a sentence says of the diverged seeds of its rows, and why too many of them decide nothing; "" for neither.

    samples: every_value of each row.
    """
    lost = [
        f"{sample.isna().sum()} of {_seeds(len(sample))} of {who(row)} diverged"
        for row, sample in zip(rows, samples, strict=True)
        if sample.isna().any()
    ]
    if not lost:
        return "", ""
    note = f" ({', '.join(lost)})"
    if any(sample.isna().mean() >= TOO_MANY for sample in samples):
        return note, "a fifth or more of the seeds of a row diverged"
    broken = pd.concat(samples, axis=1, join="inner").isna().any(axis=1)  # of the seeds that the rows share
    paired = (~broken).sum() >= 2
    return note, "in a fifth or more of the pairs of seeds one diverged" if paired and broken.mean() >= TOO_MANY else ""


def _difference(first, second):
    """Interval of first - second, NaN where a seed diverged, and in words how it was made."""
    # What is left of several seeds is one draw: only a row that never had more than one value can be a constant.
    first_constant, second_constant = len(first) == 1, len(second) == 1
    first, second = first.dropna(), second.dropna()
    shared = first.index.intersection(second.index)
    if len(shared) >= 2:
        return statistics.paired_interval(first[shared], second[shared]), f"paired over {_seeds(len(shared))}"
    if min(len(first), len(second)) == 0:
        return statistics.Interval(np.nan, np.nan, np.nan, 0), "with every seed of one diverged"
    if first_constant or second_constant:
        # A deterministic method has one value, which the seeds of the other are held against.
        difference = first - second.iloc[0] if second_constant else first.iloc[0] - second
        return statistics.mean_interval(difference), f"{_seeds(len(difference))} {SINGLE}"
    if min(len(first), len(second)) == 1:
        return statistics.Interval(first.mean() - second.mean(), np.nan, np.nan, 1), "with one seed left of one"
    return statistics.welch_interval(first, second), f"unpaired, {len(first)} against {_seeds(len(second))}"


def _seeds(n):
    return "1 seed" if n == 1 else f"{n} seeds"


def who(row):
    """The model of a row, with its setting in brackets."""
    return f"{row[1]} ({row[2]})" if row[2] else row[1]


def _place(first, second):
    return first[0] if first[0] == second[0] else f"{first[0]} and {second[0]}"


def _slug(row):
    return " ".join(part for part in row if part)

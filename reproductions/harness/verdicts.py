"""Checks of a claim: an effect over seeds, its 95% interval, and whether that lies on the side that was claimed."""

import math
from dataclasses import dataclass

import numpy as np

from zoo.errors import InvalidInput
from zoo.reproductions.harness import statistics
from zoo.reproductions.harness.numbers import number, rounded, words

VERDICTS = ("reproduced", "contradicted", "undecided")


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


def check(name, interval, unit, sentence, *, above=None, below=None):
    """Judge an interval: the claim is that the effect lies above (or below) a bound.

    interval: a statistics.Interval; sentence: what was compared with what, in words and without a full stop. The whole
    interval beyond the bound reproduces the claim, all of it on the other side contradicts it, anything else, an
    interval that a single seed can't give included, leaves it undecided.
    """
    if (above is None) == (below is None):
        raise InvalidInput(f"The check {name!r} must claim one side: above=... or below=...")
    effect, low, high = (rounded(value) for value in interval[:3])
    bound, side = (above, "above") if below is None else (below, "below")
    beyond, short = (low > bound, high < bound) if side == "above" else (high < bound, low > bound)
    verdict = "reproduced" if beyond else "contradicted" if short else "undecided"
    spread = f"95% interval {number(low)} to {number(high)}" if math.isfinite(low) else "no interval"
    text = f"{sentence}: {number(effect)} {unit} ({spread}), claimed {side} {number(bound)}: {verdict}."
    return Check(name, effect, low, high, unit, verdict, text)


def paired_difference(runs, *, better, worse, metric="test_error_pct", at_least=0.0, higher_is_better=False, name=None):
    """The claim that one model beats another by more than `at_least` units of a metric, over the seeds they share.

    better, worse: rows (dataset, model, setting). The effect is positive when `better` is better. Seeds that both have
    are paired; a model with a single, deterministic value is a constant; with no seeds in common it is Welch's interval.
    """
    first, second = (better, worse) if higher_is_better else (worse, better)
    interval, how = _difference(values(runs, first, metric), values(runs, second, metric))
    unit, points = ("", words(metric)) if not metric.endswith("_pct") else (" %", "percentage points")
    means = [number(statistics.mean_interval(values(runs, row, metric)).estimate) + unit for row in (better, worse)]
    sentence = (
        f"On {_place(better, worse)} the {words(metric)} of {_who(better)} is {means[0]}, of {_who(worse)} {means[1]}. "
        f"Advantage of the former, {how}"
    )
    return check(name or f"{_slug(better)} beats {_slug(worse)}", interval, points, sentence, above=at_least)


def ratio(runs, *, numerator, denominator, metric, at_least=1.0, name=None):
    """The claim that one row's metric is more than `at_least` times another's; the interval is taken on log scale."""
    samples = [values(runs, row, metric) for row in (numerator, denominator)]
    if any((sample <= 0).any() for sample in samples):
        raise InvalidInput(f"A ratio of {metric} needs positive values.")
    interval, how = _difference(*(np.log(sample) for sample in samples))
    interval = statistics.Interval(*(math.exp(value) for value in interval[:3]), interval.n)
    place = _place(numerator, denominator)
    sentence = f"On {place} the {words(metric)} of {_who(numerator)} over that of {_who(denominator)}, {how}"
    return check(name or f"{_slug(numerator)} over {_slug(denominator)}", interval, "times", sentence, above=at_least)


def target(runs, row, *, at_most, metric="test_error_pct", deterministic=False, name=None):
    """The claim that the mean of a metric over seeds lies below a bound.

    deterministic: the method draws nothing at random, so that one value is the mean and its interval a point.
    """
    interval = statistics.mean_interval(values(runs, row, metric))
    if deterministic and interval.n == 1:
        interval = interval._replace(low=interval.estimate, high=interval.estimate)
    n = "its one value (nothing in it is random)" if deterministic and interval.n == 1 else _seeds(interval.n)
    sentence = f"On {row[0]} the mean {words(metric)} of {_who(row)} over {n}"
    unit = "%" if metric.endswith("_pct") else words(metric)
    return check(name or f"{_slug(row)} reaches {number(at_most)}", interval, unit, sentence, below=at_most)


def values(runs, row, metric):
    """The metric of a row (dataset, model, setting) as a pandas Series indexed by seed, diverged seeds left out."""
    dataset, model, setting = row
    chosen = runs[(runs.dataset == dataset) & (runs.model == model) & (runs.setting == setting) & (runs.metric == metric)]
    if chosen.empty:
        raise InvalidInput(f"The runs hold no {metric} of {model} ({setting}) on {dataset}.")
    return chosen[np.isfinite(chosen.value)].set_index("seed").value


def _difference(first, second):
    """Interval of first - second, and in words how it was made."""
    shared = first.index.intersection(second.index)
    if len(shared) >= 2:
        return statistics.paired_interval(first[shared], second[shared]), f"paired over {_seeds(len(shared))}"
    if min(len(first), len(second)) == 0:
        return statistics.Interval(np.nan, np.nan, np.nan, 0), "with every seed of one diverged"
    if min(len(first), len(second)) == 1:
        # A deterministic method has one value, which the seeds of the other are held against.
        difference = first - second.iloc[0] if len(second) == 1 else first.iloc[0] - second
        return statistics.mean_interval(difference), f"{_seeds(len(difference))} against a single value"
    return statistics.welch_interval(first, second), f"unpaired, {len(first)} against {_seeds(len(second))}"


def _seeds(n):
    return "1 seed" if n == 1 else f"{n} seeds"


def _who(row):
    return f"{row[1]} ({row[2]})" if row[2] else row[1]


def _place(first, second):
    return first[0] if first[0] == second[0] else f"{first[0]} and {second[0]}"


def _slug(row):
    return " ".join(part for part in row if part)

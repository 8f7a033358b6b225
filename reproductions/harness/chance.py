"""What a verdict that the seeds decide may owe to the test examples: others might have come to another one."""

import numpy as np

from zoo.reproductions.harness import statistics
from zoo.reproductions.harness.losses import combined, row_costs
from zoo.reproductions.harness.numbers import number
from zoo.reproductions.harness.runs import lines_of, values

SHARES = "test_error", "test_accuracy"  # how metrics begin that are such, in percent
UNTOLD = "nobody says how many test examples there were"


def examples_of(runs, row, metric):
    """How many test examples a metric is the share of wrong ones, or of right ones, among; NaN where it is none, or nobody says."""
    if not is_share(metric):
        return np.nan
    lines = lines_of(runs, row)
    return float(np.max(lines[lines.metric == metric].get("n_test", default=np.nan)))


def is_share(metric):
    """Whether a metric, by its name, is the share of the test examples that are wrong, or of those that are right."""
    return metric.endswith("_pct") and (metric.startswith(SHARES) or metric == "wrong_pct")


def left_by_examples(runs, rows, metric, logs=False, reach=0):
    """Half the interval that the test examples leave to what two rows differ by, or to its logarithm; NaN where nobody kept
    what each of them costs, or they are not the same.
    """
    first, second = (row_costs(runs, row, metric) for row in rows)
    if not first or not second or first.each.shape[1] != second.each.shape[1] or rows[0][0] != rows[1][0]:
        return np.nan
    units = [costs.each.mean() if logs else 1 for costs in (first, second)]
    return statistics.over_examples(combined((1 / units[0], first), (-1 / units[1], second)), reach=reach)


def chance_of_examples(runs, rows, metric, interval, at_least, half, logs=False):
    """by_chance_of_examples for a difference between two rows, or for one between their logarithms.

    half: what these leave open; NaN where nobody kept what each of them costs: then, of shares of wrong ones, the most it can be.
    """
    if np.isfinite(half):
        tested = row_costs(runs, rows[0], metric).each.shape[1]
        whole = np.min([examples_of(runs, row, metric) for row in rows])
    elif not is_share(metric):
        return ""
    else:
        whole = tested = np.min([examples_of(runs, row, metric) for row in rows])
        shares = [values(runs, row, metric).mean() / 100 for row in rows]
        half = statistics.by_examples_of_logs(*shares, tested) if logs else 100 * statistics.by_examples(*shares, tested)
    unit = " of its logarithm" if logs else " points" if metric.endswith("_pct") else ""
    return by_chance_of_examples(interval, at_least, half, tested, unit, whole)


def by_chance_of_examples(interval, bound, half, tested, unit=" points", whole=None):
    """Why an effect that the seeds decide may yet be due to the choice of test examples; "" where it can't be.

    The only chance in a single value is which examples it was tested on, and seeds tell nothing about that. half: the most
    that the examples leave open (see statistics.by_examples); the seeds' interval comes on top, taken as independent. NaN
    where nobody knows how many examples there were: that is the reason then. whole: how many are in the `tested` ones, where
    these are groups, such as all words of a speaker.
    """
    if not (interval.low > bound or interval.high < bound):
        return ""  # the seeds leave it open
    if np.isnan(half):
        return UNTOLD
    joint = float(np.hypot(half, (interval.high - interval.low) / 2))
    if joint >= abs(interval.estimate - bound):
        groups = f"{tested:,.0f} groups of the {whole:,.0f}" if whole and whole > tested else f"{tested:,.0f}"
        return f"chance in the {groups} test examples and the seeds may account for up to {number(joint)}{unit}"
    return ""

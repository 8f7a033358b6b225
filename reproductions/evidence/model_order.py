"""How far models stand in the order of the published ones: Kendall's tau of their errors, over all pairs or over some."""

import itertools

import numpy as np

from zoo.reproductions.harness.runs import every_value
from zoo.reproductions.harness.statistics import mean_interval
from zoo.reproductions.harness.verdicts import TOO_MANY


def shared_errors(runs, rows, metrics):
    """{seed: errors} of rows and metrics over the seeds in which none diverged, a machine's one value for all; None where a row
    or metric was not run.
    """
    held = runs[runs.metric.isin(metrics)]
    found = set(zip(held.dataset, held.model, held.setting, held.metric))
    if not all((*row, metric) in found for row, metric in zip(rows, metrics, strict=True)):
        return None
    columns = [every_value(runs, row, metric) for row, metric in zip(rows, metrics)]
    several = [set(column.dropna().index) for column in columns if len(column) > 1]
    seeds = sorted(set(runs.seed).intersection(*several))
    return {seed: [column[seed] if len(column) > 1 else column.iloc[0] for column in columns] for seed in seeds}


def tau_over_seeds(runs, rows, metric, published, pairs=None):
    """Interval over seeds of the tau of our errors with the published ones, 1 in the same order to -1 in the reverse.

    rows, published: models of one data set, all of which were run, and their published errors. pairs: those that count, of
    places in rows; None: all of them.
    NaN where in a fifth or more of the seeds one of the models diverged. Where all seeds have the same order there is no
    interval: an order of so few models takes few values, and equal ones say nothing of the spread.
    """
    pairs = pairs or list(itertools.combinations(range(len(rows)), 2))
    found = [_tau(published, ours, pairs) for ours in shared_errors(runs, rows, [metric] * len(rows)).values()]
    seeds, interval = max(len(every_value(runs, row, metric)) for row in rows), mean_interval(found)
    if len(found) <= (1 - TOO_MANY) * seeds:
        interval = interval._replace(estimate=np.nan)
    unsure = np.isnan(interval.estimate) or np.ptp(found) < 1e-9
    return interval._replace(low=np.nan, high=np.nan) if unsure else interval


def _tau(published, ours, pairs):
    """Kendall's tau-b (Biometrika 1945) of two lists of errors, over some pairs of places; SciPy's is over all of them."""
    first, second = (np.array([np.sign(errors[a] - errors[b]) for a, b in pairs]) for errors in (published, ours))
    untied = np.count_nonzero(first) * np.count_nonzero(second)
    return float(first @ second / np.sqrt(untied)) if untied else np.nan

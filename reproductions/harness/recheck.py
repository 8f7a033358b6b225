"""A line of a claim's table trained anew, from seeds that it has not: does it come out as the table says?"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from zoo.reproductions.harness.claims import claim_name, load_claim
from zoo.reproductions.harness.folder import folder_to_read, read_folder, results_root, seconds_taken
from zoo.reproductions.harness.grids import ends_of_grids
from zoo.reproductions.harness.kept import chosen
from zoo.reproductions.harness.runs import every_value
from zoo.reproductions.harness.statistics import finite
from zoo.reproductions.harness.tables import figure_only
from zoo.reproductions.harness.trial import Budget

ROUNDING = 1e-4  # share of a value by which it may differ where nothing random enters


@dataclass(frozen=True)
class Recheck:
    """A metric of a line: its values here and in the table, and where the table has the mean of as many new seeds, 95%.

    row: (dataset, model, setting); here, recorded: float64 arrays, one value for each seed that did not diverge; low, high:
    NaN where the table has a single seed of several, from which nobody can tell.
    """

    row: tuple
    metric: str
    here: np.ndarray
    recorded: np.ndarray
    low: float
    high: float

    @property
    def agrees(self):
        """Whether the mean of the new seeds lies where the table says; None where it can't tell."""
        return bool(self.low <= self.here.mean() <= self.high) if len(self.here) and np.isfinite(self.low) else None


def recheck_claim(claim, only, budget="quick", seeds=3, out=None, console=None):
    """Train lines of a claim anew from seeds of their own; returns a list of Recheck, a line and metric each.

    claim, budget, only, console: as of run_claim; the runs held against are those that `claim_runs` gives. seeds: how many new
    ones, those that follow on the recorded ones; a method in which nothing is random is run once more as it was. out: the
    results folder whose store keeps the trials; no table of it changes. What was chosen on validation, and what is only for
    the figure, is left out. Raises UnknownName, InvalidInput, TrialsFailed, and ResultsError where there are no such runs.
    """
    from zoo.reproductions.harness.runner import run_trials

    module, folder = load_claim(claim), folder_to_read(claim, budget)
    runs, asked = read_folder(folder), Budget.named(budget, seeds)
    everything = list(module.trials(Budget.named(budget, None, getattr(module, "SEEDS", None))))
    rows = set(runs[["dataset", "model", "setting"]].itertuples(index=False, name=None))
    given = [trial for trial in chosen(module, everything, only) if trial.row in rows]
    trials = [_anew(trial, runs, len(asked.seeds)) for trial in given]
    taken, done = ends_of_grids(everything, runs), run_trials(trials, results_root(out), console, seconds_taken(folder))
    found = []
    for trial, entry in zip(given, done, strict=True):
        for metric in dict.fromkeys(row["metric"] for row in entry.rows):
            told = (*trial.row, metric) in taken or metric.startswith("validation") or figure_only(module, metric)
            recorded = () if told else finite(every_value(runs, trial.row, metric))
            if len(recorded):
                here = finite([row["value"] for row in entry.rows if row["metric"] == metric])
                expected = _expected(recorded, len(here), alone=len(trial.seeds) == 1)
                found.append(Recheck(trial.row, metric, here, recorded, *expected))
    return found


def _anew(trial, runs, seeds):
    """A trial with new seeds, as it is where it has but one, as a method has in which nothing is random."""
    if len(trial.seeds) == 1:
        return trial
    first = int(runs.seed.max()) + 1
    return replace(trial, seeds=tuple(range(first, first + seeds)))


def _expected(recorded, n, alone):
    """(low, high): where the mean of n new values falls, 95%, by Student's t; what is recorded itself of a method that has one
    seed `alone`, in which nothing is drawn.
    """
    if alone and len(recorded) == n == 1:
        width = ROUNDING * abs(recorded[0])
        return recorded[0] - width, recorded[0] + width
    if len(recorded) < 2 or not n:
        return np.nan, np.nan
    half = stats.t.ppf(0.975, len(recorded) - 1) * recorded.std(ddof=1) * np.sqrt(1 / len(recorded) + 1 / n)
    half = max(half, ROUNDING * abs(recorded.mean()))
    return recorded.mean() - half, recorded.mean() + half

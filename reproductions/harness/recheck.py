"""A line of a claim's table trained anew, from seeds that it has not: does it come out as the table says?"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from zoo.errors import ResultsError
from zoo.reproductions.harness.chance import examples_of
from zoo.reproductions.harness.claims import load_claim
from zoo.reproductions.harness.folder import folder_to_read, manifests_of, read_environment, read_folder, seconds_taken
from zoo.reproductions.harness.grids import ends_of_grids
from zoo.reproductions.harness.kept import is_of_other_data
from zoo.reproductions.harness.naming import named
from zoo.reproductions.harness.roots import results_root
from zoo.reproductions.harness.runs import every_value, lines_of
from zoo.reproductions.harness.statistics import finite
from zoo.reproductions.harness.tables import figure_only
from zoo.reproductions.harness.trial import Budget

ROUNDING = 1e-3  # share of a value by which it may differ where nothing random enters, as other machines add up otherwise
EXAMPLES = 3  # test examples that may be told otherwise for the same reason


@dataclass(frozen=True)
class Recheck:
    """A metric of a line: its values here and in the table, and where, by the table, the mean of as many new seeds falls (95%).

    row: (dataset, model, setting). here, recorded: float64 arrays, one value per seed, NaN where it diverged. low, high: NaN
    where nobody can tell: the table has one seed of a method that has several, or its seeds all agree in a metric that is no
    share of test examples.
    """

    row: tuple
    metric: str
    here: np.ndarray
    recorded: np.ndarray
    low: float
    high: float

    @property
    def agrees(self):
        """Whether the mean of the new seeds lies where the table says; None where it can't tell. Seeds that diverge where none
        did disagree.
        """
        diverged = np.isnan(self.here)
        if diverged.any() and not np.isnan(self.recorded).any():
            return False
        if diverged.all() or np.isnan(self.low):
            return None
        return bool(self.low <= np.nanmean(self.here) <= self.high)


def recheck_claim(claim, only, budget="quick", seeds=3, out=None, console=None):
    """Train lines of a claim again, from new seeds; returns a list with a Recheck for each line and metric.

    claim, budget, only, console: as of run_claim, but only may name any lines. They are held against the runs that `claim_runs`
    gives, in the results folder `out` or else the default one. No table changes; out's store keeps the trials. seeds: how many
    new ones, counted on from the recorded ones; a method in which nothing is random is run once more as it was. Left out: what
    was chosen on validation, what depends on the machine's speed, and what only feeds the figure.
    Raises UnknownName, InvalidInput, TrialsFailed, and ResultsError where there are no such runs.
    """
    from zoo.reproductions.harness.runner import run_trials

    module = load_claim(claim)
    folder, usual = _folder(claim, budget, out), getattr(module, "SEEDS", None)
    everything = list(module.trials(Budget.named(budget, None, usual)))
    given, runs, count = named(module, everything, only), read_folder(folder), len(Budget.named(budget, seeds, usual).seeds)
    if absent := [trial for trial in given if lines_of(runs, trial.row).empty]:
        raise ResultsError(f"The runs in {folder} have no line of {absent[0]}, so that there is nothing to hold it against.")
    manifests = manifests_of(read_environment(folder))
    if other := [trial.dataset for trial in given if is_of_other_data(trial, manifests.get(trial.row, {}))]:
        said = f"of another {other[0]} than is here, so that neither is a test of the other"
        raise ResultsError(f"The runs in {folder} are {said}.")
    first, taken, found = int(runs.seed.max()) + 1, ends_of_grids(everything, runs), []
    root, seconds = results_root(out), seconds_taken(folder)
    for alone in (False, True):  # methods in which nothing is random have one seed, and are run again from it
        mine = [trial for trial in given if (len(trial.seeds) == 1) == alone]
        change = {"again": True} if alone else {"seeds": tuple(range(first, first + count))}
        done = run_trials([replace(trial, **change) for trial in mine], root, console, seconds) if mine else ()
        for trial, entry in zip(mine, done, strict=True):
            for metric in lines_of(runs, trial.row).metric.unique():
                if (*trial.row, metric) not in taken and not _beside(module, metric):
                    found.append(_compared(runs, trial.row, metric, entry, alone))
    return [each for each in found if len(each.here)]  # the first seeds may have had metrics of their own


def _compared(runs, row, metric, entry, alone):
    """The Recheck of a metric; alone: as of _expected."""
    here = np.array([line["value"] for line in entry.rows if line["metric"] == metric], float)
    recorded = every_value(runs, row, metric).to_numpy()
    expected = _expected(recorded, len(finite(here)), alone, examples_of(runs, row, metric))
    return Recheck(row, metric, here, recorded, *expected)


def _folder(claim, budget, out):
    """The folder with the runs to hold against: of `out`, where it has them, else that of no `out`."""
    try:
        return folder_to_read(claim, budget, out)
    except ResultsError as missing:
        try:
            return folder_to_read(claim, budget)
        except ResultsError:
            raise missing from None  # of the folder that was named


def _beside(module, metric):
    """Whether a metric is no result: of validation, of what a machine does in some seconds, or for the figure alone."""
    return metric.startswith("validation") or "_seconds" in metric or figure_only(module, metric)


def _expected(recorded, n, alone, examples):
    """(low, high): where the mean of n new values falls, 95%, by Student's t; where nothing is drawn, or all agree, as near as
    rounding may bring it.

    alone: nothing is drawn, and what is recorded comes out again. examples: of which the metric is the share that is wrong, or
    right, NaN for none.
    """
    recorded = finite(recorded)
    if not len(recorded) or not n or len(recorded) < 2 and not alone:
        return np.nan, np.nan
    least = 100 * EXAMPLES / examples if np.isfinite(examples) else ROUNDING * abs(recorded.mean())
    half = 0.0 if alone else stats.t.ppf(0.975, len(recorded) - 1) * recorded.std(ddof=1) * np.sqrt(1 / len(recorded) + 1 / n)
    if not half and not alone and not np.isfinite(examples):
        return np.nan, np.nan
    half = max(half, ROUNDING * abs(recorded.mean())) if half else least
    return recorded.mean() - half, recorded.mean() + half

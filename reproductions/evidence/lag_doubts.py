"""Why differences between recurrent nets decide nothing: no gradient is left, nothing is learnt, no fair rate was tried."""

import numpy as np
import pandas as pd

from zoo.datasets.adding.sequences import MEAN_PREDICTOR
from zoo.reproductions.trainers.long_lags import LEAST_TRIED, PIXEL_RATES, RATES

LEARNT = 0.9  # of the error of always saying the mean, or the same class: below it a net has learnt something
CHANCE = 90.0  # percent
# The least learning rate times T that each net took where it learnt something, in the quick and hour tables.
LEAST_STEP = {"rnn": 0.02, "irnn": 0.03, "lstm": 0.05, "lstm, chrono start": 0.2}
FEW_PIXELS = 49
CARRIED = -1  # log10_gradient of a trained net that still hears the first half of its sequences
LEAST = -30  # of log10_gradient: below it lies what 32 bits round to 0
CUT = f"_cut_at_{LEAST}"  # what a metric is called after that


def _least_tried(runs, task, name):
    """The least learning rate that a net was offered at a T; runs made before they said so offered RATES."""
    said = _of(runs, task, LEAST_TRIED, [name]).value
    return said.min() if len(said) else RATES[0]


def comparable(runs):
    """The lines of mse as log10_mse: errors of seeds lie decades apart, of which a mean would see the largest alone. And
    those of gradients, none below LEAST.
    """
    errors, gradients = runs[runs.metric == "mse"], runs[runs.metric.str.startswith("log10_gradient")]
    errors = errors.assign(metric="log10_mse", value=np.log10(errors.value))
    gradients = gradients.assign(metric=gradients.metric + CUT, value=gradients.value.clip(lower=LEAST))
    return pd.concat([errors, gradients], ignore_index=True)


def _cut(runs, setting, when, *names):
    """Of which seeds of nets the gradient lies below LEAST, bool."""
    return _of(runs, ("adding", setting), f"log10_gradient_{when}", names).value <= LEAST


def bound(runs, setting, when, first, second):
    """(what a difference is of which a side is cut off, for some seeds or for all; the verdicts on it that it can't give).

    ("", ()) where neither side is, or both wholly are.
    """
    former, latter = (_cut(runs, setting, when, name) for name in (first, second))
    if former.all() and latter.all():
        return "", ()
    if former.any() and latter.any():
        return "no bound either way, for some seeds of both have nothing left", ("reproduced", "contradicted")
    for cut, side, which, far in ((former, "an upper", "former", "reproduced"), (latter, "a lower", "latter", "contradicted")):
        if cut.any():
            left = "nothing is left" if cut.all() else "some seeds have nothing left"
            return f"{side} bound, for {left} of the {which}'s", (far,)
    return "", ()


def nothing_left(runs, setting, when, *names):
    """Why no difference between the gradients of nets means anything: of none is any left. "" where of one there is."""
    less = f"neither leaves 1e{LEAST} of it, and 32 bits do not tell how much less"
    return less if _cut(runs, setting, when, *names).all() else ""


def no_contest(runs, task, *names):
    """Why a difference between nets in a task (dataset, setting) decides nothing; "" where it does."""
    return _nothing_learnt(runs, task, *names) or _at_an_end(runs, task, *names) or _too_large_steps(runs, task, *names)


def _nothing_learnt(runs, task, *names):
    """Why no difference between nets in a task (dataset, setting) means anything: neither learnt any. "" where one did."""
    errors, ignorant, says = _errors(runs, task, names)
    return "" if errors.min() < ignorant else f"neither has learnt more than to say {says}"


def _at_an_end(runs, task, *names):
    """Why the net that errs more may have had no fair chance: its learning rate is an end of its grid. "" where it is not, and
    where it has not learnt to add in any, so that the best of them is one of chance.
    """
    adding, few = task[0] == "adding", task[1].startswith(f"{FEW_PIXELS} pixels")
    errors, ignorant, _ = _errors(runs, task, names)
    # Sums are compared by logarithms, as the check does.
    loser = _of(comparable(runs), task, "log10_mse", names).groupby("model").value.mean().idxmax() if adding else errors.idxmax()
    carries = _of(runs, task, "log10_gradient_trained", [loser]).value.mean() >= CARRIED
    learnt = errors[loser] < ignorant or errors[loser] < MEAN_PREDICTOR and carries  # it has begun to
    if not (adding and learnt or few):
        return ""
    grid = (_least_tried(runs, task, loser), RATES[-1]) if adding else PIXEL_RATES[loser]
    taken = _of(runs, task, "step_size", [loser]).value.mean()
    end = {grid[0]: "least", grid[-1]: "largest"}.get(round(taken, 9))
    return f"the {loser} takes the {end} learning rate of its grid and might err less beyond" if end else ""


def _too_large_steps(runs, task, *names):
    """Why a net that has not learnt to add may have had no fair chance: the longer T is, the smaller the steps that it wants."""
    errors, ignorant, _ = _errors(runs, task, names)
    loser = errors.idxmax()
    if task[0] != "adding" or errors[loser] < ignorant:
        return ""
    if _least_tried(runs, task, loser) * int(task[1].removeprefix("T = ")) <= (1 + 1e-6) * LEAST_STEP[loser]:  # rounding
        return ""
    return f"for so long a T the {loser} may want a smaller learning rate than were tried"


def _errors(runs, task, names):
    """The mean error of each net in a task; that above which it has learnt nothing; what such a net says."""
    metric, ignorant, says = {"adding": ("mse", MEAN_PREDICTOR, "the mean"), "mnist": ("test_error_pct", CHANCE, "the same class")}[
        task[0]
    ]
    return _of(runs, task, metric, names).groupby("model").value.mean(), LEARNT * ignorant, says


def _of(runs, task, metric, names):
    """The lines of nets in a task (dataset, setting)."""
    return runs[(runs.dataset == task[0]) & (runs.setting == task[1]) & (runs.metric == metric) & runs.model.isin(names)]

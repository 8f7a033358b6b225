"""Whether a finer grid of learning rates might turn who is sooner: how many steps a net takes goes by its rate."""

import functools
import itertools

from zoo.reproductions.harness import Budget
from zoo.reproductions.harness.trial import budgets_of


def might_turn(trials, seeds, rows, interval):
    """Why a ratio of steps or epochs of two rows decides nothing, "" where it does, or where its interval leaves it open anyhow.

    If steps change at most in proportion to the rate, and training works at all rates up to the next one tried, one net alone
    loses at most the square root of the grid's widest gap, as the best rate is no further from one that was tried. (Where
    training fails just above the best rate it may lose the whole gap.) trials, seeds: the claim's trials and SEEDS.
    """
    gap = max(_widest_gaps(trials, tuple(seeds.items()))[row] for row in rows)
    if not (1 < interval.low < gap**0.5 or gap**-0.5 < interval.high < 1):
        return ""
    finer = f"a finer grid might change the ratio by a factor of {gap**0.5:.2g}"
    return f"the learning rates tried lie up to {gap:.2g} times apart, and {finer}"


@functools.cache
def _widest_gaps(trials, seeds):
    """{row: the largest factor between neighbours in its grid of learning rates, in whichever budget it is largest}."""
    gaps = {}
    for budget in budgets_of(dict(seeds)):
        for trial in trials(Budget.named(budget, None, dict(seeds))):
            pairs = itertools.pairwise(sorted(trial.recipe.get("rates", ())))
            gaps[trial.row] = max([larger / smaller for smaller, larger in pairs] + [gaps.get(trial.row, 1.0)])
    return gaps

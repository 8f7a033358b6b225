"""Whether a finer grid of learning rates might turn who is sooner: how many steps a net takes goes by its rate."""

import functools
import itertools

from zoo.reproductions.harness import Budget, load_claim
from zoo.reproductions.harness.trial import budgets_of


def might_turn(claim, rows, interval):
    """Why a ratio of steps or epochs of two rows decides nothing, "" where it does, or where its interval leaves it open anyhow.

    The best rate is at most the square root of the grid's widest gap from one that was tried; if steps change at most in
    proportion to the rate, one net alone loses so much at most.
    """
    gap = max(_widest_gaps(claim).get(row, 1.0) for row in rows)
    if not (1 < interval.low < gap**0.5 or gap**-0.5 < interval.high < 1):
        return ""
    finer = f"a finer grid might change the ratio by a factor of {gap**0.5:.2g}"
    return f"the learning rates tried lie up to {gap:.2g} times apart, and {finer}"


@functools.cache
def _widest_gaps(claim):
    """{row: the largest factor between neighbours in its grid of learning rates, in whichever budget it is largest}."""
    module, gaps = load_claim(claim), {}
    for budget in budgets_of(module.SEEDS):
        for trial in module.trials(Budget.named(budget, None, module.SEEDS)):
            pairs = itertools.pairwise(sorted(trial.recipe.get("rates", ())))
            gaps[trial.row] = max([larger / smaller for smaller, larger in pairs] + [gaps.get(trial.row, 1.0)])
    return gaps

"""What trials share that train every seed in a grid of step sizes: errors, the choice of one, rows."""

import numpy as np


def errors_on(population, split):
    """Error of every member in percent, NaN where it diverged."""
    found = population.evaluate(*split)
    return np.where(found.diverged, np.nan, 100 * (1 - found.accuracy))


def most_accurate(errors):
    """Index of the step size with the lowest mean validation error, from (step sizes, seeds); a diverged seed errs always."""
    return int(np.argmin(np.where(np.isfinite(errors), errors, 100.0).mean(axis=1)))


def rows(trial, values, population, train, test):
    """The rows of a trial from {metric: one value or one for each seed}; seconds are those of all step sizes together."""
    r = trial.recipe
    shared = {
        "n_train": len(train.x),
        "n_test": len(test.x),
        "parameters": population.template.count_params(),
        "updates": r["epochs"] * (len(train.x) // r["batch_size"]),
        "seconds": population.fit_seconds / len(trial.seeds),
        "precision": "float32",
    }
    return [
        shared | {"seed": seed, "metric": metric, "value": float(value)}
        for metric, by_seed in values.items()
        for seed, value in zip(trial.seeds, np.broadcast_to(by_seed, len(trial.seeds)), strict=True)
    ]

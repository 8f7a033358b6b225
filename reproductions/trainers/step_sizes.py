"""What trials share that train every seed in a grid of step sizes: starts, errors, the choice of one, rows."""

from typing import NamedTuple

import numpy as np

from zoo.reproductions.trainers.rows import rows_of

# The initialiser of sigmoid units that lets signals and gradients through: Glorot & Bengio's bounds (2010) are for units of
# slope 1 at 0, a sigmoid's is a quarter, so that its weights start four times as wide.
SIGMOID_START = {"class_name": "VarianceScaling", "config": {"scale": 16.0, "mode": "fan_avg", "distribution": "uniform"}}


class Starts(NamedTuple):
    """Where the seeds of a trial start from, the same in every step size."""

    weights: list  # of each seed
    seconds: float  # of pre-training one
    parameters: int


def starts_of(build, seeds, x, pretraining):
    """Starts of what build() makes: random, or pre-trained on x without labels by settings as of zoo.training.recipe."""
    import zoo
    from zoo.training.recipe import pretrain_by

    population = zoo.Population(build, seeds)
    if pretraining:
        pretrain_by(pretraining, population, x, verbose=False)
    weights = [population.get_weights(member) for member in range(len(population))]
    return Starts(weights, population.fit_seconds / len(population), population.template.count_params())


def errors_on(population, split):
    """Error of every member in percent, NaN where it diverged."""
    found = population.evaluate(*split)
    return np.where(found.diverged, np.nan, 100 * (1 - found.accuracy))


def losses_on(population, split):
    """float32 (members, n): 100 for an example of a split that a member gets wrong, else 0; NaN where it diverged.

    Their mean is the error in percent.
    """
    losses = np.float32(100) * (population.predict(split.x).argmax(axis=-1) != split.y)
    losses[population.diverged] = np.nan
    return losses


def most_accurate(errors):
    """Index of the step size with the lowest mean validation error, from (step sizes, seeds); a diverged seed errs always."""
    return int(np.argmin(np.where(np.isfinite(errors), errors, 100.0).mean(axis=1)))


def best_setting(losses):
    """(index of the step size, epochs) of the lowest validation loss (step sizes, seeds, epochs), averaged over seeds."""
    means = np.where(np.isfinite(losses), losses, np.inf).mean(axis=1)
    rate, epoch = np.unravel_index(np.argmin(means), means.shape)
    return int(rate), int(epoch) + 1


def rows(trial, values, population, train, test, **changes):
    """The rows of a trial from {metric: values} as rows_of takes them; seconds are those of all step sizes together.

    changes: of what all rows share, such as seconds where other populations were trained, too.
    """
    r = trial.recipe
    shared = {
        "n_train": len(train.x),
        "n_test": len(test.x),
        "parameters": population.template.count_params(),
        "updates": changes.pop("epochs", r.get("epochs", 0)) * (len(train.x) // r["batch_size"]),
        "seconds": population.fit_seconds / len(trial.seeds),
        "precision": "float32",
    }
    return rows_of(trial.seeds, values, shared | changes)

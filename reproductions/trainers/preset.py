"""The run function of the zoo's presets: a population, of which the member that validates best leaves its weights."""

import tempfile
from pathlib import Path

import numpy as np

from zoo.reproductions.harness import WithFiles
from zoo.reproductions.trainers.classifier import rows
from zoo.training.recipe import steps, train_population

WEIGHTS = "model.weights.h5"


def train_preset(trial, report):
    """Trains on all of train by a recipe of zoo.training, chooses on validation, tests every seed once.

    Rows: test_error_pct and validation_error_pct of every seed. Files: the weights of the chosen one.
    """
    from zoo.datasets import load

    data, r = load(trial.dataset), trial.recipe
    population = train_population(trial.model, data.classes, *data.train, r, trial.seeds, verbose=False)
    report.progress(1, 1)
    shared = {
        "n_train": len(data.train.x),
        "updates": steps(r, len(data.train.x)),
        "seconds": population.fit_seconds / len(population),
    }
    found = rows(population, data.validation, data.test, shared)
    member = trial.seeds.index(chosen_seed(found))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / WEIGHTS
        population[member].save_weights(path)
        return WithFiles(found, {WEIGHTS: path.read_bytes()})


def chosen_seed(rows):
    """The seed with the least error on validation, the first of equals; rows as train_preset makes them."""
    errors = {row["seed"]: row["value"] for row in rows if row["metric"] == "validation_error_pct"}
    if np.isnan(list(errors.values())).all():
        raise ArithmeticError("Every seed diverged: there is nothing to choose from.")
    return min(errors, key=lambda seed: (np.isnan(errors[seed]), errors[seed], seed))

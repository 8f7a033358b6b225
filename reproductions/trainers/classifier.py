"""Trains one population of classifiers per trial: fit on train, watch validation, touch the test split once."""

import time

import numpy as np

from zoo.training import recipe as training

DATA = {
    "n_train": None,  # the first so many training examples; None for all
    "n_test": None,
    "features": None,  # "hog": hand-made features in place of pixels
}


def recipe(**changes):
    """A recipe of zoo.training, and in it which data it is for; an unknown name is a mistake."""
    data = {name: changes.pop(name, default) for name, default in DATA.items()}
    return training.recipe(**changes) | data


def train_classifier(trial, report):
    """The run function of a trial whose model is one of the zoo's; its recipe is made by `recipe`.

    Rows: test_error_pct and validation_error_pct of every seed, of the weights after the last epoch; seconds
    are the population's, hand-made features included and compilation not, divided by its members.
    """
    from zoo.datasets import describe
    from zoo.reproductions.trainers.data import splits

    r = trial.recipe
    began = time.perf_counter()
    train, validation, test = splits(trial.dataset, r["n_train"], r["n_test"], r["features"])
    preparation = time.perf_counter() - began if r["features"] else 0.0
    settings = {name: value for name, value in r.items() if name not in DATA}
    if r["features"]:
        settings["options"] = settings["options"] | {"rescale": None}
    classes = describe(trial.dataset).classes
    population = training.train_population(trial.model, classes, *train, settings, trial.seeds, verbose=False)
    report.progress(1, 1)
    seconds = (preparation + population.fit_seconds) / len(population)
    updates = training.steps(r, len(train.x))
    return rows(population, validation, test, {"n_train": len(train.x), "updates": updates, "seconds": seconds})


def rows(population, validation, test, shared):
    """One row per seed for the error on validation and on test, in percent; NaN where a seed diverged."""
    shared = shared | {
        "parameters": population.template.count_params(),
        "precision": population.precision,
    }
    found = []
    for metric, split in (("test_error_pct", test), ("validation_error_pct", validation)):
        for member in population.evaluate(*split).itertuples():
            error = np.nan if member.diverged else 100 * (1 - member.accuracy)
            found.append(shared | {"seed": member.seed, "metric": metric, "value": error, "n_test": len(split.x)})
    return found

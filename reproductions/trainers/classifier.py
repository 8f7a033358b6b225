"""Trains one population of classifiers per trial: step size and weights from train and validation, the test split seen once."""

import time

from zoo.errors import InvalidInput
from zoo.reproductions.trainers.rows import rows_of
from zoo.reproductions.trainers.step_sizes import errors_on, most_accurate
from zoo.training import recipe as training

DATA = {
    "n_train": None,  # the first so many training examples; None for all
    "n_test": None,
    "features": None,  # "hog": hand-made features in place of pixels
}
TUNING = {
    "rates": (1e-3,),  # step sizes, the peaks of their decay, from which validation chooses
    "select_on": None,  # trained for that on the first so many training examples; None for all
}
TUNED_BY = 1_000_000  # the seed of those that are only there to choose by


def recipe(**changes):
    """A recipe of zoo.training, whose step size is chosen, and in it which data it is for; an unknown name is a mistake."""
    if "learning_rate" in changes:
        raise InvalidInput(f"The step size is chosen from rates; got learning_rate={changes['learning_rate']!r}.")
    own = {name: changes.pop(name, default) for name, default in (DATA | TUNING).items()}
    made = training.recipe(**changes) | own | {"rates": [*own["rates"]]}
    del made["learning_rate"]
    return made


def train_classifier(trial, report):
    """The run function of a trial whose model is one of the zoo's; its recipe is made by `recipe`.

    Rows: test_error_pct and validation_error_pct of every seed, of the weights after the last epoch, and the step_size
    of all; seconds are the population's, hand-made features included, compilation and the choice of a step size not,
    divided by its members.
    """
    from zoo.datasets import describe
    from zoo.reproductions.trainers.data import splits

    r = trial.recipe
    began = time.perf_counter()
    train, validation, test = splits(trial.dataset, r["n_train"], r["n_test"], r["features"])
    preparation = time.perf_counter() - began if r["features"] else 0.0
    settings = {name: value for name, value in r.items() if name not in DATA | TUNING}
    if r["features"]:
        settings["options"] = settings["options"] | {"rescale": None}
    classes = describe(trial.dataset).classes
    first = [part[: r["select_on"]] for part in train]
    rate = choose_rate(trial.model, classes, first, validation, settings, r["rates"])
    tried = len(r["rates"]) * len(first[0])
    total = tried + len(trial.seeds) * len(train.x)
    report.progress(tried, total)
    population = training.train_population(
        trial.model, classes, *train, settings | {"learning_rate": rate}, trial.seeds, verbose=False
    )
    report.progress(total, total)
    measured = {
        "n_train": len(train.x),
        "parameters": population.template.count_params(),
        "updates": training.steps(r, len(train.x)),
        "seconds": (preparation + population.fit_seconds) / len(population),
        "precision": population.precision,
    }
    found = rows_of(trial.seeds, {"test_error_pct": errors_on(population, test)}, measured | {"n_test": len(test.x)})
    on_validation = {"validation_error_pct": errors_on(population, validation), "step_size": rate}
    return found + rows_of(trial.seeds, on_validation, measured | {"n_test": len(validation.x)})


def choose_rate(model, classes, train, validation, settings, rates):
    """The step size whose net errs least on validation, the first of equals; one net for each, all of the same seed.

    settings: of train_population. Their average of the weights is left out: on few examples it would be that of the
    first steps. Where all nets diverge, it is the first: so do then its seeds, and the table says so.
    """
    settings = settings | {"learning_rate": rates[0], "ema": None}
    tried = training.train_population(
        model, classes, *train, settings, [TUNED_BY] * len(rates), verbose=False, rates=rates
    )
    return rates[most_accurate(errors_on(tried, validation)[:, None])]

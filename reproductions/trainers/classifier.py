"""Trains a population of classifiers per trial, in the step size that another chose on validation; test is seen once."""

import time

from zoo.errors import InvalidInput
from zoo.reproductions.trainers.rows import rows_of
from zoo.reproductions.trainers.step_sizes import errors_on, losses_on, most_accurate
from zoo.training import recipe as training

DATA = {
    "n_train": None,  # the first so many training examples; None for all
    "n_test": None,
    "features": None,  # "hog": hand-made features in place of pixels
}
TUNING = ("rates", "select_on")
TUNING_SEED = 1_000_000  # of the nets that are only there to choose by


def recipe(rates, select_on, **changes):
    """A recipe of zoo.training, whose step size is chosen, and in it which data it is for; an unknown name is a mistake.

    rates: step sizes, the peaks of their decay, of which validation chooses one. select_on: for that they are tried on the
    first so many training examples, None for all.
    """
    if "learning_rate" in changes:
        raise InvalidInput(f"Name step sizes to choose from as rates; got learning_rate={changes['learning_rate']!r}.")
    data = {name: changes.pop(name, default) for name, default in DATA.items()}
    made = training.recipe(**changes) | data | {"rates": [*rates], "select_on": select_on}
    del made["learning_rate"]
    return made


def train_classifier(trial, report):
    """The run function of a trial whose model is one of the zoo's; its recipe is made by `recipe`.

    Rows: test_error_pct and validation_error_pct of every seed, of the weights after the last epoch, and the step_size
    of all, which was chosen by fewer examples; seconds are the population's, hand-made features included, compilation and
    the choice of a step size not, divided by its members.
    """
    from zoo.datasets import describe
    from zoo.reproductions.trainers.data import splits

    r = trial.recipe
    began = time.perf_counter()
    train, validation, test = splits(trial.dataset, r["n_train"], r["n_test"], r["features"])
    preparation = time.perf_counter() - began if r["features"] else 0.0
    settings = {name: value for name, value in r.items() if name not in (*DATA, *TUNING)}
    if r["features"]:
        settings["options"] = settings["options"] | {"rescale": None}
    classes = describe(trial.dataset).classes
    first = [part[: r["select_on"]] for part in train]
    rate = choose_rate(trial.model, classes, first, validation, settings, r["rates"])
    tried = len(r["rates"]) * len(first[0])
    total = tried + len(trial.seeds) * len(train.x)
    report.progress(tried, total)
    population = training.train_population(
        trial.model, classes, *train, settings | {"learning_rate": rate}, trial.seeds, verbose=False, backup=report.backup
    )
    report.progress(total, total)
    measured = {
        "n_train": len(train.x),
        "parameters": population.template.count_params(),
        "updates": training.steps(r, len(train.x)),
        "seconds": (preparation + population.fit_seconds) / len(population),
        "precision": population.precision,
    }
    found = [
        ("test_error_pct", losses_on(population, test), test),
        ("validation_error_pct", errors_on(population, validation), validation),
        ("step_size", rate, test),
    ]
    return [
        row
        for metric, values, split in found
        for row in rows_of(trial.seeds, {metric: values}, measured | {"n_test": len(split.x)})
    ]


def choose_rate(model, classes, train, validation, settings, rates):
    """The step size whose net errs least on validation, the first of equals; one net for each, all of the same seed.

    Of a single one none is tried. settings: of train_population. Their average of the weights is left out: on few examples
    it would be that of the first steps. A stack is pre-trained anew for each, to the same weights. Where all nets diverge,
    it is the first.
    """
    if len(rates) == 1:
        return rates[0]
    settings = settings | {"learning_rate": rates[0], "ema": None}
    tried = training.train_population(model, classes, *train, settings, [TUNING_SEED] * len(rates), verbose=False, rates=rates)
    return rates[most_accurate(errors_on(tried, validation)[:, None])]

"""Trains populations on few labels and on many, each member on examples of its own, with and without pre-training before."""

from typing import NamedTuple

import numpy as np

from zoo.reproductions.trainers.rows import rows_of
from zoo.training.labels import labelled_examples

FILTERS = "filters.npz"
SHOWN = 32  # first-layer filters that a trial leaves: the first so many, not chosen by their looks


class Tuned(NamedTuple):
    """What fine-tuning on some numbers of labels gave, errors in percent; axes: step sizes, numbers of labels, seeds."""

    validation: np.ndarray
    test: np.ndarray  # of every example, 100 or 0: one more axis
    training: np.ndarray  # NaN unless all training examples are labelled
    updates: int
    seconds: float  # of one seed and one number of labels, all step sizes together
    kernels: dict  # {(step size, number of labels): the first seed's filters (SHOWN, inputs), if asked for}


def train_with_labels(trial, report):
    """The run function of unsupervised_pretraining: one start and architecture, fine-tuned on every number of labels.

    The recipe names options (of autoencoder_stack), pretraining (of zoo.pretrain and its learning_rate, None for a random
    start), n_train, n_test, labels (how many, ascending), rates (step sizes), epochs, draws and batch_size; own_rates, if it is
    there, has the step sizes of single numbers of labels, under what the chosen one is called. All training images are there
    to pre-train on; a seed's labelled ones are drawn by it, the same whatever the start. An epoch takes
    `draws` examples, or all that are labelled where these are more, so that few labels get no fewer updates.
    Weights are those of the epoch that validates best, in the step size whose seeds validate best, for each number of
    labels. Rows: test, validation and, with everything labelled, training error with so many labels, and that step size.
    Files: filters of the first layer before and after fine-tuning on most labels, where the recipe asks for them (filters).
    """
    from zoo.reproductions.harness import WithFiles
    from zoo.reproductions.trainers.arrays import packed
    from zoo.reproductions.trainers.data import splits
    from zoo.reproductions.trainers.step_sizes import most_accurate, starts_of

    r = trial.recipe
    train, validation, test = splits(trial.dataset, r["n_train"], r["n_test"])
    starts = starts_of(_builder(trial, train), trial.seeds, train.x, r["pretraining"])
    report.progress(1, 2)
    rows, kernels = [], {}
    for labels in _groups(r["labels"], r["draws"], r.get("own_rates", ())):
        tuned = _fine_tune(trial, starts.weights, labels, train, validation, test)
        for place, n in enumerate(labels):
            rate = most_accurate(tuned.validation[:, place])
            chosen = {chosen_rate(n): _rates(r, labels)[rate]}
            counts = {"n_train": n, "n_test": len(test.x), "parameters": starts.parameters, "updates": tuned.updates}
            shared = counts | {"seconds": tuned.seconds + starts.seconds}
            rows += rows_of(trial.seeds, chosen, shared)
            errors = {"test": tuned.test, "validation": tuned.validation, "training": tuned.training}
            for split, values in errors.items():
                if split != "training" or n == len(train.x):
                    rows += rows_of(trial.seeds, {metric(split, n): values[rate, place]}, shared)
            if n == r["labels"][-1] and r["filters"]:
                kernels = {"before": _filters(starts.weights[0]), "after": tuned.kernels[rate, place]}
    return WithFiles(rows, {FILTERS: packed(kernels)}) if kernels else rows


def metric(split, labels):
    """What an error with so many labels is called in runs.csv."""
    return f"{split}_error_with_{labels}_labels_pct"


def chosen_rate(labels):
    """What the step size chosen for so many labels is called in runs.csv."""
    return f"step_size_for_{labels}_labels"


def _rates(recipe, labels):
    """The step sizes tried with some numbers of labels that train together."""
    return recipe.get("own_rates", {}).get(chosen_rate(labels[-1]), recipe["rates"])


def _builder(trial, train):
    import zoo
    from zoo.datasets import describe

    classes = describe(trial.dataset).classes
    return lambda: zoo.create_model(trial.model, train.x.shape[1:], classes, **trial.recipe["options"])


def _groups(labels, draws, own=()):
    """Numbers of labels that train together: all whose epochs are equally long, as one population; own: names of chosen step
    sizes that have a grid of their own, whose labels train apart.
    """
    few = [n for n in labels if n <= draws and chosen_rate(n) not in own]
    return [group for group in [few, *([n] for n in labels if n not in few)] if group]


def _fine_tune(trial, weights, labels, train, validation, test):
    """Tuned, for some numbers of labels: one population of step sizes times numbers of labels times seeds."""
    import keras

    import zoo
    from zoo.reproductions.trainers.step_sizes import errors_on, losses_on
    from zoo.training.recipe import optimizer, recipe, steps

    r, rates, seeds = trial.recipe, _rates(trial.recipe, labels), trial.seeds
    shape, copies = (len(rates), len(labels), len(seeds)), len(rates) * len(labels)
    draws = max(r["draws"], labels[-1])
    own = [np.resize(labelled_examples(train.y, n, seed), draws) for n in labels for seed in seeds]
    population = zoo.Population(_builder(trial, train), [*seeds] * copies, weights=weights * copies)
    settings = recipe(epochs=r["epochs"], batch_size=r["batch_size"], learning_rate=rates[0])
    updates = steps(settings, draws)
    population.compile(
        optimizer(settings, updates),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        ["accuracy"],
        learning_rate=np.repeat(rates, len(labels) * len(seeds)),
    )
    population.fit(
        train.x,
        train.y,
        subsets=np.stack(own * len(rates)),
        epochs=r["epochs"],
        batch_size=r["batch_size"],
        validation_data=validation,
        select="best",
        drop_remainder=True,
        verbose=False,
    )
    # All members are tested at once, but nothing looks at the test errors of step sizes that were not chosen.
    found = errors_on(population, validation).reshape(shape), losses_on(population, test).reshape(*shape, -1)
    whole = errors_on(population, train).reshape(shape) if labels[-1] == len(train.x) else np.full(shape, np.nan)
    first = {divmod(place, len(labels)): place * len(seeds) for place in range(copies)} if r["filters"] else {}
    kernels = {where: _filters(population.get_weights(member)) for where, member in first.items()}
    return Tuned(*found, whole, updates, population.fit_seconds / (len(labels) * len(seeds)), kernels)


def _filters(weights):
    """The weights into the first units of the first layer: (SHOWN, inputs), in 16 bits."""
    return weights[0].T[:SHOWN].astype("float16")

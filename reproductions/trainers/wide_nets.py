"""Trains many seeds of a net with one hidden layer, and walks the straight lines from starts to solutions and between these."""

import numpy as np

METRICS = ("train_loss", "test_loss", "test_error_pct")
LINES = {"from_start": "from start to solution", "between_solutions": "from a solution to that of the next seed"}


def train_wide(trial, report):
    """The run function of local_minima: one population of nets, each from its own start and in its own order of examples.

    The recipe names units, side (of the images), n_train, n_test, epochs, batch_size, learning_rate, momentum, and points
    (how many are looked at on a line, ends included) and kept (of which so many are kept). Rows of every seed: train_loss,
    test_loss, test_error_pct; rise_from_start and rise_between_solutions, the most by which the training loss rises above
    its lowest value before, on the line from the start to the solution and on that to the solution of the next seed.
    Rows of the traced seeds: the training loss at the kept points. seconds are the population's training, shared out.
    """
    from zoo.reproductions.harness.numbers import rounded
    from zoo.reproductions.trainers.small_images import small_splits

    r = trial.recipe
    train, _, test = small_splits(trial.dataset, r["side"], r["n_train"], r["n_test"])
    population, starts = _fitted(trial, train)
    report.progress(1, 2)
    values = _losses(population, train, test) | _lines(trial, population, starts, train)
    shared = {
        "n_train": len(train.x),
        "n_test": len(test.x),
        "parameters": population.template.count_params(),
        "updates": r["epochs"] * (len(train.x) // r["batch_size"]),
        "seconds": population.fit_seconds / len(population),
    }
    return [
        shared | {"seed": seed, "metric": metric, "value": rounded(value) if not lost else np.nan}
        for metric, column in values.items()
        for seed, value, lost in zip(trial.seeds, column, population.diverged)
    ]


def _fitted(trial, train):
    """The trained population and the weights, stacked, that it started from."""
    import keras

    import zoo
    from zoo.datasets import describe

    r, classes = trial.recipe, describe(trial.dataset).classes
    options = {"widths": [r["units"]], "dropout": 0, "input_dropout": 0}
    population = zoo.Population(lambda: zoo.create_model("mlp", train.x.shape[1:], classes, **options), trial.seeds)
    starts = _weights(population)
    steps = r["epochs"] * (len(train.x) // r["batch_size"])
    rate = keras.optimizers.schedules.CosineDecay(r["learning_rate"], steps)
    descent = keras.optimizers.SGD(rate, momentum=r["momentum"], nesterov=True)
    population.compile(descent, keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    population.fit(train.x, train.y, epochs=r["epochs"], batch_size=r["batch_size"], drop_remainder=True, verbose=False)
    return population, starts


def _losses(population, train, test):
    """{metric: one value per seed}, the weights being those after the last step."""
    on_train, on_test = population.evaluate(*train), population.evaluate(*test)
    return dict(zip(METRICS, (on_train.loss, on_test.loss, 100 * (1 - on_test.accuracy)), strict=True))


def _lines(trial, population, starts, train):
    """{metric: one value per seed, or per traced seed}: how far the loss rises on both lines, and the loss on the way."""
    from zoo.reproductions.trainers.loss_lines import largest_rise, losses_along

    r, found = trial.recipe, {}
    ends = _weights(population)
    positions = np.linspace(0, 1, r["points"])
    x = train.x / 255  # as the model's first layer has it
    for line in LINES:
        if line == "between_solutions" and len(population) == 1:
            continue  # there is no other solution
        first, last = (starts, ends) if line == "from_start" else (ends, [np.roll(end, -1, axis=0) for end in ends])
        losses = losses_along(first, last, positions, x, train.y)
        found[f"rise_{line}"] = largest_rise(losses)
        for place in np.linspace(0, r["points"] - 1, r["kept"]).round().astype(int):
            found[f"train_loss_{line}_at_{positions[place]:.2f}"] = losses[: trial.traced, place]
    return found


def _weights(population):
    """The weights of all members, each array with a first axis of members."""
    members = [population.get_weights(member) for member in range(len(population))]
    return [np.stack(column) for column in zip(*members, strict=True)]

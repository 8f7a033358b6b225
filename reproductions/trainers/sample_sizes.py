"""Trains a model on draws of so many images, and a fully connected net of as many weights as a ConvNet beside it."""

import itertools

import numpy as np

from zoo.errors import InvalidInput

TOLERANCE = 0.02  # by how much the number of weights may differ where it has to be equal


def train_on_draws(trial, report):
    """The run function of a classifier that every seed trains on its own draw of n_train images, in a grid of step sizes.

    The recipe names pool and n_test (the images drawn from and tested on, None for all; n_test cuts validation too),
    n_train, options (of zoo.create_model), epochs, batch_size, rates (peaks of a cosine decay, under Adam), targets
    (training errors in percent); for an mlp in place of its widths as_many_weights_as, the options of a ConvNet, and
    layers; shifts, for the first seed's filters and maps (see feature_maps). Rows: test and validation error in percent, in
    the step size of the lowest mean validation error; epochs and steps to the targets, as learning_speed counts them, in
    the one that gets there soonest.
    """
    from zoo.reproductions.harness import WithFiles
    from zoo.reproductions.trainers.data import Split, splits
    from zoo.reproductions.trainers.draws import draws
    from zoo.reproductions.trainers.feature_maps import PICTURES, feature_maps
    from zoo.reproductions.trainers.step_sizes import errors_on, losses_on, most_accurate, rows

    r = trial.recipe
    train, validation, test = splits(trial.dataset, r["pool"], r["n_test"])
    chosen = draws(trial.seeds, r["n_train"], train)
    population, errors = _learn(trial, train, chosen)
    report.progress(1, 1)
    # All members are tested at once, but nothing looks at the test errors of those that were not chosen.
    held_out = errors_on(population, validation).reshape(errors.shape[:2])
    best, tested = most_accurate(held_out), losses_on(population, test).reshape(*errors.shape[:2], -1)
    values = {"test_error_pct": tested[best], "validation_error_pct": held_out[best], "step_size": r["rates"][best]}
    values |= _speeds(r, errors)
    found = rows(trial, values, population, Split(train.x[chosen[0]], train.y[chosen[0]]), test)
    if "shifts" not in r:
        return found
    return WithFiles(found, {PICTURES: feature_maps(population[best * len(trial.seeds)], validation.x[:100], r["shifts"])})


def _speeds(r, errors):
    """Metrics of how soon the training error falls to the targets; none where there are no targets."""
    from zoo.reproductions.trainers.learning_speed import fastest_rate, speeds, steps_to

    if not r["targets"]:
        return {}
    epochs = {target: steps_to(errors, target, r["epochs"]) for target in r["targets"]}
    fastest = fastest_rate(epochs, errors)
    values = speeds("epochs", {target: found[fastest] for target, found in epochs.items()}, r["epochs"])
    steps = r["n_train"] // r["batch_size"]
    for target, found in epochs.items():
        values[f"steps_to_{target:g}_percent_training_error"] = found[fastest] * steps
    return values | {"fastest_step_size": r["rates"][fastest]}


def _learn(trial, train, chosen):
    """(population of step sizes times seeds, training errors in percent (step sizes, seeds, epochs), NaN once diverged)."""
    import keras

    import zoo
    from zoo.datasets import describe

    r = trial.recipe
    shape, classes = train.x.shape[1:], describe(trial.dataset).classes
    options = dict(r["options"])
    if "as_many_weights_as" in r:
        weights = zoo.create_model("convnet", shape, classes, **r["as_many_weights_as"]).count_params()
        options["widths"] = equal_widths(weights, int(np.prod(shape)), classes, r["layers"])
    rates, steps = r["rates"], r["epochs"] * (r["n_train"] // r["batch_size"])
    population = zoo.Population(lambda: zoo.create_model(trial.model, shape, classes, **options), [*trial.seeds] * len(rates))
    adam = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rates[0], steps))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    population.compile(adam, loss, ["accuracy"], learning_rate=np.repeat(rates, len(trial.seeds)))
    history = population.fit(
        train.x,
        train.y,
        epochs=r["epochs"],
        batch_size=r["batch_size"],
        drop_remainder=True,
        subsets=np.tile(chosen, (len(rates), 1)),
        verbose=False,
    )
    error = 100 * (1 - history.accuracy).where(np.isfinite(history.loss))
    return population, error.to_numpy().reshape(len(rates), len(trial.seeds), r["epochs"])


def equal_widths(weights, inputs, classes, layers):
    """Widths, all the same, of `layers` hidden layers with which a fully connected net has so many weights, biases included.

    Raises InvalidInput where no width comes within 2% of that.
    """

    def count(width):
        return sum((a + 1) * b for a, b in itertools.pairwise([inputs, *[width] * layers, classes]))

    width = min(range(1, weights // inputs + 2), key=lambda width: abs(count(width) - weights))
    if abs(count(width) / weights - 1) > TOLERANCE:
        raise InvalidInput(
            f"No fully connected net with {inputs} inputs and {layers} equal hidden layers has {weights:,} weights within "
            f"{TOLERANCE:.0%}; {width} units give {count(width):,}. Take a larger ConvNet or another number of layers."
        )
    return [width] * layers

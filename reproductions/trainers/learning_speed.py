"""How fast nets learn: populations of seeds times step sizes, and the SGD steps that each net takes to given training errors.

Training errors are those met while training: the mean over an epoch's batches, each taken before its own step, which
stands for the middle of that epoch. Between two epochs the error is interpolated on a logarithmic scale.
"""

import numpy as np

from zoo.reproductions.trainers.step_sizes import errors_on, losses_on, most_accurate, rows

STARTS = {
    # U[-1/sqrt(n), 1/sqrt(n)], n inputs: the custom before Glorot & Bengio (2010)
    "old uniform": {"scale": 1 / 3, "mode": "fan_in", "distribution": "uniform"},
    # U[-sqrt(6/(n+m)), sqrt(6/(n+m))], n inputs and m outputs: Glorot & Bengio (2010)
    "normalised": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform"},
    # U[-sqrt(6/n), sqrt(6/n)]: He et al. (2015)
    "He": {"scale": 2.0, "mode": "fan_in", "distribution": "uniform"},
}
# The units whose slope at 0 is not 1, as the normalised start takes it to be, and not ReLU's, for which He's is made. They
# have a "scaled" start, too: within the normalised bounds over this slope.
SLOPES = {"sigmoid": 1 / 4, "softplus": 1 / 2}
# In which epochs a learning curve is written down.
CURVE = (1, 2, 3, 5, 7, 10, 14, 20, 30)
WITHIN_FIRST = 0.5  # of an epoch: how a net counts that gets to a target within its first one


def train_mlp(trial, report):
    """The run function of a plain net of equal widths under plain SGD, in every step size of the recipe's grid.

    Rows: for each of the targets (training errors in percent) the SGD steps to it, in the step size that gets there
    soonest; a seed that never does has all the steps it was given, and a row then has the share of seeds that do. Test
    and validation error in percent, in the step size of the lowest mean validation error. Both step sizes.
    """
    from zoo.reproductions.trainers.data import splits

    r = trial.recipe
    train, validation, test = splits(trial.dataset, r["n_train"], r["n_test"])
    population, errors = learn(trial, train, {"widths": [r["width"]] * r["depth"], "input_dropout": 0}, r["activation"])
    report.progress(1, 1)
    steps = r["epochs"] * (len(train.x) // r["batch_size"])
    reached = {target: steps_to(errors, target, steps) for target in r["targets"]}
    fastest = fastest_rate(reached, errors)
    # All members are tested at once, but nothing looks at the test errors of those that were not chosen.
    held_out = errors_on(population, validation).reshape(errors.shape[:2])
    best, tested = most_accurate(held_out), losses_on(population, test).reshape(*errors.shape[:2], -1)
    values = speeds("steps", {target: found[fastest] for target, found in reached.items()}, steps)
    values |= {"test_error_pct": tested[best], "validation_error_pct": held_out[best]}
    values |= {"fastest_step_size": r["rates"][fastest], "most_accurate_step_size": r["rates"][best]}
    return rows(trial, values, population, train, test)


def train_convnet(trial, report):
    """The run function of a ConvNet in the step size that makes it fastest, without regularisation.

    The mean training image is subtracted, as Krizhevsky et al. (2012) do. Rows: epochs to the recipe's target (training
    error in percent), all epochs for a seed that never gets there, and then the share of seeds that do; training errors
    in some epochs; test error after the last; the step size. All of the same step size.
    """
    from zoo.reproductions.trainers.data import Split, splits

    r = trial.recipe
    train, _, test = splits(trial.dataset, r["n_train"], r["n_test"])
    mean = train.x.mean(axis=0, dtype="float64")
    train, test = (Split(((split.x - mean) / 255).astype("float32"), split.y) for split in (train, test))
    options = r["options"] | {"rescale": None, "dense": 0, "batch_norm": False}
    population, errors = learn(trial, train, options, r["activation"])
    report.progress(1, 1)
    reached = {r["target"]: steps_to(errors, r["target"], r["epochs"])}
    fastest = fastest_rate(reached, errors)
    values = speeds("epochs", {target: epochs[fastest] for target, epochs in reached.items()}, r["epochs"])
    for epoch in CURVE:
        if epoch <= r["epochs"]:
            values[f"percent_training_error_in_epoch_{epoch}"] = errors[fastest, :, epoch - 1]
    values["test_error_pct"] = losses_on(population, test).reshape(*errors.shape[:2], -1)[fastest]
    values["fastest_step_size"] = r["rates"][fastest]
    return rows(trial, values, population, train, test)


def speeds(unit, reached, most):
    """Metrics {name: by seed} of the steps or epochs to some targets, and the share of seeds that got there within `most`."""
    values = {}
    for target, found in reached.items():
        values[f"{unit}_to_{target:g}_percent_training_error"] = found
        if (found == most).any():
            values[f"share_reaching_{target:g}_percent"] = np.where(np.isnan(found), np.nan, found < most)
    return values


def learn(trial, train, options, activation):
    """Train step sizes times seeds, all without dropout; (population, errors (step sizes, seeds, epochs)).

    errors: training error in percent, NaN from the epoch on in which a member diverged.
    """
    import keras

    import zoo
    from zoo.datasets import describe

    r, shape, classes = trial.recipe, train.x.shape[1:], describe(trial.dataset).classes
    start = keras.initializers.VarianceScaling(**start_of(r["start"], activation)) if "start" in r else None
    options = options | {"activation": activation, "initialiser": start, "dropout": 0}
    population = zoo.Population(lambda: zoo.create_model(trial.model, shape, classes, **options), [*trial.seeds] * len(r["rates"]))
    optimizer = keras.optimizers.SGD(r["rates"][0], momentum=r["momentum"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    population.compile(optimizer, loss, ["accuracy"], learning_rate=np.repeat(r["rates"], len(trial.seeds)))
    history = population.fit(train.x, train.y, epochs=r["epochs"], batch_size=r["batch_size"], drop_remainder=True, verbose=False)
    error = 100 * (1 - history.accuracy).where(np.isfinite(history.loss))
    return population, error.to_numpy().reshape(len(r["rates"]), len(trial.seeds), r["epochs"])


def start_of(name, activation):
    """Options of keras.initializers.VarianceScaling: a start of STARTS, or "scaled" for a unit of SLOPES."""
    if name == "scaled":
        return STARTS["normalised"] | {"scale": SLOPES[activation] ** -2}
    return STARTS[name]


def steps_to(errors, target, steps):
    """Steps (or epochs) to a training error, (...) floats, from errors (..., epochs) of a run of `steps` of them.

    `steps` itself, the censored value, where it is never reached; NaN where the member diverged.
    """
    length = steps / errors.shape[-1]
    return np.apply_along_axis(lambda curve: _epochs_to(curve, target) * length, -1, errors)


def _epochs_to(curve, target):
    if not np.isfinite(curve).all():
        return np.nan
    below = np.flatnonzero(curve <= target)
    if not len(below):
        return float(len(curve))
    if below[0] == 0:
        return WITHIN_FIRST
    # An error of 0 has no logarithm; so many hundredths of a percent are less than any target.
    before, after = np.log(np.maximum(curve[below[0] - 1 : below[0] + 1], 0.01))
    return below[0] - 0.5 + (before - np.log(target)) / (before - after)


def fastest_rate(reached, errors):
    """Index of the step size that comes to the lowest target soonest, on average over seeds; ties go by the next target.

    reached: {target: steps (step sizes, seeds)}; errors: (step sizes, seeds, epochs), whose last epoch decides where no
    step size gets anywhere. One with a diverged seed comes last.
    """

    def merit(rate):
        found = [*(steps[rate].mean() for _, steps in sorted(reached.items())), errors[rate, :, -1].mean()]
        return [value if np.isfinite(value) else np.inf for value in found]

    return min(range(len(errors)), key=merit)

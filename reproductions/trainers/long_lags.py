"""Recurrent nets on tasks that need what was long ago: the adding problem, and images read pixel by pixel.

All nets are tuned alike: every seed is trained in every step size of the same grid, and one is chosen for all of them.
"""

import numpy as np

from zoo.reproductions.harness.trial import WithFiles
from zoo.reproductions.trainers.arrays import packed
from zoo.reproductions.trainers.data import Split
from zoo.reproductions.trainers.step_sizes import losses_on, rows

WRONG = 0.08  # error of a sum in 0..2 from which it is wrong: 0.04 of Hochreiter & Schmidhuber's target, half the sum
SOLVED = 0.01  # mean squared error below which a length counts as solved
GRADIENT_SEQUENCES = 64
LEAST_TRIED = "least_step_size_tried"
RATES = (0.001, 0.003, 0.01)  # step sizes on the adding problem
SMALLER = (0.00001, 0.00003, 0.0001, 0.0003)  # what hour and full offer beside them to nets that ask for less where T is long:
ASKED = {"rnn": 0.01, "irnn": 0.03, "lstm": 0.03}  # by these, the least step size times T, near what they took where they learnt
# And on so few pixels as quick and hour read: as many for each net, smaller ones for the irnn, whose gradients grow most.
PIXEL_RATES = dict.fromkeys(("rnn", "lstm", "lstm, chrono start"), (*RATES, 0.03)) | {"irnn": (0.0001, 0.0003, 0.001, 0.003)}
PIXEL_RATES |= {"rnn, twice as wide": (0.0003, *PIXEL_RATES["rnn"])}  # wider nets ask for smaller ones


def train_adding(trial, report):
    """The run function of a recurrent model on the adding problem.

    The recipe names length (of the shortest sequences), options (of the model), n_train, n_validation, n_test, rates,
    epochs, batch_size. Rows: mse and wrong_pct of test, validation_mse, step_size, the least that was tried, and for start
    and trained the log10_gradient: that of the output by the number half a length before the end over that by the last
    number. Files: the gradient at every lag.
    """
    from zoo.datasets.adding.sequences import PADDING

    r = trial.recipe
    train, validation, test = adding_splits(r)
    task = {"loss": "mean_squared_error", "metrics": [], "score": lambda found: found.loss}
    options = r["options"] | {"rescale": None, "padding": PADDING}
    population, members, rate = tuned(trial, options, 1, train, validation, task, report)
    error = np.abs(population.predict(test.x)[members, :, 0] - test.y)
    values = {
        "mse": np.mean(error**2, axis=1),
        "wrong_pct": 100 * np.mean(error > WRONG, axis=1),
        "validation_mse": population.evaluate(*validation).loss.to_numpy()[members],
        LEAST_TRIED: np.full(len(members), min(r["rates"])),
    }
    curves = gradients_by_lag(population, members, test.x[:GRADIENT_SEQUENCES], r["length"])
    for when, found in curves.items():
        values[f"log10_gradient_{when}"] = np.log10(found[:, r["length"] // 2] / found[:, 0])
    return WithFiles(_rows(trial, population, members, rate, train, test, values), {"gradients.npz": packed(curves)})


def adding_rates(name, length):
    """The step sizes that hour and full offer a net at a T: RATES and smaller ones, down to what it ASKED for at this T."""
    return [rate for rate in SMALLER if rate * length >= 0.9 * ASKED.get(name, np.inf)] + list(RATES)


def adding_splits(recipe):
    """Train, validation and test sequences of a recipe, always the same for the same length and numbers of sequences."""
    from zoo.datasets.adding.sequences import draw

    random = np.random.RandomState(recipe["length"])
    return [Split(*draw(recipe[f"n_{part}"], recipe["length"], random)) for part in ("train", "validation", "test")]


def train_pixels(trial, report):
    """The run function of a recurrent model that reads images pixel by pixel.

    The recipe names pool (side of the squares of pixels that are averaged to one), permuted, options (of the model),
    n_train, n_test, rates, epochs, batch_size. Rows: test_error_pct, validation_error_pct and step_size of every seed.
    """
    import keras

    from zoo.datasets import describe
    from zoo.datasets.pixels import pixel_sequences
    from zoo.reproductions.trainers.data import splits

    r = trial.recipe
    parts = splits(trial.dataset, r["n_train"], r["n_test"])
    train, validation, test = (Split(pixel_sequences(part.x, r["pool"], r["permuted"]), part.y) for part in parts)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    task = {"loss": loss, "metrics": ["accuracy"], "score": lambda found: -found.accuracy}
    classes = describe(trial.dataset).classes
    population, members, rate = tuned(trial, r["options"], classes, train, validation, task, report)
    values = {
        "test_error_pct": losses_on(population, test)[members],
        "validation_error_pct": 100 * (1 - population.evaluate(*validation).accuracy.to_numpy()[members]),
    }
    return _rows(trial, population, members, rate, train, test, values)


def tuned(trial, options, outputs, train, validation, task, report):
    """(population of every seed in every step size, trained; the places of the best step size's members; that step size).

    task: loss, metrics, and score(what evaluate returns), of which the lowest mean over seeds wins; a net that diverged
    rules its step size out, unless all do.
    """
    import zoo

    r, seeds, rates = trial.recipe, trial.seeds, trial.recipe["rates"]
    population = zoo.Population(lambda: zoo.create_model(r["model"], train.x.shape[1:], outputs, **options), [*seeds] * len(rates))
    each = np.repeat(rates, len(seeds))
    population.compile(_optimizer(r, len(train.x)), task["loss"], task["metrics"], learning_rate=each)
    settings = {"epochs": r["epochs"], "batch_size": r["batch_size"], "drop_remainder": True, "backup": report.backup}
    population.fit(*train, verbose=False, **settings)
    report.progress(1, 1)
    score = task["score"](population.evaluate(*validation)).to_numpy().reshape(len(rates), len(seeds))
    lost = population.diverged.reshape(score.shape) | ~np.isfinite(score)
    best = int(np.argmin(np.where(lost, np.inf, score).mean(axis=1)))
    return population, np.arange(len(seeds)) + best * len(seeds), rates[best]


def _optimizer(recipe, n):
    """Adam, the step size falling to 0, gradients clipped to length 1: without that, plain recurrent nets diverge."""
    import keras

    steps = recipe["epochs"] * (n // recipe["batch_size"])
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(recipe["rates"][0], steps), global_clipnorm=1.0)


def gradients_by_lag(population, members, x, most):
    """{"start": (members, most), "trained": ...}: how strongly the output depends on the number `lag` steps before the end.

    The root mean square over sequences x (n, steps, 2), padded, of the derivative of the output by that number, for lags 0 to
    most - 1; NaN for a member whose output is not finite.
    """
    from zoo.datasets.adding.sequences import lengths
    from zoo.training.members import build_member

    places, derivatives = lengths(x)[:, None] - 1 - np.arange(most), _derivatives(population.template, x)

    def curve(model):
        found = np.take_along_axis(derivatives(model)[:, :, 0].astype(float), places, axis=1)
        # What 32 bits round to 0 is as small as they can tell: a logarithm of 0 would read as a net that diverged.
        return np.maximum(np.sqrt(np.mean(found**2, axis=0)), np.finfo(np.float32).tiny)

    starts = [build_member(population.build, population.seeds[member], population.precision) for member in members]
    return {
        "start": np.stack([curve(model) for model in starts]),
        "trained": np.stack([curve(population[member]) for member in members]),
    }


def _derivatives(template, x):
    """A function of a model like the template that gives the derivative of each example's one output by its input, like x."""
    import keras

    from zoo.training.members import variables_of

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        def of(model):
            inputs = tf.constant(x)
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                total = tf.reduce_sum(model(inputs, training=False))
            return tape.gradient(total, inputs).numpy()

        return of
    import jax

    # Compiled once for all models: their weights are arguments.
    slope = jax.jit(jax.grad(lambda inputs, *weights: template.stateless_call(*weights, inputs, training=False)[0].sum()))
    return lambda model: np.asarray(slope(x, *variables_of(model)))


def _rows(trial, population, members, rate, train, test, values):
    """Rows from {metric: (seeds,) or (seeds, n)}; NaN where a seed diverged."""
    lost = population.diverged[members]
    values = {metric: np.where(lost if each.ndim == 1 else lost[:, None], np.nan, each) for metric, each in values.items()}
    return rows(trial, values | {"step_size": rate}, population, train, test)

"""Trains LeCun's nets of 1989 on many draws of a few small images: 320 to learn from and 160 to be tested on."""

import numpy as np


def train_on_few(trial, report):
    """The run function of one of the nets: all seeds and step sizes as one population, every seed on a draw of its own.

    The recipe names net, side (of the images), pool and held_out (of so many training and test images is drawn; held_out
    cuts validation too), n_train, n_test, epochs, batch_size and rates, peaks of a cosine decay, of which the one with the
    lowest mean validation error is kept. Rows: accuracy in percent on the drawn test images, on all of those they
    were drawn from, and on the training images in the last epoch; the step size.
    """
    from zoo.reproductions.trainers.data import Split
    from zoo.reproductions.trainers.draws import draws
    from zoo.reproductions.trainers.small_images import small_splits
    from zoo.reproductions.trainers.step_sizes import errors_on, most_accurate, rows

    r = trial.recipe
    train, validation, test = small_splits(trial.dataset, r["side"], r["pool"], r["held_out"])
    chosen, drawn = draws(trial.seeds, r["n_train"], train), draws(trial.seeds, r["n_test"], test, stream=1)
    population, learnt = _fitted(trial, train, chosen)
    report.progress(1, 2)
    grid = len(r["rates"]), len(trial.seeds)
    best = most_accurate(errors_on(population, validation).reshape(grid))
    right = (population.predict(test.x).argmax(axis=-1) == test.y).reshape(*grid, -1)[best].astype(float)
    right[population.diverged.reshape(grid)[best]] = np.nan
    values = {
        "test_accuracy_pct": 100 * np.take_along_axis(right, drawn, axis=1).mean(axis=1),
        "accuracy_on_all_test_images_pct": 100 * right.mean(axis=1),
        "training_accuracy_pct": learnt.reshape(grid)[best],
        "step_size": r["rates"][best],
    }
    few, tested = (Split(split.x[rows[0]], split.y[rows[0]]) for split, rows in ((train, chosen), (test, drawn)))
    return rows(trial, values, population, few, tested)


def _fitted(trial, train, chosen):
    """(trained population, accuracy in percent of every member on its training images, met during the last epoch)."""
    import keras

    import zoo
    from zoo.datasets import describe

    r = trial.recipe
    shape, classes, rates = train.x.shape[1:], describe(trial.dataset).classes, r["rates"]
    population = zoo.Population(
        lambda: zoo.create_model("lecun1989", shape, classes, net=r["net"]), [*trial.seeds] * len(rates)
    )
    # A step size for each weight, as the second-order method of 1989 had it: a shared weight has a steeper slope.
    steps = r["epochs"] * (r["n_train"] // r["batch_size"])
    adam = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rates[0], steps))
    population.compile(adam, squared_error, ["accuracy"], learning_rate=np.repeat(rates, len(trial.seeds)))
    history = population.fit(
        train.x, train.y, epochs=r["epochs"], batch_size=r["batch_size"], drop_remainder=True,
        subsets=np.tile(chosen, (len(rates), 1)), verbose=False,
    )
    accuracy = (100 * history.accuracy).where(np.isfinite(history.loss)).to_numpy()
    return population, accuracy.reshape(len(population), -1)[:, -1]


def squared_error(labels, logits):
    """(n,): half the summed squared differences of the outputs, scaled_tanh of the logits, from +1 and -1, as in 1989."""
    from keras import ops

    from zoo.layers import scaled_tanh

    wanted = 2 * ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), logits.shape[-1], dtype=logits.dtype) - 1
    return ops.sum((scaled_tanh(logits) - wanted) ** 2, axis=-1) / 2

"""Trains LeCun's nets of 1989 on many draws of a few small images: 320 to learn from and 160 to be tested on.

Reference: LeCun, Generalization and network design strategies, Technical Report CRG-TR-89-4, University of Toronto 1989.
"""

import numpy as np


def train_on_few(trial, report):
    """The run function of one of the nets: all seeds and step sizes as one population, every seed on a draw of its own.

    The recipe names net, side (of the images), pool and held_out (of so many training and test images is drawn; held_out
    cuts validation too), n_train, n_test, batch_size, lengths, numbers of epochs, and rates, peaks of a cosine decay over
    these, of which the pair with the lowest mean validation error is kept; with "places" digits are drawn as draws_in_places
    says, all from the training images, and those of validation and testing stand in one place after the other. Rows: accuracy
    in percent on the drawn test images, on all of those held out, and on the training images in the last epoch; the step size
    and the epochs.
    """
    from zoo.datasets import describe
    from zoo.reproductions.trainers.data import Split
    from zoo.reproductions.trainers.draws import PLACES, draws, draws_in_places, in_places
    from zoo.reproductions.trainers.small_images import small_splits
    from zoo.reproductions.trainers.step_sizes import errors_on, most_accurate, rows

    r = trial.recipe
    train, validation, test = small_splits(trial.dataset, r["side"], r["pool"], r["held_out"])
    few = test
    if r.get("places"):
        classes = describe(trial.dataset).classes
        x, y, chosen, drawn = draws_in_places(trial.seeds, r["n_train"], r["n_test"], train, classes)
        train, few = Split(x, y), Split(x, y)
        validation, test = (
            Split(in_places(part.x)[np.arange(len(part.x)) * PLACES + np.arange(len(part.x)) % PLACES], part.y)
            for part in (validation, test)
        )
    else:
        chosen, drawn = draws(trial.seeds, r["n_train"], train), draws(trial.seeds, r["n_test"], test, stream=1)
    grid, seconds, errors, fitted = (len(r["rates"]), len(trial.seeds)), 0.0, [], []
    for done, epochs in enumerate(r["lengths"], start=1):
        population, learnt = _fitted(trial, train, chosen, epochs)
        errors.append(errors_on(population, validation).reshape(grid))
        fitted.append((population, learnt))
        seconds += population.fit_seconds
        report.progress(done, len(r["lengths"]) + 1)
    length, best = divmod(most_accurate(np.concatenate(errors)), len(r["rates"]))
    population, learnt = fitted[length]
    lost = population.diverged.reshape(grid)[best]

    def right(split):
        """Which images every seed in the best step size is right on, 1.0 or 0.0, (seeds, n); NaN where it diverged."""
        hits = (population.predict(split.x).argmax(axis=-1) == split.y).reshape(*grid, -1)[best].astype(float)
        hits[lost] = np.nan
        return hits

    on_all = right(test)
    if r.get("places"):
        tested = np.unique(drawn)  # each seed's own, of images that the others were not drawn
        on_few = right(Split(few.x[tested], few.y[tested]))[np.arange(grid[1])[:, None], np.searchsorted(tested, drawn)]
    else:
        on_few = np.take_along_axis(on_all, drawn, axis=1)
    values = {
        "test_accuracy_pct": 100 * on_few.mean(axis=1),
        "accuracy_on_all_test_images_pct": 100 * on_all.mean(axis=1),
        "training_accuracy_pct": learnt.reshape(grid)[best],
        "step_size": r["rates"][best],
        "epochs": r["lengths"][length],
    }
    learnt_on, tested_on = (Split(split.x[some[0]], split.y[some[0]]) for split, some in ((train, chosen), (few, drawn)))
    spent = {"epochs": r["lengths"][length], "seconds": seconds / len(trial.seeds)}
    return rows(trial, values, population, learnt_on, tested_on, **spent)


def _fitted(trial, train, chosen, epochs):
    """(trained population, accuracy in percent of every member on its training images, met during the last of the epochs)."""
    import keras

    import zoo
    from zoo.datasets import describe

    r = trial.recipe
    shape, classes, rates = train.x.shape[1:], describe(trial.dataset).classes, r["rates"]
    population = zoo.Population(lambda: zoo.create_model("lecun1989", shape, classes, net=r["net"]), [*trial.seeds] * len(rates))
    # A step size for each weight, as the second-order method of 1989 had it: a shared weight has a steeper slope.
    steps = epochs * (r["n_train"] // r["batch_size"])
    adam = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rates[0], steps))
    population.compile(adam, squared_error, ["accuracy"], learning_rate=np.repeat(rates, len(trial.seeds)))
    history = population.fit(
        train.x,
        train.y,
        epochs=epochs,
        batch_size=r["batch_size"],
        drop_remainder=True,
        subsets=np.tile(chosen, (len(rates), 1)),
        verbose=False,
    )
    accuracy = (100 * history.accuracy).where(np.isfinite(history.loss)).to_numpy()
    return population, accuracy.reshape(len(population), -1)[:, -1]


def squared_error(labels, logits):
    """(n,): half the summed squared differences of the outputs, scaled_tanh of the logits, from +1 and -1, as in 1989."""
    from keras import ops

    from zoo.layers import scaled_tanh

    wanted = 2 * ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), logits.shape[-1], dtype=logits.dtype) - 1
    return ops.sum((scaled_tanh(logits) - wanted) ** 2, axis=-1) / 2

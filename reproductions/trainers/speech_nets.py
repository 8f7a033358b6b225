"""Nets on windows of speech: pre-trained on all of it without labels or not, then trained on the minutes that are labelled."""

import numpy as np

STRETCH = "stretch.npz"
SHOWN = 300  # frames, three seconds, whose predictions a trial leaves for the picture


def train_net(trial, report):
    """The run function of a zoo model on frames of speech.

    The recipe names options (of the model), pretraining (of zoo.pretrain and its learning_rate, None for a random start),
    speech (minutes of the pool, labelled or not, all of which pre-training sees, of validation and of test), minutes
    (labelled, ascending), epochs (for each number of minutes), rates (step sizes), batch_size and shown (whether to leave
    predictions).
    Adam with cosine decay. The epoch that errs least on validation counts, in the step size whose seeds do so on average.
    Rows: test and validation error with so many minutes, the training error, which is the mean over the batches of the
    epoch that counts, as they were trained on, dropout included, and the step size. Files, if shown: log-mel, phones and
    the first seed's predictions, with most minutes, of the first three seconds of test speech.
    """
    from zoo.reproductions.harness import WithFiles
    from zoo.reproductions.trainers.arrays import packed
    from zoo.reproductions.trainers.rows import rows_of
    from zoo.reproductions.trainers.speech import FRAMES_PER_MINUTE, speech
    from zoo.reproductions.trainers.speech_baselines import metric
    from zoo.reproductions.trainers.step_sizes import starts_of

    r = trial.recipe
    train, validation, test = speech(trial.dataset, **r["speech"])
    pretraining = r["pretraining"] and {"batch_size": r["batch_size"], **r["pretraining"]}
    starts = starts_of(_build(trial, train), trial.seeds, train.x, pretraining)
    steps, rows, predicted = len(r["minutes"]) + 1, [], None
    report.progress(1, steps)
    for done, (minutes, epochs) in enumerate(zip(r["minutes"], r["epochs"], strict=True), start=2):
        errors, rate, seconds, predicted = _fit(trial, starts.weights, minutes, epochs, train, validation, test)
        n = round(minutes * FRAMES_PER_MINUTE)
        shared = {
            "n_train": n,
            "n_test": len(test.y),
            "parameters": starts.parameters,
            "updates": epochs * (n // r["batch_size"]),
            "seconds": starts.seconds + seconds,
            "precision": "float32",
        }
        values = {metric(split, minutes): by_seed for split, by_seed in errors.items()}
        rows += rows_of(trial.seeds, values | {f"step_size_for_{minutes:g}_minutes": rate}, shared)
        report.progress(done, steps)
    if not r["shown"]:
        return rows
    stretch = {"log_mel": test.spectrum[:SHOWN], "phones": test.y[:SHOWN], "predicted": predicted}
    return WithFiles(rows, {STRETCH: packed(stretch)})


def _build(trial, train):
    """The function that builds a member: windows are standardised, so nothing is rescaled."""
    import zoo
    from zoo.datasets import describe

    classes, options = describe(trial.dataset).classes, trial.recipe["options"]
    return lambda: zoo.create_model(trial.model, train.x.shape[1:], classes, rescale=None, **options)


def _fit(trial, weights, minutes, epochs, train, validation, test):
    """({split: errors by seed}, step size, seconds of one seed in all of these, predictions of the frames to show)."""
    import keras

    import zoo
    from zoo.reproductions.trainers.speech import labelled_frames
    from zoo.reproductions.trainers.step_sizes import errors_on, most_accurate
    from zoo.training.recipe import optimizer, recipe, steps

    r, seeds = trial.recipe, trial.seeds
    own = [labelled_frames(train.utterances, minutes, seed) for seed in seeds]
    settings = recipe(epochs=epochs, batch_size=r["batch_size"], learning_rate=r["rates"][0])
    population = zoo.Population(_build(trial, train), [*seeds] * len(r["rates"]), weights=weights * len(r["rates"]))
    population.compile(
        optimizer(settings, steps(settings, len(own[0]))),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        ["accuracy"],
        learning_rate=np.repeat(r["rates"], len(seeds)),
    )
    history = population.fit(
        train.x,
        train.y,
        subsets=np.stack(own * len(r["rates"])),
        epochs=epochs,
        batch_size=r["batch_size"],
        validation_data=(validation.x, validation.y),
        select="best",
        drop_remainder=True,
        verbose=False,
    )
    # All members are tested at once, but nothing looks at the test errors of step sizes that were not chosen.
    held_out, tested = (errors_on(population, (part.x, part.y)).reshape(len(r["rates"]), -1) for part in (validation, test))
    met = history[history.epoch == population.best_epoch[history.member]].accuracy.to_numpy().reshape(held_out.shape)
    best = most_accurate(held_out)
    predicted = None
    if r["shown"]:
        first = population[best * len(seeds)]
        predicted = np.argmax(first.predict(test.x[:SHOWN], verbose=0), axis=-1).astype(np.int16)
    met = np.where(np.isfinite(held_out), 100 * (1 - met), np.nan)
    errors = {"test": tested[best], "validation": held_out[best], "training": met[best]}
    return errors, r["rates"][best], population.fit_seconds / len(seeds), predicted

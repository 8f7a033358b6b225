"""Trains one population of classifiers per trial: fit on train, watch validation, touch the test split once."""

import time

import numpy as np

RECIPE = {
    "options": {},  # of zoo.create_model
    "n_train": None,  # the first so many training examples; None for all
    "n_test": None,
    "epochs": 30,
    "batch_size": 128,
    "learning_rate": 1e-3,  # peak of a cosine decay to 0 over all steps
    "weight_decay": None,  # decoupled, as in AdamW
    "ema": None,  # momentum of the average of the weights that is evaluated
    "precision": "float32",
    "pretraining": None,  # of zoo.pretrain, for autoencoder_stack
    "features": None,  # "hog": hand-made features in place of pixels
}


def recipe(**changes):
    """RECIPE with changes; an unknown name is a mistake."""
    unknown = changes.keys() - RECIPE.keys()
    if unknown:
        raise TypeError(f"A recipe has no {', '.join(sorted(unknown))}.")
    return RECIPE | changes


def train_classifier(trial, report):
    """The run function of a trial whose model is one of the zoo's; its recipe is made by `recipe`.

    Rows: test_error_pct and validation_error_pct of every seed, of the weights after the last epoch; seconds
    are the population's, hand-made features included and compilation not, divided by its members.
    """
    import zoo
    from zoo.datasets import describe
    from zoo.reproductions.trainers.data import splits

    r, classes = trial.recipe, describe(trial.dataset).classes
    began = time.perf_counter()
    train, validation, test = splits(trial.dataset, r["n_train"], r["n_test"], r["features"])
    preparation = time.perf_counter() - began if r["features"] else 0.0
    options = r["options"] | ({"rescale": None} if r["features"] else {})
    population = zoo.Population(
        lambda: zoo.create_model(trial.model, train.x.shape[1:], classes, **options), trial.seeds, precision=r["precision"]
    )
    if r["pretraining"]:
        pretrain(population, train.x, r)
    steps = r["epochs"] * (len(train.x) // r["batch_size"])
    population.compile(optimizer(r, steps), _cross_entropy(), ["accuracy"])
    population.fit(
        train.x, train.y, epochs=r["epochs"], batch_size=r["batch_size"], drop_remainder=True, verbose=False
    )
    report.progress(1, 1)
    seconds = (preparation + population.fit_seconds) / len(population)
    return rows(population, validation, test, {"n_train": len(train.x), "updates": steps, "seconds": seconds})


def pretrain(population, x, r):
    """Pre-train the encoders as recipe r says."""
    import keras

    import zoo

    settings = dict(r["pretraining"])
    rate = settings.pop("learning_rate")
    adam = keras.optimizers.Adam(rate)
    zoo.pretrain(population, x, optimizer=adam, batch_size=r["batch_size"], verbose=False, **settings)


def optimizer(r, steps):
    """Adam, or AdamW with weight decay, under a cosine decay over `steps` steps."""
    import keras

    rate = keras.optimizers.schedules.CosineDecay(r["learning_rate"], steps)
    average = {"use_ema": True, "ema_momentum": r["ema"]} if r["ema"] else {}
    if r["weight_decay"]:
        return keras.optimizers.AdamW(rate, weight_decay=r["weight_decay"], **average)
    return keras.optimizers.Adam(rate, **average)


def _cross_entropy():
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def rows(population, validation, test, shared):
    """One row per seed for the error on validation and on test, in percent; NaN where a seed diverged."""
    shared = shared | {
        "parameters": population.template.count_params(),
        "precision": population.precision,
    }
    found = []
    for metric, split in (("test_error_pct", test), ("validation_error_pct", validation)):
        for member in population.evaluate(*split).itertuples():
            error = np.nan if member.diverged else 100 * (1 - member.accuracy)
            found.append(shared | {"seed": member.seed, "metric": metric, "value": error, "n_test": len(split.x)})
    return found

"""Recurrent networks that learn text by predicting each next character, and what they then make of text not seen."""

import json

import numpy as np

from zoo.reproductions.harness import WithFiles
from zoo.reproductions.trainers.step_sizes import most_accurate
from zoo.reproductions.trainers.texts import METRIC, VALIDATION, rows, text_of
from zoo.tasks import ALPHABET

IGNORED = -1  # a target that is not counted
READ = 512  # characters of a window in which held-out text is read
SAMPLES = "samples.json"
PROMPT = 64  # characters that a sample goes on from
POINTS = 12  # of a validation curve, at most


def train_language_model(trial, report):
    """The run function of `language_model`: all seeds and step sizes as one population, on windows of the training text.

    The recipe names options (of the model), n_train, n_test, window and stride (characters of a window, and from one to the
    next), batch_size, epochs, rates (peak step sizes of Adam, which decay to 0; the one with the least mean validation loss
    is tested), perhaps samples (characters to draw) and a share of the training text. A state starts at 0 with every window.
    A seed is tested as it was after its best epoch on validation text, read in such windows too, the second half of each
    counted; its bits are then those of windows of READ characters. Rows: bits of every seed, on the test text with what each
    block costs, its validation bits after every epoch or, of many, after at most POINTS, the step size. With samples it
    leaves SAMPLES: how the first seed goes on with the end of the validation text.
    """
    import zoo

    r = trial.recipe
    text = text_of(trial.dataset, r["n_train"], r["n_test"], r.get("share", 1.0))
    x, y = training_windows(text.train, r["window"], r["stride"])
    population, seeds = _population(r, [*trial.seeds] * len(r["rates"]), r["window"]), len(trial.seeds)
    steps = len(x) // r["batch_size"]
    _compile(population, r, r["epochs"] * steps, seeds)
    history = population.fit(
        x,
        y,
        epochs=r["epochs"],
        batch_size=r["batch_size"],
        validation_data=held_out_windows(*text.validation, r["window"]),
        select="best",
        drop_remainder=True,
        verbose=False,
    )
    report.progress(1, 1)
    curves = history.val_loss.to_numpy().reshape(len(r["rates"]), seeds, r["epochs"]) / np.log(2)
    rate = most_accurate(curves.min(axis=2))
    members = range(rate * seeds, (rate + 1) * seeds)
    reader = _population(r, trial.seeds, READ, [population.get_weights(member) for member in members])
    _compile(reader, r | {"rates": r["rates"][:1]}, 1, seeds)
    lost = population.diverged[list(members)]
    values = {
        name: np.where(lost[:, None], np.nan, text.by_block(held_out_bits(reader, *part)))
        for name, part in ((METRIC, text.test), (VALIDATION, text.validation))
    }
    values[VALIDATION] = values[VALIDATION].mean(axis=1)
    values["step_size"] = r["rates"][rate]
    every = -(-r["epochs"] // POINTS)
    for epoch in range(every - 1, r["epochs"], every):
        values[f"validation_bits_after_{(epoch + 1) * steps}_updates"] = curves[rate, :, epoch]
    found = rows(
        trial,
        text,
        values,
        parameters=population.template.count_params(),
        updates=r["epochs"] * steps,
        seconds=population.fit_seconds / seeds,
        precision="float32",
    )
    if "samples" not in r:
        return found
    prompt = bytes(text.test[0][-PROMPT:]).decode("ascii")
    drawn = {str(t): zoo.generate(reader[0], prompt, r["samples"], t) for t in (0.5, 1.0)}
    return WithFiles(found, {SAMPLES: json.dumps({"prompt": prompt, "drawn": drawn}).encode()})


def training_windows(codes, window, stride):
    """(x, y): windows (n, window) of a text and the characters that follow each of theirs, int32."""
    found = np.lib.stride_tricks.sliding_window_view(codes, window + 1)[::stride].astype("int32")
    return found[:, :-1], found[:, 1:]


def held_out_windows(before, text, window):
    """(x, y) like training_windows, of a text after another; every target counts once, after half a window or more.

    The others are IGNORED: the first half of each window, and in the last one what lies beyond the text.
    """
    half = window // 2
    whole = np.concatenate([before[-(window - half + 1) :], text]).astype("int32")
    n = -(-len(text) // half)
    x = np.pad(whole, (0, n * half - len(text)))
    y = np.pad(whole, (0, n * half - len(text)), constant_values=IGNORED)
    x, y = (np.lib.stride_tricks.sliding_window_view(part, window + 1)[::half] for part in (x, y))
    y = y[:, 1:].copy()
    y[:, : window - half] = IGNORED
    return x[:, :-1], y


def held_out_bits(population, before, text):
    """What each character of a text after another costs every member in bits, (K, n) float64.

    It is read in windows as long as the members' input.
    """
    x, y = held_out_windows(before, text, population.template.input_shape[1])
    counted = y != IGNORED
    logits = population.predict(x)[:, counted].astype("float64")
    largest = logits.max(axis=-1)
    sums = np.log(np.exp(logits - largest[..., None]).sum(axis=-1)) + largest
    return (sums - logits[:, np.arange(counted.sum()), y[counted]]) / np.log(2)


def _population(recipe, seeds, window, weights=None):
    import zoo

    build = {"input_shape": (window,), "classes": ALPHABET, **recipe["options"]}
    return zoo.Population(lambda: zoo.create_model("language_model", **build), seeds, weights=weights)


def _compile(population, recipe, steps, seeds):
    """Adam under a cosine decay; gradients longer than 1 are cut to that (Pascanu, Mikolov & Bengio 2013)."""
    import keras

    decay = keras.optimizers.schedules.CosineDecay(recipe["rates"][0], steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=IGNORED)
    population.compile(keras.optimizers.Adam(decay, global_clipnorm=1.0), loss, learning_rate=np.repeat(recipe["rates"], seeds))

"""What the engine's tests share: digits, small models of the zoo, and a training run that another backend can repeat."""

import contextlib
import sys

import numpy as np
import pytest

# Options of the zoo's models, by name, so that a model trains in moments and without randomness in its layers.
SMALL = {
    "blocks": ((4,), (6, 6)),
    "code": 4,
    "dense": 8,
    "dropout": 0.0,
    "features": 32,
    "input_dropout": 0.0,
    "layers": 1,
    "units": 8,
    "widths": (8, 6),
}


@contextlib.contextmanager
def cut_off(monkeypatch, after):
    """Within it, who trains a population is interrupted, as by Ctrl-C, once so many epochs of all its members are over."""
    from zoo.training.progress import Progress

    advance = Progress.advance

    def counting(self, epochs=1, note=""):
        advance(self, epochs, note)
        if self.done >= after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Progress, "advance", counting)
        yield


def digits(name="linear", n=100, held_out=50):
    """((x, y), (x, y)) of digits: n examples to train a model on and some to validate on; y is x where it reconstructs.

    For a model of text, the first rows of a digit are a text of 20 letters, which are 16 shades.
    """
    import zoo
    from zoo.registry import models_text, reconstructs

    data, pairs = zoo.datasets.load("digits"), []
    for part, m in ((data.train, n), (data.validation, held_out)):
        x, y = np.array(part.x[:m]), np.array(part.y[:m])
        if models_text(name):
            letters = x.reshape(m, -1) // 16
            x, y = letters[:, :20], letters[:, 1:21]
        pairs.append((x, (x / 255).astype("float32") if reconstructs(name) else y))
    return tuple(pairs)


def small_model(name, **options):
    """A small model of the zoo for digits."""
    import zoo
    from zoo.registry import model_options, models_text, reconstructs

    shape, classes = ((20,), 16) if models_text(name) else ((8, 8), None if reconstructs(name) else 10)
    return zoo.create_model(name, shape, classes, **{o: v for o, v in SMALL.items() if o in model_options(name)}, **options)


def loss_and_metric(name):
    """What a small model is trained with: class labels, or the pixels that it reconstructs."""
    import keras

    from zoo import reconstruction
    from zoo.registry import reconstructs

    if reconstructs(name):
        return reconstruction.loss(), reconstruction.squared_error
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True), "accuracy"


def compiled(seeds=(0,), name="linear", optimizer=None, metrics=None, learning_rate=None, **options):
    """A population of small models, compiled for what they are for; Adam of rate 0.01 by default."""
    import keras

    import zoo

    population = zoo.Population(lambda: small_model(name), seeds, **options)
    optimizer = keras.optimizers.Adam(0.01) if optimizer is None else optimizer
    loss, metric = loss_and_metric(name)
    population.compile(optimizer, loss, [metric] if metrics is None else metrics, learning_rate=learning_rate)
    return population


@contextlib.contextmanager
def refused(population, match):
    """Within it InvalidInput must be raised, with this message, and nothing of the population may change."""
    from numpy.testing import assert_array_equal

    from zoo.errors import InvalidInput

    before = [population.get_weights(k) for k in range(len(population))]
    trained, histories = population.epochs_trained, len(population.history)
    with pytest.raises(InvalidInput, match=match) as caught:
        yield
    assert "\n" not in str(caught.value)
    for k, arrays in enumerate(before):
        for old, new in zip(arrays, population.get_weights(k), strict=True):
            assert_array_equal(old, new)
    assert (population.epochs_trained, len(population.history)) == (trained, histories)


@pytest.fixture(scope="module")
def data():
    """((x, y), (x, y)): 100 digits to train on, 50 to validate."""
    return digits()


@pytest.fixture(scope="module")
def reference(data):
    """Three members after two epochs: (population, history)."""
    population = compiled([0, 1, 2])
    return population, population.fit(*data[0], epochs=2, batch_size=32, validation_data=data[1])


def assert_same(history, other):
    """Histories are equal within float32."""
    import pandas as pd

    pd.testing.assert_frame_equal(history.reset_index(drop=True), other.reset_index(drop=True), rtol=1e-5, atol=1e-6)


def train_from(weights, name, file=None):
    """(history, final weights, predictions) of a population whose members start from `weights`; file: where to save it."""
    import keras

    (x, y), held_out = digits(name)
    # not Adam, which turns the rounding of a vanishing gradient into a step of full length
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    population = compiled(range(len(weights)), name, optimizer, weights=weights)
    history = population.fit(x, y, epochs=3, batch_size=32, validation_data=held_out, select="best")
    finals = [array for k in range(len(population)) for array in population.get_weights(k)]
    if file is not None:
        population.save(file)
    return history, finals, population.predict(held_out[0])


def main(folder, *names):
    """Repeat `train_from` on the backend of this process, from folder/NAME.npz to folder/NAME-done.npz."""
    for name in names:
        with np.load(f"{folder}/{name}.npz") as file:
            arrays = [file[f"arr_{i}"] for i in range(len(file.files))]
        half = len(arrays) // 2
        history, finals, outputs = train_from([arrays[:half], arrays[half:]], name, f"{folder}/{name}-saved.npz")
        np.savez(f"{folder}/{name}-done.npz", *finals, outputs=outputs)
        history.to_csv(f"{folder}/{name}-done.csv", index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])

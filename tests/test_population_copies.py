"""What a copy and a pickle of a population train is what the population itself does, also where Keras's configurations lack it."""

import copy
import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

import zoo

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(40, 3)).astype("float32"), RANDOM.normal(size=(40, 2)).astype("float32")


def excluding():
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=5.0)
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    return optimizer


class OwnLoss(keras.losses.Loss):
    """Registered nowhere."""

    def call(self, y, output):
        return keras.ops.mean(3 * (y - output) ** 2, axis=-1)


def squares(y, output):
    return keras.ops.mean((y - output) ** 2, axis=-1)


def two_outputs():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def made(optimizer, loss, metrics=()):
    population = zoo.Population(two_outputs, [0, 1])
    population.compile(optimizer, loss, metrics)
    return population


CASES = {
    "an option of the loss": lambda: made("sgd", keras.losses.Huber(delta=0.1)),
    "an axis": lambda: made("sgd", keras.losses.CosineSimilarity(axis=0), [keras.metrics.CosineSimilarity(axis=0)]),
    "what does not decay": lambda: made(excluding(), "mse"),
    "a wrapped function": lambda: made("sgd", "mse", [keras.metrics.MeanMetricWrapper(squares, name="squares")]),
    "a schedule": lambda: made(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 10)), "mse"),
}
WAYS = {"copy": copy.copy, "deepcopy": copy.deepcopy, "pickle": lambda population: pickle.loads(pickle.dumps(population))}


@pytest.mark.backend
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES)
def test_a_copy_trains_what_the_population_does(case, way):
    population = CASES[case]()
    twin = WAYS[way](population)
    settings = {"epochs": 3, "batch_size": 8}
    assert_allclose(twin.evaluate(X, Y).loss, population.evaluate(X, Y).loss, rtol=1e-6)
    mine, own = (each.fit(X, Y, **settings) for each in (twin, population))
    assert_allclose(mine.drop(columns=["member", "seed"]), own.drop(columns=["member", "seed"]), rtol=1e-6)
    for part, other in zip(twin.get_weights(1), population.get_weights(1), strict=True):
        assert_allclose(part, other, rtol=1e-6)


def test_a_loss_that_nobody_registered_is_copied():
    population = made("sgd", OwnLoss())
    assert_allclose(copy.deepcopy(population).fit(X, Y).loss, population.fit(X, Y).loss, rtol=1e-6)


def test_the_history_of_several_calls_goes_member_by_member():
    population = made("sgd", "mse")
    for _ in range(2):
        population.fit(X, Y, epochs=2)
    assert population.history[["member", "epoch"]].to_numpy().tolist() == [[k, e] for k in (0, 1) for e in range(4)]

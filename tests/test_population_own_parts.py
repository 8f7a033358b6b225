"""Steps, optimizers, metrics and layers that a user wrote: what they say and what they are set to is Keras's, or refused."""

import random

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from layer_example import on_jax
from test_population_unusual import LOSS, X, Y, _telling, by_keras, fitted, net
from zoo.errors import InvalidInput

pytestmark = pytest.mark.backend


class Saying(keras.Sequential):
    """A model whose steps give the loss alone, and ten times as large as the metric that keeps it."""

    def train_step(self, *given):
        return _telling(lambda logs: {"loss": 10 * logs["loss"]}, super().train_step(*given))

    def test_step(self, *given):
        return _telling(lambda logs: {"loss": 10 * logs["loss"]}, super().test_step(*given))


def test_what_a_step_says_is_the_history_where_it_does_not_say_all_metrics():
    def build():
        return Saying([keras.Input((6,)), layers.Dense(3)])

    population, history = fitted(build, lambda: keras.optimizers.SGD(0.1), metrics=["accuracy"])
    model, expected = by_keras(build, lambda: keras.optimizers.SGD(0.1), metrics=["accuracy"])
    np.testing.assert_allclose(history.loss, expected["loss"], rtol=1e-5)
    np.testing.assert_allclose(history.val_loss, expected["val_loss"], rtol=1e-5)
    assert history.get("accuracy", history.loss * np.nan).isna().all(), "as nobody says it"
    told = model.evaluate(X, Y, verbose=0, return_dict=True)
    np.testing.assert_allclose(population.evaluate(X, Y).loss[0], told["loss"], rtol=1e-5)


def test_the_best_epoch_is_chosen_by_what_a_step_says():
    def build():
        return Saying([keras.Input((6,)), layers.Dense(3)])

    population = zoo.Population(build, [3])
    population.compile(keras.optimizers.SGD(0.1), LOSS, ["accuracy"])
    options = {"epochs": 4, "select": "best", "monitor": "val_loss", "verbose": False}
    history = population.fit(X, Y, validation_data=(X, Y), **options)
    assert population.best_epoch[0] == history.val_loss.argmin() == 3


class Tuples(keras.Sequential):
    """A model whose steps give the state as tuples."""

    def train_step(self, *given):
        logs, state = super().train_step(*given)
        return logs, tuple(map(tuple, state))

    def test_step(self, *given):
        logs, state = super().test_step(*given)
        return logs, tuple(map(tuple, state))


class Halved(keras.Sequential):
    """A model whose predict_step halves what it is given."""

    def predict_step(self, state, data):
        return self.stateless_call(*state, data / 2, training=False)


@on_jax
@pytest.mark.parametrize("kind", [Tuples, Halved])
def test_steps_take_and_give_what_keras_takes_and_gives(kind):
    def build():
        return kind([keras.Input((6,)), layers.Dense(3)])

    population, history = fitted(build, lambda: keras.optimizers.SGD(0.1))
    model, expected = by_keras(build, lambda: keras.optimizers.SGD(0.1))
    np.testing.assert_allclose(history.val_loss, expected["val_loss"], rtol=1e-5)
    np.testing.assert_allclose(population.predict(X)[0], model.predict(X, verbose=0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.Adagrad(0.1, initial_accumulator_value=2.0),
        lambda: keras.optimizers.Ftrl(0.1, initial_accumulator_value=3.0),
    ],
    ids=["adagrad", "ftrl"],
)
def test_variables_of_an_optimizer_that_start_at_whole_numbers_are_no_copies_of_weights(optimizer):
    population, history = fitted(net(head="zeros"), optimizer)
    model, expected = by_keras(net(head="zeros"), optimizer)
    np.testing.assert_allclose(history.loss, expected["loss"], rtol=1e-5)
    for mine, theirs in zip(population.get_weights(0), model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


class Forgetful(keras.optimizers.SGD):
    """An optimizer whose configuration is its own alone."""

    def __init__(self, learning_rate=0.01, strong=1.0, **others):
        super().__init__(learning_rate, **others)
        self.strong = strong

    def get_config(self):
        return {"strong": self.strong}


class Late(keras.optimizers.SGD):
    """An optimizer that is told something after it is made."""

    power = 1.0


class Within(keras.metrics.MeanMetricWrapper):
    """A metric with an option that its configuration does not tell."""

    def __init__(self, name="within", dtype=None, **others):
        self.limit = others.pop("limit", 0.5)
        super().__init__(keras.losses.sparse_categorical_crossentropy, name, dtype, **others)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}


def late():
    made = Late(0.1)
    made.power = 5.0
    return made


@pytest.mark.parametrize(
    "optimizer, metrics, lacking",
    [
        (lambda: Forgetful(0.3), [], "Forgetful.get_config.. must give learning_rate"),
        (late, [], "Late.get_config.. must give power"),
        (lambda: "sgd", [Within(limit=1.5)], "Within.get_config.. must give limit"),
    ],
    ids=["rate", "attribute", "metric"],
)
def test_a_copy_with_other_settings_is_refused(optimizer, metrics, lacking):
    with pytest.raises(InvalidInput, match=lacking):
        fitted(net(), optimizer, metrics=metrics)


class Dicing(layers.Layer):
    """A layer that scales by a number out of Python's or NumPy's generator."""

    def __init__(self, draw):
        super().__init__()
        self.draw = draw

    def call(self, x):
        return x * self.draw()


@on_jax
@pytest.mark.parametrize("draw", [random.random, np.random.rand], ids=["Python", "NumPy"])
def test_what_is_drawn_once_for_all_steps_is_refused(draw):
    with pytest.raises(InvalidInput, match="draws from the generator of Python or NumPy.*KERAS_BACKEND=tensorflow"):
        fitted(net(lambda: Dicing(draw)), lambda: "sgd")


@on_jax
def test_other_numbers_of_epochs_compile_nothing_anew():
    population = zoo.Population(net(), [3, 4])
    population.compile("sgd", LOSS)
    population.fit(X, Y, epochs=2, verbose=False)
    compiling = population.compile_seconds
    for epochs in (1, 5):
        history = population.fit(X, Y, epochs=epochs, verbose=False)
        assert population.compile_seconds == compiling > 0 and len(history) == 2 * epochs

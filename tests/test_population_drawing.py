"""Layers that draw random numbers in prediction, too, as Monte Carlo dropout does (Gal & Ghahramani 2016).

On JAX and TensorFlow; on PyTorch Keras's dropout leaves the state of the layer alone, as Population.predict says.
"""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import zoo
from population_example import digits

pytestmark = pytest.mark.backend


class AlwaysDropout(keras.layers.Dropout):
    def call(self, x, training=False):
        return super().call(x, training=True)


def model():
    layers = keras.layers
    return keras.Sequential([keras.Input((8, 8)), layers.Flatten(), AlwaysDropout(0.5), layers.Dense(10)])


@pytest.fixture
def population():
    made = zoo.Population(model, [0, 1, 2], group_size=2)
    made.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return made


def test_every_prediction_and_evaluation_draws_anew(population):
    x, y = digits()[1]
    first, second = population.predict(x), population.predict(x)
    assert (np.abs(first - second).mean(axis=(1, 2)) > 1).all()
    assert (population.evaluate(x, y).loss != population.evaluate(x, y).loss).all()


def test_every_batch_of_a_prediction_draws_anew(population):
    answers = population.predict(np.repeat(digits()[1][0][:1], 2100, axis=0))
    for k in range(3):
        assert len(np.unique(answers[k], axis=0)) == 2100


def test_the_draws_are_those_of_keras(population):
    x, alone = digits()[1][0], population[1]
    for _ in range(2):
        assert_array_equal(population.predict(x)[1], alone.predict(x, verbose=0))


def test_layers_that_draw_in_training_only_are_left_where_they_are():
    x = digits()[1][0]
    population = zoo.Population(lambda: zoo.create_model("mlp", (8, 8), 10, widths=[8], dropout=0.5), [0])
    before = population.predict(x)
    assert_array_equal(population.predict(x), before)
    twin = zoo.Population(lambda: zoo.create_model("mlp", (8, 8), 10, widths=[8], dropout=0.5), [0])
    for made in (population, twin):
        made.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        made.fit(*digits()[0], batch_size=50)
    assert_array_equal(population.predict(x), twin.predict(x))


class Total(keras.layers.Layer):
    """Adds up what it has seen, whatever for, as the layers with a state in Keras's guide do."""

    def build(self, shape):
        self.total = self.add_weight(shape=(shape[-1],), initializer="zeros", trainable=False)

    def call(self, x):
        self.total.assign_add(0.01 * keras.ops.sum(x, axis=0))
        return x + self.total


def test_what_a_layer_keeps_in_evaluation_is_kept_as_in_keras():
    (x, y), (held_out, labels) = digits(held_out=200)
    x, held_out = (some.reshape(len(some), -1).astype("float32") / 255 for some in (x, held_out))

    def build():
        return keras.Sequential([keras.Input((64,)), Total(), keras.layers.Dense(10)])

    keras.utils.set_random_seed(1)
    model, loss = build(), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    settings = {"batch_size": 20, "epochs": 3, "shuffle": False, "validation_data": (held_out, labels), "verbose": 0}
    model.compile(keras.optimizers.SGD(0.001), loss)
    logs = model.fit(x, y, **settings).history
    population = zoo.Population(build, [0, 1])
    population.compile(keras.optimizers.SGD(0.001), loss)
    history = population.fit(x, y, **settings)
    one = history[history.seed == 1]
    assert_allclose(one.loss, logs["loss"], rtol=1e-3)
    assert_allclose(one.val_loss, logs["val_loss"], rtol=1e-3)
    for _ in range(2):
        assert population.evaluate(held_out, labels).loss[1] == pytest.approx(model.evaluate(held_out, labels, verbose=0), rel=1e-3)
    assert_allclose(population.predict(x[:32])[1], model.predict(x[:32], verbose=0), rtol=1e-3, atol=1e-3)


def test_what_a_layer_keeps_is_that_of_the_epoch_that_is_chosen():
    (x, y), held_out = digits(held_out=100)
    x, held_out = x.reshape(len(x), -1) / 255.0, (held_out[0].reshape(len(held_out[0]), -1) / 255.0, held_out[1])

    def build():
        return keras.Sequential([keras.Input((64,)), Total(), keras.layers.Dense(10)])

    settings = {"batch_size": 20, "validation_data": held_out, "verbose": 0}
    one, many = (zoo.Population(build, [0, 1]) for _ in range(2))
    for population in (one, many):
        population.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = many.fit(x, y, epochs=6, select="best", monitor="val_loss", **settings)
    best = history[history.member == 0].val_loss.to_numpy().argmin()
    assert best < 5, "else the last epoch is the best"
    one.fit(x, y, epochs=int(best) + 1, **settings)
    for mine, alone in zip(many.get_weights(0), one.get_weights(0)):
        assert_allclose(mine, alone, rtol=1e-4, atol=1e-4)


def recurrent():
    """A model whose generator moves whenever it is called: Keras makes the mask of a recurrent layer's dropout in evaluation, too."""
    return keras.Sequential([keras.Input((8, 8)), keras.layers.LSTM(4, dropout=0.4), keras.layers.Dense(10)])


def test_a_generator_that_moves_in_evaluation_moves_as_in_keras_fit_whatever_a_member_trains_beside():
    (x, y), (held_out, labels) = digits(held_out=200)
    x, held_out = (some.astype("float32") / 255 for some in (x, held_out))
    keras.utils.set_random_seed(1)
    model, loss = recurrent(), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    logs = model.fit(x, y, batch_size=20, epochs=3, shuffle=False, validation_data=(held_out, labels), verbose=0).history
    for seeds, size in ((range(3), None), (range(3), 1), ([1], None)):
        population = zoo.Population(recurrent, seeds, group_size=size)
        population.compile(keras.optimizers.Adam(0.01), loss)
        history = population.fit(x, y, batch_size=20, epochs=3, shuffle=False, validation_data=(held_out, labels))
        one = history[history.seed == 1]
        assert_allclose(one.loss, logs["loss"], rtol=1e-4)
        assert_allclose(one.val_loss, logs["val_loss"], rtol=1e-4)

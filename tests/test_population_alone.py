"""Evaluation batches as it likes only what gives the same for an example whatever is beside it; and what steps of one's own take."""

import contextlib

import keras
import numpy as np
import pytest
from keras import layers, ops

import zoo
from layer_example import on_jax
from zoo.errors import InvalidInput

X = np.random.RandomState(4).randn(300, 4).astype("float32")
RARE = (X[:, :1] > 1.2).astype("float32")


def linear(outputs=1):
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(outputs)(inputs))


def built(kind):
    """A build function of a model of a class, of one layer."""

    def build():
        inputs = keras.Input((4,))
        return kind(inputs, layers.Dense(1)(inputs))

    return build


def balanced(y, given):
    """The squared error, weighed by how rare its class is in the batch."""
    share = ops.mean(y[:, -1])
    return ops.mean(ops.where(y > 0, 1 / (share + 0.05), 1 / (1.05 - share)) * ops.square(y - given), axis=-1)


@pytest.mark.backend
@pytest.mark.parametrize("sort", [lambda y: y, lambda y: np.sort(y, axis=0), lambda y: np.sort(y, axis=0)[::-1]],
                         ids=["as they come", "sorted", "backwards"])  # fmt: skip
@pytest.mark.parametrize("one_hot", [False, True])
def test_a_loss_that_weighs_by_the_batch_is_evaluated_in_those_of_keras(sort, one_hot):
    """Whichever labels come first: of rare classes the first few are often alike; and all one-hot labels have one sum."""
    y, found = sort(RARE), []
    y = np.eye(2, dtype="float32")[y[:, 0].astype(int)] if one_hot else y
    for members in (1, 40):
        population = zoo.Population(lambda: linear(y.shape[1]), [3] * members)
        population.compile("sgd", balanced)
        found.append(population.evaluate(X, y).loss[0])
    model = population[0]
    model.compile("sgd", balanced)
    wanted = model.evaluate(X, y, verbose=0)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


class Centred(keras.Model):
    """Keras's own layers, but not what they give."""

    def call(self, x, training=None, mask=None):
        y = super().call(x, training=training, mask=mask)
        return y - ops.mean(y, axis=0, keepdims=True)


def along_the_batch():
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(1)(layers.Softmax(axis=-2)(inputs)))


def over_all():
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(1)(layers.Softmax(axis=None)(inputs)))


def of_sound():
    inputs = keras.Input((64,))
    mel = layers.MelSpectrogram(
        fft_length=32, sequence_stride=16, num_mel_bins=4, sampling_rate=8000, min_freq=20, max_freq=4000, top_db=20
    )
    return keras.Model(inputs, layers.Dense(1)(layers.Flatten()(mel(inputs))))


@pytest.mark.parametrize("build", [built(Centred), along_the_batch, over_all, of_sound])
def test_what_a_model_makes_of_the_whole_batch_does_not_depend_on_how_many_members_there_are(build):
    x = (
        X
        if build is not of_sound
        else np.random.RandomState(0).randn(200, 64).astype("float32") * np.linspace(0.01, 9, 200)[:, None]
    )
    found = []
    for members in (1, 40):
        population = zoo.Population(build, [3] * members)
        population.compile("sgd", "mse")
        found.append(population.predict(x)[0])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[0], population[0].predict(x, verbose=0), rtol=1e-4, atol=1e-5)


@on_jax
def test_steps_as_tensorflow_has_them_are_one_error():
    class Steps(keras.Model):
        def train_step(self, data):
            return {}

    population = zoo.Population(built(Steps), [0])
    population.compile("sgd", "mse")
    with pytest.raises(InvalidInput, match=r"Steps.train_step can't be called as Keras does on JAX, train_step\(state, data\)"):
        population.fit(X, RARE, verbose=False)


@on_jax
@pytest.mark.parametrize("members", [1, 3])
def test_a_step_that_assigns_to_the_rate_trains_as_in_keras(members):
    """Where that changes nothing, as a step on JAX gets and gives its variables."""

    class Sets(keras.Model):
        def train_step(self, state, data):
            self.optimizer.learning_rate.assign(1e-3)
            return super().train_step(state, data)

    population = zoo.Population(built(Sets), range(members))
    population.compile(keras.optimizers.SGD(0.1), "mse")
    history = population.fit(X, RARE, epochs=2, batch_size=50, shuffle=False, verbose=False)
    keras.utils.set_random_seed(0)
    model = built(Sets)()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    wanted = model.fit(X, RARE, epochs=2, batch_size=50, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(history[history.seed == 0].loss, wanted, rtol=1e-5)


@on_jax
def test_a_step_that_assigns_to_the_rate_is_one_error_where_members_have_their_own():
    class Sets(keras.Model):
        def train_step(self, state, data):
            self.optimizer.learning_rate.assign(1e-3)
            return super().train_step(state, data)

    population = zoo.Population(built(Sets), [0, 1])
    population.compile("sgd", "mse", learning_rate=[0.1, 0.2])
    with pytest.raises(InvalidInput, match="sets the learning rate, of which every member has its own here"):
        population.fit(X, RARE, verbose=False)


@on_jax
def test_steps_are_looked_at_where_they_are_called():
    class Tests(keras.Model):
        def test_step(self, data):
            return {}

    population = zoo.Population(built(Tests), [0])
    population.compile("sgd", "mse")
    population.fit(X, RARE, verbose=False)
    with pytest.raises(InvalidInput, match="Tests.test_step can't be called as Keras does on JAX"):
        population.evaluate(X, RARE)


@on_jax
def test_a_predict_step_that_gives_no_array_is_one_error():
    class Named(keras.Model):
        def predict_step(self, state, data):
            outputs, after = super().predict_step(state, data)
            return {"outputs": outputs}, after

    population = zoo.Population(built(Named), [0])
    population.compile("sgd", "mse")
    with pytest.raises(InvalidInput, match="Named.predict_step must give one array for a population; it gave a dict"):
        population.predict(X)


def test_a_compile_that_wants_something_else_is_one_error():
    class Two(keras.Model):
        def compile(self, first, second):
            super().compile(first)

    population = zoo.Population(built(Two), [0])
    population.compile("sgd", "mse")
    with pytest.raises(InvalidInput, match="Two.compile can't be called with optimizer, loss, metrics"):
        population.fit(X, RARE, verbose=False)


@pytest.mark.backend
def test_a_model_of_float64_gets_all_digits():
    """As time stamps need them, which 32 bits round by two minutes."""
    before = keras.config.floatx()
    times = 1.7e9 + np.arange(50.0)[:, None] * 7

    def build():
        inputs = keras.Input((1,), dtype="float64")
        scaled = layers.Rescaling(1 / 100, -1.7e7, dtype="float64")(inputs)
        return keras.Model(inputs, layers.Dense(1, dtype="float64")(scaled))

    wide = contextlib.nullcontext()
    if keras.backend.backend() == "jax":
        import jax

        wide = jax.enable_x64(True)
    keras.config.set_floatx("float64")
    try:
        with wide:
            population = zoo.Population(build, [1])
            population.compile("sgd", "mse")
            mine, wanted = population.predict(times)[0], population[0].predict(times, verbose=0)
    finally:
        keras.config.set_floatx(before)
    assert wanted.dtype == "float64" and np.ptp(wanted) > 0.1
    np.testing.assert_allclose(mine, wanted, rtol=1e-9)

"""What `build` may return: models of their own, alike but for their weights, however their layers are made and named."""

import codecs
import concurrent.futures
import functools
import itertools
import marshal

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import zoo
from zoo.errors import InvalidInput
from zoo.training.architecture import _code, difference

X = np.random.RandomState(0).rand(40, 6).astype("float32")
Y = np.random.RandomState(1).randint(0, 3, 40)
NUMBERS = Y.astype("float32")


def model_of(*layers):
    return keras.Sequential([keras.Input((6,)), *layers])


def trained(build, seeds=(0, 1), loss="mse", y=NUMBERS):
    population = zoo.Population(build, seeds)
    population.compile(keras.optimizers.Adam(0.05), loss)
    population.fit(X, y, epochs=2, batch_size=20, verbose=0)
    return population


@pytest.mark.backend
@pytest.mark.parametrize("seeds, given", [([0, 1], False), ([0], False), ([2, 2, 2], False), ([0, 1], True)])
def test_members_do_not_share_what_trains(seeds, given):
    """Else one would be overwritten by what another one learnt, and so would the user's own model."""
    base = model_of(keras.layers.Dense(4, "relu"))

    def build():
        return model_of(base, keras.layers.Dense(1))

    weights = [build().get_weights()] * len(seeds) if given else None
    with pytest.raises(InvalidInput, match=r"its models share .*dense.*kernel, which trains.*clone_model.*freeze it"):
        zoo.Population(build, seeds, weights=weights)


def test_members_may_share_what_is_frozen():
    base = model_of(keras.layers.Dense(4, "relu"), keras.layers.BatchNormalization())
    base.trainable = False
    population = trained(lambda: model_of(base, keras.layers.Dense(1)))
    first = population[0]
    predicted = first.predict(X, verbose=0)
    assert_allclose(population[1].predict(X, verbose=0), population.predict(X)[1], rtol=1e-5, atol=1e-6)
    assert_array_equal(first.predict(X, verbose=0), predicted)
    assert_allclose(predicted, population.predict(X)[0], rtol=1e-5, atol=1e-6)
    weights = [[array + member for array in first.get_weights()] for member in range(2)]
    with pytest.raises(InvalidInput, match="can't have other values of .*: it is shared by all of them"):
        zoo.Population(population.build, [0, 1], weights=weights)


@pytest.mark.backend
def test_members_do_not_share_what_moves_in_training_though_nothing_trains_it():
    """A moving mean, say: the member that was made last would overwrite that of all others."""
    norm = keras.layers.BatchNormalization(center=False, scale=False)
    with pytest.raises(InvalidInput, match=r"its models share .*moving_mean, which moves in training.*or freeze it"):
        zoo.Population(lambda: model_of(norm, keras.layers.Dense(1)), [0, 1])
    norm.trainable = False
    dropout, adapted = keras.layers.Dropout(0.2), keras.layers.Normalization()
    adapted.adapt(X)
    assert len(zoo.Population(lambda: model_of(adapted, norm, dropout, keras.layers.Dense(1)), [0, 1])) == 2


@pytest.mark.backend
def test_an_optimizer_that_goes_by_the_names_of_layers_meets_those_of_the_first_model():
    """Keras numbers layers on and on: "dense_1" is the head of the model that build makes first."""

    def build():
        return model_of(keras.layers.Dense(4, "tanh"), keras.layers.Dense(1))

    target = X.sum(axis=1, keepdims=True)
    keras.backend.clear_session()
    head = build().layers[-1].name
    options = {"learning_rate": 0.05, "exclude_layers": [head]}
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model = build()
    model.compile(keras.optimizers.Muon(**options), "mse")
    model.fit(X, target, batch_size=20, epochs=2, shuffle=False, verbose=0)
    keras.backend.clear_session()
    population = zoo.Population(build, [1, 1])
    population.compile(keras.optimizers.Muon(**options), "mse")
    population.fit(X, target, batch_size=20, epochs=2, shuffle=False, verbose=0)
    for member in range(2):
        for mine, keras_own in zip(population.get_weights(member), model.get_weights()):
            assert_allclose(mine, keras_own, rtol=1e-3, atol=1e-4)
    assert [population[k].layers[-1].name for k in range(2)] == [head, head]
    population.compile("adam", "mse")
    first, second = (population[k].layers[-1].name for k in range(2))
    assert first != second, "models that are to be parts of one need names of their own"


def gated():
    """An operation and an activation of the same name, by which Keras calls the former."""
    inputs = keras.Input((6,))
    gate = keras.ops.sigmoid(keras.layers.Dense(6)(inputs))
    return keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(gate * inputs))


@pytest.mark.parametrize("build", [
    pytest.param(gated, marks=pytest.mark.backend),
    lambda: model_of(keras.layers.Dense(4, "softmax"), keras.layers.Softmax(), keras.layers.Dense(1)),
    lambda: model_of(keras.layers.ELU(), keras.layers.Dense(4, "elu"), keras.layers.Dense(1)),
], ids=["sigmoid", "softmax", "elu"])  # fmt: skip
def test_a_layer_may_be_called_like_a_setting(build, tmp_path):
    population = trained(build)
    population.save(tmp_path / "file")
    restored = zoo.Population(build, [0, 1])
    restored.restore(tmp_path / "file")
    assert_array_equal(restored.predict(X), population.predict(X))
    assert_allclose(population[1].predict(X, verbose=0), population.predict(X)[1], rtol=1e-5, atol=1e-6)


class Tied(keras.layers.Layer):
    """Knows the name of another layer, and things that no number says."""

    def __init__(self, source, **options):
        super().__init__(**options)
        self.source, self.scope = source, f"{self.name}/inner"
        self.class_names, self.things = np.array(["a", "b"]), np.array([None, {}], dtype=object)

    def call(self, x):
        self.last = keras.ops.softmax(x)
        return x

    def get_config(self):
        start = keras.initializers.serialize(keras.initializers.Constant(np.random.rand()))
        return {**super().get_config(), "source": self.source, "scope": self.scope, "start": start}


def tied():
    layer = keras.layers.Dense(4)
    return model_of(layer, Tied(layer.name), keras.layers.Dense(1))


def drawn_start():
    return model_of(keras.layers.Dense(4, kernel_initializer=keras.initializers.Constant(np.random.rand(6, 4))))


@pytest.mark.parametrize("build", [tied, drawn_start])
def test_what_decides_nothing_may_differ(build, tmp_path):
    population = zoo.Population(build, [0, 1])
    population.save(tmp_path / "file")
    restored = zoo.Population(build, [0, 1])
    restored.restore(tmp_path / "file")
    assert_allclose(restored[1].predict(X, verbose=0), population.predict(X)[1], rtol=1e-5, atol=1e-6)


def test_words_of_files_are_names_as_well():
    """Files from before a name was told from a setting have numbers for both."""
    now, before = ({"name": "number 0", "activation": word} for word in ({"word": "linear", "layer": "number 0"}, "number 0"))
    assert difference(now, before) is None is difference(now, {"name": "number 0", "activation": "linear"})
    assert difference(now, {"name": "number 0", "activation": "relu"}) == "activation is 'linear', there 'relu'"


def drawn_operation():
    inputs = keras.Input((6,))
    x = keras.layers.Dense(6)(inputs)
    return keras.Model(inputs, keras.layers.Dense(3)(keras.ops.tanh(x) if np.random.rand() > 0.5 else x))


def test_a_lambdas_code_is_the_same_however_it_is_written():
    """Python marks in it which objects are held by others just then."""
    code = (lambda x: sum(x * q for q in (1.5, 2.5))).__code__
    again = marshal.loads(marshal.dumps(code, 2))
    first, second = (_code(codecs.encode(marshal.dumps(each), "base64").decode("ascii")) for each in (code, again))
    assert first == second != _code(codecs.encode(marshal.dumps((lambda x: x).__code__), "base64").decode("ascii"))
    assert _code("no code") == "no code"


class Drawn(keras.layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.parts = [np.random.rand(2)]

    def call(self, x):
        return x * self.parts[0][0]


def adapted_to_a_draw():
    layer = keras.layers.Normalization()
    layer.adapt(X[np.random.choice(40, 10)])
    return model_of(layer, keras.layers.Dense(3))


@pytest.mark.parametrize("build, different", [
    (adapted_to_a_draw, "normalization.*mean has other values"),
    (lambda: model_of(keras.layers.Rescaling(np.random.rand()), keras.layers.Dense(3)), "scale is 0.4.*, there 0.5"),
    (lambda: model_of(keras.layers.Dropout(np.random.rand()), keras.layers.Dense(3)), "rate is 0.4.*, there 0.5"),
    (lambda: model_of(keras.layers.Dropout(np.random.choice([0.1, 0.0])), keras.layers.Dense(3)), "rate is 0.0, there 0.1"),
    (lambda: model_of(keras.layers.Dense(3, np.random.choice(["relu", "tanh"]))), "activation is 'tanh', there 'relu'"),
    (lambda: model_of(keras.layers.Dense(3, kernel_regularizer=keras.regularizers.L2(np.random.rand()))), "l2 is 0.4"),
    (lambda: model_of(Drawn(), keras.layers.Dense(3)), "drawn.*parts has other values"),
    (drawn_operation, "layers has 3 parts, there 4"),
], ids=["adapted", "scale", "rate", "no rate", "activation", "regularizer", "parts", "operation"])  # fmt: skip
@pytest.mark.parametrize("given", [False, True])
def test_what_differs_by_seed_is_in_the_weights(build, different, given):
    """All members are computed by the first one's layers."""
    weights = [build().get_weights()] * 3 if given else None
    with pytest.raises(InvalidInput, match=f"same architecture for every seed; two calls gave others: .*{different}"):
        zoo.Population(build, [0, 0, 1], weights=weights)


class Block(keras.layers.Layer):
    """Layers within a layer, named by Keras, and what only this object has."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner, self.token, self.scope = keras.Sequential([keras.layers.Dense(6)]), object(), f"{self.name}/inner"
        self.number = next(COUNTER)

    def call(self, x):
        return self.inner(x)


class Keeps(keras.layers.Layer):
    """Numbers that decide nothing: where its weights began, what it last gave."""

    def build(self, shape):
        self.start = np.random.rand(shape[-1], 3).astype("float32")
        self.w = self.add_weight(shape=self.start.shape, initializer=lambda shape, dtype: keras.ops.convert_to_tensor(self.start))

    def call(self, x):
        self.last = keras.ops.softmax(x @ self.w)
        return self.last


COUNTER = itertools.count()
READERS = {
    "lstm": lambda: keras.layers.LSTM(3),
    "bidirectional": lambda: keras.layers.Bidirectional(keras.layers.LSTM(3)),
    "cells": lambda: keras.layers.RNN([keras.layers.GRUCell(3), keras.layers.SimpleRNNCell(2)]),
    "each": lambda: keras.layers.TimeDistributed(keras.layers.Dense(2)),
    "block": lambda: Block(),
    "spectral": lambda: keras.layers.SpectralNormalization(keras.layers.Dense(4)),
    "attention": lambda: keras.layers.LayerNormalization(),
    "regularised": lambda: keras.layers.Dense(4, activity_regularizer="l2"),
    "keeps": lambda: Keeps(),
    "lambda": lambda: keras.layers.Lambda(lambda x: sum(x * q for q in (1.5, 2.5))),
    "activation": lambda: keras.layers.Activation("tanh"),
    "partial": lambda: keras.layers.Dense(4, functools.partial(keras.activations.leaky_relu, negative_slope=0.3)),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("seeds", [[0], [0, 1]])
def test_layers_are_alike_whatever_keras_calls_them(reader, seeds):
    def build():
        inputs = keras.Input((2, 3))
        x = keras.layers.Flatten()(READERS[reader]()(inputs))
        model = keras.Model(inputs, keras.ops.sigmoid(keras.layers.Dense(1)(x)) + keras.layers.Dense(1)(x))
        model(np.zeros((1, 2, 3)))
        return model

    population = zoo.Population(build, seeds)
    x = X.reshape(40, 2, 3)
    assert_allclose(population[len(seeds) - 1].predict(x, verbose=0), population.predict(x)[-1], rtol=1e-4, atol=1e-5)


def adapted():
    layer = keras.layers.Normalization()
    layer.adapt(100 * X)
    return model_of(layer, keras.layers.Dense(1))


@pytest.mark.backend
def test_an_adapted_normalization_is_restored(tmp_path):
    """Also where the data that it was adapted to are not, and after a prediction without it."""
    population = trained(adapted)
    population.save(tmp_path / "file")
    restored = zoo.Population(lambda: model_of(keras.layers.Normalization(), keras.layers.Dense(1)), [0, 1])
    assert np.abs(restored.predict(100 * X) - population.predict(100 * X)).max() > 1
    restored.restore(tmp_path / "file")
    assert_allclose(restored.predict(100 * X), population.predict(100 * X), rtol=1e-5, atol=1e-5)
    assert_allclose(restored[1].predict(100 * X, verbose=0), population.predict(100 * X)[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("drop", [0.0, 0.1])  # without, no seed decides anything
def test_an_adapted_normalization_may_be_given(drop):
    def build():
        return model_of(keras.layers.Normalization(), keras.layers.Dropout(drop), keras.layers.Dense(1))

    models = []
    for part in (X, X, X[:20]):
        models.append(build())
        models[-1].layers[0].adapt(100 * part)
    given = [model.get_weights() for model in models]
    population = zoo.Population(build, [0, 1], weights=given[:2])
    for member in range(2):
        known = models[member].predict(100 * X, verbose=0)
        assert_allclose(population.predict(100 * X)[member], known, rtol=1e-5, atol=1e-5)
        assert_allclose(population[member].predict(100 * X, verbose=0), known, rtol=1e-5, atol=1e-5)
    copied = zoo.Population(build, [2, 3])
    assert np.abs(copied.predict(100 * X) - population.predict(100 * X)).max() > 1
    copied.copy_layers(population, copied.template.layers, population.template.layers)
    assert_allclose(copied.predict(100 * X), population.predict(100 * X), rtol=1e-5, atol=1e-5)
    with pytest.raises(InvalidInput, match="other values of .*mean: it is what its layer was adapted to, one for all"):
        zoo.Population(build, [0, 1], weights=given[1:])


def test_a_model_may_have_a_scale_for_each_channel():
    population = trained(lambda: model_of(keras.layers.Rescaling(np.full(6, 1 / 255)), keras.layers.Dense(1)))
    assert population.predict(X).shape == (2, 40, 1)


def test_a_build_that_clears_the_session_takes_no_other_precision():
    def build():
        keras.utils.clear_session()
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])

    policy = keras.config.dtype_policy()
    with pytest.raises(InvalidInput, match="build sets Keras's dtype policy, so that precision='mixed_bfloat16' would not hold"):
        zoo.Population(build, [0, 1], precision="mixed_bfloat16")
    assert keras.config.dtype_policy() == policy
    assert len(zoo.Population(build, [0, 1])) == 2

    def of_its_own():
        keras.config.set_dtype_policy("mixed_bfloat16")
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])

    assert zoo.Population(of_its_own, [0, 1]).template.layers[-1].dtype_policy.name == "mixed_bfloat16"
    assert keras.config.dtype_policy() == policy


@pytest.mark.backend
def test_populations_that_threads_build_at_once_have_the_weights_of_their_seeds():
    def build():
        return zoo.create_model("mlp", (8, 8), 10, widths=(8, 8))

    def weights(seed):
        return zoo.Population(build, [seed]).get_weights(0)

    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        at_once = list(threads.map(weights, range(6)))
    for seed, arrays in enumerate(at_once):
        for mine, alone in zip(arrays, weights(seed), strict=True):
            np.testing.assert_array_equal(mine, alone)

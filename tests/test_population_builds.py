"""What `build` may return: models of their own, alike but for their weights, however their layers are made and named."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import zoo
from zoo.errors import InvalidInput

X = np.random.RandomState(0).rand(40, 6).astype("float32")
Y = np.random.RandomState(1).randint(0, 3, 40)


def model_of(*layers):
    return keras.Sequential([keras.Input((6,)), *layers])


def trained(build, seeds=(0, 1), loss="mse", y=Y.astype("float32")):
    population = zoo.Population(build, seeds)
    population.compile(keras.optimizers.Adam(0.05), loss)
    population.fit(X, y, epochs=2, batch_size=20, verbose=0)
    return population


@pytest.mark.backend
@pytest.mark.parametrize("seeds", [[0, 1], [0]])
def test_members_do_not_share_what_trains(seeds):
    """Else one would be overwritten by what another one learnt, and so would the user's own model."""
    base = model_of(keras.layers.Dense(4, "relu"))
    before = base.get_weights()
    with pytest.raises(InvalidInput, match=r"its models share .*dense.*kernel, which trains.*clone_model.*freeze it"):
        population = trained(lambda: model_of(base, keras.layers.Dense(1)), seeds)
        population[0]
    for mine, known in zip(base.get_weights(), before, strict=True):
        assert_array_equal(mine, known)


def test_members_may_share_what_is_frozen():
    base = model_of(keras.layers.Dense(4, "relu"), keras.layers.BatchNormalization())
    base.trainable = False
    population = trained(lambda: model_of(base, keras.layers.Dense(1)))
    first = population[0]
    predicted = first.predict(X, verbose=0)
    assert_allclose(population[1].predict(X, verbose=0), population.predict(X)[1], rtol=1e-5, atol=1e-6)
    assert_array_equal(first.predict(X, verbose=0), predicted)
    assert_allclose(predicted, population.predict(X)[0], rtol=1e-5, atol=1e-6)


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


def adapted_to_a_draw():
    layer = keras.layers.Normalization()
    layer.adapt(X[np.random.choice(40, 10)])
    return model_of(layer, keras.layers.Dense(3))


@pytest.mark.parametrize("build, different", [
    (adapted_to_a_draw, "normalization.*.mean has other values"),
    (lambda: model_of(keras.layers.Rescaling(np.random.rand()), keras.layers.Dense(3)), "scale is 0.5.*, there 0.4"),
    (lambda: model_of(keras.layers.Dropout(np.random.rand()), keras.layers.Dense(3)), "rate is 0.5.*, there 0.4"),
], ids=["adapted", "scale", "rate"])  # fmt: skip
def test_what_differs_by_seed_is_in_the_weights(build, different):
    """All members are computed by the first one's layers."""
    with pytest.raises(InvalidInput, match=f"same architecture for every seed; seed 1 gave another one: .*{different}"):
        zoo.Population(build, [0, 1])


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


def test_a_model_may_have_a_scale_for_each_channel():
    population = trained(lambda: model_of(keras.layers.Rescaling(np.full(6, 1 / 255)), keras.layers.Dense(1)))
    assert population.predict(X).shape == (2, 40, 1)

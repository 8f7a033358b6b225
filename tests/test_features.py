"""zoo.features: every layer's representation, by name and in order, on every backend."""

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import InvalidInput, UnknownName
from zoo.registry import models_text, reconstructs

pytestmark = pytest.mark.backend
X = np.random.default_rng(0).integers(0, 256, (5, 16, 16)).astype("uint8")
SMALL = {
    "linear": {},
    "mlp": {"widths": (12, 7)},
    "autoencoder_stack": {"widths": (12, 7)},
    "kernel_machine": {"features": 32},
    "convnet": {"blocks": ((4,), (6,)), "dense": 9},
    "rnn": {"units": 6},
    "deep_autoencoder": {"widths": (12, 7), "code": 3},
    "lstm": {"units": 6, "layers": 2},
    "language_model": {"units": 6, "embedding": 4},
}


def make(name):
    keras.utils.set_random_seed(0)
    shape = (16,) if models_text(name) else (16, 16)
    return zoo.create_model(name, shape, None if reconstructs(name) else 10, **SMALL.get(name, {}))


def numpy(values):
    return {name: keras.ops.convert_to_numpy(value) for name, value in values.items()}


@pytest.mark.parametrize("name", zoo.list_models())
def test_every_layer_of_every_model_in_order(name):
    model, x = make(name), X[:, 0] % 10 if models_text(name) else X
    found = zoo.features(model).predict(x, verbose=0)
    assert list(found) == [layer.name for layer in model.layers[1:]]
    assert all(value.shape == (len(x), *layer.output.shape[1:]) for value, layer in zip(found.values(), model.layers[1:]))
    np.testing.assert_allclose(found["logits"], keras.ops.convert_to_numpy(model(x)), rtol=1e-4, atol=1e-5)


def test_each_is_what_the_layer_above_gets():
    model = make("mlp")
    found = numpy(zoo.features(model)(X))
    np.testing.assert_allclose(found["rescale"], X / 255, rtol=1e-6)
    below = found["flatten"]
    for index in (1, 2):
        kernel, bias = model.get_layer(f"hidden_{index}").get_weights()
        np.testing.assert_allclose(found[f"hidden_{index}"], np.maximum(below @ kernel + bias, 0), rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(found[f"dropout_{index}"], found[f"hidden_{index}"])  # as in prediction
        below = found[f"hidden_{index}"]


def test_a_pattern_chooses_layers():
    assert list(zoo.features(make("convnet"), "pool_*")(X)) == ["pool_1", "pool_2"]
    assert list(zoo.features(make("mlp"), ["logits", "hidden_*"])(X)) == ["hidden_1", "hidden_2", "logits"]
    for pattern in ([], None, [3]):
        with pytest.raises(InvalidInput, match="pattern names layers"):
            zoo.features(make("mlp"), pattern)
    for pattern in ("hiden_1", ["hidden_*", "hiden_1"]):
        with pytest.raises(UnknownName, match="'hiden_1'. Did you mean hidden_1"):
            zoo.features(make("mlp"), pattern)


@pytest.mark.parametrize("name", [name for name in zoo.list_models() if not reconstructs(name)])
def test_an_embedding_is_what_the_last_layer_gets(name):
    model, x = make(name), X[:, 0] % 10 if models_text(name) else X
    head = model.get_layer("logits")
    head.set_weights([np.random.default_rng(1).normal(size=weight.shape) for weight in head.get_weights()])
    embedding = zoo.embedding(model)
    found = keras.ops.convert_to_numpy(embedding(x))
    kernel, bias = head.get_weights()
    assert found.shape == (len(x), *([16] if models_text(name) else []), len(kernel)) and embedding.name == f"{name}_embedding"
    np.testing.assert_allclose(found @ kernel + bias, keras.ops.convert_to_numpy(model(x)), rtol=1e-3, atol=1e-3)


def test_an_embedding_of_a_forecast_is_below_its_last_weights_and_shares_them():
    model = zoo.create_model("lstm", (6, 2), 1, units=4, layers=1, series=[3.0, 2.0])
    embedding = zoo.embedding(model)
    assert embedding.output_shape == (None, 4) and model.layers[-1].name == "forecast"
    model.get_layer("lstm_1").set_weights([np.zeros(weight.shape) for weight in model.get_layer("lstm_1").get_weights()])
    assert not keras.ops.convert_to_numpy(embedding(np.ones((2, 6, 2)))).any()


def test_what_has_no_last_layer_of_weights_has_no_embedding():
    nameless = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="b")])
    for model in (make("deep_autoencoder"), nameless, keras.Sequential([keras.layers.Dense(3, name="logits")]), "mlp", None):
        with pytest.raises(InvalidInput, match="a layer called logits with weights is wanted; .* zoo.encoder gives the code"):
            zoo.embedding(model)


def test_weights_are_shared_and_the_model_is_left_alone():
    model = make("linear")
    features = zoo.features(model)
    config = model.get_config()
    model.get_layer("logits").set_weights([np.zeros((256, 10)), np.arange(10.0)])
    np.testing.assert_allclose(numpy(features(X))["logits"], np.tile(np.arange(10.0), (5, 1)))
    assert model.get_config() == config


def test_a_sequential_model():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="a"), keras.layers.Dense(2, name="b")])
    found = zoo.features(model).predict(np.ones((2, 4)), verbose=0)
    assert {name: value.shape for name, value in found.items()} == {"a": (2, 3), "b": (2, 2)}


def test_what_has_no_single_output_per_name_is_refused():
    shared, inputs = keras.layers.Dense(4, name="twice"), keras.Input((4,))
    with pytest.raises(InvalidInput, match="twice is used several times"):
        zoo.features(keras.Model(inputs, shared(shared(inputs))))
    with pytest.raises(InvalidInput, match="mlp is a model inside"):
        zoo.features(keras.Sequential([make("mlp"), keras.layers.Dense(3)]))
    with pytest.raises(InvalidInput, match="no graph"):
        zoo.features(keras.Sequential([keras.layers.Dense(3)]))
    with pytest.raises(InvalidInput, match="no graph"):
        zoo.features("mlp")

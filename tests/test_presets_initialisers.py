"""Presets of models with an initialiser of Keras's, given by its configuration or as an object: saved, loaded, made anew."""

import json

import keras
import numpy as np
import pytest

import zoo
from preset_example import logits, make, read
from zoo.errors import InvalidInput
from zoo.presets.folder import INITIALISERS
from zoo.reproductions.trainers.step_sizes import SIGMOID_START

pytestmark = pytest.mark.backend


SCALED = keras.initializers.VarianceScaling(**SIGMOID_START["config"])
GIVEN = {"configuration": SIGMOID_START, "object": SCALED, "serialized": keras.initializers.serialize(SCALED)}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_an_initialiser_is_saved_and_what_is_made_anew_starts_from_it(given, tmp_path):
    model = make(activation="sigmoid", initialiser=given, widths=(200, 12))
    folder = zoo.save_preset(model, tmp_path / "scaled")
    config = read(folder, "config.json")
    assert config["format"] == 2 and config["options"]["initialiser"].keys() == {"class_name", "config"}
    assert config["options"]["initialiser"]["class_name"] == "VarianceScaling"
    np.testing.assert_allclose(logits(zoo.from_preset(folder)), logits(model), rtol=1e-5, atol=1e-6)
    kernel = keras.ops.convert_to_numpy(zoo.from_preset(folder, load_weights=False).weights[0])
    assert kernel.shape == (64, 200) and np.abs(kernel).max() == pytest.approx(4 * (6 / 264) ** 0.5, rel=0.01)
    assert zoo.model_card(folder)["model"]["options"] == json.loads(json.dumps(config["options"]))


def test_options_of_named_layers_are_saved(tmp_path):
    moved = {"shift": {"pixels": 1}, "affine": {"rotation": np.float32(20), "probability": 0.5}}
    model = make(augmentation=moved)
    folder = zoo.save_preset(model, tmp_path / "moved", {"limits": "one\ttwo\r\nthree\x1b[2J"})
    config = read(folder, "config.json")
    assert config["format"] == 3 and config["options"]["augmentation"] == moved
    again = zoo.from_preset(folder)
    assert again.get_layer("random_affine").rotation == 20 and again.get_layer("random_affine").probability == 0.5
    np.testing.assert_allclose(logits(again), logits(model), rtol=1e-5, atol=1e-6)
    assert not [layer for layer in zoo.from_preset(folder, augmentation=None).layers if layer.name.startswith("random")]
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "one\ttwo\nthree\\x1b[2J" in text and "\x1b" not in text, "what steers a terminal is spelt out"


def test_older_presets_keep_their_format(tmp_path):
    assert read(zoo.save_preset(make(), tmp_path / "plain"), "config.json")["format"] == 1


@pytest.mark.parametrize("name", ["Mine", "HeNormal"])
def test_none_of_them_but_is_kerass_own(name, tmp_path):
    assert all(issubclass(getattr(keras.initializers, known), keras.initializers.Initializer) for known in INITIALISERS)
    own = type(name, (keras.initializers.HeNormal,), {"__call__": lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype)})
    with pytest.raises(InvalidInput, match="can't hold the option initialiser of this mlp"):
        zoo.save_preset(make(initialiser=own()), tmp_path / "mine")


def test_a_serialized_one_of_somebody_elses_is_refused(tmp_path):
    told = keras.initializers.serialize(SCALED) | {"registered_name": "mine>VarianceScaling"}
    with pytest.raises(InvalidInput, match="can't hold the option initialiser of this mlp"):
        zoo.save_preset(make(initialiser=told), tmp_path / "mine")

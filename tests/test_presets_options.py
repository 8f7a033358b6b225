"""Options of presets: given anew where no weight hangs on them, and said in full so that no later default changes them."""

import json

import keras
import numpy as np
import pytest

import zoo
from preset_example import LICENCES, MNIST, X, logits, make, read, rewrite
from zoo.errors import CorruptFile, InvalidInput
from zoo.registry import _builders, how_made, models_text

pytestmark = pytest.mark.backend


ELSE = {"dropout": 0.4, "input_dropout": 0.3, "augmentation": "shift", "unroll": True}


@pytest.mark.parametrize("name", zoo.list_models())
def test_options_that_change_no_weights_may_be_given_anew(name, tmp_path):
    """And those alone: the others would change the weights, or what they compute."""
    model, x = make(name), X[:, 0] % 10 if models_text(name) else X
    folder, before = zoo.save_preset(model, tmp_path / name), zoo.model_options(name)
    other = {option: value for option, value in ELSE.items() if option in before}
    changed = zoo.from_preset(folder, **other)
    assert how_made(changed)["options"] == how_made(zoo.from_preset(folder))["options"] | other
    assert all(map(np.array_equal, changed.get_weights(), model.get_weights()))
    np.testing.assert_allclose(logits(changed, x), logits(model, x), rtol=1e-4, atol=1e-5)
    if set(other) - {"unroll"}:
        drawn = keras.ops.convert_to_numpy(changed(x, training=True))
        assert np.abs(drawn - keras.ops.convert_to_numpy(changed(x, training=True))).max() > 1e-4
        fresh = zoo.from_preset(folder, load_weights=False, **other)
        assert how_made(fresh)["options"] == how_made(changed)["options"]
    may = f"those that may be are {', '.join(sorted(other))}" if other else f"a {name} has none that may be"
    for option in [*(before.keys() - other.keys()), "layres"]:
        with pytest.raises(InvalidInput, match=f"'{option}' can't be given anew to trained weights of a {name}; {may}"):
            zoo.from_preset(folder, **{option: before.get(option)})


def test_with_options_of_its_own_a_fine_tuned_preset_is_still_what_it_was_made_from(tmp_path):
    parent = zoo.save_preset(make("convnet"), tmp_path / "parent", {"dataset": MNIST, "licences": LICENCES})
    whole, tuned = zoo.from_preset(parent), zoo.from_preset(parent, classes=2, augmentation=None, dropout=0.5)
    assert how_made(tuned)["options"]["augmentation"] is None and how_made(whole)["options"]["augmentation"] == "shift"
    assert tuned.output_shape == (None, 2) and all(map(np.array_equal, whole.get_weights()[:-2], tuned.get_weights()[:-2]))
    for model, options in ((tuned, how_made(tuned)["options"]), (zoo.from_preset(parent, dropout=0.1), None)):
        card = zoo.model_card(zoo.save_preset(model, tmp_path / "child"))
        assert card["based_on"] == {"name": "parent", "licences": LICENCES} and card["layout"] == "mnist"
        assert ("class_names" in card) == (options is None)
        assert card["model"]["options"] == (options or how_made(whole)["options"] | {"dropout": 0.1})
    with pytest.raises(InvalidInput, match="convnet.*dropout"):
        zoo.from_preset(parent, dropout=2)
    for options in ({"load_weights": False}, {"classes": 2}, {}):
        with pytest.raises(InvalidInput, match="'activation', 'rescale' can't be given anew"):
            zoo.from_preset(parent, activation="tanh", rescale=None, dropout=0.1, **options)


def test_an_option_that_changes_weights_in_somebodys_own_model_is_refused(own, tmp_path):
    def noisy(input_shape, classes, *, dropout=0.0):
        x = inputs = keras.Input(input_shape)
        x = keras.layers.Dense(5 if dropout else 4)(keras.layers.Flatten()(x))
        return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(x), name="noisy")

    own(noisy)
    folder = zoo.save_preset(zoo.create_model("noisy", (8, 8), 3), tmp_path / "noisy")
    for classes in (None, 2):
        with pytest.raises(
            InvalidInput, match="With these options or classes noisy has other weights than those that were trained"
        ):
            zoo.from_preset(folder, classes=classes, dropout=0.5)


@pytest.fixture
def own():
    """register_model, of which nothing is left after the test."""
    before = dict(_builders)
    yield zoo.register_model
    _builders.clear()
    _builders.update(before)


def test_no_later_default_changes_what_a_preset_computes(own, tmp_path):
    def body(input_shape, classes, activation, widths, rescale):
        x = inputs = keras.Input(input_shape)
        x = keras.layers.Flatten()(x if rescale is None else keras.layers.Rescaling(rescale)(x))
        for units in widths:
            x = keras.layers.Dense(units, activation)(x)
        return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(x), name="mine")

    def mine(input_shape, classes, *, activation="tanh", widths=(5, 4), rescale=None, start=keras.initializers.Zeros, most=np.inf):
        return body(input_shape, classes, activation, widths, rescale)

    model = zoo.create_model("mine", (8, 8), 3, activation="tanh") if own(mine) else None
    folder = zoo.save_preset(model, tmp_path / "mine")
    said = {"activation": "tanh", "widths": [5, 4], "rescale": None}  # a class and what is infinite no file can hold
    assert read(folder, "config.json")["options"] == zoo.model_card(folder)["model"]["options"] == said
    assert f"Options: `{json.dumps(said)}`" in (folder / "README.md").read_text()
    assert np.load(folder / "golden.npz")["x"].dtype == "float32", "of a scale of its own, as its default says"

    def mine(input_shape, classes, *, activation="relu", widths=(3,), rescale=1 / 255, start=keras.initializers.Zeros, most=np.inf):
        return body(input_shape, classes, activation, widths, rescale)

    own(mine)
    np.testing.assert_allclose(logits(zoo.from_preset(folder)), logits(model), rtol=1e-6)
    assert zoo.evaluate_preset(folder).golden


def test_a_preset_of_before_with_fewer_options_is_still_one(tmp_path):
    model = make()
    folder = zoo.save_preset(model, tmp_path / "old")
    card, config = read(folder, "card.json"), read(folder, "config.json")
    few = {"widths": [16, 12], "batch_norm": True}
    rewrite(folder, "config.json", config | {"options": few})
    with pytest.raises(CorruptFile, match="card of another model: its options"):
        zoo.model_card(folder)
    rewrite(folder, "card.json", card | {"model": card["model"] | {"options": few}})
    loaded = zoo.from_preset(folder)
    assert how_made(loaded)["options"] == few and zoo.evaluate_preset(folder).golden
    np.testing.assert_allclose(logits(loaded), logits(model), rtol=1e-6)
    assert zoo.model_card(zoo.save_preset(loaded, tmp_path / "new"))["model"] == card["model"]

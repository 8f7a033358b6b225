"""Presets of one's own: saved, loaded, fine-tuned, proved."""

import hashlib
import json
import warnings
from concurrent.futures import ThreadPoolExecutor

import h5py
import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from preset_example import DATASET, FILES, LICENCES, MNIST, X, digits, logits, make, original  # noqa: F401
from zoo.errors import InvalidInput
from zoo.presets import saving
from zoo.presets.card import class_names, layout_of
from zoo.presets.counting import flops_per_example
from zoo.presets.saving import golden
from zoo.registry import _builders, how_made, models_text

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("name", zoo.list_models())
def test_saved_and_loaded_is_the_same_model(name, tmp_path):
    model = make(name)
    folder = zoo.save_preset(model, tmp_path / name)
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    keras.utils.set_random_seed(99)
    loaded = zoo.from_preset(folder)
    x = X[:, 0] % 10 if models_text(name) else X
    np.testing.assert_allclose(logits(loaded, x), logits(model, x), rtol=1e-5, atol=1e-6)
    card = zoo.model_card(folder)
    assert card["model"]["parameters"] == model.count_params()
    assert card["name"] == name


def test_a_model_without_classes_says_so(tmp_path):
    folder = zoo.save_preset(make("deep_autoencoder"), tmp_path / "codes")
    assert zoo.model_card(folder)["model"]["classes"] is None
    assert "logits of the pixels that it reconstructs" in (folder / "README.md").read_text()
    assert zoo.decoder(zoo.from_preset(folder)).output_shape == (None, 8, 8)
    with pytest.raises(InvalidInput, match="has no classes, not 3"):
        zoo.from_preset(folder, classes=3)
    with pytest.raises(InvalidInput, match="knows no classes; .* has .* and none"):
        zoo.evaluate_preset(folder, "mnist")


def test_a_trained_model_is_saved_without_its_optimizer(tmp_path):
    model = make("linear")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, np.arange(6, dtype="int32"), verbose=0)
    folder = zoo.save_preset(model, tmp_path / "trained")
    np.testing.assert_allclose(logits(zoo.from_preset(folder)), logits(model), rtol=1e-5)
    with h5py.File(folder / "model.weights.h5") as file:
        assert "optimizer" not in file or not len(file["optimizer/vars"])
    model.fit(X, np.arange(6, dtype="int32"), verbose=0)  # and goes on with it


def test_a_member_of_a_population_can_be_saved(tmp_path):
    population = zoo.Population(lambda: zoo.create_model("linear", (8, 8), 3), seeds=range(2))
    folder = zoo.save_preset(population[1], tmp_path / "member")
    np.testing.assert_allclose(logits(zoo.from_preset(folder)), logits(population[1]), rtol=1e-6)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "bfloat16"])
def test_what_was_trained_in_16_bits_is_proved_as_it_is_loaded(tmp_path, precision):
    population = zoo.Population(lambda: make("convnet"), seeds=[0], precision=precision)
    folder = zoo.save_preset(population[0], tmp_path / "short")
    golden, model = np.load(folder / "golden.npz"), zoo.from_preset(folder)
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    np.testing.assert_allclose(logits(model, golden["x"]), golden["logits"], rtol=1e-5, atol=1e-6)
    assert np.abs(logits(population[0], golden["x"]) - golden["logits"]).max() > 1e-4  # in 16 bits it says something else
    for ours, theirs in zip(model.get_weights(), population.get_weights(0), strict=True):
        np.testing.assert_array_equal(ours, np.asarray(theirs, "float32"))


def test_what_no_option_says_can_not_be_saved(tmp_path):
    model = make("mlp")
    model.layers[-1].activation = keras.activations.softmax
    with pytest.raises(InvalidInput, match="mlp computes otherwise than a model of its options with its weights: a layer was"):
        zoo.save_preset(model, tmp_path / "changed")
    assert not (tmp_path / "changed").exists()
    with warnings.catch_warnings(), pytest.raises(InvalidInput, match="weights of mlp are not those that its options say"):
        warnings.simplefilter("ignore", UserWarning)  # that a dropout can't be quantized
        quantized = make("mlp")
        quantized.quantize("int8")
        zoo.save_preset(quantized, tmp_path / "changed")


def test_a_model_of_ones_own_has_a_new_head_where_its_last_layer_is_called_logits(tmp_path):
    def without_logits(input_shape, classes):
        inputs = keras.Input(input_shape)
        return keras.Model(inputs, keras.layers.Dense(classes, name="predictions")(keras.layers.Flatten()(inputs)))

    zoo.register_model(without_logits)
    try:
        folder = zoo.save_preset(zoo.create_model("without_logits", (8, 8), 10), tmp_path / "own")
        for wanted in ({"classes": 2}, {"new_head": True}):
            with pytest.raises(InvalidInput, match="has no layer called logits"):
                zoo.from_preset(folder, **wanted)
    finally:
        del _builders["without_logits"]


def test_without_weights_it_is_the_same_architecture_from_a_new_start(original):
    first, second = zoo.from_preset(original, load_weights=False), zoo.from_preset(original)
    assert [w.shape for w in first.weights] == [w.shape for w in second.weights]
    assert np.abs(logits(first) - logits(second)).max() > 1e-3


def test_own_classes_keep_the_body_and_start_a_new_head(original):
    whole, tuned = zoo.from_preset(original), zoo.from_preset(original, classes=3)
    assert tuned.output_shape == (None, 3)
    for old, new in zip(whole.layers[:-1], tuned.layers[:-1], strict=True):
        for a, b in zip(old.get_weights(), new.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(InvalidInput, match="has 10 classes already; .*new_head=True"):
        zoo.from_preset(original, classes=10)
    for again in (zoo.from_preset(original, classes=10, new_head=True), zoo.from_preset(original, new_head=True)):
        assert again.output_shape == (None, 10)
        body, head = again.get_weights()[:-2], again.get_layer("logits").get_weights()[0]
        assert all(map(np.array_equal, body, whole.get_weights()[:-2]))
        assert np.abs(head - whole.get_layer("logits").get_weights()[0]).max() > 1e-3
    with pytest.raises(InvalidInput, match="must be a positive integer"):
        zoo.from_preset(original, classes=0)
    with pytest.raises(InvalidInput, match="leave classes and new_head out"):
        zoo.from_preset("lstm_shakespeare", new_head=True)


def test_a_fine_tuned_preset_says_what_it_was_made_from(digits, tmp_path):
    tuned = zoo.save_preset(zoo.from_preset(digits, classes=2), tmp_path / "tuned", class_names=["even", "odd"])
    card = zoo.model_card(tuned)
    assert (zoo.model_card(digits)["format"], card["format"]) == (1, 2)
    assert card["based_on"] == {"name": "digits", "licences": LICENCES}
    assert (card["layout"], card["class_names"]) == ("mnist", ["even", "odd"]) and "dataset" not in card
    text = (tuned / "README.md").read_text(encoding="utf-8")
    for line in ("- Made from the preset digits", "- Classes: even, odd", "- data of digits: CC BY-SA 3.0"):
        assert line in text.splitlines()
    again = zoo.model_card(zoo.save_preset(zoo.from_preset(tuned), tmp_path / "again"))
    assert again["based_on"] == {"name": "tuned", "licences": {f"{what} of digits": licence for what, licence in LICENCES.items()}}
    assert "- data of digits: CC BY-SA 3.0" in (tmp_path / "again" / "README.md").read_text(encoding="utf-8").splitlines()
    assert (again["layout"], again["class_names"]) == ("mnist", ["even", "odd"])
    other = zoo.model_card(zoo.save_preset(zoo.from_preset(tuned, classes=3), tmp_path / "other"))
    assert other["layout"] == "mnist" and "class_names" not in other


def test_a_card_may_leave_open_what_is_not_known(tmp_path):
    made = {"device": "a desk", "backend": "jax", "precision": "float32", "versions": {}, "commit": "", "updates": 12_000}
    card = {"recipe": {"labels": "a tenth"}, "training": made | {"seconds_per_seed": None}}
    text = (zoo.save_preset(make("linear"), tmp_path / "mine", card) / "README.md").read_text(encoding="utf-8")
    assert '- Recipe: `{"labels": "a tenth"}`\n' in text and "12,000 updates, an unknown number of s per seed" in text
    alone = zoo.save_preset(make("linear"), tmp_path / "alone", {"training": card["training"]})
    assert "12,000 updates, an unknown" in (alone / "README.md").read_text(encoding="utf-8")
    assert "- Labels:" not in text, "what a label is a share of, and whose choice, only recipes of deepzoo's say"


def test_what_a_card_says_itself_is_not_taken_from_the_preset(digits, tmp_path):
    clothes = {"dataset": DATASET | {"name": "fashion_mnist", "class_names": list("abcdefghij")}}
    card = zoo.model_card(zoo.save_preset(zoo.from_preset(digits), tmp_path / "clothes", clothes))
    assert layout_of(card) == "fashion_mnist" and class_names(card) == list("abcdefghij")
    letters = {"dataset": DATASET | {"name": "letters", "class_names": list("abcdefghij")}}
    card = zoo.model_card(zoo.save_preset(zoo.from_preset(digits), tmp_path / "letters", letters))
    assert layout_of(card) == "mnist" and class_names(card) == list("abcdefghij")
    card = zoo.model_card(zoo.save_preset(zoo.from_preset(digits, load_weights=False), tmp_path / "new"))
    assert not {"based_on", "layout", "class_names"} & set(card)


@pytest.mark.parametrize("kind", [tuple, np.array, pd.Series])
def test_names_of_classes_may_come_in_any_sequence(kind, tmp_path):
    named = zoo.save_preset(make("linear", classes=2), tmp_path / "named", class_names=kind(["even", "odd"]))
    assert class_names(zoo.model_card(named)) == ["even", "odd"]


@pytest.mark.parametrize(
    "names",
    [
        np.array("ab"),
        pd.DataFrame({"a": [0], "b": [1]}),
        "ab",
        ["a"],
        ["a", "a"],
        ["a", 5],
        ["a", ""],
        {"a": 0, "b": 1},
        ["a", "b", "c"],
        2,
    ],
)
def test_names_that_are_not_one_for_each_class_are_refused(names, tmp_path):
    for given in ({"class_names": names}, {"card": {"class_names": names}}):
        with pytest.raises(InvalidInput, match="must be a list of 2 different strings"):
            zoo.save_preset(make("linear", classes=2), tmp_path / "named", **given)
    with pytest.raises(InvalidInput, match="tells no classes apart"):
        zoo.save_preset(make("deep_autoencoder"), tmp_path / "named", class_names=names)
    assert not list(tmp_path.iterdir())


def test_series_get_a_new_head_and_text_does_not(tmp_path):
    model = zoo.create_model("lstm", (6, 2), 1, units=4, layers=1, series=[3.0, 2.0])
    folder = zoo.save_preset(model, tmp_path / "series")
    two = zoo.from_preset(folder, classes=2)
    assert two.output_shape == (None, 2)
    np.testing.assert_array_equal(two.get_layer("lstm_1").get_weights()[0], model.get_layer("lstm_1").get_weights()[0])
    with np.load(folder / "golden.npz") as golden:
        assert np.abs(golden["x"] - 3).max() <= 2  # such values as the series has
    assert "values of the series; its next value" in (folder / "README.md").read_text(encoding="utf-8")
    folder = zoo.save_preset(make("language_model"), tmp_path / "text")
    assert "character codes; at every place logits of the next of 10 characters" in (folder / "README.md").read_text("utf-8")
    with pytest.raises(InvalidInput, match="classes of a language_model are its alphabet"):
        zoo.from_preset(folder, classes=5)


@pytest.mark.parametrize("name", ["rnn", "irnn", "lstm"])
def test_padded_models_are_saved(name, tmp_path):
    model = zoo.create_model(name, (6, 2), 3, units=4, padding=-1.0)
    x = np.full((2, 6, 2), -1.0, "float32")
    x[:, :4] = 100
    np.testing.assert_allclose(logits(zoo.from_preset(zoo.save_preset(model, tmp_path / "padded")), x), logits(model, x), rtol=1e-5)
    unpadded = zoo.create_model(name, (6, 2), 3, units=4)
    assert flops_per_example(model) == flops_per_example(unpadded)


def test_what_a_model_was_made_of_is_not_what_the_caller_changes_later(tmp_path):
    widths = [16]
    model = make(widths=widths)
    widths.append(12)
    how_made(model)["options"]["widths"].append(3)
    zoo.save_preset(model, tmp_path / "mine")
    np.testing.assert_array_equal(logits(zoo.from_preset(tmp_path / "mine")), logits(model))


def test_functions_and_classes_of_keras_are_kept_by_name(tmp_path):
    chosen = {"activation": keras.activations.silu, "initialiser": keras.initializers.HeUniform}
    model = zoo.create_model("mlp", (5,), 3, widths=(4,), rescale=None, **chosen)
    found = zoo.from_preset(zoo.save_preset(model, tmp_path / "own"))
    x = np.random.RandomState(0).normal(size=(7, 5))
    np.testing.assert_allclose(found.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5)
    config = json.loads((tmp_path / "own" / "config.json").read_text())["options"]
    assert config["activation"] == "silu" and config["initialiser"]["class_name"] == "HeUniform"


def test_threads_load_side_by_side_and_leave_keras_as_it_was(original):
    start = keras.Variable._initialize_with_initializer
    with ThreadPoolExecutor(8) as threads:
        for found in threads.map(lambda _: logits(zoo.from_preset(original)), range(24)):
            np.testing.assert_array_equal(found, logits(zoo.from_preset(original)))
    assert keras.Variable._initialize_with_initializer is start


def test_what_cannot_be_counted_can_be_given(tmp_path, monkeypatch):
    def unknown(model):
        raise NotImplementedError("The products in GRU are not known.")

    monkeypatch.setattr("zoo.presets.counting.flops_per_example", unknown)
    with pytest.raises(InvalidInput, match="The products in GRU are not known. Count them yourself"):
        zoo.save_preset(make("linear"), tmp_path / "mine")
    card = {"flops_per_example": 1280}
    assert zoo.model_card(zoo.save_preset(make("linear"), tmp_path / "mine", card))["model"]["flops_per_example"] == 1280
    assert card == {"flops_per_example": 1280}


def test_a_text_model_may_know_every_byte(tmp_path):
    model = zoo.create_model("language_model", (8,), 256, units=3, layers=1)
    again = zoo.from_preset(zoo.save_preset(model, tmp_path / "bytes"))
    x = np.arange(248, 256, dtype="uint8")[None]
    np.testing.assert_allclose(logits(again, x), logits(model, x), rtol=1e-5, atol=1e-6)


def test_numbers_of_numpy_are_saved_as_numbers(tmp_path):
    series = np.float32(20.5), np.float64(3)
    model = zoo.create_model("lstm", (6, 1), 1, units=3, layers=1, series=series)
    assert how_made(zoo.from_preset(zoo.save_preset(model, tmp_path / "series")))["options"]["series"] == [20.5, 3.0]


def test_only_models_of_the_zoo_can_be_saved(tmp_path):
    foreign = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(InvalidInput, match="was not made by zoo.create_model"):
        zoo.save_preset(foreign, tmp_path / "foreign")
    with pytest.raises(InvalidInput, match="was not made by"):
        zoo.save_preset("linear", tmp_path / "foreign")
    assert not list(tmp_path.iterdir())


def test_sums_are_sha256sums(original):
    for line in (original / "SHA256SUMS").read_text().splitlines():
        expected, name = line.split("  ")
        assert hashlib.sha256((original / name).read_bytes()).hexdigest() == expected


def test_operations_are_counted_by_hand():
    assert flops_per_example(make("linear")) == 2 * 64 * 10
    frozen = keras.layers.GRU(3, trainable=False)
    with pytest.raises(NotImplementedError, match="The products in GRU are not known"):
        flops_per_example(keras.Sequential([keras.Input((5, 4)), frozen, keras.layers.Dense(2)]))
    first = keras.layers.Conv2D(4, 3, padding="same", data_format="channels_first")
    assert flops_per_example(keras.Sequential([keras.Input((3, 8, 9)), first])) == 2 * 3 * 9 * 4 * 8 * 9
    with pytest.raises(NotImplementedError, match="multiplies depends on the length of an example"):
        flops_per_example(keras.Sequential([keras.Input((None, 3)), keras.layers.Dense(2)]))
    assert flops_per_example(make("mlp")) == 2 * (64 * 16 + 16 * 12 + 12 * 10)
    hadamard = 3 * 256 * (16 + 16)  # 64 numbers filled up to 16 x 16, three times
    assert flops_per_example(make("kernel_machine")) == 2 * (hadamard + 64 * 10)
    conv = 64 * 9 * 1 * 4 + 16 * 9 * 4 * 8
    assert flops_per_example(make("convnet")) == 2 * (conv + 32 * 8 + 8 * 10)
    steps = 8 * ((8 + 8) * 32 + (8 + 8) * 32)
    assert flops_per_example(make("lstm")) == 2 * (steps + 8 * 10)


def test_a_layer_counts_as_often_as_the_model_calls_it():
    inputs, twice = keras.Input((4,)), keras.layers.Dense(4, name="twice")
    once = twice(inputs)
    both = keras.Model(inputs, keras.layers.Dense(3)(twice(once)))
    assert flops_per_example(both) == 2 * (4 * 4 + 4 * 4 + 4 * 3)
    assert flops_per_example(keras.Model(inputs, once)) == 2 * 4 * 4, "what another model does with it is that one's"
    reader, short, long = keras.layers.LSTM(3), keras.Input((5, 2)), keras.Input((7, 2))
    model = keras.Model([short, long], keras.layers.add([reader(short), reader(long)]))
    assert flops_per_example(model) == 2 * (5 + 7) * (2 + 3) * 12

    class Loop(keras.Model):
        def __init__(self):
            super().__init__()
            self.twice = keras.layers.Dense(4, name="twice")

        def call(self, x):
            return self.twice(self.twice(x))

    loop = Loop()
    loop(keras.ops.ones((1, 4)))
    with pytest.raises(NotImplementedError, match="How often loop calls its layer twice is not known"):
        flops_per_example(loop)


def test_what_comes_to_the_place_meanwhile_is_not_replaced(tmp_path, monkeypatch):
    again = saving._golden_again

    def meanwhile(*given):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.tex").write_text("years")
        return again(*given)

    monkeypatch.setattr(saving, "_golden_again", meanwhile)
    with pytest.raises(InvalidInput, match="out"):
        zoo.save_preset(make("linear"), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"] and (tmp_path / "out" / "thesis.tex").read_text() == "years"


def test_golden_examples_have_the_scale_that_a_model_takes(tmp_path):
    raw, own = (golden(zoo.create_model("linear", (4, 4), 3, **options))["x"] for options in ({}, {"rescale": None}))
    assert raw.dtype == "uint8" and own.dtype == "float32" and np.abs(own).max() <= 1
    np.testing.assert_allclose(own, raw / 128 - 1.0)
    zoo.save_preset(zoo.create_model("mlp", (10,), 2, activation="exponential", rescale=None, widths=(16, 16)), tmp_path / "kept")
    wild = zoo.create_model("mlp", (10,), 2, activation="exponential", rescale=100, widths=(16, 16))
    with pytest.raises(InvalidInput, match="for made-up inputs are not all numbers, so that no preset could prove itself"):
        zoo.save_preset(wild, tmp_path / "wild")

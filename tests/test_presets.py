"""Presets of one's own: saved, loaded, fine-tuned; whatever is wrong with a folder gives one clear error and no weights."""

import hashlib
import json
import os
import shutil

import h5py
import keras
import numpy as np
import pytest

import zoo
from zoo.errors import CorruptFile, InvalidInput, ResultsError, UnknownName
from zoo.presets.card import metric_entry
from zoo.presets.counting import flops_per_example
from zoo.presets.folder import write_sums
from zoo.presets.proving import Evaluation, Retraining
from zoo.registry import models_text, reconstructs

pytestmark = pytest.mark.backend
X = np.random.default_rng(0).integers(0, 256, (6, 8, 8)).astype("uint8")
FILES = ("config.json", "model.weights.h5", "card.json", "golden.npz", "README.md", "SHA256SUMS")
DATASET = {
    "name": "mine", "version": "1", "fingerprint": "0", "splits": {"test": 5}, "class_names": ["cat"], "licence": "CC0",
    "homepage": "",
}
OPTIONS = {
    "linear": {},
    "mlp": {"widths": (16, 12), "batch_norm": True},
    "kernel_machine": {"features": 64},
    "autoencoder_stack": {"widths": (16, 12)},
    "deep_autoencoder": {"widths": (16, 12), "code": 3},
    "convnet": {"blocks": ((4,), (8,)), "dense": 8, "augmentation": "shift"},
    "rnn": {"units": 8},
    "irnn": {"units": 8},
    "lstm": {"units": 8, "layers": 2},
    "language_model": {"units": 8, "layers": 2, "embedding": 4},
}


def logits(model, x=X):
    return keras.ops.convert_to_numpy(model(x, training=False))


def make(name="mlp", seed=1, classes=10, **options):
    keras.utils.set_random_seed(seed)
    shape = (8,) if models_text(name) else (8, 8)
    return zoo.create_model(name, shape, None if reconstructs(name) else classes, **(OPTIONS.get(name, {}) | options))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A preset that no test may change."""
    return zoo.save_preset(make(), tmp_path_factory.mktemp("presets") / "mine")


@pytest.fixture
def preset(original, tmp_path):
    """A copy of it to spoil."""
    return shutil.copytree(original, tmp_path / "mine")


def rewrite(folder, name, content):
    """Put other bytes in a file and make the sums fit, as somebody does who means it."""
    (folder / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    write_sums(folder)


def read(folder, name):
    return json.loads((folder / name).read_bytes())


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
    model.fit(X, np.arange(6), verbose=0)
    folder = zoo.save_preset(model, tmp_path / "trained")
    np.testing.assert_allclose(logits(zoo.from_preset(folder)), logits(model), rtol=1e-5)
    with h5py.File(folder / "model.weights.h5") as file:
        assert "optimizer" not in file or not len(file["optimizer/vars"])
    model.fit(X, np.arange(6), verbose=0)  # and goes on with it


def test_a_member_of_a_population_can_be_saved(tmp_path):
    population = zoo.Population(lambda: zoo.create_model("linear", (8, 8), 3), seeds=range(2))
    folder = zoo.save_preset(population[1], tmp_path / "member")
    np.testing.assert_allclose(logits(zoo.from_preset(folder)), logits(population[1]), rtol=1e-6)


def test_random_features_are_saved_as_their_seed_or_whole(tmp_path):
    model = make("kernel_machine", features=512)
    small = zoo.save_preset(model, tmp_path / "small")
    model.get_layer("fourier").phase.assign(np.zeros(512))
    whole = zoo.save_preset(model, tmp_path / "whole")
    assert (small / "model.weights.h5").stat().st_size + 4 * 64 * 512 <= (whole / "model.weights.h5").stat().st_size + 8192
    np.testing.assert_allclose(logits(zoo.from_preset(whole)), logits(model), rtol=1e-5, atol=1e-6)


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
    with pytest.raises(InvalidInput, match="has 10 classes already"):
        zoo.from_preset(original, classes=10)
    with pytest.raises(InvalidInput, match="must be a positive integer"):
        zoo.from_preset(original, classes=0)


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


def test_a_preset_is_replaced_whole_and_other_folders_are_left_alone(preset, tmp_path):
    zoo.save_preset(make(seed=5), preset)
    np.testing.assert_allclose(logits(zoo.from_preset(preset)), logits(make(seed=5)), rtol=1e-5, atol=1e-6)
    (preset / "thesis.tex").write_text("years of work")
    with pytest.raises(InvalidInput, match="thesis.tex"):
        zoo.save_preset(make(), preset)
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="is a file"):
        zoo.save_preset(make(), tmp_path / "file")
    with pytest.raises(ResultsError, match="can't be written"):
        zoo.save_preset(make(), tmp_path / "file" / "below")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_link_stays_a_link_and_what_it_points_to_is_replaced(preset, tmp_path):
    for target in (preset, tmp_path / "new"):
        link = tmp_path / f"link to {target.name}"
        link.symlink_to(target)
        zoo.save_preset(make(seed=5), link)
        assert link.is_symlink() and not target.is_symlink()
        np.testing.assert_allclose(logits(zoo.from_preset(link)), logits(make(seed=5)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "folder, error",
    [("x" * 300, ResultsError), ("a\0b", InvalidInput), ("~no-such-user/x", InvalidInput), (5, InvalidInput)],
)
def test_where_nothing_can_be_saved(folder, error):
    with pytest.raises(error):
        zoo.save_preset(make("linear"), folder)


def test_only_models_of_the_zoo_can_be_saved(tmp_path):
    foreign = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(InvalidInput, match="was not made by zoo.create_model"):
        zoo.save_preset(foreign, tmp_path / "foreign")
    with pytest.raises(InvalidInput, match="was not made by"):
        zoo.save_preset("linear", tmp_path / "foreign")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "card, message",
    [
        ({"accuracy": 1.0}, "unknown key 'accuracy'"),
        ({"metrics": [{"name": "test_error_pct"}]}, r"metrics lacks 'split'"),
        ({"limits": 5}, "limits should be str"),
        ({"dataset": DATASET | {"splits": {"test": "many"}}}, "dataset.splits.test should be int"),
        ({"dataset": DATASET | {"class_names": ["cat", 5]}}, "dataset.class_names should be str"),
        ({"recipe": {"rate": float("nan")}}, "can't be saved"),
        (["name"], "A card is a dict"),
    ],
)
def test_a_card_with_other_keys_is_refused_when_saved(card, message, tmp_path):
    with pytest.raises(InvalidInput, match=message):
        zoo.save_preset(make(), tmp_path / "own", card=card)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", FILES[:3] + FILES[5:])
@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "one bit"])
def test_damaged_files_are_found_out(preset, name, damage):
    path = preset / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        flipped = bytes([content[len(content) // 2] ^ 1])
        changed = {"empty": b"", "truncated": content[:-7], "one bit": content[: len(content) // 2] + flipped + content[len(content) // 2 + 1 :]}
        path.write_bytes(changed[damage])
    with pytest.raises(CorruptFile, match=name.replace(".", r"\.")):
        zoo.from_preset(preset)


@pytest.mark.parametrize("name", FILES[:3] + FILES[5:])
def test_only_plain_files_are_read(preset, name):
    """A pipe would be waited for without end, a device read without end."""
    for spoil in (os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to(path)):
        path = preset / name
        path.rmdir() if path.is_dir() else path.unlink()
        spoil(path)
        with pytest.raises(CorruptFile, match="is no plain file|can't be read"):
            zoo.from_preset(preset)


@pytest.mark.parametrize(
    "change",
    [
        {"classes": 10**9}, {"input_shape": [10**6, 10**6]}, {"options": {"widths": [10**9]}},
        {"options": {"widths": [16] * 3000}},
    ],
)
def test_a_config_cannot_fill_the_memory(preset, change):
    card, config = read(preset, "card.json"), read(preset, "config.json") | change
    rewrite(preset, "card.json", card | {"model": card["model"] | change})
    rewrite(preset, "config.json", config)
    with pytest.raises((InvalidInput, CorruptFile), match="more than 4 GiB of weights|are too few"):
        zoo.from_preset(preset)


def test_own_classes_cannot_fill_the_memory(original):
    with pytest.raises(InvalidInput, match="more than 4 GiB of weights"):
        zoo.from_preset(original, classes=10**12)


def test_weights_of_another_architecture_are_refused(preset, tmp_path):
    others = [make(widths=(16, 11)), make(batch_norm=False), make("linear"), make(widths=(16, 12, 12))]
    for number, other in enumerate(others):
        folder = zoo.save_preset(other, tmp_path / str(number))
        rewrite(preset, "model.weights.h5", (folder / "model.weights.h5").read_bytes())
        with pytest.raises(CorruptFile, match="does not hold the weights of th(is mlp|e model)"):
            zoo.from_preset(preset)


def test_weights_that_are_no_numbers_are_refused(preset, tmp_path):
    diverged = make()
    diverged.layers[-1].set_weights([np.full_like(weight, np.nan) for weight in diverged.layers[-1].get_weights()])
    with pytest.raises(InvalidInput, match="it diverged, and nothing was saved"):
        zoo.save_preset(diverged, tmp_path / "diverged")
    assert not (tmp_path / "diverged").exists()
    diverged.save_weights(tmp_path / "model.weights.h5")
    rewrite(preset, "model.weights.h5", (tmp_path / "model.weights.h5").read_bytes())
    with pytest.raises(CorruptFile, match="NaN or infinite"):
        zoo.from_preset(preset)


def test_weights_that_point_outside_or_hold_objects_are_refused(preset, tmp_path):
    content = (preset / "model.weights.h5").read_bytes()

    def spoil(change):
        path = tmp_path / "spoilt.h5"
        path.write_bytes(content)
        with h5py.File(path, "a") as file:
            change(file, "layers/dense/vars/0")
        rewrite(preset, "model.weights.h5", path.read_bytes())
        with pytest.raises(CorruptFile, match="is refused"):
            zoo.from_preset(preset)

    def external(file, name):
        del file[name]
        file[name] = h5py.ExternalLink("/etc/passwd", "/")

    def soft(file, name):
        del file[name]
        file[name] = h5py.SoftLink("/layers/dense_1/vars/0")

    def text(file, name):
        del file[name]
        file[name] = np.array([b"import os"])

    def bomb(file, name):
        del file[name]
        file.create_dataset(name, (2**14, 2**14), "float32", compression="gzip")

    def promised(file, name):
        del file[name]
        file.create_dataset(name, (2**18, 2**18), "float32")

    for change in (external, soft, text, bomb, promised):
        spoil(change)
    rewrite(preset, "model.weights.h5", b"no hdf5 at all")
    with pytest.raises(CorruptFile, match="does not hold the weights"):
        zoo.from_preset(preset)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"model": "lambda"}, "asks for the model 'lambda'"),
        ({"model": "../../evil"}, "asks for the model"),
        ({"model": None}, "asks for the model"),
        ({"options": {"code": "x"}}, "options that mlp has not"),
        ({"options": {"activation": {"class_name": "Lambda", "config": {}}}}, "is refused: activation"),
        ({"options": {"activation": "os.system('true')"}}, "is refused: activation"),
        ({"options": {"initialiser": "../up"}}, "is refused: initialiser"),
        ({"options": []}, "options that mlp has not"),
        ({"input_shape": "8x8; rm"}, "is refused: input_shape"),
        ({"classes": {"a": 1}}, "is refused: classes"),
        ({"classes": -1}, "must be a positive integer"),
        ({"options": {"activation": "no_such"}}, "cannot be built"),
        ({"format": 2}, "install a newer one"),
    ],
)
def test_a_config_asks_for_nothing_but_a_model_of_the_zoo(preset, change, message):
    rewrite(preset, "config.json", read(preset, "config.json") | change)
    with pytest.raises(InvalidInput, match=message):
        zoo.from_preset(preset)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"null", b"[" * 100_000, {"format": 1}, {"format": True}, {"format": 0}])
@pytest.mark.parametrize("name, load", [("config.json", zoo.from_preset), ("card.json", zoo.model_card)])
def test_what_is_no_json_of_ours_is_refused(preset, content, name, load):
    rewrite(preset, name, content)
    with pytest.raises(CorruptFile, match=name):
        load(preset)


def test_unknown_and_missing_keys_are_refused(preset):
    card, config = read(preset, "card.json"), read(preset, "config.json")
    rewrite(preset, "card.json", card | {"vibes": "good"})
    with pytest.raises(CorruptFile, match="unknown key 'vibes'"):
        zoo.model_card(preset)
    rewrite(preset, "card.json", {key: value for key, value in card.items() if key != "model"})
    with pytest.raises(CorruptFile, match="lacks 'model'"):
        zoo.model_card(preset)
    rewrite(preset, "card.json", card | {"format": 9})
    with pytest.raises(InvalidInput, match="install a newer one"):
        zoo.model_card(preset)
    rewrite(preset, "config.json", config | {"custom_objects": []})
    with pytest.raises(CorruptFile, match="custom_objects"):
        zoo.from_preset(preset)


@pytest.mark.parametrize(
    "change, error, message",
    [
        (lambda card: card | {"vibes": "good"}, CorruptFile, "unknown key 'vibes'"),
        (lambda card: {key: value for key, value in card.items() if key != "name"}, CorruptFile, "lacks 'name'"),
        (lambda card: card | {"format": 9}, InvalidInput, "install a newer one"),
        (lambda card: card | {"model": card["model"] | {"classes": 3}}, CorruptFile, "its classes and that of config.json"),
        (lambda card: card | {"model": card["model"] | {"name": "linear"}}, CorruptFile, "the card of another model"),
        (lambda card: card | {"model": card["model"] | {"input_shape": ["x"]}}, CorruptFile, "input_shape should be int"),
        (lambda card: card | {"dataset": DATASET | {"class_names": [{}]}}, CorruptFile, "class_names should be str"),
    ],
)
def test_weights_do_not_come_without_their_own_card(preset, change, error, message):
    rewrite(preset, "card.json", change(read(preset, "card.json")))
    for load in (zoo.from_preset, zoo.model_card):
        with pytest.raises(error, match=message):
            load(preset)


def test_sums_that_are_no_sums_are_refused(preset):
    for text in ("", "0" * 64 + "  ../../etc/passwd\n", "abc  config.json\n", "\0"):
        (preset / "SHA256SUMS").write_text(text)
        with pytest.raises(CorruptFile, match="SHA256SUMS"):
            zoo.from_preset(preset)


def test_unknown_names(tmp_path):
    with pytest.raises(UnknownName, match="There is no preset called 'linear_mnits'"):
        zoo.from_preset("linear_mnits")
    with pytest.raises(UnknownName):
        zoo.from_preset("")
    with pytest.raises(InvalidInput, match="There is no folder"):
        zoo.from_preset(tmp_path / "nothing")
    (tmp_path / "model.keras").write_bytes(b"")
    with pytest.raises(InvalidInput, match="is a file; a preset is a folder"):
        zoo.from_preset(tmp_path / "model.keras")
    for name in (5, b"linear", "a\0b"):
        with pytest.raises(InvalidInput, match="named by a string"):
            zoo.from_preset(name)
    with pytest.raises(InvalidInput, match="a user who is not known"):
        zoo.from_preset("~no-such-user/preset")
    with pytest.raises(UnknownName):
        zoo.from_preset("x" * 300)


def test_sums_are_sha256sums(original):
    for line in (original / "SHA256SUMS").read_text().splitlines():
        expected, name = line.split("  ")
        assert hashlib.sha256((original / name).read_bytes()).hexdigest() == expected


def test_operations_are_counted_by_hand():
    assert flops_per_example(make("linear")) == 2 * 64 * 10
    assert flops_per_example(make("mlp")) == 2 * (64 * 16 + 16 * 12 + 12 * 10)
    assert flops_per_example(make("kernel_machine")) == 2 * (64 * 64 + 64 * 10)
    conv = 64 * 9 * 1 * 4 + 16 * 9 * 4 * 8
    assert flops_per_example(make("convnet")) == 2 * (conv + 32 * 8 + 8 * 10)
    steps = 8 * ((8 + 8) * 32 + (8 + 8) * 32)
    assert flops_per_example(make("lstm")) == 2 * (steps + 8 * 10)


def test_intervals_of_a_card_are_students():
    entry = metric_entry("test_error_pct", "test", 100, 2.0, [1.0, 2.0, 3.0, float("nan")])
    assert (entry["seeds"], entry["mean"]) == (3, 2.0)
    assert entry["ci95_high"] == pytest.approx(2 + 4.3027 / 3**0.5, abs=1e-3)
    assert entry["new_seed95_high"] == pytest.approx(2 + 4.3027 * (4 / 3) ** 0.5, abs=1e-3)
    assert metric_entry("test_error_pct", "test", 100, 2.0, [2.0])["ci95_low"] is None


def test_agreement_means_a_few_predictions_at_most():
    assert Evaluation("mnist", 10_000, 7.40, 7.42).agrees
    assert not Evaluation("mnist", 10_000, 7.40, 7.50).agrees
    assert Evaluation("fashion_mnist", 10_000, 7.40, None).agrees is None
    assert Retraining({0: 1.0, 1: 2.0}, 1.4, 1.6).agrees
    assert not Retraining({0: 1.0}, 1.4, 1.6).agrees
    assert not Retraining({0: float("nan")}, 1.4, 1.6).agrees


def test_a_card_that_says_too_little_cannot_be_proved(original):
    with pytest.raises(InvalidInput, match="names no data set"):
        zoo.evaluate_preset(original)
    with pytest.raises(InvalidInput, match="knows 10 classes"):
        zoo.evaluate_preset(original, dataset="mnist")
    with pytest.raises(InvalidInput, match="does not say enough"):
        zoo.retrain_preset(original)

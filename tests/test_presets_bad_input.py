"""Whatever is wrong with a preset's folder gives one clear error and no weights, and nothing in it is executed."""

import functools
import os
import shutil

import h5py
import keras
import numpy as np
import pytest

import zoo
from preset_example import DATASET, FILES, make, original, preset, read, rewrite  # noqa: F401
from zoo.environment import on_cpu
from zoo.errors import CorruptFile, InvalidInput, UnknownName
from zoo.presets import folder
from zoo.presets.folder import SHIPPED, SUMS, write_sums

pytestmark = pytest.mark.backend
METRIC = {"name": "test_error_pct", "split": "test", "examples": 9} | dict.fromkeys(
    ("value", "seeds", "mean", "ci95_low", "ci95_high", "new_seed95_low", "new_seed95_high"), 1
)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "one bit"])
def test_damaged_files_are_found_out(preset, name, damage):
    path = preset / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        flipped = bytes([content[len(content) // 2] ^ 1])
        changed = {
            "empty": b"",
            "truncated": content[:-7],
            "one bit": content[: len(content) // 2] + flipped + content[len(content) // 2 + 1 :],
        }
        path.write_bytes(changed[damage])
    with pytest.raises(CorruptFile, match=name.replace(".", r"\.")):
        zoo.from_preset(preset)


@pytest.mark.parametrize("name", FILES)
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
    [{"classes": 10**9}, {"input_shape": [10**6, 10**6]}, {"options": {"widths": [10**9]}}, {"options": {"widths": [16] * 3000}}],
)
def test_a_config_cannot_fill_the_memory(preset, change):
    card, config = read(preset, "card.json"), read(preset, "config.json") | change
    rewrite(preset, "card.json", card | {"model": card["model"] | change})
    rewrite(preset, "config.json", config)
    with pytest.raises((InvalidInput, CorruptFile), match="more than 4 GiB of weights|are too few"):
        zoo.from_preset(preset)


@pytest.mark.parametrize("load_weights", [True, False])
def test_a_config_cannot_take_all_day(preset, load_weights):
    rewrite(preset, "config.json", read(preset, "config.json") | {"options": {"widths": [1] * 10**6}})
    with pytest.raises((InvalidInput, CorruptFile), match="more than 3,000 arrays of weights|are too few"):
        zoo.from_preset(preset, load_weights=load_weights)


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

    def doubled(file, name):
        group = file
        for _ in range(40):  # every group has its child twice: 2**40 ways to the bottom
            child = group.create_group("a")
            group["b"] = child
            group = child

    def deep(file, name):
        file.create_group("/".join("a" * 500))

    for change in (external, soft, text, bomb, promised, doubled, deep):
        spoil(change)
    rewrite(preset, "model.weights.h5", b"no hdf5 at all")
    with pytest.raises(CorruptFile, match="does not hold the weights"):
        zoo.from_preset(preset)


SCALED = {"class_name": "VarianceScaling", "config": {"scale": 16.0}}


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
        ({"options": {"initialiser": SCALED | {"module": "os"}}}, "is refused: initialiser"),
        ({"options": {"initialiser": SCALED | {"class_name": "Lambda"}}}, "is refused: initialiser"),
        ({"options": {"initialiser": SCALED | {"class_name": ["Zeros"]}}}, "is refused: initialiser"),
        ({"options": {"initialiser": SCALED | {"config": {"scale": SCALED}}}}, "is refused: initialiser"),
        ({"options": {"initialiser": SCALED | {"config": {"mode": "a.b"}}}}, "is refused: initialiser"),
        ({"options": {"initialiser": SCALED | {"config": {"scale": -1}}}}, "cannot be built"),
        ({"options": {"initialiser": {"class_name": "Constant", "config": {}}}}, "cannot be built"),
        ({"options": {"initialiser": [SCALED]}}, "is refused: initialiser"),
        ({"options": []}, "options that mlp has not"),
        ({"input_shape": "8x8; rm"}, "is refused: input_shape"),
        ({"classes": {"a": 1}}, "is refused: classes"),
        ({"classes": -1}, "must be a positive integer"),
        ({"options": {"activation": "no_such"}}, "cannot be built"),
        ({"options": {"augmentation": {"affine": {"rotation": "a.b"}}}}, "is refused: augmentation"),
        ({"options": {"augmentation": {"affine": {"rotation": {"x": 1}}}}}, "is refused: augmentation"),
        ({"options": {"augmentation": {"sepia": {}}}}, "cannot be built"),
        ({"options": {"widths": {"affine": {}}}}, "cannot be built"),
        ({"format": 4}, "install a newer one"),
    ],
)
def test_a_config_asks_for_nothing_but_a_model_of_the_zoo(preset, change, message):
    rewrite(preset, "config.json", read(preset, "config.json") | change)
    with pytest.raises(InvalidInput, match=message):
        zoo.from_preset(preset)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff", b"null", b"[" * 100_000, {"format": 1}, {"format": True}, {"format": 0}]
)
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
        (lambda card: card | {"name": "\ud800"}, CorruptFile, "name should be str"),
        (lambda card: card | {"metrics": [METRIC | {"mean": 10**400}]}, CorruptFile, "mean should be float"),
        (lambda card: card | {"metrics": [METRIC | {"value": np.nan}]}, CorruptFile, "value should be float"),
        (lambda card: card | {"format": 2, "class_names": ["a", "b", "c"]}, CorruptFile, "class_names must be a list of"),
        (lambda card: card | {"format": 2, "layout": "../x"}, CorruptFile, "its layout is one of mnist, fashion_mnist"),
        (lambda card: card | {"format": 1, "layout": "mnist"}, CorruptFile, "keys of format 2 and says that it is of format 1"),
    ],
)
def test_weights_do_not_come_without_their_own_card(preset, change, error, message):
    rewrite(preset, "card.json", change(read(preset, "card.json")))
    for load in (zoo.from_preset, zoo.model_card):
        with pytest.raises(error, match=message):
            load(preset)


@pytest.fixture
def digits(tmp_path):
    """A copy of a preset that ships, to spoil."""
    return shutil.copytree(SHIPPED / "linear_mnist", tmp_path / "linear_mnist")


@pytest.mark.parametrize("files", [FILES, ("model.weights.h5",)], ids=["whole folders", "weights"])
def test_presets_of_one_architecture_that_are_swapped_are_found_out(files, tmp_path, monkeypatch):
    """As they ship, and each with sums that are right for what is in it: what the folder is called must be right, too."""
    shipped = tmp_path / "pretrained"
    shipped.mkdir()
    shutil.copy(SHIPPED / SUMS, shipped)
    for name in ("linear_mnist", "linear_fashion_mnist"):
        shutil.copytree(SHIPPED / name, shipped / name)
    monkeypatch.setattr(folder, "SHIPPED", shipped)
    first, second = (shipped / name for name in ("linear_mnist", "linear_fashion_mnist"))
    for name in (first.name, second.name):
        zoo.from_preset(name)
    for name in files:
        one, other = (first / name).read_bytes(), (second / name).read_bytes()
        (first / name).write_bytes(other)
        (second / name).write_bytes(one)
    for path in (first, second):
        write_sums(path)
        with pytest.raises(CorruptFile, match=f"{path.name}.*is not the one that shipped"):
            zoo.from_preset(path.name)


@pytest.mark.parametrize("name", FILES)
def test_evaluating_reads_every_file(digits, name):
    (digits / name).write_bytes((digits / name).read_bytes() + b"?")
    with pytest.raises(CorruptFile, match=name.replace(".", r"\.")):
        zoo.evaluate_preset(digits)


def test_golden_logits_must_come_out_again(digits, call):
    with np.load(digits / "golden.npz") as golden:
        x, logits = golden["x"], golden["logits"]
    assert zoo.evaluate_preset(digits).golden_difference < 1e-5
    much = (1e-3 if on_cpu() else 0.1) * np.abs(logits).max()
    for change in ({"logits": logits + much}, {"logits": np.full_like(logits, np.nan)}):
        np.savez(digits / "golden.npz", **{"x": x, "logits": logits} | change)
        write_sums(digits)
        found = zoo.evaluate_preset(digits)
        assert found.agrees and not found.golden
    code, out, err = call("evaluate", digits)
    assert (code, err) == (1, "The golden logits do not come out again: not all of them are numbers.\n") and "it agrees" in out


def test_what_holds_no_golden_logits_of_the_model_is_refused(digits):
    with np.load(digits / "golden.npz") as golden:
        x, logits = golden["x"], golden["logits"]
    save = functools.partial(np.savez, digits / "golden.npz")
    for spoil in (
        lambda: save(x=x), lambda: save(x=x[:0], logits=logits[:0]), lambda: save(x=x[:, 1:], logits=logits), lambda: save(x=x[1:], logits=logits),
        lambda: save(x=x.astype(object), logits=logits), lambda: save(x=x.astype(str), logits=logits),
        lambda: np.savez_compressed(digits / "golden.npz", x=np.zeros((10**6, 28, 28), "uint8"), logits=logits),
        lambda: (digits / "golden.npz").write_bytes(b"no archive"),
    ):  # fmt: skip
        spoil()
        write_sums(digits)
        with pytest.raises(CorruptFile, match="holds no golden logits of this model"):
            zoo.evaluate_preset(digits)


@pytest.mark.parametrize("name", ["config.json", "card.json", "model.weights.h5", "SHA256SUMS"])
def test_a_file_of_a_terabyte_is_refused_unread(preset, name):
    os.truncate(preset / name, 2**40)
    with pytest.raises(CorruptFile, match=f"{name} is larger than such a file can be"):
        zoo.from_preset(preset)


def test_sums_that_are_no_sums_are_refused(preset):
    for text in ("", "0" * 64 + "  ../../etc/passwd\n", "abc  config.json\n", "\0"):
        (preset / "SHA256SUMS").write_text(text)
        with pytest.raises(CorruptFile, match="SHA256SUMS"):
            zoo.from_preset(preset)


def test_options_that_no_file_can_hold_are_named_with_the_remedy(tmp_path):
    def own(x):
        return keras.activations.relu(x)

    model = zoo.create_model("mlp", (4, 4), 2, widths=(3,), activation=own)
    with pytest.raises(InvalidInput, match="can't hold the option activation of this mlp, <function .*own.*such as 'relu'"):
        zoo.save_preset(model, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


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
        with pytest.raises(InvalidInput, match="string or a path"):
            zoo.from_preset(name)
    with pytest.raises(InvalidInput, match="a user who is not known"):
        zoo.from_preset("~no-such-user/preset")
    with pytest.raises(UnknownName):
        zoo.from_preset("x" * 300)

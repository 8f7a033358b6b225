"""`zoo predict` on real digits: what a user sees, what a program gets, and one line for every mistake."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.datasets import load
from zoo.errors import CorruptFile, InvalidInput

ZOO = Path(sys.executable).with_name("zoo")


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """A linear classifier of MNIST, solved by least squares on 5,000 digits: 80 % and more are right."""
    data = load("mnist")
    x, y = np.asarray(data.train.x[:5000]).reshape(5000, -1) / 255, np.eye(10)[data.train.y[:5000]]
    model = zoo.create_model("linear", (28, 28), 10)
    weights = np.linalg.solve(x.T @ x + 10 * np.eye(784), x.T @ (y - 0.1))
    model.get_layer("logits").set_weights([10 * weights, np.zeros(10)])
    known = {"name": "mnist", "version": "", "fingerprint": data.fingerprint, "splits": {}, "licence": "", "homepage": ""}
    names = [f"digit {digit}" for digit in range(10)]
    return zoo.save_preset(model, tmp_path_factory.mktemp("presets") / "linear", {"dataset": known | {"class_names": names}})


@pytest.fixture(scope="module")
def even_or_odd(preset, tmp_path_factory):
    """Two classes of one's own on top of it, solved likewise."""
    data = load("mnist")
    x, y = np.asarray(data.train.x[:5000]).reshape(5000, -1) / 255, np.eye(2)[data.train.y[:5000] % 2]
    model = zoo.from_preset(preset, classes=2)
    weights = np.linalg.solve(x.T @ x + 10 * np.eye(784), x.T @ (y - 0.5))
    model.get_layer("logits").set_weights([10 * weights, np.zeros(2)])
    return zoo.save_preset(model, tmp_path_factory.mktemp("presets") / "even_or_odd", class_names=["even", "odd"])


@pytest.fixture(scope="module")
def digits():
    data = load("mnist")
    return np.asarray(data.test.x[:20]), np.asarray(data.test.y[:20])


@pytest.fixture
def call(call):
    """Run `zoo predict` inside this process."""
    return functools.partial(call, "predict")


def drawing(path, digit):
    """The digit as somebody would scan it: large, dark on light."""
    Image.fromarray(255 - digit).resize((280, 280), Image.Resampling.NEAREST).save(path)
    return path


def test_text_shows_classes_probabilities_and_what_was_done(call, preset, digits, tmp_path):
    code, out, err = call(preset, drawing(tmp_path / "seven.png", digits[0][0]))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{tmp_path / 'seven.png'}: digit 7"
    shares = [line.split() for line in lines[1:4]]
    assert [share[:2] for share in shares][0] == ["digit", "7"] and all(share[-1] == "%" for share in shares)
    values = [float(share[2]) for share in shares]
    assert values == sorted(values, reverse=True) and 50 < values[0] <= 100
    assert lines[4].strip().startswith("Inverted") and "20x20" in lines[5] and len(lines) == 6


def test_a_fine_tuned_preset_lays_images_out_and_names_its_own_classes(call, even_or_odd, digits, tmp_path):
    np.save(tmp_path / "drawn.npy", 255 - np.pad(np.kron(digits[0], np.ones((1, 6, 6), "uint8")), [(0, 0), (20, 50), (40, 10)]))
    code, out, err = call(even_or_odd, tmp_path / "drawn.npy", "--json", "--top", 1)
    entries = json.loads(out)["images"]
    assert (code, err) == (0, "") and all(entry["done"][-2].startswith("Inverted") for entry in entries)
    right = [entry["classes"][0]["class"] == ("odd" if label % 2 else "even") for entry, label in zip(entries, digits[1])]
    assert sum(right) >= 15


def test_json_is_one_document_with_the_models_probabilities(call, preset, digits, tmp_path):
    x, y = digits
    np.save(tmp_path / "digits.npy", x)
    code, out, _ = call(preset, drawing(tmp_path / "first.png", x[0]), tmp_path / "digits.npy", "--json", "--top", 10)
    found = json.loads(out)
    assert code == 0 and found["preset"] == str(preset)
    assert [entry["image"] for entry in found["images"]][:2] == [str(tmp_path / "first.png"), f"{tmp_path / 'digits.npy'}[0]"]
    logits = keras.ops.convert_to_numpy(zoo.from_preset(preset)(x)).astype("float64")
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    right = 0
    for entry, probabilities, label in zip(found["images"][1:], expected, y, strict=True):
        classes = entry["classes"]
        assert [one["class"] for one in classes] == [f"digit {index}" for index in np.argsort(-probabilities)]
        np.testing.assert_allclose([one["probability"] for one in classes], np.sort(probabilities)[::-1], rtol=1e-4)
        right += classes[0]["class"] == f"digit {label}"
    assert right >= 15


def test_the_drawing_is_taken_for_what_it_was_drawn_from(call, preset, digits, tmp_path):
    x, _ = digits
    np.save(tmp_path / "plain.npy", x)
    np.save(tmp_path / "drawn.npy", 255 - np.pad(np.kron(x, np.ones((1, 6, 6), "uint8")), [(0, 0), (20, 50), (40, 10)]))
    best = []
    for name in ("plain", "drawn"):
        _, out, _ = call(preset, tmp_path / f"{name}.npy", "--json", "--top", 1)
        best.append([entry["classes"][0]["class"] for entry in json.loads(out)["images"]])
    assert best[0] == best[1]


def test_a_bad_file_does_not_stop_the_others(call, preset, digits, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    good = drawing(tmp_path / "seven.png", digits[0][0])
    code, out, err = call(preset, tmp_path / "absent.png", good, tmp_path / "text.png", "--top", 1)
    assert code == 1
    assert out.splitlines()[0] == f"{good}: digit 7"
    assert [line.partition(":")[0] for line in err.splitlines()] == ["error", "error"]
    assert "absent.png" in err and "text.png" in err
    absent = str(tmp_path / f"{'absent' * 20}.png")
    code, out, _ = call(preset, absent, good, "--json")
    entries = json.loads(out)["images"]
    assert code == 1 and entries[0]["image"] == absent and "There is no file" in entries[0]["error"] and entries[1]["classes"]


def test_a_name_that_the_terminal_cannot_show_does_not_stop_the_others(preset, digits, tmp_path):
    good, odd = drawing(tmp_path / "seven.png", digits[0][0]), os.fsencode(tmp_path) + b"/\xff.png"
    os.link(good, odd)
    settings = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run([ZOO, "predict", preset, odd, good, "--top", "1"], capture_output=True, timeout=120, env=settings)
    assert done.returncode == 0, done.stderr
    names = [line for line in done.stdout.decode().splitlines() if not line.startswith(" ")]
    assert names[0].endswith(r"\udcff.png: digit 7") and names[1] == f"{good}: digit 7"


def test_one_bad_image_in_an_array(call, preset, digits, tmp_path):
    x = digits[0][:3].copy()
    x[1] = 0
    np.save(tmp_path / "digits.npy", x)
    code, out, err = call(preset, tmp_path / "digits.npy", "--top", 1)
    assert code == 1 and "digits.npy[0]: digit 7" in out and "digits.npy[2]" in out
    assert err == f"error: {tmp_path / 'digits.npy'}[1] is blank: nothing on it stands out from its background.\n"


def test_a_model_that_reconstructs_is_refused(call, digits, tmp_path):
    model = zoo.create_model("deep_autoencoder", (28, 28), widths=(8,), code=2)
    folder = zoo.save_preset(model, tmp_path / "autoencoder")
    code, out, err = call(folder, drawing(tmp_path / "seven.png", digits[0][0]))
    assert (code, out) == (1, "") and len(err.splitlines()) == 1
    assert "autoencoder tells no classes apart: zoo show" in err


def test_only_bad_files_load_no_model(call, preset, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.presets.from_preset", lambda name: pytest.fail("the model was loaded for nothing"))
    assert call(preset, tmp_path / "absent.png")[0] == 1


def test_standard_input(call, preset, digits, tmp_path):
    content = drawing(tmp_path / "seven.png", digits[0][0]).read_bytes()
    code, out, _ = call(preset, "-", stdin=content)
    assert code == 0 and out.startswith("standard input: digit 7")
    assert call(preset, "-", stdin=b"")[::2] == (1, "error: standard input is empty (0 bytes).\n")


def test_closed_standard_input_of_the_installed_command(preset):
    done = subprocess.run(
        ["bash", "-c", f"{ZOO} predict {preset} - <&-"], capture_output=True, text=True, timeout=60, env=os.environ
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: Standard input is closed; pipe an image into it or name a file.\n"


def test_wrong_usage(call, preset, tmp_path):
    for arguments in ([preset], [preset, "-", "-"], [preset, "x.png", "--top", 0]):
        code, out, err = call(*arguments, stdin=b"")
        assert (code, out) == (2, "") and "Usage: zoo predict" in err
    code, _, err = call("no_such_preset", tmp_path / "x.png")
    assert code == 2 and err.startswith("error: There is no preset called 'no_such_preset'.") and err.count("\n") == 1


def test_a_preset_without_names_or_for_no_images(call, digits, tmp_path):
    image = drawing(tmp_path / "seven.png", digits[0][0])
    unnamed = zoo.save_preset(zoo.create_model("linear", (28, 28), 3), tmp_path / "unnamed")
    code, out, _ = call(unnamed, image, "--json")
    (entry,) = json.loads(out)["images"]
    assert code == 0 and sorted(one["class"] for one in entry["classes"]) == ["0", "1", "2"]
    assert entry["done"] == ["Scaled from 280x280 to fit 28x28 pixels."]
    vectors = zoo.save_preset(zoo.create_model("linear", (64,), 3), tmp_path / "vectors")
    code, _, err = call(vectors, image)
    assert code == 1 and "is no .npy file of one array" in err and err.count("\n") == 1


def test_vectors_are_told_apart_by_name(call, tmp_path):
    x = zoo.datasets.load("deterding_vowels").test.x[:3]
    np.save(tmp_path / "said.npy", x)
    code, out, _ = call("mlp_vowels", tmp_path / "said.npy", tmp_path / "no.npy", "--json")
    told = json.loads(out)["images"]
    assert code == 1 and "There is no file" in told.pop()["error"]
    assert [entry["image"] for entry in told] == [f"{tmp_path / 'said.npy'}[{place}]" for place in range(3)]
    model = zoo.from_preset("mlp_vowels")
    shares = keras.ops.convert_to_numpy(keras.ops.softmax(model(x)))
    names = zoo.datasets.describe("deterding_vowels").class_names
    for entry, row in zip(told, shares, strict=True):
        assert entry["classes"][0]["class"] == names[row.argmax()]
        assert entry["classes"][0]["probability"] == pytest.approx(row.max(), rel=1e-5)
    for given in (model, "mlp_vowels"):
        assert [entry["classes"] for entry in zoo.classify(given, [x[:2], x[2]])] == [entry["classes"] for entry in told]


@pytest.mark.parametrize(
    "wrong, said",
    [
        (np.zeros((2, 9)), r"of shape \(2, 9\): the model takes no images but vectors, an array \(n, 10\)"),
        (np.zeros((28, 28)), "takes no images but vectors"),
        (np.full(10, np.nan), "NaN"),
        ([1.0, 2.0], r"shape \(\)"),
        (["a"], "no file a"),
    ],
)
def test_what_is_no_vector_is_one_error(wrong, said):
    with pytest.raises(InvalidInput, match=said):
        zoo.classify("mlp_vowels", wrong)


def test_of_one_class_a_picture_is_or_is_not(preset, digits, tmp_path, monkeypatch):
    """As many as binary classifiers of Keras have: one logit, of which a softmax would make 1 whatever it is."""
    model = zoo.from_preset(preset, classes=1)
    (logit,) = keras.ops.convert_to_numpy(model(digits[0][:1]))[:, 0]
    share = 1 / (1 + np.exp(-logit))
    of_two = {"card": {"dataset": load("digits")}}  # ten names, which are of no use
    for folder, options, told in (
        ("named", {"class_names": ["odd"]}, ["odd", "not odd"]), ("unnamed", {}, ["1", "0"]), ("of ten", of_two, ["1", "0"]),
    ):  # fmt: skip
        zoo.save_preset(model, tmp_path / folder, **options)
        (found,) = zoo.classify(tmp_path / folder, digits[0][0])
        shares = {one["class"]: one["probability"] for one in found["classes"]}
        assert shares == pytest.approx(dict(zip(told, (share, 1 - share))), rel=1e-4)
        assert sorted(shares.values(), reverse=True) == list(shares.values())
    monkeypatch.setattr("zoo.presets.card.class_names", lambda card: ["even", "odd"])  # a data set's, label 0 and label 1
    (found,) = zoo.classify(tmp_path / "unnamed", digits[0][0])
    assert {one["class"]: one["probability"] for one in found["classes"]} == pytest.approx(
        {"odd": share, "even": 1 - share}, rel=1e-4
    )
    monkeypatch.undo()
    monkeypatch.setattr("zoo.classifying.BATCH", 1)
    for found in zoo.classify(tmp_path / "named", list(digits[0][:3])):
        assert {one["class"] for one in found["classes"]} == {"odd", "not odd"}


def test_in_python_it_is_the_same(call, preset, tmp_path):
    digits = load("mnist").test.x[:3]
    path = tmp_path / "digits.npy"
    np.save(path, digits)
    code, printed, _ = call(preset, path, "--json", "--top", 2)
    told = json.loads(printed)["images"]
    found, apart = zoo.classify(preset, path, top=2), zoo.classify(preset, list(digits), top=2)
    assert code == 0 and [one["image"] for one in found] == [one["image"] for one in told]
    assert [one["image"] for one in apart] == ["Image 0", "Image 1", "Image 2"]
    for again in (found, apart, zoo.classify(preset, digits[0], top=2)):
        for mine, theirs in zip(again, told):
            assert mine["done"] == theirs["done"] and len(mine["classes"]) == 2
            for one, other in zip(mine["classes"], theirs["classes"]):
                assert one["class"] == other["class"] and one["probability"] == pytest.approx(other["probability"], rel=1e-5)


def test_in_python_a_model_may_be_given_as_it_is_now(preset, even_or_odd, digits, tmp_path):
    drawing(tmp_path / "7.png", digits[0][0])
    images = [tmp_path / "7.png", *digits[0][1:4]]

    def same(found, told):
        assert [one["done"] for one in found] == [one["done"] for one in told]
        for one, other in zip(found, told, strict=True):
            shares = [{best["class"]: best["probability"] for best in entry["classes"]} for entry in (one, other)]
            assert shares[0] == pytest.approx(shares[1], rel=1e-4)

    whole, tuned = zoo.from_preset(preset), zoo.from_preset(even_or_odd)
    same(zoo.classify(whole, images, top=10), zoo.classify(preset, images, top=10))
    assert any("Inverted" in done for done in zoo.classify(whole, images)[0]["done"]), "laid out as for MNIST"
    same(zoo.classify(tuned, images), zoo.classify(even_or_odd, images))
    other = zoo.from_preset(preset, classes=2)
    other.set_weights(tuned.get_weights())
    assert {best["class"] for best in zoo.classify(other, images)[0]["classes"]} == {"0", "1"}
    same(zoo.classify(other, images, class_names=["even", "odd"]), zoo.classify(even_or_odd, images))
    same(zoo.classify(even_or_odd, images, class_names=["odd", "even"]), zoo.classify(other, images, class_names=["odd", "even"]))
    other.get_layer("logits").set_weights([np.zeros((784, 2)), np.array([0.0, 50.0])])
    assert [one["classes"][0]["class"] for one in zoo.classify(other, images)] == ["1"] * 4, "the weights of now"

    own = zoo.create_model("linear", (28, 28), 10)
    own.set_weights(whole.get_weights())
    unnamed = zoo.save_preset(own, tmp_path / "unnamed")
    same(zoo.classify(own, images, top=10), zoo.classify(unnamed, images, top=10))
    assert zoo.classify(own, images)[0]["done"] == ["Scaled from 280x280 to fit 28x28 pixels."]
    population = zoo.Population(lambda: zoo.create_model("linear", (28, 28), 10), seeds=[3])
    assert len(zoo.classify(population[0], images[1])[0]["classes"]) == 3


def test_in_python_a_model_that_is_none_for_it_is_one_error(digits):
    image, linear = digits[0][0], zoo.create_model("linear", (28, 28), 3)
    nobodys = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(3)])
    diverged, unit = (zoo.create_model("linear", (28, 28), 3, name="mine", **options) for options in ({}, {"rescale": None}))
    diverged.set_weights([np.full(weight.shape, np.nan) for weight in diverged.get_weights()])
    for model, options, message in (
        (5, {}, "A preset's name or folder is wanted, or a keras.Model of the zoo's, not 5"), (None, {}, "of the zoo's, not None"),
        (zoo.Population(lambda: zoo.create_model("linear", (28, 28), 3), seeds=[0]), {}, "of the zoo's, not <Population"),
        (nobodys, {}, "was not made by zoo.create_model"), (diverged, {}, "mine gives no numbers but NaN: its training diverged"),
        (unit, {}, "mine was made with rescale=None: it learnt from values in a scale"),
        (zoo.create_model("deep_autoencoder", (28, 28)), {}, "deep_autoencoder tells no classes apart: its task is reconstruction"),
        (linear, {"class_names": ["a", "b"]}, "a list of 3 different strings"), (linear, {"class_names": 3}, "a list of 3 different"),
        ("linear_mnist", {"class_names": ["a"]}, "a list of 10 different strings"),
        (zoo.create_model("lstm", (28, 1), 1, series=[1, 2]), {"class_names": ["a"]}, "tells no classes apart"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=message):
            zoo.classify(model, image, **options)


def test_in_python_a_picture_may_come_in_many_kinds(preset, digits):
    digit = digits[0][0]
    expected = zoo.classify(preset, digit, top=1)[0]
    assert zoo.classify(preset, Image.fromarray(digit), top=np.int64(1)) == [expected]
    picture = Image.fromarray(digit)
    for mode in ("P", "CMYK", "1"):
        (found,) = zoo.classify(preset, picture.convert(mode), top=1)
        assert found["classes"][0]["class"] == expected["classes"][0]["class"], mode
    for same in (digit.astype("float32") / 255, digit.astype("int32")):
        assert zoo.classify(preset, Image.fromarray(same), top=1) == zoo.classify(preset, same, top=1)
    wide = Image.fromarray(np.pad(digit, ((100, 100), (378, 378))))
    assert zoo.classify(preset, wide, top=1)[0]["classes"][0]["class"] == expected["classes"][0]["class"]
    (floats,) = zoo.classify(preset, digit / 255.0, top=1)
    assert floats["classes"][0]["class"] == expected["classes"][0]["class"]
    assert floats["done"] == ["Brought from float64 to 0..255.", *expected["done"]]


def test_in_python_a_picture_that_was_turned_is_not_turned_again_and_a_cut_one_is_an_error(preset, digits, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(digits[0][0]).resize((40, 60)).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    with Image.open(tmp_path / "turned.jpg") as picture:
        upright = picture.rotate(-90, expand=True)
        assert "Turned upright, as its EXIF tag asks." in zoo.classify(preset, picture)[0]["done"]
    assert "Turned upright, as its EXIF tag asks." not in zoo.classify(preset, upright)[0]["done"]
    Image.fromarray(digits[0][0].astype("uint16") * 257).save(tmp_path / "deep.png", exif=exif)
    (expected,) = zoo.classify(preset, tmp_path / "deep.png")
    with Image.open(tmp_path / "deep.png") as picture:
        (found,) = zoo.classify(preset, picture)
    assert found["classes"] == expected["classes"] and found["done"][0] == "Turned upright, as its EXIF tag asks."
    content = (tmp_path / "turned.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[: len(content) // 2])
    with Image.open(tmp_path / "cut.jpg") as picture, pytest.raises(CorruptFile, match="Image 0 is truncated or damaged"):
        zoo.classify(preset, picture)


@pytest.mark.parametrize(
    "images, options, message",
    [
        (np.zeros((28, 28)), {}, "Image 0 is blank"),
        (np.zeros((5, 28, 28, 5)), {}, "an image is .height, width. or"),
        ([[[1, 2], [3]]], {}, "Image 0 is ragged"),
        (np.eye(784)[:3], {}, r"Image 0 is .* looks like 3 flattened images; give them as \(3, 28, 28\), or"),
        (Image.new("L", (0, 5)), {}, "Image 0 is empty: 0x5 pixels"),
        (Image.fromarray(np.full((28, 28), -5, "int32")), {}, "Image 0 holds values from -5 to -5"),
        (Image.fromarray(np.full((28, 28), 70000, "int32")), {}, "Image 0 holds values from 70000"),
        (5, {}, "images are paths or arrays, one or a list of them, not 5"),
        ("nowhere.png", {}, "no file nowhere.png"),
        (np.eye(28), {"top": 0}, "at least 1; got 0"),
    ],
)
def test_in_python_a_mistake_is_one_error(preset, images, options, message):
    with pytest.raises(InvalidInput, match=message):
        zoo.classify(preset, images, **options)
    with pytest.raises(InvalidInput, match="tells no classes apart"):
        zoo.classify("lstm_taylor_demand", "photo.png")


def test_numbers_are_told_by_what_a_file_holds_not_by_its_name(tmp_path):
    flat = load("mnist").test.x[:3].reshape(3, 784)
    for name in ("flat.npy", "flat.bin"):
        with open(tmp_path / name, "wb") as file:
            np.save(file, flat)
        with pytest.raises(InvalidInput, match="looks like 3 flattened images"):
            zoo.classify("linear_mnist", tmp_path / name)


@pytest.mark.parametrize("rescale", [None, 1.0])
def test_a_model_in_a_scale_of_its_own_guesses_at_no_pixels(call, tmp_path, rescale):
    """It was trained on 0..1, or on what nobody knows: 255 times as much would give a confident answer."""
    folder = zoo.save_preset(zoo.create_model("linear", (28, 28), 10, rescale=rescale), tmp_path / "unit")
    Image.fromarray(np.eye(28, dtype="uint8") * 255).save(tmp_path / "line.png")
    with pytest.raises(
        InvalidInput, match=f"unit was made with rescale={rescale}: it learnt from values in a scale that no preset tells"
    ):
        zoo.classify(folder, tmp_path / "line.png")
    code, out, err = call(str(folder), str(tmp_path / "line.png"))
    assert code == 1 and not out and f"rescale={rescale}" in err and err.count("\n") == 1
    assert (
        "values in the scale that it learnt from" in (folder / "README.md").read_text()
        and "0..255" not in (folder / "README.md").read_text()
    )


def test_an_array_of_several_images_is_as_many(digits):
    x = digits[0]
    alone = zoo.classify("linear_mnist", [*x[:3]])
    for several in (x[:3], x[:3, ..., None]):
        found = zoo.classify("linear_mnist", several)
        assert [entry["image"] for entry in found] == [f"Image 0[{place}]" for place in range(3)]
        assert [entry["classes"] for entry in found] == [entry["classes"] for entry in alone]

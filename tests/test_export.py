"""Exported models give the logits that they gave before, in whatever reads them; nothing is overwritten unasked."""

import ast
import functools
import os
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

import zoo
from zoo import exporting
from zoo.errors import InvalidInput, ResultsError
from zoo.presets.folder import SHIPPED
from zoo.registry import models_text, reconstructs

# Off TensorFlow every conversion starts a process that loads it.
slow_elsewhere = pytest.mark.backend if keras.backend.backend() == "tensorflow" else pytest.mark.slow
X = np.random.default_rng(0).integers(0, 256, (7, 28, 28)).astype("uint8")
# What makes a model small; one that is not here is exported as it is by default.
OPTIONS = {
    "convnet": {"blocks": ((8,), (8, 8)), "augmentation": "shift_flip_affine_erase"},
    "mlp": {"widths": (32, 32), "batch_norm": True},
    "lstm": {"units": 16, "layers": 2},
    "rnn": {"units": 16},
    "irnn": {"units": 16},
    "kernel_machine": {"features": 256},
    "autoencoder_stack": {"widths": (32, 32)},
    "deep_autoencoder": {"widths": (32, 16), "code": 4},
    "language_model": {"units": 16, "layers": 2, "embedding": 8},
}


def example(name):
    """What a model is given: images, or characters of an alphabet of 10 and one that is not in it."""
    return X[:, 0] % 11 if models_text(name) else X


def make(name="linear"):
    keras.utils.set_random_seed(0)
    model = zoo.create_model(name, example(name).shape[1:], None if reconstructs(name) else 10, **OPTIONS.get(name, {}))
    for weight in model.weights:
        if "moving" in weight.path:  # a batch normalisation that has seen data
            weight.assign(np.random.default_rng(1).uniform(0.5, 2, weight.shape))
    return model


def logits(model, x=X):
    return keras.ops.convert_to_numpy(model(x, training=False))


def by_onnxruntime(path, model, x=X):
    """What the graph in a file gives for x, which must look like the model that it was made of."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (given,), (result,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape, given.type) == ("inputs", ["batch", *x.shape[1:]], "tensor(float)")
    wanted = ["batch", *model.output_shape[1:]]
    if model.name == "language_model":  # the converter leaves it open how many characters are in between
        wanted[1] = result.shape[1]
    assert (result.name, result.shape) == (model.layers[-1].name, wanted)
    return session.run([result.name], {"inputs": x.astype("float32")})[0]


@pytest.mark.backend
@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n == "convnet" else slow_elsewhere) for n in zoo.list_models()])
def test_onnxruntime_gives_the_same_logits(name, tmp_path):
    model = make(name)
    path = zoo.export_model(model, tmp_path / f"{name}.onnx", "onnx")
    for count in (7, 1):
        x = example(name)[:count]
        np.testing.assert_allclose(by_onnxruntime(path, model, x), logits(model, x), rtol=1e-4, atol=1e-4)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@slow_elsewhere
def test_onnxruntime_takes_an_adapted_normalisation_and_gelu(tmp_path):
    layers, table = keras.layers, np.random.default_rng(0).normal(5, 3, (50, 4)).astype("float32")
    normalize = layers.Normalization()
    normalize.adapt(table)
    inputs = keras.Input((4,), name="inputs")
    model = keras.Model(inputs, layers.Dense(3)(layers.Dense(8, "gelu")(normalize(inputs))))
    before = logits(model, table)
    path = zoo.export_model(model, tmp_path / "table.onnx")
    np.testing.assert_allclose(by_onnxruntime(path, model, table), before, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(logits(model, table), before)


# Elsewhere another process converts, which knows nothing of a test's own layers and says so.
here = () if keras.backend.backend() == "tensorflow" else pytest.mark.skip("in a process of TensorFlow's own")


class Beside(keras.layers.Layer):
    """Adds a tensor that is none of its weights."""

    def build(self, shape):
        self.beside = keras.ops.ones((3,))

    def call(self, x):
        return x + self.beside


@slow_elsewhere
@pytest.mark.parametrize(
    "of, told",
    [
        (keras.ops.erfinv, "ONNX cannot say what .*Erfinv.*SavedModel"),
        pytest.param(lambda x: Beside()(x), "tensors that are none of its weights", marks=here),
    ],
)
def test_what_onnx_cannot_say_is_said(of, told, tmp_path):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, of(keras.layers.Dense(3)(inputs)))
    with pytest.raises(InvalidInput, match=told):
        zoo.export_model(model, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


SOON = ("linear_mnist", "mlp_fashion_mnist", "convnet_mnist")  # the others, and these elsewhere, are for `make test-slow`


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=slow_elsewhere if n in SOON else pytest.mark.slow) for n in zoo.list_presets()]
)
def test_shipped_presets_give_their_golden_logits_in_onnxruntime(name, tmp_path):
    model = zoo.from_preset(name)
    path = zoo.export_model(model, tmp_path / "preset.onnx", "onnx")
    with np.load(SHIPPED / name / "golden.npz", allow_pickle=False) as golden:
        close = {"rtol": 1e-4, "atol": 1e-4 * np.abs(golden["logits"]).max()}
        np.testing.assert_allclose(by_onnxruntime(path, model, golden["x"]), golden["logits"], **close)


@pytest.mark.backend
@pytest.mark.parametrize("name", [pytest.param("convnet", marks=slow_elsewhere), pytest.param("lstm", marks=pytest.mark.slow)])
def test_tensorflow_alone_serves_the_savedmodel(name, tmp_path):
    """In a process of its own, which has neither Keras nor the zoo."""
    model = make(name)
    path = zoo.export_model(model, tmp_path / "1", "savedmodel")
    np.save(tmp_path / "x.npy", X.astype("float32"))
    program = f"""
import sys
import numpy as np
import tensorflow as tf
sys.modules.update(keras=None, zoo=None)
model, x = tf.saved_model.load({str(path)!r}), np.load({str(tmp_path / "x.npy")!r})
np.save({str(tmp_path / "y.npy")!r}, model.serve(x).numpy())
served = model.signatures["serving_default"](tf.constant(x[:1]))
assert served["output_0"].shape == (1, 10), served
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), logits(model), rtol=1e-4, atol=1e-4)


@pytest.mark.backend
@pytest.mark.parametrize("name", ["convnet", "lstm", "kernel_machine"])
def test_keras_loads_its_own_format(name, tmp_path):
    model = make(name)
    path = zoo.export_model(model, tmp_path / f"{name}.keras")
    np.testing.assert_allclose(logits(keras.saving.load_model(path)), logits(model), rtol=1e-6)


def trained_members():
    """A member that follows a schedule at a rate of its own, and one whose metric is the zoo's."""
    x = np.random.default_rng(0).integers(0, 256, (20, 8, 8)).astype("uint8")
    classifiers = zoo.Population(lambda: zoo.create_model("mlp", (8, 8), 2, widths=(4,)), seeds=[0, 1])
    schedule = keras.optimizers.schedules.CosineDecay(0.01, 10)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifiers.compile(keras.optimizers.Adam(schedule), loss, learning_rate=[0.01, 0.02])
    classifiers.fit(x, x[:, 0, 0] % 2, batch_size=10)
    coders = zoo.Population(lambda: zoo.create_model("deep_autoencoder", (8, 8), widths=(4,), code=2), seeds=[0])
    coders.compile("adam", zoo.reconstruction.loss(), [zoo.reconstruction.squared_error])
    coders.fit(x, zoo.reconstruction.targets(coders.template, x), batch_size=10)
    return {"member": classifiers[1], "coder": coders[0]}


@pytest.mark.parametrize("imports", ["import keras, zoo", "import zoo; import keras; import zoo.layers"])
def test_what_keras_saves_is_loaded_elsewhere(imports, tmp_path):
    models = {"convnet": zoo.from_preset("convnet_mnist"), "demand": zoo.from_preset("lstm_taylor_demand")}
    models |= {"features": zoo.features(zoo.from_preset("kernel_machine_mnist")), **trained_members()}
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")
    program = f"{imports}; print(*[keras.saving.load_model('{tmp_path}/' + n + '.keras').name for n in {list(models)}])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == [model.name for model in models.values()], done.stderr[-500:]


def test_the_name_says_the_format(tmp_path):
    model = zoo.create_model("linear", (4, 4), 2)
    assert zoo.export_model(model, tmp_path / "m.keras").stat().st_size
    with pytest.raises(InvalidInput, match="m.h5 ends in none of .keras, .onnx"):
        zoo.export_model(model, tmp_path / "m.h5")


def test_what_exists_is_replaced_only_by_force(tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("mine")
    with pytest.raises(InvalidInput, match="exists"):
        zoo.export_model(make(), path)
    assert path.read_text() == "mine"
    zoo.export_model(make(), path, force=True)
    assert keras.saving.load_model(path).name == "linear"


@pytest.mark.parametrize("format, name", [("savedmodel", "folder"), ("onnx", "folder.onnx"), ("savedmodel", "file")])
def test_force_replaces_nothing_of_another_kind(format, name, tmp_path):
    path = tmp_path / name
    if "folder" in name:
        path.mkdir()
        (path / "thesis.tex").write_text("years of work")
    else:
        path.write_text("years of work")
    with pytest.raises(InvalidInput, match="not replaced"):
        zoo.export_model(make(), path, format, force=True)
    assert path.exists()


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = zoo.export_model(make(), tmp_path / "model.keras")
    before = path.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("zoo.exporting._write", fail)
    with pytest.raises(ResultsError, match="No space left"):
        zoo.export_model(make(), path, force=True)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.backend
@slow_elsewhere
def test_what_came_there_during_the_conversion_is_kept(tmp_path, monkeypatch):
    write, path = exporting._write, tmp_path / "m.keras"

    def slowly(model, written, format):
        write(model, written, format)
        path.write_text("somebody else's")

    monkeypatch.setattr(exporting, "_write", slowly)
    with pytest.raises(InvalidInput, match="m.keras exists; choose another name, or replace it"):
        zoo.export_model(make(), path)
    assert path.read_text() == "somebody else's" and [found.name for found in tmp_path.iterdir()] == ["m.keras"]
    zoo.export_model(make(), path, force=True)
    assert zipfile.is_zipfile(path)


def test_a_savedmodel_is_replaced_whole(tmp_path):
    path = tmp_path / "1"
    (path / "variables").mkdir(parents=True)
    for name in ("saved_model.pb", "left over", "variables/left over"):
        (path / name).write_text("old")
    zoo.export_model(make("mlp"), path, "savedmodel", force=True)
    assert not list(path.rglob("left over")) and (path / "saved_model.pb").read_bytes() != b"old"


def test_what_a_link_points_to_is_replaced(tmp_path, monkeypatch):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_text("old")
    (tmp_path / "latest").symlink_to("1")
    monkeypatch.setattr("zoo.exporting._write", lambda model, written, format: written.mkdir())
    zoo.export_model(make(), tmp_path / "latest", "savedmodel", force=True)
    assert (tmp_path / "latest").is_symlink() and list((tmp_path / "1").iterdir()) == []


def test_a_link_is_named_as_the_user_names_it(tmp_path):
    (tmp_path / "link.keras").symlink_to("0f3a")
    assert zoo.export_model(make(), tmp_path / "link.keras").name == "0f3a"
    assert keras.saving.load_model(tmp_path / "link.keras").name == "linear"


def test_nobody_is_left_in_a_folder_that_was_replaced(tmp_path, monkeypatch):
    (tmp_path / "1" / "assets").mkdir(parents=True)
    (tmp_path / "1" / "saved_model.pb").write_text("old")
    monkeypatch.chdir(tmp_path / "1" / "assets")
    for folder in ("..", tmp_path / "1"):
        with pytest.raises(InvalidInput, match="cd out"):
            zoo.export_model(make(), folder, "savedmodel", force=True)
    assert (tmp_path / "1" / "saved_model.pb").read_text() == "old"


def test_paths_that_cannot_be_looked_at(tmp_path):
    with pytest.raises(ResultsError, match="can't be written"):
        zoo.export_model(make(), tmp_path / ("x" * 300 + ".keras"))
    with pytest.raises(InvalidInput, match="not known here"):
        zoo.export_model(make(), "~no-such-user/model.keras")


@pytest.mark.parametrize("format, missing", [("onnx", "tf2onnx"), ("onnx", "onnx"), ("savedmodel", "tensorflow")])
def test_a_missing_package_is_named_with_what_brings_it(format, missing, tmp_path, monkeypatch):
    from importlib.util import find_spec

    monkeypatch.setattr("importlib.util.find_spec", lambda name, *rest: None if name == missing else find_spec(name, *rest))
    with pytest.raises(InvalidInput) as caught:
        zoo.export_model(make(), tmp_path / ("m.onnx" if format == "onnx" else "m"), format)
    assert f"needs {missing}," in str(caught.value) and "pip install 'deepzoo[export]'" in str(caught.value)


@pytest.mark.parametrize("format, name, says", [
    ("tflite", "m.tflite", "known: keras, savedmodel, onnx"), ("onnx", "m.keras", "ends in .onnx"),
    ("keras", "m", "ends in .keras"), ("keras", ".keras", "such as model.keras, not .keras"), (["keras"], "m", "no format"),
    ("savedmodel", "m.onnx", "name of a folder"),
])  # fmt: skip
def test_wrong_names(format, name, says, tmp_path):
    with pytest.raises(InvalidInput, match=says):
        zoo.export_model(make(), tmp_path / name, format)
    assert not list(tmp_path.iterdir())


def test_bfloat16_is_not_for_onnx(tmp_path):
    """The converter would write a graph that no runtime loads."""
    model = zoo.Population(make, [0], precision="mixed_bfloat16")[0]
    with pytest.raises(InvalidInput, match="'linear' computes in bfloat16, for which ONNX lacks.*set_weights"):
        zoo.export_model(model, tmp_path / "linear.onnx")
    assert not list(tmp_path.iterdir())


def test_what_is_no_single_model(tmp_path):
    with pytest.raises(InvalidInput, match="not str"):
        zoo.export_model("linear", tmp_path / "m.onnx", "onnx")
    a, b = keras.Input((2,)), keras.Input((2,))
    for model in (keras.Model([a, b], a + b), keras.Sequential([keras.layers.Dense(2)])):
        with pytest.raises(InvalidInput, match="one input and one output"):
            zoo.export_model(model, tmp_path / "m.onnx", "onnx")


@pytest.mark.slow
def test_a_layer_that_the_second_process_does_not_know_is_one_clear_error(tmp_path):
    class Mine(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    model = keras.Sequential([keras.Input((4,)), Mine()])
    with pytest.raises(InvalidInput, match="layers of your own.*KERAS_BACKEND=tensorflow") as caught:
        zoo.export_model(model, tmp_path / "m.onnx", "onnx")
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())


@pytest.fixture
def call(call, monkeypatch, tmp_path):
    """Run `zoo export` inside this process and an empty folder."""
    monkeypatch.chdir(tmp_path)
    return functools.partial(call, "export")


def test_command(call, tmp_path, monkeypatch):
    model = make()
    zoo.save_preset(model, tmp_path / "presets" / "mine")
    code, out, err = call("presets/mine", "--format", "keras")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "wrote mine.keras"
    assert 'import keras, zoo.layers; keras.saving.load_model("mine.keras")' in out
    np.testing.assert_allclose(logits(keras.saving.load_model(tmp_path / "mine.keras")), logits(model), rtol=1e-6)
    code, out, err = call("presets/mine", "--format", "keras")
    assert (code, out) == (1, "") and err.startswith("error: ") and "exists" in err and "--force" in err and err.count("\n") == 1
    assert call("presets/mine", "--format", "keras", "--force")[0] == 0
    assert call("presets/mine", "--format", "keras", "--out", tmp_path / "a" / "b.keras")[0] == 0
    assert (tmp_path / "a" / "b.keras").is_file()
    monkeypatch.setenv("HOME", str(tmp_path / 'home of" mine'))
    code, out, _ = call("presets/mine", "--format", "keras", "--out", "~/c.keras")
    written = tmp_path / 'home of" mine' / "c.keras"
    assert code == 0 and written.is_file() and f"wrote {written}" in out
    loaded = out.splitlines()[-1].partition("load_model(")[2].partition(")(x)")[0]
    assert ast.literal_eval(loaded) == str(written), "a quote in a path is no end of the string"


def test_command_refuses_before_it_loads_anything(call, tmp_path, monkeypatch):
    zoo.save_preset(make(), tmp_path / "mine")
    monkeypatch.setattr("zoo.presets.from_preset", lambda name: pytest.fail("the model was loaded for nothing"))
    assert call("mine", "--format", "tflite")[0] == 2
    assert call("mine")[0] == 2
    assert call("no_such_preset", "--format", "onnx")[0] == 2
    assert call("mine", "--format", "onnx", "--out", "mine.keras")[0] == 1


@pytest.mark.slow
@pytest.mark.parametrize("format", ["onnx", "savedmodel"])
def test_the_line_that_the_command_prints_works(format, tmp_path):
    model = make()
    zoo.save_preset(model, tmp_path / "mine")
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    command = [os.path.join(os.path.dirname(sys.executable), "zoo"), "export", "mine", "--format", format]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    *first, use = done.stdout.splitlines()[-1].split("; ")
    np.save(tmp_path / "x.npy", X.astype("float32"))
    program = "\n".join(["import numpy as np", "x = np.load('x.npy')", *first, f"np.save('y.npy', {use})"])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), logits(model), rtol=1e-4, atol=1e-4)

"""Names, options and errors of zoo.registry."""

import pickle
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo import models, registry
from zoo.errors import InvalidInput, UnknownName
from zoo.reproductions.harness import list_claims
from zoo.training.members import build_member

HOME = Path(models.__file__).resolve().parent
BUILDER = """
import keras
from zoo.registry import register_model

@register_model
def {name}(input_shape, classes, *, units=3):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(classes)])
"""


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """A folder whose files count as files of zoo/models; what they register is forgotten afterwards."""
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    yield tmp_path
    for name in [n for n, builder in registry._builders.items() if registry._file_of(builder).parent != HOME]:
        del registry._builders[name]
        sys.modules.pop(f"zoo.models.{name}", None)


def test_listing_loads_no_keras():
    code = "import sys, zoo; print(*zoo.list_models()); assert not {'keras', 'jax', 'tensorflow'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == zoo.list_models()


def test_wildcards():
    assert zoo.list_models("l*t*") == ["lstm"] and "linear" in zoo.list_models("l*")
    assert zoo.list_models("[!l]*") == [name for name in zoo.list_models() if name[0] != "l"]
    assert zoo.list_models("nothing*") == []
    assert {"linear", "kernel_machine", "mlp", "autoencoder_stack", "convnet", "rnn", "lstm"} <= set(zoo.list_models())


LISTS = [zoo.list_models, zoo.list_presets, zoo.datasets.list_datasets, list_claims]


@pytest.mark.parametrize("names", LISTS, ids=lambda names: names.__name__)
def test_a_list_of_names_takes_one_pattern_or_none(names):
    assert names(None) == names() == names("*") and names()
    for pattern in (["mlp*"], 5, b"mlp", True):
        with pytest.raises(InvalidInput, match="is one string, such as .* or None for all; got"):
            names(pattern)


@pytest.mark.parametrize("name", zoo.list_models())
def test_options_are_read_without_the_import_that_training_needs(name, monkeypatch):
    registry._builder(name)
    by_import = zoo.model_options(name)
    monkeypatch.setattr(registry, "_builders", {})
    monkeypatch.setattr(registry, "_builder", lambda name: pytest.fail("it was imported"))
    assert zoo.model_options(name) == by_import


def test_a_default_that_is_computed_is_not_guessed_at(own_folder):
    text = BUILDER.format(name="computed").replace("units=3", "units=len('abc')")
    (own_folder / "computed.py").write_text(text)
    assert zoo.model_options("computed") == {"units": 3}


def test_a_file_is_all_that_a_new_model_needs(own_folder):
    (own_folder / "brand_new.py").write_text(BUILDER.format(name="brand_new"))
    (own_folder / "_private.py").write_text("raise RuntimeError('not a model')")
    assert "brand_new" in zoo.list_models()
    assert not zoo.list_models("_*")
    assert zoo.create_model("brand_new", (4, 4), 2, units=5).output_shape == (None, 2)


def test_a_file_without_its_builder_is_named(own_folder):
    (own_folder / "hollow.py").write_text("")
    with pytest.raises(InvalidInput, match=r"hollow.py must hold a function hollow\(\)"):
        zoo.create_model("hollow", (4, 4), 2)


@pytest.mark.parametrize("loaded_before", [True, False])
def test_a_name_belongs_to_one_file(own_folder, monkeypatch, loaded_before):
    zoo.create_model("linear", (4,), 2)
    if not loaded_before:
        monkeypatch.delitem(registry._builders, "linear")

    def linear(input_shape, classes):
        """Another model of that name."""

    with pytest.raises(InvalidInput, match="'linear' is registered in .*linear.py already"):
        zoo.register_model(linear)


def test_the_same_file_may_register_again(own_folder):
    def reloaded(input_shape, classes):
        """A model whose file is run twice, as notebooks do."""

    assert zoo.register_model(reloaded) is reloaded
    assert zoo.register_model(reloaded) is reloaded
    assert "reloaded" in zoo.list_models()


def test_a_cell_of_a_notebook_may_be_changed_and_run_again():
    """To Python, what a cell defines lies in another file each time."""
    source = "@zoo.register_model\ndef tiny(input_shape, classes): 'made in {}'"
    cells = [{"zoo": zoo, "__name__": "__main__"} for _ in range(2)]
    try:
        for cell, names in enumerate(cells):
            exec(compile(source.format(f"cell {cell}"), f"/tmp/ipykernel_1/{cell}.py", "exec"), names)
        assert registry._builders["tiny"] is cells[1]["tiny"]
        with pytest.raises(InvalidInput, match="registered in /tmp/ipykernel_1/1.py already"):
            exec(compile(source, "/tmp/module.py", "exec"), {"zoo": zoo, "__name__": "module"})
    finally:
        del registry._builders["tiny"]


def test_unknown_name_suggests_the_nearest():
    for wrong in ("convnett", "ConvNet", "CONVNET"):
        with pytest.raises(UnknownName, match=f"no model called '{wrong}'. Did you mean convnet"):
            zoo.create_model(wrong, (28, 28), 10)
    with pytest.raises(UnknownName, match="no model called .*mlp.*. Known: "):
        zoo.create_model(["mlp"], (2,), 2)
    with pytest.raises(UnknownName, match="no model called 'None'. Known: "):
        zoo.create_model(None, (28, 28), 10)


@pytest.mark.parametrize("shape", [(), (0, 28), (28, -1), (2, 2, 2, 2), 28, "ab", (2.5, 2), (None, 3), None, (True, 2)])
def test_wrong_shapes(shape):
    with pytest.raises(InvalidInput, match="input_shape is the shape of one example"):
        zoo.create_model("linear", shape, 10)


@pytest.mark.parametrize("classes", [0, -1, 2.5, "ten", None, True, np.float64("nan"), np.array([2, 3])])
def test_wrong_number_of_classes(classes):
    with pytest.raises(InvalidInput, match="number of classes"):
        zoo.create_model("linear", (4,), classes)


def test_what_stands_for_classes_where_there_are_none_is_said():
    with pytest.raises(InvalidInput, match="size of the alphabet, such as 128"):
        zoo.create_model("language_model", (16,))
    with pytest.raises(InvalidInput, match="how many values ahead"):
        zoo.create_model("lstm", (16, 1))


def test_numbers_of_numpy_are_numbers():
    options = {"widths": np.array([4, 3]), "dropout": np.float32(0.5), "batch_norm": np.bool_(True)}
    model = zoo.create_model("mlp", (np.int64(4), 4), np.uint8(2), **options)
    made = registry.how_made(model)
    assert made["options"] == {"widths": [4, 3], "dropout": 0.5, "batch_norm": True} and made["classes"] == 2
    assert all(type(made["options"][name]) is kind for name, kind in (("widths", list), ("dropout", float), ("batch_norm", bool)))
    assert zoo.create_model("lstm", (4, 4), 2, units=np.int64(3)).get_layer("lstm_1").units == 3
    rate = keras.ops.convert_to_tensor(0.5)
    model = zoo.create_model("mlp", (4, 4), 2, dropout=rate if hasattr(rate, "item") else 0.5)
    assert registry.how_made(model)["options"] == {"dropout": 0.5}


def test_a_model_of_ones_own_may_take_what_it_likes(own_folder):
    (own_folder / "pooled.py").write_text(BUILDER.format(name="pooled").replace("units=3", "pool=False"))
    zoo.create_model("pooled", (4, 4), 2, pool=True)
    registry._builders["pooled"].__module__ = "mine"
    assert zoo.create_model("pooled", (4, 4), 2, pool="max").output_shape == (None, 2)


def test_an_empty_list_may_be_the_default(own_folder):
    (own_folder / "deep.py").write_text(BUILDER.format(name="deep").replace("units=3", "widths=()"))
    for widths in ((), (4, 3)):
        assert tuple(registry.how_made(zoo.create_model("deep", (4, 4), 2, widths=widths))["options"]["widths"]) == widths
    with pytest.raises(InvalidInput, match="widths must be a list"):
        zoo.create_model("deep", (4, 4), 2, widths=4)


def test_the_reason_is_the_line_that_says_it():
    with pytest.raises(InvalidInput) as refused:
        zoo.create_model("lstm", (4, 4), 2, units="many")
    assert "Exception encountered" not in str(refused.value) and "many" in str(refused.value).split(": ", 1)[1]


@pytest.mark.parametrize(
    "name, options",
    [
        ("mlp", {"widths": (0,)}),
        ("mlp", {"widths": 5}),
        ("mlp", {"activation": "nonsense"}),
        ("mlp", {"initialiser": "nonsense"}),
        ("mlp", {"dropout": 2}),
        ("mlp", {"augmentation": "sepia"}),
        ("mlp", {"augmentation": True}),
        ("mlp", {"augmentation": ["shift", "flip"]}),
        ("mlp", {"batch_norm": "no"}),
        ("mlp", {"dropout": True}),
        ("mlp", {"input_dropout": True}),
        ("mlp", {"rescale": True}),
        ("convnet", {"dense": True}),
        ("lstm", {"units": True}),
        ("lstm", {"padding": False}),
        ("kernel_machine", {"gamma": -1}),
        ("kernel_machine", {"gamma": float("nan")}),
        ("kernel_machine", {"gamma": float("inf")}),
        ("convnet", {"blocks": ((8,), ())}),
        ("kernel_machine", {"features": 33}),
        ("kernel_machine", {"augmentation": "sepia"}),
        ("convnet", {"blocks": ((8,),) * 6}),
        ("convnet", {"kernel": 0}),
        ("lstm", {"units": -3}),
        ("lstm", {"layers": 0}),
    ],
)
def test_wrong_values_of_options(name, options):
    with pytest.raises(InvalidInput, match=r"[^.]\. Its options and their defaults: "):
        zoo.create_model(name, (28, 28), 10, **options)


def test_what_may_be_off_or_decided_by_keras_is_no_wrong_value():
    zoo.create_model("mlp", (28, 28), 10, widths=(4,), dropout=False, input_dropout=False, augmentation=False)
    zoo.create_model("convnet", (28, 28), 10, blocks=[[2]], dense=False)
    zoo.create_model("lstm", (28, 28), 10, units=4, unroll=True)


def test_a_model_is_called_what_its_maker_likes(own_folder):
    plain, model = (zoo.create_model("mlp", (4, 4), 2, widths=(3,), **given) for given in ({}, {"name": "teacher"}))
    assert (plain.name, model.name, model.get_config()["name"]) == ("mlp", "teacher", "teacher")
    assert registry.how_made(model) == registry.how_made(plain), "it is no option of the model"
    again = pickle.loads(pickle.dumps(model))
    assert again.name == "teacher" and [w.path for w in again.weights] == [w.path for w in plain.weights]
    members = zoo.Population(lambda: zoo.create_model("mlp", (4, 4), 2, widths=(3,), name="pupil.1"), seeds=range(2))
    assert members[1].name == "pupil.1" and registry.how_made(members[1]) == registry.how_made(plain)
    for name in ("", "my/net", "my net", "-net", 5, ["net"], b"net", "na\xefve"):
        with pytest.raises(InvalidInput, match="name is what the keras.Model is called: letters, digits"):
            zoo.create_model("linear", (4,), 2, name=name)
    (own_folder / "mine.py").write_text(BUILDER.format(name="mine").replace("units=3", "model='small'"))
    mine = zoo.create_model("mine", (4,), 2, model="large", name="b")
    assert mine.name == "b" and registry.how_made(mine)["options"] == {"model": "large"}


@pytest.mark.parametrize("source, match", [
    ("def odd(input_shape, classes, *, name='odd'): ...", "odd has an option called name, by which create_model names the keras.Model"),
    ("def odd(input_shape, classes, width=8): ...", r"odd\(input_shape, classes, width\) is no builder: it takes input_shape, then"),
    ("def odd(input_shape, num_classes): ...", "is no builder"),
    ("import functools; odd = functools.partial(print)", "takes a function that builds a model, not functools.partial"),
])  # fmt: skip
def test_a_builder_has_the_parameters_of_one(source, match):
    names = {}
    exec(source, names)
    with pytest.raises(InvalidInput, match=match):
        zoo.register_model(names["odd"])


@pytest.mark.parametrize(
    "returned, what", [("None", "None"), ("keras.Sequential([keras.layers.Dense(3)])", "a model that is not built")]
)
def test_a_builder_returns_a_built_model(own_folder, returned, what):
    body = BUILDER.format(name="forgetful").partition("    return")[0] + f"    return {returned}\n"
    (own_folder / "forgetful.py").write_text(body)
    with pytest.raises(InvalidInput, match=f"'forgetful' cannot be built .*must return a built keras.Model, not {what}"):
        zoo.create_model("forgetful", (4, 4), 2)


def test_what_cannot_be_drawn_in_16_bits_is_an_error_of_ours():
    with pytest.raises(InvalidInput, match="'lstm' cannot be built .*float16"):
        build_member(lambda: zoo.create_model("lstm", (5, 4), 3), 0, "float16")


@pytest.mark.backend
def test_what_no_memory_holds_is_refused():
    with pytest.raises(InvalidInput, match="cannot be built for input"):
        zoo.create_model("mlp", (28, 28), 10, widths=(10**12,))
    with pytest.raises(InvalidInput, match="cannot be built for input"):  # which JAX finds out after the model is there
        zoo.create_model("mlp", (4, 4), 10, widths=(10**6, 10**6))


def test_an_image_has_its_channels_last():
    import keras

    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(InvalidInput, match="channels last; call keras.config.set_image_data_format"):
            zoo.create_model("convnet", (8, 8), 10)
    finally:
        keras.config.set_image_data_format("channels_last")


def test_augmentation_of_a_vector_is_refused():
    with pytest.raises(InvalidInput, match="Images are needed"):
        zoo.create_model("mlp", (64,), 10, augmentation="shift")


@pytest.mark.parametrize("model, option, value", [
    ("mlp", "widths", 0), ("mlp", "widths", "512"), ("mlp", "widths", None), ("mlp", "widths", {8, 16}),
    ("convnet", "blocks", 3), ("convnet", "blocks", (3,)),
])  # fmt: skip
def test_an_option_that_is_no_list_but_should_be(model, option, value):
    with pytest.raises(InvalidInput, match=rf": {option} must be a list such as \(.*\), not .*\. Its options and"):
        zoo.create_model(model, (28, 28), 10, **{option: value})

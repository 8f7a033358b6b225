"""`zoo --import`: models and claims of one's own in every command that could use them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import zoo as package

ZOO = Path(sys.executable).with_name("zoo")
MODELS = '''"""Models of mine."""

import keras

from zoo.registry import register_model


@register_model
def narrow(input_shape, classes, *, units=4):
    """A single layer of few units.

    units: how many.
    """
    x = inputs = keras.Input(input_shape, name="inputs")
    x = keras.layers.Dense(units, "relu", name="hidden_1")(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(x))
'''
CLAIM = '''"""A sum of two terms is less than one of three."""

import matplotlib.pyplot as plt

from zoo.reproductions.harness import Trial, paired_difference


def trials(budget):
    return [Trial("digits", "sum", f"{n} terms", budget.seeds, total, {"terms": n}) for n in (2, 3)]


def total(trial, report):
    return [{"seed": seed, "metric": "total", "value": trial.recipe["terms"] * (1 + seed / 100)} for seed in trial.seeds]


def judge(runs):
    return [paired_difference(runs, better=("digits", "sum", "2 terms"), worse=("digits", "sum", "3 terms"), metric="total")]


def draw(runs):
    return plt.figure()
'''


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The current folder, with a model and a claim in it; what a test imports from there is forgotten after it."""
    (tmp_path / "my_models.py").write_text(MODELS)
    (tmp_path / "sums_grow.py").write_text(CLAIM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr("zoo.cli.own._asked", [])
    monkeypatch.setattr("zoo.registry._builders", {**package.registry._builders})
    monkeypatch.setattr("zoo.reproductions.harness.claims._outside", {})
    before = {*sys.modules}
    yield tmp_path
    for name in {*sys.modules} - before:
        if getattr(sys.modules[name], "__file__", None) and Path(sys.modules[name].__file__).is_relative_to(tmp_path):
            del sys.modules[name]


@pytest.mark.parametrize("named", ["my_models", "my_models.py", "{home}/my_models.py"])
def test_a_model_of_ones_own_is_listed_with_its_options(call, home, named):
    code, out, err = call("--import", named.format(home=home), "models", "narrow")
    assert (code, err) == (0, "")
    assert "A single layer of few units." in out and "Models of mine" not in out
    assert out.splitlines()[-1].split() == ["units", "4"]


def test_without_the_import_the_error_says_how(call, home, monkeypatch):
    """That of a preset, of which somebody else knows the model."""
    monkeypatch.syspath_prepend(home)
    import my_models  # noqa: F401

    package.save_preset(package.create_model("narrow", (8, 8), 10), home / "mine")
    package.registry._builders.pop("narrow")
    code, _, err = call("show", "mine")
    assert code == 2 and "There is no model called 'narrow'" in err and "zoo --import MODULE" in err


def test_presets_of_such_a_model_are_shown_evaluated_asked_and_exported(home, monkeypatch):
    """In processes of their own, as users run them: nothing else has imported the module, or Keras, there."""
    monkeypatch.syspath_prepend(home)
    import my_models  # noqa: F401

    np.save("digit.npy", np.eye(8, dtype="uint8") * 255)
    package.save_preset(package.create_model("narrow", (8, 8), 10), "mine", {"dataset": package.datasets.load("digits")})

    def zoo(*arguments):
        return subprocess.run([ZOO, "--import", "my_models.py", *arguments], capture_output=True, text=True)

    shown, asked = zoo("show", "mine"), zoo("predict", "mine", "digit.npy")
    assert shown.returncode == 0 and "narrow" in shown.stdout, shown.stderr
    assert asked.returncode == 0 and "digit.npy" in asked.stdout, asked.stderr
    evaluated = zoo("evaluate", "mine")
    assert evaluated.returncode == 0 and "on the 300 test examples of digits" in evaluated.stdout, evaluated.stderr
    written = zoo("export", "mine", "--format", "savedmodel")  # by TensorFlow, whatever computes elsewhere
    assert written.returncode == 0 and (home / "mine_savedmodel").is_dir(), written.stderr


def test_a_claim_of_ones_own_is_listed_run_shown_and_rebuilt(call, home, results_dir):
    assert call("claims", "sums_grow")[0] == 2
    code, _, err = call("reproduce", "sums_grow")
    assert code == 2 and "zoo --import MODULE" in err
    code, out, _ = call("--import", "sums_grow.py", "claims", "sums*")
    assert code == 0 and "A sum of two terms is less than one of three." in " ".join(out.split())
    code, out, _ = call("--import", "sums_grow.py", "claims", "sums_grow")
    assert code == 0 and "To run it: zoo --import MODULE reproduce sums_grow --budget smoke|quick|full\n" in out
    code, out, _ = call("--import", "sums_grow.py", "reproduce", "sums_grow")
    assert code == 0 and "reproduced" in out
    folder = results_dir / "quick" / "sums_grow"
    text = (folder / "comparison.md").read_text()
    (folder / "comparison.md").unlink()
    assert call("--import", "sums_grow", "results", "rebuild", "sums_grow")[0] == 0
    assert (folder / "comparison.md").read_text() == text
    assert "sums_grow" in call("--import", "sums_grow", "compare", "sums_grow")[1]


def test_models_that_are_made_in_other_ways_are_listed(call, home):
    """By a function that makes builders, with an option that has no default: no file holds what they are."""
    pattern = MODELS.replace("@register_model\n", "").replace("units=4", "units").replace("narrow", "pattern")
    (home / "made.py").write_text(
        pattern
        + """

def made(name):
    def build(input_shape, classes, *, units):
        return pattern(input_shape, classes, units=units)

    build.__name__ = name
    register_model(build)

made("tiny")
"""
    )
    code, out, err = call("--import", "made", "models", "tiny")
    assert (code, err) == (0, "") and out.splitlines()[-1].split() == ["units"]
    assert call("--import", "made", "models")[0] == 0


@pytest.mark.parametrize("named, written, code, said", [
    ("nothing", None, 2, "there is no module nothing in the current folder or among what is installed"),
    ("my_models.nothing", None, 2, "there is no module my_models.nothing"),
    ("nothing.py", None, 2, "there is no such file"),
    ("my-models.py", "", 1, "'my-models' is no name of a module"),
    ("json.py", "", 1, "Python has another module json; call the file otherwise"),
    ("time.py", "", 1, "Python has another module time; call the file otherwise"),
    ("my.models.py", "", 1, "'my.models' is no name of a module"),
    ("leaving.py", "import sys\nsys.exit()", 1, "SystemExit:"),
    ("lacking.py", "import numpyy", 1, "ModuleNotFoundError: No module named 'numpyy' ({home}/lacking.py, line 1)"),
    ("broken.py", "\n1 / 0", 1, "ZeroDivisionError: division by zero ({home}/broken.py, line 2)"),
    ("odd.py", "def f(:", 1, "SyntaxError: invalid syntax (odd.py, line 1)"),
    ("mlp.py", MODELS.replace("narrow", "mlp"), 1, "A model called 'mlp' is registered in"),
    ("my_claim.py", CLAIM.replace("def draw", "def plot"), 1, "my_claim is no reproduction: it does not define draw"),
    ("forecasting.py", CLAIM, 1, "forecasting is one of deepzoo's claims"),
])  # fmt: skip
def test_what_cannot_be_imported_is_one_clear_error(call, home, named, written, code, said):
    if written is not None:
        (home / named).write_text(written)
    found, out, err = call("--import", named, "models")
    assert (found, out) == (code, "")
    assert " ".join(err.split()).startswith(f"error: --import {named}: {said.format(home=home)}")
    assert len(err.splitlines()) <= 6

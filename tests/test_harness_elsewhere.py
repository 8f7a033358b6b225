"""CLAIM_on_DATASET: shallow_vs_deep on any images in classes, known to every command without an import."""

import shutil
import types
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from zoo.datasets import add, describe
from zoo.errors import InvalidInput, ResultsError, UnknownName
from zoo.reproductions import shallow_vs_deep as base
from zoo.reproductions.harness import (
    Budget,
    compare,
    describe_claim,
    list_claims,
    load_claim,
    paired_difference,
    rebuild,
    recheck_claim,
    run_claim,
)
from zoo.reproductions.harness.claims import claim_facts, is_brought, is_known, lacking_data
from zoo.reproductions.trainers import elsewhere
from zoo.reproductions.trainers.svm import _draw

DIGITS = load_digits()
NAME = "shallow_vs_deep_on_my_digits"


@pytest.fixture
def own_digits(tmp_path, monkeypatch):
    """The small digits as a data set of one's own, in a cache of the test's own."""
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "cache"))
    return add("my_digits", ((DIGITS.images * 15).astype("uint8"), DIGITS.target))


def of(module, budget, dataset=None):
    found = module.trials(Budget.named(budget, None, base.SEEDS))
    return {trial.row[1:]: trial for trial in found if dataset in (None, trial.dataset)}


def updates(recipe, n, passes, pretraining):
    """How many steps some passes over n examples are; the rest of the last batch is one of pre-training alone."""
    return passes * (-(-n // recipe["batch_size"]) if pretraining else n // recipe["batch_size"])


@pytest.mark.parametrize("budget", ["quick", "hour", "full"])
@pytest.mark.parametrize("n, sides, classes", [(1199, (8, 8), 10), (100, (8, 8), 2), (200_000, (64, 64, 3), 3)])
def test_rungs_are_those_of_mnist_with_as_many_updates(monkeypatch, budget, n, sides, classes):
    info = replace(describe("digits"), name="my_set", input_shape=sides, classes=classes, sizes={"train": n})
    monkeypatch.setattr(elsewhere, "describe", lambda name: info if name == "my_set" else describe(name))
    moved = of(load_claim("shallow_vs_deep_on_my_set"), budget)
    mnist = of(base, budget, "mnist")
    assert list(moved) == list(mnist) and {trial.dataset for trial in moved.values()} == {"my_set"}
    usual = 10_000 if budget == "quick" else 50_000
    for row, trial in moved.items():
        there, here, seen = mnist[row].recipe, trial.recipe, min(n, usual)
        if row == base.SVM:
            seen = min(seen, 5000 * classes, 20_000)
        assert here["select_on"] == seen // 5 and there["select_on"] == usual // 5
        assert (here["n_train"] or n) == seen if seen < n else here["n_train"] == there["n_train"]
        if row == base.SVM:
            continue
        assert here["batch_size"] == min(there["batch_size"], seen // 5), "no batch is larger than what settings are tried on"
        passes = [(there["epochs"], here["epochs"])]
        passes += [(there["pretraining"]["epochs"], here["pretraining"]["epochs"])] if there["pretraining"] else []
        for place, (before, after) in enumerate(passes):
            wanted, made = updates(there, usual, before, place), updates(here, seen, after, place)
            assert wanted <= made < wanted + updates(here, seen, 1, place)
        changed = {key for key in here if here[key] != there[key]}
        assert changed <= {"epochs", "batch_size", "select_on", "pretraining", "options", "n_train"}
    wider = np.prod(sides) / 784
    assert moved[base.SVM].recipe["grid"]["gamma"] == pytest.approx([gamma / wider for gamma in base.KERNELS["gamma"]], rel=1e-5)
    assert moved[base.FOURIER].recipe["options"]["gamma"] == pytest.approx(0.02 / wider, rel=1e-5)
    assert moved[base.AUGMENTED].recipe["options"]["augmentation"] == "shift"
    assert "augmentation" not in moved[base.CONVNET].recipe["options"]


def test_images_like_mnists_take_its_recipes():
    moved, mnist = of(load_claim("shallow_vs_deep_on_mnist_basic"), "quick"), of(base, "quick", "mnist")
    assert describe("mnist_basic").sizes["train"] == 10_000
    for row in (base.LINEAR, base.MLP, base.STACK, base.CONVNET, base.LSTM):
        assert moved[row].recipe == mnist[row].recipe


@pytest.mark.parametrize(
    "dataset, changes, said",
    [
        ("mnist", {}, "one of the claim's own data sets"),
        ("sunspots", {}, "images in classes.*sunspots has 169 examples of 12, float32, to train on, and no classes"),
        ("my_volumes", {"input_shape": (16, 16, 16)}, "examples of 16x16x16"),
        ("my_few", {"sizes": {"train": 99}}, "my_few has 99 examples"),
        ("my_small", {"input_shape": (7, 9)}, "of 8x8 pixels or more"),
        ("my_floats", {"x_dtype": "float32"}, "whole numbers 0..255"),
    ],
)
def test_what_does_not_suit_is_refused(dataset, changes, said, monkeypatch):
    info = replace(describe("digits"), name=dataset, **changes) if changes else describe(dataset)
    monkeypatch.setattr(elsewhere, "describe", lambda name: info)
    with pytest.raises(InvalidInput, match=said):
        run_claim(f"shallow_vs_deep_on_{dataset}", "smoke")


def test_a_data_set_that_there_is_not(own_digits, call):
    code, _, error = call("claims", "shallow_vs_deep_on_my_digit")
    assert code == 2 and "no data set called 'my_digit'. Did you mean my_digits" in error
    with pytest.raises(UnknownName, match="no data set called 'my_digit'"):
        run_claim("shallow_vs_deep_on_my_digit", "smoke")
    for command in (["compare"], ["recheck"], ["recheck", "--budget", "quick"]):
        code, out, error = call(*command, "shallow_vs_deep_on_my_digit", *["linear"] * (command[0] == "recheck"))
        assert (code, out) == (2, "") and "no data set called 'my_digit'" in error, command


@pytest.mark.parametrize("name", ["shallow_vs_deep_on_", "saddle_points_on_digits", "nothing_on_digits", "shallow_vs_deep_on_a b"])
def test_what_is_no_such_claim(name):
    assert not is_known(name)
    with pytest.raises(UnknownName, match="no claim called"):
        load_claim(name)


def test_it_says_what_it_is_and_is_no_claim_of_the_front_page():
    assert describe_claim("shallow_vs_deep_on_digits").startswith("On digits, nets that learn")
    facts = claim_facts("shallow_vs_deep_on_digits")
    assert facts["place"] is None and facts["seeds"]["hour"] == base.SEEDS["hour"]
    assert all(name.startswith("digits: ") for name in facts["headlines"])
    assert is_known("shallow_vs_deep_on_digits") and "shallow_vs_deep_on_digits" not in list_claims()
    module = load_claim("shallow_vs_deep_on_digits")
    assert load_claim(module) is module and "shallow_vs_deep_on_digits" not in list_claims(), "nobody's own by being passed on"
    own = types.ModuleType("shallow_vs_deep_on_digits")
    own.trials = own.judge = own.draw = print
    with pytest.raises(InvalidInput, match="call your module otherwise"):
        load_claim(own)


def test_a_module_of_ones_own_may_have_any_constants(monkeypatch):
    monkeypatch.setattr("zoo.reproductions.harness.claims._outside", {})
    own = types.ModuleType("of_my_own")
    own.trials = own.judge = own.draw = print
    own.CLAIM, own.DATASET, own.dataset = "pretrained", "two_moons", ["moons"]
    assert load_claim(own) is own and is_known("of_my_own") and is_brought(own) and not lacking_data("of_my_own")


def test_few_test_images_decide_nothing():
    """Ten of them: three seeds that agree in the order of two nets may do so by these."""
    noise = np.random.RandomState(0).normal(size=(9, 3))
    rows = [
        {"dataset": "my_few", "model": row[0], "setting": row[1], "seed": seed, "metric": "test_error_pct", "value": value}
        for row, around in zip((*base.SHALLOW, *base.DEEP), noise)
        for seed, value in enumerate(around + (30 if row in base.DEEP else 60))
    ]
    runs = pd.DataFrame(rows).assign(n_train=100, parameters=1000)
    judge = load_claim("shallow_vs_deep_on_my_few").judge
    assert {check.verdict for check in judge(runs.assign(n_test=10))} == {"undecided"}
    beats = [check for check in judge(runs.assign(n_test=100_000)) if "beats linear" in check.name]
    assert {check.verdict for check in beats} == {"reproduced"}


@pytest.mark.parametrize("y, size", [([0] * 30 + [1], 10), (list(range(20)) * 2, 10), ([0, 1] * 20, 39)])
def test_classes_too_small_to_be_drawn_alike_are_taken_as_they_come(y, size):
    x = np.arange(len(y))[:, None]
    found = _draw(x, np.array(y), size, 0)
    lacking = [y.index(label) for label in {*y} - {*y[:size]}]
    rows = sorted([*range(size), *lacking])
    assert found[0][:, 0].tolist() == rows and list(found[1]) == [y[row] for row in rows]


def test_a_rare_class_is_in_every_draw():
    """Of 98 and 2 a stratified draw of 20 has none of the second, without which nothing can be told apart."""
    y = np.array([0] * 60 + [1, 1] + [0] * 38)
    rows, labels = _draw(np.arange(100)[:, None], y, 20, 0)
    assert len(labels) == 21 and list(labels) == list(y[rows[:, 0]]) and set(labels) == {0, 1}


def test_a_run_its_tables_and_what_is_left_of_it_without_the_data(own_digits, results_dir, tmp_path, monkeypatch, call):
    few = (base.LINEAR, base.MLP)
    ladder = base.trials
    monkeypatch.setattr(base, "trials", lambda budget: [trial for trial in ladder(budget) if trial.row[1:] in few])
    rows = {"better": ("my_digits", *base.MLP), "worse": ("my_digits", *base.LINEAR)}
    monkeypatch.setattr(base, "_differences", lambda runs, dataset, **said: [paired_difference(runs, **rows, **said)])
    folder = run_claim(NAME, "smoke")
    assert folder == results_dir / "smoke" / NAME
    comparison, verdicts = compare(NAME, "smoke")
    errors = comparison[comparison.metric == "test_error_pct"]
    assert set(zip(errors.model, errors.setting)) == set(few) and set(errors.dataset) == {"my_digits"}
    assert (errors["mean"] < 50).all() and (errors.n_seeds == 2).all()
    assert len(verdicts) == 1 and verdicts.better[0] == "my_digits/mlp/dropout, batch norm"
    page = (folder / "comparison.md").read_text()
    assert (
        f"To run it again: `zoo reproduce {NAME} --budget smoke`" in page
        and "were set on MNIST, none on my_digits." in " ".join(page.split())
    )
    code, printed, _ = call("claims", NAME)
    assert code == 0 and f"zoo reproduce {NAME} --budget" in printed and "--import" not in printed
    assert recheck_claim(NAME, "linear_my_digits_raw_pixels", "smoke", 2)
    runs = (folder / "runs.csv").read_bytes()
    rebuild(NAME)
    assert (folder / "runs.csv").read_bytes() == runs and (folder / "comparison.md").read_text() == page

    add("my_digits", ((DIGITS.images * 15).astype("uint8")[:900], DIGITS.target[:900]), force=True)
    with pytest.raises(ResultsError, match="another my_digits than is here"):
        recheck_claim(NAME, "linear_my_digits_raw_pixels", "smoke", 2)
    shutil.rmtree(tmp_path / "cache" / "my_digits")
    assert compare(NAME, "smoke")[1].equals(verdicts), "what was computed is read without the data"
    with pytest.raises(UnknownName, match="no data set called 'my_digits'"):
        rebuild(folder)
    assert (folder / "comparison.md").read_text() == page
    with pytest.raises(UnknownName, match="my_digits"):
        run_claim(NAME, "smoke")

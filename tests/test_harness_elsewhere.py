"""CLAIM_on_DATASET: shallow_vs_deep on any images in classes, known to every command without an import."""

import shutil

import pandas as pd
import pytest
from sklearn.datasets import load_digits

from zoo.datasets import add, describe
from zoo.errors import InvalidInput, ResultsError, UnknownName
from zoo.reproductions import shallow_vs_deep as base
from zoo.reproductions.harness import (
    Budget, compare, describe_claim, list_claims, load_claim, paired_difference, rebuild, recheck_claim, run_claim,
)
from zoo.reproductions.harness.claims import claim_facts, is_known

DIGITS = load_digits()
NAME = "shallow_vs_deep_on_my_digits"


@pytest.fixture
def own_digits(tmp_path, monkeypatch):
    """The small digits as a data set of one's own, in a cache of the test's own."""
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "cache"))
    return add("my_digits", ((DIGITS.images * 15).astype("uint8"), DIGITS.target))


def of(module, budget):
    return {trial.row[1:]: trial for trial in module.trials(Budget.named(budget, None, base.SEEDS))}


@pytest.mark.parametrize("budget", ["quick", "hour", "full"])
def test_rungs_are_those_of_mnist_with_as_many_updates(own_digits, budget):
    moved, mnist = of(load_claim(NAME), budget), {}
    for trial in base.trials(Budget.named(budget, None, base.SEEDS)):
        mnist |= {trial.row[1:]: trial} if trial.dataset == "mnist" else {}
    assert list(moved) == list(mnist) and {trial.dataset for trial in moved.values()} == {"my_digits"}
    usual = 10_000 if budget == "quick" else 50_000
    for row, trial in moved.items():
        there, here = mnist[row].recipe, trial.recipe
        assert here["select_on"] == len(own_digits.train.x) // 5 and there["select_on"] == usual // 5
        passes = [(there, here)] if "epochs" in there else []
        passes += [(there["pretraining"], here["pretraining"])] if there.get("pretraining") else []
        for before, after in passes:
            seen = after["epochs"] * len(own_digits.train.x)
            assert before["epochs"] * usual <= seen < before["epochs"] * usual + len(own_digits.train.x)
        changed = {key for key in here if here[key] != there[key]}
        assert changed <= {"epochs", "select_on", "pretraining", "options", "grid"}
    wider = 64 / 784
    assert moved[base.SVM].recipe["grid"]["gamma"] == pytest.approx([gamma / wider for gamma in base.KERNELS["gamma"]], rel=1e-4)
    assert moved[base.FOURIER].recipe["options"]["gamma"] == pytest.approx(0.02 / wider, rel=1e-4)
    assert moved[base.AUGMENTED].recipe["options"]["augmentation"] == "shift"
    assert "augmentation" not in moved[base.CONVNET].recipe["options"]


def test_large_data_sets_take_the_usual_epochs():
    moved, mnist = of(load_claim("shallow_vs_deep_on_mnist_basic"), "quick"), of(base, "quick")
    assert describe("mnist_basic").sizes["train"] >= 10_000
    for row in (base.LINEAR, base.MLP, base.STACK):
        assert moved[row].recipe == mnist[row].recipe


@pytest.mark.parametrize(
    "name, kind, said",
    [
        ("shallow_vs_deep_on_mnist", InvalidInput, "one of the claim's own data sets"),
        ("shallow_vs_deep_on_sunspots", InvalidInput, "images in classes.*sunspots has examples of 12, float32, and no classes"),
        ("shallow_vs_deep_on_my_nothing", UnknownName, "no data set called 'my_nothing'"),
        ("shallow_vs_deep_on_", UnknownName, "no claim called"),
        ("saddle_points_on_digits", UnknownName, "no claim called"),
        ("nothing_on_digits", UnknownName, "no claim called"),
    ],
)
def test_what_does_not_suit_is_refused(name, kind, said):
    assert not is_known(name)
    with pytest.raises(kind, match=said):
        load_claim(name)


def test_it_says_what_it_is_and_is_no_claim_of_the_front_page():
    assert describe_claim("shallow_vs_deep_on_digits").startswith("On digits, nets that learn")
    facts = claim_facts("shallow_vs_deep_on_digits")
    assert facts["place"] is None and facts["seeds"]["hour"] == base.SEEDS["hour"]
    assert all(name.startswith("digits: ") for name in facts["headlines"])
    assert is_known("shallow_vs_deep_on_digits") and "shallow_vs_deep_on_digits" not in list_claims()


def test_a_run_its_tables_and_what_is_left_of_it_without_the_data(own_digits, results_dir, tmp_path, monkeypatch, call):
    few = (base.LINEAR, base.MLP)
    ladder = base.trials
    monkeypatch.setattr(base, "trials", lambda budget: [trial for trial in ladder(budget) if trial.row[1:] in few])
    rows = {"better": ("my_digits", *base.MLP), "worse": ("my_digits", *base.LINEAR)}
    monkeypatch.setattr(base, "judge", lambda runs: [paired_difference(runs, **rows)])
    folder = run_claim(NAME, "smoke")
    assert folder == results_dir / "smoke" / NAME
    comparison, verdicts = compare(NAME, "smoke")
    errors = comparison[comparison.metric == "test_error_pct"]
    assert set(zip(errors.model, errors.setting)) == set(few) and set(errors.dataset) == {"my_digits"}
    assert (errors["mean"] < 50).all() and (errors.n_seeds == 2).all()
    assert len(verdicts) == 1 and verdicts.better[0] == "my_digits/mlp/dropout, batch norm"
    page = (folder / "comparison.md").read_text()
    assert f"To run it again: `zoo reproduce {NAME} --budget smoke`" in page and "none was\ntried on my_digits" in page
    code, printed, _ = call("claims", NAME)
    assert code == 0 and f"zoo reproduce {NAME} --budget" in printed and "--import" not in printed
    again = recheck_claim(NAME, "linear_my_digits_raw_pixels", "smoke", 2)
    assert isinstance(again, (list, pd.DataFrame)) and len(again)
    runs = (folder / "runs.csv").read_bytes()
    rebuild(NAME)
    assert (folder / "runs.csv").read_bytes() == runs and (folder / "comparison.md").read_text() == page

    shutil.rmtree(tmp_path / "cache" / "my_digits")
    with pytest.raises(UnknownName, match="my_digits"):
        compare(NAME, "smoke")
    with pytest.raises((UnknownName, ResultsError), match="my_digits"):
        rebuild(folder)
    assert (folder / "comparison.md").read_text() == page, "what was computed stays"


"""Presets made from a run: the weights that its trials left, cards of its numbers; those of lines that stayed stay, too."""

import shutil
import types
from dataclasses import replace

import matplotlib.figure
import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.errors import InvalidInput, ResultsError
from zoo.reproductions.harness import Budget, Trial, load_claim, run_claim, target
from zoo.reproductions.harness.folder import read_folder
from zoo.reproductions.harness.naming import chosen
from zoo.reproductions.harness.presets import _entry_of, make_presets, presets_of
from zoo.reproductions.harness.store import Entry
from zoo.reproductions.trainers.preset import train_preset
from zoo.training.recipe import recipe

MODELS = {"linear": {}, "mlp": {"widths": [8]}}


@pytest.fixture(scope="module")
def claim():
    """A linear model and a small net on digits, a few epochs each."""
    module = types.ModuleType("own_presets", "Presets of one's own.\n\nFor a test.")
    module.trials = lambda budget: [
        Trial("digits", model, "preset", budget.seeds, train_preset, recipe(options=options, epochs=3, batch_size=64))
        for model, options in MODELS.items()
    ]
    module.judge = lambda runs: [target(runs, ("digits", "mlp", "preset"), at_most=90)]
    module.draw = lambda runs: matplotlib.figure.Figure(figsize=(2, 2))
    return module


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_presets_follow_from_a_run_and_stay_with_their_lines(claim, results_dir, tmp_path):
    runs = read_folder(run_claim(claim, "full", seeds=2))
    shipped = tmp_path / "presets"
    assert [folder.name for folder in make_presets(claim, shipped)] == ["linear_digits", "mlp_digits"]
    held_out = zoo.datasets.load("digits").validation
    for model in MODELS:
        mine = runs[(runs.model == model) & (runs.metric == "validation_error_pct")]
        guesses = zoo.from_preset(shipped / f"{model}_digits").predict(held_out.x, verbose=0).argmax(axis=1)
        assert 100 * np.mean(guesses != held_out.y) == pytest.approx(mine.value.min(), abs=1e-3)
    before = contents(shipped / "linear_digits")

    shutil.rmtree(results_dir / ".trials")  # as on another machine, where nothing but the committed runs is
    with pytest.raises(ResultsError, match="no weights of digits linear"):
        make_presets(claim, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()
    again = read_folder(run_claim(claim, "full", seeds=2, only="mlp"))
    assert again.drop(columns="seconds").equals(runs.drop(columns="seconds"))
    assert [folder.name for folder in make_presets(claim, shipped)] == ["mlp_digits"]
    assert contents(shipped / "linear_digits") == before
    assert "[linear_digits]" in (shipped / "README.md").read_text()
    shutil.rmtree(shipped / "linear_digits")
    zoo.save_preset(zoo.create_model("linear", (8, 8), 10), shipped / "linear_digits")
    with pytest.raises(ResultsError, match="no weights of digits linear"):  # somebody's own preset is not of this run
        make_presets(claim, shipped)


def test_a_claim_that_trains_none_is_told_from_those_that_do(tmp_path):
    with pytest.raises(InvalidInput, match="shallow_vs_deep trains no presets; those that do: .*pretrained, .*pretrained_lstms"):
        make_presets("shallow_vs_deep", tmp_path)
    assert not [*tmp_path.iterdir()]


def test_runs_are_told_by_their_values_those_of_diverged_seeds_included():
    row = ("digits", "mlp", "preset")
    lines = [{"seed": 0, "metric": "wrong_pct", "value": 3.123456789012}, {"seed": 1, "metric": "wrong_pct", "value": np.nan}]
    lines = [line | {"commit": "abc"} for line in lines]
    runs = pd.DataFrame([dict(zip(("dataset", "model", "setting"), row)) | line for line in lines])
    runs.value = runs.value.round(9)  # as in runs.csv
    assert _entry_of(row, runs, {row: [Entry(lines, {})]}) is not None
    assert _entry_of(row, runs, {row: [Entry([lines[0], lines[1] | {"value": 3.0}], {})]}) is None


@pytest.mark.parametrize(
    "claim, only, found",
    [
        ("pretrained_unlabelled", "autoencoder_stack_mnist_1000_labels_random", ["1000 labels, random"]),
        ("pretrained_unlabelled", "*_denoising", ["1000 labels, denoising"]),
        (
            "pretrained_unlabelled",
            "autoencoder_stack_mnist",
            ["1000 labels, random", "1000 labels, modern", "1000 labels, denoising"],
        ),
        ("pretrained_sequences", "lstm_shakespeare", ["preset"]),  # called so by the claim's NAMES
        ("pretrained_sequences", "language_model_tiny_shakespeare", ["preset"]),
    ],
)
def test_a_line_alone_is_run_by_the_name_of_its_preset(claim, only, found):
    module = load_claim(claim)
    assert [trial.setting for trial in chosen(module, list(module.trials(Budget.named("full"))), only)] == found


def test_what_presets_are_held_against_makes_none():
    claim = load_claim("pretrained_unlabelled")
    assert [row[2] for row in presets_of(claim)] == ["1000 labels, random", "1000 labels, denoising"]
    (rival,) = [trial for trial in claim.trials(Budget.named("smoke")) if trial.setting == "1000 labels, modern"]
    quick = replace(rival, recipe=rival.recipe | {"epochs": 1}, seeds=(0,))
    rows = quick.run(quick, types.SimpleNamespace(backup=None, progress=lambda done, of: None))
    assert {row["metric"] for row in rows} == {"test_error_pct", "validation_error_pct"}, "no files are with them"

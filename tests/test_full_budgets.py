"""Every full budget, rehearsed: its trials at their real shapes, cut to an epoch, few examples and two seeds.

What a GPU is rented for must run from end to end: trials, tables, verdicts, figure, pictures. What the verdicts then say
is chance and not looked at. Claims whose full results are committed have shown that they run.
"""

import csv
import dataclasses
import fnmatch
from pathlib import Path

import numpy as np
import pytest

from zoo.reproductions.harness import Budget, list_claims, load_claim, run_claim
from zoo.reproductions.harness.claims import claim_headlines
from zoo.reproductions.harness.folder import read_folder

FULL = Path(__file__).resolve().parents[1] / "results" / "full"
SEEDS = {"saddle_points": 12, "local_minima": 12}  # statistics over seeds that make no sense with 2
# The most that a rehearsal grants of what recipes ask for; lists are cut number by number.
MOST = {
    "epochs": 1, "n_train": 1500, "n_test": 500, "n_validation": 500, "pool": 1500, "held_out": 500, "select_on": 500,
    "draws": 500, "patches": 500, "images": 100, "iterations": 5, "steps": 40, "passes": 1, "samples": 20, "repeats": 3,
    "minutes": (0.3, 0.6, 1), "speech": {"pool": 3, "validation": 0.3, "test": 0.5},
    "labels": (100, 300, 600, 1000, 1100, 1300, 1500),
}  # fmt: skip
OWN = {
    "language_model": {"n_train": 100, "n_test": 20},  # blocks of text
    "joint_training": {"epochs": 12},  # are shared out to the layers
}


def cut(asked, most):
    """What is asked for, or the most there is; None asks for all. A tuple has the most for the last entries of a list."""
    if isinstance(most, dict):
        return most
    if isinstance(most, tuple):
        return list(most[-len(asked) :]) if isinstance(asked, list) else asked
    if isinstance(asked, list):
        return [min(one, most) for one in asked]
    return most if asked is None else min(asked, most)


def rehearsed(claim, trial):
    """The trial with its recipe cut, that of its pre-training too."""
    most = MOST | OWN.get(claim, {})
    recipe = {name: cut(value, most[name]) if name in most else value for name, value in trial.recipe.items()}
    if isinstance(recipe.get("pretraining"), dict):
        recipe["pretraining"] = recipe["pretraining"] | {"epochs": 1}
    if "share" in recipe:  # a sixteenth of what is left of a text fills no batch
        recipe["share"] = 1.0
    return dataclasses.replace(trial, recipe=recipe)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in list_claims() if not (FULL / name).exists()])
def test_full_budget_runs_from_end_to_end(name, monkeypatch):
    module = load_claim(name)
    whole = module.trials
    monkeypatch.setattr(module, "trials", lambda budget: [rehearsed(name, trial) for trial in whole(budget)])
    budget = Budget.named("full", SEEDS.get(name, 2))
    folder = run_claim(name, budget)
    runs = read_folder(folder)
    rows = set(runs[["dataset", "model", "setting"]].itertuples(index=False, name=None))
    at_hand = {trial.row for trial in whole(budget) if not trial.optional and not trial.needs}
    assert at_hand <= rows
    assert np.isfinite(runs.seconds).all()
    with open(folder / "verdicts.csv", newline="", encoding="utf-8") as file:
        checks = [line["check"] for line in csv.DictReader(file)]
    assert checks
    for pattern in claim_headlines(name) if rows == {trial.row for trial in whole(budget)} else ():
        assert fnmatch.filter(checks, pattern), f"its full budget has no check called {pattern}"
    assert (folder / "figure.png").stat().st_size > 5000

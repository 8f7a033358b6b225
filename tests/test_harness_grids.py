"""The tables say which chosen settings are an end of the grid that was tried."""

import numpy as np
import pandas as pd
import pytest
from claim_example import ROW, reproduction, rows_of

from zoo.reproductions.harness import Trial, load_claim
from zoo.reproductions.harness.grids import ends_of_grids

RATES, SETTINGS = [0.01, 0.001, 0.1], [{"C": c, "degree": degree, "kernel": "rbf"} for c in (1, 10) for degree in (2, 3, 5)]


def run(trial, report):
    """Never called."""


def ends(recipe, **taken):
    """What is said of each metric, given the values that seeds took."""
    runs = pd.DataFrame([line for metric, values in taken.items() for line in rows_of(ROW, values, metric=metric)])
    return {key[3]: said for key, said in ends_of_grids([Trial(*ROW, range(3), run, recipe)], runs).items()}


@pytest.mark.parametrize(
    "values, said",
    [
        ([0.001] * 3, "the least of 3 tried"), ([0.1, 0.01, 0.1], "the largest of 3 tried in 2 of 3 seeds"),
        ([0.01, 0.001, 0.1], "the least of 3 tried in 1 of 3 seeds, the largest of 3 tried in 1 of 3 seeds"),
        ([0.01] * 3, ""), ([np.nan] * 3, ""), ([np.float32(0.1)] * 3, "the largest of 3 tried"),
    ],
)  # fmt: skip
def test_ends_of_a_list_of_step_sizes(values, said):
    assert ends({"rates": RATES}, chosen_step_size=values, test_error_pct=[1, 2, 3]) == {"chosen_step_size": said}


def test_ends_of_settings_of_several_numbers():
    found = ends({"grid": SETTINGS}, chosen_C=[10] * 3, tuned_degree_for_seconds=[3] * 3, kernel=[0] * 3)
    assert found == {"chosen_C": "the largest of 2 tried", "tuned_degree_for_seconds": ""}


@pytest.mark.parametrize(
    "recipe",
    [
        {}, {"rates": [0.1]}, {"rates": [0.2, 0.3]}, {"rates": ["slow", "fast"]}, {"rates": [0.1, None]}, {"rates": [[0.1, 0.2]]},
        {"layers": [{"units": 10, "step_size": [3, 3]}]}, {"settings": [{"step_size": True}, {"step_size": False}]}, [0.1, 0.2],
    ],
)  # fmt: skip
def test_what_is_no_grid_of_the_values_taken_has_no_ends(recipe):
    """One value, another grid than the run's, words, lists, a recipe that is none: nothing is said, and nothing breaks."""
    assert ends(recipe, step_size=[0.1] * 3) == {}


def test_no_decay_at_all_is_no_end():
    recipe = {"decays": [0, 0.1, 1], "momenta": [{"momentum": 0.0}, {"momentum": 0.9}]}
    found = ends(recipe, weight_decay=[0, 0, 0], momentum=[0.9, 0.9, np.nan], error_with_momentum_of_1=[0.9] * 3)
    assert found == {"weight_decay": "", "momentum": "the largest of 2 tried in 2 of 3 seeds"}
    assert ends(recipe, weight_decay=[1, 1, 1]) == {"weight_decay": "the largest of 3 tried"}


def test_the_table_says_it_beside_the_setting(written):
    claim = load_claim(reproduction(trials=lambda budget: [Trial(*ROW, budget.seeds, run, {"rates": RATES})]))
    rows = rows_of(ROW, [7, 7.1, 7.2]) + rows_of(ROW, [0.1] * 3, metric="step_size")
    text = (written(claim, rows) / "comparison.md").read_text()
    (line,) = [line for line in text.splitlines() if "| step size |" in line]
    assert line.endswith("| the largest of 3 tried |")
    assert "Settings that were chosen from a grid: 1 of 1 are an end of it" in text

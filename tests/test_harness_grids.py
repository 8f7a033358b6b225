"""The tables say which chosen settings are an end of the grid that was tried."""

import numpy as np
import pandas as pd
import pytest

from claim_example import ROW, lines, reproduction, rows_of
from zoo.reproductions.harness import Trial, load_claim, paired_difference, ratio, target
from zoo.reproductions.harness.grids import ends_of_grids, not_tried
from zoo.reproductions.harness.numbers import words

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
    (line,) = [line for line in text.splitlines() if "| learning rate |" in line]
    assert line.endswith("| the largest of 3 tried |")
    assert "Of 1 settings that were chosen from a grid 1 is an end of its grid" in text


def test_ends_of_a_dict_of_lists_and_of_orders():
    found = ends({"grid": {"C": [10.0], "gamma": [0.01, 0.02]}, "orders": [2, 3, 4]}, gamma=[0.02] * 3, order=[3] * 3, C=[10.0] * 3)
    assert found == {"gamma": "the largest of 2 tried", "order": ""}


@pytest.mark.parametrize("recipe", [{"rates": RATES, "own_rates": {"step_size_for_9_labels": [0.01, 0.001]}}, {
    "own_rates": {"step_size_for_9_labels": [0.01, 0.001]}, "rates": RATES,
}])  # fmt: skip
def test_a_metric_may_have_a_grid_of_its_own(recipe):
    """0.01 is inside the grid that others have, and the largest of its own; 0.1 was not in that."""
    assert ends(recipe, step_size_for_9_labels=[0.01] * 3, step_size_for_5_labels=[0.01] * 3) == {
        "step_size_for_9_labels": "the largest of 2 tried", "step_size_for_5_labels": "",
    }  # fmt: skip
    assert ends(recipe, step_size_for_9_labels=[0.1] * 3) == {}


@pytest.mark.parametrize(
    "epochs, said", [([97] * 3, "97 of at most 100"), ([94] * 3, ""), ([40, 100, 60], "100 of at most 100 in 1 of 3 seeds")]
)
def test_who_stops_near_the_last_epoch_that_there_may_be_is_at_an_end(epochs, said):
    assert ends({"epochs": 100}, epochs=epochs, test_error_pct=[1, 2, 3]) == {"epochs": said}
    assert ends({"epochs": 90}, epochs=[99] * 3) == {"epochs": ""}, "an older run may have had more"
    assert ends({"epochs": [60, 100]}, epochs=epochs) == ends({"epochs": 100}, test_error_pct=[1, 2, 3]) == {}
    assert ends({"lengths": [20, 60, 200]}, epochs=[200] * 3) == {"epochs": "the largest of 3 tried"}


OTHER = ("mnist", "mlp", "")


def told(check, **settings):
    """What is said of the check where ROW took these ends of grids."""
    return not_tried(check, {(*ROW, name): said for name, said in settings.items()} | {(*OTHER, "step_size"): ""})


@pytest.mark.parametrize("mine, expected", [([1, 1.1, 1.2], ""), ([7, 7.1, 7.3], "it"), ([4, 4.2, 3.7], "")])
def test_whoever_comes_off_worse_at_an_end_is_named(mine, expected):
    """The loser might do better with a wider grid; the winner's end, and an undecided difference, turn nothing."""
    runs = pd.DataFrame(rows_of(ROW, mine) + rows_of(OTHER, [4, 4.1, 3.8]))
    said = "linear (raw | pixels) might do better with a wider grid (learning rate: the largest of 3 tried)"
    for better, worse in ((ROW, OTHER), (OTHER, ROW)):
        found = paired_difference(runs, better=better, worse=worse)
        assert told(found, step_size="the largest of 3 tried") == (said if expected else "")
        found = ratio(runs, numerator=worse, denominator=better, metric="test_error_pct")
        assert told(found, step_size="the largest of 3 tried") == (said if expected else "")
        assert told(found, step_size="") == ""


@pytest.mark.parametrize(
    "bound, expected", [(6, "linear (raw | pixels) might do better with a wider grid (C: the least of 2 tried)"), (9, "")]
)
def test_a_bound_that_is_missed_at_an_end_is_said_and_one_that_is_reached_is_not(bound, expected):
    found = target(pd.DataFrame(rows_of(ROW, [7, 7.1, 7.3])), ROW, at_most=bound)
    assert told(found, C="the least of 2 tried", gamma="") == expected


@pytest.mark.parametrize(
    "metric, named",
    [
        ("test_error_pct", ["most_accurate_step_size", "step_size"]),
        ("epochs_to_5_percent", ["fastest_step_size"]),
        ("test_error_pct_at_2_seconds", ["most_accurate_step_size", "step_size", "tuned_c2_for_seconds"]),
        ("test_error_pct_with_100_labels", ["most_accurate_step_size", "step_size", "step_size_for_100_labels"]),
    ],
)
def test_settings_that_were_chosen_for_something_else_have_no_part(metric, named):
    runs = pd.DataFrame(rows_of(ROW, [7, 7.1, 7.3], metric=metric))
    names = ["most_accurate_step_size", "fastest_step_size", "step_size", "tuned_c2_for_seconds", "tuned_c2_for_examples"]
    names += ["step_size_for_100_labels", "step_size_for_1000_labels"]
    found = told(target(runs, ROW, at_most=6, metric=metric), **dict.fromkeys(names, "the least of 2 tried"))
    inside = found.partition(" a wider grid (")[2].removesuffix(")")
    assert sorted(part.partition(": ")[0] for part in inside.split("; ")) == sorted(map(words, named))


def test_the_sentence_of_a_verdict_says_it(written):
    claim = load_claim(
        reproduction(
            trials=lambda budget: [Trial(*ROW, budget.seeds, run, {"rates": RATES})],
            judge=lambda runs: [target(runs, ROW, at_most=5)],
        )
    )
    folder = written(claim, rows_of(ROW, [7, 7.1, 7.2]) + rows_of(ROW, [0.1] * 3, metric="step_size"))
    (line,) = lines(folder, "verdicts.csv")
    said = "claimed below 5: contradicted; linear (raw | pixels) might do better with a wider grid (learning rate: the largest of 3 tried)."
    assert line["sentence"].endswith(said)

"""Which settings that were chosen from a grid are an end of it, so that others beyond might serve better."""

import numpy as np

from zoo.reproductions.harness.runs import lines_of

RATES = "step_size"  # what the values of a recipe's "rates" are called in the names of metrics


def ends_of_grids(trials, runs):
    """{(dataset, model, setting, metric): in words, how many seeds took an end of the grid} of metrics that are of a grid.

    A recipe's grid is its list "rates", or a list of dicts with the same keys ("settings", "grid"); the metric has the key in
    its name, as chosen_step_size has step_size. "" where no seed took an end. Grids of one value have none.
    """
    found = {}
    for trial in trials:
        lines = lines_of(runs, trial.row)
        for key, values in _grids(trial.recipe).items():
            if len(values) < 2:
                continue
            for metric in lines.metric.unique():
                if f"_{key}_" in f"_{metric}_":
                    taken = lines[lines.metric == metric].value.to_numpy(dtype="float64")
                    found[(*trial.row, metric)] = _ends(taken, values)
    return found


def _grids(recipe):
    """{key: set of the numbers tried} of a recipe."""
    grids = {RATES: set(recipe["rates"])} if isinstance(recipe.get("rates"), list) else {}
    for tried in recipe.values():
        if isinstance(tried, list) and tried and all(isinstance(setting, dict) for setting in tried):
            for key in tried[0]:
                values = {setting.get(key) for setting in tried}
                if all(isinstance(value, (int, float)) for value in values):
                    grids[key] = values
    return grids


def _ends(taken, values):
    said = []
    for end, value in (("least", min(values)), ("largest", max(values))):
        hits = np.isclose(taken, value, rtol=1e-5, atol=0)
        if hits.any():
            some = "" if hits.all() else f" in {hits.sum()} of {len(taken)} seeds"
            said.append(f"the {end} of {len(values)} tried{some}")
    return ", ".join(said)

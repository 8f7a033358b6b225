"""Which settings that were chosen from a grid are an end of it, so that others beyond might serve better."""

import numpy as np

from zoo.reproductions.harness.numbers import words
from zoo.reproductions.harness.runs import lines_of
from zoo.reproductions.harness.verdicts import who

SOONER = ("epochs_to_", "steps_to_")  # how measures begin of how soon something is learnt
# Lists of a recipe, and what their values are called as metrics.
LISTS = {"rates": "step_size", "decays": "weight_decay", "strengths": "strength", "orders": "order", "lengths": "epochs"}
NEARLY = 0.95  # of the epochs that there may be: who stops there might have gone on


def ends_of_grids(trials, runs):
    """{(dataset, model, setting, metric): in words, how many seeds took an end of the grid}, for metrics chosen from a grid.

    A recipe's grid is one of its LISTS, a list of dicts with the same keys ("settings", "grid"), or a dict of lists. Metrics
    are named after its keys: key, chosen_key, or tuned_key_for_something; one whose whole name is a key belongs to that key
    alone. "" where no seed took an end, or where the end is 0 and no number is negative. Left out are grids of one value, and
    those that lack a value that was taken, as after a change of the grid. Where a recipe's epochs are a number, a metric called
    epochs says when training stopped; near the last epoch counts as an end, too.
    """
    found = {}
    for trial in trials:
        lines = lines_of(runs, trial.row)
        most = trial.recipe.get("epochs") if isinstance(trial.recipe, dict) else None
        stopped = lines[lines.metric == "epochs"].value
        if type(most) is int and len(stopped):
            last = stopped[stopped.between(NEARLY * most, most)]
            some = "" if len(last) == len(stopped) else f" in {len(last)} of {len(stopped)} seeds"
            found[(*trial.row, "epochs")] = f"{last.max():g} of at most {most}{some}" if len(last) else ""
        grids = _grids(trial.recipe)
        for key, values in grids.items():
            for metric in lines.metric.unique():
                kind = metric.partition("_for_")[0]
                if metric == key or metric not in grids and (kind == key or kind.endswith(f"_{key}")):
                    taken = lines[lines.metric == metric].value.to_numpy(dtype="float64")
                    if _near(taken[np.isfinite(taken)][:, None], np.array(sorted(values))).any(axis=1).all():
                        found[(*trial.row, metric)] = _ends(taken, values)
    return found


def not_tried(check, ends):
    """That a setting of the row which a verdict speaks against is an end of its grid, in words; "" where none is.

    check: a Check; ends: what ends_of_grids found. Settings that were chosen for another measure than the check's have no part.
    """
    found = [
        f"{words(setting)}: {said}"
        for (*row, setting), said in ends.items()
        if said and tuple(row) == check.worse_off and _chosen_for(setting, check.metric)
    ]
    return f"{who(check.worse_off)} might do better with a wider grid ({'; '.join(found)})" if found else ""


def _chosen_for(setting, metric):
    """Whether a setting, such as fastest_step_size or tuned_c2_for_seconds, is what a row has where it is held by a metric."""
    kind, _, measure = setting.partition("_for_")
    return measure in metric and kind.startswith("fastest") == metric.startswith(SOONER)


def _grids(recipe):
    """{key: set of the numbers tried, at least two} of a recipe."""
    grids = {}
    for name, tried in recipe.items() if isinstance(recipe, dict) else ():
        if isinstance(tried, list) and name in LISTS:
            grids[LISTS[name]] = tried
        elif isinstance(tried, list) and tried and all(isinstance(setting, dict) for setting in tried):
            grids |= {key: [setting.get(key) for setting in tried] for key in tried[0]}
        elif isinstance(tried, dict):
            grids |= {key: values for key, values in tried.items() if isinstance(values, list)}
    numbers = {key: set(tried) for key, tried in grids.items() if all(type(value) in (int, float) for value in tried)}
    return {key: values for key, values in numbers.items() if len(values) > 1}


def _near(taken, value):
    return np.isclose(taken, value, rtol=1e-5, atol=0)


def _ends(taken, values):
    said = []
    for end, value in (("least", min(values)), ("largest", max(values))):
        hits = _near(taken, value)
        if hits.any() and (value or min(values) < 0):
            some = "" if hits.all() else f" in {hits.sum()} of {len(taken)} seeds"
            said.append(f"the {end} of {len(values)} tried{some}")
    return ", ".join(said)

"""Trials of an earlier run of a claim that keep their place in its table, while others are trained anew."""

import fnmatch
import json

from zoo.errors import InvalidInput, ResultsError
from zoo.reproductions.harness.claims import claim_name
from zoo.reproductions.harness.folder import read_environment, read_folder
from zoo.reproductions.harness.runs import COUNTS
from zoo.reproductions.harness.store import Entry


def chosen_and_kept(module, trials, folder, environment, only):
    """(trials to run, {row: Entry} of the others), the latter from the runs in a claim's folder.

    only: a model's name, with shell wildcards, or None for all. environment: where trials are run now. Raises InvalidInput
    where no trial is of that model, and ResultsError where a trial that is to stay was not run as it would be now: by the
    same recipe, with the same seeds, on the same device, by the same versions.
    """
    chosen = [trial for trial in trials if only is None or fnmatch.fnmatchcase(trial.model, only)]
    others = [trial for trial in trials if trial not in chosen]
    if not chosen:
        models = ", ".join(dict.fromkeys(trial.model for trial in trials))
        raise InvalidInput(f"{claim_name(module)} trains no model {only!r}; it has {models}.")
    if not others:
        return chosen, {}
    if hasattr(module, "illustrate"):
        raise InvalidInput(f"{claim_name(module)} draws pictures of what all its trials leave: run all of them.")
    runs, recorded = read_folder(folder), read_environment(folder)
    for name, value in environment.items():
        if recorded.get(name) != value:
            raise ResultsError(f"{folder} was computed with another {name} ({recorded.get(name)}, here {value}): run all models.")
    trained = {(trial["dataset"], trial["model"], trial["setting"]): trial for trial in recorded["trials"]}
    return chosen, {trial.row: _entry(trial, trained.get(trial.row), runs, environment, folder) for trial in others}


def _entry(trial, manifest, runs, environment, folder):
    """The Entry of a trial, without the files that it left."""
    recipe = json.loads(json.dumps(trial.recipe))
    if manifest is None or (manifest["recipe"], manifest["seeds"]) != (recipe, list(trial.seeds)):
        what = "is not" if manifest is None else "is there with another recipe or other seeds"
        raise ResultsError(f"{trial} {what} in {folder}, so that it can't stay as it is: run all models.")
    mine = runs[(runs.dataset == trial.dataset) & (runs.model == trial.model) & (runs.setting == trial.setting)]
    rows = [{name: _plain(name, value) for name, value in row.items()} for row in mine.drop(columns="claim").to_dict("records")]
    return Entry(rows, manifest | {"environment": environment})


def _plain(name, value):
    """A cell as a stored trial has it."""
    if name in (*COUNTS, "seconds"):
        return None if value != value else int(value) if name in COUNTS else value
    return value

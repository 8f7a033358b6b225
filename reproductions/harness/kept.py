"""Trials of an earlier run of a claim that keep their place in its table, while others are trained anew."""

import json

from zoo.datasets import at_hand
from zoo.errors import ResultsError
from zoo.registry import own_builder
from zoo.reproductions.harness.fingerprint import dataset_fingerprint, trial_code
from zoo.reproductions.harness.folder import manifests_of, read_environment, read_folder, read_pictures
from zoo.reproductions.harness.losses import OF_RUNS, Losses
from zoo.reproductions.harness.runs import lines_of, stored_rows
from zoo.reproductions.harness.store import Entry

BESIDE = ("python", "platform", "cores")  # of an environment: what lines of one table may differ in
DECISIVE = ("device", "processor", "backend", "precision", "versions")  # of an environment: what a table has one of


def kept(trials, folder, environment):
    """({row: Entry}, {file name: PNG bytes}) of trials whose lines are taken from the runs in a claim's folder.

    Entries lack the files that their trials left; the pictures drawn of those files are there instead, or None where it is
    the trials run now that leave them. environment: where trials are run now. A trial that may be left out, and was, stays
    left out. Raises ResultsError unless all others were run as they would be now: same recipe, seeds, device and versions.
    """
    if not trials:
        return {}, None
    runs, recorded = read_folder(folder), read_environment(folder)
    for name in DECISIVE:
        if recorded.get(name) != environment[name]:
            other = f"another {name} ({recorded.get(name)}, here {environment[name]})"
            as_then = name == "backend" and recorded.get(name) in ("jax", "tensorflow")
            remedy = f"run all models, without --only{as_then * f', or these with --backend {recorded.get(name)}'}"
            raise ResultsError(f"{folder} was computed with {other}: {remedy}.")
    manifests = manifests_of(recorded)
    trials = [trial for trial in trials if trial.row in manifests or not (trial.optional or trial.needs)]
    for trial in trials:
        _check(trial, manifests.get(trial.row), folder)
    known, beside = runs.attrs.get(OF_RUNS, Losses()), {name: recorded.get(name) for name in BESIDE}
    entries = {
        trial.row: Entry(
            stored_rows(lines_of(runs, trial.row)),
            manifests[trial.row] | {"environment": environment | beside},
            losses=Losses({key: values for key, values in known.items() if key[:3] == trial.row}),
        )
        for trial in trials
    }
    return entries, read_pictures(folder) if any(trial.leaves for trial in trials) else None


def is_of_other_data(trial, manifest):
    """Whether a trial's data set, where it is at hand, is another one than that which a run's manifest of it names."""
    known = manifest.get("data")  # older runs do not say
    return bool(known) and at_hand(trial.dataset) and dataset_fingerprint(trial.dataset) != known


def code_of(trial):
    """Hash of the code of a trial that is somebody's own, or whose model is; None of deepzoo's, whose rows name the commit."""
    ours = trial.run.__module__.startswith("zoo.") and own_builder(trial.model) is None
    return None if ours else trial_code(trial)


def _check(trial, manifest, folder):
    """Raise ResultsError unless a trial was run as it would be now."""
    recipe = json.loads(json.dumps(trial.recipe))
    if manifest is None or (manifest["recipe"], manifest["seeds"]) != (recipe, list(trial.seeds)):
        what = "is not" if manifest is None else "is there with another recipe or other seeds"
        raise ResultsError(f"{trial} {what} in {folder}, so that it can't stay as it is: run all models.")
    if manifest.get("code") and manifest["code"] != code_of(trial):
        raise ResultsError(f"{trial} was trained by other code in {folder} than there is now: run all models.")
    if is_of_other_data(trial, manifest):
        raise ResultsError(f"{trial} learnt from another version of {trial.dataset} in {folder}: run all models.")

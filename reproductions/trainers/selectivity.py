"""Shallow and deep classifiers on sets with a nuisance factor, and on digits away from where training had them."""

from zoo.reproductions.trainers.data import Split, splits
from zoo.reproductions.trainers.rows import rows_of

SAMPLES, SHOWN = "samples.npz", 12
ERROR = "test_error_pct"


def train_on_set(trial, report):
    """The run function of a classifier on a data set, tuned on its validation split; see tuned for the recipe.

    Rows: test_error_pct, validation_error_pct and the numbers of the chosen setting (chosen_C, chosen_step_size, ...).
    Files: the first training images, where the recipe asks for samples.
    """
    from zoo.reproductions.harness import WithFiles
    from zoo.reproductions.trainers.arrays import packed

    r = trial.recipe
    train, validation, test = _cut(trial)
    found = tuned(trial, train, validation)
    report.progress(1, 1)
    rows = _rows(trial, found, {ERROR: found.losses(test)}, train, test)
    return WithFiles(rows, {SAMPLES: packed({"images": train.x[:SHOWN]})}) if r["samples"] else rows


def train_on_digits_in_place(trial, report):
    """The run function of a classifier of centred or jittered digits, tested on digits moved by so much and turned by so much.

    The recipe names shifts (pixels), angles (degrees) and jitter: None, or the largest [shift, angle] that every training and
    validation digit is moved and turned by, once and for all. Rows: moved_metric and turned_metric of each.
    """
    from zoo.reproductions.trainers import moved_digits

    r = trial.recipe
    parts = [Split(moved_digits.on_canvas(x), y) for x, y in _cut(trial)]
    if r["jitter"]:
        parts[:2] = [Split(moved_digits.jittered(x, *r["jitter"], draw), y) for draw, (x, y) in enumerate(parts[:2])]
    train, validation, test = parts
    found = tuned(trial, train, validation)
    report.progress(1, 2)
    errors = {moved_metric(n): found.losses(Split(moved_digits.shifted(test.x, n), test.y)) for n in r["shifts"]}
    errors |= {turned_metric(n): found.losses(Split(moved_digits.turned(test.x, n), test.y)) for n in r["angles"]}
    return _rows(trial, found, errors, train, test)


def _cut(trial):
    """(train, validation, test), the first n_train, n_validation and n_test of the data set's; None for all."""
    r = trial.recipe
    train, validation, _ = splits(trial.dataset, r["n_train"], r["n_validation"])
    return train, validation, splits(trial.dataset, n_test=r["n_test"])[2]


def moved_metric(pixels):
    """What an error on digits so far from their place is called in runs.csv."""
    return f"test_error_shifted_{pixels}_px_pct"


def turned_metric(degrees):
    """What an error on digits turned by so much is called in runs.csv."""
    return f"test_error_rotated_{degrees}_degrees_pct"


def tuned(trial, train, validation):
    """The trial's model in the setting that validates best: TunedNets of a zoo model, a TunedMachine of "kernel_machine".

    The recipe of a machine names kernel and grid, that of nets is described in tune_nets.
    """
    r = trial.recipe
    if trial.model == "kernel_machine":
        from zoo.reproductions.trainers.kernel_svm import tune_svm

        return tune_svm(r["kernel"], train, validation, r["grid"])
    from zoo.datasets import describe
    from zoo.reproductions.trainers.tuned_nets import tune_nets

    return tune_nets(trial.model, describe(trial.dataset).classes, train, validation, r, trial.seeds)


def _rows(trial, found, errors, train, test):
    """Rows of every seed, or of the one of a machine, which computes on the processor in float64."""
    r, shared = trial.recipe, {"n_train": len(train.x), "n_test": len(test.x), "seconds": found.seconds}
    shared["parameters"] = found.parameters
    if trial.model == "kernel_machine":
        from zoo.environment import processor

        shared |= {"device": processor(), "backend": "scikit-learn", "precision": "float64"}
    else:
        shared |= {"updates": r["epochs"] * (len(train.x) // r["batch_size"]), "precision": "float32"}
    chosen = {f"chosen_{name}": value for name, value in found.setting.items()}
    return rows_of(trial.seeds, errors | {"validation_error_pct": found.validation} | chosen, shared)

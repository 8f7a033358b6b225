"""The run function of the zoo's presets: a population, of which the member that validates best leaves its weights."""

import tempfile
from pathlib import Path

from zoo.presets.saving import best_seed
from zoo.reproductions.harness import WithFiles
from zoo.tasks import task_of
from zoo.training.recipe import errors_of, steps, train_population

WEIGHTS = "model.weights.h5"


def train_preset(trial, report):
    """Trains on all of train by a recipe of zoo.training, chooses on validation, tests every seed once.

    Rows: the error of the model's task (zoo.tasks) on test and on validation, of every seed. n_train: examples
    with labels, where the recipe says how many. Files: the weights of the chosen seed.
    """
    from zoo.datasets import load

    data, r, task = load(trial.dataset), trial.recipe, task_of(trial.model, trial.dataset)
    population = train_population(
        trial.model, task.classes(data), *data.train, r, trial.seeds, verbose=False, task=task, backup=report.backup
    )
    report.progress(1, 1)
    shared = {
        "n_train": r.get("labels", len(data.train.x)),
        "updates": steps(r, len(data.train.x)),
        "seconds": population.fit_seconds / len(population),
        "parameters": population.template.count_params(),
        "precision": population.precision,
    }
    errors = {name: errors_of(population, getattr(data, name), task) for name in ("test", "validation")}
    found = [
        shared | {"seed": seed, "metric": f"{name}_{task.error}", "value": value, "n_test": len(getattr(data, name).x)}
        for name, by_seed in errors.items()
        for seed, value in by_seed.items()
    ]
    chosen = best_seed(errors["validation"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / WEIGHTS
        population[trial.seeds.index(chosen)].save_weights(path)
        return WithFiles(found, {WEIGHTS: path.read_bytes()})


def train_rival(trial, report):
    """As train_preset, of a net that a preset is held against and that is none itself: it leaves no weights."""
    return train_preset(trial, report).rows

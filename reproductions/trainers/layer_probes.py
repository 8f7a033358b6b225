"""Trains a population of nets once and probes a layer of theirs: as they start, pre-trained only, trained to the end."""

import functools
import json
from typing import NamedTuple

import numpy as np

STAGES = ("untrained", "pre-trained", "trained")
METRICS = ("test_error_pct", "validation_error_pct", "train_error_pct", "strength", "steps")  # of the first a row has losses
MOST_FEATURES = 1000
PLANE_WEIGHTS = ("kernel", "bias", "logits_kernel", "logits_bias")
# What of a recipe is about the probe and not about the net that is probed.
PROBE = ("stage", "layer", "strengths")


class Nets(NamedTuple):
    """The members of a population at each stage: weights {stage: one list of arrays per seed}, seconds {stage: per seed}."""

    template: object
    weights: dict
    seconds: dict
    updates: dict
    diverged: np.ndarray


def probe_layer(trial, report):
    """The run function of a linear probe on one layer of a net, at one stage of its training.

    The recipe names stage, layer (in zoo.features), strengths of the probe, n_train, n_test (None for all) and what the
    net is trained with: a recipe of zoo.training. Of a layer with more features, 1,000 are drawn once and for all. Rows:
    test, validation and training error of the probe, its strength and steps. seconds are those of the net's training up to
    the stage.
    """
    from zoo.reproductions.trainers.data import splits
    from zoo.reproductions.trainers.linear_probe import linear_probe

    r, rows = trial.recipe, []
    parts = splits(trial.dataset, r["n_train"], r["n_test"])
    training = {name: value for name, value in r.items() if name not in PROBE}
    nets = trained_nets(trial.dataset, trial.model, trial.seeds, json.dumps(training, sort_keys=True))
    shared = {"n_train": len(parts[0].x), "n_test": len(parts[2].x), "parameters": nets.template.count_params()}
    shared |= {"updates": nets.updates[r["stage"]], "seconds": nets.seconds[r["stage"]]}
    for member, seed in enumerate(trial.seeds):
        found, losses = dict.fromkeys(METRICS, np.nan), None
        if not nets.diverged[member]:
            nets.template.set_weights(nets.weights[r["stage"]][member])
            features = [(representation(nets.template, r["layer"], part.x), part.y) for part in parts]
            probed = linear_probe(*features, r["strengths"])
            found, losses = {metric: probed[metric] for metric in METRICS}, 100 * probed["wrong"]
        rows += [shared | {"seed": seed, "metric": metric, "value": value} for metric, value in found.items()]
        rows[-len(METRICS)]["losses"] = losses
        report.progress(member + 1, len(trial.seeds))
    return rows


def probe_input(trial, report):
    """The run function of a linear probe on the raw input: deterministic, one seed. Recipe: n_train, n_test, strengths."""
    from zoo.reproductions.trainers.data import splits
    from zoo.reproductions.trainers.linear_probe import linear_probe

    r = trial.recipe
    parts = splits(trial.dataset, r["n_train"], r["n_test"])
    probed = linear_probe(*((chosen_features(part.x), part.y) for part in parts), r["strengths"])
    report.progress(1, 1)
    shared = {"seed": trial.seeds[0], "n_train": len(parts[0].x), "n_test": len(parts[2].x), "seconds": 0.0}
    rows = [shared | {"metric": metric, "value": probed[metric]} for metric in METRICS]
    rows[0]["losses"] = 100 * probed["wrong"]
    return rows


def probe_plane(trial, report):
    """As probe_layer, for nets with two inputs and two units in each hidden layer, named hidden_1, hidden_2, ...

    Of the traced seeds the layer's weights are rows, too, and with the last hidden layer's those of the output.
    """
    rows = probe_layer(trial, report)
    training = {name: value for name, value in trial.recipe.items() if name not in PROBE}
    nets = trained_nets(trial.dataset, trial.model, trial.seeds, json.dumps(training, sort_keys=True))
    for seed, weights in list(zip(trial.seeds, nets.weights[trial.recipe["stage"]], strict=True))[: trial.traced]:
        first = 2 * (int(trial.recipe["layer"].removeprefix("hidden_")) - 1)
        ours = weights[first:] if len(weights) - first == len(PLANE_WEIGHTS) else weights[first : first + 2]
        for name, values in zip(PLANE_WEIGHTS, ours):
            for place, value in enumerate(np.ravel(values)):
                rows.append(rows[0] | {"seed": seed, "metric": f"{name}_{place}", "value": float(value), "losses": None})
    return rows


@functools.lru_cache(maxsize=1)  # the trials of one net follow each other: it is trained for all of them
def trained_nets(dataset, model, seeds, recipe):
    """The Nets of all seeds; recipe: JSON of n_train and a recipe of zoo.training, with or without pre-training."""
    import keras

    import zoo
    from zoo.datasets import describe
    from zoo.reproductions.trainers.data import splits
    from zoo.training import recipe as training

    r = json.loads(recipe)
    x, y = splits(dataset, r["n_train"])[0]
    classes = describe(dataset).classes
    population = zoo.Population(
        lambda: zoo.create_model(model, x.shape[1:], classes, **r["options"]), seeds, precision=r["precision"]
    )
    weights, seconds, updates = {"untrained": _members(population)}, {"untrained": 0.0}, {"untrained": 0}
    if r["pretraining"]:
        settings = {"batch_size": r["batch_size"], **r["pretraining"]}
        history = training.pretrain_by(settings, population, x, verbose=False)
        weights["pre-trained"], seconds["pre-trained"] = _members(population), population.fit_seconds / len(seeds)
        updates["pre-trained"] = len(history) // len(seeds) * -(-len(x) // r["batch_size"])
    steps = training.steps(r, len(x))
    population.compile(training.optimizer(r, steps), keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    population.fit(x, y, epochs=r["epochs"], batch_size=r["batch_size"], drop_remainder=True, verbose=False)
    weights["trained"], seconds["trained"] = _members(population), population.fit_seconds / len(seeds)
    updates["trained"] = updates.get("pre-trained", 0) + steps
    return Nets(population.template, weights, seconds, updates, population.diverged.copy())


def _members(population):
    return [population.get_weights(member) for member in range(len(population))]


def representation(model, layer, x):
    """What a layer of a model makes of x (n, ...): float32 (n, at most MOST_FEATURES)."""
    return chosen_features(_features(model, layer).predict(x, batch_size=1000, verbose=0)[layer])


@functools.lru_cache(maxsize=4)
def _features(model, layer):
    import zoo

    return zoo.features(model, layer)


def chosen_features(values):
    """(n, ...) as float32 vectors, always the same MOST_FEATURES of their numbers where there are more."""
    values = np.asarray(values, "float32").reshape(len(values), -1)
    if values.shape[1] <= MOST_FEATURES:
        return values
    return values[:, np.random.RandomState(0).permutation(values.shape[1])[:MOST_FEATURES]]

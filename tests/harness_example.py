"""A linear classifier falls behind a small network on scikit-learn's digits.

A real reproduction, seconds long, that drives the harness in its tests. Expected: the network errs less.
The environment variables EXAMPLE_* let a test watch its trials, slow them down, hold one up or make it fail.
"""

import os
import time
from pathlib import Path

from zoo.reproductions.harness import Published, Trial, paired_difference, target

LINEAR, MLP = ("digits", "linear", "raw pixels"), ("digits", "mlp", "one layer of 32")
PROTOCOL = "Both read the same pixels; no model is tuned."
PUBLISHED = {
    MLP: Published(
        "MLP, relu, one layer of 100",
        "standardised pixels, mean of 5 shuffles",
        note="another data set, only to show a published value",
        dataset="mnist",
        topic="shallow_vs_deep",
    )
}


def trials(budget):
    passes = budget.choose(smoke=5, quick=10, hour=10, full=20)
    return [
        Trial(*LINEAR, budget.seeds, train, {"hidden": [], "passes": passes}, cost=0.5),
        Trial(*MLP, budget.seeds, train, {"hidden": [32], "passes": passes}),
    ]


def judge(runs):
    return [paired_difference(runs, better=MLP, worse=LINEAR), target(runs, MLP, at_most=8)]


def draw(runs):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 3))
    axes = figure.add_subplot()
    for model, rows in runs.groupby("model", sort=False):
        axes.plot(rows.parameters, rows.value, "o", label=model)
    axes.set(xlabel="parameters", ylabel="test error, %")
    axes.legend()
    return figure


def train(trial, report):
    from zoo.datasets import load

    _watch(trial)
    data = load(trial.dataset)
    return [_train_one(trial, data, seed, report) for seed in trial.seeds]


def _train_one(trial, data, seed, report):
    import numpy as np
    from sklearn.linear_model import SGDClassifier
    from sklearn.neural_network import MLPClassifier

    began, passes, hidden = time.perf_counter(), trial.recipe["passes"], trial.recipe["hidden"]
    if hidden:
        model = MLPClassifier(hidden, learning_rate_init=0.01, random_state=seed)
    else:
        model = SGDClassifier(loss="log_loss", random_state=seed)
    x, y = data.train.x.reshape(len(data.train.x), -1) / 255.0, np.asarray(data.train.y)
    for done in range(passes):
        model.partial_fit(x, y, classes=np.arange(10))
        report.progress(done + 1, passes)
    right = model.score(data.test.x.reshape(len(data.test.x), -1) / 255.0, np.asarray(data.test.y))
    weights = sum(w.size for w in (model.coefs_ if hidden else [model.coef_]))
    return {
        "seed": seed,
        "metric": "test_error_pct",
        "value": 100 * (1 - right),
        "n_train": len(x),
        "n_test": len(data.test.y),
        "parameters": weights,
        "seconds": time.perf_counter() - began,
        "backend": "scikit-learn",
        "precision": "float64",
    }


def _watch(trial):
    log = os.environ.get("EXAMPLE_LOG")
    if log:
        with Path(log).open("a") as file:
            file.write(f"{trial.model}\n")
    time.sleep(float(os.environ.get("EXAMPLE_SECONDS", 0)))
    while os.environ.get("EXAMPLE_HOLDS") == trial.model and not Path(f"{log}.open").exists():
        time.sleep(0.02)
    if os.environ.get("EXAMPLE_FAILS") == trial.model:
        raise RuntimeError("the example was told to fail")

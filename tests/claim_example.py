"""A claim made of little more than its tables, for the tests of what is made out of runs."""

import types

import pandas as pd

import harness_example
from zoo.reproductions.harness import target

ROW = ("mnist", "linear", "raw | pixels")


def reproduction(**changes):
    """A claim made of little more than its tables."""
    module = types.ModuleType("a_claim", "A claim in short.\n\nAnd at length.")
    module.trials = lambda budget: []
    module.judge = lambda runs: [target(runs, ROW, at_most=10)]
    module.draw = harness_example.draw
    for name, value in changes.items():
        setattr(module, name, value)
    return module


def rows_of(row, values, **changes):
    names = dict.fromkeys(("n_train", "n_test", "parameters", "updates", "seconds")) | {
        "device": "a card",
        "backend": "jax",
        "precision": "float32",
        "commit": "abc",
        "metric": "test_error_pct",
    }
    named = dict(zip(("dataset", "model", "setting"), row, strict=True))
    return [names | named | {"seed": seed, "value": value} | changes for seed, value in enumerate(values)]


def lines(folder, name):
    return pd.read_csv(folder / name, keep_default_na=False, dtype=str).to_dict("records")

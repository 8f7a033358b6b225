"""Keras's PyTorch backend: members learn there what they learn on this one, from pre-training to predictions.

PyTorch is no requirement; `make test-torch` fetches it and runs these tests, and those of engine, presets and benchmark on it.
"""

import os
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import zoo
from population_example import compiled, digits, train_from
from zoo.training import sequential

NAMES = ["mlp", "convnet", "autoencoder_stack"]


def learn(start, name):
    """(history, arrays) of two members from the weights in `start`: pre-trained where that is for them, fitted, asked."""
    members = [[start[f"{k}-{i}"] for i in range(len(start.files) // 2)] for k in range(2)]
    history, finals, outputs = train_from(members, name)
    if name == "autoencoder_stack":
        population = compiled([0, 1], name, keras.optimizers.SGD(0.05), weights=members)
        # tied, without noise: nothing is drawn but the order, which is every backend's
        settings = {"optimizer": "sgd", "corruption": None, "level": 0, "tied": True}
        first = zoo.pretrain(population, digits()[0][0], epochs=1, batch_size=32, **settings)
        history = pd.concat([first, population.fit(*digits()[0], epochs=1, batch_size=32), history], ignore_index=True)
    return history, [*finals, outputs]


@pytest.mark.torch
def test_torch_agrees(tmp_path):
    for name in NAMES:
        weights = map(compiled([0, 1], name).get_weights, range(2))
        np.savez(tmp_path / f"{name}.npz", **{f"{k}-{i}": a for k, own in enumerate(weights) for i, a in enumerate(own)})
    command, environment = [sys.executable, __file__, str(tmp_path)], os.environ | {"KERAS_BACKEND": "torch"}
    child = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    assert child.returncode == 0, child.stdout
    for name in NAMES:
        with np.load(tmp_path / f"{name}.npz") as start, np.load(tmp_path / f"{name}-done.npz") as theirs:
            history, arrays = learn(start, name)
            for place, array in enumerate(arrays):
                assert_allclose(theirs[f"arr_{place}"], array, rtol=1e-3, atol=1e-4)
        other = pd.read_csv(tmp_path / f"{name}-done.csv")
        pd.testing.assert_frame_equal(history, other, rtol=1e-4, atol=1e-5, check_dtype=False)


@pytest.mark.parametrize("backend, expected", [("torch", [1, 1]), ("tensorflow", [3, 100])])
def test_torch_takes_one_step_at_a_time(backend, expected, monkeypatch):
    monkeypatch.setattr("keras.backend.backend", lambda: backend)
    assert [sequential._steps_per_execution(steps) for steps in (3, 400)] == expected


def main(folder):
    """Let members learn on the backend of this process, from folder/NAME.npz to folder/NAME-done.npz and .csv."""
    for name in NAMES:
        with np.load(f"{folder}/{name}.npz") as start:
            history, arrays = learn(start, name)
        np.savez(f"{folder}/{name}-done.npz", *arrays)
        history.to_csv(f"{folder}/{name}-done.csv", index=False)


if __name__ == "__main__":
    assert keras.backend.backend() == "torch"
    main(*sys.argv[1:])

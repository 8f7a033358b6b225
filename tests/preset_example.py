"""A small preset of one's own, whole or to spoil, for the tests of presets."""

import json
import shutil

import keras
import numpy as np
import pytest

import zoo
from zoo.presets.folder import write_sums
from zoo.registry import models_text, reconstructs

X = np.random.default_rng(0).integers(0, 256, (6, 8, 8)).astype("uint8")

FILES = ("config.json", "model.weights.h5", "card.json", "golden.npz", "README.md", "SHA256SUMS")

DATASET = {
    "name": "mine",
    "version": "1",
    "fingerprint": "0",
    "splits": {"test": 5},
    "class_names": ["cat"],
    "licence": "CC0",
    "homepage": "",
}
MNIST = DATASET | {"name": "mnist", "class_names": list("0123456789")}
LICENCES = {"code": "Apache-2.0", "weights": "Apache-2.0", "data": "CC BY-SA 3.0"}


OPTIONS = {
    "linear": {},
    "mlp": {"widths": (16, 12), "batch_norm": True},
    "kernel_machine": {"features": 64},
    "autoencoder_stack": {"widths": (16, 12)},
    "deep_autoencoder": {"widths": (16, 12), "code": 3},
    "convnet": {"blocks": ((4,), (8,)), "dense": 8, "augmentation": "shift"},
    "rnn": {"units": 8},
    "irnn": {"units": 8},
    "lstm": {"units": 8, "layers": 2},
    "language_model": {"units": 8, "layers": 2, "embedding": 4},
}


def logits(model, x=X):
    return keras.ops.convert_to_numpy(model(x, training=False))


def make(name="mlp", seed=1, classes=10, **options):
    keras.utils.set_random_seed(seed)
    shape = (8,) if models_text(name) else (8, 8)
    return zoo.create_model(name, shape, None if reconstructs(name) else classes, **(OPTIONS.get(name, {}) | options))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A preset that no test may change."""
    return zoo.save_preset(make(), tmp_path_factory.mktemp("presets") / "mine")


@pytest.fixture
def preset(original, tmp_path):
    """A copy of it to spoil."""
    return shutil.copytree(original, tmp_path / "mine")


def rewrite(folder, name, content):
    """Put other bytes in a file and make the sums fit, as somebody does who means it."""
    (folder / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    write_sums(folder)


def read(folder, name):
    return json.loads((folder / name).read_bytes())


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A preset whose card names the data set MNIST."""
    card = {"dataset": MNIST, "licences": LICENCES}
    return zoo.save_preset(make("linear"), tmp_path_factory.mktemp("presets") / "digits", card)

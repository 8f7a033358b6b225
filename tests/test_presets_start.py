"""Loading a preset compiles nothing on JAX, and layers that draw have the seeds that Keras gives them."""

import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest

import zoo
from zoo.presets import loading

COUNT = """
import jax, keras
import zoo

compiled = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, *_, **__: compiled.append(event) if "backend_compile" in event else None
)
for name in zoo.list_presets():
    zoo.from_preset(name)
    print(name, len(compiled))
jax.numpy.zeros(3) + 1
assert compiled, "nobody has counted"
"""


def test_loading_compiles_nothing():
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()] == [[name, "0"] for name in zoo.list_presets()]


@pytest.mark.backend
@pytest.mark.parametrize("seed", [0, 7, 2**31 - 1])
def test_seeds_are_those_of_keras(seed):
    theirs = keras.random.SeedGenerator(seed).state
    with loading._watched_start():
        ours = keras.random.SeedGenerator(seed).state
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs))


@pytest.mark.backend
def test_dropout_draws_from_a_seed_of_its_own():
    models = [zoo.from_preset("mlp_mnist") for _ in range(2)]
    states = [keras.ops.convert_to_numpy(value) for model in models for value in model.non_trainable_variables if "seed" in value.path]
    assert len(states) >= 4 and len({tuple(state) for state in states}) == len(states)


def test_presets_load_where_keras_computes_in_64_bits():
    """JAX warns that it will not; that is no damage of the file."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Explicitly requested dtype")
            model = zoo.from_preset("linear_mnist")
    finally:
        keras.config.set_floatx(before)
    for ours, theirs in zip(model.get_weights(), zoo.from_preset("linear_mnist").get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)

"""Loading a preset compiles nothing on JAX, and layers that draw have the seeds that Keras gives them."""

import errno
import os
import subprocess
import sys
import threading
import time
import warnings

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import CorruptFile, InvalidInput, ResultsError
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
    with loading.watched_start():
        ours = keras.random.SeedGenerator(seed).state
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs))


@pytest.mark.backend
def test_a_model_made_of_parts_of_another_is_loaded(tmp_path):
    """Its builder starts the variables of the whole one, more than its file has."""
    from zoo.registry import _builders, register_model

    @register_model
    def tuned_for_the_test(input_shape, classes):
        base = zoo.from_preset("mlp_mnist")
        outputs = keras.layers.Dense(classes, name="logits")(base.layers[-2].output)
        return keras.Model(base.input, outputs)

    try:
        model = zoo.create_model("tuned_for_the_test", (28, 28), 2)
        found = zoo.from_preset(zoo.save_preset(model, tmp_path / "tuned", {"flops_per_example": 1}))
    finally:
        del _builders["tuned_for_the_test"]
    x = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype("uint8")
    np.testing.assert_allclose(found.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5, atol=1e-5)


@pytest.mark.backend
def test_warnings_stay_warnings_where_threads_load_at_once(monkeypatch):
    """What one thread changes of how warnings are treated, no other may put back after it."""
    first, second, filters = threading.Event(), threading.Event(), list(warnings.filters)
    load = keras.Model.load_weights

    def slowly(model, *args):
        (second if first.is_set() else first).set()
        second.wait(1)  # until the other is in here, too, if it may be
        time.sleep(0.2 * (threading.current_thread().name == "later"))
        return load(model, *args)

    meanwhile = []
    monkeypatch.setattr(keras.Model, "load_weights", lambda *given: [slowly(*given), meanwhile.append(list(warnings.filters))])
    threads = [threading.Thread(target=zoo.from_preset, args=["linear_mnist"], name=name) for name in ("sooner", "later")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == filters and meanwhile == [filters, filters], "they are one list for all threads"


@pytest.mark.backend
def test_weights_that_keras_passes_over_are_missed(monkeypatch):
    """It warns of some alone, and leaves them as they were."""
    monkeypatch.setattr(keras.Model, "load_weights", lambda *given: None)
    with pytest.raises(CorruptFile, match="some are missing, NaN or infinite"):
        zoo.from_preset("linear_mnist")


@pytest.mark.backend
def test_no_room_for_a_copy_is_not_called_damage(monkeypatch, tmp_path):
    def full(*args, **named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(loading.tempfile, "gettempdir", full)
    monkeypatch.setattr(loading.tempfile, "mkdtemp", full)
    with pytest.raises(ResultsError, match="No space left on device.: make room there"):
        zoo.from_preset("linear_mnist")


@pytest.mark.backend
def test_memory_that_is_not_enough_is_not_called_damage(monkeypatch):
    def full(*args):
        raise MemoryError

    monkeypatch.setattr(keras.Model, "load_weights", full)
    with pytest.raises(MemoryError):
        zoo.from_preset("linear_mnist")


@pytest.mark.backend
def test_dropout_draws_from_a_seed_of_its_own():
    models = [zoo.from_preset("mlp_mnist") for _ in range(2)]
    states = [
        keras.ops.convert_to_numpy(value) for model in models for value in model.non_trainable_variables if "seed" in value.path
    ]
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


@pytest.mark.backend
@pytest.mark.parametrize("policy", ["bfloat16", "float16"])
def test_what_has_no_random_start_in_16_bits_is_saved_and_gets_a_new_head(policy, tmp_path):
    """An LSTM starts by an orthogonal matrix, which takes a decomposition that there is in 32 bits alone."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = zoo.from_preset("lstm_mnist", classes=2)
        with keras.name_scope("outer"):
            scoped = zoo.from_preset("linear_mnist", classes=2).get_layer("logits").kernel
            assert keras.ops.convert_to_numpy(keras.ops.cast(scoped, "float32")).std() > 0.001
        head = keras.ops.convert_to_numpy(keras.ops.cast(model.get_layer("logits").kernel, "float32"))
        assert head.std() > 0.01, "not left at 0"
        x = np.random.RandomState(0).randint(0, 256, (3, 28, 28)).astype("uint8")
        seen = keras.ops.convert_to_numpy(keras.ops.cast(model(x), "float32"))
        saved = zoo.save_preset(model, tmp_path / "two")
        again = keras.ops.convert_to_numpy(keras.ops.cast(zoo.from_preset(saved)(x), "float32"))
    finally:
        keras.config.set_dtype_policy(before)
    np.testing.assert_allclose(again, seen, atol=1e-2)


@pytest.mark.backend
def test_two_presets_of_one_kind_are_parts_of_a_third_by_their_names():
    inputs = keras.Input((28, 28))
    both = [zoo.from_preset("linear_mnist", name=name)(inputs) for name in ("teacher", "student")]
    x = np.zeros((2, 28, 28), "uint8")
    together = keras.ops.convert_to_numpy(keras.Model(inputs, keras.layers.Average()(both))(x))
    np.testing.assert_allclose(together, keras.ops.convert_to_numpy(zoo.from_preset("linear_mnist")(x)), atol=1e-5)
    assert zoo.from_preset("linear_mnist", classes=2, name="halved").name == "halved"
    assert zoo.from_preset("mlp_mnist", dropout=0.1, name="drier").name == "drier"
    with pytest.raises(InvalidInput, match="name is what the keras.Model is called"):
        zoo.from_preset("linear_mnist", name="a/b")

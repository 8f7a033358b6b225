"""The engine does what `keras.Model.fit` does: every model, every backend, whatever else a population trains beside."""

import os
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import population_example
import zoo
from population_example import compiled, digits, loss_and_metric, small_model, train_from
from zoo.layers import MatmulConv2D, RandomShift
from zoo.training.order import epoch_order, host_order, member_key

JAX = keras.backend.backend() == "jax"


def keras_fit(model, optimizer, order=None, epochs=2, name="linear"):
    """Logs per epoch of Keras's own fit, with a smaller last batch; order: epoch -> rows, or None."""
    (x, y), held_out = digits(name)
    loss, metric = loss_and_metric(name)
    model.compile(optimizer, loss, metrics=[metric])
    logs, whole = [], {"validation_batch_size": len(held_out[0])}
    for epoch in range(epochs):
        rows = np.arange(len(x)) if order is None else order(epoch)
        run = model.fit(x[rows], y[rows], batch_size=32, shuffle=False, validation_data=held_out, verbose=0, **whole)
        logs.append({name: values[0] for name, values in run.history.items()})
    return pd.DataFrame(logs)


def assert_same_history(history, logs, names=None):
    for name in names or logs.columns:
        assert_allclose(history[name], logs[name], rtol=2e-5, atol=1e-6, err_msg=name)


def assert_same_weights(mine, theirs, atol=2e-5):
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs):
        assert_allclose(a, b, rtol=1e-4, atol=atol)


@pytest.mark.backend
@pytest.mark.parametrize("name", zoo.list_models())
def test_a_population_of_one_equals_keras_fit(name):
    (x, y), held_out = digits(name)
    keras.utils.set_random_seed(7)
    model = small_model(name)
    logs = keras_fit(model, keras.optimizers.Adam(0.01), name=name)
    population = compiled([7], name)
    history = population.fit(x, y, epochs=2, batch_size=32, shuffle=False, validation_data=held_out)
    assert_same_history(history, logs)
    assert_same_weights(population.get_weights(0), model.get_weights())


@pytest.mark.backend
def test_a_shuffled_population_equals_keras_fit_in_its_order():
    (x, y), held_out = digits()
    keras.utils.set_random_seed(3)
    model = small_model("mlp")
    logs = keras_fit(model, keras.optimizers.SGD(0.1, momentum=0.9), lambda epoch: host_order(3, epoch, 100))
    population = compiled([3], "mlp", keras.optimizers.SGD(0.1, momentum=0.9))
    assert_same_history(population.fit(x, y, epochs=2, batch_size=32, validation_data=held_out), logs)
    assert_same_weights(population.get_weights(0), model.get_weights())


def test_orders_are_permutations_that_differ_by_seed_and_epoch():
    orders = [tuple(host_order(seed, epoch, 50)) for seed in (0, 1, 2**32 - 1) for epoch in (0, 1)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len(set(orders)) == len(orders)
    assert tuple(host_order(1, 1, 50)) == orders[3]


@pytest.mark.parametrize("seed", [0, 7, 2**31, 2**32 - 1])
@pytest.mark.parametrize("n", [1, 2, 1001])
def test_orders_without_jax_are_those_of_jax(seed, n):
    for epoch in (0, 1, 300):
        expected = epoch_order(member_key(np.uint32(seed)), epoch, n)
        assert_array_equal(host_order(seed, epoch, n), expected, strict=True)


def test_jax_is_not_started_for_the_orders_of_other_backends():
    """On a machine with accelerators it would take their memory."""
    code = "import sys; from zoo.training.order import host_order; host_order(1, 2, 10); assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def everything():
    """A model with whatever carries state: augmentation, batch norm, dropout, a frozen layer."""
    inputs = keras.Input((8, 8))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = RandomShift(1)(keras.layers.Reshape((8, 8, 1))(x))
    x = keras.layers.BatchNormalization(momentum=0.8)(MatmulConv2D(3, 3, use_bias=False)(x))
    x = keras.layers.Dense(8, "relu", trainable=False, name="frozen")(keras.layers.Flatten()(x))
    # On PyTorch dropout is drawn by a member's seed and epoch, by Keras from where the one generator happens to be.
    x = keras.layers.Dropout(0.0 if keras.backend.backend() == "torch" else 0.3)(x)
    return keras.Model(inputs, keras.layers.Dense(10)(x))


def adamw(rate):
    schedule = keras.optimizers.schedules.CosineDecay(rate, 10)
    return keras.optimizers.AdamW(schedule, weight_decay=0.05, use_ema=True, ema_momentum=0.9)


@pytest.mark.backend
@pytest.mark.parametrize("how", ["as here", pytest.param("as on a gpu", marks=[] if JAX else pytest.mark.skip("JAX only"))])
def test_one_of_several_members_equals_keras_fit_with_all_that_carries_state(how, monkeypatch):
    if how == "as on a gpu":  # members side by side, under jax.vmap
        monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    (x, y), _ = digits()
    seeds, rates = [5, 6, 9], [0.003, 0.01, 0.03]
    population = zoo.Population(everything, seeds)
    starts = [population[k].get_layer("frozen").get_weights() for k in range(3)]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    population.compile(adamw(0.5), loss, ["accuracy"], learning_rate=rates)
    history = population.fit(x, y, epochs=2, batch_size=32, shuffle=False)

    keras.utils.set_random_seed(9)
    model = everything()
    model.compile(adamw(0.03), loss, metrics=["accuracy"])
    logs = model.fit(x, y, epochs=2, batch_size=32, shuffle=False, verbose=0).history
    mine = history[history.member == 2]
    assert_same_history(mine, logs, ["loss", "accuracy"])
    assert_same_weights(population.get_weights(2), model.get_weights(), atol=5e-5)
    for k in range(3):
        assert_same_weights(population[k].get_layer("frozen").get_weights(), starts[k], atol=0)
    assert np.abs(starts[0][0] - starts[1][0]).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", zoo.list_models())
def test_side_by_side_or_in_turn_makes_no_difference(name, monkeypatch):
    (x, y), held_out = digits(name)
    histories = []
    for device in ("cpu", "gpu"):
        monkeypatch.setattr("jax.default_backend", lambda device=device: device)
        population = compiled([1, 2, 3], name, keras.optimizers.SGD(0.05, momentum=0.9))
        histories.append(population.fit(x, y, epochs=2, batch_size=32, validation_data=held_out))
    pd.testing.assert_frame_equal(*histories, rtol=2e-5, atol=1e-6)


@pytest.mark.backend
def test_members_with_own_rates_and_a_schedule_of_the_users_own():
    class Halving(keras.optimizers.schedules.LearningRateSchedule):
        def __init__(self, initial_learning_rate):
            self.initial_learning_rate = initial_learning_rate

        def __call__(self, step):
            return self.initial_learning_rate * 0.5 ** keras.ops.cast(step, "float32")

        def get_config(self):
            return {"initial_learning_rate": self.initial_learning_rate}

    (x, y), held_out = digits()
    population = compiled([4, 4], optimizer=keras.optimizers.SGD(Halving(1.0)), learning_rate=[0.5, 0.25])
    history = population.fit(x, y, epochs=2, batch_size=32, shuffle=False, validation_data=held_out)
    keras.utils.set_random_seed(4)
    logs = keras_fit(small_model("linear"), keras.optimizers.SGD(Halving(0.25)))
    assert_same_history(history[history.member == 1], logs)


def compare_with_tensorflow(names, folder):
    for name in names:
        weights = compiled([0, 1], name)
        np.savez(folder / f"{name}.npz", *weights.get_weights(0), *weights.get_weights(1))
    command = [sys.executable, population_example.__file__, str(folder), *names]
    environment = os.environ | {"KERAS_BACKEND": "tensorflow"}
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    results = {}
    for name in names:
        with np.load(folder / f"{name}.npz") as file:
            arrays = [file[f"arr_{i}"] for i in range(len(file.files))]
        half = len(arrays) // 2
        results[name] = train_from([arrays[:half], arrays[half:]], name)
    output = child.communicate(timeout=300)[0]
    assert child.returncode == 0, output
    for name, (history, finals, outputs) in results.items():
        theirs = pd.read_csv(folder / f"{name}-done.csv")
        pd.testing.assert_frame_equal(history, theirs, rtol=1e-3, atol=1e-4, check_dtype=False)
        with np.load(folder / f"{name}-done.npz") as file:
            assert_same_weights(finals, [file[f"arr_{i}"] for i in range(len(finals))], atol=1e-3)
            assert_allclose(outputs, file["outputs"], rtol=1e-2, atol=2e-3)
            restored = compiled(range(2), name, keras.optimizers.SGD(0.05, momentum=0.9))
            restored.restore(folder / f"{name}-saved.npz")
            assert_allclose(restored.predict(digits(name)[1][0]), file["outputs"], rtol=1e-4, atol=1e-5)


def test_jax_and_tensorflow_agree(tmp_path):
    compare_with_tensorflow(["mlp"], tmp_path)


@pytest.mark.slow
def test_jax_and_tensorflow_agree_on_every_model(tmp_path):
    compare_with_tensorflow(zoo.list_models(), tmp_path)

"""A population goes to disk and comes back as it was; what is no such file is refused and changes nothing."""

import copy
import os
import pickle
import stat

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import zoo
from population_example import assert_same, compiled, digits, loss_and_metric, refused, small_model
from zoo.errors import CorruptFile, InvalidInput, ResultsError
from zoo.training import array_file, checkpoint

SETTINGS = {"epochs": 2, "batch_size": 32}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """(file, population of two members that was saved there after two epochs)."""
    (x, y), held_out = digits()
    population = compiled([0, 1])
    population.fit(x, y, validation_data=held_out, select="best", **SETTINGS)
    path = tmp_path_factory.mktemp("saved") / "two.npz"
    population.save(path)
    return path, population


def read(path):
    return array_file.read(path, checkpoint.FORMAT, "population", "Population.save")


@pytest.mark.backend
def test_a_trained_population_is_pickled_and_copied():
    (x, y), _ = digits()
    population = zoo.Population(with_state, [0, 1])
    population.compile("adam", loss_and_metric("mlp")[0], ["accuracy"])
    population.fit(x, y, **SETTINGS)
    for twin in (pickle.loads(pickle.dumps(population)), copy.deepcopy(population), copy.copy(population)):
        assert_array_equal(twin.predict(x), population.predict(x))
        again = [each.fit(x, y, **SETTINGS) for each in (copy.deepcopy(population), twin)]
        assert_array_equal(again[0].loss, again[1].loss)
        assert population.epochs_trained == len(population.history) / 2 == SETTINGS["epochs"], "it is another one that trained"


def with_state():
    """A model with all that carries state: batch norm, dropout's random numbers."""
    layers = [keras.Input((8, 8)), keras.layers.Flatten(), keras.layers.Rescaling(1 / 255), keras.layers.Dense(8)]
    layers += [keras.layers.BatchNormalization(momentum=0.8), keras.layers.Dropout(0.3), keras.layers.Dense(10)]
    return keras.Sequential(layers)


def averaging():
    schedule = keras.optimizers.schedules.CosineDecay(0.02, 20)
    return keras.optimizers.AdamW(schedule, weight_decay=0.05, use_ema=True, ema_momentum=0.9)


def ready(optimizer, precision=None, rates=None, build=with_state):
    population = zoo.Population(build, [0, 1], precision=precision)
    population.compile(optimizer, loss_and_metric("mlp")[0], ["accuracy"], learning_rate=rates)
    return population


@pytest.mark.parametrize("make", [
    lambda: ready(keras.optimizers.SGD(0.05, momentum=0.9)),
    pytest.param(lambda: ready(averaging()), marks=pytest.mark.backend),
    lambda: ready(keras.optimizers.Adam(0.01), rates=[0.02, 0.005]),
    lambda: ready(keras.optimizers.Adam(0.01, gradient_accumulation_steps=2)),
    pytest.param(lambda: ready(keras.optimizers.Adam(0.01), precision="mixed_float16"), marks=pytest.mark.backend),
], ids=["momentum", "averaging", "rates", "accumulation", "float16"])  # fmt: skip
def test_a_restored_population_goes_on_as_the_saved_one(make, tmp_path):
    (x, y), held_out = digits()
    twin, restored = make(), make()
    twin.fit(x, y, validation_data=held_out, select="best", **SETTINGS)
    twin.save(tmp_path / "two.npz")
    restored.restore(tmp_path / "two.npz")
    for mine in (twin, restored):
        mine.fit(x, y, validation_data=held_out, **SETTINGS)
    assert_same(restored.history, twin.history)
    assert restored.epochs_trained == 4
    for k in range(2):
        for mine, theirs in zip(restored.get_weights(k), twin.get_weights(k), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_the_rates_are_those_of_the_compile_before(tmp_path):
    (x, y), _ = digits()
    slow, fast = (ready(keras.optimizers.SGD(rate), rates=[rate, 2 * rate]) for rate in (0.001, 0.1))
    fast.fit(x, y, epochs=np.int64(1), batch_size=32)
    fast.save(tmp_path / "fast.npz")
    other = ready(keras.optimizers.SGD(0.1), rates=[0.001, 0.002])
    for population in (slow, other):
        population.restore(tmp_path / "fast.npz")
        population.fit(x, y, epochs=1, batch_size=32)
    assert_same(slow.history, other.history)


@pytest.mark.backend
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_what_was_gathered_goes_on_by_a_schedule_and_back(precision, tmp_path):
    (x, y), _ = digits()
    loss, schedule = loss_and_metric("linear")[0], keras.optimizers.schedules.ExponentialDecay(0.02, 20, 1.0)
    ends = []
    for rates in ((0.02, 0.02), (0.02, schedule), (schedule, 0.02)):
        population = zoo.Population(lambda: small_model("linear"), [0, 1], precision=precision)
        for place, rate in enumerate(rates):
            population.compile(keras.optimizers.Adam(rate), loss)
            if place:
                population.restore(tmp_path / "first")
            population.fit(x, y, **SETTINGS)
            population.save(tmp_path / "first")
        ends.append(population.get_weights(1))
    for other in ends[1:]:  # the schedule is as constant as the number
        for mine, theirs in zip(other, ends[0], strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.backend
def test_what_another_backend_saved_is_restored(tmp_path):
    """Counters and states of random numbers are integers of 64 bits on one backend, of 32 on another."""
    (x, y), held_out = digits()
    population, restored = ready("adam"), ready("adam")
    population.fit(x, y, **SETTINGS)
    path = tmp_path / "here.npz"
    population.save(path)
    head, arrays = read(path)
    wide = {n: a.astype("int64" if a.dtype == "int32" else "int32") if a.dtype.kind in "iu" and a.size < 9 and a.max() < 99
            else a for n, a in arrays.items()}  # fmt: skip
    assert any(wide[n].dtype != a.dtype for n, a in arrays.items() if n.startswith("optimizer"))
    array_file.write(path, checkpoint.FORMAT, head, wide)
    restored.restore(path)
    for mine in (population, restored):
        mine.fit(x, y, **SETTINGS)
    assert_same(restored.history.iloc[-4:], population.history.iloc[-4:])


def test_everything_comes_back(saved):
    path, population = saved
    restored = compiled([0, 1])
    restored.restore(path)
    for k in range(2):
        for mine, theirs in zip(restored.get_weights(k), population.get_weights(k), strict=True):
            assert_array_equal(mine, theirs)
    for name in ("best_epoch", "diverged", "compile_seconds", "fit_seconds", "trained_at_once"):
        assert_array_equal(getattr(restored, name), getattr(population, name))
    assert restored.history.equals(population.history)
    assert restored.epochs_trained == 2


def test_one_that_is_not_compiled_predicts(saved):
    path, population = saved
    restored = zoo.Population(lambda: small_model("linear"), [0, 1])
    restored.restore(path)
    x = digits()[1][0]
    assert_array_equal(restored.predict(x), population.predict(x))


def test_an_untrained_one_keeps_its_start(tmp_path):
    population, other = compiled([3]), compiled([3], weights=[[np.ones((64, 10)), np.ones(10)]])
    population.save(tmp_path / "start.npz")
    other.restore(tmp_path / "start.npz")
    assert_array_equal(other.get_weights(0)[0], population.get_weights(0)[0])
    assert other.best_epoch is None and other.epochs_trained == 0 and not len(other.history)


def test_bfloat16_keeps_its_bits(tmp_path):
    populations = [zoo.Population(with_state, [1], precision="bfloat16") for _ in range(2)]
    populations[0].save(tmp_path / "half.npz")
    populations[1]._state["trainable"][0] = populations[1]._state["trainable"][0] * 0
    populations[1].restore(tmp_path / "half.npz")
    first, second = (population.get_weights(0)[0] for population in populations)
    assert second.dtype == first.dtype == "bfloat16" and (first == second).all() and first.any()
    whole = zoo.Population(with_state, [1])
    with refused(whole, "other models than this population's: .*'float32', there 'bfloat16'"):
        whole.restore(tmp_path / "half.npz")


def test_an_old_file_is_replaced_and_nothing_is_left_beside(saved, tmp_path):
    path = tmp_path / "p.npz"
    for population in (compiled([5]), compiled([6])):
        population.save(path)
    compiled([6]).restore(path)
    assert [file.name for file in tmp_path.iterdir()] == ["p.npz"]
    with pytest.raises(ResultsError, match="can't be written"):
        compiled([5]).save(tmp_path / "no" / "such" / "folder.npz")
    for call in (compiled([5]).save, compiled([5]).restore):
        with pytest.raises(InvalidInput, match="path must say where the file is; got None"):
            call(None)


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path, population = tmp_path / "p.npz", compiled([5])
    population.save(path)
    kept = path.read_bytes()

    def half(file, **arrays):
        file.write(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(ResultsError, match="No space left on device"):
        population.save(path)
    assert path.read_bytes() == kept and [file.name for file in tmp_path.iterdir()] == ["p.npz"]


@pytest.mark.parametrize("make, match", [
    (lambda: compiled([0, 2]), r"other seeds \(2: 0, 1\) than this population's \(2: 0, 2\)"),
    (lambda: compiled([0, 1], "mlp"), r"other models than this population's: layers\.layers has \d+ parts, there 4"),
    (lambda: compiled([0, 1], optimizer="sgd"), "saved with Adam, this population is compiled with SGD"),
    (lambda: compiled([0, 1], optimizer=keras.optimizers.Adam(amsgrad=True)), "optimizer variables, this population has 8"),
])  # fmt: skip
def test_another_population_is_refused(saved, make, match):
    population = make()
    optimizers = population._state["optimizer"]
    with refused(population, match):
        population.restore(saved[0])
    assert population._state["optimizer"] is optimizers and population.best_epoch is None


LAYERS = keras.layers


def sequential(*layers):
    return lambda: keras.Sequential([keras.Input((8, 8, 2)), *(layer() for layer in layers)])


def skipping(first):
    def build():
        inputs = keras.Input((4,))
        a, b = LAYERS.Dense(4)(inputs), LAYERS.Dense(4)(inputs)
        return keras.Model(inputs, LAYERS.Add()([LAYERS.Add()([a if first else inputs, b]), a]))

    return build


def dense(activation=None):
    return LAYERS.Dense(2, activation)


@pytest.mark.parametrize("build, other, match", [
    (sequential(lambda: dense("relu")), sequential(lambda: dense("tanh")), "activation is 'tanh', there 'relu'"),
    (sequential(lambda: LAYERS.MaxPooling2D(2)), sequential(lambda: LAYERS.MaxPooling2D(4)), r"pool_size\.0 is 4, there 2"),
    (sequential(lambda: LAYERS.Permute((1, 2, 3))), sequential(lambda: LAYERS.Permute((2, 1, 3))), r"dims\.0 is 2, there 1"),
    (sequential(lambda: keras.Sequential([dense("relu")])), sequential(lambda: keras.Sequential([dense()])),
     "activation is 'linear', there 'relu'"),
    (sequential(lambda: LAYERS.TimeDistributed(dense("relu"))), sequential(lambda: LAYERS.TimeDistributed(dense())),
     "activation is 'linear', there 'relu'"),
    (skipping(True), skipping(False), "this population's: layers"),
])  # fmt: skip
def test_a_model_of_equal_shapes_is_another_model(tmp_path, build, other, match):
    zoo.Population(build, [0]).save(tmp_path / "one.npz")
    zoo.Population(build, [0]).restore(tmp_path / "one.npz")  # whatever number Keras gives its layers by now
    population = zoo.Population(other, [0])
    with refused(population, match):
        population.restore(tmp_path / "one.npz")


class Times(keras.layers.Layer):
    """A layer that has no configuration."""

    def __init__(self, factors):
        super().__init__()
        self.factors = factors

    def call(self, x):
        return self.factors[0] * x

    def get_config(self):
        raise NotImplementedError


@pytest.mark.parametrize("layer", [
    lambda: LAYERS.Lambda(lambda x: 2 * x), lambda: Times([2.0]), lambda: LAYERS.Masking(float("nan")),
    lambda: LAYERS.Dense(2, lambda x: x), lambda: LAYERS.Dropout(0.5, seed=3),
])  # fmt: skip
def test_layers_of_ones_own_are_restored_too(tmp_path, layer):
    def population(weights=None):
        return zoo.Population(lambda: keras.Sequential([keras.Input((3, 4)), layer(), LAYERS.Dense(2)]), [0, 1], weights=weights)

    x, fresh = np.random.default_rng(0).normal(size=(5, 3, 4)).astype("float32"), population()
    moved = population([[w + 0.5 * (w.dtype.kind == "f") for w in fresh.get_weights(k)] for k in range(2)])
    moved.save(tmp_path / "own.npz")
    restored = population()
    restored.restore(tmp_path / "own.npz")
    np.testing.assert_allclose(restored.predict(x), moved.predict(x), rtol=1e-6)
    assert np.abs(restored.predict(x) - fresh.predict(x)).max() > 0.1


def damaged(content, how):
    if how == "cut":
        return content[: len(content) // 2]
    place = content.index(b"trainable 0.npy") + 400  # within the first array
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("how", ["cut", "bit"])
def test_a_damaged_file_is_refused(saved, tmp_path, how):
    path, population = tmp_path / "damaged.npz", compiled([0, 1])
    path.write_bytes(damaged(saved[0].read_bytes(), how))
    before = population.get_weights(0)
    with pytest.raises(CorruptFile, match="damaged"):
        population.restore(path)
    for old, new in zip(before, population.get_weights(0), strict=True):
        assert_array_equal(old, new)


def test_a_file_that_was_changed_and_packed_again_is_refused(saved, tmp_path):
    with np.load(saved[0]) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["trainable 0"] = arrays["trainable 0"] + 1
    np.savez(tmp_path / "changed.npz", **arrays)
    with pytest.raises(CorruptFile, match="sha256"):
        compiled([0, 1]).restore(tmp_path / "changed.npz")


def test_no_flipped_byte_gets_through(tmp_path):
    path = tmp_path / "small.npz"
    population = zoo.Population(lambda: keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]), [0])
    population.save(path)
    content, (head, arrays) = path.read_bytes(), read(path)
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            population.restore(path)
        except (CorruptFile, InvalidInput):
            continue
        found = read(path)  # not noticed: nothing that counts has changed
        assert found[0] == head and array_file.digest(found[1]) == array_file.digest(arrays)


def test_a_pipe_is_not_replaced_and_odd_names_are_one_error(saved, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="is a pipe or a device"):
        saved[1].save(tmp_path / "pipe")
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)
    for name, match in (("a\0b", "names what is meant, not"), ("~nobody_here/two.npz", "a user who is not known here")):
        for use in (saved[1].save, saved[1].restore):
            with pytest.raises(InvalidInput, match=match):
                use(name)


def test_other_files_are_refused(tmp_path):
    np.savez(tmp_path / "other.npz", weights=np.ones(3))
    np.save(tmp_path / "other.npy", np.ones(3))
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "pickle.npz", about=np.array([{"format": 1}], dtype=object))
    (tmp_path / "folder.npz").mkdir()
    np.savez_compressed(tmp_path / "bomb.npz", head=np.zeros(10**7))
    for name, error in {"none.npz": InvalidInput, "other.npz": InvalidInput, "other.npy": InvalidInput, "text.npz": CorruptFile,
                        "pickle.npz": CorruptFile, "bomb.npz": CorruptFile, "folder.npz": ResultsError}.items():  # fmt: skip
        with pytest.raises(error, match=name) as raised:
            compiled([0]).restore(tmp_path / name)
        assert "allow_pickle" not in str(raised.value), "NumPy's advice to load it nevertheless"


def test_members_that_were_adapted_to_different_data_are_refused(tmp_path):
    """As files may have them that were saved when nobody looked."""

    def build():
        return keras.Sequential([keras.Input((3,)), keras.layers.Normalization(), keras.layers.Dense(1)])

    population = zoo.Population(build, [0, 1])
    before = population.predict(np.ones((2, 3)))
    population._state["non_trainable"] = [np.array(values) for values in population._state["non_trainable"]]
    population._state["non_trainable"][0][1] += 1
    population.save(tmp_path / "file")
    restored = zoo.Population(build, [0, 1])
    with pytest.raises(InvalidInput, match="mean: it is what its layer was adapted to, one for all"):
        restored.restore(tmp_path / "file")
    np.testing.assert_array_equal(restored.predict(np.ones((2, 3))), before)

"""A population goes to disk and comes back as it was; what is no such file is refused and changes nothing."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from population_example import assert_same, compiled, digits, refused, shared_compilations, small_model  # noqa: F401

import zoo
from zoo.errors import CorruptFile, InvalidInput, ResultsError

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


@pytest.mark.backend
def test_a_restored_population_goes_on_as_the_saved_one(saved, tmp_path):
    path = saved[0]
    (x, y), held_out = digits()
    twin, restored = compiled([0, 1]), compiled([0, 1])
    twin.fit(x, y, validation_data=held_out, select="best", **SETTINGS)
    restored.restore(path)
    for mine in (twin, restored):
        mine.fit(x, y, validation_data=held_out, **SETTINGS)
    assert_same(restored.history, twin.history)
    assert restored.epochs_trained == 4 and list(restored.history) == list(twin.history)
    for k in range(2):
        for mine, theirs in zip(restored.get_weights(k), twin.get_weights(k), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_everything_comes_back(saved):
    path, population = saved
    restored = compiled([0, 1])
    restored.restore(path)
    for k in range(2):
        for mine, theirs in zip(restored.get_weights(k), population.get_weights(k), strict=True):
            assert_array_equal(mine, theirs)
    for name in ("best_epoch", "diverged"):
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
    populations = [zoo.Population(lambda: small_model("linear"), seeds, precision="bfloat16") for seeds in ([1], [1])]
    populations[0].save(tmp_path / "half.npz")
    populations[1]._state["trainable"][0] = populations[1]._state["trainable"][0] * 0
    populations[1].restore(tmp_path / "half.npz")
    first, second = (population.get_weights(0)[0] for population in populations)
    assert second.dtype == first.dtype and (first == second).all() and first.any()


def test_an_old_file_is_replaced_and_nothing_is_left_beside(saved, tmp_path):
    path = tmp_path / "p.npz"
    for population in (compiled([5]), compiled([6])):
        population.save(path)
    compiled([6]).restore(path)
    assert [file.name for file in tmp_path.iterdir()] == ["p.npz"]
    with pytest.raises(ResultsError, match="can't be written"):
        compiled([5]).save(tmp_path / "no" / "such" / "folder.npz")


@pytest.mark.parametrize("make, match", [
    (lambda: compiled([0, 2]), r"seeds \[0, 1\], this population has \[0, 2\]"),
    (lambda: compiled([0, 1], "mlp"), "variables of other shapes than this population's"),
    (lambda: compiled([0, 1], optimizer="sgd"), "saved with Adam, this population is compiled with SGD"),
    (lambda: compiled([0, 1], optimizer=keras.optimizers.Adam(amsgrad=True)), "optimizer variables of other shapes"),
])  # fmt: skip
def test_another_population_is_refused(saved, make, match):
    population = make()
    with refused(population, match):
        population.restore(saved[0])


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


def test_other_files_are_refused(tmp_path):
    np.savez(tmp_path / "other.npz", weights=np.ones(3))
    np.save(tmp_path / "other.npy", np.ones(3))
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "pickle.npz", about=np.array([{"format": 1}], dtype=object))
    for name, error in {"none.npz": InvalidInput, "other.npz": InvalidInput, "other.npy": InvalidInput, "text.npz": CorruptFile,
                        "pickle.npz": CorruptFile}.items():  # fmt: skip
        with pytest.raises(error, match=name):
            compiled([0]).restore(tmp_path / name)

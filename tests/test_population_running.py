"""Population while it trains: groups where memory is short, members that diverge, what the progress says."""

import itertools

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from population_example import assert_same, compiled, data, digits, reference  # noqa: F401
from zoo.errors import ZooError
from zoo.training import memory
from zoo.training.progress import Progress


def test_groups_give_the_same_numbers(reference, data):
    population = compiled([0, 1, 2], group_size=2)
    assert_same(population.fit(*data[0], epochs=2, batch_size=32, validation_data=data[1]), reference[1])
    assert_same(population.evaluate(*data[1]), reference[0].evaluate(*data[1]))
    assert_allclose(population.predict(data[1][0]), reference[0].predict(data[1][0]), rtol=1e-5, atol=1e-6)


def test_a_batch_is_no_larger_than_the_data_unless_asked_for(data):
    (x, y), _ = data
    assert len(x) < 128
    whole = compiled([0, 1]).fit(x, y, epochs=2, batch_size=len(x))
    assert_same(compiled([0, 1]).fit(x, y, epochs=2), whole)
    subsets = np.arange(60).reshape(2, 30)
    assert_same(compiled([0, 1]).fit(x, y, subsets=subsets), compiled([0, 1]).fit(x, y, subsets=subsets, batch_size=30))


def test_short_memory_leads_to_groups_and_says_so_once(reference, data, monkeypatch, capsys):
    monkeypatch.setattr("zoo.training.engine.cores", lambda: 1)
    answers = iter([-(10**12), -(10**12)])
    monkeypatch.setattr("zoo.training.memory.available_bytes", lambda device: next(answers, 10**12))
    population = compiled([0, 1, 2])
    history = population.fit(*data[0], epochs=2, batch_size=32, validation_data=data[1])
    assert_same(history, reference[1])
    assert capsys.readouterr().err.count("Memory is short") == 1
    assert population.trained_at_once == 1
    population.fit(*data[0], epochs=1, batch_size=32)
    assert "Memory" not in capsys.readouterr().err


def test_memory_that_runs_out_before_training_leads_to_groups(reference, data, monkeypatch):
    import jax

    from zoo.training.engine import CompiledEngine

    whole = CompiledEngine._arguments

    def starved(self, state, data, plan, kept):
        if len(state["seeds"]) > 2:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes.")
        return whole(self, state, data, plan, kept)

    monkeypatch.setattr("zoo.training.engine.cores", lambda: 1)
    monkeypatch.setattr(CompiledEngine, "_arguments", starved)
    population = compiled([0, 1, 2])
    assert_same(population.fit(*data[0], epochs=2, batch_size=32, validation_data=data[1]), reference[1])
    assert population.trained_at_once == 2


@pytest.mark.parametrize("cores", [1, 3])
def test_memory_that_runs_out_in_training_leads_to_groups(reference, data, monkeypatch, cores):
    import jax

    from zoo.training.engine import CompiledEngine

    whole = CompiledEngine._executable

    def starved(self, kind, arguments, data, plan, side_by_side):
        execute, side_by_side, seconds = whole(self, kind, arguments, data, plan, side_by_side)
        if side_by_side * len(arguments[0]["factor"]) < 3:
            return execute, side_by_side, seconds

        def fail(*_):
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes.")

        return fail, side_by_side, seconds

    monkeypatch.setattr("zoo.training.engine.cores", lambda: cores)
    monkeypatch.setattr(CompiledEngine, "_executable", starved)
    population = compiled([0, 1, 2])
    assert_same(population.fit(*data[0], epochs=2, batch_size=32, validation_data=data[1]), reference[1])
    assert population.trained_at_once == 2


def test_memory_for_not_even_one_member_is_one_clear_error(data, monkeypatch):
    population = compiled([0, 1])
    before = population.get_weights(0)
    with monkeypatch.context() as patch:
        patch.setattr("zoo.training.memory.available_bytes", lambda device: -(10**12))
        with pytest.raises(ZooError, match="Not even one member fits"):
            population.fit(*data[0], batch_size=32)
    assert_array_equal(population.get_weights(0)[0], before[0])
    assert population.epochs_trained == 0 and population.history.empty
    assert len(population.fit(*data[0], batch_size=32)) == 2


@pytest.mark.backend
@pytest.mark.skipif(keras.backend.backend() == "jax", reason="whose engine has a test of its own above")
def test_a_want_of_memory_is_told_in_one_line_where_members_train_one_by_one(data, monkeypatch):
    def starved(*given):
        raise RuntimeError("Graph execution error:\n\nOOM when allocating tensor with shape[3000000,3000000]\nstack")

    monkeypatch.setattr("zoo.training.sequential._evaluate", starved)
    population = compiled([0, 1])
    with pytest.raises(ZooError, match=r"^Not even one member fits into the device's memory: OOM when allocating .*0\]$"):
        population.evaluate(*data[0])


@pytest.mark.backend
def test_a_diverging_member_is_marked_and_disturbs_nobody(data):
    rates = {"optimizer": keras.optimizers.SGD(0.1), "learning_rate": [0.1, 1e37, 0.1]}
    population = compiled([0, 1, 2], **rates)
    settings = {"epochs": 3, "batch_size": 32, "validation_data": data[1], "select": "best"}
    history = population.fit(*data[0], **settings, verbose=True)
    assert_array_equal(population.diverged, [False, True, False])
    assert len(history) == 9 and not np.isfinite(history[history.member == 1].loss).all()
    assert_array_equal(population.evaluate(*data[1]).diverged, [False, True, False])
    others = compiled([0, 2], optimizer=keras.optimizers.SGD(0.1))
    calm = others.fit(*data[0], **settings)
    pd.testing.assert_series_equal(history[history.member != 1].val_loss, calm.val_loss, check_index=False, rtol=1e-5)


def test_a_population_that_diverges_altogether_is_no_error(data, capsys):
    population = compiled([0], optimizer=keras.optimizers.SGD(1e38))
    history = population.fit(*data[0], epochs=2, batch_size=32, validation_data=data[1], select="best", verbose=True)
    assert population.diverged.all() and len(history) == 2
    assert "epoch 2/2" in capsys.readouterr().err


def test_progress_tells_the_time_left(data, capsys):
    population = compiled([0, 1])
    population.fit(*data[0], batch_size=50)
    assert capsys.readouterr() == ("", "")
    population.fit(*data[0], epochs=2, batch_size=50, verbose=True)
    out, err = capsys.readouterr()
    assert out == "" and "linear x 2: epoch 2/2, 100 %, 0 s left" in err


@pytest.mark.parametrize("verbose", ["auto", True])
def test_without_a_standard_error_nothing_is_shown(verbose, monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    progress = Progress(epochs=1, members=1, what="linear", verbose=verbose)
    progress.advance()
    progress.close()
    assert (progress.done, progress.shown) == (1, False)


@pytest.mark.parametrize(
    "steps, expected",
    [
        (
            [1] * 12,
            [
                "1/3, 8 %",
                "1/3, 16 %",
                "1/3, 25 %",
                "1/3, 33 %",
                "2/3, 41 %",
                "2/3, 50 %",
                "2/3, 58 %",
                "2/3, 66 %",
                "3/3, 75 %",
                "3/3, 83 %",
                "3/3, 91 %",
                "3/3, 100 %",
            ],
        ),
        ([4, 4, 4], ["1/3, 33 %", "2/3, 66 %", "3/3, 100 %"]),
        ([6, 6], ["2/3, 50 %", "3/3, 100 %"]),
    ],
)
def test_progress_counts_epochs_as_the_user_does(steps, expected, monkeypatch, capsys):
    """One after another, side by side, in two groups."""
    times = itertools.count(0, 2)
    monkeypatch.setattr("zoo.training.progress.time.perf_counter", lambda: next(times))
    progress = Progress(3, 4, "linear x 4", True)
    for epochs in steps:
        progress.advance(epochs)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": epoch ")[1].rsplit(",", 1)[0] for line in lines] == expected


@pytest.mark.backend
def test_many_members_are_no_reason_to_warn(caplog):
    """On TensorFlow each is traced anew, of which it would warn from the fifth on."""
    (x, y), _ = digits()
    population = compiled(range(7))
    population.fit(x, y, batch_size=32)
    population.evaluate(x, y)
    population.predict(x)
    assert not [record.getMessage() for record in caplog.records if "retracing" in record.getMessage()]


def test_memory_too_short_to_predict_with_all_leads_to_groups(reference, data, monkeypatch):
    import jax

    from zoo.training import engine

    whole = engine._weights

    def starved(state, group):
        weights = whole(state, group)
        if len(weights[0][0]) > most:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes.")
        return weights

    population = compiled([0, 1, 2])
    population.fit(*data[0], epochs=2, batch_size=32, validation_data=data[1])
    monkeypatch.setattr(engine, "_weights", starved)
    most = 1
    assert_same(population.evaluate(*data[1]), reference[0].evaluate(*data[1]))
    assert_allclose(population.predict(data[1][0]), reference[0].predict(data[1][0]), rtol=1e-5, atol=1e-6)
    most = 0
    for ask in (lambda: population.evaluate(*data[1]), lambda: population.predict(data[1][0])):
        with pytest.raises(ZooError, match="Not even one member fits .*: RESOURCE_EXHAUSTED"):
            ask()


@pytest.mark.parametrize("limit, used, left", [("5000000", "2000000", 4000000), ("1000", "2000000", 0), ("max", "0", 8192000)])
def test_memory_is_what_the_machine_and_the_container_have_left(tmp_path, monkeypatch, limit, used, left):
    import jax

    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{used}\n")
    (tmp_path / "memory.stat").write_text("file 7\ninactive_file 1000000\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.available_bytes(jax.devices("cpu")[0]) == int(memory.HEADROOM * left)
    monkeypatch.setattr(memory, "CGROUP", tmp_path / "none")
    assert memory.available_bytes(jax.devices("cpu")[0]) == int(memory.HEADROOM * 8192000)


def test_memory_of_an_accelerator_is_its_limit_less_what_is_in_use():
    class Device:
        platform = "gpu"

        def memory_stats(self):
            return {"bytes_limit": 10**9, "bytes_in_use": 4 * 10**8}

    assert memory.available_bytes(Device()) == int(memory.HEADROOM * 6 * 10**8)


def test_a_program_needs_its_arguments_results_and_temporaries():
    import jax

    compiled_sum = jax.jit(lambda x: x + 1).lower(np.zeros(10**6, "float32")).compile()
    assert 8 * 10**6 <= memory.needed_bytes(compiled_sum) < 9 * 10**6

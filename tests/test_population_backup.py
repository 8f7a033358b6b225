"""fit with a backup: interrupted and called again, it comes to the very end that it would have come to."""

import functools
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import zoo
from population_example import cut_off, digits, loss_and_metric
from zoo.errors import CorruptFile, InvalidInput, ResultsError, ZooError
from zoo.training import backup, progress

EPOCHS = 4
SETTINGS = {"epochs": EPOCHS, "batch_size": 20}


@pytest.fixture(autouse=True)
def written_at_every_turn(monkeypatch):
    monkeypatch.setattr(backup, "EVERY", 0)
    monkeypatch.setattr(backup, "SHARE", 0)
    if keras.backend.backend() == "jax":
        monkeypatch.setattr("zoo.training.engine.STEPS_PER_LAUNCH", 1)


@pytest.fixture
def cut(monkeypatch):
    """A function that calls fit and interrupts it once so many epochs of all members are over."""

    def fit(population, after, *data, **settings):
        with cut_off(monkeypatch, after):
            population.fit(*data, **settings)

    return fit


def with_state():
    layers = [keras.Input((8, 8)), keras.layers.Flatten(), keras.layers.Rescaling(1 / 255), keras.layers.Dense(8)]
    layers += [keras.layers.BatchNormalization(momentum=0.8), keras.layers.Dropout(0.3), keras.layers.Dense(10)]
    return keras.Sequential(layers)


def averaging():
    """A population of all that carries state: batch norm, dropout, moments, a schedule, averages of the weights."""
    population = zoo.Population(with_state, [7, 3, 5])
    schedule = keras.optimizers.schedules.CosineDecay(0.02, 30)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.05, use_ema=True, ema_momentum=0.9)
    population.compile(optimizer, loss_and_metric("mlp")[0], ["accuracy"])
    return population


def plain(seeds=(0,), rate=0.01, loss="mse", metrics=()):
    population = zoo.Population(lambda: keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]), seeds)
    population.compile(keras.optimizers.SGD(rate, momentum=0.9), loss, metrics)
    return population


def numbers(n=30, seed=1):
    random = np.random.default_rng(seed)
    return random.random((n, 3), dtype="float32"), random.random((n, 1), dtype="float32")


@pytest.mark.backend
@pytest.mark.parametrize("select", ["last", "best"])
def test_what_was_cut_off_comes_to_the_same_end(select, cut, tmp_path):
    (x, y), held_out = digits()
    settings = SETTINGS | {"validation_data": held_out, "select": select}
    whole, folder = averaging(), tmp_path / "a" / "backup"
    history = whole.fit(x, y, **settings)
    for after in (2, 5, 8):
        resumed = averaging()
        cut(resumed, after, x, y, backup=folder, **settings)
        assert resumed.epochs_trained == 0 and sorted(folder.iterdir())
    seconds = backup.seconds_in(folder)
    assert seconds > 0 and len([*folder.iterdir()]) >= 2
    resumed = averaging()
    assert_array_equal(resumed.fit(x, y, backup=folder, **settings), history)
    assert not folder.exists() and resumed.fit_seconds > seconds and backup.seconds_in(folder) == 0
    assert_array_equal(resumed.best_epoch, whole.best_epoch)
    for population in (whole, resumed):  # the optimizers' moments, too
        population.fit(x, y, **settings)
    for member in range(3):
        for mine, own in zip(resumed.get_weights(member), whole.get_weights(member), strict=True):
            assert_array_equal(mine, own)


def test_it_goes_on_where_it_was_and_not_at_the_start(cut, tmp_path, monkeypatch):
    x, y = numbers()
    cut(plain(), 3, x, y, epochs=5, backup=tmp_path / "b")
    counted, resumed = [], []
    advance, resume = progress.Progress.advance, progress.Progress.resume
    monkeypatch.setattr(progress.Progress, "advance", lambda self, n=1, note="": (counted.append(n), advance(self, n, note)))
    monkeypatch.setattr(progress.Progress, "resume", lambda self, n: (resumed.append(n), resume(self, n)))
    plain().fit(x, y, epochs=5, backup=tmp_path / "b")
    assert sum(resumed) >= 2 and sum(resumed + counted) == 5, "the epochs that were kept are not trained again"


@pytest.mark.parametrize("named, population, data, settings", [
    ("other examples", plain(), numbers(seed=2), {}),
    ("another order of examples", plain(), numbers(), {"shuffle": False}),
    ("other weights", plain([1]), numbers(), {}),
    ("more epochs", plain(), numbers(), {"epochs": 6}),
    ("another rate", plain(rate=0.02), numbers(), {}),
    ("another loss", plain(loss="mae"), numbers(), {}),
    ("other metrics", plain(metrics=["mae"]), numbers(), {}),
], ids=lambda case: case if isinstance(case, str) else "")  # fmt: skip
def test_what_is_left_of_another_call_is_refused_and_stays(named, population, data, settings, cut, tmp_path):
    cut(plain(), 2, *numbers(), epochs=5, backup=tmp_path / "b")
    (kept,) = (tmp_path / "b").iterdir()
    content, before = kept.read_bytes(), population.get_weights(0)
    with pytest.raises(InvalidInput, match="was left by another call of fit: .* name another folder, or take this one away"):
        population.fit(*data, **{"epochs": 5, "backup": tmp_path / "b"} | settings)
    assert kept.read_bytes() == content
    for mine, own in zip(population.get_weights(0), before, strict=True):
        assert_array_equal(mine, own)


def test_other_groups_are_refused(cut, tmp_path, monkeypatch):
    x, y = numbers()
    if keras.backend.backend() == "jax":
        monkeypatch.setattr("zoo.training.engine.cores", lambda: 1)
    cut(plain(range(4)), 8, x, y, epochs=5, backup=tmp_path / "b")
    other = plain(range(4))
    other.group_size = 2
    with pytest.raises(InvalidInput, match="is of 4 members that trained together, here it would be 2: go on where"):
        other.fit(x, y, epochs=5, backup=tmp_path / "b")
    plain(range(4)).fit(x, y, epochs=5, backup=tmp_path / "b")


@pytest.mark.parametrize("folder", [".", "", "../here"])
def test_the_current_folder_is_not_taken_away(folder, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(InvalidInput, match="is taken away when all is trained, and it is the current folder or holds it"):
        plain().fit(*numbers(), backup=folder)
    assert (tmp_path / "here").is_dir()


def test_bad_folders_are_one_clear_error(cut, tmp_path):
    x, y = numbers()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("")
    for folder, message in ((tmp_path / "mine", "holds notes.txt, which is no part of a backup"), (3, "must be None or name a"),
                            (tmp_path / "file", "can't be written")):  # fmt: skip
        with pytest.raises((InvalidInput, zoo.errors.ResultsError), match=message):
            plain().fit(x, y, backup=folder)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "mine"
    cut(plain(), 2, x, y, epochs=5, backup=tmp_path / "b")
    (kept,) = (tmp_path / "b").iterdir()
    content = kept.read_bytes()
    kept.write_bytes(content[: len(content) // 2])
    with pytest.raises(CorruptFile, match="damaged"):
        plain().fit(x, y, epochs=5, backup=tmp_path / "b")
    with pytest.raises(CorruptFile, match="damaged"):
        backup.seconds_in(tmp_path / "b")


def told(optimizer="sgd", loss="mse", metrics=()):
    population = zoo.Population(lambda: keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]), [0])
    population.compile(optimizer, loss, metrics)
    return [backup.in_words(part) for part in population._objective.parts()]


def power(y, output, exponent=2):
    return keras.ops.mean(keras.ops.abs(y - output) ** exponent, axis=-1)


class Own(keras.optimizers.schedules.LearningRateSchedule):
    """Without a configuration."""

    def __call__(self, step):
        return 0.1


class Weighted(keras.losses.Loss):
    def __init__(self, weights):
        super().__init__()
        self.weights = weights

    def call(self, y, output):
        return keras.ops.mean((y - output) ** 2, axis=-1) * self.weights[0]

    def get_config(self):
        return {**super().get_config(), "weights": self.weights}


def excluding(name):
    optimizer = keras.optimizers.AdamW(0.1)
    optimizer.exclude_from_weight_decay(var_names=[name])
    return optimizer


def held(rate):
    def loss(y, output):
        return keras.ops.mean(rate * (y - output) ** 2, axis=-1)

    return loss


def keyword_only(factor):
    def loss(y, output, *, factor=factor):
        return keras.ops.mean(factor * (y - output) ** 2, axis=-1)

    return loss


def decay(steps):
    return keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, steps))


@pytest.mark.parametrize("first, second", [
    ({"loss": functools.partial(power, exponent=2)}, {"loss": functools.partial(power, exponent=3)}),
    ({"loss": lambda y, output: keras.ops.mean((y - output) ** 2)}, {"loss": lambda y, output: keras.ops.mean((y - output) ** 4)}),
    ({"loss": held(1.0)}, {"loss": held(2.0)}),
    ({"loss": held(np.ones(2))}, {"loss": held(np.array([1.0, 2.0]))}),
    ({"loss": held((1.0, 2.0))}, {"loss": held((1.0, 3.0))}),
    ({"loss": Weighted([1.0]).call}, {"loss": Weighted([2.0]).call}),
    ({"loss": keyword_only(1.0)}, {"loss": keyword_only(2.0)}),
    ({"loss": keras.losses.Huber(delta=0.1)}, {"loss": keras.losses.Huber(delta=0.2)}),
    ({"loss": Weighted(np.ones(2))}, {"loss": Weighted(np.array([1.0, 2.0]))}),
    ({"optimizer": decay(np.int64(3))}, {"optimizer": decay(np.int64(4))}),
    ({"optimizer": excluding("bias")}, {"optimizer": excluding("kernel")}),
    ({"metrics": ["mae"]}, {"metrics": [power]}),
], ids="partial lambda closure held-array held-pair method keyword option array number exclusion metric".split())  # fmt: skip
def test_settings_are_told_apart_and_said_the_same_in_every_process(first, second):
    assert json.dumps(told(**first)) == json.dumps(told(**first)) != json.dumps(told(**second))
    assert " at 0x" not in json.dumps(told(**first))


def test_names_out_of_a_set_are_said_the_same_in_every_process():
    code = "import keras; from zoo.training.backup import in_words; o = keras.optimizers.AdamW(); "
    code += "o.exclude_from_weight_decay(var_names=list('abcdef')); print(in_words(o), in_words({'x', 'y', 'z'}))"
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1 and "'a', 'b', 'c'" in said.pop()


def test_what_has_no_configuration_takes_none_from_others():
    sgd, schedule, *_ = told(keras.optimizers.SGD(Own(), momentum=0.9))
    assert sgd[0] == "SGD" and sgd[1]["momentum"] == 0.9 and schedule[0] == "Own"


def test_a_group_is_written_once_a_minute_or_as_seldom_as_a_twentieth(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(backup, "EVERY", 60)
    monkeypatch.setattr(backup, "SHARE", 20)
    monkeypatch.setattr(backup.time, "perf_counter", lambda: now[0])

    def slow(*_):
        now[0] += 10

    monkeypatch.setattr(backup, "write", slow)
    kept = backup.Backup(tmp_path / "b", {}, {})
    kept.begin([slice(0, 2), slice(2, 4)], 2)
    group, whole = kept.of(slice(0, 2)), backup.Kept(1, {name: [] for name in backup.STATE}, None, {})
    now[0] = 59
    assert not group.due(last=False) and group.due(last=True), "who is at its end is kept while others are not"
    now[0] = 60
    assert group.due(last=False)
    group.keep(whole)  # takes ten seconds
    now[0] = 70 + 199
    assert not group.due(last=False)
    now[0] = 70 + 200
    assert group.due(last=False)


def test_what_a_kill_left_in_the_midst_of_writing_goes(tmp_path):
    (tmp_path / "b" / ".members-0-1.npz.x").mkdir(parents=True)
    plain().fit(*numbers(), backup=tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_training_goes_on_where_nothing_more_can_be_kept(tmp_path, monkeypatch, capsys):
    def full(*_):
        raise ResultsError("The disk is full.")

    monkeypatch.setattr(backup, "write", full)
    x, y = numbers()
    history = plain(range(4)).fit(x, y, epochs=5, backup=tmp_path / "b")
    assert_array_equal(history, plain(range(4)).fit(x, y, epochs=5))
    assert capsys.readouterr().err == "The disk is full. Training goes on, and what follows is not kept.\n"


def test_half_precision_is_kept_too(cut, tmp_path):
    x, y = numbers()
    populations = [zoo.Population(plain().build, [0], precision="bfloat16") for _ in range(3)]
    for population in populations:
        population.compile("sgd", "mse")
    history = populations[0].fit(x, y, epochs=4)
    cut(populations[1], 2, x, y, epochs=4, backup=tmp_path / "b")
    assert_array_equal(populations[2].fit(x, y, epochs=4, backup=tmp_path / "b"), history)


def test_where_memory_is_short_it_goes_on_in_the_groups_it_had(cut, tmp_path, monkeypatch):
    from zoo.training.engine import CompiledEngine, _TooLarge

    def short(self, compiled, arguments, data, side_by_side):
        if len(arguments[0]["factor"]) > 2:
            raise _TooLarge("4 GiB needed, 2 GiB free")

    monkeypatch.setattr("zoo.training.engine.cores", lambda: 1)
    x, y = numbers()
    whole = plain(range(4)).fit(x, y, epochs=5)
    monkeypatch.setattr(CompiledEngine, "_check_room", short)
    cut(plain(range(4)), 16, x, y, epochs=5, backup=tmp_path / "b")
    before = {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    assert set(before) == {"members-0-2.npz", "members-2-4.npz"}
    monkeypatch.setattr(backup.Backup, "clear", lambda self, clear=backup.Backup.clear: (cleared.append(1), clear(self)))
    cleared = []
    assert_array_equal(plain(range(4)).fit(x, y, epochs=5, backup=tmp_path / "b"), whole)
    assert cleared == [1], "at its end alone"
    cut(plain(range(4)), 16, x, y, epochs=5, backup=tmp_path / "b")
    before = {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    monkeypatch.setattr(
        CompiledEngine, "_check_room", lambda self, compiled, arguments, *_: (_ for _ in ()).throw(_TooLarge("none"))
    )
    with pytest.raises(ZooError, match="less than when what .* keeps was trained.*take that folder away to begin anew"):
        plain(range(4)).fit(x, y, epochs=5, backup=tmp_path / "b")
    assert {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()} == before, "what was kept stays"


@pytest.mark.backend
def test_subsets_rates_weights_and_a_second_call_come_to_the_same_end(cut, tmp_path):
    x, y = numbers(60)
    random = np.random.default_rng(0)
    settings = {"epochs": 3, "batch_size": 8, "sample_weight": random.random(60), "subsets": [[*range(0, 40)], [*range(20, 60)]]}

    def begun():
        population = zoo.Population(plain().build, [0, 1])
        schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9)
        population.compile(keras.optimizers.SGD(schedule, momentum=0.9), "mse", learning_rate=[0.1, 0.02])
        population.fit(x, y, **settings)
        return population

    whole, resumed = begun(), begun()
    history = whole.fit(x, y, **settings)
    cut(begun(), 3, x, y, backup=tmp_path / "b", **settings)
    assert_array_equal(resumed.fit(x, y, backup=tmp_path / "b", **settings), history)
    assert_array_equal(resumed.predict(x), whole.predict(x))

"""fit with a backup: interrupted and called again, it comes to the very end that it would have come to."""

import json

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from population_example import digits, loss_and_metric

import zoo
from zoo.errors import CorruptFile, InvalidInput
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
    advance = progress.Progress.advance

    def fit(population, after, *data, **settings):
        def counting(self, epochs=1, note=""):
            advance(self, epochs, note)
            if self.done >= after:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(progress.Progress, "advance", counting)
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
    counted = []
    advance = progress.Progress.advance
    monkeypatch.setattr(progress.Progress, "advance", lambda self, n=1, note="": (counted.append(n), advance(self, n, note)))
    plain().fit(x, y, epochs=5, backup=tmp_path / "b")
    assert counted[0] >= 2 and sum(counted) == 5, "the epochs that were kept come first, at once"


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
    assert backup.seconds_in(tmp_path / "b") == 0


def test_settings_are_said_the_same_in_every_process():
    """No address of an object, which is another one in each, and what counts is in it."""

    class Own(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.1

    def own_loss(y, output):
        return keras.ops.mean((y - output) ** 2)

    population = plain(rate=Own(), loss=own_loss, metrics=["mae", own_loss])
    said = [backup.in_words(part) for part in population._objective.parts()]
    assert not any(" at 0x" in one for one in said)
    assert [one.split()[0] for one in said] == ["SGD", "Own", "own_loss", "MeanAbsoluteError", "own_loss"]
    assert json.loads(said[0].removeprefix("SGD "))["momentum"] == 0.9

"""Where presets are saved: a folder is replaced whole or not at all, and nothing but a preset is replaced."""

import errno
import os
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from preset_example import X, logits, make, original, preset  # noqa: F401
from zoo.errors import InvalidInput, ResultsError, told_by
from zoo.presets import saving

pytestmark = pytest.mark.backend


def test_a_preset_is_replaced_whole_and_other_folders_are_left_alone(preset, tmp_path):
    zoo.save_preset(make(seed=5), preset)
    np.testing.assert_allclose(logits(zoo.from_preset(preset)), logits(make(seed=5)), rtol=1e-5, atol=1e-6)
    (preset / "thesis.tex").write_text("years of work")
    with pytest.raises(InvalidInput, match="thesis.tex"):
        zoo.save_preset(make(), preset)
    (tmp_path / "notes").mkdir()
    for name, content in {"README.md": "notes of my own", "config.json": "{}", "card.json": "{}"}.items():
        (tmp_path / "notes" / name).write_text(content)
        with pytest.raises(InvalidInput, match="is no preset that save_preset wrote"):
            zoo.save_preset(make(), tmp_path / "notes")
    (tmp_path / "nested" / "golden.npz").mkdir(parents=True)
    with pytest.raises(InvalidInput, match="golden.npz, which is no part of a preset"):
        zoo.save_preset(make(), tmp_path / "nested")
    assert (tmp_path / "notes" / "README.md").read_text() == "notes of my own"
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="is a file"):
        zoo.save_preset(make(), tmp_path / "file")
    with pytest.raises(ResultsError, match="can't be written"):
        zoo.save_preset(make(), tmp_path / "file" / "below")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_training_again_does_not_replace_a_preset_unasked(preset, monkeypatch):
    monkeypatch.setattr("zoo.training.recipe.train_population", None)
    before = (preset / "model.weights.h5").read_bytes()
    with pytest.raises(InvalidInput, match="holds a preset; choose another folder, or replace it: --force, in Python force=True"):
        zoo.retrain_preset("linear_mnist", folder=preset)
    assert (preset / "model.weights.h5").read_bytes() == before
    with pytest.raises(TypeError, match="not callable"):  # it gets as far as training
        zoo.retrain_preset("linear_mnist", folder=preset, force=True)


def test_nobody_is_left_in_a_folder_that_was_replaced(preset, tmp_path, monkeypatch):
    before = logits(zoo.from_preset(preset))
    monkeypatch.chdir(preset)
    for folder in (".", preset):
        with pytest.raises(InvalidInput, match="cd out, or name another one"):
            zoo.save_preset(make(seed=5), folder)
    np.testing.assert_allclose(logits(zoo.from_preset(".")), before, rtol=1e-5, atol=1e-6)
    zoo.save_preset(make(seed=5), "../another")
    assert (tmp_path / "another" / "card.json").is_file()


@pytest.mark.parametrize("kind", [str, Path])
def test_a_name_that_ships_is_no_folder_of_ones_own(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match="linear_mnist is a preset that ships, and from_preset.'linear_mnist'. loads that one"):
        zoo.save_preset(make(), kind("linear_mnist"))
    assert not list(tmp_path.iterdir())


def test_an_interrupt_leaves_the_old_preset_in_place(preset, monkeypatch):
    replace, before = os.replace, logits(zoo.from_preset(preset))

    def interrupted(source, target):
        if target == preset and source.name == "preset":
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr("os.replace", interrupted)
    monkeypatch.setattr("zoo.replacing._exchanged", lambda *given: False)  # as elsewhere than on Linux: in two steps
    with pytest.raises(KeyboardInterrupt):
        zoo.save_preset(make(seed=2), preset)
    np.testing.assert_array_equal(logits(zoo.from_preset(preset)), before)


def test_a_link_stays_a_link_and_what_it_points_to_is_replaced(preset, tmp_path):
    for target in (preset, tmp_path / "new"):
        link = tmp_path / f"link to {target.name}"
        link.symlink_to(target)
        zoo.save_preset(make(seed=5), link)
        assert link.is_symlink() and not target.is_symlink()
        np.testing.assert_allclose(logits(zoo.from_preset(link)), logits(make(seed=5)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "folder, error", [("x" * 300, ResultsError), ("a\0b", InvalidInput), ("~no-such-user/x", InvalidInput), (5, InvalidInput)]
)
def test_where_nothing_can_be_saved(folder, error):
    with pytest.raises(error):
        zoo.save_preset(make("linear"), folder)


def test_no_preset_of_ones_own_is_hidden_by_one_that_ships(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match=r"from_preset\('linear_mnist'\) loads that one; choose another folder"):
        zoo.save_preset(make("linear"), "linear_mnist")
    assert zoo.from_preset(zoo.save_preset(make("linear"), "./linear_mnist")).input_shape == (None, *X.shape[1:])


def test_a_full_disk_is_told_in_the_systems_words_whoever_says_so():
    whole = OSError(errno.ENOSPC, "No space left on device")
    h5py = OSError("Can't synchronously write data (file write failed: time = Tue, errno = 28, error message = 'x', buf = 0x55)")
    assert told_by(whole) == told_by(h5py) == "No space left on device"
    assert told_by(OSError("no number")) == "no number"


def test_golden_logits_need_no_backend_that_trains(monkeypatch):
    """NumPy's multiplies with all bits."""
    monkeypatch.setattr(keras.backend, "backend", lambda: "numpy")
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    with saving._all_bits():
        pass

"""A trial that was cut off in the middle of its training goes on from there, and comes to the numbers of one that was not."""

import io
import shutil
import types

import matplotlib.figure
import pytest
from rich.console import Console

from population_example import cut_off
from zoo.reproductions.harness import Trial, run_claim, target
from zoo.reproductions.harness.folder import read_folder, seconds_taken
from zoo.reproductions.trainers.preset import train_preset
from zoo.training import backup, engine, groups, progress
from zoo.training.recipe import recipe

ROW = ("digits", "mlp", "preset")
EPOCHS = 6


@pytest.fixture
def claim(monkeypatch):
    """A small net on digits, which is written after every epoch."""
    monkeypatch.setattr(backup, "EVERY", 0)
    monkeypatch.setattr(backup, "SHARE", 0)
    monkeypatch.setattr(engine, "STEPS_PER_LAUNCH", 1)
    module = types.ModuleType("own_long", "A long one.\n\nFor a test.")
    settings = recipe(options={"widths": [8]}, epochs=EPOCHS, batch_size=64, ema=0.9)
    module.trials = lambda budget: [Trial(*ROW, budget.seeds, train_preset, settings)]
    module.judge = lambda runs: [target(runs, ROW, at_most=90)]
    module.draw = lambda runs: matplotlib.figure.Figure(figsize=(2, 2))
    return module


def run(claim, out, **settings):
    """(values of the runs, what was said)."""
    console = Console(file=io.StringIO(), width=300)
    folder = run_claim(claim, "smoke", out=out, console=console, **settings)
    return read_folder(folder).value.tolist(), console.file.getvalue(), folder


def test_a_trial_goes_on_where_it_was_cut_off(claim, tmp_path, monkeypatch):
    undisturbed, said, _ = run(claim, tmp_path / "whole")
    assert "goes on" not in said
    resume, counted = progress.Progress.resume, []

    def count(self, epochs):
        counted.append(epochs)
        resume(self, epochs)

    out, there = tmp_path / "cut", tmp_path / "cut" / ".trials" / "unfinished"
    for _ in range(2):
        with cut_off(monkeypatch, EPOCHS):  # of twelve, two seeds
            run(claim, out, force=True)
        (key,) = there.iterdir()
        assert backup.seconds_in(key) > 0
    earlier = backup.seconds_in(key)
    monkeypatch.setattr(progress.Progress, "resume", count)
    values, said, folder = run(claim, out)
    assert values == undisturbed and "digits mlp (preset) goes on where a run that was cut off left it, after" in said
    assert sum(counted) > 1, "what was kept is not trained again"
    assert not [*there.iterdir()] and seconds_taken(folder)[ROW] > earlier


def test_what_is_damaged_or_of_other_cores_begins_anew(claim, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with cut_off(monkeypatch, EPOCHS):
        run(claim, out)
    (folder,) = (out / ".trials" / "unfinished").iterdir()
    assert folder.name.endswith(f"-{groups.processor_cores()}")
    other = groups.processor_cores() + 1
    with monkeypatch.context() as patch:
        patch.setattr(groups, "processor_cores", lambda: other)
        assert "goes on" not in run(claim, out)[1], "on other cores members are dealt out otherwise"
    shutil.rmtree(out / "smoke")
    for trial in (path for path in (out / ".trials").iterdir() if (path / "manifest.json").exists()):
        shutil.rmtree(trial)
    (folder,) = (out / ".trials" / "unfinished").iterdir()
    (kept, *_) = folder.iterdir()
    kept.write_bytes(kept.read_bytes()[:-50])
    _, said, _ = run(claim, out)
    assert "damaged" in said and "digits mlp (preset) begins anew." in said and not folder.exists()


def test_what_another_call_left_begins_anew(claim, tmp_path, monkeypatch):
    """As another Python makes of it, or weights that were pre-trained again and are not the same to the last bit."""
    undisturbed, _, _ = run(claim, tmp_path / "whole")
    out = tmp_path / "cut"
    with cut_off(monkeypatch, EPOCHS):
        run(claim, out)
    (folder,) = (out / ".trials" / "unfinished").iterdir()
    for path in folder.iterdir():
        head, arrays = backup.read(path, backup.FORMAT, "backup", "Population.fit")
        backup.write(path, backup.FORMAT, head | {"call": {"about": "another"}}, arrays)
    values, said, _ = run(claim, out)
    assert "was left by another call of fit" in said and "digits mlp (preset) begins anew." in said
    assert values == undisturbed and not folder.exists()

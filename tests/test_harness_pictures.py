"""Pictures of what was learnt: drawn once, by the run, from what its trials left; then kept, shown and checked."""

import hashlib
import io
import json
import shutil
import types

import matplotlib.figure
import numpy as np
import pytest
from PIL import Image

from zoo.errors import InvalidInput, ResultsError
from zoo.reproductions.harness import Trial, WithFiles, export_results, import_results, load_claim, rebuild, run_claim, target

ROW = ("digits", "linear", "pictured")


def train(trial, report):
    """Leaves an image of 8x8 pixels."""
    rows = [{"seed": seed, "metric": "test_error_pct", "value": 7.0 + seed, "n_train": 1, "n_test": 1} for seed in trial.seeds]
    return WithFiles(rows, {"filters.bin": bytes(range(64))})


def illustrate(files):
    assert list(files) == [ROW]
    figure = matplotlib.figure.Figure(figsize=(2, 2))
    figure.add_subplot().imshow(np.frombuffer(files[ROW]["filters.bin"], np.uint8).reshape(8, 8), cmap="gray")
    return {"first_layer_filters.png": figure}


def draw(runs):
    figure = matplotlib.figure.Figure(figsize=(2, 2))
    figure.add_subplot().plot(runs.seed, runs.value)
    return figure


def claim(**changes):
    """A claim with a picture."""
    module = types.ModuleType("pictured", "A claim in short.\n\nAnd at length.")
    module.trials = lambda budget: [Trial(*ROW, budget.seeds, train)]
    module.judge = lambda runs: [target(runs, ROW, at_most=10)]
    module.draw, module.illustrate = draw, illustrate
    for name, value in changes.items():
        setattr(module, name, value)
    return load_claim(module)


def no_redrawing(files):
    raise AssertionError("a picture is drawn by the run alone")


@pytest.fixture
def folder():
    return run_claim(claim(), "quick")


def test_the_run_draws_and_lists_its_pictures(folder):
    picture = (folder / "first_layer_filters.png").read_bytes()
    assert Image.open(io.BytesIO(picture)).size == (240, 240)
    recorded = json.loads((folder / "environment.json").read_text())["pictures_sha256"]
    assert recorded == {"first_layer_filters.png": hashlib.sha256(picture).hexdigest()}
    text = (folder / "comparison.md").read_text()
    assert "![Figure](figure.png)\n\n![first layer filters](first_layer_filters.png)\n\nComputed on" in text
    assert not (folder / "filters.bin").exists()


def test_a_second_run_draws_them_from_the_store(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    run_claim(claim(), "quick")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_rebuilding_checks_them_and_leaves_them(folder):
    claim(illustrate=no_redrawing)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "comparison.md").unlink()
    rebuild(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes() + b" ")])
def test_a_picture_that_is_not_the_runs_is_refused(folder, tmp_path, damage):
    damage(folder / "first_layer_filters.png")
    with pytest.raises(ResultsError, match="first_layer_filters.png is missing or not what the run drew"):
        rebuild(folder)
    there = shutil.copytree(folder.parents[1], tmp_path / "there")
    with pytest.raises(ResultsError, match="first_layer_filters.png is missing or not what the run drew"):
        import_results(there, tmp_path / "here")
    assert not (tmp_path / "here").exists()


def test_they_travel(folder, tmp_path):
    claim(illustrate=no_redrawing)
    (arrived,) = import_results(export_results(tmp_path / "results.tar"), tmp_path / "here")
    for path in folder.iterdir():
        assert (arrived / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["figure.png", "../filters.png", "filters", "Filters.png"])
def test_a_picture_with_another_kind_of_name_is_refused(name, results_dir):
    module = claim(illustrate=lambda files: {name: matplotlib.figure.Figure()})
    with pytest.raises(InvalidInput, match="named like first_layer_filters.png"):
        run_claim(module, "quick")
    assert not (results_dir / "quick" / "pictured" / "runs.csv").exists()

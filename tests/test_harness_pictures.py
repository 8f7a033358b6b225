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
from zoo.reproductions.harness import (
    Trial,
    WithFiles,
    claim_figure,
    export_results,
    import_results,
    load_claim,
    rebuild,
    run_claim,
    target,
)
from zoo.reproductions.harness.figures import DPI, plain_ticks

ROW, PLAIN = ("digits", "linear", "pictured"), ("digits", "mlp", "")


def train(trial, report):
    """Leaves an image of 8x8 pixels."""
    rows = [{"seed": seed, "metric": "test_error_pct", "value": 7.0 + seed, "n_train": 1, "n_test": 1} for seed in trial.seeds]
    return WithFiles(rows, {"filters.bin": bytes(range(64))})


def train_plainly(trial, report):
    return train(trial, report).rows


def illustrate(files):
    assert files[ROW] and not files.get(PLAIN)
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
    module.trials = lambda budget: [Trial(*ROW, budget.seeds, train, leaves=True), Trial(*PLAIN, budget.seeds, train_plainly)]
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
    assert "\n\n![Figure](figure.png)\n\n## What was done\n\n" in text
    assert "\n\n## Pictures\n\n![first layer filters](first_layer_filters.png)\n\n## How it was made\n\nComputed on" in text
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


def test_one_model_anew_and_the_pictures_of_another_stay(folder):
    before = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    run_claim(claim(illustrate=no_redrawing), "quick", only="mlp", force=True)
    assert {path.name: path.read_bytes() for path in folder.glob("*.png")} == before
    rebuild(folder)


def test_pictures_of_other_runs_go_when_these_are_taken_in(folder, tmp_path):
    there = export_results(tmp_path / "results.tar")
    renamed = claim(illustrate=lambda files: {"other_filters.png": illustrate(files)["first_layer_filters.png"]})
    other = run_claim(renamed, "quick", seeds=2, out=tmp_path / "here")
    assert (other / "other_filters.png").exists()
    (arrived,) = import_results(there, tmp_path / "here", force=True)
    assert arrived == other and {path.name for path in other.glob("*.png")} == {"figure.png", "first_layer_filters.png"}


def test_a_trial_that_was_left_out_leaves_nothing(monkeypatch):
    """Its data are not at hand: what else is run anew needs no picture."""
    monkeypatch.setattr("zoo.reproductions.harness.runner.at_hand", lambda name: name == "mnist")
    plain = ("mnist", *PLAIN[1:])

    def trials(budget):
        return [Trial(*ROW, budget.seeds, train, leaves=True, optional=True), Trial(*plain, budget.seeds, train_plainly)]

    def judge(runs):
        return [target(runs, plain, at_most=10)]

    module = claim(trials=trials, judge=judge, illustrate=lambda files: {} if files == {plain: {}} else illustrate(files))
    for only in (None, "mlp"):
        folder = run_claim(module, "quick", only=only, force=True)
        assert {path.name for path in folder.glob("*.png")} == {"figure.png"}


def test_a_damaged_picture_can_t_stay(folder):
    stored = {path: path.stat().st_mtime_ns for path in folder.parents[1].glob(".trials/*/*")}
    (folder / "first_layer_filters.png").unlink()
    with pytest.raises(ResultsError, match="first_layer_filters.png is missing"):
        run_claim(claim(), "quick", only="mlp", force=True)
    assert stored and {path: path.stat().st_mtime_ns for path in stored} == stored, "nothing is trained for a table that can't be"


def test_a_picture_is_drawn_anew_with_its_trial_alone(folder):
    def of_the_one_that_ran(files):
        assert list(files) == [ROW]
        return {"other_filters.png": illustrate(files)["first_layer_filters.png"]}

    run_claim(claim(illustrate=of_the_one_that_ran), "quick", only="linear", force=True)
    assert list(json.loads((folder / "environment.json").read_text())["pictures_sha256"]) == ["other_filters.png"]
    assert {path.name for path in folder.glob("*.png")} == {"figure.png", "other_filters.png"}


def test_some_of_the_trials_that_a_picture_is_drawn_of_are_refused(folder):
    both = [ROW, ("digits", "convnet", "pictured")]
    module = claim(trials=lambda budget: [Trial(*row, budget.seeds, train, leaves=True) for row in both])
    with pytest.raises(InvalidInput, match="pictures of what 2 trials of linear, convnet leave: run all of these, or none"):
        run_claim(module, "quick", only="linear")


def test_files_left_unannounced_are_refused_and_lose_nothing(results_dir):
    """Kept by a later run without its files, the trial would be missing in a picture."""
    module = claim(trials=lambda budget: [Trial(*ROW, budget.seeds, train)], illustrate=no_redrawing)
    with pytest.raises(InvalidInput, match=r"left files for a picture; say so with Trial\(..., leaves=True\)"):
        run_claim(module, "quick")
    assert len(list((results_dir / ".trials").glob("*/manifest.json"))) == 1


def test_files_left_unannounced_are_refused_where_pictures_stay(folder):
    module = claim(trials=lambda budget: [Trial(*ROW, budget.seeds, train, leaves=True), Trial(*PLAIN, budget.seeds, train)])
    with pytest.raises(InvalidInput, match="left files for a picture"):
        run_claim(module, "quick", only="mlp")


@pytest.mark.parametrize("values, least", [((8.0, 16.0), 5), ((12.0, 17.0), 5), ((0.5, 7.0), 4)])
def test_an_axis_has_ticks_enough_to_read_a_dot_off(values, least):
    axes = matplotlib.figure.Figure().subplots()
    axes.plot(values, values, "o")
    axes.set(xscale="log", yscale="log")
    plain_ticks(axes.yaxis)
    low, high = axes.get_ylim()
    assert len([tick for tick in axes.yaxis.get_majorticklocs() if low <= tick <= high]) >= least


def test_the_figure_is_at_hand_for_other_formats_as_its_picture_shows_it(folder):
    """Whatever the user's own settings are, and without pyplot keeping it."""
    import matplotlib.pyplot as plt

    def with_pyplot(runs):
        axes = plt.subplots(figsize=(2, 2))[1]
        axes.plot(runs.seed, runs.value)
        return axes.figure

    for drawing in (draw, with_pyplot):
        folder = run_claim(claim(draw=drawing), "quick")
        mine = {"axes.facecolor": "red", "grid.alpha": 0.9, "grid.linestyle": "dotted", "font.family": "serif"}
        with matplotlib.rc_context(mine):
            figure = claim_figure("pictured")
            assert plt.get_fignums() == []
            assert figure.get_supxlabel().startswith("pictured, quick budget, ")
            file = io.BytesIO()
            figure.savefig(file, dpi=DPI)
        same = np.asarray(Image.open(file)) == np.asarray(Image.open(folder / "figure.png"))
        assert same.all()
    with pytest.raises(ResultsError, match="run it: zoo --import MODULE reproduce pictured --budget full"):
        claim_figure("pictured", "full")

"""Runs of a small real reproduction: resumed, killed, doubled, forced, failing, with nowhere to write."""

import collections
import csv
import dataclasses
import errno
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import harness_example
from zoo.datasets import load
from zoo.environment import device_and_versions
from zoo.errors import InvalidInput, ResultsError, TrialsFailed, UnknownName
from zoo.reproductions.harness import Budget, Published, Trial, kept, run_claim, runner, target
from zoo.reproductions.harness.engines import LocalEngine, compute
from zoo.reproductions.harness.folder import seconds_taken
from zoo.reproductions.harness.naming import lines, named
from zoo.reproductions.harness.outcomes import machine_time
from zoo.reproductions.harness.progress import Progression, Report
from zoo.reproductions.harness.store import Store
from zoo.reproductions.harness.trial import absent_from

TESTS = Path(__file__).parent
RUN = "import harness_example; from zoo.reproductions.harness import run_claim; run_claim(harness_example, 'smoke')"


@pytest.fixture(autouse=True)
def log(tmp_path, monkeypatch):
    """Trials that were begun, a line each."""
    path = tmp_path / "log"
    path.write_text("")
    monkeypatch.setenv("EXAMPLE_LOG", str(path))
    return path


def begun(log):
    return collections.Counter(log.read_text().split())


def run(**options):
    return run_claim(harness_example, "smoke", console=Console(file=io.StringIO()), **options)


def values(folder):
    """runs.csv without what a clock says."""
    with open(folder / "runs.csv", newline="") as file:
        return [{name: cell for name, cell in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def elsewhere(**variables):
    """A run in another process, in the same results folder."""
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    variables = {name: str(value) for name, value in variables.items()}
    return subprocess.Popen(
        [sys.executable, "-c", RUN], env={**os.environ, "PYTHONPATH": path, **variables}, stderr=subprocess.PIPE, text=True
    )


def wait_until(condition, process):
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_page_of_ones_own_is_not_replaced(results_dir, log):
    results_dir.mkdir()
    (results_dir / "README.md").write_text("# My notes")
    with pytest.raises(ResultsError, match="is not deepzoo's and would be replaced; choose another folder"):
        run()
    assert not begun(log) and (results_dir / "README.md").read_text() == "# My notes"
    assert [path.name for path in results_dir.iterdir()] == ["README.md"]


@pytest.mark.parametrize("published, said", [
    ({("digits", "mlp", "raw"): Published("no such", "row")}, "no published test_error_pct of harness_example on digits in published"),
    ({("digits", "mlp", "raw"): [Published("lineer", "no preprocessing", topic="shallow_vs_deep", dataset="mnist")]}, "Did you mean"),
    ({("digits", "mlp"): Published("linear", "")}, "a key of PUBLISHED is .dataset, model, setting. and maybe a metric"),
])  # fmt: skip
def test_published_numbers_that_nobody_knows_are_refused_before_any_training(published, said, log, monkeypatch):
    monkeypatch.setattr(harness_example, "PUBLISHED", published)
    with pytest.raises((UnknownName, InvalidInput), match=said):
        run()
    assert not begun(log)


def test_seeds_may_be_numpys():
    assert Budget.named("quick", np.int64(3)).seeds == (0, 1, 2) == Budget.named("quick", np.arange(3)).seeds


def test_second_run_reads_what_the_first_computed(log):
    folder = run()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(files) == {"runs.csv", "comparison.csv", "verdicts.csv", "comparison.md", "figure.png", "environment.json"}
    assert run() == folder and begun(log) == {"linear": 1, "mlp": 1}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


def test_force_computes_again_and_gives_the_same(log):
    before = values(run())
    assert values(run(force=True)) == before
    assert begun(log) == {"linear": 2, "mlp": 2}


def test_what_a_forced_run_did_not_reach_is_trained_by_the_next(log, monkeypatch):
    run()
    with monkeypatch.context() as patch:
        patch.setenv("EXAMPLE_FAILS", "mlp")
        with pytest.raises(TrialsFailed):
            run(force=True)
    assert begun(log) == {"linear": 2, "mlp": 2}
    run()
    assert begun(log) == {"linear": 2, "mlp": 3}, "not read from what was stored before"


def test_lines_stay_whatever_the_number_of_cores(log, monkeypatch):
    """No key of a trial holds it: a run of all models reads them from the store, too."""
    run()
    here = device_and_versions()
    monkeypatch.setattr(LocalEngine, "environment", lambda self: here | {"cores": here["cores"] + 1, "python": "3.99.0"})
    folder = run(only="mlp", force=True)
    assert begun(log) == {"linear": 1, "mlp": 2}
    told = json.loads((folder / "environment.json").read_text())
    assert not {"cores", "python"} & {*told} and told["platform"] == here["platform"], "of what differs none is told"
    assert machine_time(told).endswith(here["processor"]) and "core" not in machine_time(told)[-8:]


def test_other_seeds_are_other_trials(log):
    assert len(values(run())) == 4
    assert len(values(run(seeds=[0, 5, 7]))) == 6
    assert begun(log) == {"linear": 2, "mlp": 2}


def test_the_same_card_in_another_host_computes_again_what_ran_on_the_processor(log, monkeypatch):
    """Their rows name the processor: read from the store beside new ones, no table could hold them."""
    for processor, begins in (("one", 1), ("another", 2), ("another", 2)):
        here = device_and_versions() | {"device": "a card", "processor": processor}
        monkeypatch.setattr(LocalEngine, "environment", lambda self: here)
        folder = run()
        assert {row["device"] for row in values(folder)} == {processor}
        assert begun(log) == {"linear": begins, "mlp": begins}


@pytest.mark.parametrize("only", ["ml*", "mlp_digits", "mlp_digits_one_layer_of_32", "*_of_32", "*_32, mlp"])
def test_one_model_anew_and_the_lines_of_the_others_stay(log, only):
    folder = run()
    before, environment = values(folder), json.loads((folder / "environment.json").read_text())
    assert run(only=only, force=True) == folder
    assert begun(log) == {"linear": 1, "mlp": 2}
    assert values(folder) == before
    after = json.loads((folder / "environment.json").read_text())
    named = [[trial["model"] for trial in found["trials"]] for found in (environment, after)]
    assert named[0] == named[1] == ["linear", "mlp"]
    assert after["trials"][0] == environment["trials"][0] and after.keys() == environment.keys()


def test_lines_of_other_code_do_not_stay(log, monkeypatch):
    """Of somebody's own claim no commit tells what trained a line."""
    run()
    assert all("code" in trial for trial in json.loads((run() / "environment.json").read_text())["trials"])
    monkeypatch.setattr(kept, "trial_code", lambda trial: "of another function")
    with pytest.raises(ResultsError, match="digits linear .raw pixels. was trained by other code in .*: run all models"):
        run(only="mlp")
    assert begun(log) == {"linear": 1, "mlp": 1}


def test_a_name_that_two_lines_have_names_neither():
    trials = [Trial("digits", "mlp", setting, (0,), harness_example.train) for setting in ("+1", "-1", "ä 1")]
    with pytest.raises(InvalidInput, match=r"digits mlp \(-1\) are both called mlp_digits_1"):
        named(harness_example, trials, "mlp_digits_1")
    assert named(harness_example, trials, None) == trials
    assert [trial.setting for trial in named(harness_example, trials[1:], "mlp_digits_ä_1")] == ["ä 1"]


def test_a_model_with_a_comma_in_its_name_can_be_named(log, monkeypatch):
    monkeypatch.setattr(harness_example, "MLP", ("digits", "mlp, wide start", "one layer of 32"))
    monkeypatch.setattr(harness_example, "PUBLISHED", {})
    run()
    trials = harness_example.trials(Budget.named("smoke"))
    assert [*lines(harness_example, trials)] == ["linear_digits_raw_pixels", "mlp_wide_start_digits_one_layer_of_32"]
    for number, only in enumerate(("mlp_wide_start", "mlp_wide_start_digits_one_layer_of_32", ["mlp, wide start"]), start=2):
        run(only=only, force=True)
        assert begun(log)["mlp,"] == number and begun(log)["linear"] == 1


def test_several_models_anew_by_names_with_commas(log):
    run()
    run(only="linear,mlp_digits", force=True)
    assert begun(log) == {"linear": 2, "mlp": 2}
    with pytest.raises(UnknownName, match="called 'mpl'. Did you mean mlp"):
        run(only="linear,mpl", force=True)
    assert begun(log) == {"linear": 2, "mlp": 2}


def test_lines_that_another_run_writes_meanwhile_stay(log, monkeypatch):
    """Each of two runs at once trains one model: whoever ends last keeps what the other has brought."""
    run()
    finish = runner._Run.finish

    def finish_after_another(self, trials):
        entries = finish(self, trials)
        monkeypatch.setattr(runner._Run, "finish", finish)
        monkeypatch.setattr(runner, "commit", lambda: "meanwhile")
        run(only="linear", force=True)
        return entries

    monkeypatch.setattr(runner._Run, "finish", finish_after_another)
    found = values(run(only="mlp", force=True))
    assert {row["model"]: row["commit"] == "meanwhile" for row in found} == {"linear": True, "mlp": False}


@pytest.mark.parametrize("options, told", [
    ({"only": "svm"}, "no model or line in harness_example called 'svm'. Known: linear, linear_digits_.*, mlp"),
    ({"only": "mlp", "seeds": 3}, "with another recipe or other seeds"),
])  # fmt: skip
def test_what_can_t_stay_is_said_before_any_training(log, options, told):
    folder = run()
    before = (folder / "runs.csv").read_bytes()
    with pytest.raises((UnknownName, ResultsError), match=told):
        run(**options)
    assert begun(log) == {"linear": 1, "mlp": 1} and (folder / "runs.csv").read_bytes() == before


def test_lines_of_other_versions_do_not_stay(log):
    folder = run()
    path = folder / "environment.json"
    path.write_text(path.read_text().replace('"numpy": "', '"numpy": "0.'))
    with pytest.raises(ResultsError, match="computed with another versions .*: run all models, without --only"):
        run(only="mlp")
    (folder / "runs.csv").unlink()
    with pytest.raises(ResultsError, match="run the claim first"):
        run(only="mlp")
    assert begun(log) == {"linear": 1, "mlp": 1}


def test_lines_that_learnt_from_other_data_do_not_stay(log):
    folder = run()
    path = folder / "environment.json"
    recorded = json.loads(path.read_text())
    assert {trial["data"] for trial in recorded["trials"]} == {load("digits").fingerprint}
    for data, stays in (("0" * 64, False), (None, True)):  # runs of before do not say
        changed = [{name: value for name, value in (trial | {"data": data}).items() if value} for trial in recorded["trials"]]
        path.write_text(json.dumps(recorded | {"trials": changed}))
        if stays:
            run(only="mlp")
        else:
            with pytest.raises(ResultsError, match=r"linear \(raw pixels\) learnt from another version of digits in .*: run all"):
                run(only="mlp")
    assert begun(log) == {"linear": 1, "mlp": 1}


def test_lines_stay_whose_data_are_not_at_hand(log, monkeypatch):
    """An optional trial that was run keeps its lines without its data; one that was left out stays so."""
    everything = harness_example.trials
    monkeypatch.setattr(
        harness_example, "trials", lambda budget: [dataclasses.replace(t, optional=True) for t in everything(budget)]
    )
    before = values(run())
    there = ["digits"]
    monkeypatch.setattr("zoo.reproductions.harness.runner.at_hand", lambda name: name in there)
    monkeypatch.setattr(
        harness_example,
        "trials",
        lambda budget: (
            [dataclasses.replace(t, optional=True) for t in everything(budget)]
            + [dataclasses.replace(everything(budget)[0], dataset="mnist", optional=True)]
        ),
    )
    assert values(run(only="mlp", force=True)) == before and begun(log) == {"linear": 1, "mlp": 2}
    there.clear()
    with pytest.raises(InvalidInput, match="not at hand"):
        run(only="mlp")


def test_what_lacks_its_data_keeps_its_lines_where_a_part_is_run_and_is_named_where_all_are(log, monkeypatch):
    everything = harness_example.trials
    monkeypatch.setattr(
        harness_example, "trials", lambda budget: [dataclasses.replace(t, optional=True) for t in everything(budget)]
    )
    monkeypatch.setattr(harness_example, "judge", lambda runs: [target(runs, harness_example.MLP, at_most=90)])
    folder = run()
    before = values(folder)
    monkeypatch.setattr(runner, "_lacking", lambda trial: "it is lost" if trial.model == "linear" else None)
    assert values(run(only="*", force=True)) == before and begun(log) == {"linear": 1, "mlp": 2}
    assert "left_out" not in json.loads((folder / "environment.json").read_text())
    leaving = lambda budget: [dataclasses.replace(t, optional=True, leaves=True) for t in everything(budget)]  # noqa: E731
    with monkeypatch.context() as patch, pytest.raises(InvalidInput, match="of which some can't run: it is lost"):
        patch.setattr(harness_example, "trials", leaving)
        patch.setattr(harness_example, "illustrate", lambda files: {}, raising=False)
        run(only="*", force=True)
    assert values(folder) == before and begun(log) == {"linear": 1, "mlp": 2}
    assert {row["model"] for row in values(run())} == {"mlp"}
    assert json.loads((folder / "environment.json").read_text())["left_out"] == [list(harness_example.LINEAR)]
    assert "Left out, as its data or package was not at hand: digits linear (raw pixels)." in (folder / "comparison.md").read_text()


def test_of_data_sets_to_choose_from_one_is_enough():
    example, _ = harness_example.trials(Budget.named("smoke"))
    official, copy = (dataclasses.replace(example, dataset=name, optional=True) for name in ("cifar10", "cifar10_jpeg"))
    other = dataclasses.replace(copy, setting="wider")
    assert absent_from({copy.row: 1}, [official, copy]) == [] and absent_from({}, [official, copy]) == [official, copy]
    assert absent_from({copy.row: 1}, [official, copy, other, example]) == [other, example], "digits are no choice"


def draws(trial, report):
    return [random.random(), float(np.random.rand())]


def test_a_trial_draws_the_same_whatever_was_drawn_before_it():
    (trial, _) = harness_example.trials(Budget.named("smoke"))
    trial = dataclasses.replace(trial, run=draws)
    first = compute(trial, Report()).returned
    random.random(), np.random.rand()
    assert compute(trial, Report()).returned == first
    assert compute(dataclasses.replace(trial, seeds=(7,)), Report()).returned != first


@pytest.mark.parametrize(
    "costs, seconds, said",
    [
        ((1, 2, 8), {}, ["about 2 min left", "about 80 s left"]),  # 10 s for a cost of 1, then 30 s for one of 3
        ((1, 2, 8), {0: 5.0}, ["about 2 min left", "about 80 s left"]),  # the others by their costs beside that one
        ((1, 2, 8), {0: 0.0, 2: 16.0}, ["about 2 min left", "about 80 s left"]),
        ((1, 1, 5), {0: 40.0, 1: 20.0}, ["about 42 s left", "about 75 s left"]),  # the last one 150
        ((1, 2, 8), {0: 40.0, 1: 20.0, 2: 60.0}, ["about 20 s left", "about 30 s left"]),
    ],
)
def test_time_left_follows_the_costs_or_what_an_earlier_run_took(costs, seconds, said, monkeypatch):
    clock = iter([100.0, 110.0, 130.0])  # the first trial begins, and ends; the second one ends
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    console = Console(file=io.StringIO(), width=100)
    (example, _) = harness_example.trials(Budget.named("smoke"))
    trials = [dataclasses.replace(example, setting=str(place), cost=cost) for place, cost in enumerate(costs)]
    known = {trials[place].row: taken for place, taken in seconds.items()}
    shown = Progression(trials, console, known | {("digits", "linear", "elsewhere"): 1000.0})
    shown._task = shown._bar.add_task("trials", left="")
    monkeypatch.setattr(shown, "_move", lambda trial, fraction: None)
    for trial in trials[:2]:
        shown.started(trial)
        shown.finished(trial, "done")
    lines = console.file.getvalue().splitlines()
    assert [line.rpartition(", ")[2] for line in lines] == said


def test_a_run_knows_what_an_earlier_one_in_its_folder_took(log, monkeypatch):
    known = []

    class Watched(Progression):
        def __init__(self, trials, console=None, seconds=None):
            known.append(seconds)
            super().__init__(trials, console, seconds)

    monkeypatch.setattr("zoo.reproductions.harness.runner.Progression", Watched)
    taken = seconds_taken(run())
    run(force=True)
    assert known == [{}, taken]


def test_a_run_tells_what_its_trials_took_and_a_damaged_folder_nothing(log, tmp_path):
    folder = run()
    taken = seconds_taken(folder)
    assert set(taken) == {harness_example.LINEAR, harness_example.MLP} and min(taken.values()) > 0
    assert seconds_taken(tmp_path / "nowhere") == {}
    (folder / "environment.json").write_text('{"runs_sha256": "0", "trials": [{"dataset": "digits"}]}')
    assert seconds_taken(folder) == {}


def test_killed_run_goes_on_where_it_was(log, results_dir, tmp_path):
    victim = elsewhere(EXAMPLE_HOLDS="mlp")
    wait_until(lambda: begun(log)["mlp"], victim)
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    assert not (results_dir / "smoke" / "harness_example" / "runs.csv").exists()
    folder = run()
    assert begun(log) == {"linear": 1, "mlp": 2}
    undisturbed = run(out=tmp_path / "elsewhere")
    assert values(folder) == values(undisturbed)
    assert (folder / "comparison.csv").read_bytes() == (undisturbed / "comparison.csv").read_bytes()
    assert (folder / "verdicts.csv").read_bytes() == (undisturbed / "verdicts.csv").read_bytes()


class Gate(io.StringIO):
    """Opens the gate of a trial that is held up once somebody waits for it."""

    def __init__(self, log):
        super().__init__()
        self.gate = Path(f"{log}.open")

    def write(self, text):
        if "Another run is computing digits linear (raw pixels); waiting for it." in text:
            self.gate.touch()
        return super().write(text)


def test_two_runs_at_once_share_the_work(log):
    other = elsewhere(EXAMPLE_HOLDS="linear")
    wait_until(lambda: begun(log)["linear"], other)
    folder = run_claim(harness_example, "smoke", console=Console(file=Gate(log)))
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".tmp"}
    _, said = other.communicate(timeout=120)
    assert other.returncode == 0, said
    assert begun(log) == {"linear": 1, "mlp": 1}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


def test_damaged_entry_is_said_and_computed_again(log, results_dir):
    before = values(run())
    store = Store(results_dir)
    (store.folder / store.keys()[0] / "rows.json").write_text("[]")
    said = io.StringIO()
    folder = run_claim(harness_example, "smoke", console=Console(file=said))
    assert "damaged" in said.getvalue() and values(folder) == before
    assert sum(begun(log).values()) == 3


def forgetful(trial, report):
    recipe = {"passes": trial.recipe.pop("passes"), "hidden": trial.recipe.pop("hidden")}
    return harness_example.train(dataclasses.replace(trial, recipe=recipe), report)


def fails(trial, report):
    raise ValueError("there is a mistake in it")


def never(trial, report):
    pytest.fail("it trained")


def test_what_a_run_function_does_to_its_recipe_nobody_is_told(results_dir):
    claim = own_claim(forgetful)
    folder = run_claim(claim, "smoke")
    (told,) = json.loads((folder / "environment.json").read_text())["trials"]
    assert told["recipe"] == {"passes": 1, "hidden": []}


def test_what_judge_does_to_the_runs_no_figure_shows(results_dir):
    drawn = []

    def judge(runs):
        runs["value"] = np.log(runs.value)
        return []

    def draw(runs):
        drawn.append(runs.value.max())
        return harness_example.draw(runs)

    folder = run_claim(own_claim(harness_example.train, judge=judge, draw=draw), "smoke")
    assert drawn == [pytest.approx(pd.read_csv(folder / "runs.csv").value.max())]


def test_many_failures_of_one_kind_are_told_in_one_line(results_dir):
    claim = own_claim(fails, settings=[str(n) for n in range(50)])
    with pytest.raises(
        TrialsFailed, match=r"50 of 50 trials failed.*and 47 more: ValueError: there is a mistake in it\)"
    ) as caught:
        run_claim(claim, "smoke")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"SEEDS": 5}, "SEEDS says how many seeds a budget"),
        ({"SEEDS": {"huor": 5}}, "SEEDS says how many seeds a budget"),
        ({"PUBLISHED": {("digits", "mlp", ""): "12.0"}}, "PUBLISHED.*is Published.model, setting., .*not '12.0'"),
        ({"PUBLISHED": [1]}, "PUBLISHED is a dict"),
    ],
)
def test_what_a_claim_says_wrongly_of_itself_is_told_before_training(results_dir, changes, said):
    claim = own_claim(never)
    vars(claim).update(changes)
    with pytest.raises(InvalidInput, match=said):
        run_claim(claim, "smoke")


def test_no_line_is_no_choice_of_lines(results_dir):
    with pytest.raises(InvalidInput, match="A line is named by a string"):
        run_claim(harness_example, "smoke", only=[])


def own_claim(run, settings=("",), **changes):
    """A claim of somebody's own with a trial of this run function for each setting."""
    module = types.ModuleType("own_claim", "A claim in short.\n\nAnd at length.")
    recipe = {"passes": 1, "hidden": []}
    module.trials = lambda budget: [Trial("digits", "linear", setting, budget.seeds, run, dict(recipe)) for setting in settings]
    module.judge, module.draw = lambda runs: [], harness_example.draw
    vars(module).update(changes)
    return module


def test_failing_trial_takes_no_other_with_it(log, results_dir, monkeypatch):
    monkeypatch.setenv("EXAMPLE_FAILS", "linear")
    with pytest.raises(TrialsFailed, match=r"1 of 2 trials failed.*digits linear \(raw pixels\): RuntimeError: the ex"):
        run()
    assert begun(log) == {"linear": 1, "mlp": 1} and not list(results_dir.rglob("comparison.csv"))
    (trace,) = (results_dir / ".trials" / "failures").iterdir()
    assert "told to fail" in trace.read_text() and "Traceback" in trace.read_text()
    with pytest.raises(TrialsFailed, match="The others are stored and will not be computed again; tracebacks"):
        run()
    with pytest.raises(TrialsFailed, match="The others are stored and will not be computed again without --force; tracebacks"):
        run(force=True)
    monkeypatch.delenv("EXAMPLE_FAILS")
    run()
    assert begun(log) == {"linear": 4, "mlp": 2} and not trace.exists()


def test_nowhere_to_write_is_said_before_any_training(log, tmp_path, monkeypatch):
    for place in (log / "results", Path("/proc/results")):
        with pytest.raises(ResultsError, match="can't be written"):
            run(out=place)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResultsError, match="is full"):
        run()
    assert not begun(log)


def test_disk_that_fills_up_loses_the_trial_in_hand_alone(log, monkeypatch):
    sync, save = os.fsync, Store.save

    def save_once(store, key, entry):
        save(store, key, entry)
        monkeypatch.setattr(os, "fsync", full)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "save", save_once)
        with pytest.raises(ResultsError, match="is full"):
            run()
    monkeypatch.setattr(os, "fsync", sync)
    run()
    assert begun(log) == {"linear": 1, "mlp": 2}


def test_wrong_words_are_answered_before_any_training(log):
    with pytest.raises(UnknownName, match="no claim called 'shallow_vs_depe'"):
        run_claim("shallow_vs_depe")
    with pytest.raises(UnknownName, match="no budget called 'fast'"):
        run_claim(harness_example, "fast")
    with pytest.raises(UnknownName, match="no engine called 'rya'.*ray"):
        run(engine="rya")
    with pytest.raises(InvalidInput, match="--engine ray"):
        run(address="10.0.0.1:6379")
    with pytest.raises(InvalidInput, match="at least one seed"):
        run(seeds=0)
    with pytest.raises(InvalidInput, match="at most 10,000 seeds"):
        run(seeds=99999999999)
    for seeds in ([1, 1], [-1], [2**32]):
        with pytest.raises(InvalidInput, match="different integers in 0"):
            run(seeds=seeds)
    for seeds in (2.0, True, ["a"], [0.5]):
        with pytest.raises(InvalidInput, match="seeds must be a number of seeds, or a list of integers; got"):
            run(seeds=seeds)
    with pytest.raises(InvalidInput, match="no reproduction: it does not define trials, judge, draw"):
        run_claim(collections)
    assert not begun(log)


def test_ray_that_is_not_installed_is_one_clear_error(monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "ray" else find(name, *rest))
    with pytest.raises(InvalidInput, match=r"not installed: pip install 'deepzoo\[cluster\]'"):
        run(engine="ray")


def test_one_line_per_trial_where_there_is_no_terminal():
    said = io.StringIO()
    run_claim(harness_example, "smoke", console=Console(file=said))
    lines = said.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("[1/2] digits linear (raw pixels): ") and " s left" in lines[0]
    assert lines[1].startswith("[2/2] digits mlp (one layer of 32): ") and "left" not in lines[1]


def test_bar_with_time_left_in_a_terminal():
    said = io.StringIO()
    run_claim(harness_example, "smoke", console=Console(file=said, force_terminal=True, width=100))
    assert "[2/2] digits mlp" in said.getvalue() and "100%" in said.getvalue() and "left" in said.getvalue()

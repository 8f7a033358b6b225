"""Lines of a claim trained anew from new seeds: held against what its table says of such seeds."""

import dataclasses
import os

import numpy as np
import pytest
from scipy import stats

import harness_example
from zoo.errors import InvalidInput, ResultsError, UnknownName
from zoo.reproductions import shallow_vs_deep
from zoo.reproductions.harness import Budget, claim_runs, recheck_claim, results_root, run_claim, runner
from zoo.reproductions.harness.recheck import _expected

BUDGET = "quick"


@pytest.fixture
def log(results_dir, monkeypatch, tmp_path):
    monkeypatch.setenv("EXAMPLE_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def changed(monkeypatch, **changes):
    """The claim with one or both trials made otherwise, after its table was."""
    before = harness_example.trials
    monkeypatch.setattr(harness_example, "trials", lambda budget: [dataclasses.replace(t, **changes) for t in before(budget)])


def test_new_seeds_are_held_against_where_the_table_has_them(log):
    folder = run_claim(harness_example, BUDGET, seeds=4)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (found,) = recheck_claim(harness_example, "mlp", BUDGET, seeds=2)
    assert (found.row, found.metric, found.agrees) == (harness_example.MLP, "test_error_pct", True)
    recorded = claim_runs(harness_example, BUDGET).query("model == 'mlp'").value
    np.testing.assert_array_equal(found.recorded, recorded)
    half = stats.t.ppf(0.975, 3) * recorded.std() * np.sqrt(1 / 4 + 1 / 2)
    np.testing.assert_allclose([found.low, found.high], [recorded.mean() - half, recorded.mean() + half], rtol=1e-9)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before, "no table changes"
    assert log.read_text().split() == ["linear", "mlp", "mlp"]
    recheck_claim(harness_example, "mlp", BUDGET, seeds=2)
    assert log.read_text().split() == ["linear", "mlp", "mlp"], "read from the store"
    run_claim(harness_example, BUDGET, seeds=[4, 5])
    anew = claim_runs(harness_example, BUDGET).query("model == 'mlp'").value
    np.testing.assert_allclose(found.here, anew, rtol=1e-9)


def test_what_comes_out_otherwise_is_said(log, monkeypatch):
    run_claim(harness_example, BUDGET, seeds=4)
    changed(monkeypatch, recipe={"hidden": [], "passes": 1})
    found = recheck_claim(harness_example, "mlp", BUDGET)
    assert [each.agrees for each in found] == [False]


def test_a_single_seed_tells_nothing_unless_nothing_is_random(log, monkeypatch):
    run_claim(harness_example, BUDGET, seeds=1)
    changed(monkeypatch, seeds=(0, 1, 2))
    (found,) = recheck_claim(harness_example, "mlp", BUDGET, seeds=1)
    assert found.agrees is None and np.isnan(found.low)
    monkeypatch.undo()
    monkeypatch.setenv("ZOO_RESULTS_DIR", str(log.parent / "results"))
    monkeypatch.setenv("EXAMPLE_LOG", str(log))
    changed(monkeypatch, seeds=(0,))
    run_claim(harness_example, BUDGET)
    begun = log.read_text().split().count("mlp")
    (found,) = recheck_claim(harness_example, "mlp", BUDGET, seeds=3)
    assert log.read_text().split().count("mlp") == begun + 1, "not read from the store that the table was made of"
    assert found.agrees and found.here == pytest.approx(found.recorded, rel=1e-9) and len(found.here) == 1
    recheck_claim(harness_example, "mlp", BUDGET, seeds=3)
    assert log.read_text().split().count("mlp") == begun + 1, "its own outcome is"
    run_claim(harness_example, BUDGET)
    assert log.read_text().split().count("mlp") == begun + 1, "and what the table was made of is there as before"


def test_seeds_that_diverge_where_none_did_disagree(log, monkeypatch):
    run_claim(harness_example, BUDGET, seeds=4)
    (whole,) = recheck_claim(harness_example, "mlp", BUDGET)
    for here, recorded, agrees in (
        ([np.nan] * 3, whole.recorded, False), ([np.nan, *whole.here[1:]], whole.recorded, False),
        ([np.nan] * 3, [np.nan, *whole.recorded[1:]], None), ([np.nan, *whole.here[1:]], [np.nan, *whole.recorded[1:]], True),
    ):  # fmt: skip
        assert dataclasses.replace(whole, here=np.array(here), recorded=np.array(recorded)).agrees is agrees


@pytest.mark.parametrize("recorded, n, alone, examples, half", [
    ([0.0] * 20, 3, False, 10_000, 0.03),  # a share: some examples may be told otherwise
    ([1.5], 1, True, 10_000, 0.03),
    ([1.5], 1, True, np.nan, 0.0015),
    ([5.0, 5.1], 4, False, 300, stats.t.ppf(0.975, 1) * np.sqrt(0.005) * np.sqrt(1 / 2 + 1 / 4)),  # not as three examples of 300
    ([7.0] * 5, 3, False, np.nan, np.nan),  # which says nothing of how others would differ
    ([7.0], 3, False, 10_000, np.nan),
    ([1.0, 2.0, np.nan], 4, False, np.nan, stats.t.ppf(0.975, 1) * np.sqrt(0.5) * np.sqrt(1 / 2 + 1 / 4)),
])  # fmt: skip
def test_how_near_is_near_enough(recorded, n, alone, examples, half):
    low, high = _expected(np.array(recorded), n, alone, examples)
    np.testing.assert_allclose([low, high], np.nanmean(recorded) + np.array([-half, half]), rtol=1e-9)


def test_the_table_may_lie_in_another_folder_and_be_of_an_hour(log, monkeypatch, tmp_path):
    monkeypatch.setattr(harness_example, "SEEDS", {"hour": 3}, raising=False)
    run_claim(harness_example, "hour", out=tmp_path / "mine")
    with pytest.raises(ResultsError, match="There is no"):
        recheck_claim(harness_example, "mlp", "hour")
    (found,) = recheck_claim(harness_example, "mlp", "hour", out=tmp_path / "mine")
    assert len(found.recorded) == 3 and len(found.here) == 3
    with pytest.raises(ResultsError, match=f"There is no {tmp_path / 'other'}/hour"):
        recheck_claim(harness_example, "mlp", "hour", out=tmp_path / "other")


def test_the_budget_is_that_of_the_table_wherever_the_trials_are_kept(log, call, monkeypatch, tmp_path):
    run_claim(harness_example, BUDGET, seeds=4)
    os.rename(results_root() / BUDGET, results_root() / "full")
    code, out, err = call("recheck", "harness_example", "mlp", "--seeds", "2", "--out", tmp_path / "new")
    assert "harness_example, full budget" in out, err


def test_a_part_of_what_leaves_pictures_is_rechecked_and_a_line_that_was_not_run_is_told(log, monkeypatch):
    run_claim(harness_example, BUDGET, seeds=2)
    monkeypatch.setattr(harness_example, "illustrate", lambda files: {}, raising=False)
    changed(monkeypatch, leaves=True)
    assert len(recheck_claim(harness_example, "mlp", BUDGET)) == 1
    changed(monkeypatch, setting="another")
    with pytest.raises(ResultsError, match=r"have no line of digits mlp \(another\), so that there is nothing to hold it against"):
        recheck_claim(harness_example, "mlp", BUDGET)


def test_what_can_t_be_rechecked_is_refused_before_training(log, monkeypatch):
    with pytest.raises(
        ResultsError, match="There is no .*runs.csv; run it: zoo --import MODULE reproduce harness_example --budget quick"
    ):
        recheck_claim(harness_example, "mlp", BUDGET)
    run_claim(harness_example, BUDGET, seeds=2)
    with pytest.raises(UnknownName, match="no model or line in harness_example called 'svm'"):
        recheck_claim(harness_example, "svm", BUDGET)
    with pytest.raises(InvalidInput, match="A run needs at least one seed"):
        recheck_claim(harness_example, "mlp", BUDGET, seeds=0)
    monkeypatch.setattr(runner, "_lacking", lambda trial: "its data are lost.")
    with pytest.raises(InvalidInput, match=r"digits mlp \(one layer of 32\) can't run here: its data are lost"):
        recheck_claim(harness_example, "mlp", BUDGET)
    assert log.read_text().split() == ["linear", "mlp"]


def test_of_the_zoos_own_only_what_is_measured_is_compared(results_dir, monkeypatch):
    """Learning rates that validation chose, and validation errors, are no result."""
    lines = [trial for trial in shallow_vs_deep.trials(Budget.named("smoke", 2)) if trial.row[1:] == shallow_vs_deep.LINEAR]
    monkeypatch.setattr(shallow_vs_deep, "trials", lambda budget: lines)  # what else it trains is nothing to this test
    monkeypatch.setattr(shallow_vs_deep, "judge", lambda runs: [])
    run_claim("shallow_vs_deep", "smoke", seeds=2)
    found = recheck_claim("shallow_vs_deep", "linear_digits_raw_pixels", "smoke", seeds=2)
    assert [each.metric for each in found] == ["test_error_pct"] and len(found[0].here) == 2


def test_on_the_command_line(log, call, monkeypatch):
    run_claim(harness_example, BUDGET, seeds=4)
    code, out, err = call("recheck", "harness_example", "mlp", "--seeds", "2")
    assert code == 0 and "new seeds" in out and "yes" in out and "95%" in out, err
    code, _, err = call("recheck", "harness_example", "nothing")
    assert code == 2 and "no model or line in harness_example called 'nothing'" in err
    changed(monkeypatch, recipe={"hidden": [], "passes": 1})
    code, out, _ = call("recheck", "harness_example", "mlp", "--budget", BUDGET, "--seeds", "2")
    assert code == 1 and " no" in out

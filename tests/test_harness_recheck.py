"""Lines of a claim trained anew from new seeds: held against what its table says of such seeds."""

import dataclasses

import harness_example
import numpy as np
import pytest
from scipy import stats

from zoo.errors import InvalidInput, ResultsError, UnknownName
from zoo.reproductions.harness import claim_runs, recheck_claim, run_claim, runner

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
    changed(monkeypatch, seeds=(0,))
    run_claim(harness_example, BUDGET)
    (found,) = recheck_claim(harness_example, "mlp", BUDGET, seeds=3)
    assert found.agrees and found.here == pytest.approx(found.recorded, rel=1e-9) and len(found.here) == 1


def test_what_can_t_be_rechecked_is_refused_before_training(log, monkeypatch):
    with pytest.raises(ResultsError, match="There is no .*runs.csv; run it: zoo reproduce harness_example --budget quick"):
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


def test_of_the_zoos_own_only_what_is_measured_is_compared(results_dir):
    """Step sizes that validation chose, and validation errors, are no result."""
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

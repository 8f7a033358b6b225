"""shallow_vs_deep: what its full budget is to reach, and that only runs with all images are held against it."""

import pandas as pd
import pytest

from zoo.reproductions import shallow_vs_deep as claim
from zoo.reproductions.harness import Budget

FULL = list(claim.trials(Budget.named("full", 2)))


def runs_of(n_train, **changes):
    """Runs of every full trial: an error of 5 % and a little more by seed, or the one that is given by model."""
    rows = [
        (*trial.row, seed, "test_error_pct", changes.get(trial.model, 5.0) + 0.01 * seed, n_train)
        for trial in FULL for seed in trial.seeds
    ]
    return pd.DataFrame(rows, columns=["dataset", "model", "setting", "seed", "metric", "value", "n_train"])


def test_every_target_is_of_a_full_trial():
    rows = {trial.row for trial in FULL}
    assert {(dataset, *row) for dataset, targets in claim.TARGETS.items() for row in targets} <= rows


@pytest.mark.parametrize("n_train, checked", [(50_000, True), (12_000, False)])
def test_targets_are_for_all_images(n_train, checked):
    found = {check.name: check.verdict for check in claim.judge(runs_of(n_train, mlp=1.0, lstm=9.5))}
    reached = {name: verdict for name, verdict in found.items() if "reaches" in name}
    assert bool(reached) == checked
    if checked:
        assert len(reached) == sum(map(len, claim.TARGETS.values()))
        assert {verdict for name, verdict in reached.items() if "mlp" in name} == {"reproduced"}
        assert {verdict for name, verdict in reached.items() if "lstm" in name} == {"contradicted"}
        assert {verdict for name, verdict in reached.items() if "SVM" in name} == {"contradicted"}, "one value is no chance"

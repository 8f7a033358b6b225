"""relu_learns_faster: when a target counts as reached, the chosen step size, what the checks say of seeds that never learn."""

import io
import types

import keras
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from zoo.errors import InvalidInput
from zoo.reproductions import relu_learns_faster as claim
from zoo.reproductions.evidence import finer_grids
from zoo.reproductions.harness import Trial, run_claim
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.harness.trial import Budget
from zoo.reproductions.trainers import learning_speed
from zoo.reproductions.trainers.step_sizes import SIGMOID_START

RECIPE = {
    "n_train": 300,
    "n_test": 100,
    "width": 8,
    "depth": 1,
    "epochs": 4,
    "batch_size": 10,
    "activation": "tanh",
    "start": "normalised",
    "momentum": 0.0,
    "targets": [60, 0.5],
}


def test_steps_are_counted_from_the_middle_of_epochs_and_interpolated():
    curves = np.array([[[80.0, 40.0, 10.0], [5.0, 5.0, 5.0]], [[90.0, 90.0, 90.0], [np.nan, 1.0, 1.0]]])
    found = learning_speed.steps_to(curves, 20, steps=300)
    # From 40 to 10, 20 is half of the way on a logarithmic scale: between 1.5 and 2.5 epochs of 100 steps.
    assert found[0].tolist() == pytest.approx([200, 50])
    assert found[1, 0] == 300 and np.isnan(found[1, 1])
    assert learning_speed.steps_to(np.array([50.0, 0.0]), 25, 2) == pytest.approx(0.5 + np.log(2) / np.log(5000))


def test_the_fastest_step_size_reaches_the_lowest_target_first():
    late, early, never, lost = [50.0, 20, 4], [50.0, 3, 3], [9.0, 9, 9], [np.nan] * 3
    for order in ([late, early, never, lost], [lost, never, early, late]):
        errors = np.array(order)[:, None, :]
        reached = {target: learning_speed.steps_to(errors, target, 3) for target in (10, 5)}
        assert learning_speed.fastest_rate(reached, errors) == order.index(early)
    slow = np.array([[[90.0, 89]], [[90.0, 60]], [[np.nan] * 2]])
    assert learning_speed.fastest_rate({5: learning_speed.steps_to(slow, 5, 2)}, slow) == 1, "else the lowest error decides"


@pytest.mark.parametrize(
    "start, activation, limit",
    [
        ("old uniform", "relu", 1 / 40),
        ("normalised", "tanh", np.sqrt(6 / 2200)),
        ("He", "sigmoid", np.sqrt(6 / 1600)),
        ("scaled", "sigmoid", 4 * np.sqrt(6 / 2200)),
        ("scaled", "softplus", 2 * np.sqrt(6 / 2200)),
    ],
)
def test_starts_are_the_papers_or_scaled_to_the_slope_at_0(start, activation, limit):
    options = learning_speed.start_of(start, activation)
    assert learning_speed.start_of("scaled", "sigmoid") == SIGMOID_START["config"], "other claims' scaled start is the same"
    weights = np.asarray(keras.initializers.VarianceScaling(**options, seed=0)((1600, 600)))
    assert 0.999 * limit < np.abs(weights).max() <= limit
    assert weights.std() == pytest.approx(limit / np.sqrt(3), rel=0.01), "not uniform"


def trained(**changes):
    trial = Trial("digits", "mlp", "tested", (0, 1), learning_speed.train_mlp, RECIPE | changes)
    return pd.DataFrame(learning_speed.train_mlp(trial, Report()))


def test_seeds_that_never_learn_keep_their_rows():
    runs = trained(rates=[1e-6, 0.1])
    steps = runs[runs.metric == "steps_to_0.5_percent_training_error"]
    assert (steps.value == steps.updates).all() and (steps.updates == 4 * 30).all()
    assert (runs[runs.metric == "share_reaching_0.5_percent"].value == 0).all()
    assert (runs[runs.metric == "steps_to_60_percent_training_error"].value < 120).all()
    assert "share_reaching_60_percent" not in set(runs.metric)
    for name in ("fastest_step_size", "most_accurate_step_size"):
        assert (runs[runs.metric == name].value == 0.1).all()


def test_a_step_size_that_diverges_is_not_chosen_and_takes_no_other_with_it():
    net = {"activation": "relu", "depth": 2}
    alone, beside = trained(rates=[0.1], **net), trained(rates=[1e30, 0.1], **net)
    columns = ["metric", "seed", "value"]
    pd.testing.assert_frame_equal(alone[columns], beside[columns])
    lost = trained(rates=[1e30], **net)
    assert lost[lost.metric == "test_error_pct"].value.isna().all()
    assert lost[lost.metric == "steps_to_60_percent_training_error"].value.isna().all()


def runs_of(relu, rival, never=()):
    """Runs of two nets on MNIST with these steps; never: those of them that stand for seeds that never get there."""
    rows = []
    for activation, steps in (("relu", relu), ("tanh", rival)):
        shared = {"dataset": "mnist", "model": "mlp", "setting": claim.setting(5, activation, "normalised"), "updates": 900.0}
        for seed, value in enumerate(steps):
            there = float(value not in never)
            rows.append(shared | {"metric": "steps_to_5_percent_training_error", "seed": seed, "value": value})
            rows.append(shared | {"metric": "share_reaching_5_percent", "seed": seed, "value": there})
    return pd.DataFrame(rows)


def test_checks_are_paired_ratios():
    check, not_run = claim.judge(runs_of([100, 200, 400], [420, 780, 1640]))
    assert check.verdict == "reproduced" and check.effect == pytest.approx((4.2 * 3.9 * 4.1) ** (1 / 3), rel=1e-5)
    assert check.low < check.effect < check.high and "5 percent training error" in check.sentence
    turned, _ = claim.judge(runs_of([420, 780, 1640], [100, 200, 400]))
    assert turned.verdict == "contradicted" and turned.effect == pytest.approx(1 / check.effect, rel=1e-5)
    assert not_run.verdict == "undecided" and "not run" in not_run.sentence


@pytest.mark.parametrize("times, decided", [(1.7, False), (2.0, True)])
def test_a_finer_grid_might_turn_a_ratio_within_the_root_of_the_widest_gap(times, decided):
    """Learning rates lie up to 10/3 apart, whose square root is 1.83; those of ConvNets 2 apart, and smoke has one."""
    relu = [100, 200, 400]
    for verdict, factor in (("reproduced", times), ("contradicted", 1 / times)):
        check, _ = claim.judge(runs_of(relu, [factor * steps * (1 + 0.001 * (steps == 200)) for steps in relu]))
        assert check.verdict == (verdict if decided else "undecided")
        assert ("up to 3.3 times apart, and a finer grid might change the ratio by a factor of 1.8" in check.sentence) != decided
    near, _ = claim.judge(runs_of(relu, [90, 200, 440]))
    assert near.verdict == "undecided" and "finer grid" not in near.sentence, "the interval alone leaves it undecided"
    gaps = finer_grids._widest_gaps(claim.trials, tuple(claim.SEEDS.items()))
    assert [gaps[(where, *claim.CONVNETS["relu"])] for where in ("cifar10", "digits")] == [2, 1]


def test_convnets_are_compared_with_their_test_errors_beside():
    rows = [
        {"dataset": "cifar10", "model": model, "setting": setting, "seed": seed, "metric": metric, "value": value}
        | {"parameters": 900.0, "n_train": 800.0}
        for (model, setting), epochs, error in zip(claim.CONVNETS.values(), (6.0, 9.0), (41.0, 42.5))
        for seed in range(3)
        for metric, value in (("epochs_to_25_percent_training_error", epochs + 0.01 * seed), ("test_error_pct", error))
    ]
    (check,) = [found for found in claim.judge(pd.DataFrame(rows)) if "ConvNet" in found.name]
    assert check.verdict == "reproduced", "1.5 times lie beyond the root of 2"
    assert "the former errs on 42.5 % of the test images, the latter on 41 %" in check.sentence


def rows_of(steps):
    """Rows of nets of five layers, {(activation, start): steps of each seed}, that all err alike in the end."""
    shared = {"dataset": "mnist", "model": "mlp", "updates": 900.0}
    return [
        shared | {"setting": claim.setting(5, *net), "seed": seed, "metric": metric, "value": value}
        for net, found in steps.items()
        for seed, taken in enumerate(found)
        for metric, value in (("steps_to_5_percent_training_error", taken), ("test_error_pct", 3.0), ("validation_error_pct", 3.0))
    ]


def test_each_net_in_its_fastest_start():
    """tanh is behind in the start that both have best in common, and ahead where each has its own best."""
    steps = {("relu", "He"): [100, 110], ("relu", "normalised"): [200, 210]}
    steps |= {("tanh", "He"): [40, 45], ("tanh", "normalised"): [300, 310]}
    rows = rows_of(steps)
    found = {check.name: check for check in claim.judge(pd.DataFrame(rows))}
    check = found[f"mnist: relu before tanh, 5 hidden, {claim.FASTEST}"]
    assert check.effect == pytest.approx((40 / 100 * 45 / 110) ** 0.5, rel=1e-5) and check.verdict == "contradicted"
    assert found[f"mnist: relu before tanh, 5 hidden, {claim.OWN}"].effect > 1
    drawn = claim._in_fastest_starts(pd.DataFrame(rows), "mnist")
    assert drawn == {(unit, 5): claim.setting(5, unit, "He") for unit in ("relu", "tanh")}
    one = pd.DataFrame([row for row in rows if row["setting"] != claim.setting(5, "relu", "normalised")])
    assert not any(claim.FASTEST in check.name for check in claim.judge(one)), "one start leaves nothing to choose"


def test_sigmoids_may_take_the_start_that_is_for_them_alone():
    steps = {("relu", "He"): [100, 110], ("relu", "normalised"): [200, 210]}
    steps |= {("sigmoid", "He"): [300, 310], ("sigmoid", "normalised"): [400, 410], ("sigmoid", "scaled"): [150, 160]}
    rows = rows_of(steps)
    found = {check.name: check for check in claim.judge(pd.DataFrame(rows))}
    fastest = found[f"mnist: relu before sigmoid, 5 hidden, {claim.FASTEST}"]
    assert fastest.effect == pytest.approx((1.5 * 160 / 110) ** 0.5, rel=1e-5) and "scaled start" in fastest.sentence
    wide = found["mnist: relu before sigmoid, 5 hidden, normalised start, its rival's scaled"]
    assert wide.effect == pytest.approx((0.75 * 160 / 210) ** 0.5, rel=1e-5)
    without = claim.judge(pd.DataFrame([row for row in rows if "scaled" not in row["setting"]]))
    found = {check.name: check for check in without}
    fastest = found[f"mnist: relu before sigmoid, 5 hidden, {claim.FASTEST}"]
    assert fastest.effect == pytest.approx((3 * 310 / 110) ** 0.5, rel=1e-5)


def test_relu_may_take_hes_start_where_its_rival_was_not_tried_in_it():
    steps = {("relu", "He"): [100, 110], ("relu", "normalised"): [200, 210], ("relu", "old uniform"): [300, 310]}
    steps |= {("tanh", "normalised"): [150, 160], ("tanh", "old uniform"): [400, 410]}
    found = {check.name: check for check in claim.judge(pd.DataFrame(rows_of(steps)))}
    fastest = found[f"mnist: relu before tanh, 5 hidden, {claim.FASTEST}"]
    assert fastest.effect == pytest.approx((1.5 * 160 / 110) ** 0.5, rel=1e-5) and "relu, He start" in fastest.sentence


@pytest.mark.parametrize("lost", [1, 2])
def test_a_start_in_which_seeds_diverged_is_not_the_fastest(lost):
    """Neither for what the seeds that are left took, nor where none is left."""
    nan = float("nan")
    steps = {("relu", "normalised"): [nan] * lost + [50] * (2 - lost), ("relu", "He"): [100, 110]}
    steps |= {("tanh", "normalised"): [300, 310], ("tanh", "He"): [320, 330]}
    rows = rows_of(steps)
    found = {check.name: check for check in claim.judge(pd.DataFrame(rows))}
    check = found[f"mnist: relu before tanh, 5 hidden, {claim.FASTEST}"]
    assert claim.setting(5, "relu", "He") in check.sentence and check.verdict == "reproduced"


@pytest.mark.parametrize("reached", [1.0, 0.0])
def test_a_bound_does_not_stand_beside_the_published_ratio(reached):
    """Six epochs against thirty, the last of thirty, or as many as there were without ever getting there."""
    rows = [
        {"dataset": "cifar10", "model": model, "setting": setting, "seed": seed, "metric": metric, "value": value}
        for (model, setting), epochs, share in zip(claim.CONVNETS.values(), (6.0, 30.0), (1.0, reached))
        for seed in range(3)
        for metric, value in (("epochs_to_25_percent_training_error", epochs), ("share_reaching_25_percent", share))
    ]
    found = claim.summarise(pd.DataFrame(rows))
    assert [(metric, round(interval.estimate, 6)) for _, metric, interval in found] == [(claim.SPEEDUP, 5.0)] * int(reached)


def test_each_net_in_its_own_start_is_compared_by_its_last_error_too():
    errors = {claim.setting(3, "relu", "He"): [3.0, 4.0, 5.0], claim.setting(3, "softplus", "normalised"): [4.0, 5.5, 6.0]}
    shared = {"dataset": "mnist", "model": "mlp", "updates": 900.0}
    steps = {"metric": "steps_to_5_percent_training_error", "value": 100.0}
    runs = pd.DataFrame(
        [
            shared | {"setting": name, "seed": seed} | row
            for name, found in errors.items()
            for seed, error in enumerate(found)
            for row in (steps, {"metric": "test_error_pct", "value": error})
        ]
    )
    sooner, last, _ = claim.judge(runs)
    assert "softplus" in sooner.name and sooner.effect == 1
    assert "errs less" in last.name and last.effect == pytest.approx(3.5 / 3, rel=1e-5)


@pytest.mark.parametrize(
    "relu, rival, verdict, said",
    [
        ([100, 110, 120], [900, 900, 900], "reproduced", "a lower bound: 3 of 3 seeds of the former"),
        ([900, 900, 900], [100, 110, 120], "contradicted", "an upper bound: 3 of 3 seeds of the latter"),
        # What the winner's lost seeds count with is too little, so it may not win by them.
        ([100, 110, 900], [5000, 6000, 50000], "undecided", "1 of 3 seeds of the latter"),
        ([5000, 6000, 50000], [100, 110, 900], "undecided", "1 of 3 seeds of the former"),
        ([900, 900, 900], [900, 900, 900], "undecided", "3 of 3 seeds of the former never get there, 3 of 3"),
        ([900, 900, 900], [900, 900, 900], "undecided", "because no seed of either gets there"),
        ([100, 110, np.nan], [500, 550, 600], "undecided", "diverged"),
    ],
)
def test_seeds_that_never_get_there_are_said_and_never_help_their_net(relu, rival, verdict, said):
    check, _ = claim.judge(runs_of(relu, rival, never=(900,)))
    assert check.verdict == verdict and said in check.sentence


def test_every_budget_compares_relu_at_each_of_its_depths():
    budgets = [Budget.named(name, None, claim.SEEDS) for name in ("quick", "hour", "full")]
    rows = {budget.name: {trial.row for trial in claim.trials(budget)} for budget in budgets}
    assert len(rows["full"]) == 5 * (5 * 3 + 2) + 2 * (13 + 2) and rows["quick"] <= rows["full"] == rows["hour"]
    for depth in (1, 3, 5):
        for activation in ("relu", "tanh", "sigmoid"):
            assert ("mnist", "mlp", claim.setting(depth, activation, "normalised")) in rows["quick"]
        assert ("mnist", "mlp", claim.setting(depth, "sigmoid", "scaled")) in rows["quick"]
    start = {"relu": "He"}
    for depth, rivals in ((5, ("tanh", "softsign", "sigmoid")), (3, ("tanh", "softplus"))):
        for activation in ("relu", *rivals):
            own = claim.setting(depth, activation, start.get(activation, "normalised"))
            assert ("cifar10_jpeg", "mlp", own) in rows["hour"], "on CIFAR-10 each is compared in its own start"


def test_without_cifar10_the_rest_runs_and_the_verdict_says_so(tmp_path, monkeypatch):
    """The claim's own judge and draw on its smoke nets, with CIFAR-10 wanted and nowhere to be found."""
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("ZOO_CIFAR10_JPEG", raising=False)
    module, said = types.ModuleType("nothing_at_hand"), io.StringIO()
    module.__doc__ = claim.__doc__
    module.judge, module.draw, module.summarise = claim.judge, claim.draw, claim.summarise
    quick = [trial for trial in claim.trials(Budget.named("quick")) if trial.model == "convnet"]
    smoke = [trial for trial in claim.trials(Budget.named("smoke")) if trial.model == "mlp"]
    module.trials = lambda budget: smoke + quick
    folder = run_claim(module, "smoke", console=Console(file=said, width=300))
    assert said.getvalue().count("is left out: cifar10") == 4
    assert "cifar10" not in (folder / "runs.csv").read_text()
    assert "undecided, because it was not run" in (folder / "verdicts.csv").read_text()
    module.trials = lambda budget: quick
    with pytest.raises(InvalidInput, match="zoo data fetch cifar10"):
        run_claim(module, "smoke", console=Console(file=said))

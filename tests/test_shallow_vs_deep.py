"""shallow_vs_deep: what its full budget is to reach, and that only runs with all images are held against it."""

import math

import pandas as pd
import pytest

import zoo
from zoo.reproductions import shallow_vs_deep as claim
from zoo.reproductions.harness import Budget

FULL = list(claim.trials(Budget.named("full", 2)))


def runs_of(n_train, share=1, **changes):
    """Runs of every full trial: an error of 5 % and a little more by seed, or the one that is given by model.

    share: of the weights that the full budget's deep nets have.
    """
    rows = [
        (*trial.row, seed, "test_error_pct", changes.get(trial.model, 5.0) + step(trial) * seed, n_train, weights_of(trial) * share)
        for trial in FULL
        for seed in trial.seeds
    ]
    columns = ["dataset", "model", "setting", "seed", "metric", "value", "n_train", "parameters"]
    return pd.DataFrame(rows, columns=columns).assign(n_test=10_000)


def step(trial):
    """From one seed to the next, by which deep nets and shallow ones differ, as otherwise no difference would have a spread."""
    return 0.02 if trial.row[1:] in claim.DEEP else 0.01


def weights_of(trial):
    return claim.FULL_WEIGHTS.get(trial.row[1:], 7850)


def test_seeds_without_a_mistake_are_drawn_too():
    runs = runs_of(10_000).assign(seconds=1.0)
    for none, scale in ((False, "log"), (True, "linear")):
        if none:
            runs.loc[0, "value"] = 0.0
        figure = claim.draw(runs)
        panels = [axes for axes in figure.axes if axes.get_ylabel().startswith(f"{runs.dataset[0]}:")]
        assert [axes.get_yscale() for axes in panels] == [scale]
        drawn = [y for collection in panels[0].collections for _, y in collection.get_offsets()]
        assert min(drawn) == runs[runs.dataset == runs.dataset[0]].value.min()


def test_every_target_is_of_a_full_trial():
    rows = {trial.row for trial in FULL}
    assert {(dataset, *row) for dataset, targets in claim.TARGETS.items() for row in targets} <= rows


def test_only_the_full_budgets_nets_have_the_weights_that_targets_ask_for():
    for budget, seeds in (("quick", None), ("hour", claim.SEEDS), ("full", None)):
        trials = {trial.row[1:]: trial for trial in claim.trials(Budget.named(budget, None, seeds)) if trial.dataset == "mnist"}
        for row, full in claim.FULL_WEIGHTS.items():
            weights = zoo.create_model(row[0], (28, 28), 10, **trials[row].recipe["options"]).count_params()
            assert weights == full if budget == "full" else weights < full
    assert set(claim.FULL_WEIGHTS) == set(claim.DEEP)


def test_smaller_nets_are_held_against_no_target_and_what_is_trained_alike_is():
    reached = [check.name for check in claim.judge(runs_of(50_000, share=0.5)) if "reaches" in check.name]
    same = sum(row in claim.SAME_AT_THE_HOUR for targets in claim.TARGETS.values() for row in targets)
    assert len(reached) == same and same and all(name.startswith("control: ") for name in reached), "all of them shallow"
    assert not [name for name in reached if "convnet" in name]
    hour = {trial.row: trial.recipe for trial in claim.trials(Budget.named("hour", None, claim.SEEDS))}
    alike = {row[1:] for row, recipe in hour.items() if recipe == next(t.recipe for t in FULL if t.row == row)}
    assert alike == set(claim.SAME_AT_THE_HOUR)


@pytest.mark.parametrize("n_train, checked", [(50_000, True), (10_000, False)])
def test_targets_are_for_all_images(n_train, checked):
    found = {check.name: check.verdict for check in claim.judge(runs_of(n_train, mlp=1.0, lstm=9.5))}
    reached = {name: verdict for name, verdict in found.items() if "reaches" in name}
    assert bool(reached) == checked
    if checked:
        assert len(reached) == sum(map(len, claim.TARGETS.values()))
        assert {verdict for name, verdict in reached.items() if "mlp" in name} == {"reproduced"}
        assert {verdict for name, verdict in reached.items() if "lstm" in name} == {"contradicted"}
        assert {verdict for name, verdict in reached.items() if "SVM" in name} == {"contradicted"}


@pytest.mark.parametrize("budget", ["quick", "hour", "full"])
def test_every_rung_is_tuned_alike(budget):
    """As many settings, by as many images: the tuning budget that the protocol states."""
    recipes = [trial.recipe for trial in claim.trials(Budget.named(budget, None, claim.SEEDS))]
    assert {len(r["rates"]) if "rates" in r else math.prod(map(len, r["grid"].values())) for r in recipes} == {5}
    assert {tuple(r["rates"]) for r in recipes if "rates" in r} == {claim.RATES}
    assert {r["select_on"] for r in recipes} == {(recipes[0]["n_train"] or claim.ALL_IMAGES) // 5}


def test_a_smoke_run_has_one_search_for_a_step_size():
    """It tells nothing, and a search takes two compilations; the machine, which takes none, still chooses from its grid."""
    trials = claim.trials(Budget.named("smoke"))
    tried = {(trial.model, trial.setting): len(trial.recipe["rates"]) for trial in trials if "rates" in trial.recipe}
    assert tried == dict.fromkeys([row for row in tried if row != claim.LINEAR], 1) | {claim.LINEAR: len(claim.RATES)}
    assert [trial.recipe["grid"] for trial in trials if "grid" in trial.recipe] == [claim.KERNELS]
    assert {trial.recipe["select_on"] for trial in trials} == {512}
    sizes = [trial.recipe[name] for trial in trials if "batch_size" in trial.recipe for name in ("n_train", "select_on")]
    batches = [trial.recipe["batch_size"] for trial in trials if "batch_size" in trial.recipe for _ in range(2)]
    assert not any(size % batch for size, batch in zip(sizes, batches, strict=True))  # a smaller last one doubles a program


@pytest.mark.parametrize("share, error, verdict", [(1, 3.5, "contradicted"), (0.2, 3.5, "undecided"), (0.2, 1.5, "reproduced")])
def test_a_convnet_below_the_full_size_does_not_contradict_that_the_linear_model_errs_twice_as_often(share, error, verdict):
    found = [check for check in claim.judge(runs_of(50_000, share=share, convnet=error)) if "twice" in check.name]
    least = {"mnist": verdict, "fashion_mnist": verdict.replace("undecided", "contradicted")}  # 5 % is not twice the 6 aimed at
    assert [check.verdict for check in found] == [least[dataset] for dataset in claim.DATASETS for _ in range(2)]
    assert [("HOG" in check.name, "(HOG features)" in check.sentence) for check in found] == 2 * [(False, False), (True, True)]
    said = f"the convnet has {share * claim.FULL_WEIGHTS[claim.CONVNET]:,.0f} weights, the full budget's 576,938, and a larger one"
    assert all((said in check.sentence) == (check.verdict == "undecided") for check in found)


@pytest.mark.parametrize("n_train", [50_000, 10_000])
@pytest.mark.parametrize("share, verdict", [(1, "contradicted"), (0.2, "undecided")])
def test_no_net_below_the_full_size_contradicts_that_it_beats_a_shallow_model(share, verdict, n_train):
    """Unless the error that it is to reach with all its weights, of 10.2 % here, would be too much as well."""
    errors = {"mlp": 11.0, "autoencoder_stack": 11.0, "lstm": 11.0, "convnet": 11.0, "linear": 9.5, "kernel_machine": 9.5}
    checks = claim.judge(runs_of(n_train, share, **errors))
    found = {check.name: check for check in checks if "beats" in check.name and "recipe" not in check.name}
    assert len(found) == 2 * len(claim.DEEP) * 3 and not any("Fourier" in name for name in found)
    surely = n_train == claim.ALL_IMAGES and share < 1
    aimed_at = "errs on 10.2 %, the full budget's target"
    for name, check in found.items():
        lost = surely and name.startswith("fashion_mnist: mlp")
        assert check.verdict == ("contradicted" if lost else verdict), name
        assert (aimed_at in check.sentence) == lost and ("a larger one, trained longer, may err less" in check.sentence) == (
            check.verdict == "undecided"
        )
    ahead = claim.judge(runs_of(n_train, share, **errors | {"mlp": 7.0}))
    found = [check for check in ahead if check.name.startswith("fashion_mnist: mlp dropout, batch norm beats")]
    assert [check.verdict for check in found] == ["reproduced"] * 3 and not any(aimed_at in check.sentence for check in found)


def test_the_recipes_of_the_convnet_are_held_against_each_other_whatever_their_size():
    checks = claim.judge(runs_of(10_000, 0.2))
    found = [check for check in checks if check.name.endswith(": the convnet's recipe with augmentation beats that without")]
    assert len(found) == 2 and all("whole recipes, which may differ in more than augmentation" in check.sentence for check in found)


def test_on_another_data_set_no_check_asks_for_the_size_of_a_net():
    runs = runs_of(10_000, 0.2, linear=4.0).assign(dataset="digits").drop_duplicates(["model", "setting", "seed"])
    checks = claim.on("digits")["judge"](runs)
    assert "contradicted" in {check.verdict for check in checks} and not any("full budget" in check.sentence for check in checks)

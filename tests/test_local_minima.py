"""Area averaging, losses along lines, and what local_minima says of runs whose spread is known."""

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.errors import InvalidInput
from zoo.reproductions import local_minima
from zoo.reproductions.harness import Budget, Trial
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.harness.runs import complete_rows
from zoo.reproductions.trainers.loss_lines import largest_rise, losses_along
from zoo.reproductions.trainers.small_images import area_average, small_splits
from zoo.reproductions.trainers.wide_nets import train_wide

HERE = {"device": "a card", "processor": "a processor", "backend": "jax", "precision": "float32"}


def test_area_average_of_whole_blocks_is_their_mean():
    images = np.random.RandomState(0).randint(0, 256, (3, 8, 12)).astype(np.uint8)
    small = area_average(images, 4)
    assert small.dtype == np.float32
    assert small == pytest.approx(images.reshape(3, 4, 2, 4, 3).mean(axis=(2, 4)), rel=1e-6)
    assert np.array_equal(area_average(images[:, :, :8], 8), images[:, :, :8])


def test_area_average_shares_pixels_that_lie_in_two():
    row = np.array([[0.0, 90.0, 30.0]] * 3)[None]
    assert area_average(row, 2)[0] == pytest.approx(np.array([[30, 50], [30, 50]]))


def test_area_average_keeps_the_brightness_of_mnist():
    images = np.random.RandomState(1).randint(0, 256, (5, 28, 28))
    assert area_average(images, 10).mean(axis=(1, 2)) == pytest.approx(images.mean(axis=(1, 2)), rel=1e-5)


@pytest.mark.parametrize("shape, side", [((3, 8), 4), ((3, 8, 8), 9), ((3, 8, 8), 0)])
def test_area_average_refuses_what_it_cannot_do(shape, side):
    with pytest.raises(InvalidInput, match="can't be averaged down"):
        area_average(np.zeros(shape), side)


def test_small_splits_are_cut_and_averaged():
    train, validation, test = small_splits("digits", 4, 50, 20)
    assert (train.x.shape, validation.x.shape, test.x.shape) == ((50, 4, 4), (20, 4, 4), (20, 4, 4)) and len(train.y) == 50


def test_losses_along_a_line_are_those_of_the_net_with_the_weights_between():
    random = np.random.RandomState(2)
    x, y = random.rand(40, 3, 3).astype("float32"), random.randint(0, 4, 40)
    model = zoo.create_model("mlp", (3, 3), 4, widths=[5], dropout=0, input_dropout=0, rescale=None)
    starts, ends = ([random.normal(size=(2, *w.shape)).astype("float32") for w in model.get_weights()] for _ in range(2))
    positions = np.array([0.0, 0.3, 1.0])
    losses = losses_along(starts, ends, positions, x, y)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    for member in range(2):
        for place, t in enumerate(positions):
            model.set_weights([(1 - t) * a[member] + t * b[member] for a, b in zip(starts, ends, strict=True)])
            assert losses[member, place] == pytest.approx(float(loss(y, model(x))), rel=1e-5)


def test_largest_rise_by_hand():
    losses = np.array([[3.0, 2.0, 1.0], [3.0, 1.0, 2.5], [1.0, 2.0, 0.5], [3.0, np.nan, 1.0]])
    assert largest_rise(losses)[:3].tolist() == [0, 1.5, 1] and np.isnan(largest_rise(losses)[3])


def trial(seeds, **changes):
    first = local_minima.trials(Budget.named("smoke"))[0]
    return Trial(*first.row, seeds, train_wide, first.recipe | {"epochs": 2} | changes, traced=min(2, len(seeds)))


def test_rows_are_whole_and_agree_with_each_other():
    made = trial((3, 4, 5))
    rows = pd.DataFrame(complete_rows(made, train_wide(made, Report()), HERE, "abc"))
    table = rows.pivot(index="seed", columns="metric", values="value")
    # The line to the solution ends where the population's own evaluation says that the solution is.
    assert table["train_loss_from_start_at_1.00"][[3, 4]].to_numpy() == pytest.approx(table.train_loss[[3, 4]], rel=1e-4)
    assert table["train_loss_between_solutions_at_0.00"][[3, 4]].to_numpy() == pytest.approx(table.train_loss[[3, 4]], rel=1e-4)
    assert table["train_loss_between_solutions_at_1.00"][3] == pytest.approx(table.train_loss[4], rel=1e-4)
    assert (table["train_loss_from_start_at_0.00"][[3, 4]] > table.train_loss[[3, 4]]).all()
    assert table["train_loss_from_start_at_1.00"].isna()[5] and table.rise_from_start.notna().all()


def test_one_seed_has_no_other_solution_and_a_diverged_one_keeps_its_rows():
    rows = pd.DataFrame(train_wide(trial((0,)), Report()))
    assert not rows.metric.str.contains("between").any()
    rows = pd.DataFrame(train_wide(trial((0, 1), learning_rate=1e30), Report()))
    assert rows.value.isna().all() and set(rows.seed) == {0, 1}


def runs_of(spreads):
    """Runs in which the losses of a width spread by a known factor; the unlucky are close to the lucky if that is small."""
    noise = np.random.RandomState(6).normal(size=(2, 100))
    own = {width: np.random.RandomState(width).normal(size=100) / 100 for width in spreads}  # ratios are no constants
    rows = [
        {"dataset": "d", "model": "mlp", "setting": f"{width} hidden units", "seconds": 0.1, "n_train": 2000}
        | {"seed": seed, "metric": metric, "value": value}
        for width, spread in spreads.items()
        for metric, column in {
            "train_loss": 1 + spread * (noise[0] + own[width]),
            "test_loss": 2 + spread * (noise[0] / width + noise[1] + own[width]),
            "test_error_pct": 10 + 5 * spread * (noise[1] + own[width]),
            "rise_from_start": np.zeros(100),
            "rise_between_solutions": (2 + noise[0] / 10) / width,
        }.items()
        for seed, value in enumerate(column)
    ]
    return pd.DataFrame(rows)


def verdicts(spreads):
    return {check.name.partition(":")[2].strip() or check.name: check.verdict for check in local_minima.judge(runs_of(spreads))}


def test_spreads_that_shrink_bear_the_claim_out():
    found = verdicts({1: 0.2, 10: 0.1, 100: 0.02})
    assert set(found.values()) == {"reproduced"}


@pytest.mark.parametrize("lost, verdict", [(10, "reproduced"), (30, "undecided")])
def test_diverged_seeds_are_no_seeds_that_rise_and_too_many_of_them_decide_nothing(lost, verdict):
    runs = runs_of({1: 0.2, 10: 0.1, 100: 0.02})
    runs.loc[runs.seed < lost, "value"] = np.nan
    assert {check.verdict for check in local_minima.judge(runs)} == {verdict}


@pytest.mark.parametrize("seeds, verdict", [(50, "reproduced"), (20, "undecided")])
def test_few_seeds_do_not_judge_a_spread(seeds, verdict):
    """No resample of 20 seeds has the tails that further ones would have."""
    runs = runs_of({1: 0.2, 10: 0.1, 100: 0.01})
    found = local_minima.judge(runs[runs.seed < seeds])
    spreads = [check for check in found if any(word in check.name for word in ("draw together", "against width", "unlucky"))]
    assert len(spreads) == 7 and {check.verdict for check in spreads} == {verdict}
    assert all("so few seeds say little" in check.sentence for check in spreads) is (seeds == 20)


def test_spreads_are_judged_for_the_size_of_the_losses_too():
    runs = runs_of({1: 0.2, 10: 0.1, 100: 0.02})
    wide = (runs.setting == "100 hidden units") & (runs.metric == "test_loss")
    runs.loc[wide, "value"] /= 30  # smaller losses, a smaller spread, a share of them as large
    found = {check.name: check for check in local_minima.judge(runs)}
    plain, relative = (found[f"test losses draw together with width{of}"] for of in ("", ", for their size"))
    assert plain.effect == pytest.approx(30 * relative.effect, rel=0.02)


def test_the_test_error_is_judged_like_the_test_loss_and_its_points_are_said():
    """Errors that differ by as many points are less close where they are small."""
    runs = runs_of({1: 0.2, 10: 0.1, 100: 0.02})
    errors = (runs.setting == "100 hidden units") & (runs.metric == "test_error_pct")
    name = "100 hidden units: the unlucky are close to the lucky"
    for lower, verdict in ((0, "reproduced"), (9, "contradicted")):
        runs.loc[errors, "value"] -= lower
        found = {check.name: check for check in local_minima.judge(runs)}
        loss, error = found[name], found[f"{name}, in test error"]
        lucky, unlucky = np.percentile(runs.value[errors], [5, 95])
        assert (loss.verdict, error.verdict) == ("reproduced", verdict)
        assert error.effect == pytest.approx(100 * (unlucky / lucky - 1), rel=1e-5)
        points = f"{unlucky:.4g} against {lucky:.4g} %: {unlucky - lucky:.4g} points apart"
        assert f"exceeds the 5th ({points})" in error.sentence


def test_hills_between_solutions_are_compared_by_their_mean():
    runs = runs_of({1: 0.2, 100: 0.02})
    found, relative = [check for check in local_minima.judge(runs) if "hills" in check.name]
    rises = runs[runs.metric == "rise_between_solutions"].groupby("setting").value.mean()
    assert found.verdict == "reproduced" and found.effect == pytest.approx(rises.iloc[0] - rises.iloc[1], rel=1e-4)
    table = runs.pivot(index=["setting", "seed"], columns="metric", values="value")
    times = (table.rise_between_solutions / table.train_loss).groupby("setting").mean()
    assert relative.verdict == "reproduced" and relative.effect == pytest.approx(times.iloc[0] - times.iloc[1], rel=1e-4)
    others = (runs.metric != "train_loss") | (runs.setting != "100 hidden units")
    lower = runs.assign(value=runs.value.where(others, runs.value / 500))
    again, relative = [check for check in local_minima.judge(lower) if "hills" in check.name]
    assert again == found and relative.verdict == "contradicted", "as high a hill above a far lower loss"
    names = {"1 hidden units": "100 hidden units", "100 hidden units": "1 hidden units"}
    hills = runs.metric == "rise_between_solutions"
    swapped = runs.assign(setting=runs.setting.mask(hills, runs.setting.map(names)))
    assert {check.verdict for check in local_minima.judge(swapped) if "hills" in check.name} == {"contradicted"}
    alone = runs[runs.metric != "rise_between_solutions"]
    assert not [check for check in local_minima.judge(alone) if "hills" in check.name]


def test_spreads_that_grow_contradict_it():
    found = verdicts({1: 0.02, 10: 0.1, 100: 0.4})
    names = ("test losses draw together with width", "spread against width", "the unlucky are close to the lucky")
    assert {found[name] for name in names} == {"contradicted"}


def test_summary_is_the_samples_own():
    runs = runs_of({1: 0.2, 10: 0.1})
    found = {(row[2], metric): interval for row, metric, interval in local_minima.summarise(runs)}
    losses = runs[(runs.setting == "1 hidden units") & (runs.metric == "test_loss")].value
    interval = found["1 hidden units", "test_loss_standard_deviation"]
    assert interval.estimate == pytest.approx(losses.std()) and interval.low < losses.std() < interval.high
    assert found["10 hidden units", "nets_per_second"].estimate == pytest.approx(10)
    train = runs[(runs.setting == "1 hidden units") & (runs.metric == "train_loss")].value
    assert found["1 hidden units", "train_test_loss_correlation"].estimate == pytest.approx(np.corrcoef(train, losses)[0, 1])

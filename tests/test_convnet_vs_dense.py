"""convnet_vs_dense: draws, equal numbers of weights, the loss of 1989, what the pictures show, and what the checks say."""

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.errors import InvalidInput
from zoo.reproductions import convnet_vs_dense as claim
from zoo.reproductions.evidence import early_nets
from zoo.reproductions.harness import Trial
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.harness.trial import Budget
from zoo.reproductions.trainers import nets_of_1989
from zoo.reproductions.trainers.arrays import unpacked
from zoo.reproductions.trainers.data import Split
from zoo.reproductions.trainers.draws import draws, draws_in_places, in_places
from zoo.reproductions.trainers.feature_maps import PICTURES, feature_maps, move_right
from zoo.reproductions.trainers.learning_speed import WITHIN_FIRST
from zoo.reproductions.trainers.nets_of_1989 import squared_error, train_on_few
from zoo.reproductions.trainers.sample_sizes import TOLERANCE, equal_widths, train_on_draws
from zoo.reproductions.trainers.small_images import small_splits
from zoo.reproductions.trainers.step_sizes import most_accurate


def budget_of(name):
    return Budget.named(name, defaults=claim.SEEDS)


def test_every_seed_has_its_own_draw_and_small_ones_are_part_of_large_ones():
    split = Split(np.zeros((500, 2)), np.zeros(500))
    large, small = draws((3, 8), 400, split), draws((8, 3), 100, split)
    assert all(len(set(rows)) == 400 and 0 <= rows.min() and rows.max() < 500 for rows in large)
    np.testing.assert_array_equal(small[::-1], large[:, :100])
    assert len(set(large[0, :100]) & set(large[1, :100])) < 50
    assert not np.array_equal(draws((3,), 100, split, stream=1)[0], large[0, :100])
    for size in (0, 501):
        with pytest.raises(InvalidInput, match="can't be drawn from 500"):
            draws((3,), size, split)


def test_digits_stand_in_four_places_beside_each_other():
    image = np.zeros((1, 16, 16))
    image[0, 5, 1], image[0, 6, 13], image[0, 7, [0, 14]] = 1, 2, 9  # the first and last of the middle 13 columns, and outside
    moved = in_places(image)
    assert moved.shape == (4, 16, 16) and moved.dtype == "float32"
    for place, found in enumerate(moved):
        expected = np.zeros((16, 16))
        expected[5, place], expected[6, place + 12] = 1, 2
        np.testing.assert_array_equal(found, expected)


def test_draws_in_places_are_as_in_1989():
    """Twelve digits of a class, each in four places; 32 of these 48 images to train on, the other 16 to test on."""
    random = np.random.RandomState(0)
    split = Split(random.rand(300, 16, 16).astype("float32"), random.permutation(np.arange(300) % 10))
    x, y, train, test = draws_in_places((3, 8), 320, 160, split, 10)
    assert x.shape == (2 * 480, 16, 16) and train.shape == (2, 320) and test.shape == (2, 160)
    for place, (some, others) in enumerate(zip(train, test)):
        assert sorted([*some, *others]) == list(range(480 * place, 480 * (place + 1)))
        assert np.bincount(y[some]).tolist() == [32] * 10 and np.bincount(y[others]).tolist() == [16] * 10
    digits = x.reshape(240, 4, 16, 16)
    one, other = ({digit.tobytes() for digit in digits[seed, 0]} for seed in (range(120), range(120, 240)))
    assert len(one & other) < 80, "every seed draws digits of its own"
    np.testing.assert_array_equal(digits[:, 0, :, :13], digits[:, 3, :, 3:])
    assert len(np.unique(digits[:120, 0].reshape(120, -1), axis=0)) == 120, "no digit twice"
    known = {image[:, 1:14].tobytes(): label for image, label in zip(split.x, split.y)}
    assert all(known[image[0, :, :13].tobytes()] == label for image, label in zip(digits, y[::4]))
    shared = np.isin(test[0] // 4, train[0] // 4).mean()
    assert shared > 0.9, "a digit that is tested on was trained on in another place"
    alone = draws_in_places((8,), 320, 160, split, 10)
    np.testing.assert_array_equal(x[480:][train[1] - 480], alone[0][alone[2][0]])
    for size, held_out in ((321, 160), (310, 155), (320, 156)):
        with pytest.raises(InvalidInput, match="not as many of each of 10 classes in 4 places"):
            draws_in_places((3,), size, held_out, split, 10)
    with pytest.raises(InvalidInput, match="40 digits of each class can't be drawn from 30"):
        draws_in_places((3,), 1200, 400, split, 10)


def test_the_most_accurate_step_size_never_diverges():
    assert most_accurate(np.array([[9.0, 11.0], [1.0, np.nan], [8.0, 11.0]])) == 2


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_mlps_have_as_many_weights_as_the_convnet(layers):
    weights = zoo.create_model("convnet", (28, 28), 10, blocks=[[8], [16]], kernel=5, dense=64).count_params()
    widths = equal_widths(weights, 784, 10, layers)
    mlp = zoo.create_model("mlp", (28, 28), 10, widths=widths)
    assert len(set(widths)) == 1 and len(widths) == layers
    assert abs(mlp.count_params() / weights - 1) <= TOLERANCE


@pytest.mark.parametrize("budget", ["smoke", "quick", "hour", "full"])
def test_every_budget_finds_such_mlps(budget):
    for trial in claim.trials(budget_of(budget)):
        if "as_many_weights_as" in trial.recipe:
            side = 8 if trial.dataset == "digits" else 28
            weights = zoo.create_model("convnet", (side, side), 10, **trial.recipe["as_many_weights_as"]).count_params()
            widths = equal_widths(weights, side * side, 10, trial.recipe["layers"])
            mlp = zoo.create_model("mlp", (side, side), 10, widths=widths).count_params()
            assert abs(mlp / weights - 1) <= TOLERANCE


def test_no_such_mlp_is_one_clear_error():
    with pytest.raises(InvalidInput, match="1,200 weights within 2%; 1 units give 805"):
        equal_widths(1200, 784, 10, 1)


def test_the_loss_of_1989_by_hand():
    logits = np.array([[1.0, -1.0, 50.0], [-1.0, 1.0, -1.0]], "float32")
    found = keras.ops.convert_to_numpy(squared_error(np.array([0, 1]), logits))
    # The outputs are 1, -1 and 1.7159 where 1, -1 and -1 are wanted; then all as wanted.
    np.testing.assert_allclose(found, [2.7159**2 / 2, 0], atol=1e-3)


@pytest.mark.parametrize("pixels, expected", [(0, [1, 2, 3]), (1, [0, 1, 2]), (-2, [3, 0, 0])])
def test_moving_to_the_right_fills_with_zero(pixels, expected):
    assert move_right(np.array([[[1, 2, 3]]], "uint8"), pixels).tolist() == [[expected]]


def test_pictures_hold_filters_maps_and_how_alike_answers_are():
    model = zoo.create_model("convnet", (8, 8), 10, blocks=[[3], [5]], dense=6, batch_norm=False)
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8)).astype("uint8")
    arrays = unpacked(feature_maps(model, images, [-1, 0, 2]))
    np.testing.assert_array_equal(arrays["filters"], model.get_layer("conv_1_1").get_weights()[0][:, :, 0])
    assert arrays["image"].shape == (3, 8, 8) and np.array_equal(arrays["image"][1], images[0])
    assert arrays["maps_1"].shape == (3, 4, 4, 3) and arrays["maps_2"].shape == (3, 2, 2, 5)
    assert arrays["layers"].tolist() == ["pixels", "conv_1_1", "conv_2_1", "dense", "logits"]
    np.testing.assert_allclose(arrays["similarity"][:, 1], 1, rtol=1e-5)
    expected = [np.corrcoef(image.ravel(), moved.ravel())[0, 1] for image, moved in zip(images, move_right(images, 2))]
    assert arrays["similarity"][0, 2] == pytest.approx(np.mean(expected))


def smoke(model, run, **changes):
    trial = next(trial for trial in claim.trials(budget_of("smoke")) if trial.model == model and trial.run is run)
    return Trial(*trial.row, trial.seeds, run, trial.recipe | changes)


def test_rows_of_a_net_of_1989(monkeypatch):
    trial = smoke("lecun1989", train_on_few, lengths=[2])
    rows = pd.DataFrame(train_on_few(trial, Report())).pivot(index="seed", columns="metric", values="value")
    assert list(rows.index) == [0, 1, 2] and rows.notna().all(axis=None)
    np.testing.assert_allclose(rows.test_accuracy_pct % 2, 0, err_msg="not shares of 50 images")
    assert (rows.test_accuracy_pct - rows.accuracy_on_all_test_images_pct).abs().max() < 25
    # A tanh saturates before it diverges, whatever the step size, so the loss has to be spoilt.
    monkeypatch.setattr(nets_of_1989, "squared_error", lambda labels, logits: np.nan * squared_error(labels, logits))
    lost = pd.DataFrame(train_on_few(trial, Report()))
    assert lost[~lost.metric.isin(["step_size", "epochs"])].value.isna().all(), "what diverged has no accuracy"


@pytest.mark.parametrize("lengths", [[1, 6], [6, 1]])
def test_a_net_of_1989_has_the_epochs_that_validate_best(lengths):
    """Six epochs are better than one, wherever in the list: the rows are those of a net that was trained so long alone."""
    both, alone = (
        pd.DataFrame(train_on_few(smoke("lecun1989", train_on_few, lengths=some, rates=[1e-9, 0.01]), Report()))
        for some in (lengths, [6])
    )
    assert (both[both.metric == "epochs"].value == 6).all() and (both.updates == 60).all()
    assert both.drop(columns="seconds").equals(alone.drop(columns="seconds"))


def test_rows_of_a_net_whose_digits_stand_in_four_places():
    trial = next(trial for trial in claim.trials(budget_of("smoke")) if trial.recipe.get("places"))
    rows = pd.DataFrame(train_on_few(trial, Report())).pivot(index="seed", columns="metric", values="value")
    assert list(rows.index) == [0, 1, 2] and rows.notna().all(axis=None)
    np.testing.assert_allclose(rows.test_accuracy_pct % 2.5, 0, atol=1e-9, err_msg="not shares of 40 images")
    train, _, _ = small_splits(trial.dataset, 8, None, None)
    x, y, chosen, drawn = draws_in_places(trial.seeds, 80, 40, train, 10)
    population, _ = nets_of_1989._fitted(trial, Split(x, y), chosen, 20)
    alone = [100 * (population.predict(x[rows])[seed].argmax(axis=-1) == y[rows]).mean() for seed, rows in enumerate(drawn)]
    np.testing.assert_allclose(rows.test_accuracy_pct, alone, err_msg="not each seed's own images")
    assert (rows.training_accuracy_pct > 30).all() and (rows.accuracy_on_all_test_images_pct > 15).all()


def test_rows_of_a_convnet_on_draws():
    found = train_on_draws(smoke("convnet", train_on_draws, epochs=2), Report())
    rows = pd.DataFrame(found.rows).pivot(index="seed", columns="metric", values="value")
    assert (rows.steps_to_5_percent_training_error == 10 * rows.epochs_to_5_percent_training_error).all()
    assert (rows.share_reaching_5_percent == 0).all() and (rows.epochs_to_5_percent_training_error == 2).all()
    assert set(found.files) == {PICTURES} and set(claim.illustrate({("digits", "convnet", "x"): found.files})) == {
        "first_layer_filters.png",
        "feature_maps_under_shift.png",
    }


def table(values, metric):
    """Runs with one metric of each of some rows (model, setting): values by seed."""
    return pd.DataFrame(
        {"dataset": "mnist", "model": model, "setting": setting, "metric": metric, "seed": seed, "value": value}
        for (model, setting), by_seed in values.items()
        for seed, value in enumerate(by_seed)
    )


def nets(means):
    noise = np.array([0.0, 0.3, -0.2, 0.1, -0.3, 0.1])
    return table({early_nets._net(net): mean + net * noise / 5 for net, mean in enumerate(means, start=1)}, early_nets.ACCURACY)


@pytest.mark.parametrize(
    "means, tau, verdict", [((80, 85, 87, 90, 95), 1, "reproduced"), ((95, 90, 87, 85, 80), -1, "contradicted")]
)
def test_the_order_of_the_nets(means, tau, verdict):
    *neighbours, order = claim.judge(nets(means))
    assert len(neighbours) == 4 and {check.verdict for check in neighbours} == {verdict}
    assert (order.effect, order.low, order.high, order.verdict) == (tau, tau, tau, verdict)


def test_one_swap_costs_two_tenths_and_its_neighbours_their_check():
    one, *_, order = claim.judge(nets((85, 80, 87, 90, 95)))
    assert one.verdict == "contradicted" and one.effect == pytest.approx(-5)
    assert order.effect == pytest.approx(0.8) and order.verdict == "reproduced"


def sizes(convnet, mlp, reached=((1, 1, 1), (1, 1, 1))):
    """Runs of both models on 300 images: their epochs to the target, and whether each seed gets there."""
    rows = [claim._sized(model, 300) for model in ("convnet", "mlp")]
    share = table(dict(zip(rows, reached)), f"share_reaching_{claim.TARGET}_percent")
    epochs = table(dict(zip(rows, (convnet, mlp))), f"epochs_to_{claim.TARGET}_percent_training_error")
    errors = table(dict(zip(rows, ((4.0, 5, 6), (9.0, 10, 11.5)))), "test_error_pct")
    runs = pd.concat([nets((80, 85, 87, 90, 95)), share, epochs, errors])
    return runs.assign(seconds=np.where(runs.model == "convnet", 30.0, 2.0), parameters=1000)


def test_both_models_at_one_size():
    *_, error, epochs = claim.judge(sizes((4.0, 5, 6), (16.0, 18, 26)))
    assert error.verdict == "reproduced" and error.effect == pytest.approx(5.16667)
    assert epochs.verdict == "reproduced" and epochs.effect == pytest.approx(2 * (2 * 1.8 * 13 / 6) ** (1 / 3), rel=1e-5)
    assert "those of the convnet took some 15 times as long here; weights" in epochs.sentence


@pytest.mark.parametrize("errors, verdict", [((7.0, 8, 9.5), "reproduced"), ((3.0, 4, 4.5), "contradicted")])
def test_a_larger_mlp_with_dropout_is_held_against_the_convnet_too(errors, verdict):
    wide = table({claim._wide(300, ", dropout"): errors}, "test_error_pct")
    *_, check, _ = claim.judge(pd.concat([sizes((4.0, 5, 6), (8.0, 9, 13)), wide]))
    assert check.name == "convnet beats mlp of 800 units with dropout, 300 images" and check.verdict == verdict


def test_a_ratio_of_epochs_that_a_finer_grid_might_turn_decides_nothing():
    for mlp in ((8.0, 9, 13), (2.0, 2.7, 3.1)):
        *_, epochs = claim.judge(sizes((4.0, 5, 6), mlp))
        assert epochs.verdict == "undecided" and "a finer grid might change the ratio by a factor of 1.8" in epochs.sentence
    *_, near = claim.judge(sizes((4.0, 5, 6), (4.5, 4.9, 6)))
    assert near.verdict == "undecided" and "finer grid" not in near.sentence, "the interval alone leaves it undecided"


@pytest.mark.parametrize("epochs, verdict", [((16.0, 18, 26), "reproduced"), ((1.0, 1.25, 1.7), "contradicted")])
def test_epochs_are_held_against_those_of_a_wide_mlp_too(epochs, verdict):
    row, reached = claim._wide(300), f"share_reaching_{claim.TARGET}_percent"
    wide = [
        table({row: values}, metric)
        for metric, values in ((claim.EPOCHS, epochs), (reached, (1, 1, 1)), ("test_error_pct", (7.0, 8, 9.5)))
    ]
    runs = pd.concat([sizes((4.0, 5, 6), (16.0, 18, 26)), pd.concat(wide).assign(seconds=20.0, parameters=9000)])
    found = {check.name: check for check in claim.judge(runs)}
    check = found["convnet learns in fewer epochs than mlp of 800 units, 300 images"]
    assert check.verdict == verdict and "some 1.5 times as long" in check.sentence and "weights: 1,000 and 9,000" in check.sentence
    assert found["convnet learns in fewer epochs than mlp of as many weights, 300 images"].verdict == "reproduced"
    assert found["convnet beats mlp of 800 units, 300 images"].verdict == "reproduced"


@pytest.mark.parametrize("budget", ["quick", "hour", "full"])
def test_wide_mlps_are_timed_in_as_many_step_sizes(budget):
    trials = {trial.setting: trial for trial in claim.trials(budget_of(budget)) if trial.model == "mlp"}
    timed = {name: trial for name, trial in trials.items() if name.endswith(" units")}
    assert timed
    for name, trial in timed.items():
        alike = trials[name.removesuffix(f", {claim.WIDE} units")]
        own = ("options", "as_many_weights_as", "layers", "rates")
        assert {k: v for k, v in trial.recipe.items() if k not in own} == {k: v for k, v in alike.recipe.items() if k not in own}
        assert len(trial.recipe["rates"]) == len(alike.recipe["rates"]) and trial.recipe["options"]["dropout"] == 0


def in_both(plain, placed):
    """Runs of five nets, accuracies (net, draw) where digits stand in one place and in four, there on all digits 2 less."""
    kinds = (("", plain, early_nets.ACCURACY), (early_nets.PLACED, placed, early_nets.ACCURACY_ON_FEW))
    kinds += ((early_nets.PLACED, placed - 2, early_nets.ACCURACY),)
    return pd.concat(
        table({early_nets._net(net, name): values for net, values in enumerate(found, start=1)}, metric)
        for name, found, metric in kinds
    )


def test_four_places_are_judged_by_themselves_and_against_one():
    noise = np.random.RandomState(0).normal(size=(2, 5, 20)) / 10
    plain, placed = 80 + np.arange(5)[:, None] + noise[0], 80 + 3 * np.arange(5)[:, None] + noise[1]
    found = {check.name: check for check in early_nets.checks(in_both(plain, placed))}
    assert len(found) == 3 * (4 + 1) + 2 and {check.verdict for check in found.values()} == {"reproduced"}
    for tested in ("mostly the same digits in other places", "all test digits"):
        worth = found[f"shared weights gain more on 12 hidden units in four places, {tested}"]
        assert worth.effect == pytest.approx(((placed[4] - placed[1]) - (plain[4] - plain[1])).mean(), rel=1e-5)
    found = {check.name: check for check in early_nets.checks(in_both(placed, placed[::-1]))}
    assert found["net-5 above net-4"].verdict == "reproduced"
    turned = ["net-5 above net-4, in four places", "nets of 1989 more in the published order than against it, in four places"]
    turned += [f"{name}, all test digits" for name in (*turned, "shared weights gain more on 12 hidden units in four places")]
    assert [found[name].verdict for name in turned] == ["contradicted"] * 5


@pytest.mark.parametrize("lost, draws", [(6, 20), (0, 1)])
def test_lost_draws_and_a_single_one_do_not_tell_what_weights_gain(lost, draws):
    """A third of the draws in four places diverged, or there is one draw: nothing is decided, and the table is made all the same."""
    noise = np.random.RandomState(0).normal(size=(2, 5, draws)) / 10
    plain, placed = 80 + np.arange(5)[:, None] + noise[0], 80 + 3 * np.arange(5)[:, None] + noise[1]
    placed[4, :lost] = np.nan
    found = [check for check in early_nets.checks(in_both(plain, placed)) if "gain more" in check.name]
    assert len(found) == 2 and {check.verdict for check in found} == {"undecided"}
    assert all(check.effect == pytest.approx(6, abs=0.3) for check in found) or lost


@pytest.mark.parametrize(
    "convnet, mlp, reached, verdict",
    [
        ((4.0, 5, 6), (30.0, 30, 30), ((1, 1, 1), (0, 0, 0)), "reproduced"),  # a lower bound
        ((4.0, 5, 30), (200.0, 210, 1900), ((1, 1, 0), (1, 1, 1)), "undecided"),  # the winner's lost seed has too few
        ((200.0, 210, 1900), (4.0, 5, 30), ((1, 1, 1), (1, 1, 0)), "undecided"),
        ((30.0, 30, 30), (4.0, 5, 6), ((0, 0, 0), (1, 1, 1)), "contradicted"),
        ((4.0, np.nan, 6), (30.0, 31, 32), ((1, 1, 1), (1, 1, 1)), "undecided"),
        ((WITHIN_FIRST, 1.1, 1.2), (4.0, 5, 6), ((1, 1, 1), (1, 1, 1)), "reproduced"),  # a lower bound, too
        ((WITHIN_FIRST, 1.1, 1.2), (WITHIN_FIRST, 500, 600), ((1, 1, 1), (1, 1, 1)), "undecided"),  # either may have been sooner
        ((WITHIN_FIRST,) * 5, (WITHIN_FIRST, 1.2, 1.3, 1.2, 1.3), ((1,) * 5,) * 2, "undecided"),
    ],
)
def test_seeds_that_never_learn_never_help_their_net(convnet, mlp, reached, verdict):
    assert claim.judge(sizes(convnet, mlp, reached))[-1].verdict == verdict


def test_distortions_are_compared_where_they_were_run():
    means = {None: (5.0, 5.5, 6), "elastic": (3.0, 3.4, 4.1)}
    values = {("convnet", claim.DISTORTIONS[kind]): mean for kind, mean in means.items()}
    *_, check = claim.judge(pd.concat([nets((80, 85, 87, 90, 95)), table(values, "test_error_pct")]))
    assert check.name == "convnet: elastic distortions beat no distortions" and check.verdict == "reproduced"
    assert check.effect == pytest.approx(2)


@pytest.mark.parametrize("errors, verdict", [((0.19, 0.2, 0.21), "reproduced"), ((0.34, 0.35, 0.36), "contradicted")])
def test_the_larger_net_has_a_target_where_it_was_run(errors, verdict):
    runs = nets((80, 85, 87, 90, 95))
    *_, found = claim.judge(pd.concat([runs, table({claim.LARGE: errors}, "test_error_pct")]))
    assert found.verdict == verdict and "0.27" in found.sentence
    assert claim.LARGE in {trial.row[1:] for trial in claim.trials(Budget.named("full", None, claim.SEEDS))}
    assert not any("0.27" in check.sentence for check in claim.judge(runs))


def test_the_larger_net_is_drawn_beside_the_others():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    kinds = {(model, kind): (2.0, 3.0) for model in ("convnet", "mlp") for kind in claim.DISTORTIONS.values()}
    runs = table(kinds | {claim.LARGE: (0.25, 0.35)}, "test_error_pct").assign(n_train=50_000, parameters=1234)
    claim._draw_distortions(axes, runs)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "convnet, 1,234 weights", "mlp, 1,234 weights", "larger convnet",
    ]  # fmt: skip
    assert list(axes.lines[-1].get_ydata()) == [0.25, 0.35]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["none", "affine", "elastic"]


def test_seeds_of_the_expensive_rows_are_the_first_of_the_hundred():
    trials = claim.trials(budget_of("full"))
    seeds = {trial.model: trial.seeds for trial in trials if trial.row[1:] != claim.LARGE}
    assert [trial.seeds for trial in trials if trial.row[1:] == claim.LARGE] == [tuple(range(10))]
    assert seeds["lecun1989"] == tuple(range(100)) and seeds["convnet"] == seeds["mlp"] == tuple(range(20))

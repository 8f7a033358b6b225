"""selectivity_invariance: digits move as told, machines are scikit-learn's, only the chosen nets are tested; its checks."""

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.svm import SVC

import zoo
from zoo.errors import UnknownName
from zoo.reproductions import selectivity_invariance as claim
from zoo.reproductions.evidence.rises import rises_more
from zoo.reproductions.harness import Budget, Trial, WithFiles
from zoo.reproductions.harness.losses import Costs
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.trainers import kernel_svm, moved_digits, tuned_nets
from zoo.reproductions.trainers.data import Split, splits
from zoo.reproductions.trainers.selectivity import (
    ERROR,
    SAMPLES,
    moved_metric,
    train_on_digits_in_place,
    train_on_set,
    turned_metric,
)

NETS = {"options": {"widths": [8], "dropout": 0, "input_dropout": 0}, "pretraining": None, "epochs": 4, "batch_size": 25}


@pytest.fixture(scope="module")
def digits():
    return [Split(np.array(x), np.array(y)) for x, y in splits("digits", 200, 150)]


@pytest.fixture(scope="module")
def images():
    """Images with something in one corner, so that every way to move or turn them shows."""
    x = np.zeros((40, 36, 36), np.uint8)
    x[:, 10, 12] = 100 + np.arange(40)
    return x


def places(images):
    return np.argwhere(images)[:, 1:]


def test_a_shift_is_so_many_pixels_in_one_of_four_directions(images):
    start = places(images)
    for pixels in (1, 8):
        steps = places(moved_digits.shifted(images, pixels)) - start
        assert {tuple(step) for step in steps} == {(0, pixels), (0, -pixels), (pixels, 0), (-pixels, 0)}
        assert_array_equal(steps, pixels * (places(moved_digits.shifted(images, 1)) - start))
    assert_array_equal(moved_digits.shifted(images, 0), images)


def test_a_quarter_turn_goes_either_way(images):
    turned = moved_digits.turned(images, 90)
    ways = [next(way for way in (1, -1) if (np.rot90(one, way) == other).all()) for one, other in zip(images, turned)]
    assert set(ways) == {1, -1}
    assert_array_equal(moved_digits.turned(images, 0), images)
    small = moved_digits.turned(images, 30)
    assert np.sign(places(small)[0] - places(images)[0]).any()


def test_little_of_a_digit_is_cut_off():
    x = moved_digits.on_canvas(splits("mnist_basic", n_test=2000)[2].x)
    assert x.shape[1:] == (36, 36)
    ink = x.sum(axis=(1, 2), dtype=int)
    kept = {pixels: moved_digits.shifted(x, pixels).sum(axis=(1, 2), dtype=int) / ink for pixels in (4, 8)}
    assert (kept[4] == 1).all() and kept[8].mean() == pytest.approx(0.99, abs=0.003)


def test_what_goes_out_is_lost_and_what_comes_in_is_black():
    image = np.arange(1, 10, dtype=np.uint8).reshape(1, 3, 3)
    assert moved_digits.moved(image, np.array([[1, -1]])).tolist() == [[[0, 0, 0], [2, 3, 0], [5, 6, 0]]]
    assert moved_digits.moved(image, np.array([[0, 0]])).tolist() == image.tolist()


def test_jitter_is_within_its_limits_and_its_own_for_every_draw(images):
    found = moved_digits.jittered(images, 4, 0, draw=0)
    steps = places(found) - places(images)
    assert np.abs(steps).max() == 4 and len(np.unique(steps, axis=0)) > 20
    assert_array_equal(found, moved_digits.jittered(images, 4, 0, draw=0))
    assert (found != moved_digits.jittered(images, 4, 0, draw=1)).any()
    assert (moved_digits.jittered(images, 0, 45, draw=0) != images).any()


@pytest.mark.parametrize("kernel, setting", [("rbf", {"C": 10, "gamma": 0.5}), ("polynomial", {"C": 1, "gamma": 2, "degree": 3})])
def test_machines_are_those_of_scikit_learn(digits, kernel, setting):
    train, validation, test = digits
    found = kernel_svm.tune_svm(kernel, train, validation, [setting])
    flat = [split.x.reshape(len(split.x), -1) / 255 for split in digits]
    options = {"kernel": "rbf"} if kernel == "rbf" else {"kernel": "poly", "degree": 3, "coef0": 1}
    svc = SVC(C=setting["C"], gamma=setting["gamma"] / (64 * flat[0].var()), **options).fit(flat[0], train.y)
    np.testing.assert_array_equal(found.losses(test), 100 * (svc.predict(flat[2]) != test.y)[None])
    assert found.validation == pytest.approx(100 * np.mean(svc.predict(flat[1]) != validation.y))
    assert found.parameters == len(svc.support_) * (64 + 9) + 45


def test_a_machine_is_chosen_on_validation_and_tested_in_blocks(digits, monkeypatch):
    train, validation, test = digits
    grid = [{"C": 10, "gamma": gamma} for gamma in (100, 0.5, 0.5001)]
    found = kernel_svm.tune_svm("rbf", train, validation, grid)
    alone = [kernel_svm.tune_svm("rbf", train, validation, [setting]).validation for setting in grid]
    assert alone[0] > alone[1] == alone[2] and found.setting == grid[1] and found.validation == alone[1]
    whole = found.losses(test)
    monkeypatch.setattr(kernel_svm, "BLOCK", 64)
    np.testing.assert_array_equal(found.losses(test), whole)
    with pytest.raises(UnknownName, match="no kernel called 'linear'"):
        kernel_svm.tune_svm("linear", train, validation, grid)


def test_only_the_chosen_step_size_is_tested(digits):
    train, validation, test = digits
    found = tuned_nets.tune_nets("mlp", 10, train, validation, NETS | {"rates": [1e-6, 0.02]}, (5, 6))
    assert found.learning_rate == 0.02 and found.setting == {"step_size": 0.02}
    assert len(found.population) == 2 and list(found.population.seeds) == [5, 6]
    assert_allclose(found.losses(validation).mean(axis=1), found.validation, rtol=1e-5)
    alone = tuned_nets.tune_nets("mlp", 10, train, validation, NETS | {"rates": [0.02]}, (6,))
    assert (alone.losses(test) != found.losses(test)[1:]).mean() < 0.015  # a digit may fall on the other side of rounding
    assert found.parameters == 64 * 8 + 8 + 8 * 10 + 10


def test_every_step_size_starts_from_the_same_pretrained_stack(digits, monkeypatch):
    train, validation, _ = digits
    calls = []
    monkeypatch.setattr(zoo, "pretrain", lambda population, x, **settings: calls.append((len(population), settings)))
    recipe = NETS | {"options": {"widths": [8]}, "rates": [1e-9, 2e-9], "epochs": 1}
    recipe["pretraining"] = {"corruption": "masking", "level": 0.25, "epochs": 3, "learning_rate": 1e-3}
    found = tuned_nets.tune_nets("autoencoder_stack", 10, train, validation, recipe, (5, 6))
    ((members, settings),) = calls
    assert members == 2 and settings["epochs"] == 3 and settings["level"] == 0.25 and settings["batch_size"] == 25
    fresh = zoo.Population(lambda: zoo.create_model("autoencoder_stack", (8, 8), 10, widths=[8]), (5, 6))
    for member in range(2):
        for mine, theirs in zip(found.population.get_weights(member), fresh.get_weights(member), strict=True):
            assert_allclose(mine, theirs, atol=1e-6)


def test_diverged_nets_have_no_error(digits):
    train, validation, test = digits
    found = tuned_nets.tune_nets("mlp", 10, train, validation, NETS | {"rates": [1e38]}, (5,))
    assert np.isnan(found.validation).all() and np.isnan(found.losses(test)).all()


def test_a_set_leaves_its_first_images_and_as_many_rows_as_seeds():
    recipe = {"kernel": "rbf", "grid": [{"C": 10, "gamma": 1}], "samples": True}
    recipe |= {"n_train": 100, "n_validation": 60, "n_test": 50}
    found = train_on_set(Trial("digits", "kernel_machine", "tested", (3,), train_on_set, recipe), Report())
    assert isinstance(found, WithFiles)
    assert [row["metric"] for row in found.rows] == [ERROR, "validation_error_pct", "chosen_C", "chosen_gamma"]
    assert [row["value"] for row in found.rows[2:]] == [10, 1]
    assert {(row["seed"], row["backend"], row["n_train"]) for row in found.rows} == {(3, "scikit-learn", 100)}
    picture = claim.illustrate({("digits", "linear", "softmax"): found.files})["samples.png"]
    shown = picture.axes[0].images[0].get_array()
    assert shown.shape == (8, 9 * 12) and list(found.files) == [SAMPLES]
    assert np.ma.getmaskarray(shown)[:, 8::9].all(), "a line after each image"


def test_jitter_changes_training_and_not_the_digits_tested(monkeypatch):
    """The same test digits whatever a model was trained on; at no shift and no rotation they are the same again."""
    seen = []

    def tuned(trial, train, validation):
        class Remembers:
            validation, seconds, parameters, setting = 0.0, 1.0, 1, {}

            def losses(self, split):
                seen.append(split.x)
                return 0.0

        seen.append(train.x)
        return Remembers()

    monkeypatch.setattr("zoo.reproductions.trainers.selectivity.tuned", tuned)
    recipe = {"n_train": 50, "n_validation": 40, "n_test": 30, "shifts": [0, 3], "angles": [0, 90]}
    for jitter in (None, [4, 45]):
        trial = Trial("digits", "kernel_machine", "tested", (0,), train_on_digits_in_place, recipe | {"jitter": jitter})
        rows = train_on_digits_in_place(trial, Report())
        assert [row["metric"] for row in rows[:-1]] == [*map(moved_metric, (0, 3)), *map(turned_metric, (0, 90))]
    centred, jittered = seen[:5], seen[5:]
    assert (centred[0] != jittered[0]).any()
    for mine, theirs in zip(centred[1:], jittered[1:], strict=True):
        assert_array_equal(mine, theirs)
    assert_array_equal(seen[1], seen[3])
    assert (seen[1] != seen[2]).any() and (seen[1] != seen[4]).any()


@pytest.mark.parametrize("budget", ["smoke", "quick", "hour", "full"])
def test_every_model_is_tuned_as_much(budget):
    trials = list(claim.trials(Budget.named(budget, None, claim.SEEDS)))
    tried = {("grid" in trial.recipe, len(trial.recipe.get("grid") or trial.recipe["rates"])) for trial in trials}
    nets, machines = {"smoke": (1, 1), "quick": (3, 3), "hour": (4, 20), "full": (5, 20)}[budget]
    assert tried == {(False, nets), (True, machines)}
    stacks = [trial.recipe for trial in trials if trial.model == "autoencoder_stack" and trial.dataset == "mnist_rot"]
    if budget != "smoke":
        plain, denoising = ({**recipe, "pretraining": None} for recipe in stacks)
        assert plain == denoising and [recipe["pretraining"]["level"] for recipe in stacks] == [0.0, 0.25]
        assert {trial.dataset for trial in trials} == set(claim.SETS)


def runs_of(errors):
    """Runs from {(dataset, model, setting[, metric]): errors by seed, or a machine's one}."""
    names = ("dataset", "model", "setting")
    return pd.DataFrame(
        [
            dict(zip(names, key))
            | {"metric": key[3] if len(key) > 3 else ERROR, "seed": seed, "value": value, "seconds": 2.5, "n_test": 10**6}
            for key, found in errors.items()
            for seed, value in enumerate(found)
        ]
    )


def test_the_order_is_held_against_the_published_one_over_sets():
    """Published: denoising stack, Gaussian, polynomial, one hidden layer; the plain stack second on turned digits, else third.

    Our third seed has two of them the other way round, on the basic digits three pairs; the linear model, first here, does not
    count.
    """
    ours = {claim.SDAE: [2.0, 2.1, 2.2], claim.RBF: [3.0], claim.POLYNOMIAL: [4.0], claim.NNET: [5.0, 5.1, 3.9]}
    ours[claim.LINEAR] = [1.0, 1.1, 1.2]
    plain = {"mnist_basic": [3.5, 3.4, 4.5], "mnist_rot": [2.5, 2.6, 2.7]}
    runs = runs_of({(name, *row): found for name in plain for row, found in (ours | {claim.SAE: plain[name]}).items()})
    between, over_sets = claim._judge_order(runs)
    assert over_sets.verdict == "reproduced" and over_sets.effect == pytest.approx(np.mean([1, 1, 0.4, 1, 1, 0.8]), rel=1e-5)
    assert over_sets.name.startswith("models stand") and between.name.startswith("kernels and stacks stand")
    assert between.effect == pytest.approx(np.mean([1, 1, 0.5, 1, 1, 1]), rel=1e-5), "of four pairs"
    turned = claim._judge_order(runs.assign(value=10 - runs.value))
    assert [check.verdict for check in turned] == ["undecided", "contradicted"] and turned[0].effect == -between.effect
    found = {(*row, metric): interval.estimate for row, metric, interval in claim.summarise(runs)}
    taus = [(name, "all", "against the published", claim.TAU) for name in ("mnist_basic", "mnist_rot")]
    assert [key for key in found if key[-1] == claim.TAU] == taus
    assert found["mnist_rot", *claim.RBF, "seconds"] == 2.5
    alone = claim._judge_order(runs[runs.dataset == "mnist_rot"])
    assert [check.verdict for check in alone] == ["undecided"] * 2, "that seeds agree says nothing of an order"
    assert not claim._judge_order(runs[runs.setting != claim.SAE[1]])
    longer = {row: found[:1] * 5 for row, found in (ours | {claim.SAE: plain["mnist_rot"]}).items()}
    (alike,) = claim._taus(runs_of({("mnist_rot", *row): found for row, found in longer.items()})).values()
    assert alike.estimate == pytest.approx(1) and np.isnan(alike.low)
    assert claim.published_error(("mnist_rot", *claim.RBF)) == 11.11


def test_tau_over_all_pairs_is_scipys_and_over_some_their_mean():
    from scipy.stats import kendalltau

    from zoo.reproductions.evidence.model_order import _tau

    draws = np.random.RandomState(0)
    for _ in range(20):
        published, ours = draws.randint(0, 6, (2, 5))  # some of them tied
        pairs = list(itertools.combinations(range(5), 2))
        assert _tau(published, ours, pairs) == pytest.approx(kendalltau(published, ours).statistic)
    assert _tau([1, 2, 3], [1, 3, 2], [(0, 1), (0, 2)]) == 1 and _tau([1, 2, 3], [1, 3, 2], [(0, 1), (1, 2)]) == 0


@pytest.mark.parametrize("lost", [1, 2])
def test_an_order_from_too_few_seeds_is_left_out_and_said_so(lost):
    """One of ten seeds may diverge, two are a fifth."""
    draws = np.random.RandomState(0)
    errors = {
        (name, *row): [level] if row in (claim.RBF, claim.POLYNOMIAL) else (level + draws.normal(0, 0.8, 10)).tolist()
        for name in ("mnist_basic", "mnist_rot")
        for row, level in ((claim.SDAE, 2.0), (claim.RBF, 3.0), (claim.SAE, 3.5), (claim.POLYNOMIAL, 4.0), (claim.NNET, 5.0))
    }
    errors["mnist_rot", *claim.NNET][:lost] = [np.nan] * lost
    taus = claim._taus(runs_of(errors))
    assert np.isfinite(taus["mnist_basic"].low) and np.isfinite(taus["mnist_rot"].low) == (lost == 1)
    between, found = claim._judge_order(runs_of(errors))
    assert "over 2 sets" in between.sentence, "of which the net with one layer is none"
    assert ("left out, for too many seeds diverged: mnist_rot" in found.sentence) == (lost == 2)
    assert f"over {3 - lost} sets" in found.sentence and (lost == 1 or found.verdict == "undecided")


def test_what_a_factor_costs_is_a_difference_of_differences():
    cost = {claim.LINEAR: ([8.0, 9.0, 10.0], [48.0, 49.5, 50.0]), claim.CONVNET: ([2.0, 2.5, 3.0], [12.0, 12.0, 13.0])}
    sets = ("mnist_basic", "mnist_rot")
    runs = runs_of({(name, *row): found for row, both in cost.items() for name, found in zip(sets, both)})
    (check,) = [check for check in claim.judge(runs) if "loses more" in check.name]
    assert check.effect == pytest.approx(np.mean([40 - 10, 40.5 - 9.5, 40 - 10]), rel=1e-5)
    assert check.verdict == "reproduced" and "rises by 40.17 points" in check.sentence


def test_what_a_factor_costs_is_told_as_a_multiple_too():
    """Twice as large from whatever it was: the points favour who errs little, the factor does not."""
    errors = [(8.0, 16.0, 2.0, 6.0), (9.0, 18.0, 2.5, 8.0), (10.0, 20.5, 3.0, 9.0)]
    points, factor = rises_more(errors, "from a to b", "linear", "ConvNet")
    logs = np.log([(after / before) / (other / first) for before, after, first, other in errors])
    half = 4.302653 * logs.std(ddof=1) / 3**0.5
    assert (points.verdict, factor.verdict) == ("reproduced", "contradicted")
    assert [factor.effect, factor.low, factor.high] == pytest.approx(np.exp(logs.mean() + half * np.array([0, -1, 1])), rel=1e-5)
    assert "From a to b the error of linear becomes 2.017 times as large, that of the ConvNet becomes 3.065" in factor.sentence
    points, factor = rises_more([(8.0, 16.0, 0.0, 6.0), (9.0, 19.0, 2.5, 8.0)], "from a to b", "linear", "ConvNet")
    assert points.effect == pytest.approx(3.25) and factor.verdict == "undecided" and np.isnan(factor.effect)


def test_test_images_may_make_the_difference_of_rises_from_a_single_value():
    """Twice McNemar's widest, of both sets; the factor by the delta method."""
    errors = [(3.0, 11.0, 1.5, 9.0), (3.0, 11.0, 1.6, 9.2), (3.0, 11.0, 1.4, 8.8)]
    for tested, verdict in ((None, "reproduced"), (200_000, "reproduced"), (10_000, "undecided")):
        points, factor = rises_more(errors, "from a to b", "a machine", "ConvNet", tested=tested)
        assert points.verdict == verdict and ("test examples" in points.sentence) is (verdict == "undecided")
        assert factor.verdict == "contradicted"
    points, factor = rises_more(errors, "from a to b", "a machine", "ConvNet", tested=500)
    assert points.verdict == factor.verdict == "undecided"


def test_luck_with_the_same_test_images_may_add_up():
    """0.44 points before and 0.82 after: 0.93 where they are independent, 1.26 where it is all on the same images."""
    errors = [(3.0, 10.0, 2.0, 7.99), (3.0, 10.0, 2.0, 7.98), (3.0, 10.0, 2.0, 8.0)]
    for same, verdict in ((False, "reproduced"), (True, "undecided")):
        points, _ = rises_more(errors, "from a to b", "a machine", "ConvNet", tested=10_000, same=same)
        assert points.verdict == verdict and points.effect == pytest.approx(1.01)


@pytest.mark.parametrize("same", [False, True])
def test_what_each_test_image_costs_tells_what_others_would_do_to_rises(same):
    """Images after may be those before, moved: then an image that is hard in both is no news."""
    random = np.random.RandomState(0)
    hard = random.rand(2000) < 0.1
    losses = [100.0 * (hard | (random.rand(2000) < share)) for share in (0.0, 0.08, 0.0, 0.05)]
    errors = [[each.mean() + random.normal(0, 0.01) for each in losses] for _ in range(4)]
    costs = [Costs(np.arange(1), np.float32(each)[None]) for each in losses]
    points, factor = rises_more(errors, "from a to b", "linear", "ConvNet", losses=costs, same=same)
    ends = losses[0] - losses[2], losses[1] - losses[3]
    half = 1.96 * np.sqrt(sum(end.var(ddof=1) for end in ([ends[1] - ends[0]] if same else ends)) / 2000)
    assert (points.wide[1] - points.wide[0]) / 2 == pytest.approx(np.hypot(half, (points.high - points.low) / 2), rel=1e-3)
    assert points.verdict == "reproduced" and points.lasting
    assert factor.wide[0] < factor.low < factor.effect < factor.high < factor.wide[1]
    costs[0].each[:] = 0
    assert rises_more(errors, "from a to b", "linear", "ConvNet", losses=costs, same=same)[1].wide == ()


@pytest.mark.parametrize("left", [4, 1, 0])
def test_what_diverged_is_said_and_decides_nothing(left):
    """Of the ConvNet's five seeds so many are left on turned digits, or one on both sets; a machine has one value anyhow."""
    fine, lost = [2.0, 2.5, 3.0, 2.2, 2.1], [12.0, 12.3, 13.0, 11.0, 12.5][:left] + [np.nan] * (5 - left)
    sets = ("mnist_basic", "mnist_rot")
    runs = runs_of(
        {
            (name, *row): found
            for row, both in {claim.RBF: ([3.0], [99.0]), claim.CONVNET: (fine, lost)}.items()
            for name, found in zip(sets, both)
        }
    )
    checks = {check.name: check for check in claim.judge(runs)}
    turned = [checks["mnist_rot: ConvNet beats RBF SVM"], checks["from mnist_basic to mnist_rot: RBF SVM loses more than ConvNet"]]
    assert [check.verdict for check in turned] == ["undecided"] * 2
    assert all("diverged" in check.sentence for check in turned)
    assert f"over {left} seed" in turned[1].sentence
    assert checks["mnist_basic: ConvNet beats RBF SVM"].verdict == "reproduced"


def test_moved_digits_are_judged_for_both_kinds_of_training():
    kinds = (claim.CENTRED, claim.JITTERED)
    rows = {row: [("mnist_basic", *claim.on_digits(row, kind)) for kind in kinds] for row in claim.MOVED}
    errors, worse = {}, {claim.RBF: 20.0, claim.LINEAR: 30.0, claim.NNET: 25.0, claim.CONVNET: 0.0}
    for row, both in rows.items():
        for key, trained in zip(both, (10.0, 2.0)):
            for step, metric in enumerate((moved_metric(0), moved_metric(2), moved_metric(4), turned_metric(45))):
                wide = 0.1 + 0.01 * len(errors)
                spread = [0.0] if row == claim.RBF else [0.0, wide, -wide]
                errors[*key, metric] = [worse[row] * (step > 0) + trained + off for off in spread]
    checks = claim.judge(runs_of(errors))
    assert len(checks) == 3 * 2 + 3 * 3 + 2 and {check.verdict for check in checks} == {"reproduced"}
    assert len({check.name for check in checks}) == len(checks)


STACK_OF_FULL, CONVNET_OF_FULL = 785 * 1000 + 2 * 1001 * 1000, 856_224  # without their logits


@pytest.mark.parametrize("model, logits, whole", [(claim.SDAE, 1001, STACK_OF_FULL), (claim.CONVNET, 257, CONVNET_OF_FULL)])
@pytest.mark.parametrize("dataset, classes", [("mnist_rot", 10), ("rectangles", 2)])
def test_a_net_smaller_than_the_full_budgets_is_not_contradicted_by_the_gaussian_machine(dataset, classes, model, logits, whole):
    full = whole + logits * classes
    for weights, verdict in ((full - 1, "undecided"), (full, "contradicted")):
        rows = [
            {"dataset": dataset, "model": row[0], "setting": row[1], "seed": seed, "metric": claim.ERROR, "value": value + seed / 100,
             "parameters": weights, "n_test": 10**6, "n_train": 10_000}
            for row, value, seeds in ((model, 13, 3), (claim.RBF, 11, 1)) for seed in range(seeds)
        ]  # fmt: skip
        name = f"{dataset}: {model[1]} beats RBF SVM"
        (made,) = [check for check in claim.judge(pd.DataFrame(rows)) if check.name == name]
        assert made.verdict == verdict and (f"the full budget's {full:,}" in made.sentence) == (verdict == "undecided")


@pytest.mark.parametrize("dataset, side, setting", [("mnist_rot", 28, "ConvNet"), ("mnist_basic", 36, "ConvNet, centred digits")])
def test_the_full_budgets_convnet_has_the_weights_that_smaller_ones_are_held_against(dataset, side, setting):
    (trial,) = [t for t in claim.trials(Budget.named("full", 2)) if t.row == (dataset, "convnet", setting)]
    assert zoo.create_model("convnet", (side, side), 10, **trial.recipe["options"]).count_params() == claim._full_convnet(side, 10)


def test_what_a_factor_costs_contradicts_nothing_for_a_convnet_smaller_than_the_full_budgets():
    """Neither by points nor by ratio, on sets and on moved digits."""
    sets = {(name, *row): found for name, both in (("mnist_basic", ([3.0], [2.0, 2.1, 2.2])), ("mnist_rot", ([6.0], [8.0, 8.2, 8.4])))
            for row, found in zip((claim.RBF, claim.CONVNET), both)}  # fmt: skip
    moved = {("mnist_basic", *claim.on_digits(row, claim.CENTRED), moved_metric(pixels)): found
             for pixels, both in ((0, ([3.0], [2.0, 2.1, 2.2])), (2, ([6.0], [8.0, 8.2, 8.4])))
             for row, found in zip((claim.RBF, claim.CONVNET), both)}  # fmt: skip
    for share, verdict in ((1, "contradicted"), (0.99, "undecided")):
        runs = runs_of(sets | moved)
        whole = runs.setting.str.endswith("digits").map({True: claim._full_convnet(36, 10), False: claim._full_convnet(28, 10)})
        checks = [c for c in claim.judge(runs.assign(parameters=share * whole)) if "loses more" in c.name or "grows by" in c.name]
        assert len(checks) == 4 and {check.verdict for check in checks} == {verdict}
        assert all(("a larger one, trained longer, may err less" in c.sentence) == (share < 1) for c in checks)


def test_published_convnets_have_no_place_in_the_order():
    """Others are published on rotated digits alone."""
    models = (*claim.ORDERED, claim.CONVNET)
    runs = runs_of({("mnist_rot", *row): [place, place + 0.1, place + 0.3] for place, row in enumerate(models, start=1)})
    assert claim.published_error(("mnist_rot", *claim.CONVNET)) == 5.03
    without = claim._taus(runs[runs.setting != claim.CONVNET[1]])
    assert claim._taus(runs)["mnist_rot"].estimate == without["mnist_rot"].estimate

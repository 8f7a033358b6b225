"""linear_separability: what a linear probe can and cannot tell apart, the stages of a net, checks of known runs."""

import json

import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.errors import InvalidInput
from zoo.reproductions import linear_separability as claim
from zoo.reproductions.harness import Budget, Trial
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.trainers import layer_probes
from zoo.reproductions.trainers.data import splits
from zoo.reproductions.trainers.linear_probe import linear_probe
from zoo.training.recipe import recipe

ONE = [1e-3]


def corners(n, seed):
    """Points around the corners (+-1, +-1) of a square, and which pair of opposite ones they belong to: XOR."""
    random = np.random.RandomState(seed)
    signs = random.randint(0, 2, (n, 2)) * 2 - 1
    x = (signs + random.uniform(-0.4, 0.4, (n, 2))).astype("float32")
    return x, (signs[:, 0] * signs[:, 1] < 0).astype(int)


XOR = [corners(400, seed) for seed in range(3)]


def test_what_is_linearly_separable_is_told_apart_without_a_mistake():
    parts = [(x, (x[:, 0] > 0) + 2 * (x[:, 1] > 0)) for x, _ in XOR]
    found = linear_probe(*parts, [1e-3, 1e-4])
    assert found["train_error_pct"] == found["validation_error_pct"] == found["test_error_pct"] == 0


def test_xor_is_told_apart_only_after_a_hidden_layer():
    assert linear_probe(*XOR)["test_error_pct"] > 35
    net = zoo.create_model("mlp", (2,), 2, widths=[2], activation="tanh", input_dropout=0, dropout=0, rescale=None)
    # Both units look along the diagonal, one on either side of the middle: unlike signs lie between them.
    by_hand = [np.array([[2.0, 2], [2, 2]]), np.array([-2.0, 2])]
    net.set_weights(by_hand + net.get_weights()[2:])
    hidden = [(layer_probes.representation(net, "hidden_1", x), y) for x, y in XOR]
    np.testing.assert_allclose(hidden[0][0], np.tanh(XOR[0][0] @ by_hand[0] + by_hand[1]), atol=1e-5)
    assert linear_probe(*hidden)["test_error_pct"] == 0


@pytest.fixture(scope="module")
def digits():
    return [(layer_probes.chosen_features(part.x), part.y) for part in splits("digits", 400, 200)]


def test_it_is_scikit_learns_logistic_regression(digits):
    from sklearn.linear_model import LogisticRegression

    (x, y), _, (xt, yt) = digits
    scale = np.sqrt(np.mean((x - x.mean(axis=0)) ** 2))
    theirs = LogisticRegression(C=1 / (ONE[0] * len(x)), tol=1e-6, max_iter=5000).fit((x - x.mean(axis=0)) / scale, y)
    wrong = 100 * (1 - theirs.score((xt - x.mean(axis=0)) / scale, yt))
    assert linear_probe(*digits, ONE)["test_error_pct"] == pytest.approx(wrong, abs=0.51), "more than one image of 200 apart"


def test_place_and_scale_of_the_features_do_not_matter(digits):
    moved = [(x * np.float32(1e-4) + 0.5, y) for x, y in digits]
    first, second = linear_probe(*digits, ONE), linear_probe(*moved, ONE)
    assert second["test_error_pct"] == pytest.approx(first["test_error_pct"], abs=0.51)
    dead = [(np.concatenate([x, np.full_like(x, 7)], axis=1), y) for x, y in digits]
    assert linear_probe(*dead, [5e-4])["test_error_pct"] == pytest.approx(first["test_error_pct"], abs=1.01)


def test_the_strength_is_chosen_on_validation_and_not_on_test(digits):
    grid = [100.0, 0.1, 0.001]
    alone = [linear_probe(*digits, [strength]) for strength in grid]
    best = min(alone, key=lambda found: found["validation_error_pct"])
    train, validation, (x, y) = digits
    for labels in (y, np.roll(y, 1)):
        chosen = linear_probe(train, validation, (x, labels), grid)
        assert chosen["strength"] == best["strength"]
        assert chosen["validation_error_pct"] == pytest.approx(best["validation_error_pct"], abs=0.51)


@pytest.mark.parametrize(
    "spoil, strengths, match",
    [
        (lambda x, y: (x * np.nan, y), ONE, "finite features"),
        (lambda x, y: (x, y * 0), ONE, "at least two classes"),
        (lambda x, y: (x, 2 * y - 1), ONE, "integers from 0"),
        (lambda x, y: (x, y.astype(str)), ONE, "integers from 0"),
        (lambda x, y: (x[:, None], y), ONE, "features .n, d. and labels"),
        (lambda x, y: (x, y), [], "one positive L2 strength"),
        (lambda x, y: (x, y), [0.0, 1.0], "one positive L2 strength"),
    ],
)
def test_what_cannot_be_probed_is_refused(spoil, strengths, match):
    with pytest.raises(InvalidInput, match=match):
        linear_probe(spoil(*XOR[0]), *XOR[1:], strengths)


def test_too_many_features_are_drawn_once_and_for_all():
    images = np.arange(2 * 40 * 40, dtype="float32").reshape(2, 40, 40)
    first, again = (layer_probes.chosen_features(images) for _ in range(2))
    assert first.shape == (2, 1000) and len(set(first[0])) == 1000
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[1] - first[0], np.full(1000, 1600.0))


STACK = recipe(
    options={"widths": [6]}, epochs=2, batch_size=20, pretraining={"epochs": 1, "learning_rate": 1e-3, "level": 0.25}
) | {"n_train": 100, "n_test": 50, "strengths": ONE, "layer": "encoder_1"}


def probed(stage, model="autoencoder_stack", **changes):
    trial = Trial("digits", model, "tested", (3, 4), layer_probes.probe_layer, STACK | {"stage": stage} | changes)
    return pd.DataFrame(layer_probes.probe_layer(trial, Report()))


def test_stages_follow_from_each_other():
    layer_probes.trained_nets.cache_clear()
    rows = {stage: probed(stage) for stage in layer_probes.STAGES}
    assert layer_probes.trained_nets.cache_info().misses == 1, "the nets are trained once for all their probes"
    assert [frame.updates.iloc[0] for frame in rows.values()] == [0, 5, 15]
    assert rows["untrained"].seconds.max() == 0 < rows["pre-trained"].seconds.min() < rows["trained"].seconds.min()
    assert all(len(frame) == 10 and np.isfinite(frame.value).all() for frame in rows.values())
    told = rows["trained"].pivot(index="seed", columns="metric", values="value")
    assert [*told.strength] == pytest.approx(2 * ONE) and (told.steps > 0).all(), "what the probe took is told"
    training = {name: value for name, value in STACK.items() if name not in layer_probes.PROBE}
    nets = layer_probes.trained_nets("digits", "autoencoder_stack", (3, 4), json.dumps(training, sort_keys=True))
    assert layer_probes.trained_nets.cache_info().misses == 1
    start, middle, end = (nets.weights[stage][1] for stage in layer_probes.STAGES)
    assert np.abs(start[0] - middle[0]).max() > 1e-4 and np.abs(middle[0] - end[0]).max() > 1e-4
    np.testing.assert_array_equal(start[2], middle[2])  # pre-training leaves the last layer alone


def test_of_a_net_in_the_plane_the_first_seeds_weights_are_rows_of_their_layers():
    options = {"widths": [2, 2], "activation": "tanh", "dropout": 0, "input_dropout": 0, "rescale": None}
    settings = recipe(options=options, epochs=1, batch_size=50) | {
        "n_train": 100,
        "n_test": 50,
        "strengths": ONE,
        "stage": "trained",
    }
    found = {}
    for number in (1, 2):
        own = settings | {"layer": f"hidden_{number}"}
        trial = Trial("spiral_arms", "mlp", claim.row("trained", number), (3, 4), layer_probes.probe_plane, own, traced=1)
        rows = pd.DataFrame(layer_probes.probe_plane(trial, Report())).assign(dataset="spiral_arms", model="mlp")
        found[number] = rows.assign(setting=trial.setting)
    runs = pd.concat(found.values())
    training = {name: value for name, value in settings.items() if name not in layer_probes.PROBE}
    nets = layer_probes.trained_nets("spiral_arms", "mlp", (3, 4), json.dumps(training, sort_keys=True))
    theirs = nets.weights["trained"][0]
    ours = [array for number in (1, 2) for array in claim._weights(runs, "spiral_arms", "mlp", "trained", number)]
    assert [array.shape for array in ours] == [(2, 2), (2,), (2, 2), (2,), (2, 3), (3,)]
    for mine, weights in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, weights)
    assert set(runs[runs.metric.str.contains("kernel|bias")].seed) == {3}


def test_borders_between_classes_are_where_the_two_best_are_equally_good():
    first, second = claim.leads(np.array([[3, 1, 1], [2, 2, 0], [1, 1, 4], [0, 2, 2], [0, 5, 3]], float))
    assert first.tolist() == [2, 0, -3, -2, -5] and second.tolist() == [None, 2, -3, 0, 2]
    (only,) = claim.leads(np.array([[3.0, 1], [1, 1]]))
    assert only.tolist() == [2, 0]


def test_a_diverged_net_keeps_its_rows():
    options = {"widths": [4], "dropout": 0, "input_dropout": 0}
    changes = {"options": options, "learning_rate": 1e38, "pretraining": None, "layer": "hidden_1"}
    rows = probed("trained", "mlp", **changes)
    assert len(rows) == 10 and rows.value.isna().all()


def runs_of(model="autoencoder_stack", **errors):
    """Runs of a two-layer net on mnist_rot, {stage_layer: errors by seed}, and of the raw input."""
    found = []
    for name, values in errors.items():
        stage, _, number = name.rpartition("_")
        row = claim.INPUT if name == "raw" else (model, claim.row(stage.replace("_", "-"), int(number)))
        for seed, value in enumerate(values):
            found.append(dict(zip(("dataset", "model", "setting"), ("mnist_rot", *row))) | {"seed": seed, "value": value})
    return pd.DataFrame(found).assign(metric="test_error_pct", n_test=10_000)


def test_checks_of_known_runs():
    runs = runs_of(
        raw=[40],
        untrained_1=[41, 42, 43],
        untrained_2=[50, 51, 53],
        pre_trained_1=[30, 31, 33],
        pre_trained_2=[20, 45, 32],
        trained_1=[20, 21, 22.5],
        trained_2=[10, 11.5, 12],
    )
    verdicts = {check.name.removeprefix("mnist_rot, autoencoder_stack: "): check for check in claim.judge(runs)}
    assert {name: check.verdict for name, check in verdicts.items()} == {
        "trained, layer 1 beats the input": "reproduced",
        "trained, layer 2 beats layer 1": "reproduced",
        "layer 1, trained beats untrained": "reproduced",
        "layer 2, trained beats untrained": "reproduced",
        "pre-trained, layer 1 beats the input": "reproduced",
        "pre-trained, layer 2 beats the input": "undecided",
        "pre-trained, layer 2 beats layer 1": "undecided",
    }
    assert verdicts["layer 1, trained beats untrained"].effect == pytest.approx(np.mean([21, 21, 20.5]), rel=1e-5)
    others = {check.name.removeprefix("mnist_rot, convnet: "): check.verdict for check in claim.judge(of_convnets(runs))}
    assert others["untrained, layer 1 beats the input"] == "undecided"
    assert others["untrained, layer 2 beats layer 1"] == "contradicted"


def of_convnets(runs):
    """The same errors as a ConvNet's, of which alone untrained layers are claimed to help."""
    return runs.assign(model=runs.model.replace("autoencoder_stack", "convnet"))


@pytest.mark.parametrize("budget", ["quick", "hour", "full"])
def test_one_layer_alone_differs_from_three_in_its_width(budget):
    trials = {trial.row: trial for trial in claim.trials(Budget.named(budget, defaults=claim.SEEDS))}
    three = trials[*claim.SPIRAL, claim.row("trained", 1)].recipe
    assert three["options"]["widths"] == [2, 2, 2]
    for units, row in claim.ALONE.items():
        assert trials[row].recipe == three | {"options": three["options"] | {"widths": [units]}}


def spiral(deep, wide):
    """Runs of the spiral: errors by seed of three layers of two units and of one layer of six, others as they may be."""
    errors = {claim.row("trained", number): [error] * len(deep) for number, error in ((1, 20.0), (2, 8.0))}
    errors |= {claim.row("untrained", number): [25.0] * len(deep) for number in (1, 2, 3)}
    errors |= {claim.ALONE[2][2]: [10.0] * len(deep), claim.row("trained", 3): deep, claim.ALONE[6][2]: wide}
    weights = {claim.ALONE[2][2]: 15, claim.ALONE[6][2]: 39}
    shared = {"dataset": "spiral_arms", "model": "mlp", "metric": "test_error_pct", "n_test": 1000}
    runs = [
        shared | {"setting": name, "seed": seed, "value": error + 0.01 * seed * error, "parameters": weights.get(name, 27)}
        for name, values in errors.items()
        for seed, error in enumerate(values)
    ]
    runs += [shared | {"model": "linear", "setting": claim.INPUT[1], "seed": 0, "value": 30.0}]
    return {check.name.removeprefix("spiral_arms, mlp: 3 layers beat one"): check for check in claim.judge(pd.DataFrame(runs))}


def test_depth_is_held_against_one_layer_of_as_many_units_too():
    found = spiral([1.0] * 3, [0.5] * 3)
    depth = [found[which] for which in ("", " of 6 units")]
    assert [check.verdict for check in depth] == ["reproduced", "contradicted"]
    assert [check.effect for check in depth] == pytest.approx([9.09, -0.505])
    assert "weights: 27 and 15; in 0 of 3 seeds it errs more, in 3 less" in depth[0].sentence
    assert "weights: 27 and 39; in 3 of 3 seeds it errs more, in 0 less" in depth[1].sentence


def test_one_seed_far_out_leaves_the_mean_undecided_and_not_in_how_many_seeds_depth_helps():
    found = spiral([*[0.5] * 18, 11.0, 0.0], [0.0] * 20)
    assert found[" of 6 units"].verdict == "undecided"
    most = found[" of 6 units in most seeds"]
    assert (most.verdict, most.effect, most.low) == ("contradicted", 0, 0)
    assert most.high == pytest.approx(100 * (1 - 0.025 ** (1 / 20)), rel=1e-5), "Clopper and Pearson's interval of 0 of 20"
    assert "weights: 27 and 39; in 19 of 20 seeds it errs more, in 0 less" in most.sentence
    assert found[" in most seeds"].verdict == "reproduced"
    assert spiral([0.5] * 3, [0.0] * 3)[" of 6 units in most seeds"].verdict == "undecided", "three seeds are too few"
    lost = spiral([*[0.5] * 14, *[np.nan] * 6], [0.0] * 20)[" of 6 units in most seeds"]
    assert lost.verdict == "undecided" and "6 of 20 seeds diverged" in lost.sentence


@pytest.mark.parametrize("width, verdict", [(500, "undecided"), (1000, "contradicted")])
def test_a_layer_of_a_stack_below_full_size_contradicts_nothing(width, verdict):
    errors = {f"{stage}_{n}": [20, 21, 22] for stage in ("untrained", "trained") for n in (1, 2, 3)}
    errors |= {"pre_trained_1": [30, 31, 33], "pre_trained_2": [20, 21, 22], "pre_trained_3": [22, 23.1, 23.9]}
    count = 785 * width + 2 * (width + 1) * width + (width + 1) * 10
    runs = runs_of(raw=[40], **errors).assign(parameters=count)
    third = next(check for check in claim.judge(runs) if "pre-trained, layer 3 beats layer 2" in check.name)
    assert third.verdict == verdict and (f"{count:,} weights, the full budget's 2,797,010" in third.sentence) == (width < 1000)


def test_the_error_of_the_seed_that_is_drawn_stands_beside_the_mean():
    layer = ("spiral_arms", "mlp", claim.row("trained", 1))
    rows = [("test_error_pct", seed, error) for seed, error in ((3, 20.0), (4, 11.0), (5, 10.04))] + [("kernel_0", 3, 0.7)]
    runs = pd.DataFrame(rows, columns=["metric", "seed", "value"]).assign(dataset=layer[0], model=layer[1], setting=layer[2])
    assert claim._error_of_drawn(runs, layer) == "seed 3 errs on 20 %, mean of 3: 13.7 %"


def test_every_layer_has_the_same_probe_and_the_nets_are_the_same_in_all_their_trials():
    for budget in ("smoke", "quick", "hour", "full"):
        trials = list(claim.trials(Budget.named(budget, defaults=claim.SEEDS)))
        assert len({tuple(trial.recipe["strengths"]) for trial in trials}) == 1
        nets = {}
        for trial in trials:
            if trial.model != claim.INPUT[0] and trial.row not in claim.ALONE.values():
                training = {name: value for name, value in trial.recipe.items() if name not in layer_probes.PROBE}
                nets.setdefault((trial.dataset, trial.model), []).append(training)
        assert all(training == all_of[0] for all_of in nets.values() for training in all_of)

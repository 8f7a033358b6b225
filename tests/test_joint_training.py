"""joint_training: frozen layers stay, stages hand on exactly their weights, every way makes as many updates; its checks."""

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from zoo.errors import InvalidInput, UnknownName
from zoo.reproductions import joint_training as claim
from zoo.reproductions.harness import Budget, Trial
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.trainers import layerwise
from zoo.reproductions.trainers.data import Split, splits
from zoo.reproductions.trainers.patch_filters import learned_filters
from zoo.training.members import build_member
from zoo.training.order import host_order

MLP = {"widths": [6, 5], "input_dropout": 0}
CONVNET = {"blocks": [[3], [4]], "kernel": 3, "dense": 0}
SEEDS, RATES, BATCH = (3, 4), (0.01, 0.003), 20


@pytest.fixture(scope="module")
def train():
    return Split(*(np.array(part[:80]) for part in splits("digits")[0]))


def plan(way, model="mlp", epochs=6):
    return layerwise.stages(way, model, (8, 8), 10, MLP if model == "mlp" else CONVNET, epochs)


def hidden(net):
    """{name of a hidden layer: its weights without the statistics of its normalisation}."""
    return {
        layers[0].name: [weight.numpy() for layer in layers for weight in layer.weights if "moving" not in weight.path]
        for layers in layerwise.hidden_layers(net)
    }


def assert_equal(mine, theirs, names):
    for name in names:
        for a, b in zip(mine[name], theirs[name], strict=True):
            assert_array_equal(a, b)


@pytest.fixture(scope="module")
def ways(train):
    """{way: its populations, stage by stage, trained on digits}, of an mlp."""
    return {way: list(layerwise.trained(plan(way), train, SEEDS, RATES, BATCH)) for way in layerwise.WAYS}


def test_all_ways_start_from_the_same_weights():
    starts = {way: [hidden(build_member(build, 3)) for build, _ in plan(way)] for way in layerwise.WAYS}
    whole = starts["joint"][0]
    assert list(whole) == ["hidden_1", "hidden_2"]
    for nets in starts.values():
        for net in nets:
            assert_equal(net, whole, net)


def test_random_features_never_move_and_only_the_classifier_learns(ways):
    (population,) = ways["random"]
    for member in range(4):
        before = build_member(plan("random")[0][0], population.seeds[member])
        after = population[member]
        assert_equal(hidden(after), hidden(before), ["hidden_1", "hidden_2"])
        assert np.abs(after.get_layer("logits").kernel - before.get_layer("logits").kernel).max() > 1e-3
        statistics = after.get_layer("hidden_1_norm").moving_mean, before.get_layer("hidden_1_norm").moving_mean
        assert np.abs(statistics[0] - statistics[1]).max() > 1e-3, "the normalisation must see the data"


def test_all_layers_move_when_trained_together(ways):
    (population,) = ways["joint"]
    before, after = hidden(build_member(plan("joint")[0][0], 3)), hidden(population[0])
    for name in after:
        for a, b in zip(after[name], before[name], strict=True):
            assert np.abs(a - b).max() > 1e-3


@pytest.mark.parametrize("way", ["supervised", "unsupervised"])
def test_stages_hand_on_exactly_their_weights(ways, way):
    for below, above in zip(ways[way], ways[way][1:]):
        for member in range(4):
            learnt, kept = hidden(below[member]), hidden(above[member])
            assert_equal(kept, learnt, learnt)
    for height, population in enumerate(ways[way][:2], start=1):
        top = f"hidden_{height}"
        start = hidden(build_member(plan(way)[height - 1][0], 3))
        assert np.abs(hidden(population[0])[top][0] - start[top][0]).max() > 1e-3, "a stage learns its own layer"


def test_labels_do_not_reach_the_autoencoders(ways, train):
    turned = Split(train.x, train.y[::-1].copy())
    again = list(layerwise.trained(plan("unsupervised")[:2], turned, SEEDS, RATES, BATCH))
    for mine, theirs in zip(again, ways["unsupervised"]):
        assert_equal(hidden(mine[1]), hidden(theirs[1]), hidden(mine[1]))


def test_every_way_makes_as_many_updates_on_the_same_net(ways):
    for way, populations in ways.items():
        steps = [int(population._state["optimizer"][0][0]) for population in populations]
        assert sum(steps) == 6 * 4 and len(set(steps)) == 1, way
        assert [weight.shape for weight in populations[-1].template.weights] == [
            weight.shape for weight in ways["joint"][0].template.weights
        ]


def test_a_step_size_trains_as_it_would_alone(ways, train):
    alone = list(layerwise.trained(plan("supervised"), train, SEEDS[1:], RATES[1:], BATCH))
    for mine, theirs in zip(alone, ways["supervised"]):
        for a, b in zip(mine.get_weights(0), theirs.get_weights(3), strict=True):
            assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_a_stage_equals_keras_written_by_hand(ways, train):
    """The second supervised stage of seed 3: its first layer given and fixed, Adam under a cosine decay."""
    below, above = ways["supervised"]
    net = keras.Sequential(
        [
            keras.Input((8, 8)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(6, use_bias=False),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
            keras.layers.Dense(5, use_bias=False),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
            keras.layers.Dense(10),
        ]
    )
    net.set_weights(build_member(plan("supervised")[1][0], 3).get_weights())
    first, norm = [layer for layer in net.layers if layer.weights][:2]
    learnt = below[0]
    first.set_weights(learnt.get_layer("hidden_1").get_weights())
    norm.set_weights(learnt.get_layer("hidden_1_norm").get_weights())
    first.trainable = norm.gamma.trainable = norm.beta.trainable = False
    decay = keras.optimizers.schedules.CosineDecay(RATES[0], 3 * 4)
    net.compile(keras.optimizers.Adam(decay), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    for epoch in range(3):
        rows = host_order(3, epoch, len(train.x))
        net.fit(train.x[rows], train.y[rows], batch_size=BATCH, shuffle=False, verbose=0)
    for mine, theirs in zip(above.get_weights(0), net.get_weights(), strict=True):
        assert_allclose(mine, theirs, rtol=1e-3, atol=2e-5)


def test_filters_tell_the_two_kinds_of_patches_apart():
    """Images of an upright or a lying bar: what differs between the two, with either sign, is all that there is to find."""
    upright, lying = np.zeros((3, 3)), np.zeros((3, 3))
    upright[:, 1], lying[1, :] = 1, 1
    maps = np.stack([upright, lying, np.zeros((3, 3))] * 20)[..., None]
    kernels = learned_filters(maps, 3, 2, 60, seed=1)
    assert kernels.shape == (3, 3, 1, 2)
    first, second = kernels[:, :, 0].transpose(2, 0, 1)
    assert_allclose(np.sign(first[0, 1]) * first, (upright - lying) / 2, atol=1e-6)
    assert_allclose(first, -second, atol=1e-6)
    assert_array_equal(kernels, learned_filters(maps, 3, 2, 60, seed=1))
    assert not learned_filters(np.ones((5, 8, 8, 2)), 3, 4, 50, seed=0).any(), "nothing to learn from blank maps"


def test_a_convnet_keeps_its_learnt_filters(train):
    ((build, epochs),) = plan("unsupervised", "convnet", 2)
    weights = [layerwise.filtered_weights(build, train.x, 200, seed) for seed in SEEDS]
    (population,) = layerwise.trained([(build, epochs)], train, SEEDS, RATES[:1], BATCH, weights)
    for member, seed in enumerate(SEEDS):
        start, net = hidden(build_member(build, seed)), hidden(population[member])
        norms = [np.linalg.norm(net[name][0].reshape(-1, net[name][0].shape[-1]), axis=0) for name in net]
        assert all(norm == pytest.approx(1, rel=1e-5) for norm in norms)
        assert all(np.abs(net[name][0] - start[name][0]).max() > 0.1 for name in net)
        assert_array_equal(net["conv_1_1"][0], weights[member][0])


def test_the_step_size_is_chosen_on_validation_and_a_diverged_one_is_not():
    recipe = {"way": "supervised", "options": MLP, "n_train": 80, "n_test": 60, "epochs": 6, "batch_size": BATCH}
    trial = Trial("digits", "mlp", "tested", SEEDS, layerwise.train_layerwise, recipe | {"rates": [1e-6, 0.01]})
    runs = pd.DataFrame(layerwise.train_layerwise(trial, Report()))
    assert (runs[runs.metric == "step_size"].value == 0.01).all()
    assert (runs.updates == 24).all() and (runs.seconds > 0).all() and set(runs.seed) == set(SEEDS)
    lost = Trial("digits", "mlp", "tested", SEEDS, layerwise.train_layerwise, recipe | {"rates": [1e38], "way": "joint"})
    runs = pd.DataFrame(layerwise.train_layerwise(lost, Report()))
    assert runs[runs.metric == "test_error_pct"].value.isna().all()


@pytest.mark.parametrize(
    "way, model, epochs, error, match",
    [
        ("backwards", "mlp", 6, UnknownName, "no way to come by layers called 'backwards'"),
        ("joint", "lstm", 6, InvalidInput, "lstm can't be cut into stages; mlp and convnet can"),
        ("unsupervised", "mlp", 4, InvalidInput, "4 epochs can't be shared out to 3 stages; take a multiple of 3"),
        ("supervised", "mlp", 5, InvalidInput, "5 epochs can't be shared out to 2 stages"),
    ],
)
def test_bad_settings(way, model, epochs, error, match):
    with pytest.raises(error, match=match):
        layerwise.stages(way, model, (8, 8), 10, MLP | CONVNET, epochs)


@pytest.mark.parametrize("budget", ["smoke", "quick", "hour", "full"])
def test_every_budget_compares_the_same_nets_at_the_same_cost(budget):
    trials = claim.trials(Budget.named(budget, None, claim.SEEDS))
    for dataset, model in {(trial.dataset, trial.model) for trial in trials if trial.model in claim.MODELS}:
        mine = {trial.setting: trial.recipe for trial in trials if (trial.dataset, trial.model) == (dataset, model)}
        left_out = claim.ALSO_LONGER if budget == "quick" else ()
        assert set(mine) == {way for net, way in claim.ways() if net == model and way not in left_out}
        pairs = {claim.LONGER: claim.SUPERVISED, claim.RANDOM_LONGER: claim.RANDOM, claim.UNSUPERVISED_LONGER: claim.UNSUPERVISED}
        for way in pairs.keys() - {*left_out}:
            longer = mine.pop(way)
            assert longer == mine[pairs[way]] | {"epochs": claim.TIMES * mine[pairs[way]]["epochs"]}
        wide = [mine.pop(way) for way in claim.WIDE if way in mine]
        assert len({str(recipe | {"way": None}) for recipe in mine.values()}) == 1
        assert all(recipe | {"way": None, "options": None} == mine[claim.JOINT] | {"way": None, "options": None} for recipe in wide)
        assert all(len(recipe["options"]["widths"]) == 1 for recipe in wide) and len(wide) == (2 if model == "mlp" else 0)
        for recipe in (longer, *wide, *mine.values()):  # raises where the epochs can't be shared out
            layerwise.stages(recipe["way"], model, (28, 28), 10, recipe["options"], recipe["epochs"])
        (none,) = [trial.recipe for trial in trials if trial.row == (dataset, *claim.NO_LAYERS)]
        assert none["rates"] == longer["rates"] and (model != "mlp" or none["epochs"] == mine[claim.JOINT]["epochs"])


def runs_of(errors):
    """Runs of one net on MNIST with these errors by way, the other net 1 % worse in each."""
    rows = [
        {"dataset": "mnist", "model": model, "setting": way, "metric": "test_error_pct", "seconds": 2.0 + seed}
        | {"seed": seed, "value": value + worse}
        for model, worse in (("mlp", 1.0), ("convnet", 0.0))
        for way, values in errors.items()
        if (model, way) in claim.ways()
        for seed, value in enumerate(values)
    ]
    linear = dict(zip(("model", "setting"), claim.NO_LAYERS)) | {"seconds": 1.0, "metric": "test_error_pct", "dataset": "mnist"}
    return pd.DataFrame(rows + [linear | {"seed": seed, "value": 8.0 + 0.01 * seed} for seed in range(3)])


def test_checks_are_paired_over_seeds():
    runs = runs_of(
        {
            claim.RANDOM: [9.0, 9.2, 8.9],
            claim.SUPERVISED: [3.0, 3.1, 2.9],
            claim.UNSUPERVISED: [9.5, 9.8, 9.45],
            claim.JOINT: [2.5, 2.7, 2.45],
            claim.LONGER: [2.8, 2.9, 2.85],
            claim.WIDE_RANDOM: [2.3, 2.4, 2.2],
            claim.WIDE_UNSUPERVISED: [2.2, 2.0, 2.15],
            claim.RANDOM_LONGER: [8.0, 8.2, 7.9],
            claim.UNSUPERVISED_LONGER: [2.4, 2.65, 2.38],
        }
    )
    checks = {check.name: check for check in claim.judge(runs)}
    assert len(checks) == (11 + 4) + (8 + 2)
    assert checks[f"mnist convnet: {claim.JOINT} beats {claim.UNSUPERVISED_LONGER}"].verdict == "contradicted"
    wide = checks[f"mnist mlp: {claim.JOINT} beats {claim.WIDE_RANDOM}"]
    assert wide.verdict == "contradicted" and wide.effect == pytest.approx(-0.25, rel=1e-5)
    assert "the last stage alone" in checks[f"mnist mlp: {claim.WIDE_UNSUPERVISED} beats {claim.WIDE_RANDOM}"].sentence
    assert "the last stage alone" not in wide.sentence
    none = checks[f"control: mnist mlp: {claim.RANDOM} beats no hidden layers"]
    assert none.verdict == "contradicted" and none.effect == pytest.approx(8.01 - 30.1 / 3, rel=1e-5)
    together = checks[f"mnist mlp: {claim.JOINT} beats {claim.SUPERVISED}"]
    assert together.verdict == "reproduced" and together.effect == pytest.approx((0.5 + 0.4 + 0.45) / 3, rel=1e-5)
    weak = checks[f"mnist convnet: {claim.UNSUPERVISED} beats {claim.RANDOM}"]
    assert weak.effect < 0 and weak.verdict == "undecided", "both err more than no hidden layers"
    assert {row[2]: interval.estimate for row, _, interval in claim.summarise(runs)} == dict.fromkeys(claim.WAYS, 3.0) | {
        claim.NO_LAYERS[1]: 1.0
    }


def near(error):
    """Errors of three seeds."""
    return [error, 1.01 * error, 0.98 * error]


def checks_of_convnets(unsupervised, random):
    """Those of a ConvNet with these errors, where no hidden layers err by 8 %."""
    errors = {claim.RANDOM: random, claim.UNSUPERVISED: unsupervised, claim.JOINT: 2.5}
    found = claim.judge(runs_of({way: near(error) for way, error in errors.items()}))
    return {check.name.removeprefix("mnist convnet: "): check for check in found}


def test_what_unsupervised_layers_that_err_more_than_none_lose_is_undecided():
    pairs = f"{claim.JOINT} beats {claim.UNSUPERVISED}", f"{claim.UNSUPERVISED} beats {claim.RANDOM}"
    fair, weak, ahead = (checks_of_convnets(*errors) for errors in ((7.5, 7.0), (9.5, 7.0), (9.5, 12.0)))
    assert [fair[pair].verdict for pair in pairs] == ["reproduced", "contradicted"]
    assert [weak[pair].verdict for pair in pairs] == ["undecided", "undecided"]
    assert all("errs more than no hidden layers, 8.01 %, so its training may have failed" in weak[pair].sentence for pair in pairs)
    assert ahead[pairs[1]].verdict == "reproduced", "it wins all the same"


def test_random_layers_that_err_more_than_none_are_said_to():
    pair = f"{claim.JOINT} beats {claim.RANDOM}"
    weak, fair = (checks_of_convnets(7.0, random)[pair] for random in (12.0, 7.5))
    assert weak.verdict == fair.verdict == "reproduced"
    assert "(random features) errs more than no hidden layers, 8.01 %" in weak.sentence and "no hidden" not in fair.sentence


def test_times_of_each_session_have_markers_of_their_own():
    runs = runs_of({way: near(3.0) for way in (claim.JOINT, claim.LONGER)})
    styles = {}
    for commits in (("a", "a"), ("a", "b")):
        runs["commit"] = [commits[setting == claim.LONGER] for setting in runs.setting]
        axes = claim.draw(runs).axes[2]
        dots = [line for line in axes.lines if len(line.get_xdata())]
        styles[commits] = {line.get_fillstyle() for line in dots}
        sessions = [line.get_label() for line in axes.lines if "session" in line.get_label()]
        assert len(sessions) == len({*commits} - {"a"}) * 2
    assert [len(found) for found in styles.values()] == [1, 2]

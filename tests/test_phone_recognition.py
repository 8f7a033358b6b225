"""phone_recognition: windows and labelled minutes, every model on phones that are tones, Robinson's table, the checks."""

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from test_speech_data import write_recording

from zoo.datasets import fetch, load, mirrors, msu_ru_speech
from zoo.datasets.msu_ru_speech import build as voice
from zoo.errors import InvalidInput
from zoo.reproductions import phone_recognition as claim
from zoo.reproductions.harness import Budget, Trial, WithFiles
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.harness.published import matches
from zoo.reproductions.trainers import speech_baselines, speech_nets, vowel_table, vowels
from zoo.reproductions.trainers.arrays import packed, unpacked
from zoo.reproductions.trainers.speech import features, labelled_frames, speech
from zoo.reproductions.trainers.speech_baselines import Mixtures, fisher_directions, train_baseline
from zoo.reproductions.trainers.speech_nets import SHOWN, STRETCH, train_net
from zoo.reproductions.trainers.step_sizes import starts_of

PHONES = ("pau", "a", "s", "zz")
FRAMES = 248  # of a recording of two and a half seconds
NUMBERS = (1, 2, 3, 4, 12, 5, 16, 11, 22)  # five train, two validate, two test
SMALL = {"pool": 0.1, "validation": 0.05, "test": 0.06}
NET = {"speech": SMALL, "minutes": [0.02, 0.1], "epochs": [20, 12], "rates": [0.01], "batch_size": 20, "shown": False}


def tones(folder, number):
    """A recording whose phones are tones of their own in noise, half a second and less each."""
    random = np.random.RandomState(number)
    order, ends = random.permutation([0, 1, 2, 3, 0, 1]), np.cumsum([0.45, 0.4, 0.42, 0.41, 0.4, 0.42])
    write_recording(folder, number, 2.5, [(f"{end:.3f}", PHONES[phone]) for end, phone in zip(ends, order)])
    path = folder / voice.VOICE / "wav" / f"ru_{number:04}.wav"
    times = np.arange(40_000) / 16_000
    pitch = 500.0 * (1 + order[np.minimum(np.searchsorted(ends, times), 5)])
    samples = 3000 * np.sin(2 * np.pi * pitch * times) + 800 * random.standard_normal(40_000)
    path.write_bytes(path.read_bytes()[:44] + samples.astype("<i2").tobytes())


@pytest.fixture(scope="module", autouse=True)
def spoken(tmp_path_factory):
    """The cache holds, in place of msu_ru_speech, nine recordings of tones; all else comes from the shared cache."""

    def download(package, folder, tell, kept):
        for number in NUMBERS:
            tones(folder, number)

    folder = tmp_path_factory.mktemp("cache")
    shutil.copytree(fetch("deterding_vowels"), folder / "deterding_vowels")
    sizes = {"train": 5 * FRAMES, "validation": 2 * FRAMES, "test": 2 * FRAMES}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_DATA_DIR", str(folder))
        patch.setattr(mirrors, "apt_download", download)
        patch.setattr(msu_ru_speech, "INFO", dataclasses.replace(msu_ru_speech.INFO, sizes=sizes))
        patch.setattr(voice, "digest", lambda folder: voice.SHA256)
        speech.cache_clear()
        yield load("msu_ru_speech")
    speech.cache_clear()


def run(function, model, recipe, seeds=(0, 1)):
    """The rows that a trial leaves, as a table, and its files."""
    found = function(Trial("msu_ru_speech", model, "", seeds, function, recipe), Report())
    rows, files = (found.rows, found.files) if isinstance(found, WithFiles) else (found, {})
    return pd.DataFrame(rows), files


def test_windows_hold_a_frame_and_its_neighbours_standardised_over_the_training_pool(spoken):
    train, validation, test = speech("msu_ru_speech")
    assert train.x.shape == (5 * FRAMES, 11, 40, 3) and train.x.dtype == np.float32
    middle = train.x[:, 5]
    assert_allclose(middle.mean(axis=0), 0, atol=1e-4)
    assert_allclose(middle.std(axis=0), 1, atol=1e-4)
    raw, pool = features(np.asarray(spoken.test.x)), features(np.asarray(spoken.train.x))
    assert_allclose(test.x[:, 5], (raw - pool.mean(axis=0)) / pool.std(axis=0), atol=1e-4)
    # Frame 300 is in the middle of the second recording, 248 is its first one.
    assert_array_equal(train.x[300], middle[295:306])
    assert_array_equal(train.x[248], middle[[248] * 6 + [249, 250, 251, 252, 253]])
    assert_array_equal(validation.y, spoken.validation.y)


def test_a_part_of_the_speech_is_whole_recordings_and_the_same_for_all():
    train, _, test = speech("msu_ru_speech", **SMALL)
    assert [len(part.y) for part in (train, test)] == [600, 360]
    assert len(np.unique(train.utterances)) == 3
    assert speech("msu_ru_speech", **SMALL)[0].x is train.x and not train.x.flags.writeable


def test_a_seed_labels_whole_recordings_of_its_own_and_more_minutes_keep_them():
    utterances = np.repeat([4, 9, 2, 7], 100)
    few, many = (labelled_frames(utterances, minutes, seed=3) for minutes in (150 / 6000, 320 / 6000))
    assert_array_equal(many[:150], few)
    assert len(np.unique(many)) == 320
    assert len(np.unique(utterances[few[:100]])) == 1 and (np.diff(few[:100]) == 1).all()
    assert any(labelled_frames(utterances, 0.01, seed)[0] != few[0] for seed in range(5))
    for minutes in (0, 1):
        with pytest.raises(InvalidInput, match=f"0.1 minutes of speech to label, so {minutes} can't be"):
            labelled_frames(utterances, minutes, 0)


NOISE = {"corruption": "masking", "level": 0.25, "epochs": 2, "error": ["linear", "crossentropy"], "learning_rate": 1e-3}
NETS = {
    "linear": ("linear", {}, None),
    "random": ("autoencoder_stack", {"widths": [20, 20]}, None),
    "pre-trained": ("autoencoder_stack", {"widths": [20, 20]}, NOISE),
    "modern": ("mlp", {"widths": [20], "input_dropout": 0.1, "dropout": 0.2}, None),
    "convnet": ("convnet", {"blocks": [[4]], "dense": 10, "dropout": 0.0}, None),
    "lstm": ("lstm", {"units": 10, "layers": 1, "dropout": 0.0}, None),
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.backend] * (name == "pre-trained")) for name in NETS])
def test_every_net_learns_which_tone_a_frame_is_of(name):
    model, options, pretraining = NETS[name]
    rows, files = run(train_net, model, NET | {"options": options, "pretraining": pretraining, "shown": True})
    splits = ("test", "validation", "training")
    errors = {f"{split}_error_with_{m}_minutes_pct" for split in splits for m in (0.02, 0.1)}
    rates = {f"step_size_for_{m}_minutes" for m in (0.02, 0.1)}
    assert set(rows.metric) == errors | rates and sorted(rows.seed) == [0] * 8 + [1] * 8
    assert rows[rows.metric.isin(rates)].value.isin(NET["rates"]).all()
    few, many = (rows[rows.metric == f"training_error_with_{m}_minutes_pct"].value for m in (0.02, 0.1))
    assert (0 <= few).all() and (many < 30).all()
    most = rows[rows.metric == "test_error_with_0.1_minutes_pct"]
    # Four phones, so that guessing errs on three quarters; frames at borders hold two tones.
    assert (most.value < 15).all()
    assert (most.n_train == 600).all() and (most.n_test == 360).all() and (most.updates == 12 * 30).all()
    stretch = unpacked(files[STRETCH])
    assert stretch["log_mel"].shape == (SHOWN, 40)
    assert np.mean(stretch["predicted"] != stretch["phones"]) < 0.15


def test_pretraining_moves_the_start_and_sees_no_labels():
    model, options, _ = NETS["random"]
    trial = Trial("msu_ru_speech", model, "", (0,), train_net, NET | {"options": options})
    part = speech("msu_ru_speech", **SMALL)[0]
    build = speech_nets._build(trial, part._replace(y=None))
    random, trained = (starts_of(build, (0,), part.x, noise).weights[0] for noise in (None, NOISE))
    moved = [np.abs(a - b).max() for a, b in zip(random, trained, strict=True)]
    assert min(moved[:4]) > 1e-4, "kernels and biases of both layers"
    assert max(moved[4:]) == 0, "the classifier on top has seen nothing"


def test_the_step_size_is_that_which_validates_best():
    recipe = NET | {"options": {}, "pretraining": None, "minutes": [0.1], "epochs": [5]}
    both, alone = (run(train_net, "linear", recipe | {"rates": rates})[0] for rates in ([1e-6, 0.01], [0.01]))
    assert_allclose(both.value, alone.value, atol=0.3)
    useless = run(train_net, "linear", recipe | {"rates": [1e-6]})[0]
    assert useless.value.mean() > both.value.mean() + 10


def test_nets_that_diverge_have_no_errors():
    rows, _ = run(train_net, "linear", NET | {"options": {}, "pretraining": None, "rates": [1e38]})
    errors = rows[~rows.metric.str.startswith("step_size")]
    assert len(errors) == 12 and errors.value.isna().all()


BASELINES = {
    "gmm": ("cepstra", [{"components": most, "floor": 0.1} for most in (1, 4)]),
    "gmm projected": ("projected", [{"shrinkage": 0.1, "components": 1, "floor": 0.3}]),
    "lda": ("window", [{"shrinkage": 0.1}]),
    "knn": ("projected", [{"shrinkage": share, "neighbours": count} for share in (0.1, 0.3) for count in (1, 5)]),
}


@pytest.mark.parametrize("name", BASELINES)
def test_every_older_method_learns_which_tone_a_frame_is_of(name):
    kind, grid = BASELINES[name]
    recipe = {"speech": SMALL, "minutes": [0.02, 0.1], "features": kind, "grid": grid}
    rows, _ = run(train_baseline, name.split()[0], recipe)
    assert len(rows) == 4 * (2 + len(grid[0])) and set(rows.backend) == {"scikit-learn"}
    assert (rows[rows.metric == "test_error_with_0.1_minutes_pct"].value < 15).all()
    for setting in grid[0]:
        chosen = rows[rows.metric == f"{setting}_for_0.1_minutes"]
        assert len(chosen) == 2 and chosen.value.isin({tried[setting] for tried in grid}).all()


def test_the_setting_of_an_older_method_is_chosen_on_validation(monkeypatch):
    fitted, errors = [], {3: 30.0, 4: 10.0, 5: 20.0}
    speech_baselines._analysis.cache_clear()

    class Method:
        def __init__(self, components):
            self.value = components

        def fit(self, x, y):
            fitted.append((self.value, len(x)))
            return self

    monkeypatch.setattr(speech_baselines, "_method", lambda name, setting, seed: Method(**setting))
    monkeypatch.setattr(speech_baselines, "_error", lambda method, x, y: errors[method.value] + len(y) / 1000)
    grid = [{"components": value} for value in errors]
    rows, _ = run(train_baseline, "gmm", {"speech": SMALL, "minutes": [0.1], "features": "cepstra", "grid": grid}, seeds=(0,))
    assert fitted == [(3, 600), (4, 600), (5, 600)]
    found = dict(zip(rows.metric.str.split("_").str[0], rows.value))
    assert found == {"validation": 10.3, "test": 10.36, "components": 4}


def test_fishers_directions_tell_the_classes_apart_where_features_are_many():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    # Five classes differ in 4 of 200 features, 300 examples: all that is to be known lies in 4 directions.
    random = np.random.RandomState(0)
    y = np.repeat(np.arange(5), 60)
    x = random.standard_normal((300, 200))
    x[:, :4] += 3 * np.eye(5, 4)[y]
    analysis = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.3).fit(x, y)
    directions = fisher_directions(analysis, 40)
    assert directions.shape == (200, 4)
    assert_allclose(directions.T @ analysis.covariance_ @ directions, np.eye(4), atol=1e-8)
    # Nearest means in these directions decide as the analysis itself, of equal shares, does.
    means, points = analysis.means_ @ directions, random.standard_normal((100, 200)) @ directions
    nearest = np.argmin(((points[:, None] - means) ** 2).sum(-1), axis=1)
    random = np.random.RandomState(0)
    random.standard_normal((300, 200))
    assert_array_equal(nearest, analysis.predict(random.standard_normal((100, 200))))
    assert fisher_directions(analysis, 2).shape == (200, 2)
    assert_allclose(fisher_directions(analysis, 2), directions[:, :2])


def test_mixtures_know_shapes_and_shares_of_classes():
    random = np.random.RandomState(0)
    # Class 0 on both sides of class 1: one Gaussian for each class can't tell them apart, two can.
    sides = random.choice([-4, 4], 400)[:, None] + random.standard_normal((400, 1))
    x, y = np.vstack([sides, random.standard_normal((40, 1)), [[30.0]]]), np.repeat([0, 1, 5], [400, 40, 1])
    one, two = (Mixtures(components, 0.01, 0).fit(x, y) for components in (1, 2))
    assert np.mean(two.predict(x) != y) < 0.05 < np.mean(one.predict(x) != y)
    assert two.predict(np.array([[30.0]])) == [5], "a class of a single example"
    assert [len(mixture.means_) for mixture in Mixtures(100, 0.01, 0).fit(x, y).mixtures] == [40, 4, 1]
    # What is added to variances is a share of them, whatever the unit of a feature.
    noisy = np.hstack([x, random.standard_normal((441, 1))])
    found = [Mixtures(2, 0.3, 0).fit(noisy * unit, y).predict(noisy * unit) for unit in ([1, 1], [0.01, 100])]
    assert_array_equal(*found)
    # Where the likelihoods are equal, the more frequent class is the answer.
    flat = Mixtures(1, 0.01, 0).fit(np.vstack([sides, sides[:100]]), np.repeat([0, 1], [400, 100]))
    assert (flat.predict(np.zeros((3, 1))) == 0).all()


ROBINSON = {"knn": ({"n_neighbors": 1}, 100 * 202 / 462), "lda": ({}, 56), "qda": ({}, 53)}


@pytest.mark.parametrize("model", ROBINSON)
def test_methods_without_chance_give_the_published_errors_of_the_vowels(model):
    setting, published = ROBINSON[model]
    found = vowels.train_vowel_method(
        Trial("deterding_vowels", model, "", (0,), vowels.train_vowel_method, {"grid": [setting]}), Report()
    )
    tested = next(row for row in found if row["metric"] == "test_error_pct")
    assert tested["value"] == pytest.approx(published, abs=1e-9 if model == "knn" else 0.5)
    assert (tested["n_train"], tested["n_test"]) == (528, 462)


def test_gaussian_nodes_reproduce_their_examples_and_the_grid_is_chosen_on_validation():
    x, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 1, 2, 0])
    assert_array_equal(vowels.GaussianNodes(gamma=5.0, alpha=1e-6).fit(x, y).predict(x), y)
    grid = [{"gamma": 1e-9, "alpha": 1.0}, {"gamma": 1.0, "alpha": 0.1}]
    found = vowels.train_vowel_method(
        Trial("deterding_vowels", "rbf", "", (0,), vowels.train_vowel_method, {"grid": grid}), Report()
    )
    errors = {row["metric"]: row["value"] for row in found}
    assert errors["validation_error_pct"] < 70 and errors["test_error_pct"] < 60, "the flat Gaussian of the first errs on most"


def test_vowel_nets_take_the_step_size_and_epochs_of_the_held_out_speakers():
    recipe = {"options": {}, "epochs": 6, "rates": [1e-6, 0.05], "batch_size": 33}
    rows = pd.DataFrame(
        vowels.train_vowel_net(Trial("deterding_vowels", "linear", "", (0, 1, 2), vowels.train_vowel_net, recipe), Report())
    )
    values = {name: found.value.to_numpy() for name, found in rows.groupby("metric")}
    assert set(values["step_size"]) == {0.05} and len(set(values["epochs"])) == 1
    assert (rows.n_train == 528).all() and (rows.updates == 16 * values["epochs"][0]).all()
    assert (values["test_error_pct"] < 80).all(), "guessing errs on ten of eleven"


def speech_runs(errors, seeds=3):
    """A table of runs from {(row, minutes): mean error}, a little different for every seed."""
    rows = []
    for place, (((model, setting), minutes), value) in enumerate(errors.items()):
        for seed in range(seeds):
            off = 0.1 * seed + 0.0002 * place**2 * (seed - (seeds - 1) / 2)
            rows.append((claim.SPEECH, model, setting, seed, claim.metric("test", minutes), value + off))
    return pd.DataFrame(rows, columns=["dataset", "model", "setting", "seed", "metric", "value"])


def vowel_runs():
    rows = [(vowel_table.VOWELS, *vowel_table.NEIGHBOUR[1:], 0, "test_error_pct", 100 * 202 / 462)]
    rows.append((*vowel_table.NODES, 0, "test_error_pct", 37.2))
    nets = [("linear", ""), *(("mlp", setting) for setting in vowel_table.VOWEL_NETS)]
    for index, row in enumerate(nets):
        rows += [(vowel_table.VOWELS, *row, seed, "test_error_pct", 60 - 8 * index + seed) for seed in range(3)]
    return pd.DataFrame(rows, columns=["dataset", "model", "setting", "seed", "metric", "value"])


@pytest.fixture(scope="module")
def runs():
    """Random starts get worse with depth, pre-trained ones better; pre-training spares 5 points or more, then 1 or more."""
    errors = {(row, m): 40 for row in (claim.GMM, claim.GMM_PROJECTED, claim.LDA, claim.KNN, claim.LINEAR) for m in (0.5, 2)}
    errors |= {(row, m): 20 for row in (claim.CONVNET, claim.LSTM) for m in (0.5, 2)}
    for depth in (1, 3, 5):
        for m, gap in ((0.5, 5), (2, 1)):
            errors[claim.net("pre-trained", depth), m] = 30 - depth
            errors[claim.net("random", depth), m] = 30 + depth + gap
            errors[claim.net("scaled", depth), m] = 28.5
            errors[claim.net("modern", depth), m] = errors[claim.net("rectified", depth), m] = 30
    errors |= {(claim.longer("scaled", 5), 2): 28, (claim.longer("modern", 1), 2): 29, (claim.longer("modern", 5), 2): 25}
    return pd.concat([speech_runs(errors), vowel_runs()], ignore_index=True)


def test_checks_say_what_the_runs_say(runs):
    checks = {check.name: check for check in claim.judge(runs)}
    falls = "start, 2 minutes: error falls with depth"
    assert [checks[f"{start} {falls}"].effect for start in ("pre-trained", "random")] == pytest.approx([-1, 1])
    assert [checks[f"{start} {falls}"].verdict for start in ("pre-trained", "random")] == ["reproduced", "contradicted"]
    assert checks["modern start, longer, 2 minutes: error falls with depth"].effect == pytest.approx(-1)
    assert "scaled start, longer, 2 minutes: error falls with depth" not in checks  # one depth has no slope
    helps = checks["pre-training helps, 3 hidden layers, random start, 0.5 minutes"]
    assert helps.effect == pytest.approx(11) and helps.verdict == "reproduced"
    assert checks["pre-training helps, 5 hidden layers, random start, 2 minutes"].effect == pytest.approx(11)
    spared = [checks[f"pre-training helps, {layers}, scaled start, 2 minutes"] for layers in ("1 hidden layer", "5 hidden layers")]
    assert [check.effect for check in spared] == pytest.approx([-0.5, 3.5])
    assert [check.verdict for check in spared] == ["contradicted", "reproduced"]
    assert checks["pre-training helps, 5 hidden layers, 2 minutes, equal updates in all"].effect == pytest.approx(3)
    shrinks = checks["pre-training helps more with fewer labels, 5 hidden layers, random start"]
    assert shrinks.effect == pytest.approx(4) and shrinks.verdict == "reproduced"
    assert checks["pre-trained start, 5 hidden layers, beats gmm (cepstra of a frame), 2 minutes"].effect == pytest.approx(15)
    assert checks["modern start, 5 hidden layers, beats lstm (over 11 frames), 0.5 minutes"].verdict == "contradicted"
    assert checks["control: 260 of 462 vowels right, as published"].verdict == "reproduced"
    neighbour = [check for name, check in checks.items() if "knn nearest neighbour beats" in name]
    assert [check.effect > 0 for check in neighbour] == [True, True, True, False] and neighbour[1].low > 0
    nets = [check for name, check in checks.items() if f"beats {vowel_table.VOWELS}" in name and "nearest neighbour" not in name]
    assert len(nets) == len(vowel_table.VOWEL_NETS)
    assert all("undecided, because vowels of the same seven speakers" in check.sentence for check in (*neighbour, *nets))
    nodes = checks["nearest neighbour errs less than Gaussian nodes, as published"]
    assert nodes.high < 0 and nodes.verdict == "undecided" and "the same seven speakers are not independent" in nodes.sentence


def test_a_slope_over_depth_stands_beside_the_training_errors(runs):
    met = runs[runs.setting.str.startswith("random start") & (runs.metric == claim.metric("test", 2))]
    met = met.assign(metric=claim.metric("training", 2), value=met.value - 20)
    checks = {check.name: check for check in claim.judge(pd.concat([runs, met], ignore_index=True))}
    sentences = [checks[f"{start} start, 2 minutes: error falls with depth"].sentence for start in ("random", "modern")]
    assert "hidden layers are 32.1, 34.1, 36.1 %, those on the batches trained on 12.1, 14.1, 16.1 %. Slope" in sentences[0]
    assert "training" not in sentences[1]


def test_without_speech_the_verdicts_say_so():
    first = claim.judge(vowel_runs())[0]
    assert first.verdict == "undecided" and "zoo data fetch msu_ru_speech" in first.sentence


def test_figures_show_what_was_run(runs):
    whole, vowels_only = claim.draw(runs), claim.draw(vowel_runs())
    assert [len(figure.axes) for figure in (whole, vowels_only)] == [4, 1]
    depths = whole.axes[0]
    lines = {line.get_label(): line.get_ydata() for line in depths.lines}
    assert_allclose(lines["pre-trained start"], [29.1, 27.1, 25.1])
    assert_allclose(lines["modern start, longer"], [29.1, 25.1])
    curves = {line.get_label(): line for line in whole.axes[1].lines}
    assert curves["modern start, 5 hidden"].get_color() == curves["modern start, longer, 5 hidden"].get_color()
    assert "scaled start, longer, 1 hidden" not in curves
    published = [line for line in whole.axes[3].lines if line.get_marker() == "D"]
    assert sorted(float(line.get_ydata()[0]) for line in published) == [44, 45, 49, 67]


def test_the_picture_marks_what_is_heard_wrong():
    stretch = {"log_mel": np.zeros((SHOWN, 40), np.float16), "phones": np.repeat([0, 5, 31], 100)}
    stretch["predicted"] = np.where(np.arange(SHOWN) < 75, 7, stretch["phones"])
    row = (claim.SPEECH, *claim.net("random", 1))
    figure = claim.illustrate({row: {STRETCH: packed(stretch)}, (claim.SPEECH, "lda", ""): {}})["spectrogram.png"]
    assert len(figure.axes) == 3 and "25 % of these wrong" in figure.axes[2].get_ylabel()
    assert [text.get_text() for text in figure.axes[1].texts] == ["a", "bb", "pau"]
    assert claim.illustrate({row: {}}) == {}


@pytest.mark.parametrize("name", claim.SIZES)
def test_models_that_are_compared_get_the_same(name):
    budget = Budget.named(name, None, claim.SEEDS)
    trials = [trial for trial in claim.trials(budget) if trial.dataset == claim.SPEECH]
    assert all(trial.optional for trial in trials)
    assert {len(trial.seeds) for trial in trials} == {3 if name == "quick" else 5}
    assert len({str(trial.recipe["speech"]) for trial in trials}) == 1
    longer = {trial.row[1:]: trial.recipe for trial in trials if trial.setting.endswith("longer")}
    stacks = [(start, depth) for start in ("scaled", "modern") for depth in (1, 6 if name == "full" else 4)]
    assert set(longer) == {claim.longer(*stack) for stack in (stacks[1:2] if name == "quick" else stacks)}
    taught = {"quick": ([2], [6]), "hour": ([10], [8]), "full": ([2, 10, 80], [40, 16, 5])}[name]
    dearest = [trial for trial in trials if trial.model == "convnet" or trial.model == "lstm" and name == "quick"]
    assert all((trial.recipe["minutes"], trial.recipe["epochs"]) == taught for trial in dearest)
    apart = {*longer, *(trial.row[1:] for trial in dearest)}
    nets = [trial.recipe for trial in trials if trial.run is train_net and trial.row[1:] not in apart]
    for setting in ("batch_size", "minutes", "epochs"):
        assert len({str(recipe[setting]) for recipe in nets}) == 1
    stacks = [trial.recipe for trial in trials if trial.model == "autoencoder_stack"]
    others = [trial.recipe for trial in trials if trial.run is train_net and trial.model != "autoencoder_stack"]
    for same in (stacks, others):  # sigmoid units take larger steps
        assert len({str(recipe["rates"]) for recipe in same}) == 1
    assert max(others[0]["rates"]) == min(stacks[0]["rates"])
    wide = {trial.setting for trial in trials if "initialiser" in trial.recipe.get("options", {})}
    assert wide == {trial.setting for trial in trials if trial.setting.startswith("scaled start")}
    random, pretrained = ((claim.SPEECH, *claim.net(start, 6 if name == "full" else 4)) for start in ("random", "pre-trained"))
    (deepest,) = [trial.recipe for trial in trials if trial.row == pretrained]
    pool, most = deepest["speech"]["pool"] or 80, deepest["minutes"][-1]
    before = deepest["pretraining"]["epochs"] * len(deepest["options"]["widths"]) * pool  # in minutes that were gone through
    for model, setting in longer:
        recipe, (short,) = longer[model, setting], [t.recipe for t in trials if f"{t.setting}, longer" == setting]
        assert recipe["minutes"] == [most] and recipe["epochs"][0] * most == before + deepest["epochs"][-1] * most
        assert recipe["options"] == short["options"]
    for row, published in ((random, 1), (pretrained, 3)):
        assert len(matches("phone_recognition", claim.PUBLISHED, row, claim.metric("test", most))) == published
    assert {recipe["options"]["widths"][0] for recipe in stacks} == {{"quick": 128, "hour": 256, "full": 512}[name]}
    assert sum(recipe["shown"] for recipe in nets) == 4

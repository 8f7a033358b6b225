"""What phone_recognition trains: windows and labelled minutes, every model on phones that are tones, Robinson's table."""

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
from zoo.reproductions.harness import Trial, WithFiles
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.trainers import speech_baselines, speech_nets, vowels
from zoo.reproductions.trainers.arrays import unpacked
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
    speech_baselines._analysis.cache_clear()


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


# An analysis of 1,320 features takes seconds and is kept: tests that take the same shares share them.
SHARES = (0.1, 1.0)
BASELINES = {
    "gmm": ("cepstra", [{"components": most, "floor": 0.1} for most in (1, 4)]),
    "gmm projected": ("projected", [{"shrinkage": 0.1, "components": 1, "floor": 0.3}]),
    "lda": ("window", [{"shrinkage": share} for share in SHARES]),
    "knn": ("projected", [{"shrinkage": share, "neighbours": count} for share in SHARES for count in (1, 5)]),
}


@pytest.mark.parametrize("name", BASELINES)
def test_every_older_method_learns_which_tone_a_frame_is_of(name):
    kind, grid = BASELINES[name]
    seeds = (0, 1) if "gmm" in name else (0,)  # which all go through in the same way
    recipe = {"speech": SMALL, "minutes": [0.02, 0.1], "features": kind, "grid": grid}
    rows, _ = run(train_baseline, name.split()[0], recipe, seeds)
    assert len(rows) == 2 * len(seeds) * (2 + len(grid[0])) and set(rows.backend) == {"scikit-learn"}
    assert (rows[rows.metric == "test_error_with_0.1_minutes_pct"].value < 15).all()
    for setting in grid[0]:
        chosen = rows[rows.metric == f"{setting}_for_0.1_minutes"]
        assert [*chosen.seed] == [*seeds] and chosen.value.isin({tried[setting] for tried in grid}).all()


def test_the_setting_of_an_older_method_is_chosen_on_validation(monkeypatch):
    fitted, errors = [], {3: 30.0, 4: 10.0, 5: 20.0}

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


def test_the_shrinkage_is_chosen_on_validation_too(monkeypatch):
    errors, recipe = {0.1: 30.0, 0.3: 10.0, 1.0: 20.0}, {"speech": SMALL, "minutes": [0.1], "features": "window"}
    monkeypatch.setattr(speech_baselines, "_error", lambda method, x, y: errors[method.shrinkage] + len(y) / 1000)
    rows, _ = run(train_baseline, "lda", recipe | {"grid": [{"shrinkage": share} for share in errors]}, seeds=(0,))
    found = dict(zip(rows.metric.str.split("_").str[0], rows.value))
    assert found == {"validation": 10.3, "test": 10.36, "shrinkage": 0.3}


def test_neighbours_are_near_in_the_directions_of_their_shrinkage():
    trial = Trial("msu_ru_speech", "knn", "", (0,), train_baseline, {"speech": SMALL, "features": "projected"})
    train, _, test = speech("msu_ru_speech", **SMALL)
    x, held_out, spent = train.x.reshape(600, -1), test.x.reshape(360, -1), {}
    for share in SHARES:
        project, method, _ = speech_baselines._fitted(trial, 0.1, 0, {"shrinkage": share, "neighbours": 1}, x, train.y, spent)
        analysis, directions, _ = speech_baselines._analysis("msu_ru_speech", tuple(SMALL.items()), 0.1, 0, share)
        assert analysis.shrinkage == share and directions.shape == (1320, 3)
        assert_allclose(project(held_out), held_out @ directions)
        assert_array_equal(method.predict(project(x)), train.y)
    assert tuple(spent) == SHARES and min(spent.values()) > 0


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
    spread = [Mixtures(1, floor, 0).fit(x, y).mixtures[0].covariances_ for floor in (0.1, 0.6)]
    assert_allclose(spread[1] - spread[0], 0.5, atol=1e-6)
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
    assert tested["losses"].shape == (7,) and tested["losses"].mean() == pytest.approx(tested["value"])


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
    each = np.stack(rows[rows.metric == "test_error_pct"].losses.tolist())
    assert each.shape == (3, 7) and np.allclose(each.mean(axis=1), values["test_error_pct"]) and (each.std(axis=1) > 0).all()


def test_the_test_s_frames_come_speaker_by_speaker_six_of_each_word():
    words = load("deterding_vowels").test.y.reshape(vowels.SPEAKERS, 6, 11)
    assert (words == np.arange(11)).all()
    costs = vowels.by_speaker(np.arange(462.0)[None])
    assert_array_equal(costs[0], 32.5 + 66 * np.arange(7))

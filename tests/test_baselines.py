"""The two shallow baselines: HOG as scikit-image has it, and pair by pair the very machine that scikit-learn's SVC fits."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.svm import SVC

from zoo.datasets import load
from zoo.errors import InvalidInput
from zoo.reproductions.harness import Trial
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.trainers.hog import hog_features
from zoo.reproductions.trainers.kernel import train_svm
from zoo.reproductions.trainers.processes import in_processes
from zoo.reproductions.trainers.svm import decisions, fit, rbf_svm, vote

SMALL_GRID = {"C": (1.0, 10.0), "gamma": (0.01, 0.05)}


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def splits(digits):
    return (digits.train.x[:600], digits.train.y[:600]), tuple(digits.validation), tuple(digits.test)


def flat(x):
    return np.asarray(x, float).reshape(len(x), -1) / 255


@pytest.mark.parametrize(("C", "gamma"), [(0.1, 0.05), (10.0, 0.02), (10.0, 0.5)])
def test_pairs_make_the_machine_of_scikit_learn(digits, C, gamma):
    (x, y), of = digits.train, digits.test.x
    whole = SVC(C=C, gamma=gamma, decision_function_shape="ovo").fit(flat(x), y)
    (machine,) = fit(x, y, [(C, gamma)], processes=1)
    # libsvm stops at a tolerance of 0.001, so an example at the edge may be a support vector of one and not of the other
    assert len(np.setxor1d(np.flatnonzero(machine.coef.any(axis=1)), whole.support_)) <= 2
    (values,) = decisions([machine], x, of)
    assert np.abs(values - whole.decision_function(flat(of))).max() < 1e-4
    assert np.array_equal(vote(values, np.unique(y)), whole.predict(flat(of)))


def test_settings_may_come_in_any_order(digits):
    x, y = digits.train.x[:300], digits.train.y[:300]
    settings = [(1.0, 0.02), (1.0, 0.05), (10.0, 0.02), (10.0, 0.05)]  # the last gamma comes before others
    for setting, machine in zip(settings, fit(x, y, settings, processes=1), strict=True):
        assert np.array_equal(machine.coef, fit(x, y, [setting], processes=1)[0].coef)


def test_two_classes_have_the_right_sign(digits):
    rows = np.isin(digits.train.y, (3, 8))
    x, y = digits.train.x[rows], digits.train.y[rows]
    (values,) = decisions(fit(x, y, [(10.0, 0.05)], processes=1), x, x)
    assert np.mean(vote(values, np.array([3, 8])) == y) > 0.99


def test_ties_go_to_the_first_class():
    # three classes, each beating one other: libsvm keeps the first
    assert vote(np.array([[1.0, -1.0, 1.0]]), np.array([4, 5, 6])).tolist() == [4]
    # a value of 0 is a vote for the second class of its pair
    assert vote(np.array([[0.0, -1.0, 1.0]]), np.array([4, 5, 6])).tolist() == [5]


def test_selection_is_on_validation(splits):
    train, validation, test = splits
    found = rbf_svm(train, validation, test, SMALL_GRID, select_on=300, processes=1)
    tuning = found["tuning"]
    assert tuning["n_train"] == 300 and len(tuning["results"]) == 4
    best = min(tuning["results"], key=lambda result: result["validation_error_pct"])
    assert (found["C"], found["gamma"]) == (best["C"], best["gamma"])
    whole = SVC(C=found["C"], gamma=found["gamma"]).fit(flat(train[0]), train[1])
    for split, metric in ((validation, "validation_error_pct"), (test, "test_error_pct")):
        assert found[metric] == pytest.approx(100 * np.mean(whole.predict(flat(split[0])) != split[1]))
    assert abs(found["support_vectors"] - len(whole.support_)) <= 2
    # what SVC keeps: the support vectors, for each one coefficient per other class, an intercept per pair
    assert found["parameters"] == found["support_vectors"] * (64 + 9) + 45
    assert (found["n_train"], found["n_validation"], found["n_test"]) == (600, len(validation[1]), len(test[1]))
    np.testing.assert_array_equal(found.pop("wrong"), whole.predict(flat(test[0])) != test[1])
    json.dumps(found)


@pytest.mark.parametrize("gamma", [0.01, 0.2])
def test_a_trial_of_the_machine_is_one_of_its_recipe(splits, digits, gamma):
    recipe = {"n_train": 600, "n_test": None, "grid": {"C": [3.0], "gamma": [gamma]}, "select_on": 300}
    trial = Trial("digits", "kernel_machine", "exact", (7,), train_svm, recipe, 1)
    rows = {row["metric"]: row for row in trial.run(trial, Report())}
    expected = SVC(C=3.0, gamma=gamma).fit(flat(splits[0][0]), splits[0][1])
    for metric, split in (("validation_error_pct", digits.validation), ("test_error_pct", digits.test)):
        assert rows[metric]["value"] == pytest.approx(100 * np.mean(expected.predict(flat(split.x)) != split.y))
    assert rows["gamma"]["value"] == gamma and {row["seed"] for row in rows.values()} == {7}


def test_test_labels_decide_nothing(splits):
    train, validation, test = splits
    honest = rbf_svm(train, validation, test, SMALL_GRID, select_on=200, processes=1)
    fooled = rbf_svm(train, validation, (test[0], (test[1] + 1) % 10), SMALL_GRID, select_on=200, processes=1)
    same = ("C", "gamma", "validation_error_pct", "support_vectors")
    assert [honest[name] for name in same] == [fooled[name] for name in same]
    assert fooled["test_error_pct"] > 90 > honest["test_error_pct"]


def test_processes_change_nothing_and_know_no_network_library(digits):
    """In an own interpreter with JAX at work, warnings raised as errors: neither a fork nor what it leaks goes unseen."""
    script = """
import numpy as np, sys
import jax.numpy as jnp
jnp.ones(3).sum().block_until_ready()
from zoo.datasets import load
from zoo.reproductions.trainers.hog import hog_features
from zoo.reproductions.trainers.kernel import train_svm
from zoo.reproductions.trainers.processes import in_processes
from zoo.reproductions.trainers.svm import fit
x, y = (values[:300] for values in load("digits").train)
alone, together = (fit(x, y, [(10.0, 0.05)], processes=n)[0] for n in (1, 2))
assert np.array_equal(alone.coef, together.coef) and np.array_equal(alone.intercept, together.intercept)
assert np.array_equal(hog_features(x, processes=1), hog_features(x, processes=2))
# Either process may have done all of the work so far: each brings in what the work needs before it is asked.
work = "zoo.reproductions.trainers.hog", "zoo.reproductions.trainers.svm", "sklearn.svm", "skimage.feature"
for names in in_processes(eval, [(f"[__import__(name) for name in {work}] and sorted(__import__('sys').modules)",)] * 2, 2):
    assert "sklearn" in names and "skimage" in names
    assert not {"jax", "keras", "tensorflow", "torch"} & set(names)
assert "tensorflow" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_calls_keep_their_order():
    assert in_processes(pow, [(n, 2) for n in range(5)], processes=1) == [0, 1, 4, 9, 16]
    assert in_processes(pow, [], processes=2) == []


def test_a_process_that_is_started_anew_is_no_news():
    with pytest.warns(UserWarning) as seen:
        for text in ("A worker stopped while some jobs were given to the executor.", "something else"):
            in_processes(warnings.warn, [(text,)], processes=1)
    assert [str(warning.message) for warning in seen] == ["something else"]


def test_hog_is_the_published_descriptor():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 28, 28), np.uint8)
    features = hog_features(images, processes=1)
    assert features.shape == (3, 1296) and features.dtype == np.float32
    # 6x6 blocks of 2x2 cells with 9 orientations, each of unit length
    assert np.allclose(np.linalg.norm(features.reshape(3, 36, 36), axis=2), 1, atol=1e-4)
    # contrast normalisation: half the contrast, the same features
    assert np.allclose(hog_features(images / 2 + 40, processes=1), features, atol=1e-4)


def test_hog_of_colours_takes_the_strongest_gradient_of_each_pixel():
    images = np.random.RandomState(0).randint(0, 256, (2, 16, 16, 3), "uint8")
    assert np.allclose(hog_features(np.repeat(images[..., :1], 3, axis=3), 1), hog_features(images[..., 0], 1), atol=1e-6)
    colour = np.zeros_like(images)
    colour[..., 1] = images[..., 1]
    assert np.allclose(hog_features(colour, 1), hog_features(images[..., 1], 1), atol=1e-6)


def test_hog_sees_orientation():
    image = np.zeros((1, 8, 8))
    image[:, :, 4:] = 255
    upright = hog_features(image, processes=1).reshape(4, 9).sum(axis=0)
    lying = hog_features(image.transpose(0, 2, 1), processes=1).reshape(4, 9).sum(axis=0)
    assert upright.argmax() != lying.argmax()
    assert np.count_nonzero(upright) == np.count_nonzero(lying) == 1


def test_mistakes_are_explained(digits):
    with pytest.raises(InvalidInput, match="at least 8x8"):
        hog_features(np.zeros((5, 784)))
    with pytest.raises(InvalidInput, match="at least one image"):
        hog_features(np.zeros((0, 28, 28)))
    with pytest.raises(InvalidInput, match="two classes"):
        fit(digits.train.x[:5], np.zeros(5, int), [(1.0, 0.1)], processes=1)
    with pytest.raises(InvalidInput, match="grid"):
        rbf_svm(digits.train, digits.validation, digits.test, {"C": (), "gamma": (1,)}, select_on=100)

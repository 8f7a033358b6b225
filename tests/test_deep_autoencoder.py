"""deep_autoencoder: errors against arithmetic done by hand, the chosen step size, what the checks claim, what is drawn."""

import numpy as np
import pandas as pd
import pytest

from zoo.datasets import load
from zoo.errors import InvalidInput
from zoo.reproductions import deep_autoencoder as claim
from zoo.reproductions.harness import Trial
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.harness.trial import Budget
from zoo.reproductions.trainers import autoencoders
from zoo.reproductions.trainers.arrays import unpacked
from zoo.reproductions.trainers.autoencoders import PrincipalComponents, choose_rate, errors_on, learn
from zoo.reproductions.trainers.step_sizes import TUNING_SEED


def test_principal_components_find_what_varies():
    """Images that differ from their mean along one direction, and a little along another."""
    x = np.array([[[0, 0, 51]], [[102, 0, 51]], [[0, 51, 51]], [[102, 51, 51]]], "uint8")
    errors = [PrincipalComponents(x, components).squared_error(x) for components in (0, 1, 2)]
    assert errors == pytest.approx([0.2**2 + 0.1**2, 0.1**2, 0], abs=1e-12)
    one = PrincipalComponents(x, 1)
    assert np.abs(one.codes(x)[:, 0]) == pytest.approx([0.2] * 4)
    assert one.reconstructions(x)[0] * 255 == pytest.approx(np.array([[0, 25.5, 51]]))
    with pytest.raises(InvalidInput, match="4 images of 3 pixels have 0 to 3 components, not 4"):
        PrincipalComponents(x, 4)


def test_principal_components_are_scikit_learns():
    from sklearn.decomposition import PCA

    train, test = (load("digits").train.x, load("digits").test.x)
    flat = [images.reshape(len(images), -1) / 255 for images in (train, test)]
    theirs = PCA(6, svd_solver="full").fit(flat[0])
    error = ((theirs.inverse_transform(theirs.transform(flat[1])) - flat[1]) ** 2).sum(axis=1).mean()
    assert PrincipalComponents(train, 6).squared_error(test) == pytest.approx(error, rel=1e-9)


def test_thirty_principal_components_err_on_mnist_as_published():
    mnist = load("mnist")
    assert PrincipalComponents(mnist.train.x, 30).squared_error(mnist.test.x) == pytest.approx(13.87, abs=0.01)


RECIPE = {
    "n_train": 200, "select_on": None, "widths": [8], "code": 2, "activation": "sigmoid", "start": "old uniform",
    "optimizer": "adam", "rates": [1e-9, 0.02, 1e-8], "epochs": 80, "batch_size": 20, "pretraining": None,
}
DIGITS = load("digits")


def trained(**changes):
    trial = Trial("digits", "deep_autoencoder", "tested", (0, 1), autoencoders.train_autoencoder, RECIPE | changes)
    return autoencoders.train_autoencoder(trial, Report())


def test_the_step_size_is_the_one_that_validates_best_and_none_that_diverges():
    x, validation = DIGITS.train.x[:200], DIGITS.validation.x
    tried, _ = learn(RECIPE, RECIPE["rates"], [TUNING_SEED], x)
    errors = errors_on(tried, validation)
    assert errors[1] < min(errors[0], errors[2])
    assert choose_rate(RECIPE, x, validation) == 0.02
    assert choose_rate(RECIPE | {"optimizer": "sgd", "rates": [1e38, 0.1]}, x, validation) == 0.1


def test_the_choice_is_made_on_the_first_images(monkeypatch):
    seen = []
    monkeypatch.setattr(autoencoders, "choose_rate", lambda recipe, x, validation: seen.append(x) or 0.02)
    rows = pd.DataFrame(trained(select_on=50, epochs=1).rows)
    np.testing.assert_array_equal(seen[0], DIGITS.train.x[:50])
    assert set(rows.n_train) == {200}


def test_a_net_is_reported_in_its_best_step_size_with_its_pictures():
    pretraining = {"epochs": 5, "learning_rate": 0.01, "corruption": None}
    found = trained(pretraining=pretraining)
    runs = pd.DataFrame(found.rows)
    assert set(runs[runs.metric == "step_size"].value) == {0.02}
    errors = runs[runs.metric == "squared_error"].value
    blank = PrincipalComponents(DIGITS.train.x, 0).squared_error(DIGITS.test.x)
    assert (errors < blank).all() and errors.nunique() == 2
    pictures = unpacked(found.files[autoencoders.PICTURES])
    assert pictures["originals"].shape == pictures["reconstructions"].shape == (10, 8, 8)
    firsts = [np.flatnonzero(DIGITS.test.y == k)[0] for k in range(10)]
    np.testing.assert_array_equal(pictures["originals"], DIGITS.test.x[firsts])
    assert pictures["codes"].shape == (300, 2) and pictures["labels"].shape == (300,)
    assert pictures["reconstructions"].std() > 10


def runs_of(errors, n_train=10_000):
    """Runs on MNIST with the error of each seed of some rows."""
    rows = []
    for row, by_seed in errors.items():
        for seed, value in enumerate(by_seed):
            names = dict(zip(("dataset", "model", "setting"), row))
            rows.append(names | {"metric": "squared_error", "seed": seed, "value": value, "n_train": n_train})
    return pd.DataFrame(rows)


def net(name):
    return claim._net("mnist", name)


ERRORS = {
    claim._pca("mnist", 0): [52.0],
    claim._pca("mnist", 30): [13.868],
    claim._logistic("mnist", 30): [8.0, 8.1, 8.2],
    net("pre-trained, momentum"): [6.0, 6.1, 6.2],
    net("start of 2006, momentum"): [51.0, 51.1, 51.2],
    net("modern start, Adam"): [3.0, 3.1, 3.2],
}


def test_checks_and_their_sides():
    checks = {check.name: check for check in claim.judge(runs_of(ERRORS))}
    verdicts = {name.removeprefix("mnist: "): check.verdict for name, check in checks.items()}
    assert verdicts == {
        "pre-trained, momentum, beats principal components": "reproduced",
        "pre-trained, momentum, beats logistic PCA": "reproduced",
        "modern start, Adam, beats principal components": "reproduced",
        "modern start, Adam, beats logistic PCA": "reproduced",
        "pre-training helps, momentum": "reproduced",
        "pre-training, momentum, beats a modern start": "contradicted",
        "the start of 2006 collapses, momentum": "reproduced",
        "principal components as published": "reproduced",
    }
    assert checks["mnist: pre-training helps, momentum"].effect == pytest.approx(45)
    assert checks["mnist: the start of 2006 collapses, momentum"].effect == pytest.approx(51.1 / 52, rel=1e-4)


def test_a_start_that_escapes_and_a_wrong_metric_are_contradictions():
    wrong = ERRORS | {net("start of 2006, momentum"): [21.0, 22.0, 23.0], claim._pca("mnist", 30): [14.5]}
    verdicts = {check.name: check.verdict for check in claim.judge(runs_of(wrong))}
    assert verdicts["mnist: the start of 2006 collapses, momentum"] == "contradicted"
    assert verdicts["mnist: principal components as published"] == "contradicted"


def test_with_all_images_the_published_errors_are_what_is_to_be_reached():
    errors = ERRORS | {net("pre-trained, Adam"): [2.8, 2.82, 2.85]}
    names = {"mnist deep_autoencoder pre-trained, Adam reaches 3", "mnist: logistic PCA as published"}
    assert not names & {check.name for check in claim.judge(runs_of(errors))}
    verdicts = {check.name: check.verdict for check in claim.judge(runs_of(errors, n_train=50_000))}
    assert {verdicts[name] for name in names} == {"reproduced"}
    far = {check.name: check.verdict for check in claim.judge(runs_of(errors | {claim._logistic("mnist", 30): [9, 9.1, 9.2]}, 50_000))}
    assert far["mnist: logistic PCA as published"] == "contradicted"
    curves = runs_of({claim._net("curves", "pre-trained, Adam"): [1.2, 1.25, 1.3]}, n_train=20_000)
    (reached,) = claim.judge(curves)
    assert (reached.name, reached.verdict) == ("curves deep_autoencoder pre-trained, Adam reaches 1.44", "reproduced")


def test_the_compared_nets_differ_in_their_pretraining_alone():
    for budget in ("quick", "hour", "full"):
        recipes = {trial.row: trial.recipe for trial in claim.trials(Budget.named(budget, defaults=claim.SEEDS))}
        for descent in ("momentum", "Adam"):
            first, second = (recipes.get(net(f"{start}, {descent}")) for start in ("pre-trained", "start of 2006"))
            assert first["pretraining"]
            # Under Adam the quick budget has no time for the second.
            assert first | {"pretraining": None} == second or (budget, descent, second) == ("quick", "Adam", None)
        tuned = [recipe for recipe in recipes.values() if "rates" in recipe]
        assert {len(recipe["rates"]) for recipe in tuned} == {4}, "all have the same tuning budget"
        for recipe in tuned:
            assert recipe["rates"] == claim.RATES[recipe["optimizer"]]


def test_pictures_are_drawn_of_what_the_trials_leave():
    train, test = load("digits").train, load("digits").test
    left = {"pictures.npz": autoencoders._pictures(PrincipalComponents(train.x, 2), test)}
    pictures = claim.illustrate({claim._pca("digits", 2): left, claim._pca("digits", 0): {}})
    assert set(pictures) == {"reconstructions_digits.png", "codes_of_two_numbers_digits.png"}
    assert len(pictures["reconstructions_digits.png"].axes) == 2

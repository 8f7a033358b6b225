"""The trainer of whole classifiers: its learning rate comes from validation, and everything else from the recipe."""

import numpy as np
import pytest

from zoo.datasets import load
from zoo.errors import InvalidInput
from zoo.reproductions.harness import Trial
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.trainers import classifier
from zoo.reproductions.trainers.classifier import TUNING_SEED, choose_rate, recipe, train_classifier
from zoo.training.recipe import errors_of, train_population

DIGITS = load("digits")
SETTINGS = {"options": {"widths": [24], "input_dropout": 0}, "epochs": 4, "batch_size": 50}
RATES = (1e-6, 1e-2, 1e-5)


def values_of(rows):
    return {(row["metric"], row["seed"]): row["value"] for row in rows}


def measured(**changes):
    settings = recipe(**SETTINGS | {"rates": RATES, "select_on": None} | changes)
    trial = Trial("digits", "mlp", "small", (3, 4), train_classifier, settings, 1)
    return trial.run(trial, Report())


def test_the_seeds_are_trained_by_the_step_size_that_validates_best():
    rows = measured()
    values = values_of(rows)
    assert {values["step_size", seed] for seed in (3, 4)} == {1e-2}
    alone = train_population("mlp", 10, *DIGITS.train, SETTINGS | {"learning_rate": 1e-2}, (3, 4), verbose=False)
    for metric, split in (("test_error_pct", DIGITS.test), ("validation_error_pct", DIGITS.validation)):
        for seed, error in errors_of(alone, split).items():
            assert values[metric, seed] == pytest.approx(error)
    assert {row["updates"] for row in rows} == {4 * (len(DIGITS.train.x) // 50)}


def test_no_step_size_changes_what_another_does():
    """Each is tried by a net of its own, that of the same seed trained alone."""
    tried = (
        train_population("mlp", 10, *DIGITS.train, SETTINGS, [TUNING_SEED] * len(RATES), verbose=False, rates=RATES)
        .evaluate(*DIGITS.validation)
        .accuracy
    )
    for rate, found in zip(RATES, tried, strict=True):
        alone = train_population("mlp", 10, *DIGITS.train, SETTINGS | {"learning_rate": rate}, [TUNING_SEED], verbose=False)
        assert found == pytest.approx(alone.evaluate(*DIGITS.validation).accuracy[0], abs=0.01)


def test_validation_decides():
    """By wrong labels there, what hardly learns is best."""
    wrong = (DIGITS.validation.x, (DIGITS.validation.y + 1) % 10)
    assert choose_rate("mlp", 10, DIGITS.train, wrong, SETTINGS, RATES) == 1e-6


def test_of_one_step_size_none_is_tried(monkeypatch):
    monkeypatch.setattr(classifier.training, "train_population", lambda *_, **__: pytest.fail("a net was trained"))
    assert choose_rate("mlp", 10, DIGITS.train, DIGITS.validation, SETTINGS, (1e-2,)) == 1e-2


def test_a_stack_is_pretrained_alike_for_every_step_size():
    train = [part[:200] for part in DIGITS.train]
    settings = {"options": {"widths": [8]}, "epochs": 2, "batch_size": 50, "pretraining": {"epochs": 2, "learning_rate": 1e-2}}

    def trained(rates):
        options = {"verbose": False, "rates": rates}
        return train_population("autoencoder_stack", 10, *train, settings, [TUNING_SEED] * len(rates), **options)

    together = trained((1e-5, 1e-2))
    for member, rate in enumerate((1e-5, 1e-2)):
        for own, alone in zip(together.get_weights(member), trained((rate,)).get_weights(0), strict=True):
            np.testing.assert_allclose(own, alone, atol=1e-4)


def test_the_choice_is_made_by_the_first_examples(monkeypatch):
    seen = []
    monkeypatch.setattr(classifier, "choose_rate", lambda model, classes, train, *_: seen.append(train) or 1e-2)
    rows = measured(select_on=100)
    assert [len(part) for part in seen[0]] == [100, 100] and np.array_equal(seen[0][0], DIGITS.train.x[:100])
    assert {row["n_train"] for row in rows} == {len(DIGITS.train.x)}


def test_an_average_of_the_weights_is_for_the_seeds_alone(monkeypatch):
    averages = []

    def spy(model, classes, x, y, settings, seeds, **options):
        averages.append((len(seeds), settings["ema"]))
        return train_population(model, classes, x, y, settings, seeds, **options)

    monkeypatch.setattr(classifier.training, "train_population", spy)
    measured(ema=0.9)
    assert averages == [(3, None), (2, 0.9)]


def test_where_all_diverge_the_table_says_so():
    values = values_of(measured(rates=(1e38, 2e38)))
    assert np.isnan([values["test_error_pct", seed] for seed in (3, 4)]).all() and values["step_size", 3] == 1e38


def test_a_recipe_names_no_single_step_size():
    with pytest.raises(InvalidInput, match="rates; got learning_rate=0.1"):
        recipe(RATES, None, learning_rate=0.1)
    with pytest.raises(InvalidInput, match="no momentum"):
        recipe(RATES, None, momentum=0.9)
    assert "learning_rate" not in recipe(RATES, None) and recipe(RATES, None)["rates"] == [*RATES]

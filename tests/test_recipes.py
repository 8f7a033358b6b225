"""Recipes and tasks: what a preset is trained by and for, from training over its card to training it again."""

import inspect
import json

import keras
import numpy as np
import pytest

import zoo
from zoo.datasets import load
from zoo.errors import InvalidInput, ResultsError, UnknownName
from zoo.presets.card import metric, says_enough_to_train
from zoo.presets.proving import Evaluation
from zoo.presets.saving import best_seed, trained_card
from zoo.reproductions.harness.naming import preset_name
from zoo.tasks import CLASSIFICATION, RECONSTRUCTION, TASKS, task_of, task_of_error
from zoo.training.labels import labelled_examples
from zoo.training.recipe import PRETRAINING, RECIPE, errors_of, is_recipe, recipe, steps, train_population

pytestmark = pytest.mark.backend
DIGITS = load("digits")
TRAINING = {
    "device": "a test",
    "backend": keras.backend.backend(),
    "precision": "float32",
    "versions": {},
    "commit": "none",
    "updates": 1,
    "seconds_per_seed": 1.0,
}
MADE = {
    "mlp": recipe(options={"widths": [24]}, labels=100, batch_size=20, epochs=40, learning_rate=1e-2),
    "deep_autoencoder": recipe(options={"widths": [32], "code": 12}, batch_size=50, epochs=8, learning_rate=1e-2),
}


@pytest.fixture(scope="module", params=MADE)
def made(request, tmp_path_factory):
    """(population, its task, the folder of the preset that was made of it): one with few labels, one without classes."""
    model, settings, task = request.param, MADE[request.param], task_of(request.param, "digits")
    population = train_population(model, task.classes(DIGITS), *DIGITS.train, settings, range(3), verbose=False, task=task)
    errors = {split: errors_of(population, getattr(DIGITS, split), task) for split in ("test", "validation")}
    card = trained_card(model, DIGITS, task, settings, errors, TRAINING)
    chosen = population.seeds.index(card["selection"]["chosen_seed"])
    return population, task, zoo.save_preset(population[chosen], tmp_path_factory.mktemp("presets") / model, card)


def test_the_error_is_the_one_that_numpy_finds(made):
    population, task, _ = made
    for member, error in enumerate(errors_of(population, DIGITS.test, task).values()):
        outputs = keras.ops.convert_to_numpy(population[member](DIGITS.test.x, training=False))
        if task is CLASSIFICATION:
            by_hand = 100 * np.mean(outputs.argmax(axis=1) != DIGITS.test.y)
        else:
            by_hand = np.square(1 / (1 + np.exp(-outputs)) - DIGITS.test.x / 255).sum(axis=(1, 2)).mean()
        assert error == pytest.approx(by_hand, rel=1e-4)


def test_errors_are_those_in_float32_whatever_the_precision_of_training():
    """As of a preset, which is loaded so."""
    settings, task = MADE["deep_autoencoder"] | {"precision": "mixed_bfloat16", "epochs": 2}, RECONSTRUCTION
    population = train_population("deep_autoencoder", None, *DIGITS.train, settings, range(2), verbose=False, task=task)
    population.diverged[1] = True
    model = zoo.create_model("deep_autoencoder", (8, 8), **settings["options"])
    model.set_weights(population.get_weights(0))
    outputs = keras.ops.convert_to_numpy(model(DIGITS.test.x, training=False))
    by_hand = np.square(1 / (1 + np.exp(-outputs)) - DIGITS.test.x / 255).sum(axis=(1, 2)).mean()
    errors = errors_of(population, DIGITS.test, task)
    assert errors[0] == pytest.approx(by_hand, rel=1e-5) and np.isnan(errors[1])
    rough = population.evaluate(DIGITS.test.x, task.targets(population.template, *DIGITS.test)).to_dict("records")
    assert task.of(rough[0]) != pytest.approx(by_hand, rel=1e-5), "else this test would see no difference"


def test_it_has_learnt(made):
    population, task, _ = made
    mean_image = np.square((DIGITS.test.x - DIGITS.train.x.mean(axis=0)) / 255).sum(axis=(1, 2)).mean()
    bound = 40 if task is CLASSIFICATION else 0.7 * mean_image  # of ten classes, and without a code
    assert max(errors_of(population, DIGITS.test, task).values()) < bound


def test_a_card_states_the_error_of_the_task_and_evaluation_agrees(made):
    _, task, folder = made
    card, found = zoo.model_card(folder), zoo.evaluate_preset(folder)
    assert metric(card)["name"] == f"test_{task.error}"
    assert found.agrees and found.task is task and found.error == pytest.approx(metric(card)["value"], abs=1e-3)
    front, text = (folder / "README.md").read_text(encoding="utf-8").split("---\n")[1:3]
    assert f"type: {task.hub[0]}" in front and f"type: {task.hub[1]}" in front
    assert task.words in text
    assert ("Labels: of 100 training examples" in text) == ("labels" in card["recipe"])


@pytest.mark.slow
def test_it_can_be_trained_again_and_falls_where_the_card_says(made, tmp_path):
    _, task, folder = made
    found = zoo.retrain_preset(folder, seeds=2, folder=tmp_path / "again", verbose=False)
    assert found.task is task and list(found.errors) == [3, 4]
    assert found.agrees
    assert metric(zoo.model_card(tmp_path / "again"))["value"] in [
        pytest.approx(error, abs=1e-3) for error in found.errors.values()
    ]


def test_examples_beyond_a_seeds_labels_do_not_count():
    settings, (x, y) = recipe(labels=50, batch_size=10, epochs=2), DIGITS.train
    mine = labelled_examples(y, 50, seed=7)
    blank = np.zeros_like(x)
    blank[mine] = x[mine]
    same, other = (train_population("linear", 10, images, y, settings, [7], verbose=False) for images in (x, blank))
    np.testing.assert_array_equal(same.get_weights(0)[0], other.get_weights(0)[0])
    assert steps(settings, len(x)) == 2 * 5
    blank[mine[0]] = 0
    changed = train_population("linear", 10, blank, y, settings, [7], verbose=False)
    assert not np.array_equal(same.get_weights(0)[0], changed.get_weights(0)[0])


def test_recipes_have_known_keys():
    assert is_recipe(recipe()) and is_recipe(recipe(labels=5)) and set(recipe()) == set(RECIPE)
    assert not is_recipe(recipe() | {"momentum": 0.9}) and not is_recipe({"epochs": 3})
    with pytest.raises(InvalidInput, match="A recipe has no momentum"):
        recipe(momentum=0.9)
    json.dumps(recipe(labels=5))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (5000, "examples to label"),
        (-1, "examples to label"),
        (0, "examples to label"),
        (100, "at least a batch of 128; got 100"),
        (200.0, "got 200.0"),
        ("all", "got 'all'"),
    ],
)
def test_labels_that_cannot_be_are_refused(labels, said):
    with pytest.raises(InvalidInput, match=said):
        train_population("linear", 10, *DIGITS.train, recipe(labels=labels), [0], verbose=False)


@pytest.mark.parametrize("bad", [
    {"learning_rate": "x"}, {"learning_rate": -1}, {"learning_rate": float("nan")}, {"weight_decay": "x"}, {"weight_decay": -1},
    {"ema": 5}, {"ema": True}, {"options": [1]}, {"pretraining": [1]}, {"pretraining": {"epochs": 1}}, {"precision": 32},
    {"pretraining": {"learning_rate": 1e-3, "epochs": 1, "noise": 2}}, {"pretraining": {"learning_rate": "x", "epochs": 1}},
    {"pretraining": {"learning_rate": -1, "epochs": 1}}, {"learning_rate": 10**400},
], ids=lambda bad: str(bad)[:60])  # fmt: skip
def test_a_recipe_that_nothing_can_be_trained_by_is_refused(bad):
    (key,) = bad
    with pytest.raises(InvalidInput, match=f"The {key} of a recipe must be"):
        train_population("autoencoder_stack", 10, *DIGITS.train, recipe(batch_size=50, epochs=1, **bad), [0], verbose=False)


def test_a_recipe_names_all_that_pretraining_takes():
    there = inspect.signature(zoo.pretrain).parameters.keys() - {"population", "x", "optimizer", "verbose"}
    assert there == set(PRETRAINING)


def test_no_decay_may_be_0_and_numbers_may_be_numpys():
    fine = recipe(batch_size=50, epochs=1, ema=0.0, weight_decay=False, learning_rate=np.float32(1e-3), pretraining={})
    assert not train_population("linear", 10, *DIGITS.train, fine, [0], verbose=False).diverged.any()


@pytest.mark.parametrize("where, changed", [
    ("selection", {"seeds": []}), ("metric", {"seeds": 0}), ("metric", {"seeds": 1}), ("metric", {"new_seed95_high": None}),
    ("metric", {"mean": None}), ("metric", {"new_seed95_low": None}),
], ids=str)  # fmt: skip
def test_a_card_that_does_not_say_how_new_seeds_fare_is_no_reason_to_train(where, changed):
    card = zoo.model_card("linear_mnist")
    assert says_enough_to_train(card)
    (card["selection"] if where == "selection" else metric(card)).update(changed)
    assert not says_enough_to_train(card)


def test_tasks_are_found_by_model_data_and_metric():
    assert task_of("mlp", "mnist") is CLASSIFICATION and task_of("deep_autoencoder", "mnist") is RECONSTRUCTION
    assert task_of("deep_autoencoder", "curves") is RECONSTRUCTION
    with pytest.raises(InvalidInput, match="curves is for reconstruction, which mlp is not"):
        task_of("mlp", "curves")
    with pytest.raises(UnknownName):
        task_of("mlp", "mnits")
    assert [task_of_error(f"test_{task.error}") for task in TASKS] == list(TASKS)
    assert task_of_error("f1") is None


def test_agreement_of_errors_that_count_nothing_is_relative():
    assert Evaluation("mnist", 10_000, 4.001, 4.0, RECONSTRUCTION).agrees
    assert not Evaluation("mnist", 10_000, 4.01, 4.0, RECONSTRUCTION).agrees


def test_the_best_seed_is_the_first_of_equals_and_never_a_diverged_one():
    assert best_seed({5: 2.0, 3: 1.0, 1: 1.0, 0: float("nan")}) == 1
    with pytest.raises(ResultsError, match="Every seed diverged"):
        best_seed({0: float("nan")})


def test_presets_are_named_after_their_rows():
    assert preset_name("mnist", "mlp", "preset") == "mlp_mnist"
    assert preset_name("mnist", "autoencoder_stack", "1000 labels, denoising") == "autoencoder_stack_mnist_1000_labels_denoising"

"""What proves a preset: its errors recomputed and held against its card, on its own data set and on others."""

from types import SimpleNamespace

import numpy as np
import pytest

import zoo
from preset_example import DATASET, LICENCES, MNIST, digits, make, original  # noqa: F401
from zoo.errors import InvalidInput, ResultsError
from zoo.presets.folder import write_sums
from zoo.presets.proving import Evaluation, Retraining, _task_on
from zoo.tasks import CLASSIFICATION, RECONSTRUCTION

pytestmark = pytest.mark.backend


def test_agreement_means_a_few_predictions_at_most():
    assert Evaluation("mnist", 10_000, 7.40, 7.42).agrees
    assert not Evaluation("mnist", 10_000, 7.40, 7.50).agrees
    assert Evaluation("fashion_mnist", 10_000, 7.40, None).agrees is None
    assert Retraining({0: 1.0, 1: 2.0}, 1.4, 1.6).agrees
    assert not Retraining({0: 1.0}, 1.4, 1.6).agrees
    assert not Retraining({0: float("nan")}, 1.4, 1.6).agrees


def test_a_folder_in_use_is_refused_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.training.recipe.train_population", None)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InvalidInput, match="notes.txt"):
        zoo.retrain_preset("linear_mnist", folder=tmp_path)
    for seeds in (1, np.int64(1)):
        with pytest.raises(InvalidInput, match="is a file"):
            zoo.retrain_preset("linear_mnist", seeds, folder=tmp_path / "notes.txt")
    for seeds in (True, 0, 2.5):
        with pytest.raises(InvalidInput, match=f"seeds is how many to train, at least 1; got {seeds}"):
            zoo.retrain_preset("linear_mnist", seeds)
    with pytest.raises(ResultsError, match="can't be written .*; choose another folder"):
        zoo.retrain_preset("linear_mnist", folder=tmp_path / "notes.txt" / "preset")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    "preset, dataset, message",
    [
        ("linear_mnist", "fashion_mnist", "tells 0, 1, 2, ... apart, fashion_mnist has T-shirt.* one of mnist, mnist_basic,"),
        ("lstm_fashion_mnist", "mnist_rot", "tells T-shirt.* apart, mnist_rot has 0, 1, 2, .* one of fashion_mnist\\."),
        ("linear_mnist", "digits", r"takes \(28, 28\) and knows 10 classes; digits has \(8, 8\) and 10"),
        ("linear_mnist", "convex", "knows 10 classes; convex has .* and 2"),
    ],
)
def test_another_data_set_must_have_the_classes_and_is_refused_before_it_is_loaded(preset, dataset, message, monkeypatch):
    for loader in ("zoo.datasets.load", "zoo.presets.proving.from_preset"):
        monkeypatch.setattr(loader, lambda name: pytest.fail("it was loaded for nothing"))
    with pytest.raises(InvalidInput, match=message):
        zoo.evaluate_preset(preset, dataset)


def test_views_of_the_same_digits_are_allowed():
    for dataset in ("mnist", "mnist_basic", "mnist_rot", "mnist_bg_img"):
        assert _task_on(zoo.model_card("linear_mnist"), dataset) is CLASSIFICATION
    assert _task_on(zoo.model_card("deep_autoencoder_mnist"), "fashion_mnist") is RECONSTRUCTION  # it has no classes


def test_sets_that_share_examples_with_what_the_preset_learnt_from_are_said_to_be_so(monkeypatch):
    few = zoo.datasets.load("mnist").test
    few = type(few)(few.x[:20], few.y[:20])
    own = zoo.model_card("linear_mnist")
    for learnt, name, kin in (
        ("mnist", "mnist_rot", "mnist"), ("mnist_rot", "mnist", "mnist_rot"), ("mnist_basic", "mnist_bg_img", None),
        ("mnist", "mnist", None), ("fashion_mnist", "mnist", None), ("my_digits", "mnist", None),
    ):  # fmt: skip
        card = own | {"dataset": own["dataset"] | {"name": learnt}}
        monkeypatch.setattr("zoo.presets.proving.model_card", lambda name, card=card: card)
        monkeypatch.setattr("zoo.datasets.load", lambda name: SimpleNamespace(name=name, test=few, fingerprint="of these few"))
        found = zoo.evaluate_preset("linear_mnist", name)
        assert (found.dataset, found.examples, found.card_error, found.kin) == (name, 20, None, kin)


@pytest.mark.parametrize("card", [None, {"dataset": DATASET}], ids=["no data set", "a data set of one's own"])
def test_what_was_trained_on_data_of_ones_own_is_proved_but_for_its_error(card, tmp_path):
    mine = zoo.save_preset(make("linear", classes=1), tmp_path / "mine", card)
    found = zoo.evaluate_preset(mine)
    assert (found.dataset, found.examples, found.error, found.card_error, found.agrees) == (None, 0, None, None, None)
    assert found.golden and found.golden_difference < 1e-4
    with np.load(mine / "golden.npz") as golden:
        np.savez(mine / "golden.npz", x=golden["x"], logits=golden["logits"] + 1)
    write_sums(mine)
    assert not zoo.evaluate_preset(mine).golden


def test_a_card_that_says_too_little_cannot_be_proved(original):
    with pytest.raises(InvalidInput, match="knows 10 classes"):
        zoo.evaluate_preset(original, dataset="mnist")
    with pytest.raises(InvalidInput, match="does not say enough"):
        zoo.retrain_preset(original)


def test_the_terms_of_ancestors_go_on_beside_those_of_what_was_made_of_them(digits, tmp_path):
    own = {"licences": {"code": "MIT", "weights": "MIT", "data": "CC0"}}
    child = zoo.save_preset(zoo.from_preset(digits, classes=2), tmp_path / "child", own)
    last = zoo.save_preset(zoo.from_preset(child), tmp_path / "last")
    found = zoo.model_card(last)["based_on"]["licences"]
    assert found == own["licences"] | {f"{what} of digits": licence for what, licence in LICENCES.items()}
    assert "CC BY-SA 3.0" in (last / "README.md").read_text()


def test_what_tells_no_classes_apart_takes_over_no_names_of_any(tmp_path):
    card = zoo.model_card(zoo.save_preset(zoo.from_preset("deep_autoencoder_mnist"), tmp_path / "mine"))
    assert "class_names" not in card and card["based_on"]["name"] == "deep_autoencoder_mnist"


def test_classes_of_ones_own_are_proved_without_the_data_sets_error(tmp_path):
    model = zoo.from_preset("linear_mnist", classes=2)
    mine = zoo.save_preset(model, tmp_path / "even", {"dataset": MNIST}, class_names=["even", "odd"])
    found = zoo.evaluate_preset(mine)
    assert (found.dataset, found.error, found.golden) == (None, None, True)
    with pytest.raises(InvalidInput, match="knows 2 classes"):
        zoo.evaluate_preset(mine, "mnist")


def test_what_began_as_a_preset_has_learnt_what_that_had(monkeypatch, tmp_path):
    few = zoo.datasets.load("mnist").test
    few = SimpleNamespace(name="mnist_basic", test=type(few)(few.x[:20], few.y[:20]), fingerprint="of these few")
    mine = zoo.save_preset(zoo.from_preset("linear_mnist"), tmp_path / "copy")
    monkeypatch.setattr("zoo.datasets.load", lambda name: few)
    assert zoo.evaluate_preset(mine, "mnist_basic").kin == "mnist"

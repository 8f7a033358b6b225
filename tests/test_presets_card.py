"""What a card of one's own may say, what is refused, and what its README makes of it."""

import json

import keras
import numpy as np
import pytest

import zoo
from preset_example import DATASET, OPTIONS, make
from zoo.errors import InvalidInput
from zoo.presets.card import metric_entry
from zoo.presets.proving import _interval_of_a_mean
from zoo.presets.saving import golden
from zoo.training.recipe import ALWAYS, BEFORE, recipe

pytestmark = pytest.mark.backend

ACCURACY = {"name": "accuracy", "split": "test", "examples": 300, "value": 0.9}


@pytest.mark.parametrize(
    "card, message",
    [
        ({"accuracy": 1.0}, "unknown key 'accuracy'"),
        ({"accuracy": 1.0, "loss": 0.1}, "unknown keys 'accuracy', 'loss'"),
        ({"metrics": [{"name": "test_error_pct", "mean": 1.0}]}, r"metrics lacks 'split', 'examples', 'value', 'seeds', "),
        ({"metrics": [ACCURACY | {"value": "high"}]}, "metric accuracy in a card must be a finite number; got 'high'"),
        ({"metrics": [ACCURACY | {"value": float("nan")}]}, "a finite number; got nan"),
        ({"metrics": [ACCURACY | {"value": 10**400}]}, "a finite number; got 1000"),
        ({"metrics": [ACCURACY | {"value": True}]}, "a finite number; got True"),
        ({"metrics": ["accuracy"]}, "metrics is no object"),
        ({"limits": 5}, "limits should be str"),
        ({"dataset": DATASET | {"splits": {"test": "many"}}}, "dataset.splits.test should be int"),
        ({"dataset": DATASET | {"class_names": ["cat", 5]}}, "dataset.class_names should be str"),
        ({"recipe": {"rate": float("nan")}}, "can't be saved"),
        ({"layout": "MNIST"}, "its layout is one of mnist, fashion_mnist, not 'MNIST'"),
        ({"limits": "\ud800"}, "can't be saved"),
        (["name"], "A card is a dict"),
    ],
)
def test_a_card_with_other_keys_is_refused_when_saved(card, message, tmp_path):
    with pytest.raises(InvalidInput, match=message):
        zoo.save_preset(make(), tmp_path / "own", card=card)
    assert not list(tmp_path.iterdir())


def test_a_metric_of_a_single_run_needs_no_seeds(tmp_path):
    card = {"metrics": [ACCURACY, ACCURACY | {"value": np.float32(0.5)}, ACCURACY | {"name": "mse", "value": 2.4e-5}]}
    folder = zoo.save_preset(make(), tmp_path / "own", card)
    first, second, small = zoo.model_card(folder)["metrics"]
    assert ACCURACY.items() <= first.items() and (first["seeds"], first["mean"], second["value"]) == (1, 0.9, 0.5)
    assert first["ci95_low"] is first["new_seed95_high"] is None
    assert "| accuracy | 0.9 | 0.9 |  |  | 1 | 300 |" in (folder / "README.md").read_text()
    assert small["value"] == small["mean"] == 2.4e-5 and card["metrics"][0] == ACCURACY, "the caller's card is as it was"


def test_a_preset_called_like_one_that_ships_is_shown_with_what_loads_it(tmp_path, call):
    folder = zoo.save_preset(make(), tmp_path / "linear_mnist")
    for place in ("linear_mnist", str(folder)):
        assert f'zoo.from_preset("{place}")' in call("show", place)[1]


def test_the_page_of_a_preset_loads_it_by_the_folder_that_it_lies_in(tmp_path):
    folder = zoo.save_preset(make(), tmp_path / "mine", {"name": "A Model of Mine"})
    assert 'zoo.from_preset("mine")' in (folder / "README.md").read_text()


def recipe_line(folder, card):
    text = (zoo.save_preset(make(), folder, card) / "README.md").read_text()
    return next(line for line in text.splitlines() if line.startswith("- Recipe"))


def test_a_card_says_of_a_data_set_what_the_zoo_knows_of_it(tmp_path):
    data = zoo.datasets.load("digits")
    card = zoo.model_card(zoo.save_preset(make(), tmp_path / "own", {"dataset": data}))
    assert card["dataset"]["fingerprint"] == data.fingerprint and card["dataset"]["licence"] == data.provenance["licence"]
    assert card["dataset"]["splits"] == {"train": len(data.train.x), "validation": len(data.validation.x), "test": len(data.test.x)}
    assert card["dataset"]["class_names"] == list("0123456789")


def test_of_a_recipe_of_ones_own_only_what_it_says_is_told(tmp_path):
    own = {"optimizer": "SGD", "momentum": 0.9, "epochs": 5, "labels": ["cat", "dog"]}
    assert recipe_line(tmp_path / "own", {"recipe": own}) == f"- Recipe: `{json.dumps(own)}`"
    assert "Labels:" not in (tmp_path / "own" / "README.md").read_text()


def test_golden_logits_are_computed_with_all_bits(monkeypatch):
    """An accelerator may multiply with fewer, and then no CPU would find the same."""
    model, seen = make(), []
    call = type(model).__call__

    def note(self, *arguments, **options):
        seen.append(precision())
        return call(self, *arguments, **options)

    def precision():
        if keras.backend.backend() == "jax":
            import jax

            return jax.config.jax_default_matmul_precision
        if keras.backend.backend() == "tensorflow":
            from tensorflow import config

            return config.experimental.tensor_float_32_execution_enabled()
        from torch.backends import cudnn

        return cudnn.allow_tf32

    before = precision()
    monkeypatch.setattr(type(model), "__call__", note)
    golden(model)
    assert seen == [{"jax": "float32"}.get(keras.backend.backend(), False)] and precision() == before


@pytest.mark.parametrize("seeds, again", [(1, False), (3, True)])
def test_it_is_trained_again_only_where_the_card_says_enough(tmp_path, seeds, again):
    values = [1.0, 2.0, 3.0][:seeds]
    selection = {"rule": "the first", "split": "validation", "seeds": list(range(seeds)), "chosen_seed": 0}
    metrics = [metric_entry("test_error_pct", "test", 5, 1.0, values)]
    dataset = DATASET | {"class_names": list("0123456789")}
    mine = json.loads(json.dumps(OPTIONS["mlp"]))
    card = {"dataset": dataset, "recipe": recipe(epochs=2, options=mine), "selection": selection, "metrics": metrics}
    line = recipe_line(tmp_path / "own", card)
    assert ALWAYS in line and BEFORE not in line and ("again with `zoo train own`" in line) is again
    for other in ({"recipe": recipe(epochs=2)}, {"based_on": {"name": "linear_mnist", "licences": {}}}):
        assert "again with" not in recipe_line(tmp_path / "own", card | other), "it would be another model"
    made = {"device": "a test", "backend": "tensorflow", "precision": "float32", "versions": {}, "commit": "none"}
    there = {"training": made | {"updates": 1, "seconds_per_seed": 1.0}}
    assert ("`zoo train own --backend tensorflow`" in recipe_line(tmp_path / "own", card | there)) is again
    card["recipe"] = recipe(pretraining={"epochs": 1})
    assert BEFORE in recipe_line(tmp_path / "own", card)


@pytest.mark.parametrize("value, kept", [(0.012481234, 0.01248), (7.210001, 7.21), (0.41999817, 0.42), (0.0, 0.0), (5e-7, 5e-7)])
def test_small_errors_keep_their_digits(value, kept):
    entry = metric_entry("test_root_mean_squared_error", "test", 5, value, [value, value])
    assert entry["value"] == entry["mean"] == kept


def test_intervals_of_a_card_are_students():
    entry = metric_entry("test_error_pct", "test", 100, 2.0, [1.0, 2.0, 3.0, float("nan")])
    assert (entry["seeds"], entry["mean"]) == (3, 2.0)
    assert entry["ci95_high"] == pytest.approx(2 + 4.3027 / 3**0.5, abs=1e-3)
    assert entry["new_seed95_high"] == pytest.approx(2 + 4.3027 * (4 / 3) ** 0.5, abs=1e-3)
    assert metric_entry("test_error_pct", "test", 100, 2.0, [2.0])["ci95_low"] is None
    for new in (1, 2, 10):
        half = 4.3027 * (1 / new + 1 / 3) ** 0.5
        assert _interval_of_a_mean(entry, new) == pytest.approx((2 - half, 2 + half), abs=1e-3)

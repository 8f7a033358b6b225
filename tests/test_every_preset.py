"""What every preset that ships must keep. A new preset is found by itself and needs no line here."""

import json
import socket
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.datasets import at_hand
from zoo.presets.card import SCHEMA, SINCE_2, metric
from zoo.presets.counting import flops_per_example
from zoo.presets.folder import FILES, SHIPPED, SUMS, verified
from zoo.presets.loading import load_weights_into
from zoo.presets.markdown import card_markdown
from zoo.registry import how_made
from zoo.reproductions.harness.claims import load_claim
from zoo.reproductions.harness.folder import manifests_of, read_environment, row_of
from zoo.reproductions.harness.naming import preset_name
from zoo.reproductions.harness.presets import card_of_runs, index, presets_of
from zoo.tasks import task_of
from zoo.training.recipe import is_recipe

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 30e6  # of all presets together
every_preset = pytest.mark.parametrize("name", zoo.list_presets())


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Loading a preset asks nobody."""

    def refuse(*_):
        raise AssertionError("a preset wants the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


# What is promised. Others may ship, too, and are found by themselves.
PROMISED = {
    *(f"{model}_mnist" for model in ("linear", "mlp", "autoencoder_stack", "convnet", "lstm")),
    *(f"{model}_fashion_mnist" for model in ("linear", "mlp", "autoencoder_stack", "convnet", "lstm")),
    "kernel_machine_mnist",
    "deep_autoencoder_mnist",
    "autoencoder_stack_mnist_1000_labels_denoising",
    "autoencoder_stack_mnist_1000_labels_random",
    "lstm_shakespeare",
    "lstm_taylor_demand",
    "mlp_vowels",
}


def test_presets_ship_and_are_small():
    assert PROMISED - set(zoo.list_presets()) == set()
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < MOST_BYTES


@every_preset
def test_every_file_is_as_it_was_written_and_nothing_else_is_there(name):
    folder = SHIPPED / name
    assert set(verified(folder)) == set(FILES)
    assert {path.name for path in folder.iterdir()} == {*FILES, SUMS}


@every_preset
def test_the_card_says_everything(name):
    card = zoo.model_card(name)
    assert set(card) == set(SCHEMA) - set(SINCE_2)
    assert card["name"] == name
    assert is_recipe(card["recipe"])
    assert card["recipe"]["options"].items() <= card["model"]["options"].items()
    assert list(card["model"]["options"]) == list(zoo.model_options(card["model"]["name"])), "no later default may change it"
    assert (SHIPPED / name / "README.md").read_text(encoding="utf-8") == card_markdown(card)
    assert "dirty" not in card["training"]["commit"]


@every_preset
@pytest.mark.backend
def test_the_model_is_the_one_of_the_card_and_gives_the_golden_logits(name):
    model, card = zoo.from_preset(name), zoo.model_card(name)
    made = how_made(model)
    assert {key: card["model"][key] for key in ("input_shape", "classes", "options")} == {
        key: made[key] for key in ("input_shape", "classes", "options")
    }
    assert card["model"]["parameters"] == model.count_params()
    assert card["model"]["flops_per_example"] == flops_per_example(model)
    with np.load(SHIPPED / name / "golden.npz", allow_pickle=False) as golden:
        found = keras.ops.convert_to_numpy(model(golden["x"], training=False))
        np.testing.assert_allclose(found, golden["logits"], rtol=1e-4, atol=1e-4)


@every_preset
def test_saved_anew_as_its_run_does_it_is_the_same_folder(name, tmp_path):
    """`zoo results presets` makes the model by its recipe and gives save_preset what it knows."""
    card, content = zoo.model_card(name), (SHIPPED / name / "model.weights.h5").read_bytes()
    made = card["model"]
    model = zoo.create_model(made["name"], made["input_shape"], made["classes"], **card["recipe"]["options"])
    load_weights_into(model, content, name)
    folder = zoo.save_preset(model, tmp_path / name, {key: card[key] for key in card if key not in ("format", "name", "model")})
    for file in ("config.json", "card.json", "README.md"):
        assert (folder / file).read_bytes() == (SHIPPED / name / file).read_bytes(), file


def test_a_preset_is_proved_in_32_bits_whatever_the_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert zoo.from_preset("mlp_vowels").compute_dtype == "bfloat16"
        found = zoo.evaluate_preset("mlp_vowels")
    finally:
        keras.config.set_dtype_policy("float32")
    assert found.golden_difference <= found.golden_within


def runs_of_presets(path):
    """The rows of a runs.csv, with the name of the preset that each belongs to."""
    runs, names = pd.read_csv(path), getattr(load_claim(path.parent.name), "NAMES", {})
    rows, made = zip(runs.dataset, runs.model, runs.setting), presets_of(load_claim(path.parent.name))
    return runs.assign(preset=[preset_name(*row, names) if row in made else "" for row in rows])


def test_the_list_of_presets_follows_from_their_cards():
    folders = sorted(path.parent for path in SHIPPED.glob("*/config.json"))
    assert (SHIPPED / "README.md").read_text(encoding="utf-8") == index(folders)


def same(card, other):
    """Whether two cards say the same, numbers within what a runs.csv rounds off."""
    if isinstance(card, dict):
        return card.keys() == other.keys() and all(same(card[key], other[key]) for key in card)
    if isinstance(card, list):
        return len(card) == len(other) and all(map(same, card, other))
    return card == (pytest.approx(other, rel=1e-4, abs=1e-4) if isinstance(card, float) else other)


def reached(name):
    """Default tests reach no network: the text of the plays is nobody's to fetch, but may be in the cache, or its file named."""
    text = zoo.model_card(name)["dataset"]["name"] == "tiny_shakespeare"
    return pytest.param(name, marks=pytest.mark.network) if text and not at_hand("tiny_shakespeare") else name


REACHED = [reached(name) for name in zoo.list_presets()]


@pytest.mark.parametrize("name", REACHED)
def test_the_card_follows_from_the_committed_runs(name):
    card = zoo.model_card(name)
    folders = [path for path in ROOT.glob("results/full/pretrained*") if name in set(runs_of_presets(path / "runs.csv").preset)]
    runs, environment = runs_of_presets(folders[0] / "runs.csv"), read_environment(folders[0])
    lines = runs[runs.preset == name].to_dict("records")
    row = row_of(lines[0])
    trial = manifests_of(environment)[row]
    made = json.loads(json.dumps(card_of_runs(name, row, lines, trial["recipe"], environment["versions"], folders[0].name)))
    seconds = [said["training"].pop("seconds_per_seed") for said in (made, card)]
    assert seconds[0] == pytest.approx(seconds[1], abs=0.011) and made.keys() <= card.keys()
    for key in made:
        assert same(made[key], card[key]), key


@every_preset
def test_the_card_agrees_with_the_results(name):
    card = zoo.model_card(name)
    mine = [runs for runs in map(runs_of_presets, ROOT.glob("results/full/pretrained*/runs.csv")) if name in set(runs.preset)]
    assert len(mine) == 1, "one reproduction makes a preset"
    mine = mine[0][mine[0].preset == name]
    assert set(mine.dataset) == {card["dataset"]["name"]} and set(mine.model) == {card["model"]["name"]}
    table = mine.pivot(index="seed", columns="metric", values="value")
    assert sorted(table.index) == sorted(card["selection"]["seeds"])
    chosen = card["selection"]["chosen_seed"]
    errors = [f"{split}_{task_of(card['model']['name'], card['dataset']['name']).error}" for split in ("test", "validation")]
    assert table[errors[1]][chosen] == table[errors[1]].min()
    for error in errors:
        assert metric(card, error)["value"] == pytest.approx(table[error][chosen], abs=1e-4)
        assert metric(card, error)["mean"] == pytest.approx(table[error].mean(), abs=1e-4)
    assert set(mine.commit) == {card["training"]["commit"]}


@pytest.mark.parametrize("name", REACHED)
def test_the_error_on_the_real_test_examples_is_the_cards(name):
    card = zoo.model_card(name)
    found = zoo.evaluate_preset(name)
    assert found.examples == card["dataset"]["splits"]["test"]
    assert found.agrees, found


def test_front_matter_names_the_results():
    card = zoo.model_card("linear_mnist")
    front = card_markdown(card).split("---\n")[1]
    value = json.dumps(metric(card)["value"])
    assert "model-index:" in front and f"value: {value}" in front
    assert 'license: apache-2.0\ndatasets: ["mnist"]\n' in front
    assert "library_name: keras" not in front, "the hub would promise that keras.saving.load_model can load it"
    card["licences"]["weights"], card["dataset"]["name"] = "Mine: # all rights", "letters, digits"
    assert 'license: other\nlicense_name: "Mine: # all rights"\ndatasets: ["letters, digits"]\n' in card_markdown(card)
    card["licences"]["weights"], card["name"] = "CC BY 4.0", 'my "net" 😺'
    card["metrics"][0] |= {"name": "accuracy | top-1", "split": "test: 2024", "value": 1e-05}
    text = card_markdown(card)
    assert (
        "license: cc-by-4.0\n" in text
        and 'split: "test: 2024"' in text
        and "value: 1.0e-05" in text
        and '- name: "my \\"net\\" 😺"' in text
    )
    assert 'zoo.from_preset("my \\"net\\" 😺")' in text and "| accuracy \\| top-1 |" in text

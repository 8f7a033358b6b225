"""What depth is worth: depth.csv of a claim whose nets differ in layers, and the page and figure of all of them."""

import io
from pathlib import Path

import keras
import numpy as np
import pytest

import harness_example
import zoo
from claim_example import lines, reproduction, rows_of
from zoo.errors import InvalidInput, ResultsError
from zoo.reproductions.harness import Ladder, depth, load_claim, rebuild, run_claim
from zoo.reproductions.harness.claims import list_claims
from zoo.reproductions.harness.depth import _share, ladders_under, page
from zoo.reproductions.harness.outcomes import by_claim, main_folder
from zoo.reproductions.harness.scoreboard import scoreboard, write_scoreboard
from zoo.reproductions.harness.trial import trials_of
from zoo.reproductions.shallow_vs_deep import hidden_layers

RESULTS = Path(__file__).parents[1] / "results"
ROWS = {"none": ("mnist", "linear", ""), "1": ("mnist", "mlp", "1 layer"), "3": ("mnist", "mlp", "3 layers")}
ERRORS = {"none": [8.0, 8.1, 8.2], "1": [2.0, 2.1, 2.3], "3": [2.2, 2.4, 2.45]}


NO_CHECKS = {"judge": lambda runs: []}


def claim(ladders):
    return reproduction(ladders=lambda runs, trials: ladders, SEEDS={"full": 3}, **NO_CHECKS)


def rows(**errors):
    found = []
    for layers, values in (ERRORS | errors).items():
        found += rows_of(ROWS[layers], values, parameters={"none": 10, "1": 1500, "3": 2500}[layers], n_train=50_000)
    return found


def test_each_depth_is_held_against_the_shallowest(written, results_dir):
    folder = written(claim([Ladder("relu", ROWS), Ladder("relu", {k: ROWS[k] for k in "13"})]), rows())
    none, one, three, first, last = lines(folder, "depth.csv")
    assert (none["spared"], none["verdict"], none["mean"], none["shallowest"]) == ("", "", "8.1", "none")
    assert (one["verdict"], three["verdict"], last["verdict"]) == ("reproduced", "reproduced", "contradicted")
    assert float(one["spared"]) == pytest.approx(8.1 - np.mean(ERRORS["1"]), abs=1e-4) and one["unit"] == "percentage points"
    for end in ("", "_low", "_high"):
        assert float(last[f"spared_pct{end}"]) == pytest.approx(100 * float(last[f"spared{end}"]) / np.mean(ERRORS["1"]), rel=1e-4)
    assert (first["layers"], last["layers"], last["shallowest"], last["parameters"], last["n_train"]) == (
        "1",
        "3",
        "1",
        "2500",
        "50000",
    )
    assert "Advantage of the former, paired over 3 seeds" in last["sentence"] and last["sentence"].endswith(": contradicted.")
    text = page(ladders_under(results_dir), results_dir)
    assert "on 1 line: 1 reproduced. That the second shallowest does, on the 1 with more than two depths: 1 reproduced." in text
    assert "on 1 line: 1 contradicted." in text
    assert "| none: 8.1, 1: **2.133**, 3: 2.35 % | 10 → 2,500 |" in text and "| 1: **2.133**, 3: 2.35 % | 1,500 → 2,500 |" in text
    assert "| mnist | 50,000 | relu | [a_claim](full/a_claim/comparison.md), full |" in text


def test_the_page_says_why_a_line_is_undecided(written, results_dir):
    written(claim([Ladder("relu", ROWS, doubts={"3": "it rained | a lot"})]), rows())
    assert "| **undecided**, because it rained \\| a lot |" in page(ladders_under(results_dir), results_dir)


def test_what_the_seeds_alone_would_decide_is_hollow_in_the_figure(written, results_dir):
    written(claim([Ladder("relu", ROWS, doubts={"3": "it rained"}), Ladder("tanh", ROWS)]), rows())
    figure = depth._drawn(ladders_under(results_dir))
    points = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [point.get_markerfacecolor() == "white" for point in points] == [True, False]


def test_the_page_comes_and_goes_with_what_it_is_made_of(written, results_dir):
    from PIL import Image

    module = load_claim(claim([Ladder("relu", ROWS)]))
    folder = written(module, rows())
    before = (folder / "depth.csv").read_bytes()
    rebuild(module)
    assert (folder / "depth.csv").read_bytes() == before
    assert "[depth.md](depth.md)" in scoreboard(results_dir) and (results_dir / "depth.md").read_text().startswith("# Does depth")
    assert min(Image.open(io.BytesIO((results_dir / "depth.png").read_bytes())).size) > 100
    (folder / "depth.csv").write_text("claim,dataset\na_claim,mnist\n")
    with pytest.raises(ResultsError, match="depth.csv is damaged; make it anew: zoo results rebuild a_claim"):
        write_scoreboard(results_dir)
    rebuild(module)
    (results_dir / "depth.md").write_text("my own notes")
    with pytest.raises(ResultsError, match="depth.md is not deepzoo's"):
        write_scoreboard(results_dir)
    assert (results_dir / "depth.md").read_text() == "my own notes"


def test_without_ladders_there_is_neither_file_nor_page(written, results_dir):
    for module in (
        reproduction(**NO_CHECKS),
        claim([]),
        claim([Ladder("relu", {"1": ROWS["1"], "9": ("mnist", "mlp", "9 layers")})]),
    ):
        folder = written(module, rows())
        write_scoreboard(results_dir)
        assert not (folder / "depth.csv").exists() and not (results_dir / "depth.md").exists()
        assert "(depth.md)" not in scoreboard(results_dir)


def test_what_has_no_ladder_any_more_has_neither_file_nor_page(written, results_dir):
    folder = written(claim([Ladder("relu", ROWS)]), rows())
    write_scoreboard(results_dir)
    assert (folder / "depth.csv").exists() and (results_dir / "depth.md").exists()
    assert written(claim([]), rows()) == folder
    write_scoreboard(results_dir)
    assert not (folder / "depth.csv").exists() and not list(results_dir.glob("depth.*"))


def test_two_ladders_of_one_name_are_refused(written):
    below = Ladder("relu", {k: ROWS[k] for k in "13"})
    with pytest.raises(InvalidInput, match="a_claim: two ladders are called 'relu' on mnist; give each its own nets"):
        written(claim([below, below]), rows())


def test_a_page_of_somebodys_own_is_said_before_any_training(results_dir, monkeypatch):
    results_dir.mkdir(exist_ok=True)
    (results_dir / "depth.md").write_text("my own notes")
    monkeypatch.setenv("EXAMPLE_FAILS", "linear")
    with pytest.raises(ResultsError, match="depth.md is not deepzoo's"):
        run_claim(harness_example, "smoke")


def test_no_name_breaks_the_table(written, results_dir):
    written(claim([Ladder("tanh | relu", {k: ROWS[k] for k in "13"})]), rows())
    assert r"| mnist | 50,000 | tanh \| relu |" in page(ladders_under(results_dir), results_dir)


def test_doubts_lost_seeds_and_errors_of_nothing_stay_undecided(written):
    doubted = Ladder("relu", {k: ROWS[k] for k in "13"}, doubts={"3": "it was not trained long enough"})
    (_, last) = lines(written(claim([doubted]), rows()), "depth.csv")
    assert last["verdict"] == "undecided" and "it was not trained long enough" in last["sentence"]
    lost = Ladder("relu", {k: ROWS[k] for k in "13"})
    (_, last) = lines(written(claim([lost]), rows(**{"3": [2.2, np.nan, np.nan]})), "depth.csv")
    assert last["verdict"] == "undecided" and last["n_seeds"] == "1"
    (_, last) = lines(written(claim([lost]), rows(**{"1": [0.0, 0.0, 0.0]})), "depth.csv")
    assert last["spared_pct"] == "" and float(last["spared"]) < 0, "no share of nothing"


def test_of_all_claims_every_ladder_climbs():
    """Every claim that has ladders has some among its committed runs, and no two of them would be one line of the page."""
    with_ladders = [name for name in list_claims() if hasattr(load_claim(name), "ladders")]
    assert {"shallow_vs_deep", "unsupervised_pretraining", "phone_recognition"} <= {*with_ladders}
    assert len({*with_ladders} & {*by_claim(RESULTS)}) > 8
    committed = by_claim(RESULTS)
    for name in (name for name in with_ladders if name in committed):  # a new claim is committed before its first run
        folder = main_folder(committed[name])
        found = lines(folder, "depth.csv")  # that it is what follows from the runs, test_every_reproduction says
        identities = [tuple(line[key] for key in ("dataset", "nets", "metric", "shallowest", "layers")) for line in found]
        assert found and len(set(identities)) == len(identities)
        assert all(line["n_seeds"] != "0" and line["mean"] for line in found)


@pytest.mark.parametrize("budget", ["smoke", "quick", "hour", "full"])
def test_hidden_layers_are_those_of_the_model(budget):
    trials = [t for t in trials_of(load_claim("shallow_vs_deep"), budget) if t.model in ("mlp", "autoencoder_stack", "convnet")]
    assert trials
    for trial in {str(t.recipe["options"]): t for t in trials}.values():
        model = zoo.create_model(trial.model, (28, 28), 10, **trial.recipe["options"])
        kinds = keras.layers.Dense, zoo.layers.MatmulConv2D
        assert sum(isinstance(layer, kinds) for layer in model.layers) - 1 == hidden_layers(trial.recipe["options"])


@pytest.mark.parametrize("share, said", [("5.25", "5.2 %"), ("-35.4", "-35 %"), ("1000", "1,000 %"), ("-18900", "under -1,000 %")])
def test_a_share_of_next_to_nothing_is_said_to_be_large(share, said):
    assert _share(share) == said

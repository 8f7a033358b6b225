"""Every reproduction, found by itself: it runs, it says what it means, and its committed tables follow from its runs."""

import csv
import fnmatch
import functools
import inspect
import io
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo.datasets import list_datasets
from zoo.reproductions.harness import Budget, describe_claim, list_claims, load_claim, run_claim
from zoo.reproductions.harness.claims import claim_budgets, claim_headlines
from zoo.reproductions.harness.depth import figure, ladders_under, page
from zoo.reproductions.harness.figures import drawn_by
from zoo.reproductions.harness.folder import manifests_of, read_environment, read_folder, read_pictures, result_folders
from zoo.reproductions.harness.losses import OF_RUNS
from zoo.reproductions.harness.making import generated_files
from zoo.reproductions.harness.numbers import number
from zoo.reproductions.harness.published import Published, matches
from zoo.reproductions.harness.scoreboard import MARKS, front_page, scoreboard
from zoo.reproductions.harness.trial import budgets_of

CHECKOUT = Path(__file__).resolve().parents[1]
RESULTS = CHECKOUT / "results"
COMMITTED = result_folders(RESULTS)
# What each test example costs is known; of phone_recognition what each speaker of vowels does, smoke having these alone.
TELLS_LOSSES = (
    "convnet_vs_dense",
    "forecasting",
    "joint_training",
    "language_model",
    "linear_separability",
    "long_term_memory",
    "phone_recognition",
    "published_stack",
    "relu_learns_faster",
    "selectivity_invariance",
    "shallow_vs_deep",
    "unsupervised_pretraining",
)
ALIKE = 0.05  # what changes at most where other versions of matplotlib draw the same


def seeds_of(name):
    return getattr(load_claim(name), "SEEDS", None)


def trials_of(name, budget):
    return list(load_claim(name).trials(Budget.named(budget, None, seeds_of(name))))


each_claim = pytest.mark.parametrize("name", list_claims())
each_budget = pytest.mark.parametrize("name, budget", [(n, budget) for n in list_claims() for budget in budgets_of(seeds_of(n))])
each_folder = pytest.mark.parametrize("folder", COMMITTED, ids=lambda folder: f"{folder.parent.name}-{folder.name}")


def verdicts_of(folder):
    with open(folder / "verdicts.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@each_claim
def test_smoke_run_is_whole(name):
    folder = run_claim(name, "smoke")
    runs = read_folder(folder)
    module = load_claim(name)
    assert {(row.dataset, row.model, row.setting) for row in runs.itertuples()} == {
        trial.row for trial in module.trials(Budget.named("smoke"))
    }
    assert np.isfinite(runs.value).all()
    assert (runs.n_train > 0).all() and (runs.n_test > 0).all() and (runs.seconds >= 0).all()
    assert verdicts_of(folder) and (folder / "figure.png").stat().st_size > 5000
    sentences_hold_their_numbers(folder)
    checks_name_lines_of_the_comparison(folder)
    errors = runs[runs.metric.str.fullmatch("test_error.*_pct|arv_.*|mape_pct|bits_per_char")]
    errors = errors[~errors.model.isin(["bzip2", "gzip", "xz"])]  # these tell what a file takes, not what each part of it does
    told = {(row.dataset, row.model, row.setting, row.metric) for row in errors.itertuples()} if name in TELLS_LOSSES else set()
    assert set(runs.attrs.get(OF_RUNS, {})) == told


PARTS = ("Data", "Models", "Training", "Tuning", "Measures", "Checks", "Limits", "Changed after seeing results")


@each_claim
def test_its_docstring_says_what_it_is(name):
    text = describe_claim(name)
    assert len(text.split("\n\n")) > 1, "first the claim in short, then where it stands and what to expect"
    assert "\n\nExpected" in text and len(text.splitlines()) <= 22, "what comes out stands in the tables"
    assert inspect.getdoc(load_claim(name)) == text


@each_claim
def test_its_protocol_is_in_short_parts(name):
    """A paragraph says first what it is about, or goes on with what the one before it is about."""
    paragraphs = inspect.cleandoc(load_claim(name).PROTOCOL).split("\n\n")
    leads = [found and found[1] for found in (re.match(r"\*\*(.+?)\.\*\*", paragraph) for paragraph in paragraphs)]
    assert leads[0] and {*leads} <= {None, *PARTS} and len({*leads} & {*PARTS}) > 1
    assert max(len(paragraph.split()) for paragraph in paragraphs) <= 220


@each_claim
def test_its_budgets_are_known_without_importing_it(name):
    assert claim_budgets(name) == budgets_of(getattr(load_claim(name), "SEEDS", None))


@each_claim
def test_its_headlines_are_known_without_importing_it(name):
    """Presets are no claim of the review's; every other reproduction says what its claim stands or falls with."""
    assert claim_headlines(name) == getattr(load_claim(name), "HEADLINES", ())
    assert bool(claim_headlines(name)) != name.startswith("pretrained")


@each_budget
def test_its_trials_are_fit_to_compare(name, budget):
    trials = trials_of(name, budget)
    rows = [trial.row for trial in trials]
    assert trials and len(set(rows)) == len(rows)
    assert {trial.dataset for trial in trials} <= set(list_datasets())
    # Either a method is deterministic, or it has the claim's seeds, or the first so many: those it shares with all others.
    seeds = max((trial.seeds for trial in trials), key=len)
    assert all(trial.seeds == seeds[: len(trial.seeds)] for trial in trials)


@each_claim
def test_its_published_numbers_exist(name):
    module = load_claim(name)
    rows = {trial.row for budget in budgets_of(seeds_of(name)) for trial in trials_of(name, budget)}
    for key, found in getattr(module, "PUBLISHED", {}).items():
        row, metric = key[:3], key[3] if len(key) > 3 else "test_error_pct"
        assert row in rows, f"PUBLISHED names {row}, which no budget runs"
        assert len(matches(name, {key: found}, row, metric)) == (1 if isinstance(found, Published) else len(found))


@each_folder
def test_committed_files_follow_from_the_runs(folder):
    pictures = read_pictures(folder)
    assert {path.name for path in folder.glob("*.png")} == {"figure.png", *pictures}
    assert sum(map(len, pictures.values())) < 1e6, "pictures are committed: make them smaller"
    told = load_claim(folder.name), read_folder(folder), pictures, folder.parent.name, read_environment(folder)
    for name, content in generated_files(*told).items():
        committed = (folder / name).read_bytes()
        if name == "figure.png" and not drawn_by(committed)[1]:
            assert_same_picture(content, committed)
        else:
            assert content == committed, f"{name} is not what zoo results rebuild makes"


@each_folder
def test_committed_runs_come_out_of_commits(folder):
    """With changes that no commit holds nobody could run them again."""
    recorded = json.loads((folder / "environment.json").read_text(encoding="utf-8"))["trials"]
    changed = [trial["model"] for trial in recorded if trial["commit"].endswith("-dirty")]
    assert not changed, f"{folder.name} was run with changes that were not committed: commit them, then run it again"


@each_folder
def test_committed_runs_are_of_the_recipes_that_stand_beside_them(folder):
    """A table must not describe a protocol that its runs did not follow."""
    trials = trials_of(folder.name, folder.parent.name)
    now = {trial.row: json.loads(json.dumps(trial.recipe)) for trial in trials}
    recorded = manifests_of(read_environment(folder))
    for row, manifest in recorded.items():
        assert now[row] == manifest["recipe"]
    assert {trial.row for trial in trials if not (trial.optional or trial.needs)} <= recorded.keys()


@each_folder
def test_committed_sentences_hold_their_numbers(folder):
    sentences_hold_their_numbers(folder)


@each_folder
def test_headlines_are_checks_of_every_table(folder):
    checks = [line["check"] for line in verdicts_of(folder)]
    for pattern in claim_headlines(folder.name):
        assert fnmatch.filter(checks, pattern), f"no check of {folder.parent.name} {folder.name} is called {pattern}"


def test_scoreboard_follows_from_the_verdicts():
    front = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert MARKS[0] in front and front_page(front, RESULTS) == front
    if COMMITTED:
        assert (RESULTS / "README.md").read_text(encoding="utf-8") == scoreboard(RESULTS)


def test_the_page_of_depth_follows_from_the_claims():
    ladders, committed = ladders_under(RESULTS), (RESULTS / "depth.png").read_bytes()
    assert ladders and (RESULTS / "depth.md").read_text(encoding="utf-8") == page(ladders, RESULTS)
    assert_same_picture(figure(ladders), committed)


def sentences_hold_their_numbers(folder):
    for line in verdicts_of(folder):
        remarks = (
            r"(, because [^:]+)?(; undecided with other test examples as well)?(; .+ might do better with a wider grid \([^()]+\))?"
        )
        assert re.search(rf": {line['verdict']}{remarks}\.$", line["sentence"])
        for column in ("effect", "ci95_low", "ci95_high"):
            assert not line[column] or number(float(line[column])) in line["sentence"]


def checks_name_lines_of_the_comparison(folder):
    """By which a program joins both tables; a logarithm that a claim takes of a metric has no line."""
    with open(folder / "comparison.csv", newline="", encoding="utf-8") as file:
        known = {("/".join((line["dataset"], line["model"], line["setting"])), line["metric"]) for line in csv.DictReader(file)}
    for line in verdicts_of(folder):
        for row in filter(None, (line["better"], line["worse"])):
            assert (row, line["metric"].removeprefix("log10_")) in known, line["check"]


def assert_same_picture(first, second):
    """Other versions of matplotlib may set text a little differently: same size, and what is drawn of much the same grey."""
    assert Image.open(io.BytesIO(first)).size == Image.open(io.BytesIO(second)).size
    assert change_of_picture(first, second) < ALIKE


def change_of_picture(first, second):
    """Share of the squares of 8 x 8 pixels with something drawn in them whose mean grey differs by an eighth of the scale."""
    one, other = greys(first), greys(second)
    return (np.abs(one - other) > 32).sum() / (np.minimum(one, other) < 250).sum()


@functools.cache  # a picture is compared with many
def greys(png):
    """Mean greys of the squares of 8 x 8 pixels of a PNG."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("L"), dtype=float)
    height, width = (side // 8 for side in pixels.shape)
    return pixels[: 8 * height, : 8 * width].reshape(height, 8, width, 8).mean(axis=(1, 3))


def test_pictures_of_other_numbers_are_told_apart_and_a_pixel_to_the_side_is_not():
    pictures = {folder: (folder / "figure.png").read_bytes() for folder in COMMITTED}
    sizes = {folder: Image.open(io.BytesIO(png)).size for folder, png in pictures.items()}
    pairs = [(a, b) for a, b in itertools.combinations(COMMITTED, 2) if sizes[a] == sizes[b]]
    changes = {(a, b): change_of_picture(pictures[a], pictures[b]) for a, b in pairs}
    assert pairs and all(change > 2 * ALIKE for (a, b), change in changes.items() if a.name != b.name)
    assert all(change > ALIKE for change in changes.values()), "budgets of a claim may share a part of their pictures"
    for png in pictures.values():
        moved = io.BytesIO()
        Image.fromarray(np.roll(np.asarray(Image.open(io.BytesIO(png))), 1, axis=1)).save(moved, "png")
        assert change_of_picture(png, moved.getvalue()) < 0.01

"""Tables, Markdown and figure: what they say, and that the same runs always give the same bytes."""

import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import harness_example
from claim_example import ROW, lines, reproduction, rows_of
from zoo.errors import CorruptFile, InvalidInput, ResultsError, UnknownName
from zoo.reproductions.harness import (
    Published,
    Trial,
    as_published,
    check,
    compare,
    control,
    load_claim,
    markdown,
    paired_difference,
    rebuild,
    run_claim,
    target,
)
from zoo.reproductions.harness.figures import drawn_by, figure_png
from zoo.reproductions.harness.making import write_results
from zoo.reproductions.harness.numbers import in_markdown
from zoo.reproductions.harness.published import CHECKED, COLUMNS, CONVERSIONS, matches, read_published
from zoo.reproductions.harness.report import report_html
from zoo.reproductions.harness.runs import read_runs
from zoo.reproductions.harness.sizes import sizes
from zoo.reproductions.harness.statistics import mean_interval

OTHER = ("mnist", "svm", "exact")


def test_comparison_and_verdicts_by_hand(written):
    published = {ROW: Published("linear", "no preprocessing", note="60k against 50k")}
    folder = written(reproduction(PUBLISHED=published, __name__="shallow_vs_deep"), rows_of(ROW, [7, 8, 9]))
    (line,) = lines(folder, "comparison.csv")
    assert line == {
        "claim": "shallow_vs_deep",
        "dataset": "mnist",
        "model": "linear",
        "setting": "raw | pixels",
        "metric": "test_error_pct",
        "n_seeds": "3",
        "mean": "8",
        "ci95_low": "5.51586",
        "ci95_high": "10.4841",
        "published": "12.0",
        "published_source": "linear (no preprocessing); LeCun, Bottou, Bengio & Haffner 1998, "
        "MNIST page table (rows of LeCun et al. 1998 unless named)",
        "published_checked": "secondary",
        "note": "60k against 50k; trained with squared error; a softmax regression today gets about 7.5",
    }
    (verdict,) = lines(folder, "verdicts.csv")
    assert {**verdict, "sentence": ""} == {
        "claim": "shallow_vs_deep",
        "check": "mnist linear raw | pixels reaches 10",
        "effect": "8",
        "ci95_low": "5.51586",
        "ci95_high": "10.4841",
        "unit": "%",
        "verdict": "undecided",
        "sentence": "",
        "claimed": "< 10",
        "wide_low": "",
        "wide_high": "",
        "metric": "test_error_pct",
        "better": "mnist/linear/raw | pixels",
        "worse": "",
        "kind": "other",
    }
    *first, sentence = "claim check effect ci95_low ci95_high unit verdict sentence".split()
    assert list(verdict)[:8] == [*first, sentence], "whoever reads by place finds what was there before"


def test_checks_say_what_was_compared_and_of_which_kind_they_are(written):
    """The main ones are those that pages show: of several that one name fits the last."""

    def judge(runs):
        return [
            *(target(runs, ROW, at_most=bound, name=f"below {bound}") for bound in (6, 7)),
            paired_difference(runs, better=OTHER, worse=ROW, at_least=0.25, name="ahead"),
            control(as_published(runs, ROW, 8, within=0.1, metric="test_error_pct", name="as told")),
            check("by hand", mean_interval([1, 2, 3]), "x", "It", above=-1e-9),
        ]

    module = reproduction(judge=judge, HEADLINES=("below*", "ahead", "nothing like it"))
    checks = lines(written(module, rows_of(ROW, [7, 8, 9]) + rows_of(OTHER, [1.4])), "verdicts.csv")
    ours, theirs = "mnist/linear/raw | pixels", "mnist/svm/exact"
    assert [(line["check"], line["claimed"], line["metric"], line["better"], line["worse"], line["kind"]) for line in checks] == [
        ("below 6", "< 6", "test_error_pct", ours, "", "other"),
        ("below 7", "< 7", "test_error_pct", ours, "", "main"),
        ("ahead", "> 0.25", "test_error_pct", theirs, ours, "main"),
        ("control: as told", "< 0.1", "test_error_pct", "", "", "control"),
        ("by hand", "> -1e-09", "", "", "", "other"),
    ]


def test_several_published_values_have_a_line_each(written):
    published = {ROW: [Published("linear", "no preprocessing"), Published("linear", "deskewed")]}
    module = reproduction(PUBLISHED=published, __name__="shallow_vs_deep")
    folder = written(module, rows_of(ROW, [7, 8, 9]) + rows_of(OTHER, [1.4]))
    assert [(line["model"], line["published"]) for line in lines(folder, "comparison.csv")] == [
        ("linear", "12.0"),
        ("linear", "8.4"),
        ("svm", ""),
    ]


def test_a_published_spread_is_held_against_ours_where_that_is_asked_for():
    net, how = "1 hidden layer, pre-trained", "mean, standard deviation over seeds"
    entry = Published(net, how, "fewer seeds", metric="test_error_pct", spread=True)
    (found,) = matches("unsupervised_pretraining", {(*ROW, "deviation"): entry}, ROW, "deviation")
    of_seeds = "the spread is a standard deviation over seeds"
    assert (found.value, found.note) == ("0.07", f"fewer seeds; {of_seeds}")
    (mean,) = matches("unsupervised_pretraining", {ROW: dataclasses.replace(entry, spread=False)}, ROW, "test_error_pct")
    assert (mean.value, mean.note) == ("1.41", f"fewer seeds; published with a spread of 0.07; {of_seeds}")
    without = Published("deep net, no pre-training", "experiment 2", metric="test_error_pct", spread=True)
    with pytest.raises(UnknownName, match="experiment 2"):  # it has a value, and no spread
        matches("unsupervised_pretraining", {ROW: without}, ROW, "test_error_pct")


def test_a_source_says_which_model_a_published_number_is_of(written, results_dir):
    row = ("fashion_mnist", "convnet", "plain")
    net, setting = "ConvNet, 2 conv + 3 dense layers, 1.8M parameters", "submitted by users, not verified by the authors"
    module = reproduction(PUBLISHED={row: Published(net, setting)}, __name__="shallow_vs_deep")
    module.judge = lambda runs: []
    folder = written(module, rows_of(row, [13, 14]))
    said = f"{net} ({setting}); Fashion-MNIST README benchmark"
    assert lines(folder, "comparison.csv")[0]["published_source"].startswith(said)
    assert f" | 6.8 | {said}" in (folder / "comparison.md").read_text()
    assert f"<td>{said}" in report_html(results_dir)
    (bare,) = (entry for entry in read_published() if entry["topic"] == "forecasting" and entry["metric"] == "finding")
    published = {ROW: Published(bare["model"], "", topic="forecasting", dataset=bare["dataset"], metric="finding")}
    (match,) = matches("forecasting", published, ROW, "test_error_pct")
    assert match.source.startswith(f"{bare['model']}; {bare['source']}")


def test_a_line_says_on_how_much_was_trained(written):
    rows = rows_of(ROW, [7, 8, 9], n_train=12000, n_test=10000) + rows_of(OTHER, [1.4], n_train=500, n_test=10000)
    rows += rows_of(ROW, [6, 7, 8], n_train=12000, n_test=10000, metric="validation_error_pct")
    rows += rows_of(("digits", "svm", ""), [1], n_train=300, n_test=200, metric="training_error_pct")
    folder = written(reproduction(), rows)
    text = (folder / "comparison.md").read_text()
    assert "- mnist: trained on 500 to 12,000 examples (n_train), tested on 10,000 (n_test), 1 to 3 seeds.\n" in text
    assert "- digits: trained on 300 examples (n_train), 1 seed.\n" in text
    runs = read_runs(folder / "runs.csv")
    assert sizes(runs, "mnist", ["validation_error_pct"]) == "trained on 12,000 examples (n_train), 3 seeds"
    assert sizes(runs, "mnist", ["spread_over_seeds"]).endswith("tested on 10,000 (n_test), 1 to 3 seeds")
    assert sizes(runs, "nothing", ["test_error_pct"]) == ""


def test_metrics_for_the_figure_are_in_no_table_for_readers(written, call):
    module = reproduction(FIGURE_ONLY=("kernel_?",))
    names = ("kernel_0", "kernel_1", "kernel_size")
    rows = [row for name in names for row in rows_of(OTHER, [0.25], metric=name)]
    folder = written(module, rows_of(ROW, [7, 8, 9]) + rows)
    assert [line["metric"] for line in lines(folder, "comparison.csv")] == ["test_error_pct", *names]
    text = (folder / "comparison.md").read_text()
    assert "| kernel size |" in text and "| kernel 0 |" not in text
    assert "In comparison.csv only: kernel 0, kernel 1.\n" in text
    many = [row for n in range(10) for row in rows_of(OTHER, [0.25], metric=f"kernel_{n}")]
    text = (written(module, rows_of(ROW, [7, 8, 9]) + many) / "comparison.md").read_text()
    assert "In comparison.csv only: 10 metrics from kernel 0 to kernel 9.\n" in text
    written(module, rows_of(ROW, [7, 8, 9]) + rows)
    load_claim(module)
    code, out, _ = call("compare", "a_claim", "--budget", "full")
    assert code == 0 and "kernel size: mnist" in out and "kernel 0" not in out


@pytest.mark.parametrize(
    "seeds, backend, said", [(3, "jax", ""), (2, "jax", " --seeds 2"), (3, "tensorflow", " --backend tensorflow")]
)
def test_the_last_line_runs_it_again_with_as_many_seeds(written, seeds, backend, said):
    few = Trial(*OTHER, (0,), harness_example.train)
    trials = lambda budget: [Trial(*ROW, budget.seeds, harness_example.train), few]  # noqa: E731
    module = reproduction(trials=trials, SEEDS={"full": 3}, __name__="zoo.reproductions.a_claim")
    folder = written(module, rows_of(ROW, [7, 8, 9][:seeds], backend=backend))
    last = (folder / "comparison.md").read_text().splitlines()[-1]
    assert last == f"To run it again: `zoo reproduce a_claim --budget full{said}`."


@pytest.mark.parametrize("environment, said", [
    ({"wall_seconds": 4776.311}, "80 minutes of AMD EPYC, 2 cores"),
    ({"wall_seconds": 52.3, "cores": 1}, "52 seconds of AMD EPYC, 1 core"),
    ({"wall_seconds": 90000, "device": "a card"}, "1,500 minutes of a card with AMD EPYC, 2 cores"),
    ({}, None), ({"wall_seconds": None}, None), ({"wall_seconds": 1, "cores": None}, None),
])  # fmt: skip
def test_a_page_says_what_its_run_took_where_that_was_kept(results_dir, environment, said):
    folder, host = results_dir / "full" / "a_claim", {"device": "AMD EPYC", "processor": "AMD EPYC", "cores": 2}
    write_results(folder, load_claim(reproduction()), rows_of(ROW, [7, 8, 9]), host | environment)
    text = (folder / "comparison.md").read_text()
    assert [part for part in text.split("\n\n") if "run took" in part] == ([f"The run took {said}.\n"] if said else [])
    rebuild("a_claim")
    assert (folder / "comparison.md").read_text() == text


def test_a_claim_of_the_users_own_is_run_again_in_python(written):
    trials = lambda budget: [Trial(*ROW, budget.seeds, harness_example.train)]  # noqa: E731
    folder = written(reproduction(trials=trials, SEEDS={"full": 3}), rows_of(ROW, [7, 8]))
    last = (folder / "comparison.md").read_text().splitlines()[-1]
    command, python = "zoo --import a_claim.py reproduce a_claim --budget full --seeds 2", 'run_claim(a_claim, "full", seeds=2)'
    assert (
        last
        == f"To run it again, where that file is: `{command}`; in Python with KERAS_BACKEND=jax: `zoo.reproductions.harness.{python}`."
    )
    others = [row | {"seed": row["seed"] + 5} for row in rows_of(ROW, [7, 8])]
    folder = written(reproduction(trials=trials, SEEDS={"full": 2}), others)
    assert (folder / "comparison.md").read_text().endswith('run_claim(a_claim, "full", seeds=[5, 6])`.\n')


@pytest.mark.parametrize(
    "changes, match",
    [
        ({"draw": lambda runs: None}, "a_claim.draw must return a matplotlib Figure; it returned NoneType"),
        ({"judge": lambda runs: None}, "a_claim.judge must return a list of checks.*; it returned None"),
        ({"judge": lambda runs: [True]}, "a_claim.judge must return a list of checks.*; it returned .True"),
        ({"notes": lambda runs: None}, "a_claim.notes must return {.*: text}; it returned None"),
        ({"summarise": lambda runs: 5}, "a_claim.summarise must return .row, metric, Interval. of each line; it returned 5"),
        ({"ladders": lambda runs, trials: 5}, "a_claim.ladders must return Ladders, or yield them; it returned 5"),
    ],
)
def test_what_a_claim_forgot_to_return_is_said(written, changes, match):
    with pytest.raises(InvalidInput, match=match):
        written(reproduction(**changes), rows_of(ROW, [7, 8]))


@pytest.mark.parametrize(
    "said, shown",
    [
        ("How it was done.\n\nExpected (quick: a minute):\n\n- much", "How it was done."),
        ("Ours. Expected: less.", "Ours."),
        ("Expected calibration errors are measured.", "Expected calibration errors are measured."),
        ("Held against Expected improvement, of Gaussian processes.", "Held against Expected improvement, of Gaussian processes."),
    ],
)
def test_what_was_done_ends_where_it_is_told_what_to_expect(written, said, shown):
    module = reproduction()
    module.__doc__ = f"In short.\n\n{said}"
    page = (written(module, rows_of(ROW, [7, 8])) / "comparison.md").read_text()
    assert page.partition("## What was done\n\n")[2].partition("\n\n## ")[0] == shown


def test_no_command_is_promised_that_would_run_something_else(written):
    trials = lambda budget: [Trial(*ROW, budget.seeds, harness_example.train)]  # noqa: E731
    others = [row | {"seed": row["seed"] + 5} for row in rows_of(ROW, [7, 8, 9])]
    named = {"__name__": "zoo.reproductions.a_claim"}
    folder = written(reproduction(trials=trials, SEEDS={"full": 3}, **named), others)
    assert "To run it again" not in (folder / "comparison.md").read_text(), "no option asks for seeds 5, 6 and 7"
    former = folder.parents[1] / "hour" / "a_claim"
    write_results(former, reproduction(trials=trials, SEEDS={"full": 3}, **named), rows_of(ROW, [7, 8, 9]), {})
    assert "To run it again" not in (former / "comparison.md").read_text(), "the claim has an hour no more"


@pytest.mark.parametrize(
    "device, backend, precision, expected",
    [
        ("NVIDIA H100 80GB HBM3", "jax", "float32", True),
        ("NVIDIA H100 80GB HBM3", "tensorflow", "float32", False),
        ("NVIDIA H100 80GB HBM3", "jax", "mixed_bfloat16", False),
        ("AMD EPYC", "jax", "float32", False),
    ],
)
def test_tables_say_what_a_card_makes_of_float32(written, device, backend, precision, expected):
    rows = rows_of(ROW, [7, 8, 9], device=device, backend=backend, precision=precision)
    text = (written(reproduction(), rows) / "comparison.md").read_text()
    assert ("in TensorFloat-32 where a card has it" in text) is expected


@pytest.mark.parametrize(
    "marks, said",
    [
        (
            ["read", "recalled"],
            "Published values were read in the source itself, save those marked (recalled: from memory, not yet looked up).",
        ),
        (
            ["recalled", "recalled"],
            "No published value of this table was read in the source itself (recalled: from memory, not yet looked up).",
        ),
        (["read", "read"], ""),
        (["", ""], ""),
    ],
)
def test_a_page_says_which_published_values_nobody_read(marks, said):
    assert markdown._marks([{"published_checked": mark} for mark in marks]) == said


def test_tables_say_what_intervals_leave_out(written):
    said = "Unless a check says otherwise, intervals cover seeds alone"
    assert said in (written(reproduction(), rows_of(ROW, [7, 8, 9])) / "comparison.md").read_text()
    assert said not in (written(reproduction(), rows_of(ROW, [7])) / "comparison.md").read_text()


def test_diverged_seeds_are_counted_beside_the_mean(written):
    folder = written(reproduction(), rows_of(ROW, [7, float("nan"), 9]) + rows_of(OTHER, [float("inf")]))
    first, second = lines(folder, "comparison.csv")
    assert (first["n_seeds"], first["mean"], first["note"]) == ("2", "8", "1 of 3 seeds diverged and are not in the mean")
    assert (second["n_seeds"], second["mean"], second["ci95_low"]) == ("0", "", "")
    assert len(lines(folder, "runs.csv")) == 4
    named = written(reproduction(LOST="got lost"), rows_of(ROW, [7, float("nan"), 9]))
    assert lines(named, "comparison.csv")[0]["note"] == "1 of 3 seeds got lost and are not in the mean"


def test_markdown_marks_what_nobody_read(written):
    recalled = next(row for row in read_published() if row["checked"] == "recalled" and row["metric"] == "test_error_pct")
    entry = Published(recalled["model"], recalled["setting"], dataset=recalled["dataset"], topic=recalled["topic"])
    folder = written(reproduction(PUBLISHED={ROW: entry}, PROTOCOL="All got the same."), rows_of(ROW, [7, 8, 9]))
    text = (folder / "comparison.md").read_text()
    assert f"{recalled['value']} (recalled)" in text and "recalled: from memory, not yet looked up" in text
    assert text.startswith("# a_claim\n\nA claim in short.\n") and "All got the same." in text
    assert "| mnist | linear | raw \\| pixels | test error, % | 3 | 8 [5.516, 10.48] |" in text
    assert "- **undecided**: On mnist" in text and "a card (jax, float32, commit abc)" in text


def test_same_runs_same_bytes(written):
    module = reproduction()
    folder = written(module, rows_of(ROW, [7.1, 8.2, 9.3], parameters=10) + rows_of(OTHER, [1.4], parameters=20))
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    for path in folder.iterdir():
        if path.name not in ("runs.csv", "environment.json"):
            path.write_text("spoilt")
    load_claim(module)
    assert rebuild(folder) == [folder]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_a_folder_that_is_called_like_a_claim_is_not_meant(results_dir, tmp_path, monkeypatch):
    folder = run_claim(harness_example, "smoke")
    monkeypatch.setattr("zoo.reproductions.harness.folder.is_known", lambda name: name == "harness_example")
    (tmp_path / "harness_example").mkdir()
    monkeypatch.chdir(tmp_path)
    assert rebuild("harness_example") == [folder]
    with pytest.raises(InvalidInput, match="A string or a path names what is meant"):
        rebuild(3)


def test_figure_depends_on_nothing_but_the_runs(written):
    import matplotlib

    runs = pd.read_csv(written(reproduction(), rows_of(ROW, [7, 8, 9], parameters=5)) / "runs.csv")
    first = figure_png(reproduction(), runs)
    assert figure_png(reproduction(), runs, "demo, quick budget, a CPU") != first
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 30}):
        assert figure_png(reproduction(), runs) == first
        assert matplotlib.rcParams["font.size"] == 30
    software, same = drawn_by(first)
    assert same and software.startswith("matplotlib ") and "pillow " in software


def test_nothing_is_written_if_judging_fails(written, results_dir):
    with pytest.raises(InvalidInput):
        written(reproduction(), rows_of(OTHER, [1.4]))
    two = reproduction(judge=lambda runs: 2 * [target(runs, ROW, at_most=10)])
    with pytest.raises(InvalidInput, match="same name"):
        written(two, rows_of(ROW, [7, 8]))
    assert not results_dir.exists()


def test_mixed_devices_are_refused(written, results_dir):
    with pytest.raises(ResultsError, match="different devices"):
        written(reproduction(), rows_of(ROW, [7, 8]) + rows_of(OTHER, [1.4], device="another"))
    assert not results_dir.exists()


@pytest.mark.parametrize("damage", [lambda text: text[:-10], lambda text: text.rpartition("harness_example")[0], lambda text: ""])
def test_damaged_runs_are_not_tabulated(damage):
    folder = run_claim(harness_example, "smoke")
    (folder / "runs.csv").write_text(damage((folder / "runs.csv").read_text()))
    for use in (lambda: rebuild(folder), lambda: compare("harness_example", "smoke")):
        with pytest.raises(ResultsError, match="runs.csv is (damaged: line|not what the run wrote)"):
            use()
    run_claim(harness_example, "smoke")
    rebuild(folder)


def test_environment_says_where_and_how():
    folder = run_claim(harness_example, "smoke")
    said = json.loads((folder / "environment.json").read_text())
    assert said["backend"] == "jax" and said["precision"] == "float32" and said["device"] and said["versions"]["keras"]
    assert [trial["recipe"] for trial in said["trials"]] == [{"hidden": [], "passes": 5}, {"hidden": [32], "passes": 5}]
    assert "/" not in json.dumps({name: said[name] for name in ("device", "platform", "versions", "python")})


def test_compare_gives_numbers_and_text():
    load_claim(harness_example)
    with pytest.raises(ResultsError, match="run it: zoo --import MODULE reproduce harness_example --budget smoke$"):
        compare("harness_example", "smoke")
    run_claim(harness_example, "smoke")
    comparison, verdicts = compare("harness_example", "smoke")
    assert comparison.n_seeds.tolist() == [2, 2] and comparison["mean"].dtype == float
    assert comparison.published.tolist() == ["", "2.8"] and "accuracy 0.972" in comparison.note[1]
    assert set(verdicts.verdict) <= {"reproduced", "contradicted", "undecided"} and verdicts.effect.dtype == float
    assert verdicts.wide_low.dtype == verdicts.wide_high.dtype == float and verdicts.claimed.tolist() == ["> 0", "< 8"]


def test_a_claim_of_ones_own_has_a_name_of_its_own(written):
    for name, said in (("shallow_vs_deep", "is one of deepzoo's claims"), ("__main__", "save it"), ("<stdin>", "save it")):
        with pytest.raises(InvalidInput, match=said):
            load_claim(reproduction(__name__=name))
    assert load_claim("shallow_vs_deep").__name__ == "zoo.reproductions.shallow_vs_deep"
    assert load_claim(load_claim("shallow_vs_deep")) is load_claim("shallow_vs_deep")


def test_rebuild_takes_a_module():
    folder = run_claim(harness_example, "smoke")
    assert rebuild(harness_example) == [folder]
    with pytest.raises(UnknownName, match="One of your own is a module, which Python takes in its place"):
        compare("my_claim")


def test_rebuild_says_when_there_is_nothing():
    load_claim(harness_example)
    for what in (None, "harness_example"):
        with pytest.raises(ResultsError, match="run zoo reproduce first"):
            rebuild(what)
    with pytest.raises(UnknownName, match="no claim called 'nonsense'"):
        rebuild("nonsense")


def test_a_folder_outside_of_results_is_left_alone(results_dir, tmp_path):
    """What lies two levels above a claim's folder is a results folder only where a budget's lies between."""
    folder = run_claim(harness_example, "smoke")
    (tmp_path / "home" / "proj").mkdir(parents=True)
    (tmp_path / "home" / "README.md").write_text("mine")
    copied = shutil.copytree(folder, tmp_path / "home" / "proj" / "harness_example")
    with pytest.raises(ResultsError, match="lies in no folder of a budget"):
        rebuild(copied)
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["README.md", "proj"]
    shutil.copytree(results_dir / "smoke", tmp_path / "home" / "smoke")
    with pytest.raises(ResultsError, match="README.md is not deepzoo's and would be replaced"):
        rebuild(tmp_path / "home")
    assert (tmp_path / "home" / "README.md").read_text() == "mine"


def test_rebuilding_leaves_claims_that_are_not_known_here(results_dir):
    folder, told = run_claim(harness_example, "smoke"), []
    shutil.copytree(folder, folder.with_name("of_mine"))
    (folder / "verdicts.csv").write_text("")
    for place in (None, results_dir, results_dir / "smoke"):
        assert rebuild(place, tell=told.append) == [folder]
    said = "is left as it is: of_mine is no claim of deepzoo's (one of your own: zoo --import MODULE ...)"
    assert told == 3 * [f"{folder.with_name('of_mine')} {said}"]
    assert (folder / "verdicts.csv").read_text()
    with pytest.raises(UnknownName, match="no claim called 'of_mine'"):
        rebuild(folder.with_name("of_mine"))
    assert "rebuild" not in (folder / "comparison.md").read_text(), "no command knows a module of one's own"


def test_a_folder_of_another_version_is_named_and_the_others_are_made_anew(results_dir):
    folder = run_claim(harness_example, "smoke")
    lost = run_claim(harness_example, "quick", seeds=2)
    runs = (lost / "runs.csv").read_bytes().replace(b"one layer of 32", b"one layer of 8")
    environment = json.loads((lost / "environment.json").read_text())
    (lost / "runs.csv").write_bytes(runs)
    (lost / "environment.json").write_text(json.dumps(environment | {"runs_sha256": hashlib.sha256(runs).hexdigest()}))
    (folder / "verdicts.csv").write_text("")
    with pytest.raises(ResultsError, match=f"^{lost} can't be made anew: The runs hold no .* run it again with this one"):
        rebuild()
    assert (folder / "verdicts.csv").read_text(), "the other folder"
    for spoiled in ({"pictures_sha256": []}, {"trials": None}, {"runs_sha256": 7}):
        (folder / "environment.json").write_text(json.dumps(environment | spoiled))
        with pytest.raises(ResultsError, match="environment.json is missing or damaged"):
            rebuild(folder)


def test_no_name_is_read_as_markdown():
    assert in_markdown("a|b\n<i>x</i> *y* `z`") == r"a\|b \<i>x\</i> \*y\* \`z\`"
    assert in_markdown("7.6* of mnist_rot, [1, 2]") == "7.6* of mnist_rot, [1, 2]", "a mark that stands alone, and plain names"


def test_a_script_that_is_a_claim_is_called_like_its_file(results_dir, tmp_path):
    source = Path(harness_example.__file__).read_text(encoding="utf-8")
    script = tmp_path / "my_claim.py"
    call = "import sys\nfrom zoo.reproductions.harness import run_claim\nrun_claim(sys.modules[__name__], 'smoke', seeds=2)\n"
    script.write_text(source + call, encoding="utf-8")
    subprocess.run([sys.executable, script], check=True, capture_output=True)
    text = (results_dir / "smoke" / "my_claim" / "comparison.md").read_text()
    assert text.startswith("# my_claim\n") and "run_claim(my_claim, " in text


def test_shares_have_intervals_of_shares_and_what_all_seeds_agree_on_has_none(written):
    rows = rows_of(ROW, [0, 0, 0, 0, 0], metric="share_reaching_2_percent") + rows_of(ROW, [3000] * 5, metric="steps")
    rows += rows_of(ROW, [1, 0, 1, 1, 1], metric="share_with_text") + rows_of(ROW, [7, 7.1, 7.2])
    none, steps, some, error = lines(written(reproduction(), rows), "comparison.csv")
    assert (none["ci95_low"], none["ci95_high"]) == ("0", "0.521824"), "five of five failing is no certainty"
    assert (steps["mean"], steps["ci95_low"], steps["ci95_high"]) == ("3000", "", "")
    assert float(some["ci95_low"]) > 0 and float(some["ci95_high"]) < 1 and some["mean"] == "0.8"
    assert error["ci95_low"]


def test_published_table_is_whole():
    rows = read_published()
    assert len(rows) > 300 and all(list(row) == COLUMNS for row in rows)
    assert {row["checked"] for row in rows} == {"read", "derived", "secondary", "recalled"} == {*CHECKED}
    identities = [tuple(row[name] for name in COLUMNS[:5]) for row in rows]
    assert len(set(identities)) == len(identities)


def test_a_published_number_says_how_far_it_was_checked(tmp_path, monkeypatch):
    table = tmp_path / "published.csv"
    table.write_text(f"{','.join(COLUMNS)}\nwidth,digits,mlp,wide,test_error_pct,3.1,,Somebody 1999,,raed,\n")
    monkeypatch.setattr("zoo.reproductions.harness.published.TABLE", table)
    with pytest.raises(CorruptFile, match="width, mlp, wide: checked is 'raed'; say one of read, derived, secondary, recalled"):
        read_published.__wrapped__()


@pytest.mark.parametrize(
    ("published", "ours", "value", "converted"),
    [
        ("test_accuracy", "test_error_pct", 0.897, 10.3),
        ("test_accuracy_pct", "test_error_pct", 98.9, 1.1),
        ("test_error", "test_error_pct", 0.25, 25),
        ("test_accuracy", "test_accuracy_pct", 0.897, 89.7),
        ("test_error_pct", "test_accuracy_pct", 1.1, 98.9),
    ],
)
def test_conversion_of_units(published, ours, value, converted):
    assert CONVERSIONS[published, ours][0](value) == pytest.approx(converted)


def test_published_row_that_does_not_exist_is_an_error():
    with pytest.raises(UnknownName, match=r"linear \| no preprocesing.*linear \| no preprocessing"):
        matches("shallow_vs_deep", {ROW: Published("linear", "no preprocesing")}, ROW, "test_error_pct")
    assert matches("shallow_vs_deep", {ROW: Published("linear", "no preprocessing")}, ROW, "test_accuracy_pct") == []
    (match,) = matches(
        "shallow_vs_deep", {(*ROW, "test_accuracy_pct"): Published("linear", "no preprocessing")}, ROW, "test_accuracy_pct"
    )
    assert match.value == "88" and match.note.startswith("published as error 12.0 %")


def test_a_published_metric_may_have_another_name():
    entry, own = Published("linear", "no preprocessing", metric="test_error_pct"), "test_error_with_60000_labels_pct"
    (match,) = matches("shallow_vs_deep", {(*ROW, own): entry}, ROW, own)
    assert match.value == "12.0" and "published as" not in match.note

"""The command line: exit codes, one clean line per mistake, plain text in a pipe, quick listings."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zoo.cli.app import build
from zoo.cli.console import fitted, out
from zoo.errors import DataUnavailable, ResultsError
from zoo.reproductions.harness.folder import result_folders

ZOO = Path(sys.executable).with_name("zoo")
COMMITTED = result_folders(Path(__file__).resolve().parents[1] / "results")


def commands(group=None, words=()):
    """The words of every command and group of commands."""
    from typer.main import get_command

    for name, command in (group or get_command(build())).commands.items():
        yield " ".join((*words, name))
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))


def zoo(*arguments, **environment):
    """Run the installed command, as a user does in a pipe."""
    env = {**os.environ, **environment}
    return subprocess.run([ZOO, *map(str, arguments)], capture_output=True, text=True, timeout=120, env=env)


@pytest.mark.parametrize("command", sorted(commands()))
def test_help_explains_with_an_example(call, command):
    code, out, _ = call(*command.split(), "--help")
    assert code == 0
    assert "Usage: zoo" in out
    if command not in ("data", "results"):
        assert f"$ zoo {command}" in out
    assert max(map(len, out.splitlines())) <= 80


def test_version_is_that_of_the_package(call):
    from importlib.metadata import version

    import zoo as package

    assert package.__version__ == version("deepzoo")
    assert call("--version") == (0, f"deepzoo {version('deepzoo')}\n", "")
    code, out, _ = call("--help")
    assert code == 0 and "evidence for every claim about them" in out and "--version" in out


def test_models_lists_names_with_their_docstrings(call):
    code, out, err = call("models", "l[is]*")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["model", "linear", "lstm"]
    assert "Softmax regression" in out


@pytest.mark.parametrize("command, expected", [("datasets", "fashion_mnist"), ("claims", "shallow_vs_deep")])
def test_listings(call, command, expected):
    code, out, _ = call(command)
    assert code == 0
    assert expected in [line.split()[0] for line in out.splitlines()]


@pytest.mark.parametrize(
    "arguments, suggestion",
    [
        (["models", "linaer"], "linear"),
        (["datasets", "mnst"], "mnist"),
        (["claims", "shallow_or_deep"], "shallow_vs_deep"),
        (["presets", "linaer_mnist"], "linear_mnist"),
        (["show", "linear_mnits"], "linear_mnist"),
        (["evaluate", "linear_mnits"], "linear_mnist"),
        (["train", "linear_mnits"], "linear_mnist"),
        (["data", "fetch", "mnst"], "mnist"),
        (["reproduce", "shallow_or_deep"], "shallow_vs_deep"),
        (["compare", "shallow_or_deep"], "shallow_vs_deep"),
        (["results", "rebuild", "shallow_or_deep"], "shallow_vs_deep"),
    ],
)
def test_unknown_name_is_wrong_usage_and_names_the_nearest(call, arguments, suggestion):
    code, out, err = call(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("error: There is no ") and suggestion in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["reproduce", "shallow_vs_deep", "--budget", "huge"],
        ["reproduce", "shallow_vs_deep", "--seeds", "0"],
        ["reproduce", "shallow_vs_deep", "--seeds", "many"],
        ["reproduce", "shallow_vs_deep", "--seeds", "99999999999"],
        ["reproduce", "shallow_vs_deep", "--engine", "slurm"],
        ["reproduce", "shallow_vs_deep", "--backend", "torch"],
        ["reproduce", "shallow_vs_deep", "--address", "auto"],
        ["reproduce"],
        ["data", "fetch"],
        ["data", "fetch", "mnist", "--from", "somewhere"],
        ["data", "fetch", "mnist", "tiny_shakespeare", "--from", "mirror"],
        ["compare", "shallow_vs_deep", "--budget", "huge"],
        ["results", "import", "/no/such/folder"],
        ["train"],
        ["models", "--colour"],
    ],
)
def test_wrong_usage_exits_2(call, arguments):
    code, _, err = call(*arguments)
    assert code == 2
    assert "Usage: zoo" in err and "Traceback" not in err


def test_evaluating_on_other_classes_is_one_line(call):
    code, out, err = call("evaluate", "linear_mnist", "--dataset", "fashion_mnist")
    assert (code, out) == (1, "") and err.startswith("error: linear_mnist tells 0, 1, 2") and err.count("\n") == 1


def test_unknown_name_stops_before_anything_is_fetched(call, monkeypatch):
    fetched = []
    monkeypatch.setattr("zoo.datasets.fetch", lambda name, **_: fetched.append(name))
    code, _, _ = call("data", "fetch", "mnist", "mnst")
    assert (code, fetched) == (2, [])


def test_fetch_hands_the_source_on(call, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("zoo.datasets.fetch", lambda name, source=None: asked.append((name, source)) or tmp_path)
    code, out, _ = call("data", "fetch", "mnist", "fashion_mnist", "--from", "mirror")
    assert code == 0
    assert asked == [("mnist", "mirror"), ("fashion_mnist", "mirror")]
    assert f"mnist: ready in {tmp_path}" in out


def test_failure_exits_1_with_one_line(call, monkeypatch):
    def refuse(name, source=None):
        raise DataUnavailable("Neither source of [mnist] answers.")

    monkeypatch.setattr("zoo.datasets.fetch", refuse)
    assert call("data", "fetch", "mnist") == (1, "", "error: Neither source of [mnist] answers.\n")


def test_data_sets_are_fetched_though_one_before_them_is_missing(call, monkeypatch, tmp_path):
    def fetch(name, source=None):
        if name == "cifar10":
            raise DataUnavailable("No source of cifar10 answers.")
        return tmp_path

    monkeypatch.setattr("zoo.datasets.fetch", fetch)
    code, out, err = call("data", "fetch", "cifar10", "mnist")
    assert (code, out, err) == (1, f"mnist: ready in {tmp_path}\n", "error: No source of cifar10 answers.\n")


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch):
    from zoo.cli import main

    def break_down(name, source=None):
        raise RuntimeError("a bug")

    monkeypatch.setattr("zoo.datasets.fetch", break_down)
    monkeypatch.setattr(sys, "argv", ["zoo", "data", "fetch", "mnist"])
    with pytest.raises(RuntimeError, match="a bug"):
        main()


def test_reproduce_hands_everything_on(call, monkeypatch, tmp_path):
    seen = {}

    def record(claim, budget, **options):
        seen.update(options, claim=claim, budget=budget, keras=os.environ["KERAS_BACKEND"])
        raise ResultsError("enough")

    monkeypatch.setattr("zoo.reproductions.harness.run_claim", record, raising=False)
    monkeypatch.setattr("zoo.cli.backend._load_tensorflow", lambda: None)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    code, _, err = call(
        "reproduce", "shallow_vs_deep", "--budget", "smoke", "--seeds", 2, "--out", tmp_path, "--engine", "ray",
        "--address", "auto", "--force", "--only", "lstm", "--backend", "tensorflow",
    )
    assert (code, err) == (1, "error: enough\n")
    assert seen == {
        "claim": "shallow_vs_deep", "budget": "smoke", "seeds": 2, "out": tmp_path, "engine": "ray",
        "address": "auto", "force": True, "only": "lstm", "keras": "tensorflow",
    }


def test_reproduce_is_on_jax_unless_told_otherwise(call, monkeypatch):
    def record(claim, budget, **options):
        raise ResultsError(f"{budget} on {os.environ['KERAS_BACKEND']}")

    monkeypatch.setattr("zoo.reproductions.harness.run_claim", record, raising=False)
    monkeypatch.setattr("zoo.cli.backend._leave_tensorflow_out", lambda: None)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert call("reproduce", "shallow_vs_deep") == (1, "", "error: quick on jax\n")


def test_interrupt_says_what_was_kept(tmp_path, results_dir):
    program = "import harness_example, signal, zoo.cli, zoo.reproductions.harness as h; h.load_claim(harness_example); "
    # tests that run in the background of a shell inherit that SIGINT is ignored
    program += "signal.signal(signal.SIGINT, signal.default_int_handler); zoo.cli.main()"
    log = tmp_path / "log"
    environment = {"EXAMPLE_LOG": log, "EXAMPLE_SECONDS": 60, "PYTHONPATH": Path(__file__).parent}
    process = subprocess.Popen(
        [sys.executable, "-c", program, "reproduce", "harness_example", "--budget", "smoke"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **{k: str(v) for k, v in environment.items()}},
    )
    try:
        until = time.monotonic() + 60
        while not log.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.2)  # the trial writes its line, then works
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert err.strip().splitlines()[-1] == "Interrupted. Finished trials are kept; the same command goes on from there."
    assert "Traceback" not in err


def test_compare_before_any_run_says_what_to_do(call):
    code, out, err = call("compare", "shallow_vs_deep")
    assert (code, out) == (1, "")
    assert err.startswith("error: ") and "zoo reproduce" in err


def test_compare_shows_tables_and_verdicts_in_80_columns(call, monkeypatch):
    import harness_example

    from zoo.reproductions.harness import run_claim
    from zoo.reproductions.harness.runs import read_runs

    folder = run_claim(harness_example, "quick", seeds=2)
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = call("compare", "harness_example")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].strip() == "test error, %: digits, quick budget"
    (network,) = (line.split() for line in lines if line.startswith("mlp"))
    assert network[-1] == "2.8"
    (line,) = (line for line in lines if line.startswith("trained on "))
    counts = read_runs(folder / "runs.csv").iloc[0]
    assert line == f"trained on {counts.n_train:,.0f} examples (n_train), tested on {counts.n_test:,.0f} (n_test), 2 seeds"
    verdicts = [line.split()[0] for line in lines if line.startswith(("reproduced", "contradicted", "undecided"))]
    assert len(verdicts) == 2
    assert f"1 {verdicts[0]}" in lines[-1] or f"2 {verdicts[0]}" in lines[-1]
    assert lines[-1].endswith(str(folder))
    assert all(len(line) <= 80 for line in lines[:-1])


def test_a_smoke_run_is_shown_as_no_evidence(call):
    import harness_example

    from zoo.reproductions.harness import run_claim

    folder = run_claim(harness_example, "smoke")
    code, out, _ = call("compare", "harness_example", "--budget", "smoke")
    said = "smoke: shows that the code runs; its numbers and verdicts say nothing"
    lines = [line.rstrip() for line in out.splitlines()]
    assert code == 0 and lines[:3] == [said, "", "test error, %: digits, smoke budget"]
    assert lines[-1] == f"In sentences, with published models and the figure: {folder}", "verdicts are not counted"
    text = (folder / "comparison.md").read_text()
    assert f"\n\n{said}\n\n## Verdicts\n" in text
    run_claim(harness_example, "quick", seeds=2)
    assert said not in call("compare", "harness_example")[1]
    assert said not in (folder.parents[1] / "quick" / "harness_example" / "comparison.md").read_text()


def committed_tables(folder):
    """(comparison, verdicts) as compare() has them, from the committed files, whose agreement other tests see to."""
    import pandas as pd

    tables = []
    for name in ("comparison.csv", "verdicts.csv"):
        table = pd.read_csv(folder / name, keep_default_na=False, dtype=str)
        for column in {"n_seeds", "mean", "effect", "ci95_low", "ci95_high"}.intersection(table):
            table[column] = pd.to_numeric(table[column])
        tables.append(table)
    return tables


@pytest.mark.parametrize("folder", COMMITTED, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
@pytest.mark.parametrize("terminal", [False, True], ids=["plain", "terminal"])
def test_every_committed_claim_is_readable_in_80_columns(call, monkeypatch, terminal, folder):
    from zoo.reproductions.harness import load_claim
    from zoo.reproductions.harness.numbers import number
    from zoo.reproductions.harness.tables import figure_only

    comparison, checks = committed_tables(folder)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("zoo.cli.console.on_terminal", lambda: terminal)
    monkeypatch.setattr("zoo.reproductions.harness.compare", lambda *_: (comparison, checks), raising=False)
    code, out, _ = call("compare", folder.name, "--budget", folder.parent.name, "--out", folder.parents[1])
    assert code == 0 and "\N{HORIZONTAL ELLIPSIS}" not in out
    tables, _, verdicts = out.partition("Did the claim hold?")
    *lines, _ = verdicts.splitlines()
    assert max(map(len, [*tables.splitlines(), *lines])) <= 80
    assert len(re.findall("^trained on ", tables, re.M)) == len(re.findall("^model  ", tables, re.M))
    rows = [line for line in lines if line.startswith(("reproduced  ", "contradicted  ", "undecided  "))]
    assert [line.split()[0] for line in rows] == checks.verdict.tolist()
    for line, check in zip(rows, checks.itertuples(), strict=True):
        assert re.search(rf" {re.escape(number(check.effect))}( pp| x| %)?( |$)", line)
        assert check.ci95_low != check.ci95_low or line.endswith(f" {number(check.ci95_low)} to {number(check.ci95_high)}")
    assert len(lines) < 5 * len(checks) + 8, "a check is told in few lines, not in one word on each"
    words = set(re.findall(r"\S+", tables))
    module = load_claim(folder.name)
    shown = comparison[[not figure_only(module, metric) for metric in comparison.metric]]
    assert {word for model in comparison.model for word in model.split()} <= words
    assert {number(mean) for mean in shown["mean"] if mean == mean} <= words
    findings = [value for value in comparison.published if value and not re.fullmatch(r"[-+.e\d]+", value)]
    assert bool(findings) == ("in words: published is a finding without a number" in tables)


def test_closed_pipe_is_quiet():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run([ZOO, "models"], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60)
    finally:
        os.close(writer)
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [["models"], ["models", "linear"], ["--help"]])
def test_full_disk_is_one_line(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run([ZOO, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, "error: The output can't be written: No space left on device.\n")


def test_compare_looks_into_another_folder(call, tmp_path):
    code, _, err = call("compare", "shallow_vs_deep", "--out", tmp_path)
    assert code == 1 and str(tmp_path / "quick") in err


def test_piped_output_is_plain_and_one_line_per_row():
    done = zoo("models", "*net", FORCE_COLOR="", TERM="xterm-256color")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert done.stdout.isascii()
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize("terminal", [False, True], ids=["plain", "terminal"])
def test_listing_fits_80_columns(call, monkeypatch, terminal):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("zoo.cli.console.on_terminal", lambda: terminal)
    for command in ("models", "datasets", "claims", "presets"):
        code, out, _ = call(command)
        assert code == 0 and "\N{HORIZONTAL ELLIPSIS}" not in out
        assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("columns", [60, 80, 100, 400])
def test_presets_keep_their_numbers_whole(call, monkeypatch, columns):
    from zoo.presets import list_presets, model_card
    from zoo.presets.card import metric
    from zoo.tasks import task_of_error

    monkeypatch.setenv("COLUMNS", str(columns))
    _, out, _ = call("presets")
    assert ("data set" in out, "MFLOP" in out) == (columns >= 100, columns >= 400)
    for name in list_presets():
        card = model_card(name)
        value, _, unit = task_of_error(metric(card)["name"]).show(metric(card)["value"]).partition(" ")
        (line,) = (line for line in out.splitlines() if line.split()[:1] == [name]) if columns >= 80 else [out]
        assert {value, unit.split()[0], f"{card['model']['parameters']:,}"} <= set(line.split())


def test_a_table_too_narrow_for_its_words_loses_none_of_them(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "20")
    rows = [("a_long_name_in_one_word", "1,234,567")]
    out().print(fitted([("name", {"no_wrap": True}), ("number", {"justify": "right", "no_wrap": True})], rows))
    first, *rest = capsys.readouterr().out.splitlines()[1:]
    assert first.endswith("  1,234,567") and len(first) == 20
    assert "".join(line.split()[0] for line in [first, *rest]) == "a_long_name_in_one_word"

"""The command line: exit codes, one clean line per mistake, plain text in a pipe, quick listings."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import types
from itertools import filterfalse
from pathlib import Path

import pytest

import zoo as package
from zoo.cli.app import build
from zoo.datasets.own import is_own
from zoo.errors import CacheError, CorruptFile, DataUnavailable, ResultsError
from zoo.reproductions.harness import describe_claim, list_claims, load_claim
from zoo.reproductions.harness.claims import claim_budgets
from zoo.reproductions.harness.naming import chosen, lines
from zoo.reproductions.harness.trial import trials_of

ZOO = Path(sys.executable).with_name("zoo")
RESULTS = Path(__file__).resolve().parents[1] / "results"


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


def test_version_is_that_of_the_package_and_its_commit(call, monkeypatch):
    from importlib.metadata import version

    assert package.__version__ == version("deepzoo")
    for commit in ("unknown", "abc1234-dirty"):
        monkeypatch.setattr("zoo.environment.commit", lambda: commit)
        known = "" if commit == "unknown" else ", commit abc1234-dirty"
        assert call("--version") == (0, f"deepzoo {version('deepzoo')}{known}\n", "")
    code, out, _ = call("--help")
    assert code == 0 and "evidence for every claim about them" in out and "--version" in out


def test_models_lists_names_with_their_docstrings(call):
    code, out, err = call("models", "l[is]*")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["model", "linear", "lstm"]
    assert "Softmax regression" in out


@pytest.mark.parametrize("model", package.list_models())
def test_of_a_model_that_is_named_in_full_the_options_are_listed_with_their_defaults(call, model):
    code, out, err = call("models", model)
    assert (code, err) == (0, "")
    listing, *paragraphs, options = out.strip().split("\n\n")
    assert listing.splitlines()[1].startswith(model) and all(paragraphs)
    heading, *lines = options.splitlines()
    assert heading.split() == ["option", "default"]
    assert {line.split()[0]: eval(line.split(maxsplit=1)[1]) for line in lines} == package.model_options(model)


@pytest.mark.parametrize("name", [*filterfalse(is_own, package.datasets.list_datasets())])
def test_of_a_data_set_that_is_named_in_full_its_page_and_whom_to_cite_are_shown(call, name):
    code, out, err = call("datasets", name)
    assert (code, err) == (0, "")
    info = package.datasets.describe(name)
    listing, page = out.split("\n\n", 1)
    assert listing.splitlines()[1].startswith(name) and len(listing.splitlines()) == 2
    assert page == f"{info.description.strip()}\n\n{info.citation.strip()}\n"
    assert page.startswith("# ") and "@" in info.citation


@pytest.mark.parametrize("name", list_claims())
def test_of_a_claim_that_is_named_in_full_what_it_asks_takes_and_has_is_shown(call, monkeypatch, name):
    monkeypatch.setattr("zoo.datasets.at_hand", lambda dataset: dataset not in ("fashion_mnist", "adding"))
    code, out, err = call("claims", name)
    assert (code, err) == (0, "")
    module, budgets = load_claim(name), claim_budgets(name)
    trials = {budget: trials_of(module, budget) for budget in budgets}
    (listing, *said), (table, has, named) = out.split("\n\n")[:-3], out.split("\n\n")[-3:]
    assert listing.splitlines()[1].startswith(name) and len(listing.splitlines()) == 2
    about = describe_claim(name).partition("\n\n")[2]
    assert "Expected" in about and "\n\n".join(said).split() == about.split()
    for line, (budget, found) in zip(table.splitlines()[1:], trials.items(), strict=True):
        datasets = dict.fromkeys(trial.dataset for trial in found)
        least, most = (f"{end(len(trial.seeds) for trial in found):,}" for end in (min, max))
        seeds = least if least == most else f"{least} to {most}"
        assert line.startswith(budget) and re.split(" {2,}", line.strip())[1] == seeds and line.split()[-1] == "none"
        assert all(dataset in line for dataset in datasets)
    used = {trial.dataset for found in trials.values() for trial in found}
    absent = [dataset for dataset in ("fashion_mnist", "adding") if dataset in used]
    lacks = f"Not at hand, zoo data fetch gets it or says how: {', '.join(absent)}"
    lacks = lacks if absent else "Its data sets are at hand."
    assert has.splitlines() == [lacks, f"To run it: zoo reproduce {name} --budget {'|'.join(budgets)}"]
    for line in named.splitlines()[1:]:
        only, having = re.split(" {2,}", line.rstrip())
        having = having.split(", ")
        assert having == [b for b in budgets if b != "smoke" and only in lines(module, trials[b])]
        leaving = hasattr(module, "illustrate") and any(trial.leaves for trial in lines(module, trials[having[0]]).values())
        assert leaving or len(chosen(module, trials[having[0]], only)) == 1, "reproduce takes it"


def test_the_page_of_a_claim_says_which_results_are_at_hand(call, results_dir):
    shutil.copytree(RESULTS / "full" / "published_stack", results_dir / "full" / "published_stack")
    shutil.copytree(RESULTS / "full" / "backpropagation", results_dir / "full" / "backpropagation")
    environment = json.loads((RESULTS / "full" / "backpropagation" / "environment.json").read_text())
    lines = call("claims", "backpropagation")[1].splitlines()
    took = f"{environment['wall_seconds'] / 60:.0f} minutes of {environment['device']}, {environment['cores']} cores"
    assert [line.split()[0] for line in lines if line.rstrip().endswith(took)] == ["full"]
    assert "To see what came out: zoo compare backpropagation --budget full" in lines
    seeds = len(json.loads((RESULTS / "full/published_stack/environment.json").read_text())["trials"][0]["seeds"])
    shown = call("claims", "published_stack")[1].splitlines()
    assert seeds < 20 and any(line.rstrip().endswith(f"cores ({seeds} of 20 seeds)") for line in shown)
    (results_dir / "full" / "backpropagation" / "environment.json").write_text("{")
    assert [line.split()[0] for line in call("claims", "backpropagation")[1].splitlines() if " damaged" in line] == ["full"]
    assert "budget" not in call("claims", "backpropagatio*")[1], "a pattern lists"


@pytest.mark.parametrize("command, expected", [("datasets", "fashion_mnist"), ("claims", "shallow_vs_deep")])
def test_listings(call, command, expected):
    code, out, _ = call(command)
    assert code == 0
    assert expected in [line.split()[0] for line in out.splitlines()]


def test_claims_say_which_of_them_have_an_hour(call):
    lines = {line.split()[0]: line.split()[1] for line in call("claims")[1].splitlines() if line[0] != " "}
    assert lines["claim"] == "hour" and lines["shallow_vs_deep"] == "yes" and lines["backpropagation"] == "The"


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
        (["results", "export", "shallow_or_deep", "runs.tar"], "shallow_vs_deep"),
        (["report", "--claim", "shallow_or_deep"], "shallow_vs_deep"),
        (["data", "pack", "data.tar.xz", "mnst"], "mnist"),
    ],
)
def test_unknown_name_is_wrong_usage_and_names_the_nearest(call, arguments, suggestion):
    code, out, err = call(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("error: There is no ") and suggestion in err
    assert err.count("\n") == 1


def test_train_says_that_it_comes_out_as_the_card_says(call, tmp_path):
    code, out, err = call("train", "linear_mnist", "--seeds", "2", "--out", str(tmp_path / "deep" / "again"))
    seeds = [line.split(":")[0] for line in out.splitlines() if line.startswith("seed ")]
    assert (code, err, seeds) == (0, "", ["seed 10", "seed 11"])  # the card's are 0 to 9
    assert "By the card the mean of new seeds falls between" in out and out.endswith("it does.\n")
    assert str(tmp_path / "deep" / "again") in out.replace("\n", "")
    code, out, err = call("evaluate", str(tmp_path / "deep" / "again"))
    assert (code, err) == (0, "") and "it agrees" in out


def test_train_fails_where_it_does_not(call, monkeypatch):
    from zoo.presets.proving import Retraining

    monkeypatch.setattr("zoo.presets.retrain_preset", lambda *args, **named: Retraining({10: 9.0}, 7.1, 7.4))
    code, out, err = call("train", "linear_mnist")
    assert (code, out) == (1, "seed 10: test error 9.00 %\n")
    assert err == "By the card a new seed falls between 7.10 and 7.40 %: it does not.\n"


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
        ["data", "pack", "mnist", "fashion_mnist"],
        ["data", "pack", "data.tar.xz"],
        ["results", "export", "shallow_vs_deep"],
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


def test_packed_data_sets_are_unpacked_elsewhere(call, monkeypatch, tmp_path):
    from zoo.datasets import at_hand

    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "here"))
    file = tmp_path / "digits.tar.xz"
    code, out, _ = call("data", "pack", file, "digits")
    assert (code, out) == (0, f"wrote {file}\n")
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "there"))
    assert not at_hand("digits")
    assert call("data", "unpack", file) == (0, f"digits: ready in {tmp_path / 'there' / 'digits'}\n", "")
    assert at_hand("digits")
    assert call("data", "unpack", tmp_path / "absent") == (1, "", f"error: There is no file {tmp_path / 'absent'}.\n")


def test_failure_exits_1_with_one_line(call, monkeypatch):
    def refuse(name, source=None):
        raise DataUnavailable("Neither source of [mnist] answers.")

    monkeypatch.setattr("zoo.datasets.fetch", refuse)
    assert call("data", "fetch", "mnist") == (1, "", "error: Neither source of [mnist] answers.\n")


@pytest.mark.parametrize("kind", [DataUnavailable, CorruptFile, CacheError])
def test_data_sets_are_fetched_though_one_before_them_is_missing(kind, call, monkeypatch, tmp_path):
    def fetch(name, source=None):
        if name == "cifar10":
            raise kind("No source of cifar10 answers.")
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


@pytest.mark.parametrize("busy", [True, False])
def test_an_interrupt_does_not_wait_for_what_the_device_has_in_hand(busy, monkeypatch):
    """Python would, at its end; there is nothing left to be saved then."""
    from zoo.cli import main

    def interrupt(name, source=None):
        raise KeyboardInterrupt

    def leave(code):
        raise RuntimeError(f"left at once, with {code}")

    monkeypatch.setattr("zoo.datasets.fetch", interrupt)
    monkeypatch.setitem(sys.modules, "zoo.training.waiting", types.SimpleNamespace(in_hand=lambda: busy))
    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(sys, "argv", ["zoo", "data", "fetch", "mnist"])
    with pytest.raises(RuntimeError if busy else SystemExit, match="left at once, with 130" if busy else "130"):
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
        "reproduce",
        "shallow_vs_deep",
        "--budget",
        "smoke",
        "--seeds",
        2,
        "--out",
        tmp_path,
        "--engine",
        "ray",
        "--address",
        "auto",
        "--force",
        "--only",
        "lstm",
        "--backend",
        "tensorflow",
    )
    assert (code, err) == (1, "error: enough\n")
    assert seen == {
        "claim": "shallow_vs_deep",
        "budget": "smoke",
        "seeds": 2,
        "out": tmp_path,
        "engine": "ray",
        "address": "auto",
        "force": True,
        "only": "lstm",
        "keras": "tensorflow",
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
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **{k: str(v) for k, v in environment.items()}},
    )
    try:
        until = time.monotonic() + 120
        while not log.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        assert log.exists()
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


def test_compare_shows_the_budget_that_there_is(call, tmp_path):
    """Without a quick run, the next one: presets have a full one only."""
    shutil.copytree(
        Path(__file__).resolve().parents[1] / "results" / "full" / "pretrained_sequences",
        tmp_path / "full" / "pretrained_sequences",
    )
    code, out, _ = call("compare", "pretrained_sequences", "--out", tmp_path)
    assert code == 0 and "full budget" in out
    code, _, err = call("compare", "pretrained_sequences", "--budget", "quick", "--out", tmp_path)
    assert code == 1 and "zoo reproduce pretrained_sequences --budget quick" in err


def test_the_package_is_the_command_too_and_may_have_no_standard_output():
    command = [sys.executable, "-m", "zoo", "models", "lin*"]
    assert "linear" in subprocess.run(command, capture_output=True, text=True).stdout.split()
    closed = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *command], capture_output=True, text=True)
    assert "Traceback" not in closed.stderr


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

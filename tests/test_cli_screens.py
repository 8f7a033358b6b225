"""What the command line shows: tables of every committed claim, presets and listings, readable on a narrow terminal."""

import re
from pathlib import Path

import pytest

from zoo.cli.console import fitted, out
from zoo.reproductions.harness.folder import result_folders

COMMITTED = result_folders(Path(__file__).resolve().parents[1] / "results")
each_kind = pytest.mark.parametrize("terminal", [False, True], ids=["plain", "terminal"])


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


def test_what_larger_budgets_found_is_said_below(call, results_dir, monkeypatch):
    import harness_example
    from zoo.reproductions.harness import run_claim

    monkeypatch.setattr(harness_example, "SEEDS", {"hour": 2}, raising=False)
    run_claim(harness_example, "hour")
    run_claim(harness_example, "quick", seeds=2)
    quick, usual = (call("compare", "harness_example", *chosen)[1] for chosen in (("--budget", "quick"), ()))
    said = [line for line in quick.splitlines() if line.startswith("With --budget")]
    (counts,) = (line.split(". In sent")[0] for line in call("compare", "harness_example", "--budget", "hour")[1].splitlines()[-1:])
    assert said == [f"With --budget hour: {counts}."]
    assert usual == call("compare", "harness_example", "--budget", "hour")[1] != quick, "the largest that is whole"
    (results_dir / "hour" / "harness_example" / "verdicts.csv").write_text("claim,check\nharness_example,a")
    code, out, _ = call("compare", "harness_example", "--budget", "quick")
    assert code == 0 and "With --budget" not in out


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
@each_kind
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
    rows = [line for line in lines if re.match(r"(reproduced|contradicted|undecided)( !)?  ", line)]
    assert [line.split()[0] for line in rows] == checks.verdict.tolist()
    for line, check in zip(rows, checks.itertuples(), strict=True):
        assert re.search(rf" {re.escape(number(check.effect))}( pp| x| %)?( |$)", line)
        between = re.escape(f" {number(check.ci95_low)} to {number(check.ci95_high)}")
        assert check.ci95_low != check.ci95_low or re.search(rf"{between}( +{re.escape(check.claimed)})?$", line)
        assert (" !  " in line) == (re.search(rf": {check.verdict}\.$", check.sentence) is None), "more is said of it"
    assert len(lines) < 5 * len(checks) + 8, "a check is told in few lines, not in one word on each"
    words = set(re.findall(r"\S+", tables))
    module = load_claim(folder.name)
    shown = comparison[[not figure_only(module, metric) for metric in comparison.metric]]
    assert {word for model in comparison.model for word in model.split()} <= words
    assert {number(mean) for mean in shown["mean"] if mean == mean} <= words
    findings = [value for value in comparison.published if value and not re.fullmatch(r"[-+.e\d]+", value)]
    assert bool(findings) == ("in words: published is a finding without a number" in tables)


@each_kind
def test_listing_fits_80_columns(call, monkeypatch, terminal):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("zoo.cli.console.on_terminal", lambda: terminal)
    for command in ("models", "datasets", "claims", "presets", "claims relu_learns_faster", "claims pretrained_sequences"):
        code, out, _ = call(*command.split())
        assert code == 0 and "\N{HORIZONTAL ELLIPSIS}" not in out
        assert max(map(len, out.splitlines())) <= 80


def test_the_page_of_a_data_set_fits_80_columns_of_a_terminal(call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("zoo.cli.console.on_terminal", lambda: True)
    page, entry, _ = call("datasets", "taylor_demand")[1].partition("@")
    assert entry and max(map(len, page.splitlines())) <= 80
    assert "# taylor_demand" not in page and "| split" not in page, "laid out, not as it is written"
    assert all(word in page for word in ("megawatts", "weeks 9-12"))


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


def test_help_runs_on_where_its_source_only_wraps(call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    said = call("data", "fetch", "--help")[1]
    assert "One that cannot be had is reported, the others are fetched all the same, and the command exits with 1." in said
    lines = [line.strip() for line in call("recheck", "--help")[1].splitlines()]
    examples = [line for line in lines if line.startswith("$ zoo recheck")]
    assert len(examples) >= 2 and any(line.startswith("No table changes;") and line.endswith("at once.") for line in lines)


@pytest.mark.parametrize("columns, headings", [(400, 5), (80, 5), (60, 4), (40, 2)])
def test_data_sets_keep_their_words_whole(call, monkeypatch, columns, headings):
    from zoo.datasets import describe, list_datasets

    monkeypatch.setenv("COLUMNS", str(columns))
    _, out, _ = call("datasets")
    head, *lines = out.splitlines()
    assert [name for name in ("data set", "what it is", "classes", "input", "licence") if name in head][:headings] == (
        ["data set", "what it is", "classes", "input", "licence"][:headings])  # fmt: skip
    words = " ".join(lines).split()
    assert all(set(describe(name).title.split()) <= set(words) for name in list_datasets())


def test_a_table_too_narrow_for_its_words_loses_none_of_them(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "20")
    rows = [("a_long_name_in_one_word", "1,234,567")]
    out().print(fitted([("name", {"no_wrap": True}), ("number", {"justify": "right", "no_wrap": True})], rows))
    first, *rest = capsys.readouterr().out.splitlines()[1:]
    assert first.endswith("  1,234,567") and len(first) == 20
    assert "".join(line.split()[0] for line in [first, *rest]) == "a_long_name_in_one_word"

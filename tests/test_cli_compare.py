"""`zoo compare` in other forms: CSV, JSON and LaTeX that go into a pipe, parts of the tables, the main checks of all claims."""

import csv
import io
import json
import re

import pandas as pd
import pytest

import harness_example
from claim_example import ROW, reproduction, rows_of
from zoo.cli.formats import escaped, latex_of
from zoo.reproductions.harness import Published, check, load_claim, paired_difference, run_claim, target
from zoo.reproductions.harness.statistics import Interval

OTHER = ("mnist", "svm_100%", "50 & 60 {#1}")
PUBLISHED = [
    Published("linear", "no preprocessing", topic="shallow_vs_deep"),
    Published("linear", "deskewed", topic="shallow_vs_deep"),
]


def judge(runs):
    return [
        target(runs, ROW, at_most=10, name="below 10"),
        paired_difference(runs, better=OTHER, worse=ROW, name="ahead"),
        check("ratio_of", Interval(-1.5, -3e-7, 2, 3), "times", "It", above=-2),
    ]


@pytest.fixture
def folder(written):
    """A claim's, run at its full budget."""
    module = load_claim(reproduction(judge=judge, HEADLINES=("ahead",), PUBLISHED={ROW: PUBLISHED}, FIGURE_ONLY=("weight_*",)))
    other = rows_of(ROW, [1, 2, 3], metric="validation_error_pct") + rows_of(ROW, [1, 2, 3], metric="weight_1")
    return written(module, rows_of(ROW, [7, 8, 9]) + rows_of(OTHER, [1.4, 2, 1]) + other)


@pytest.fixture
def compared(call, folder):
    """Standard output of `zoo compare a_claim` with options, which succeeds and says nothing else."""

    def run(*options):
        code, out, err = call("compare", "a_claim", *options)
        assert (code, err) == (0, "")
        return out

    return run


def test_csv_is_the_file(compared, folder):
    assert compared("--format", "csv") == (folder / "comparison.csv").read_text()
    assert compared("--format", "csv", "--verdicts") == (folder / "verdicts.csv").read_text()


def test_json_has_both_tables_in_numbers(compared, folder):
    told = json.loads(compared("--format", "json"))
    assert (told["claim"], told["budget"]) == ("a_claim", "full")
    for name in ("comparison", "verdicts"):
        table = pd.read_csv(folder / f"{name}.csv", keep_default_na=False, dtype=str).to_dict("records")
        assert [list(line) for line in told[name]] == [list(line) for line in table]
    assert told["comparison"][0]["mean"] == 8 and told["comparison"][0]["n_seeds"] == 3
    assert told["verdicts"][0]["wide_low"] is None and told["verdicts"][0]["claimed"] == "< 10"
    assert list(json.loads(compared("--format", "json", "--verdicts"))) == ["claim", "budget", "verdicts"]


def test_a_part_of_either_table(compared, call):
    def metrics(*options):
        return [line["metric"] for line in csv.DictReader(io.StringIO(compared("--format", "csv", *options)))]

    assert set(metrics("--metric", "*error_pct")) == {"test_error_pct", "validation_error_pct"}
    assert set(metrics("--metric", "test error")) == {"test_error_pct"} and metrics("--metric", "weight*") == ["weight_1"]
    assert "validation error" in compared() and "validation error" not in compared("--metric", "test*")
    checks = list(csv.DictReader(io.StringIO(compared("--format", "csv", "--main"))))
    assert [line["check"] for line in checks] == ["ahead"]
    table = compared("--main")
    assert table.startswith("Did the claim hold?") and "ahead" in table and "below 10" not in table
    assert "below 10" in compared("--verdicts") and "test error" not in compared("--verdicts")
    code, out, err = call("compare", "a_claim", "--metric", "tset_error_pct", "--format", "csv")
    assert (code, out) == (2, "") and "There is no metric called 'tset_error_pct'. Did you mean test_error_pct" in err
    code, out, err = call("compare", "a_claim", "--metric", "weight_1")
    assert (code, out) == (2, "") and "Known: test_error_pct, validation_error_pct." in err, "it only feeds the figure"
    for others in (["a_claim", "--verdicts"], ["a_claim", "--main"], []):
        code, out, err = call("compare", *others, "--metric", "test*")
        assert (code, out) == (2, "") and "checks alone are asked for" in " ".join(err.split())


def test_no_main_checks_is_an_answer(written, call):
    written(load_claim(reproduction()), rows_of(ROW, [7, 8, 9]))
    code, out, err = call("compare", "a_claim", "--main", "--format", "csv")
    assert (code, out) == (1, "") and "zoo compare a_claim --verdicts shows all that it has" in err
    code, out, err = call("compare")
    assert (code, out) == (1, "") and "holds runs of a_claim, of which no check is a main one" in " ".join(err.split())
    code, out, err = call("compare", "--budget", "hour")
    assert (code, out) == (1, "") and "at the hour budget: zoo reproduce CLAIM --budget hour makes some" in " ".join(err.split())
    code, out, err = call("compare", "--budget", "smoke")
    assert (code, out) == (2, "") and "smoke runs show that the code works" in " ".join(err.split())


def rows_of_tabular(text):
    """Cells of a tabular, which has as many in every line as its columns say, titles of groups aside."""
    (kinds,) = re.findall(r"\\begin\{tabular\}\{@\{\}((?:[lr]|p\{0\.3\\linewidth\})+)@\{\}\}", text)
    count = len(re.sub(r"p\{[^}]+\}", "p", kinds))
    assert text.startswith("% zoo compare") and r"\usepackage{booktabs}" in text.splitlines()[0]
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    assert [text.count(rule) for rule in (r"\toprule", r"\bottomrule", r"\end{tabular}")] == [1, 1, 1]
    lines = [line for line in text.splitlines() if line.endswith(r" \\") and not line.startswith(r"\multicolumn")]
    cells = [re.split(r" (?<!\\)& ", line.removesuffix(r" \\")) for line in lines]
    assert all(len(found) == count for found in cells)
    return cells


def test_latex_of_a_comparison(compared):
    text = compared("--format", "latex")
    head, first, second, other, *rest = rows_of_tabular(text)
    assert head == ["model", "setting", "seeds", "mean", r"95\% interval", "published", "source"]
    assert first[:6] == ["linear", r"raw \textbar{} pixels", "3", "8", "5.516 to 10.48", "12"]
    assert first[6].startswith(r"linear (no preprocessing); LeCun, Bottou, Bengio \& Haffner 1998")
    assert second[:6] == ["", "", "", "", "", "8.4"], "its own numbers stand there once"
    assert other[:2] == [r"svm\_100\%", r"50 \& 60 \{\#1\}"] and other[5:] == ["", ""]
    assert len(rest) == 1 and r"\emph{test error, \%: mnist}" in text and "weight" not in text
    assert "validation" not in compared("--format", "latex", "--metric", "test*")


def test_latex_of_checks(compared):
    head, *rows = rows_of_tabular(compared("--format", "latex", "--verdicts"))
    assert head == ["check", "effect", r"95\% interval", "claimed", "verdict"]
    assert rows[0] == ["below 10", r"8 \%", "5.516 to 10.48", "$< 10$", "undecided"]
    assert rows[2] == [r"ratio\_of", r"$-1.5$ $\times$", r"$-3 \times 10^{-7}$ to 2", "$> -2$", "reproduced"]
    assert [row[0] for row in rows_of_tabular(compared("--format", "latex", "--main"))[1:]] == ["ahead"]


def test_latex_says_how_a_value_that_nobody_read_is_known(call, results_dir, monkeypatch):
    """And has in its source what was found, where that is no number."""
    found = pd.DataFrame({
        "dataset": "mnist", "model": "mlp", "setting": "", "metric": "test_error_pct", "n_seeds": 1, "mean": 2.0,
        "ci95_low": float("nan"), "ci95_high": float("nan"), "published": ["falls with depth", "3.0"],
        "published_source": ["net; A & B", "net; C"], "published_checked": ["secondary", "read"], "note": "",
    })  # fmt: skip
    monkeypatch.setattr("zoo.reproductions.harness.compare", lambda *_: (found, None), raising=False)
    first, second = rows_of_tabular(call("compare", "shallow_vs_deep", "--format", "latex")[1])[1:]
    assert first == ["mlp", "", "1", "2", "", "in words", r"falls with depth; net; A \& B (secondary)"]
    assert second[-2:] == ["3", "net; C"]


def test_signs_that_latex_takes_for_its_own_are_escaped():
    assert escaped(r"a_b 5% & #1 $x ~y ^z {} \cmd <1>") == (
        r"a\_b 5\% \& \#1 \$x \textasciitilde{}y \textasciicircum{}z \{\} \textbackslash{}cmd \textless{}1\textgreater{}"
    )
    row = latex_of([("a", "l"), ("b", "r")], [("", [("[x]  y-1", "1e-05 to -2")])], "zoo compare").splitlines()[-3]
    assert row == r"{[}x{]} y-1 & $1 \times 10^{-5}$ to $-2$ \\"


def test_main_checks_of_all_claims(folder, call, monkeypatch, capsys):
    """Of each claim those of the budget that its page shows, or of the budget that is named."""
    monkeypatch.setattr(harness_example, "HEADLINES", ("digits mlp * reaches *",), raising=False)
    run_claim(harness_example, "quick")
    capsys.readouterr()
    monkeypatch.setenv("COLUMNS", "80")
    code, table, err = call("compare")
    assert (code, err) == (0, "") and max(map(len, table.splitlines()[:-1])) <= 80
    titles = [line.strip() for line in table.splitlines() if re.search(r"\w, (full|quick)", line)]
    assert titles == ["a_claim, full (3 of 20 seeds)", "harness_example, quick"]
    assert "ahead" in table and "below 10" not in table and "In sentences" in table.splitlines()[-1]
    board = list(csv.DictReader(io.StringIO(call("compare", "--format", "csv")[1])))
    assert [(line["budget"], line["claim"], line["kind"]) for line in board] == [
        ("full", "a_claim", "main"),
        ("quick", "harness_example", "main"),
    ]
    assert [line["claim"] for line in json.loads(call("compare", "--format", "json")[1])["verdicts"]] == [
        "a_claim",
        "harness_example",
    ]
    assert len(rows_of_tabular(call("compare", "--format", "latex")[1])) == 3
    code, table, _ = call("compare", "--budget", "quick")
    assert code == 0 and "a_claim" not in table and "harness_example" in table
    code, out, err = call("compare", "--budget", "hour")
    assert (code, out) == (1, "") and "at the hour budget" in err


def test_that_a_smoke_run_is_no_evidence_is_not_said_into_the_pipe(call):
    run_claim(harness_example, "smoke")
    code, out, err = call("compare", "harness_example", "--budget", "smoke", "--format", "json")
    assert code == 0 and json.loads(out)["budget"] == "smoke" and "its numbers and verdicts say nothing" in err

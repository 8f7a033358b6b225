"""runs.csv: what a trial may return, and which line of a damaged file is to blame."""

import csv
import io
import math

import pandas as pd
import pytest

from zoo.errors import InvalidInput, ResultsError
from zoo.reproductions.harness import Trial
from zoo.reproductions.harness.runs import COLUMNS, complete_rows, one_device, parse_runs, read_runs, runs_text

HERE = {"device": "a card", "processor": "a processor", "backend": "jax", "precision": "float32"}


def run(trial, report):
    """Stands for a trial's run; never called."""


TRIAL = Trial("digits", "mlp", 'one, "quoted" layer', (0, 1), run)


def rows(**changes):
    made = [{"seed": seed, "metric": metric, "value": seed + 0.1} for metric in ("loss", "error") for seed in (1, 0)]
    return [{**row, **changes} for row in made]


def text(**changes):
    return runs_text("a_claim", complete_rows(TRIAL, rows(**changes), HERE, "abc"))


def test_rows_are_completed_and_ordered():
    complete = complete_rows(TRIAL, rows(parameters=10, seconds=1), HERE, "abc")
    assert [(row["metric"], row["seed"]) for row in complete] == [("loss", 0), ("loss", 1), ("error", 0), ("error", 1)]
    assert complete[0]["device"] == "a card"
    assert complete[0]["parameters"] == 10 and complete[0]["n_train"] is None
    assert list(pd.DataFrame(complete).columns) == COLUMNS[1:]


def test_frame_with_missing_cells_is_as_good_as_dicts():
    frame = pd.DataFrame(rows(parameters=10))
    frame.loc[0, "parameters"] = math.nan
    assert complete_rows(TRIAL, frame, HERE, "abc")[1]["parameters"] is None


def test_row_may_name_its_own_backend():
    complete = complete_rows(TRIAL, rows(backend="scikit-learn", precision="float64"), HERE, "abc")
    place = [complete[0][name] for name in ("backend", "precision", "device")]
    assert place == ["scikit-learn", "float64", "a processor"]


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param([], id="none"),
        pytest.param(rows()[:-1], id="missing"),
        pytest.param(rows() + rows()[:1], id="twice"),
        pytest.param(rows(seed=5), id="other seed"),
        pytest.param(rows(value="much"), id="no number"),
        pytest.param(rows(colour="red"), id="other column"),
        pytest.param([{"seed": 0}], id="no metric"),
        pytest.param(rows(n_test="many"), id="no count"),
        pytest.param(None, id="no return"),
        pytest.param([1], id="no dicts"),
    ],
)
def test_trial_that_returns_less_is_named(returned):
    with pytest.raises(InvalidInput, match="digits mlp"):
        complete_rows(TRIAL, returned, HERE, "abc")


def test_round_trip():
    complete = complete_rows(TRIAL, rows(value=0.1 + 0.2, updates=3, seconds=0.00012345678), HERE, "abc")
    frame = parse_runs(runs_text("a_claim", complete).encode(), "runs.csv")
    assert list(frame.columns) == COLUMNS and len(frame) == 4
    assert frame.value.tolist() == [0.3] * 4 and frame.updates.tolist() == [3] * 4 and frame.n_train.isna().all()
    assert frame.setting[0] == TRIAL.setting and frame.seed.dtype == "int64"
    assert "\r" not in runs_text("a_claim", complete)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_diverged_value_survives(value):
    frame = parse_runs(text(value=value).encode(), "runs.csv")
    assert str(frame.value[0]) == str(value)


def cut(line, column=None, new=None):
    """The text up to a line, or with one of its cells replaced."""
    cells = list(csv.reader(text().splitlines()))
    if column is None:
        cells = cells[:line]
    else:
        cells[line - 1][COLUMNS.index(column)] = new
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(cells)
    return file.getvalue()


DAMAGE = {
    "": "line 1 is broken off",
    text()[:-1]: "line 5 is broken off",
    text()[:-9]: "line 5 has 15 columns instead of 16|line 5 is broken off",
    text()[: text().index("layer") + 3]: "line 2 is broken off",
    cut(1): "line 1 is the last, so there are no runs",
    cut(1, "claim", "topic"): "line 1 must be the header",
    cut(3, "seed", "one"): "line 3 has 'one' in the column seed",
    cut(3, "seed", "1" * 30): "line 3 has '1{30}' in the column seed",
    cut(4, "parameters", "1" * 400): "line 4 has '1{400}' in the column parameters",
    cut(4, "value", "0.1.2"): "line 4 has '0.1.2' in the column value",
    cut(4, "value", ""): "line 4 has '' in the column value",
    cut(4, "metric", ""): "line 4 has nothing in the column metric",
    cut(5, "n_test", "x"): "line 5 has 'x' in the column n_test",
    text() + text().splitlines()[2] + "\n": "line 6 repeats line 3",
}


@pytest.mark.parametrize(("damaged", "message"), DAMAGE.items(), ids=DAMAGE.values())
def test_damaged_line_is_named(damaged, message):
    with pytest.raises(ResultsError, match=message):
        parse_runs(damaged.encode(), "runs.csv")


def test_bytes_that_are_no_text():
    with pytest.raises(ResultsError, match="line 2 is not text"):
        parse_runs(text().encode().replace(b"digits", b"\xff\xfe", 1), "runs.csv")


def test_absent_file(tmp_path):
    with pytest.raises(ResultsError, match="run the claim first"):
        read_runs(tmp_path / "runs.csv")
    with pytest.raises(ResultsError, match="can't be read"):
        read_runs(tmp_path)


def test_one_table_one_device():
    runs = parse_runs(text().encode(), "runs.csv")
    one_device(runs)
    mixed = runs.assign(device=["a card", "a card", "another", "another"])
    with pytest.raises(ResultsError, match="a card and another.*--force.*--out"):
        one_device(mixed)
    one_device(mixed.assign(backend=["jax", "jax", "scikit-learn", "scikit-learn"]))


@pytest.mark.parametrize(
    "bad", [{"seeds": ()}, {"run": lambda trial, report: []}, {"recipe": {"rate": {1, 2}}}, {"recipe": {"a": math.nan}}]
)
def test_trial_refuses_what_it_cannot_keep(bad):
    with pytest.raises(InvalidInput, match="digits mlp"):
        Trial(**{"dataset": "digits", "model": "mlp", "setting": "", "seeds": (0,), "run": run, **bad})


@pytest.mark.parametrize("bad", [{"model": ""}, {"setting": "a\rb"}, {"setting": "a\nb"}, {"dataset": None}, {"setting": " a"}])
def test_what_no_line_of_a_table_can_be_called_is_refused_before_training(bad):
    (name,) = bad
    with pytest.raises(InvalidInput, match=f"The {name} of a trial names a line of the tables: one line of text, not"):
        Trial(**{"dataset": "digits", "model": "mlp", "setting": "", "seeds": (0,), "run": run, **bad})

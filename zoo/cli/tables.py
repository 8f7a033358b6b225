"""Comparisons and verdicts in the terminal: our numbers beside the published ones, readable at 80 columns."""

from rich.text import Text

from zoo.cli.console import out, table

_STYLES = {"reproduced": "green", "contradicted": "red", "undecided": "yellow"}
_UNITS = {"percentage points": "pp", "times": "x"}
_NUMBER = {"justify": "right", "no_wrap": True}


def show(claim, budget, folder=None):
    """Print what a run of the claim found: a table for each data set and metric, then the verdicts.

    folder: the results folder, None for the default one. Raises UnknownName, and ResultsError before a first run.
    """
    from zoo.reproductions.harness import compare, results_root
    from zoo.reproductions.harness.numbers import words

    comparison, verdicts = compare(claim, budget, folder)
    console = out()
    for (dataset, metric), rows in comparison.groupby(["dataset", "metric"], sort=False):
        unit = ", %" if metric.endswith("_pct") else ""
        console.print(_comparison(f"{words(metric)}{unit}: {dataset}, {budget} budget", rows))
        console.print()
    if (comparison.published_checked.replace("read", "") != "").any():
        console.print("* worked out, quoted elsewhere or recalled rather than read in the paper: comparison.md says which\n")
    console.print(_verdicts(verdicts))
    place = results_root(folder) / budget / claim
    count = verdicts.verdict.value_counts()
    said = ", ".join(f"{count[verdict]} {verdict}" for verdict in _STYLES if verdict in count)
    console.print(f"\n{said}. In sentences, with the figure: {place}", soft_wrap=True)


def _comparison(title, rows):
    result = table(
        ("model", {"no_wrap": True}), "setting", ("seeds", _NUMBER), ("mean", _NUMBER), ("95% interval", _NUMBER), ("published", _NUMBER), title=title
    )
    before = None
    for row in rows.itertuples():
        # A row that is held against several published values shows its own numbers once.
        same = (row.model, row.setting) == before
        before = row.model, row.setting
        result.add_row(*([""] * 5 if same else _ours(row)), _published(row))
    return result


def _ours(row):
    from zoo.reproductions.harness.numbers import number

    return row.model, row.setting, str(row.n_seeds), number(row.mean), _interval(row)


def _published(row):
    from zoo.reproductions.harness.numbers import number

    mark = "" if row.published_checked in ("", "read") else " *"
    return row.published and number(float(row.published)) + mark


def _verdicts(rows):
    from zoo.reproductions.harness.numbers import number

    result = table("verdict", "check", ("effect", _NUMBER), ("95% interval", _NUMBER), title="Did the claim hold?")
    for row in rows.itertuples():
        verdict = Text(row.verdict, style=_STYLES.get(row.verdict, ""))
        result.add_row(verdict, row.check, f"{number(row.effect)} {_UNITS.get(row.unit, row.unit)}", _interval(row))
    return result


def _interval(row):
    from zoo.reproductions.harness.numbers import number

    return f"{number(row.ci95_low)} to {number(row.ci95_high)}" if row.ci95_low == row.ci95_low else ""

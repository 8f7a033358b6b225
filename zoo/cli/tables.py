"""Comparisons and verdicts in the terminal: our numbers beside the published ones, readable at 80 columns."""

import math

from rich.text import Text

from zoo.cli.console import out, table

_VERDICT_STYLE = {"reproduced": "green", "contradicted": "red", "undecided": "yellow"}


def show(claim, budget, folder=None):
    """Print what a run of the claim found.

    folder: the results folder; None for the default one. Raises ResultsError where the claim was not run yet.
    """
    from zoo.reproductions import harness

    comparison, verdicts = harness.compare(claim, budget, folder)
    console = out()
    for (dataset, metric), rows in comparison.groupby(["dataset", "metric"], sort=False):
        console.print(_comparison(f"{claim}: {metric.replace('_', ' ')} on {dataset}, {budget} budget", rows))
        console.print()
    console.print(_verdicts(verdicts))


def _comparison(title, rows):
    right = {"justify": "right", "no_wrap": True}
    result = table("model", "setting", ("seeds", right), ("mean", right), ("95% interval", right), ("published", right), title=title)
    for row in rows.itertuples():
        result.add_row(
            row.model, _text(row.setting), str(row.n_seeds), _number(row.mean),
            f"{_number(row.ci95_low)} to {_number(row.ci95_high)}" if _known(row.ci95_low) else "",
            _published(row),
        )
    return result


def _verdicts(rows):
    result = table("verdict", "check", title="Did it hold?")
    for row in rows.itertuples():
        result.add_row(Text(row.verdict, style=_VERDICT_STYLE.get(row.verdict, "")), row.sentence)
    return result


def _published(row):
    """The published value, with a mark where nobody here read it in the paper itself."""
    if not _known(row.published):
        return ""
    mark = "" if row.published_checked == "read" else " *"
    return f"{_number(row.published)}{mark}"


def _known(value):
    return value is not None and value == value and value != ""


def _number(value):
    """Three significant digits, as a reader of an error table wants them."""
    value = float(value)
    if not math.isfinite(value):
        return str(value)
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _text(value):
    return str(value) if _known(value) else ""

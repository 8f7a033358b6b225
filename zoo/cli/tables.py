"""Comparisons and verdicts in the terminal: our numbers beside the published ones, readable at 80 columns."""

from rich.text import Text

from zoo.cli.console import out, table

_STYLES = {"reproduced": "green", "contradicted": "red", "undecided": "yellow"}
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
    console.print(f"\nTables, figure and environment: {place}", soft_wrap=True)


def _comparison(title, rows):
    result = table(
        ("model", {"no_wrap": True}), "setting", ("seeds", _NUMBER), ("mean", _NUMBER), ("95% interval", _NUMBER), ("published", _NUMBER), title=title
    )
    before = None
    for row in rows.itertuples():
        # A row that is held against several published values shows its own numbers once.
        same = (row.model, row.setting) == before
        before = row.model, row.setting
        result.add_row(*([""] * 5 if same else _ours(row)), row.published + (" *" if row.published_checked not in ("", "read") else ""))
    return result


def _ours(row):
    from zoo.reproductions.harness.numbers import number

    spread = f"{number(row.ci95_low)} to {number(row.ci95_high)}" if row.ci95_low == row.ci95_low else ""
    return Text(row.model), Text(row.setting), str(row.n_seeds), number(row.mean), spread


def _verdicts(rows):
    result = table("verdict", "check", title="Did the claim hold?")
    for row in rows.itertuples():
        result.add_row(Text(row.verdict, style=_STYLES.get(row.verdict, "")), Text(row.sentence))
    return result

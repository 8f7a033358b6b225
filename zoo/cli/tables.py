"""Comparisons and verdicts in the terminal: our numbers beside the published ones, readable at 80 columns."""

import contextlib

from rich.text import Text

from zoo.cli.console import fitted, out

_STYLES = {"reproduced": "green", "contradicted": "red", "undecided": "yellow"}
# Units so short that they stand beside the number; longer ones stand behind what was checked.
_UNITS = {"percentage points": "pp", "times": "x", "%": "%"}
_IN_WORDS = "in words"
_NUMBER = {"justify": "right", "no_wrap": True}


def show(claim, budget, folder=None):
    """Print what a run of the claim found: a table for each data set and metric, then the verdicts.

    folder: the results folder, None for the default one. Raises UnknownName, and ResultsError before a first run.
    """
    from zoo.reproductions.harness import claim_runs, compare, load_claim, results_root
    from zoo.reproductions.harness.markdown import SMOKE
    from zoo.reproductions.harness.numbers import words
    from zoo.reproductions.harness.outcomes import counted
    from zoo.reproductions.harness.sizes import sizes
    from zoo.reproductions.harness.tables import figure_only

    comparison, verdicts = compare(claim, budget, folder)
    module, runs, console = load_claim(claim), claim_runs(claim, budget, folder), out()
    comparison = comparison[[not figure_only(module, metric) for metric in comparison.metric]]
    if budget == "smoke":
        console.print(f"{SMOKE}\n")
    for (dataset, metric), rows in comparison.groupby(["dataset", "metric"], sort=False):
        unit = ", %" if metric.endswith("_pct") else ""
        console.print(_comparison(f"{words(metric)}{unit}: {dataset}, {budget} budget", rows))
        console.print(f"{sizes(runs, dataset, [metric])}\n")
    if (comparison.published_checked.replace("read", "") != "").any():
        console.print("* worked out, quoted elsewhere or recalled rather than read in the paper: comparison.md says which\n")
    if _IN_WORDS in set(map(_published, comparison.assign(published_checked="").itertuples())):
        console.print(f"{_IN_WORDS}: published is a finding without a number, which comparison.md has\n")
    console.print(_verdicts(verdicts))
    place = results_root(folder) / budget / claim
    said = counted(verdicts.to_dict("records")) if budget != "smoke" and len(verdicts) else ""
    console.print()
    for other, found in _with_more(place):
        console.print(f"With --budget {other}: {found}.")
    console.print(f"{said and f'{said}. '}In sentences, with published models and the figure: {place}", soft_wrap=True)


def _with_more(place):
    """(budget, its verdicts in short) of a claim's runs with larger budgets than those in the folder `place`, if they are whole."""
    from zoo.errors import ResultsError
    from zoo.reproductions.harness.outcomes import counted, verdicts_of
    from zoo.reproductions.harness.trial import BUDGETS

    for budget in BUDGETS[BUDGETS.index(place.parent.name) + 1 :]:
        folder = place.parent.parent / budget / place.name
        if (folder / "verdicts.csv").exists():
            with contextlib.suppress(ResultsError):  # what was asked for is another budget's
                yield budget, counted(verdicts_of(folder))


def _comparison(title, rows):
    numbers = ["mean", "95% interval", *(["published"] if (rows.published != "").any() else [])]
    columns = ["model", "setting", ("seeds", _NUMBER | {"optional": 1}), *((name, _NUMBER) for name in numbers)]
    lines, before = [], None
    for row in rows.itertuples():
        # A row that is held against several published values shows its own numbers once.
        same = (row.model, row.setting) == before
        before = row.model, row.setting
        lines.append((*([""] * 5 if same else _ours(row)), _published(row)))
    return fitted(columns, [line[: len(columns)] for line in lines], title)


def _ours(row):
    from zoo.reproductions.harness.numbers import number

    return row.model, row.setting, str(row.n_seeds), number(row.mean), _interval(row)


def _published(row):
    from zoo.reproductions.harness.numbers import number

    mark = "" if row.published_checked in ("", "read") else " *"
    try:
        return row.published and number(float(row.published)) + mark
    except ValueError:  # a finding, such as that an error rises with something
        return _IN_WORDS + mark


def _verdicts(rows):
    from zoo.reproductions.harness.numbers import number

    lines = []
    for row in rows.itertuples():
        unit = _UNITS.get(row.unit)
        check = row.check if unit or not row.unit else f"{row.check} ({row.unit.strip('()')})"
        verdict = Text(row.verdict, style=_STYLES.get(row.verdict, ""))
        lines.append((verdict, check, f"{number(row.effect)} {unit or ''}".strip(), _interval(row)))
    columns = [("verdict", {"no_wrap": True}), "check", ("effect", _NUMBER), ("95% interval", _NUMBER)]
    return fitted(columns, lines, "Did the claim hold?")


def _interval(row):
    from zoo.reproductions.harness.numbers import number

    return f"{number(row.ci95_low)} to {number(row.ci95_high)}" if row.ci95_low == row.ci95_low else ""

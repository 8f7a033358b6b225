"""Comparisons and verdicts: in the terminal, readable at 80 columns, or in one of the formats."""

import contextlib
import fnmatch
import re
import shlex

from rich.text import Text

from zoo.cli.console import err, fitted, out
from zoo.cli.formats import csv_of, json_of, latex_of
from zoo.errors import InvalidInput, ResultsError, unknown_name

_STYLES = {"reproduced": "green", "contradicted": "red", "undecided": "yellow"}
# Units so short that they stand beside the number; longer ones stand behind what was checked.
_UNITS = {"percentage points": "pp", "times": "x", "%": "%"}
_IN_WORDS = "in words"
_NUMBER = {"justify": "right", "no_wrap": True}


def show(claim, budget, folder=None, form="table", metric=None, judged=False, main=False):
    """Print what a run of the claim found: a table for each data set and metric, then the verdicts.

    folder: the results folder, None for the default one, see folder_to_read. form: "table", or "csv", "json", "latex",
    "bibtex" (whom the comparison cites) and nothing else on standard output. metric: shell wildcards for the metrics of the
    comparison, by name or in words; judged: the checks alone; main: of these the main ones alone. Raises UnknownName, also
    for a metric, ResultsError before a first run, and InvalidInput where there are no main checks.
    """
    from zoo.reproductions.harness import compare
    from zoo.reproductions.harness.markdown import SMOKE

    if form == "bibtex":
        print(_bibtex([(claim, budget)], folder, metric), end="")
        return
    comparison, verdicts = compare(claim, budget, folder)
    if main:
        verdicts = _main_alone(verdicts, claim)
    comparison = None if judged or main else _by_metric(comparison, claim, metric, every=form in ("csv", "json"))
    if budget == "smoke":
        (out() if form == "table" else err()).print(f"{SMOKE}\n")
    if form == "table":
        _show_tables(claim, budget, folder, comparison, verdicts)
    elif form == "csv":
        print(csv_of(verdicts if comparison is None else comparison), end="")
    elif form == "json":
        tables = {"verdicts": verdicts} if comparison is None else {"comparison": comparison, "verdicts": verdicts}
        print(json_of(claim=claim, budget=budget, **tables), end="")
    else:
        chosen = " --main" if main else " --verdicts" if judged else f" --metric {shlex.quote(metric)}" if metric else ""
        said, title = f"zoo compare {claim} --budget {budget}{chosen} --format latex", f"{claim}, {budget} budget"
        print(_latex_verdicts([(title, verdicts)], said) if comparison is None else _latex(comparison, said), end="")


def show_main(budget=None, folder=None, form="table"):
    """Print the main checks of every claim, at the budget that the front page shows, or at one that is named; as show does.

    Raises ResultsError where there are none.
    """
    import pandas as pd

    from zoo.reproductions.harness.claims import is_known, lacking_data
    from zoo.reproductions.harness.outcomes import by_claim, lacks, main_checks, main_folder
    from zoo.reproductions.harness.remedies import what_makes_some
    from zoo.reproductions.harness.roots import roots_to_read
    from zoo.reproductions.harness.tables import in_numbers
    from zoo.reproductions.harness.verdicts import VERDICT_COLUMNS

    nearest, *others = roots_to_read(folder)
    root, groups = next((found for found in (nearest, *others) if by_claim(found)), nearest), []
    shown = []
    for name, folders in by_claim(root).items():
        folders = {known: found for known, found in folders.items() if budget in (None, known)}
        if folders and (found := main_checks(folders)):
            here = main_folder(folders)
            lines = [{"budget": here.parent.name, "elsewhere": check.elsewhere} | check.line for check in found]
            table = in_numbers(lines, ["budget", *VERDICT_COLUMNS, "elsewhere"])
            groups.append((f"{name}, {here.parent.name}{lacks(here)}", table))
            shown.append((name, here.parent.name))
    if not groups:
        if ran := [name for name, folders in by_claim(root).items() if budget in (None, *folders)]:
            said = f"of which no check is a main one, as HEADLINES of a claim names them; zoo compare {ran[0]} shows all"
            raise ResultsError(f"{root} holds runs of {', '.join(ran)}, {said}.")
        at = f" at the {budget} budget" if budget else ""
        raise ResultsError(f"{root} holds no main checks of any claim{at}: {what_makes_some(root, budget)}")
    if form == "table":
        _show_board(groups, root)
    elif form == "latex":
        print(_latex_verdicts(groups, f"zoo compare{f' --budget {budget}' if budget else ''} --format latex"), end="")
    elif form == "bibtex":
        known = [(name, there) for name, there in shown if is_known(name) and not lacking_data(name)]
        if not known:
            raise ResultsError(f"Of the claims in {root} none is known here: those of one's own are by zoo --import MODULE ...")
        print(_bibtex(known, root), end="")
    else:
        board = pd.concat([table for _, table in groups]).drop(columns="elsewhere")
        print(csv_of(board) if form == "csv" else json_of(verdicts=board), end="")


def show_rechecked(title, found):
    """Print what lines trained anew came to (Recheck), and where their table has them; returns whether all agree, but for those
    of which it can't tell.
    """
    from zoo.reproductions.harness.numbers import number, words
    from zoo.reproductions.harness.verdicts import who

    lines = []
    for each in found:
        said = {True: "yes", False: "no", None: "can't tell"}[each.agrees]
        expected = f"{number(each.low)} to {number(each.high)}" if each.low == each.low else ""
        metric = f"{words(each.metric)}{', %' * each.metric.endswith('_pct')}"
        lines.append((each.row[0], who(each.row), metric, _mean(each.here), _mean(each.recorded), expected, said))
    columns = [
        "data",
        "model",
        "metric",
        *((name, _NUMBER) for name in ("here (seeds)", "table (seeds)", "expected")),
        "as the table",
    ]
    out().print(fitted(columns, lines, f"{title}: new seeds, and where 95% of such means fall by the table"))
    return not any(each.agrees is False for each in found)


def _bibtex(runs, folder, metric=None):
    """The entries of whom the comparisons of some runs, (claim, budget), cite; metric: as of show."""
    from zoo.reproductions.harness.reading import comparison_of
    from zoo.reproductions.harness.references import references

    found = {}
    for claim, budget in runs:
        chosen = _by_metric(comparison_of(claim, budget, folder), claim, metric, every=True)
        lines = chosen[["dataset", "model", "setting", "metric"]].drop_duplicates()
        found |= references(claim, list(lines.itertuples(index=False, name=None)))
    return "\n\n".join(found[key] for key in sorted(found)) + "\n"


def _mean(values):
    """The mean of some seeds' values, and how many there are, in brackets; diverged ones apart."""
    from zoo.reproductions.harness.numbers import number
    from zoo.reproductions.harness.statistics import finite

    left = finite(values)
    lost = f", {len(values) - len(left)} diverged" * (len(left) < len(values))
    return f"{number(left.mean()) if len(left) else 'none'} ({len(left)}{lost})"


def _main_alone(verdicts, claim):
    from zoo.reproductions.harness.tables import MAIN

    verdicts = verdicts[verdicts.kind == MAIN]
    if verdicts.empty:
        raise InvalidInput(f"{claim} has no main checks here; zoo compare {claim} --verdicts shows all that it has.")
    return verdicts


def _by_metric(comparison, claim, pattern, every):
    """The lines whose metric matches; every: those, too, that feed a figure alone."""
    from zoo.reproductions.harness import load_claim
    from zoo.reproductions.harness.numbers import words
    from zoo.reproductions.harness.tables import figure_only

    if not every:
        module = load_claim(claim)
        comparison = comparison[[not figure_only(module, metric) for metric in comparison.metric]]
    if pattern is None:
        return comparison
    known = set(comparison.metric)
    found = {metric for metric in known if any(fnmatch.fnmatchcase(name, pattern) for name in (metric, words(metric)))}
    if not found:
        raise unknown_name("metric", pattern, known)
    return comparison[comparison.metric.isin(found)]


def _show_tables(claim, budget, folder, comparison, verdicts):
    """Both tables and where to read more; no comparison where that is None."""
    from zoo.reproductions.harness import claim_runs
    from zoo.reproductions.harness.folder import folder_to_read
    from zoo.reproductions.harness.outcomes import counted
    from zoo.reproductions.harness.sizes import sizes

    console = out()
    if comparison is not None:
        runs = claim_runs(claim, budget, folder)
        for (dataset, metric), rows in comparison.groupby(["dataset", "metric"], sort=False):
            console.print(_comparison(f"{_titled(dataset, metric)}, {budget} budget", rows))
            console.print(f"{sizes(runs, dataset, [metric])}\n")
        if (comparison.published_checked.replace("read", "") != "").any():
            console.print("* worked out, quoted elsewhere or recalled rather than read in the paper: comparison.md says which\n")
        if _IN_WORDS in set(map(_published, comparison.assign(published_checked="").itertuples())):
            console.print(f"{_IN_WORDS}: published is a finding without a number, which comparison.md has\n")
    console.print(_verdicts(verdicts))
    if _marked(verdicts):
        console.print(_OF_REASONS)
    place = folder_to_read(claim, budget, folder)
    said = counted(verdicts.to_dict("records")) if budget != "smoke" and len(verdicts) else ""
    console.print()
    for other, found in _with_more(place):
        console.print(f"With --budget {other}: {found}.")
    console.print(f"{said and f'{said}. '}In sentences, with published models and the figure: {place}", soft_wrap=True)


def _with_more(place):
    """(budget, its verdicts in short) of a claim's runs with larger budgets than those in the folder `place`, if they are whole."""
    from zoo.reproductions.harness.outcomes import counted, verdicts_of
    from zoo.reproductions.harness.trial import BUDGETS

    for budget in BUDGETS[BUDGETS.index(place.parent.name) + 1 :]:
        folder = place.parent.parent / budget / place.name
        if (folder / "verdicts.csv").exists():
            with contextlib.suppress(ResultsError):  # what was asked for is another budget's
                yield budget, counted(verdicts_of(folder))


def _show_board(groups, root):
    """The main checks, those of each claim below its name."""
    lines = []
    for title, table in groups:
        lines += [("",) * 5] * bool(lines) + [("", Text(title, style="bold"), "", "", "")]
        lines += [
            (verdict, f"{check}; {row.elsewhere}" if row.elsewhere else check, *numbers)
            for row, (verdict, check, *numbers) in zip(table.itertuples(), _judged(table), strict=True)
        ]
    console = out()
    console.print(fitted(_JUDGED, lines, "Did the claims hold? Their main checks"))
    if any(_marked(table) for _, table in groups):
        console.print(f"\n{_OF_REASONS}")
    console.print(f"\nIn sentences, with all that is said of each: {root / 'README.md'}", soft_wrap=True)


def _titled(dataset, metric):
    from zoo.reproductions.harness.numbers import words

    return f"{words(metric)}{', %' if metric.endswith('_pct') else ''}: {dataset}"


def _comparison(title, rows):
    numbers = ["mean", "95% interval", *(["published"] if (rows.published != "").any() else [])]
    columns = ["model", "setting", ("seeds", _NUMBER | {"optional": 1}), *((name, _NUMBER) for name in numbers)]
    lines = [(*ours, _published(row)) for row, ours in _beside(rows)]
    return fitted(columns, [line[: len(columns)] for line in lines], title)


def _beside(rows):
    """(line of the comparison, its cells that are ours); a row held against several published values shows its own once."""
    before = None
    for row in rows.itertuples():
        same = (row.model, row.setting) == before
        before = row.model, row.setting
        yield row, [""] * 5 if same else _ours(row)


def _latex(comparison, said):
    columns = [("model", "l"), ("setting", "l"), ("seeds", "r"), ("mean", "r"), ("95% interval", "r")]
    told = (comparison.published != "").any()
    if told:
        columns += [("published", "r"), ("source", r"p{0.3\linewidth}")]
    groups = [
        (_titled(*key), [(*ours, *(_sourced(row) if told else ())) for row, ours in _beside(rows)])
        for key, rows in comparison.groupby(["dataset", "metric"], sort=False)
    ]
    return latex_of(columns, groups, said)


def _sourced(row):
    """A published value, "in words" for a finding, and its source, with that finding, and how it is known where not read."""
    value, mark = _published(row).removesuffix(" *"), row.published_checked
    source = f"{row.published_source} ({mark})" if mark not in ("", "read") else row.published_source
    return (value, f"{row.published}; {source}") if value == _IN_WORDS else (value, source)


def _latex_verdicts(groups, said):
    columns = [("check", "l"), ("effect", "r"), ("95% interval", "r"), ("claimed", "r"), ("verdict", "l")]
    found = [
        (title, [(check, effect, interval, claimed, str(verdict)) for verdict, check, effect, interval, claimed in _judged(table)])
        for title, table in groups
    ]
    return latex_of(columns, found, said, _OF_REASONS if any(_marked(table) for _, table in groups) else "")


def _marked(verdicts):
    return any(map(_more_to_it, verdicts.itertuples()))


def _ours(row):
    from zoo.reproductions.harness.numbers import number

    lost = _OF_SEEDS.match(row.note)
    seeds = f"{row.n_seeds} of {lost[2]}" if lost else str(row.n_seeds)
    return row.model, row.setting, seeds, number(row.mean), _interval(row)


def _published(row):
    from zoo.reproductions.harness.numbers import number

    mark = "" if row.published_checked in ("", "read") else " *"
    try:
        return row.published and number(float(row.published)) + mark
    except ValueError:  # a finding, such as that an error rises with something
        return _IN_WORDS + mark


_JUDGED = [
    ("verdict", {"no_wrap": True}),
    "check",
    ("effect", _NUMBER),
    ("95% interval", _NUMBER),
    ("claimed", _NUMBER | {"optional": 1}),
]
_REASON = " !"  # after a verdict that its interval alone does not explain
_OF_REASONS = "! there is more to it than the interval: its sentence in comparison.md says what"
_OF_SEEDS = re.compile(r"(\d+) of (\d+) seeds ")  # how a note begins where not all are in the mean


def _verdicts(rows):
    return fitted(_JUDGED, _judged(rows), "Did the claim hold?")


def _more_to_it(row):
    """Whether a check's sentence says more after its verdict, such as why no interval would decide."""
    return row.sentence.rpartition(f": {row.verdict}")[2] not in (".", "")


def _judged(rows):
    """Cells of _JUDGED."""
    from zoo.reproductions.harness.numbers import number

    for row in rows.itertuples():
        unit = _UNITS.get(row.unit)
        check = row.check if unit or not row.unit else f"{row.check} ({row.unit.strip('()')})"
        verdict = Text(row.verdict + _REASON * _more_to_it(row), style=_STYLES.get(row.verdict, ""))
        yield verdict, check, f"{number(row.effect)} {unit or ''}".strip(), _interval(row), row.claimed


def _interval(row):
    from zoo.reproductions.harness.numbers import number

    return f"{number(row.ci95_low)} to {number(row.ci95_high)}" if row.ci95_low == row.ci95_low else ""

"""comparison.csv and verdicts.csv from the runs: means with intervals beside published values, and the checks."""

import csv
import fnmatch
import io
from collections.abc import Iterable

import numpy as np

from zoo.errors import InvalidInput
from zoo.reproductions.harness.claims import claim_headlines, claim_name
from zoo.reproductions.harness.grids import ends_of_grids, not_tried
from zoo.reproductions.harness.numbers import cell, rounded
from zoo.reproductions.harness.outcomes import fitting
from zoo.reproductions.harness.published import matches
from zoo.reproductions.harness.resampling import share_interval
from zoo.reproductions.harness.statistics import finite, mean_interval
from zoo.reproductions.harness.trial import trials_of
from zoo.reproductions.harness.verdicts import Check, is_control

COMPARISON_COLUMNS = (
    "claim dataset model setting metric n_seeds mean ci95_low ci95_high published published_source published_checked note"
).split()
NUMBERS = ("n_seeds", "mean", "effect", "ci95_low", "ci95_high", "wide_low", "wide_high")  # the columns of our numbers
MAIN = "main"  # the kind of a check that the page of results shows


def compare_runs(module, runs):
    """The lines of comparison.csv as dicts: one per dataset, model, setting and metric, in the order of the runs.

    After them come the statistics over seeds other than means, such as a spread or a correlation, that the reproduction's
    summarise(runs), if it has one, gives as (row, metric, Interval). A line that is held against several published
    values is repeated for each of them. What the reproduction's notes(runs), if it has one, says of a row and metric,
    {(dataset, model, setting, metric): text}, is in the line's note.
    """
    lines, notes = [], _given(module, "notes", runs, dict, "{(dataset, model, setting, metric): text}") or {}
    for (*row, metric), group in runs.groupby(["dataset", "model", "setting", "metric"], sort=False):
        note = "; ".join(filter(None, [_lost(module, group.value), notes.get((*row, metric))]))
        lines += _lines(module, tuple(row), metric, _interval(metric, group.value), note)
    for row, metric, interval in _given(module, "summarise", runs, Iterable, "(row, metric, Interval) of each line") or ():
        lines += _lines(module, row, metric, interval, "")
    return lines


def _given(module, name, runs, kind, wanted):
    """What a claim's function of runs gives, None where it has none. Raises InvalidInput where that is of another kind."""
    function = getattr(module, name, None)
    found = function and function(runs)
    if function and not isinstance(found, kind):
        raise InvalidInput(f"{claim_name(module)}.{name} must return {wanted}; it returned {found!r:.80}.")
    return found


def _interval(metric, values):
    """That of the mean over seeds; of a share, whose values are 0 and 1, the binomial one; none where all seeds agree."""
    known = finite(values)
    if metric.startswith("share_") and len(known) > 1 and set(known) <= {0.0, 1.0}:
        return share_interval(known == 1)
    interval = mean_interval(known)
    return interval if rounded(interval.low) < rounded(interval.high) else interval._replace(low=np.nan, high=np.nan)


def judge_runs(module, runs, budget=None):
    """The lines of verdicts.csv as dicts, one per check of the reproduction's judge(runs), and beside its columns whether the
    verdict is `lasting` (see Check).

    budget: the name of the one that the runs are of; then the sentences say where whatever came off worse took an end of a grid.
    """
    checks = module.judge(runs)
    if not isinstance(checks, (list, tuple)) or not all(isinstance(check, Check) for check in checks):
        wanted = "a list of checks, as zoo.reproductions.harness.target and the like make them"
        raise InvalidInput(f"{claim_name(module)}.judge must return {wanted}; it returned {checks!r:.80}.")
    names = [check.name for check in checks]
    if len(set(names)) < len(names):
        raise InvalidInput(f"{claim_name(module)}: two checks have the same name; give each its own with name=...")
    ends = ends_of_grids(trials_of(module, budget), runs) if budget else {}
    lines = [
        {
            "claim": claim_name(module),
            "check": check.name,
            "effect": cell(check.effect),
            "ci95_low": cell(check.low),
            "ci95_high": cell(check.high),
            "unit": check.unit,
            "verdict": check.verdict,
            "sentence": with_remark(check.sentence, not_tried(check, ends)),
            "claimed": check.claimed,
            **dict(zip(("wide_low", "wide_high"), map(cell, check.wide or (None, None)), strict=True)),
            "metric": check.metric,
            **dict(zip(("better", "worse"), map(_joined, check.rows or (None, None)), strict=True)),
            "lasting": check.lasting,
        }
        for check in checks
    ]
    main = [found[-1]["check"] for found in fitting(claim_headlines(module), lines).values() if found]
    return [line | {"kind": MAIN if line["check"] in main else "control" if is_control(line) else "other"} for line in lines]


def _joined(row):
    """A row as one text, dataset/model/setting; "" for none."""
    return "/".join(row) if row else ""


def with_remark(sentence, remark):
    """A sentence with a remark at its end, as it is without one."""
    return f"{sentence.removesuffix('.')}; {remark}." if remark else sentence


def figure_only(module, metric):
    """Whether a metric, such as a single weight, only feeds the figure: CSV files have it, tables for readers do not.

    FIGURE_ONLY of the reproduction holds the names of such metrics, with shell wildcards.
    """
    return any(fnmatch.fnmatchcase(metric, pattern) for pattern in getattr(module, "FIGURE_ONLY", ()))


def in_numbers(lines, columns):
    """Lines (dicts of text) as a DataFrame of these columns, our numbers float64 and NaN where there is none, n_seeds int."""
    import pandas as pd

    table = pd.DataFrame(lines, columns=columns)
    for column in table.columns.intersection(NUMBERS):
        table[column] = pd.to_numeric(table[column])
    return table


def csv_text(columns, lines):
    """Dicts of text as CSV with "\\n" line ends, only what has a column."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue()


def _lines(module, row, metric, interval, lost):
    """One line for each published value that a row and metric of ours is held against, or the one without."""
    claim, published = claim_name(module), getattr(module, "PUBLISHED", {})
    line = {"claim": claim, **dict(zip(("dataset", "model", "setting"), row, strict=True)), "metric": metric}
    line |= {"n_seeds": str(interval.n), "mean": cell(interval.estimate)}
    line |= {"ci95_low": cell(interval.low), "ci95_high": cell(interval.high)}
    return [line | _beside(match, lost) for match in matches(claim, published, row, metric) or [None]]


def _lost(module, values):
    lost = int((~np.isfinite(values)).sum())
    return f"{lost} of {len(values)} seeds {getattr(module, 'LOST', 'diverged')} and are not in the mean" if lost else ""


def _beside(match, lost):
    if match is None:
        return {"published": "", "published_source": "", "published_checked": "", "note": lost}
    note = "; ".join(filter(None, [lost, match.note]))
    return {"published": match.value, "published_source": match.source, "published_checked": match.checked, "note": note}

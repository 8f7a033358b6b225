"""comparison.csv and verdicts.csv from the runs: means with intervals beside published values, and the checks."""

import csv
import io

import numpy as np

from zoo.errors import InvalidInput
from zoo.reproductions.harness.claims import claim_name
from zoo.reproductions.harness.numbers import cell
from zoo.reproductions.harness.published import matches
from zoo.reproductions.harness.statistics import mean_interval

COMPARISON = (
    "claim dataset model setting metric n_seeds mean ci95_low ci95_high published published_source published_checked note"
).split()
VERDICTS = "claim check effect ci95_low ci95_high unit verdict sentence".split()


def compare_runs(module, runs):
    """The lines of comparison.csv as dicts: one per dataset, model, setting and metric, in the order of the runs.

    A row that is held against several published values has a line for each of them.
    """
    claim, published = claim_name(module), getattr(module, "PUBLISHED", {})
    lines = []
    for (dataset, model, setting, metric), group in runs.groupby(["dataset", "model", "setting", "metric"], sort=False):
        interval = mean_interval(group.value)
        line = {"claim": claim, "dataset": dataset, "model": model, "setting": setting, "metric": metric}
        line |= {"n_seeds": str(interval.n), "mean": cell(interval.estimate)}
        line |= {"ci95_low": cell(interval.low), "ci95_high": cell(interval.high)}
        lost = _lost(group.value)
        for match in matches(claim, published, (dataset, model, setting), metric) or [None]:
            lines.append(line | _beside(match, lost))
    return lines


def judge_runs(module, runs):
    """The lines of verdicts.csv as dicts, one per check of the reproduction's judge(runs)."""
    checks = module.judge(runs)
    names = [check.name for check in checks]
    if len(set(names)) < len(names):
        raise InvalidInput(f"{claim_name(module)}: two checks have the same name; give each its own with name=...")
    return [
        {
            "claim": claim_name(module),
            "check": check.name,
            "effect": cell(check.effect),
            "ci95_low": cell(check.low),
            "ci95_high": cell(check.high),
            "unit": check.unit,
            "verdict": check.verdict,
            "sentence": check.sentence,
        }
        for check in checks
    ]


def csv_text(columns, lines):
    """Dicts of text as CSV with "\\n" line ends."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue()


def _lost(values):
    diverged = int((~np.isfinite(values)).sum())
    return f"{diverged} of {len(values)} seeds diverged and are not in the mean" if diverged else ""


def _beside(match, lost):
    if match is None:
        return {"published": "", "published_source": "", "published_checked": "", "note": lost}
    note = "; ".join(filter(None, [lost, match.note]))
    return {"published": match.value, "published_source": match.source, "published_checked": match.checked, "note": note}

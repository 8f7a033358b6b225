"""Whether what a start spares of the errors shrinks as labels grow many: lines through all numbers of labels, seed by seed.

Points shrink with the errors, whatever the start is worth; it is the share of the errors that tells.
"""

import numpy as np

from zoo.reproductions.harness import check
from zoo.reproductions.harness.numbers import number
from zoo.reproductions.harness.statistics import mean_interval, slopes

ANYHOW = "a constant share of fewer errors is fewer points, too"


def trends(dataset, name, what_start, labels, with_start, without, rival="random"):
    """Checks of how the gap to a rival start changes with the labels: in percentage points, and as a share of the errors.

    name, what_start: what the checks and their sentences call the start; with_start, without: errors (seeds, labels).
    """
    against = "" if rival == "random" else f" against {rival}"
    points, share = without - with_start, 100 * (1 - with_start / without)
    checks = []
    for measure, gap, unit in (("gap", points, "percentage points"), ("share of errors spared", share, "% of the errors")):
        what = f"slope of the {measure} ({what_start} against the {rival} one) on the logarithm of the number of labels"
        what += f" ({ANYHOW})" * (gap is points)
        slope, met = mean_interval(slopes(np.log10(labels), gap)), ", ".join(map(number, np.nanmean(gap, axis=0)))
        sentence = f"On {dataset}, with {', '.join(map(str, labels))} labels, {met}; {what}, paired over {slope.n} seeds"
        doubt, per = no_line(labels, gap, slope), f"{unit} per tenfold labels"
        checks.append(
            check(f"{name}: {measure}{against} shrinks with labels", slope, per, sentence, below=0, doubt=doubt, seeds=len(gap))
        )
    more = mean_interval(points[:, 0] - points[:, -1])
    what = f"what the {what_start} spares against the {rival} one with {labels[0]} labels less that with {labels[-1]}"
    sentence = f"On {dataset}, {what}, paired over {more.n} seeds ({ANYHOW})"
    name = f"{name}: spares more{against} with {labels[0]} labels than with {labels[-1]}"
    return [*checks, check(name, more, "percentage points", sentence, above=0, seeds=len(points))]


def no_line(labels, gap, slope):
    """Why a line of this slope is not how a gap (seeds, labels) goes: nothing is spared to begin with, one that falls rises
    first, over two numbers of labels or more, or one that rises falls in the end.
    """
    if not mean_interval(gap[:, 0]).low > 0:
        return f"with {labels[0]} labels nothing is spared that can be told from nothing"
    logs, several = np.log10(labels), range(2, len(labels))
    for most in reversed(several) if slope.high < 0 else ():
        if mean_interval(slopes(logs[:most], gap[:, :most])).low > 0:
            return f"up to {labels[most - 1]} labels it rises, so that no line tells how it goes"
    for last in reversed(several) if slope.low > 0 else ():
        if mean_interval(slopes(logs[-last:], gap[:, -last:])).high < 0:
            return f"from {labels[-last]} labels on it falls, so that no line tells how it goes"
    return ""

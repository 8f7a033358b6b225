"""What a factor costs one model beside another: how much its errors rise, in points and as a multiple."""

import numpy as np

from zoo.reproductions.harness import check
from zoo.reproductions.harness.numbers import number
from zoo.reproductions.harness.statistics import Interval, mean_interval


def rises_more(errors, where, who, robust, seeds=None):
    """Two checks that the errors of one model rise more than those of a robust one: by percentage points, and by a factor.

    Points favour a model that errs little from the start, factors one that errs much; neither is the better measure.

    errors: rows of (before, after, robust before, robust after), percent, one for each seed; a factor needs all above 0,
    else it is left undecided. where: between what, in words. seeds: how many were trained, those that diverged included.
    """
    before, after, robust_before, robust_after = np.array(errors, dtype="float64").reshape(-1, 4).T
    place = where[0].upper() + where[1:]

    def judged(what, unit, interval, means, form, bound):
        rise = f"the error of {who} {form.format(means[0])}, that of the {robust} {form.format(means[1])}"
        sentence = f"{place} {rise}; {what}, over {interval.n} seeds"
        return {"interval": interval, "unit": unit, "sentence": sentence, "above": bound, "seeds": seeds}

    points = [after - before, robust_after - robust_before]
    means = [number(mean_interval(rise).estimate) for rise in points]
    difference = judged(
        "difference", "percentage points", mean_interval(points[0] - points[1]), means, "rises by {} points", 0
    )
    checks = [check(f"{where}: {who} loses more than {robust}", **difference)]
    if (np.stack([before, after, robust_before, robust_after]) > 0).all():
        logs = [np.log(after / before), np.log(robust_after / robust_before)]
        interval = mean_interval(logs[0] - logs[1])
        interval = Interval(*np.exp(interval[:3]).tolist(), interval.n)
        means = [number(float(np.exp(mean_interval(rise).estimate))) for rise in logs]
    else:
        interval, means = Interval(np.nan, np.nan, np.nan, len(before)), ["no number"] * 2
    ratio = judged("ratio", "times", interval, means, "becomes {} times as large", 1)
    return [*checks, check(f"{where}: {who}'s error grows by a larger factor than {robust}'s", **ratio)]

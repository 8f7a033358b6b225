"""What a factor costs one model beside another: how much its errors rise, in points and as a multiple."""

import numpy as np

from zoo.reproductions.harness import check
from zoo.reproductions.harness.chance import by_chance_of_examples
from zoo.reproductions.harness.losses import combined
from zoo.reproductions.harness.numbers import number
from zoo.reproductions.harness.statistics import Interval, by_examples, by_examples_of_logs, mean_interval, over_examples, widened


def rises_more(errors, where, who, robust, seeds=None, tested=None, losses=None, same=False, handicap=""):
    """Two checks that the errors of one model rise more than those of a robust one: by percentage points, and by a factor.

    Points favour a model that errs little from the start, factors one that errs much; neither is the better measure.

    errors: rows of (before, after, robust before, robust after), percent, one for each seed; a factor needs all above 0,
    else it is left undecided. where: between what, in words. seeds: how many were trained, those that diverged included.
    tested: on how many examples, before and after, where one of the two draws nothing at random, NaN where nobody says; else
    None. losses: the Costs of the four, None where nobody knows them; same: whether the examples after are those before.
    handicap: why the errors of the robust one may rise more than they ought to, with which nothing is contradicted.
    """
    before, after, robust_before, robust_after = np.array(errors, dtype="float64").reshape(-1, 4).T
    place = where[0].upper() + where[1:]
    pairs = (before, robust_before), (after, robust_after)
    halves = _halves(pairs, losses, same, tested)

    def judged(name, what, unit, interval, means, form, bound, doubt, wide):
        rise = f"the error of {who} {form.format(means[0])}, that of the {robust} {form.format(means[1])}"
        sentence = f"{place} {rise}; {what} over {interval.n} seeds"
        doubts = {"doubt": doubt, "handicap": handicap}
        return check(name, interval, unit, sentence, above=bound, seeds=seeds, **doubts, wide=wide if losses else ())

    points = [after - before, robust_after - robust_before]
    means = [number(mean_interval(rise).estimate) for rise in points]
    interval, doubt = mean_interval(points[0] - points[1]), ""
    if tested is not None and len(before):
        doubt = by_chance_of_examples(interval, 0, halves[0], tested)
    wide = widened(interval, halves[0])
    name = f"{where}: {who} loses more than {robust}"
    checks = [judged(name, "difference,", "percentage points", interval, means, "rises by {} points", 0, doubt, wide)]
    name = f"{where}: {who}'s error grows by a larger factor than {robust}'s"
    interval, means, doubt, wide = Interval(np.nan, np.nan, np.nan, len(before)), ["no number"] * 2, "", ()
    if len(before) and min(map(min, (before, after, robust_before, robust_after))) > 0:
        logs = [np.log(after / before), np.log(robust_after / robust_before)]
        of_logs = mean_interval(logs[0] - logs[1])
        means = [number(float(np.exp(mean_interval(rise).estimate))) for rise in logs]
        interval = Interval(*np.exp(of_logs[:3]).tolist(), of_logs.n)
        wide = np.exp(widened(of_logs, halves[1]))
        if tested is not None and (doubt := by_chance_of_examples(of_logs, 0, halves[1], tested)) and np.isfinite(tested):
            doubt = f"the {tested:,.0f} test examples and the seeds together do not decide it"
    return [*checks, judged(name, "ratio, geometric mean", "times", interval, means, "becomes {} times as large", 1, doubt, wide)]


def _halves(pairs, losses, same, tested):
    """Half the intervals that test examples leave, of the difference of rises and of the logarithm of their ratio.

    Where nobody knows what each costs, the widest that there can be; NaN where it is not known how many were tested on, and for
    a ratio with a share of 0.
    """
    if losses:

        def half(units):
            terms = [(sign / unit, costs) for sign, unit, costs in zip((-1, 1, 1, -1), units, losses, strict=True)]
            return over_examples(combined(*terms)) if same else over_examples(combined(*terms[::2]), combined(*terms[1::2]))

        means = [costs.each.mean() for costs in losses]
        return half([1] * 4), half(means) if min(means) > 0 else np.nan
    if tested is None:
        return np.nan, np.nan
    means = [[mean_interval(values).estimate / 100 for values in pair] for pair in pairs]
    errs = np.min(means) > 0
    joined = sum if same else lambda halves: np.hypot(*halves)  # of the same examples luck may go together
    widest = [joined([half(*pair, tested) for pair in means]) for half in (by_examples, by_examples_of_logs)[: 1 + errs]]
    return 100 * widest[0], widest[-1] if errs else np.nan

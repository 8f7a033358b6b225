"""The loss surface is full of saddle points; those with few downward directions lie nearly as low as minima, others higher.

The review (LeCun, Bengio & Hinton 2015, "Backpropagation to train multilayer architectures") holds that the landscape of a
net's objective is packed with saddle points, most of them with only a few downward curving directions, and that almost all
of these have very similar values of the objective. So it matters little at which of them training gets stuck. Here this is
tested as in Figure 1 of Dauphin et al. (2014), on a small net for MNIST at 10x10 pixels. From points along and around paths
of gradient descent, Newton's method and minimizing the squared gradient norm search for critical points of any index. There
the exact Hessian is computed in double precision. If the claim holds, the training error rises with the index, the share of
negative eigenvalues.

Expected (quick: 400 starts per method, 1 minute on 2 cores; full: 500 starts per method and size, 58 minutes on 2 cores, no
GPU needed):

- The error rises with the index, mostly because nets with more silent units err more and leave more directions open. Among
  points with as many silent units the rank correlation is weaker, 0.44 to 0.69 instead of 0.95 to 0.98, and still clear.
- Saddles with at most five downward directions lie nearly as low as minima: with 4 units 2 to 3 % of the way up to the
  highest point found, those with 9 and 10, nearly all with a silent unit, at 16 %; the one with 6 lies at 9 %. With 8 units
  this is undecided: too few were found, and those with 6 to 10 are low, too.
- Whether saddles are the many is undecided: more than half of the starts without silent units converge nowhere.
- So is whether most saddles have few downward directions (62 to 92 % of those found from such starts at full).
- Quick (4 units, 300 images): the same rise, 2 and 16 %; from starts without silent units a third of the points are saddles.
"""

import numpy as np

from zoo.reproductions.evidence.saddle_pictures import draw_cloud
from zoo.reproductions.evidence.saddle_statistics import correlation_within, excess_in_range, rank_correlation, spread_in_range
from zoo.reproductions.harness import Published, Trial, check, control
from zoo.reproductions.harness.numbers import number
from zoo.reproductions.harness.resampling import FEWEST, bootstrap_interval, share_interval
from zoo.reproductions.harness.runs import by_seed, lines_of
from zoo.reproductions.harness.statistics import Interval, percent
from zoo.reproductions.trainers.saddles import FREE, NEEDED, QUANTILES, SILENT, find_saddles

SEEDS = {"smoke": 6, "quick": 400, "full": 500}
METHODS = {"newton": "Newton's method", "gradient_norm": "least squared gradient norm"}
TOLERANCE = 1e-8
DECAY = 0.01  # of the weight penalty: what an eigenvalue is in a direction in which the cross-entropy is flat
ENOUGH = 10  # points: fewer say little about the spread of their losses
FEW = 5  # what "a few downward directions" is taken to be: fewer than a single silent unit adds
ALIKE = 0.1  # of the range from the minima to the highest point found: losses that differ less are taken to be much the same
TABLED = (0, 1, 5, 50, 95, 100)  # the quantiles of the eigenvalues, in percent, that are summarised by error level
LEVELS = ("low", "middle", "high")
LOST = "did not converge to a critical point"
SAME = ["digits", "index_pct"]  # in which points have to agree to be one
PLACE = 9
HEADLINES = (
    "* tanh units, Newton's method: error rises with the index at equal silent units",
    "* tanh units, Newton's method: saddles are the many of the points found",
    "* tanh units, Newton's method: saddles with few downward directions lie nearly as low as minima",
)
PROTOCOL = f"""
**Models.** One hidden layer of tanh units, softmax, cross-entropy plus decay / 2 times the squared norm of all weights.
Without this penalty some directions are flat and eigenvalues of 0 have no sign; Dauphin et al. trained without it. `n_test`
counts the training images.

**Training.** A seed decides the start (small weights, some units silent), how far down the path of full-batch gradient
descent with momentum the search begins, and the noise added there; both methods begin at the same points. A silent unit has
zero weights and no gradient, so minima of smaller nets, saddles of the whole one, are reached, too. As many starts have none
as have one, and so on.

**Measures.** A point is critical if its gradient norm is at most {TOLERANCE:g}; other starts keep their rows, without index,
error and eigenvalues. Points of one method with the same loss in six digits and the same index count once. Losses are in
percent of the way from the minima's mean to the highest point that either method found. Error levels are thirds of the
points. Correlations are Spearman's (interval of Bonett & Wright 2000; within groups a bootstrap).

**Checks.**

- The number of silent units, drawn by the seed, decides most of the index, some nine directions to a unit. So the
  correlation over all points is a control. The question is asked among points with as many silent units (weights below
  1e-4). With 8 units it is asked of those with fewer than four: with more they are critical points of 4 units again (at full
  47 of Newton's 100, of which 26 have in six digits the loss of a point found with 4 units).
- Shares of saddles depend on how easily each kind is found. They are asked of starts without silent units, and undecided if
  one such start is lost.
- Comparisons of errors or losses hold for the points found and no others.
- "Low" is at most {ALIKE:.0%} of that way. This decides something only if saddles with {FEW + 1} to {2 * FEW} directions lie
  higher (with 4 units nearly all of these are critical points of a smaller net). That saddles with at most {FEW} are alike
  in loss is a control, as the loss follows the index.

**Limits.**

- What share of all critical points was found is unknown, and how the others differ. With 4 units minima are met again and
  again, nearly every saddle once: more starts would raise the saddles' share.
- The two methods are not independent evidence: at full they share 64 of 89 and 101 points (8 units: 65 of 100 and 152).
- Saddles with few directions lie higher the more they have; their mean depends on how many of each were found.
- Copies of a unit are redundant, too. Without points outside their group's nine directions the correlations with 4 units
  fall from 0.44 and 0.69 to 0.36 and 0.57.
- Searches may end where the norm has a minimum above 0 (Frye et al. 2021), but Newton's (the best of ten step lengths) gives
  up earlier: the search for the least norm gets below half its last norm from nearly all of its lost starts and converges
  from a fifth to a quarter. More lengths do not help (tried: thirty). The search for the least norm is cut off after 40
  iterations at quick, in all its lost starts, and after 200 at full, in 16 of 205 (8 units: 39 of 244). Longer searches may
  find more.

**Changed after seeing results.**

- The correlation over all points became a control; equal silent units and starts without any came in.
- Groups went by the starts' silent units, though units wake or fall silent, until a reader saw it. The search for the least
  norm with 8 units (50 minutes) is from before and has no such line.
- Points with 8 units that are those of 4 again were left out on a reader's remark: before, Newton's correlation was 0.50
  (0.28 to 0.69); the verdict is the same.
- Lowness and likeness of losses were shares of a mean loss, which saddles with more directions met as well.
"""


def trials(budget):
    """Both methods from the same starts, on nets small enough for exact Hessians."""
    dataset = budget.choose(smoke="digits", quick="mnist", full="mnist")
    recipe = {"scale": 0.05, "rate": 0.1, "momentum": 0.97, "steps": [30, 2000], "noise": [0.003, 0.01, 0.03]}
    recipe |= {"tolerance": TOLERANCE, "decay": DECAY} | budget.choose(
        smoke={"side": 4, "n_train": 100, "decay": 0.05, "iterations": 200, "steps": [300, 1000], "noise": [0.01]},
        quick={"side": 10, "n_train": 300, "iterations": 40},
        full={"side": 10, "n_train": 1000, "iterations": 200},
    )
    return [
        Trial(
            dataset, "mlp", f"{units} tanh units, {words}", budget.seeds, find_saddles, recipe | {"units": units, "method": method}
        )
        for units in budget.choose(smoke=(2,), quick=(4,), full=(4, 8))
        for method, words in METHODS.items()
    ]


def summarise(runs):
    """How many starts converged and to how many different points, and the spectra at three levels of error."""
    converged = _converged(runs)
    for row, found in converged.items():
        points = _distinct(found)
        every = by_seed(runs, row, "converged")
        yield row, "share_converged", share_interval(every == 1)
        yield row, "distinct_critical_points", Interval(float(len(points)), np.nan, np.nan, len(every))
        yield row, "rank_correlation_index_error", rank_correlation(points.index_pct, points.train_error_pct)
        yield row, "rank_correlation_index_loss", rank_correlation(points.index_pct, points.loss)
        if SILENT in points:
            yield row, "rank_correlation_at_equal_silent_units", correlation_within(_new_points(points, row, converged))
        for other in _others(converged, row):
            ours, theirs = (_ends(runs, each) for each in (row, other))
            lost, both = ours.converged == 0, _in_both(points, converged[other])
            lower = 2 * theirs.gradient_norm < ours.gradient_norm
            yield row, "distinct_points_of_the_other_method_too", Interval(float(both), np.nan, np.nan, len(points))
            yield row, "share_of_lost_where_the_other_converged", share_interval(theirs.converged[lost] == 1)
            yield row, "share_of_lost_where_the_other_ended_below_half_the_norm", share_interval(lower[lost])
        for level, part in _levels(points).items():
            for q in TABLED:
                name = _quantile(q)
                yield row, f"{name}_at_{level}_error", bootstrap_interval(np.mean, part[name])


def judge(runs):
    """The error rises with the index; saddles outnumber minima; those with few downward directions lie as low as these."""
    checks, converged = [], _converged(runs)
    for row, found in converged.items():
        points, others = _distinct(found), _others(converged, row)
        every = by_seed(runs, row, "converged")
        beside = [f"{(every != 1).sum()} of {len(every)} starts did not converge"]
        beside += [f"{_in_both(points, converged[other])} of the points were found by the other method, too" for other in others]
        place = f"On {row[0]} over the {len(points)} distinct critical points of {row[1]} ({'; '.join([row[2], *beside])})"
        doubt = _why_none(runs, row) if points.empty else ""
        correlation = rank_correlation(points.index_pct, points.train_error_pct)
        ends = found[found.silent_units == 0]
        whole, starts = _distinct(ends), _starts(runs, row)
        lost = f"{starts - len(ends)} of {starts} such starts did not converge" if len(ends) < starts else ""
        bent, top = whole[whole.directions > 0], np.fmax.reduce([converged[each].loss.max() for each in (row, *others)])
        checks += [
            control(
                check(
                    f"{row[2]}: error rises with the index",
                    correlation,
                    "(rank correlation)",
                    f"{place}, rank correlation of the share of negative eigenvalues with the training error",
                    above=0,
                    doubt=doubt,
                )
            ),
            *_at_equal_silent_units(row, points, converged, place, doubt),
            check(
                f"{row[2]}: saddles are the many of the points found",
                percent(share_interval(whole.index_pct > 0)),
                "%",
                f"{place}, share that are saddle points of the {len(whole)} found from starts without silent units, "
                f"where {(ends.index_pct > 0).sum()} of {len(ends)} such starts ended at one",
                above=50,
                doubt=doubt or lost or ("" if starts else "there was no such start"),
            ),
            check(
                f"{row[2]}: most saddles found have few downward directions",
                percent(share_interval(bent.directions <= FEW)),
                "%",
                f"{place}, share with at most {FEW} downward directions of the {len(bent)} saddle points found from starts "
                "without silent units",
                above=50,
                doubt=doubt or lost or ("" if len(bent) else "there was no such point"),
            ),
            *_losses(row, points, top, place, doubt),
        ]
    return checks


def _at_equal_silent_units(row, points, converged, place, doubt):
    """The check among points of as many silent units; none where a run did not count them."""
    if SILENT not in points:
        return []
    new = _new_points(points, row, converged)
    fewer = _next_smaller(row, converged)
    again = (
        f"{len(points) - len(new)} with {_units(row) - fewer} or more silent units are points of {fewer} units again and left out"
    )
    beside = f" ({again})" if len(new) < len(points) else ""
    name = f"{row[2]}: error rises with the index at equal silent units"
    sentence = f"{place}, rank correlation of index and error among points with equally many silent units{beside}"
    within = correlation_within(new)
    return [check(name, within, "(rank correlation)", sentence, above=0, doubt=doubt, resampled=True)]


def _new_points(points, row, converged):
    """The points of a net without those that the next smaller one has, too: here with the units beside silent."""
    return points[~(points[SILENT] >= _units(row) - _next_smaller(row, converged))]


def _next_smaller(row, converged):
    """How many units the next smaller net has that was searched; NaN where there is none."""
    return max((_units(other) for other in converged if other[:2] == row[:2] and _units(other) < _units(row)), default=np.nan)


def _units(row):
    """How many hidden units the net of a row has, as its setting begins; NaN where it does not say so."""
    first = row[2].split()[0]
    return int(first) if first.isdigit() else np.nan


def _losses(row, points, top, place, doubt):
    """That saddles with few downward directions lie nearly as low as minima, which the bound has to tell from those with a few
    more; and, as a control, that they are alike: where the loss follows the index, so are those with any few numbers of directions.
    """
    minima, few, more = (points[points.directions.between(*ends)] for ends in ((0, 0), (1, FEW), (FEW + 1, 2 * FEW)))
    saddles, beside = f"the {len(few)} saddles with at most {FEW} downward directions", _directions(more)
    span = f"in percent of the way from the mean of the {len(minima)} minima to the highest point found, {number(top)} nats"
    apart = percent(spread_in_range(minima, minima, top)).estimate if len(minima) > 1 else np.nan
    excess, spread = ([percent(of(part, minima, top)) for part in (few, more)] for of in (excess_in_range, spread_in_range))
    scarce = "so few points say little about their losses"
    each = [(count, few[few.directions == count]) for count in sorted(set(few.directions))]
    shares = [f"{count:g}: {number(_above(part, minima, top))} ({len(part)})" for count, part in each]
    by_count = f"By how many directions, in brackets how many points: {', '.join(shares)}. " if each else ""
    above = f"{place}, how far mean losses lie above the minima's, {span}; the minima's own standard deviation is {number(apart)}"
    told = len(more) >= FEWEST and excess[1].low > 100 * ALIKE
    blind = "" if told else f"the bound does not tell them from those with {beside}"
    return [
        control(
            check(
                f"{row[2]}: saddles with few downward directions are alike in loss",
                spread[0],
                "%",
                f"{place}, of {saddles}, the standard deviation of the loss {span} (of the {len(more)} with {beside}: "
                f"{number(spread[1].estimate)})",
                below=100 * ALIKE,
                doubt=doubt or (scarce if len(few) < ENOUGH else ""),
            )
        ),
        check(
            f"{row[2]}: saddles with few downward directions lie nearly as low as minima",
            excess[0],
            "%",
            f"{above}. {by_count}Of the {len(more)} with {beside}: {number(excess[1].estimate)}. Of {saddles}",
            below=100 * ALIKE,
            doubt=doubt or (scarce if min(len(few), len(minima)) < FEWEST else blind),
        ),
    ]


def _directions(points):
    """Which of the numbers beyond a few there are, as in "9, 10 downward directions, 27 of them with a silent unit"."""
    met = ", ".join(f"{count:g}" for count in sorted(set(points.directions.round()))) or f"{FEW + 1} to {2 * FEW}"
    silent = f", {(points[SILENT] > 0).sum()} of them with a silent unit" if SILENT in points and len(points) else ""
    return f"{met} downward directions{silent}"


def _above(points, minima, top):
    """By how much some points' mean loss lies above the minima's, in percent of what lies between these and `top`."""
    lowest = minima.loss.mean()
    return 100 * (points.loss.mean() - lowest) / (top - lowest)


def _why_none(runs, row):
    """Why a row has no critical points: its Hessian did not fit into the memory, or no search got there."""
    mine = lines_of(runs, row).set_index("metric").value
    if NEEDED in mine:
        needed, free = mine.loc[[NEEDED]].iloc[0], mine.loc[[FREE]].iloc[0]
        return f"its Hessian needs {needed:.1f} GiB and {free:.1f} were free"
    return "no start converged to a critical point"


def _starts(runs, row):
    """How many starts of a row had no silent units, converged or not."""
    return int((by_seed(runs, row, "silent_units") == 0).sum())


def _others(converged, row):
    """The rows of the same net that another method searched, from the same starts."""
    return [other for other in converged if other != row and _net(other) == _net(row)]


def _net(row):
    return *row[:2], row[2].partition(", ")[0]


def _ends(runs, row):
    """A line for every start of a row and a column per metric."""
    return lines_of(runs, row).pivot(index="seed", columns="metric", values="value")


def _in_both(points, others):
    """How many of some different critical points are among others."""
    return len(points.merge(_distinct(others), on=SAME))


def _distinct(points):
    """One line for each of the different critical points among some."""
    return points.drop_duplicates(SAME)


def _converged(runs):
    """{row: DataFrame with a line for every start that came to a critical point and a column per metric}."""
    found = {}
    for row, rows in runs.groupby(["dataset", "model", "setting"], sort=False):
        points = rows.pivot(index="seed", columns="metric", values="value")
        points = points[points.converged == 1].assign(digits=lambda table: [f"{loss:.5e}" for loss in table.loss])
        points["directions"] = (points.index_pct * rows.parameters.iloc[0] / 100).round()
        found[row] = points
    return found


def _levels(points):
    """{level: the third of the points with the lowest, middle or highest training error}; {} for fewer than three."""
    if len(points) < len(LEVELS):
        return {}
    ordered = points.sort_values(["train_error_pct", "loss"])
    return dict(zip(LEVELS, (ordered.iloc[part] for part in np.array_split(np.arange(len(ordered)), len(LEVELS))), strict=True))


def _quantile(percent):
    return f"eigenvalue_quantile_{percent / 100:.2f}"


def draw(runs):
    """Clouds of index and error, one for each size of net, the spectra at three levels of error, how far every start got."""
    from matplotlib.figure import Figure

    found, sizes = {row: _distinct(points) for row, points in _converged(runs).items()}, {}
    for row, points in found.items():
        size, _, method = row[2].partition(", ")
        sizes.setdefault(size, {})[method] = points
    columns = 2 if len(sizes) == 2 else 2 + len(sizes)
    figure = Figure(figsize=(5 * columns, 9.2 if len(sizes) == 2 else 4.6))
    *clouds, spectra, norms = figure.subplots(2 if len(sizes) == 2 else 1, columns, squeeze=False).ravel()
    for axes, (size, methods) in zip(clouds, sizes.items()):
        draw_cloud(axes, methods)
        axes.set_title(f"critical points, {runs.dataset.iloc[0]}, {size}")
    _draw_spectra(spectra, found)
    _draw_norms(norms, runs)
    return figure


def _draw_spectra(axes, found):
    """Eigenvalues by rank, the mean over the points of each error level: of each size of net, those of both methods once."""
    import pandas as pd

    sizes = {}
    for row, points in found.items():
        sizes.setdefault(row[2].split(",")[0], []).append(points)
    for (size, parts), style in zip(sizes.items(), ("-", "--")):
        levels = _levels(_distinct(pd.concat(parts, ignore_index=True)))
        for colour, points in zip(("C2", "C1", "C3"), levels.values()):
            table, error = points[[_quantile(q) for q in QUANTILES]], points.train_error_pct
            label = f"{size}, error {error.min():.0f} to {error.max():.0f} %"
            axes.plot(QUANTILES, table.mean(), style, color=colour, marker=".", ms=4, lw=1.2, label=label)
            axes.fill_between(QUANTILES, table.min(), table.max(), color=colour, alpha=0.1, linewidth=0)
    axes.axhline(0, color="k", linewidth=0.8)
    if any(row[0] != "digits" for row in found):  # smoke's penalty is another one
        axes.axhline(DECAY, color="k", linewidth=0.8, linestyle=":")
        penalty = f"{DECAY:g}, the weight penalty's share"
        axes.annotate(penalty, (0.98, DECAY / 2), xycoords=("axes fraction", "data"), ha="right", va="top", fontsize=7)
    axes.set_yscale("symlog", linthresh=DECAY / 10)
    axes.set(xlabel="rank of the eigenvalue, %", ylabel="eigenvalue of the Hessian", title="spectra: mean and range")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7, loc="upper left")


def _draw_norms(axes, runs):
    """Gradient norm at the end of every search, sorted, against the tolerance."""
    norms = runs[runs.metric == "gradient_norm"]
    for place, (setting, rows) in enumerate(norms.groupby("setting", sort=False)):
        values = np.sort(rows.value[np.isfinite(rows.value)])
        reached = np.mean(rows.value <= TOLERANCE)
        label = f"{setting}: {reached:.0%} converged"
        axes.plot(100 * (np.arange(len(values)) + 1) / len(rows), values, ".-", color=f"C{place}", linewidth=0.8, label=label)
    axes.axhline(TOLERANCE, color="k", linewidth=0.8, linestyle="--")
    axes.set(xlabel="starts, %", ylabel="gradient norm at the end", yscale="log", title="all starts, sorted, and the tolerance")
    axes.set_ylim(top=10 ** (1 + norms.setting.nunique()) * axes.get_ylim()[1])  # room for the legend
    axes.legend(fontsize=7.5, loc="upper left")


def _published():
    dauphin = Published(
        "small MLP",
        "critical points found by Newton's method",
        "read off the figure, no correlation is given",
        dataset="mnist_10x10, cifar_10x10",
        metric="finding",
    )
    rows = [("mnist", "mlp", f"{units} tanh units, {METHODS['newton']}") for units in (4, 8)]
    return {(*row, "rank_correlation_index_error"): dauphin for row in rows}


PUBLISHED = _published()

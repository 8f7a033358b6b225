"""A landscape full of saddle points: with few downward directions they lie nearly as low as minima, with more ever higher.

The review (LeCun, Bengio & Hinton 2015, "Backpropagation to train multilayer architectures") holds that the landscape of a
net's objective is packed with saddle points, that those with only a few downward curving directions are the many, and that
almost all of these have very similar values of the objective, so that it matters little where one gets stuck. Put to the
test as in Figure 1 of Dauphin et al. (2014): a small net on MNIST at 10x10 pixels; from points along and around paths of
gradient descent to critical points of any index, by Newton's method and by minimising the squared norm of the gradient;
there the exact Hessian in double precision. If the claim holds, the training error rises with the index, the share of
negative eigenvalues. Only points with a gradient norm below the tolerance count.

Expected, full budget (500 starts per method and size, an hour on 2 cores, no GPU needed; 41 to 59 % of the starts end at 89
to 152 different critical points, of which both methods have 64 or 65 of a size): a clear rise of the error with the index.
Most of it is because nets with fewer units err more and leave more directions open; among points with as many silent units
the rise is weaker, and still there. Whether saddles are the many can't be decided at these rates of convergence: more than
half of the starts without silent units converge nowhere, and with 4 units minima are met again and again, nearly every
saddle once, so that the share of saddles among the points found grows with the starts (with 8 units such starts met no point
twice). Of the saddles that these starts found, 4 to 19 of a method and size, 62 to 92 % have at most five downward
directions. Of the way from the minima to the highest critical point found, the net all of whose units are silent, saddles
with a few downward directions lie at 2 to 3 % on average with 4 units (by Newton's method -1 to 4, by the gradient's norm
0.4 to 5, by their intervals), those with 6 to 10 at 16 %; with 8 units too few were found to say, and those with 6 to 10, at
1.4 to 1.6 %, would count as low, too. Quick budget (400 starts per method, 2 cores, a minute, 300 images, 4 units): the same
rise, the same 2 and 16 %; a third of the points found from starts without silent units are saddles.
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
    "4 tanh units, Newton's method: error rises with the index at equal silent units",
    "4 tanh units, Newton's method: saddles are the many of the points found",
    "4 tanh units, Newton's method: saddles with few downward directions lie nearly as low as minima",
)
PROTOCOL = f"""
One hidden layer of tanh units, softmax, cross-entropy plus a penalty of decay / 2 times the squared norm of all weights:
without it, pixels that are always black and the softmax itself leave directions in which the loss is flat, and eigenvalues
of 0 have no sign; Dauphin et al. trained without. A seed decides the start (small weights, some hidden units silent), how
far down the path of full-batch gradient descent with momentum the search begins, and the noise that is added there; both
methods search from the same points. A silent unit has zero weights and no gradient, so paths of nets with fewer units, whose
minima are saddles of the whole net, are among those searched, as many with no silent unit as with one and so on. So the
number of silent units, drawn by the seed, decides most of the index, some nine downward directions to a unit, and which
saddles have few of them. Therefore that the error rises with the index over all points is a control, and the question is
asked within groups of points with as many silent units, whose weights are all below 1e-4 (until a reader saw it, groups went
by the starts', of which some fall silent or wake on the way; the search for the least norm with 8 units, 50 minutes, is from
before, and has no such line), by ranks within each group, and whether saddles are the many is asked of starts without any,
and decided only where each of them converges, as is how many of these saddles have few downward directions; both came in,
and the correlation over all points became a control, when results were known. What share of all critical points the points
found are, nobody knows, nor how those differ that were not. A share of saddles among the points found hangs on how easily
either kind is found, and is therefore left undecided where a single such start is lost. How errors or losses of kinds of
points compare does not hang on how many of each were found, only on whether, within a kind, those found are like the rest:
such verdicts are given, hold for the points found and no others, and say in each sentence how many starts were lost. Saddles
with few directions are a mixed kind: the more of these, the higher they lie, so that their mean does hang on how many of
each number were found, which the sentence says, too. Units that are copies of each other are redundant like silent ones, and
are not told apart here: some points without silent units lie where those with one or two do; without all that lie outside
their group's nine directions the correlations at equal silent units are somewhat weaker (with 4 units 0.36 and 0.57 instead
of 0.44 and 0.69, as a reader found), and still there. The two methods are not two pieces of evidence: at full 64 of the 89
and 101 points with 4 units are the same, all minima among them, with 8 units 65 of 100 and 152, which the sentences say,
too. A point counts as critical if the Euclidean norm of the gradient is at most {TOLERANCE:g}; the other starts keep their
rows and have no index, error or eigenvalues. Both methods lower the norm with every step, Newton's by the best of ten
lengths, halved from one to the next. That such searches end where the norm has a minimum that is not 0, or nearly, is known
(Frye et al. 2021), but Newton's gives up far from one: of the 215 starts that it loses at full with 4 units the search for
the least norm gets below half of its last norm from 205 and converges from 41 (8 units: 286 and 71 of 293). More halvings
are no help: with thirty 63 instead of 61 % of the first 120 of quick's starts converge, and of those without silent units as
many. The search for the least norm in turn is cut off: in quick after 40 iterations, which all starts make that it loses
there, at full after 200, which 16 of 205 lost ones make with 4 units and 39 of 244 with 8. So other or longer searches might
find more. Points of one method whose losses agree in six digits and whose indices agree are one point, met again or
mirrored, and count once in correlations, shares and spreads. Losses are compared in percent of what lies between the
minima's mean and the highest point that either method found on the same net. Low is at most {ALIKE:.0%} of that, if the
bound tells saddles with at most {FEW} downward directions from those with {FEW + 1} to {2 * FEW}, with 4 units nearly all of
them points of a net with one unit fewer; where these lie as low, it decides nothing. That losses of saddles with few
directions are alike is a control: the loss follows the index, so that those with any few numbers of directions are. Until a
reader saw it, when results were known, both were shares of a mean loss, which saddles with more directions met as well. The
training images are all there is: n_test repeats them. Correlations are Spearman's with the interval of Bonett & Wright
(2000), those within groups with one of the bootstrap. The three error levels are thirds of the distinct points by training
error.
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
            dataset, "mlp", f"{units} tanh units, {words}", budget.seeds, find_saddles,
            recipe | {"units": units, "method": method},
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
            yield row, "rank_correlation_at_equal_silent_units", correlation_within(points)
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
        beside += [f"{_in_both(points, converged[other])} of the points are the other method's, too" for other in others]
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
                    f"{row[2]}: error rises with the index", correlation, "(rank correlation)",
                    f"{place}, rank correlation of the share of negative eigenvalues with the training error",
                    above=0, doubt=doubt,
                )
            ),
            *_at_equal_silent_units(row, points, place, doubt),
            check(
                f"{row[2]}: saddles are the many of the points found", percent(share_interval(whole.index_pct > 0)), "%",
                f"{place}, share that are saddle points of the {len(whole)} found from starts without silent units, "
                f"where {(ends.index_pct > 0).sum()} of {len(ends)} such starts ended at one",
                above=50, doubt=doubt or lost or ("" if starts else "there was no such start"),
            ),
            check(
                f"{row[2]}: most saddles found have few downward directions", percent(share_interval(bent.directions <= FEW)), "%",
                f"{place}, share with at most {FEW} downward directions of the {len(bent)} saddle points found from starts "
                "without silent units", above=50, doubt=doubt or lost or ("" if len(bent) else "there was no such point"),
            ),
            *_losses(row, points, top, place, doubt),
        ]
    return checks


def _at_equal_silent_units(row, points, place, doubt):
    """The check among points of as many silent units; none where a run did not count them."""
    name = f"{row[2]}: error rises with the index at equal silent units"
    sentence = f"{place}, rank correlation of the two among points with as many silent units"
    within = correlation_within(points) if SILENT in points else None
    return [check(name, within, "(rank correlation)", sentence, above=0, doubt=doubt, resampled=True)] if within else []


def _losses(row, points, top, place, doubt):
    """That saddles with few downward directions lie nearly as low as minima, which the bound has to tell from those with a few more;
    and, as a control, that they are alike: where the loss follows the index, so are those with any few numbers of directions.
    """
    minima, few, more = (points[points.directions.between(*ends)] for ends in ((0, 0), (1, FEW), (FEW + 1, 2 * FEW)))
    saddles, beside = f"{place}, of the {len(few)} saddles with at most {FEW} downward directions", f"{FEW + 1} to {2 * FEW}"
    span = f"in percent of what lies between the {len(minima)} minima and the highest point found, {number(top)} nats"
    apart = percent(spread_in_range(minima, minima, top)).estimate if len(minima) > 1 else np.nan
    excess, spread = ([percent(of(part, minima, top)) for part in (few, more)] for of in (excess_in_range, spread_in_range))
    scarce = "so few points say little about their losses"
    each = [(count, few[few.directions == count]) for count in sorted(set(few.directions))]
    shares = [f"{count:g}: {number(_above(part, minima, top))} ({len(part)})" for count, part in each]
    by_count = f"by how many directions, in brackets how many points: {', '.join(shares)}; " if each else ""
    told = len(more) >= FEWEST and excess[1].low > 100 * ALIKE
    blind = "" if told else f"the bound does not tell them from those with {beside}"
    return [
        control(
            check(
                f"{row[2]}: saddles with few downward directions are alike in loss", spread[0], "%",
                f"{saddles}, the standard deviation of the loss {span} (of the {len(more)} with {beside}: "
                f"{number(spread[1].estimate)})", below=100 * ALIKE, doubt=doubt or (scarce if len(few) < ENOUGH else ""),
            )
        ),
        check(
            f"{row[2]}: saddles with few downward directions lie nearly as low as minima", excess[0], "%",
            f"{saddles}, by how much the mean loss exceeds that of the minima, {span} ({by_count}of the {len(more)} with "
            f"{beside}: {number(excess[1].estimate)}; the minima's own standard deviation: {number(apart)})", below=100 * ALIKE,
            doubt=doubt or (scarce if min(len(few), len(minima)) < FEWEST else blind),
        ),
    ]


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
        "small MLP", "critical points found by Newton's method", "read off the figure, no correlation is given",
        dataset="mnist_10x10, cifar_10x10", metric="finding",
    )
    rows = [("mnist", "mlp", f"{units} tanh units, {METHODS['newton']}") for units in (4, 8)]
    return {(*row, "rank_correlation_index_error"): dauphin for row in rows}


PUBLISHED = _published()

"""Where the gradient vanishes there are mostly saddle points, with few downward directions and much the same, low objective.

The review (LeCun, Bengio & Hinton 2015, "Backpropagation to train multilayer architectures") holds that the landscape of
a net's objective is packed with saddle points, that those with only a few downward curving directions are the many, and
that almost all of these have very similar values of the objective, so that it matters little where one gets stuck. Put to
the test as in Figure 1 of Dauphin et al. (2014): a small net on MNIST at 10x10 pixels; from points along and around
paths of gradient descent to critical points of any index, by Newton's method and by minimising the squared norm of the
gradient; there the exact Hessian in double precision. If the claim holds, the training error rises with the index, the
share of negative eigenvalues. Only points with a gradient norm below the tolerance count.

Expected, full budget (500 starts per method and size, an hour on 2 cores, no GPU needed; 41 to 59 % of the starts end at 89
to 152 different critical points): a clear rise of the error with the index. Most of it is because nets with fewer units err
more and leave more directions open; among points with as many silent units the rise is weaker, and still there. Whether
saddles are the many stays undecided: more than half of the starts without silent units converge nowhere, and with 4 units
minima are met again and again, nearly every saddle once, so that the share of saddles among the points found grows with the
starts (with 8 units such starts met no point twice). Of the saddles that these starts found, 4 to 19 of a method and size,
62 to 92 % have at most five downward directions. Saddles with a few downward directions lie 2 to 3 % above the minima on
average with 4 units (by Newton's method -1 to 4, by the gradient's norm 0.4 to 5, by their intervals); with 8 units too few
were found to say. Quick budget (400 starts per method, 2 cores, a minute, 300 images, 4 units): the same rise; a third of
the points found from whole starts are saddles.
"""

import numpy as np

from zoo.reproductions.harness import Published, Trial, check, control
from zoo.reproductions.harness.resampling import FEWEST, bootstrap_interval, share_interval
from zoo.reproductions.harness.runs import by_seed, lines_of
from zoo.reproductions.harness.statistics import LEVEL, Interval, deviation_interval, percent
from zoo.reproductions.trainers.saddles import FREE, NEEDED, QUANTILES, SILENT, find_saddles

SEEDS = {"smoke": 6, "quick": 400, "full": 500}
METHODS = {"newton": "Newton's method", "gradient_norm": "least squared gradient norm"}
TOLERANCE = 1e-8
DECAY = 0.01  # of the weight penalty: what an eigenvalue is in a direction in which the cross-entropy is flat
ENOUGH = 10  # points: fewer say little about the spread of their losses
FEW = 5  # what "a few downward directions" is taken to be: fewer than a single silent unit adds
ALIKE = 0.1  # of their mean: losses that differ less are taken to be much the same
TABLED = (0, 1, 5, 50, 95, 100)  # the quantiles of the eigenvalues, in percent, that are summarised by error level
LEVELS = ("low", "middle", "high")
UNKNOWN = (0.6, 0.6, 0.6, 1.0)  # the colour of points whose silent units nobody counted
LOST = "did not converge to a critical point"
PLACE = 9
HEADLINES = (
    "4 tanh units, Newton's method: error rises with the index at equal silent units",
    "4 tanh units, Newton's method: saddles are the many of the points found",
    "4 tanh units, Newton's method: saddles with few downward directions are alike in loss",
    "4 tanh units, Newton's method: saddles with few downward directions lie as low as minima",
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
found are, nobody knows. A point counts as critical if the Euclidean norm of the gradient is at most {TOLERANCE:g}; the other
starts keep their rows and have no index, error or eigenvalues. Both methods lower the norm with every step, Newton's by the
best of ten lengths, halved from one to the next, and end where the norm has a minimum that is not 0, or nearly, as is known
of them (Frye et al. 2021): with thirty halvings 63 instead of 61 % of the first 120 of quick's starts converge, and of those
without silent units as many. In quick the search for the least norm ends after 40 iterations (full: 200), which all starts
make that it loses there. Points of one method whose losses agree in six digits and whose indices agree are one point, met
again or mirrored, and count once in correlations, shares and spreads. The training images are all there is: n_test repeats
them. Correlations are Spearman's with the interval of Bonett & Wright (2000), those within groups with one of the bootstrap.
The three error levels are thirds of the distinct points by training error.
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
    for row, found in _converged(runs).items():
        points = _distinct(found)
        every = runs[(runs.setting == row[2]) & (runs.metric == "converged")].value
        yield row, "share_converged", share_interval(every == 1)
        yield row, "distinct_critical_points", Interval(float(len(points)), np.nan, np.nan, len(every))
        yield row, "rank_correlation_index_error", rank_correlation(points.index_pct, points.train_error_pct)
        yield row, "rank_correlation_index_loss", rank_correlation(points.index_pct, points.loss)
        if SILENT in points:
            yield row, "rank_correlation_at_equal_silent_units", _correlation_within(points)
        for level, part in _levels(points).items():
            for q in TABLED:
                name = _quantile(q)
                yield row, f"{name}_at_{level}_error", bootstrap_interval(np.mean, part[name])


def judge(runs):
    """The error rises with the index; saddles outnumber minima; those with few downward directions are alike in loss."""
    checks = []
    for row, found in _converged(runs).items():
        points = _distinct(found)
        place = f"On {row[0]} over the {len(points)} distinct critical points of {row[1]} ({row[2]})"
        doubt = _why_none(runs, row) if points.empty else ""
        correlation = rank_correlation(points.index_pct, points.train_error_pct)
        minima, ends = points[points.directions == 0], found[found.silent_units == 0]
        whole, starts = _distinct(ends), _starts(runs, row)
        lost = f"{starts - len(ends)} of {starts} such starts did not converge" if len(ends) < starts else ""
        few, bent = points[points.directions.between(1, FEW)], whole[whole.directions > 0]
        scarce = "so few points say little about their losses"
        saddles = f"{place}, of the {len(few)} saddles with at most {FEW} downward directions"
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
            check(
                f"{row[2]}: saddles with few downward directions are alike in loss", percent(_variation(few)), "%",
                f"{saddles}, the standard deviation of the loss over its mean", below=100 * ALIKE,
                doubt=doubt or (scarce if len(few) < ENOUGH else ""),
            ),
            check(
                f"{row[2]}: saddles with few downward directions lie as low as minima", percent(_excess(few, minima)), "%",
                f"{saddles}, by how much the mean loss exceeds that of the {len(minima)} minima", below=100 * ALIKE,
                doubt=doubt or (scarce if min(len(few), len(minima)) < FEWEST else ""),
            ),
        ]
    return checks


def _at_equal_silent_units(row, points, place, doubt):
    """The check among points of as many silent units; none where a run did not count them."""
    name = f"{row[2]}: error rises with the index at equal silent units"
    sentence = f"{place}, rank correlation of the two among points with as many silent units"
    within = _correlation_within(points) if SILENT in points else None
    return [check(name, within, "(rank correlation)", sentence, above=0, doubt=doubt, resampled=True)] if within else []


def rank_correlation(first, second):
    """Spearman's rank correlation r of two samples of n, with the interval of Bonett & Wright (Psychometrika 2000).

    Fisher's z with the variance (1 + r^2 / 2) / (n - 3) that ranks give it. No interval for n < 4 or |r| = 1.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    n = len(first)
    if n < 2:
        return Interval(np.nan, np.nan, np.nan, n)
    ranks = np.stack([rankdata(first), rankdata(second)])
    deviations = ranks - ranks.mean(axis=1, keepdims=True)
    norms = np.sqrt((deviations**2).sum(axis=1))
    if not norms.all():
        return Interval(np.nan, np.nan, np.nan, n)
    r = float(deviations[0] @ deviations[1] / norms.prod())
    if n < 4 or abs(r) > 1 - 1e-12:
        return Interval(r, np.nan, np.nan, n)
    half = ndtri((1 + LEVEL) / 2) * np.sqrt((1 + r**2 / 2) / (n - 3))
    return Interval(r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)), n)


def _correlation_within(points):
    """Rank correlation of index and error within the groups of as many silent units, pooled; resampling points."""

    def within(sample):
        groups, *both = (_middle_ranks(numbers) for numbers in sample.astype(int).T)
        first, second = (ranks - groups for ranks in both)  # less the mean rank of the group
        return first @ second / np.sqrt((first @ first) * (second @ second))

    if points.empty:
        return Interval(np.nan, np.nan, np.nan, 0)
    # Numbered in the order of (silent units, value) once for all, no resample has to be sorted.
    columns = ([SILENT], [SILENT, "index_pct"], [SILENT, "train_error_pct"])
    numbered = [np.unique(points[names], axis=0, return_inverse=True)[1].ravel() for names in columns]
    return bootstrap_interval(within, np.column_stack(numbered))


def _middle_ranks(numbers):
    """Rank of each among all, from 0, equal ones sharing theirs; numbers: small integers from 0."""
    counts = np.bincount(numbers)
    return (np.cumsum(counts) - (counts + 1) / 2)[numbers]


def _variation(points):
    """Standard deviation of the loss of some points over its mean, which is taken as known."""
    if len(points) < 3:
        return Interval(np.nan, np.nan, np.nan, len(points))
    interval, mean = deviation_interval(points.loss), points.loss.mean()
    return Interval(*(value / mean for value in interval[:3]), interval.n)


def _excess(points, others):
    """By what share the mean loss of some points is above that of others, resampling both."""
    if len(points) < 2 or len(others) < 2:
        return Interval(np.nan, np.nan, np.nan, len(points))
    sample = np.column_stack([np.r_[points.loss, others.loss], np.r_[np.ones(len(points)), np.zeros(len(others))]])

    def excess(sample):
        mine = sample[:, 1] > 0
        return sample[mine, 0].mean() / sample[~mine, 0].mean() - 1 if 0 < mine.sum() < len(mine) else np.nan

    return bootstrap_interval(excess, sample)


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


def _distinct(points):
    """One line for each of the different critical points among some."""
    return points.drop_duplicates(["digits", "index_pct"])


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
        _draw_cloud(axes, methods)
        axes.set_title(f"critical points, {runs.dataset.iloc[0]}, {size}")
    _draw_spectra(spectra, found)
    _draw_norms(norms, runs)
    return figure


def _draw_cloud(axes, methods):
    """{method: points}: index and training error, coloured by how many units are silent, grey where nobody counted them."""
    import matplotlib

    silent = {method: points.get(SILENT, points.index_pct * np.nan) for method, points in methods.items()}
    counts = sorted({int(count) for found in silent.values() for count in found.dropna()})
    colours = dict(zip(counts, matplotlib.colormaps["viridis"](np.linspace(0, 0.95, len(counts)))))
    for place, (method, points) in enumerate(methods.items()):
        # The two methods meet in many points: a ring around a dot shows both.
        colour = [colours.get(count, UNKNOWN) for count in silent[method]]
        style = {"facecolors": "none", "s": 75} if place % 2 else {"s": 16}
        for x, y, each, label in (
            (points.index_pct, points.train_error_pct, colour, None), ([], [], UNKNOWN, f"{method}: {len(points)} points")
        ):  # fmt: skip
            axes.scatter(x, y, edgecolors=each, label=label, **({"facecolors": each} | style))
    for count, colour in colours.items():
        axes.plot([], [], "o", ms=5, color=colour, label=f"{count} silent unit{'' if count == 1 else 's'}")
    if any(found.isna().any() for found in silent.values()):
        axes.plot([], [], "o", ms=5, color=UNKNOWN, label="not counted")
    axes.set(xlabel="index: negative eigenvalues, %", ylabel="training error, %", ylim=(0, 100))
    axes.legend(fontsize=7.5, loc="upper left")


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

"""Errors of several models on several sets, errors against how far a digit is moved, and the first images of sets."""

import numpy as np

from zoo.reproductions.harness.figures import plain_ticks

FLOOR = 0.1  # percent: where an axis of logarithms has an error of 0


def draw_sets(axes, errors, published):
    """Every error a dot, a published one a diamond: {model: {data set: errors in percent}}, {model: {data set: error}}."""
    datasets = list(next(iter(errors.values())))
    for place, (name, found) in enumerate(errors.items()):
        shift = (place - (len(errors) - 1) / 2) * 0.11
        for x, dataset in enumerate(datasets):
            for error in found[dataset]:  # whole at the edge, too
                axes.plot(x + shift, max(error, FLOOR), "o", ms=5, alpha=0.7, color=f"C{place}", clip_on=False)
            if dataset in published[name]:
                axes.plot(x + shift, published[name][dataset], "D", ms=6, mfc="none", color=f"C{place}")
        axes.plot([], [], "o", color=f"C{place}", label=name)
    axes.plot([], [], "D", mfc="none", color="grey", label="published (softmax: a linear SVM)")
    axes.set_xticks(range(len(datasets)), datasets, fontsize=9)
    axes.set(ylabel=f"test error, % (below {FLOOR}: at the edge)", yscale="log", ylim=(FLOOR, 100))
    plain_ticks(axes.yaxis)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))


def draw_curves(axes, curves):
    """The mean over seeds as a line, least to largest as a band: [(label, colour, line style, {place: errors in percent})]."""
    for label, colour, style, curve in curves:
        if curve:
            means = [errors.mean() for errors in curve.values()]
            axes.plot(list(curve), means, lw=1.8, label=label, color=colour, ls=style)
            ends = [[getattr(errors, end)() for errors in curve.values()] for end in ("min", "max")]
            axes.fill_between(list(curve), *ends, color=colour, alpha=0.15, lw=0)
    axes.set(ylim=(0, 100), xticks=sorted({place for *_, curve in curves for place in curve}))


def first_images(sets):
    """A figure of the first images of data sets, one line each: {name: (n, height, width) of 0 to 255}."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    gray = colormaps["gray"].with_extremes(bad="C1")  # of the lines between images
    figure = Figure(figsize=(8, 0.3 + 0.72 * len(sets)))
    for axes, (dataset, images) in zip(figure.subplots(len(sets), 1, squeeze=False)[:, 0], sets.items()):
        framed = np.pad(np.asarray(images, float), ((0, 0), (0, 0), (0, 1)), constant_values=np.nan)  # apart from the next
        axes.imshow(np.concatenate(framed, axis=1), cmap=gray, vmin=0, vmax=255, interpolation="nearest")
        axes.set_ylabel(dataset, rotation=0, ha="right", va="center", fontsize=9)
        axes.set(xticks=[], yticks=[])
    return figure

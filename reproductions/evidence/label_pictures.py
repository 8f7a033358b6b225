"""Errors against the number of labels from several starts, what they spare against one of them, and first-layer filters.

Errors come as {start: (seeds, numbers of labels)}, in the same order for every panel.
"""

import numpy as np

from zoo.reproductions.evidence.label_references import CONTRACTIVE, FEW, KERNEL, SHALLOW, error_with
from zoo.reproductions.evidence.label_rows import STARTS
from zoo.reproductions.harness.figures import mosaic
from zoo.reproductions.harness.statistics import mean_interval

SHOWN = ("scaled", "denoising", "modern")
PUBLISHED_MARKS = {SHALLOW: "s", KERNEL: "^", CONTRACTIVE: "D"}
COLOURS = {start: f"C{place}" for place, start in enumerate(STARTS)}  # the same at every budget


def draw_errors(axes, labels, errors, published):
    """Means over seeds, of a few starts (more lines hide each other); published: whether the methods of published.csv join them."""
    from matplotlib.ticker import LogLocator

    for start in SHOWN:
        if start in errors:
            axes.plot(labels, np.nanmean(errors[start], axis=0), "o-", color=COLOURS[start], ms=3.5, lw=1.3, label=start)
    for model, mark in PUBLISHED_MARKS.items() if published else ():
        style = {"ls": "--", "lw": 0.8, "marker": mark, "ms": 5, "color": "black", "fillstyle": "none"}
        axes.plot(FEW, [error_with(model, n) for n in FEW], **style, label=f"{model}, published")
    axes.set(xscale="log", yscale="log")
    axes.minorticks_off()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.yaxis.set_major_formatter("{x:g}")


def draw_gaps(axes, labels, errors, rival):
    """Mean over seeds of the share of the rival's errors, in percent, that each start spares, with its 95% interval."""
    for start, seeds in errors.items():
        if start != rival:
            middle, low, high, _ = np.array([mean_interval(column) for column in 100 * (1 - seeds / errors[rival]).T]).T
            style = {"fmt": "o-", "ms": 4, "lw": 1, "capsize": 2, "color": COLOURS[start], "label": start}
            axes.errorbar(_beside(labels, start), middle, np.nan_to_num([middle - low, high - middle]), **style)
    axes.axhline(0, color="black", lw=1)
    axes.set(xlabel="labelled training images", xticks=labels, xticklabels=[f"{n:,}" for n in labels])
    axes.tick_params(axis="x", labelrotation=35, labelsize=8)
    axes.minorticks_off()


def _beside(labels, start):
    """Where the dots of a start lie, so that none hides another's."""
    return np.array(labels) * 1.05 ** (list(STARTS).index(start) - 2)


def first_layer_filters(kernels):
    """A figure of filters, {row: {"before" and "after" fine-tuning: (filters, inputs)}}."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 0.6 + 2.3 * len(kernels)))
    panels = figure.subplots(len(kernels), 2, squeeze=False)
    for line, (row, found) in zip(panels, kernels.items()):
        for axes, when in zip(line, ("before", "after")):
            axes.imshow(mosaic(found[when]), cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
            axes.set_title(f"{row[2]}, {when} fine-tuning", fontsize=9)
            axes.set_axis_off()
    place = next(iter(kernels))[0]
    figure.suptitle(f"First-layer filters of the first units ({place}), each on its own scale, black to white", fontsize=10)
    return figure

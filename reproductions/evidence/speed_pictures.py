"""How fast nets learn, drawn: steps to a target against depth, and training errors against epochs."""

import numpy as np

from zoo.reproductions.harness.statistics import geometric_mean

MARKERS = {"old uniform": "v", "normalised": "s", "He": "o", "scaled": "D"}  # of starts


def draw_steps(axes, found, what, title, starts=()):
    """{activation: {depth: rows of runs}}: every seed a dot, means joined as far as all seeds get there; one that never does is
    a hollow triangle.

    starts: where rows are of nets from different ones, their names; then each start has a marker, hollow for seeds that never
    get there.
    """
    from matplotlib.ticker import LogLocator

    for index, (activation, by_depth) in enumerate(found.items()):
        # Side by side, so that none hides the others.
        places = {depth: depth * 1.04 ** (index - 2) for depth, rows in by_depth.items() if len(rows)}
        axes.plot(places.values(), [_mean_of_all(by_depth[depth]) for depth in places], color=f"C{index}", lw=1)
        for depth, place in places.items():
            for rows, style in _there_or_not(by_depth[depth]):
                if of := [start for start in starts if rows.setting.str.endswith(f", {start} start").any()]:
                    style["marker"] = MARKERS[of[0]]
                axes.plot([place] * len(rows), rows.value, color=f"C{index}", ms=5, ls="", **style)
        axes.plot([], [], "o-", color=f"C{index}", ms=5, lw=1, label=activation)
    axes.plot([], [], "^", color="grey", fillstyle="none", label="never gets there")
    of_starts = [axes.plot([], [], MARKERS[start], color="grey", ms=5, label=start)[0] for start in starts]
    if of_starts:
        axes.legend(handles=of_starts, title="start (hollow: never gets there)", fontsize=8, title_fontsize=8)
    axes.set(xscale="log", yscale="log", xlim=(0.8, 10), xlabel="hidden layers", ylabel=what)
    axes.set_title(title, fontsize=10)
    axes.minorticks_off()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.yaxis.set_major_formatter("{x:g}")
    depths = next(iter(found.values()))
    axes.set_xticks(list(depths), [str(depth) for depth in depths])


def _mean_of_all(rows):
    """The geometric mean of the seeds' steps; NaN where one never gets there, so that nobody knows how many it would take."""
    return geometric_mean(rows.value) if (rows.value < rows.updates).all() else np.nan


def _there_or_not(rows):
    """((rows whose seed gets there, style), (the others, style)): as many steps as were given stand for never."""
    there = rows.value < rows.updates
    return (rows[there], {"marker": "o"}), (rows[~there], {"marker": "^", "fillstyle": "none"})


def draw_curves(axes, found, target, title):
    """{activation: rows of runs}: training error against epochs, every seed a line, and the target.

    An epoch's error is the mean of what was met during it, so it stands at its middle, as where a target is reached counts.
    """
    for index, (activation, rows) in enumerate(found.items()):
        curves = rows.assign(epoch=rows.metric.str.extract(r"_in_epoch_(\d+)$")[0].astype(float)).dropna(subset="epoch")
        for _, curve in curves.groupby("seed"):
            axes.plot(curve.epoch - 0.5, curve.value, ".-", color=f"C{index}", lw=1, alpha=0.8)
        axes.plot([], [], ".-", color=f"C{index}", label=activation)
    axes.axhline(target, color="black", lw=1, ls="--", label=f"target, {target:g} %")
    axes.set(xlabel="epoch", ylabel="training error, %", ylim=(0, 100))
    axes.set_title(title, fontsize=10)
    axes.legend(fontsize=8)

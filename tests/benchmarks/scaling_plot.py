"""How cost grows with members, examples and epochs: fitted slopes and the figure."""

import matplotlib
import numpy as np

from benchmarks.configs import MODELS
from benchmarks.targets import LINEAR_SLOPE

matplotlib.use("agg")
import matplotlib.pyplot as plt

AXES = ("members", "examples", "epochs")


def slopes(rows):
    """[(model, axis, sizes, seconds, slope, verdict)] of the scaling rows of one device."""
    found = []
    rows = rows[(rows.runner == "scaling") & (rows.status == "ok")]
    for (model, axis), points in rows.groupby(["model", "setting"]):
        points = points.sort_values(axis)
        sizes, seconds = points[axis].to_numpy(float), points.seconds.to_numpy(float)
        slope = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
        verdict = "linear or better" if slope <= LINEAR_SLOPE else "worse than linear"
        found.append((model, axis, sizes, seconds, slope, verdict))
    return sorted(found, key=lambda entry: (AXES.index(entry[1]), entry[0]))


def apart(sizes):
    """Of all sizes, ascending, those whose labels do not run into that of one before."""
    kept = []
    for size in sorted(set(sizes)):
        if not kept or size >= 1.5 * kept[-1]:
            kept.append(size)
    return kept


def draw(rows, file):
    """One row of panels per device, one panel per axis; False where there is nothing to draw."""
    devices = [(device, slopes(group)) for device, group in rows.groupby("device")]
    devices = [(device, lines) for device, lines in devices if lines]
    if not devices:
        return False
    figure = plt.figure(figsize=(12, 4.5 * len(devices)), layout="constrained")
    parts = figure.subfigures(len(devices), 1, squeeze=False)[:, 0]
    for part, (device, lines) in zip(parts, devices):
        part.suptitle(f"{device}: one of members, examples and epochs grows, the others stay; dotted: in proportion", fontsize=10)
        for panel, axis in zip(part.subplots(1, 3), AXES):
            for model, along, sizes, seconds, slope, _ in lines:
                if along == axis:
                    colour = f"C{MODELS.index(model)}"
                    panel.loglog(sizes, seconds, "o-", color=colour, label=f"{model}, {slope:.2f}")
                    panel.loglog(sizes, seconds[0] * sizes / sizes[0], ":", color=colour, alpha=0.6)
            ticks = apart(size for _, along, sizes, *_ in lines if along == axis for size in sizes)
            panel.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
            panel.minorticks_off()
            panel.set(xlabel=axis, ylabel="seconds of training")
            if panel.lines:
                panel.legend(fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1), title="slope", title_fontsize=8)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)
    return True

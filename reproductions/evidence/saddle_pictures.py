"""The cloud of critical points: index and training error."""

import numpy as np

from zoo.reproductions.trainers.saddles import SILENT

UNKNOWN = (0.6, 0.6, 0.6, 1.0)  # the colour of points whose silent units nobody counted


def draw_cloud(axes, methods):
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
        axes.plot([], [], "o", ms=5, color=UNKNOWN, label="silent units not recorded")
    axes.set(xlabel="index: negative eigenvalues, %", ylabel="training error, %", ylim=(0, 100))
    axes.legend(fontsize=7.5, loc="upper left")

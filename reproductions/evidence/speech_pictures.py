"""Frame errors against depth and labels as curves; and a stretch of speech with its phones and those that models hear in it.

Errors come as {minutes of labels: test errors by seed}, those of stacks of layers as {start: {layers: such errors}}.
"""

import numpy as np

from zoo.reproductions.harness.figures import legend_above
from zoo.reproductions.harness.statistics import mean_interval


def draw_depths(axes, stacks, minutes):
    """With so many minutes labelled: every seed a dot, means as lines."""
    colors = _colors(stacks)
    for name, by_depth in stacks.items():
        means = [np.nanmean(curve[minutes]) for curve in by_depth.values()]
        line, marker = (":", "^") if name.endswith("longer") else ("-", "o")
        axes.plot(list(by_depth), means, line, marker=marker, ms=5, color=colors[name], label=name)
        for depth, curve in by_depth.items():
            axes.plot([depth] * len(curve[minutes]), curve[minutes], marker, color=colors[name], ms=5, alpha=0.4)
    layers = sorted({depth for by_depth in stacks.values() for depth in by_depth})
    axes.set(xlabel="hidden layers", ylabel="test error of a frame, %", xticks=layers)
    axes.set_title(f"{minutes:g} minutes of labelled speech", fontsize=11)
    legend_above(axes, ncols=2)


def draw_minutes(axes, stacks, others):
    """A line for each model, the best with the most labels that it had on top: its mean error with each number of minutes
    labelled. stacks: {name: such errors in the depth that validates best}.
    """
    curves = {name: curve for name, curve in (others | stacks).items() if curve}
    means = {name: {minutes: np.nanmean(errors) for minutes, errors in curve.items()} for name, curve in curves.items()}
    names = sorted(means, key=lambda name: means[name][max(means[name])], reverse=True)
    counts = sorted({minutes for curve in means.values() for minutes in curve})
    for height, name in enumerate(names):
        axes.plot(list(means[name].values()), [height] * len(means[name]), "-", color="0.8", lw=1, zorder=1)
    for place, minutes in enumerate(counts):
        told = [(means[name][minutes], height) for height, name in enumerate(names) if minutes in means[name]]
        axes.plot(*zip(*told), "os^D"[place % 4], ms=6, color=f"C{place}", ls="", label=f"{minutes:g} minutes")
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set(xlabel="test error of a frame, %")
    axes.set_title("Error against labelled speech\n(stacks: in the depth that validates best)", fontsize=11)
    axes.legend(fontsize=8, loc="upper right")


def draw_gaps(axes, gaps):
    """What pre-training spares, {random start: {layers: {minutes: points by seed}}}: means with their 95% intervals."""
    curves = [(start, name, curve) for start, by_depth in gaps.items() for name, curve in by_depth.items()]
    colors = {name: f"C{index}" for index, name in enumerate(dict.fromkeys(name for _, name, _ in curves))}
    styles = dict(zip(gaps, ("o:", "s-"), strict=True))
    for index, (start, name, curve) in enumerate(curves):
        middle, low, high, _ = np.array([mean_interval(points) for points in curve.values()]).T
        places = np.array(list(curve)) * 1.04 ** (index - (len(curves) - 1) / 2)
        errors, style = np.nan_to_num([middle - low, high - middle]), {"fmt": styles[start], "color": colors[name]}
        axes.errorbar(places, middle, errors, ms=5, lw=1.2, capsize=3, label=f"{name}, {start} start", **style)
    axes.axhline(0, color="black", lw=1)
    _minutes_axis(axes, curves[0][2])
    axes.set_yscale("symlog", linthresh=1, linscale=1.5)  # some gaps are twenty times as large as others
    ticks = (-10, -5, -2, -1, -0.5, 0, 0.5, 1, 2, 5, 10)
    low, high = axes.get_ylim()
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_ylim(low, 30 * high)  # room for the legend
    axes.set(ylabel="test error spared, points (logarithmic beyond 1)")
    axes.set_title("Pre-trained against random starts,\n95% intervals over seeds alone", fontsize=11)
    axes.legend(fontsize=8, loc="upper center", ncols=2)


def draw_vowels(axes, table):
    """{name: (errors by seed, published errors)}: our seeds as dots and their mean, the published errors as diamonds."""
    for place, (errors, published) in enumerate(table.values()):
        shifts = np.linspace(-0.25, 0.25, len(errors)) if len(errors) > 1 else [0.0]
        axes.plot(place + np.array(shifts), errors, "o", ms=4, alpha=0.6, color="C0")
        axes.plot([place - 0.3, place + 0.3], [errors.mean()] * 2, color="black", lw=1.5)
        for error in published:
            axes.plot(place, error, "D", ms=9, mfc="none", color="C3", label="published" if place == 0 else None)
    names = [name.replace("nearest ", "nearest\n").replace(" of", "\nof") for name in table]
    axes.set_xticks(range(len(names)), names, fontsize=8)
    axes.set(ylabel="test error, %", ylim=(30, None))
    axes.legend(fontsize=8)


def _colors(stacks):
    """{name: color}; a start that was trained longer, too, keeps its color."""
    starts = list(dict.fromkeys(name.removesuffix(", longer") for name in stacks))
    return {name: f"C{starts.index(name.removesuffix(', longer'))}" for name in stacks}


def _minutes_axis(axes, curve):
    axes.set(xscale="log", xlabel="minutes of labelled speech")
    axes.set_xticks(list(curve), [f"{minutes:g}" for minutes in curve])
    axes.minorticks_off()


def spectrogram(left):
    """The figure of {(dataset, model, setting): packed stretch}, all of the same speech, as speech_nets leaves them."""
    from matplotlib.figure import Figure

    from zoo.datasets import describe
    from zoo.reproductions.trainers.arrays import unpacked

    stretches = {row: unpacked(content) for row, content in left.items()}
    dataset, first = next(iter(stretches))[0], next(iter(stretches.values()))
    names, truth = describe(dataset).class_names, first["phones"]
    figure = Figure(figsize=(14, 3.2 + 0.62 * (1 + len(left))))
    panels = figure.subplots(2 + len(left), 1, sharex=True, height_ratios=[5] + [1] * (1 + len(left)))
    energies, extent = np.asarray(first["log_mel"], float).T, (0, len(truth) / 100, 0, len(first["log_mel"][0]))
    panels[0].imshow(energies, origin="lower", aspect="auto", cmap="magma", extent=extent)
    panels[0].set(ylabel="mel filter", title=f"{dataset}: the first three seconds of test speech, and its phones")
    panels[0].grid(False)
    _strip(panels[1], truth, truth, names, "labels")
    for axes, ((_, model, setting), stretch) in zip(panels[2:], stretches.items(), strict=True):
        wrong = 100 * np.mean(stretch["predicted"] != truth)
        _strip(axes, stretch["predicted"], truth, names, f"{model}\n{setting}\n{wrong:.0f} % of these wrong")
    panels[-1].set_xlabel("seconds")
    return figure


def _strip(axes, phones, truth, names, label):
    """One row of segments: green where the phone is the labelled one, red where not; names where there is room."""
    starts = np.flatnonzero(np.diff(phones, prepend=-1))
    for begin, end in zip(starts, [*starts[1:], len(phones)]):
        if end - begin >= 2.5 * len(names[phones[begin]]):
            axes.text((begin + end) / 200, 0.5, names[phones[begin]], ha="center", va="center", fontsize=8)
        axes.axvline(begin / 100, color="white", lw=0.8)
    colours = np.where((phones == truth)[:, None], [[0.72, 0.88, 0.72]], [[0.95, 0.70, 0.66]])
    axes.imshow(colours[None], aspect="auto", extent=(0, len(phones) / 100, 0, 1))
    axes.set_yticks([])
    axes.grid(False)
    axes.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)

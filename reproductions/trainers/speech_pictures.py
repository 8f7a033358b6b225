"""Draws a stretch of speech: its spectrogram, and strips with the phones that it has and those that models hear in it."""

import numpy as np


def spectrogram(left):
    """The figure of {(dataset, model, setting): packed stretch}, all of the same speech, as trainers.speech_nets leaves them."""
    from matplotlib.figure import Figure

    from zoo.datasets import describe
    from zoo.reproductions.trainers.arrays import unpacked

    stretches = {row: unpacked(content) for row, content in left.items()}
    dataset, first = next(iter(stretches))[0], next(iter(stretches.values()))
    names, truth = describe(dataset).class_names, first["phones"]
    figure = Figure(figsize=(14, 3.2 + 0.62 * (1 + len(left))))
    panels = figure.subplots(2 + len(left), 1, sharex=True, height_ratios=[5] + [1] * (1 + len(left)))
    panels[0].imshow(
        np.asarray(first["log_mel"], float).T, origin="lower", aspect="auto", cmap="magma", extent=(0, len(truth) / 100, 0, 40),
    )
    panels[0].set(ylabel="mel filter", title=f"{dataset}: the first three seconds of test speech, and its phones")
    panels[0].grid(False)
    _strip(panels[1], truth, truth, names, "labels")
    for axes, ((_, model, setting), stretch) in zip(panels[2:], stretches.items(), strict=True):
        wrong = 100 * np.mean(stretch["predicted"] != truth)
        _strip(axes, stretch["predicted"], truth, names, f"{model}\n{setting}\n{wrong:.0f} % wrong")
    panels[-1].set_xlabel("seconds")
    return figure


def _strip(axes, phones, truth, names, label):
    """One row of segments: green where the phone is the labelled one, red where not; names where there is room."""
    starts = np.flatnonzero(np.diff(phones, prepend=-1))
    for begin, end in zip(starts, [*starts[1:], len(phones)]):
        if end - begin >= 3:
            axes.text((begin + end) / 200, 0.5, names[phones[begin]], ha="center", va="center", fontsize=8)
        axes.axvline(begin / 100, color="white", lw=0.8)
    colours = np.where((phones == truth)[:, None], [[0.72, 0.88, 0.72]], [[0.95, 0.70, 0.66]])
    axes.imshow(colours[None], aspect="auto", extent=(0, len(phones) / 100, 0, 1))
    axes.set_yticks([])
    axes.grid(False)
    axes.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)

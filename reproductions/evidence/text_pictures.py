"""The pictures of language_model: bits against updates and length of the text, and samples of what the nets write."""

from zoo.reproductions.evidence.text_rows import (
    FORGETFUL,
    LEARN_FROM_SHARES,
    ONE,
    PLAIN,
    RIVALS,
    TWO,
    WIDE,
    WIDE_PLAIN,
    name_of,
    shares_of,
)
from zoo.reproductions.harness.figures import legend_above
from zoo.reproductions.trainers.texts import METRIC, VALIDATION

COLOURS = {TWO: "C0", WIDE: "black", WIDE_PLAIN: "darkgreen"} | {
    row: f"C{place}" for place, row in enumerate((ONE, PLAIN, *RIVALS), start=1)
}


def draw_curves(axes, runs):
    for row, colour in COLOURS.items():
        if row == FORGETFUL:  # which is validated on some blocks alone
            continue
        mine = runs[(runs.model == row[0]) & (runs.setting == row[1])]
        number = mine.metric.str.extract(r"^validation_bits_after_(\d+)_updates$")[0]
        for _, curve in mine.assign(step=number.astype(float)).dropna(subset=["step"]).groupby("seed"):
            axes.plot(curve.step, curve.value, color=colour, lw=1, marker=".", ms=4)
        if len(mine) and number.isna().all():
            axes.axhline(mine[mine.metric == VALIDATION].value.iloc[0], color=colour, ls="--", lw=1.2)
        if len(mine):
            axes.plot([], [], color=colour, ls="--" if number.isna().all() else "-", label=name_of(row))
    axes.set(xlabel="updates", ylabel="bits per character")
    legend_above(axes, ncols=2)


def draw_lengths(axes, runs):
    """Test bits against the length of the training text: every seed a dot, a line through the means."""
    tested, dataset = runs[runs.metric == METRIC], runs.dataset.iloc[0]
    for row in LEARN_FROM_SHARES:
        if parts := shares_of(runs, dataset, row):
            mine = tested.set_index(["model", "setting"]).loc[parts]
            means = mine.groupby("n_train").value.mean()
            axes.plot(mine.n_train, mine.value, "o", color=COLOURS[row], alpha=0.7)
            axes.plot(means.index, means, color=COLOURS[row], label=name_of(row))
    axes.set_xscale("log")
    axes.set_xticks(means.index, [f"{n:,.0f}" for n in means.index])
    axes.minorticks_off()
    axes.set(xlabel="characters of training text", ylabel="bits per character")
    axes.legend(fontsize=8)


def draw_bits(axes, runs):
    tested, heights = runs[runs.metric == METRIC], []
    for row, colour in COLOURS.items():
        mine = tested[(tested.model == row[0]) & (tested.setting == row[1])]
        if len(mine):
            axes.plot(mine.value, [len(heights)] * len(mine), "o", color=colour, alpha=0.7)
            axes.annotate(
                f"{mine.value.mean():.2f}",
                (mine.value.mean(), len(heights)),
                (0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=8,
            )
            heights.append(name_of(row))
    axes.set_yticks(range(len(heights)), heights)
    axes.set_ylim(len(heights) - 0.5, -0.8)
    axes.set(xlabel="bits per character")


def draw_samples(found):
    import textwrap

    from matplotlib.figure import Figure

    blocks = []
    for (_, *row), sample in found.items():
        for temperature, text in sample["drawn"].items():
            shown = "".join(c if c.isprintable() else " " for c in sample["prompt"] + "|" + text)
            shown = " ".join(shown.split())  # a net that has learnt little writes control characters
            blocks.append(f"{name_of(row)}, temperature {temperature}:\n" + textwrap.fill(shown, 100))
    text = "\n\n".join(blocks)
    figure = Figure(figsize=(7, 0.2 + 0.14 * (text.count("\n") + 1)))
    figure.text(0.01, 0.99, text, family="monospace", fontsize=8, va="top")
    return figure

"""A pre-trained net like the published one: three denoising layers of 1,000 units, all labels of MNIST, against 1.28 %.

No other claim of the review's than that of unsupervised_pretraining, whose nets of 200 units a few minutes can train: here
are those of a size that Vincent et al. (2010) chose widths and noise among for their figure, beside the same net from two
random starts, a narrow and a wide one, and with rectified units and dropout (a half), the start that no one pre-trains.

Expected, full budget (4 seeds so far, 190 minutes on 2 cores): from the denoising start they err on 1.30 %, which 10,000
test images can't tell from the published 1.28 %, for which noise and widths were chosen, nor from most of what was published
beside it. From a random start they err on 1.57 % where it is narrow and on 1.52 where it is four times as wide, as suits
sigmoids; the modern start on 1.47. So in nets of this size pre-training still spares 0.2 points with all labels of what
sigmoids start from. That it is as far ahead of the modern start stays undecided: rectified units without dropout, which in
nets of 200 units are ahead of it with all labels where the modern start is level (unsupervised_pretraining), were not tried
here, nor less dropout. All sigmoids took the largest of three step sizes, so that larger ones might change what they are
ahead or behind by; and pre-training's updates come on top. Quick (3 seeds, 10,000 images, some three minutes): shorter
training, of which no results are kept.
"""

from dataclasses import replace

import numpy as np

from zoo.reproductions.evidence import label_references
from zoo.reproductions.harness import Published, Trial, as_published, control, paired_difference, target
from zoo.reproductions.harness.published import published_value
from zoo.reproductions.trainers.label_curves import metric, train_with_labels
from zoo.reproductions.trainers.label_rows import MODEL, WIDTH, errors_of, labels_of, name_of, recipe_of, setting

STARTS = ("random", "scaled", "denoising", "modern")
# Of what people start from today this has one kind, and not the one that unsupervised_pretraining found ahead.
NOT_TRIED = "rectified units without dropout, or with less of it, were not tried in nets of this size"
LAYERS, ALL = 3, 50000  # hidden ones; labels: the training images of MNIST but for those kept for validation
PLACE = 10.5
HEADLINES = (
    "mnist denoising start, 3 layers beats scaled start, 3 layers, * labels",
    "mnist denoising start, 3 layers beats modern start, 3 layers, * labels",
    "mnist autoencoder_stack denoising start, 3 layers reaches *",
)
PROTOCOL = f"""
Nets of {LAYERS} layers of {WIDTH:,} units, trained as unsupervised_pretraining's full budget trains its own, whose protocol
says how starts differ and what pre-training is: here with all labels alone ({ALL:,}; quick: 10,000 images in all, 4,000 to
test). Layers learn their inputs for 30 epochs (quick: 6), all are fine-tuned by Adam with cosine decay for 20 (quick: 5), in
batches of 128, the epoch that errs least on validation in the step size of 0.0003, 0.001 and 0.003 whose seeds do so, of
which all sigmoids take the largest, the modern start the middle one. While they trained other work ran beside them, which
their seconds hold. Not untouched: five seeds had been trained, and tested, before in the step sizes of 0.0003 and 0.001
alone, of which all took an end, and without the scaled start (denoising 1.35 %, random 1.83, modern 1.51, which was not
clearly behind); the wide start and the larger step came in after that, for a reader who asked whether the rivals were fair
ones, and these four seeds are among those five. Before they had a page of their own they were lines of
unsupervised_pretraining's hour. That 1.28 is held against the interval published with it, too, was put in when results were
known: it is of the draw of test images, which were the same here and there, and holds most other published nets as well, so
it is a control. That test images may make as much as what ours misses 1.28 by, by which nothing is decided, came in later
still, and last, for another reader, that nothing is decided against the modern start, which had been said to be behind by
0.2. The published encoders and decoders shared weights, as we recall; ours have their own.
"""


_FINE_TUNING = {"rates": [3e-4, 1e-3, 3e-3], "draws": 10000, "batch_size": 128}


def trials(budget):
    """One trial per start; smoke on scikit-learn's small digits in nets of few units."""
    dataset = budget.choose(smoke="digits", quick="mnist", full="mnist")
    size = budget.choose(
        smoke={"n_train": 600, "n_test": 150, "labels": [600], "epochs": 6, "rates": [1e-2], "draws": 600, "batch_size": 20},
        quick={"n_train": 10000, "n_test": 4000, "labels": [10000], "epochs": 5} | _FINE_TUNING,
        full={"n_train": None, "n_test": None, "labels": [ALL], "epochs": 20} | _FINE_TUNING,
    )
    pretraining = budget.choose(
        smoke={"epochs": 6, "learning_rate": 1e-2},
        quick={"epochs": 6, "learning_rate": 1e-3},
        full={"epochs": 30, "learning_rate": 1e-3},
    )
    widths = [budget.choose(smoke=24, quick=WIDTH, full=WIDTH)] * LAYERS
    for start in STARTS:
        recipe = recipe_of(start, widths, size, pretraining, dropout=0.5)
        cost = 3 if recipe["pretraining"] else 1
        yield Trial(dataset, MODEL, setting(start, LAYERS), budget.seeds, train_with_labels, recipe, cost)


def judge(runs):
    """Whether pre-training spares errors, and whether it comes to what was published with as many labels."""
    rows = {start: (runs.dataset.iloc[0], MODEL, setting(start, LAYERS)) for start in STARTS}
    (labels,), row = labels_of(runs), rows["denoising"]
    error, checks = {"metric": metric("test", labels)}, []
    for rival in ("random", "scaled", "modern"):
        name = f"{name_of(row)} beats {rows[rival][2]}, {labels} labels"
        said = {"better": row, "worse": rows[rival], "name": name} | error
        found = paired_difference(runs, **said)
        ahead = rival == "modern" and found.effect > 0
        checks.append(paired_difference(runs, **said, doubt=NOT_TRIED) if ahead else found)
    if labels == ALL:
        value, within = (published_value("published_stack", {row: each}, row) for each in (STACK, replace(STACK, spread=True)))
        name = f"{name_of(row)}: within the interval published with the error"
        checks.append(target(runs, row, at_most=value, published=True, **error))
        checks.append(control(as_published(runs, row, value, within=within, name=name, **error)))
    return checks


def draw(runs):
    """Test errors from each start, every seed a dot, their mean a stroke; a line at the published error."""
    from matplotlib.figure import Figure

    from zoo.reproductions.evidence.label_pictures import COLOURS

    figure = Figure(figsize=(7, 3.4))
    axes, (labels,), row = figure.subplots(), labels_of(runs), (runs.dataset.iloc[0], MODEL, setting("denoising", LAYERS))
    for height, start in enumerate(STARTS):
        errors = errors_of(runs, (*row[:2], setting(start, LAYERS)), [labels])[:, 0]
        axes.plot(errors, [height] * len(errors), "o", color=COLOURS[start], alpha=0.6)
        axes.plot(np.nanmean(errors), height, "|", color=COLOURS[start], ms=22, mew=2)
    if labels == ALL:
        value = published_value("published_stack", {row: STACK}, row)
        axes.axvline(value, color="black", lw=1, ls="--", label="published, denoising")
        axes.legend(fontsize=8)
    axes.set(yticks=range(len(STARTS)), yticklabels=STARTS, ylim=(-0.6, len(STARTS) - 0.4), xlabel="test error, %")
    axes.set_title(f"{LAYERS} layers, {runs.parameters.max():,.0f} weights, {row[0]}, {labels:,} labels", fontsize=10)
    return figure


# Vincent et al. (2010); the spread is half their interval, over test images.
STACK = Published("stacked denoising autoencoder, 3 layers", "50k train", topic="unsupervised_pretraining")
PUBLISHED = {
    key: [replace(entry, topic=STACK.topic) for entry in entries]
    for key, entries in label_references.PUBLISHED.items()
    if key[2:] in [(setting(start, LAYERS), metric("test", ALL)) for start in STARTS]
}

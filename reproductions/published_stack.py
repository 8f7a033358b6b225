"""A pre-trained net like the published one: do three denoising layers of 1,000 units reach 1.28 % with all labels of MNIST?

This adds no claim of the review (LeCun, Bengio & Hinton 2015) to that of unsupervised_pretraining, whose networks have only
200 units per layer. Here they have a size from the range in which Vincent et al. (2010) tuned width and noise for their 1.28
%. The pre-trained network is compared with that figure, with the same sigmoid network from two random initializations
(random start; scaled start, four times as wide), and with rectified units and dropout of a half (the modern start).

Expected (quick: 3 seeds, 3 minutes on 2 cores, no results kept; full: 4 seeds so far, 190 minutes on 2 cores):

- The denoising start errs on 1.30 %. Whether it reaches the published 1.28 % is undecided: 10,000 test images cannot tell
  the two apart, nor ours from most other published results. The published network had its width and noise tuned, ours did
  not.
- Pre-training still saves 0.2 points with all labels, on a grid of learning rates whose largest all sigmoid networks took:
  the random start errs on 1.57 %, the scaled one on 1.52 %.
- The modern start errs on 1.47 %. That pre-training beats it is undecided, because rectified units with less or no dropout
  were not tried at this size. In networks of 200 units those without dropout beat denoising with all labels.
"""

from dataclasses import replace

import numpy as np

from zoo.reproductions.evidence import label_references
from zoo.reproductions.evidence.label_rows import MODEL, WIDTH, errors_of, labels_of, name_of, recipe_of, setting
from zoo.reproductions.harness import Published, Trial, as_published, control, paired_difference, target
from zoo.reproductions.harness.published import published_value
from zoo.reproductions.trainers.label_curves import metric, train_with_labels

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
**Models.** Networks have {LAYERS} layers of {WIDTH:,} units. Starts and training are those of unsupervised_pretraining's
full budget, with all labels only ({ALL:,}; quick: 10,000 training and 4,000 test images and fewer epochs).

**Tuning.** For each start, validation chooses the learning rate (0.0003, 0.001 or 0.003) and each seed's epoch.

**Limits.** All sigmoid networks chose the largest rate, so larger ones might change the comparisons. Pre-training's updates
come on top and are not in the table's; unlike elsewhere this decides nothing here, as all starts come to training errors of
next to 0. The published network shared the weights of encoder and decoder, as we recall; ours does not. The machine was
shared, so times are too long.

**Changed after seeing results.** Five seeds, including these four, were first tested without the scaled start and with the
two smaller rates, of which every start chose one end or the other: denoising 1.35 %, random 1.83 %, modern 1.51 % (not
clearly behind). Start and rate were added when a reader asked whether the rivals were fair. Later came the control against
the published interval, which is of the draw of test images and holds most other published results, and two rules that leave
undecided the distance from 1.28 % and the lead of 0.2 points over modern, which had first counted as decided.
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

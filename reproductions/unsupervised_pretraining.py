"""Greedy unsupervised pre-training, layer by layer, then fine-tuning: it helps most when labels are few.

The review (LeCun, Bengio & Hinton 2015, "Backpropagation to train multilayer architectures") says that layers pre-trained
one by one to reconstruct their inputs regularize a network, above all when labelled data are scarce, and that larger data
sets do not need it. Here stacks of 1 to 3 layers of plain or denoising autoencoders learn from all training images of MNIST
and are fine-tuned on 100 to 50,000 labels, beside the same sigmoid networks from two random initializations and rectified
units without and with dropout (modern). Do layers below only 20 units learn without pre-training (Bengio et al. 2007)?

Expected (2 cores; quick: 3 seeds, 4 minutes; hour: 10 seeds, 109 minutes; full, not run: 20 seeds, 20 minutes of an H100):

- Hour, each start in its best depth: denoising beats the better random start by 1.4 points at 100 labels, 0.5 at 1,000, 0.1
  at 50,000 (undecided with other test examples). Points shrink with all errors. The share of the errors is what counts: it
  is 5 to 8 %, and whether it shrinks as labels grow is undecided.
- That is far less than published: a contractive autoencoder spares 12.3 points (48 %) at 100 labels, 5.9 (55 %) at 1,000.
  Random starts err about as published, pre-trained ones more. Larger networks spare 20 % at 1,000 (pretrained_unlabelled).
- No kernel machine is trained. It would probably win from 600 labels on, where the published one errs less than denoising.
- The more layers, the larger the share. Without noise, autoencoders beat the better start nowhere and lose at 100 labels.
- Rectified units without dropout lose to denoising up to 600 labels and win from 3,000 on (from 10,000 on undecided with
  other test examples). Against dropout, chosen once for all numbers of labels, nothing is decided; nor was noise chosen.
- With 20 units on top and all labels, three layers err on 2.0 %, pre-trained or not, the 20 units alone on 4.8 %.
- Quick (10,000 images, no narrow top layer): the same signs, of which three seeds leave most undecided.
"""

from zoo.reproductions.evidence import label_references, label_verdicts
from zoo.reproductions.evidence.label_rows import (
    MODEL,
    PRETRAINED,
    STARTS,
    TOP,
    UNTRAINED,
    WIDTH,
    errors_of,
    labels_of,
    nets_of,
    recipe_of,
    setting,
    spread_metric,
)
from zoo.reproductions.harness import Ladder, Trial
from zoo.reproductions.harness.statistics import deviation_interval
from zoo.reproductions.trainers.label_curves import FILTERS, chosen_rate, metric, train_with_labels

SEEDS = {"hour": 10}
NARROW = (("random", 1), ("random", 3), ("scaled", 1), ("scaled", 3), ("autoencoder", 3))  # with the narrow top layer
PLACE = 10
HEADLINES = (
    "mnist denoising start, each in its best depth*: share of errors spared shrinks with labels",
    "mnist denoising start beats random, 100 labels, each in its best depth*",
    "mnist denoising start beats modern, 100 labels, each in its best depth",
    "mnist denoising start beats modern, 1000 labels, each in its best depth",
)
PROTOCOL = f"""
**Data.** MNIST: 50,000 training images (quick: 10,000), 10,000 each for validation and test (quick: the first 4,000, which
are harder than the full test set of published errors). A seed's labelled images are class-balanced, nested and the same for
every start.

**Models.** Layers have 200 units (full: 1,000), or {TOP} in a top layer so named.

- random: sigmoid units, Glorot & Bengio's initialization.
- scaled: four times as wide, to suit a sigmoid's slope of a quarter.
- autoencoder, denoising: `random`, then pre-trained, for denoising with a quarter of the inputs masked. Encoders and
  decoders do not share weights; published ones did, as we recall.
- rectified: rectified units, He's initialization.
- modern: the same with dropout of a fifth (full: a half).

**Training.** Pre-training takes 12 epochs per layer (full: 30) of all training images. Fine-tuning by Adam is the same for
every start: 10 epochs (full: 20) of at least 3,000 images (full: 10,000), however few are labelled.

**Tuning.** Validation chooses the learning rate by its mean over seeds (0.001, 0.003, 0.01, 0.03; all labels: hour without
the last, full 0.0003 to 0.003), each seed's epoch, and the "best depth" (for random, over both initializations). Its images
are not counted as labels. Noise was not tuned. Dropout was, once for all numbers of labels: whether a denoising network
beats modern or loses to it decides nothing.

**Checks.** Training errors are measured without dropout. Intervals of deviations (chi-square; ratios: Pitman and Morgan
1939) assume normal errors; below all labels they include the draw of labels. A trend decides nothing if nothing is spared at
the fewest labels or the curve's start or end contradicts it. Points spared shrink as all errors do, even where the share
that is spared stays: whether few labels are where pre-training helps most hangs on that share.

**Limits.** Up to 3,000 labels the share spared is a sixth to a tenth of that in the published rows (random net to
contractive autoencoder; the table's notes have both): the sign is reproduced, the size is not. The random nets err about as
published, so it is pre-training that is worth less here. Larger networks spare more, with more noise 20 % at 1,000 labels
(pretrained_unlabelled) and with all labels 14 % (published_stack). Published kernel machines err less than these networks
from 600 labels on. None is trained here.

Pre-training comes on top, with few labels many times the updates of fine-tuning. The updates in runs.csv omit them, and no
random start gets as many. From 300 to 3,000 labels the random rival chose the largest learning rate, so leads may be
smaller. Pre-training from the wide initialization was tried with three seeds only: one denoising layer validated alike,
three plain ones worse; three denoising ones, the best net here, are untried. Larger networks leave the comparison with
modern undecided (pretrained_unlabelled, published_stack).

**Changed after seeing results.** Both budgets first ran, with the same seeds, without scaled start and rates above 0.003;
the hour's lead in best depths was then 1.6 to 1.7 points up to 3,000 labels. Quick's dropout was set on one seed's
validation errors with 1,000 and 10,000 labels after a half had lost on test; two seeds of 300 units confirmed it for the
hour. Added later: intervals of deviations, both rules on deciding nothing, the checks of depth alone and in best depths, and
the hour's slope over depth. Last came quick's one-layer modern start and the scaled start below {TOP} units, until when
pre-trained networks seemed to fit training images better. Quick then lost two of five seeds and the narrow top layer, for
time. After a referee's report: a lead over modern no longer decides (hour, reproduced to undecided: 100 labels, in best
depths and with three layers); the slope of the share became the first main check, that in points (hour: reproduced) a main
check no more; published kernel machines and gaps stand beside.
"""


def trials(budget):
    """One trial per start and depth, with all numbers of labels; the narrow top layer only with everything labelled."""
    dataset = budget.choose(smoke="digits", quick="mnist", hour="mnist", full="mnist")
    size = budget.choose(
        smoke={"n_train": 600, "n_test": 150, "draws": 600, "batch_size": 20, "epochs": 6},
        quick={"n_train": 10000, "n_test": 4000, "draws": 3000, "batch_size": 50, "epochs": 10},
        hour={"n_train": None, "n_test": None, "draws": 3000, "batch_size": 50, "epochs": 10},
        full={"n_train": None, "n_test": None, "draws": 10000, "batch_size": 128, "epochs": 20},
    )
    few, many = [100, 300, 1000], [100, 300, 600, 1000, 3000]
    all_labels = [*many, 10000, 50000]
    size["labels"] = budget.choose(smoke=[50, 600], quick=[*few, 10000], hour=all_labels, full=all_labels)
    rates = [1e-3, 3e-3, 1e-2, 3e-2]
    size["rates"] = budget.choose(smoke=[1e-2], quick=rates, hour=rates, full=rates)
    if budget.name in ("hour", "full"):  # three with all labels, which are most of the work
        size["own_rates"] = {chosen_rate(all_labels[-1]): rates[:3] if budget.name == "hour" else [3e-4, *rates[:2]]}
    width = budget.choose(smoke=24, quick=200, hour=200, full=WIDTH)
    passes = budget.choose(smoke=10, quick=12, hour=12, full=30)
    pretraining = {"epochs": passes, "learning_rate": budget.choose(smoke=1e-2, quick=1e-3, hour=1e-3, full=1e-3)}
    rate_of_dropout = budget.choose(smoke=0.2, quick=0.2, hour=0.2, full=0.5)
    depths = budget.choose(smoke=(2,), quick=(1, 3), hour=(1, 2, 3), full=(1, 2, 3))

    def trial(start, depth, labels, top=None):
        widths, drawn = [width] * (depth - 1) + [top or width], depth == depths[-1] and top is None
        recipe = recipe_of(start, widths, size | {"labels": labels}, pretraining, rate_of_dropout, filters=drawn)
        cost = (1 + depth) * (len(labels) + (2 if recipe["pretraining"] else 0))
        return Trial(dataset, MODEL, setting(start, depth, top), budget.seeds, train_with_labels, recipe, cost, leaves=drawn)

    deepest = budget.choose(smoke=("random", "scaled", "denoising", "modern"), quick=STARTS, hour=STARTS, full=STARTS)
    shallower = budget.choose(smoke=(), quick=(*UNTRAINED, *PRETRAINED, "modern"), hour=STARTS, full=STARTS)
    for depth in depths:
        for start in deepest if depth == depths[-1] else shallower:
            yield trial(start, depth, size["labels"])
    for start, depth in NARROW if budget.name in ("hour", "full") else ():
        yield trial(start, depth, size["labels"][-1:], TOP)


def summarise(runs):
    """The standard deviation over seeds of a net's test error at each number of labels.

    Short of all labels each seed has labels of its own, so that it is that of their luck, too.
    """
    for row, mine in runs.groupby(["dataset", "model", "setting"], sort=False):
        for n in labels_of(mine):
            yield row, spread_metric(n), deviation_interval(errors_of(runs, row, [n])[:, 0])


def judge(runs):
    """The gaps at every number of labels, how they change with it and with depth; spread over seeds; the narrow top layer."""
    return label_verdicts.checks_of(runs)


def notes(runs):
    """What the denoising start in its best depth is spared, beside what a published pre-trained net was."""
    return label_verdicts.spared_as_published(runs)


def ladders(runs, trials):
    """Each start in all its depths, with the fewest labels, a thousand, and all of them."""
    nets, labels = nets_of(runs), labels_of(runs)
    for n in sorted({labels[0], labels[-1], *({1000} & {*labels})}):
        for start in STARTS:
            rungs = {str(depth): row for (made, depth, top), row in nets.items() if made == start and not top}
            yield Ladder(f"{start} start, {n:,} labels", rungs, metric("test", n))


def draw(runs):
    """For each depth: errors of some starts and published ones; below, what all starts spare of the wider random one's."""
    from matplotlib.figure import Figure

    from zoo.reproductions.evidence import label_pictures as pictures
    from zoo.reproductions.harness.figures import legend_above

    nets, labels = nets_of(runs), labels_of(runs)
    depths = sorted({depth for _, depth, top in nets if not top})
    figure = Figure(figsize=(1.2 + 4.3 * len(depths), 7.6))
    panels = figure.subplots(2, len(depths), squeeze=False, sharex=True, sharey="row", height_ratios=(3, 2))
    for (above, below), depth in zip(panels.T, depths):
        rows = {start: nets[start, depth, None] for start in STARTS if (start, depth, None) in nets}
        errors = {start: errors_of(runs, row, labels) for start, row in rows.items()}
        pictures.draw_errors(above, labels, errors, published=runs.dataset.iloc[0] == "mnist")
        rival = next(start for start in reversed(UNTRAINED) if start in errors)
        pictures.draw_gaps(below, labels, errors, rival)
        above.set_title(f"{runs.dataset.iloc[0]}, {depth} hidden layer{'s' if depth > 1 else ''}", fontsize=10)
    panels[0, 0].set_ylabel("test error, %")
    panels[1, 0].set_ylabel(f"test error spared against\nthe {rival} start, % of its")
    panels[0, -1].legend(fontsize=8)
    legend_above(panels[1, -1], ncols=3)
    return figure


def illustrate(files):
    """The first seed's first-layer filters from every start, before and after fine-tuning on most labels."""
    from zoo.reproductions.evidence.label_pictures import first_layer_filters
    from zoo.reproductions.trainers.arrays import unpacked

    left = {row: unpacked(found[FILTERS]) for row, found in files.items() if FILTERS in found}
    return {"first_layer_filters.png": first_layer_filters(left)}


PUBLISHED = label_references.PUBLISHED

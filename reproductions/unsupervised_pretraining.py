"""Greedy unsupervised pre-training, layer by layer, then fine-tuning: it helps most when labels are few.

The review (LeCun, Bengio & Hinton 2015, "Backpropagation to train multilayer architectures") recalls the work of 2006 and
after: layers learnt one by one without labels, each to reconstruct what lies below, gave nets a start that regularises,
above all on small labelled sets; for larger ones it proved unnecessary. Here stacks of 1 to 3 layers of plain or of
denoising autoencoders see all training images of MNIST, then are fine-tuned on 100 to 50,000 labels and held against the
same nets from a random start, and against a modern start that no one pre-trains: rectified units with dropout. Then Bengio
et al.'s (2007) test: with a top layer of 20 units only, do the layers below still learn?

Expected, hour budget (10 seeds, 2 cores, an hour and three quarters, all images without labels, 200 units a layer): the
denoising start is ahead of the better of both random ones, each in its best depth, by 1.4 points at 100 labels, by 1.0 at
300, 0.6 at 600, 0.5 at 1,000 and 3,000, 0.2 at 10,000 and, open with other test examples, 0.1 at all 50,000: it helps most
when labels are few, as the review says, though as a share of the errors it spares about as much at any number. From 300 to
3,000 labels the random rival took the largest of its step sizes, so that these leads may be smaller yet; and at 100 labels
published nets are 12 points apart, a plain one and contractive autoencoders. Three layers from it err by 1.8 points less
than three from the scaled start at 100 labels and by 0.1, open with other test examples, at 50,000; beside the narrow start
the lead is about twice as large up to 3,000 labels (3.8 at 100), half of which is a start that does not suit sigmoids; the
more layers, the larger the share of the errors spared, against either. With one layer it spares less (0.4 and 0.04 against
the scaled start), and only at 300, 600 and 3,000 labels for sure. Without noise the autoencoder is no such help: in best
depths ahead of the better random start nowhere, behind it at 100 labels, and with three layers behind the scaled one up to
1,000 and with all. Rectified units alone are behind the denoising start up to 600 labels, not told apart at 1,000 and ahead
from 3,000 on, with 10,000 labels and all open with other test examples; with dropout, the modern start, they are behind by
half a point at 100 labels and not told apart at 300, 3,000 and 10,000. Where these are ahead, by 0.4 at 600 and 1,000 and
0.08 with all, it is undecided: their dropout was chosen, the noise was not, and with 500 units and more of it the denoising
start is not told apart from a modern one of three times the epochs at 1,000 labels (pretrained_unlabelled), with 1,000 units
it is ahead by 0.2 with all, of one with a dropout of a half (published_stack). With 20 units on top and all labels three
layers err on 2.0 %, pre-trained (without noise) or not, as against 4.8 of these 20 alone; pre-trained they fit the training
images better than from the narrow start, no better than from the wide one. Seeds end no closer together from the denoising
start that one could tell. Layers by themselves, three against one with all labels, spare 0.1 to 0.2 points from the scaled
(open with other test examples), the denoising and the rectified start, nothing that can be told from two others, and do harm
to the modern one, by 0.1, open as well. Before it had the scaled start and steps beyond 0.003, the hour had put the lead of
the denoising start in best depths at 1.6 to 1.7 points at any number of labels up to 3,000: of that the wide start and the
larger steps took 0.3 at 100 labels, 0.6 at 300 and 1.0 or more, most of it, from 600 to 3,000. Quick budget (5 seeds, 2
cores, some 10 minutes, 10,000 images): the denoising start is ahead of the better of both random ones, each in its best
depth, by 1.4 points at 100 labels, 1.5 at 300 and 0.7 at 1,000, which is undecided; at 10,000 they are not told apart; what
it spares shrinks with labels in points and as a share of the errors. With three layers it spares 2.5, 3.8 and 1.9 points at
100, 300 and 1,000 labels of the narrow start, 1.4, 2.1 and 0.9 of the wide one. Autoencoders without noise are ahead of the
better random start nowhere (with one layer, at 100 labels, they are ahead of both). With 20 units on top, pre-trained or not
is not told apart on test images; on training images pre-trained nets are ahead of the wide start alone. Rectified units
alone are behind the denoising start up to 300 labels, not told apart at 1,000 and ahead at 10,000; with dropout, each in its
best depth, they are behind at 100 by 0.6 points, open with other test examples, and not told apart from 300 on. Full (20
seeds, one H100, 20 minutes by estimate, not run yet): 1,000 units a layer throughout; what nets of that size come to with
all labels is in published_stack.
"""

from zoo.reproductions.evidence import label_references, label_verdicts
from zoo.reproductions.harness import Ladder, Trial
from zoo.reproductions.harness.statistics import deviation_interval
from zoo.reproductions.trainers.label_curves import FILTERS, chosen_rate, metric, train_with_labels
from zoo.reproductions.trainers.label_rows import (
    MODEL, PRETRAINED, STARTS, TOP, UNTRAINED, WIDTH, errors_of, labels_of, nets_of, recipe_of, setting, spread_metric,
)

SEEDS = {"hour": 10}
NARROW = (("random", 1), ("random", 3), ("scaled", 1), ("scaled", 3), ("autoencoder", 3))  # with the narrow top layer
PLACE = 10
HEADLINES = (
    "mnist denoising start beats random, 100 labels, each in its best depth*",
    "mnist denoising start beats modern, 100 labels, each in its best depth",
    "mnist denoising start beats modern, 1000 labels, each in its best depth",
    "mnist denoising start, each in its best depth*: gap shrinks with labels",
    "mnist denoising start, each in its best depth*: share of errors spared shrinks with labels",
)
PROTOCOL = f"""
random: sigmoid units within Glorot & Bengio's bounds, which are for units of slope 1 at 0. scaled: the same within four
times these, as a sigmoid's slope is a quarter. autoencoder, denoising: the net of random, its layers first learnt one by one
to reconstruct their inputs, for denoising with a quarter of these set to 0. rectified: rectified units in He's start.
modern: the same with dropout after each layer, of a fifth (full, where layers are wide: a half). Pre-training sees all
training images (quick: 10,000, hour: 50,000, 12 times per layer; full: 50,000, 30 times), without labels; these updates,
with few labels many more than those of fine-tuning, come on top of it, are not in the column of updates, and no random start
makes as many in all (phone_recognition has such nets). Then all layers are fine-tuned, from every start by the same recipe:
Adam with cosine decay, batches of 50 (full: 128), 10 epochs (full: 20) of at least 3,000 images (full: 10,000) however few
are labelled. The epoch counts that errs least on the validation images (quick: 4,000, else 10,000), in the step size of four
(0.001 to 0.03; with all labels at the hour the first three, of full 0.0003, 0.001 and 0.003) whose seeds do so, for each
number of labels; that many labels to choose by are not counted among the labels. A seed draws its labelled images, as many
of each class, the same for every start, and with more labels it keeps those of fewer. Layers have 200 units (full: 1,000),
or in the rows named so the top one {TOP}. The first 4,000 test images of MNIST, the quick budget's, are harder than all
10,000, which published errors are of. Training errors are of the selected epoch and without dropout. Not untouched: the
quick dropout of a fifth was set on validation errors of one seed, but because a quick run, whose test errors had been seen,
left the modern start with a half behind. The hour's recipe is the quick one with all images and more numbers of labels; that
a fifth of dropout is enough there, too, and two fifths too much, validation errors of two seeds of 300 units had said. The
published 1.28 % is put to nets of the full budget's size, in published_stack. Standard deviations over seeds have intervals
by chi-square, and their ratio one after Pitman and Morgan (1939), as if errors were normal; short of all labels they are
also those of whose labels were drawn. A line through all numbers of labels decides nothing where nothing is spared with the
fewest, nor one that falls where the curve rises at first, nor one that rises where it falls in the end. Put in when results
were known: that; the intervals of deviations; the checks of layers by themselves, and of each start in its best depth; that
a denoising net smaller than full's which is behind a modern one decides nothing; and the scaled start and the larger steps,
after a reader had seen that sigmoid units took the larger of two step sizes (0.001 and 0.003) and started more narrowly than
was customary: without them both budgets had been run before, with the same seeds. Last of all, for another reader, the
scaled start below 20 units came in, until when pre-trained nets seemed to fit the training images better, and quick's modern
start of one layer. In best depths the random start is the one of both that errs less on validation. Pre-training starts from
the narrow one and takes steps of 0.001; within four times its bounds three seeds of one denoising layer came out alike on
validation (0.3 and 0.2 points less at 100 and 300 labels, 0.1 more at 1,000), and of three layers without noise erred more
(by 0.6, 0.8 and 0.1); three denoising layers were not tried so. Encoders and decoders have weights of their own, which the
published ones shared, as we recall. The slope over layers was put to the hour after test errors of it had been seen, when it
had no two layers and fewer starts with one.
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


def ladders(runs, trials):
    """Each start in all its depths, with the fewest labels, a thousand, and all of them."""
    nets, labels = nets_of(runs), labels_of(runs)
    for n in sorted({labels[0], labels[-1], *({1000} & {*labels})}):
        for start in STARTS:
            rungs = {str(depth): row for (made, depth, top), row in nets.items() if made == start and not top}
            yield Ladder(f"{start} start, {n:,} labels", rungs, metric("test", n))


def draw(runs):
    """For each depth: the error against labels from every start, each seed a dot; below, the gaps to the wider random start."""
    from matplotlib.figure import Figure

    from zoo.reproductions.evidence import label_pictures as pictures

    nets, labels = nets_of(runs), labels_of(runs)
    depths = sorted({depth for _, depth, top in nets if not top})
    figure = Figure(figsize=(1.2 + 4.3 * len(depths), 7.6))
    panels = figure.subplots(2, len(depths), squeeze=False, sharex=True, sharey="row", height_ratios=(3, 2))
    for (above, below), depth in zip(panels.T, depths):
        rows = {start: nets[start, depth, None] for start in STARTS if (start, depth, None) in nets}
        errors = {start: errors_of(runs, row, labels) for start, row in rows.items()}
        pictures.draw_errors(above, labels, errors)
        rival = next(start for start in reversed(UNTRAINED) if start in errors)
        pictures.draw_gaps(below, labels, errors, rival)
        above.set_title(f"{runs.dataset.iloc[0]}, {depth} hidden layer{'s' if depth > 1 else ''}", fontsize=10)
    panels[0, 0].set_ylabel("test error, %")
    panels[1, 0].set_ylabel(f"test error spared against\nthe {rival} start, points")
    panels[0, -1].legend(fontsize=8, title="start", title_fontsize=8)
    return figure


def illustrate(files):
    """The first seed's first-layer filters from every start, before and after fine-tuning on most labels."""
    from zoo.reproductions.evidence.label_pictures import first_layer_filters
    from zoo.reproductions.trainers.arrays import unpacked

    left = {row: unpacked(found[FILTERS]) for row, found in files.items() if FILTERS in found}
    return {"first_layer_filters.png": first_layer_filters(left)}


PUBLISHED = label_references.PUBLISHED

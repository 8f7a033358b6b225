"""To tell what matters while ignoring pose and background takes more than linear classifiers or generic kernels.

The review (LeCun, Bengio & Hinton 2015, "Supervised learning") calls it the selectivity-invariance dilemma: on raw pixels a
shallow classifier can't both tell similar things of different classes apart and put one thing in any pose, before any
background, into one class; and generic kernels, such as the Gaussian one, do not generalise well far from the training
examples. Here are the eight sets of Larochelle et al. (2007), drawn anew from their recipes, in which such a factor varies;
for a linear model, support vector machines with Gaussian and with polynomial kernel, a net with one hidden layer, three
layers pre-trained by plain (SAE-3) and by denoising autoencoders (SDAE-3), and a ConvNet. Then digits of the basic set are
shifted and turned step by step away from where models trained on centred or on jittered digits saw them.

Expected, full budget (10 seeds, one H100, 19 minutes by estimate, the support vector machines' fits aside; not run yet):
about the published errors, and a ConvNet ahead of all models on every set. Hour (5 seeds, 2 cores, 96 minutes, in part with
other work beside, the published numbers of training images, all models on all sets, smaller nets): the Gaussian machine errs
on digits by 2.9 % where 3.0 is published, turned 11.2 (11.1), on noise 15.6 (14.6), on photographs 17 (23), both 51 (55), on
convex shapes 12 (19), on rectangles, plain 4.1 (2.2) and with photographs 28 (24), where its C is the least of its grid. So
photographs behind digits and convex shapes are easier here; how the other sets compare with the originals depends on whom
one asks: on turned digits the net of one layer errs less than the published one, plain stacks more. The ConvNet is ahead of
all models on every set, of the Gaussian machine by 1.4 to 33 points, and loses fewer points to each factor than it and the
linear model. By factors its error grows more than the linear model's on noise (open with other test examples) and on turned
digits before photographs, about as much on turned digits alone (5.4 times), and more than the machine's on these (3.8
times). Denoising stacks, of 300 units here, are ahead of plain ones on all sets but plain rectangles, by 0.2 points to
eight, and plain ones ahead of one layer on four. Denoising ones beat the Gaussian machine on photographs behind digits,
turned or not, and on convex shapes, and fall behind it on plain and turned digits and on plain rectangles, which is open, as
larger ones, trained longer, may err less; on noise and on rectangles with photographs they are not told apart; the published
ones, wider and tuned for each set, err less on all eight, on convex shapes, plain rectangles and plain digits within what is
published as their uncertainty. All models but the linear one stand more in the published order than not (Kendall's tau 0.52
on average over sets), half of it by pairs with the net of one layer, which is last on all sets in the published table and on
four here; machines against stacks, which the claim is about, are not told from chance (0.24). On digits shifted by 4 pixels
the ConvNet errs by 40 points less than the Gaussian machine if both were trained on centred digits, by 9 if on jittered
ones; jittered training digits help the nets at 2 and 4 pixels and at 45 degrees, the linear model at 4 pixels only,
elsewhere they harm it; digits in place they cost every model much: the ConvNet errs on 4.1 % instead of 1.4, the Gaussian
machine on 9.2 instead of 3.0. Quick budget (3 seeds, 2 cores, some 3 minutes, 1,000 images): a ConvNet ahead of linear model
and machines on four sets, by 0.67 to 39 points, the least of the Gaussian machine on turned digits, which three seeds leave
undecided; from the basic digits to turned ones the linear model's error rises by some 19 points more than the ConvNet's, the
Gaussian machine's by 1.6 less, which the test images do not decide; the ConvNet's grows by a larger factor than the
machine's. With so few images plain stacks are ahead of one layer on turned digits alone, by 2 points, on photographs behind
it, denoising ones no better than plain ones and, which is open, behind the Gaussian machine on all four sets, and the order
is the published one on none of them, rather the reverse on photographs. Digits shifted by 4 pixels, or jittered ones turned
by 45 degrees: the ConvNet errs by 15 to 20 points less than the Gaussian machine; trained on centred digits, which does
better on turned ones stays undecided. Jittered training digits help the nets, and the linear model at 4 pixels only.
"""

import itertools

import numpy as np

from zoo.datasets import describe
from zoo.reproductions.evidence.model_order import shared_errors, tau_over_seeds
from zoo.reproductions.evidence.rises import rises_more
from zoo.reproductions.harness import Ladder, Published, Trial, check, paired_difference
from zoo.reproductions.harness.losses import row_costs
from zoo.reproductions.harness.published import published_value
from zoo.reproductions.harness.runs import lines_of
from zoo.reproductions.harness.statistics import Interval, mean_interval
from zoo.reproductions.trainers.label_rows import weights_of_full
from zoo.reproductions.trainers.selectivity import (
    ERROR, SAMPLES, moved_metric, train_on_digits_in_place, train_on_set, turned_metric,
)

SEEDS = {"hour": 5, "full": 10}
BASIC, ROT = "mnist_basic", "mnist_rot"
DIGITS = (BASIC, ROT, "mnist_bg_rand", "mnist_bg_img", "mnist_rot_bg_img")
SETS = (*DIGITS, "rectangles", "rectangles_img", "convex")
QUICK = (BASIC, ROT, "mnist_bg_img", "rectangles")  # the sets that the deeper nets see in a quick run

LINEAR, RBF, POLYNOMIAL = ("linear", "softmax"), ("kernel_machine", "RBF SVM"), ("kernel_machine", "polynomial SVM")
NNET, CONVNET = ("mlp", "NNet, one hidden layer"), ("convnet", "ConvNet")
SAE, SDAE = ("autoencoder_stack", "SAE-3"), ("autoencoder_stack", "SDAE-3")
MODELS = (LINEAR, RBF, POLYNOMIAL, NNET, SAE, SDAE, CONVNET)
CHEAP = (LINEAR, RBF, POLYNOMIAL)
NOISE = {SAE: {"corruption": None, "level": 0.0}, SDAE: {"corruption": "masking", "level": 0.25}}
COST = {LINEAR: 1, RBF: 1, POLYNOMIAL: 1, NNET: 2, SAE: 4, SDAE: 4, CONVNET: 6}

CENTRED, JITTERED = "centred", "jittered"
MOVED = (LINEAR, RBF, NNET, CONVNET)
SHIFTS, ANGLES = tuple(range(9)), tuple(range(0, 91, 15))
JITTER = [4, 45]  # pixels, degrees
RANKED = 5  # models that an order is made of, at least
TAU = "kendalls_tau_of_errors"
PLACE = 2
HEADLINES = (
    "from mnist_basic to mnist_rot: softmax loses more than ConvNet",
    "from mnist_basic to mnist_rot: softmax's error grows by a larger factor than ConvNet's",
    "from mnist_basic to mnist_rot: RBF SVM loses more than ConvNet",
    "from mnist_basic to mnist_rot: RBF SVM's error grows by a larger factor than ConvNet's",
    "mnist_rot: ConvNet beats softmax",
    "mnist_rot: ConvNet beats RBF SVM",
    "mnist_bg_img: ConvNet beats RBF SVM",
    "mnist_rot: SDAE-3 beats RBF SVM",
    "mnist_bg_img: SDAE-3 beats RBF SVM",
    "kernels and stacks stand in the published order more than against it",
)
PROTOCOL = """
Every model is tuned on validation alone, nets with 3 settings in the quick budget, 4 in the hour and 5 in the full one,
machines with 3 in the quick one and 20 in the hour and in the full one (the published search, as recalled, went over more
decades, and then finer), where what was chosen has rows. The test split is used once, for the chosen one. Full and hour: the
published numbers of images to train on and to validate; hour: the first 10,000 test images. Quick: the first 1,000 training
images (all that rectangles has), 1,000 for validation (rectangles: its 200) and 2,000 for testing; the linear model and the
machines see all eight sets, the others four. Hour and full: all models see all sets. Nets: step sizes of Adam under a cosine
decay, the one whose seeds err least, in the epoch that validates best: 0.003, 0.01 and 0.03; hour: 0.1 too for ConvNets,
0.001 for others, and for stacks 0.0003 instead of 0.03; full: 0.001 for all, and 0.1 for ConvNets, 0.0003 for others.
Gaussian kernel exp(-g |a - b|^2): C = 10, and g is 0.25, 1 or 2 over the number of pixels times their variance; hour, full:
C = 1, 10, 100 or 1,000, g 0.5, 1, 2, 4 or 8; polynomial kernel (1 + g a.b)^d: g is 1 in that unit, C = 1, d is 2, 3 or 5;
hour, full: C = 0.001, 0.01, 0.1 or 1, d 2, 3, 4, 6 or 8. The rows of chosen gammas have the multiple. Machines draw nothing
at random, so they have one value. seconds: a machine's are those of all the fits of its search, on all cores, a net's a
seed's share of the population that trains every seed in every step size; at the hour other work ran beside some of them.
NNet, SAE-3 and SDAE-3 have sigmoid units, as published: 300 in the one layer (full: 1,000), 200 in each of three (hour: 300,
full: 1,000). Each layer of the stacks first learns, without labels, to reconstruct what comes from below, 10 times through
the images (hour: 15, full: 30), for SDAE-3 with a quarter of that set to 0. Then come 20 epochs (full: 30) with labels.
ConvNet: two convolutions of 5x5, max-pooling, batch normalisation, rectified units, a linear classifier; quick 6 and 12
filters and 6 epochs; hour 8 and 16 filters, 64 units above them, dropout of 0.3, 8 epochs; full 32 and 64 filters, 256 units
above them, dropout of 0.3, 30 epochs. Batches of 25 (hour: 50, full: 128, but 25 of rectangles). In the published table
units, noise and more were tuned for each set, and there is no ConvNet. Our sets follow the published recipes but for what
their own pages say: 8 photographs where there were 20, and other parameters of the convex shapes. Moved digits: mnist_basic
on a black canvas of 36x36 pixels, which cuts nothing off up to 4 pixels, and 1 % of the ink at 8; test digits go up, down,
left or right, and turn this way or that, by the same draw for every model; quick 1,000 of them, hour 4,000, full 10,000.
Jittered: every training and validation digit is turned by up to 45 degrees and moved by up to 4 pixels both ways, once, so
that there are no more of them than centred ones. Not untouched: a first try of the quick nets, more epochs and filters and
1,500 images, printed test errors on mnist_basic and mnist_rot beside validation errors, and a quick run came before this
one, with more images for validation and for moved test digits; an hour of 3,000 images, with the quick grids, batches of 25
and 8 epochs of the ConvNet, had been run and its test errors seen before this hour, and those with three step sizes before
0.001 came in for all nets. In the hour before this one ends of grids had been chosen, most by denoising stacks (the least
step size, on four sets), by ConvNets (the largest, on four) and by the polynomial machine (the least C, on seven): these
grids, and those of the Gaussian machine, were moved or went further, ConvNets got 8 epochs instead of 6 (stacks had 0.03
until then, which none of them took on any set; that some now take the largest of theirs, 0.01, is no sign that they want
more), and both sets of rectangles were drawn anew, of which the plain ones had been smaller in the test than in training,
when that hour's test errors had been seen. The order of models that is held against the published one had the linear model
in it, in first tables, and was judged on each set, where five models are too few; that kernels and stacks alone are asked
for, beside a net of one layer that is published as the last everywhere, came in after a reader's remark; denoising stacks
are held against the Gaussian machine, and rises of errors compared by factors beside points, since results were known, and
what test images may make decides nothing against a machine, either. What was cut was cut for time, the same for all models;
the machines' quick grids were set on validation. And ConvNets of former runs had been trained, and tested, with gradients
that came out wrong now and then (see zoo/training/groups.py), in the settings of that time. A stack smaller than full's that
is behind decides nothing (since a reader saw it): on turned digits linear probes on the top layer of denoising stacks
trained several times as long, in linear_separability, err on 11.7 % with 500 units (hour, the same test images) and on 10.5
with 1,000 (full, all test images), the Gaussian machine here on 11.2. Eight epochs of the ConvNet may still be too few on
harder sets, by which its error would grow by a larger factor.
"""


def trials(budget):
    """Every model on its sets, then four of them on centred and on jittered digits; smoke has scikit-learn's small digits."""
    size = budget.choose(
        smoke={"n_train": 300, "n_validation": 150, "n_test": 150},
        quick={"n_train": 1000, "n_validation": 1000, "n_test": 2000},
        hour={"n_train": None, "n_validation": None, "n_test": 10_000},
        full={"n_train": None, "n_validation": None, "n_test": None},
    )
    for dataset in budget.choose(smoke=("digits",), quick=SETS, hour=SETS, full=SETS):
        quick = MODELS if dataset in QUICK else CHEAP
        for row in budget.choose(smoke=(LINEAR, RBF, POLYNOMIAL, NNET, CONVNET), quick=quick, hour=MODELS, full=MODELS):
            recipe = size | _recipe(budget, row, dataset) | {"samples": row == LINEAR}
            yield Trial(dataset, *row, _seeds(budget, row), train_on_set, recipe, COST[row], leaves=recipe["samples"])
    steps = budget.choose(smoke=((0, 2), (0, 45)), quick=(SHIFTS, ANGLES), hour=(SHIFTS, ANGLES), full=(SHIFTS, ANGLES))
    n_test = budget.choose(smoke=150, quick=1000, hour=4000, full=10_000)
    size |= {"n_test": n_test, "shifts": [*steps[0]], "angles": [*steps[1]]}
    moved = budget.choose(smoke=(RBF, NNET), quick=MOVED, hour=MOVED, full=MOVED)
    dataset = budget.choose(smoke="digits", quick=BASIC, hour=BASIC, full=BASIC)
    for row, kind in itertools.product(moved, (CENTRED, JITTERED)):
        recipe = size | _recipe(budget, row, dataset) | {"jitter": JITTER if kind == JITTERED else None}
        yield Trial(dataset, *on_digits(row, kind), _seeds(budget, row), train_on_digits_in_place, recipe, 2 * COST[row])


def on_digits(row, kind):
    """(model, setting) of a model trained on centred or jittered digits."""
    return row[0], f"{row[1]}, {kind} digits"


def _seeds(budget, row):
    return budget.seeds[:1] if row in (RBF, POLYNOMIAL) else budget.seeds


def _recipe(budget, row, dataset):
    """What a model is tuned and trained with: the same on every set, but for small batches where there are few images."""
    if row == RBF:
        slack = _tried(budget, [10], [1, 10, 100, 1000])
        gammas = _tried(budget, [0.25, 1, 2], [0.5, 1, 2, 4, 8])
        return {"kernel": "rbf", "grid": [{"C": c, "gamma": gamma} for c in slack for gamma in gammas]}
    if row == POLYNOMIAL:
        slack = _tried(budget, [1], [0.001, 0.01, 0.1, 1])
        degrees = _tried(budget, [2, 3, 5], [2, 3, 4, 6, 8])
        return {"kernel": "polynomial", "grid": [{"C": c, "gamma": 1, "degree": degree} for c in slack for degree in degrees]}
    wide = budget.choose(smoke=16, quick=200, hour=300, full=1000)
    convnet = budget.choose(
        smoke={"blocks": [[4], [8]], "kernel": 3, "dense": 0, "dropout": 0},
        quick={"blocks": [[6], [12]], "kernel": 5, "dense": 0, "dropout": 0},
        hour={"blocks": [[8], [16]], "kernel": 5, "dense": 64, "dropout": 0.3},
        full={"blocks": [[32], [64]], "kernel": 5, "dense": 256, "dropout": 0.3},
    )
    sigmoid = {"activation": "sigmoid", "dropout": 0, "input_dropout": 0}
    nnet = sigmoid | {"widths": [budget.choose(smoke=16, quick=300, hour=300, full=1000)]}
    options = {LINEAR: {}, NNET: nnet, SAE: {"widths": [wide] * 3}, SDAE: {"widths": [wide] * 3}, CONVNET: convnet}
    passes = {"epochs": budget.choose(smoke=2, quick=10, hour=15, full=30), "learning_rate": 1e-3}
    epochs = budget.choose(smoke=4, quick=20, hour=20, full=30)
    if row == CONVNET:  # an epoch of it costs a processor ten times as much
        epochs = budget.choose(smoke=4, quick=6, hour=8, full=30)
    return {
        "options": options[row],
        "pretraining": NOISE[row] | passes if row in NOISE else None,
        "rates": _rates(budget, row),
        "epochs": epochs,
        "batch_size": 25 if dataset == "rectangles" else budget.choose(smoke=25, quick=25, hour=50, full=128),
    }


def _tried(budget, quick, larger):
    """Settings of a machine to try: one of the quick budget's in a smoke run, the larger list at the hour and in full."""
    return budget.choose(smoke=quick[:2][-1:], quick=quick, hour=larger, full=larger)


def _rates(budget, row):
    """Step sizes of Adam to try, as many for every net: hour and full go further up for ConvNets, the hour down for stacks."""
    rates = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]
    first = 2 if row == CONVNET else 0 if row in NOISE else 1
    return budget.choose(smoke=rates[3:4], quick=rates[2:5], hour=rates[first:][:4], full=rates[first // 2 :][:5])


def judge(runs):
    """Who beats whom on each set, how the order compares with the published one, what a factor costs; then moved digits."""
    checks = []
    for dataset in runs.dataset.unique():
        pairs = [(CONVNET, rival) for rival in MODELS if rival != CONVNET] + [(SDAE, SAE), (SAE, NNET), (SDAE, RBF)]
        for better, worse in pairs:
            rows = [(dataset, *row) for row in (better, worse)]
            small = _smaller(runs, rows[0]) if (better, worse) == (SDAE, RBF) else ""
            checks += _beats(runs, rows, ERROR, f"{dataset}: {better[1]} beats {worse[1]}", small)
    for factor, shallow in itertools.product(DIGITS[1:], (LINEAR, RBF)):
        rows = [[(dataset, *row) for dataset in (BASIC, factor)] for row in (shallow, CONVNET)]
        checks += _loses_more(runs, *rows, [ERROR] * 2, f"from {BASIC} to {factor}", shallow[1])
    return checks + _judge_order(runs) + _judge_moved(runs)


def _judge_moved(runs):
    """ConvNet against Gaussian kernel on digits out of place, and what jitter in training does for each net."""
    checks, dataset = [], runs.dataset.iloc[0]
    places = {moved_metric(2): "2 px away", moved_metric(4): "4 px away", turned_metric(45): "turned by 45 degrees"}
    for (metric, place), kind in itertools.product(places.items(), (CENTRED, JITTERED)):
        rows = [(dataset, *on_digits(row, kind)) for row in (CONVNET, RBF)]
        checks += _beats(runs, rows, metric, f"digits {place}, models of {kind} ones: ConvNet beats RBF SVM")
    for (metric, place), row in itertools.product(places.items(), (LINEAR, NNET, CONVNET)):
        rows = [(dataset, *on_digits(row, kind)) for kind in (JITTERED, CENTRED)]
        checks += _beats(runs, rows, metric, f"digits {place}: {row[1]} of jittered ones beats that of centred ones")
    rows = [[(dataset, *on_digits(row, CENTRED))] * 2 for row in (RBF, CONVNET)]
    metrics = moved_metric(0), moved_metric(2)
    return checks + _loses_more(runs, *rows, metrics, "from digits in place to 2 px away", RBF[1])


def _beats(runs, rows, metric, name, handicap=""):
    """The check that the first of two rows errs less, [] where the runs do not have both."""
    if shared_errors(runs, rows, [metric] * 2) is None:
        return []
    return [paired_difference(runs, better=rows[0], worse=rows[1], metric=metric, name=name, handicap=handicap)]


def _smaller(runs, row):
    """Why a stack may be behind: a larger one that is trained longer errs less, as linear_separability has it; "" of full size."""
    weights = lines_of(runs, row).get("parameters", default=np.array([np.nan])).max()
    whole = weights_of_full(3, describe(row[0]).classes)
    said = f"it has {weights:,.0f} weights, the full budget's {whole:,}, and a larger one, trained longer, may err less"
    return said if weights < whole else ""


def _taus(runs, pairs=None):
    """{data set: Interval of the tau of ours with the published order}, see tau_over_seeds, where RANKED models ran, or those
    of the pairs. Without the linear model: nobody doubts its place.
    """
    taus, models = {}, [row for row in MODELS if row != LINEAR and (pairs is None or any(row in pair for pair in pairs))]
    for dataset in runs.dataset.unique():
        known = [row for row in models if (dataset, *row) in PUBLISHED]
        ran = [row for row in known if shared_errors(runs, [(dataset, *row)], [ERROR]) is not None]
        if len(ran) >= min(RANKED, len(models)):
            rows, places = [(dataset, *row) for row in ran], pairs and [tuple(map(ran.index, pair)) for pair in pairs]
            taus[dataset] = tau_over_seeds(runs, rows, ERROR, [published_error(row) for row in rows], places)
    return taus


def summarise(runs):
    """Seconds of tuning and training; how far the models of a set stand in the published order: Kendall's tau, 1 to -1."""
    tested = runs[runs.metric == ERROR]
    for row, lines in tested.groupby(["dataset", "model", "setting"], sort=False):
        yield row, "seconds", Interval(lines.seconds.mean(), np.nan, np.nan, len(lines))  # of a seed: a share of its population's
    for dataset, interval in _taus(runs).items():
        yield (dataset, "all", "against the published"), TAU, interval


def _judge_order(runs):
    """That models stand in the published order more than against it, on the average over sets: generic kernels and learnt
    features; and all of them, where one hidden layer is published as the last on every set.

    Not on each set: that seeds agree with each other says nothing of an order of five models, which may well be chance.
    """
    learnt = list(itertools.product((RBF, POLYNOMIAL), (SAE, SDAE)))
    what = "Kendall's tau of our test errors, {}, with the published ones"
    return [
        *_order(_taus(runs, learnt), "kernels and stacks stand", what.format("of pairs of a kernel machine and a stack")),
        *_order(_taus(runs), "models stand", what.format("without the linear model's")),
    ]


def _order(taus, who, what):
    """The check of the mean of taus over sets, [] where there are none."""
    if not taus:
        return []
    mean = mean_interval([interval.estimate for interval in taus.values()])
    lost = [dataset for dataset, interval in taus.items() if np.isnan(interval.estimate)]
    left = f" (left out, for too many seeds diverged: {', '.join(lost)})" if lost else ""
    sentence = f"{what}, its mean over {mean.n} sets, taken as independent{left}"
    return [check(f"{who} in the published order more than against it", mean, "(tau)", sentence, above=0)]


def _loses_more(runs, fragile, robust, metrics, where, who):
    """That errors rise more from one row (or metric) to the next for one model than for the other; [] where one is missing."""
    errors = shared_errors(runs, [*fragile, *robust], [*metrics, *metrics])
    if errors is None:
        return []
    trained = runs.groupby(["dataset", "model", "setting"]).seed.nunique()
    seeds = min((n for row in (*fragile, *robust) if (n := trained[row]) > 1), default=None)  # a machine has one value for all
    single = any(trained[row] == 1 for row in fragile)
    examples = [lines_of(runs, row).get("n_test", default=np.array([np.nan])).min() for row in (*fragile, *robust)]
    tested = np.min(examples) if single else None  # NaN where a row does not say
    rows = [*fragile, *robust]
    known = [row_costs(runs, row, metric) for row, metric in zip(rows, [*metrics, *metrics], strict=True)]
    known = None if None in known or len({costs.each.shape[1] for costs in known}) > 1 else known
    same = len({row[0] for row in rows}) == 1 or all(row[0] in DIGITS for row in rows)  # which show the same digits
    return rises_more(list(errors.values()), where, who, CONVNET[1], seeds, tested, known, same)


def ladders(runs, trials):
    """On each set a linear classifier against one hidden layer and three that were pre-trained as denoising autoencoders."""
    for dataset in SETS:
        rungs = {"none": LINEAR, "1": NNET, "3": SDAE}
        yield Ladder("fully connected, the three pre-trained", {layers: (dataset, *row) for layers, row in rungs.items()})


def draw(runs):
    """Errors on every set, ours as dots and the published as diamonds; below, error against shift and against rotation."""
    from matplotlib.figure import Figure

    from zoo.reproductions.evidence.selectivity_pictures import draw_curves, draw_sets

    tested = runs[runs.metric == ERROR]
    datasets = list(tested.dataset.unique())
    errors = {row[1]: {dataset: lines_of(tested, (dataset, *row)).value for dataset in datasets} for row in MODELS}
    published = {
        row[1]: {name: published_error((name, *row)) for name in datasets if (name, *row) in PUBLISHED} for row in MODELS
    }
    figure = Figure(figsize=(13, 9.5))
    upper, lower = figure.subfigures(2, 1, height_ratios=(1.1, 1))
    draw_sets(upper.subplots(), errors, published)
    panels = lower.subplots(1, 2, sharey=True)
    for axes, metric, what in zip(panels, (moved_metric, turned_metric), (("shift", "pixels"), ("rotation", "degrees"))):
        draw_curves(axes, _curves(runs, metric))
        axes.set_xlabel(f"{what[0]} of the test digits of {BASIC}, {what[1]}; bands: all seeds")
    panels[0].set_ylabel("test error, %")
    panels[1].legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _curves(runs, metric):
    """[(label, colour, line style, {shift or angle: errors})] of the models that were tested on moved digits."""
    found = []
    for row, kind in itertools.product(MOVED, (CENTRED, JITTERED)):
        model, setting = on_digits(row, kind)
        lines = runs[(runs.model == model) & (runs.setting == setting)].groupby("metric").value
        curve = {n: lines.get_group(metric(n)) for n in sorted({*SHIFTS, *ANGLES}) if metric(n) in lines.groups}
        found.append((f"{row[1]}, {kind}", f"C{MODELS.index(row)}", "-" if kind == CENTRED else "--", curve))
    return found


def illustrate(files):
    """The first training images of every set."""
    from zoo.reproductions.evidence.selectivity_pictures import first_images
    from zoo.reproductions.trainers.arrays import unpacked

    left = {row[0]: unpacked(found[SAMPLES])["images"] for row, found in files.items() if SAMPLES in found}
    return {"samples.png": first_images(left)}


def published_error(row):
    """The published test error in percent that a row (dataset, model, setting) of ours is held against."""
    return published_value("selectivity_invariance", PUBLISHED, row, ERROR)


def _published():
    sizes = {"rectangles": "1000/200/50000", "convex": "6000/2000/50000"}
    names = {
        RBF: "SVM, rbf", POLYNOMIAL: "SVM, polynomial", NNET: "one-hidden-layer NNet",
        SAE: "stacked autoencoder, 3 layers", SDAE: "stacked denoising autoencoder, 3 layers",
    }
    ours = "our equivalent of the set; quick trains on 1,000 images of it"
    relatives = {NNET: "DBN-1", SDAE: "DBN-3"}
    found = {}
    for dataset, (row, name) in itertools.product(SETS, names.items()):
        size = sizes.get(dataset, "10000/2000/50000")
        found[dataset, *row] = [Published(name, size, ours)]
        if row in relatives:  # the rest of the published table, which has no counterpart here
            other = f"restricted Boltzmann machines, pre-trained, of as many layers; {ours}"
            found[dataset, *row].append(Published(relatives[row], size, other))
    note = f"a linear SVM there; {ours}"
    linear = Published("linear SVM on input", "raw pixels", note, topic="linear_separability")
    return found | {(dataset, *LINEAR): linear for dataset in DIGITS}


PUBLISHED = _published()

"""To tell what matters while ignoring pose and background takes more than linear classifiers or generic kernels.

The review (LeCun, Bengio & Hinton 2015, "Supervised learning") calls it the selectivity-invariance dilemma: on raw pixels, a
shallow classifier cannot both separate similar things of different classes and map one thing in any pose, on any background,
to one class, and generic kernels, such as the Gaussian one, do not generalize well far from the training examples. Here are
the eight data sets of Larochelle et al. (2007), generated anew from their recipes, for a linear model, Gaussian and
polynomial SVMs, a net with one hidden layer, three layers pre-trained as plain (SAE-3) or denoising autoencoders (SDAE-3),
and a ConvNet. Then four of them meet digits shifted and rotated away from where they were trained.

Expected (quick: 3 seeds, 3 minutes on 2 cores; hour: 5 seeds, 96 minutes on 2 cores; full: 10 seeds, 19 minutes of one H100
by estimate, the SVMs' fits aside, not run yet). Hour, where not said otherwise:

- The ConvNet errs less than all other models on all eight sets, than the Gaussian SVM by 1.4 to 33 points.
- Each factor of variation costs the ConvNet fewer points than the linear model and the SVM. By ratio of errors four of eight
  comparisons say so and one is open; in three the ConvNet's error grows by the larger factor (rotated digits: 5.4 times, the
  SVM's 3.8), undecided for so small a ConvNet. With other test examples three say so, two the opposite (undecided, too).
- Stacks against kernels are mixed: SDAE-3 beats the Gaussian SVM on three sets and is behind on three, by 0.5 to 2.7 points,
  which larger stacks might change. Whether they keep their published order is undecided (Kendall's tau 0.24).
- SDAE-3 beats SAE-3 on seven sets of eight. On digits shifted by 4 pixels the ConvNet errs by 40 points less than the
  Gaussian SVM, by 9 after jittered training.
- Quick (1,000 images): the ConvNet beats the Gaussian SVM on three of four sets, undecided on rotated digits; SDAE-3 is
  behind it on all four, which decides nothing for nets so small.
"""

import itertools

import numpy as np

from zoo.datasets import describe
from zoo.reproductions.evidence.label_rows import weights_of_full
from zoo.reproductions.evidence.model_order import shared_errors, tau_over_seeds
from zoo.reproductions.evidence.rises import rises_more
from zoo.reproductions.harness import Ladder, Published, Trial, check, paired_difference
from zoo.reproductions.harness.losses import row_costs
from zoo.reproductions.harness.published import published_value
from zoo.reproductions.harness.runs import lines_of
from zoo.reproductions.harness.sizes import smaller
from zoo.reproductions.harness.statistics import Interval, mean_interval
from zoo.reproductions.trainers.moved_digits import BORDER
from zoo.reproductions.trainers.selectivity import (
    ERROR,
    SAMPLES,
    moved_metric,
    train_on_digits_in_place,
    train_on_set,
    turned_metric,
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
ORDERED = (RBF, POLYNOMIAL, NNET, SAE, SDAE)  # published on all sets; nobody doubts the linear model's place
NOISE = {SAE: {"corruption": None, "level": 0.0}, SDAE: {"corruption": "masking", "level": 0.25}}
COST = {LINEAR: 1, RBF: 1, POLYNOMIAL: 1, NNET: 2, SAE: 4, SDAE: 4, CONVNET: 6}

CENTRED, JITTERED = "centred", "jittered"
MOVED = (LINEAR, RBF, NNET, CONVNET)
SHIFTS, ANGLES = tuple(range(9)), tuple(range(0, 91, 15))
JITTER = [4, 45]  # pixels, degrees
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
**Data.** The published recipes, except that photographs are 8 instead of 20 and the convex shapes have other parameters.

- quick: the first 1,000 training images, 1,000 for validation (rectangles: its 200), 2,000 for testing; nets see four of the
  sets, the linear model and SVMs all eight.
- hour, full: the published numbers of training and validation images; hour tests on the first 10,000.

For moved digits `mnist_basic` lies on a canvas of 36x36 pixels, which cuts off nothing up to 4 pixels, 1 % of the ink at 8.
Directions are drawn once for all models. Jittered training digits are rotated by up to 45 degrees and shifted by up to 4
pixels, once each, so that there are no more of them.

**Models.** NNet, SAE-3 and SDAE-3 have sigmoid units: 300 in the one layer (full: 1,000), 200 in each of three (hour: 300,
full: 1,000). Stacks are pre-trained layer by layer for 10 epochs (hour: 15, full: 30), SDAE-3 with a quarter of its inputs
set to 0. The ConvNet has two 5x5 convolutions with max-pooling and batch normalization; from hour on, a dense layer and
dropout.

**Training.** Adam with cosine decay. Nets get 20 epochs with labels (full: 30), ConvNets 6 (hour: 8, full: 30).

**Tuning.** On validation data only; the test split is used once, for the chosen setting. The published search covered, as
recalled, more decades, and the published nets were tuned in units, noise and more for each set.

- Nets and linear model: 3 learning rates, 0.003 to 0.03 (hour: 4, 0.0003 to 0.01 for stacks, 0.003 to 0.1 for ConvNets,
  0.001 to 0.03 for others; full: 5, 0.001 to 0.1 for ConvNets, 0.0003 to 0.03 for others), and the epoch.
- Gaussian SVM: C 10, gamma 0.25 to 2 over the number of pixels times their variance (from hour on C 1 to 1,000, gamma 0.5 to
  8).
- Polynomial SVM: C 1, degree 2, 3 or 5 (from hour on C 0.001 to 1, degree 2 to 8). SVMs have 3 settings, from hour on 20;
  quick's were set on validation.

**Measures.** SVMs are deterministic and have one value. `seconds` of an SVM include all fits of its search; of a net they
are a seed's share of its population, at the hour partly beside other work.

**Checks.** A stack or ConvNet smaller than full's decides nothing where it is behind the linear model or an SVM, be it in
errors or in what a factor costs: a larger one, trained longer, may err less. Nor does a lead over an SVM that test images
alone may make. Orders of models are judged over sets, without the linear model and the ConvNet.

**Limits.** The published table has no ConvNet; a later plain one errs on 5.03 % of rotated digits, one whose filters turn on
2.28, ours at the hour on 8.17. Dense nets have sigmoid units and neither batch normalization nor dropout, the ConvNet
rectified ones and both (quick: no dropout), so that the gap between them is not of convolution alone. Photographs behind
digits and convex shapes are easier here; rectangles are harder: at the hour (published in brackets) the Gaussian SVM errs on
4.06 % (2.15), the polynomial one on 5.58 (2.15), SAE-3 on 6.72 (2.41), on photographs the Gaussian SVM on 27.65 (24.04). All
models were cut for time alike. Eight epochs (1,600 updates) may be too few for the ConvNet on harder sets, which would
inflate its ratio of errors. Of the agreement with the published order (tau 0.52), half is due to the net of one layer,
published as last everywhere.

**Changed after seeing results.**

- Quick: a first try of the nets printed test errors, and an earlier run had more images for validation and moved digits.
- Hour: an earlier run had 3,000 images and quick's grids; 0.001 then joined all nets' learning rates. In the next one,
  chosen settings lay at ends of grids, so those of stacks, ConvNets and SVMs were moved or extended, stacks gave up 0.03,
  which none had taken, ConvNets got 8 epochs instead of 6, and both rectangle sets were drawn anew (the plain ones had been
  smaller in test than in training).
- The order first included the linear model and was judged per set; kernels against stacks alone came on a reader's remark.
- SDAE-3 against the Gaussian SVM, ratios of errors and the rules under Checks came after results. That on small nets was
  first for SDAE-3 alone; for ConvNets it came on a reader's remark and made ratios of errors undecided that had been
  contradicted, three at the hour and one at quick.
- Earlier ConvNets were trained with gradients that were wrong at times (`zoo/training/groups.py`), in the settings of that
  time.
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
            checks += _beats(runs, rows, ERROR, f"{dataset}: {better[1]} beats {worse[1]}", small=worse in CHEAP)
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
        checks += _beats(runs, rows, metric, f"digits {place}, models of {kind} ones: ConvNet beats RBF SVM", small=True)
    for (metric, place), row in itertools.product(places.items(), (LINEAR, NNET, CONVNET)):
        rows = [(dataset, *on_digits(row, kind)) for kind in (JITTERED, CENTRED)]
        checks += _beats(runs, rows, metric, f"digits {place}: {row[1]} of jittered ones beats that of centred ones")
    rows = [[(dataset, *on_digits(row, CENTRED))] * 2 for row in (RBF, CONVNET)]
    metrics = moved_metric(0), moved_metric(2)
    return checks + _loses_more(runs, *rows, metrics, "from digits in place to 2 px away", RBF[1])


def _beats(runs, rows, metric, name, small=False):
    """The check that the first of two rows errs less, [] where the runs do not have both. small: whether it matters that the
    first may be smaller than the full budget's.
    """
    if shared_errors(runs, rows, [metric] * 2) is None:
        return []
    handicap = _smaller(runs, rows[0]) if small else ""
    return [paired_difference(runs, better=rows[0], worse=rows[1], metric=metric, name=name, handicap=handicap)]


def _smaller(runs, row):
    """Why a stack or a ConvNet may be behind, "" for one of full size."""
    classes, side = describe(row[0]).classes, 28 + 2 * BORDER * row[2].endswith("digits")
    return smaller(runs, row, _full_convnet(side, classes) if row[1] == CONVNET[0] else weights_of_full(3, classes))


def _full_convnet(side, classes):
    """How many weights the full budget's ConvNet has on images of so many pixels a side, see _recipe."""
    first, second, dense = 32, 64, 256
    convolutions = 25 * first + 25 * first * second + (side // 4) ** 2 * second * dense
    return convolutions + 4 * (first + second + dense) + (dense + 1) * classes


def _taus(runs, pairs=None):
    """{data set: Interval of the tau of ours with the published order}, see tau_over_seeds, where all of ORDERED ran, or those
    of the pairs.
    """
    taus, models = {}, [row for row in ORDERED if pairs is None or any(row in pair for pair in pairs)]
    for dataset in runs.dataset.unique():
        known = [row for row in models if (dataset, *row) in PUBLISHED]
        ran = [row for row in known if shared_errors(runs, [(dataset, *row)], [ERROR]) is not None]
        if len(ran) == len(models):
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
    small = _smaller(runs, robust[0])
    return rises_more(list(errors.values()), where, who, CONVNET[1], seeds, tested, known, same, small)


def ladders(runs, trials):
    """On each set a linear classifier against one hidden layer and three that were pre-trained as denoising autoencoders."""
    for dataset in SETS:
        rungs = {"none": LINEAR, "1": NNET, "3": SDAE}
        yield Ladder("fully connected; that of 3 layers is pre-trained", {layers: (dataset, *row) for layers, row in rungs.items()})


def draw(runs):
    """Errors on every set, ours as dots and the published as diamonds; below, error against shift and against rotation."""
    from matplotlib.figure import Figure

    from zoo.reproductions.evidence.selectivity_pictures import draw_curves, draw_sets

    tested = runs[runs.metric == ERROR]
    datasets = list(tested.dataset.unique())
    errors = {row[1]: {dataset: lines_of(tested, (dataset, *row)).value for dataset in datasets} for row in MODELS}
    published = {row[1]: {name: published_error((name, *row)) for name in datasets if (name, *row) in PUBLISHED} for row in MODELS}
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
        RBF: "SVM, rbf",
        POLYNOMIAL: "SVM, polynomial",
        NNET: "one-hidden-layer NNet",
        SAE: "stacked autoencoder, 3 layers",
        SDAE: "stacked denoising autoencoder, 3 layers",
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
    turned = {
        "ConvNet (Z2CNN)": "seven layers of convolutions",
        "ConvNet, convolutions that turn, too (P4CNN)": "four orientations of each filter",
        "transformation-invariant RBM": "no ConvNet, but a restricted Boltzmann machine with rotated filters",
    }
    found[ROT, *CONVNET] = [Published(name, "10000/2000/50000", f"{what}; {ours}") for name, what in turned.items()]
    note = f"a linear SVM there; {ours}"
    linear = Published("linear SVM on input", "raw pixels", note, topic="linear_separability")
    return found | {(dataset, *LINEAR): linear for dataset in DIGITS}


PUBLISHED = _published()

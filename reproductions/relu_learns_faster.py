"""Nets of many layers learn faster with rectified linear units than with smooth ones.

The review (LeCun, Bengio & Hinton 2015, "Backpropagation to train multilayer architectures") says of the ReLU that it
typically learns much faster in nets with many layers than tanh or the logistic sigmoid did. Here fully connected nets of 1
to 8 hidden layers learn MNIST by plain SGD with five activations and three starts (the old uniform one, Glorot & Bengio's
normalised one, He's), sigmoids and softplus from a wider one as well. What is measured is the number of SGD steps to given
training errors, each net in its own step size. Then Krizhevsky, Sutskever & Hinton's Figure 1 (2012): a four-layer ConvNet
on CIFAR-10 to 25 % training error, ReLU against tanh, where they found a ratio of epochs of six. CIFAR-10 has to be at hand:
`zoo data fetch cifar10`, or cifar10_jpeg, a lossy copy that is not the canonical set. With neither, the rest is run and the
verdicts say so.

Expected, full budget (10 seeds, one H100, 15 minutes by estimate, not run yet): sigmoids fall behind with depth, from the
starts that ReLU has, too, until they do not learn at all, from one four times as wide by far less. Hour (5 seeds, 2 cores,
70 minutes: 100 units, 10,000 images, a ConvNet of 34,000 weights on 10,000 images): so it is, and whether sigmoids of many
layers learn at all is up to their start. From the starts that all have those of five layers come to 2 % nowhere and of eight
learn next to nothing; from one four times as wide they take 1.3, 1.3 and 1.6 times the steps of ReLU with 2, 3 and 5 layers,
each unit in its fastest start; with one layer they are not told apart, and with 8 they come to 5 %, though not to 2, and err
on 6.4 % in the end, ReLU on 5.2. Softplus from a start twice as wide takes 1.8, 1.6 and at least 2.2 times ReLU's steps with
2, 3 and 5 layers (with 5 two seeds never come to 2 %), and with 8, in the least step size tried, none comes there. Each in
its fastest start, ReLU is ahead of tanh with two layers and behind it with three and more, ahead of softsign with two and
three. Start by start: with 2 to 5 layers, from the old uniform and from the normalised start, ReLU takes four to seven
tenths of the steps of sigmoids and of softplus, which with 5 and 8 come to 2 % nowhere, and three quarters to nine tenths of
those of softsign; with one layer nothing is decided in these starts. Ahead of tanh it is with 2 layers, and with 3 from the
old start; elsewhere the two are not told apart there. From He's start, which was made for ReLU, it is ahead of tanh with one
layer and with 2; from 3 on tanh is the faster one, with 8 in two thirds of the steps. From the old uniform start and with 8
layers only tanh comes to 2 %, from four seeds of five. In the end, from He's start, the others from the normalised one, ReLU
errs less than all the others with 1 to 3 layers (softplus with one is undecided), with 5 and 8 than all but tanh and, with
8, softsign; than sigmoids and softplus from their wide starts, too, by half a point to two (sigmoids with three layers and
softplus with one are undecided). From He's start for both, where deep nets of tanh and softsign err less, it is not told
apart from tanh with 3 layers and more, nor from softsign with 5 and 8: with 8 they err on 4.5 and 4.7 %, ReLU on 5.2. The
ConvNet gets to 25 % training error a little sooner with tanh, in 7.4 epochs rather than 8.3, where Krizhevsky et al. saw
ReLU take a sixth of tanh's. There, too, fully connected nets come to 60 % training error sooner with tanh, with three layers
in nine tenths of ReLU's steps and with five in eight tenths; softsign is not told apart, softplus takes a third more, from
its wide start a tenth. Five layers of sigmoids learn next to nothing from the old and from the normalised start, and stay at
90 and 89 % of test errors (the latter in the largest step size tried), where 57 are published of the old one; from the wide
one they take 1.4 times ReLU's steps and err on 61 %, ReLU by 1.7 points less. It is told apart from none of tanh, softsign
and softplus in the normalised start, all on 58 to 60; from the old uniform start nets err more, on 61. Published are 51 to
56, of nets ten times as wide on four to five times the images. Quick budget (3 seeds, 2 cores, some 3 minutes: 64 units,
3,000 images, part of the grid, a ConvNet of 11,000 weights on 800 images): from one start for both ReLU is ahead of
sigmoids, the more the deeper, and with five layers these do not come to 5 %; but from a start four times as wide they do,
with one layer, three and five in a number of steps that is not told apart from ReLU's in the normalised start, and with five
in 1.3 times those of ReLU in He's (1.01 to 1.64), which is ahead by that. Softplus with five layers takes twice the steps of
ReLU in the normalised start, from one twice as wide 1.3 times (1.13 to 1.47), 1.5 times those of ReLU in He's. ReLU is ahead
of tanh with one hidden layer only; with three and five tanh takes some eight tenths of the steps from the same start, but
with five, each in its fastest start, they are not told apart; the small ConvNet, too, learns faster with tanh.
"""

import itertools

from zoo.reproductions.harness import Ladder, Published, Trial, check, paired_difference
from zoo.reproductions.harness.runs import by_seed, lines_of, rows_in
from zoo.reproductions.trainers.learning_speed import SLOPES, STARTS, train_convnet, train_mlp

SEEDS = {"hour": 5, "full": 10}
DEPTHS = (1, 2, 3, 5, 8)
ACTIVATIONS = ("relu", "tanh", "sigmoid", "softsign", "softplus")
MADE_FOR = {"relu": "He"} | dict.fromkeys(SLOPES, "scaled")  # the start that is for a unit and not for all others, too
RIVALS = ("tanh", "sigmoid")  # at all depths of the quick budget; the larger ones have all
SCALED = "its rival's scaled"
OWN = "He's start, its rival's normalised"
# The starts of ReLU and of its rival where the two are compared: the same for both, or for each the one made for it.
COMPARISONS = {
    "old uniform start": ("old uniform", "old uniform"),
    "normalised start": ("normalised", "normalised"),
    "He's start": ("He", "He"),
    OWN: ("He", "normalised"),
    f"normalised start, {SCALED}": ("normalised", "scaled"),
    f"He's start, {SCALED}": ("He", "scaled"),
}
IN_THE_END = ("He's start", OWN, f"He's start, {SCALED}")  # where test errors are compared, too
FASTEST = "each in the fastest start tried"
CIFAR = ("cifar10", "cifar10_jpeg")
# Depth, activation and start of the nets on it: those of Glorot's tables, and what they are compared with.
ON_CIFAR = (
    *itertools.product((5,), ("tanh", "softsign", "sigmoid"), ("old uniform", "normalised")),
    *((3, activation, "normalised") for activation in ("relu", "tanh", "softplus")),
    *((depth, "relu", "He") for depth in (3, 5)),
    (5, "sigmoid", "scaled"),
    (3, "softplus", "scaled"),
)
CONVNETS = {"relu": ("convnet", "4 layers, relu"), "tanh": ("convnet", "4 layers, tanh")}
SPEEDUP = "speedup_in_epochs"
PLACE = 5
HEADLINES = (
    "mnist: relu before sigmoid, * hidden, each in the fastest start tried",
    "mnist: relu before tanh, * hidden, each in the fastest start tried",
    "cifar10*: relu before tanh, ConvNet",
)
PROTOCOL = """
Fully connected nets: SGD without momentum or regularisation, in the step size of the grid (0.03 to 10, full: 0.01 to 10; on
CIFAR-10, hour and full, 0.003 to 3) that brings its seeds to the lowest target soonest, on average; the test error is that
in the step size with the lowest validation error. Sigmoids and softplus have a start of their own as well, "scaled": within
the bounds of the normalised one over their slope at 0, a quarter and a half (put in when quick's results and the hour's were
known: a reader had seen that sigmoids were fastest from the start that gives the largest weights). All have the same grid,
batches (quick: 20 images, hour: 50, full: 100), epochs (quick: 14, hour: 15, full: 10) and widths (quick: 64 units, hour:
100, full: 128); quick: 3,000 images, hour: 10,000, full: all. On CIFAR-10 these are the nets with published test errors,
five layers of sigmoids from the normalised start, sigmoids and softplus from the scaled one, and ReLU from its own.
ConvNets: three convolutions with max-pooling and a linear layer (quick: 8, 16 and 32 filters of 3x3, 800 images, batches of
10; hour: 16, 32 and 64 of 3x3, 10,000 images, batches of 40; full: 32, 32 and 64 of 5x5, 45,000 images, batches of 128),
momentum 0.9, no regularisation, He's start for ReLU and the normalised one for tanh, which among the fully connected nets
decides who is faster and in which the published curves were not taken, and the step size that is fastest (hour: 0.01 to
0.08, else 0.005 to 0.04), in which they are tested too. Training errors are the means met during an epoch. A seed that never
comes to a target counts with all the steps that it was given, and the share of seeds that come there has a row: a ratio with
such seeds in its numerator is a lower bound, and its interval is that of the steps so cut off, as of a restricted mean
survival time: what the seeds would have taken in the end is in none. Step sizes lie a factor of three apart (ConvNets: two),
and intervals, over seeds, do not hold what finer ones would change: ratios near 1 may owe to that. Not untouched: the grid
of step sizes was widened after quick runs with a narrower one had been tested. The hour had part of the nets first; the
others, and the comparison of all from He's start, and the fully connected nets on CIFAR-10, whose steps and targets were set
on training errors of another seed, came after its test errors had been seen; last came the comparison of each unit in its
fastest start, the one that brings its seeds to the lowest target soonest, of those that both have and of the one made for
it; and then the hour's scaled starts, 0.003 and 3 among its step sizes on CIFAR-10, and who errs less in the end from He's
start for both. The ConvNets of the hour and of the quick run had been trained, and tested, by a program whose gradients may
have come out wrong now and then (see zoo/training/groups.py), in the same settings: every verdict is the same; quick's have
0.04 since tanh had been fastest in the largest of three step sizes. cifar10_jpeg is a JPEG-compressed copy of CIFAR-10, not
the canonical set. Found by a reader, not run yet: with two layers and more sigmoids, softplus and tanh are fastest in the
widest start that they have, the scaled one or He's, and sigmoids and softplus have none that is wider yet, as He's is for
tanh. In such a one they might take fewer steps, and ReLU, each in its fastest start, be ahead by less.
"""


def setting(depth, activation, start):
    """What the tables call a fully connected net."""
    return f"{depth} layer{'s' if depth > 1 else ''}, {activation}, {start} start"


def trials(budget):
    """A net for every depth, activation and start (quick: some of them), some on CIFAR-10, two ConvNets there (smoke: digits)."""
    return [*_mlps(budget), *_mlps_on_cifar(budget), *_convnets(budget)]


def _mlps(budget):
    dataset = budget.choose(smoke="digits", quick="mnist", hour="mnist", full="mnist")
    size = budget.choose(
        smoke={"n_train": 608, "n_test": 200, "width": 16, "epochs": 6, "batch_size": 16, "targets": [40, 20]},
        quick={"n_train": 3000, "n_test": 10_000, "width": 64, "epochs": 14, "batch_size": 20, "targets": [10, 5]},
        hour={"n_train": 10_000, "n_test": 10_000, "width": 100, "epochs": 15, "batch_size": 50, "targets": [10, 5, 2]},
        full={"n_train": None, "n_test": None, "width": 128, "epochs": 10, "batch_size": 100, "targets": [5, 1]},
    )
    rates = [0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
    rates = budget.choose(smoke=[0.3, 1.0], quick=rates, hour=rates, full=[0.01, *rates])
    some = [*itertools.product((1, 3, 5), ("relu", *RIVALS), ("normalised",))]
    some += [(5, activation, "old uniform") for activation in ("relu", *RIVALS)]
    some += [(5, "relu", "He"), (5, "softsign", "normalised"), (5, "softplus", "normalised")]
    some += [*((depth, "sigmoid", "scaled") for depth in (1, 3, 5)), (5, "softplus", "scaled")]
    few = [(2, activation, "normalised") for activation in ("relu", "tanh")]
    every = [*itertools.product(DEPTHS, ACTIVATIONS, STARTS), *itertools.product(DEPTHS, SLOPES, ["scaled"])]
    grid = budget.choose(smoke=few, quick=some, hour=every, full=every)
    for depth, activation, start in grid:
        recipe = size | {"depth": depth, "activation": activation, "start": start, "rates": rates, "momentum": 0.0}
        yield Trial(dataset, "mlp", setting(depth, activation, start), budget.seeds, train_mlp, recipe, cost=2 + depth)


def _mlps_on_cifar(budget):
    """Where there is time, the nets whose test errors on CIFAR-10 are published, and others from the start made for them."""
    size = budget.choose(
        smoke={},
        quick={},
        hour={"n_train": 10_000, "n_test": 10_000, "width": 100, "epochs": 15, "batch_size": 50, "targets": [70, 60]},
        full={"n_train": None, "n_test": None, "width": 128, "epochs": 10, "batch_size": 100, "targets": [60, 50]},
    )
    rates = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
    nets = budget.choose(smoke=(), quick=(), hour=ON_CIFAR, full=ON_CIFAR)
    for dataset, (depth, activation, start) in itertools.product(CIFAR, nets):
        recipe = size | {"depth": depth, "activation": activation, "start": start, "rates": rates, "momentum": 0.0}
        name = setting(depth, activation, start)
        yield Trial(dataset, "mlp", name, budget.seeds, train_mlp, recipe, cost=6 + depth, optional=True)


def _convnets(budget):
    size = budget.choose(
        smoke={"n_train": 400, "n_test": 200, "options": {"blocks": [[4], [8]]}},
        quick={"n_train": 800, "n_test": 1000, "options": {"blocks": [[8], [16], [32]]}},
        hour={"n_train": 10_000, "n_test": 10_000, "options": {"blocks": [[16], [32], [64]]}},
        full={"n_train": None, "n_test": None, "options": {"blocks": [[32], [32], [64]], "kernel": 5}},
    )
    learning = budget.choose(
        smoke={"epochs": 8, "batch_size": 16, "rates": [0.05]},
        quick={"epochs": 15, "batch_size": 10, "rates": [0.005, 0.01, 0.02, 0.04]},
        hour={"epochs": 15, "batch_size": 40, "rates": [0.01, 0.02, 0.04, 0.08]},
        full={"epochs": 30, "batch_size": 128, "rates": [0.005, 0.01, 0.02, 0.04]},
    )
    for dataset in budget.choose(smoke=("digits",), quick=CIFAR, hour=CIFAR, full=CIFAR):
        for activation, row in CONVNETS.items():
            recipe = size | learning | {"activation": activation, "momentum": 0.9, "target": 25}
            yield Trial(dataset, *row, budget.seeds, train_convnet, recipe, cost=40, optional=dataset in CIFAR)


def judge(runs):
    """ReLU's steps, and its test errors, against each smooth unit's at each depth; ReLU's epochs against tanh's on CIFAR-10."""
    checks = []
    present = set(rows_in(runs))
    for dataset in runs.dataset.unique():
        for (where, starts), depth, rival in itertools.product(COMPARISONS.items(), DEPTHS, ACTIVATIONS[1:]):
            pair = [(dataset, "mlp", setting(depth, *net)) for net in zip(("relu", rival), starts)]
            if present.issuperset(pair):
                checks.append(_sooner(runs, *pair, name=f"{dataset}: relu before {rival}, {depth} hidden, {where}"))
                if where in IN_THE_END:
                    name = f"{dataset}: relu errs less in the end than {rival}, {depth} hidden, {where}"
                    checks.append(paired_difference(runs, better=pair[0], worse=pair[1], name=name))
        for depth, rival in itertools.product(DEPTHS, ACTIVATIONS[1:]):
            if pair := _fastest(runs, dataset, depth, rival, present):
                checks.append(_sooner(runs, *pair, name=f"{dataset}: relu before {rival}, {depth} hidden, {FASTEST}"))
    return checks + ([_convnets_compared(runs, dataset) for dataset in _with_convnets(runs)] or [_not_run()])


def _fastest(runs, dataset, depth, rival, present):
    """The rows of ReLU and its rival, each in the start of those that both have, or the one made for it (MADE_FOR), that
    brings its seeds to the lowest target soonest, of equals the one with the least error in the end; None where they share
    none, or one of them has no choice.
    """
    import numpy as np

    def row(unit, start):
        return dataset, "mlp", setting(depth, unit, start)

    shared = [start for start in STARTS if present.issuperset((row("relu", start), row(rival, start)))]
    nets = [{row(unit, start) for start in (*shared, MADE_FOR.get(unit))} & present for unit in ("relu", rival)]

    def late(row):
        steps = by_seed(runs, row, _lowest_target(runs, row)).fillna(float("inf"))
        return np.log(steps).mean(), by_seed(runs, row, "validation_error_pct").fillna(float("inf")).mean()

    if not shared or min(map(len, nets)) < 2:
        return None
    return [min(sorted(found), key=late) for found in nets]


def summarise(runs):
    """The ratio of epochs that is held against Krizhevsky et al.'s, on the line of the ConvNet with ReLU; none where a seed
    never gets there, which leaves a bound.
    """
    pairs = {dataset: [(dataset, *row) for row in CONVNETS.values()] for dataset in _with_convnets(runs)}
    measured = [(pair, _lowest_target(runs, pair[0])) for pair in pairs.values()]
    return [
        (pair[0], SPEEDUP, _ratio(runs, *pair, metric))
        for pair, metric in measured
        if not any(_never(runs, row, metric) for row in pair)
    ]


def notes(runs):
    """Of steps, or epochs, to an error that some seeds never come to: that these count with all that they were given."""
    found = {}
    for (*row, metric), lines in runs[runs.metric.str.match(r"(steps|epochs)_to_")].groupby(["dataset", "model", "setting", "metric"]):
        if never := _never(runs, tuple(row), metric):
            found[*row, metric] = f"never reached by {never} of {lines.seed.nunique()} seeds, which count with all that they were given"
    return found


def _convnets_compared(runs, dataset):
    from zoo.reproductions.harness.published import matches

    relu, tanh = ((dataset, *row) for row in CONVNETS.values())
    lines = lines_of(runs, relu)
    note = [f"nets of {lines.parameters.max():,.0f} weights on {lines.n_train.max():,.0f} images"]
    note += [f"{match.value} published for a larger one on CIFAR-10" for match in matches("relu_learns_faster", PUBLISHED, relu, SPEEDUP)]
    return _sooner(runs, relu, tanh, name=f"{dataset}: relu before tanh, ConvNet", notes=note)


def _not_run():
    from zoo.reproductions.harness.statistics import Interval

    sentence = "Neither cifar10 nor cifar10_jpeg was at hand, so nothing was run on it. The ConvNet's epochs with tanh over those with ReLU"
    interval = Interval(float("nan"), float("nan"), float("nan"), 0)
    return check("cifar10: relu before tanh, ConvNet", interval, "times", sentence, above=1, doubt="it was not run")


def _sooner(runs, relu, rival, name, notes=()):
    """That ReLU takes fewer steps to the lowest target than its rival: their ratio, paired over seeds, is above 1.

    A seed that never gets there counts with the steps that it was given: what is compared are steps cut off there, for both nets.
    It would have taken more, so it decides nothing in its net's favour.
    """
    metric = _lowest_target(runs, relu)
    samples, interval = [by_seed(runs, row, metric) for row in (rival, relu)], _ratio(runs, relu, rival, metric)
    seeds, never = len(samples[0]), [_never(runs, row, metric) for row in (rival, relu)]
    late = [f"{n} of {seeds} seeds of the {which} never get there" for n, which in zip(never, ("former", "latter")) if n]
    bound = "a lower bound: " if not never[1] else "an upper bound: " if not never[0] else ""
    doubt = "seeds diverged" if any(sample.isna().any() for sample in samples) else ""
    if (never[1] and interval.low > 1) or (never[0] and interval.high < 1):
        doubt = "the winner's lost seeds count with too few steps"
    if never == [seeds, seeds]:
        doubt = "no seed of either gets there"
    notes = "; ".join([*notes, *([bound + ", ".join(late)] if late else [])])
    sentence = f"On {relu[0]} the {metric.replace('_', ' ')} of {rival[1]} ({rival[2]}) over those of {relu[1]} ({relu[2]})"
    sentence += f", geometric mean, paired over {seeds} seeds{notes and f' ({notes})'}"
    return check(name, interval, "times", sentence, above=1, doubt=doubt, rows=(relu, rival), metric=metric)


def _ratio(runs, relu, rival, metric):
    """Interval of the geometric mean over seeds of a metric of the rival over that of ReLU."""
    import numpy as np

    from zoo.reproductions.harness.statistics import mean_interval

    interval = mean_interval(np.log(by_seed(runs, rival, metric) / by_seed(runs, relu, metric)))
    return interval._replace(**{name: float(np.exp(getattr(interval, name))) for name in ("estimate", "low", "high")})


def _never(runs, row, metric):
    """How many seeds of a row never come to the target of a metric."""
    return int((by_seed(runs, row, f"share_reaching_{metric.split('_')[2]}_percent") == 0).sum())


def _lowest_target(runs, row):
    """The metric that counts a row's steps, or epochs, to the lowest training error."""
    metrics = lines_of(runs, row).metric.unique()
    return min((name for name in metrics if "_to_" in name), key=lambda name: float(name.split("_")[2]))


def _with_convnets(runs):
    return list(runs[runs.model == "convnet"].dataset.unique())


def ladders(runs, trials):
    """Each unit in the start that is made for it, at every depth, as many updates for all."""
    for dataset in dict.fromkeys(runs.dataset):
        for unit in ACTIVATIONS:
            start = MADE_FOR.get(unit, "normalised")
            rungs = {str(depth): (dataset, "mlp", setting(depth, unit, start)) for depth in DEPTHS}
            steps = max((lines_of(runs, row).updates.max() for row in rungs.values() if len(lines_of(runs, row))), default=0)
            yield Ladder(f"{unit}, {start} start, {steps:,.0f} steps of SGD", rungs)


def draw(runs):
    """Steps to the lowest target against depth on the first data set, a panel a start, and the ConvNets' learning curves."""
    from matplotlib.figure import Figure

    from zoo.reproductions.evidence import speed_pictures as pictures

    starts = [start for start in (*STARTS, "scaled") if runs.setting.str.endswith(f", {start} start").any()]
    with_convnets = _with_convnets(runs)
    wanted = len(starts) + len(with_convnets)
    rows, columns = -(-wanted // 3), min(wanted, 3)
    figure = Figure(figsize=(4.4 * columns, 4 * rows))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels[wanted:]:
        axes.set_axis_off()
    dataset = runs.dataset.iloc[0]
    metric = _lowest_target(runs, (dataset, "mlp", runs.setting.iloc[0]))
    steps = runs[(runs.model == "mlp") & (runs.dataset == dataset) & (runs.metric == metric)]
    for axes, start in zip(panels, starts):
        axes.sharey(panels[0])
        found = {
            activation: {depth: steps[steps.setting == setting(depth, activation, start)] for depth in DEPTHS}
            for activation in ACTIVATIONS
        }
        pictures.draw_steps(axes, found, metric.replace("_", " "), f"{dataset}, {start} start")
    below = {"loc": "outside lower center", "ncols": len(ACTIVATIONS) + 1, "fontsize": 9}
    figure.legend(*panels[0].get_legend_handles_labels(), **below)
    for axes, where in zip(panels[len(starts) :], with_convnets):
        rows = {activation: (where, *row) for activation, row in CONVNETS.items()}
        target = float(_lowest_target(runs, rows["relu"]).split("_")[2])
        curves = {activation: lines_of(runs, row) for activation, row in rows.items()}
        pictures.draw_curves(axes, curves, target, f"{where}, ConvNet, every seed a line")
    return figure


def _published():
    glorot, bordes = "5 hidden layers x 1000 units, plain SGD, batch 10", "3 hidden layers x 1000"
    quick = {"mnist": "quick: 64, 3,000 images; hour: 100, 10,000", "cifar10": "hour: 100, 10,000 images"}
    copy = {"mnist": "", "cifar10": "", "cifar10_jpeg": "; ours on a JPEG copy, not the canonical set"}
    found = {}
    for dataset in copy:
        name = "mnist" if dataset == "mnist" else "cifar10"
        here = f"longer training{{}} there; here 128 units ({quick[name]}){copy[dataset]}"
        images = "50,000" if name == "mnist" else "some 40,000"
        there = {"note": f"1,000 units, {images} images, {here.format('')}", "dataset": name}
        sparse = here.format(", an L1 penalty on activations, half of the rectifiers negated")
        later = {"note": f"1,000 units, 50,000 images, {sparse}", "dataset": name}
        for activation, start in itertools.product(("softsign", "tanh", "sigmoid"), ("old uniform", "normalised")):
            if (activation, start) != ("sigmoid", "normalised"):
                name = activation if start == "old uniform" else f"{activation}, normalised init"
                found[dataset, "mlp", setting(5, activation, start)] = Published(name, glorot, **there)
        for activation, name in (("relu", "rectifier"), ("tanh", "tanh"), ("softplus", "softplus")):
            found[dataset, "mlp", setting(3, activation, "normalised")] = Published(f"{name}, no pre-training", bordes, **later)
    narrow = "100 units, 60,000 images there; here 128 (quick: 64, 3,000 images; hour: 100, 10,000)"
    for activation in ("relu", "tanh"):
        found["mnist", "mlp", setting(1, activation, "normalised")] = Published(
            f"MLP, {activation}, one layer of 100", "standardised pixels, mean of 5 shuffles", narrow, topic="shallow_vs_deep"
        )
    curves = "4-layer ConvNet, ReLU against tanh", "to 25% training error, learning rate chosen per network, no regularisation"
    for dataset in CIFAR:
        starts = "from He's (2015) start and the normalised one, there small Gaussian weights, as we recall"
        note = f"geometric mean over seeds; {starts}; quick: a far smaller net on 800 images, hour: smaller, 10,000{copy[dataset]}"
        found[dataset, *CONVNETS["relu"], SPEEDUP] = Published(*curves, note, dataset="cifar10")
    return found


PUBLISHED = _published()

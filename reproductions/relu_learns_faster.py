"""Nets of many layers learn faster with rectified linear units than with smooth ones.

The review (LeCun, Bengio & Hinton 2015, "Backpropagation to train multilayer architectures") says that ReLU typically learns
much faster in nets with many layers than tanh or the logistic sigmoid. Here fully connected nets of 1 to 8 hidden layers
learn MNIST and CIFAR-10 by plain SGD, with ReLU and four smooth activations, from several initialization schemes. The
measure is the number of SGD steps to given training errors, at the learning rate that is fastest for each net. A second test
repeats Figure 1 of Krizhevsky, Sutskever & Hinton (2012): the epochs that a four-layer ConvNet needs to 25 % training error
on CIFAR-10, ReLU against tanh. Without `cifar10` (`zoo data fetch cifar10`) or `cifar10_jpeg`, a lossy copy, it is left out.

Expected (quick: 3 seeds, 3 minutes on 2 cores; hour: 5 seeds, 70 minutes on 2 cores; full: 10 seeds, 15 minutes of one H100
by estimate, not run yet):

- Hour, each unit in its fastest initialization: sigmoids take 1.3, 1.3 and 1.6 times ReLU's steps with 2, 3 and 5 layers,
  and with 8 never reach 2 % training error. Tanh takes 1.2 times ReLU's with 2 layers, fewer with 3, 5 and 8 (0.9, 0.85,
  0.64 times). All this is undecided: a finer grid of learning rates might change a ratio by 1.8 times. Decided is that
  softplus takes at least 2.2 times ReLU's steps with 5 layers.
- Whether deep sigmoid nets learn at all depends on initialization: in the schemes that all units share, 5 layers never reach
  2 % (from Glorot's and He's ReLU is at least 2.1 and 2.4 times as fast) and 8 layers stay near chance; with weights four
  times as wide, 8 layers end at 6.4 % test error, ReLU at 5.2 %.
- The ConvNet's speed is one of memorising 10,000 images: both units err on 45 % of the test images in the end. Tanh needs
  7.4 epochs and ReLU 8.3; undecided (a finer grid: 1.4 times), yet far from the source, where ReLU was six times as fast.
- Quick: with 5 layers sigmoids take 1.3 times ReLU's steps, the ConvNet (800 images) with tanh 0.7 times; both undecided.
"""

import itertools

from zoo.reproductions.evidence.finer_grids import might_turn
from zoo.reproductions.harness import Ladder, Published, Trial, check, paired_difference
from zoo.reproductions.harness.numbers import number
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
**Data.** MNIST and CIFAR-10, or `cifar10_jpeg`, a JPEG-compressed copy that is not the canonical set.

**Models.** Fully connected nets have 64 units a layer (hour: 100, full: 128). They start from the old uniform scheme (bounds
of 1/sqrt(n) for n inputs), Glorot's (normalised) or He's; sigmoid and softplus also from a scaled one, the normalised bounds
over the unit's slope at 0, which is four times and twice as wide. ConvNets have three convolutions with max-pooling and a
linear layer. Nets of quick and hour are smaller than full's and see fewer images.

**Training.** Plain SGD, for ConvNets with momentum 0.9, for as many epochs for all rivals. No regularization.

**Tuning.** Each net takes its own learning rate from a grid that all rivals share: 0.03 to 10 (full: from 0.01; CIFAR-10:
0.003 to 3), for ConvNets 0.005 to 0.04 (hour: 0.01 to 0.08). Speed is measured at the rate that reaches the lowest target
soonest on average over seeds; test error at the rate with the lowest validation error, for ConvNets at the fastest.

**Measures.** Training errors are means met during an epoch. A seed that never reaches a target counts with all its steps:
with such seeds in its numerator a ratio is a lower bound, its interval that of censored steps.

**Limits.** Learning rates lie up to 3.3 times apart (ConvNets: twice). A rate between those tried may spare one net alone up
to the square root of that, 1.8 (1.4) times, if steps change at most in proportion to the rate; a ratio whose interval
reaches into what this leaves open is undecided. Where training fails just above the best rate it may be 3.3 (2) times.
ConvNets start from He's scheme with ReLU and from the normalised one with tanh. Among fully connected nets this choice
changes which takes fewer steps; the published curves used neither. Sigmoid and tanh with two or more layers and softplus
with two to five are fastest in their widest start, and sigmoid and softplus have no wider one, as He's is for tanh; with
one, ReLU's lead might shrink (a reader's remark, not run yet). ReLU with 2, 5 and 8 layers and softsign with two or more are
fastest in their widest start, too, so wider ones may move ReLU against tanh either way.

**Changed after seeing results.**

- The grid of learning rates was widened after quick runs with a narrower one. Quick's ConvNets got 0.04 because tanh had
  been fastest at the largest rate.
- Added when hour's test errors were known: part of the nets, comparisons from He's start, CIFAR-10 (steps and targets set on
  training errors of another seed), later the comparison of fastest starts and the rates 0.003 and 3.
- Scaled starts came last, as sigmoids were fastest from the largest weights; they favour ReLU's rivals.
- When all verdicts were known, ratios that a finer grid might turn became undecided: 79 of hour's (69 had been reproduced,
  10 contradicted) and 13 of quick's (9 and 4), among them all ratios of ReLU to tanh that were decided. Of the main ones
  these are sigmoids with 8 layers (5 in quick) and tanh with 8, each in the fastest start, and the ConvNets of both budgets.
- ConvNets of quick and hour were retrained, as an earlier program's gradients may have been wrong
  (`zoo/training/groups.py`); no verdict changed.
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

    def row(unit, start):
        return dataset, "mlp", setting(depth, unit, start)

    shared = [start for start in STARTS if present.issuperset((row("relu", start), row(rival, start)))]
    nets = [{row(unit, start) for start in (*shared, MADE_FOR.get(unit))} & present for unit in ("relu", rival)]
    if not shared or min(map(len, nets)) < 2:
        return None
    return [min(sorted(found), key=lambda row: _lateness(runs, row)) for found in nets]


def _lateness(runs, row):
    import numpy as np

    steps = by_seed(runs, row, _lowest_target(runs, row)).fillna(float("inf"))
    return np.log(steps).mean(), by_seed(runs, row, "validation_error_pct").fillna(float("inf")).mean()


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
    for (*row, metric), lines in runs[runs.metric.str.match(r"(steps|epochs)_to_")].groupby(
        ["dataset", "model", "setting", "metric"]
    ):
        if never := _never(runs, tuple(row), metric):
            found[*row, metric] = (
                f"never reached by {never} of {lines.seed.nunique()} seeds, which count with all that they were given"
            )
    return found


def _convnets_compared(runs, dataset):
    from zoo.reproductions.harness.published import matches

    relu, tanh = ((dataset, *row) for row in CONVNETS.values())
    lines = lines_of(runs, relu)
    note = [f"nets of {lines.parameters.max():,.0f} weights on {lines.n_train.max():,.0f} images"]
    note += [
        f"{match.value} published for a larger one on CIFAR-10" for match in matches("relu_learns_faster", PUBLISHED, relu, SPEEDUP)
    ]
    errors = [number(by_seed(runs, row, "test_error_pct").mean()) for row in (tanh, relu)]
    note += [f"after all epochs the former errs on {errors[0]} % of the test images, the latter on {errors[1]} %"]
    return _sooner(runs, relu, tanh, name=f"{dataset}: relu before tanh, ConvNet", notes=note)


def _not_run():
    from zoo.reproductions.harness.statistics import Interval

    sentence = (
        "Neither cifar10 nor cifar10_jpeg was at hand, so nothing was run: the ConvNet's epochs with tanh over those with ReLU"
    )
    interval = Interval(float("nan"), float("nan"), float("nan"), 0)
    return check("cifar10: relu before tanh, ConvNet", interval, "times", sentence, above=1, doubt="it was not run")


def _sooner(runs, relu, rival, name, notes=()):
    """That ReLU takes fewer steps to the lowest target than its rival: their ratio, paired over seeds, is above 1.

    A seed that never gets there counts with the steps that it was given: what is compared are steps cut off there, for both nets.
    It would have taken more, so it decides nothing in its net's favour. Nor does a ratio that a finer grid of learning rates might
    turn.
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
    doubt = doubt or might_turn(trials, SEEDS, (relu, rival), interval)
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
    """Each unit in the start that is made for it, or in both that are made for none, at every depth, as many updates for all."""
    for dataset in dict.fromkeys(runs.dataset):
        for unit, start in ((name, start) for name in ACTIVATIONS for start in _fair_starts(name)):
            rungs = {str(depth): (dataset, "mlp", setting(depth, unit, start)) for depth in DEPTHS}
            steps = max((lines_of(runs, row).updates.max() for row in rungs.values() if len(lines_of(runs, row))), default=0)
            yield Ladder(f"{unit}, {start} start, {steps:,.0f} steps of SGD", rungs)


def _fair_starts(unit):
    return [MADE_FOR[unit]] if unit in MADE_FOR else ["normalised", "He"]


def draw(runs):
    """Steps to the lowest target against depth on the first data set, a panel a start and one for each unit in its fastest; the
    ConvNets' learning curves.
    """
    from matplotlib.figure import Figure

    from zoo.reproductions.evidence import speed_pictures as pictures

    starts = [start for start in (*STARTS, "scaled") if runs.setting.str.endswith(f", {start} start").any()]
    with_convnets, dataset = _with_convnets(runs), runs.dataset.iloc[0]
    fastest = _in_fastest_starts(runs, dataset)
    wanted = len(starts) + bool(fastest) + len(with_convnets)
    rows, columns = -(-wanted // 3), min(wanted, 3)
    figure = Figure(figsize=(4.4 * columns, 4 * rows))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels[wanted:]:
        axes.set_axis_off()
    metric = _lowest_target(runs, (dataset, "mlp", runs.setting.iloc[0]))
    steps = runs[(runs.model == "mlp") & (runs.dataset == dataset) & (runs.metric == metric)]
    for axes, start in zip(panels, starts):
        axes.sharey(panels[0])
        found = {
            activation: {depth: steps[steps.setting == setting(depth, activation, start)] for depth in DEPTHS}
            for activation in ACTIVATIONS
        }
        pictures.draw_steps(axes, found, metric.replace("_", " "), f"{dataset}, {start} start")
    if fastest:
        axes = panels[len(starts)]
        axes.sharey(panels[0])
        found = {
            activation: {depth: steps[steps.setting == fastest.get((activation, depth))] for depth in DEPTHS}
            for activation in ACTIVATIONS
        }
        pictures.draw_steps(axes, found, metric.replace("_", " "), f"{dataset}, {FASTEST}", starts)
    below = {"loc": "outside lower center", "ncols": len(ACTIVATIONS) + 1, "fontsize": 9}
    figure.legend(*panels[0].get_legend_handles_labels(), **below)
    for axes, where in zip(panels[len(starts) + bool(fastest) :], with_convnets):
        rows = {activation: (where, *row) for activation, row in CONVNETS.items()}
        target = float(_lowest_target(runs, rows["relu"]).split("_")[2])
        curves = {activation: lines_of(runs, row) for activation, row in rows.items()}
        pictures.draw_curves(axes, curves, target, f"{where}, ConvNet, every seed a line")
    return figure


def _in_fastest_starts(runs, dataset):
    """{(unit, depth): setting} of the nets that are compared each in its fastest start."""
    present = set(rows_in(runs))
    pairs = [(depth, rival, _fastest(runs, dataset, depth, rival, present)) for depth in DEPTHS for rival in ACTIVATIONS[1:]]
    return {(unit, depth): row[2] for depth, rival, pair in pairs for unit, row in zip(("relu", rival), pair or ())}


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

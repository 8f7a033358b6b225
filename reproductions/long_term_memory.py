"""Gated memory carries information over long lags where a plain recurrent net does not.

The review (LeCun, Bengio & Hinton 2015, "Recurrent neural networks") says that gradients carried back over many time steps
mostly explode or vanish, and that the LSTM's gated memory cells remember for longer. Two tasks test this: the adding problem
(Hochreiter & Schmidhuber 1997) at growing lengths T, and MNIST read pixel by pixel, in order and in a random order (Le,
Jaitly & Hinton 2015). Rivals are a tanh rnn with orthogonal initialization, an irnn (rectified units that start from the
identity), and an lstm with Keras's gate biases or chrono initialization (Tallec & Ollivier 2018). The gradient at the output
is also measured as a function of the lag, before and after training.

Expected (quick: 5 seeds, 4 minutes on 2 cores; hour: 5 seeds, 152 minutes on 2 cores; full: 5 seeds, 12 minutes of one H100
by estimate, not run yet):

- Hour, reproduced with chrono initialization: the lstm solves T = 100, 300 and 1000 (mse about 0.0001). The rnn does no
  better than the mean (0.167).
- Hour, undecided with Keras's gates: this lstm does no better than the mean, either. How gates start is what counts.
- Hour: the irnn beats the mean but solves no T; its mse is 0.061, 0.077 and 0.159.
- Hour, T = 1000: before training the gradient of Keras's lstm vanishes faster than the rnn's (contradicted); that of the
  chrono start reaches further, before training and after.
- Hour, pixels (49 steps): in order both lstms (3.2 and 3.3 %) beat the rnn (4.8 %), and one of as many weights as they have
  (3.9 %); in a random order that is undecided, and so is all against the irnn (over 50 %).
- Quick decides less: the chrono start alone solves T = 50 and 100; all but the rnn solve T = 20. On pixels in order the rnn
  errs less than both lstms, which take the largest rate of their grid, so that is undecided.
"""

import dataclasses
import itertools

import numpy as np

from zoo.datasets.adding.sequences import MEAN_PREDICTOR
from zoo.reproductions.evidence.lag_doubts import (
    CHANCE,
    CUT,
    LEARNT,
    LEAST,
    LEAST_STEP,
    bound,
    comparable,
    no_contest,
    nothing_left,
)
from zoo.reproductions.harness import Budget, Published, Trial, paired_difference, target
from zoo.reproductions.harness.figures import plain_ticks
from zoo.reproductions.harness.runs import values
from zoo.reproductions.harness.sizes import weights_in_words
from zoo.reproductions.trainers.long_lags import ASKED, PIXEL_RATES, RATES, SOLVED, WRONG, adding_rates, train_adding, train_pixels

SEEDS = {"quick": 5, "hour": 5, "full": 5}
RNN, IRNN, LSTM = "rnn", "irnn", "lstm"
CHRONO = "lstm, chrono start"
NETS = {RNN: "C4", IRNN: "C1", LSTM: "C0", CHRONO: "C2"}
WIDE = "rnn, twice as wide"  # it has about as many weights as an lstm
ON_PIXELS = {RNN: "C4", WIDE: "C6", IRNN: "C1", LSTM: "C0", CHRONO: "C2"}
PIXEL_PAIRS = [(LSTM, RNN), (CHRONO, RNN), (CHRONO, IRNN), (CHRONO, LSTM), (IRNN, RNN)]
AGAINST_WIDE = [(LSTM, WIDE), (CHRONO, WIDE)]  # in order alone
ORDERS = {"in order": False, "in a random order": True}
KEPT = 1 / (1 + np.exp(-1))  # of what a cell of Keras's lstm holds: the sigmoid of its forget gate's bias at the start
PLACE = 13
HEADLINES = (
    "T = *: lstm beats rnn",
    "T = *: lstm, chrono start beats rnn",
    "T = *: lstm, chrono start solves it",
    "* pixels in order: lstm beats rnn",
    "* pixels in order: lstm beats rnn, twice as wide",
    "* pixels in a random order: lstm beats rnn",
)
PROTOCOL = f"""
**Data.** Adding problem: two of T to 1.1 T random numbers are marked, both in the first half; after the last step their sum
is wanted. Training sequences are a fixed set (quick: 5,000, else 20,000); 2,560 are tested. Pixels: MNIST one pixel per
step, averaged to 49 steps in quick and hour, to 196 in full.

**Models.** One layer of equal width, so the lstm has four times the weights; on pixels in order, where it leads the rnn at
the hour, a second rnn is twice as wide, which makes its weights about as many. Keras's gates start with a bias of 0, forget
gates of 1. Chrono initialization gives a forget gate the logarithm of a number drawn from 1 to T - 1, the input gate minus
that.

**Training.** Adam, cosine decay, gradients clipped to norm 1; equal data, batches and updates for all nets. The last weights
are tested.

**Tuning.** The learning rate with the lowest mean validation error over seeds is taken (mse itself: no start must fail).

- Adding: 0.001, 0.003 and 0.01. In hour and full all but the chrono start also have 0.00001 to 0.0003, as far as these are
  at least {ASKED["rnn"]:g} (rnn) or {ASKED["irnn"]:g} (irnn, lstm) over T, so the rnn has seven at T = 1000.
- Pixels: these and 0.03, the irnn 0.0001 to 0.003, the wide rnn also 0.0003. Full has only two of them.

**Measures.** Always answering 1 gives an mse of 1/6. `wrong_pct` counts errors above {WRONG:g}, which is 0.04 on the
published target, half the sum. A T is solved below an mse of {SOLVED}. Nets are compared by the logarithm of mse, since
seeds lie decades apart. `log10_gradient` is the derivative of the output by the number T/2 steps before the end over that by
the last one.

**Checks.** A difference decides nothing

- where the better net is not below {LEARNT:.0%} of the error of saying the mean (pixels: of {CHANCE:g} %);
- against a net whose best learning rate is an end of its grid, unless it learnt nothing with any: it is not below
  {LEARNT:.0%}, nor below the mean with a gradient T/2 steps back of a tenth or more (full's pixels excepted);
- against a net that learnt nothing, where T times its least learning rate is more than the least such product with which it
  learnt: {LEAST_STEP["rnn"]:g} (rnn), {LEAST_STEP["irnn"]:g} (irnn), {LEAST_STEP[LSTM]:g} (lstm), {LEAST_STEP[CHRONO]:g}
  (chrono start). All but the last are of the least rate offered there, so they bound what these nets want from above only;
- against the irnn on pixels, as the published one had many times as many updates;
- between gradients below 1e-30, where 32 bits end; one below is a bound.

**Limits.** Chrono initialization is told the length of the task's lags; no start of a rival is. On the adding problem no rnn
has as many weights as the lstm. The published LSTM has no forget gate and keeps all it holds; Keras's keeps {KEPT:.2f} a
step at the start. As we recall, it was updated after each new sequence until it had solved T, up to 853,000 times; ours make
a few thousand updates. 2,560 sequences cannot tell no errors from its rate. Orthogonal initialization is kinder to the rnn
than 1997's. Published pixel nets read 784 pixels and trained longer. Other work ran beside part of the hour.

**Changed after seeing results.**

- Hour's smaller learning rates: with the three largest nothing was decided against any net; now the chrono start's leads
  are. The irnn's smaller ones on pixels changed its errors little.
- The rules on ends of grids, on gradients (no verdict hangs on it), on the irnn on pixels and on T times the learning rate.
  Until the last held for all nets, the chrono start was said to beat the rnn at T = 50, and the rnn and Keras's lstm at 100,
  300 and 1,000.
- The wide rnn: a lead at equal widths might have been one of weights. It remains, and is less than half.
- Quick ran some four times before, with three seeds, batches of 50, fewer updates, and slow forget gates without slow input
  gates (these solved T = 50, but T = 100 not from every seed). Keras's gates and 0.03 on pixels came in meanwhile. The
  chrono start, batches of 20, updates and 0.001 were then set on two seeds' validation errors.
- The logarithm replaced mse: in quick it told four pairs apart that mse did not (all undecided now) and lost one (T = 50:
  lstm from rnn).
"""


def trials(budget):
    """Every net at every length of the adding problem, and on images pixel by pixel in either order."""
    return _adding(budget) + _pixels(budget)


def _adding(budget):
    lengths = budget.choose(smoke=[10], quick=[20, 50, 100], hour=[100, 300, 1000], full=[50, 100, 1000])
    units = budget.choose(smoke=4, quick=32, hour=32, full=64)
    tested = {"n_test": 2560, "rates": list(RATES)}
    shared = budget.choose(
        smoke={"n_train": 100, "n_validation": 50, "n_test": 50, "rates": [0.01], "epochs": 2, "batch_size": 50},
        quick={"n_train": 5000, "n_validation": 500, "batch_size": 20, "epochs": 8} | tested,
        hour={"n_train": 20_000, "n_validation": 1000, "batch_size": 20, "epochs": 4} | tested,
        full={"n_train": 20_000, "n_validation": 1000, "batch_size": 40, "epochs": 5} | tested,
    )

    def recipe(name, length):
        wider = {"rates": adding_rates(name, length)} if budget.name in ("hour", "full") else {}
        return _net(name, units, length) | shared | {"length": length} | wider

    return [
        Trial(
            "adding",
            name,
            f"T = {length}",
            budget.seeds,
            train_adding,
            recipe(name, length),
            length * (2 if "lstm" in name else 1) / 50,
            leaves=True,
        )
        for length in lengths
        for name in NETS
    ]


def _pixels(budget):
    pool = budget.choose(smoke=7, quick=4, hour=4, full=2)
    units = budget.choose(smoke=4, quick=32, hour=64, full=128)
    shared = budget.choose(
        smoke={"n_train": 100, "n_test": 100, "epochs": 2, "batch_size": 50},
        quick={"n_train": 2000, "n_test": 2000, "epochs": 10, "batch_size": 20},
        hour={"n_train": None, "n_test": None, "epochs": 10, "batch_size": 50},
        full={"n_train": None, "n_test": None, "epochs": 25, "batch_size": 500},
    )
    steps = (28 // pool) ** 2
    orders = budget.choose(smoke={"in order": False}, quick=ORDERS, hour=ORDERS, full=ORDERS)
    few = {name: list(PIXEL_RATES[name]) for name in ON_PIXELS}
    two = {name: found[:2] for name, found in few.items()} | {IRNN: few[IRNN][1:3]}
    rates = budget.choose(smoke=dict.fromkeys(ON_PIXELS, [0.01]), quick=few, hour=few, full=two)
    return [
        Trial(
            "mnist",
            name,
            f"{steps} pixels {order}",
            budget.seeds,
            train_pixels,
            _net(name, units, steps) | shared | {"rates": rates[name], "pool": pool, "permuted": permuted},
            1 if name in (RNN, IRNN) else 2,
        )
        for order, permuted in orders.items()
        for name in (NETS if permuted else ON_PIXELS)
    ]


def _net(name, units, steps):
    """A net's part of a recipe."""
    if name in (RNN, WIDE):
        return {"model": "rnn", "options": {"units": units if name == RNN else 2 * units}}
    if name == IRNN:
        return {"model": "irnn", "options": {"units": units}}
    start = {} if name == LSTM else {"chrono": steps}
    return {"model": "lstm", "options": {"units": units, "layers": 1, "dropout": 0} | start}


def summarise(runs):
    """The longest T that a net solves, every shorter one included, 0 for none: the mean over seeds."""
    from zoo.reproductions.harness.statistics import mean_interval

    found, lengths = runs[(runs.dataset == "adding") & (runs.metric == "mse")], _lengths(runs)
    for name in found.model.unique():
        table = found[found.model == name].pivot(index="seed", columns="setting", values="value")
        solved = (table[[f"T = {length}" for length in lengths]] < SOLVED).cumprod(axis=1).sum(axis=1)
        yield ("adding", name, "every T"), "longest_T_solved", mean_interval([[0, *lengths][count] for count in solved])


def judge(runs):
    """Error at every T and on pixels, gradients at the longest T: lstm against rnn and irnn, paired over seeds."""
    longest, compared = f"T = {_lengths(runs)[-1]}", comparable(runs)
    checks = [
        paired_difference(
            compared,
            better=("adding", better, setting),
            worse=("adding", worse, setting),
            metric="log10_mse",
            name=f"{setting}: {better} beats {worse}",
            doubt=no_contest(runs, ("adding", setting), better, worse),
        )
        for setting in runs[runs.dataset == "adding"].setting.unique()
        for better, worse in ((LSTM, RNN), (CHRONO, RNN), (CHRONO, IRNN), (CHRONO, LSTM))
    ]
    checks.append(target(runs, ("adding", CHRONO, longest), at_most=SOLVED, metric="mse", name=f"{longest}: {CHRONO} solves it"))
    checks += [_reaches_further(runs, compared, longest, when, name) for when in ("start", "trained") for name in (LSTM, CHRONO)]
    for setting in runs[runs.dataset == "mnist"].setting.unique():
        for better, worse in PIXEL_PAIRS + ([] if "random" in setting else AGAINST_WIDE):
            rows = {"better": ("mnist", better, setting), "worse": ("mnist", worse, setting)}
            doubt = no_contest(runs, ("mnist", setting), better, worse) or _cut_short(runs, setting, better, worse)
            said = {"name": f"{setting}: {better} beats {worse}", "remark": weights_in_words(runs, *rows.values())}
            checks.append(paired_difference(runs, **rows, **said, doubt=doubt))
        if setting == "196 pixels in order":
            checks.append(target(runs, ("mnist", CHRONO, setting), at_most=1.5, name=f"{setting}: {CHRONO} errs at most 1.5 %"))
    return checks


def _cut_short(runs, setting, *names):
    """Why two nets on pixels decide nothing: the one behind is the irnn, which was trained for far longer where it was ahead."""
    behind = max(names, key=lambda name: np.nanmean(values(runs, ("mnist", name, setting), "test_error_pct")))
    return f"the published {IRNN} was trained for many times as many updates" if behind == IRNN else ""


def _reaches_further(runs, compared, longest, when, name):
    """That more is left of a net's gradient than of the rnn's; a difference that is a bound decides nothing on its far side."""
    doubt, (remark, far) = nothing_left(runs, longest, when, name, RNN), bound(runs, longest, when, name, RNN)

    def found(doubt):
        return paired_difference(
            compared,
            better=("adding", name, longest),
            worse=("adding", RNN, longest),
            metric=f"log10_gradient_{when}{CUT}",
            higher_is_better=True,
            name=f"{longest}: the gradient of {name} reaches further than that of {RNN}, {when}",
            doubt=doubt,
            remark=remark,
        )

    made = found(doubt or ("it is no bound on that side" if found("").verdict in far else ""))
    return dataclasses.replace(made, rows=())  # learning rates were chosen for errors, not for this


def draw(runs):
    """Error on the adding problem against T; how much of the gradient is left after T/2 steps; error on pixels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 4.4))
    error, gradient, pixels = figure.subplots(1, 3)
    adding = runs[runs.dataset == "adding"]
    for place, (name, colour) in enumerate(NETS.items()):
        beside = 1.04 ** (place - 1.5)  # where two nets err alike, one would hide the other
        _draw_line(error, adding[(adding.model == name) & (adding.metric == "mse")], colour, label=name, beside=beside)
        for when, style, aside in (("start", "--", 0.985), ("trained", "-", 1.015)):
            found = adding[(adding.model == name) & (adding.metric == f"log10_gradient_{when}")]
            _draw_gradient(gradient, found, colour, style, beside * aside)
    error.axhline(MEAN_PREDICTOR, color="black", lw=1, ls=":")
    error.annotate("the mean, always", (0.02, MEAN_PREDICTOR), xycoords=("axes fraction", "data"), va="bottom", fontsize=8)
    error.axhline(SOLVED, color="grey", lw=1, ls=":")
    error.annotate("solved below", (0.02, SOLVED), xycoords=("axes fraction", "data"), va="bottom", fontsize=8)
    error.set(title="adding problem", ylabel="mean squared error, test")
    gradient.set(title="gradient T/2 steps back, by that at the end", ylabel="ratio")
    if (adding[adding.metric.str.startswith("log10_gradient")].value <= LEAST).any():
        below = "triangles: this or less, 32 bits do not tell"
        gradient.annotate(below, (0.02, 10 ** (LEAST + 1)), xycoords=("axes fraction", "data"), va="bottom", fontsize=8)
        gradient.set_ylim(10 ** (LEAST - 2), None)
    for axes in (error, gradient):
        axes.set(xscale="log", yscale="log", xlabel="T, steps of the shortest sequence")
        axes.set_xticks(_lengths(runs), _lengths(runs))
        axes.minorticks_off()
    gradient.plot([], [], "o--", color="grey", ms=4, mfc="none", label="before training")
    _draw_pixels(pixels, runs[(runs.dataset == "mnist") & (runs.metric == "test_error_pct")])
    handles, names = (sum(both, []) for both in zip(*(axes.get_legend_handles_labels() for axes in (error, gradient, pixels))))
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=8)
    return figure


def _draw_line(axes, found, colour, label, beside):
    """Every seed a dot, a line through their geometric means; beside: what all lengths are multiplied by."""
    lengths = beside * found.setting.str.removeprefix("T = ").astype(int)
    axes.plot(lengths, found.value, "o", ms=4, alpha=0.5, color=colour)
    means = np.log(found.value).groupby(lengths).mean()
    axes.plot(means.index, np.exp(means), color=colour, label=label)


def _draw_gradient(axes, found, colour, style, beside):
    """Every seed a dot, or a triangle where it is a bound; a line through their medians as far as these are no bounds."""
    lengths, bound = beside * found.setting.str.removeprefix("T = ").astype(int), found.value <= LEAST
    for marker, kept in (("o", ~bound), ("v", bound)):
        values = 10.0 ** found.value[kept].clip(lower=LEAST)
        axes.plot(lengths[kept], values, marker, ms=4, alpha=0.5, color=colour, mfc=colour if style == "-" else "none")
    medians = found.value.groupby(lengths).median()
    axes.plot(medians.index, 10.0 ** medians.where(medians > LEAST), style, color=colour)


def _draw_pixels(axes, found):
    settings = list(found.setting.unique())
    for place, setting in enumerate(settings):
        for shift, (name, colour) in enumerate(ON_PIXELS.items()):
            errors = found[(found.setting == setting) & (found.model == name)].value
            at = place + 0.18 * (shift - 2)
            axes.plot([at] * len(errors), errors, "o", ms=5, alpha=0.6, color=colour)
            axes.plot([at - 0.07, at + 0.07], [errors.mean()] * 2, color="black", lw=1.5)
            if name not in NETS and not place:
                axes.plot([], [], "o", ms=5, color=colour, label=f"{name} (pixels alone)")
    axes.set_xticks(range(len(settings)), [setting.replace("pixels ", "pixels\n") for setting in settings])
    axes.set(title="MNIST made smaller, a pixel a step", ylabel="test error, %", yscale="log")
    plain_ticks(axes.yaxis, subs=(1, 2, 3, 4, 5, 7))


def illustrate(files):
    """The gradient at the output by the lag of the number that it is taken by, at the longest T, before and after training."""
    from matplotlib.figure import Figure

    from zoo.reproductions.trainers.arrays import unpacked

    found = {row: unpacked(left["gradients.npz"]) for row, left in files.items() if "gradients.npz" in left}
    longest = max((row[2] for row in found), key=lambda setting: int(setting.removeprefix("T = ")))
    figure = Figure(figsize=(11, 4.2))
    for axes, (when, title) in zip(figure.subplots(1, 2, sharey=True), (("start", "at the start"), ("trained", "trained"))):
        for name, colour in NETS.items():
            curves = found["adding", name, longest][when]
            axes.plot(np.exp(np.log(curves).mean(axis=0)), color=colour, label=name)
            axes.fill_between(range(curves.shape[1]), curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, lw=0)
        axes.set(yscale="log", xlabel="lag, steps before the end", title=f"{longest}, {title}")
    axes.set_ylim(max(1e-12, axes.get_ylim()[0]), None)
    figure.suptitle("geometric means and range of the seeds; the peaks are the marked numbers", fontsize=10)
    figure.axes[0].set_ylabel("derivative of the output, root mean square")
    figure.axes[0].legend(fontsize=8)
    return {"gradient_by_lag.png": figure}


def _lengths(runs):
    settings = runs[runs.dataset == "adding"].setting.unique()
    return sorted(int(setting.removeprefix("T = ")) for setting in settings)


def _published():
    found = {}
    for order, dataset in (("in order", "pixel mnist"), ("in a random order", "permuted pixel mnist")):
        for name, model in ((RNN, "tanh RNN (Le et al. 2015)"), (IRNN, "IRNN (Le et al. 2015)"), (LSTM, "LSTM (Cooijmans)")):
            for pixels, side in ((196, 2), (49, 4)):
                note = f"the 784 pixels themselves, more epochs; ours are the means of {side}x{side}"
                found["mnist", name, f"{pixels} pixels {order}"] = Published(model, "784 steps", note, dataset=dataset)
    mean = Published("predict the mean", "", dataset="adding problem")
    found |= {("adding", name, f"T = {length}", "mse"): mean for length in (20, 50, 100, 300, 1000) for name in NETS}
    updates = ", ".join(f"{budget} {_updates(budget):,}" for budget in SEEDS)
    cells = {LSTM: f"ours keeps {KEPT:.2f} a step at the start", CHRONO: "ours, with a chrono start, has a forget gate, too"}
    for (length, seen), name in itertools.product({100: "74,000", 1000: "853,000"}.items(), cells):
        model, there = f"LSTM, 93 weights, T={length}", f"mean of 10 trials, after {seen} sequences"
        note = f"another net: no forget gate there, {cells[name]}; an update each sequence there, in all here {updates}"
        found["adding", name, f"T = {length}", "wrong_pct"] = Published(model, there, note, dataset="adding problem")
    return found


def _updates(budget):
    """How many updates a net makes on the adding problem."""
    recipe = _adding(Budget.named(budget, None, SEEDS))[0].recipe
    return recipe["epochs"] * (recipe["n_train"] // recipe["batch_size"])


PUBLISHED = _published()

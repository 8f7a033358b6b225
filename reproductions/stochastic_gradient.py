"""Noisy gradients from a few examples find good weights surprisingly fast, compared with far more elaborate optimisers.

The review (LeCun, Bengio & Hinton 2015, "Supervised learning") describes stochastic gradient descent, which steps after
every few examples along their noisy gradient, and finds it surprising how quickly so simple a procedure comes to good
weights beside far more elaborate optimisation techniques. Here eleven methods minimise the cross-entropy of one net with a
rectified hidden layer on MNIST: SGD with batches of 1, 16, 256 and 4,096 images, gradient descent on all images at once,
momentum, Adam, and SciPy's L-BFGS and nonlinear conjugate gradients, on all images or (smoke and full) batch by batch. Each
is tuned from nine settings, separately for two races: to a number of examples seen and to a number of seconds. And how noisy
the gradients are: the angle between that of a mini-batch and that of all images.

Expected, full budget (20 seeds, 73 minutes on 2 cores, no GPU needed): against L-BFGS, conjugate gradients and gradient
descent on all 50,000 images SGD with batches of 16 is ahead by a factor of 37 to 66 in the training loss, and by 12 to 16
points of test error, at equal examples, and by 42 to 74 and 4 to 9 points at equal seconds. These end after six, when the
batch methods have looked at all images 31 to 41 times and err on 6 % (L-BFGS) to 11 % of the test images, SGD on 2; the
settings taken in that race are ends of the grid, the shortest first step and the largest maxcor of L-BFGS, the longest first
step and the smallest c2 of conjugate gradients. Momentum comes to 1.8 % and lower losses in these seconds, SGD with batches
of 256 to lower losses; neither is held against the batch methods. Most of the lead at equal examples is the batch: on 300
images at a time (the fewest tried) L-BFGS and conjugate gradients get so much farther that SGD is ahead by a factor of 5 and
by 0.8 points. At equal seconds it is by 9 to 11 and 0.7 to 0.8 points. Quick budget (3 seeds, 2 cores, some 4 minutes, 64
hidden units, 5,000 images): after ten passes a training loss a hundred times lower than theirs, and half their test error or
less. At equal seconds it errs less on test images than L-BFGS and conjugate gradients do, but L-BFGS, late, after seventy
looks at all images, drives the training loss of so small a set far below: it passes SGD between 21 and 71 evaluations.
Full's six seconds end after 31, so that they do not say whether it would there.
"""

import itertools

import numpy as np

from zoo.datasets import describe
from zoo.reproductions.harness import Trial, check, control, paired_difference, ratio
from zoo.reproductions.harness.figures import plain_ticks
from zoo.reproductions.harness.runs import by_seed
from zoo.reproductions.harness.statistics import mean_interval, slopes
from zoo.reproductions.trainers.gradient_noise import measure_noise
from zoo.reproductions.trainers.optimisation import AXES, compare_method

FEW = "SGD, batches of 16"  # what stands for "a few examples" in all checks; other sizes have their lines in the table
BY_BATCH = ", batch by batch"
RIVALS = ("full-batch gradient descent", "L-BFGS", "conjugate gradient", f"L-BFGS{BY_BATCH}", f"conjugate gradient{BY_BATCH}")
NOISE = "gradient noise"
SLOPE_WITHIN = 0.05
ANGLE_BATCH = 16
STEPS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
SMALL_STEPS = (0.00001, 0.00003, 0.0001, 0.0003, *STEPS[:5])
# method: (optimiser, batch size or None for all images, step sizes: nine each)
METHODS = {
    "SGD, batches of 1": ("SGD", 1, STEPS),
    "SGD, batches of 16": ("SGD", 16, STEPS),
    "SGD, batches of 256": ("SGD", 256, STEPS),
    "SGD, batches of 4096": ("SGD", 4096, STEPS),
    "full-batch gradient descent": ("SGD", None, STEPS),
    "momentum 0.9, batches of 64": ("momentum", 64, STEPS),
    "Adam, batches of 64": ("Adam", 64, SMALL_STEPS),
}
# SciPy's methods: what makes up nine settings, too. On all images lengths of the first step in weight space, and an option of
# SciPy's; batch by batch shares of all images, and iterations on one batch.
WHOLE_SET = {
    "L-BFGS": {"first_step": (0.1, 1.0, 10.0), "maxcor": (3, 8, 30)},
    "conjugate gradient": {"first_step": (0.3, 1.0, 3.0), "c2": (0.1, 0.4, 0.9)},
}
IN_BATCHES = {"first_step": (0.3,), "batch": (0.006, 0.02, 0.06), "iterations": (2, 5, 20)}
BY_SCIPY = WHOLE_SET | {f"{method}{BY_BATCH}": IN_BATCHES for method in WHOLE_SET}
PLACE = 4
HEADLINES = (
    "SGD, batches of 16 before L-BFGS, equal examples: test error",
    "SGD, batches of 16 before L-BFGS*, equal examples: test error",
    "SGD, batches of 16 before L-BFGS, equal seconds: test error",
    "SGD, batches of 16 before L-BFGS*, equal seconds: test error",
    "SGD, batches of 16 before L-BFGS, equal seconds: training loss",
    "SGD, batches of 16 before L-BFGS*, equal seconds: training loss",
)
PROTOCOL = f"""
All methods start from the same weights, seed by seed, and minimise the mean cross-entropy (natural logarithm) over the
training images without any regularisation. Tuning budget: nine settings each (smoke: three), run to both finish lines from
one seed that is not among those of the table; for each race every method goes in the setting with the lowest training loss
at its finish line. Selection looks at training losses alone; the test split is looked at once at every mark, to report, and
decides nothing. Momentum is Nesterov's. Step sizes are constant, neighbours a factor of about 3 apart: 0.001 to 10, Adam's
0.00001 to 0.1. L-BFGS and conjugate gradients have a line search; tuned are the length of their first step in weight space
and one option (L-BFGS: 0.1, 1 or 10, of which SciPy's own is 1, and maxcor, 3, 8 or 30 corrections kept; conjugate
gradients: 0.3, 1 or 3, and c2 of the Wolfe conditions, 0.1, 0.4 or 0.9). Batch by batch (after Le et al. 2011) they make 2,
5 or 20 iterations on 0.6, 2 or 6 % of the images and begin anew on the next ones, first step 0.3; that grid was set after a
few tries on quick's images, by training losses. (The loss is multiplied by a million for both, since SciPy's conjugate
gradients else try no step longer than the gradient.) On all images the race to examples is of ten evaluations, so that 8 and
30 corrections are nearly the same; batch by batch maxcor and c2 are as SciPy has them. An example is seen when its gradient
is taken: SciPy's methods see all images, or a batch, in every evaluation, those within line searches included, and count
with the last point that they accepted; gradient descent on all images sees them all for one step. At a mark stands what a
method had when it had spent no more than that, and nothing of its work counts as done in between. A pass in batches of few
images is looked at in tenths, which are the batches drawn and what is left. Seconds are those of one net trained alone on
the machine of the table, without compilation and without looking at losses and errors, SciPy's own work included: steps, or
evaluations, by what each took in the fastest of five timed launches. One such timing of a method, and the one seed of
tuning, serve all seeds: how far these may be off is in no interval here. A loss that is not finite is kept as such, and the
line says how many seeds it befell; settings_that_diverged counts the settings of nine that did so in tuning. When results
were known, a rule was dropped by which a comparison at equal seconds was undecided if a method had time for no more steps
than in the race to examples; the checks now say where that is so. That SciPy's methods go batch by batch, too, was a
reader's remark on tables without. The races had been run with six settings each, of which SciPy's methods had taken ends,
some of conjugate gradients' first steps shorter than asked for, and the full budget's to two seconds, in which L-BFGS came
no further than in the race to examples.

Gradient noise: batches drawn with replacement, at the start and after training by {FEW} (step size 0.1). The relative noise
is the root mean square distance of a batch's gradient from the full one over the length of the full one. As the images are
independent it is exactly that of one image over the root of the batch, whatever the net, up to the chance of the draws: that
line checks the measurement. The angle's tangent goes by the same law only while the noise is small beside the gradient; the
line drawn for it is arctan(c / root of the batch), set to the largest batch alone.

An evaluation on all images takes SciPy's methods a quarter to three quarters longer than a step of gradient descent takes
(full: L-BFGS 190 ms, conjugate gradients 181, gradient descent 145; quick: 14.1, 12.5 and 8.1), by what they do besides and
by how they are called: at its pace L-BFGS would have had some 40 evaluations in full's six seconds, not 31. Batch by batch
each evaluation took its images out of all anew when these methods were first run, by which SGD was ahead by 12 and 19 times
and 0.8 and 1.7 points at equal seconds; that was mended, and they were run again, on another day than the others and with
tests of a lower priority beside them at times, which may have cost them a part of their seconds; but in the mean SGD has
after two seconds what L-BFGS batch by batch has after six, so that it would have had to be most of them. They were run at
the quick budget once, too, which they made last longer than its four minutes: SGD was ahead by 27 (L-BFGS) and 46 times, and
by 2.7 (undecided) and 4.4 points at equal examples. That the main checks name both L-BFGS was settled before that run, that
those on all images keep a line of their own after it.
"""


def trials(budget):
    """A race for each method (smoke: six of them), and the gradient noise of the same net."""
    dataset = budget.choose(smoke="digits", quick="mnist", full="mnist")
    shared = budget.choose(
        smoke={"n_train": 608, "n_test": 300, "widths": [16]},
        quick={"n_train": 5000, "n_test": 5000, "widths": [64]},
        full={"n_train": None, "n_test": None, "widths": [128]},
    )
    marks = budget.choose(
        smoke={"passes": [1, 10], "seconds": [0.004, 0.02]},
        quick={"passes": [0.1, 0.3, 1, 3, 10], "seconds": [0.03, 0.1, 0.3, 1.0]},
        full={"passes": [0.1, 0.3, 1, 3, 10], "seconds": [0.06, 0.2, 0.6, 2.0, 6.0]},
    )
    names = budget.choose(smoke=(FEW, *RIVALS), quick=(*METHODS, *WHOLE_SET), full=(*METHODS, *BY_SCIPY))
    for name in names:
        method = _method(name, shared["n_train"] or describe(dataset).sizes["train"])
        settings = budget.choose(smoke=method["settings"][1::3], quick=method["settings"], full=method["settings"])
        recipe = shared | {"marks": marks} | method | {"settings": settings}
        yield Trial(dataset, "mlp", name, budget.seeds, compare_method, recipe, cost=3)
    noise = {"method": "SGD", "batch_size": METHODS[FEW][1], "settings": [{"step_size": 0.1}]} | budget.choose(
        smoke={"passes": 2, "batches": [1, 16, 256], "draws": 20, "images": 300},
        quick={"passes": 10, "batches": [1, 4, 16, 64, 256, 1024, 4096], "draws": 50, "images": 2000},
        full={"passes": 10, "batches": [1, 4, 16, 64, 256, 1024, 4096], "draws": 100, "images": 2000},
    )
    yield Trial(dataset, "mlp", NOISE, budget.seeds, measure_noise, shared | noise)


def _method(name, n_train):
    """What a recipe says of a method: its name, its batch size where it has one, its nine settings."""
    if name in BY_SCIPY:
        settings = [dict(zip(BY_SCIPY[name], values)) for values in itertools.product(*BY_SCIPY[name].values())]
        for setting in settings:
            setting |= {"batch": round(setting["batch"] * n_train)} if "batch" in setting else {}
        return {"method": name.removesuffix(BY_BATCH), "settings": settings}
    method, batch, steps = METHODS[name]
    return {"method": method, "batch_size": batch or n_train, "settings": [{"step_size": step} for step in steps]}


def judge(runs):
    """SGD with a few examples against each batch method at both finish lines; the law of the noise; the angle."""
    dataset = runs.dataset.iloc[0]
    few, rivals = (dataset, "mlp", FEW), [name for name in RIVALS if (runs.setting == name).any()]  # quick lacks two
    checks = []
    for axis, unit in AXES.items():
        loss, error = _metrics_at(runs, axis)[-1]
        for rival in ((dataset, "mlp", name) for name in rivals):
            where, remark = f"{FEW} before {rival[2]}, equal {unit}", _no_further(runs, rival) if unit == "seconds" else ""
            losses = {"metric": loss, "name": f"{where}: training loss", "remark": remark}
            errors = {"metric": error, "name": f"{where}: test error", "remark": remark}
            checks.append(ratio(runs, numerator=rival, denominator=few, **losses))
            checks.append(paired_difference(runs, better=few, worse=rival, **errors))
    return [*checks, *_noise_checks(runs)]


def _no_further(runs, rival):
    """What is to be said of a method of which every seed ends the race to a number of seconds where that to examples ends."""
    ends = [by_seed(runs, rival, loss).to_numpy() for loss, _ in (_metrics_at(runs, a)[-1] for a in AXES)]
    return f"{rival[2]} had time for no more steps than in the race to examples" if np.array_equal(*ends) else ""


def _noise_checks(runs):
    """That the relative noise falls as the root of the batch, and that a few images already tell the way down."""
    for passes, table in _noise(runs, "relative_noise").items():
        powers = slopes(np.log(table.columns.astype(float)), np.log(table))
        power = mean_interval(powers)
        sentence = (
            f"Slope of the logarithm of the relative noise on that of the batch {_when(passes)}, {power.estimate:.4g} on "
            f"average over {power.n} seeds. Its distance from -1/2, mean over seeds"
        )
        away, name = mean_interval(np.abs(powers + 0.5)), f"noise falls as the root of the batch, {_when(passes)}"
        yield control(check(name, away, "powers of the batch", sentence, below=SLOPE_WITHIN, seeds=len(table)))
    for passes, table in _noise(runs, "gradient_angle").items():
        angles = mean_interval(table[ANGLE_BATCH])
        sentence = f"Angle of the gradient of {ANGLE_BATCH} images to that of all, {_when(passes)}, mean over {angles.n} seeds"
        name = f"{ANGLE_BATCH} images point downhill, {_when(passes)}"
        yield control(check(name, angles, "degrees", sentence, below=90, seeds=len(table)))  # as unbiased gradients must


def _metrics_at(runs, axis):
    """[(metric of the training loss, of the test error)] at the marks of an axis, in order."""
    found = runs.metric.str.extract(rf"^train_loss_at_(.+)_{AXES[axis]}$")[0].dropna().unique()
    return [(f"train_loss_at_{m}_{AXES[axis]}", f"test_error_at_{m}_{AXES[axis]}_pct") for m in sorted(found, key=float)]


def _noise(runs, what):
    """{passes: DataFrame with a line per seed and a column per batch size} of a measure of the noise."""
    runs = runs[runs.metric.str.startswith(what)]
    parts = runs.metric.str.extract(r"_batch_(\d+)_after_(\d+)_passes$").astype(int)
    runs = runs.assign(batch=parts[0], passes=parts[1])
    return {n: rows.pivot(index="seed", columns="batch", values="value") for n, rows in runs.groupby("passes")}


def draw(runs):
    """Training loss and test error against examples and against seconds, and the noise against the batch with its lines."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 9))
    panels = figure.subplots(2, 3)
    for column, axis in enumerate(AXES):
        for row, (axes, what) in enumerate(zip(panels[:, column], ("training loss", "test error, %"), strict=True)):
            _draw_race(axes, runs, axis, row)
            axes.set(xscale="log", yscale="log", ylabel=what, xlabel=_axis_label(axis))
            if row:
                plain_ticks(axes.yaxis, subs=(1, 2, 3, 5))
    figure.legend(*panels[0, 0].get_legend_handles_labels(), fontsize=9, ncols=4, loc="outside lower left")
    figure.suptitle(
        f"{runs.dataset.iloc[0]}, {runs.n_train.iloc[0]:,.0f} images, {runs.parameters.iloc[0]:,.0f} weights, "
        f"{runs.device.iloc[0]}: means of {runs.seed.nunique()} seeds (of losses geometric ones) and all seeds, where finite"
    )
    _draw_angles(panels[0, 2], runs)
    _draw_relative_noise(panels[1, 2], runs)
    return figure


def _axis_label(axis):
    return "examples seen" if axis == "passes" else "seconds of one net alone"


def _draw_race(axes, runs, axis, which):
    """Every method's mean at the marks, a line, and every seed, a dot; which: 0 for training loss, 1 for test error."""
    from matplotlib.ticker import NullFormatter

    metrics = [pair[which] for pair in _metrics_at(runs, axis)]
    places = [float(metric.split("_at_")[1].split("_")[0]) for metric in metrics]
    for name in (name for name in (*METHODS, *BY_SCIPY) if (runs.setting == name).any()):
        color = f"C{[*METHODS, *BY_SCIPY].index(name.removesuffix(BY_BATCH))}"
        table = runs[(runs.setting == name)].pivot(index="metric", columns="seed", values="value").reindex(metrics)
        table = table.where(table > 0)  # an error or a loss of 0 has no place on these axes
        whole = name in WHOLE_SET or name in METHODS and not METHODS[name][1]
        style = "--" if whole else ":" if name in BY_SCIPY else "-"  # dashed: all images for every step
        middle = table.mean(axis=1) if which else np.exp(np.log(table).mean(axis=1))
        axes.plot(places, middle, style, color=color, label=name, lw=1.6)
        axes.plot(places, table, ".", color=color, ms=4, alpha=0.6)
    axes.xaxis.set_minor_formatter(NullFormatter())


def _draw_angles(axes, runs):
    """The angle between gradients against the batch, every seed a dot, with arctan(c / root of the batch)."""
    for number, (passes, table) in enumerate(_noise(runs, "gradient_angle").items()):
        batches = table.columns.to_numpy(float)
        axes.plot(batches, table.T, "o", color=f"C{number}", ms=4)
        scale = np.tan(np.radians(table.iloc[:, -1].mean())) * np.sqrt(batches[-1])
        line = np.geomspace(batches[0], batches[-1], 100)
        axes.plot(line, np.degrees(np.arctan(scale / np.sqrt(line))), color=f"C{number}", lw=1)
        axes.plot([], [], "o-", color=f"C{number}", ms=4, lw=1, label=_when(passes))
    axes.set(xscale="log", ylim=(0, 95), xlabel="images in the batch", ylabel="degrees from the gradient of all images")
    axes.set_title("median angle; lines: arctan(c / $\\sqrt{\\mathrm{batch}}$), c by the last", fontsize=10)
    axes.legend(fontsize=8, loc="lower left")


def _draw_relative_noise(axes, runs):
    """The noise over the gradient's length, every seed a dot, with the line of slope -1/2."""
    for number, (passes, table) in enumerate(_noise(runs, "relative_noise").items()):
        batches = table.columns.to_numpy(float)
        axes.plot(batches, table.T, "o", color=f"C{number}", ms=4)
        scale = np.exp(np.log(table * np.sqrt(batches)).to_numpy().mean())
        axes.plot(batches, scale / np.sqrt(batches), color=f"C{number}", lw=1, label=_when(passes))
    axes.set(xscale="log", yscale="log", xlabel="images in the batch", ylabel="noise over the length of the gradient")
    axes.set_title("relative noise; lines of slope -1/2", fontsize=10)
    axes.legend(fontsize=8, loc="lower left")


def _when(passes):
    return f"after {passes} passes" if passes else "at the start"

"""The derivative with respect to a layer's input follows from that with respect to its output, all the way down.

The review (LeCun, Bengio & Hinton 2015, "Backpropagation to train multilayer architectures", Figure 1c and d) holds that the
gradient of the error with respect to all weights is nothing but the chain rule, applied layer by layer from the output down.
Here these equations are written out in NumPy (trainers/backpropagation.py, trainers/layers_written_out.py): dense layers at
depths 1 to 10, convolution and max-pooling, six activations, in float64, on real digits. They are compared with JAX's
automatic differentiation, with central differences, and with 100 steps of SGD of the same net in Keras. The cost of one
backward pass is measured in forward passes, against the number of weights, and beside the cost of differences.

Expected (quick: 3 seeds, depths 1, 2, 5 and 10, 1 minute on 2 cores; full: 20 seeds, all depths, 8 minutes on 2 cores; no
GPU needed):

- The equations agree with automatic differentiation and Keras up to rounding: the worst net of a seed is off by less than
  1e-14 and 1e-12 of the largest derivative or change, on average over seeds.
- They agree with central differences to 1e-7, as exactly as these are.
- A backward pass of dense ReLU nets costs about 2 forward passes (1.8 to 2.2), from 6,500 weights to 2.9 million (quick) or
  10 million (full). Differences cost twice as many forward passes as there are weights.
- Both budgets agree, and no check is contradicted or undecided.
"""

import numpy as np

from zoo.reproductions.harness import Trial, check, control
from zoo.reproductions.harness.statistics import Interval, mean_interval, slopes
from zoo.reproductions.trainers.gradient_checks import check_derivatives, time_passes

ACTIVATIONS = ("relu", "tanh", "sigmoid", "softplus", "softsign", "linear")
LIMITS = {"autodiff_error": 1e-10, "difference_error": 1e-6, "keras_error": 1e-9}
REFERENCES = {
    "autodiff_error": "JAX's automatic differentiation",
    "difference_error": "central differences",
    "keras_error": "Keras, in what 100 steps of SGD changed",
}
PLACE = 3
HEADLINES = ("dense: autodiff error", "convolutional: autodiff error", "cost of a backward pass")
PROTOCOL = """
**Measures.** Everything is computed in float64. An error is the largest difference in units of the largest derivative of the
same array; the worst array counts:

- automatic differentiation: every dE/dw and dE/dz;
- central differences: ten weights drawn from every array, step 1e-4, in units of the largest of these;
- Keras: the change of every weight array over 100 steps (rate 1/64, batch 16, convolutions 8).

Passes are timed in processor seconds of one core, of dense ReLU nets with three hidden layers alone and batches of 128;
differences on a sample of the weights, scaled up. `n_test` counts the images of the derivatives.

**Checks.** The bounds are ours: 1e-10, 1e-6 and 1e-9 for errors, 3 forward passes for a backward one, and for the growth of
costs powers of 0.1 and 0.9 of the number of weights. A derivative that is not finite where the reference's is exceeds any
bound; one where neither is decides nothing.

**Limits.** Where moving a weight carries a ReLU or softsign unit over 0, or changes a pooling maximum, steps of 1e-5 and
1e-6 are tried; if they do so, too, the weight is set aside and counted. Pixels are dithered by less than a grey level, since
ties in pooling windows have several valid derivatives. Keras's tanh computes in float32 on JAX; its twin takes `2
sigmoid(2z) - 1`.
"""


def trials(budget):
    """Every activation at every depth, then convolutions and pooling, then nets of growing width against the clock."""
    dataset = budget.choose(smoke="digits", quick="mnist", full="mnist")
    activations = budget.choose(smoke=("relu", "tanh"), quick=ACTIVATIONS, full=ACTIVATIONS)
    depths = budget.choose(smoke=(2,), quick=(1, 2, 5, 10), full=range(1, 11))
    stacks = budget.choose(smoke=[[3]], quick=[[4, 8]], full=[[4], [4, 8]])
    widths = budget.choose(smoke=(8, 64), quick=(8, 32, 128, 512, 1024), full=(8, 16, 32, 64, 128, 256, 512, 1024, 2048))
    shared = {"steps": 100, "rate": 1 / 64, "per_array": 10}
    for activation in activations:
        for depth in depths:
            recipe = shared | {"net": {"widths": [32] * depth}, "activation": activation, "batch": 16}
            setting = f"{activation}, depth {depth}"
            yield Trial(dataset, "dense", setting, budget.seeds, check_derivatives, recipe, 2 + depth / 3)
    for activation in activations:
        for maps in stacks:
            recipe = shared | {"net": {"maps": maps, "patch": 3, "dense": 32}, "activation": activation, "batch": 8}
            setting = f"{activation}, {len(maps)} x convolution and pooling"
            yield Trial(dataset, "convolutional", setting, budget.seeds, check_derivatives, recipe, 10)
    for width in widths:
        recipe = {"net": {"widths": [width] * 3}, "activation": "relu", "batch": 128, "repeats": 15, "sample": 2}
        yield Trial(dataset, "dense", f"passes timed, width {width}", budget.seeds, time_passes, recipe, 0.5 + width / 100)


def judge(runs):
    """The worst net of every kind against each reference, seed by seed; then the cost of a backward pass and its growth."""
    checks = [_worst(runs, model, metric) for model in ("dense", "convolutional") for metric in LIMITS]
    aside = runs[runs.metric == "differences_set_aside_pct"].value
    sentence = f"Weights set aside because of a kink near by, the most in any of {len(aside)} nets"
    measured = Interval(*[aside.max()] * 3, 1)  # a fact of these nets: nothing is estimated
    checks.append(control(check("few weights are set aside", measured, "%", sentence, below=5)))
    ratios = _by_size(runs, "backward_in_forwards")
    sentence = f"One backward pass in forward passes, mean of dense ReLU nets of {_range(ratios)} weights over {len(ratios)} seeds"
    checks.append(check("cost of a backward pass", mean_interval(ratios.mean(axis=1)), "forward passes", sentence, below=3))
    for metric, who, side in (
        ("backward_in_forwards", "a backward pass", {"below": 0.1}),
        ("differences_in_forwards", "central differences", {"above": 0.9}),
    ):
        table = _by_size(runs, metric)
        power = mean_interval(slopes(np.log(table.columns), np.log(table)))
        sentence = f"Exponent of the number of weights in the cost of {who} in forward passes, over {power.n} seeds"
        name, unit = f"growth of the cost of {who}", "(power of the weights)"
        growth = check(name, power, unit, sentence, seeds=len(table), **side)
        # Of central differences it is the number of weights itself, by which what was measured of a few is multiplied.
        checks.append(growth if metric.startswith("backward") else control(growth))
    return checks


def _worst(runs, model, metric):
    chosen = runs[(runs.model == model) & (runs.metric == metric)].pivot(index="seed", columns="setting", values="value")
    lost, worst = chosen.isna().to_numpy().any(), chosen.max(axis=1)
    sentence = (
        f"Largest relative error of the written-out {model} nets ({chosen.shape[1]} kinds, the worst counts) against "
        f"{REFERENCES[metric]}, mean over {len(chosen)} seeds"
    )
    # No derivative where the reference has one is wrong by more than any bound: a fact, of which nothing is estimated.
    interval = Interval(*[np.inf] * 3, 1) if np.isinf(worst).any() else mean_interval(worst)
    doubt = "" if np.isinf(worst).any() else "a derivative was not finite" if lost else ""
    return check(f"{model}: {metric.replace('_', ' ')}", interval, "(relative)", sentence, below=LIMITS[metric], doubt=doubt)


def _by_size(runs, metric):
    """A metric of timed passes as a table: a row per seed, a column per number of weights, growing."""
    return runs[runs.metric == metric].pivot(index="seed", columns="parameters", values="value").sort_index(axis=1)


def _range(table):
    return " to ".join(f"{int(size):,}" for size in (table.columns[0], table.columns[-1]))


def draw(runs):
    """Errors against depth for every activation and reference, and the cost of derivatives against the number of weights."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 4.8))
    axes = figure.subplots(1, 4)
    for panel, (metric, limit) in zip(axes, LIMITS.items()):
        for index, activation in enumerate(ACTIVATIONS):
            chosen = runs[(runs.metric == metric) & runs.setting.str.startswith(f"{activation},")]
            dense, others = (chosen[chosen.model == model] for model in ("dense", "convolutional"))
            style = {"color": f"C{index}", "ms": 5}
            panel.plot(*_worst_by(dense.setting.str.extract(r"(\d+)$")[0], dense), "o-", label=activation, **style)
            panel.plot(*_worst_by("c" + others.setting.str.extract(r"(\d+) x")[0], others), "s", mfc="none", **style)
        panel.axhline(limit, color="black", ls="--", lw=1)
        panel.annotate("bound", (0.02, limit), xycoords=("axes fraction", "data"), va="bottom", fontsize=8)
        panel.set(yscale="log", xlabel="hidden layers (c: convolution and pooling)")
        panel.set_title(f"against {REFERENCES[metric].replace(', in', chr(10) + 'in')}", fontsize=9)
    axes[0].set_ylabel("largest relative error, worst seed")
    axes[0].legend(fontsize=8)
    _draw_cost(axes[3], runs)
    return figure


def _worst_by(labels, rows):
    """(labels, the largest value under each), in the order in which the labels come."""
    worst = rows.value.groupby(labels, sort=False).max()
    return list(worst.index), worst.values


def _draw_cost(panel, runs):
    two = "central differences (timed on 2 weights, scaled up)"
    ways = {"backward_in_forwards": "backpropagation", "differences_in_forwards": two}
    for color, (metric, label) in zip("br", ways.items()):
        table = _by_size(runs, metric)
        panel.plot(table.columns, table.mean(), "-", color=color, label=label)
        for row in table.values:
            panel.plot(table.columns, row, "o", color=color, ms=3, alpha=0.5)
    panel.set(xscale="log", yscale="log", xlabel="weights", ylabel="cost of all derivatives, forward passes")
    panel.set_title("cost of derivatives; inset: backpropagation's", fontsize=9)
    panel.set_ylim(top=100 * panel.get_ylim()[1])
    panel.legend(fontsize=8, loc="upper left")
    table, larger = _by_size(runs, "backward_in_forwards"), panel.inset_axes((0.12, 0.13, 0.85, 0.24))
    larger.plot(table.columns, table.mean(), "b-")
    for row in table.values:
        larger.plot(table.columns, row, "bo", ms=3, alpha=0.5)
    larger.axhline(3, color="black", lw=1, ls="--")
    larger.annotate("bound", (0.98, 3), xycoords=("axes fraction", "data"), va="bottom", ha="right", fontsize=8)
    larger.set(xscale="log", ylim=(1, 4))
    larger.tick_params(labelsize=7)
    larger.set_xticklabels([])

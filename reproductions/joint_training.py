"""A deep net's layers are best learnt all together for the task, not one by one, nor left as they start.

The review (LeCun, Bengio & Hinton 2015, introduction and "Backpropagation to train multilayer architectures") holds that the
layers of features need not be designed, that a general learning procedure finds them, and that back-propagation adjusts all
of them together for the task. Here one net with three hidden layers and one with two convolutions come by their layers in
four ways within the same number of updates: random features on which only the classifier on top is trained; layer by layer
with labels, each under a classifier of its own and then frozen (Bengio et al. 2007); layer by layer without labels and then
frozen, by denoising autoencoders or, for convolutions, k-means on patches; and end to end. Beside these, layers learnt one
by one with labels for three times as long, about as many seconds as all together take, and, but for quick, without labels
and random features as long; a single wide layer, random or learnt without labels; and no hidden layers at all.

Expected, full budget (20 seeds, one H100, 20 minutes by estimate, not run yet): training all layers together ahead of each
other way. Hour (5 seeds, 2 cores, 54 minutes, 10,000 images): at equal updates so it is, for both nets on both sets; ahead
of layers learnt one by one with labels by 0.16 to 0.54 points only. With three times the updates, in 0.7 to 1.2 times the
seconds that all together took here, these are not told apart from them on MNIST, and behind by 0.25 and 0.72 points on
Fashion-MNIST. Three times the updates give random features nothing, and layers learnt without labels something in the fully
connected net, which errs on 5.1 % then instead of 7.1 on MNIST, on 17.9 instead of 20.8 on Fashion-MNIST: all together stay
ahead, by 2.0 and 4.5 points, of the ConvNet's by 0.9 and 2.7. Three random layers of the fully connected net, 10 and 7
points behind, are worse than none, on Fashion-MNIST three unsupervised ones, too: it is a single wide layer that shows what
features without labels are worth, 5.7 % random and 4.1 unsupervised on MNIST, 15.3 and 14.4 on Fashion-MNIST, where no
hidden layers leave 8.4 and 16.0 and all layers together 3.1 and 13.4. Of the ConvNet random layers are better than none, and
on MNIST unsupervised ones better than those. Quick budget (3 seeds, 2 cores, some 4 minutes, the first 3,000 images, few
updates): layers learnt together are ahead of random and of unsupervised ones; ahead of those learnt one by one with labels
by 0.67 to 1.4 points, which 3 seeds leave undecided save for the ConvNet on MNIST; with three times the updates the
ConvNet's are not told apart from it. Random and unsupervised layers of the fully connected net are behind no hidden layers.
"""

import itertools

from zoo.reproductions.harness import Published, Trial, control, paired_difference
from zoo.reproductions.harness.figures import plain_ticks
from zoo.reproductions.harness.runs import rows_in
from zoo.reproductions.trainers.layerwise import train_layerwise

SEEDS = {"hour": 5}
DATASETS = ("mnist", "fashion_mnist")
MODELS = {"mlp": "fully connected", "convnet": "ConvNet"}
RANDOM, SUPERVISED = "random features", "layer by layer, supervised"
UNSUPERVISED, JOINT = "layer by layer, unsupervised", "all layers together"
LONGER = "layer by layer, supervised, longer"
RANDOM_LONGER, UNSUPERVISED_LONGER = "random features, longer", "layer by layer, unsupervised, longer"
WIDE_RANDOM, WIDE_UNSUPERVISED = "one wide layer, random", "one wide layer, unsupervised"
NO_LAYERS = ("linear", "no hidden layers")
WAYS = {
    RANDOM: "random", SUPERVISED: "supervised", LONGER: "supervised", UNSUPERVISED: "unsupervised", JOINT: "joint",
    WIDE_RANDOM: "random", WIDE_UNSUPERVISED: "unsupervised", RANDOM_LONGER: "random", UNSUPERVISED_LONGER: "unsupervised",
}
ALSO_LONGER = (RANDOM_LONGER, UNSUPERVISED_LONGER)  # but for the quick budget
WIDE = (WIDE_RANDOM, WIDE_UNSUPERVISED)  # of the fully connected net alone
TIMES = 3  # as many updates, in which layers learn one by one in about as long as all together
COMPARISONS = [
    (JOINT, RANDOM), (JOINT, SUPERVISED), (JOINT, LONGER), (JOINT, UNSUPERVISED), (SUPERVISED, RANDOM), (UNSUPERVISED, RANDOM),
    (JOINT, WIDE_RANDOM), (JOINT, WIDE_UNSUPERVISED), (WIDE_UNSUPERVISED, WIDE_RANDOM),
    (JOINT, RANDOM_LONGER), (JOINT, UNSUPERVISED_LONGER),
]
SHARED = "updates being equal in all, the stages of the latter share them"
LAST_STAGE = "updates being equal in all, the classifier on the former's layers makes those of the last stage alone"
COST = {
    RANDOM: 2, SUPERVISED: 3, LONGER: 6, UNSUPERVISED: 3, JOINT: 4, WIDE_RANDOM: 3, WIDE_UNSUPERVISED: 8,
    RANDOM_LONGER: 6, UNSUPERVISED_LONGER: 9, "mlp": 1, "convnet": 2,
}
COLOURS = {way: "k" if place == 7 else f"C{place}" for place, way in enumerate(WAYS)}  # C7 is a grey, as lines to go by are
SECONDS = "seconds_per_net"
PLACE = 7
HEADLINES = (
    "mnist mlp: all layers together beats random features",
    "mnist mlp: all layers together beats layer by layer, unsupervised*",
    "mnist mlp: all layers together beats layer by layer, supervised",
    "mnist mlp: all layers together beats layer by layer, supervised, longer",
    "mnist mlp: all layers together beats one wide layer, random",
)
PROTOCOL = """
Architecture, starting weights, data, batches and the number of updates are the same for all four ways of a model, but that
the ConvNet's filters without labels are learnt from patches of the first 1,000 images (quick 4,000, hour 10,000, full
20,000); and so is the tuning: each way takes, out of the same step sizes (quick: 0.003, 0.01, 0.03; else 0.001 too), the one
with the lowest mean validation error over its seeds, for all of its stages; the weights after the last update are tested.
Which took an end of this grid, the table says. Adam, the step size decaying to 0 within each stage; no dropout or weight
decay; ReLU, batch normalisation after each hidden layer. Fully connected: quick 200-200-200 units, batches of 30, 12 epochs;
hour 300-300-300, batches of 50, 24 epochs; full 500-500-500, batches of 128, 36 epochs. ConvNet: two convolutions of 5x5
with max-pooling and the linear classifier; quick 8 and 16 filters, batches of 30, 4 epochs; hour 8 and 16, batches of 50, 6
epochs; full 16 and 32, batches of 128, 20 epochs. Quick: the first 3,000 images for training, 2,000 for validation and
testing; hour: 10,000 each; full: all. Supervised stages share the epochs equally, and the classifier of the last stays;
"longer" has three times the epochs. One wide layer has 600 units (hour: 1,000, full: 4,000); it and no hidden layers, a
linear classifier on pixels, have the epochs and the grid of the fully connected net. Unsupervised, fully connected: a stage
per layer, a denoising autoencoder (a quarter of its inputs 0, linear decoder, squared error), and one for the classifier
share the epochs equally. Unsupervised, ConvNet: the filters are k-means centres of whitened patches (Coates & Ng 2012),
which takes no updates, so that all of them go to the classifier. Frozen are weights, scales and offsets; the normalisation's
statistics follow the data in every way, random features included. Seconds are those of one net in one step size, learning
the filters included and compilation not; frozen layers are computed anew at every step. The published nets have sigmoid
units, more of them, and were fine-tuned as a whole after greedy stages (Bengio et al. 2007), or had more and larger filters
(Ranzato et al. 2007); Bengio et al. trained on 50,000 images, Ranzato et al. as the row says, and both tested on all 10,000,
which are easier than the first 2,000 of MNIST that the quick budget takes. Without labels each of the fully connected net's
four stages has a quarter of the updates (of the wide one's two, half); of three times as many it errs less by two to three
points, and what more would do is not known. Three times the updates harmed the supervised layers of the fully connected net
on Fashion-MNIST, on validation as well (13.2 instead of 12.9 %): at the length that validates better they are behind by 0.54
points, not 0.72. "Layer by layer, supervised, longer", the wide layers and no hidden layers were timed in another session
than the four ways, and random features and layers without labels that had longer in a third one, so that seconds, and places
along the time axis of the figure, compare within these alone: by what supervised stages take in the first, three times their
updates take 0.9 to 1.3 times the seconds of all together. Not untouched: "layer by layer, supervised, longer", the wide
layers and no hidden layers came in when the others' results were known: a reader saw that the random layers err more than
none at all, and that equal updates are no equal seconds; another one saw later that random features and layers without
labels had no longer run, and these came in last. Batch normalisation, k-means in place of convolutional autoencoders, and
step size 0.03 came in after trials, of the first seed and of six quick rows, that printed test errors beside validation
errors, the same for all ways. And the hour's ConvNets had been trained, and tested, with gradients that came out wrong now
and then (see zoo/training/groups.py), in the same settings, and the hour was run once more, on another processor, to keep
what each image costs: every verdict is the same.
"""


def trials(budget):
    """Every way of both nets on both data sets; smoke does it on scikit-learn's small digits."""
    shared = budget.choose(
        smoke={"n_train": 400, "n_test": 200, "batch_size": 40, "rates": [0.01], "patches": 500},
        quick={"n_train": 3000, "n_test": 2000, "batch_size": 30, "rates": [0.003, 0.01, 0.03], "patches": 4000},
        hour={
            "n_train": 10_000, "n_test": 10_000, "batch_size": 50, "rates": [0.001, 0.003, 0.01, 0.03], "patches": 10_000,
        },
        full={
            "n_train": None, "n_test": None, "batch_size": 128, "rates": [0.001, 0.003, 0.01, 0.03], "patches": 20_000,
        },
    )
    widths = budget.choose(smoke=[16, 16], quick=[200] * 3, hour=[300] * 3, full=[500] * 3)
    filters = budget.choose(smoke=[[4], [8]], quick=[[8], [16]], hour=[[8], [16]], full=[[16], [32]])
    options = {
        "mlp": {"widths": widths, "input_dropout": 0},
        "convnet": {"blocks": filters, "dense": 0, "kernel": budget.choose(smoke=3, quick=5, hour=5, full=5)},
    }
    epochs = {
        "mlp": budget.choose(smoke=6, quick=12, hour=24, full=36), "convnet": budget.choose(smoke=2, quick=4, hour=6, full=20),
    }
    wide = {"widths": budget.choose(smoke=[48], quick=[600], hour=[1000], full=[4000]), "input_dropout": 0}
    found = []
    for dataset in budget.choose(smoke=["digits"], quick=DATASETS, hour=DATASETS, full=DATASETS):
        none = shared | {"way": "joint", "options": {}, "epochs": epochs["mlp"]}
        found.append(Trial(dataset, *NO_LAYERS, budget.seeds, train_layerwise, none))
        for model, way in ways():
            if way in ALSO_LONGER and budget.name == "quick":
                continue
            recipe = shared | {"way": WAYS[way], "options": wide if way in WIDE else options[model]}
            recipe["epochs"] = epochs[model] * (TIMES if way in (LONGER, *ALSO_LONGER) else 1)
            found.append(Trial(dataset, model, way, budget.seeds, train_layerwise, recipe, COST[way] * COST[model]))
    return found


def ways():
    """(model, way) of every net with hidden layers."""
    return [(model, way) for model in MODELS for way in WAYS if model == "mlp" or way not in WIDE]


def summarise(runs):
    """How long one net takes in each way, all its seeds trained at once: measured once, so without an interval."""
    from zoo.reproductions.harness.statistics import Interval

    tested = runs[runs.metric == "test_error_pct"]
    for row, rows in tested.groupby(["dataset", "model", "setting"], sort=False):
        yield row, SECONDS, Interval(float(rows.seconds.mean()), float("nan"), float("nan"), len(rows))


def judge(runs):
    """All together against each other way, features learnt layer by layer against random ones, and as controls what is left
    as it starts, or learnt without labels, against no hidden layers at all, paired over seeds.
    """
    checks, present = [], set(rows_in(runs))
    for dataset in runs.dataset.unique():
        for model, (better, worse) in itertools.product(MODELS, COMPARISONS):
            if {(dataset, model, better), (dataset, model, worse)} <= present:
                few = model == "mlp" and (better, worse) in ((UNSUPERVISED, RANDOM), WIDE[::-1])
                shared = model == "mlp" and (better, worse) in ((JOINT, UNSUPERVISED), (JOINT, WIDE_UNSUPERVISED))
                rows = {"better": (dataset, model, better), "worse": (dataset, model, worse)}
                name = f"{dataset} {model}: {better} beats {worse}"
                checks.append(paired_difference(runs, **rows, name=name, remark=LAST_STAGE * few + SHARED * shared))
        for model, way in ways():
            if WAYS[way] in ("random", "unsupervised") and way not in ALSO_LONGER and {(dataset, model, way), (dataset, *NO_LAYERS)} <= present:
                rows = {"better": (dataset, model, way), "worse": (dataset, *NO_LAYERS)}
                checks.append(control(paired_difference(runs, **rows, name=f"{dataset} {model}: {way} beats no hidden layers")))
    return checks


def draw(runs):
    """Test error by way for each net, every seed a dot and the bar their mean; then against the seconds of a net."""
    from matplotlib.figure import Figure

    tested, datasets = runs[runs.metric == "test_error_pct"], runs.dataset.unique()
    figure = Figure(figsize=(15, 4.3 * len(datasets)))
    for panels, dataset in zip(figure.subplots(len(datasets), 3, squeeze=False), datasets, strict=True):
        found = tested[tested.dataset == dataset]
        for axes, (model, name) in zip(panels, MODELS.items()):
            _draw_errors(axes, found[found.model == model])
            if (linear := found[found.model == NO_LAYERS[0]].value).size:
                linear = linear.mean()
                axes.axhline(linear, color="grey", ls="--", lw=1, zorder=1)
                place = {"xycoords": ("axes fraction", "data"), "ha": "left", "va": "bottom", "fontsize": 7}
                axes.annotate(NO_LAYERS[1], (0.01, linear), **place)
                axes.set(xlim=(-0.2 * axes.get_xlim()[1], None), ylim=(0, max(axes.get_ylim()[1], 1.1 * linear)))
            axes.set_title(f"{dataset}: {name}", fontsize=11)
        _draw_seconds(panels[2], found)
        panels[2].set_title(f"{dataset}: error against time", fontsize=11)
    figure.axes[2].legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _draw_errors(axes, found):
    mine = [way for way in WAYS if (found.setting == way).any()]
    for place, way in enumerate(mine):
        errors = found[found.setting == way].sort_values("seed").value
        # Side by side, so that equal errors stay visible.
        shifts = [0.3 * (index / max(1, len(errors) - 1) - 0.5) for index in range(len(errors))]
        axes.plot([place + shift for shift in shifts], errors, "o", ms=6, alpha=0.7, color=COLOURS[way])
        axes.plot([place - 0.3, place + 0.3], [errors.mean()] * 2, color="black", lw=1.5)
    axes.set_xticks(range(len(mine)), mine, fontsize=7, rotation=40, ha="right", rotation_mode="anchor")
    axes.set(ylabel="test error, %", ylim=(0, None))


def _draw_seconds(axes, found):
    for marker, (model, name) in zip("os", MODELS.items()):
        for way in WAYS:
            dots = found[(found.model == model) & (found.setting == way)]
            axes.plot(dots.seconds, dots.value, marker, ms=6, alpha=0.7, color=COLOURS[way])
        axes.plot([], [], marker, color="black", mfc="none", label=name)
    linear = found[found.model == NO_LAYERS[0]]
    axes.plot(linear.seconds, linear.value, "x", ms=7, color="grey", label=NO_LAYERS[1] if len(linear) else None)
    for way in WAYS:
        if (found.setting == way).any():
            axes.plot([], [], "o", color=COLOURS[way], label=way)
    axes.set(xscale="log", yscale="log", xlabel="seconds of training per net", ylabel="test error, %")
    for axis in (axes.xaxis, axes.yaxis):
        plain_ticks(axis)
        axis.set_tick_params(which="both", labelsize=8)


def _published():
    found, pretraining = {}, {"topic": "unsupervised_pretraining"}
    other = "sigmoid units, 50,000 images; ours 10,000 at the hour, 3,000 in quick"
    tuned = f"{other}; there the whole net was fine-tuned after the stages, here the layers stay frozen"
    for way, name, note in (
        (SUPERVISED, "supervised greedy pre-training", tuned),
        (UNSUPERVISED, "autoencoder pre-training", tuned),
        (JOINT, "deep net, no pre-training", other),
    ):
        found["mnist", "mlp", way] = Published(name, "experiment 2", note, **pretraining)
    lower = {RANDOM: "random lower layers", UNSUPERVISED: "unsupervised lower layers", JOINT: "supervised throughout"}
    for way, name in lower.items():
        found["mnist", "convnet", way] = [
            Published(f"ConvNet, {name}", labels, f"a larger ConvNet; ours at the {budget} budget sees {n}", **pretraining)
            for labels, budget, n in (
                ("60000 labels", "full", "50,000"), ("10000 labels", "hour", "as many"), ("2000 labels", "quick", "3,000")
            )
        ]
    return found


PUBLISHED = _published()

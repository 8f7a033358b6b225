"""The nets of unsupervised_pretraining: what they start from, what the tables call them, and what the runs hold of them."""

from zoo.reproductions.harness.runs import lines_of
from zoo.reproductions.trainers.label_curves import metric
from zoo.reproductions.trainers.step_sizes import SIGMOID_START

MODEL = "autoencoder_stack"
SIGMOID, RELU = {"activation": "sigmoid"}, {"activation": "relu"}
# What a start is made of: options, whether there is dropout, the noise of autoencoders or None without pre-training.
STARTS = {
    "random": (SIGMOID, False, None),
    "scaled": (SIGMOID | {"initialiser": SIGMOID_START}, False, None),
    "autoencoder": (SIGMOID, False, {"corruption": None, "level": 0.0}),
    "denoising": (SIGMOID, False, {"corruption": "masking", "level": 0.25}),
    "rectified": (RELU, False, None),
    "modern": (RELU, True, None),
}
PRETRAINED = ("autoencoder", "denoising")
UNTRAINED = ("random", "scaled")  # what pre-training is held against, in its best depth the better of both
RIVALS = ("rectified", "modern")
BEST = "each in its best depth"
OF_TWO = ", random from the better of two starts"
TOP = 20
WIDTH = 1000  # units a layer of the full budget


def setting(start, depth, top=None):
    """What the tables call a net: its start, its hidden layers and, if narrow, the units of the top one."""
    return f"{start} start, {depth} layer{'s' if depth > 1 else ''}{f', {top} on top' if top else ''}"


def recipe_of(start, widths, size, pretraining, dropout=0.0, filters=False):
    """The recipe of train_with_labels for a net with a start.

    size: n_train, n_test, labels, rates, epochs, draws, batch_size. pretraining: epochs and learning_rate of layers that are
    pre-trained. dropout: the share, where the start has any. filters: whether those of the first layer are left.
    """
    options, drops, noise = STARTS[start]
    options = options | {"widths": [*widths], "rescale": 1 / 255, "dropout": dropout if drops else 0.0}
    pretraining = noise and noise | pretraining | {"batch_size": size["batch_size"]}
    return size | {"options": options, "pretraining": pretraining, "filters": filters}


def spread_metric(labels):
    """What the standard deviation over seeds of the test error with so many labels is called in the tables."""
    return metric("test", labels).replace("error", "error_standard_deviation")


def nets_of(runs):
    """{(start, depth, units on top or None): row (dataset, model, setting)} of all nets in the runs."""
    present = set(runs.setting)
    wanted = [(start, depth, top) for start in STARTS for depth in (1, 2, 3) for top in (None, TOP)]
    return {net: (runs.dataset.iloc[0], MODEL, setting(*net)) for net in wanted if setting(*net) in present}


def labels_of(runs):
    """The numbers of labels, ascending."""
    return sorted({int(name.split("_")[3]) for name in runs.metric})


def errors_of(runs, row, labels, split="test"):
    """Errors of a row, (seeds, labels), in the order of the seeds; NaN where a seed diverged."""
    return lines_of(runs, row).pivot(index="seed", columns="metric", values="value")[[metric(split, n) for n in labels]].to_numpy()


def depth_of(row):
    """How many hidden layers a row's net has."""
    return int(row[2].split(", ")[1].split()[0])


def weights_of_full(depth, classes=10):
    """How many weights a net of the full budget has on images of 28x28 pixels, of so many layers and without a narrow top."""
    return (28 * 28 + 1) * WIDTH + (depth - 1) * (WIDTH + 1) * WIDTH + (WIDTH + 1) * classes


def name_of(row):
    """What checks call a net."""
    return f"{row[0]} {row[2]}"

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
TOP = 20
WIDE = ("random", "scaled", "denoising", "modern")  # the hour's nets of the full budget's size, trained as there, with all labels
WIDTH = 1000  # units a layer of the full budget


def setting(start, depth, top=None):
    """What the tables call a net: its start, its hidden layers and, if narrow, the units of the top one."""
    return f"{start} start, {depth} layer{'s' if depth > 1 else ''}{f', {top} on top' if top else ''}"


def wide(start):
    """What the tables of the hour call a net of the full budget's size."""
    return f"{setting(start, 3)} of {WIDTH}"


def spread_metric(labels):
    """What the standard deviation over seeds of the test error with so many labels is called in the tables."""
    return metric("test", labels).replace("error", "error_standard_deviation")


def large_of(runs):
    """{start: row} of the nets of the full budget's size in the hour's runs."""
    rows = {start: (runs.dataset.iloc[0], MODEL, wide(start)) for start in WIDE}
    return {start: row for start, row in rows.items() if row[2] in set(runs.setting)}


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


def name_of(row):
    """What checks call a net."""
    return f"{row[0]} {row[2]}"

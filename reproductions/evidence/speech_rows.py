"""The rows of phone_recognition on speech: what its models are called, and what the runs hold of them."""

import numpy as np

from zoo.reproductions.harness.runs import by_seed, lines_of, row_of_least, rows_in
from zoo.reproductions.trainers.speech_baselines import metric

SPEECH = "msu_ru_speech"
# How a stack of layers starts, and as which model of the zoo. scaled: at random, four times as wide as random.
STARTS = dict.fromkeys(("random", "scaled", "pre-trained"), "autoencoder_stack") | dict.fromkeys(("rectified", "modern"), "mlp")
RIVALS = ("random", "scaled")  # of the pre-trained start
SIGMOIDS = (*RIVALS, "pre-trained")
GMM, GMM_PROJECTED = ("gmm", "cepstra of a frame"), ("gmm", "11 frames, projected")
LDA, KNN = ("lda", "11 frames"), ("knn", "11 frames, projected")
LINEAR, CONVNET, LSTM = ("linear", "11 frames"), ("convnet", "2 convolutions over 11 frames"), ("lstm", "over 11 frames")


def net(start, depth):
    """(model, setting) of a stack of hidden layers in the tables."""
    return STARTS[start], f"{start} start, {depth} layer{'s' if depth > 1 else ''}"


def longer(start, depth):
    """A stack that makes as many updates as the deepest pre-trained one does with those of its pre-training."""
    model, setting = net(start, depth)
    return model, f"{setting}, longer"


def depths_of(runs, start="random", row=net):
    """The numbers of hidden layers that were run on speech, as row(start, layers), ascending."""
    rows = set(rows_in(runs))
    return [depth for depth in range(1, 10) if (SPEECH, *row(start, depth)) in rows]


def minutes_of(runs):
    """The numbers of labelled minutes, ascending."""
    return sorted({float(name.split("_")[3]) for name in runs.metric if "_minutes_" in name})


def errors_of(runs, row, minutes, split="test"):
    """Errors of a row (model, setting) in the order of the seeds; none where they were not measured."""
    return by_seed(runs, (SPEECH, *row), metric(split, minutes)).sort_index().to_numpy()


def best_of(runs, starts, minutes, row=net):
    """(model, setting): of all row(start, layers) with one of these starts that which errs least on validation."""
    rows = [(SPEECH, *row(start, depth)) for start in starts for depth in depths_of(runs, start, row)]
    return row_of_least(runs, rows, metric("validation", minutes))[1:]


def count_of(runs, row, minutes, column):
    """What runs.csv counts of a row (model, setting) with so many minutes: its parameters, updates or n_test."""
    lines = lines_of(runs, (SPEECH, *row))
    return lines[lines.metric == metric("test", minutes)][column].max()


def means_in_words(errors):
    """The means of several samples in words."""
    return ", ".join(f"{np.nanmean(sample):.1f}" for sample in errors)


def gap_of(runs, depth, minutes, start):
    """What pre-training spares against a random start, for every seed."""
    return errors_of(runs, net(start, depth), minutes) - errors_of(runs, net("pre-trained", depth), minutes)


def in_words(depth):
    """What checks call so many hidden layers."""
    return f"{depth} hidden layer{'s' if depth > 1 else ''}"

"""What phone_recognition judges on speech: depth, pre-training, and deep nets against what came before them."""

import numpy as np

from zoo.reproductions.harness import check, paired_difference
from zoo.reproductions.harness.statistics import Interval, mean_interval, slopes
from zoo.reproductions.trainers.speech_baselines import metric
from zoo.reproductions.trainers.speech_rows import (
    CONVNET, GMM, GMM_PROJECTED, KNN, LDA, LINEAR, LSTM, RIVALS, SPEECH, STARTS, depths_of, errors_of, gap_of, in_words, longer,
    means_in_words, minutes_of, net,
)


def checks(runs):
    """For each number of minutes; one that is undecided where nothing was run on speech."""
    if SPEECH not in set(runs.dataset):
        return [_not_run()]
    minutes = minutes_of(runs)
    found = [_depth_helps(runs, start, labelled) for start in STARTS for labelled in minutes]
    several = [start for start in STARTS if len(depths_of(runs, start, longer)) > 1]
    found += [_depth_helps(runs, start, minutes[-1], longer) for start in several]
    stacks = [start for start in STARTS if len(depths_of(runs, start)) > 1]
    found += [_last_layers_help(runs, start, labelled) for start in stacks for labelled in minutes]
    return found + _pretraining_helps(runs) + _deep_beats_the_rest(runs)


def _depth_helps(runs, start, minutes, row=net):
    """The least-squares slope over the number of layers of the errors of row(start, layers), with so many minutes."""
    layers, begun = depths_of(runs, start, row), f"{start} start" + ", longer" * (row is longer)
    errors = np.stack([errors_of(runs, row(start, depth), minutes) for depth in layers], axis=-1)
    means, slope = means_in_words(errors.T), mean_interval(slopes(layers, errors))
    met = [errors_of(runs, row(start, depth), minutes, "training") for depth in layers]
    training = f", those on the batches trained on {means_in_words(met)} %" if all(map(len, met)) else ""
    sentence = (
        f"On {SPEECH}, {minutes:g} minutes labelled, {begun}, the test errors with {', '.join(map(str, layers))}"
        f" hidden layers are {means} %{training}. Slope of the test errors over the layers, {slope.n} seeds"
    )
    name = f"{begun}, {minutes:g} minutes: error falls with depth"
    return check(name, slope, "percentage points per layer", sentence, below=0, seeds=len(errors))


def _last_layers_help(runs, start, minutes):
    """The deepest net against the next shallower one: a slope over all depths may be that of the first step alone."""
    less, most = depths_of(runs, start)[-2:]
    rows = [(SPEECH, *net(start, depth)) for depth in (most, less)]
    name = f"{start} start, {most} layers beat {less}, {minutes:g} minutes"
    return paired_difference(runs, better=rows[0], worse=rows[1], metric=metric("test", minutes), name=name)


def _pretraining_helps(runs):
    """What pre-training spares against the random starts for each depth and number of minutes, and how that shrinks."""
    checks, minutes = [], minutes_of(runs)
    for start in RIVALS:
        for depth in depths_of(runs, start):
            checks += _spared(runs, start, depth, minutes)
    depth, most = depths_of(runs)[-1], minutes[-1]
    rows = [(SPEECH, *row) for row in (net("pre-trained", depth), longer("scaled", depth))]
    name = f"pre-training helps, {in_words(depth)}, {most:g} minutes, equal updates in all"
    return [*checks, paired_difference(runs, better=rows[0], worse=rows[1], metric=metric("test", most), name=name)]


def _spared(runs, start, depth, minutes):
    """The checks that hold the pre-trained start against one of its rivals in one depth."""
    checks, rows = [], [(SPEECH, *net(begun, depth)) for begun in ("pre-trained", start)]
    against = f"{in_words(depth)}, {start} start"
    for labelled in minutes:
        name = f"pre-training helps, {against}, {labelled:g} minutes"
        checks.append(paired_difference(runs, better=rows[0], worse=rows[1], metric=metric("test", labelled), name=name))
    few, many = (gap_of(runs, depth, labelled, start) for labelled in (minutes[0], minutes[-1]))
    more = mean_interval(few - many)
    sentence = (
        f"On {SPEECH}, {against}, pre-training spares {np.nanmean(few):.2f} points with {minutes[0]:g} minutes labelled"
        f" and {np.nanmean(many):.2f} with {minutes[-1]:g}. What it spares more with the fewer, paired over {more.n} seeds"
    )
    name = f"pre-training helps more with fewer labels, {against}"
    return [*checks, check(name, more, "percentage points", sentence, above=0, seeds=len(few))]


def _deep_beats_the_rest(runs):
    """The deepest nets, pre-trained and of today, against what came before and other nets; and against each other."""
    deepest, checks = depths_of(runs)[-1], []
    present = set(zip(runs.dataset, runs.model, runs.setting, runs.metric))
    for start in ("rectified", "modern"):
        both = {side: (SPEECH, *net(begun, deepest)) for side, begun in (("better", "pre-trained"), ("worse", start))}
        for minutes in minutes_of(runs):
            name = f"pre-trained start, {in_words(deepest)}, beats a {start} one, {minutes:g} minutes"
            checks.append(paired_difference(runs, **both, metric=metric("test", minutes), name=name))
    for start in ("pre-trained", "rectified", "modern"):
        deep = (SPEECH, *net(start, deepest))
        for rival in (GMM, GMM_PROJECTED, LDA, KNN, LINEAR, CONVNET, LSTM):
            for minutes in minutes_of(runs):
                if (SPEECH, *rival, metric("test", minutes)) in present:
                    name = f"{start} start, {in_words(deepest)}, beats {rival[0]} ({rival[1]}), {minutes:g} minutes"
                    measured = {"metric": metric("test", minutes), "name": name}
                    checks.append(paired_difference(runs, better=deep, worse=(SPEECH, *rival), **measured))
    return checks


def _not_run():
    """What stands in place of the checks on speech where its data are not at hand."""
    doubt = f"{SPEECH} is not at hand (zoo data fetch {SPEECH})"
    nothing = Interval(np.nan, np.nan, np.nan, 0)
    name = f"pre-trained start, 4 hidden layers, beats {GMM[0]} ({GMM[1]}), no minutes"
    sentence = f"Nothing was run on speech, neither a deep net nor {GMM[0]} ({GMM[1]})"
    return check(name, nothing, "percentage points", sentence, above=0, doubt=doubt)

"""What phone_recognition judges on speech: depth, pre-training, and deep nets against what came before them."""

import numpy as np

from zoo.reproductions.evidence.label_rows import BEST, OF_TWO
from zoo.reproductions.evidence.speech_rows import (
    CONVNET,
    GMM,
    GMM_PROJECTED,
    KNN,
    LDA,
    LINEAR,
    LSTM,
    RIVALS,
    SIGMOIDS,
    SPEECH,
    STARTS,
    best_of,
    count_of,
    depths_of,
    errors_of,
    gap_of,
    in_words,
    longer,
    means_in_words,
    minutes_of,
    net,
)
from zoo.reproductions.harness import Ladder, check, paired_difference
from zoo.reproductions.harness.chance import by_chance_of_examples
from zoo.reproductions.harness.numbers import number
from zoo.reproductions.harness.statistics import Interval, by_examples_of_sum, mean_interval, slopes
from zoo.reproductions.trainers.speech_baselines import metric


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
    return found + _pretraining_helps(runs) + _starts_in_best_depths(runs) + _stacks_beat_the_rest(runs)


def _beats(runs, better, worse, minutes, name, doubt=""):
    """That a row (model, setting) errs less than another with so many minutes, by more than the frames tested may make."""
    rows = {"better": (SPEECH, *better), "worse": (SPEECH, *worse)}
    return paired_difference(runs, **rows, metric=metric("test", minutes), name=name, doubt=doubt, examples=True)


def _by_chance(runs, effect, factors, errors, unit):
    """Why the frames tested may make an effect, an Interval, that is the sum of several errors (each by seed) times factors."""
    tested = runs[runs.dataset == SPEECH].n_test.max()
    half = by_examples_of_sum(factors, [np.nanmean(sample) / 100 for sample in errors], tested)
    return by_chance_of_examples(effect, 0, 100 * half, tested, unit)


def _slope(runs, start, minutes, row=net):
    """(layers, test errors (layers, seeds), Interval of their least-squares slope) of row(start, layers)."""
    layers = depths_of(runs, start, row)
    errors = np.stack([errors_of(runs, row(start, depth), minutes) for depth in layers])
    return layers, errors, mean_interval(slopes(layers, errors.T))


def _depth_helps(runs, start, minutes, row=net):
    """The least-squares slope over the number of layers of the errors of row(start, layers), with so many minutes."""
    (layers, errors, slope), begun = _slope(runs, start, minutes, row), f"{start} start" + ", longer" * (row is longer)
    met = [errors_of(runs, row(start, depth), minutes, "training") for depth in layers]
    training = f", the training errors {means_in_words(met)} %" if all(map(len, met)) else ""
    sentence = (
        f"On {SPEECH}, {minutes:g} minutes labelled, {begun}, the test errors with {', '.join(map(str, layers))}"
        f" hidden layers are {means_in_words(errors)} %{training}. Slope of the test errors over the layers, {slope.n} seeds"
    )
    doubt = "" if row is longer else _lost_by_updates(runs, start, minutes)
    doubt = doubt or _by_chance(runs, slope, slopes(layers, np.eye(len(layers))), errors, " points per layer")
    ends, name = (layers[-1], layers[0]), f"{begun}, {minutes:g} minutes: error falls with depth"
    rows = {"rows": tuple((SPEECH, *row(start, depth)) for depth in ends), "metric": metric("test", minutes)}
    return check(name, slope, "percentage points per layer", sentence, below=0, doubt=doubt, seeds=errors.shape[1], **rows)


def _lost_by_updates(runs, start, minutes):
    """Why the depths of a start, with so many minutes, decide nothing: where nets were trained longer, which was with the most
    minutes alone, the slope over the layers has not for sure the same sign. Of sigmoids only one start was: it speaks for the
    others, which met as much of their labels. Nets with fewer minutes had no more updates than those with the most.
    """
    longest = start if len(depths_of(runs, start, longer)) > 1 or start not in SIGMOIDS else RIVALS[-1]
    several, most = depths_of(runs, longest, longer), minutes_of(runs)[-1]
    if len(several) < 2:
        harm = len(depths_of(runs, start)) > 1 and _slope(runs, start, minutes)[2].estimate > 0
        return "deeper nets may want more updates, and no two depths had them" if harm else ""
    short, long = _slope(runs, start, minutes)[2], _slope(runs, longest, most, longer)[2]
    updates = [count_of(runs, row(longest, several[-1]), most, "updates") for row in (net, longer)]
    if min(np.sign(short.estimate) * np.array([long.low, long.high])) > 0:
        return ""
    of = "" if longest == start else f" of the {longest} start"
    where = "" if minutes == most else f", tried with {most:g} minutes alone,"
    how = f"with {number(updates[1] / updates[0])} times the updates{where} the slope{of} over the layers"
    return f"{how} is {number(long.estimate)} (95% interval {number(long.low)} to {number(long.high)})"


def ladders(runs):
    """A linear classifier of frames against stacks, then every start in all its depths, with each number of minutes."""
    found = []
    for minutes in minutes_of(runs):
        said, spoken = {"examples": True}, f"{minutes:g} minutes"
        for start in STARTS:
            depths, doubt = depths_of(runs, start), _lost_by_updates(runs, start, minutes)
            rungs = {str(depth): (SPEECH, *net(start, depth)) for depth in depths}
            linear = errors_of(runs, LINEAR, minutes)
            # More updates could not turn that layers help, only that they do harm.
            errors = {str(depth): errors_of(runs, net(start, depth), minutes) for depth in depths[1:]}
            behind = {depth: doubt for depth, mine in errors.items() if len(mine) and len(linear) and mine.mean() > linear.mean()}
            from_none = {"none": (SPEECH, *LINEAR)} | rungs
            found.append(Ladder(f"{start} start, {spoken}", from_none, metric("test", minutes), said, behind))
            doubts = dict.fromkeys(map(str, depths[1:]), doubt)
            found.append(Ladder(f"{start} start, {spoken}", rungs, metric("test", minutes), said, doubts))
    return found


def _last_layers_help(runs, start, minutes):
    """The deepest net against the next shallower one: a slope over all depths may be that of the first step alone."""
    less, most = depths_of(runs, start)[-2:]
    name = f"{start} start, {most} layers beat {less}, {minutes:g} minutes"
    doubt = _lost_by_updates(runs, start, minutes)
    return _beats(runs, net(start, most), net(start, less), minutes, name, doubt)


def _pretraining_helps(runs):
    """What pre-training spares against the random starts for each depth and number of minutes, how that shrinks; and against
    as many updates in all.
    """
    checks, minutes = [], minutes_of(runs)
    for start in RIVALS:
        for depth in depths_of(runs, start):
            checks += _spared(runs, start, depth, minutes)
    depth, most = depths_of(runs)[-1], minutes[-1]
    name = f"pre-training helps, {in_words(depth)}, {most:g} minutes, equal updates in all"
    checks.append(_beats(runs, net("pre-trained", depth), longer("scaled", depth), most, name))
    rows = best_of(runs, ["pre-trained"], most), best_of(runs, ["scaled"], most, longer)
    name = f"pre-training helps, {most:g} minutes, in its best depth, no fewer updates without"
    return [*checks, _beats(runs, *rows, most, name)]


def _spared(runs, start, depth, minutes):
    """The checks that hold the pre-trained start against one of its rivals in one depth."""
    checks, rows = [], [net(begun, depth) for begun in ("pre-trained", start)]
    against = f"{in_words(depth)}, {start} start"
    for labelled in minutes:
        checks.append(_beats(runs, *rows, labelled, f"pre-training helps, {against}, {labelled:g} minutes"))
    few, many = (gap_of(runs, depth, labelled, start) for labelled in (minutes[0], minutes[-1]))
    more = mean_interval(few - many)
    sentence = (
        f"On {SPEECH}, {against}, pre-training spares {np.nanmean(few):.2f} points with {minutes[0]:g} minutes labelled"
        f" and {np.nanmean(many):.2f} with {minutes[-1]:g}. What it spares more with the fewer, paired over {more.n} seeds"
    )
    errors = [errors_of(runs, row, labelled) for labelled in (minutes[0], minutes[-1]) for row in rows]
    doubt = _by_chance(runs, more, (-1, 1, 1, -1), errors, " points")
    name = f"pre-training helps more with fewer labels, {against}"
    return [*checks, check(name, more, "percentage points", sentence, above=0, doubt=doubt, seeds=len(few))]


def _starts_in_best_depths(runs):
    """The pre-trained start against the others, each in the depth that errs least on validation with as many minutes.

    One depth for both can make a rival of a net that is too deep. Of two random starts it is the better one, too.
    """
    checks = []
    for rival, starts in {"random": RIVALS, "rectified": ["rectified"], "modern": ["modern"]}.items():
        each = BEST + OF_TWO * (starts is RIVALS)
        for minutes in minutes_of(runs):
            rows = best_of(runs, ["pre-trained"], minutes), best_of(runs, starts, minutes)
            checks.append(_beats(runs, *rows, minutes, f"pre-trained start beats {rival}, {minutes:g} minutes, {each}"))
    return checks


def _stacks_beat_the_rest(runs):
    """Stacks, pre-trained and of today, in the depth that validation prefers, against what came before and other nets."""
    checks = []
    for start in ("pre-trained", "rectified", "modern"):
        for rival in (GMM, GMM_PROJECTED, LDA, KNN, LINEAR, CONVNET, LSTM):
            for minutes in minutes_of(runs):
                if len(errors_of(runs, rival, minutes)):
                    name = f"{start} start, in its best depth, beats {rival[0]} ({rival[1]}), {minutes:g} minutes"
                    stack = best_of(runs, [start], minutes)
                    checks.append(_beats(runs, stack, rival, minutes, name, _fewer_weights(runs, stack, rival, minutes)))
    return checks


def _fewer_weights(runs, stack, rival, minutes):
    """Why a ConvNet or an LSTM that errs more had no fair chance: it has fewer weights, which were ours to choose."""
    ahead, behind = (np.nanmean(errors_of(runs, row, minutes)) for row in (stack, rival))
    if rival not in (CONVNET, LSTM) or behind <= ahead:
        return ""
    most, few = (count_of(runs, row, minutes, "parameters") for row in (stack, rival))
    return f"the {rival[0]} has {few:,.0f} weights, the {stack[0]} {most:,.0f}" if few < most else ""


def _not_run():
    """What stands in place of the checks on speech where its data are not at hand."""
    doubt = f"{SPEECH} is not at hand (zoo data fetch {SPEECH})"
    nothing = Interval(np.nan, np.nan, np.nan, 0)
    name = f"pre-trained start, in its best depth, beats {GMM[0]} ({GMM[1]}), no minutes"
    sentence = f"Nothing was run on speech, neither a deep net nor {GMM[0]} ({GMM[1]})"
    return check(name, nothing, "percentage points", sentence, above=0, doubt=doubt)

"""What unsupervised_pretraining judges: starts against each other at every number of labels, spreads, the narrow top layer;
and what its table says beside: how much published nets are spared.
"""

import numpy as np

from zoo.reproductions.evidence.label_references import CONTRACTIVE, FEW, SHALLOW, error_with
from zoo.reproductions.evidence.label_rows import (
    BEST,
    OF_TWO,
    PRETRAINED,
    RIVALS,
    STARTS,
    TOP,
    UNTRAINED,
    depth_of,
    errors_of,
    labels_of,
    name_of,
    nets_of,
    weights_of_full,
)
from zoo.reproductions.evidence.label_trends import trends
from zoo.reproductions.harness import check, paired_difference
from zoo.reproductions.harness.numbers import number
from zoo.reproductions.harness.runs import lines_of, row_of_least
from zoo.reproductions.harness.statistics import deviation_ratio_interval, mean_interval, slopes
from zoo.reproductions.trainers.label_curves import metric

TUNED = "modern"  # the start whose dropout was chosen, once for all numbers of labels


def checks_of(runs):
    """The gaps at every number of labels, how they change with it and with depth; spread over seeds; the narrow top layer."""
    nets, checks = nets_of(runs), []
    depths = sorted({depth for _, depth, top in nets if not top})
    for depth in depths:
        for start in PRETRAINED:
            if (start, depth, None) in nets:
                for rival in UNTRAINED:
                    if (rival, depth, None) in nets:
                        checks += _gaps(runs, nets, start, rival, depth) + _trends(runs, nets, start, rival, depth)
    if len(depths) > 1:
        whole = [start for start in (*PRETRAINED, *UNTRAINED) if all((start, depth, None) in nets for depth in depths)]
        pairs = [(start, rival) for start in PRETRAINED for rival in UNTRAINED if {start, rival} <= {*whole}]
        checks += [_deeper(runs, nets, *pair, depths) for pair in pairs]
        checks += _layers_alone(runs, nets, depths) + _in_best_depths(runs, nets)
    for depth in depths:
        for start in RIVALS:
            if {(start, depth, None), ("denoising", depth, None)} <= nets.keys():
                checks += _gaps(runs, nets, "denoising", start, depth)
    spread = [(rival, depth) for depth in depths for rival in UNTRAINED if (rival, depth, None) in nets]
    checks += [_spread(runs, nets, "denoising", *pair) for pair in spread]
    if ("autoencoder", 3, TOP) in nets:
        checks += _narrow(runs, nets)
    return checks


def _gaps(runs, nets, start, rival, depth):
    """That a start errs less than its rival at each number of labels, paired over seeds."""
    rows = nets[start, depth, None], nets[rival, depth, None]
    return [_lead(runs, *rows, rival, n, f"{name_of(rows[0])} beats {rival}, {n} labels") for n in labels_of(runs)]


def _lead(runs, better, worse, rival, n, name):
    """That one row errs less than the rival's with n labels.

    Where dropout was chosen, neither side's lead need decide: the noise was not chosen, the dropout not for these labels alone.
    """
    said = {"better": better, "worse": worse, "metric": metric("test", n), "name": name}
    if rival != TUNED:
        return paired_difference(runs, **said)
    said |= {"handicap": _untuned(runs, better), "remark": f"the {rival} start has one dropout rate for all numbers of labels"}
    found = paired_difference(runs, **said)
    doubt = f"a dropout rate chosen for {n} labels might serve the {rival} start better"
    return paired_difference(runs, **said, doubt=doubt) if found.verdict == "reproduced" else found


def _trends(runs, nets, start, rival, depth):
    """How the gap between them changes with the number of labels."""
    rows, labels = [nets[each, depth, None] for each in (start, rival)], labels_of(runs)
    errors = [errors_of(runs, row, labels) for row in rows]
    return trends(rows[0][0], name_of(rows[0]), rows[0][2], labels, *errors, rival)


def _untuned(runs, row):
    """Why a pre-trained net may be behind units that had their dropout chosen, which its noise was not."""
    weights = lines_of(runs, row).get("parameters", default=np.array([np.nan])).max()
    whole = weights_of_full(depth_of(row))
    sizes = f", and both have {weights:,.0f} weights, the full budget's {whole:,}" if weights < whole else ""
    return f"its noise was not chosen, while the other's dropout was{sizes}"


def _in_best_depths(runs, nets):
    """Starts against each other, each in the depth that errs least on validation with as many labels.

    One depth for both can make a rival of a net that is too deep for so few labels. Of two random starts it is the better one, too.
    """
    labels, dataset, checks, best = labels_of(runs), runs.dataset.iloc[0], [], _best_rows(runs, nets)
    for start, rival in (*((start, "random") for start in PRETRAINED), *(("denoising", rival) for rival in RIVALS)):
        if {(start, labels[0]), (rival, labels[0])} <= best.keys():
            each = BEST + OF_TWO * (rival == "random" and any(made == "scaled" for made, _, _ in nets))
            for n in labels:
                rows, name = (best[start, n], best[rival, n]), f"{dataset} {start} start beats {rival}, {n} labels, {each}"
                checks.append(_lead(runs, *rows, rival, n, name))
            if rival == "random":
                errors = [np.hstack([errors_of(runs, best[net, n], [n]) for n in labels]) for net in (start, rival)]
                checks += trends(dataset, f"{dataset} {start} start, {each}", f"{start} start, {each},", labels, *errors)
    return checks


def _best_rows(runs, nets):
    """{(start, number of labels): row of the depth that errs least on validation}, of starts in several depths."""

    def kinds(start):
        return UNTRAINED if start == "random" else (start,)

    return {
        (start, n): row_of_least(runs, rows, metric("validation", n))
        for start in STARTS
        for n in labels_of(runs)
        if len(rows := [row for (made, _, top), row in nets.items() if made in kinds(start) and not top]) > 1
    }


def spared_as_published(runs):
    """{row and metric: what the denoising start in its best depth is spared, and what a published pre-trained net was}."""
    best, found = _best_rows(runs, nets_of(runs)), {}
    for n in FEW if runs.dataset.iloc[0] == "mnist" else ():
        if all(rows := [best.get((start, n)) for start in ("denoising", "random")]):
            mine, rival = (errors_of(runs, row, [n])[:, 0] for row in rows)
            theirs, without = (error_with(model, n) for model in (CONTRACTIVE, SHALLOW))
            here = _spared(np.nanmean(rival - mine), np.nanmean(100 * (1 - mine / rival)))
            there = f"{CONTRACTIVE} against {SHALLOW} {_spared(without - theirs, 100 * (1 - theirs / without))}"
            found[*rows[0], metric("test", n)] = f"spared against {rows[1][2]}: {here}; published: {there}"
    return found


def _spared(points, share):
    return f"{number(points)} points, {number(share)} % of the errors"


def _deeper(runs, nets, start, rival, depths):
    """Erhan et al. (2010): the more layers, the more pre-training spares; all numbers of labels count alike."""
    labels = labels_of(runs)
    errors = [[errors_of(runs, nets[name, depth, None], labels) for depth in depths] for name in (start, rival)]
    shares = 100 * (1 - np.divide(*map(np.array, errors))).mean(axis=2)  # (depths, seeds)
    slope, dataset = mean_interval(slopes(depths, shares.T)), runs.dataset.iloc[0]
    what = f"slope of the share of errors that the {start} start spares against the {rival} one on the number of layers"
    over = f"its mean over {len(labels)} numbers of labels, paired over {slope.n} seeds"
    against = "" if rival == "random" else f" against {rival}"
    name = f"{dataset} {start} start: share of errors spared{against} grows with layers"
    sentence = f"On {dataset}, {', '.join(map(str, depths))} layers, {what}, {over}"
    return check(name, slope, "% of the errors per layer", sentence, above=0, seeds=shares.shape[1])


def _layers_alone(runs, nets, depths):
    """That from each start, with most labels, the deepest net errs less than the shallowest: depth and nothing else."""
    labels, checks = labels_of(runs)[-1], []
    for start in dict.fromkeys(start for start, _, top in nets if not top):
        if {(start, depths[0], None), (start, depths[-1], None)} <= nets.keys():
            deep, shallow = (nets[start, depth, None] for depth in (depths[-1], depths[0]))
            name = f"{name_of(deep)} beat {depths[0]}, {labels} labels"
            checks.append(paired_difference(runs, better=deep, worse=shallow, metric=metric("test", labels), name=name))
    return checks


def _spread(runs, nets, start, rival, depth):
    """Erhan et al. (2010): from a pre-trained start seeds end closer together. With most labels they share their images."""
    rows, labels = [nets[name, depth, None] for name in (rival, start)], labels_of(runs)[-1]
    interval = deviation_ratio_interval(*(errors_of(runs, row, [labels])[:, 0] for row in rows))
    spread = f"the standard deviation over seeds of the test error of {rows[0][2]} over that of {rows[1][2]}"
    sentence = f"On {rows[0][0]}, with {labels} labels, {spread}, paired over {interval.n} seeds, after Pitman and Morgan"
    seeds = len(errors_of(runs, rows[0], [labels]))
    doubt = "so few seeds say little about a spread" if seeds < 10 else ""
    return check(f"{name_of(rows[1])}: less spread than {rival}", interval, "times", sentence, above=1, doubt=doubt, seeds=seeds)


def _narrow(runs, nets):
    """Bengio et al. (2007): below a top layer of 20 units, pre-trained layers fit the training set better and generalise.

    And what layers below do at all: a net of three against the one layer of 20 units alone, from the same random start.
    """
    labels, rivals = labels_of(runs)[-1], [rival for rival in UNTRAINED if (rival, 3, TOP) in nets]
    checks = [
        paired_difference(
            runs,
            better=nets["autoencoder", 3, TOP],
            worse=nets[rival, 3, TOP],
            metric=metric(split, labels),
            name=f"{TOP} units on top: less {split} error" + " than scaled" * (rival == "scaled"),
        )
        for rival in rivals
        for split in ("test", "training")
    ]
    for start in ("autoencoder", *rivals):
        rows = {"better": nets[start, 3, TOP], "worse": nets[start if start in rivals else "random", 1, TOP]}
        name = f"{TOP} units on top: three layers, {start} start, beat one"
        checks.append(paired_difference(runs, **rows, metric=metric("test", labels), name=name))
    return checks

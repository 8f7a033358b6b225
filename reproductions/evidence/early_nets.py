"""The nets of 1989 for the claim about ConvNets: which are trained, what is checked of them, the figure of their accuracies.

Reference: LeCun, Generalization and network design strategies, Technical Report CRG-TR-89-4, University of Toronto 1989.
"""

import itertools

import numpy as np

from zoo.reproductions.harness import Published, check, paired_difference
from zoo.reproductions.harness.resampling import bootstrap_interval
from zoo.reproductions.harness.runs import every_value, rows_in
from zoo.reproductions.harness.statistics import Interval, welch_interval
from zoo.reproductions.harness.verdicts import TOO_MANY
from zoo.reproductions.trainers.nets_of_1989 import train_on_few

MODEL = "lecun1989"
NETS = {
    1: "net-1: no hidden layer",
    2: "net-2: 12 hidden units",
    3: "net-3: local connections",
    4: "net-4: shared weights, layer 1",
    5: "net-5: shared weights, two layers",
}
PLACED = ", in four places"  # how the setting of a net ends whose digits come in four places beside each other
ACCURACY, ACCURACY_ON_FEW = "accuracy_on_all_test_images_pct", "test_accuracy_pct"


def trials(budget):
    """(row, seeds, run, recipe, cost) of every net on draws of digits, then on draws that come in four places."""
    published = {"side": 16, "n_train": 320, "n_test": 160}
    whole = published | {"pool": None, "held_out": None, "lengths": [20, 60, 200], "rates": [3e-4, 1e-3, 3e-3, 1e-2]}
    shared = {"batch_size": 10} | budget.choose(
        smoke={"side": 8, "pool": None, "held_out": None, "n_train": 100, "n_test": 50, "lengths": [20], "rates": [1e-2]},
        quick=published | {"pool": 10_000, "held_out": 10_000, "lengths": [20, 60], "rates": [1e-3, 3e-3, 1e-2]},
        hour=whole,
        full=whole,
    )
    for net in budget.choose(smoke=(1, 5), quick=NETS, hour=NETS, full=NETS):
        yield _net(net), budget.seeds, train_on_few, shared | {"net": net}, 2 + net
    even = budget.choose(smoke={"n_train": 80, "n_test": 40}, quick={}, hour={}, full={})  # as many of each class
    for net in budget.choose(smoke=(2, 5), quick=NETS, hour=NETS, full=NETS):
        yield _net(net, PLACED), budget.seeds, train_on_few, shared | even | {"net": net, "places": True}, 2 + net


def _net(net, placed=""):
    return MODEL, NETS[net] + placed


def checks(runs):
    """The order of the nets, net by net and as a whole, where digits come in one place and in four; what four places do."""
    dataset, present = runs.dataset.iloc[0], {row[1:] for row in rows_in(runs)}
    found, nets = [], {}
    for placed, metric, tested in (("", ACCURACY, ""), (PLACED, ACCURACY_ON_FEW, ""), (PLACED, ACCURACY, ", all test digits")):
        nets[placed] = [(dataset, *_net(net, placed)) for net in NETS if _net(net, placed) in present]
        found += [
            paired_difference(
                runs,
                better=better,
                worse=worse,
                metric=metric,
                higher_is_better=True,
                name=f"{better[2].split(':')[0]} above {worse[2].split(':')[0]}{placed}{tested}",
            )
            for worse, better in itertools.pairwise(nets[placed])
        ]
        if nets[placed]:
            found.append(_published_order(runs, nets[placed], metric, placed + tested))
    return found + _worth_more(runs, *nets.values())


def _worth_more(runs, plain, placed):
    """That shared weights gain more on 12 hidden units where digits come in four places, tested on mostly the same digits
    elsewhere, and on all test digits; [] where one was not run.
    """
    ends = [{row[2].removesuffix(PLACED): row for row in nets} for nets in (plain, placed)]
    if not all(NETS[net] in rows for net in (2, 5) for rows in ends):
        return []

    def gain(rows, metric):
        return every_value(runs, rows[NETS[5]], metric) - every_value(runs, rows[NETS[2]], metric)

    before, found = gain(ends[0], ACCURACY), []
    for metric, tested in ((ACCURACY_ON_FEW, "mostly the same digits in other places"), (ACCURACY, "all test digits")):
        after = gain(ends[1], metric)
        enough = min(np.isfinite(gains).sum() for gains in (after, before)) > 1
        alone = Interval(float(after.mean() - before.mean()), np.nan, np.nan, 1)
        interval = welch_interval(after, before) if enough else alone
        lost = "" if max(gains.isna().mean() for gains in (after, before)) < TOO_MANY else "a fifth or more of the draws diverged"
        sentence = (
            f"On {plain[0][0]} net-5 is right on {before.mean():.1f} points more than net-2, where digits come in four places and "
            f"{tested} are tested on, on {after.mean():.1f}. Difference, unpaired over {len(before)} draws"
        )
        name = f"shared weights gain more on 12 hidden units in four places, {tested}"
        found.append(check(name, interval, "percentage points", sentence, above=0, doubt=lost))
    return found


def _published_order(runs, nets, metric, placed):
    """Kendall's tau of the order of the nets' mean accuracies with the published one, over draws of seeds."""
    accuracy = np.column_stack([every_value(runs, row, metric) for row in nets])
    first, second = zip(*itertools.combinations(range(len(nets)), 2), strict=True)

    def tau(sample):
        means = sample.mean(axis=0)
        return np.sign(means[list(second)] - means[list(first)]).mean()

    interval = bootstrap_interval(tau, accuracy)
    means = ", ".join(f"{mean:.1f}" for mean in np.nanmean(accuracy, axis=0))
    sentence = (
        f"On {nets[0][0]}{placed}, nets 1 to {len(nets)} are right on {means} %. Kendall's tau between this order and the "
        f"published one, from 1 to {len(nets)} (1: the same, -1: reversed), {interval.n} draws"
    )
    name = f"nets of 1989 more in the published order than against it{placed}"
    return check(name, interval, "(tau)", sentence, above=0, seeds=len(accuracy), resampled=True)


def draw(axes, runs, known):
    """Every draw a dot, means as bars; known: {net: published accuracies}, as crosses."""
    mine = runs[runs.model == MODEL]
    few = mine[mine.metric == ACCURACY_ON_FEW].get("n_test", default=np.array([np.nan])).max()
    kinds = ("", ACCURACY, "all test images"), (PLACED, ACCURACY_ON_FEW, f"{few:.0f} test images")
    for colour, (placed, metric, where) in enumerate(kinds):
        label = f"{placed.removeprefix(', ') or 'in one place'}, {where}"
        for place, net in enumerate(NETS.values()):
            rows = mine[(mine.setting == net + placed) & (mine.metric == metric)]
            if rows.empty:
                continue
            spread = np.random.RandomState(place).uniform(-0.1, 0.1, len(rows)) + (colour - 0.5) * 0.4
            axes.scatter(place + spread, rows.value, s=9, color=f"C{2 * colour}", alpha=0.4, linewidths=0)
            middle = place + (colour - 0.5) * 0.4
            axes.hlines(rows.value.mean(), middle - 0.18, middle + 0.18, color=f"C{2 * colour}", label=label)
            label = ""
    label = "published, 160 test images"
    for place, values in enumerate(known.values()):
        if values:
            axes.plot([place] * len(values), values, "kx", label=label)
            label = ""
    weights = mine[~mine.setting.str.endswith(PLACED)].groupby("setting").parameters.first()
    names = [f"{net.split(':')[0]}\n{weights[net]:,.0f} weights" if net in weights else "" for net in NETS.values()]
    axes.set_xticks(range(len(names)), names, fontsize=8)
    axes.set(ylabel="accuracy, %", title="nets of 1989: every draw a dot, their means as bars")
    axes.legend(fontsize=8, loc="upper left")


def published():
    """{(dataset, model, setting, metric): Published} of the nets."""
    digits = "320/160 handwritten digits, 16x16"
    names = (
        ("Net-1: no hidden layer", "2570 weights"),
        ("Net-2: 12 hidden, fully connected", "3214 weights"),
        ("Net-3: locally connected", "1226 weights"),
        ("Net-4: shared weights, layer 1", "1132 weights"),
        ("Net-5: shared weights, two levels", "1060 weights"),
    )
    return {
        ("mnist", *_net(net, placed), ACCURACY_ON_FEW): Published(*name, dataset=digits)
        for placed, (net, name) in itertools.product(("", PLACED), zip(NETS, names, strict=True))
    }

"""An encoder and a decoder learnt by reconstruction find a better code than principal components.

The review (LeCun, Bengio & Hinton 2015, "Backpropagation to train multilayer architectures") credits the revival of deep
networks to unsupervised pre-training, layer by layer, before backpropagation tunes the whole. Hinton & Salakhutdinov
(Science 2006) showed it on autoencoders. Here networks with a code of 30 numbers reconstruct MNIST images, and networks with
a code of 6 reconstruct generated curves that 6 numbers describe completely. Rivals are principal components and logistic
PCA, whose codes are read off an image by a linear map. Starts are that of 2006 (sigmoids), with and without layer-wise
pre-training, one for sigmoids with wider weights (scaled start), and rectified units (modern start).

Expected (quick: 3 seeds, 4 minutes on 2 cores; hour: 3 seeds, 92 minutes on 2 cores; full: 5 seeds, 14 minutes of one H100
by estimate, not run yet):

- Hour: pre-trained networks, the scaled and the modern start beat principal components and such logistic PCA with as many
  numbers, on both sets (codes fitted to each image reach 2.7 on MNIST: pretrained_autoencoder). On MNIST these err by 13.87
  (as published) and 7.8, pre-training with Adam by 4.0 (published: 3.0).
- What pre-training adds is undecided, because it is extra training. Under Adam the scaled start errs by 6.2 instead of 4.0
  on MNIST and by 6.3 instead of 4.3 on curves; the modern start errs by 4.3 and 4.2, on curves not told from pre-training.
- Without pre-training, the start of 2006 under momentum is at the mean image on curves after 6,000 steps. Its collapse is
  undecided there, as it may leave later, and contradicted under Adam and on MNIST, where it errs by 38.
- On curves it is undecided whether codes of 6 beat logistic PCA with 18 (4.5), as the network of 2006 did by far.
- Quick (smaller networks, 10,000 images, 2,400 steps): they beat principal components too; logistic PCA on MNIST, and the
  collapse, which shows on both sets, are undecided.
"""

from zoo.reproductions.harness import Ladder, Published, Trial, as_published, control, paired_difference, ratio, target
from zoo.reproductions.harness.figures import plain_ticks
from zoo.reproductions.harness.published import published_value
from zoo.reproductions.harness.runs import lines_of, rows_in, values
from zoo.reproductions.trainers.autoencoders import METRIC, PICTURES, train_autoencoder, train_pca

SEEDS = {"hour": 3, "full": 5}
# How the net starts and how it is fitted. Each of the first two differs from one of the next two in its pre-training alone.
OF_2006, MOMENTUM = {"activation": "sigmoid", "start": "old uniform"}, {"optimizer": "sgd"}
ADAM = {"optimizer": "adam", "epsilon": 1e-15}  # of a start of 2006 the lower gradients are far below Keras's 1e-7
NETS = {
    "pre-trained, momentum": OF_2006 | MOMENTUM,
    "pre-trained, Adam": OF_2006 | ADAM,
    "start of 2006, momentum": OF_2006 | MOMENTUM,
    "start of 2006, Adam": OF_2006 | ADAM,
    "scaled start, Adam": {"activation": "sigmoid", "start": "scaled"} | ADAM,
    "modern start, Adam": {"activation": "relu", "start": "He"} | ADAM,
}
SCALED = "scaled start, Adam"  # sigmoids in a start made for them
FEWER = ("pre-trained, momentum", "start of 2006, momentum", "modern start, Adam")  # where time is short
QUICK = {"mnist": (*FEWER, "pre-trained, Adam", SCALED), "curves": (*FEWER, SCALED)}
MAP = "pre-trained, Adam, code of 2"  # whose codes are drawn
CODES = {"mnist": (30, 2), "curves": (6, 18), "digits": (2,)}  # of the linear rivals; the first is also the nets'
WIDTHS = {
    "mnist": {"quick": [300, 250, 200], "hour": [1000, 500, 250], "full": [1000, 500, 250]},
    "curves": {"quick": [200, 100, 50], "hour": [400, 200, 100, 50, 25], "full": [400, 200, 100, 50, 25]},
    "digits": {"smoke": [16]},
}
LITTLE = 0.1  # a net that explains less than so much of what as many principal components do has learnt the mean image
# Peaks of the learning rate: of these the one that validates best; at the quick budget one, which did so for a single seed, for
# logistic PCA (the normalised start) the one that did so at the hour.
GRID = {
    "mnist": {"sgd": [0.3, 1.0, 3.0, 10.0, 30.0], "adam": [3e-4, 1e-3, 3e-3, 1e-2]},
    "curves": {"sgd": [3.0, 10.0, 30.0, 100.0], "adam": [3e-4, 1e-3, 3e-3, 1e-2]},
}
GRID_OF_ONE_LAYER = [1e-2, 3e-2, 1e-1, 3e-1, 1.0]  # of logistic PCA, a single layer each way
QUICK_PEAK = {
    "mnist": {
        "old uniform, sgd": 10.0,
        "old uniform, adam": 1e-2,
        "scaled, adam": 3e-3,
        "He, adam": 1e-3,
        "normalised, adam": 1e-1,
    },
    "curves": {
        "old uniform, sgd": 30.0,
        "old uniform, adam": 1e-2,
        "scaled, adam": 1e-2,
        "He, adam": 1e-2,
        "normalised, adam": 1e-1,
    },
}
READ_OFF = "the linear code is read off by an encoder; one that is fitted to each image errs less (see pretrained_autoencoder)"
CLOSE = 0.1  # how near to the published error of principal components ours has to come
NEAR = 0.5  # and that of logistic PCA, which is fitted by another descent to fewer images
ALL_IMAGES = 50_000  # of MNIST
FULL_STEPS = 19_200  # or more; nets with fewer are not held against the published ones
PLACE = 11
HEADLINES = (
    "mnist: pre-trained, momentum, beats principal components",
    "mnist: pre-trained, momentum, beats logistic PCA",
    "mnist: pre-trained, Adam, beats the scaled start",
    "mnist: pre-training, Adam, beats a modern start",
    "mnist: the start of 2006 collapses, momentum",
    "curves: the start of 2006 collapses, momentum",
    "curves: pre-trained, momentum, beats logistic PCA with 18",
)
PROTOCOL = """
**Data.** MNIST: 50,000 training images (quick: 10,000), 10,000 for validation. Curves: 20,000 images (quick: 10,000),
modelled on the published ones but not the same. Principal components always have all training images.

**Models.** Networks have a linear code and logistic outputs and minimize the pixels' cross-entropy; so does logistic PCA,
which has no hidden layers. Hidden units: MNIST 1000-500-250 (quick: 300-250-200), curves 400-200-100-50-25 (quick:
200-100-50).

- start of 2006: sigmoids, weights uniform within 1/sqrt(n) for n inputs.
- pre-trained: the start of 2006, then each layer in turn learns as an autoencoder (2006: restricted Boltzmann machine) of
  the one below.
- scaled start: sigmoids within four times Glorot & Bengio's bounds, as their slope is a quarter; also into the linear code,
  where plain bounds did no better (two seeds, validation).
- modern start: rectified units, He's initialization.

**Training.** Networks are fitted by SGD with momentum 0.9 or by Adam (2006: conjugate gradients) for 2,400 steps (quick),
6,000 (hour) or at least 19,200 (full). Pre-training comes on top, by Adam at a learning rate of 0.003 that was not tuned,
also where momentum follows; the hour's adds 3,000 updates per layer on MNIST, 1,200 on curves. Adam's epsilon is 1e-15, as
lower layers' gradients from the start of 2006 are far below the usual 1e-7.

**Tuning.** Hour and full train every seed at four or five peak learning rates and report the one with the lowest mean
validation error: SGD 0.3 to 30 on MNIST, 3 to 100 on curves; Adam 0.0003 to 0.01; logistic PCA 0.01 to 1. Quick uses one
rate per start and optimizer, best on validation for one seed of earlier runs, and for logistic PCA the hour's 0.1 (by now
0.3 for 6 numbers on curves).

**Measures.** The error is an image's squared error summed over pixels in 0..1, averaged over test images. A network has
collapsed if it explains less than a tenth of what as many principal components explain of the mean image's error.

**Checks.** Short of full's steps networks are far from convergence. Until then nothing is decided where a network is behind
a linear code or at the mean image, where pre-training leads another start, or where a network leads logistic PCA with 18 on
curves (one seed gained 0.16 from ten times the hour's steps). The same holds for a lead over MNIST's logistic PCA on fewer
images. Only full checks networks against published errors.

**Limits.** A lead of pre-training does not say who is faster or better in the end: no other start had as many updates of
each weight, and under momentum none had any by Adam. A narrower network without pre-training, trained longer, errs by less
than any of the hour's (pretrained_autoencoder). Logistic PCA here reads its codes off an image by a linear map. Fitted to
each image they make a far harder rival (pretrained_autoencoder: 2.7 on MNIST with 30; on curves with 18, in a trial on 4,000
images outside the tables, 1.1). The published 2.45 with 18 on curves lies between that and our 4.5, which L-BFGS lowers to
no less than 4.4; how its codes were found was not looked up. Quick has no start of 2006 under Adam and, on curves, no
pre-training with it; the hour has no code of 2.

**Changed after seeing results.**

- Quick's widths were set on one seed's validation errors after narrower networks had lost to logistic PCA in tests on MNIST.
- The hour's rates were first chosen by two networks on half of the images; then one of three pre-trained seeds under
  momentum collapsed. Now all seeds try all rates, for half the steps.
- Grids were extended, and epsilon lowered from 1e-7, after an hour in which most networks chose an end. The start of 2006
  under Adam improved from 35 to 25 on MNIST and from the mean image to 8.9 on curves, the others by less than 0.3.
- The scaled start was added last, to see whether the initialization alone was at fault. Comparisons with all linear codes
  replaced one of pre-training under momentum with that start.
- The bound for collapse was 90 % of the mean image's error, three times as demanding on curves as on MNIST.
- Readers asked for the rules that decide nothing. Before, pre-training counted as ahead of all rivals, rectified units of
  logistic PCA with 18, and the start of 2006 at the mean image as collapsed.
"""


def trials(budget):
    """The mean image, principal components, logistic PCA and the nets on every data set; smoke: on scikit-learn's digits."""
    both = ("mnist", "curves")
    for dataset in budget.choose(smoke=("digits",), quick=both, hour=both, full=both):
        size = budget.choose(
            smoke={"n_train": 500, "epochs": 40, "batch_size": 50},
            quick={"n_train": 10_000, "epochs": 12, "batch_size": 50},
            hour={"n_train": None, "epochs": 6 if dataset == "mnist" else 15, "batch_size": 50},  # as many steps on both
            full={"n_train": None, "epochs": 120, "batch_size": 125},
        )
        yield from _linear(dataset, size, budget)
        yield from _nets(dataset, size, budget)


def _linear(dataset, size, budget):
    """The mean image is no component at all; logistic PCA is a net without hidden layers."""
    for components in (0, *CODES[dataset]):
        yield Trial(*_pca(dataset, components), budget.seeds[:1], train_pca, {"components": components}, cost=1, leaves=True)
    for code in CODES[dataset]:
        if code != 2 or dataset == "digits":
            recipe = size | {"widths": [], "code": code, "activation": "sigmoid", "start": "normalised"} | ADAM
            recipe |= {"rates": _rates(dataset, recipe, budget), "pretraining": None}
            yield Trial(*_logistic(dataset, code), budget.seeds, train_autoencoder, recipe, cost=3, leaves=True)


def _nets(dataset, size, budget):
    widths, names = WIDTHS[dataset][budget.name], budget.choose(smoke=FEWER, quick=QUICK.get(dataset), hour=NETS, full=NETS)
    stages = {"epochs": budget.choose(smoke=20, quick=2, hour=3, full=20), "learning_rate": 3e-3, "corruption": None}
    nets = [(name, CODES[dataset][0], NETS[name]) for name in names]
    if dataset == "mnist" and budget.name != "hour":
        nets.append((MAP, 2, NETS["pre-trained, Adam"]))
    for name, code, how in nets:
        recipe = size | how | {"widths": widths, "code": code, "rates": _rates(dataset, how, budget)}
        recipe["pretraining"] = stages if name.startswith("pre-trained") else None
        yield Trial(*_net(dataset, name), budget.seeds, train_autoencoder, recipe, cost=20, leaves=True)


def _rates(dataset, how, budget):
    if budget.name in ("hour", "full"):
        return GRID[dataset][how["optimizer"]] if how["start"] != "normalised" else GRID_OF_ONE_LAYER
    if budget.name == "quick":
        return [QUICK_PEAK[dataset][f"{how['start']}, {how['optimizer']}"]]
    return [10.0 if how["optimizer"] == "sgd" else 1e-2]


def _pca(dataset, components):
    return (dataset, "pca", f"{components} components") if components else (dataset, "mean_image", "no code")


def _logistic(dataset, code):
    return dataset, "logistic_pca", f"code of {code}"


def _net(dataset, name):
    return dataset, "deep_autoencoder", name


def judge(runs):
    """Nets against linear codes and the mean image, one start against another, our components against the published ones."""
    checks, present = [], set(rows_in(runs))
    for dataset in runs.dataset.unique():
        for name, better, worse in _contests(dataset, CODES[dataset][0]):
            if present.issuperset((better, worse)):
                rows = {"better": better, "worse": worse, "metric": METRIC, "name": f"{dataset}: {name}"}
                checks.append(paired_difference(runs, **rows, doubt=_unfinished(runs, better, worse)))
        mean = _pca(dataset, 0)
        for descent in ("momentum", "Adam"):
            old = _net(dataset, f"start of 2006, {descent}")
            if old in present:
                rows, name = {"numerator": old, "denominator": mean}, f"{dataset}: the start of 2006 collapses, {descent}"
                doubt = _may_leave_yet(runs, old)
                checks.append(ratio(runs, **rows, metric=METRIC, at_least=_collapsed(runs, dataset), name=name, doubt=doubt))
        if _net(dataset, SCALED) in present:
            rows = {"numerator": mean, "denominator": _net(dataset, SCALED)}
            name = f"{dataset}: the scaled start does not collapse, Adam"
            checks.append(ratio(runs, **rows, metric=METRIC, at_least=1 / _collapsed(runs, dataset), name=name))
    if "mnist" in set(runs.dataset):
        row = _pca("mnist", 30)
        published = published_value("deep_autoencoder", PUBLISHED, row, METRIC)
        name = "mnist: principal components as published"
        checks.append(control(as_published(runs, row, published, within=CLOSE, metric=METRIC, deterministic=True, name=name)))
        logistic = _logistic("mnist", 30)
        if lines_of(runs, logistic).n_train.max() >= ALL_IMAGES:
            name = "mnist: logistic PCA as published"
            published = published_value("deep_autoencoder", PUBLISHED, logistic, METRIC)
            checks.append(control(as_published(runs, logistic, published, within=NEAR, metric=METRIC, name=name)))
    for dataset, whose in (("mnist", ""), ("curves", ", of other curves")):
        net = _net(dataset, "pre-trained, Adam")
        if net in present and lines_of(runs, net).updates.max() >= FULL_STEPS:
            published = published_value("deep_autoencoder", PUBLISHED, net, METRIC)
            name = f"{dataset}: {net[2]}, reaches the published {published:g}{whose}"
            found = target(runs, net, at_most=published, metric=METRIC, name=name)
            checks.append(control(found) if whose else found)
    return checks


def _unfinished(runs, net, rival):
    """Why what a net and its rival err decides nothing, "" where it does: whoever is behind may not be where it would end."""
    ahead = values(runs, net, METRIC).mean() < values(runs, rival, METRIC).mean()
    return (_unfinished_rival if ahead else _unfinished_net)(runs, net, rival)


def _unfinished_rival(runs, net, rival):
    """Why a net that is ahead decides nothing, "" where its rival is where it would end, or had as much training: see PROTOCOL."""
    lines = lines_of(runs, rival)
    steps, images = lines.updates.max(), lines.n_train.max()
    if rival[:2] == _logistic("mnist", 0)[:2] and images < ALL_IMAGES:
        return f"logistic PCA is not where it would end with more images than {images:,.0f}"
    if rival == _logistic("curves", 18) and steps < FULL_STEPS:
        return f"logistic PCA is not where it would end with more steps than {steps:,.0f}"
    if rival[1] == net[1] and net[2].startswith("pre-trained") and steps < FULL_STEPS:
        return f"pre-training came on top of as many steps, and full's {FULL_STEPS:,} might bring the rival as far"
    return ""


def _may_leave_yet(runs, net):
    """Why that a net has learnt little else than the mean image decides nothing, "" where it has not, or had full's steps."""
    steps, mean = lines_of(runs, net).updates.max(), values(runs, _pca(net[0], 0), METRIC).mean()
    if steps >= FULL_STEPS or values(runs, net, METRIC).mean() <= _collapsed(runs, net[0]) * mean:
        return ""
    return f"it is at the mean image after {steps:,.0f} steps and may leave it in full's {FULL_STEPS:,}"


def _unfinished_net(runs, net, rival):
    """Why a net that is behind a linear code decides nothing, "" where it has as many steps as full's, and of two nets."""
    steps = lines_of(runs, net).updates.max()
    if rival[1] == net[1] or steps >= FULL_STEPS:
        return ""
    return f"{steps:,.0f} steps, full's {FULL_STEPS:,}, leave nets far from where they would end"


def _collapsed(runs, dataset):
    """The share of the mean image's error that a net with more has learnt little else than it: see LITTLE."""
    components, mean = (lines_of(runs, _pca(dataset, n)) for n in (CODES[dataset][0], 0))
    errors = [lines[lines.metric == METRIC].value.iloc[0] for lines in (components, mean)]
    return 1 - LITTLE * (1 - errors[0] / errors[1])


def _contests(dataset, code):
    """(name, the row that is claimed to err less, its rival) of every comparison of two rows."""
    rivals = {"principal components": _pca(dataset, code), "logistic PCA": _logistic(dataset, code)}
    nets = {name: _net(dataset, name) for name in (*NETS, MAP)}
    for more in CODES[dataset][1:]:
        rivals |= {f"principal components with {more}": _pca(dataset, more)} if more > code else {}
        rivals |= {f"logistic PCA with {more}": _logistic(dataset, more)}
    for net in ("pre-trained, Adam", "pre-trained, momentum", "modern start, Adam", SCALED):
        for what, rival in rivals.items():
            yield f"{net}, beats {what}", nets[net], rival
    for descent in ("momentum", "Adam"):
        yield f"pre-training helps, {descent}", nets[f"pre-trained, {descent}"], nets[f"start of 2006, {descent}"]
    yield "pre-trained, Adam, beats the scaled start", nets["pre-trained, Adam"], nets[SCALED]
    yield "pre-training, Adam, beats a modern start", nets["pre-trained, Adam"], nets["modern start, Adam"]
    yield "a code of 2 beats 2 principal components", nets[MAP], _pca(dataset, 2)


def ladders(runs, trials):
    """Logistic PCA, a linear code of as many numbers under the same outputs and loss, against deep nets: sigmoids pre-trained,
    rectified units.
    """
    kinds = {"pre-trained, momentum": "pre-trained autoencoder", "modern start, Adam": "rectified autoencoder"}
    present = {*rows_in(runs)}
    for trial in trials:
        if nets := kinds.get(trial.setting):
            shallow, layers = _logistic(trial.dataset, trial.recipe["code"]), str(2 * len(trial.recipe["widths"]) + 1)
            if {shallow, trial.row} <= present:
                doubts = {layers: _unfinished(runs, trial.row, shallow)}
                yield Ladder(nets, {"none": shallow, layers: trial.row}, METRIC, {"remark": READ_OFF}, doubts)


def draw(runs):
    """The error of every seed of every row, a panel for each data set, beside the published ones and the mean image's."""
    from matplotlib.figure import Figure

    panels = runs[runs.metric == METRIC].groupby("dataset", sort=False)
    figure = Figure(figsize=(6.4 * len(panels), 4.6))
    for axes, (_, panel) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
        _draw_errors(axes, panel)
    return figure


def _draw_errors(axes, runs):
    from zoo.reproductions.harness.published import matches

    rows = rows_in(runs)
    for height, row in enumerate(rows):
        mine = runs[(runs.model == row[1]) & (runs.setting == row[2])]
        axes.plot(mine.value, [height] * len(mine), "o", color="C0" if row[1] == "deep_autoencoder" else "C1", alpha=0.7)
        for match in matches("deep_autoencoder", PUBLISHED, row, METRIC):
            axes.plot(float(match.value), height, "x", color="black", ms=8)
    axes.axvline(runs[runs.model == "mean_image"].value.iloc[0], color="grey", lw=1, ls="--")
    axes.set_yticks(range(len(rows)), map(_label, rows), fontsize=9)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="squared error per test image")
    plain_ticks(axes.xaxis)
    axes.tick_params(axis="x", labelsize=8)
    published = "published x" if rows[0][0] == "mnist" else "published x (of other curves)"
    title = f"{rows[0][0]}: every seed a dot, nets blue, linear codes orange;\n{published}, mean image dashed"
    axes.set_title(title, fontsize=9)


def _label(row):
    """A row in words; the nets go by their setting."""
    _, model, setting = row
    return setting if model == "deep_autoencoder" else f"{model.replace('_', ' ').replace('pca', 'PCA')}, {setting}"


def illustrate(files):
    """Test images and what the first seed of each row makes of them; test images by codes of two numbers."""
    from zoo.reproductions.trainers.arrays import unpacked

    found = {row: unpacked(left[PICTURES]) for row, left in files.items() if PICTURES in left}
    pictures = {}
    for dataset in dict.fromkeys(row[0] for row in found):
        mine = {row: arrays for row, arrays in found.items() if row[0] == dataset}
        pictures[f"reconstructions_{dataset}.png"] = _draw_reconstructions(mine)
        codes = {row: arrays for row, arrays in mine.items() if "codes" in arrays}
        if any(row[1] == "deep_autoencoder" for row in codes):  # principal components alone compare nothing
            pictures[f"codes_of_two_numbers_{dataset}.png"] = _draw_codes(codes)
    return pictures


def _draw_reconstructions(found):
    from matplotlib.figure import Figure

    rows = [("test images", next(iter(found.values()))["originals"])]
    rows += [(_label(row), arrays["reconstructions"]) for row, arrays in found.items()]
    figure = Figure(figsize=(6.6, 0.5 * len(rows)))
    for axes, (name, images) in zip(figure.subplots(len(rows), 1), rows):
        axes.imshow(images.swapaxes(0, 1).reshape(images.shape[1], -1), cmap="gray", vmin=0, vmax=255)
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
    return figure


def _draw_codes(found):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(found), 4.8))
    for axes, (row, arrays) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items()):
        codes, labels = arrays["codes"].astype(float), arrays["labels"]
        points = axes.scatter(*codes.T, c=labels, cmap="tab10", vmin=-0.5, vmax=9.5, s=5)
        axes.set(title=f"{row[0]}: {_label(row)}", xlabel="first number", ylabel="second number")
    figure.colorbar(points, ax=axes, ticks=range(10), label="class")
    return figure


def _published():
    pixels, curves = "per-image squared error summed over pixels in [0,1]", "synthetic curves, 20k/10k"
    more, ours = "60,000 images there", "curves of our own generator"
    nets = "restricted Boltzmann machines, conjugate gradients and longer training there; quick nets are smaller"
    deep = "autoencoder 784-{}, pre-trained{}"
    found = {
        _pca("mnist", 30): Published("PCA, 30", pixels, "60,000 images there; nothing in it is random: it checks data and metric"),
        _logistic("mnist", 30): Published("logistic PCA, 30", pixels, more),
        _net("mnist", "pre-trained, momentum"): Published(
            deep.format("1000-500-250-30", ", fine-tuned"), pixels, f"{more}; {nets}"
        ),
        _net("mnist", "pre-trained, Adam"): Published(deep.format("1000-500-250-30", ", fine-tuned"), pixels, f"{more}; {nets}"),
        _pca("curves", 18): Published("PCA, 18", curves, ours),
        _logistic("curves", 6): Published("logistic PCA, 6", curves, ours),
        _logistic("curves", 18): Published("logistic PCA, 18", curves, ours),
        _net("curves", "pre-trained, momentum"): Published(deep.format("400-200-100-50-25-6", ""), curves, f"{ours}; {nets}"),
        _net("curves", "pre-trained, Adam"): Published(deep.format("400-200-100-50-25-6", ""), curves, f"{ours}; {nets}"),
    }
    return {(*row, METRIC): entry for row, entry in found.items()}


PUBLISHED = _published()

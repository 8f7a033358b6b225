"""Presets that learnt from images without labels: a deep autoencoder, a classifier of 1,000 labels, and its twin without.

No claim of the review of its own: what its claims on autoencoders and on pre-training with few labels leave to play with
(see deep_autoencoder and unsupervised_pretraining). deep_autoencoder_mnist squeezes an image into 30 numbers and back;
zoo.encoder and zoo.decoder are its halves. autoencoder_stack_mnist_1000_labels_denoising learnt both its hidden layers from
all 50,000 training images, a share of the pixels blotted out, and only then 1,000 labels; its twin
autoencoder_stack_mnist_1000_labels_random has the same units and saw as many labels from a random start; in the table each
seed gave both the same ones, but the two that ship are of different seeds. The seed with the least error on the 10,000
validation images ships; `zoo results presets pretrained_unlabelled` makes the folders.

Expected, full budget: some 7.5 % test error after pre-training against 11 % without; a squared error of about 3.4 per image,
above that of the published, larger net, and a quarter of that of 30 principal components. Some 70 minutes on two CPU cores
for 10 seeds of the classifiers and 5 of the autoencoder. Quick: few epochs, 3 seeds, 2 minutes.
"""

from zoo.reproductions.harness import Published, Trial, paired_difference, target
from zoo.reproductions.harness.published import published_value
from zoo.reproductions.trainers.preset import train_preset
from zoo.training.recipe import recipe

CLAIM, LABELS = "pretrained_unlabelled", 1000
PRESET, DENOISING, RANDOM = "preset", f"{LABELS} labels, denoising", f"{LABELS} labels, random"
STACK, AUTOENCODER = "autoencoder_stack", "deep_autoencoder"
SQUARED = "test_squared_error"
PROTOCOL = f"""
Each model is trained by one recipe, set on the validation split, from every seed; the weights after the last epoch count.
The means are over all seeds; the one with the least validation error is the preset. With {LABELS:,} labels each seed draws
its own labelled images, as many of each class, the same for both starts; {LABELS:,} labels are few beside the 10,000
validation images that chose step size, noise and seed. Squared errors are sums over the pixels, in 0..1, of an image.
"""


def trials(budget):
    """At full the autoencoder takes half of the seeds; smoke does all on scikit-learn's small digits."""
    dataset = budget.choose(smoke="digits", quick="mnist", full="mnist")
    labels = budget.choose(smoke=100, quick=LABELS, full=LABELS)
    widths = budget.choose(smoke=[32, 32], quick=[500, 500], full=[500, 500])
    options = {"widths": widths, "activation": "sigmoid", "dropout": 0.0}
    noise = {"corruption": "masking", "level": 0.4, "learning_rate": 1e-3, "epochs": budget.choose(smoke=5, quick=6, full=20)}
    tuned = {"options": options, "labels": labels, "batch_size": 50, "epochs": budget.choose(smoke=200, quick=50, full=100)}
    for name, pretraining, cost in ((RANDOM, None, 1), (DENOISING, noise, 10)):
        yield Trial(dataset, STACK, name, budget.seeds, train_preset, recipe(pretraining=pretraining, **tuned), cost)
    options = {"widths": budget.choose(smoke=[48, 24], quick=[512, 256, 128], full=[512, 256, 128]), "code": 30}
    settings = recipe(options=options, epochs=budget.choose(smoke=5, quick=6, full=60), learning_rate=2e-3)
    seeds = budget.choose(smoke=budget.seeds, quick=budget.seeds, full=budget.seeds[: max(1, len(budget.seeds) // 2)])
    yield Trial(dataset, AUTOENCODER, PRESET, seeds, train_preset, settings, 14)


def judge(runs):
    """Whether pre-training spared errors, and whether the autoencoder is as good as the published one and better than PCA."""
    dataset = runs.dataset.iloc[0]
    with_start, without, net = (dataset, STACK, DENOISING), (dataset, STACK, RANDOM), (dataset, AUTOENCODER, PRESET)
    checks = [paired_difference(runs, better=with_start, worse=without, name=f"{dataset}: pre-training spares errors")]
    if dataset == "mnist":
        checks += [
            target(runs, net, at_most=published_value(CLAIM, PUBLISHED, net, SQUARED, place), metric=SQUARED, name=f"mnist: {name}")
            for place, name in enumerate(("deep_autoencoder as the published one", "deep_autoencoder beats 30 principal components"))
        ]
    return checks


def draw(runs):
    """Test errors, every seed a dot, the chosen one of each preset marked."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.2))
    panels = figure.subplots(1, 2, width_ratios=(2, 1))
    _draw_seeds(panels[0], runs, STACK, (RANDOM, DENOISING), "error_pct", "test error, %")
    _draw_seeds(panels[1], runs, AUTOENCODER, (PRESET,), "squared_error", "test squared error per image")
    dataset = runs.dataset.iloc[0]
    if dataset == "mnist":  # smoke has small digits
        aim = published_value(CLAIM, PUBLISHED, (dataset, AUTOENCODER, PRESET), SQUARED, 0)
        panels[1].plot(aim, 0, "|", ms=16, mew=2, color="black", label="published")
    for axes in panels:
        axes.set_title(f"{axes.get_title()}, {dataset}")
        axes.legend(fontsize=8, markerscale=0.6)
    return figure


def _draw_seeds(axes, runs, model, settings, error, label):
    found = runs[runs.model == model].pivot(index=["setting", "seed"], columns="metric", values="value")
    for height, setting in enumerate(settings):
        seeds = found.loc[setting]
        axes.scatter(seeds[f"test_{error}"], [height] * len(seeds), s=20, color="C0", alpha=0.5)
        chosen = seeds[f"test_{error}"][seeds[f"validation_{error}"].idxmin()]
        mark = None if height else "chosen on validation"
        axes.scatter(chosen, height, s=90, facecolor="none", edgecolor="C3", label=mark)
    names = [setting.replace(", ", ",\n") if setting != PRESET else "" for setting in settings]
    axes.set(yticks=range(len(settings)), yticklabels=names, ylim=(-0.6, len(settings) - 0.4), xlabel=label, title=model)


def _published():
    few, topic = f"{LABELS} labels", "unsupervised_pretraining"
    note = "another size of net, pre-trained on 60,000 images"
    squared = "per-image squared error summed over pixels in [0,1]"
    return {
        ("mnist", AUTOENCODER, PRESET, SQUARED): [
            Published(name, squared, note, topic="deep_autoencoder", metric="squared_error")
            for name, note in (
                ("autoencoder 784-1000-500-250-30, pre-trained, fine-tuned", "a wider net of sigmoid units, 60,000 images"),
                ("PCA, 30", "principal components of 60,000 images"),
            )
        ],
        ("mnist", STACK, RANDOM): Published("NN", few, "another size of net; ours has two hidden layers", topic=topic),
        ("mnist", STACK, DENOISING): Published("contractive autoencoder", few, f"a contractive penalty, {note}", topic=topic),
    }


PUBLISHED = _published()

"""The zoo's presets: how each was trained, how its seed was chosen, and whether it errs as little as it should.

No claim of the review, but what makes its claims usable: small pretrained models, shallow to deep, on MNIST and
Fashion-MNIST (slower to train, the ConvNets and LSTMs stand apart in pretrained_convnet_* and pretrained_lstms). Every
preset is a population trained by one recipe on the first 50,000 training images; the seed with the least error on the next
10,000 ships; what the test images had been asked before, the protocol says. zoo/pretrained/ is made from these runs by `zoo
results presets`.

Expected, full budget: on MNIST about 7.3 % error for linear and, all with changed images, 1.6 for the kernel machine, 0.8
for mlp and 0.9 for autoencoder_stack; on Fashion-MNIST about 15.3, 9.5 (mlp) and 10.5 % (autoencoder_stack). All is small
enough for two CPU cores: 50 minutes for 10 seeds. Whether Fashion-MNIST's autoencoder_stack comes to its target stays
undecided. Quick: linear and mlp, few epochs, 3 seeds, 3 minutes.
"""

from zoo.reproductions.harness import Published, Trial, paired_difference, target
from zoo.reproductions.harness.figures import draw_seeds, plain_ticks
from zoo.reproductions.trainers.preset import train_preset
from zoo.training.recipe import recipe

SETTING = "preset"
DATASETS = ("mnist", "fashion_mnist")
PROTOCOL = """
**Training.** Each model is trained by one recipe, set on the validation split, from every seed; the weights after the last
epoch count, of nets, in full, their moving average (momentum 0.999). The means are over all seeds; the one with the least
validation error is the preset.

**Changed after seeing results.** All recipes but the linear model's were set anew, on validation, after first ones had been
tested. Of these the kernel machine's and those of the nets on Fashion-MNIST (mlp, autoencoder_stack) had missed their
targets; on MNIST the mlp had met its own, with 0.89 %, and the autoencoder_stack's was undecided, with 1.24.

**Limits.** Targets were the project's own, near what is published of such models, and set before any of these were trained.
"""
# Mean test errors, percent, at which a preset is worth shipping.
TARGETS = {
    "mnist": {"linear": 7.6, "kernel_machine": 1.7, "mlp": 1.3, "autoencoder_stack": 1.3},
    "fashion_mnist": {"linear": 15.8, "mlp": 10.3, "autoencoder_stack": 10.5},
}


def trials(budget):
    """One trial per preset."""
    datasets = budget.choose(smoke=("digits",), quick=DATASETS, full=DATASETS)
    for model in budget.choose(smoke=("linear", "mlp"), quick=("linear", "mlp"), full=TARGETS["mnist"]):
        for dataset in datasets:
            if model in TARGETS.get(dataset, TARGETS["mnist"]):
                yield Trial(dataset, model, SETTING, budget.seeds, train_preset, *_recipe(model, dataset, budget))


def _recipe(model, dataset, budget):
    """(recipe, cost beside the others) of a preset.

    Changed images help on MNIST. On Fashion-MNIST nets as small as these do better, on validation, with more dropout instead.
    """
    clothes = dataset == "fashion_mnist"

    def net(epochs, learning_rate, options, **changes):
        epochs = budget.choose(smoke=10, quick=min(4, epochs), full=epochs)
        average = budget.choose(smoke=None, quick=None, full=0.999)
        return recipe(options=options, epochs=epochs, learning_rate=learning_rate, ema=average, **changes)

    if model == "linear":
        return recipe(epochs=budget.choose(smoke=10, quick=4, full=30)), 1
    if model == "kernel_machine":
        options = {"features": 16384, "gamma": 0.02, "augmentation": "affine"}
        return recipe(options=options, epochs=10, learning_rate=2e-2), 20
    if model == "mlp":
        options = {"widths": [512, 512], "batch_norm": True}
        if clothes:
            return net(50, 3e-3, options | {"input_dropout": 0.1, "dropout": 0.4}, batch_size=256), 15
        augmentation = "shift" if dataset == "digits" else "affine"
        options |= {"input_dropout": 0.0, "dropout": 0.2, "augmentation": augmentation}
        return net(25, 2e-3, options), 10
    noise = {"corruption": "masking", "level": 0.25, "epochs": 10, "learning_rate": 1e-3}
    options = {"widths": [500, 500, 500]}
    if clothes:
        return net(50, 1e-3, options | {"dropout": 0.4}, batch_size=256, pretraining=noise), 30
    return net(30, 2e-3, options | {"dropout": 0.2, "augmentation": "affine"}, pretraining=noise), 24


def judge(runs):
    """Every preset's recipe against the error that it should reach, the mean over its seeds, and against linear's."""
    checks = []
    for dataset, model in runs[["dataset", "model"]].drop_duplicates().itertuples(index=False):
        row, linear = (dataset, model, SETTING), (dataset, "linear", SETTING)
        if model in TARGETS.get(dataset, {}):
            checks.append(target(runs, row, at_most=TARGETS[dataset][model]))
        if row != linear:
            checks.append(paired_difference(runs, better=row, worse=linear))
    return checks


def draw(runs):
    """Test error of every seed as a dot, the chosen one of each preset marked."""
    from matplotlib.figure import Figure

    datasets = list(runs.dataset.unique())
    figure = Figure(figsize=(5.2 * len(datasets), 3.8))
    for axis, dataset in zip(figure.subplots(1, len(datasets), squeeze=False)[0], datasets):
        table = runs[runs.dataset == dataset].pivot(index=["model", "seed"], columns="metric", values="value")
        models = list(runs[runs.dataset == dataset].model.unique())
        for height, model in enumerate(models):
            seeds = table.loc[model]
            draw_seeds(axis, seeds.test_error_pct, seeds.validation_error_pct, height)
            if (aim := TARGETS.get(dataset, {}).get(model)) is not None:
                axis.plot(aim, height, "|", ms=16, mew=2, color="black", label="to reach" if height == 0 else None)
        axis.set(yticks=range(len(models)), yticklabels=models, xscale="log", xlabel="test error, %", title=dataset)
        plain_ticks(axis.xaxis, subs=(1, 1.2, 1.5, 2, 3, 4, 6, 8))
        axis.invert_yaxis()
        axis.legend(fontsize=8, markerscale=0.6)
    return figure


def _published():
    def shared(*entry):
        return Published(*entry, topic="shallow_vs_deep")

    return {
        ("mnist", "linear", SETTING): shared("logistic regression", "50k/10k/10k", "plain SGD"),
        ("mnist", "mlp", SETTING): shared("MLP, 500 tanh hidden", "50k/10k/10k", "one layer, no distortions"),
        ("mnist", "autoencoder_stack", SETTING): shared("stacked denoising autoencoder, 3x1000", "50k/10k/10k", "no distortions"),
        ("fashion_mnist", "linear", SETTING): shared(
            "logistic regression, C=1, l1", "standardised pixels, mean of 5 shuffles", "60,000 images"
        ),
    }


PUBLISHED = _published()

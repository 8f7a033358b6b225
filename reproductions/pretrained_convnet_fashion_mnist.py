"""Preset of the ConvNet on clothes: three blocks of two convolutions each, ten seeds.

What the review's figure 2 shows, small: local filters, shared weights, pooling, layer on layer. The preset is a population
trained by one recipe on the first 50,000 training images; the seed with the least error on the next 10,000 ships. The
ConvNets stand apart from the presets of `pretrained`, and this one from that of `pretrained_convnet_mnist`, because each
takes about as long to train as all of those. `zoo results presets pretrained_convnet_fashion_mnist` makes the folder of
zoo/pretrained/ from these runs.

Expected, full budget: some 6.0 % test error (whether the mean is below 6 stays undecided; the preset errs on less), fewer
than users submitted for small ConvNets. An hour and a quarter on two CPU cores that multiply matrices of 16 bits (AMX), with
`--backend tensorflow`; several on others. Quick, in 32 bits: one epoch, 3 seeds, 3 minutes.
"""

from zoo.reproductions.harness import Trial
from zoo.reproductions.harness.preset_marks import against_marks, draw_marks, of_users
from zoo.reproductions.trainers.preset import train_preset
from zoo.training.recipe import recipe

SEEDS = {"full": 10}
CLAIM, MODEL, PRESET = "pretrained_convnet_fashion_mnist", "convnet", "preset"
SMALL, CLOTHES = [(dataset, MODEL, PRESET) for dataset in ("digits", "fashion_mnist")]  # the first for smoke
TARGETS = {SMALL: 10.0, CLOTHES: 6.0}  # mean test errors, percent, to reach
PROTOCOL = """
**Training.** The model is trained by one recipe, set on the validation split by trials of one seed in 12 epochs, from every
seed; the weights after the last epoch count, of full, their moving average (momentum 0.999). The mean is over all seeds; the
one with the least validation error is the preset. Of full, layers multiply in bfloat16, while weights and their updates stay
in float32; errors are those in float32, as the preset is loaded.

**Changed after seeing results.** Three seeds each of two other ConvNets were tested before (8.60 and 7.58 %), and ten of a
third, of four convolutions without erasing, twice (6.66 and, its gradients mended, 6.61).

**Tuning.** On validation this one, the fourth, erred on 5.64 % after 12 epochs, with one convolution in its first block on
6.13; that one with a hidden layer of 256 units above on 6.41, with images that are flipped only on 5.97, that are also moved
by up to two pixels, its blocks wider, on 6.80, with learning rates of 0.003 and 0.016 in place of 0.008 on 6.36 and 6.44,
and with weight decay on 6.47.
"""


def trials(budget):
    """One trial; smoke does scikit-learn's small digits."""
    smoke = budget.choose(smoke=True, quick=False, full=False)
    blocks = [[8], [16]] if smoke else [[32, 32], [64, 64], [128, 128]]
    options = {"blocks": blocks, "dense": 0, "dropout": 0.3, "augmentation": "flip_erase"}
    epochs, average = budget.choose(smoke=4, quick=1, full=24), budget.choose(smoke=None, quick=None, full=0.999)
    precision = budget.choose(smoke="mixed_bfloat16", quick="float32", full="mixed_bfloat16")
    settings = recipe(options=options, epochs=epochs, learning_rate=8e-3, ema=average, precision=precision)
    yield Trial("digits" if smoke else "fashion_mnist", MODEL, PRESET, budget.seeds, train_preset, settings)


def judge(runs):
    """The mean of the seeds against the error to reach, and against what users submitted."""
    return against_marks(runs, CLAIM, TARGETS, PUBLISHED)


def draw(runs):
    """Test errors of every seed, with the error to reach and the published ones."""
    return draw_marks(runs, CLAIM, TARGETS, PUBLISHED)


PUBLISHED = {
    CLOTHES: of_users(
        "ConvNet, 2 conv layers, <100K parameters",
        "ConvNet, 2 conv + 3 dense layers, 1.8M parameters",
        note="60,000 images, unchanged; ours are flipped and partly erased",
    )
}

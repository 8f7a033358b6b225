"""Whether a preset keeps what its card says: its files and outputs checked, its error recomputed, its training repeated."""

import io
import math
from dataclasses import dataclass, field
from itertools import filterfalse

import numpy as np

from zoo.environment import on_cpu
from zoo.errors import BROKEN_ARRAYS, CorruptFile, InvalidInput, ResultsError
from zoo.names import printable
from zoo.paths import require_plain_zip
from zoo.presets.card import class_names, has_the_options_of_its_recipe, metric, model_card, says_enough_to_train
from zoo.presets.folder import GOLDEN, find, list_presets, verified
from zoo.presets.loading import from_preset
from zoo.registry import is_count
from zoo.tasks import CLASSIFICATION, Task, task_of, task_of_model

PREDICTIONS = 3  # that may differ where another backend rounds otherwise
SHARE = 1e-3  # of an error that is no count, likewise
# Of the largest golden logit: what is rounding. Some accelerators multiply with ten bits unless told otherwise.
CLOSE_ON_CPU, CLOSE = 1e-4, 1e-2


@dataclass(frozen=True)
class Evaluation:
    """The error of a preset on the test split of a data set, as its task states it, and what its card says (None: nothing).

    dataset, error: None, and examples 0, where no data set was given and the card names none of the zoo's with the model's
    classes.
    golden_difference: the largest difference between the logits of golden.npz and the model's, as a share of the largest
    logit; up to golden_within it is rounding: 1e-4 on a CPU, 1e-2 on an accelerator.
    kin: the data set that the preset learnt from, where one of the two is made from the other's examples, so that the preset
    has seen some of them.
    """

    dataset: str | None
    examples: int
    error: float | None
    card_error: float | None
    task: Task = field(default=CLASSIFICATION, repr=False)
    golden_difference: float = 0.0
    kin: str | None = None
    golden_within: float = CLOSE_ON_CPU

    @property
    def golden(self):
        """Whether the golden logits come out again but for rounding."""
        return self.golden_difference <= self.golden_within

    @property
    def agrees(self):
        """Whether both errors are the same but for rounding; None where the card names none."""
        if self.card_error is None:
            return None
        tolerance = 100 * (PREDICTIONS + 0.01) / self.examples if self.task.unit == "%" else SHARE * self.card_error
        return abs(self.error - self.card_error) <= tolerance


@dataclass(frozen=True)
class Retraining:
    """New seeds of a preset's recipe: test errors by seed, as its task states them, and where the card says they fall."""

    errors: dict[int, float]
    expected_low: float
    expected_high: float
    folder: object = None
    task: Task = field(default=CLASSIFICATION, repr=False)

    @property
    def agrees(self):
        """Whether the mean of the errors lies where the card says; False where a seed diverged."""
        mean = float(np.mean(list(self.errors.values())))
        return self.expected_low <= mean <= self.expected_high


def evaluate_preset(name_or_folder, dataset=None, batch_size=500):
    """Recompute a preset's golden logits and its test error, on the data set of its card or on another one of the same kind.

    Returns an Evaluation; the error is that of the model's task, in percent for classes, and None where neither says which data
    set: a model of one's own examples is then evaluated on these, by model.compile and model.evaluate. Every file of the preset
    must be there as it was written, by its sha256. Raises as `from_preset` and `zoo.datasets.load` do, CorruptFile also for golden
    logits that are not the model's in number, and InvalidInput where the data does not fit. batch_size: how many examples are
    taken at once, a positive integer.
    """
    from zoo.datasets import describe, list_datasets, load
    from zoo.datasets.own import is_own

    if not is_count(batch_size):
        raise InvalidInput(f"batch_size is how many examples are taken at once, at least 1; got {batch_size!r}.")
    card = model_card(name_or_folder)
    own = card.get("dataset")
    place = dataset or (own["name"] if own and own["name"] in list_datasets() and _fits(card, own["name"]) else None)
    if not dataset and place and is_own(place) and describe(place).fingerprint != own["fingerprint"]:
        place = None  # somebody else's of that name
    model = card["model"]
    # What does not fit is refused before anything is downloaded.
    task = _task_on(card, place) if place else task_of_model(model["name"], model["input_shape"], model["options"])
    folder = find(name_or_folder)
    files = verified(folder)
    model = from_preset(name_or_folder)
    exact = model  # the golden logits are of 32 bits
    if any("16" in layer.dtype_policy.name for layer in model.layers):
        from zoo.training.members import build_member

        exact = build_member(lambda: from_preset(name_or_folder), 0, "float32")
    difference = golden_difference(exact, files[GOLDEN], folder / GOLDEN)
    within = CLOSE_ON_CPU if on_cpu() else CLOSE
    if place is None:
        return Evaluation(None, 0, None, None, task, difference, None, within)
    data = load(place)
    model.compile(loss=task.loss(), metrics=task.metrics())
    scores = model.evaluate(data.test.x, task.targets(model, *data.test), batch_size=batch_size, verbose=0, return_dict=True)
    stated = metric(card, f"test_{task.error}") if own and own["fingerprint"] == data.fingerprint else None
    kin = next((name for name in _learnt_from(card) if _made_of_one(name, data.name)), None)
    return Evaluation(data.name, len(data.test.y), task.of(scores), stated and stated["value"], task, difference, kin, within)


def _learnt_from(card):
    """The data sets of the zoo that a card's model learnt from, that of a preset that ships and that it began as included."""
    from zoo.datasets import list_datasets

    cards = [card, *(model_card(name) for name in [card.get("based_on", {}).get("name")] if name in list_presets())]
    return [name for one in cards if (name := one.get("dataset", {}).get("name")) in list_datasets()]


def _made_of_one(name, other):
    """Whether one of two data sets is made of the other's examples.

    Those that are made of a third's have them in one order, so that none has learnt what another is tested on.
    """
    from zoo.datasets import describe

    return name in describe(other).sources or other in describe(name).sources


def golden_difference(model, content, path):
    """The largest difference between the logits of a golden.npz (its bytes) and the model's, as a share of the largest one.

    path: what an error calls the file. Raises CorruptFile where it is none, or that of another model.
    """
    from keras import ops

    try:
        require_plain_zip(io.BytesIO(content))
        with np.load(io.BytesIO(content), allow_pickle=False) as golden:
            x, logits = golden["x"], golden["logits"]
        if not len(x):
            raise ValueError("it has no examples")
        if x.shape[1:] != tuple(model.input_shape[1:]) or x.dtype.kind not in "uif" or logits.dtype.kind != "f":
            raise ValueError("its examples are not the model's")
        found = ops.convert_to_numpy(model(x, training=False))
        if found.shape != logits.shape:
            raise ValueError("its logits are not the model's")
    except (*BROKEN_ARRAYS, OSError) as problem:
        raise CorruptFile(f"{path} holds no golden logits of this model ({problem}); copy or save the preset again.") from None
    difference = float(np.abs(found - logits).max() / max(np.abs(logits).max(), 1e-9))
    return difference if math.isfinite(difference) else math.inf


def _task_on(card, dataset):
    """The Task of a card's model on a data set, by its name. Raises UnknownName; InvalidInput where the data does not fit."""
    from zoo.datasets import describe, list_datasets
    from zoo.datasets.own import is_own

    model, info = card["model"], describe(dataset)
    task, shape = task_of(model["name"], dataset), tuple(model["input_shape"])
    if shape != info.input_shape or model["classes"] != task.classes(info):
        known = model["classes"] or "no"
        raise InvalidInput(
            f"{card['name']} takes {shape} and knows {known} class{'' if known == 1 else 'es'}; "
            f"{dataset} has {info.input_shape} and {task.classes(info) or 'none'}."
        )
    names, own = class_names(card), card.get("dataset", {})
    own_data = dataset == own.get("name") and not (is_own(dataset) and info.fingerprint != own["fingerprint"])
    if task.classes(info) and names and not own_data and names != list(info.class_names):
        others = [other for other in map(describe, filterfalse(is_own, list_datasets())) if other.input_shape == shape]
        same = ", ".join(other.name for other in others if list(other.class_names) == names)
        raise InvalidInput(
            f"{card['name']} tells {_listed(names)} apart, {dataset} has {_listed(info.class_names)}: its error there would "
            f"mean nothing; take {f'one of {same}' if same else 'a data set with its classes'}."
        )
    return task


def _fits(card, dataset):
    """Whether a card's model is one for a data set, by its name: with classes of its own it is none for that it was made from."""
    try:
        _task_on(card, dataset)
    except InvalidInput:
        return False
    return True


def _listed(names):
    """The first names of classes, in words."""
    return ", ".join(map(printable, names[:3])) + (", ..." if len(names) > 3 else "")


def retrain_preset(name_or_folder, seeds=1, folder=None, verbose="auto", force=False):
    """Train a preset's recipe again from other seeds than those that its card lists; returns a Retraining.

    seeds: how many. folder: None, or where to save the member that validates best, as a preset with a card of its own; force:
    also in place of a preset that is there. verbose: as in Population.fit.

    Raises as `model_card` and `zoo.datasets.load` do. Before any training InvalidInput where the card has no recipe of this
    deepzoo or says nothing of the spread over seeds; where the model began as another preset, or has other options or classes
    than recipe and data; where the data are not the card's; and for a folder that holds a preset or something else.
    ResultsError before training for a folder that can't be written to, after it where every seed diverged.
    """
    from zoo.datasets import list_datasets, load
    from zoo.presets.places import free_folder
    from zoo.training.recipe import OPTIONAL, RECIPE, errors_of, is_recipe, steps, train_population

    card = model_card(name_or_folder)
    if not says_enough_to_train(card):
        why = "it needs a recipe and several seeds"
        if "based_on" in card:
            why = f"it began as {card['based_on']['name']}, of which its recipe knows nothing"
        elif "recipe" in card and is_recipe(card["recipe"]) and not has_the_options_of_its_recipe(card):
            why = "its recipe has other options than the model"
        raise InvalidInput(f"The card of {card['name']} does not say enough to train it again: {why}.")
    if not is_recipe(card["recipe"]):
        keys = ", ".join((*RECIPE, *OPTIONAL))
        raise InvalidInput(f"The recipe of {card['name']} is that of another deepzoo; its keys should be of {keys}.")
    if not is_count(seeds):
        raise InvalidInput(f"seeds is how many to train, at least 1; got {seeds!r}.")
    if folder:
        free_folder(folder, replace=force)  # before hours of training
    if card["dataset"]["name"] in list_datasets():
        _task_on(card, card["dataset"]["name"])  # refused where the model has classes of its own
    data, name, recipe = load(card["dataset"]["name"]), card["model"]["name"], card["recipe"]
    if data.fingerprint != card["dataset"]["fingerprint"]:
        raise InvalidInput(f"{data.name} is not the data that {card['name']} was trained on: its fingerprint differs.")
    first, task = max(card["selection"]["seeds"]) + 1, task_of(name, data.name)
    fresh = range(first, first + seeds)
    low, high = _interval_of_a_mean(metric(card), seeds)
    population = train_population(name, task.classes(data), *data.train, recipe, fresh, verbose=verbose, task=task)
    errors = {split: errors_of(population, getattr(data, split), task) for split in ("validation", "test")}
    try:
        if folder:
            free_folder(folder, replace=force)  # and after them: another may have saved there meanwhile
        saved = folder and _save(folder, population, data, task, card, errors, steps(recipe, len(data.train.x)))
    except (InvalidInput, ResultsError) as error:
        found = ", ".join(f"{seed}: {task.show(value)}" for seed, value in errors["test"].items())
        raise type(error)(f"{error} Nothing was saved; the test errors of the seeds trained are {found}.") from error
    return Retraining(errors["test"], low, high, saved, task)


def _interval_of_a_mean(stated, seeds):
    """Where the mean of so many new seeds falls, 95%: narrower than for a single one."""
    n = stated["seeds"]
    shrink = math.sqrt((1 / seeds + 1 / n) / (1 + 1 / n))
    half = (stated["new_seed95_high"] - stated["mean"]) * shrink
    return stated["mean"] - half, stated["mean"] + half


def _save(folder, population, data, task, card, errors, updates):
    """Save the member that validates best with a card like that of the preset it was trained from, whose terms it keeps."""
    from pathlib import Path

    from zoo.environment import commit, device_and_versions
    from zoo.presets.saving import save_preset, trained_card

    here, recipe = device_and_versions(), card["recipe"]
    training = {name: here[name] for name in ("device", "backend", "versions")} | {
        "precision": recipe["precision"],
        "commit": commit(),
        "updates": updates,
        "seconds_per_seed": round(population.fit_seconds / len(population), 2),
    }
    terms = {key: card[key] for key in ("licences", "limits") if key in card}
    card = trained_card(Path(folder).absolute().name, data, task, recipe, errors, training) | terms
    chosen = population.seeds.index(card["selection"]["chosen_seed"])
    return save_preset(population[chosen], folder, card)

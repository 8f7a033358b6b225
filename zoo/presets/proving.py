"""Whether a preset keeps what its card says: its error recomputed, and its training repeated."""

import math
from dataclasses import dataclass

import numpy as np

from zoo.errors import InvalidInput
from zoo.presets.card import metric, model_card
from zoo.presets.loading import from_preset

TOLERANCE = 3  # predictions that may differ where another backend rounds otherwise


@dataclass(frozen=True)
class Evaluation:
    """The error of a preset on the test split of a data set, in percent, and what its card says of that (None: nothing)."""

    dataset: str
    examples: int
    error_pct: float
    card_error_pct: float | None

    @property
    def agrees(self):
        """Whether both errors are the same but for a few predictions; None where the card names none."""
        if self.card_error_pct is None:
            return None
        return abs(self.error_pct - self.card_error_pct) * self.examples / 100 <= TOLERANCE + 0.01


@dataclass(frozen=True)
class Retraining:
    """New seeds of a preset's recipe: test errors in percent by seed, and where the card says that a new seed falls."""

    errors_pct: dict[int, float]
    expected_low: float
    expected_high: float
    folder: object = None

    @property
    def agrees(self):
        """Whether the mean of the errors lies where the card says; False where a seed diverged."""
        mean = float(np.mean(list(self.errors_pct.values())))
        return self.expected_low <= mean <= self.expected_high


def evaluate_preset(name_or_folder, dataset=None, batch_size=500):
    """Recompute a preset's test error, on the data set of its card or on another one with as many classes.

    Returns an Evaluation. Raises as `from_preset` and `zoo.datasets.load` do, and InvalidInput where the data does not fit.
    """
    from zoo.datasets import load

    card = model_card(name_or_folder)
    if card["model"]["classes"] is None:
        raise InvalidInput(f"{card['name']} tells no classes apart, it reconstructs its input: it has no test error.")
    own = card.get("dataset")
    if dataset is None and own is None:
        raise InvalidInput(f"The card of {card['name']} names no data set; say which one to evaluate it on.")
    data, model = load(dataset or own["name"]), from_preset(name_or_folder)
    if tuple(model.input_shape[1:]) != data.test.x.shape[1:] or card["model"]["classes"] != data.classes:
        raise InvalidInput(
            f"{card['name']} takes {tuple(model.input_shape[1:])} and knows {card['model']['classes']} classes; "
            f"{data.name} has {data.test.x.shape[1:]} and {data.classes}."
        )
    found = model.predict(data.test.x, batch_size=batch_size, verbose=0).argmax(axis=1)
    error = float(100 * np.mean(found != data.test.y))
    stated = metric(card) if own and own["fingerprint"] == data.fingerprint else None
    return Evaluation(data.name, len(data.test.y), error, stated and stated["value"])


def retrain_preset(name_or_folder, seeds=1, folder=None, verbose="auto"):
    """Train a preset's recipe again from other seeds than those that its card lists; returns a Retraining.

    seeds: how many. folder: None, or where to save the one that validates best, as a preset with a card of its own.
    Raises InvalidInput where the card has no recipe, or says nothing of the spread of seeds.
    """
    from zoo.datasets import load
    from zoo.training.recipe import RECIPE, steps, train_population

    card = model_card(name_or_folder)
    stated = metric(card)
    if not all(key in card for key in ("dataset", "recipe", "selection")) or not stated or stated["new_seed95_low"] is None:
        raise InvalidInput(f"The card of {card['name']} does not say enough to train it again: it needs a recipe and several seeds.")
    if set(card["recipe"]) != set(RECIPE):
        raise InvalidInput(f"The recipe of {card['name']} is that of another deepzoo; its keys should be {', '.join(RECIPE)}.")
    if not isinstance(seeds, int) or seeds < 1:
        raise InvalidInput(f"seeds is how many to train, at least 1; got {seeds!r}.")
    data, name, recipe = load(card["dataset"]["name"]), card["model"]["name"], card["recipe"]
    if data.fingerprint != card["dataset"]["fingerprint"]:
        raise InvalidInput(f"{data.name} is not the data that {card['name']} was trained on: its fingerprint differs.")
    first = max(card["selection"]["seeds"]) + 1
    population = train_population(name, data.classes, *data.train, recipe, range(first, first + seeds), verbose=verbose)
    members = {seed: {} for seed in population.seeds}
    for split in ("validation", "test"):
        for row in population.evaluate(*getattr(data, split)).itertuples():
            members[row.seed][f"{split}_error_pct"] = math.nan if row.diverged else 100 * (1 - row.accuracy)
    low, high = _interval_of_a_mean(stated, seeds)
    saved = folder and _save(folder, population, data, recipe, members, steps(recipe, len(data.train.x)))
    return Retraining({seed: errors["test_error_pct"] for seed, errors in members.items()}, low, high, saved)


def _interval_of_a_mean(stated, seeds):
    """Where the mean of so many new seeds falls, 95%: narrower than for a single one."""
    n = stated["seeds"]
    shrink = math.sqrt((1 / seeds + 1 / n) / (1 + 1 / n))
    half = (stated["new_seed95_high"] - stated["mean"]) * shrink
    return stated["mean"] - half, stated["mean"] + half


def _save(folder, population, data, recipe, members, updates):
    from pathlib import Path

    from zoo.environment import commit, device_and_versions
    from zoo.presets.saving import save_preset, trained_card

    here = device_and_versions()
    training = {name: here[name] for name in ("device", "backend", "versions")} | {
        "precision": recipe["precision"],
        "commit": commit(),
        "updates": updates,
        "seconds_per_seed": round(population.fit_seconds / len(population), 2),
    }
    card = trained_card(Path(folder).absolute().name, data, recipe, members, training)
    chosen = population.seeds.index(card["selection"]["chosen_seed"])
    return save_preset(population[chosen], folder, card)

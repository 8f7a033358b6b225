"""card.json: what a preset is, how it was trained and chosen, and how well it does; written by the run that made it."""

import json
import math
import sys
from unicodedata import category

from zoo.errors import CorruptFile, InvalidInput
from zoo.names import are_labels
from zoo.presets.folder import CARD, CONFIG, check_format, find, parse_json, verified

RULE = "least validation error, the first of equals"
# The keys of a card and of its parts; [type] is a list of such, {str: type} an object with any keys. Only the first three
# keys are in every card: a user's own model may lack the rest. A card with one of SINCE_2 has format 2, else 1, so that
# an older deepzoo reads what it can and asks for a newer one otherwise.
SCHEMA = {
    "format": int,
    "name": str,
    "model": {
        "name": str,
        "input_shape": [int],
        "classes": (int, None),
        "options": dict,
        "parameters": int,
        "flops_per_example": int,
    },
    "dataset": {
        "name": str,
        "version": str,
        "fingerprint": str,
        "splits": {str: int},
        "class_names": [str],
        "licence": str,
        "homepage": str,
    },
    "class_names": [str],
    "layout": str,
    "based_on": {"name": str, "licences": {str: str}},
    "recipe": dict,
    "selection": {"rule": str, "split": str, "seeds": [int], "chosen_seed": int},
    "metrics": [
        {
            "name": str,
            "split": str,
            "examples": int,
            "value": float,
            "seeds": int,
            "mean": float,
            "ci95_low": float,
            "ci95_high": float,
            "new_seed95_low": float,
            "new_seed95_high": float,
        }
    ],
    "training": {
        "device": str,
        "backend": str,
        "precision": str,
        "versions": {str: str},
        "commit": str,
        "updates": int,
        "seconds_per_seed": float,
    },
    "licences": {"code": str, "weights": str, "data": str},
    "limits": str,
}
SINCE_2 = ("class_names", "layout", "based_on")
NEWEST = 2
REQUIRED = ("format", "name", "model")
MOST = sys.float_info.max  # which NaN is not below either
MADE = ("name", "input_shape", "classes", "options")  # what a card repeats of config.json


def model_card(name_or_folder):
    """The card of a preset as a dict, its sha256 and its keys checked. Raises as `from_preset` does.

    Keys: format, name, model, and where they are known dataset, recipe, selection, metrics, training, licences, limits.
    Metrics are errors in percent or what their name says; the interval ci95 is of the mean over seeds, new_seed95 is where a
    new seed falls. A preset that was made from another one has based_on, that one's name and licences, and layout, the data
    set whose images it expects; class_names are the user's own, in place of the data set's.

    >>> model_card("linear_mnist")["model"]["parameters"]
    7850
    """
    folder = find(name_or_folder)
    files = verified(folder, CARD, CONFIG)
    return parse_card(files[CARD], folder / CARD, parse_json(files[CONFIG], folder / CONFIG))


def parse_card(content, path, config):
    """card.json as a dict; it must be the card of the model that config.json (a dict) asks for.

    Raises CorruptFile for another model's and for missing or unknown keys, InvalidInput for a newer format.
    """
    card = parse_json(content, path)
    check_card(card, path)
    other = [key for key in MADE if card["model"][key] != config.get({"name": "model"}.get(key, key))]
    if other:
        raise CorruptFile(f"{path} is the card of another model: its {', '.join(other)} and that of {CONFIG} differ.")
    if "class_names" in card:
        try:
            checked_names(card["class_names"], config)
        except InvalidInput as error:
            raise CorruptFile(f"{path} is no model card: {error}") from None
    return card


def check_card(card, path):
    """Raise CorruptFile for a missing or unknown key or a value of another type, InvalidInput for a newer format."""
    check_format(card, path, NEWEST)
    problem = _problem(card, SCHEMA, "", REQUIRED) or _at_odds(card)
    if problem:
        raise CorruptFile(f"{path} is no model card: {problem}.")


def _at_odds(card):
    """What is wrong with a card whose keys and types are right, in words; None for nothing."""
    from zoo.images import LAYOUTS

    if "layout" in card and card["layout"] not in LAYOUTS:
        return f"its layout is one of {', '.join(LAYOUTS)}, not {card['layout']!r:.80}"
    if card["format"] < format_of(card):
        return f"it has keys of format {format_of(card)} and says that it is of format {card['format']}"
    return None


def format_of(card):
    """The format of a card with these keys: the oldest one that has them all."""
    return NEWEST if any(key in card for key in SINCE_2) else 1


def checked_names(class_names, made):
    """Names of classes as a list. Raises InvalidInput where they are not one string for each class of what is made."""
    from zoo.tasks import CLASSIFICATION, task_of_model

    if task_of_model(made["model"], made["input_shape"], made["options"]).name != CLASSIFICATION.name:
        raise InvalidInput(f"This {made['model']} tells no classes apart, so there are none to name; leave class_names out.")
    ordered = hasattr(class_names, "__getitem__") and not isinstance(class_names, (str, bytes, dict))
    ordered = ordered and getattr(class_names, "ndim", 1) == 1
    names = list(class_names) if ordered else []
    if not are_labels(names) or len(names) != made["classes"]:
        raise InvalidInput(
            f"class_names must be a list of {made['classes']} different strings, one for each class in the order of the "
            f"labels, on one line; got {class_names!r:.80}."
        )
    return list(map(str, names))


def class_names(card):
    """The names of the classes of a card's model, in the order of its outputs; empty where nobody gave any."""
    return card.get("class_names") or card.get("dataset", {}).get("class_names", [])


def layout_of(card):
    """The name of the data set as whose images those for a card's model are laid out (see zoo.images), None for none."""
    return card.get("layout") or card.get("dataset", {}).get("name")


def inherited(card, own_classes):
    """What the card of a model that is made from a preset takes over from that one's card, a dict with keys of SINCE_2.

    own_classes: whether the new model tells other classes apart than the preset.
    """
    from zoo.images import LAYOUTS
    from zoo.tasks import CLASSIFICATION, task_of_model

    base, licences = card.get("based_on", {"licences": {}}), card.get("licences", {})
    for what, licence in base["licences"].items():  # which go on beside those of what was made of it
        licences = licences | {what if " of " in what else f"{what} of {base['name']}": licence}
    taken = {"based_on": {"name": card["name"], "licences": licences}}
    if layout_of(card) in LAYOUTS:
        taken["layout"] = layout_of(card)
    model = card["model"]
    tells = task_of_model(model["name"], model["input_shape"], model["options"]).name == CLASSIFICATION.name
    if tells and not own_classes and class_names(card):
        taken["class_names"] = class_names(card)
    return taken


def metric(card, name=None):
    """One of the card's metrics, by its name or else the error of its task on the test split; None where it has none."""
    from zoo.tasks import task_of_error

    def fits(entry):
        return entry["name"] == name if name else entry["split"] == "test" and task_of_error(entry["name"])

    return next((entry for entry in card.get("metrics", ()) if fits(entry)), None)


def says_enough_to_train(card):
    """Whether a card names data, recipe and seeds, and where the error of a new seed falls: what `zoo train` needs.

    Not of a model that began as another preset, of which the recipe knows nothing, or that has other options than its recipe.
    """
    from zoo.training.recipe import is_recipe

    stated = metric(card)
    if not stated or "based_on" in card or not all(key in card for key in ("dataset", "recipe", "selection")):
        return False
    if is_recipe(card["recipe"]) and not has_the_options_of_its_recipe(card):
        return False
    spread = all(stated[name] is not None for name in ("mean", "new_seed95_low", "new_seed95_high"))
    return spread and stated["seeds"] > 1 and bool(card["selection"]["seeds"])


def has_the_options_of_its_recipe(card):
    """Whether a card's model is what a recipe of deepzoo's makes, the defaults being those of now."""
    from zoo.presets.saving import in_short
    from zoo.registry import model_options

    def as_written(options):
        """As files have them, whoever spelt them."""
        every = model_options(card["model"]["name"]) | options
        return {name: in_short(value) for name, value in json.loads(json.dumps(every, default=repr)).items()}

    return as_written(card["recipe"]["options"]) == as_written(card["model"]["options"])


def metric_entry(name, split, examples, chosen, values):
    """An entry of a card's metrics, from the value of the chosen seed and the values of all seeds (NaN: diverged).

    The interval of the mean and the one for a new seed are Student's t; NaN with a single seed.
    """
    import numpy as np
    from scipy import stats

    values = np.array([value for value in values if math.isfinite(value)])
    n, mean = len(values), float(np.mean(values))
    spread = float(np.std(values, ddof=1) * stats.t.ppf(0.975, n - 1)) if n > 1 else math.nan
    half, wide = spread / math.sqrt(n), spread * math.sqrt(1 + 1 / n)
    numbers = {
        "value": chosen,
        "seeds": n,
        "mean": mean,
        "ci95_low": mean - half,
        "ci95_high": mean + half,
        "new_seed95_low": mean - wide,
        "new_seed95_high": mean + wide,
    }
    rounded = {key: None if math.isnan(value) else _rounded(value) for key, value in numbers.items()}
    return {"name": name, "split": split, "examples": examples, **rounded, "seeds": n}


def _rounded(value):
    """Four decimals, or where that is less four digits: what `zoo evaluate` computes again is held against it."""
    return round(value, 4) if abs(value) >= 0.1 else float(f"{value:.4g}")


def _problem(value, schema, where, required=None):
    """What is wrong with a value of a card, in words; None for nothing."""
    if isinstance(schema, list):
        if not isinstance(value, list):
            return f"{where} is no list"
        return next((found for item in value if (found := _problem(item, schema[0], where))), None)
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return f"{where} is no object"
        if str in schema:
            inside = (_problem(item, schema[str], f"{where}.{key}") for key, item in value.items())
            return next((found for found in inside if found), None)
        missing = [key for key in (schema if required is None else required) if key not in value]
        unknown = [key for key in value if key not in schema]
        if missing or unknown:
            what = "lacks" if missing else "has the unknown key" if len(unknown) == 1 else "has the unknown keys"
            return f"{where or 'it'} {what} {', '.join(map(repr, missing or unknown))}"
        inside = (_problem(value[key], schema[key], f"{where}.{key}".lstrip(".")) for key in value)
        return next((found for found in inside if found), None)
    if isinstance(schema, tuple):  # or nothing
        if value is None:
            return None
        schema = schema[0]
    if schema is float:
        fits = value is None or isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= MOST
    elif schema is str:
        fits = isinstance(value, str) and not any(category(sign) == "Cs" for sign in value)  # half a character
    else:
        fits = isinstance(value, schema) and not isinstance(value, bool)
    return None if fits else f"{where} should be {schema.__name__}, not {value!r:.60}"

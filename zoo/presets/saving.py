"""save_preset: writes a model's folder, such that from_preset gives the same model again."""

import contextlib
import json
import math
import tempfile
from pathlib import Path

import numpy as np

from zoo.datasets.dataset import Dataset
from zoo.errors import CorruptFile, InvalidInput, ResultsError, reason_of, told_by
from zoo.presets.card import RULE, SCHEMA, check_card, checked_names, format_of, metric_entry
from zoo.presets.folder import CARD, CONFIG, GOLDEN, README, WEIGHTS, config_format, is_plain, may_make, parse_config, write_sums
from zoo.presets.loading import all_finite, build, count_arrays, load_weights_into, origin_of, watched_start
from zoo.presets.markdown import card_markdown
from zoo.presets.places import free_folder
from zoo.registry import how_made, model_options
from zoo.replacing import put_in_place
from zoo.tasks import task_of_model
from zoo.training.members import build_member

GOLDEN_EXAMPLES, GOLDEN_NUMBERS = 4, 2**14  # at most, of outputs but those of one example


def save_preset(model, folder, card=None, class_names=None):
    """Write a model as a preset: `from_preset(folder)` gives it back. Returns the folder (a Path).

    Args:
        model: one that `zoo.create_model`, `zoo.from_preset` or a Population of theirs made.
        folder: a folder that does not exist yet or is a preset already, which is replaced whole or not at all.
        card: what is known of the model, as a dict with keys of `model_card`; "format" and "model" are filled in, and
            "name" where it is missing. With layers whose arithmetic the zoo cannot count it has to say
            "flops_per_example", too. Of a metric name, split, examples and value are enough, if they are of a single run;
            "dataset" may be what zoo.datasets.load gave.
        class_names: what the classes are called, a string for each in the order of the labels, of a single logit what label 1
            is called; `zoo predict` shows them.

    What was trained in 16 bits is loaded as Keras's dtype policy says, 32 by default; golden logits are computed in 32.

    Options that the model was not given are written, too, as its builder has them now, so that no later default changes what
    the preset computes.

    A model that began as `zoo.from_preset(name)`, with classes of its own or without, gets a card that says so: "based_on"
    names the preset and its licences, "layout" has `zoo predict` lay out images as for that preset. What was frozen
    (`trainable = False`) is not kept: from_preset gives a model all of which learns.

    Raises InvalidInput for a model that was made otherwise, was changed afterwards (an activation, say) or has diverged, a
    card with other keys, names that are not one for each class, or a folder with other things in it or the current one;
    ResultsError where the folder can't be written.

    >>> model = zoo.from_preset("linear_mnist", classes=2)
    >>> save_preset(model, "even_or_odd", class_names=["even", "odd"]).name
    'even_or_odd'
    """
    folder = free_folder(folder)
    made = whole(how_made(model))
    config = {"format": config_format(made["options"]), **made}
    for option, value in made["options"].items():
        if not (is_plain(value) or may_make(value)):
            raise InvalidInput(
                f"A preset can't hold the option {option} of this {made['model']}, {value!s:.80}: only words, numbers, lists of "
                f"them, options of named layers and Keras's own initialisers. Make the model with a word that Keras knows, such "
                f"as 'relu' or 'he_normal', and give it these weights."
            )
    if not all_finite(model):
        raise InvalidInput(f"The weights of {model.name} are not all numbers: it diverged, and nothing was saved.")
    card = _complete_card(card, model, made, folder, class_names)
    content = json.dumps(config, indent=1).encode()
    parse_config(content, folder / CONFIG)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
            written = Path(scratch) / "preset"
            written.mkdir()
            (written / CONFIG).write_bytes(content + b"\n")
            (written / CARD).write_text(json.dumps(card, indent=1, allow_nan=False) + "\n", encoding="utf-8")
            (written / README).write_text(card_markdown(card, folder.name), encoding="utf-8")
            with _without_optimizer(model):
                _storable(model, config).save_weights(written / WEIGHTS)
            np.savez(written / GOLDEN, **_golden_again(model, config, written / WEIGHTS))
            write_sums(written)
            free_folder(folder)  # of anything but a preset still, after the seconds that this took
            put_in_place(folder, written)
    except OSError as error:
        raise ResultsError(f"{folder} can't be written ({told_by(error)}); choose another folder.") from error
    return folder


def whole(made):
    """What `how_made` says of a model as config.json has it: with all options, the builder's defaults for those not given.

    Defaults that no config.json may hold are left out: words, numbers and lists of them can't say what they are.
    """
    made = json.loads(json.dumps(made, default=_plain))
    given = {name: in_short(value) for name, value in made["options"].items()}
    options = {}
    for name, default in model_options(made["model"]).items():
        with contextlib.suppress(TypeError, ValueError):  # no JSON
            value = given[name] if name in given else json.loads(json.dumps(default, default=_plain, allow_nan=False))
            if name in given or is_plain(value):
                options[name] = value
    return made | {"options": options}


def _plain(value):
    """What JSON does not know: a number of NumPy's as Python's, an activation of Keras's by its name, an initialiser as Keras
    configures it, all else in words, which no reader takes for an option.
    """
    from keras import activations, initializers

    name = getattr(value, "__name__", "")
    if name and value is getattr(activations, name, None):
        return name
    if name and isinstance(value, type) and value is getattr(initializers, name, None):
        value = value()
    if type(value) is getattr(initializers, type(value).__name__, None):  # and not somebody's own of the same name
        return {"class_name": type(value).__name__, "config": value.get_config()}
    return value.item() if isinstance(value, np.generic) else repr(value)


def in_short(value):
    """An initialiser as keras.initializers.serialize tells it, as one of Keras's own is written here; all else as it is."""
    told = {"module": "keras.initializers", "registered_name": None}
    if isinstance(value, dict) and told.items() <= value.items() and value.keys() == {*told, "class_name", "config"}:
        return {"class_name": value["class_name"], "config": value["config"]}
    return value


def _storable(model, config):
    """The model, or one of its config with its weights in 32 bits where they are of a type that the files of Keras lack."""
    from keras import ops

    if not any(weight.dtype == "bfloat16" for weight in model.weights):
        return model
    twin = build_member(lambda: build(config), 0, "float32")
    try:
        twin.set_weights([ops.convert_to_numpy(ops.cast(weight, "float32")) for weight in model.weights])
    except ValueError as error:
        raise _other_weights(model, error) from error
    return twin


def _other_weights(model, error):
    return InvalidInput(
        f"The weights of {model.name} are not those that its options say; make the model anew. ({reason_of(error)})"
    )


def _golden_again(model, config, weights):
    """What `golden` gives of the model that from_preset will make: from config and a weights file, in 32 bits.

    Raises InvalidInput where the file has other weights than config says, or `model` gives other outputs than one of its
    precision with them: something was changed in it that no option tells.
    """
    policies = {layer.dtype_policy.name for layer in model.layers if "16" in layer.dtype_policy.name}
    proof = again = golden(_loaded(model, config, weights, "float32"))
    if not np.isfinite(proof["logits"]).all():
        raise InvalidInput(
            f"The outputs of {model.name} for made-up inputs are not all numbers, so that no preset could prove itself."
        )
    if len(policies) == 1:
        again = golden(_loaded(model, config, weights, *policies))
    close = 1e-3 * max(1.0, np.abs(again["logits"]).max())
    if len(policies) < 2 and not np.allclose(golden(model)["logits"], again["logits"], rtol=0, atol=close):
        raise InvalidInput(
            f"{model.name} computes otherwise than a model of its options with its weights: a layer was changed after it was "
            "made, such as its activation. A preset can't hold that; make the model with options that say it."
        )
    return proof


def _loaded(model, config, weights, precision):
    content = weights.read_bytes()
    try:
        arrays = count_arrays(content, "the file")
        with watched_start(arrays):
            twin = build_member(lambda: build(config), 0, precision)
        load_weights_into(twin, content, "the file", arrays)
    except CorruptFile as error:
        raise _other_weights(model, error) from error
    return twin


def golden(model):
    """A few made-up examples x, raw values 0..255, or -1..1 where the model rescales nothing, or such as its task has, and the
    outputs for them, float32: four, or of large outputs fewer.
    """
    from keras import ops

    made, shape = whole(how_made(model)), (GOLDEN_EXAMPLES, *model.input_shape[1:])
    x = np.random.RandomState(0).randint(0, 256, shape).astype("uint8")
    x = task_of_model(made["model"], made["input_shape"], made["options"]).examples(x, made)
    if x.dtype == "uint8" and made["options"].get("rescale", 1 / 255) in (None, 1) and made["options"].get("series") is None:
        x = (x / 128 - 1).astype("float32")  # of a scale of its own, which is that of numbers near 1
    with _all_bits():
        outputs = ops.convert_to_numpy(model(x, training=False)).astype("float32")
    kept = max(1, GOLDEN_NUMBERS // outputs[0].size)
    return {"x": x[:kept], "logits": outputs[:kept]}


@contextlib.contextmanager
def _all_bits():
    """Multiply with all bits of float32, where an accelerator would leave some out (TensorFloat-32)."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        with jax.default_matmul_precision("float32"):
            yield
    elif keras.backend.backend() == "tensorflow":
        from tensorflow import config

        before = config.experimental.tensor_float_32_execution_enabled()
        config.experimental.enable_tensor_float_32_execution(False)
        try:
            yield
        finally:
            config.experimental.enable_tensor_float_32_execution(before)
    elif keras.backend.backend() == "torch":
        from torch.backends import cudnn

        before, cudnn.allow_tf32 = cudnn.allow_tf32, False  # of products it is off unless a user turns it on
        try:
            yield
        finally:
            cudnn.allow_tf32 = before
    else:
        yield


def best_seed(errors):
    """The seed with the least error, the first of equals, of {seed: error on validation}, NaN where it diverged."""
    if np.isnan(list(errors.values())).all():
        raise ResultsError("Every seed diverged, so there is none to choose; train with a smaller learning rate.")
    return min(errors, key=lambda seed: (np.isnan(errors[seed]), errors[seed], seed))


def trained_card(name, dataset, task, recipe, errors, training):
    """The card of the member that was chosen among those that one recipe trained; for `save_preset`.

    dataset: a zoo.datasets.Dataset. task: a zoo.tasks.Task. errors: {"test": {seed: error}, "validation": ..},
    NaN where it diverged. training: device, backend, precision, versions, commit, updates, seconds_per_seed.
    """
    seeds, chosen, told = list(errors["validation"]), best_seed(errors["validation"]), _told_of(dataset)
    splits = told["splits"]
    return {
        "name": name,
        "dataset": told,
        "recipe": recipe,
        "selection": {"rule": RULE, "split": "validation", "seeds": seeds, "chosen_seed": chosen},
        "metrics": [
            metric_entry(f"{split}_{task.error}", split, splits[split], errors[split][chosen], errors[split].values())
            for split in ("test", "validation")
        ],
        "training": training,
        "licences": {"code": "Apache-2.0", "weights": "Apache-2.0", "data": told["licence"]},
        "limits": task.limits,
    }


def _told_of(dataset):
    """What a card says of a zoo.datasets.Dataset."""
    return {
        "name": dataset.name,
        "version": dataset.provenance["version"],
        "fingerprint": dataset.fingerprint,
        "splits": {split: len(getattr(dataset, split).x) for split in ("train", "validation", "test")},
        "class_names": list(dataset.class_names),
        "licence": dataset.provenance["licence"],
        "homepage": dataset.provenance["homepage"],
    }


def _complete_card(card, model, made, folder, class_names):
    if card is not None and not isinstance(card, dict):
        raise InvalidInput(f"A card is a dict with keys of {', '.join(SCHEMA)}; got {card!r:.80}.")
    card = dict(card or {})
    if isinstance(card.get("dataset"), Dataset):
        card["dataset"] = _told_of(card["dataset"])
    counted = {"parameters": model.count_params(), "flops_per_example": _flops(model, card.pop("flops_per_example", None))}
    origin = _origin_beside(card.get("dataset"), origin_of(model))
    if isinstance(card.get("metrics"), list):
        card["metrics"] = list(map(_of_one_run, card["metrics"]))
    names = card.get("class_names") if class_names is None else class_names
    named = {} if names is None else {"class_names": checked_names(names, made)}
    made = {"name": made["model"], **{key: made[key] for key in ("input_shape", "classes", "options")}}
    known = {"name": folder.name, **origin, **card, **named, "model": made | counted}
    known["format"] = format_of(known)
    card = {key: known[key] for key in (*SCHEMA, *(key for key in known if key not in SCHEMA)) if key in known}
    try:
        check_card(card, "the card")
        json.dumps(card, allow_nan=False, ensure_ascii=False).encode()
    except (OSError, TypeError, ValueError) as error:
        raise InvalidInput(f"The card can't be saved: {error}") from None
    return card


def _of_one_run(entry):
    """A metric of a card that says nothing of seeds, as that of one; any other as it is, for `check_card` to judge."""
    if not isinstance(entry, dict) or entry.keys() != {"name", "split", "examples", "value"}:
        return entry
    try:
        value = math.nan if isinstance(entry["value"], (bool, str)) else float(entry["value"])
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        what = f"The value of the metric {entry['name']!s:.40} in a card must be a finite number"
        raise InvalidInput(f"{what}; got {entry['value']!r:.40}.")
    return metric_entry(entry["name"], entry["split"], entry["examples"], value, [value]) | {"value": value, "mean": value}


def _flops(model, given):
    """The arithmetic of one prediction: as given, else as counted. Raises InvalidInput where it is neither."""
    from zoo.presets.counting import flops_per_example

    if given is not None:
        return given
    try:
        return flops_per_example(model)
    except NotImplementedError as error:
        raise InvalidInput(f"{error} Count them yourself: card={{'flops_per_example': ...}}.") from None


def _origin_beside(dataset, origin):
    """What is taken over from a preset into a card with this part "dataset" (None for none), which may know better."""
    from zoo.images import LAYOUTS

    if isinstance(dataset, dict):
        origin.pop("class_names", None)
        if dataset.get("name") in LAYOUTS:
            origin.pop("layout", None)
    return origin


@contextlib.contextmanager
def _without_optimizer(model):
    """Its moments would double or triple the file."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        yield
        return
    model.optimizer = None
    try:
        yield
    finally:
        model.optimizer = optimizer

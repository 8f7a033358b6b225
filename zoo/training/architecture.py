"""What a model is, apart from its weights: told so that two models can be compared and their first difference be named."""

import codecs
import contextlib
import json
import marshal
import re

from zoo.muting import muted

PASSED_OVER = frozenset(("build_config", "seed"))  # of no layer's doing; what differs by member, as where its weights began
NAMES = ("name", "keras_history", "input_layers", "output_layers")  # under which a configuration names layers


def architecture(model):
    """Plain JSON: the model's configuration, its layers named by their order, and the shapes of its variables.

    Of a model with a layer of the user's own that has no configuration: its layers' types and what plain settings they have.
    """
    try:
        with muted(), without_tensorflow():  # that a lambda is no safe thing to load: nothing is
            told = _plain(model.get_config())
    except Exception:  # of the user's own layers it may be any
        told = _plain([[type(layer).__name__, _settings(layer)] for layer in model.layers])
    names = {}
    _name_by_order(told, names)
    pattern = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in sorted(names, key=len, reverse=True)) or "(?!)")
    parts = {"trainable": model.trainable_variables, "non-trainable": model.non_trainable_variables}
    shapes = {name: [list(variable.shape) for variable in part] for name, part in parts.items()}
    return {"model": type(model).__name__, "layers": _without_names(told, names, pattern), "variables": shapes}


def _plain(told):
    """A configuration as plain JSON, without what decides nothing: initialisers above all, which may hold whole tables."""
    if told is None or type(told) in (str, bool, int, float):
        return told
    if isinstance(told, dict) and told.get("module") == "keras.initializers":
        return told.get("class_name")
    if isinstance(told, dict):
        kept = {str(key): _plain(value) for key, value in told.items() if not _passed_over(str(key))}
        return kept | {"code": _code(told["code"])} if isinstance(told.get("code"), str) else kept
    if isinstance(told, (list, tuple)):
        return [_plain(part) for part in told]
    return json.loads(json.dumps(told, default=lambda value: type(value).__name__))


def _code(text):
    """A lambda's code as Keras tells it, written without references, which come out otherwise from time to time."""
    try:
        return marshal.dumps(marshal.loads(codecs.decode(text.encode("ascii"), "base64")), 2).hex()
    except Exception:  # it is something else
        return text


@contextlib.contextmanager
def without_tensorflow():
    """Within it Keras does not import TensorFlow, which takes seconds, to see whether what it serialises is one of its shapes."""
    from keras.src.utils.module_utils import tensorflow

    untouched = vars(tensorflow).get("_available", False) is None
    if untouched:
        tensorflow._available = False
    try:
        yield
    finally:
        if untouched:
            tensorflow._available = None


def difference(told, other, place=""):
    """Where two architectures differ first, such as "layers.2.activation: 'relu', there 'tanh'"; None where they do not."""
    mine, theirs = _readings(told), _readings(other)
    if mine and theirs:
        return None if set(mine) & set(theirs) else f"{place.strip('.')} is {_short(mine[0])}, there {_short(theirs[0])}"
    if isinstance(told, dict) and isinstance(other, dict):
        pairs = [(key, told.get(key), other.get(key)) for key in dict.fromkeys((*told, *other)) if not _passed_over(key)]
    elif isinstance(told, list) and isinstance(other, list):
        if len(told) != len(other):
            return f"{place.strip('.')} has {len(told)} parts, there {len(other)}"
        pairs = [(index, *pair) for index, pair in enumerate(zip(told, other))]
    else:
        same = json.dumps(told) == json.dumps(other)  # in which NaN is NaN
        return None if same else f"{place.strip('.')} is {_short(told)}, there {_short(other)}"
    found = (difference(*pair, place if key == "config" else f"{place}.{key}") for key, *pair in pairs)
    return next(filter(None, found), None)


def _settings(layer):
    try:
        config = layer.get_config()
    except Exception:
        return {}
    return {key: value for key, value in config.items() if isinstance(value, (str, bool, int, float, type(None)))}


def _name_by_order(told, names):
    """Give every name in it a number: Keras counts layers up from process to process and model to model."""
    if isinstance(told, dict):
        if isinstance(told.get("name"), str) and len(told) > 1:  # a name alone is that of a type, such as float32
            names.setdefault(told["name"], f"number {len(names)}")
        for value in told.values():
            _name_by_order(value, names)
    elif isinstance(told, list):
        for value in told:
            _name_by_order(value, names)


def _without_names(told, names, pattern, named=False):
    """told with numbers for the names of layers. named: it names layers; elsewhere the same word may be a setting, or both."""
    if isinstance(told, dict):
        items = ((key, value, named or key in NAMES) for key, value in told.items())
        return {key: _without_names(value, names, pattern, inside) for key, value, inside in items}
    if isinstance(told, list):
        return [_without_names(value, names, pattern, named) for value in told]
    if not isinstance(told, str) or not pattern.search(told):
        return told
    number = pattern.sub(lambda match: names[match[0]], told)
    return number if named and told in names else {"word": told, "layer": number}


def _passed_over(key):
    return key in PASSED_OVER or key.endswith("_initializer")


def _readings(told):
    """What a word stands for: itself, and the layer that is called so; () for what is no word."""
    if isinstance(told, dict) and told.keys() == {"word", "layer"}:
        return told["word"], told["layer"]
    return (told,) if isinstance(told, str) else ()


def _short(value):
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

"""What a model is, apart from its weights: told so that two models can be compared and their first difference be named."""

import contextlib
import json
import warnings

PASSED_OVER = ("build_config", "seed")  # of no layer's doing; what differs by member, as where its weights began
NAMES = ("name", "keras_history", "input_layers", "output_layers")  # under which a configuration names layers


def architecture(model):
    """Plain JSON: the model's configuration, its layers named by their order, and the shapes of its variables.

    Of a model with a layer of the user's own that has no configuration: its layers' types and what plain settings they have.
    """
    try:
        with warnings.catch_warnings(), _without_tensorflow():
            warnings.simplefilter("ignore")  # that a lambda is no safe thing to load: nothing is
            told = model.get_config()
    except (NotImplementedError, TypeError, ValueError):
        told = [[type(layer).__name__, _settings(layer)] for layer in model.layers]
    told, names = json.loads(json.dumps(told, default=lambda value: type(value).__name__)), {}
    _name_by_order(told, names)
    parts = {"trainable": model.trainable_variables, "non-trainable": model.non_trainable_variables}
    shapes = {name: [list(variable.shape) for variable in part] for name, part in parts.items()}
    return {"model": type(model).__name__, "layers": _without_names(told, names), "variables": shapes}


@contextlib.contextmanager
def _without_tensorflow():
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
    except (NotImplementedError, TypeError, ValueError):
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


def _without_names(told, names, named=False):
    """told with numbers for the names of layers. named: it names layers; elsewhere the same word may be a setting, or both."""
    if isinstance(told, dict):
        items = ((key, value, named or key in NAMES) for key, value in told.items() if not _passed_over(key))
        return {key: _without_names(value, names, inside) for key, value, inside in items}
    if isinstance(told, list):
        return [_without_names(value, names, named) for value in told]
    if not isinstance(told, str) or told not in names:
        return told
    return names[told] if named else {"word": told, "layer": names[told]}


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

"""Which models exist and how one is made by its name.

An architecture is one file in zoo/models/, named like the builder in it that carries @register_model;
listing reads file names only, and a file is imported when its model is asked for.
"""

import ast
import contextlib
import copy
import importlib
import inspect
import operator
import pkgutil
import re
import weakref
from pathlib import Path

import numpy as np

from zoo import models
from zoo.errors import InvalidInput, UnknownName, reason_of, unknown_name
from zoo.names import matching

SWITCHES = ("unroll",)  # options that may be True or False, but are neither by default
OFF = ("dropout", "input_dropout", "dense", "augmentation")  # those of which False means none
NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.-]*")  # of a keras.Model that TensorFlow can train, too
_builders = {}
_made = weakref.WeakKeyDictionary()  # of every living model what it was made from


def register_model(builder):
    """Register `builder(input_shape, classes, *, option=default, ...) -> keras.Model` under its own name.

    A builder without the parameter `classes` makes models that reconstruct their input; one that calls it `alphabet` makes
    models of text. Returns the builder unchanged.
    Raises InvalidInput for other parameters, for an option called `name`, and where a builder in another file has that name
    already; a notebook's cell may be run again.
    """
    if not inspect.isfunction(builder):
        raise InvalidInput(f"register_model takes a function that builds a model, not {builder!r:.80}.")
    name = builder.__name__
    others = [p.name for p in inspect.signature(builder).parameters.values() if p.kind is not p.KEYWORD_ONLY]
    if others not in (["input_shape"], ["input_shape", "classes"], ["input_shape", "alphabet"]):
        raise InvalidInput(
            f"{name}({', '.join(others)}) is no builder: it takes input_shape, then classes (of a model of text alphabet, of one "
            "that reconstructs its input neither), and options after a *, such as (input_shape, classes, *, width=64)."
        )
    if "name" in inspect.signature(builder).parameters:
        said = "has an option called name, by which create_model names the keras.Model"
        raise InvalidInput(f"{name} {said}; call it otherwise.")
    home = _file_of(builder)
    taken_by = _file_of(_builders[name]) if name in _builders else _files().get(name, home)
    if taken_by != home and not (name in _builders and _builders[name].__module__ == builder.__module__ == "__main__"):
        raise InvalidInput(f"A model called {name!r} is registered in {taken_by} already; give the one in {home} another name.")
    _builders[name] = builder
    return builder


def list_models(pattern="*"):
    """Sorted names of the models that match a shell pattern such as "*encoder*", None for all. Imports no Keras.

    Raises InvalidInput for a pattern that is no string.

    >>> list_models("li*")
    ['linear']
    """
    return matching({*_files(), *_builders}, pattern)


def model_options(name):
    """The options that `create_model` takes for one model, each with its default, as a dict. Raises UnknownName.

    Imports no Keras where the defaults of one of the zoo's are plain.
    """
    with contextlib.suppress(ValueError):
        if definition := _definition(name):
            named = zip(definition.args.kwonlyargs, definition.args.kw_defaults)
            return {argument.arg: _literal(default) for argument, default in named}
    parameters = inspect.signature(_builder(name)).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def own_builder(name):
    """The builder of a model of somebody's own; None of the zoo's, whose files say what they are without being imported."""
    return None if name in _files() else _builders.get(name)


def reconstructs(name):
    """Whether a model reconstructs its input and so has no classes. Raises UnknownName."""
    return not {"classes", "alphabet"} & _parameters(name)


def models_text(name):
    """Whether a model's classes are an alphabet: it reads codes (T,) and tells what follows each. Raises UnknownName."""
    return "alphabet" in _parameters(name)


def create_model(model, /, input_shape, classes=None, *, name=None, **options):
    """An uncompiled keras.Model: raw data in, logits out, float32 (n, classes), or as the next lines say.

    A model that reconstructs its input, such as deep_autoencoder, has no classes: leave them out. Its logits are those
    of the input's numbers, (n, *input_shape); see zoo.encoder and zoo.decoder for its halves. A model of text, such as
    language_model, takes the size of its alphabet as classes and gives logits at every place, (n, T, classes). One with the
    option series forecasts as many values ahead as classes says, in the series' units.

    input_shape: shape of one example, without the batch: (height, width), (height, width, channels),
    (timesteps, features), (features,), or for text (T,), its codes being integers 0..classes - 1. Integer and float input
    are the same to the model; pixels are expected in 0..255, and preprocessing is the model's first layer. name: what the
    keras.Model is called, such as "teacher"; without one as its builder calls it. options: see `model_options(model)`.

    The weights, and the seeds of dropout and augmentation, follow from `keras.utils.set_random_seed`.
    Raises UnknownName for the model and InvalidInput for a shape, a number of classes, a name or an option, and where Keras
    has an image's channels first.

    >>> create_model("mlp", (28, 28), 10, widths=(64,)).output_shape
    (None, 10)
    """
    import keras

    from zoo.training.memory import is_out_of_memory

    builder = _builder(model)
    defaults = model_options(model)
    valid = ", ".join(f"{option}={default!r}" for option, default in defaults.items())
    unknown = sorted(set(options) - set(defaults))
    if unknown:
        named = ", ".join(map(repr, unknown))
        raise InvalidInput(f"Model {model!r} has no option {named}. Its options and their defaults: {valid}.")
    input_shape = _checked_shape(input_shape)
    _check_classes(model, classes)
    if name is not None and not (isinstance(name, str) and NAME.fullmatch(name)):
        said = "letters, digits, '_', '-' and '.', of which '_' and '-' can't be the first"
        raise InvalidInput(f"name is what the keras.Model is called: {said}; got {name!r:.80}.")
    if keras.config.image_data_format() != "channels_last":
        remedy = "keras.config.set_image_data_format('channels_last')"
        raise InvalidInput(f"The zoo's models take an image's channels last; call {remedy}.")
    sizes = (input_shape,) if classes is None else (input_shape, int(classes))
    try:
        options = _python(copy.deepcopy(options))  # the caller's lists may change, what the model was made of does not
        _check_lists(options, defaults)
        if builder.__module__.startswith(f"{models.__name__}."):
            _check_switches(options, defaults)
        net = builder(*sizes, **options)
        if not isinstance(net, keras.Model) or not net.built:
            of_what = "a model that is not built" if isinstance(net, keras.Model) else repr(net)
            raise TypeError(f"Its builder must return a built keras.Model, not {of_what:.80}.")
        if keras.backend.backend() == "jax":  # which makes weights meanwhile, and would fail at their first use
            import jax

            jax.block_until_ready([variable.value for variable in net.variables])
    except Exception as problem:  # too large for the memory is another kind of error on every backend
        # A KeyError is of a configuration of Keras's, NotImplementedError of what JAX can't draw in 16 bits.
        expected = (TypeError, ValueError, OverflowError, MemoryError, KeyError, NotImplementedError)
        if not isinstance(problem, expected) and not is_out_of_memory(problem):
            raise
        reason = reason_of(problem)
        reason += "" if reason.endswith((".", "!", "?")) else "."
        raise InvalidInput(
            f"Model {model!r} cannot be built for input {input_shape} with {options or 'its defaults'}: {reason} "
            f"Its options and their defaults: {valid}."
        ) from problem
    made_for = {"input_shape": list(input_shape), "classes": None if classes is None else int(classes)}
    _made[net] = {"model": model, **made_for, "options": options}
    if name is not None:
        net.name = name
    return net


def how_made(model):
    """What create_model made a model from: a dict of model, input_shape, classes, options. Raises InvalidInput for others."""
    try:
        return copy.deepcopy(_made[model])
    except (KeyError, TypeError):
        raise InvalidInput(
            f"{model!r:.80} was not made by zoo.create_model or zoo.from_preset, so nobody could build it again from its name. "
            "If it was loaded or copied from one that was, make that anew and give it these weights: set_weights(get_weights())."
        ) from None


def _builder(name):
    if not isinstance(name, str):
        raise unknown_name("model", name, list_models())
    if name not in _builders and name in _files():
        importlib.import_module(f"zoo.models.{name}")
        if name not in _builders:
            raise InvalidInput(f"{_files()[name]} must hold a function {name}() with @register_model.")
    if name not in _builders:
        raise _unknown(name)
    return _builders[name]


def _unknown(name):
    own = "One of your own is known once the module that registers it is imported: zoo --import MODULE ..."
    return UnknownName(f"{unknown_name('model', name, list_models())} {own}")


def _parameters(name):
    """Names of the parameters of a builder, by reading alone where it is not imported yet: a card is shown without Keras."""
    if node := _definition(name):
        return {argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
    return set(inspect.signature(_builder(name)).parameters)


def _definition(name):
    """The builder of one of the zoo's models that is not imported yet, as parsed from its file; None for others."""
    if not isinstance(name, str) or name in _builders or name not in _files():
        return None
    found = ast.parse(_files()[name].read_text(encoding="utf-8")).body
    return next((node for node in found if isinstance(node, ast.FunctionDef) and node.name == name), None)


def _literal(node):
    """The value of a parsed literal, or of a fraction such as 1 / 255. Raises ValueError for what has to be computed."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _literal(node.left) / _literal(node.right)
    return ast.literal_eval(node)


def _files():
    found = pkgutil.iter_modules(models.__path__)
    return {m.name: Path(m.module_finder.path, f"{m.name}.py").resolve() for m in found if not m.name.startswith("_")}


def _file_of(builder):
    return Path(builder.__code__.co_filename).resolve()


def is_count(value):
    """Whether a value is a positive integer, of Python or of NumPy."""
    try:
        return operator.index(value) > 0 and not isinstance(value, bool)
    except TypeError:
        return False


def _python(value):
    """A value with Python's own numbers and lists in place of those of arrays, inside of lists, tuples and dicts too."""
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple)(map(_python, value))
    if isinstance(value, dict):
        return {key: _python(item) for key, item in value.items()}
    single = getattr(value, "ndim", None) == 0 and hasattr(value, "item")
    return value.item() if single else value.tolist() if isinstance(value, np.ndarray) else value


def _check_lists(options, defaults):
    """Raise ValueError for an option that is no list where its default is one."""
    for option, value in options.items():
        if not _is_listed_like(value, defaults[option]):
            raise ValueError(f"{option} must be a list such as {defaults[option]}, not {value!r:.80}.")


def _check_switches(options, defaults):
    """Raise ValueError for an option of the zoo's own models that is not True or False where its default is, or is elsewhere."""
    for option, value in options.items():
        default = defaults[option]
        if isinstance(default, bool) and value not in (True, False, None):
            raise ValueError(f"{option} must be True or False, not {value!r:.80}.")
        if isinstance(value, bool) and not isinstance(default, bool) and option not in (*SWITCHES, *((not value) * OFF)):
            such = "" if default is None else f" such as {default}"
            raise ValueError(f"{option} is no switch: give it a value{such}, not {value}.")


def _is_listed_like(value, default):
    """Whether a value is in order, a list, of lists where the default is a tuple of tuples; other defaults take anything."""
    if not isinstance(default, tuple):
        return True
    listed = hasattr(value, "__len__") and hasattr(value, "__getitem__") and not isinstance(value, (str, bytes, dict))
    return listed and (not default or all(_is_listed_like(item, default[0]) for item in value))


def _check_classes(name, classes):
    if reconstructs(name):
        if classes is not None:
            raise InvalidInput(f"Model {name!r} reconstructs its input and has no classes, not {classes!r}; leave them out.")
    elif not is_count(classes):
        also = ""
        if models_text(name):
            also = " It is the size of the alphabet, such as 128 for ASCII."
        elif "series" in model_options(name):
            also = " With the option series it is how many values ahead are forecast, such as 1."
        raise InvalidInput(f"The number of classes of model {name!r} must be a positive integer, not {classes!r}.{also}")


def _checked_shape(input_shape):
    try:
        shape = tuple(input_shape)
    except TypeError:
        shape = ()
    if not 1 <= len(shape) <= 3 or not all(map(is_count, shape)):
        raise InvalidInput(
            f"input_shape is the shape of one example, one to three positive integers such as (28, 28); got {input_shape!r}."
        )
    return tuple(int(side) for side in shape)

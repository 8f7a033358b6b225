"""What an object holds, as text: for the keys of trials, so it never depends on an address or a hash seed."""

import dataclasses
import functools
import hashlib
import pickle
import types

import numpy as np

from zoo.errors import InvalidInput

PLAIN = (bool, int, float, complex, str, bytes, type(None))


def contents(name, thing):
    """(text, [(name, function or class) inside]) of a value that `name` stands for.

    Numbers, texts, containers, arrays, dataclasses, what has Keras's get_config and what can be pickled. Raises InvalidInput
    for anything else, since nobody would see it change.
    """
    if isinstance(thing, PLAIN):
        return repr(thing), []
    if isinstance(thing, (types.FunctionType, type)):
        return thing.__qualname__, [(thing.__qualname__, thing)]
    if isinstance(thing, (types.BuiltinFunctionType, np.ufunc)):
        return thing.__name__, []
    if isinstance(thing, functools.partial):
        thing = {"function": thing.func, "args": thing.args, **thing.keywords}
    if isinstance(thing, (dict, types.MappingProxyType)):
        thing = list(thing.items())
    if isinstance(thing, (list, tuple, set, frozenset)):
        texts, inside = zip(*(contents(name, part) for part in thing), strict=True) if thing else ((), ())
        ordered = sorted(texts) if isinstance(thing, (set, frozenset)) else texts
        return f"[{', '.join(ordered)}]", sum(inside, [])
    kind = type(thing)
    text, inside = contents(name, _state(name, thing))
    return f"{kind.__module__}.{kind.__qualname__}: {text}", [(kind.__qualname__, kind), *inside]


def _state(name, thing):
    """Simpler values that tell one object of a class from another."""
    if isinstance(thing, (np.ndarray, np.generic)) and thing.dtype != object:
        return [str(thing.dtype), list(thing.shape), hashlib.sha256(np.ascontiguousarray(thing).tobytes()).hexdigest()]
    if callable(getattr(thing, "get_config", None)):
        return thing.get_config()
    if dataclasses.is_dataclass(thing):
        return {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    try:
        return hashlib.sha256(pickle.dumps(thing, protocol=4)).hexdigest()
    except Exception as error:  # whatever pickling it runs into
        raise InvalidInput(
            f"{name} is an object of {type(thing).__qualname__}, which a run could use but nobody could see change ({error}); "
            "make it inside the function that uses it, from numbers."
        ) from None

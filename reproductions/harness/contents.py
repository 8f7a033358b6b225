"""What an object holds, as text: for the keys of trials, so it never depends on an address or a hash seed."""

import dataclasses
import functools
import hashlib
import importlib.util
import inspect
import itertools
import pickle
import re
import sysconfig
import types
from pathlib import Path

import numpy as np

from zoo.errors import InvalidInput

PLAIN = (bool, int, float, complex, str, bytes, type(None))
INSTALLED = ("stdlib", "platstdlib", "purelib", "platlib")  # where Python keeps packages, whose versions count
COMMON = {"name", "dtype"}  # what tells no two objects apart in what they compute, or is said by other parts of a key


def contents(name, thing):
    """(text, [(name, function or class) inside]) of a value that `name` stands for.

    Numbers, texts, containers, arrays, dataclasses, what has Keras's get_config, what has attributes, what can be pickled.
    Raises InvalidInput for anything else, and for layers and models, whose weights nobody would see change.
    """
    try:
        return _contents(name, thing)
    except RecursionError:
        raise _unreadable(name, thing, "it contains itself") from None


def _contents(name, thing):
    if isinstance(thing, PLAIN):
        return repr(thing), []
    if isinstance(thing, (types.FunctionType, type)):
        return thing.__qualname__, [(thing.__qualname__, thing)]
    if isinstance(thing, functools.partial):
        thing = {"function": thing.func, "args": thing.args, **thing.keywords}
    if isinstance(thing, (dict, types.MappingProxyType)):
        thing = list(thing.items())
    if isinstance(thing, (list, tuple, set, frozenset)):
        parts = [_contents(name, part) for part in thing]
        if isinstance(thing, (set, frozenset)):
            parts.sort(key=lambda part: part[0])
            if any(part[1] and part[0] == after[0] for part, after in itertools.pairwise(parts)):
                raise _unreadable(name, thing, "a set has no order, and some functions in it are called alike")
        return f"[{', '.join(text for text, _ in parts)}]", [one for _, inside in parts for one in inside]
    kind, called = type(thing), getattr(thing, "__name__", None)
    if callable(thing) and isinstance(called, str) and not is_users(getattr(thing, "__module__", None) or "builtins"):
        return f"{thing.__module__}.{called}", []  # a function of a package, in C or compiled
    text, inside = _contents(name, _state(name, thing))
    return f"{kind.__module__}.{kind.__qualname__}: {text}", [(kind.__qualname__, kind), *inside]


def _state(name, thing):
    """Simpler values that tell one object of a class from another."""
    if isinstance(thing, (np.ndarray, np.generic)) and thing.dtype != object:
        return [str(thing.dtype), list(thing.shape), hashlib.sha256(np.ascontiguousarray(thing).tobytes()).hexdigest()]
    if callable(getattr(thing, "get_config", None)):
        return _configuration(name, thing)
    if dataclasses.is_dataclass(thing):
        return {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    of_pandas = type(thing).__module__.partition(".")[0] == "pandas"  # whose attributes are for itself alone
    if not of_pandas and getattr(thing, "__dict__", None) and type(thing).__reduce_ex__ is object.__reduce_ex__:
        return vars(thing)
    try:
        return hashlib.sha256(pickle.dumps(thing, protocol=4)).hexdigest()
    except Exception as error:  # whatever pickling it runs into
        raise _unreadable(name, thing, error) from None


def _configuration(name, thing):
    """What Keras would make the object anew from, and what a class of the user's leaves out of it."""
    if hasattr(thing, "weights"):
        raise _unreadable(name, thing, "its weights are not in its configuration")
    try:
        found = {key: value for key, value in thing.get_config().items() if key not in COMMON or hasattr(thing, "compute_dtype")}
    except NotImplementedError as error:
        raise _unreadable(name, thing, error) from None
    if options := getattr(thing, "_fn_kwargs", None):  # of a loss or metric of Keras's, which its configuration may leave out
        found["_fn_kwargs"] = options
    if is_users(type(thing).__module__):
        for parameter in inspect.signature(type(thing)).parameters:
            if parameter not in {*found, *COMMON} and hasattr(thing, parameter):
                found[parameter] = getattr(thing, parameter)
            elif parameter not in {*found, *COMMON, "args", "kwargs"}:
                raise _unreadable(name, thing, f"its get_config leaves out {parameter}")
    return found


def _unreadable(name, thing, reason):
    return InvalidInput(
        f"{name} is an object of {type(thing).__name__}, which a run could use but nobody could see change ({reason}); "
        "make it inside the function that uses it, from numbers."
    )


def is_users(module):
    """Whether a module is neither Python's nor of an installed package."""
    return _is_users(module.partition(".")[0])


@functools.cache
def _is_users(package):
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # no such name, or a module without a file, as __main__ may be
        return package == "__main__"
    places = [] if spec is None else spec.submodule_search_locations or [spec.origin or ""]
    files = [Path(place).resolve() for place in places if place not in ("", "built-in", "frozen")]
    return bool(files) and not any(_is_installed(package, file) for file in files)


def _is_installed(package, file):
    """Whether a package's file lies where Python keeps packages, or in a folder that `pip install --target` has put it into."""
    roots = [Path(sysconfig.get_path(name)).resolve() for name in INSTALLED]
    if {"site-packages", "dist-packages"} & set(file.parts) or any(file.is_relative_to(root) for root in roots):
        return True
    of_it = re.compile(rf"^{re.escape(package)}[/.]", re.MULTILINE)
    return any(of_it.search(record.read_text(encoding="utf-8")) for record in file.parent.glob("*.dist-info/RECORD"))

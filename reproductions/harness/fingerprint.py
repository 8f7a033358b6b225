"""The key of a trial: a hash of everything that decides its outcome, the code that trains it included."""

import ast
import functools
import hashlib
import importlib.util
import inspect
import json
import sys
import textwrap
import types
from pathlib import Path

from zoo.environment import installed_version

PROJECT = "zoo.reproductions"
LIBRARY = ("models", "layers", "training", "reconstruction.py", "registry.py", "representations.py", "tasks.py")
# What trials compute with outside of it and of the reproductions; of zoo.datasets the rest counts by the arrays it gives.
BESIDES = ("zoo.datasets.acoustics", "zoo.datasets.adding.sequences", "zoo.datasets.variations", "zoo.presets.saving")
PLAIN = (bool, int, float, complex, str, bytes, type(None))


def trial_key(trial, environment):
    """The key (hex sha256) under which a trial's rows are stored.

    environment: what device_and_versions() says of the process that trains. Loads the trial's data set, since
    the fingerprint of its arrays is part of the key.
    """
    parts = {
        "dataset": [trial.dataset, dataset_fingerprint(trial.dataset)],
        "model": trial.model,
        "setting": trial.setting,
        "seeds": list(trial.seeds),
        "recipe": trial.recipe,
        "code": code_fingerprint(trial.run),
        **({"traced": trial.traced} if trial.traced else {}),
        **({"needs": [trial.needs, installed_version(trial.needs)]} if trial.needs else {}),
        **{name: environment[name] for name in ("versions", "backend", "device", "precision")},
    }
    return _digest(json.dumps(parts, sort_keys=True))


def dataset_fingerprint(name):
    """Hash of the arrays of a data set."""
    from zoo.datasets import load

    return load(name).fingerprint


def code_fingerprint(function):
    """Hash of the sources of zoo's models, layers and training and of all that a function reaches in the reproductions.

    BESIDES counts where it is reached.

    Only what the function uses counts: a change to a claim's judge or draw leaves its trials valid.
    """
    sources = {**_library_sources(), **_reached_sources(function)}
    return _digest(json.dumps(sources, sort_keys=True))


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache  # what this process has imported does not change when a file does
def _library_sources():
    root = Path(importlib.util.find_spec("zoo").origin).parent
    paths = [path for name in LIBRARY for path in ([root / name] if name.endswith(".py") else (root / name).rglob("*.py"))]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths if path.exists()}


def _reached_sources(function):
    """Source text, by name, of a function and, in turn, of what it names in its own module and in the reproductions."""
    home = function.__module__
    found, queue = {}, [(function.__qualname__, function)]
    while queue:
        name, thing = queue.pop()
        thing = inspect.unwrap(thing) if callable(thing) else thing
        label = f"{getattr(thing, '__module__', None) or home}:{name}"
        if label in found:
            continue
        if isinstance(thing, types.ModuleType):
            _add_module(thing.__name__, found)
        elif isinstance(thing, (types.FunctionType, type)):
            if thing.__module__ == home or _ours(thing.__module__):
                found[label] = inspect.getsource(thing)
                _add_imports(found[label], sys.modules[thing.__module__].__package__, found)
                queue += [pair for code, scope in _codes(thing) for pair in _named(code, scope)]
        else:
            found[label], inside = _value(thing)
            queue += inside
    return found


def _value(thing):
    """(text, functions inside) of a constant; text that never depends on an address or a hash seed."""
    if isinstance(thing, PLAIN):
        return repr(thing), []
    if isinstance(thing, (types.FunctionType, type)):
        return thing.__qualname__, [(thing.__qualname__, thing)]
    if isinstance(thing, functools.partial):
        thing = {"function": thing.func, "args": thing.args, **thing.keywords}
    if isinstance(thing, dict):
        thing = list(thing.items())
    if isinstance(thing, (list, tuple, set, frozenset)):
        texts, inside = zip(*map(_value, thing), strict=True) if thing else ((), ())
        ordered = sorted(texts) if isinstance(thing, (set, frozenset)) else texts
        return f"[{', '.join(ordered)}]", sum(inside, [])
    return type(thing).__qualname__, []


def _codes(thing):
    """The code objects of a function or of a class's methods, each with the globals that it sees."""
    functions = [thing] if isinstance(thing, types.FunctionType) else [
        value for value in vars(thing).values() if isinstance(value, types.FunctionType)
    ]
    return [(function.__code__, function.__globals__) for function in functions]


def _named(code, scope):
    """(name, object) for every global that a code object names."""
    for name in code.co_names:
        if name in scope:
            yield name, scope[name]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _named(constant, scope)


def _ours(module):
    """Whether a module is of BESIDES, or part of the reproductions but not of the harness, which trains nothing."""
    module = module or ""
    return module in BESIDES or module.startswith(f"{PROJECT}.") and not module.startswith(f"{PROJECT}.harness")


def _add_module(name, found):
    """Add the text of one of our modules, and of those that it imports, to found."""
    try:
        spec = importlib.util.find_spec(name) if _ours(name) and name not in found else None
    except ModuleNotFoundError:  # a name inside a module, not a module
        spec = None
    if spec is not None and spec.origin:
        found[name] = Path(spec.origin).read_text(encoding="utf-8")
        _add_imports(found[name], spec.parent, found)


def _add_imports(source, package, found):
    """Add the text of those of our modules that a piece of source imports, at its top or inside."""
    try:
        tree = ast.parse(textwrap.dedent(source))
    except SyntaxError:  # the middle of a statement, as the source of a lambda is; it can't import
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            for name in (module, *(f"{module}.{alias.name}" for alias in node.names)):
                _add_module(name, found)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                _add_module(alias.name, found)

"""The key of a trial: a hash of everything that decides its outcome, the code that trains it included."""

import ast
import functools
import hashlib
import importlib.util
import inspect
import json
import operator
import re
import sys
import textwrap
import types
from pathlib import Path

from zoo.environment import installed_version
from zoo.errors import InvalidInput
from zoo.registry import list_models, own_builder
from zoo.reproductions.harness.contents import PLAIN, contents, is_users
from zoo.training.backup import is_empty

PROJECT = "zoo.reproductions"
LIBRARY = ("models", "layers", "training", "generation.py", "reconstruction.py", "registry.py", "representations.py", "tasks.py")
# What trials compute with outside of it and of the reproductions; of zoo.datasets the rest counts by the arrays it gives.
BESIDES = (
    "zoo.datasets.acoustics", "zoo.datasets.adding.sequences", "zoo.datasets.pixels", "zoo.datasets.variations",
    "zoo.presets.saving",
)  # fmt: skip


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
        "code": trial_code(trial),
        **({"traced": trial.traced} if trial.traced else {}),
        **({"again": True} if trial.again else {}),
        **({"needs": [trial.needs, installed_version(trial.needs)]} if trial.needs else {}),
        **{name: environment[name] for name in ("versions", "backend", "device", "precision")},
    }
    return _digest(json.dumps(parts, sort_keys=True))


def dataset_fingerprint(name):
    """Hash of the arrays of a data set."""
    from zoo.datasets import load

    return load(name).fingerprint


def trial_code(trial):
    """code_fingerprint of what a trial runs, and of the models of somebody's own that it, its recipe or that code names."""
    return code_fingerprint(trial.run, trial.model, trial.setting, trial.recipe)


def code_fingerprint(function, *told):
    """Hash of the sources of zoo's models, layers and training and of all that a function reaches besides.

    It reaches what it names, in its own module, in the reproductions, in BESIDES and in any module that is not of an
    installed package: functions with their defaults, classes with their bases, values with what they hold. Only what the
    function uses counts: a change to a claim's judge or draw leaves its trials valid. Models that somebody registered are made
    by name: those count whose name occurs in any of that, or in what is told besides (anything that JSON takes). Comments,
    docstrings and layout do not count; Python's own minor version may, which writes some expressions its own way. Raises
    InvalidInput for a value whose contents can't be read.
    """
    found = _reached(function)
    return _digest(json.dumps([_library_sources(), *found, *_own_models([*found, *told])], sort_keys=True))


def _meaning(text):
    """A source without comments and docstrings, however it is laid out; as it is where it is the middle of a statement, as that
    of a lambda is.
    """
    try:
        tree = ast.parse(textwrap.dedent(text))
    except SyntaxError:
        return text
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.unparse(tree)


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache  # what this process has imported does not change when a file does
def _library_sources():
    root = Path(importlib.util.find_spec("zoo").origin).parent
    paths = [path for name in LIBRARY for path in ([root / name] if name.endswith(".py") else (root / name).rglob("*.py"))]
    texts = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths if path.exists()}
    return {name: _meaning(text) for name, text in texts.items()}


def _reached(function):
    """(found, modules) of a function and, in turn, of all functions and classes that it names in modules that count.

    found: for each [module and name, source text, [[name used in it, what that stands for], ...]]; a function or class stands
    as its place in this list. modules: {module: source text} of modules that are named or imported as such.
    """
    home, modules, found = function.__module__, {}, []
    places, order = {id(function): 0}, [function]  # all are kept, so that no other object gets the id of one

    def place(thing):
        if thing.__module__ != home and not _counts(thing.__module__):
            return [f"{thing.__module__}.{thing.__qualname__}"]  # whose text a version stands for
        if id(thing) not in places:
            places[id(thing)] = len(order)
            order.append(thing)
        return [places[id(thing)]]

    def meaning(name, thing):
        if not isinstance(thing, (types.FunctionType, types.ModuleType, type)):
            thing = inspect.unwrap(thing) if callable(thing) else thing  # as jax.jit's are
        if isinstance(thing, types.ModuleType):
            _add_module(thing.__name__, modules)
            return [thing.__name__]
        if isinstance(thing, (types.FunctionType, type)):
            return place(thing)
        text, inside = contents(name, thing)
        return [text, *(part for _, one in inside for part in place(one))]

    for thing in order:  # which grows
        text = _meaning(_source(thing))
        _add_imports(text, sys.modules[thing.__module__].__package__, modules)
        used = sorted(_used(thing), key=operator.itemgetter(0))
        meant = [[name, *told] for name, value in used if (told := meaning(name, value))]
        found.append([f"{thing.__module__}:{thing.__qualname__}", text, meant])
    return found, modules


def _own_models(told):
    """[(name, what its builder reaches)] of the models of somebody's own that are named in what is told, or in one another."""
    own = {name: builder for name in list_models() if (builder := own_builder(name))}
    found, texts = {}, [told]
    while texts:
        text = json.dumps(texts.pop(), ensure_ascii=False).replace("\\n", " ")
        for name in own.keys() - found.keys():
            if re.search(rf"\b{re.escape(name)}\b", text):
                found[name] = _reached(own[name])
                texts.append(found[name])
    return sorted(found.items())


def _source(thing):
    """The text of a function or class; of a function that was made from no text, as dataclasses do, its code."""
    code = getattr(thing, "__code__", None)  # inspect would go on to what a decorated function wraps
    try:
        return inspect.getsource(code or thing)
    except OSError:
        if code is None:
            said = f"The source of {thing.__qualname__}, which a run uses, can't be read; put it into a file."
            raise InvalidInput(said) from None
        return _plain_code(code)


def _plain_code(code):
    parts = [_plain_code(part) if isinstance(part, types.CodeType) else repr(part) for part in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {parts}"


def _used(thing):
    """(name, object) for all that a function, or a class in its methods, bases and attributes, uses; no name comes twice."""
    if isinstance(thing, types.FunctionType):
        yield from _named(thing.__code__, thing.__globals__).items()
        if hasattr(thing, "__wrapped__"):
            yield "what it wraps", thing.__wrapped__
        for name, value in vars(thing).items():
            if name != "__wrapped__" and _is_plain(value):
                yield f"attribute {name}", value
        # What was computed where the function was made, and stands in no code of its own.
        for place, value in enumerate(thing.__defaults__ or ()):
            yield f"default {place}", value
        for name, value in (thing.__kwdefaults__ or {}).items():
            yield f"default of {name}", value
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or ()):
            if not is_empty(cell):
                yield f"made with {name}", cell.cell_contents
        return
    for place, base in enumerate((*thing.__bases__, type(thing))):
        yield f"base {place}", base
    for name, value in vars(thing).items():
        for place, part in enumerate(_parts(value)):
            if isinstance(part, types.FunctionType) and _is_inside(part, thing):
                for label, used in _used(part):  # its text is part of that of the class
                    yield f"{name} {place}: {label}", used
            elif isinstance(part, types.FunctionType) or not name.startswith("_"):
                yield f"{thing.__qualname__}.{name}", part
            elif not name.startswith("__") and _is_plain(part):
                yield f"{thing.__qualname__}.{name}", part


def _is_inside(function, owner):
    """Whether a function was made in the body of a class, or by what made that, as dataclasses do."""
    return function.__module__ == owner.__module__ and function.__qualname__.startswith(f"{owner.__qualname__}.")


def _is_plain(value):
    """Whether what is private to a class, or was set on a function, is no state that its use changes, such as a cache."""
    return isinstance(value, (*PLAIN, types.FunctionType, type)) or isinstance(value, tuple) and all(map(_is_plain, value))


def _parts(attribute):
    """The functions of a method, class method or property; any other attribute as it is, the places of __slots__ aside."""
    if isinstance(attribute, types.MemberDescriptorType):
        return []
    if isinstance(attribute, property):
        return [part for part in (attribute.fget, attribute.fset, attribute.fdel) if part]
    if isinstance(attribute, functools.cached_property):
        return [attribute.func]
    return [getattr(attribute, "__func__", attribute)]


def _named(code, scope):
    """{name: object} of every global that a code object names."""
    found = {name: scope[name] for name in code.co_names if name in scope}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _named(constant, scope)
    return found


def _ours(module):
    """Whether a module is of BESIDES, or part of the reproductions but not of the harness, which trains nothing."""
    return module in BESIDES or module.startswith(f"{PROJECT}.") and not module.startswith(f"{PROJECT}.harness")


def _counts(module):
    """Whether the text of a module counts: ours does, as above, and a user's, which no version stands for."""
    module = module or ""
    return _ours(module) if module.partition(".")[0] == "zoo" else is_users(module)


def _add_module(name, found):
    """Add the text of a module that counts, and of those that it imports, to found."""
    try:
        spec = importlib.util.find_spec(name) if name not in found and _counts(name) else None
    except ModuleNotFoundError:  # a name inside a module, not a module
        spec = None
    if spec is not None and (spec.origin or "").endswith(".py"):
        found[name] = _meaning(Path(spec.origin).read_text(encoding="utf-8"))
        _add_imports(found[name], spec.parent, found)
        if not _ours(name):  # a module inside may be reached by its name alone
            for inside in [module for module in sys.modules if module.startswith(f"{name}.")]:
                _add_module(inside, found)


def _add_imports(source, package, found):
    """Add the text of those modules that count and that a piece of source imports, at its top or inside."""
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

"""The key of a trial changes with everything that decides its outcome and with nothing else."""

import ast
import dataclasses
import importlib
import sys
import textwrap
from pathlib import Path

import pytest

import zoo
from zoo.reproductions.harness import Trial
from zoo.reproductions.harness.fingerprint import code_fingerprint, trial_key

ROOT = Path(__file__).resolve().parents[1]
HERE = {"versions": {"keras": "3"}, "backend": "jax", "device": "a card", "precision": "float32", "cores": 2, "python": "3.11"}
SOURCE = """
    import dataclasses
    import functools
    from math import sqrt

    import random as module

    import keras
    import numpy as np
    import pandas as pd
    from keras.activations import relu as act

    RATE = 0.1
    OPTIMIZER = keras.optimizers.SGD
    LOSS, POLICY = keras.losses.Huber(1.0), keras.DTypePolicy("float32")
    PRIVATE = 1
    TABLE = pd.DataFrame({"a": [3, 4]})
    STEPS = 7
    SCHEDULE = keras.optimizers.schedules.ExponentialDecay(1e-2, 100, 0.9)
    ARRAY = np.arange(3)
    SLICE = slice(0, 9)
    WAYS = {"plain": (lambda x: x), "named": 3}
    UNUSED = 5

    def run(trial, report):
        def inner():
            return helper(RATE)
        return inner(), WAYS, Net().forward(), SCHEDULE, ARRAY, SLICE, SETTINGS, raised(1), OPTIMIZER, act, module, LOSS, POLICY, TABLE

    @dataclasses.dataclass
    class Settings:
        depth: int = 1

    SETTINGS = Settings(depth=4)

    def power(exponent):
        def raised(x, times=STEPS):
            return times * x**exponent
        return raised

    raised = power(2)

    def helper(x):
        return sqrt(x) + deeper(x)

    def deeper(x):
        return 2 * x

    class Base:
        def start(self):
            return 8

    class Meta(type):
        def named(cls):
            return from_metaclass(1)

    def from_metaclass(x):
        return x + 50

    def elsewhere(x):
        return x + 40

    class Net(Base, metaclass=Meta):
        __slots__ = ("state",)
        _private = PRIVATE
        _function = staticmethod(elsewhere)
        units = 10 * STEPS

        def forward(self):
            return layer(1)

        @classmethod
        def made(cls):
            return from_class(1)

        @property
        def size(self):
            return from_property(1)

    def from_class(x):
        return x + 20

    def from_property(x):
        return x + 30

    def layer(x):
        return x + 1

    layer.times = 1

    def judge(runs):
        return UNUSED
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A function that writes the source with replacements and gives the module anew."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def load(*replacements):
        source = textwrap.dedent(SOURCE)
        for old, new in replacements:
            assert old in source
            source = source.replace(old, new)
        (tmp_path / "a_reproduction.py").write_text(source)
        sys.modules.pop("a_reproduction", None)
        importlib.invalidate_caches()
        importlib.import_module("linecache").clearcache()
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        return importlib.import_module("a_reproduction")

    yield load
    sys.modules.pop("a_reproduction", None)


def key(loaded, environment=HERE, **changes):
    trial = Trial("digits", "mlp", "plain", (0, 1), loaded.run, {"epochs": 3})
    return trial_key(dataclasses.replace(trial, **changes), environment)


def test_same_trial_same_key(module):
    assert key(module()) == key(module())
    assert key(module()) == key(module(), cost=7.0)
    assert key(module()) == key(module(), HERE | {"cores": 64, "python": "3.13"})


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset": "mnist"},
        {"model": "linear"},
        {"setting": "wide"},
        {"seeds": (0, 2)},
        {"recipe": {"epochs": 4}},
        {"traced": 1},
        {"needs": "numpy"},
    ],
    ids=str,
)
def test_key_follows_the_trial(module, changes, monkeypatch):
    monkeypatch.setattr("zoo.reproductions.harness.fingerprint.dataset_fingerprint", lambda name: "0")
    assert key(module()) != key(module(), **changes)


@pytest.mark.parametrize("name", ["versions", "backend", "device", "precision"])
def test_key_follows_the_environment(module, name):
    assert key(module()) != key(module(), HERE | {name: {"keras": "4"}})


def test_key_follows_the_data(module, monkeypatch):
    before = key(module())
    monkeypatch.setattr("zoo.reproductions.harness.fingerprint.dataset_fingerprint", lambda name: "other")
    assert key(module()) != before


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("2 * x", "3 * x"), id="helper of a helper"),
        pytest.param(("x + 1", "x + 2"), id="method of a class"),
        pytest.param(("RATE = 0.1", "RATE = 0.2"), id="constant"),
        pytest.param(('"named": 3', '"named": 4'), id="table"),
        pytest.param(("lambda x: x", "lambda x: -x"), id="function in a table"),
        pytest.param(("(1e-2, 100", "(1e-5, 100"), id="schedule"),
        pytest.param(("np.arange(3)", "np.arange(3) + 1"), id="array"),
        pytest.param(("slice(0, 9)", "slice(0, 8)"), id="any other object"),
        pytest.param(("depth=4", "depth=5"), id="dataclass"),
        pytest.param(("STEPS = 7", "STEPS = 8"), id="default and class attribute"),
        pytest.param(("power(2)", "power(3)"), id="closure"),
        pytest.param(("return 8", "return 9"), id="base class"),
        pytest.param(("x + 20", "x + 21"), id="class method"),
        pytest.param(("x + 30", "x + 31"), id="property"),
        pytest.param(("import sqrt", "import log as sqrt"), id="function of a package"),
        pytest.param(("return sqrt(x)", "return keras.losses.Huber(x)"), id="class of a package"),
        pytest.param(("relu as act", "tanh as act"), id="Python function of a package by another name"),
        pytest.param(
            ("OPTIMIZER = keras.optimizers.SGD", "OPTIMIZER = keras.optimizers.Adam"), id="class of a package by another name"
        ),
        pytest.param(("import random as module", "import secrets as module"), id="module by another name"),
        pytest.param(("Huber(1.0)", "Huber(2.0)"), id="what a loss's configuration leaves out"),
        pytest.param(('DTypePolicy("float32")', 'DTypePolicy("mixed_bfloat16")'), id="precision"),
        pytest.param(("PRIVATE = 1", "PRIVATE = 2"), id="private attribute"),
        pytest.param(("x + 40", "x + 41"), id="function that is an attribute"),
        pytest.param(("layer.times = 1", "layer.times = 2"), id="attribute of a function"),
        pytest.param(("x + 50", "x + 51"), id="metaclass"),
        pytest.param(("[3, 4]", "[3, 5]"), id="table of pandas"),
    ],
)
def test_code_that_the_run_reaches_counts(module, change):
    before = code_fingerprint(module().run)
    assert code_fingerprint(module(change).run) != before


@pytest.mark.parametrize("statement", ["from mynets import net", "import mynets; net = mynets.net"])
def test_modules_of_the_users_count(module, statement, tmp_path, monkeypatch):
    prints = []
    for units in (1, 1, 2):
        (tmp_path / "mynets.py").write_text(f"import keras\n\ndef net():\n    return keras.layers.Dense({units})\n")
        monkeypatch.delitem(sys.modules, "mynets", raising=False)
        prints.append(code_fingerprint(module(("RATE = 0.1", f"RATE = 0.1; {statement}"), ("2 * x", "2 * x * net()")).run))
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize("change", [
    ("def helper(x):\n", 'def helper(x):\n    """Helps."""\n    # and well\n'), ("return sqrt(x) + deeper(x)", "return (sqrt(x)\n            + deeper(x))"),
    ("class Base:\n", "class Base:\n    'A base.'\n"), ("return 2 * x", "return 2 * x  # twice"),
])  # fmt: skip
def test_comments_docstrings_and_layout_do_not_count(module, change):
    before = code_fingerprint(module().run)
    assert code_fingerprint(module(change).run) == before


def test_those_of_the_library_do_not_count_either(tmp_path, monkeypatch):
    from zoo.reproductions.harness import fingerprint

    text = (ROOT / "zoo" / "training" / "order.py").read_text()
    said, same = text.replace('"""In which order', '"""The order in which'), fingerprint._meaning(text)
    assert said != text and fingerprint._meaning(said) == same
    assert fingerprint._meaning(text.replace("range(5)", "range(6)")) != same


def test_code_that_the_run_never_reaches_does_not_count(module):
    before = code_fingerprint(module().run)
    assert code_fingerprint(module(("UNUSED = 5", "UNUSED = 6"), ("return UNUSED", "return -UNUSED")).run) == before


@pytest.mark.parametrize(
    ("place", "statement"),
    [
        ("RATE = 0.1", "from zoo.reproductions.extra import RATE, deep"),
        ("RATE = 0.1", "from zoo.reproductions import extra; RATE = extra.RATE"),
        ("    def inner():", "    from zoo.reproductions import extra\n    def inner():"),
        ("    def inner():", "    import zoo.reproductions.extra\n    def inner():"),
        ("    def inner():", "    from zoo.reproductions.extra import deep\n    def inner():"),
    ],
)
def test_code_elsewhere_in_the_reproductions_counts(module, place, statement, tmp_path, monkeypatch):
    import zoo.reproductions

    monkeypatch.setattr(zoo.reproductions, "__path__", [*zoo.reproductions.__path__, str(tmp_path)])
    prints = []
    for depth in (1, 1, 2):
        (tmp_path / "further.py").write_text(f"DEPTH = {depth}\n")
        (tmp_path / "extra.py").write_text("from zoo.reproductions.further import DEPTH\nRATE = 1\n\ndef deep(): return DEPTH\n")
        for name in ("extra", "further"):
            monkeypatch.delitem(sys.modules, f"zoo.reproductions.{name}", raising=False)
            monkeypatch.delattr(zoo.reproductions, name, raising=False)
        used = "deep() if 'deep' in globals() else extra.deep()"
        prints.append(code_fingerprint(module((place, statement), ("return helper(RATE)", f"return helper(RATE), {used}")).run))
    assert prints[0] == prints[1] != prints[2]


def test_library_counts(module, monkeypatch):
    from zoo.reproductions.harness import fingerprint

    sources = fingerprint._library_sources()
    counted = {"registry.py", "tasks.py", "representations.py", "models/mlp.py", "training/population.py", "layers/dense.py"}
    assert counted <= set(sources)
    before = code_fingerprint(module().run)
    monkeypatch.setattr(fingerprint, "_library_sources", lambda: sources | {"models/mlp.py": "changed"})
    assert code_fingerprint(module().run) != before


# What trials import that has no part in their numbers: arrays count by their hash, the rest names or reports things.
NO_PART = {
    "zoo",
    "zoo.datasets",
    "zoo.datasets.dataset",
    "zoo.environment",
    "zoo.errors",
    "zoo.reproductions.harness",
    "zoo.reproductions.harness.numbers",
    "zoo.reproductions.harness.trial",
}


def test_all_that_trials_import_counts():
    from zoo.reproductions.harness import fingerprint

    library = tuple(f"zoo.{name.removesuffix('.py')}" for name in fingerprint.LIBRARY)
    seen = set()
    for path in (ROOT / "reproductions" / "trainers").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "zoo.datasets":
                seen.update(f"zoo.datasets.{name.name}" for name in node.names if name.name not in ("describe", "load"))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "zoo":
                seen.add(zoo._HOMES.get(node.attr, "zoo"))
            elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "zoo":
                seen.update((node.module, *(f"{node.module}.{name.name}" for name in node.names if name.name == "evidence")))
            elif isinstance(node, ast.Import):
                seen.update(name.name for name in node.names if name.name.partition(".")[0] == "zoo")
    missed = {name for name in seen - NO_PART if not fingerprint._ours(name) and not name.startswith(library)}
    assert not missed and set(fingerprint.BESIDES) <= seen
    assert not any(name.startswith("zoo.reproductions.evidence") for name in seen), "what judges decides no outcome"

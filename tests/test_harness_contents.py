"""What a trial's code holds besides text: every change of it changes the key, and what can't be read is refused."""

import importlib
import subprocess
import sys
import textwrap

import pytest

from zoo import registry
from zoo.errors import InvalidInput
from zoo.reproductions.harness.fingerprint import code_fingerprint


@pytest.fixture
def key_of(tmp_path, monkeypatch):
    """A function that writes modules {name: source} anew and gives the key of `run` in the first."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def key(modules):
        names = [name.replace("/", ".").removesuffix(".__init__") for name in modules]
        for name, source in modules.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(textwrap.dedent(source))
        for name in names:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        importlib.import_module("linecache").clearcache()
        return code_fingerprint(importlib.import_module(names[0]).run)

    yield key
    for name in [name for name in sys.modules if name.startswith("a_module")]:
        del sys.modules[name]


def test_what_pip_has_put_into_a_folder_of_any_name_is_installed(key_of, tmp_path):
    """Its version counts, as with `pip install --target`; a module of the user's beside it goes into the key."""
    record = tmp_path / "bought-1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("a_module_bought.py,sha256=x,20\nbought-1.0.dist-info/RECORD,,\n")
    sources = {
        "a_module": "import a_module_bought, a_module_own\ndef run(): return a_module_bought.RATE, a_module_own.RATE",
        "a_module_bought": "RATE = 1", "a_module_own": "RATE = 1",
    }  # fmt: skip
    before = key_of(sources)
    assert key_of(sources | {"a_module_bought": "RATE = 2"}) == before
    assert key_of(sources | {"a_module_own": "RATE = 2"}) != before


MADE = "def made(n):\n  def net(): return n\n  return net\n"


@pytest.mark.parametrize(
    "source, old, new",
    [
        (
            "def power(n): return lambda x: x**n\nsquare, cube = power(2), power(3)\ndef run(): return square(1) + cube(1)",
            "(2)",
            "(4)",
        ),
        ("WAYS = {\n  'a': lambda x: x,\n  'b': lambda x: -x,\n}\ndef run(): return WAYS", "lambda x: x", "lambda x: 2 * x"),
        (
            "made = {}\nexec('def f(): return 0.1', made)\nf = made['f']\nf.__module__ = __name__\ndef run(): return f()",
            "0.1",
            "0.7",
        ),
        (
            """
     import functools
     def twice(f):
         @functools.wraps(f)
         def wrapper(x): return 2 * f(x)
         return wrapper
     @twice
     def helper(x): return x
     def run(): return helper(1)
     """,
            "2 * f",
            "3 * f",
        ),
        (
            """
     import keras
     class Own(keras.losses.Loss):
         def __init__(self, n=1, name=None):
             super().__init__(name=name)
             self.n = n
         def call(self, y, outputs): return self.n * outputs
     LOSS = Own(5)
     def run(): return LOSS
     """,
            "Own(5)",
            "Own(6)",
        ),
        ("class Box: pass\nBOX = Box()\nBOX.depth = 3\ndef run(): return BOX", "= 3", "= 4"),
        (f"{MADE}first, second = made(2), made(4)\ndef run(): return first(), second()", "made(2), made(4)", "made(4), made(2)"),
        (f"{MADE}NETS = {{'a': made(2), 'b': made(2), 'c': made(4)}}\ndef run(): return NETS", "'b': made(2)", "'b': made(4)"),
        ("class Net:\n  def a(self, n=1): return n\n  def b(self, n=2): return n\ndef run(): return Net()", "n=1", "n=2"),
    ],
    ids=["closures", "lambdas", "no text", "decorator", "loss", "attributes", "exchanged", "as many", "defaults"],
)
def test_what_the_run_uses_counts(key_of, source, old, new):
    assert old in source
    before = key_of({"a_module": source})
    assert key_of({"a_module": source}) == before != key_of({"a_module": source.replace(old, new)})


def test_equal_names_in_two_modules_both_count(key_of):
    def key(rate, other):
        mine = f"from a_module_other import helper\nRATE = {rate}\ndef run(): return helper() + RATE"
        return key_of({"a_module": mine, "a_module_other": f"RATE = {other}\ndef helper(): return RATE"})

    assert len({key(1, 2), key(3, 2), key(1, 4), key(2, 1)}) == 4


def test_a_module_inside_a_package_counts(key_of):
    def key(units):
        mine = "import a_module_package.nets\ndef run(): return a_module_package.nets.net()"
        inside = f"def net(): return {units}"
        return key_of({"a_module": mine, "a_module_package/__init__": "", "a_module_package/nets": inside})

    assert key(1) == key(1) != key(2)


def test_models_of_ones_own_count_where_they_are_named(key_of, monkeypatch):
    monkeypatch.setattr(registry, "_builders", {})

    def key(units, deeper=8, other=1, model="narrow", told=()):
        registry._builders.clear()
        nets = f"""
            import zoo
            @zoo.register_model
            def narrow(input_shape, classes): return zoo.create_model("deeper", input_shape, classes), {units}
            @zoo.register_model
            def deeper(input_shape, classes): return {deeper}
            @zoo.register_model
            def other(input_shape, classes): return {other}
            @zoo.register_model
            def größe(input_shape, classes): return {other}
        """
        key_of({"a_module": f"import zoo\ndef run(): return zoo.create_model({model!r}, (8, 8), 10)", "a_module_nets": nets})
        importlib.import_module("a_module_nets")
        return code_fingerprint(sys.modules["a_module"].run, *told)

    assert key(4) == key(4) != key(5)
    assert key(4) != key(4, deeper=9), "which that one is made of"
    assert key(4) == key(4, other=2), "which nothing names"
    assert key(4, model="größe") != key(4, other=2, model="größe")
    assert key(4, model="mlp") == key(5, model="mlp") and key(4, model="mlp", told=["narrow"]) != key(
        5, model="mlp", told=["narrow"]
    )
    assert key(4, model="mlp", told=[{"nets": ["narrow"]}]) != key(5, model="mlp", told=[{"nets": ["narrow"]}])


def test_a_key_is_that_of_every_process(tmp_path):
    (tmp_path / "a_module.py").write_text(
        "class Box: pass\nBOX = Box()\nBOX.tags = {'alpha', 'beta', 'gamma'}\nSET = {'one', 'two', 'three'}\n"
        "from jax.numpy import add\nimport keras\nkeras.layers.Dense(3)\nLOSS = keras.losses.Huber()\n"
        "def run(): return BOX, SET, add, LOSS\n"
    )
    script = (
        "import keras, a_module\nfrom zoo.reproductions.harness.fingerprint import code_fingerprint\n"
        "print(code_fingerprint(a_module.run))"
    )
    keys = set()
    for seed in "12":
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(tmp_path), "KERAS_BACKEND": "jax", "PATH": ""}
        done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        keys.add(done.stdout)
    assert len(keys) == 1


@pytest.mark.parametrize(
    "value, reason",
    [
        ("keras.layers.Dense(3)", "its weights are not in its configuration"),
        ("ROUND", "it contains itself"),
        ("threading.Lock()", "cannot pickle"),
        ("{(lambda n: lambda: n)(k) for k in (1, 2)}", "a set has no order"),
    ],
)
def test_what_nobody_could_see_change_is_refused(key_of, value, reason):
    source = f"import keras, threading\nROUND = []\nROUND.append(ROUND)\nTHING = {value}\ndef run(): return THING"
    with pytest.raises(InvalidInput, match=f"THING is an object of .*{reason}.*make it inside the function"):
        key_of({"a_module": source})

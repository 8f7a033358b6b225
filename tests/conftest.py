"""What holds for every test: the backend, results that never touch the checkout, and which tests run by default."""

import gc
import io
import os
import random
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

# Keras fixes its backend at its first import, so this comes before every other import.
os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")

# xdist tells its workers the width of the terminal, a CI may ask for colours; what is written here goes into a pipe.
for name in ("COLUMNS", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)

# Servers of the tests' own are reached without a proxy.
os.environ["no_proxy"] = ",".join(filter(None, (os.environ.get("no_proxy"), "127.0.0.1")))

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from zoo.datasets import cache  # noqa: E402

# Many tests, and every run of them, compile the same programs; `zoo reproduce` keeps its own there too.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache.root() / "compiled"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

# Programs that run for moments are compiled without effort, in a fifth of the time; `make test-slow` optimises as users do.
# XLA ends the process at a flag that it does not know: other versions than these do without.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
if metadata.version("jaxlib").startswith("0.10.") and metadata.version("tensorflow").startswith("2.21."):
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")

ROOT = Path(__file__).resolve().parents[1]
# Run only when -m names them.
OPT_IN = ("slow", "gpu", "network", "torch")


def pytest_collection_modifyitems(config, items):
    """Leave out the tests that a default run cannot afford; `-m slow` and the like bring them in."""
    chosen = config.option.markexpr
    left_out = [item for item in items if any(item.get_closest_marker(m) and m not in chosen for m in OPT_IN)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def pytest_collection_finish(session):
    """Spare the garbage collector what the imports have made: it takes half a second to look through, hundreds of times."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def programs_let_go():
    """What JAX has traced and compiled goes with the file that needed it: all of it would be gigabytes in the end."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()


@pytest.fixture(autouse=True)
def same_draws():
    """What asks for no seed, such as Keras's layers, draws the same in every run, whatever tests ran before."""
    random.seed(0)
    np.random.seed(0)


@pytest.fixture(autouse=True)
def results_dir(tmp_path, monkeypatch):
    """An own results folder for every test: nothing a test does reaches the checkout's results/."""
    folder = tmp_path / "results"
    monkeypatch.setenv("ZOO_RESULTS_DIR", str(folder))
    return folder


@pytest.fixture
def written(results_dir, monkeypatch):
    """A function that writes the folder of a claim's full budget from rows of its runs, and returns it.

    Claims of one's own that a test loads are forgotten after it.
    """
    monkeypatch.setattr("zoo.reproductions.harness.claims._outside", {})

    def write(module, rows):
        from zoo.reproductions.harness.making import write_results

        folder = results_dir / "full" / "a_claim"
        write_results(folder, module, rows, {"device": "a card"})
        return folder

    return write


@pytest.fixture
def call(monkeypatch, capsys):
    """Run the command `zoo` inside this process, so that a test can put something in the place of the slow part.

    call(*arguments, stdin=bytes or None) gives (exit code, standard output, standard error).
    """

    def run(*arguments, stdin=None):
        from zoo.cli import main

        monkeypatch.setattr(sys, "argv", ["zoo", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", None if stdin is None else io.TextIOWrapper(io.BytesIO(stdin)))
        monkeypatch.setenv("KERAS_BACKEND", os.environ["KERAS_BACKEND"])  # so that what a command sets is undone
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return end.value.code or 0, printed.out, printed.err

    return run


@pytest.fixture(scope="session")
def copy_checkout():
    """A function that copies the files that git has or would take into a folder: builds there leave no trace here."""

    def copy(folder):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.check_output(command, cwd=ROOT, text=True).split("\0"):
            if name and (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        return folder

    return copy

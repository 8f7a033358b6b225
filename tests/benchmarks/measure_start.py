"""What it costs to begin: imports, a warm data set, the command line, sets that are generated; a fresh interpreter each."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from zoo.datasets import cache, load

TIMES = 5
# Each prints the seconds of its names.
PROGRAMS = {
    ("import keras", "import zoo after keras"): """
import time
start = time.perf_counter()
import keras
middle = time.perf_counter()
import zoo
print(middle - start, time.perf_counter() - middle)
""",
    ("warm load of mnist",): """
import time
from zoo.datasets import load
start = time.perf_counter()
load("mnist")
print(time.perf_counter() - start)
""",
    ("zoo --help",): """
import subprocess, sys, time
program = "import sys; sys.argv = ['zoo', '--help']; from zoo.cli import main; main()"
start = time.perf_counter()
subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
print(time.perf_counter() - start)
""",
}
VARIATIONS = """
import time
from zoo.datasets import list_datasets, load
names = {*list_datasets("mnist_*"), *list_datasets("rectangles*"), *list_datasets("convex")}
assert len(names) == 8, names
start = time.perf_counter()
for name in sorted(names):
    load(name)
print(time.perf_counter() - start)
"""


def start(config):
    """Yield at once, then time: one row for each name in PROGRAMS."""
    yield
    rows = []
    for names, program in PROGRAMS.items():
        _seconds(program)  # once for the file system's cache
        columns = zip(*(_seconds(program) for _ in range(TIMES)))
        for name, seconds in zip(names, columns, strict=True):
            rows.append({"setting": name, "seconds": statistics.median(seconds), "repeats": TIMES})
    return rows


def variations(config):
    """Yield at once, then time, once, how long the eight sets of mnist_variations take where there is but mnist."""
    yield
    load("mnist")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(cache.root() / "mnist", Path(folder) / "mnist")
        (seconds,) = _seconds(VARIATIONS, ZOO_DATA_DIR=folder)
    return [{"setting": "making the eight mnist_variations", "seconds": seconds, "repeats": 1}]


def _seconds(program, **environment):
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | environment)
    return [float(text) for text in done.stdout.split()]

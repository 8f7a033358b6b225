"""What it costs to begin: imports, a warm data set, the command line, each in a fresh interpreter; sets that are generated."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from zoo.datasets import cache, list_datasets, load

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
    names = [name for pattern in ("mnist_*", "rectangles*", "convex") for name in list_datasets(pattern)]
    load("mnist")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(cache.root() / "mnist", Path(folder) / "mnist")
        os.environ["ZOO_DATA_DIR"] = folder  # of this process, which measures nothing else
        began = time.perf_counter()
        for name in names:
            load(name)
        seconds = time.perf_counter() - began
    return [{"setting": f"making the {len(names)} mnist_variations", "seconds": seconds, "repeats": 1}]


def _seconds(program):
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return [float(text) for text in done.stdout.split()]

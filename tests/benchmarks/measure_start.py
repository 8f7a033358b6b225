"""What it costs to begin: imports, a warm data set, the command line; each time a fresh interpreter."""

import statistics
import subprocess
import sys

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


def _seconds(program):
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return [float(text) for text in done.stdout.split()]

"""What it costs to load a preset and to predict with it; each time a fresh interpreter."""

import statistics
import subprocess
import sys

from benchmarks.configs import FOR_SCALE

TIMES = 3
IMAGES = 10_000
# Prints the seconds of: loading, one image (median of many, after a warm-up), IMAGES images (the same).
PROGRAM = """
import statistics, sys, time
import keras
import zoo
started = time.perf_counter()
model = zoo.from_preset(sys.argv[1])
loaded = time.perf_counter() - started
import numpy as np
x = np.random.default_rng(0).integers(0, 256, (int(sys.argv[2]), *model.input_shape[1:])).astype("uint8")

def clock(function, times):
    function()
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)

print(loaded, clock(lambda: model.predict_on_batch(x[:1]), 50), clock(lambda: model.predict(x, batch_size=1000, verbose=0), 2))
"""
MOBILE = """
import time
import keras
started = time.perf_counter()
keras.applications.MobileNetV2(weights=None)
print(time.perf_counter() - started)
"""


def presets(config):
    """Yield at once, then time the preset that config.model names, on the backend of this process."""
    yield
    if config.model == FOR_SCALE:
        built = statistics.median(_seconds(MOBILE)[0] for _ in range(TIMES))
        return [{"setting": f"build keras.applications.{FOR_SCALE}, no weights", "seconds": built, "repeats": TIMES}]
    columns = zip(*(_seconds(PROGRAM, config.model, IMAGES) for _ in range(TIMES)))
    return [
        {"setting": f"{what}: {config.model}", "seconds": statistics.median(seconds), "repeats": TIMES}
        for what, seconds in zip(("load", "one image", f"{IMAGES:,} images"), columns, strict=True)
    ]


def _seconds(program, *arguments):
    done = subprocess.run([sys.executable, "-c", program, *map(str, arguments)], check=True, capture_output=True, text=True)
    return [float(text) for text in done.stdout.split()]

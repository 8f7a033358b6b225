"""scikit-learn's MLPClassifier on the same data: float32, batch 128, Adam, as many hidden units."""

import resource
import statistics
import time

import numpy as np
from sklearn.neural_network import MLPClassifier as Classifier

from benchmarks.configs import BATCH
from zoo.datasets import load


def MLPClassifier(config):
    """Prepare, yield, then time: the row of partial_fit, which is one epoch."""
    train = load("mnist").train
    x = np.array(train.x[: config.examples]).reshape(config.examples, -1).astype("float32") / 255
    y = np.array(train.y[: config.examples])
    model = Classifier((512, 512), batch_size=BATCH, alpha=0.0)
    epochs = [_epoch(model, x, y)]
    yield
    epochs += [_epoch(model, x, y) for _ in range(3)]
    seconds = statistics.median(epochs[1:])
    return [
        {
            "seconds": seconds,
            "build_s": 0.0,
            "compile_s": max(0.0, epochs[0] - seconds),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
            "repeats": len(epochs) - 1,
            "parameters": sum(w.size for w in (*model.coefs_, *model.intercepts_)),
            "loss": float(model.loss_),
        }
    ]


def _epoch(model, x, y):
    started = time.perf_counter()
    model.partial_fit(x, y, classes=range(10))
    return time.perf_counter() - started

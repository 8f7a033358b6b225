"""The population and Keras's own fit, on the same models; on JAX or TensorFlow as KERAS_BACKEND says."""

import resource
import statistics
import time

import keras
import numpy as np

import zoo
from benchmarks.configs import BATCH
from zoo.datasets import load
from zoo.layers import Autoencoder, MeanOutput
from zoo.models.autoencoder_stack import pretraining_stage

OPTIONS = {
    "linear": {},
    "mlp": {"widths": (512, 512), "input_dropout": 0.0, "dropout": 0.0},
    "convnet": {},
    "lstm": {"units": 128, "layers": 1},
}
COMPILE = {
    "default": {},
    "zoo layers": {},
    "50 steps per execution": {"steps_per_execution": 50, "jit_compile": True},
    "50 steps per execution, no XLA": {"steps_per_execution": 50, "jit_compile": False},
}
TIMED_EPOCHS = 4


def images(config):
    """(x, y): the first examples of MNIST, 28x28 uint8; y None for the autoencoder, which needs none."""
    train = load("mnist").train
    y = None if config.model == "autoencoder" else np.array(train.y[: config.examples])
    return np.array(train.x[: config.examples]), y


def build(model):
    """The model as the zoo makes it."""
    if model == "autoencoder":
        return pretraining_stage(0, (28, 28))
    return zoo.create_model(model, (28, 28), 10, **OPTIONS[model])


def objective(model):
    """Arguments of compile that all share."""
    if model == "autoencoder":
        return {"optimizer": "adam", "loss": MeanOutput()}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return {"optimizer": "adam", "loss": loss, "metrics": ["accuracy"]}


def stock(model):
    """The same model from Keras's own layers, cuDNN's LSTM allowed: what an ordinary user would fit."""

    def plain(layer):
        settings, kind = layer.get_config(), type(layer)
        same = [own for own in (keras.layers.Conv2D, keras.layers.BatchNormalization) if isinstance(layer, own)]
        if same:
            (kind,) = same
        elif kind.__name__.endswith("MaxPooling2D"):
            kind, settings = keras.layers.MaxPooling2D, {"pool_size": 2, "name": layer.name}
        elif isinstance(layer, keras.layers.LSTM):
            settings |= {"unroll": False, "use_cudnn": "auto"}
        elif not (kind.__module__.startswith("keras.") or kind is Autoencoder):
            raise TypeError(f"The benchmark knows no Keras layer that stands for {kind.__name__}.")
        return kind.from_config(settings)

    return keras.models.clone_model(model, clone_function=plain)


def peak_mb():
    """The most memory this process has had, in MB: on the device if that is a GPU, else its own resident size."""
    if keras.backend.backend() == "jax":
        import jax

        stats = jax.devices()[0].memory_stats() if jax.default_backend() != "cpu" else None
        if stats:
            return stats["peak_bytes_in_use"] / 1e6
    else:
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def population(config):
    """Prepare, yield, then time: the row of a zoo.Population."""
    x, y = images(config)
    started = time.perf_counter()
    members = zoo.Population(lambda: build(config.model), range(config.members), precision=config.precision)
    members.compile(**objective(config.model))
    built = time.perf_counter()
    history = members.fit(x, y, epochs=config.epochs, batch_size=BATCH, verbose=False)
    first = time.perf_counter() - built
    yield
    walls, seconds = [], []
    while len(walls) < 3 or (sum(walls) < 1.5 and len(walls) < 7):
        before, start = members.fit_seconds, time.perf_counter()
        history = members.fit(x, y, epochs=config.epochs, batch_size=BATCH, verbose=False)
        walls.append(time.perf_counter() - start)
        seconds.append((members.fit_seconds - before) / config.epochs)
    grouped = members.trained_at_once < config.members
    return [
        {
            "seconds": statistics.median(seconds) / config.members,
            "build_s": built - started,
            "compile_s": max(0.0, first - statistics.median(walls)),
            "peak_mb": peak_mb(),
            "repeats": len(walls),
            "parameters": _count(members.template),
            "loss": float(history.loss.iloc[-1]),
            "remark": f"memory short: groups of {members.trained_at_once}" if grouped else "",
        }
    ]


class EpochClock(keras.callbacks.Callback):
    """Seconds of every epoch of a fit."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.start)


def fit(config):
    """Prepare, yield, then time: the row of keras.Model.fit."""
    x, y = images(config)
    y = np.zeros(len(x), "float32") if y is None else y
    started = time.perf_counter()
    model = build(config.model)
    if config.setting != "zoo layers":
        started, model = time.perf_counter(), stock(model)
    steps = -(-len(x) // BATCH)
    whole = {"steps_per_execution": steps, "jit_compile": True}
    model.compile(**objective(config.model), **COMPILE.get(config.setting, whole))
    built = time.perf_counter()
    model.fit(x, y, epochs=1, batch_size=BATCH, verbose=0)
    first = time.perf_counter() - built
    yield
    clock = EpochClock()
    history = model.fit(x, y, epochs=TIMED_EPOCHS, batch_size=BATCH, verbose=0, callbacks=[clock])
    seconds = statistics.median(clock.seconds)
    return [
        {
            "seconds": seconds,
            "build_s": built - started,
            "compile_s": max(0.0, first - seconds),
            "peak_mb": peak_mb(),
            "repeats": TIMED_EPOCHS,
            "parameters": _count(model),
            "loss": history.history["loss"][-1],
        }
    ]


def _count(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)

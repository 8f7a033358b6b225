"""Trials that hold written-out backpropagation against its references, and that time it."""

import time

import numpy as np

from zoo.reproductions.trainers.backpropagation import backward, descend, error
from zoo.reproductions.trainers.layers_written_out import Convolution, Dense, Flatten, MaxPooling

# Standard deviation of a weight times the root of its unit's inputs, such that derivatives neither vanish nor explode.
GAINS = {"relu": 2**0.5, "tanh": 1.0, "sigmoid": 4.0, "softplus": 1.4, "softsign": 1.2, "linear": 1.0}
CLASSES = 10
DITHER = 256


def check_derivatives(trial, report):
    """The run function of a trial whose derivatives are checked; its recipe: net, activation, batch, per_array, steps, rate.

    Rows, for every seed, which draws weights and images: autodiff_error and difference_error, the largest relative error
    of any layer's derivatives on one batch; differences_set_aside_pct and units_at_a_kink; keras_error, the largest
    relative error of what so many steps of SGD changed in any weight array, against Keras's.
    """
    from zoo.reproductions.trainers import gradient_references as references

    r, found = trial.recipe, []
    shape = images(trial.dataset, 1, np.random.default_rng(0))[0].shape[1:]
    pattern = random_net(r["net"], r["activation"], shape, np.random.default_rng(0))
    reference = references.autodiff(pattern)
    with references.float64():
        twin = references.keras_twin(pattern, shape, r["rate"])
    for done, seed in enumerate(trial.seeds, start=1):
        random = np.random.default_rng(seed)
        layers = random_net(r["net"], r["activation"], shape, random)
        x, labels = images(trial.dataset, r["batch"] * r["steps"], random)
        batch = x[: r["batch"]], labels[: r["batch"]]
        by_differences, aside = references.difference_error(layers, *batch, random, r["per_array"])
        metrics = {
            "autodiff_error": references.autodiff_error(reference, layers, *batch),
            "difference_error": by_differences,
            "differences_set_aside_pct": aside,
            "units_at_a_kink": references.at_a_kink(layers, error(layers, *batch)[2]),
            "keras_error": keras_error(twin, layers, x, labels, r["batch"], r["rate"]),
        }
        shared = {"seed": seed, "n_train": len(x), "n_test": len(batch[0]), "parameters": count(layers), "updates": r["steps"]}
        shared |= {"seconds": 0.0, "precision": "float64"}
        found += [shared | {"metric": name, "value": value} for name, value in metrics.items()]
        report.progress(done, len(trial.seeds))
    return found


def keras_error(twin, layers, x, labels, batch, rate):
    """Train a net (in place) and its Keras twin alike, batch by batch in the order given, and compare what that changed.

    Returns the largest relative error of any array's change against that of Keras's.
    """
    from zoo.reproductions.trainers.gradient_references import float64, relative_error

    ours = [weights for layer in layers for weights in layer.weights]
    start = [weights.copy() for weights in ours]
    with float64():
        twin.set_weights(start)
        twin.fit(x, labels, batch_size=batch, epochs=1, shuffle=False, verbose=0)
        theirs = twin.get_weights()
    for first in range(0, len(x), batch):
        descend(layers, x[first : first + batch], labels[first : first + batch], rate)
    errors = [relative_error(our - old, their - old) for our, their, old in zip(ours, theirs, start, strict=True)]
    return float(np.max(errors))  # Python's max passes over NaN


def time_passes(trial, report):
    """The run function of a trial that times the passes of one net; its recipe: net, activation, batch, repeats, sample.

    Rows, for every seed: forward_ms; backward_in_forwards and differences_in_forwards, what all derivatives cost by the
    backward pass and by central differences, in forward passes of the same batch. Medians of `repeats` runs that take
    turns, in seconds of one core. Differences are timed for `sample` weights and multiplied by the number of weights, since each
    weight costs the same two forward passes.
    """
    from threadpoolctl import threadpool_limits

    r, found = trial.recipe, []
    np.ones(2**22 - 2**12)  # freed at once: from then on glibc keeps blocks up to this size, which page faults would slow
    for done, seed in enumerate(trial.seeds, start=1):
        random = np.random.default_rng(seed)
        x, labels = images(trial.dataset, r["batch"], random)
        layers = random_net(r["net"], r["activation"], x.shape[1:], random)
        with threadpool_limits(1):
            seconds = [_timed(layers, x, labels, random, r["sample"]) for _ in range(r["repeats"] + 1)][1:]
        up, down, by_differences = np.median(seconds, axis=0)
        ratios = {"backward_in_forwards": down / up, "differences_in_forwards": count(layers) * by_differences / up}
        shared = {"n_train": len(x), "n_test": len(x), "parameters": count(layers), "backend": "numpy", "precision": "float64"}
        for name, value in ({"forward_ms": 1000 * up} | ratios).items():
            found.append({"seed": seed, "metric": name, "value": value, "seconds": down} | shared)
        report.progress(done, len(trial.seeds))
    return found


def _timed(layers, x, labels, random, sample):
    """Processor seconds, which other programs don't lengthen: a forward, a backward pass, the central difference of a weight."""
    began = time.thread_time()
    _, dE_dy, signals = error(layers, x, labels)
    up = time.thread_time()
    backward(layers, signals, dE_dy)
    down = time.thread_time()
    arrays = [weights for layer in layers for weights in layer.weights]
    for _ in range(sample):
        weights = arrays[random.integers(len(arrays))]
        place, step = random.integers(weights.size), 1e-5
        kept, sides = weights.flat[place], []
        for moved in (kept + step, kept - step):
            weights.flat[place] = moved
            sides.append(error(layers, x, labels)[0])
        weights.flat[place] = kept
    return up - began, down - up, (time.thread_time() - down) / sample


def random_net(net, activation, input_shape, random):
    """Layers for backpropagation with normal weights; its last is linear, with one unit per class.

    net: {"widths": [...]}, dense layers of so many units, or {"maps": [...], "patch": side, "dense": units}, each a
    convolution of so many maps and a pooling layer, then one dense layer. input_shape: (h, w, maps) of the images.
    """
    gain, layers, shape = GAINS[activation], [], input_shape
    for maps in net.get("maps", ()):
        patch = (net["patch"], net["patch"], shape[2])
        layers += [Convolution(_weights(random, patch, maps, gain), activation), MaxPooling()]
        shape = (*((side - net["patch"] + 1) // 2 for side in shape[:2]), maps)
    layers.append(Flatten())
    inputs = int(np.prod(shape))
    for units in net.get("widths") or [net["dense"]]:
        layers.append(Dense(_weights(random, (inputs,), units, gain), activation))
        inputs = units
    return [*layers, Dense(_weights(random, (inputs,), CLASSES, 1.0))]


def _weights(random, fan_in, units, gain):
    """[weights (*fan_in, units), small random biases (units,)]."""
    return [random.normal(0, gain / np.prod(fan_in) ** 0.5, (*fan_in, units)), random.normal(0, 0.1, units)]


def count(layers):
    """The number of weights and biases."""
    return sum(weights.size for layer in layers for weights in layer.weights)


def images(dataset, n, random):
    """x (n, h, w, 1) float64 in 0..1 and labels (n,): training images that `random` draws, dithered.

    The dither, less than a grey level and exact in float32 too, is for pooling: a black background would make all
    four inputs of a window equal, and of the many one-sided derivatives there two programs may take different ones.
    """
    from zoo.datasets import load

    split = load(dataset).train
    rows = random.choice(len(split.x), n, replace=n > len(split.x))
    pixels = split.x[rows].astype(float) + random.integers(0, DITHER, (n, *split.x.shape[1:])) / DITHER
    return pixels[..., None] / 256, split.y[rows].astype(np.int64)

"""What written-out derivatives are held against: JAX's automatic differentiation, central differences, and Keras.

None of the three shares a line with backpropagation.py's way down; the first and the last share nothing with it.
"""

import contextlib

import numpy as np

from zoo.reproductions.trainers.backpropagation import error, gradient
from zoo.reproductions.trainers.layers_written_out import Convolution, Dense, Flatten, MaxPooling

STEPS = (1e-4, 1e-5, 1e-6)  # of central differences: the next where a unit would change sides within one
SAME = 1e-13  # outputs that differ by less differ by rounding


def relative_error(ours, reference):
    """The largest difference of two arrays of one shape in units of reference's largest absolute value, float.

    Where a number of ours is not finite and the reference's all are, it is infinite; NaN where one of the reference's is not.
    """
    if not np.isfinite(reference).all():
        return np.nan
    if not np.isfinite(ours).all():
        return np.inf
    difference, size = np.abs(ours - reference).max(), np.abs(reference).max()
    return float(difference / size) if size else float(difference)


@contextlib.contextmanager
def float64():
    """Within it JAX, in this thread, computes in float64 where it is given float64."""
    import jax

    with jax.enable_x64(True):
        yield


def autodiff(layers):
    """A compiled function (weights, shifts, x, labels) -> (dE/dweights, dE/dz) by JAX's reverse mode, for nets like this.

    weights: a list of arrays for every layer; shifts: zeros of z's shape for every layer, which are added to z, so that
    the derivatives by them are those by z. Call it within float64().
    """
    import jax
    import jax.numpy as jnp
    from jax import lax, nn

    def convolution(x, w, b):
        return lax.conv_general_dilated(x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")) + b

    def pooling(x):
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def dense(x, w, b):
        return jnp.einsum("ni,ij->nj", x, w) + b

    total_inputs = {Dense: dense, Convolution: convolution, MaxPooling: pooling, Flatten: lambda x: x.reshape(len(x), -1)}
    outputs = {"softsign": nn.soft_sign, "linear": lambda z: z}
    outputs |= {name: getattr(nn, name) for name in ("relu", "tanh", "sigmoid", "softplus")}
    kinds = [(total_inputs[type(layer)], outputs[layer.activation]) for layer in layers]

    def loss(weights, shifts, x, labels):
        for (total_input, output), own, shift in zip(kinds, weights, shifts, strict=True):
            x = output(total_input(x, *own) + shift)
        return -nn.log_softmax(x)[jnp.arange(len(labels)), labels].mean()

    return jax.jit(jax.grad(loss, argnums=(0, 1)))


def autodiff_error(reference, layers, x, labels):
    """The largest relative error of a layer's dE/dz or dE/dw against those of `reference`, made by autodiff(layers)."""
    _, _, signals = error(layers, x, labels)
    with float64():
        found = reference([layer.weights for layer in layers], [np.zeros_like(s.z) for s in signals], x, labels)
        by_weights, by_z = [[np.asarray(a) for a in own] for own in found[0]], [np.asarray(a) for a in found[1]]
    errors = []
    for own, weights, z in zip(gradient(layers, x, labels), by_weights, by_z, strict=True):
        errors.append(relative_error(own.z, z))
        errors += [relative_error(*pair) for pair in zip(own.weights, weights, strict=True)]
    return float(np.max(errors))  # Python's max passes over NaN


def difference_error(layers, x, labels, random, per_array):
    """(largest relative error of a weight array's derivatives against central differences, percent of weights set aside).

    per_array: so many weights of every array are drawn and moved, one at a time. Across a kink (a rectified unit that
    turns on or off, a pooling window whose largest input changes) a difference quotient is no derivative, and across
    z = 0, where the slope of softsign bends, it is a poor one: there the step is made smaller, and a weight for which
    that does not help is set aside and counted.
    """
    signals, derivatives = error(layers, x, labels)[2], gradient(layers, x, labels)
    errors, aside, drawn = [], 0, 0
    for layer, own in zip(layers, derivatives, strict=True):
        for weights, slope in zip(layer.weights, own.weights, strict=True):
            places = random.choice(weights.size, min(per_array, weights.size), replace=False)
            quotients = np.array([_quotient(layers, x, labels, signals, weights, place) for place in places])
            usable = ~np.isnan(quotients)
            drawn, aside = drawn + len(places), aside + int((~usable).sum())
            if usable.any():
                errors.append(relative_error(slope.ravel()[places[usable]], quotients[usable]))
    return float(np.max(errors)), 100 * aside / drawn


def _quotient(layers, x, labels, signals, weights, place):
    """(E(w + h) - E(w - h)) / 2h for one weight, NaN if a unit changes sides within every h of STEPS.

    Infinite where an error is not finite: that is no kink, and such a weight is not to be set aside.
    """
    kept = weights.flat[place]
    try:
        for step in STEPS:
            sides = []
            for moved in (kept + step, kept - step):
                weights.flat[place] = moved
                sides.append(error(layers, x, labels))
            if all(on_one_piece(layers, signals, side) for _, _, side in sides):
                quotient = (sides[0][0] - sides[1][0]) / (2 * step)
                return quotient if np.isfinite(quotient) else np.inf
    finally:
        weights.flat[place] = kept
    return np.nan


def on_one_piece(layers, before, after):
    """Whether every unit with a kink is, after a change of weights, on the side where it was before, but for rounding."""
    for layer, old, new in zip(layers, before, after, strict=True):
        if layer.activation == "relu":
            same_side = np.where(old.z > 0, new.z, 0)
        elif layer.activation == "softsign":
            same_side = new.z / (1 + np.sign(old.z) * new.z)
        elif isinstance(layer, MaxPooling):
            same_side = np.take_along_axis(layer.windows(new.x), layer.winners(old.x), axis=3)[:, :, :, 0]
        else:
            continue
        if np.abs(new.y - same_side).max() > SAME:
            return False
    return True


def at_a_kink(layers, signals):
    """How many units sit exactly on a kink, where a derivative is a choice: rectified with z = 0, or pooling equals.

    Equals that a rectified layer has put at 0 are none: nothing below has any effect there, whichever is taken.
    """
    count, below = 0, None
    for layer, (x, z, _) in zip(layers, signals, strict=True):
        if layer.activation == "relu":
            count += int((z == 0).sum())
        elif isinstance(layer, MaxPooling):
            equal = (layer.windows(x) == z[:, :, :, None]).sum(axis=3) > 1
            count += int((equal & (z > 0) if below == "relu" else equal).sum())
        below = layer.activation
    return count


def keras_twin(layers, input_shape, rate):
    """The same net as a keras.Sequential in float64, its weights 0, compiled with plain SGD; use it within float64()."""
    import keras

    def tanh(z):
        # keras.activations.tanh rounds to float32 on JAX, whatever it is given; the sigmoid does not
        return 2 * keras.activations.sigmoid(2 * z) - 1

    wide = {"dtype": "float64"}
    twin = keras.Sequential([keras.Input(input_shape, **wide)])
    for layer in layers:
        # random initial weights, which nobody wants here, would take seconds to compile in float64
        units = wide | {"activation": tanh if layer.activation == "tanh" else layer.activation, "kernel_initializer": "zeros"}
        if isinstance(layer, Dense):
            twin.add(keras.layers.Dense(layer.weights[0].shape[1], **units))
        elif isinstance(layer, Convolution):
            height, width, _, maps = layer.weights[0].shape
            twin.add(keras.layers.Conv2D(maps, (height, width), **units))
        else:
            twin.add(keras.layers.MaxPooling2D(2, **wide) if isinstance(layer, MaxPooling) else keras.layers.Flatten(**wide))
    twin.compile(keras.optimizers.SGD(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True, **wide))
    return twin

"""L-BFGS and conjugate gradients, as SciPy has them, on the loss of the zoo's mlp over all training images, by JAX.

Liu & Nocedal, Mathematical Programming 1989; Polak & Ribiere 1969 with the line search of Nocedal & Wright 2006.
"""

import contextlib
from typing import NamedTuple

import numpy as np

NAMES = {"L-BFGS": "L-BFGS-B", "conjugate gradient": "CG"}
# What the loss is multiplied by: SciPy's conjugate gradients try no step longer than the gradient, which a steep loss never
# makes the shorter one. Nothing else in either method goes by the size of the loss.
STEEP = 1e6


class Path(NamedTuple):
    """The points that a method accepted, the start first: evaluations of loss and gradient until then, and weights.

    It may end before its evaluations are used up, as where its line search finds nothing lower, and stays at its last point.
    """

    evaluations: list
    weights: list

    def at(self, evaluations):
        """The weights that stood when no more than so many evaluations were spent."""
        return self.weights[int(np.searchsorted(self.evaluations, evaluations, side="right")) - 1]


class _Spent(Exception):
    """All evaluations are used up."""


def mean_loss(weights, x, labels):
    """Softmax cross-entropy of a rectified mlp without dropout: weights [w, b, w, b, ...] from the input up.

    x (n, features) in 0..1, labels (n,) integers; a float32 scalar.
    """
    import jax
    import jax.numpy as jnp

    log_p = jax.nn.log_softmax(outputs(weights, x))
    return -jnp.take_along_axis(log_p, labels[:, None], axis=1).mean()


def outputs(weights, x):
    """What goes into the softmax, (n, classes)."""
    import jax

    *hidden, (w_last, b_last) = zip(weights[::2], weights[1::2], strict=True)
    for w, b in hidden:
        x = jax.nn.relu(x @ w + b)
    return x @ w_last + b_last


class Objective:
    """The loss over all training images as a function of one vector, compiled when it is made.

    weights: list of arrays as the zoo's mlp orders them; they give the shapes. x (n, ...) pixels 0..255, labels (n,).
    """

    def __init__(self, weights, x, labels):
        import jax

        self.shapes = [np.shape(w) for w in weights]
        self.x, self.labels = jax.device_put(scaled(x)), jax.device_put(np.asarray(labels, "int32"))
        self._loss = jax.jit(jax.value_and_grad(mean_loss))
        self(ravel(weights))

    def __call__(self, vector):
        """(loss, gradient) at a float64 vector: computed in float32, as every other method computes."""
        loss, slopes = self._loss(self.unravel(vector), self.x, self.labels)
        return float(loss), ravel(slopes).astype("float64")

    def unravel(self, vector):
        """The list of float32 arrays that a vector stands for."""
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in self.shapes])[:-1]
        parts = np.split(vector.astype("float32"), ends)
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]


def ravel(arrays):
    """A list of arrays as one vector."""
    return np.concatenate([np.asarray(array).ravel() for array in arrays])


def scaled(x):
    """Pixels (n, ...) as the mlp's first layer hands them on: float32 (n, features) in 0..1."""
    return (np.asarray(x).reshape(len(x), -1) / np.float32(255)).astype("float32")


def minimise(method, setting, start, objective, evaluations):
    """Minimise with SciPy from the weights `start` until so many evaluations of the whole loss are spent; returns the Path.

    method: a name in NAMES; setting: {"first_step": length of the first step in weight space, which scaling the variables
    sets, and options of SciPy's}.
    """
    from scipy.optimize import minimize

    options = dict(setting)
    scale = options.pop("first_step")
    u = ravel(start).astype("float64") / scale
    path, spent = Path([0], [(scale * u).astype("float32")]), 0

    def evaluate(u):
        nonlocal spent
        if spent == evaluations:
            raise _Spent
        spent += 1
        loss, slope = objective(scale * u)
        return STEEP * loss, STEEP * scale * slope

    def accepted(u):
        path.evaluations.append(spent)
        path.weights.append((scale * u).astype("float32"))

    # Nothing but its own line search ends it before everything is used up.
    never = {"gtol": 0, "maxiter": 10**9} | ({"ftol": 0, "maxfun": 10**9} if method == "L-BFGS" else {})
    with contextlib.suppress(_Spent):
        minimize(evaluate, u, jac=True, method=NAMES[method], callback=accepted, options=options | never)
    return path

"""L-BFGS and conjugate gradients, as SciPy has them, on the loss of the zoo's mlp over all training images or some, by JAX.

Liu & Nocedal, Mathematical Programming 1989; Polak & Ribiere 1969 with the line search of Nocedal & Wright 2006. On some
images at a time, a batch after another: Le et al., On optimization methods for deep learning, ICML 2011.
"""

import contextlib
import copy
import itertools
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

    def goes_on(self, evaluations, weights, marks=None):
        """Add a point; marks: the only numbers of evaluations at which points are asked for, those between are forgotten."""
        if marks is not None and not any(self.evaluations[-1] <= mark < evaluations for mark in marks):
            del self.evaluations[-1], self.weights[-1]
        self.evaluations.append(evaluations)
        self.weights.append(weights)


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

    def on(self, rows):
        """The same on these images alone, taken once."""
        part = copy.copy(self)
        part.x, part.labels = self.x[rows], self.labels[rows]
        return part

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


def minimise(method, setting, start, objective, evaluations, seed=0, marks=None):
    """Minimise with SciPy from the weights `start` until so many evaluations are spent; returns the Path.

    method: a name in NAMES; setting: {"first_step": length of the first step in weight space, which scaling the variables
    sets, and options of SciPy's}. With "batch", so many images are looked at in each evaluation, and after "iterations",
    accepted points, the method begins anew on the next ones; what a pass leaves is left out, its order drawn by `seed`.
    marks: see Path.goes_on.
    """
    options = dict(setting)
    images, iterations = options.pop("batch", None), options.pop("iterations", 10**9)
    batches = [None] if images is None else _batches(len(objective.labels), images, seed)
    path, spent = Path([0], [ravel(start)]), 0
    for rows in batches:
        loss = _Counted(objective if rows is None else objective.on(rows), spent, evaluations)
        for count, weights in _accepted(method, options, path.weights[-1], loss, iterations):
            path.goes_on(count, weights, marks)
        spent = loss.spent
        if spent == evaluations:
            break
    return path


def _batches(n, images, seed):
    """The rows of one batch after another, in a new order every pass."""
    for turn in itertools.count():
        order = np.random.default_rng([seed, turn]).permutation(n)
        yield from (order[first : first + images] for first in range(0, n - images + 1, images))


class _Counted:
    """An objective that may be evaluated until `most` evaluations are spent, `spent` of them before."""

    def __init__(self, objective, spent, most):
        self.objective, self.spent, self.most = objective, spent, most

    def __call__(self, vector):
        if self.spent == self.most:
            raise _Spent
        self.spent += 1
        return self.objective(vector)


def _accepted(method, options, start, objective, iterations):
    """[(evaluations spent, weights)] of the points that SciPy's method accepts, from a vector on."""
    from scipy.optimize import minimize

    options, found = dict(options), []
    scale = options.pop("first_step")

    def evaluate(u):
        loss, slope = objective(scale * u)
        return STEEP * loss, STEEP * scale * slope

    def accepted(u):
        found.append((objective.spent, (scale * u).astype("float32")))

    # Nothing but its own line search ends it before everything is used up.
    never = {"gtol": 0, "maxiter": iterations} | ({"ftol": 0, "maxfun": 10**9} if method == "L-BFGS" else {})
    u = start.astype("float64") / scale
    with contextlib.suppress(_Spent):
        minimize(evaluate, u, jac=True, method=NAMES[method], callback=accepted, options=options | never)
    return found

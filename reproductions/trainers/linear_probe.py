"""Linear probes: multinomial logistic regression on given features, up to a tolerance, its L2 strength chosen on validation.

The loss has one minimum, and the steps are taken in the metric of Böhning's bound on its curvature (Annals of the Institute
of Statistical Mathematics 1992), so that badly scaled features, as untrained layers have, are probed as well as others.
"""

import functools

import numpy as np

from zoo.errors import InvalidInput

STRENGTHS = (1e1, 1e0, 1e-1, 1e-2, 1e-3, 1e-4)
MOST_STEPS = 400
TOLERANCE = 1e-5  # of the loss, in nats: what a step of all strengths may still promise to gain


def linear_probe(train, validation, test, strengths=STRENGTHS):
    """The linear classifier on features that errs least on validation, and how often it errs on test.

    train, validation, test: (x (n, d), y (n,)), y in 0..classes - 1. The features are centred, and scaled by one number so
    that their mean variance is 1. strengths: of the penalty strength / 2 * |weights|^2, the first of equals is chosen.
    Returns a dict: test_error_pct, validation_error_pct, train_error_pct, wrong (n_test,) (which test examples), strength, steps.
    Raises InvalidInput for no strengths or ones that are not positive, features that are no finite vectors, other labels, a
    single class.
    """
    (x, y), strengths = train, np.asarray(strengths, "float32")
    if not len(strengths) or not (strengths > 0).all():
        raise InvalidInput("A linear probe needs one positive L2 strength or more.")
    for features, labels in (train, validation, test):
        if np.ndim(features) != 2 or np.shape(labels) != (len(features),):
            raise InvalidInput(
                f"A linear probe needs features (n, d) and labels (n,); got {np.shape(features)}, {np.shape(labels)}."
            )
        if np.asarray(labels).dtype.kind not in "iu" or np.min(labels) < 0:
            raise InvalidInput("A linear probe needs labels that are integers from 0; number the classes first.")
    if not all(np.isfinite(split[0]).all() for split in (train, validation, test)):
        raise InvalidInput("A linear probe needs finite features; these hold NaN or infinity.")
    if len(np.unique(y)) < 2:
        raise InvalidInput("A linear probe needs examples of at least two classes.")
    mean = x.mean(axis=0, dtype="float64").astype("float32")
    scale = float(np.sqrt(np.mean(np.square(x - mean, dtype="float32"), dtype="float64"))) or 1.0
    curvature, axes = _principal_axes((x - mean) / scale)
    splits = [(_along((split[0] - mean) / scale, axes), np.asarray(split[1])) for split in (train, validation, test)]
    classes = int(max(labels.max() for _, labels in splits)) + 1
    weights, bias, steps = _solver(classes)(*splits[0], curvature, strengths)
    wrong = [_wrong(weights, bias, *split) for split in splits]
    best = int(np.argmin(wrong[1].mean(axis=0)))
    names = [f"{name}_error_pct" for name in ("train", "validation", "test")]
    found = {name: float(100 * each[:, best].mean()) for name, each in zip(names, wrong, strict=True)}
    return found | {"wrong": wrong[2][:, best], "strength": float(strengths[best]), "steps": int(steps)}


def _principal_axes(x):
    """(variances (d,), axes (d, d)) of centred features (n, d): float32, worked out in float64 on the device.

    The least variances bound the steps: in float32 they would be lost in the rounding of the largest ones.
    """
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        wide = jnp.asarray(x, "float64")
        variances, axes = jnp.linalg.eigh(jnp.atleast_2d(jnp.cov(wide, rowvar=False, bias=True)))
        return jnp.maximum(variances, 0).astype("float32"), axes.astype("float32")


def _along(x, axes):
    """Features (n, d) along axes (d, d), on the device."""
    import jax

    with jax.default_matmul_precision("float32"):
        return jax.numpy.asarray(x) @ axes


def _wrong(weights, bias, x, y):
    """Which of (x (n, d), y (n,)) every strength gets wrong, (n, strengths): weights (d, strengths, classes), bias likewise."""
    scores = _along(x, weights.reshape(len(weights), -1)).reshape(len(x), *bias.shape) + bias
    return np.asarray(scores.argmax(axis=2)) != y[:, None]


@functools.cache
def _solver(classes):
    """The compiled function (x, y, curvature, strengths) -> (weights, bias, steps), features along their principal axes."""
    import jax
    import jax.numpy as jnp

    @jax.jit
    @jax.default_matmul_precision("float32")
    def solve(x, y, curvature, strengths):
        wanted = jax.nn.one_hot(y, classes)[:, None]
        # The curvature of the cross-entropy is at most half of the features' covariance; a last per cent for rounding.
        bound = 1.01 * (curvature[:, None] / 2 + strengths)[:, :, None], 0.505

        def gradient(weights, bias):
            scores = (x @ weights.reshape(len(weights), -1)).reshape(len(x), len(strengths), classes) + bias
            excess = (jax.nn.softmax(scores) - wanted) / len(x)
            slope = (x.T @ excess.reshape(len(x), -1)).reshape(weights.shape)
            return slope + strengths[:, None] * weights, excess.sum(axis=0)

        def step(state):
            weights, bias, ahead, momentum, _, count = state
            slopes = gradient(*ahead)
            new = [place - slope / most for place, slope, most in zip(ahead, slopes, bound, strict=True)]
            moved = new[0] - weights, new[1] - bias
            # Nesterov's momentum, dropped for a strength where it leads uphill (O'Donoghue & Candès 2015).
            uphill = sum((s * m).sum(axis=(0, 2) if s.ndim == 3 else 1) for s, m in zip(slopes, moved, strict=True)) > 0
            momentum = jnp.where(uphill, 1.0, momentum)
            following = (1 + jnp.sqrt(1 + 4 * momentum**2)) / 2
            share = jnp.where(uphill, 0.0, (momentum - 1) / following)[:, None]
            ahead = new[0] + share * moved[0], new[1] + share * moved[1]
            gain = (slopes[0] ** 2 / bound[0]).sum(axis=(0, 2)) + (slopes[1] ** 2 / bound[1]).sum(axis=1)
            return new[0], new[1], ahead, following, gain.max(), count + 1

        start = jnp.zeros((x.shape[1], len(strengths), classes)), jnp.zeros((len(strengths), classes))
        state = (*start, start, jnp.ones(len(strengths)), jnp.inf, 0)
        weights, bias, *_, steps = jax.lax.while_loop(lambda s: (s[4] > TOLERANCE) & (s[5] < MOST_STEPS), step, state)
        return weights, bias, steps

    return solve

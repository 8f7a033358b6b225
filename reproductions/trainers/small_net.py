"""A net with one hidden layer as a pure function of its weights, for what goes beyond training: lines, Hessians."""

import math


def cross_entropy(weights, x, y, activation):
    """Mean cross-entropy (natural logarithm) of the net on x (n, d), y (n,): the same as the zoo's mlp gives.

    weights: [(d, h), (h,), (h, classes), (classes,)], as get_weights orders them; activation: a JAX function.
    """
    import jax
    import jax.numpy as jnp

    log_p = jax.nn.log_softmax(logits(weights, x, activation))
    return -jnp.take_along_axis(log_p, y[:, None], axis=1).mean()


def logits(weights, x, activation):
    """What goes into the softmax, (n, classes)."""
    first, bias, second, offset = weights
    return activation(x @ first + bias) @ second + offset


def shapes(inputs, units, classes):
    """The shapes of the weights, in order."""
    return [(inputs, units), (units,), (units, classes), (classes,)]


def count(shapes):
    """How many numbers the weights are."""
    return sum(math.prod(shape) for shape in shapes)


def unflatten(vector, shapes):
    """One vector of all weights as a list of arrays."""
    weights, begin = [], 0
    for shape in shapes:
        end = begin + math.prod(shape)
        weights.append(vector[begin:end].reshape(shape))
        begin = end
    return weights

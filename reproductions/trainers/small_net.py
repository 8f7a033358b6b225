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


def cross_entropy_hessian(vector, shapes, x, y, activation):
    """The exact Hessian of cross_entropy, (p, p), at one vector of all weights; shapes as the function `shapes` gives them.

    Both layers are linear in their weights, so all second derivatives are matrix products of the layers' inputs with those
    in what goes into tanh and into the softmax, which an image has few of. The curvature of the loss comes down through
    the first derivatives, as in backpropagation; tanh and the product of the layers add theirs times the gradient (Bishop,
    Exact calculation of the Hessian matrix for the multilayer perceptron, Neural Computation 1992).
    """
    import jax
    import jax.numpy as jnp

    first, bias, second, offset = unflatten(vector, shapes)
    slope, bend = (jax.vmap(jax.vmap(f)) for f in (jax.grad(activation), jax.grad(jax.grad(activation))))
    sums = x @ first + bias
    x, hidden = (jnp.pad(part, ((0, 0), (0, 1)), constant_values=1) for part in (x, activation(sums)))
    slope, bend = slope(sums), bend(sums)
    p = jax.nn.softmax(hidden @ jnp.concatenate([second, offset[None]]))
    gradient = (p - jax.nn.one_hot(y, len(offset), dtype=p.dtype)) / len(x)
    curvature = (jax.vmap(jnp.diag)(p) - p[:, :, None] * p[:, None, :]) / len(x)  # (n, classes, classes)
    down = slope[:, :, None] * (second @ curvature)  # (n, h, classes)
    below = down @ second.T * slope[:, None, :] + jax.vmap(jnp.diag)(bend * (gradient @ second.T))  # (n, h, h)
    across = jnp.einsum("nac,nk->nakc", down, hidden)
    units = jnp.arange(len(second))
    across = across.at[:, units, units].add(slope[:, :, None] * gradient[:, None, :])  # (n, h, h + 1, classes)

    def products(left, parts):
        """Sums over the images: (n, i), (n, a, ...) -> (i a, ...)."""
        return jnp.tensordot(left, parts, axes=(0, 0)).reshape(left.shape[1] * parts.shape[1], *parts.shape[2:])

    size = x.shape[1] * len(second)
    corner = products(x, across).reshape(size, -1)
    one, other = jnp.triu_indices(len(second))  # of two symmetric units once
    pair = jnp.zeros((len(second),) * 2, int).at[one, other].set(jnp.arange(len(one))).at[other, one].set(jnp.arange(len(one)))
    upper = products(x, below[:, one, other, None] * x[:, None]).reshape(x.shape[1], len(one), x.shape[1])
    upper = upper[:, pair].transpose(0, 1, 3, 2).reshape(size, size)
    lower = products(hidden, jnp.einsum("ncd,nl->ncld", curvature, hidden)).reshape(corner.shape[1], -1)
    return jnp.block([[upper, corner], [corner.T, lower]])


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

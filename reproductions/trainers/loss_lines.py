"""The loss along straight lines in weight space (Goodfellow, Vinyals & Saxe, ICLR 2015), for many nets at once."""

import functools

import numpy as np

PAIRS_AT_ONCE = 32  # nets that a GPU evaluates side by side; a processor takes them in turn


def losses_along(starts, ends, positions, x, y):
    """Mean cross-entropy of K nets with one rectified hidden layer on the lines from their starts to their ends.

    starts, ends: lists [(K, d, h), (K, h), (K, h, classes), (K, classes)] of stacked weights, as a population of
    zoo's mlp of one hidden layer has them; positions: (T,), 0 is the start, 1 the end. x: (n, ...) as the net's first
    matrix takes it, y: (n,) labels. Returns float64 (K, T).
    """
    import jax
    import jax.numpy as jnp

    members, count = len(starts[0]), len(positions)
    batch = None if jax.default_backend() == "cpu" else PAIRS_AT_ONCE
    x, y = jnp.asarray(x.reshape(len(x), -1), "float32"), jnp.asarray(y)
    pairs = jnp.stack(jnp.meshgrid(jnp.arange(members), jnp.arange(count), indexing="ij"), axis=-1).reshape(-1, 2)
    with jax.default_matmul_precision("float32"):  # a GPU's short cut shows up as bumps on a smooth line
        losses = _compiled(batch)(starts, ends, jnp.asarray(positions, "float32"), pairs, x, y)
    return np.asarray(losses, float).reshape(members, count)


def largest_rise(losses):
    """The most that each line (K, T) rises above the lowest point before; 0 where it falls all the way."""
    return (losses - np.minimum.accumulate(losses, axis=1)).max(axis=1)


@functools.cache  # both lines of a trial share the program
def _compiled(batch):
    import jax

    from zoo.reproductions.trainers.small_net import cross_entropy

    @jax.jit
    def along(starts, ends, positions, pairs, x, y):
        def loss(pair):
            member, t = pair[0], positions[pair[1]]
            weights = [(1 - t) * start[member] + t * end[member] for start, end in zip(starts, ends, strict=True)]
            return cross_entropy(weights, x, y, jax.nn.relu)

        return jax.lax.map(loss, pairs, batch_size=batch)

    return along

"""In which order a member sees its examples: the same on every backend, decided by seed and epoch."""

import functools


def epoch_order(key, epoch, n):
    """A permutation of 0..n-1 as int32 (n,): JAX key of the member, number of the epoch."""
    import jax
    import jax.numpy as jnp

    bits = jax.random.bits(jax.random.fold_in(key, epoch), (n,), "uint32")
    return jnp.argsort(bits).astype("int32")


def member_key(seed):
    """The JAX key that decides a member's orders."""
    import jax

    return jax.random.key(seed, impl="threefry2x32")


@functools.cache
def _compiled(n):
    import jax

    return jax.jit(functools.partial(epoch_order, n=n))


def host_order(seed, epoch, n):
    """`epoch_order` as a NumPy array, computed on the CPU: for backends other than JAX."""
    import jax
    import numpy as np

    with jax.default_device(jax.local_devices(backend="cpu")[0]):
        return np.asarray(_compiled(n)(member_key(seed), epoch))

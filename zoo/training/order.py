"""In which order a member sees its examples: the same on every backend, decided by seed and epoch."""

import numpy as np

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))  # bits, in turn


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


def host_order(seed, epoch, n):
    """`epoch_order` of the seed's key as a NumPy array, for backends other than JAX.

    JAX is not asked: it would start on every accelerator there is, and take the memory that the backend wants.
    """
    key = _threefry(*_words(seed), *_words(epoch))
    bits = _threefry(*key, np.zeros(n, "uint32"), np.arange(n, dtype="uint32"))
    return np.argsort(bits[0] ^ bits[1], kind="stable").astype("int32")


def _words(number):
    """A number below 2**32 as two words of 32 bits, (1,) each."""
    return np.zeros(1, "uint32"), np.array([number], "uint32")


def _threefry(key_high, key_low, high, low):
    """Threefry-2x32 of counters (n,) with 20 rounds, two arrays (n,): Salmon, Moraes, Dror & Shaw, Parallel random numbers: as
    easy as 1, 2, 3 (SC 2011), as JAX draws its numbers by.
    """
    keys = (key_high, key_low, key_high ^ key_low ^ np.uint32(0x1BD11BDA))
    high, low = high + keys[0], low + keys[1]
    for turn in range(5):
        for bits in _ROTATIONS[turn % 2]:
            high = high + low
            low = (low << np.uint32(bits) | low >> np.uint32(32 - bits)) ^ high
        high = high + keys[(turn + 1) % 3]
        low = low + keys[(turn + 2) % 3] + np.uint32(turn + 1)
    return high, low

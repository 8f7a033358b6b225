"""What the recurrent models share."""

import keras

UNROLLED = 32  # steps up to which writing all of them out pays for its longer compilation


def recurrent_options(x, layers, unroll):
    """The numbers 1..layers, and whether to write the steps of x (n, timesteps, features) out, by default where it pays."""
    if layers < 1:
        raise ValueError(f"layers must be at least 1; got {layers}.")
    return range(1, layers + 1), _unrolling_pays(x.shape[1]) if unroll is None else unroll


def _unrolling_pays(steps):
    """On an accelerator half the time of short sequences; on a CPU minutes of compilation for little."""
    if keras.backend.backend() != "jax":
        return False
    import jax

    return steps <= UNROLLED and jax.default_backend() != "cpu"

"""What the recurrent models share."""

UNROLLED = 32  # steps up to which writing all of them out pays for its longer compilation


def recurrent_options(x, layers, unroll):
    """The numbers 1..layers, and whether to write the steps of x (n, timesteps, features) out, by default if few."""
    if layers < 1:
        raise ValueError(f"layers must be at least 1; got {layers}.")
    return range(1, layers + 1), x.shape[1] <= UNROLLED if unroll is None else unroll

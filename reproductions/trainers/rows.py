"""The rows that a trial returns, from what it measured of its seeds."""

import numpy as np


def rows_of(seeds, values, shared):
    """A row per seed for each of {metric: one value or one for each seed}, as Trial.run returns them; shared: in all of them."""
    return [
        shared | {"seed": seed, "metric": metric, "value": float(value)}
        for metric, by_seed in values.items()
        for seed, value in zip(seeds, np.broadcast_to(by_seed, len(seeds)), strict=True)
    ]

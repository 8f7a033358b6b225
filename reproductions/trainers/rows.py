"""The rows that a trial returns, from what it measured of its seeds."""

import numpy as np


def rows_of(seeds, values, shared):
    """A row per seed for each of {metric: values}, as Trial.run returns them; shared: in all of them.

    values: one for all seeds, one for each, or for each seed what every test example costs (seeds, n), of which the row has
    the mean, too; NaN where the seed diverged.
    """
    rows = []
    for metric, by_seed in values.items():
        examples = by_seed if np.ndim(by_seed) == 2 else [None] * len(seeds)
        means = np.mean(by_seed, axis=1, dtype="float64") if np.ndim(by_seed) == 2 else by_seed
        for seed, value, losses in zip(seeds, np.broadcast_to(means, len(seeds)), examples, strict=True):
            found = {"seed": seed, "metric": metric, "value": float(value)}
            rows.append(shared | found | ({} if losses is None else {"losses": losses}))
    return rows

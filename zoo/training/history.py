"""What training and evaluation have measured, as tables: a row per member, or per member and epoch."""

import numpy as np

COLUMNS = ("member", "seed", "epoch", "loss", "val_loss", "diverged")  # of tables, beside the metrics


def by_epoch(history, seeds, first_epoch):
    """DataFrame of member, seed, epoch and the metrics of history, {name: (epochs, K)}; epochs count from first_epoch."""
    import pandas as pd

    epochs, members = history["loss"].shape
    index = {
        "member": np.repeat(np.arange(members), epochs),
        "seed": np.repeat(seeds, epochs),
        "epoch": np.tile(np.arange(first_epoch, first_epoch + epochs), members),
    }
    return pd.DataFrame(index | {name: history[name].T.ravel() for name in _loss_first(history)})


def by_member(results, seeds):
    """DataFrame of member, seed and the metrics of results, {name: (K,)}."""
    import pandas as pd

    return pd.DataFrame({"member": range(len(seeds)), "seed": seeds} | {name: results[name] for name in _loss_first(results)})


def _loss_first(names):
    """Names of metrics in the order of tables: loss, the metrics, the same of validation."""
    return sorted(names, key=lambda name: (name.startswith("val_"), name.removeprefix("val_") != "loss"))

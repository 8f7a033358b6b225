"""From a series of numbers to what forecasts are made from: windows of past values and the value that follows each."""

import numpy as np

from zoo.datasets.dataset import Split


def lags_of(info):
    """How long before the value that is forecast those lie that a forecasting data set's examples hold, in their shape."""
    return np.array(info.lags) if info.lags else np.arange(info.input_shape[0], 0, -1)


def windows(values, lags, first, sizes):
    """{split: Split} of a series, one split after another in time, as `sizes` {split: forecasts} has them.

    values (n,). lags: integers of any shape, how long before the forecast value the values of a window lie. first: index
    of the first value that is forecast. x (m, *lags.shape) float32; y (m,) float32, the values themselves. A window may
    reach back into the split before its own, as the past is known when a forecast is made.
    """
    values, lags = np.asarray(values, np.float32), np.asarray(lags)
    ends = first + np.cumsum([0, *sizes.values()])
    assert first >= lags.max() and lags.min() > 0 and ends[-1] <= len(values), "the series is too short"
    splits = {}
    for split, start, end in zip(sizes, ends[:-1], ends[1:]):
        times = np.arange(start, end)
        splits[split] = Split(values[times.reshape(-1, *[1] * lags.ndim) - lags], values[times])
    return splits

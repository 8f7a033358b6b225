"""The head of a model that forecasts a series: its logit is the change from the last known value, by the series' spread."""

import math
import numbers

import keras

from zoo.layers.dense import head_dtype, logits


@keras.saving.register_keras_serializable(package="zoo")
class Forecast(keras.layers.Layer):
    """last value + spread * logits: a forecast in the units of the series, so that a logit of 0 is the naive forecast.

    Called on (logits (n, m), raw input (n, steps) or (n, steps, features)), gives (n, m). The last value is that of the
    last step, of its first feature. spread: a positive number, else ValueError. Linear autoregression has that start for
    nothing; a net that must give the level itself learns first what is the same as a moment ago (Zeng et al. 2023, NLinear).
    """

    def __init__(self, spread, **kwargs):
        super().__init__(**kwargs)
        standardising((0, spread))  # refuses what is no spread
        self.spread = spread

    def call(self, logits, series):
        """The forecasts of a batch."""
        last = series[:, -1:] if len(series.shape) == 2 else series[:, -1, :1]
        return keras.ops.cast(last, logits.dtype) + self.spread * logits

    def compute_output_shape(self, logits_shape, series_shape):
        """As the logits."""
        return logits_shape

    def get_config(self):
        """What __init__ takes."""
        return {**super().get_config(), "spread": self.spread}


def head(inputs, x, classes, series):
    """The output of a model above its last hidden layer, x (n, units): logits, or where `series` (mean, spread) says what is
    forecast, forecasts. Their weights start at 0, and the model thus as the naive forecast.
    """
    if series is None:
        return logits(x, classes)
    if len(inputs.shape) > 3:
        raise ValueError(f"series is for windows, input_shape (steps,) or (steps, features), not {inputs.shape[1:]}.")
    change = logits(x, classes, kernel_initializer="zeros")
    return Forecast(series[1], name="forecast", dtype=head_dtype())(change, inputs)


def standardising(series):
    """(scale, offset) by which values of a series (mean, spread) get mean 0 and spread 1; ValueError for no such pair."""
    plain = isinstance(series, (tuple, list)) and len(series) == 2 and all(isinstance(part, numbers.Real) for part in series)
    if not plain or not all(map(math.isfinite, series)) or series[1] <= 0:
        wanted = "a pair (mean, spread) of finite numbers, the spread positive"
        raise ValueError(f"series must be None or {wanted}; got {series!r}.")
    mean, spread = series
    return 1 / spread, -mean / spread

"""forecast: how a series of numbers goes on after its last value, as a pretrained model expects."""

import numpy as np

from zoo.arrays import array_of
from zoo.errors import InvalidInput


def forecast(model, series, steps=1, lags=None):
    """The next values of a series, float64 (steps,), in its units.

    Args:
        model: one with the option `series`: the name or folder of a preset, such as "lstm_taylor_demand", or a keras.Model
            that `zoo.from_preset`, `zoo.create_model` or a Population of theirs made, with the weights that it has now.
        series: the numbers so far, (n,), the latest last, as far apart as those that the model learnt from, and in their
            units; at least as many as the model looks back.
        steps: how many to forecast, at least 1. A model gives as many at a time as it has outputs, mostly one; further ones
            are made from its own forecasts, as if these had come true, so that errors add up.
        lags: integers in the shape of the model's input: how long before the first value to be forecast those that it looks at
            lie, 1 being the latest. None: those of the data set that the preset, or the shipped one that a model began as,
            learnt from; else, for an input of one axis, the latest values, the oldest first.

    Raises UnknownName for a preset that there is not, InvalidInput for a model that forecasts no series or whose lags nobody
    told, one that diverged, a series that is too short or no numbers, and for steps; CorruptFile for a damaged file.

    >>> demand = zoo.datasets.load("taylor_demand")
    >>> forecast("lstm_taylor_demand", demand.train.y, steps=48).shape
    (48,)
    """
    from zoo.presets import from_preset

    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 1:
        raise InvalidInput(f"steps is how many values to forecast, at least 1; got {steps!r}.")
    preset, model = (_began_as(model), model) if hasattr(model, "layers") else (model, from_preset(model))
    shape = _checked_input(model)
    lags = _lags(preset, shape) if lags is None else _checked_lags(lags, shape)
    known = _checked_series(series, lags.max())
    while len(known) < len(series) + steps:
        window = known[len(known) - lags].astype("float32")[None]
        found = np.asarray(model.predict_on_batch(window), "float64").reshape(-1)
        if not np.isfinite(found).all():
            why = "its training diverged, or the series is beyond it"
            raise InvalidInput(f"The model {model.name} gives no numbers but NaN: {why}.")
        known = np.append(known, found)
    return known[len(series) : len(series) + steps]


def _began_as(model):
    """The name of the shipped preset that a model began as, None of others."""
    from zoo.presets import list_presets
    from zoo.presets.loading import origin_of

    name = origin_of(model).get("based_on", {}).get("name")
    return name if name in list_presets() else None


def _checked_input(model):
    """The shape of what a model takes. Raises InvalidInput where it forecasts no series."""
    from zoo.registry import how_made

    made = how_made(model)
    if not made["options"].get("series"):
        raise InvalidInput(
            f"This {made['model']} forecasts no series: it was made without the option series=(mean, spread). The preset "
            "lstm_taylor_demand does."
        )
    return tuple(model.input_shape[1:])


def _lags(preset, shape):
    """The lags of a preset's data set (None for no preset), else those of the latest values. InvalidInput where neither fits."""
    from zoo.datasets import describe, list_datasets
    from zoo.datasets.series import lags_of
    from zoo.presets import model_card

    name = model_card(preset).get("dataset", {}).get("name") if preset is not None else None
    if name in list_datasets():
        info = describe(name)
        if info.task == "forecasting" and tuple(info.input_shape) == shape:
            return lags_of(info)
    if len(shape) == 1:
        return np.arange(shape[0], 0, -1)
    raise InvalidInput(f"Which past values the model takes, in the shape {shape}, nobody told: name them with lags.")


def _checked_lags(lags, shape):
    found = array_of(lags, "The array of lags")
    if found.shape != shape or found.dtype.kind not in "iu" or found.min() < 1:
        raise InvalidInput(f"lags must be integers of at least 1 in the shape of the model's input, {shape}; got {lags!r:.80}.")
    return found.astype("int64")


def _checked_series(series, longest):
    if np.ma.is_masked(series):
        raise InvalidInput("The series has masked values, which would count: fill them in (.filled()) or cut it.")
    found = array_of(series, "The series")
    if found.ndim != 1 or found.dtype.kind not in "iuf":
        raise InvalidInput(f"A series is a vector of numbers; got {found.dtype} of shape {found.shape}.")
    if len(found) < longest:
        raise InvalidInput(f"The model looks {longest} values back; the series has {len(found)}.")
    if not np.isfinite(found).all():
        raise InvalidInput(f"The series has {np.sum(~np.isfinite(found))} values that are not finite; fill them in or cut it.")
    return found.astype("float64")

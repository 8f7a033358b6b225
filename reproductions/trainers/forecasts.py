"""Forecasts of the next value of a series: by rules without weights, by linear autoregression, by populations of nets.

All see the same windows, and all are judged by the measure that the literature on their series uses.
"""

import time

import numpy as np

from zoo.reproductions.harness.trial import WithFiles
from zoo.reproductions.trainers.arrays import packed
from zoo.reproductions.trainers.step_sizes import best_setting

INTERVAL = (0.05, 0.95)  # quantiles of the residuals that bound an interval of 90 %
# The forecasts of the test split that are averages over these years, and what the sunspots' errors are relative to.
PERIODS = {"1921_1955": slice(0, 35), "1956_1979": slice(35, 59), "1980_2008": slice(59, 88)}
SUNSPOT_VARIANCE = 1535


def measures(dataset, truth, forecast):
    """{metric: value} of forecasts (n,) of a data set's test split, an array of what each forecast costs where it is their mean.

    sunspots: the average relative variance of each period (Weigend et al. 1990); taylor_demand: the mean absolute
    percentage error; others: the root mean square error by the standard deviation of the test values.
    """
    truth, error = np.asarray(truth, float), np.asarray(forecast, float) - np.asarray(truth, float)
    if dataset == "sunspots":
        return {f"arv_{years}": error[place] ** 2 / SUNSPOT_VARIANCE for years, place in PERIODS.items()}
    if dataset == "taylor_demand":
        return {"mape_pct": 100 * np.abs(error) / truth}
    return {"nrmse": np.sqrt(np.mean(error**2)) / truth.std()}


def forecast_simply(trial, report):
    """The run function of what draws nothing at random. The recipe names column: of the flattened window, the value that
    is the forecast; None for linear autoregression on the whole window, by least squares.

    Rows: the measures and coverage_pct of test, validation_nrmse. Like the nets, the autoregression is fitted on the training
    split for validation and its interval, and on training and validation for the test.
    """
    from sklearn.linear_model import LinearRegression

    from zoo.datasets import load

    data, column = load(trial.dataset), trial.recipe["column"]

    def fitted(*splits):
        if column is not None:
            return lambda x: _flat(x)[:, column]
        model = LinearRegression().fit(*(np.concatenate(parts) for parts in zip(*((_flat(s.x), s.y) for s in splits))))
        return model.predict

    began = time.perf_counter()
    held_out = fitted(data.train)(_flat(data.validation.x))[None]
    tested = fitted(data.train, data.validation)(_flat(data.test.x))[None]
    report.progress(1, 1)
    parameters = 0 if column is not None else _flat(data.test.x).shape[1] + 1
    shared = {"seconds": time.perf_counter() - began, "parameters": parameters, "updates": 0, "backend": "scikit-learn"}
    return _outcome(trial, data, held_out, tested, {}, shared | {"precision": "float64"})


def forecast_with_nets(trial, report):
    """The run function of a zoo model (mlp, rnn or lstm), trained from every seed by squared error.

    The recipe names options (of the model), rates (step sizes), epochs (at most), batch_size and search_seeds, and may name
    decays, weight decays to try, of AdamW (Loshchilov & Hutter 2019), 0 for none. Step size, weight decay and number of
    epochs are those with the lowest mean validation error over the first search_seeds seeds, NaN counting as the worst; nets
    that learn so from the training split give validation_nrmse and the interval, nets that do from training and validation
    the test. Rows beside those of forecast_simply: step_size, epochs and, where decays are named, weight_decay.
    """
    from zoo.datasets import load

    data, r, n = load(trial.dataset), trial.recipe, len(trial.seeds)
    rates, decays = r["rates"], r.get("decays", [0])
    seeds, losses, seconds = trial.seeds[: r["search_seeds"]], [], 0.0
    for place, decay in enumerate(decays):
        searched = population_of(trial, data, [*seeds] * len(rates))
        history = _fit(searched, data.train, r, r["epochs"], np.repeat(rates, len(seeds)), decay, data.validation)
        losses.append(history.val_loss.to_numpy().reshape(len(rates), len(seeds), r["epochs"]))
        seconds += searched.fit_seconds
        report.progress(place + 1, len(decays) + 2)
    place, epochs = best_setting(np.concatenate(losses))
    chosen = {"step_size": rates[place % len(rates)], "epochs": epochs}
    decay = decays[place // len(rates)]
    if "decays" in r:
        chosen["weight_decay"] = decay
    both = [np.concatenate(parts) for parts in zip(data.train, data.validation)]
    forecasts = []
    for learnt, asked in ((data.train, data.validation), (both, data.test)):
        population = population_of(trial, data, trial.seeds)
        _fit(population, learnt, r, epochs, [chosen["step_size"]] * n, decay)
        forecasts.append(population.predict(asked.x)[:, :, 0])
        seconds += population.fit_seconds
        report.progress(len(decays) + len(forecasts), len(decays) + 2)
    shared = {
        "seconds": seconds / n,
        "parameters": population.template.count_params(),
        "updates": epochs * -(-len(both[0]) // r["batch_size"]),
        "precision": "float32",
    }
    return _outcome(trial, data, *forecasts, chosen, shared)


def population_of(trial, data, seeds):
    """The untrained nets of a trial; what they forecast is standardised by the mean and deviation of the training targets."""
    import zoo

    series = [float(data.train.y.mean()), float(data.train.y.std())]
    return zoo.Population(
        lambda: zoo.create_model(trial.model, data.input_shape, 1, series=series, **trial.recipe["options"]), seeds
    )


def _fit(population, data, recipe, epochs, rates, weight_decay, validation=None):
    """Train for the first `epochs` of the recipe's, at rates that would fall to 0 at the end of them all."""
    import keras

    steps = recipe["epochs"] * -(-len(data[0]) // recipe["batch_size"])
    decay = keras.optimizers.schedules.CosineDecay(recipe["rates"][0], steps)
    adam = keras.optimizers.AdamW(decay, weight_decay=weight_decay) if weight_decay else keras.optimizers.Adam(decay)
    population.compile(adam, "mean_squared_error", learning_rate=rates)
    return population.fit(*data, epochs=epochs, batch_size=recipe["batch_size"], validation_data=validation, verbose=False)


def _outcome(trial, data, held_out, tested, chosen, shared):
    """Rows and files of a trial from forecasts (seeds, n) of the validation and the test split."""
    residuals = np.quantile(data.validation.y - held_out, INTERVAL, axis=1)
    low, high = tested + residuals[0][:, None], tested + residuals[1][:, None]
    inside = 100 * np.mean((low <= data.test.y) & (data.test.y <= high), axis=1)
    inside[~np.isfinite(low + high).all(axis=1)] = np.nan  # nothing is inside or outside where a net diverged
    relative = np.sqrt(np.mean((held_out - data.validation.y) ** 2, axis=1)) / data.train.y.std()
    shared = {"n_train": len(data.train.y) + len(data.validation.y), "n_test": len(data.test.y)} | shared
    rows = []
    for index, seed in enumerate(trial.seeds):
        found = measures(trial.dataset, data.test.y, tested[index])
        found |= {"coverage_pct": inside[index], "validation_nrmse": relative[index], **chosen}
        for metric, value in found.items():
            losses = {"losses": value} if np.ndim(value) else {}
            rows.append(shared | losses | {"seed": seed, "metric": metric, "value": float(np.mean(value))})
    arrays = {"truth": data.test.y, "forecasts": tested, "low": low, "high": high}
    return WithFiles(rows, {"forecasts.npz": packed({name: np.float32(array) for name, array in arrays.items()})})


def _flat(x):
    return np.asarray(x, float).reshape(len(x), -1)

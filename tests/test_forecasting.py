"""forecasting: the published figures of simple methods come out, windows and head are right, the test decides nothing."""

import importlib
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import zoo
from zoo.datasets import load, series
from zoo.errors import InvalidInput
from zoo.reproductions import forecasting as claim
from zoo.reproductions.harness import Budget, Trial
from zoo.reproductions.harness.folder import read_folder
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.trainers import forecasts
from zoo.reproductions.trainers.arrays import unpacked

SERIES = (40.0, 25.0)
SIZES = {"naive": 0, "seasonal naive": 0, "linear": 13, "mlp": 900, "rnn": 1100, "lstm": 4000}  # weights
TINY = {
    "mlp": {"widths": [5], "dropout": 0, "input_dropout": 0},
    "rnn": {"units": 4},
    "lstm": {"units": 4, "layers": 1, "dropout": 0},
}


# -- data ------------------------------------------------------------------------------------------------------


def simply(dataset, column):
    """{metric: value} and files of a method without seeds."""
    trial = Trial(dataset, "simple", "", (0,), forecasts.forecast_simply, {"column": column})
    found = forecasts.forecast_simply(trial, Report())
    return {row["metric"]: row["value"] for row in found.rows}, unpacked(found.files["forecasts.npz"])


def test_linear_autoregression_has_the_published_errors_on_sunspots():
    found, _ = simply("sunspots", None)
    assert found["arv_1921_1955"] == pytest.approx(0.126, abs=5e-4)
    assert found["arv_1956_1979"] == pytest.approx(0.358, abs=5e-4)


def test_linear_autoregression_is_that_of_statsmodels():
    from statsmodels.tsa.ar_model import AutoReg

    data = load("sunspots")
    known = np.concatenate([data.train.x[0], data.train.y, data.validation.y]).astype(float)
    constant, *weights = AutoReg(known, lags=12).fit().params
    theirs = forecasts.measures("sunspots", data.test.y, constant + data.test.x[:, ::-1].astype(float) @ weights)
    theirs = {metric: float(costs.mean()) for metric, costs in theirs.items()}
    assert {metric: simply("sunspots", None)[0][metric] for metric in theirs} == pytest.approx(theirs, rel=1e-4)


def test_naive_forecasts_have_the_known_errors_on_electricity_demand():
    columns = claim.COLUMNS["taylor_demand"]
    assert simply("taylor_demand", columns[claim.LAST])[0]["mape_pct"] == pytest.approx(2.27, abs=5e-3)
    assert simply("taylor_demand", columns[claim.SEASON])[0]["mape_pct"] == pytest.approx(2.15, abs=5e-3)


def whole(name, columns):
    """A data set's series again, from the first window and all that is forecast."""
    data = load(name)
    return np.concatenate([columns(data.train.x[0]), data.train.y, data.validation.y, data.test.y])


def test_windows_are_the_values_before():
    numbers = whole("sunspots", lambda window: window)
    assert len(numbers) == 309 and numbers[[0, 1, 2, -1]].tolist() == pytest.approx([5, 11, 16, 2.9])
    data = load("sunspots")
    assert data.test.y[0] == numbers[1921 - 1700]
    assert_array_equal(data.test.x[0], numbers[1909 - 1700 : 1921 - 1700])
    assert_array_equal(data.validation.x[3][-3:], data.validation.y[:3])


def test_windows_of_demand_hold_what_was_a_week_before_the_half_hour_that_follows():
    data = load("taylor_demand")
    values = np.concatenate([data.train.y, data.validation.y, data.test.y])
    for place in (400, 1000, 3000):
        window = np.concatenate([data.train.x, data.validation.x, data.test.x])[place]
        assert_array_equal(window[:, 0], values[place - 48 : place])
        assert_array_equal(window[:, 1], values[place - 336 - 47 : place - 336 + 1])
    # A week apart is more alike than three days and a half apart.
    assert np.abs(data.train.x[:, -1, 1] - data.train.y).mean() * 3 < np.abs(data.train.y[168:] - data.train.y[:-168]).mean()


def test_mackey_glass_solves_its_equation(monkeypatch):
    build = importlib.import_module("zoo.datasets.mackey_glass.build")
    x = np.array(build.solution(6000))
    delayed, now = x[830:-171], x[1000:-1]
    slope = (x[1001:] - x[999:-2]) * build.STEPS / 2
    assert_allclose(slope, 0.2 * delayed / (1 + delayed**10) - 0.1 * now, atol=2e-4)
    monkeypatch.setattr(build, "STEPS", 40)
    assert_allclose(x[:1500:10], np.array(build.solution(6000))[:6000:40], atol=1e-4)


def test_mackey_glass_is_every_sixth_value_of_the_settled_solution():
    build = importlib.import_module("zoo.datasets.mackey_glass.build")
    x = build.solution(build.STEPS * (1200 + 6 * 20))
    assert_array_equal(whole("mackey_glass", lambda window: window)[:20], np.float32(x[12000 : 12000 + 60 * 20 : 60]))


def test_splits_follow_one_another_in_time():
    splits = series.windows(np.arange(30), [[3, 9], [1, 2]], 10, {"train": 5, "validation": 4, "test": 6})
    assert splits["test"].x.shape == (6, 2, 2) and splits["test"].x.dtype == np.float32
    assert np.concatenate([split.y for split in splits.values()]).tolist() == list(range(10, 25))
    assert splits["validation"].x[0].tolist() == [[12, 6], [14, 13]]
    with pytest.raises(AssertionError):
        series.windows(np.arange(20), [1], 10, {"train": 11})


# -- the head --------------------------------------------------------------------------------------------------


def small(name, shape=(6,), seed=0, values=1, **options):
    keras.utils.set_random_seed(seed)
    return zoo.create_model(name, shape, values, series=SERIES, **TINY[name] | options)


@pytest.mark.backend
@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("shape", [(6,), (6, 2)], ids=str)
def test_a_forecast_is_the_last_value_and_a_change_in_the_units_of_the_series(name, shape, tmp_path):
    model = small(name, shape)
    x = np.random.default_rng(0).normal(*SERIES, (5, *shape)).astype("float32")
    last = x[:, -1] if len(shape) == 1 else x[:, -1, 0]
    assert_array_equal(model.predict(x, verbose=0)[:, 0], last)  # as the naive forecast, whatever the seed
    model.get_layer("logits").set_weights([np.full((model.get_layer("logits").input.shape[1], 1), 0.3), np.array([0.1])])
    bare = zoo.create_model(name, shape, 1, rescale=None, **TINY[name])
    bare.set_weights(model.get_weights())
    change = bare.predict((x - SERIES[0]) / SERIES[1], verbose=0)[:, 0]
    forecast = model.predict(x, verbose=0)
    assert forecast.shape == (5, 1) and np.abs(change).max() > 0.01
    assert_allclose(forecast[:, 0], last + SERIES[1] * change, rtol=1e-4)
    inside = zoo.features(model, "logits").predict(x, verbose=0)["logits"]
    assert_allclose(inside[:, 0], change, atol=1e-4)
    model.save(tmp_path / "model.keras")
    assert_array_equal(keras.saving.load_model(tmp_path / "model.keras").predict(x, verbose=0), forecast)


@pytest.mark.backend
@pytest.mark.parametrize("name", TINY)
def test_members_forecast_as_they_would_alone(name):
    data = load("sunspots")
    population = zoo.Population(lambda: small(name, (12,)), seeds=[1, 2])
    population.compile("adam", "mean_squared_error")
    history = population.fit(*data.train, epochs=2, batch_size=32, verbose=False)
    assert np.isfinite(history.loss).all()
    together = population.predict(data.test.x[:7])
    for member in range(2):
        assert_allclose(together[member], population[member].predict(data.test.x[:7], verbose=0), rtol=1e-4)


@pytest.mark.parametrize("name", TINY)
def test_sixteen_bits_do_not_round_the_series_away(name):
    """Numbers about 30,000 are 128 apart in bfloat16; what a series does is not."""
    x = np.float32(30_000) + np.random.default_rng(0).normal(0, 50, (5, 6)).astype("float32")
    found = []
    for policy in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        try:
            keras.utils.set_random_seed(0)
            model = zoo.create_model(name, (6,), 1, series=(30_000.0, 50.0), **TINY[name])
            found.append(model.predict(x, verbose=0))
        finally:
            keras.config.set_dtype_policy("float32")
    assert found[1].dtype == np.float32
    assert_allclose(found[1], found[0], atol=5)


def test_a_forecaster_is_a_preset_like_any_other(tmp_path):
    model = small("lstm", (12,))
    zoo.save_preset(model, tmp_path / "mine")
    x = load("sunspots").test.x
    assert_array_equal(zoo.from_preset(tmp_path / "mine").predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("wrong", [5, (1.0,), (0.0, 0.0), (0.0, float("nan")), ("a", 1)], ids=str)
def test_a_series_that_is_none(name, wrong):
    with pytest.raises(InvalidInput, match="pair .mean, spread. of finite numbers, the spread positive"):
        zoo.create_model(name, (6,), 1, series=wrong)


# -- training --------------------------------------------------------------------------------------------------


def test_the_setting_is_the_one_with_the_lowest_mean_validation_error():
    losses = np.full((2, 2, 3), 5.0)
    losses[0, 0, 0] = 0.0  # one lucky seed
    losses[1, :, 1] = 2.0
    assert forecasts.best_setting(losses) == (1, 2)
    losses[1, 1, 1] = np.nan
    assert forecasts.best_setting(losses) == (0, 1)


def net_trial(model="lstm", **changes):
    recipe = {"options": TINY[model], "rates": [0.001, 0.03], "epochs": 3, "batch_size": 32, "search_seeds": 2}
    return Trial("sunspots", model, "tested", (3, 4), forecasts.forecast_with_nets, recipe | changes)


@pytest.fixture(scope="module")
def trained():
    return forecasts.forecast_with_nets(net_trial(), Report())


def test_weight_decay_is_tried_beside_step_sizes(trained):
    """So strong a decay leaves no forecast but the last value's; with none besides it has to be taken, and makes a difference."""
    found = {}
    for decays in ([0], [0, 40.0], [40.0], [40.0, 0]):
        rows = pd.DataFrame(forecasts.forecast_with_nets(net_trial(decays=decays), Report()).rows)
        found[str(decays)] = rows[rows.seed == 4].set_index("metric").value
    without = pd.DataFrame(trained.rows)
    assert found["[0]"].drop("weight_decay").to_dict() == without[without.seed == 4].set_index("metric").value.to_dict()
    assert [found[decays].weight_decay for decays in ("[0]", "[0, 40.0]", "[40.0]", "[40.0, 0]")] == [0, 0, 40, 0]
    for decays in ("[0, 40.0]", "[40.0, 0]"):
        assert found[decays].step_size == found["[0]"].step_size
        assert found[decays].arv_1921_1955 == pytest.approx(found["[0]"].arv_1921_1955)
    assert found["[40.0]"].arv_1921_1955 > 1.05 * found["[0]"].arv_1921_1955


def test_the_test_split_decides_nothing(trained, monkeypatch):
    import zoo.datasets

    data = load("sunspots")
    turned = data.__class__(**{**vars(data), "test": data.test._replace(y=data.test.y[::-1])})
    monkeypatch.setattr(zoo.datasets, "load", lambda name: turned)
    again = forecasts.forecast_with_nets(net_trial(), Report())
    before, after = (unpacked(found.files["forecasts.npz"]) for found in (trained, again))
    assert_array_equal(before["forecasts"], after["forecasts"])
    assert_array_equal(before["low"], after["low"])
    errors = [{row["metric"]: row["value"] for row in found.rows} for found in (trained, again)]
    assert errors[0]["arv_1921_1955"] != errors[1]["arv_1921_1955"]


def test_rows_of_nets(trained):
    runs = pd.DataFrame(trained.rows)
    assert set(runs.metric) == {
        "arv_1921_1955",
        "arv_1956_1979",
        "arv_1980_2008",
        "coverage_pct",
        "validation_nrmse",
        "step_size",
        "epochs",
    }
    assert np.isfinite(runs.value).all() and set(runs.seed) == {3, 4} and (runs.n_train == 209).all()
    chosen = {metric: runs[runs.metric == metric].value.unique().item() for metric in ("step_size", "epochs")}
    assert chosen["step_size"] == 0.03
    assert (runs.updates == chosen["epochs"] * 7).all() and (runs.seconds > 0).all()


def test_nets_are_trained_anew_on_all_years_before_the_test(trained):
    """Keras written by hand, the same starts: the chosen epochs on 209 years, the learning rate falling as if for all three."""
    from zoo.training.order import host_order

    epochs = next(int(row["value"]) for row in trained.rows if row["metric"] == "epochs")
    data, trial = load("sunspots"), net_trial()
    x, y = (np.concatenate(parts) for parts in zip(data.train, data.validation))
    net = forecasts.population_of(trial, data, trial.seeds)[1]
    net.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.03, 3 * 7)), "mean_squared_error")
    for epoch in range(epochs):
        rows = host_order(4, epoch, len(x))
        net.fit(x[rows], y[rows], batch_size=32, shuffle=False, verbose=0)
    found = unpacked(trained.files["forecasts.npz"])["forecasts"][1]
    assert_allclose(found, net.predict(data.test.x, verbose=0)[:, 0], rtol=1e-3)


def test_intervals_come_from_the_residuals_of_validation():
    data = load("sunspots")
    trial = Trial("sunspots", "m", "s", (0, 1), forecasts.forecast_simply, {})
    held_out = np.stack([data.validation.y - 10, data.validation.y + np.linspace(-20, 20, 40)])
    tested = np.stack([data.test.y - 10, data.test.y + 100])
    found = forecasts._outcome(trial, data, held_out, tested, {}, {})
    arrays = unpacked(found.files["forecasts.npz"])
    assert_allclose(arrays["low"][0], data.test.y, rtol=1e-6)
    assert_allclose(arrays["high"][1] - tested[1], 18, atol=1e-3)
    coverage = [row["value"] for row in found.rows if row["metric"] == "coverage_pct"]
    assert coverage == [100, 0]


def test_a_net_that_diverged_has_no_coverage():
    data = load("sunspots")
    trial = Trial("sunspots", "m", "s", (0, 1), forecasts.forecast_simply, {})
    held_out, tested = (np.stack([part.y - 10, np.full(len(part.y), np.nan)]) for part in (data.validation, data.test))
    for lost in ((held_out, tested), (held_out, tested[[0, 0]]), (held_out[[0, 0]], tested)):
        found = forecasts._outcome(trial, data, *lost, {}, {})
        coverage = [row["value"] for row in found.rows if row["metric"] == "coverage_pct"]
        assert coverage[0] == 100 and np.isnan(coverage[1])


def test_measures_are_the_literatures():
    truth = np.array([100.0, 200.0, 400.0])
    assert forecasts.measures("taylor_demand", truth, [110, 180, 400])["mape_pct"] == pytest.approx([10, 10, 0])
    assert forecasts.measures("mackey_glass", truth, [truth.mean()] * 3) == {"nrmse": pytest.approx(1)}
    found = forecasts.measures("sunspots", np.zeros(88), np.repeat([1, 2, 3], [35, 24, 29]) * 1535**0.5)
    for (years, size), cost in zip({"1921_1955": 35, "1956_1979": 24, "1980_2008": 29}.items(), (1, 4, 9), strict=True):
        assert found[f"arv_{years}"] == pytest.approx([cost] * size)


# -- the claim -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", ["quick", "full"])
def test_nets_are_tuned_alike(budget):
    trials = claim.trials(Budget.named(budget, None, claim.SEEDS))
    for dataset in claim.COLUMNS:
        nets = {trial.row[1:]: trial.recipe for trial in trials if trial.dataset == dataset and "rates" in trial.recipe}
        assert set(nets) == {claim.MLP, claim.RNN, claim.LSTM} | ({claim.SMALL} if dataset == "sunspots" else set())
        assert len({(str(recipe["rates"]), str(recipe.get("decays")), recipe["batch_size"]) for recipe in nets.values()}) == 1
        epochs = {row: recipe["epochs"] for row, recipe in nets.items()}
        assert epochs[claim.RNN] == epochs[claim.LSTM]
        assert epochs[claim.MLP] == epochs.get(claim.SMALL, epochs[claim.MLP]) == claim.VECTOR[dataset] * epochs[claim.LSTM]


def test_where_linear_autoregression_wins_the_claim_is_contradicted():
    errors = {claim.LAST: 0.9, claim.LINEAR: 0.1, claim.MLP: 0.3, claim.RNN: 0.4, claim.LSTM: 0.2}
    rows = [
        {"dataset": "mackey_glass", "model": model, "setting": setting, "metric": "nrmse"}
        | {"seed": seed, "value": value * (1 + seed / 1e3), "parameters": SIZES[model]}
        for (model, setting), value in errors.items()
        for seed in range(1 if model in ("naive", "linear") else 3)
    ]
    rows += [dict(rows[-1], metric="coverage_pct", seed=seed, value=70.0 + seed) for seed in range(3)]
    checks = {check.name: check for check in claim.judge(pd.DataFrame(rows))}
    assert checks["control: mackey_glass: intervals of 90 % hold 85 % or more"].verdict == "contradicted"
    assert checks["mackey_glass, nrmse: lstm beats linear"].verdict == "contradicted"
    assert checks["mackey_glass, nrmse: lstm beats rnn"].verdict == "reproduced"
    assert checks["mackey_glass, nrmse: mlp beats linear"].effect == pytest.approx(-0.2003)
    assert checks["control: mackey_glass, nrmse: linear beats naive"].verdict == "reproduced"
    assert "naive forecasts" not in checks["control: mackey_glass, nrmse: linear beats naive"].sentence


def test_linear_autoregression_is_held_against_the_better_naive_forecast():
    runs = read_folder(Path(__file__).parents[1] / "results" / "full" / "forecasting")

    def found(last, season):
        changed, name = runs.copy(), "control: taylor_demand, mape_pct: linear beats naive"
        changed.attrs.clear()  # what each half hour costs
        for model, value in (("naive", last), ("seasonal naive", season)):
            changed.loc[(runs.metric == "mape_pct") & (runs.model == model), "value"] = value
        return next(check for check in claim.judge(changed) if check.name == name)

    for last, season, verdict, less in (
        (2, 0.3, "contradicted", claim.SEASON), (0.3, 2, "contradicted", claim.LAST), (2, 1.9, "reproduced", claim.SEASON)
    ):  # fmt: skip
        assert found(last, season).verdict == verdict and f"{less[1]} errs less" in found(last, season).sentence


def test_nets_of_unlike_size_are_said_to_be():
    runs = read_folder(Path(__file__).parents[1] / "results" / "full" / "forecasting")
    runs["parameters"] = runs.model.map(SIZES)
    checks = {check.name: check.sentence for check in claim.judge(runs)}
    assert "(weights: 4,000 and 900)" in checks["mackey_glass, nrmse: lstm beats mlp"]
    assert "(tested on 35 years; weights: 900 and 1,100)" in checks["sunspots, arv_1921_1955: mlp beats rnn"]
    assert "weights" not in checks["mackey_glass, nrmse: mlp beats linear"]


def test_the_published_net_is_held_against_one_of_its_size():
    rows = []
    for metric, level in (("arv_1921_1955", 0.08), ("arv_1956_1979", 0.5)):  # published: 0.086, 0.35
        errors = {claim.LAST: 0.9, claim.SEASON: 0.8, claim.LINEAR: 0.1, claim.MLP: 0.3, claim.SMALL: level}
        errors |= {claim.RNN: 0.4, claim.LSTM: 0.2}
        rows += [
            {"dataset": "sunspots", "model": model, "setting": setting, "metric": metric}
            | {"seed": seed, "value": value * (1 + seed / 1e3), "parameters": SIZES[model]}
            for (model, setting), value in errors.items()
            for seed in range(1 if model in ("naive", "seasonal naive", "linear") else 3)
        ]
    rows += [dict(rows[-1], metric="coverage_pct", seed=seed, value=88.0 + seed) for seed in range(3)]
    runs = pd.DataFrame(rows)
    checks = {check.name: check for check in claim.judge(runs)}
    verdicts = [
        checks[f"control: sunspots, {metric}: mlp of 8 units errs as little as the published net, as recalled"].verdict
        for metric in ("arv_1921_1955", "arv_1956_1979")
    ]
    assert verdicts == ["reproduced", "contradicted"]
    assert checks["sunspots, arv_1921_1955: mlp of 8 units beats mlp"].effect == pytest.approx(0.22022)
    (early, late) = claim.draw(runs).axes
    methods = ["naive", "seasonal naive", "linear", "mlp", "mlp of 8 units", "rnn", "lstm"]
    assert [text.get_text() for text in early.get_xticklabels()] == methods


def test_neighbours_count_together(monkeypatch):
    """In the committed runs: what other years and half hours leave open is more, where the seeds' part is the same."""
    runs = read_folder(Path(__file__).parents[1] / "results" / "full" / "forecasting")
    together = {check.name: check for check in claim.judge(runs)}
    monkeypatch.setattr(claim, "REACH", dict.fromkeys(claim.REACH, 0))
    alone = {check.name: check for check in claim.judge(runs)}
    for name in ("taylor_demand, mape_pct: lstm beats linear", "sunspots, arv_1956_1979: lstm beats linear"):
        assert together[name].wide[0] < alone[name].wide[0] < alone[name].wide[1] < together[name].wide[1]
    for name, check in together.items():
        if name.endswith("linear beats naive"):  # where nothing is random
            assert check.high - check.low >= alone[name].high - alone[name].low
        else:
            assert (check.low, check.high) == (alone[name].low, alone[name].high)
        assert not check.wide or check.wide[1] - check.wide[0] >= alone[name].wide[1] - alone[name].wide[0]
    published = "control: sunspots, arv_1956_1979: mlp of 8 units errs as little as the published net, as recalled"
    assert together[published].wide[1] > alone[published].wide[1]

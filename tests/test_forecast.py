"""How a series goes on: the model's own values on the data set's own windows, then its forecasts as if they had come true."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import zoo
from zoo.datasets.series import lags_of
from zoo.errors import InvalidInput, UnknownName

PRESET = "lstm_taylor_demand"


@pytest.fixture(scope="module")
def demand():
    """All that the splits tell of the series, one after another: 3,648 values."""
    data = zoo.datasets.load("taylor_demand")
    return np.concatenate([data.train.y, data.validation.y, data.test.y])


def window_model(shape=(3,), outputs=1):
    return zoo.create_model("mlp" if len(shape) == 1 else "lstm", shape, outputs, series=(10.0, 2.0))


@pytest.mark.backend
def test_one_step_is_what_the_model_says_of_the_data_set_s_window(demand):
    data = zoo.datasets.load("taylor_demand")
    model, before = zoo.from_preset(PRESET), len(demand) - len(data.test.y)
    expected = model.predict(data.test.x[:3], verbose=0).reshape(-1)
    found = [zoo.forecast(given, demand[: before + place]) for place, given in enumerate((PRESET, model, model))]
    assert all(one.shape == (1,) and one.dtype == "float64" for one in found)
    assert_allclose(np.concatenate(found), expected, rtol=1e-5)


def test_further_steps_take_the_forecasts_for_what_came(demand):
    series, model = demand[:1000], zoo.from_preset(PRESET)
    found = zoo.forecast(model, series, steps=60)  # beyond a day, so that no window holds a day of the series alone
    for step in (1, 47, 59):
        assert_allclose(zoo.forecast(model, np.append(series, found[:step])), found[step : step + 1], rtol=1e-5)
    truth = demand[1000:1060]
    assert np.abs(found / truth - 1).mean() < 0.1 < np.abs(series[-1] / truth - 1).mean(), "a day and more, to a tenth"


def test_lags_are_those_that_the_examples_were_made_by():
    for name in ("taylor_demand", "sunspots", "mackey_glass"):
        info, data = zoo.datasets.describe(name), zoo.datasets.load(name)
        lags = lags_of(info)
        assert lags.shape == info.input_shape
        longest = lags.max()
        series = np.concatenate([data.train.y, data.validation.y])
        assert_allclose(data.validation.x[-1], series[len(series) - 1 - lags], err_msg=f"{name}: {longest}")


def test_models_of_one_s_own_look_at_the_latest_values_or_where_lags_say():
    model = window_model()
    series = np.array([9.0, 10.0, 11.0, 12.0, 13.0])
    (found,) = zoo.forecast(model, series)
    assert found == pytest.approx(model.predict(series[None, 2:], verbose=0).item(), rel=1e-5)
    (found,) = zoo.forecast(model, series, lags=[5, 3, 1])
    assert found == pytest.approx(model.predict(series[None, ::2], verbose=0).item(), rel=1e-5)
    long = np.arange(300.0)
    assert zoo.forecast(model, long, lags=np.array([3, 2, 1], "uint8")) == zoo.forecast(model, long)
    three = window_model(outputs=3)
    found, first = zoo.forecast(three, series, steps=4), three.predict(series[None, 2:], verbose=0)[0]
    assert_allclose(found[:3], first, rtol=1e-5)
    assert found[3] == pytest.approx(three.predict(first[None], verbose=0)[0, 0], rel=1e-5)


def test_bad_input_is_one_clear_error(demand):
    model = window_model()
    for call, message in (
        (lambda: zoo.forecast(PRESET, demand[:382]), "looks 383 values back; the series has 382"),
        (lambda: zoo.forecast(model, [1.0, np.nan, 2.0]), "has 1 values that are not finite"),
        (lambda: zoo.forecast(model, [[1.0, 2.0, 3.0]]), "is a vector of numbers; got float64 of shape"),
        (lambda: zoo.forecast(model, ["a", "b", "c"]), "is a vector of numbers"),
        (lambda: zoo.forecast(model, [1, 2, 3], steps=0), "at least 1; got 0"),
        (lambda: zoo.forecast(model, [1, 2, 3], steps=True), "at least 1; got True"),
        (lambda: zoo.forecast(model, [1, 2, 3], steps=np.array([1, 2])), "at least 1; got"),
        (lambda: zoo.forecast(model, np.ma.masked_equal([1, 2, 3, 4], 4)), "masked values, which would count"),
        (lambda: zoo.forecast(model, [1, 2, 3], lags=[1, 2]), r"in the shape of the model's input, \(3,\)"),
        (lambda: zoo.forecast(model, [1, 2, 3], lags=[0, 1, 2]), "integers of at least 1"),
        (lambda: zoo.forecast(model, [1, 2, 3], lags=[[1, 2], [3]]), "The array of lags is ragged"),
        (lambda: zoo.forecast(model, [[1, 2], [3]]), "The series is ragged"),
        (lambda: zoo.forecast("convnet_mnist", [1, 2, 3]), "This convnet forecasts no series.*lstm_taylor_demand does"),
        (lambda: zoo.forecast(window_model((4, 2)), np.ones(9)), r"in the shape \(4, 2\), nobody told: name them with lags"),
        (lambda: zoo.forecast(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]), [1, 2, 3]), "zoo"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=message):
            call()
    with pytest.raises(UnknownName, match="lstm_taylor_demand"):
        zoo.forecast("lstm_taylor_demnd", demand)
    model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
    with pytest.raises(InvalidInput, match="gives no numbers but NaN"):
        zoo.forecast(model, [1, 2, 3])


def test_the_command_prints_a_value_a_line(call, demand, tmp_path):
    text, array = tmp_path / "demand.txt", tmp_path / "demand.npy"
    text.write_text("\n".join(map(str, demand[:300])) + "\n" + ", ".join(map(str, demand[300:500])))
    np.save(array, demand[:500])
    said = [call("forecast", PRESET, file, "--steps", "3") for file in (text, array)]
    assert said[0] == said[1] and said[0][0] == 0 and said[0][2] == ""
    # All the digits that a number of 32 bits has.
    assert_array_equal(np.float32(said[0][1].splitlines()), np.float32(zoo.forecast(PRESET, demand[:500], 3)))


@pytest.mark.parametrize(
    "given, said", [(b"\x93NUMPY\xff", "What was given is no text of numbers"), (None, "Standard input is closed")]
)
def test_a_pipe_without_a_text_is_one_line(call, given, said):
    code, out, err = call("forecast", PRESET, "-", stdin=given)
    assert (code, out) == (1, "") and said in " ".join(err.split()) and err.count("\n") == 1


def test_files_that_hold_no_series_are_one_line(call, tmp_path):
    (tmp_path / "words.txt").write_text("1 2 three")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "damaged.npy").write_bytes(b"\x93NUMPY")
    np.save(tmp_path / "short.npy", np.ones(5))
    for name, message in (("words.txt", "word 3 is 'three'"), ("bytes.txt", "no text of numbers"), ("damaged.npy", "or damaged"),
                          ("short.npy", "looks 383 values back"), ("none.txt", "There is no file"), (".", "can't be read")):  # fmt: skip
        code, out, err = call("forecast", PRESET, tmp_path / name)
        assert (code, out) == (1, "") and message in " ".join(err.split()) and err.count("\n") == 1

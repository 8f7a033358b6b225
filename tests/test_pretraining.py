"""zoo.pretrain: greedy stages for all members at once, each as it would be alone, and only then the labels."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import zoo
from population_example import compiled, digits, small_model
from zoo.errors import InvalidInput


@pytest.fixture(scope="module")
def x():
    return digits()[0][0]


@pytest.fixture(scope="module")
def pretrained(x):
    """Two members and the history of their pre-training."""
    population = compiled([3, 4], "autoencoder_stack")
    return population, zoo.pretrain(population, x, epochs=(3, 2), batch_size=32)


def test_history_and_weights(pretrained, x):
    population, history = pretrained
    assert list(history.columns) == ["member", "seed", "epoch", "loss", "encoder"]
    assert history.groupby("encoder").size().to_dict() == {1: 6, 2: 4}
    for _, losses in history.groupby(["encoder", "member"]).loss:
        assert losses.iloc[-1] < losses.iloc[0]
    fresh = compiled([3, 4], "autoencoder_stack")
    for k in range(2):
        before, after = fresh[k], population[k]
        for name in ("encoder_1", "encoder_2"):
            assert np.abs(before.get_layer(name).kernel - after.get_layer(name).kernel).max() > 1e-3
        assert_array_equal(before.get_layer("logits").kernel, after.get_layer("logits").kernel)
    assert population.epochs_trained == 0 and population.fit_seconds > 0


def test_a_member_is_pretrained_as_it_would_be_alone(pretrained, x):
    population, history = pretrained
    alone = compiled([4], "autoencoder_stack")
    alone_history = zoo.pretrain(alone, x, epochs=(3, 2), batch_size=32)
    assert_allclose(history[history.member == 1].loss, alone_history.loss, rtol=1e-5)
    for mine, theirs in zip(population.get_weights(1), alone.get_weights(0), strict=True):
        assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


def test_it_starts_from_the_weights_of_the_population(x):
    population = compiled([3], "autoencoder_stack")
    weights = [w + 1 for w in population.get_weights(0)]
    given = compiled([3], "autoencoder_stack", weights=[weights])
    zoo.pretrain(given, x, epochs=1, batch_size=100, optimizer=keras.optimizers.SGD(1e-12))
    for mine, start in zip(given.get_weights(0), weights, strict=True):
        assert_allclose(mine, start, rtol=1e-5)


@pytest.mark.backend
def test_the_labels_come_after(x):
    population = compiled([3, 4], "autoencoder_stack")
    zoo.pretrain(population, x, epochs=1, batch_size=50, corruption="gaussian", level=(0.1, 0.2), tied=True)
    (x, y), held_out = digits()
    settings = {"epochs": 2, "batch_size": 50, "validation_data": held_out, "select": "best"}
    history = population.fit(x, y, **settings)
    assert len(history) == 4 and np.isfinite(history.loss).all()
    fresh = compiled([3, 4], "autoencoder_stack").fit(x, y, **settings)
    assert (np.abs(history.loss - fresh.loss) > 2e-5).all(), "they start from what was learnt without them"


def test_a_batch_is_no_larger_than_the_data_unless_asked_for(x):
    assert len(x) < 128
    losses = [
        zoo.pretrain(compiled([3], "autoencoder_stack"), x, epochs=1, **size).loss.tolist() for size in ({}, {"batch_size": len(x)})
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    "settings, match",
    [
        ({"epochs": (1, 2, 3)}, "epochs needs one value, or one for each of the 2 encoders"),
        ({"epochs": (1, 0)}, "epochs must be a positive integer; got 0"),
        ({"level": (0.1,)}, "level needs one value"),
        ({"level": (0.1, 1.5)}, "level must be at least 0"),
        ({"level": -0.1}, "level must be at least 0"),
        ({"level": float("nan")}, "level must be at least 0"),
        ({"x": np.zeros((0, 8, 8))}, "x is empty: there is nothing to train"),
        ({"corruption": "salt"}, "corruption must be"),
        ({"error": "absolute"}, "error must be"),
        ({"tied": "yes"}, "tied must be True or False, not 'yes'"),
        ({"optimizer": "adamm"}, "no Keras optimizer"),
        ({"batch_size": 101}, "larger than the data, 100 examples"),
        ({"x": np.full((100, 8, 8), np.nan)}, "x contains NaN"),
    ],
)
def test_bad_settings(settings, match, x):
    population = compiled([0], "autoencoder_stack")
    before = population.get_weights(0)
    with pytest.raises(InvalidInput, match=match):
        zoo.pretrain(population, **{"x": x, "epochs": 1, "batch_size": 50} | settings)
    for old, new in zip(before, population.get_weights(0), strict=True):
        assert_array_equal(old, new)


def test_every_setting_is_checked_before_anything_is_trained(x, monkeypatch):
    monkeypatch.setattr(zoo.Population, "fit", None)
    with pytest.raises(InvalidInput, match="level must be at least 0, for masking and salt_and_pepper below 1; got 1.0"):
        zoo.pretrain(compiled([0], "autoencoder_stack"), x, epochs=1, batch_size=50, level=(0.1, 1.0))


def test_a_stack_of_nothing_is_refused():
    with pytest.raises(InvalidInput, match="at least one encoder"):
        zoo.create_model("autoencoder_stack", (8, 8), 10, widths=())


def test_other_models_are_refused(x):
    with pytest.raises(InvalidInput, match="autoencoder_stack or deep_autoencoder models, not 'linear'"):
        zoo.pretrain(compiled([0]), x, epochs=1)


@pytest.mark.backend
def test_the_first_encoder_may_have_inputs_without_bounds(x):
    """Standardised inputs: no sigmoid output could come near them, a linear one does."""
    standardised = ((x - x.mean(axis=0)) / (x.std(axis=0) + 1)).astype("float32")
    build = {"widths": (40,), "rescale": None}
    losses = {}
    for error in ("linear", "squared"):
        population = zoo.Population(lambda: zoo.create_model("autoencoder_stack", x.shape[1:], 10, **build), [3])
        adam = keras.optimizers.Adam(0.01)
        history = zoo.pretrain(population, standardised, epochs=30, batch_size=32, error=error, optimizer=adam)
        losses[error] = history.loss.iloc[-1]
    assert losses["linear"] < 0.6 * losses["squared"]


@pytest.mark.parametrize(
    "options, error, said",
    [
        ({"rescale": None}, "crossentropy", r"Encoder 1 would reconstruct inputs of 0 to 255 by cross-entropy.*error='linear'"),
        ({"activation": "relu"}, "crossentropy", "Encoder 2 would reconstruct units of relu"),
        ({"activation": "tanh"}, ["linear", "crossentropy"], "Encoder 2 would reconstruct units of tanh"),
        ({"activation": "relu"}, ["crossentropy", "linear"], None),
        ({"activation": "relu", "rescale": None}, "linear", None),
    ],
)
def test_a_cross_entropy_that_would_fall_for_ever_is_refused(options, error, said, x):
    build = {"widths": (8, 6)} | options
    population = zoo.Population(lambda: zoo.create_model("autoencoder_stack", x.shape[1:], 10, **build), [3])
    if said is None:
        assert np.isfinite(zoo.pretrain(population, x, epochs=1, batch_size=50, error=error).loss).all()
        return
    with pytest.raises(InvalidInput, match=said):
        zoo.pretrain(population, x, epochs=1, batch_size=50, error=error)


def test_an_error_for_each_encoder_is_checked_before_the_first_one_learns(x):
    population = compiled([3], "autoencoder_stack")
    before = population.get_weights(0)
    for errors, why in ((["linear", "cubic"], "'cubic'"), (["linear"], "one for each of the 2 encoders")):
        with pytest.raises(InvalidInput, match=why):
            zoo.pretrain(population, x, epochs=1, batch_size=32, error=errors)
    for one, other in zip(before, population.get_weights(0), strict=True):
        assert_array_equal(one, other)
    assert len(zoo.pretrain(population, x, epochs=1, batch_size=32, error=["linear", "crossentropy"])) == 2


@pytest.mark.backend
def test_units_may_be_a_function_of_ones_own(x):
    def sigmoid_of_ones_own(x):
        return keras.activations.sigmoid(x)

    def history(units):
        population = zoo.Population(lambda: small_model("autoencoder_stack", activation=units), [3])
        return zoo.pretrain(population, x, epochs=1, batch_size=50)

    assert_allclose(history(sigmoid_of_ones_own).loss, history("sigmoid").loss, rtol=1e-5)


@pytest.mark.parametrize("make", [
    keras.layers.BatchNormalization,
    lambda: keras.layers.Rescaling([1 / 255] * 64),
    lambda: keras.layers.Rescaling(1 / 255, offset=-0.5),
    lambda: keras.Sequential([keras.layers.Rescaling(1 / 255)]),
    lambda: lambda x: keras.layers.Flatten()(zoo.layers.MatmulConv2D(1, 3, padding="same")(keras.layers.Reshape((8, 8, 1))(x))),
], ids=["normalized", "by channel", "offset", "hidden", "convolution"])  # fmt: skip
def test_layers_of_another_model_are_not_taken_for_a_stacks(make):
    def other():
        above = make()
        inputs = keras.Input((8, 8))
        x = above(keras.layers.Flatten()(inputs))
        return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Dense(4, name="encoder_1")(x)), name="mine")

    with pytest.raises(InvalidInput, match="autoencoder_stack or deep_autoencoder models, not 'mine'"):
        zoo.pretrain(zoo.Population(other, [0]), digits()[0][0], epochs=1)


def test_a_deep_autoencoder_may_be_called_otherwise(x):
    def build(**named):
        return zoo.create_model("deep_autoencoder", (8, 8), widths=(16, 8), code=4, activation="sigmoid", **named)

    populations = [zoo.Population(lambda named=named: build(**named), [3]) for named in ({}, {"name": "teacher"})]
    histories = [zoo.pretrain(each, x, epochs=1, batch_size=50) for each in populations]
    assert histories[0].encoder.tolist() == histories[1].encoder.tolist() == [1, 2, 3]
    for mine, own in zip(*(each.get_weights(0) for each in populations), strict=True):
        assert_allclose(mine, own, rtol=1e-6)


def test_a_stack_may_go_on_and_be_called_otherwise(x):
    def build():
        stack = small_model("autoencoder_stack")
        return keras.Model(stack.inputs, keras.layers.Softmax()(stack.outputs[0]), name="mine")

    population, plain = (zoo.Population(made, [3]) for made in (build, lambda: small_model("autoencoder_stack")))
    histories = [zoo.pretrain(each, x, epochs=1, batch_size=50) for each in (population, plain)]
    assert_allclose(histories[0].loss, histories[1].loss, rtol=1e-6)


def test_the_scale_of_images_is_warned_of_once(recwarn):
    stack = {"widths": (4, 4)}
    population = zoo.Population(lambda: zoo.create_model("autoencoder_stack", (8, 8), 10, **stack), [0])
    zoo.pretrain(population, digits()[0][0] / 255, epochs=1)
    assert len([each for each in recwarn if "divides its input by 255" in str(each.message)]) == 1

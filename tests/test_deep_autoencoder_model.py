"""The halves of an autoencoder, its layer-wise pre-training, and what it is trained towards."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import population_example
import zoo
from population_example import compiled, digits
from zoo import reconstruction
from zoo.errors import InvalidInput
from zoo.models.deep_autoencoder import decoders, encoders


@pytest.fixture(scope="module")
def x():
    return digits()[0][0]


def make(**options):
    keras.utils.set_random_seed(0)
    return zoo.create_model("deep_autoencoder", (8, 8), **({"widths": (8, 6), "code": 4} | options))


def sigmoids(seeds, **options):
    """A population of small models of logistic units, compiled."""
    build = population_example.small_model
    population = zoo.Population(lambda: build("deep_autoencoder", activation="sigmoid"), seeds, **options)
    population.compile(keras.optimizers.Adam(0.01), reconstruction.loss(), [reconstruction.squared_error])
    return population


def numpy(values):
    return keras.ops.convert_to_numpy(values)


@pytest.mark.backend
def test_the_halves_make_the_whole_and_share_its_weights(x, tmp_path):
    model = make()
    encoder, decoder = zoo.encoder(model), zoo.decoder(model)
    codes = encoder.predict(x, verbose=0)
    assert codes.shape == (100, 4)
    pixels = decoder.predict(codes, verbose=0)
    assert_allclose(pixels, 255 / (1 + np.exp(-numpy(model(x)))), rtol=1e-4)
    model.get_layer("decoder_1").bias.assign(np.full(64, 50.0))
    assert_allclose(decoder.predict(codes, verbose=0), 255.0, rtol=1e-5)
    decoder.save(tmp_path / "decoder.keras")
    assert_allclose(numpy(keras.saving.load_model(tmp_path / "decoder.keras")(codes)), 255.0, rtol=1e-5)
    assert "code" in zoo.features(model)(x) and "decoder_2" in zoo.features(decoder)(codes)  # whole after it was halved
    assert encoder.count_params() + decoder.count_params() == model.count_params()


def test_without_its_own_scale_the_decoder_gives_what_it_was_shown():
    model = make(rescale=None)
    assert numpy(zoo.decoder(model)(np.zeros((1, 4), "float32"))).max() <= 1


def test_other_models_have_no_halves():
    for wrong in (zoo.create_model("linear", (8, 8), 10), "deep_autoencoder", keras.Sequential([keras.layers.Dense(3)])):
        for half in (zoo.encoder, zoo.decoder):
            with pytest.raises(InvalidInput, match="An autoencoder is wanted"):
                half(wrong)


def test_squared_error_is_the_sum_over_the_pixels_of_an_image():
    y = np.array([[[0.0, 1.0], [0.5, 0.5]]], "float32")
    logits = np.array([[[-50.0, 50.0], [0.0, 50.0]]], "float32")
    assert_allclose(numpy(reconstruction.squared_error(y, logits)), [0.25], atol=1e-6)


def test_targets_are_what_the_model_sees(x):
    assert_allclose(reconstruction.targets(make(), x), x / 255, rtol=1e-6)
    with pytest.raises(InvalidInput, match="lie in 0..1 when multiplied by its rescale, 1; these go from 0 to 255"):
        reconstruction.targets(make(rescale=None), x)


@pytest.mark.parametrize("options", [{"widths": (0,)}, {"code": 0}, {"activation": "nonsense"}, {"code": (1, 2)}])
def test_wrong_options(options):
    with pytest.raises(InvalidInput, match="Its options and their defaults: "):
        make(**options)


@pytest.mark.parametrize("tied", [False, True])
def test_stages_are_unrolled_into_the_model(x, tied):
    """What every stage learnt is what the layers compute: stage by stage the reconstruction that it had at its end."""
    population = sigmoids([3, 4])
    before = population.get_weights(1)
    history = zoo.pretrain(population, x, epochs=(3, 2, 2), batch_size=25, corruption=None, tied=tied)
    assert history.groupby("encoder").size().to_dict() == {1: 6, 2: 4, 3: 4}
    assert population.epochs_trained == 0 and population.fit_seconds > 0
    model = population[1]
    for old, new in zip(before, model.get_weights()):
        assert np.abs(old - numpy(new)).max() > 1e-4
    up, down = encoders(model), decoders(model)
    assert [layer.name for layer in up] == ["encoder_1", "encoder_2", "code"]
    assert [layer.name for layer in down] == ["decoder_1", "decoder_2", "decoder_3"]
    below, losses = (x / 255).reshape(100, -1).astype("float32"), history[history.member == 1].groupby("encoder").loss.last()
    for encoder, decoder, loss in zip(up, down, losses):
        code = encoder(below)
        logits = numpy(code) @ numpy(decoder.kernel) + numpy(decoder.bias)
        if tied:
            assert_array_equal(numpy(decoder.kernel), numpy(encoder.kernel).T)
        error = (np.logaddexp(0, logits) - below * logits).sum(axis=1).mean()
        assert error < loss * 1.001, "the loss of an epoch is met while it still falls"
        assert error == pytest.approx(loss, rel=0.2)
        below = numpy(code)


@pytest.mark.backend
def test_a_member_is_pretrained_as_it_would_be_alone_and_then_fitted(x):
    together, alone = sigmoids([3, 4]), sigmoids([4])
    for population in (together, alone):
        zoo.pretrain(population, x, epochs=1, batch_size=50)
    for mine, theirs in zip(together.get_weights(1), alone.get_weights(0), strict=True):
        assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)
    (x, y), held_out = digits("deep_autoencoder")
    history = together.fit(x, y, epochs=2, batch_size=50, validation_data=held_out, select="best")
    assert history.val_squared_error.iloc[-1] < history.val_squared_error.iloc[-2]


def test_stages_start_from_the_weights_of_the_population(x):
    population = sigmoids([3])
    weights = [w + 1 for w in population.get_weights(0)]
    given = sigmoids([3], weights=[weights])
    zoo.pretrain(given, x, epochs=1, batch_size=100, optimizer=keras.optimizers.SGD(1e-12))
    for mine, start in zip(given.get_weights(0), weights, strict=True):
        assert_allclose(mine, start, rtol=1e-5)


@pytest.mark.parametrize(
    "settings, match",
    [
        ({"epochs": (1, 2)}, "epochs needs one value, or one for each of the 3 encoders"),
        ({"epochs": 0}, "epochs must be a positive integer; got 0"),
        ({"level": (0.1, 0.1, 1.5)}, "level must be at least 0"),
        ({"batch_size": 101}, "larger than the data, 100 examples"),
        ({"x": np.zeros((100, 9, 9))}, "x has shape"),
        (
            {"error": "linear"},
            "decoders of a deep_autoencoder end in sigmoids: its error is 'crossentropy' or 'squared', not 'linear'",
        ),
        pytest.param(
            {"x": np.full((100, 8, 8), 999)},
            r"cross-entropy, .*; bring them there \(rescale, sigmoid units\)\.$",
            marks=pytest.mark.filterwarnings("ignore:x goes up to 999"),
        ),
    ],
)
def test_bad_settings_leave_the_population_as_it_was(settings, match, x):
    population = sigmoids([0])
    before = population.get_weights(0)
    with pytest.raises(InvalidInput, match=match):
        zoo.pretrain(population, **{"x": x, "epochs": 1, "batch_size": 50} | settings)
    for old, new in zip(before, population.get_weights(0), strict=True):
        assert_array_equal(old, new)


def test_only_logistic_units_are_pretrained(x):
    population = compiled([0], "deep_autoencoder")
    with pytest.raises(InvalidInput, match="of sigmoid units is pre-trained by layers, not one of relu"):
        zoo.pretrain(population, x, epochs=1, batch_size=50)

"""Batch normalisation of images: the results, the gradients and the moving averages of Keras's own layer."""

import keras
import numpy as np
import pytest

from layer_example import images, numpy  # noqa: F401
from zoo import layers

pytestmark = pytest.mark.backend


def both(images, **options):
    """The zoo's layer and Keras's with the same weights, none of them 0 or 1."""
    ours, plain = (kind(momentum=0.8, **options) for kind in (layers.BatchNormalization, keras.layers.BatchNormalization))
    draw = np.random.default_rng(1)
    for layer in (ours, plain):
        layer.build(images.shape)
    plain.set_weights([draw.uniform(0.5, 2, weight.shape) for weight in plain.get_weights()])
    ours.set_weights(plain.get_weights())
    return ours, plain


@pytest.mark.parametrize(
    "options", [{}, {"scale": False}, {"center": False}, {"epsilon": 0.1}, {"axis": 1}, {"renorm": True}], ids=str
)
@pytest.mark.parametrize("training", [True, False])
def test_it_is_that_of_keras(images, options, training):
    ours, plain = both(images, **options)
    x = images / images.max()
    for _ in range(2):
        np.testing.assert_allclose(numpy(ours(x, training=training)), numpy(plain(x, training=training)), atol=1e-5)
    for weight, expected in zip(ours.get_weights(), plain.get_weights()):
        np.testing.assert_allclose(weight, expected, rtol=1e-5, atol=1e-6)
    assert [w.name for w in ours.weights] == [w.name for w in plain.weights]


def refuse(*_, **__):
    raise AssertionError("Keras's own way")


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("floatx", ["float32", "float64", "bfloat16"])
def test_tensorflow_has_one_operation_for_it(images, monkeypatch, precision, floatx):
    """In training, whatever precision Keras takes where none is said; else Keras's own way, as with a mask."""
    before = keras.config.floatx()
    keras.config.set_floatx(floatx)
    try:
        ours = layers.BatchNormalization(dtype=precision)
        x = keras.ops.cast(images / images.max(), ours.compute_dtype)
        ours.build(x.shape)
        monkeypatch.setattr(keras.layers.BatchNormalization, "call", refuse)
        others = [{"training": False}, {"training": True, "mask": np.ones(images.shape[:3], bool)}]
        if keras.backend.backend() == "tensorflow":
            assert keras.backend.standardize_dtype(ours(x, training=True).dtype) == ours.compute_dtype
        else:
            others.append({"training": True})
        for how in others:
            with pytest.raises(AssertionError, match="own way"):
                ours(x, **how)
    finally:
        keras.config.set_floatx(before)


def test_a_mask_counts_as_with_keras(images):
    ours, plain = both(images)
    mask = np.random.default_rng(2).random(images.shape[:3]) < 0.5
    x = images / images.max()
    np.testing.assert_allclose(numpy(ours(x, training=True, mask=mask)), numpy(plain(x, training=True, mask=mask)), rtol=1e-6)
    np.testing.assert_allclose(ours.get_weights()[2], plain.get_weights()[2], rtol=1e-6)


def test_its_weights_are_read_from_files_of_keras_layer_and_back(images, tmp_path):
    def model(kind):
        inputs = keras.Input(images.shape[1:])
        return keras.Model(inputs, kind()(kind(momentum=0.5)(inputs)))

    ours, plain = map(model, (layers.BatchNormalization, keras.layers.BatchNormalization))
    for source, target in ((plain, ours), (ours, plain)):
        source.set_weights([np.random.default_rng(0).uniform(1, 2, weight.shape) for weight in source.get_weights()])
        target.set_weights([np.zeros(weight.shape) for weight in target.get_weights()])
        source.save_weights(tmp_path / "a.weights.h5")
        target.load_weights(tmp_path / "a.weights.h5")
        for mine, other in zip(source.get_weights(), target.get_weights()):
            np.testing.assert_array_equal(mine, other)


def test_one_pixel_varies_not_at_all(images):
    ours, plain = both(images[:1, :1, :1])
    for layer in (ours, plain):
        layer(images[:1, :1, :1], training=True)
    np.testing.assert_allclose(ours.get_weights()[3], plain.get_weights()[3], rtol=1e-6)


@pytest.mark.parametrize("precision, tolerance", [("float32", 1e-4), ("mixed_bfloat16", 0.03), ("mixed_float16", 0.01)])
def test_it_learns_as_that_of_keras(images, precision, tolerance):
    """By its gradients, through fit, for images of any number."""

    def learnt(kind):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((9, 8, 3))
        x = kind(dtype=precision, name="norm")(keras.layers.Conv2D(4, 3, use_bias=False, dtype=precision)(inputs))
        model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(keras.layers.Activation("tanh")(x))))
        model.compile(keras.optimizers.SGD(0.05), "mse")
        model.fit(images / images.max(), np.arange(6.0) / 6, batch_size=4, epochs=3, shuffle=False, verbose=0)
        return model.get_weights()

    for ours, plain in zip(learnt(layers.BatchNormalization), learnt(keras.layers.BatchNormalization)):
        np.testing.assert_allclose(ours, plain, atol=tolerance)


def test_frozen_and_in_64_bits_it_is_that_of_keras(images):
    wide = [] if keras.backend.backend() == "jax" else [{"dtype": "float64"}]  # JAX has to be told to have them
    for options in ({"trainable": False}, *wide):
        ours, plain = both(images, **options)
        x = (images / images.max()).astype(ours.compute_dtype)
        np.testing.assert_allclose(numpy(ours(x, training=True)), numpy(plain(x, training=True)), rtol=1e-6)
        assert [keras.backend.standardize_dtype(layer(x, training=True).dtype) for layer in (ours, plain)] == [
            ours.compute_dtype
        ] * 2
        np.testing.assert_allclose(ours.get_weights()[2], plain.get_weights()[2], rtol=1e-6)

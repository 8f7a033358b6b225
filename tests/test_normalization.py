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


@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False}, {"epsilon": 0.1}, {"axis": 1}, {"renorm": True}], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_it_is_that_of_keras(images, options, training):
    ours, plain = both(images, **options)
    x = images / images.max()
    for _ in range(2):
        np.testing.assert_allclose(numpy(ours(x, training=training)), numpy(plain(x, training=training)), atol=1e-5)
    for weight, expected in zip(ours.get_weights(), plain.get_weights()):
        np.testing.assert_allclose(weight, expected, rtol=1e-5, atol=1e-6)
    assert [w.name for w in ours.weights] == [w.name for w in plain.weights]


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
        assert [keras.backend.standardize_dtype(layer(x, training=True).dtype) for layer in (ours, plain)] == [ours.compute_dtype] * 2
        np.testing.assert_allclose(ours.get_weights()[2], plain.get_weights()[2], rtol=1e-6)

"""Convolution and pooling that are vmapped over kernels: results and gradients are those of Keras and of XLA."""

import keras
import numpy as np
import pytest

import zoo
from layer_example import images, numpy, on_jax  # noqa: F401
from zoo import layers

pytestmark = pytest.mark.backend


def as_on(device, monkeypatch):
    """Compute as this kind of machine would."""
    if keras.backend.backend() == "jax":
        from zoo.layers import matmul_convolution

        monkeypatch.setattr(matmul_convolution.jax, "default_backend", lambda: device)


@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("kernel", [2, (3, 5)], ids=str)
def test_convolution_is_that_of_keras(images, monkeypatch, device, padding, strides, kernel):
    as_on(device, monkeypatch)
    options = {"strides": strides, "padding": padding, "bias_initializer": "random_normal", "activation": "relu"}
    ours, plain = layers.MatmulConv2D(4, kernel, **options), keras.layers.Conv2D(4, kernel, **options)
    x = images / images.max()
    plain.build(x.shape)
    ours.build(x.shape)
    ours.set_weights(plain.get_weights())
    np.testing.assert_allclose(numpy(ours(x)), numpy(plain(x)), atol=1e-5)
    assert ours.compute_output_shape(x.shape) == ours(x).shape


@on_jax
@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("padding, size, channels", [("same", (3, 3), 2), ("valid", (2, 4), 3), ("same", (5, 5), 17)])
def test_gradients_of_gradients_are_those_of_xlas_convolution(monkeypatch, device, padding, size, channels):
    """As penalties on gradients want them: by the input and by the kernel, of members."""
    import jax
    from jax import lax

    from zoo.layers.matmul_convolution import convolve

    as_on(device, monkeypatch)
    draw = np.random.default_rng(0)
    x = draw.normal(size=(5, 7, 6, channels)).astype("float32") / 4
    kernel = draw.normal(size=(2, *size, channels, 4)).astype("float32") / 4

    def reference(x, kernel):
        return lax.conv_general_dilated(x, kernel, (1, 1), padding.upper(), dimension_numbers=("NHWC", "HWIO", "NHWC"))

    def penalty(function):
        def scalar(x, kernel):
            return jax.numpy.sin(function(x, kernel)).sum()

        def squares(x, kernel):
            return sum((part**2).sum() for part in jax.grad(scalar, (0, 1))(x, kernel))

        return jax.jit(jax.vmap(jax.grad(squares, (0, 1)), (None, 0)))(x, kernel)

    ours = penalty(lambda x, kernel: convolve(x, kernel, (1, 1), padding))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * np.abs(b).max()), ours, penalty(reference))


@on_jax
@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize(
    "n, padding, strides, size, channels",
    [
        (3, "same", 1, (3, 3), 2),
        (37, "same", 1, (3, 3), 3),
        (3, "valid", 1, (2, 2), 1),
        (9, "valid", 1, (2, 5), 8),
        (3, "same", 2, (3, 3), 2),
        (3, "valid", 1, (1, 3), 2),
    ],
)
def test_convolution_of_members_and_its_gradients(monkeypatch, device, n, padding, strides, size, channels):
    import jax
    from jax import lax

    from zoo.layers.matmul_convolution import convolve

    as_on(device, monkeypatch)
    draw = np.random.default_rng(0)
    x = draw.normal(size=(2, n, 7, 6, channels)).astype("float32")
    kernel = draw.normal(size=(2, *size, channels, 4)).astype("float32")

    def reference(x, kernel):
        return lax.conv_general_dilated(x, kernel, (strides,) * 2, padding.upper(), dimension_numbers=("NHWC", "HWIO", "NHWC"))

    def results(function):
        def scalar(x, kernel):
            return jax.numpy.sin(function(x, kernel)).sum()

        return jax.jit(jax.vmap(jax.value_and_grad(scalar, (0, 1))))(x, kernel)

    ours = results(lambda x, kernel: convolve(x, kernel, (strides,) * 2, padding))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-4), ours, results(reference))


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_convolution_in_bfloat16(images, monkeypatch, device):
    as_on(device, monkeypatch)
    layer = layers.MatmulConv2D(4, 3, padding="same", dtype="mixed_bfloat16")
    x = images / images.max()
    y = layer(x)
    assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
    full = keras.ops.conv(x, numpy(layer.kernel), padding="same")
    np.testing.assert_allclose(numpy(keras.ops.cast(y, "float32")), numpy(full), atol=0.03)


@on_jax
def test_a_kernels_gradient_in_bfloat16_is_summed_more_exactly_than_it_is_kept():
    """Summed in bfloat16, image by image, it would be off by some percent."""
    import jax

    from zoo.layers.matmul_convolution import convolve

    draw = np.random.default_rng(0)
    x, kernel = draw.normal(size=(127, 8, 8, 4)), draw.normal(size=(3, 3, 4, 5))

    def gradient(dtype):
        def scalar(kernel):
            return (convolve(jax.numpy.asarray(x, dtype), kernel, (1, 1), "same").astype("float32") ** 2).sum()

        return np.asarray(jax.grad(scalar)(jax.numpy.asarray(kernel, dtype)), dtype=float)

    exact, ours = gradient("float32"), gradient("bfloat16")
    assert np.abs(ours - exact).max() / np.abs(exact).max() < 0.008


def test_pooling_is_that_of_keras(images):
    np.testing.assert_array_equal(numpy(layers.SlicedMaxPooling2D()(images)), numpy(keras.layers.MaxPooling2D(2)(images)))
    assert layers.SlicedMaxPooling2D().compute_output_shape(images.shape) == (6, 4, 4, 3)


def test_images_of_any_size_go_through_convolution_and_pooling(images):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, layers.SlicedMaxPooling2D()(layers.MatmulConv2D(4, 3, padding="same")(inputs)))
    assert model.output.shape == (None, None, None, 4)
    assert model(images).shape == (6, 4, 4, 4) and model(images[:, :5, :6]).shape == (6, 2, 3, 4)


@on_jax  # elsewhere it is Keras's own layer, and TensorFlow takes no integers
@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_integers_are_convolved_as_numbers(images, dtype):
    ours, plain = layers.MatmulConv2D(4, 3), keras.layers.Conv2D(4, 3)
    for layer in (plain, ours):
        layer.build(images.shape)
    ours.set_weights(plain.get_weights())
    x = images.astype(dtype)
    np.testing.assert_allclose(numpy(ours(x)), numpy(plain(x.astype("float32"))), rtol=1e-4, atol=1e-2)
    assert np.abs(numpy(ours(x))).max() > 1


def test_a_convnet_may_be_a_part_of_a_model_of_ones_own(images):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.body = zoo.create_model("convnet", (8, 8), 10, blocks=[[4]], dense=0)

        def call(self, x):
            return self.body(x)

    inputs = keras.Input((8, 8))
    assert keras.Model(inputs, Net()(inputs)).output.shape == (None, 10)


@on_jax
@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("sides", [(6, 8), (7, 5)], ids=str)
def test_gradient_of_pooling_goes_to_the_largest_pixel(monkeypatch, device, sides):
    import jax

    as_on(device, monkeypatch)
    draw = np.random.default_rng(0)
    x = draw.permutation(4 * sides[0] * sides[1] * 3).reshape(2, 2, *sides, 3).astype("float32")
    weights = draw.normal(size=(2, 2, sides[0] // 2, sides[1] // 2, 3)).astype("float32")

    def gradient(pool):
        return jax.jit(jax.vmap(jax.grad(lambda x, w: (pool(x) * w).sum())))(x, weights)

    np.testing.assert_array_equal(gradient(layers.SlicedMaxPooling2D()), gradient(keras.layers.MaxPooling2D(2)))


@on_jax
@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_equal_maxima_share_the_gradient_of_pooling(monkeypatch, device):
    import jax

    as_on(device, monkeypatch)
    x = np.array([[7, 7, 3, 5], [7, 7, 5, 1]], "float32").reshape(1, 2, 4, 1)

    def scalar(x):
        return (layers.SlicedMaxPooling2D()(x) * np.array([8.0, 2.0]).reshape(1, 1, 2, 1)).sum()

    for gradient in (jax.grad(scalar), jax.jacfwd(scalar)):
        np.testing.assert_array_equal(np.ravel(gradient(x)), [2, 2, 0, 1, 2, 2, 1, 0])

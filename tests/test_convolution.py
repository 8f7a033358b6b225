"""The convolution without windows gives lax.conv's values and gradients, member by member."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from zoo.layers import implicit_gemm


def reference(x, kernel, padding):
    numbers = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (1, 1), padding.upper(), dimension_numbers=numbers, precision="highest")


def values_and_gradients(convolve, x, kernel, padding):
    """(y, dx, dkernel) of every member, for the same random errors."""

    def member(x, kernel):
        y, back = jax.vjp(lambda *arrays: convolve(*arrays, padding), x, kernel)
        error = np.random.default_rng(1).normal(size=y.shape)
        return y, *back(jnp.asarray(error, y.dtype))

    return [np.asarray(array, "float32") for array in jax.jit(jax.vmap(member))(x, kernel)]


def compare(sides, window, channels, filters, padding, dtype, tolerance):
    draw = np.random.default_rng(0)
    x = jnp.asarray(draw.normal(size=(2, 3, *sides, channels)), dtype)
    kernel = jnp.asarray(draw.normal(size=(2, *window, channels, filters)) / np.sqrt(np.prod(window) * channels), dtype)
    got = values_and_gradients(implicit_gemm.convolve, x, kernel, padding)
    expected = values_and_gradients(reference, x.astype("float32"), kernel.astype("float32"), padding)
    for ours, theirs in zip(got, expected):
        np.testing.assert_allclose(ours, theirs, atol=tolerance * theirs.std(), rtol=0)


# the second has a window of even width, channels that are no power of two, tiles that span taps and images
@pytest.mark.parametrize(
    "sides, window, channels, filters, padding", [((7, 6), (5, 5), 16, 32, "valid"), ((4, 5), (3, 2), 48, 16, "same")]
)
def test_kernels_equal_lax_convolution(monkeypatch, sides, window, channels, filters, padding):
    if implicit_gemm.triton is None:
        pytest.fail("this JAX has no Pallas Triton: convolution falls back to slower ways, and this file can go")
    monkeypatch.setattr(implicit_gemm, "INTERPRET", True)
    compare(sides, window, channels, filters, padding, "float32", 1e-4)


def test_a_cpu_keeps_its_own_convolution():
    x, kernel = jnp.zeros((1, 4, 4, 16), jnp.bfloat16), jnp.zeros((3, 3, 16, 16), jnp.bfloat16)
    assert jax.default_backend() != "cpu" or not implicit_gemm.suits(x, kernel, (1, 1))


@pytest.mark.gpu
@pytest.mark.parametrize(
    "sides, channels, filters", [((14, 14), 32, 64), ((7, 7), 64, 128), ((3, 3), 128, 128), ((9, 8), 48, 32)]
)
@pytest.mark.parametrize("window, padding", [((3, 3), "same"), ((5, 5), "valid"), ((2, 3), "same")])
@pytest.mark.parametrize("dtype, tolerance", [("bfloat16", 0.06), ("float32", 0.01)])
def test_kernels_on_a_gpu(sides, channels, filters, window, padding, dtype, tolerance):
    if padding == "valid" and min(sides) < max(window):
        padding = "same"
    compare(sides, window, channels, filters, padding, dtype, tolerance)

"""Convolution on JAX, two ways, both made to be vmapped over kernels, and pooling.

On an accelerator: windows side by side, times the kernel. What costs time there is memory traffic, and k * k copies of
the input are much of it; so a window of (k + 1)^2 pixels gives 2 x 2 outputs at once, from a kernel that holds the
small one at four places: 4 copies instead of 9 for k = 3, at 1.8 times the arithmetic. An epoch of the convnet in
bfloat16 on an H100 took 48 ms so, and 60 ms with single windows.

On a CPU: XLA's convolution, member by member. Its gradient by the kernel is slow inside a loop, so that one is a matrix
product of the errors with the windows of a few images at a time, which stay in the processor's cache, the narrower of the
two on the left: for 64 filters over 64 channels of 14 x 14 pixels that took half the time of the 576 columns of the windows
there, and a step of a ConvNet of five such layers a fifth to a quarter less (batches of 128, one core).
"""

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import sequential_vmap

CACHE = 2**20  # bytes: the windows that a CPU holds at a time
BLOCK = 2  # side of the square of outputs that one window gives


def convolve(x, kernel, strides, padding):
    """x (n, h, w, c) with kernel (kh, kw, c, filters), strides and padding ("same" or "valid") as Keras's Conv2D."""
    kernel = kernel.astype(x.dtype)
    pads, sides = zip(*(_span(*sizes, padding) for sizes in zip(x.shape[1:3], kernel.shape, strides)))
    if strides != (1, 1):
        return _windows(jnp.pad(x, [(0, 0), *pads, (0, 0)]), kernel.shape, strides, sides) @ _rows(kernel)
    if jax.default_backend() == "cpu":
        return _by_member(pads)(x, kernel)
    return _by_blocks(x, kernel, pads, sides)


def _span(side, window, stride, padding):
    """((pad before, pad after), output side) in TensorFlow's convention."""
    if padding == "valid":
        return (0, 0), (side - window) // stride + 1
    size = -(-side // stride)
    pad = max((size - 1) * stride + window - side, 0)
    return (pad // 2, pad - pad // 2), size


def _windows(x, window, strides, sides):
    """All windows of a padded x, (n, *sides, kh * kw * c): shifted slices side by side."""
    down, right = strides
    height, width = sides
    slices = [
        x[:, i : i + down * (height - 1) + 1 : down, j : j + right * (width - 1) + 1 : right]
        for i in range(window[0])
        for j in range(window[1])
    ]
    return jnp.concatenate(slices, axis=-1)


def _rows(x):
    return x.reshape(-1, x.shape[-1])


def _by_blocks(x, kernel, pads, sides):
    kh, kw, channels, filters = kernel.shape
    blocks = tuple(-(-side // BLOCK) for side in sides)
    spare = [blocks[i] * BLOCK - sides[i] for i in range(2)]
    x = jnp.pad(x, [(0, 0), *((low, high + more) for (low, high), more in zip(pads, spare)), (0, 0)])
    wide = (kh + BLOCK - 1, kw + BLOCK - 1)
    windows = _windows(x, wide, (BLOCK, BLOCK), blocks)
    places = [
        jnp.pad(kernel, [(i, BLOCK - 1 - i), (j, BLOCK - 1 - j), (0, 0), (0, 0)]) for i in range(BLOCK) for j in range(BLOCK)
    ]
    y = windows @ jnp.stack(places, axis=3).reshape(-1, BLOCK * BLOCK * filters)
    y = y.reshape(-1, *blocks, BLOCK, BLOCK, filters).transpose(0, 1, 3, 2, 4, 5)
    y = y.reshape(-1, blocks[0] * BLOCK, blocks[1] * BLOCK, filters)
    return y[:, : sides[0], : sides[1]]


@functools.cache
def _by_member(pads):
    """The convolution for these pads, with gradients of its own (so reverse mode only, no jax.jvp)."""

    @sequential_vmap
    def forward(x, kernel):
        return _native(x, kernel, pads)

    @sequential_vmap
    def by_input(error, kernel):
        back = [(size - 1 - low, size - 1 - high) for size, (low, high) in zip(kernel.shape, pads)]
        return _native(error, jnp.flip(kernel, (0, 1)).swapaxes(2, 3), back)

    @sequential_vmap
    def by_kernel(error, x, kernel):
        *window, filters = kernel.shape
        filters_first = filters < math.prod(window)

        def add(total, some):
            images, errors = some
            windows = _windows(jnp.pad(images, [(0, 0), *pads, (0, 0)]), kernel.shape, (1, 1), errors.shape[1:3])
            left, right = (errors, windows) if filters_first else (windows, errors)
            return total + jnp.matmul(_rows(left).T, _rows(right), preferred_element_type=total.dtype), None

        bytes_each = math.prod(error.shape[1:3]) * math.prod(window) * x.dtype.itemsize
        few = min(max(1, CACHE // bytes_each), len(x))
        lacking = [(0, -len(x) % few), *[(0, 0)] * 3]  # images without an error add nothing
        parts = [jnp.pad(array, lacking).reshape(-1, few, *array.shape[1:]) for array in (x, error)]
        shape = (filters, math.prod(window)) if filters_first else (math.prod(window), filters)
        total, _ = lax.scan(add, jnp.zeros(shape, jnp.promote_types(x.dtype, jnp.float32)), parts)
        return (total.T if filters_first else total).reshape(kernel.shape).astype(kernel.dtype)

    convolution = jax.custom_vjp(forward)
    convolution.defvjp(
        lambda x, kernel: (forward(x, kernel), (x, kernel)),
        lambda saved, error: (by_input(error, saved[1]), by_kernel(error, *saved)),
    )
    return convolution


def _native(x, kernel, pads):
    return lax.conv_general_dilated(x, kernel, (1, 1), pads, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def halve(x):
    """The largest of every 2 x 2 pixels: (n, h, w, c), h and w even, to (n, h / 2, w / 2, c)."""
    return _halve_on_cpu(x) if jax.default_backend() == "cpu" else _halve(x)


def _halve(x):
    upper = jnp.maximum(x[:, 0::2, 0::2], x[:, 0::2, 1::2])
    lower = jnp.maximum(x[:, 1::2, 0::2], x[:, 1::2, 1::2])
    return jnp.maximum(upper, lower)


@jax.custom_jvp
def _halve_on_cpu(x):
    return _halve(x)


@_halve_on_cpu.defjvp
def _halve_gradient(primals, tangents):
    y = _halve(*primals)
    x, tangent = (part.reshape(*y.shape[:2], 2, y.shape[2], 2, y.shape[3]) for part in (*primals, *tangents))
    largest = x == y[:, :, None, :, None]
    sums = jnp.where(largest, tangent, 0).sum((2, 4)) / largest.sum((2, 4)).astype(y.dtype)
    # The barrier keeps XLA from computing all that comes down to here once for each of the four pixels.
    return y, lax.optimization_barrier(sums)

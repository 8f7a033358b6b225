"""Convolution on JAX, two ways, both made to be vmapped over kernels, and pooling.

On an accelerator: windows side by side, times the kernel. What costs time there is memory traffic, and k * k copies of
the input are much of it; so a window of (k + 1)^2 pixels gives 2 x 2 outputs at once, from a kernel that holds the
small one at four places: 4 copies instead of 9 for k = 3, at 1.8 times the arithmetic. An epoch of the convnet in
bfloat16 on an H100 took 48 ms so, and 60 ms with single windows.

On a CPU: XLA's convolution, member by member, in the shapes that it is fast in (measured with JAX 0.10 on one core).
Where an image has few channels, a kernel of less than 32 filters takes up to five times as long as one of 32, and three
channels up to four times as long as four: zeros fill both up. The gradient by the kernel is a convolution, too: the pixels
of a channel under those of the errors, images as channels, a few at a time, which stay in the processor's cache. That takes
a quarter to two thirds of the time of all at once.

XLA leaves a convolution to YNNPACK if it has more than 16 channels or more than 16 filters, and no wider margin than "same"
asks for. Others it computes itself, and while another program runs beside, some come out wrong (see zoo.training.groups). So
filters of zeros lift small ones over that limit, and a margin that comes before the convolution is kept apart from its own.
"""

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import sequential_vmap

CACHE = 2**20  # bytes: the pixels and errors that a CPU holds at a time
FEW_CHANNELS, WIDE = 8, 32  # from this many channels on, and from this many filters on, a CPU needs no zeros
LARGE = 2**25  # bytes: outputs of more than this many take longer with zeros
FEW, ENOUGH = 16, 24  # with no more channels and filters than FEW, XLA convolves itself; ENOUGH filters take hardly longer
BLOCK = 2  # side of the square of outputs that one window gives


def convolve(x, kernel, strides, padding):
    """x (n, h, w, c) with kernel (kh, kw, c, filters), strides and padding ("same" or "valid") as Keras's Conv2D."""
    x = x.astype(kernel.dtype)  # as Keras does: an integer kernel would be 0
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
    places = [jnp.pad(kernel, [(i, BLOCK - 1 - i), (j, BLOCK - 1 - j), (0, 0), (0, 0)]) for i in range(BLOCK) for j in range(BLOCK)]
    y = windows @ jnp.stack(places, axis=3).reshape(-1, BLOCK * BLOCK * filters)
    y = y.reshape(-1, *blocks, BLOCK, BLOCK, filters).transpose(0, 1, 3, 2, 4, 5)
    y = y.reshape(-1, blocks[0] * BLOCK, blocks[1] * BLOCK, filters)
    return y[:, : sides[0], : sides[1]]


@functools.cache
def _by_member(pads):
    """The convolution for these pads, with gradients of its own (so reverse mode only, no jax.jvp), which have theirs: each of
    the three is linear in both its arrays, and the other two are its gradients.
    """

    @jax.custom_vjp
    @sequential_vmap
    def forward(x, kernel):
        return _filled_up(x, kernel, pads)

    @jax.custom_vjp
    @sequential_vmap
    def by_input(error, kernel):
        back = [(size - 1 - low, size - 1 - high) for size, (low, high) in zip(kernel.shape, pads)]
        if any(sum(margin) >= size for margin, size in zip(back, kernel.shape)):  # wider than "same": of a "valid" one
            error, back = jnp.pad(error, [(0, 0), *back, (0, 0)]), [(0, 0), (0, 0)]
        error = lax.optimization_barrier(error)  # else zeros, such as a row that pooling left out, become a margin of it
        return _native(error, jnp.flip(kernel, (0, 1)).swapaxes(2, 3), back)

    @jax.custom_vjp
    @sequential_vmap
    def by_kernel(error, x, kernel):
        precise = jnp.promote_types(x.dtype, jnp.float32)

        def add(total, some):
            images, errors = some
            images, errors = images.transpose(3, 1, 2, 0), errors.transpose(1, 2, 0, 3)
            return total + _native(images, errors, pads, precise), None

        few = _few(x, error)
        lacking = [(0, -len(x) % few), *[(0, 0)] * 3]  # images without an error add nothing
        parts = [jnp.pad(array, lacking).reshape(-1, few, *array.shape[1:]) for array in (x, error)]
        height, width, channels, filters = kernel.shape
        total, _ = lax.scan(add, jnp.zeros((channels, height, width, filters), precise), parts)
        return total.transpose(1, 2, 0, 3).astype(kernel.dtype)

    def saving(function):
        return lambda *arrays: (function(*arrays), arrays)

    forward.defvjp(saving(forward), lambda saved, error: (by_input(error, saved[1]), by_kernel(error, *saved)))
    by_input.defvjp(saving(by_input), lambda saved, change: (forward(change, saved[1]), by_kernel(saved[0], change, saved[1])))
    by_kernel.defvjp(  # of the kernel only its shape counts
        saving(by_kernel), lambda saved, change: (forward(saved[1], change), by_input(saved[0], change), jnp.zeros_like(saved[2]))
    )
    return forward


def _few(*arrays):
    """How many images of these arrays to take at a time, equal parts that stay in the cache; XLA is slow with odd numbers."""
    n = len(arrays[0])
    fit = CACHE * max(1, n) // max(1, sum(array.nbytes for array in arrays)) // 4 * 4
    parts = -(-n // max(4, fit))
    return max(4, -(-n // max(1, parts) // 4) * 4)


def _filled_up(x, kernel, pads):
    """The convolution, with channels and filters of zeros where XLA is faster so: of batches that are not too large."""
    channels, filters = kernel.shape[2:]
    known = all(isinstance(side, int) for side in x.shape)  # a batch may be a symbol, where only shapes are asked for
    if known and channels < FEW_CHANNELS and math.prod(x.shape[:3]) * WIDE * x.dtype.itemsize <= LARGE:
        more, wider = channels % 2 if channels > 1 else 0, max(0, WIDE - filters)
        x = jnp.pad(x, [*[(0, 0)] * 3, (0, more)])
        kernel = jnp.pad(kernel, [(0, 0), (0, 0), (0, more), (0, wider)])
    return _native(x, kernel, pads)[..., :filters]


def _native(x, kernel, pads, dtype=None):
    numbers, filters = ("NHWC", "HWIO", "NHWC"), kernel.shape[3]
    if max(kernel.shape[2:]) <= FEW:
        kernel = jnp.pad(kernel, [*[(0, 0)] * 3, (0, ENOUGH - filters)])
    y = lax.conv_general_dilated(x, kernel, (1, 1), pads, dimension_numbers=numbers, preferred_element_type=dtype)
    return y[..., :filters]


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

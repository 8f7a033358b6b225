"""Convolution with stride 1 as a matrix product whose left factor, the windows, is never written (JAX on a GPU).

Written out, the windows are kh * kw copies of the input, and moving them is what a convolution of small images costs.
These Triton kernels (through Pallas) gather each tile of windows from the cache when a tile of the product wants it;
jax.vmap over images and kernels adds the members to the grid.
"""

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl

try:
    from jax.experimental.pallas import triton
except ImportError:  # JAX announces that it will drop this backend
    triton = None

INTERPRET = False  # True where the tests run the kernels without a GPU
SPLIT_STEPS = 32  # blocks of rows that one program of the kernel's gradient sums, one after the other


def suits(x, kernel, strides):
    """Whether `convolve` takes these arrays and was measured to be the fastest way on this machine."""
    channels, filters = kernel.shape[2:]
    return (
        triton is not None
        and jax.default_backend() == "gpu"
        # the tiles below fill the shared memory of this generation and were timed on it, in this precision
        and getattr(jax.local_devices()[0], "compute_capability", "") == "9.0"
        and x.dtype == jnp.bfloat16
        and tuple(strides) == (1, 1)
        and channels % 16 == 0
        and filters % 16 == 0
    )


def convolve(x, kernel, padding):
    """x (n, h, w, c) with kernel (kh, kw, c, filters), both multiples of 16, padding "same" or "valid".

    bfloat16 or float32 (in TF32), sums in float32. Reverse mode only: no jax.jvp.
    """
    same = [((k - 1) // 2, k // 2) for k in kernel.shape[:2]]
    return _convolve(x, kernel.astype(x.dtype), tuple(same) if padding == "same" else ((0, 0), (0, 0)))


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _convolve(x, kernel, pads):
    return _product(x, _by_tap(kernel).swapaxes(1, 2), kernel.shape[:2], pads)


def _backward(pads, saved, dy):
    x, kernel = saved
    window = kernel.shape[:2]
    around = tuple((k - 1 - before, k - 1 - after) for k, (before, after) in zip(window, pads))
    dx = _product(dy, _by_tap(kernel[::-1, ::-1]), window, around)
    return dx, _kernel_gradient(x, dy, window, pads).astype(kernel.dtype)


_convolve.defvjp(lambda x, kernel, pads: (_convolve(x, kernel, pads), (x, kernel)), _backward)


def _by_tap(kernel):
    return kernel.reshape(-1, *kernel.shape[2:])


def _product(x, w, window, pads):
    """x (n, h, w, c) with w (kh * kw, filters, c), channels last as the tensor cores like it: (n, h', w', filters)."""
    n, *source, channels = x.shape
    filters = w.shape[1]
    target = tuple(side + sum(pad) - k + 1 for side, pad, k in zip(source, pads, window))
    rows = n * math.prod(target)
    wide = _tile(filters, 128)
    block = (64 if wide == 128 else 128, wide, _tile(channels, 128 // x.dtype.itemsize))
    kernel = functools.partial(_product_kernel, _Windows(source, target, window, pads), block)
    y = pl.pallas_call(
        kernel,
        grid=(pl.cdiv(rows, block[0]), filters // block[1]),
        in_specs=[_whole((n * math.prod(source), channels)), _whole(w.shape)],
        out_specs=_whole((rows, filters)),
        out_shape=jax.ShapeDtypeStruct((rows, filters), x.dtype),
        compiler_params=triton.CompilerParams(num_warps=4, num_stages=3),
        interpret=INTERPRET,
        name="convolution",
    )(x.reshape(-1, channels), w)
    return y.reshape(n, *target, filters)


def _product_kernel(windows, block, x_ref, w_ref, y_ref):
    """One tile (pixels, filters) of the result: the sum over taps and blocks of channels."""
    rows = pl.ds(pl.program_id(0) * block[0], block[0])
    columns = pl.ds(pl.program_id(1) * block[1], block[1])
    known = (_numbers(rows) < y_ref.shape[0])[:, None]
    pixels = windows.pixels(_numbers(rows))
    chunks = x_ref.shape[1] // block[2]

    def step(i, total):
        tap, chunk = _divmod(i, chunks)
        channels = pl.ds(chunk * block[2], block[2])
        source, inside = windows.shifted(pixels, tap)
        a = _gather(x_ref, source, _numbers(channels)[None], known & inside)
        return total + _dot(a, w_ref[tap, columns, channels], 1)

    total = lax.fori_loop(0, windows.taps * chunks, step, jnp.zeros(block[:2], jnp.float32))
    triton.store(y_ref.at[rows, columns], total.astype(y_ref.dtype), mask=jnp.broadcast_to(known, block[:2]))


def _kernel_gradient(x, dy, window, pads):
    """x (n, h, w, c) and dy (n, h', w', filters) to the float32 gradient (kh, kw, c, filters)."""
    n, *source, channels = x.shape
    *target, filters = dy.shape[1:]
    depth, rows = math.prod(window) * channels, n * math.prod(target)
    block = (128, _tile(filters, 128), 128 if x.dtype == jnp.bfloat16 else 32)
    blocks, tiles = pl.cdiv(rows, block[2]), pl.cdiv(depth, block[0])
    splits = pl.cdiv(blocks, SPLIT_STEPS)
    windows = _Windows(source, target, window, pads)
    parts = pl.pallas_call(
        functools.partial(_gradient_kernel, windows, block, pl.cdiv(blocks, splits)),
        grid=(tiles, filters // block[1], splits),
        in_specs=[_whole((n * math.prod(source), channels)), _whole((rows, filters))],
        out_specs=pl.BlockSpec((1, *block[:2]), lambda i, j, k: (k, i, j)),
        out_shape=jax.ShapeDtypeStruct((splits, tiles * block[0], filters), jnp.float32),
        compiler_params=triton.CompilerParams(num_warps=4 if block[1] < 128 else 8, num_stages=3),
        interpret=INTERPRET,
        name="convolution_gradient",
    )(x.reshape(-1, channels), dy.reshape(-1, filters))
    return parts.sum(0)[:depth].reshape(*window, channels, filters)


def _gradient_kernel(windows, block, steps, x_ref, dy_ref, part_ref):
    """One tile (taps and channels, filters) of the kernel's gradient, summed over `steps` blocks of pixels."""
    channels = x_ref.shape[1]
    first = pl.program_id(0) * block[0]
    depth = (first + jnp.arange(block[0]))[None]
    # a scalar where the tile stays within one tap; where taps have few channels the tile spans several
    tap, _ = _divmod(depth if channels % block[0] else first, channels)
    _, channel = _divmod(depth, channels)
    columns = pl.ds(pl.program_id(1) * block[1], block[1])
    start = pl.program_id(2) * steps

    def step(i, total):
        rows = pl.ds((start + i) * block[2], block[2])
        known = (_numbers(rows) < dy_ref.shape[0])[:, None]
        source, inside = windows.shifted(windows.pixels(_numbers(rows)), tap)
        a = _gather(x_ref, source, channel, known & inside & (tap < windows.taps))
        b = triton.load(dy_ref.at[rows, columns], mask=jnp.broadcast_to(known, (block[2], block[1])), other=0.0)
        return total + _dot(a, b, 0)

    part_ref[0] = lax.fori_loop(0, steps, step, jnp.zeros(block[:2], jnp.float32))


class _Windows:
    """Which rows of an (n * h * w, c) matrix of pixels the windows of the (n * h' * w', filters) results cover."""

    def __init__(self, source, target, window, pads):
        self.source, self.target, self.window = source, target, window
        self.above, self.left = pads[0][0], pads[1][0]
        self.taps = math.prod(window)

    def pixels(self, rows):
        """(image, top, left) of the windows with these numbers, as columns; padding has negative places."""
        image, pixel = _divmod(rows[:, None], math.prod(self.target))
        top, left = _divmod(pixel, self.target[1])
        return image, top - self.above, left - self.left

    def shifted(self, pixels, tap):
        """The row of x that each window has at this tap, and whether it lies in the image."""
        image, top, left = pixels
        below, beside = _divmod(tap, self.window[1])
        y, x = top + below, left + beside
        height, width = self.source
        return (image * height + y) * width + x, (y >= 0) & (y < height) & (x >= 0) & (x < width)


def _gather(ref, rows, columns, mask):
    """ref[rows, columns] where the mask holds, 0 elsewhere, all three broadcast."""
    shape = jnp.broadcast_shapes(rows.shape, columns.shape)
    rows, columns, mask = (jnp.broadcast_to(array, shape) for array in (rows, columns, mask))
    return triton.load(ref.at[rows, columns], mask=mask, other=0.0)


def _dot(a, b, axis):
    return lax.dot_general(a, b, (((axis,), (axis,)), ((), ())), preferred_element_type=jnp.float32)


def _divmod(number, by):
    """divmod of numbers that are not negative: Python's operators would correct for the sign in every element."""
    by = jnp.full_like(number, by)
    return lax.div(number, by), lax.rem(number, by)


def _numbers(block):
    return block.start + jnp.arange(block.size)


def _tile(size, most):
    """The largest power of two up to `most`, itself one, that divides `size`."""
    return math.gcd(size, most)


def _whole(shape):
    return pl.BlockSpec(shape, lambda *_: (0,) * len(shape))

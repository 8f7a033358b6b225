"""Convolution with stride 1 as a matrix product whose left factor is never written: a Triton kernel through Pallas.

The product of the shifted copies of an image with the kernel (zoo.layers.convolution) moves every pixel kh * kw
times through the GPU's memory; here each tile of the product reads its shifted rows from the cache. JAX only.
"""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton

INTERPRET = False  # tests on a CPU run the kernels in Pallas's interpreter
SPLIT_STEPS = 32  # row blocks that one program of the weight gradient sums


def supported(channels, filters):
    """Whether tiles fit: Triton wants powers of two, tensor cores 16 of them."""
    return channels % 16 == 0 and filters % 16 == 0


def _tile(size, most):
    """The largest power of two up to `most` that divides `size`."""
    return math.gcd(size, most)


def _divmod(number, by):
    """divmod of integers known not to be negative, without the sign's corrections."""
    by = jnp.full_like(number, by)
    return lax.div(number, by), lax.rem(number, by)


def _pixels(rows, height, width):
    """(image, y, x) of row numbers of an (n * height * width, c) matrix."""
    image, pixel = _divmod(rows, height * width)
    return image, *_divmod(pixel, width)


def _inside(y, x, side):
    return (y >= 0) & (y < side[0]) & (x >= 0) & (x < side[1])


def _range(block):
    return block.start + jnp.arange(block.size)


def _gather(ref, rows, columns, mask):
    """ref[rows, columns] where the mask holds, 0 elsewhere."""
    shape = jnp.broadcast_shapes(rows.shape, columns.shape)
    rows, columns, mask = (jnp.broadcast_to(array, shape) for array in (rows, columns, mask))
    return triton.load(ref.at[rows, columns], mask=mask, other=0.0)


def _product_kernel(x_ref, w_ref, y_ref, *which_ref, source, target, window, offset, block, pool):
    """One (rows, filters) tile. x (n h w, c), w (taps, filters, c); with pool the greatest of 2x2 and its place."""
    here = pl.ds(pl.program_id(0) * block[0], block[0]), pl.ds(pl.program_id(1) * block[1], block[1])
    rows = _range(here[0])
    image, down, right = _pixels(rows, *target)
    chunks = x_ref.shape[1] // block[2]
    known = rows < y_ref.shape[0]

    def at(top, start):
        def step(i, total):
            tap, chunk = _divmod(i, chunks)
            channels = pl.ds(chunk * block[2], block[2])
            y, x = (side + moved for side, moved in zip((top, start), _divmod(tap, window[1])))
            read = known & _inside(y, x, source)
            a = _gather(x_ref, ((image * source[0] + y) * source[1] + x)[:, None], _range(channels)[None], read[:, None])
            b = w_ref[tap, here[1], channels]
            return total + lax.dot_general(a, b, (((1,), (1,)), ((), ())), preferred_element_type=jnp.float32)

        return lax.fori_loop(0, window[0] * window[1] * chunks, step, jnp.zeros(block[:2], jnp.float32))

    write = jnp.broadcast_to(known[:, None], block[:2])
    if not pool:
        best = at(down - offset[0], right - offset[1])
    else:
        best, which = None, jnp.zeros(block[:2], jnp.int32)
        for place in range(4):
            value = at(2 * down + place // 2 - offset[0], 2 * right + place % 2 - offset[1])
            # rounded before they are compared, as a separate pooling layer would see them
            value = value.astype(y_ref.dtype).astype(jnp.float32)
            if best is None:
                best = value
            else:
                # `not <=`: a NaN wins, so that a diverged member shows
                which = jnp.where(value <= best, which, place)
                best = jnp.where(value <= best, best, value)
        triton.store(which_ref[0].at[here], which.astype(jnp.int8), mask=write)
    triton.store(y_ref.at[here], best.astype(y_ref.dtype), mask=write)


def _gradient_kernel(x_ref, dy_ref, dw_ref, *, source, target, window, offset, block, steps):
    """A (taps * c, filters) tile of the kernel's gradient, summed over `steps` blocks of rows."""
    channels = x_ref.shape[1]
    depth = pl.program_id(0) * block[0] + jnp.arange(block[0])
    # a scalar where a tile stays within one tap; where taps have few channels a tile spans several
    tap, _ = _divmod(depth[None] if channels % block[0] else pl.program_id(0) * block[0], channels)
    _, channel = _divmod(depth[None], channels)
    below, beside = _divmod(tap, window[1])
    exists = tap < window[0] * window[1]
    columns = pl.ds(pl.program_id(1) * block[1], block[1])
    start = pl.program_id(2) * steps

    def step(i, total):
        here = pl.ds((start + i) * block[2], block[2])
        rows = _range(here)
        known = (rows < dy_ref.shape[0])[:, None]
        image, down, right = (part[:, None] for part in _pixels(rows, *target))
        y, x = down - offset[0] + below, right - offset[1] + beside
        read = known & exists & _inside(y, x, source)
        a = _gather(x_ref, (image * source[0] + y) * source[1] + x, channel, read)
        b = triton.load(dy_ref.at[here, columns], mask=jnp.broadcast_to(known, (block[2], block[1])), other=0.0)
        return total + lax.dot_general(a, b, (((0,), (0,)), ((), ())), preferred_element_type=jnp.float32)

    dw_ref[0] = lax.fori_loop(0, steps, step, jnp.zeros(block[:2], jnp.float32))


def _whole(array):
    return pl.BlockSpec(array.shape, lambda *_: (0,) * array.ndim)


TUNE = {}


def _params(kind, warps, stages):
    return triton.CompilerParams(num_warps=TUNE.get(kind + "_warps", warps), num_stages=TUNE.get(kind + "_stages", stages))


def _product(x, w, window, pads, pool=False):
    """x (n, h, w, c), w (taps, filters, c) to (n, h', w', filters) or its 2x2 maxima and their places (int8)."""
    n, *source, channels = x.shape
    filters = w.shape[1]
    target = [side + sum(pad) - k + 1 for side, pad, k in zip(source, pads, window)]
    if pool:
        target = [side // 2 for side in target]
    rows = n * math.prod(target)
    wide = 1 if x.dtype == jnp.float32 else 2
    block = (TUNE.get("bm", 128), _tile(filters, TUNE.get("bn", 128)), _tile(channels, TUNE.get("bk", 32 * wide)))
    if pool:
        block = (TUNE.get("pm", 64), *block[1:])
    kernel = functools.partial(
        _product_kernel, source=tuple(source), target=tuple(target), window=window,
        offset=(pads[0][0], pads[1][0]), block=block, pool=pool,
    )
    x = x.reshape(-1, channels)
    shapes = [jax.ShapeDtypeStruct((rows, filters), x.dtype)]
    if pool:
        shapes.append(jax.ShapeDtypeStruct((rows, filters), jnp.int8))
    outs = pl.pallas_call(
        kernel,
        grid=(pl.cdiv(rows, block[0]), filters // block[1]),
        in_specs=[_whole(x), _whole(w)],
        out_specs=[_whole(s) for s in shapes],
        out_shape=shapes,
        compiler_params=_params("fwd", 4 if block[0] * block[1] <= 8192 else 8, 3),
        interpret=INTERPRET,
        name="convolution",
    )(x, w)
    outs = [out.reshape(n, *target, filters) for out in outs]
    return outs if pool else outs[0]


def _kernel_gradient(x, dy, window, pads):
    """x (n, h, w, c), dy (n, h', w', filters) to the float32 gradient (kh, kw, c, filters)."""
    n, *source, channels = x.shape
    *target, filters = dy.shape[1:]
    depth, rows = math.prod(window) * channels, n * math.prod(target)
    wide = 1 if x.dtype == jnp.float32 else 2
    tall = TUNE.get("gm", 128)
    if depth < tall:
        tall = max(16, 1 << (depth - 1).bit_length())
    block = (tall, _tile(filters, TUNE.get("gn", 128)), TUNE.get("gr", 32 * wide))
    blocks = pl.cdiv(rows, block[2])
    splits = pl.cdiv(blocks, TUNE.get("split", SPLIT_STEPS))
    tiles = pl.cdiv(depth, block[0])
    kernel = functools.partial(
        _gradient_kernel, source=tuple(source), target=tuple(target), window=window,
        offset=(pads[0][0], pads[1][0]), block=block, steps=pl.cdiv(blocks, splits),
    )
    x, dy = x.reshape(-1, channels), dy.reshape(-1, filters)
    parts = pl.pallas_call(
        kernel,
        grid=(tiles, filters // block[1], splits),
        in_specs=[_whole(x), _whole(dy)],
        out_specs=pl.BlockSpec((1, *block[:2]), lambda i, j, k: (k, i, j)),
        out_shape=jax.ShapeDtypeStruct((splits, tiles * block[0], filters), jnp.float32),
        compiler_params=_params("bwd", 4 if block[0] * block[1] <= 8192 else 8, 3),
        interpret=INTERPRET,
        name="convolution_gradient",
    )(x, dy)
    return parts.sum(0)[:depth].reshape(*window, channels, filters)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def convolve(x, kernel, pads, pool=False):
    return _forward(x, kernel, pads, pool)[0]


def _forward(x, kernel, pads, pool):
    *window, channels, filters = kernel.shape
    w = kernel.reshape(-1, channels, filters).swapaxes(1, 2)
    out = _product(x, w, tuple(window), pads, pool)
    y, which = out if pool else (out, None)
    return y, (x, kernel, which)


def _backward(pads, pool, saved, dy):
    x, kernel, which = saved
    *window, channels, filters = kernel.shape
    if pool:
        sides = [side + sum(pad) - k + 1 for side, pad, k in zip(x.shape[1:3], pads, window)]
        dy = _unpool(dy, which, sides)
    flipped = kernel[::-1, ::-1].reshape(-1, channels, filters)
    back = tuple((k - 1 - before, k - 1 - after) for k, (before, after) in zip(window, pads))
    dx = _product(dy, flipped, tuple(window), back)
    return dx, _kernel_gradient(x, dy, tuple(window), pads).astype(kernel.dtype)


def _unpool(dy, which, sides):
    """dy (n, h, w, c) at the places of the maxima, zeros elsewhere: (n, *sides, c)."""
    n, height, width, channels = dy.shape
    place = jnp.arange(4, dtype=jnp.int8).reshape(2, 1, 2, 1)
    spread = jnp.where(which[:, :, None, :, None] == place, dy[:, :, None, :, None], 0)
    full = spread.reshape(n, 2 * height, 2 * width, channels)
    return jnp.pad(full, [(0, 0), (0, sides[0] - 2 * height), (0, sides[1] - 2 * width), (0, 0)])


convolve.defvjp(_forward, _backward)

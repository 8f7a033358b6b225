"""Convolution and pooling as slices, one matrix product and a maximum.

jax.vmap over the kernels turns XLA's convolution into a grouped one, which is slow on a GPU, and its CPU convolution
is slow too. These layers compute the same from the same weights several times faster; see zoo.training.
"""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="zoo")
class MatmulConv2D(keras.layers.Conv2D):
    """keras.layers.Conv2D, its weights and its result; on JAX, where its options allow, from slices and one matmul."""

    def convolution_op(self, inputs, kernel):
        plain = self.data_format == "channels_last" and self.groups == 1 and tuple(self.dilation_rate) == (1, 1)
        if keras.backend.backend() != "jax" or not plain:
            return super().convolution_op(inputs, kernel)
        return convolve(inputs, kernel, self.strides, self.padding)


def convolve(x, kernel, strides, padding):
    """(n, h, w, c) with a kernel (kh, kw, c, filters): the kh * kw shifted copies of x side by side, times the kernel."""
    *window, channels, filters = kernel.shape
    spans = [_span(side, k, s, padding) for side, k, s in zip(x.shape[1:3], window, strides)]
    x = ops.pad(x, [(0, 0), *(pads for pads, _ in spans), (0, 0)])
    (_, height), (_, width) = spans
    down, right = strides
    slices = [
        x[:, i : i + down * (height - 1) + 1 : down, j : j + right * (width - 1) + 1 : right, :]
        for i in range(window[0])
        for j in range(window[1])
    ]
    patches = ops.concatenate(slices, axis=-1)
    return ops.matmul(patches, ops.reshape(kernel, (math.prod(window) * channels, filters)))


def _span(side, window, stride, padding):
    """((pad before, pad after), output side) in TensorFlow's convention."""
    if padding == "valid":
        return (0, 0), (side - window) // stride + 1
    size = -(-side // stride)
    pad = max((size - 1) * stride + window - side, 0)
    return (pad // 2, pad - pad // 2), size


@keras.saving.register_keras_serializable(package="zoo")
class ReshapeMaxPooling2D(keras.layers.Layer):
    """keras.layers.MaxPooling2D(2): (n, h, w, c) to (n, h // 2, w // 2, c); an odd last row or column is dropped."""

    def call(self, x):
        _, height, width, channels = x.shape
        x = x[:, : height // 2 * 2, : width // 2 * 2, :]
        x = ops.reshape(x, (-1, height // 2, 2, width // 2, 2, channels))
        return ops.max(x, axis=(2, 4))

    def compute_output_shape(self, input_shape):
        n, height, width, channels = input_shape
        return (n, height // 2, width // 2, channels)

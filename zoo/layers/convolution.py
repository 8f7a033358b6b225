"""Convolution and pooling that stay fast where each member of a population has its own kernels.

jax.vmap over kernels turns XLA's convolution into a grouped one, which is slow. These layers keep the weights and
the results of Keras's own and compute them otherwise on JAX; elsewhere they are Keras's own.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="zoo")
class MatmulConv2D(keras.layers.Conv2D):
    """keras.layers.Conv2D, its weights and its results; on JAX by matrix products, or as suits a CPU, see
    zoo.layers.matmul_convolution; with groups, dilation or channels first as Keras does it.

    Gradients of gradients are there; what JAX has on a CPU in reverse mode only (no jax.jvp).
    """

    def convolution_op(self, inputs, kernel):
        plain = self.data_format == "channels_last" and self.groups == 1 and tuple(self.dilation_rate) == (1, 1)
        if keras.backend.backend() != "jax" or not plain:
            return super().convolution_op(inputs, kernel)
        from zoo.layers.matmul_convolution import convolve

        return convolve(inputs, ops.convert_to_tensor(kernel), tuple(self.strides), self.padding)


@keras.saving.register_keras_serializable(package="zoo")
class SlicedMaxPooling2D(keras.layers.Layer):
    """keras.layers.MaxPooling2D(2): (n, h, w, c) to (n, h // 2, w // 2, c); an odd last row or column is dropped.

    On JAX the maximum of four slices, whose gradient is cheap and shared by equal maxima.
    """

    def call(self, x):
        if keras.backend.backend() != "jax":
            return ops.max_pool(x, 2, 2, data_format="channels_last")
        from zoo.layers.matmul_convolution import halve

        return halve(x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2])

    def compute_output_shape(self, input_shape):
        n, *sides, channels = input_shape
        return (n, *(None if side is None else side // 2 for side in sides), channels)

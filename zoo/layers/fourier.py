"""Random Fourier features of the Gaussian kernel: Rahimi & Recht, NIPS 2007; structured ones: Yu et al., NIPS 2016."""

import functools
import math

import keras
import numpy as np
from keras import ops

SMALLEST_SIDE = 16  # of a block's square: in fewer than 256 numbers, products of signs do not pass for Gaussian ones
ROUNDS = 3


@keras.saving.register_keras_serializable(package="zoo")
class OrthogonalRandomFeatures(keras.layers.Layer):
    """x (n, d) to sqrt(2 / features) * [cos(x W), sin(x W)], (n, features), W random and frozen.

    The inner product of two outputs has about the expectation exp(-gamma |x - y|^2).

    Structured orthogonal random features (Yu, Suresh, Choromanski, Holtmann-Rice & Kumar 2016): x is filled up with zeros
    to D numbers, the next power of 4 from 256 on, and W is made of blocks sqrt(2 gamma D) * H S1 H S2 H S3, with H the orthonormal
    Hadamard matrix and S random signs. Directions of one block are orthogonal, which approximates the kernel better than as
    many independent ones do; a block has 3 D bits of weights instead of d D numbers, and a product with it takes 12 D^1.5
    operations instead of 2 d D, as H is the Kronecker product of two smaller ones. What is not Gaussian any more, the
    length of W's columns, is of order 1 / D in the kernel. Angles are computed in float32 whatever the precision.
    """

    def __init__(self, features, gamma, **kwargs):
        super().__init__(**kwargs)
        if features < 2 or features % 2 or not 0 < gamma < math.inf:
            raise ValueError(f"features must be even, one cosine and one sine each, and gamma above 0; got {features} and {gamma}.")
        self.features = features
        self.gamma = gamma
        self.input_spec = keras.InputSpec(ndim=2)

    def build(self, input_shape):
        side = SMALLEST_SIDE
        while side**2 < input_shape[-1]:
            side *= 2
        blocks = math.ceil(self.features / 2 / side**2)
        shape = (ROUNDS, blocks, side, side)
        self.signs = self.add_weight(shape, _Signs(), dtype="float32", name="signs", trainable=False)

    def call(self, x):
        blocks, side = self.signs.shape[1:3]
        hadamard, signs = _hadamard(side), ops.cast(self.signs, "float32")
        x = ops.pad(ops.cast(x, "float32"), [(0, 0), (0, side**2 - x.shape[-1])])
        x = ops.reshape(x, (-1, 1, side, side)) * (math.sqrt(2 * self.gamma) * side)
        for place in range(ROUNDS):
            x = ops.matmul(x * signs[place], hadamard)
            x = ops.matmul(ops.swapaxes(x, -1, -2), hadamard)
        angle = ops.reshape(x, (-1, blocks * side**2))[:, : self.features // 2]
        waves = ops.concatenate([ops.cos(angle), ops.sin(angle)], axis=-1)
        return ops.cast(math.sqrt(2 / self.features) * waves, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.features)

    def get_config(self):
        return {**super().get_config(), "features": self.features, "gamma": self.gamma}


class _Signs(keras.initializers.RandomUniform):
    """-1 or 1, as likely."""

    def __call__(self, shape, dtype=None):
        drawn = super().__call__(shape, dtype)
        return ops.where(drawn < 0, -ops.ones_like(drawn), ops.ones_like(drawn))


def _hadamard(n):
    """The orthonormal Hadamard matrix (n, n), float32, of a power of 2."""
    doubled = np.array([[1, 1], [1, -1]], "float32") / np.float32(math.sqrt(2))
    return functools.reduce(np.kron, [doubled] * int(math.log2(n)))

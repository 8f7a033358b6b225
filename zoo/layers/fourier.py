"""Random Fourier features of the Gaussian kernel: Rahimi & Recht, NIPS 2007."""

import functools
import hashlib
import math

import keras
import numpy as np
from keras import ops

SMALLEST_SIDE = 16  # of a block's square: in fewer than 256 numbers, products of signs do not pass for Gaussian ones
ROUNDS = 3


@keras.saving.register_keras_serializable(package="zoo")
class RandomFourierFeatures(keras.layers.Layer):
    """x (n, d) to sqrt(2 / features) * cos(x W + b), (n, features), with W ~ N(0, 2 gamma) and b ~ U(0, 2 pi) frozen.

    The inner product of two outputs has the expectation exp(-gamma |x - y|^2).
    NumPy draws W and b from a seed that `keras.utils.set_random_seed` decides. A weights file holds that seed and a
    sha256 of what it gave instead of millions of numbers; W and b that come from elsewhere are saved whole.
    """

    def __init__(self, features, gamma, **kwargs):
        super().__init__(**kwargs)
        if features < 1 or gamma <= 0:
            raise ValueError(f"features must be at least 1 and gamma above 0; got {features} and {gamma}.")
        self.features = features
        self.gamma = gamma
        self.draw_seed = keras.initializers.RandomNormal().seed  # an integer that follows from the global seed

    def build(self, input_shape):
        shapes = (input_shape[-1], self.features), (self.features,)
        drawn = functools.cache(lambda: self._drawn(self.draw_seed, *shapes))
        self.projection = self.add_weight(shapes[0], _Drawn(lambda: drawn()[0]), name="projection", trainable=False)
        self.phase = self.add_weight(shapes[1], _Drawn(lambda: drawn()[1]), name="phase", trainable=False)

    def _drawn(self, seed, *shapes):
        random = np.random.default_rng(seed)
        projection = random.standard_normal(shapes[0], "float32")
        projection *= np.float32(math.sqrt(2 * self.gamma))  # in place: the array is large
        return projection, random.random(shapes[1], "float32") * np.float32(2 * math.pi)

    def _assign(self, arrays):
        for variable, array in zip((self.projection, self.phase), arrays, strict=True):
            variable.assign(array)

    def save_own_variables(self, store):
        arrays = [ops.convert_to_numpy(variable) for variable in (self.projection, self.phase)]
        if all(map(np.array_equal, arrays, self._drawn(self.draw_seed, self.projection.shape, self.phase.shape))):
            store["seed"] = np.array(self.draw_seed, "int64")
            store["sha256"] = np.frombuffer(_digest(arrays), "uint8")
        else:
            store["projection"], store["phase"] = arrays

    def load_own_variables(self, store):
        """Raises ValueError where this NumPy draws other numbers than the one that saved."""
        if "seed" not in store:
            self._assign((store["projection"], store["phase"]))
            return
        self.draw_seed = int(np.array(store["seed"]))
        arrays = self._drawn(self.draw_seed, self.projection.shape, self.phase.shape)
        if _digest(arrays) != np.array(store["sha256"]).tobytes():
            raise ValueError(f"NumPy {np.__version__} draws another random projection than the one these weights belong to.")
        self._assign(arrays)

    def call(self, x):
        # The angle grows with the input's size, so that 16 bits would lose the cosine.
        angle = ops.cast(ops.matmul(x, self.projection), "float32") + ops.cast(self.phase, "float32")
        return ops.cast(math.sqrt(2 / self.features) * ops.cos(angle), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.features)

    def get_config(self):
        return {**super().get_config(), "features": self.features, "gamma": self.gamma}


class _Drawn(keras.initializers.Initializer):
    """Numbers from a function without arguments, called when they are needed."""

    def __init__(self, draw):
        self.draw = draw

    def __call__(self, shape, dtype=None):
        return ops.convert_to_tensor(self.draw(), dtype)


def _digest(arrays):
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).reshape(-1).view("uint8"))
    return digest.digest()


@keras.saving.register_keras_serializable(package="zoo")
class OrthogonalRandomFeatures(keras.layers.Layer):
    """x (n, d) to sqrt(2 / features) * [cos(x W), sin(x W)], (n, features), W random and frozen.

    The inner product of two outputs has about the expectation exp(-gamma |x - y|^2).

    Structured orthogonal random features (Yu, Suresh, Choromanski, Holtmann-Rice & Kumar 2016): x is filled up with zeros
    to D numbers, the next power of 4, and W is made of blocks sqrt(2 gamma D) * H S1 H S2 H S3, with H the orthonormal
    Hadamard matrix and S random signs. Directions of one block are orthogonal, which approximates the kernel better than as
    many independent ones do; a block has 3 D bits of weights instead of d D numbers, and a product with it takes 12 D^1.5
    operations instead of 2 d D, as H is the Kronecker product of two smaller ones. What is not Gaussian any more, the
    length of W's columns, is of order 1 / D in the kernel. Angles are computed in float32 whatever the precision.
    """

    def __init__(self, features, gamma, **kwargs):
        super().__init__(**kwargs)
        if features < 2 or features % 2 or gamma <= 0:
            raise ValueError(f"features must be even, one cosine and one sine each, and gamma above 0; got {features} and {gamma}.")
        self.features = features
        self.gamma = gamma

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
        return ops.where(super().__call__(shape, dtype) < 0, -1.0, 1.0)


def _hadamard(n):
    """The orthonormal Hadamard matrix (n, n), float32, of a power of 2."""
    doubled = np.array([[1, 1], [1, -1]], "float32") / np.float32(math.sqrt(2))
    return functools.reduce(np.kron, [doubled] * int(math.log2(n)))

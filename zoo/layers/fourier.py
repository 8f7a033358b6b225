"""Random Fourier features of the Gaussian kernel: Rahimi & Recht, NIPS 2007."""

import functools
import hashlib
import math

import keras
import numpy as np
from keras import ops


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

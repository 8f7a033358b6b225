"""Random Fourier features of the Gaussian kernel: Rahimi & Recht, NIPS 2007."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="zoo")
class RandomFourierFeatures(keras.layers.Layer):
    """x (n, d) to sqrt(2 / features) * cos(x W + b), (n, features), with W ~ N(0, 2 gamma) and b ~ U(0, 2 pi) frozen.

    The inner product of two outputs has the expectation exp(-gamma |x - y|^2).
    """

    def __init__(self, features, gamma, **kwargs):
        super().__init__(**kwargs)
        if features < 1 or gamma <= 0:
            raise ValueError(f"features must be at least 1 and gamma above 0; got {features} and {gamma}.")
        self.features = features
        self.gamma = gamma

    def build(self, input_shape):
        spread = keras.initializers.RandomNormal(stddev=math.sqrt(2 * self.gamma))
        phase = keras.initializers.RandomUniform(0.0, 2 * math.pi)
        self.projection = self.add_weight((input_shape[-1], self.features), spread, name="projection", trainable=False)
        self.phase = self.add_weight((self.features,), phase, name="phase", trainable=False)

    def call(self, x):
        # The angle grows with the input's size, so that 16 bits would lose the cosine.
        angle = ops.cast(ops.matmul(x, self.projection), "float32") + ops.cast(self.phase, "float32")
        return ops.cast(math.sqrt(2 / self.features) * ops.cos(angle), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.features)

    def get_config(self):
        return {**super().get_config(), "features": self.features, "gamma": self.gamma}

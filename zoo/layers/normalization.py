"""Batch normalisation of images that TensorFlow computes in one operation."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="zoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """keras.layers.BatchNormalization (Ioffe & Szegedy 2015), its weights and its results, of all that it takes.

    In training on TensorFlow, images (n, h, w, c) go through the one operation that TensorFlow has for this, which reads and
    writes them in their own precision. Keras's own layer makes some ten passes in float32, a fifth as fast with 16 bits on a
    CPU: there a convolution in bfloat16 takes less time than what comes after it.
    """

    def call(self, inputs, training=None, mask=None):
        if not (training and self.trainable and mask is None and self._is_fused(inputs)):
            return super().call(inputs, training=training, mask=mask)
        from tensorflow import raw_ops

        n, height, width, channels = ops.shape(inputs)
        none = ops.zeros((0,), "float32")
        y, mean, variance, *_ = raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=ops.convert_to_tensor(self.gamma) if self.scale else ops.ones((channels,), "float32"),
            offset=ops.convert_to_tensor(self.beta) if self.center else ops.zeros((channels,), "float32"),
            mean=none,
            variance=none,
            epsilon=self.epsilon,
            is_training=True,
        )
        pixels = ops.cast(n * height * width, variance.dtype)
        variance = variance * (pixels - 1) / pixels  # TensorFlow's is that of the population, Keras keeps the batch's
        for moving, of_batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + of_batch * (1 - self.momentum))
        return y

    def _is_fused(self, inputs):
        if keras.backend.backend() != "tensorflow" or self.renorm or self.synchronized:
            return False
        known = keras.backend.standardize_dtype(inputs.dtype) in ("float32", "float16", "bfloat16")
        images = len(inputs.shape) == 4 and self.axis in (3, -1)
        return images and known and inputs.dtype == self.compute_dtype and self.variable_dtype == "float32"

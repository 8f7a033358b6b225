"""One stage of greedy pre-training: an encoder wrapped with noise in front, a decoder behind and its own error."""

import keras
from keras import ops

from zoo.errors import InvalidInput

SHARES = ("masking", "salt_and_pepper")  # kinds of noise whose level is a share of the inputs


def check_noise(corruption, level):
    """Raise ValueError for a corruption that Autoencoder does not know, or a level that leaves nothing or is no number."""
    if corruption not in (*SHARES, "gaussian", None):
        raise ValueError(f"corruption must be 'masking', 'salt_and_pepper', 'gaussian' or None; got {corruption!r}.")
    if not 0 <= level < (1 if corruption in SHARES else float("inf")):
        raise ValueError(f"level must be at least 0, for masking and salt_and_pepper below 1; got {level}.")


def check_error(error):
    """Raise ValueError for an error that Autoencoder does not know."""
    if error not in ("crossentropy", "squared", "linear"):
        raise ValueError(f"error must be 'crossentropy', 'squared' or 'linear'; got {error!r}.")


@keras.saving.register_keras_serializable(package="zoo")
class Autoencoder(keras.layers.Wrapper):
    """x (n, d) to the error, float32 (n,), with which x is reconstructed from its encoding; in training x is corrupted first.

    layer: the encoder, a Dense layer, whose weights are what is to be learnt.
    corruption, level: "masking" sets a share `level` of the inputs to 0, "salt_and_pepper" half of such a share to 0 and half
    to 1, "gaussian" adds noise of that standard deviation (Vincent et al. 2008, 2010), None is the plain autoencoder.
    tied: decode with the encoder's weights transposed, instead of with weights of its own.
    error: "crossentropy", for x in 0..1, or "squared", with a sigmoid output of the decoder; "linear" is the squared error
    of a linear output, for x that is not bounded, such as standardised features. All are summed over the d units,
    cross-entropy in nats. Raises ValueError for others, and for a level below 0 or, of a share, not below 1; InvalidInput
    for another tied.
    """

    def __init__(self, layer, corruption="masking", level=0.25, tied=False, error="crossentropy", **kwargs):
        super().__init__(layer, **kwargs)
        check_noise(corruption, level)
        check_error(error)
        if tied not in (True, False):
            raise InvalidInput(f"tied must be True or False, not {tied!r:.80}.")
        self.corruption = corruption
        self.level = level
        self.tied = tied
        self.error = error
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, input_shape):
        inputs, units = input_shape[-1], self.layer.units
        super().build(input_shape)
        if not self.tied:
            self.decoder_kernel = self.add_weight((units, inputs), "glorot_uniform", name="decoder_kernel")
        self.decoder_bias = self.add_weight((inputs,), "zeros", name="decoder_bias")

    def call(self, x, training=False):
        code = self.layer(self._corrupt(x) if training else x)
        decoder = ops.transpose(self.layer.kernel) if self.tied else self.decoder_kernel
        output = ops.cast(ops.matmul(code, decoder) + self.decoder_bias, "float32")
        target = ops.cast(x, "float32")
        if self.error == "linear":
            return ops.sum(ops.square(output - target), axis=-1)
        if self.error == "squared":
            return ops.sum(ops.square(ops.sigmoid(output) - target), axis=-1)
        # From the logit: the cross-entropy of sigmoid(output) without its overflow.
        return ops.sum(ops.softplus(output) - target * output, axis=-1)

    def _corrupt(self, x):
        if self.corruption is None or not self.level:
            return x
        if self.corruption == "gaussian":
            return x + keras.random.normal(ops.shape(x), 0.0, self.level, dtype=x.dtype, seed=self.seed_generator)
        drawn = keras.random.uniform(ops.shape(x), seed=self.seed_generator, dtype="float32")
        if self.corruption == "salt_and_pepper":
            x = ops.where(drawn < self.level / 2, ops.ones_like(x), x)
            return ops.where((drawn >= self.level / 2) & (drawn < self.level), ops.zeros_like(x), x)
        return ops.where(drawn >= self.level, x, ops.zeros_like(x))

    def compute_output_shape(self, input_shape):
        return input_shape[:-1]

    def get_config(self):
        own = {"corruption": self.corruption, "level": self.level, "tied": self.tied, "error": self.error}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="zoo")
class MeanOutput(keras.losses.Loss):
    """The mean of y_pred itself, whatever y_true: for models that compute their own error of each example."""

    ignores_y = True  # a Population takes no y then

    def call(self, y_true, y_pred):
        return y_pred

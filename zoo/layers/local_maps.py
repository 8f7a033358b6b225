"""What the nets of 1989 are made of: maps of units that each see a window of the image, and the units' activation.

Y. LeCun, Generalization and network design strategies, technical report CRG-TR-89-4, University of Toronto 1989.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="zoo")
class LocalMaps(keras.layers.Layer):
    """`maps` maps of units, each of which sees size x size pixels of all channels: (n, h, w, c) to (n, h', w', maps).

    shared: the units of a map have one kernel in common, as in a convolution; otherwise each has its own, as in a locally
    connected layer. The bias is each unit's own in either case. stride: pixels between the windows of neighbours, so that
    h' is h / stride, rounded up; windows that stick out see zeros there. Weights and biases start as `small_start` says.
    Written as one product of windows and weights, which jax.vmap over weights leaves a product.
    """

    def __init__(self, maps, size, stride=1, shared=True, **kwargs):
        super().__init__(**kwargs)
        self.maps, self.size, self.stride, self.shared = maps, size, stride, shared

    def build(self, input_shape):
        _, height, width, _ = self.compute_output_shape(input_shape)
        inputs = self.size**2 * input_shape[-1]
        kernel = (inputs, self.maps) if self.shared else (height, width, inputs, self.maps)
        self.kernel = self.add_weight(name="kernel", shape=kernel, initializer=small_start(inputs))
        self.bias = self.add_weight(name="bias", shape=(height, width, self.maps), initializer=small_start(inputs))

    def call(self, x):
        product = "nhwk,kf->nhwf" if self.shared else "nhwk,hwkf->nhwf"
        return ops.einsum(product, self._windows(x), self.kernel) + self.bias

    def _windows(self, x):
        """(n, h', w', size * size * c): rows of the window outermost, channels innermost."""
        _, height, width, _ = self.compute_output_shape(x.shape)
        x = ops.pad(x, [(0, 0), self._border(x.shape[1]), self._border(x.shape[2]), (0, 0)])
        down, right = ((side - 1) * self.stride + 1 for side in (height, width))
        places = [(i, j) for i in range(self.size) for j in range(self.size)]
        return ops.concatenate([x[:, i : i + down : self.stride, j : j + right : self.stride] for i, j in places], axis=-1)

    def _border(self, side):
        """Zeros before and behind, the larger half behind."""
        missing = max((-(-side // self.stride) - 1) * self.stride + self.size - side, 0)
        return missing // 2, missing - missing // 2

    def compute_output_shape(self, input_shape):
        n, height, width, _ = input_shape
        return n, -(-height // self.stride), -(-width // self.stride), self.maps

    def get_config(self):
        own = {"maps": self.maps, "size": self.size, "stride": self.stride, "shared": self.shared}
        return {**super().get_config(), **own}


def small_start(inputs):
    """A new initialiser, uniform between -2.4/inputs and 2.4/inputs for units of so many inputs.

    LeCun et al., Backpropagation applied to handwritten zip code recognition, Neural Computation 1989.
    """
    return keras.initializers.RandomUniform(-2.4 / inputs, 2.4 / inputs)


@keras.saving.register_keras_serializable(package="zoo")
def scaled_tanh(x):
    """1.7159 tanh(2 x / 3), whose value at +1 and -1 is +1 and -1, the targets of 1989."""
    return 1.7159 * ops.tanh(2 / 3 * x)

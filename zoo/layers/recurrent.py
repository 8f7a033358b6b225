"""What the recurrent models share: their input, with the steps that only pad a sequence masked, and the start of a gate."""

import math
import numbers

import keras

from zoo.layers.augmentation import augment
from zoo.layers.dense import head_dtype
from zoo.layers.preprocessing import as_image, as_sequence, raw_input, scaled

UNROLLED = 32  # steps up to which writing all of them out pays for its longer compilation


def recurrent_options(x, layers, unroll):
    """The numbers 1..layers, and whether to write the steps of x (n, timesteps, features) out, by default where it pays."""
    if layers < 1:
        raise ValueError(f"layers must be at least 1; got {layers}.")
    if unroll not in (None, True, False):
        raise ValueError(f"unroll must be True, False or None; got {unroll!r}.")
    return range(1, layers + 1), _unrolling_pays(x.shape[1]) if unroll is None else unroll


def sequence_input(input_shape, rescale, series, padding, augmentation=None):
    """(inputs, x): the raw input, and x (n, timesteps, features) rescaled, or standardised where it is of a `series`.

    padding: None, or the number that fills up a sequence: a step all of whose raw features equal it is masked. Recurrent
    layers then keep their state, so that steps after a sequence's end change nothing. augmentation: of images, whose rows are
    the steps, see zoo.layers.augmentation. Raises ValueError for a padding that is no number, and for two of padding,
    augmentation and a series, whose last value a forecast starts from, together.
    """
    if augmentation:
        if padding is not None:
            raise ValueError("padding and augmentation do not go together: what is moved about is padded no more.")
        if series is not None:
            raise ValueError("augmentation and series do not go together: a series is no image to move about.")
        inputs, x = raw_input(input_shape, rescale, series)
        return inputs, as_sequence(augment(as_image(x), augmentation))
    if padding is None:
        inputs, x = raw_input(input_shape, rescale, series)
        return inputs, as_sequence(x)
    if not (isinstance(padding, numbers.Real) and math.isfinite(padding)):
        raise ValueError(f"padding must be None or a finite number; got {padding!r}.")
    if series is not None:
        raise ValueError("padding and series do not go together: a forecast starts from the last value, which none may pad.")
    inputs, x = raw_input(input_shape, None)
    # Before the scaling, and not in 16 bits: what a number becomes by either depends on rounding.
    x = keras.layers.Masking(padding, name="masking", dtype=head_dtype())(as_sequence(x, head_dtype()))
    return inputs, scaled(x, rescale)


@keras.saving.register_keras_serializable(package="zoo")
class ForgetBias(keras.initializers.Initializer):
    """The biases of an LSTM: `value` for the forget gate, 0 for the others.

    A gate of bias b keeps sigmoid(b) of the cell at each step, so that about exp(b) steps are remembered at the start
    (Tallec & Ollivier 2018). Keras's own choice is 1, that of Jozefowicz et al. (2015). Raises ValueError for no finite
    number.
    """

    def __init__(self, value):
        if not (isinstance(value, numbers.Real) and math.isfinite(value)):
            raise ValueError(f"forget_bias must be a finite number; got {value!r}.")
        self.value = value

    def __call__(self, shape, dtype=None):
        """Biases of shape (4 * units,), the gates in Keras's order: input, forget, cell, output."""
        gates = [keras.ops.full((shape[0] // 4,), value, dtype) for value in (0.0, self.value, 0.0, 0.0)]
        return keras.ops.concatenate(gates)

    def get_config(self):
        """What __init__ takes."""
        return {"value": self.value}


@keras.saving.register_keras_serializable(package="zoo")
class ChronoBias(keras.initializers.Initializer):
    """The biases of an LSTM that is to remember for up to `steps` steps: "chrono" initialisation (Tallec & Ollivier 2018).

    A unit's forget gate starts with log(u), u uniform in 1 to steps - 1, so that the units together remember lags of every
    length up to `steps`; its input gate starts with -log(u), so that what a cell that forgets slowly takes in at every step
    does not add up to more than it can hold. 0 for cells and output gates. steps: at least 3, else ValueError; seed: of the
    draw.
    """

    def __init__(self, steps, seed=None):
        if not (isinstance(steps, numbers.Real) and 3 <= steps < math.inf):
            raise ValueError(f"chrono must be None or a number of steps, at least 3; got {steps!r}.")
        self.steps, self.seed = steps, seed
        self._uniform = keras.initializers.RandomUniform(1.0, steps - 1.0, seed=seed)

    def __call__(self, shape, dtype=None):
        """Biases of shape (4 * units,), the gates in Keras's order: input, forget, cell, output."""
        kept = keras.ops.log(self._uniform((shape[0] // 4,), dtype))
        nothing = keras.ops.zeros_like(kept)
        return keras.ops.concatenate([-kept, kept, nothing, nothing])

    def get_config(self):
        """What __init__ takes."""
        return {"steps": self.steps, "seed": self.seed}


def gate_biases(forget_bias, chrono):
    """The initialiser of an LSTM's biases: ChronoBias where `chrono` names a number of steps, else ForgetBias."""
    if chrono is None:
        return ForgetBias(forget_bias)
    if forget_bias != 1.0:
        raise ValueError(f"chrono says where forget gates start, so forget_bias cannot, too; got {forget_bias!r}.")
    return ChronoBias(chrono)


def _unrolling_pays(steps):
    """On an accelerator half the time of short sequences; on a CPU minutes of compilation for little."""
    if keras.backend.backend() != "jax":
        return False
    import jax

    return steps <= UNROLLED and jax.default_backend() != "cpu"

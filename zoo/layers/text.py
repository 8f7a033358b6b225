"""From character codes to what a language model computes on."""

import keras

from zoo.errors import InvalidInput


def as_characters(input_shape, alphabet):
    """(inputs, x): symbolic codes (n, T) of any numeric dtype, and the same as one-hot vectors (n, T, alphabet).

    A code outside 0..alphabet-1 becomes a vector of zeros. Raises InvalidInput for an input_shape other than (T,).
    """
    if len(input_shape) != 1:
        raise InvalidInput(f"Text is needed, input_shape (characters,), not arrays of shape {tuple(input_shape)}.")
    inputs = keras.Input(input_shape, name="inputs")
    codes = keras.ops.cast(inputs, "int32")
    known = keras.ops.logical_and(codes >= 0, codes < alphabet)  # PyTorch's one_hot refuses others, ONNX's counts from the end
    vectors = keras.ops.one_hot(keras.ops.clip(codes, 0, alphabet - 1), alphabet)
    return inputs, vectors * keras.ops.cast(keras.ops.expand_dims(known, -1), vectors.dtype)

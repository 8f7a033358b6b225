"""Text drawn from a language model, a character at a time, each from what the model expects after all before it."""

import numpy as np

from zoo.errors import InvalidInput


def generate(model, prompt, length=200, temperature=1.0, seed=0):
    """The text, `length` characters, with which a language model goes on after a prompt.

    Args:
        model: one that zoo.create_model made as `language_model`, or a preset of such: its name or the path of its folder.
        prompt: a string of at least one character; the model knows characters whose code is below its alphabet's size.
        length: how many characters to draw, at least 1.
        temperature: logits are divided by it before the softmax; 0 always takes the most probable character.
        seed: an integer from 0 to 2**32 - 1; the same one gives the same text on the same machine.

    The state of the recurrent layers is carried from the first character of the prompt to the last one drawn. Raises
    as `zoo.from_preset`, and InvalidInput for another kind of model, one that diverged, and arguments that can't be used.

    Example:
        >>> model = zoo.create_model("language_model", (64,), 128)
        >>> len(zoo.generate(model, "To be, ", length=20))
        20
    """
    from zoo.presets import from_preset

    _check(length, temperature, seed)
    if isinstance(prompt, str) and not prompt:
        raise InvalidInput("The prompt is empty; give at least one character to go on from.")
    model = model if hasattr(model, "layers") else from_preset(model)
    step, states, alphabet = _stepper(model)
    codes = _codes(prompt, alphabet)
    random, drawn = np.random.RandomState(seed), []
    for code in codes:
        logits, states = step(code, states)
    while True:
        if not np.isfinite(logits).all():
            raise InvalidInput(f"The model {model.name} gives no numbers but NaN: its training diverged.")
        drawn.append(_draw(logits, float(temperature), random))
        if len(drawn) == length:
            return "".join(map(chr, drawn))
        logits, states = step(drawn[-1], states)


def _check(length, temperature, seed):
    whole = isinstance(length, (int, np.integer)) and not isinstance(length, bool)
    if not whole or length < 1:
        raise InvalidInput(f"length must be an integer of at least 1; got {length!r}.")
    number = isinstance(temperature, (int, float, np.integer, np.floating)) and not isinstance(temperature, (bool, np.timedelta64))
    if not number or not 0 <= _as_float(temperature) < 1e300:
        raise InvalidInput(f"temperature must be a number of at least 0; got {temperature!r}.")
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise InvalidInput(f"seed must be an integer from 0 to 4294967295; got {seed!r}.")


def _as_float(number):
    try:
        return float(number)
    except OverflowError:  # an integer beyond all floats
        return float("inf")


def _codes(prompt, alphabet):
    if not isinstance(prompt, str):
        raise InvalidInput(f"The prompt must be a string; got {prompt!r:.80}.")
    unknown = sorted({character for character in prompt if ord(character) >= alphabet})
    if unknown:
        raise InvalidInput(
            f"The model does not know {', '.join(map(repr, unknown))}: it knows the first {alphabet} codes of Unicode. "
            "Leave such characters out of the prompt or replace them."
        )
    return [ord(character) for character in prompt]


def _draw(logits, temperature, random):
    """The code of one character, from logits (alphabet,) float64."""
    if temperature == 0:
        return int(np.argmax(logits))
    with np.errstate(over="ignore", under="ignore"):  # at a temperature near 0 all but the largest are -inf
        shares = np.exp((logits - logits.max()) / temperature)
    sums = np.cumsum(shares)
    return int(np.searchsorted(sums, random.random_sample() * sums[-1], side="right"))


def _stepper(model):
    """(step, states, alphabet) of a language model: step(code, states) reads one character and gives (logits, states)."""
    import keras

    from zoo.registry import how_made

    made = how_made(model)
    if made["model"] != "language_model":  # of a model of text with other layers these steps would be another model's
        raise InvalidInput(
            f"Text can be drawn not from this {made['model']}, but from a language_model, such as the preset lstm_shakespeare."
        )
    cells = [layer.cell for layer in model.layers if isinstance(layer, keras.layers.RNN)]
    held = [cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size] for cell in cells]

    class Step(keras.Model):
        """One step of all layers. A Model, so that Keras compiles it, on any backend."""

        def call(self, inputs):
            code, *states = inputs
            x, left = model.get_layer("embedding")(keras.ops.one_hot(code, made["classes"])), []
            for cell, own in zip(cells, held):
                x, new = cell(x, states[: len(own)])
                states, left = states[len(own) :], left + list(new)
            return model.get_layer("logits")(x), *left

    net = Step()

    def step(code, states):
        logits, *states = net.predict_on_batch([np.array([code], "int32"), *states])
        return np.asarray(logits[0], "float64"), states

    return step, [np.zeros((1, size), "float32") for own in held for size in own], made["classes"]

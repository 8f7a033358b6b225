"""zoo.generate and `zoo generate`: the text is what the model expects, whatever backend; mistakes are one line."""

import contextlib
import functools

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import InvalidInput, UnknownName
from zoo.layers.text import as_characters

SENTENCE = "the quick brown fox jumps over the lazy dog. "
ALPHABET = 128


def small(cell="lstm", seed=0, layers=2):
    keras.utils.set_random_seed(seed)
    return zoo.create_model("language_model", (30,), ALPHABET, units=12, layers=layers, cell=cell, embedding=6, dropout=0.1)


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """A net that was trained on one sentence, over and over, and saved."""
    keras.utils.set_random_seed(1)
    text = np.frombuffer((SENTENCE * 12).encode(), np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(text, 101)[::3]  # longer than the sentence, whose "the" comes twice
    model = zoo.create_model("language_model", (100,), ALPHABET, units=48, layers=1, embedding=16, dropout=0.0)
    model.compile(keras.optimizers.Adam(0.02), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(windows[:, :-1], windows[:, 1:].astype("int32"), epochs=30, batch_size=32, verbose=0)
    return zoo.save_preset(model, tmp_path_factory.mktemp("presets") / "fox")


@pytest.mark.backend
@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_each_character_follows_from_all_before_it(cell):
    """The steps give what the whole net gives for the same text, its state carried from the first character on."""
    model = small(cell)
    drawn = zoo.generate(model, "To be", length=25, temperature=0)
    codes = np.array([[ord(character) for character in "To be" + drawn]], "uint8")
    logits = keras.ops.convert_to_numpy(model(codes))
    assert logits[0, 4:-1].argmax(axis=-1).tolist() == codes[0, 5:].tolist()


@pytest.mark.backend
def test_a_preset_says_its_sentence(preset):
    for temperature in (0, 0.3):
        drawn = zoo.generate(str(preset), "the quick ", length=2 * len(SENTENCE), temperature=temperature)
        assert drawn == (SENTENCE * 3)[10 : 10 + 2 * len(SENTENCE)]


def test_the_seed_decides():
    model = small()
    drawn = [zoo.generate(model, "a", length=40, seed=seed) for seed in (3, 3, 4)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 40


def test_draws_have_the_models_probabilities():
    """Draws from given logits, 20,000 of them, against the softmax at that temperature."""
    from zoo.generation import _draw

    logits = np.log(np.array([0.5, 0.3, 0.2, 1e-12]))
    for temperature in (1.0, 0.5):
        random = np.random.RandomState(0)
        drawn = np.bincount([_draw(logits, temperature, random) for _ in range(20_000)], minlength=4) / 20_000
        expected = np.exp(logits / temperature)
        assert drawn == pytest.approx(expected / expected.sum(), abs=0.012)
    assert _draw(logits, 1e-308, np.random.RandomState(0)) == _draw(logits, 0, None) == 0


@pytest.mark.parametrize(
    "change, said",
    [
        ({"temperature": -0.1}, "temperature must be a number of at least 0"),
        ({"temperature": float("nan")}, "temperature must be a number"),
        ({"temperature": 10**400}, "temperature must be a number"),
        ({"temperature": "hot"}, "temperature must be a number"),
        ({"length": 0}, "length must be an integer of at least 1"),
        ({"length": 2.5}, "length must be an integer"),
        ({"seed": -1}, "seed must be an integer from 0"),
        ({"prompt": ""}, "The prompt is empty"),
        ({"prompt": 3}, "must be a string"),
        ({"prompt": "caf\u00e9 \u20ac"}, "does not know '\u00e9', '\u20ac': it knows the first 128 codes"),
    ],
    ids=str,
)
def test_bad_arguments(change, said):
    with pytest.raises(InvalidInput, match=said):
        zoo.generate(**{"model": small(layers=1), "prompt": "a"} | change)


@pytest.mark.parametrize("temperature", [0, 1.0])
def test_a_model_that_diverged_says_nothing(temperature):
    model = small()
    model.set_weights([np.full_like(values, np.nan) for values in model.get_weights()])
    with pytest.raises(InvalidInput, match="its training diverged"):
        zoo.generate(model, "a", temperature=temperature)


@pytest.mark.backend
def test_a_code_outside_the_alphabet_is_no_character():
    codes = np.array([[1, 2, ALPHABET, ALPHABET + 200, -1, 3]])
    shown = keras.ops.convert_to_numpy(keras.Model(*as_characters((6,), ALPHABET))(codes))[0]
    assert (shown.sum(axis=1) == [1, 1, 0, 0, 0, 1]).all() and (shown[[0, 1, 5]].argmax(axis=1) == [1, 2, 3]).all()


@contextlib.contextmanager
def own_model_of_text():
    """A registered model of text with a layer between its cells and its logits, which the steps would leave out."""
    from zoo import registry

    @zoo.register_model
    def louder(input_shape, alphabet, *, units=4):
        inputs, x = as_characters(input_shape, alphabet)
        x = keras.layers.LSTM(units, return_sequences=True)(keras.layers.Dense(units, name="embedding")(x))
        return keras.Model(inputs, keras.layers.Dense(alphabet, name="logits")(keras.layers.Rescaling(-30.0)(x)))

    try:
        yield zoo.create_model("louder", (4,), ALPHABET)
    finally:
        del registry._builders["louder"]


def test_other_models_say_no_text():
    with pytest.raises(InvalidInput, match=r"not from this linear, .* such as the preset lstm_shakespeare\.$"):
        zoo.generate(zoo.create_model("linear", (8, 8), 10), "a")
    with pytest.raises(InvalidInput, match="not from this convnet"):
        zoo.generate("convnet_mnist", "a")
    with own_model_of_text() as model, pytest.raises(InvalidInput, match="not from this louder"):
        zoo.generate(model, "a")
    with pytest.raises(InvalidInput, match="was not made by"):
        zoo.generate(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), "a")
    with pytest.raises(UnknownName, match="no preset called 'no_such'"):
        zoo.generate("no_such", "a")


@pytest.fixture
def call(call):
    """Run `zoo generate` inside this process."""
    return functools.partial(call, "generate")


def test_the_command_prints_the_prompt_and_how_it_goes_on(call, preset):
    code, out, err = call(preset, "--prompt", "the quick ", "--length", 20, "--temperature", 0)
    assert (code, out, err) == (0, SENTENCE[:30] + "\n", "")
    first, again, other = (call(preset, "--prompt", "a", "--temperature", 5, "--seed", seed)[1] for seed in (1, 1, 2))
    assert first == again != other and len(first) == 1 + 200 + 1


def test_mistakes_on_the_command_line_are_one_line(call, preset, tmp_path):
    for arguments, expected in ((("--prompt", ""), "The prompt is empty"), (("--prompt", "\u00e4"), "does not know '\u00e4'")):
        code, out, err = call(preset, *arguments)
        assert (code, out) == (1, "") and expected in err and len(err.splitlines()) == 1
    assert call(preset)[0] == 2, "a prompt is needed"
    code, _, err = call("linear_mnist", "--prompt", "a")
    assert code == 1 and "not from this linear" in err
    assert call("no_such_preset", "--prompt", "a")[0] == 2


@pytest.mark.parametrize("option, value", [("--length", "0"), ("--temperature", "-1"), ("--seed", "-1")])
def test_numbers_out_of_range_are_wrong_usage(call, option, value):
    code, out, err = call("lstm_shakespeare", "--prompt", "To be", option, value)
    assert code == 2 and f"Invalid value for '{option}'" in err and not out

"""Recurrent models: where gates start, and that steps which only pad a sequence change nothing."""

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import InvalidInput

pytestmark = pytest.mark.backend


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_forget_gates_start_where_they_are_told():
    model = zoo.create_model("lstm", (5, 4), 3, units=2, layers=1, forget_bias=4.5)
    np.testing.assert_array_equal(model.get_layer("lstm_1").get_weights()[2], [0, 0, 4.5, 4.5, 0, 0, 0, 0])
    # The default is what Keras itself starts with.
    own = keras.layers.LSTM(2)
    own.build((None, 5, 4))
    default = zoo.create_model("lstm", (5, 4), 3, units=2, layers=1).get_layer("lstm_1")
    np.testing.assert_array_equal(default.get_weights()[2], own.get_weights()[2])


@pytest.mark.parametrize("wrapped", [False, True])
def test_members_that_train_at_once_do_without_the_kernels_that_jax_cannot_vectorise(wrapped, monkeypatch):
    """Keras's own LSTM would take them on a GPU; the models that members become still do."""

    def build():
        layer = keras.layers.LSTM(3)
        return keras.Sequential(
            [keras.Input((5, 4)), keras.layers.Bidirectional(layer) if wrapped else layer, keras.layers.Dense(2)]
        )

    def choices(model):
        return {layer.use_cudnn for layer in model._flatten_layers() if hasattr(layer, "use_cudnn")}

    if keras.backend.backend() == "jax":
        monkeypatch.setattr("zoo.training.engine.cores", lambda: 1)  # both members in one group
    population = zoo.Population(build, [0, 1])
    population.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    population.fit(np.zeros((6, 5, 4)), np.zeros(6, int), batch_size=3)
    assert choices(population[0]) == {"auto"}
    assert choices(population.template) == ({False} if keras.backend.backend() == "jax" else {"auto"})


def test_chrono_gates_start_as_published():
    """Tallec & Ollivier (2018): forget gates at log(uniform in 1..T-1), input gates at minus that, each unit its own."""

    def layer(seed):
        keras.utils.set_random_seed(seed)
        return zoo.create_model("lstm", (5, 4), 3, units=100, layers=1, chrono=100).get_layer("lstm_1")

    def biases(seed):
        return np.split(layer(seed).get_weights()[2], 4)

    taken_in, forgotten, cell, output = biases(0)
    np.testing.assert_array_equal(taken_in, -forgotten)
    assert not cell.any() and not output.any()
    np.testing.assert_array_equal(numpy(layer(0).bias_initializer((400,)))[100:200], forgotten)
    # Of more units than a layer can be given here, whose recurrent weights are as many squared.
    lags = np.exp(numpy(layer(0).bias_initializer((16_000,)))[4000:8000].astype(float))
    # A quarter of the units each up to a quarter of the lags; and one seed's gates are not another's.
    np.testing.assert_allclose(np.quantile(lags, [0, 0.25, 0.5, 0.75, 1]), [1, 25.5, 50, 74.5, 99], atol=2)
    np.testing.assert_array_equal(biases(0)[1], forgotten)
    assert np.abs(biases(1)[1] - forgotten).max() > 1


def test_layers_of_a_chrono_lstm_differ_and_are_built_again_from_their_config(tmp_path):
    keras.utils.set_random_seed(0)
    model = zoo.create_model("lstm", (5, 4), 3, units=3, layers=2, chrono=20)
    first, second = (model.get_layer(f"lstm_{number}") for number in (1, 2))
    assert np.abs(first.get_weights()[2] - second.get_weights()[2]).max() > 0.01
    again = keras.layers.LSTM.from_config(first.get_config()).bias_initializer
    assert (again.steps, again.seed) == (20, None)
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).uniform(0, 255, (3, 5, 4)).astype("float32")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(theirs, ours)
    np.testing.assert_allclose(numpy(loaded(x)), numpy(model(x)), rtol=1e-5)


RECURRENT = [("rnn", {}), ("irnn", {}), ("lstm", {"dropout": 0.0})]
LENGTHS = (7, 3, 1, 5)


def padded_batch(fill, steps=7):
    """Sequences of LENGTHS steps, and the same padded at their ends, (4, steps, 2) float32."""
    random = np.random.default_rng(0)
    sequences = [random.uniform(0, 255, (length, 2)).astype("float32") for length in LENGTHS]
    padded = np.full((len(LENGTHS), steps, 2), fill, "float32")
    for row, sequence in zip(padded, sequences):
        row[: len(sequence)] = sequence
    return sequences, padded


@pytest.mark.parametrize("layers_", [1, 2])
@pytest.mark.parametrize(("name", "options"), RECURRENT, ids=str)
def test_padding_changes_nothing(name, options, layers_):
    """A padded batch gives the logits of its sequences one by one; without the mask it does not."""
    options = options | {"units": 6, "layers": layers_}
    sequences, x = padded_batch(700)
    keras.utils.set_random_seed(0)
    model = zoo.create_model(name, (7, 2), 3, padding=700, **options)
    together = numpy(model(x))
    for sequence, row in zip(sequences, together):
        alone = zoo.create_model(name, sequence.shape, 3, **options)
        alone.set_weights(model.get_weights())
        np.testing.assert_allclose(numpy(alone(sequence[None]))[0], row, rtol=1e-4, atol=1e-6)
    unmasked = zoo.create_model(name, (7, 2), 3, **options)
    unmasked.set_weights(model.get_weights())
    assert np.abs(numpy(unmasked(x)) - together)[1:].max() > 0.1 * np.abs(together).max()


@pytest.mark.parametrize(("name", "options"), RECURRENT, ids=str)
def test_members_of_a_population_skip_padding(name, options):
    sequences, x = padded_batch(-1.0)
    population = zoo.Population(lambda: zoo.create_model(name, (7, 2), 3, padding=-1.0, units=5, layers=2, **options), seeds=[1, 2])
    population.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    population.fit(x, np.array([0, 1, 2, 1]), epochs=2, batch_size=4, verbose=False)
    found = population.predict(x)
    for member in range(2):
        for sequence, row in zip(sequences, found[member]):
            alone = zoo.create_model(name, sequence.shape, 3, units=5, layers=2, **options)
            alone.set_weights(population.get_weights(member))
            np.testing.assert_allclose(numpy(alone(sequence[None]))[0], row, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("values", [(-1, -1.003), (-999, -1000), (7.1, 7.101)], ids=str)
@pytest.mark.parametrize("shape", [(4, 1), (4,)], ids=str)
def test_in_16_bits_padding_is_what_it_is_in_32(values, shape):
    """A step near the padding is none, and a padding that 16 bits do not know is one."""
    keras.utils.set_random_seed(0)
    padding, near = values
    x = np.array([0.3, near, 0.5, padding], "float32").reshape(1, *shape)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        options = {"units": 4, "layers": 1, "rescale": None}
        model = zoo.create_model("lstm", shape, 3, padding=padding, **options)
        unpadded = zoo.create_model("lstm", (3, *shape[1:]), 3, **options)
        unpadded.set_weights(model.get_weights())
        expected, without = numpy(unpadded(x[:, :3])), numpy(unpadded(x[:, [0, 0, 2]]))
        assert np.abs(expected - without).max() > 0.02, "the step near the padding tells"
        np.testing.assert_allclose(numpy(model(x)), expected, atol=0.005)
    finally:
        keras.config.set_dtype_policy(policy)


@pytest.mark.parametrize("name", ["rnn", "lstm"])
def test_padding_teaches_nothing(name):
    """Gradients of a padded batch are those of the unpadded one."""
    x = np.random.default_rng(0).uniform(0, 255, (4, 5, 2)).astype("float32")
    longer = np.concatenate([x, np.zeros((4, 3, 2), "float32")], axis=1)
    trained = []
    for data in (x, longer):
        keras.utils.set_random_seed(0)
        model = zoo.create_model(name, data.shape[1:], 3, units=5, layers=2, padding=0, dropout=0)
        model.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(data, np.array([0, 1, 2, 1]), epochs=3, verbose=0)
        trained.append(model.get_weights())
    for a, b in zip(*trained):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_masked_model_is_saved_whole(tmp_path):
    _, x = padded_batch(0)
    model = zoo.create_model("lstm", (7, 2), 3, padding=0, units=4, layers=1, forget_bias=2.0)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(numpy(keras.saving.load_model(tmp_path / "model.keras")(x)), numpy(model(x)))


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("rnn", {"padding": "zero"}, "padding must be None or a finite number"),
        ("lstm", {"padding": float("nan")}, "padding must be None or a finite number"),
        ("lstm", {"unroll": "no"}, "unroll must be True, False or None; got 'no'"),
        ("lstm", {"forget_bias": "much"}, "forget_bias must be a finite number"),
        ("lstm", {"chrono": 2}, "chrono must be None or a number of steps, at least 3; got 2"),
        ("lstm", {"chrono": 50, "forget_bias": 2.0}, "forget_bias cannot, too; got 2.0"),
        ("lstm", {"padding": 0, "augmentation": "shift"}, "padding and augmentation do not go together"),
        ("irnn", {"padding": 0, "augmentation": "shift"}, "padding and augmentation do not go together"),
        ("rnn", {"augmentation": "shift", "series": (0.0, 1.0)}, "augmentation and series do not go together"),
        ("mlp", {"augmentation": "shift", "series": (0.0, 1.0)}, "augmentation and series do not go together"),
        ("irnn", {"padding": 0, "series": (0.0, 1.0)}, "padding and series do not go together"),
    ],
)
def test_recurrent_models_refuse(name, options, said):
    with pytest.raises(InvalidInput, match=said):
        zoo.create_model(name, (8, 8), 3, **options)


@pytest.mark.parametrize("name", ["rnn", "irnn", "lstm"])
def test_input_weights_start_as_the_initialiser_says(name):
    """Also by an object of Keras's, which would give layers of one shape equal values, and all seeds."""

    def kernels(initialiser, seed=0):
        keras.utils.set_random_seed(seed)
        model = zoo.create_model(name, (5, 4), 3, units=6, layers=3, initialiser=initialiser)
        return [model.get_layer(f"{'lstm' if name == 'lstm' else 'rnn'}_{n}").get_weights()[0] for n in (1, 2, 3)]

    assert not any(kernel.any() for kernel in kernels("zeros")) and all(kernel.any() for kernel in kernels(None))
    assert max(kernel.std() for kernel in kernels(keras.initializers.RandomNormal(stddev=1e-5))) < 1e-4
    normal = keras.initializers.RandomNormal(stddev=0.5)
    for initialiser in ("random_normal", normal):
        first, again = (kernels(initialiser, seed) for seed in (0, 1))
        assert not np.array_equal(first[1], first[2]), "layers start alike"
        assert not np.array_equal(first[0], again[0]), "seeds start alike"
    with pytest.raises(InvalidInput, match="no_such_start"):
        zoo.create_model(name, (5, 4), 3, initialiser="no_such_start")


@pytest.mark.parametrize("name", ["rnn", "irnn", "lstm"])
def test_rows_of_augmented_images_are_read(name):
    """In training the image moves, otherwise it does not."""
    keras.utils.set_random_seed(0)
    model = zoo.create_model(name, (9, 9), 3, units=6, layers=1, augmentation="shift", dropout=0.0)
    plain = zoo.create_model(name, (9, 9), 3, units=6, layers=1, dropout=0.0)
    plain.set_weights(model.get_weights())
    x = np.random.default_rng(0).uniform(0, 255, (4, 9, 9)).astype("float32")
    np.testing.assert_allclose(numpy(model(x)), numpy(plain(x)), rtol=1e-5, atol=1e-6)
    assert np.abs(numpy(model(x, training=True)) - numpy(plain(x))).max() > 1e-3


def test_irnn_is_the_rnn_of_rectified_units():
    models = [zoo.create_model("irnn", (5, 4), 3, units=6), zoo.create_model("rnn", (5, 4), 3, units=6, activation="relu")]
    np.testing.assert_array_equal(models[0].get_layer("rnn_1").get_weights()[1], np.eye(6))
    models[1].set_weights(models[0].get_weights())
    x = np.random.default_rng(0).uniform(0, 255, (3, 5, 4)).astype("float32")
    np.testing.assert_array_equal(*(numpy(model(x)) for model in models))
    assert models[0].name == "irnn"


@pytest.mark.parametrize("name", ["rnn", "lstm"])
def test_writing_the_steps_out_changes_nothing(name):
    models = [zoo.create_model(name, (5, 4), 3, units=6, layers=2, unroll=unroll) for unroll in (True, False)]
    models[1].set_weights(models[0].get_weights())
    x = np.random.default_rng(0).uniform(0, 255, (3, 5, 4)).astype("float32")
    np.testing.assert_allclose(*(numpy(model(x)) for model in models), atol=1e-5)


def test_irnn_starts_at_the_identity():
    model = zoo.create_model("rnn", (5, 4), 3, units=6, activation="relu")
    np.testing.assert_array_equal(model.get_layer("rnn_1").get_weights()[1], np.eye(6))

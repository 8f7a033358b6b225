"""What a population cannot use is one clear InvalidInput, and the population is afterwards as it was before."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import zoo
from population_example import compiled, digits, refused, small_model
from zoo.errors import InvalidInput

X, Y = np.zeros((20, 8, 8), "uint8"), np.arange(20, dtype="int32") % 10


def with_value(array, value, dtype="float32"):
    changed = array.astype(dtype)
    changed.flat[-1] = value
    return changed


@pytest.fixture(scope="module")
def population():
    return compiled([0, 1])


def subclassed():
    class Mine(keras.Model):
        def call(self, x):
            return x

    model = Mine()
    model(np.zeros((1, 8, 8), "float32"))
    return model


def two_outputs():
    inputs = keras.Input((8, 8))
    return keras.Model(inputs, [inputs, inputs])


def output_in(container):
    x = keras.Input((4,))
    y = keras.layers.Dense(3)(x)
    return keras.Model(x, {"y": y} if isinstance(container, dict) else [y])


def width_by_seed():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(np.random.randint(1, 10**6) % 97 + 1)])


ONE_MODEL = []


def same_every_time():
    if not ONE_MODEL:
        ONE_MODEL.append(small_model("linear"))
    return ONE_MODEL[0]


@pytest.mark.parametrize(
    "build, match",
    [
        (lambda: None, "must return a keras.Model; it returned NoneType"),
        (lambda: keras.Sequential([keras.layers.Dense(3)]), "built model: begin it with x = keras.Input"),
        ("linear", "build must be a function without arguments that returns a new model; got str"),
        (keras.Sequential(), "got a model itself"),
        (keras.layers.Dense(3), "got Dense"),
        (zoo.create_model, "got create_model"),
        (subclassed, "of a subclassed one that is keras.Model"),
        (lambda: output_in({}), "output is one array; this one's is in a list or dict"),
        (lambda: output_in([]), "output is one array; this one's is in a list or dict"),
        (two_outputs, "one input and one output"),
        (width_by_seed, "same architecture for every seed"),
        (same_every_time, "a new model at every call"),
    ],
)
def test_builds(build, match):
    with pytest.raises(InvalidInput, match=match):
        zoo.Population(build, [0, 1])


@pytest.mark.parametrize(
    "seeds, match",
    [
        ([], "at least one seed"),
        ([0, -1], "got -1"),
        ([2**32], "got 4294967296"),
        ([1.5], "got 1.5"),
        ([True], "got True"),
        (3, "a list of integers"),
    ],
)
def test_seeds(seeds, match):
    with pytest.raises(InvalidInput, match=match):
        zoo.Population(lambda: small_model("linear"), seeds)


@pytest.mark.parametrize(
    "options, match",
    [
        ({"weights": [[np.zeros((64, 10)), np.zeros(10)]]}, "a list of 2 lists of arrays"),
        (
            {"weights": [[np.zeros((64, 10)), np.zeros(10)], [np.zeros((64, 9)), np.zeros(9)]]},
            r"weights\[1\] does not fit.*\(64, 9\)",
        ),
        ({"weights": [[np.zeros(3)], [np.zeros(3)]]}, r"weights\[0\] does not fit"),
        ({"weights": [1, 2]}, r"weights\[0\] must be a list"),
        ({"group_size": 0}, "group_size must be a positive integer"),
        ({"group_size": 1.5}, "group_size must be a positive integer"),
        ({"precision": "float12"}, "no Keras dtype policy"),
    ],
)
def test_options(options, match):
    policy = keras.config.dtype_policy().name
    with pytest.raises(InvalidInput, match=match):
        zoo.Population(lambda: small_model("linear"), [0, 1], **options)
    assert keras.config.dtype_policy().name == policy


def test_not_compiled_yet():
    population = zoo.Population(lambda: small_model("linear"), [0])
    for call in (lambda: population.fit(X, Y), lambda: population.evaluate(X, Y)):
        with pytest.raises(InvalidInput, match="Call population.compile"):
            call()


DATA = [
    (X[:, :7], Y, r"x has shape \(20, 7, 8\), but the model takes \(n, 8, 8\)"),
    (X[0], Y, r"x has shape \(8, 8\)"),
    (X[:0], Y[:0], "x is empty"),
    ([], [], r"x has shape \(0,\)"),
    (with_value(X, np.nan), Y, "x contains NaN"),
    (with_value(X, np.inf, "float64"), Y, "x contains NaN or infinite"),
    ([[1, 2], [3]], Y, "x is ragged"),
    (X.astype(str), Y, "x must hold numbers"),
    (None, Y, "x must be an array; got None"),
    (X, Y[:19], "x has 20 examples, y has 19"),
    (X, 3, "y is a single number"),
    (X, with_value(Y, 10, int), "y has labels from 0 to 10, but the model has 10 classes: 0..9"),
    (X, with_value(Y, -1, int), "y has labels from -1 to 9"),
    (X, with_value(Y, 0.5), "y holds fractions"),
    (X, with_value(Y, np.nan), "y contains NaN"),
    (X, np.eye(10)[Y], "one-hot labels use argmax"),
    (X, Y.astype(str), "y must hold numbers"),
]


def test_labels_beside_the_one_that_does_not_count():
    population = compiled([0])
    population.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1))
    population.fit(X, np.where(Y > 4, -1, Y), batch_size=5, validation_data=(X, with_value(Y, -1, int)))
    for label in (-5, 37):
        with refused(population, r"y has labels from .* but the model has 10 classes: 0\.\.9 and -1, which does not count\."):
            population.fit(X, with_value(np.where(Y > 4, -1, Y), label, int), batch_size=5)
        with refused(population, "validation y has labels"):
            population.fit(X, Y, batch_size=5, validation_data=(X, with_value(Y, label, int)))


@pytest.mark.parametrize("x, y, match", DATA)
def test_data(population, x, y, match):
    with refused(population, match):
        population.fit(x, y, batch_size=5)
    with refused(population, "validation [xy] "):
        population.fit(X, Y, batch_size=5, validation_data=(x, y))
    with refused(population, match):
        population.evaluate(x, y)


def test_data_that_are_on_the_device_already(population):
    jnp = pytest.importorskip("jax.numpy")
    with refused(population, "x contains NaN"):
        population.fit(jnp.asarray(with_value(X, np.nan)), jnp.asarray(Y), batch_size=5)
    with refused(population, "labels from 0 to 12"):
        population.evaluate(jnp.asarray(X), jnp.asarray(with_value(Y, 12, "int32")))


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return X, Y


def test_what_is_drawn_in_batches_is_no_array(population):
    tensorflow = pytest.importorskip("tensorflow")
    population.predict((X[0], X[1]))  # a tuple of two examples is a batch
    streams = {"Batches": Batches(), "generator": (X for _ in range(2))}
    streams["TensorSliceDataset"] = tensorflow.data.Dataset.from_tensor_slices((X, Y))
    for kind, stream in streams.items():
        for use in (population.fit, population.evaluate, population.predict):
            with refused(population, f"x is a _?{kind}; a population takes whole arrays"):
                use(stream)
    with refused(population, r"came as one; give them apart, such as fit\(\*data.train\)"):
        population.fit((X, Y))
    with refused(population, r"x is a dict; .* such as x\['inputs'\]"):
        population.fit({"inputs": X}, Y)
    with refused(population, r"y is a dict; .* such as y\['logits'\]"):
        population.fit(X, {"logits": Y})
    with refused(population, "x is a _?TensorSliceDataset"):
        population.fit(streams["TensorSliceDataset"], class_weight={0: 1.0})
    with refused(population, "validation x is a dict"):
        population.fit(X, Y, batch_size=5, validation_data=({"inputs": X}, Y))


def test_probabilities_are_compared_with_numbers_in_0_to_1():
    population = zoo.Population(lambda: zoo.create_model("deep_autoencoder", (8, 8), widths=(4,), code=2), seeds=[0])
    population.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
    x = np.full((20, 8, 8), 77, "uint8")
    with refused(population, r"y goes from 77 to 77. .*zoo.reconstruction.targets\(model, x\)"):
        population.fit(x, x, batch_size=5)
    y = zoo.reconstruction.targets(population.template, x)
    assert np.isfinite(population.fit(x, y, batch_size=5).loss).all()
    for again in (population.fit, population.evaluate):  # what has been compiled for such shapes before
        with refused(population, "y goes from 77 to 77"):
            again(x, x)
    with refused(population, "validation y goes from 77 to 77"):
        population.fit(x, y, batch_size=5, validation_data=(x, x))
    y[3] = -1  # unknown, and without weight or not among the rows: it counts for nothing
    population.fit(x, y, batch_size=5, sample_weight=(y[:, 0, 0] >= 0).astype("float32"))
    population.fit(x, y, batch_size=3, subsets=[[0, 1, 2]])
    weights = (np.arange(20) != 4).astype("float32")
    for given in ({"sample_weight": weights}, {"subsets": [[1, 3]]}, {"sample_weight": weights, "subsets": [[2, 3, 4]]}):
        with refused(population, "[^n] y goes from -1"):  # where it counts
            population.fit(x, y, batch_size=2, **given)
    with refused(population, "y goes from -1"):
        population.evaluate(x, y, sample_weight=weights)
    with refused(population, "validation y goes from -1"):
        population.fit(x[:3], y[:3], batch_size=3, validation_data=(x, y, weights))
    weights[3] = 0
    population.fit(x, y, batch_size=2, sample_weight=weights, subsets=[[2, 3, 4]], validation_data=(x, y, weights))


@pytest.mark.parametrize("labels", [Y, Y[:, None]], ids=["numbers", "a column"])
@pytest.mark.parametrize(
    "loss", [keras.losses.CategoricalCrossentropy(from_logits=True), keras.losses.BinaryCrossentropy(from_logits=True)]
)
def test_labels_where_probabilities_are_wanted_are_said_to_be_labels(loss, labels):
    population = compiled([0])
    population.compile("sgd", loss)
    for call in (population.fit, population.evaluate):
        with refused(population, "y goes from 0 to 9. Class labels want the sparse one, or keras.utils.to_categorical"):
            call(X, labels)


@pytest.mark.backend
def test_layers_are_frozen_in_build_alone():
    population = compiled([0, 1], "mlp")
    first = population.template.layers[-1]
    population.fit(X, Y, batch_size=5)
    first.trainable = False
    before = population.history
    for what in (
        lambda: population.fit(X, Y, batch_size=5),
        lambda: population.evaluate(X, Y),
        lambda: population.predict(X),
        lambda: population.get_weights(0),
        lambda: population.copy_layers(compiled([0, 1], "mlp"), [first], [first]),
    ):
        with pytest.raises(InvalidInput, match="were frozen, or freed, after the population was made; do that in build"):
            what()
    first.trainable = True
    assert population.history.equals(before) and len(population.fit(X, Y, batch_size=5)) == 2


def test_layers_that_change_places_in_being_frozen_are_no_others(monkeypatch):
    """As many variables train as before, but others."""

    def build():
        inputs = keras.Input((8, 8))
        x = keras.layers.Dense(64, name="a", trainable=False)(keras.layers.Flatten()(inputs))
        x = keras.layers.BatchNormalization(center=False, scale=False, name="normal")(keras.layers.Dense(64, name="b")(x))
        return keras.Model(inputs, keras.layers.Dense(10)(x))

    for changes in ({"a": True, "b": False}, {"normal": False}):
        population = zoo.Population(build, [0, 1])
        for name, trains in changes.items():
            population.template.get_layer(name).trainable = trains
        for what in (lambda: population.get_weights(0), lambda: population.predict(X)):
            with pytest.raises(InvalidInput, match="were frozen, or freed, after the population was made; do that in build"):
                what()
        for name, trains in changes.items():
            population.template.get_layer(name).trainable = not trains
        assert len(population.predict(X)) == 2


@pytest.mark.parametrize(
    "labels, loss",
    [([1, 2] * 10, "BinaryCrossentropy"), ([-1, 1] * 10, "BinaryFocalCrossentropy"), ([[0], [2]] * 10, "BinaryCrossentropy")],
)
def test_labels_of_two_classes_are_0_and_1(labels, loss):
    population = zoo.Population(lambda: zoo.create_model("linear", (8, 8), 1), seeds=[0])
    population.compile("sgd", getattr(keras.losses, loss)(from_logits=True))
    with refused(population, r"compares with numbers in 0..1; y goes from"):
        population.fit(X, np.array(labels), batch_size=5)


@pytest.mark.parametrize(
    "settings, match",
    [
        ({"verbose": "nope"}, "verbose must be 'auto', True or False; got 'nope'"),
        ({"batch_size": 21}, "batch_size 21 is larger than the data, 20 examples"),
        ({"batch_size": 0}, "batch_size must be a positive integer"),
        ({"batch_size": 2.5}, "batch_size must be a positive integer"),
        ({"epochs": 0}, "epochs must be a positive integer; got 0"),
        ({"epochs": True}, "epochs must be a positive integer; got True"),
        ({"shuffle": "batch"}, "shuffle must be True or False; got 'batch'"),
        ({"shuffle": np.array([1, 0])}, "shuffle must be True or False"),
        ({"drop_remainder": "no"}, "drop_remainder must be True or False; got 'no'"),
        ({"select": "best"}, "select='best' needs validation_data"),
        ({"select": "first"}, "select must be 'last' or 'best'"),
        ({"validation_data": X}, "must be a pair"),
        ({"validation_split": 1.0}, "a share, 0..1, that leaves some of the 20 examples; got 1.0"),
        ({"validation_split": -0.1}, "got -0.1"),
        ({"validation_split": True}, "got True"),
        ({"validation_split": "half"}, "got 'half'"),
        ({"validation_split": 0.5, "validation_data": (X, Y)}, "not both"),
        ({"validation_split": 0.5, "sample_weight": [1.0] * 3}, "one for each of the 20 examples; it has shape \\(3,\\)"),
        ({"validation_split": 0.5, "sample_weight": 0.5}, "one for each of the 20 examples; it has shape \\(\\)"),
        ({"validation_split": 0.5, "sample_weight": [[1], [1, 2]]}, "one for each of the 20 examples"),
        ({"validation_data": (X, Y, Y, Y)}, "must be a pair"),
        ({"validation_data": (X, Y[:, None])}, "may differ in length only"),
        ({"subsets": [[0, 1, 2, 3, 4]]}, "with 2 rows"),
        ({"subsets": [[0, 1, 2, 3, 4], [0, 1, 2, 3, 20]]}, "outside the data"),
        ({"subsets": [[0, 1, 2, 3, 4], [-1, 1, 2, 3, 4]]}, "outside the data"),
        ({"subsets": [[0, 1, 2, 3], [0]]}, "of one length"),
        ({"subsets": [[0.0] * 5] * 2}, "must be integers"),
        ({"subsets": [[], []]}, "must be integers"),
        ({"subsets": [[0, 1], [2, 3]]}, "batch_size 5 is larger than the data, 2 examples"),
    ],
)
def test_settings(population, settings, match):
    with refused(population, match):
        population.fit(X, Y, **{"batch_size": 5} | settings)


@pytest.mark.backend
def test_after_mistakes_training_is_as_if_there_had_been_none():
    (x, y), _ = digits()
    clumsy, careful = compiled([0]), compiled([0])
    first = [p.fit(x, y, batch_size=32) for p in (clumsy, careful)]
    with refused(clumsy, "larger than the data"):
        clumsy.fit(x, y, batch_size=101)
    with refused(clumsy, "no Keras optimizer"):
        clumsy.compile("nonsense", "mse")
    with refused(clumsy, "one-hot"):
        clumsy.fit(x, np.eye(10)[y], batch_size=32)
    second = [p.fit(x, y, batch_size=32) for p in (clumsy, careful)]
    for mine, theirs in (first, second):
        assert_array_equal(mine, theirs)


def test_labels_may_not_be_forgotten(population):
    with refused(population, "y is missing"):
        population.fit(X)
    with refused(population, "y is missing"):
        population.evaluate(X)
    with refused(population, "validation y is missing"):
        population.fit(X, Y, batch_size=10, validation_data=(X, None))


@pytest.mark.parametrize("loss", ["mse", keras.losses.BinaryCrossentropy(from_logits=True)])
def test_targets_may_not_be_forgotten_either(loss):
    forecaster = zoo.Population(lambda: zoo.create_model("linear", (8, 8), 1), [0])
    forecaster.compile("adam", loss)
    targets = np.zeros((20, 1), "float32")
    with refused(forecaster, "y is missing"):
        forecaster.fit(X, batch_size=10)
    with refused(forecaster, "y is missing"):
        forecaster.evaluate(X)
    with refused(forecaster, "validation y is missing"):
        forecaster.fit(X, targets, batch_size=10, validation_data=(X, None))


@pytest.mark.backend
def test_build_must_go_on_making_the_same_model():
    made = []
    for activation in ("relu", "tanh"):
        made.append(zoo.Population(lambda: zoo.create_model("mlp", (8, 8), 10, widths=(4,), activation=activation), [0, 1]))
    with refused(made[0], "build no longer makes the model"):
        made[0][1]
    assert made[1][1].count_params() == made[0].template.count_params()


def test_nan_in_an_array_on_the_device_is_found(population):
    jnp = pytest.importorskip("jax.numpy")
    with refused(population, "NaN"):
        population.fit(jnp.zeros((1197, 8, 8)).at[3, 2, 1].set(jnp.nan), np.zeros(1197, "int32"))


def test_members_have_numbers(population):
    for place in ("a", slice(0, 1)):
        with pytest.raises(TypeError, match="numbered from 0 to 1"):
            population[place]
    with pytest.raises(InvalidInput, match="one per seed"):
        zoo.Population(lambda: small_model("linear"), [0], weights=5)


def test_pretraining_is_for_populations():
    model = small_model("autoencoder_stack")
    for other, got in ((model, "Functional"), ([model], "list"), (None, "NoneType")):
        with pytest.raises(InvalidInput, match=f"needs a zoo.Population of models, not {got}"):
            zoo.pretrain(other, X, epochs=1)


@pytest.mark.parametrize("name, encoders", [("autoencoder_stack", 2), ("deep_autoencoder", 3)])
def test_noise_has_a_level_that_is_a_number(name, encoders):
    population = zoo.Population(lambda: small_model(name), [0])
    for level in ("a", None, [0.1] * (encoders - 1) + ["a"], np.zeros(encoders)):
        with refused(population, "level must be a number, or a list of one for each encoder; got "):
            zoo.pretrain(population, X, epochs=1, batch_size=10, level=level)


@pytest.mark.parametrize(
    "method, arguments, match",
    [
        ("compile", {"optimizer": "adam", "loss": "mse", "jit_compile": True}, "compile takes no jit_compile: on JAX"),
        ("fit", {"callbacks": []}, "fit takes no callbacks: select='best' keeps what early stopping would restore"),
        ("fit", {"epoch": 3}, "fit takes no epoch; it takes x, y, epochs, "),
        ("evaluate", {"verbose": 0}, "evaluate takes no verbose: it prints nothing"),
        ("predict", {"batch_size": 10}, "predict takes no batch_size: how many"),
    ],
)
def test_arguments_of_keras_that_there_are_not(method, arguments, match):
    population, data = compiled([0]), () if method == "compile" else digits()[0][: 1 if method == "predict" else 2]
    with pytest.raises(TypeError, match=match):
        getattr(population, method)(*data, **arguments)


def test_images_of_0_to_1_for_a_model_of_0_to_255_are_warned_of():
    (x, y), held_out = digits()
    population = compiled([0])
    with pytest.warns(UserWarning, match="x is in 0..1, and 'linear' divides its input by 255") as caught:
        population.fit(x / 255.0, y, batch_size=50)
    assert {warning.filename for warning in caught if "0..1" in str(warning.message)} == {__file__}
    with pytest.warns(UserWarning, match="validation x is in 0..1"):
        population.fit(x, y, batch_size=50, validation_data=(held_out[0] / 255.0, held_out[1]))
    with pytest.warns(UserWarning, match="rescale=None"):
        population.predict(x / 255.0)
    for of_two_values in (x > 7, (x > 7).astype("uint8")):
        with pytest.warns(UserWarning, match="x is in 0..1"):
            population.predict(of_two_values)
    for found, other in ((r"-0\.\d*\.\.1.\d*", (x - x.mean()) / x.std()), (r"0\.\.17", x // 15)):
        with pytest.warns(UserWarning, match=f"x is in {found}"):
            population.predict(other)
    for taken in (x, x.astype("float32"), np.zeros_like(x, "float32"), -257.0 * x):
        population.predict(taken)
    with pytest.warns(
        UserWarning, match="x goes up to 65535, .*: divide 16-bit images by 257, or make the model with rescale=None"
    ):
        population.predict(257 * x.astype("uint16"))


def test_what_is_no_real_number_is_refused_in_words():
    import pandas as pd

    (x, y), _ = digits()
    population, flat = compiled([0]), x.astype("float32")
    for wrong, match in (
        (np.ma.masked_equal(flat, 0), "x has masked values, which would count"),
        (flat + 1j, "x must hold numbers; its dtype is complex"),
        (
            pd.DataFrame(flat.reshape(100, -1)).astype("Float32"),
            r"its dtype is object; of a table with nullable or mixed types .to_numpy",
        ),
    ):
        with refused(population, match):
            population.predict(wrong)
    if keras.backend.backend() == "jax":
        with refused(population, "x must hold numbers that are real"):
            population.predict(keras.ops.convert_to_tensor(flat) + 1j)
    with refused(population, "sample_weight 0 to their examples"):
        population.fit(x, np.ma.masked_equal(y, 3))
    with refused(population, "validation_split leaves the first 80 of 100 to train on"):
        population.fit(x, y, validation_split=0.2, subsets=[[0, 99]])
    with pytest.raises(TypeError, match="is no number; several are "):
        population[0:1]


@pytest.mark.parametrize("spoilt", ["a", 1j])
def test_weights_are_numbers(spoilt):
    weights = small_model("linear").get_weights()
    weights[1] = np.full(weights[1].shape, spoilt)
    with pytest.raises(InvalidInput, match=r"weights\[0\] are not all real numbers"):
        zoo.Population(lambda: small_model("linear"), [0], weights=[weights])


@pytest.mark.parametrize("spread", [-1.0, 0, "a", None, float("nan")])
def test_a_forecast_s_spread_is_a_positive_number(spread):
    with pytest.raises(ValueError, match="the spread positive"):
        zoo.layers.Forecast(spread)

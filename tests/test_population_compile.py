"""Optimizers, losses, metrics and rates that a population takes and does not take: one clear InvalidInput, nothing changed."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

import zoo
from population_example import compiled, digits, refused, small_model
from zoo.errors import InvalidInput

X = np.zeros((20, 8, 8), "uint8")


def seed(y_true, y_pred):
    return keras.ops.mean(y_pred)


@pytest.fixture(scope="module")
def population():
    return compiled([0, 1])


class MySGD(keras.optimizers.SGD):
    """Of somebody's own, which nobody registered with Keras."""


@pytest.mark.backend
def test_an_optimizer_of_ones_own_is_taken_within_one_that_scales_the_loss():
    (x, y), _ = digits()
    histories = []
    for optimizer in (MySGD(0.01), keras.optimizers.LossScaleOptimizer(MySGD(0.01))):
        made = compiled([0, 1], optimizer=optimizer)
        histories.append(made.fit(x, y, epochs=2, batch_size=50).loss)
    assert_allclose(*histories, rtol=1e-4)


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"optimizer": "adamm"}, "optimizer='adamm' is no Keras optimizer"),
        ({"optimizer": None}, "optimizer=None"),
        ({"loss": "crossentrophy"}, "loss='crossentrophy' is no Keras loss"),
        ({"loss": None}, "loss=None"),
        ({"loss": keras.losses.MeanSquaredError(reduction=None)}, "one number for a batch; leave out reduction=None"),
        ({"loss": keras.losses.MeanSquaredError(reduction="none")}, "one number for a batch"),
        ({"loss": ["mse"]}, "one output, so it wants one loss; got a list"),
        ({"loss": {"logits": "mse"}}, "one output, so it wants one loss; got a dict"),
        ({"metrics": ["accuracy", "acuracy"]}, "metric='acuracy' is no Keras metric"),
        ({"metrics": {"logits": "accuracy"}}, "metrics must be a list"),
        ({"metrics": [keras.metrics.MeanIoU]}, "MeanIoU can't be made without arguments: give an object of it"),
        *(
            ({"metrics": [keras.metrics.SparseCategoricalAccuracy(name=name)]}, f"A metric can't be called '{name}': tables have")
            for name in ("member", "seed", "epoch", "diverged", "loss", "val_loss", "val_accuracy")
        ),
        ({"metrics": [seed]}, "A metric can't be called 'seed'"),
        ({"learning_rate": 0.1}, "2 positive numbers"),
        ({"learning_rate": [0.1]}, "2 positive numbers"),
        ({"learning_rate": [0.1, 0]}, "2 positive numbers"),
        ({"learning_rate": [0.1, np.nan]}, "2 positive numbers"),
        ({"learning_rate": ["fast", "slow"]}, "2 positive numbers"),
        (
            {
                "optimizer": keras.optimizers.SGD(keras.optimizers.schedules.PiecewiseConstantDecay([5], [1.0, 0.1])),
                "learning_rate": [0.1, 0.2],
            },
            "schedule with initial_learning_rate",
        ),
        ({"optimizer": keras.optimizers.SGD(0.0), "learning_rate": [0.1, 0.2]}, "own rate is positive"),
    ],
)
def test_compile(population, arguments, match):
    with refused(population, match):
        population.compile(**{"optimizer": "adam", "loss": "mse"} | arguments)


@pytest.mark.backend
@pytest.mark.parametrize(
    "loss, name",
    [
        ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
        ("categorical_crossentropy", "CategoricalCrossentropy"),
        ("binary_crossentropy", "BinaryCrossentropy"),
        ("SparseCategoricalCrossentropy", "SparseCategoricalCrossentropy"),
        ("crossentropy", "SparseCategoricalCrossentropy"),
        (keras.losses.sparse_categorical_crossentropy, "SparseCategoricalCrossentropy"),
        (keras.losses.SparseCategoricalCrossentropy(), "SparseCategoricalCrossentropy"),
        (keras.losses.CategoricalCrossentropy(label_smoothing=0.1), "CategoricalCrossentropy"),
        (keras.losses.BinaryFocalCrossentropy(), "BinaryFocalCrossentropy"),
    ],
)
def test_losses_of_probabilities_are_not_for_logits(population, loss, name):
    with refused(population, rf"'linear' ends in logits; pass keras.losses.{name}\(from_logits=True\)\.$"):
        population.compile("adam", loss)
    within = zoo.Population(lambda: keras.Sequential([keras.Input((8, 8)), small_model("deep_autoencoder")]), [0])
    with refused(within, "ends in logits"):
        within.compile("adam", loss)


@pytest.mark.parametrize("loss", ["poisson", keras.losses.Poisson(), keras.losses.poisson])
def test_rates_are_not_logits(population, loss):
    with refused(population, "ends in logits; end the model in rates, with a softplus layer after the logits"):
        population.compile("adam", loss)


@pytest.mark.backend
def test_losses_that_cannot_take_the_targets():
    population = compiled([0])
    population.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    with refused(population, r"do not fit: the model's output has shape \(None, 10\), y \(20, 7\)"):
        population.fit(X, np.ones((20, 7)), batch_size=5)


@pytest.mark.backend
@pytest.mark.parametrize(
    "metric", ["categorical_accuracy", keras.metrics.CategoricalAccuracy(name="mine"), keras.metrics.categorical_accuracy]
)
@pytest.mark.parametrize("shape", [(20,), (20, 1)])
def test_an_accuracy_of_one_hot_labels_takes_no_classes(metric, shape):
    """Keras would look for the largest along the batch, and its number would decide which epoch is best."""
    population = compiled([0], metrics=[metric])
    with refused(population, r"takes one-hot labels, y \(20.*\) holds classes; pass keras.metrics.SparseCategoricalAccuracy"):
        population.fit(X, np.zeros(shape, "int32"), batch_size=5)
    population.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True), [metric])
    population.fit(X, np.eye(10, dtype="float32")[np.arange(20) % 10], batch_size=5)


@pytest.mark.parametrize("batch_size", [5, 10])
def test_targets_do_not_fit_by_being_stretched(batch_size):
    wide = zoo.Population(lambda: zoo.create_model("linear", (8, 8), 10), [0])
    wide.compile("adam", "mse")
    with refused(wide, "do not fit"):
        wide.fit(X, np.zeros(20, "float32"), batch_size=batch_size)
    with refused(wide, r"y has shape \(20, 1\), the model's output \(None, 10\)"):
        wide.fit(X, np.zeros((20, 1), "float32"), batch_size=batch_size)
    steps = zoo.Population(lambda: keras.Sequential([keras.Input((8, 8)), keras.layers.Dense(1)]), [0])
    steps.compile("sgd", "mse")
    with refused(steps, r"y has shape \(20,\), the model's output \(None, 8, 1\)"):
        steps.fit(X, np.zeros(20, "float32"), batch_size=batch_size)
    for shape in ((20, 8), (20, 8, 1)):  # Keras takes the last axis away
        steps.fit(X, np.zeros(shape, "float32"), batch_size=batch_size)


@pytest.mark.parametrize(
    "metric, outputs, remedy",
    [
        ("accuracy", 1, r"BinaryAccuracy\(threshold=0.0\)"),
        (keras.metrics.BinaryAccuracy(), 1, r"BinaryAccuracy\(threshold=0.0\)"),
        ("AUC", 1, r"AUC\(from_logits=True\)"),
        (keras.metrics.Precision(), 1, r"Precision\(thresholds=0\)"),
        (
            keras.metrics.Precision(class_id=1),
            10,
            r"Precision\(top_k=1, ...\), or end the model in probabilities, with a softmax layer",
        ),
        (keras.metrics.AUC(), 10, "probabilities, with a softmax layer"),
        ("sparse_categorical_crossentropy", 10, r"SparseCategoricalCrossentropy\(from_logits=True\)"),
        (keras.metrics.BinaryCrossentropy(), 1, r"BinaryCrossentropy\(from_logits=True\)"),
        (keras.metrics.BinaryIoU(), 1, r"BinaryIoU\(threshold=0.0\)"),
        (keras.metrics.PrecisionAtRecall(0.5), 1, "probabilities, with a sigmoid layer"),
        ("kl_divergence", 10, "probabilities, with a softmax layer"),
        (keras.metrics.KLDivergence(), 10, "probabilities, with a softmax layer"),
        ("poisson", 10, "rates, with a softplus layer"),
    ],
)
def test_metrics_of_probabilities_are_not_for_logits(metric, outputs, remedy):
    population = zoo.Population(lambda: zoo.create_model("linear", (8, 8), outputs), [0])
    loss = (keras.losses.BinaryCrossentropy if outputs == 1 else keras.losses.SparseCategoricalCrossentropy)(from_logits=True)
    with refused(population, f"ends in logits; .*{remedy}"):
        population.compile("adam", loss, [metric])
    right = [
        keras.metrics.BinaryAccuracy(threshold=0.0), keras.metrics.AUC(from_logits=True), keras.metrics.Precision(thresholds=0),
        keras.metrics.Precision(top_k=1, name="top"), keras.metrics.BinaryIoU(threshold=0.0), binary_crossentropy,
    ]  # fmt: skip
    population.compile("adam", loss, right if outputs == 1 else ["accuracy"])


@pytest.mark.parametrize("loss", ["mse", keras.losses.Huber(), keras.losses.mean_absolute_error])
def test_numbers_near_0_and_1_are_compared_with_a_half(loss):
    population = zoo.Population(lambda: zoo.create_model("linear", (8, 8), 1), [0])
    population.compile("adam", loss, ["accuracy"])
    drawn = np.random.RandomState(0).randint(0, 255, (20, 8, 8)).astype("uint8")
    outputs, truth = population.predict(drawn)[0], np.arange(20)[:, None] % 2
    assert population.evaluate(drawn, truth).accuracy[0] == pytest.approx(((outputs > 0.5) == truth).mean())


def binary_crossentropy(y_true, y_pred):
    """The user's own, which knows what it is given."""
    return keras.losses.binary_crossentropy(y_true, y_pred, from_logits=True)


def huber(y_true, y_pred):
    """The user's own, of targets with a column more."""
    return keras.losses.huber(y_true[:, :1], y_pred)


def test_a_loss_of_ones_own_may_take_other_targets():
    population = zoo.Population(lambda: zoo.create_model("linear", (8, 8), 1), [0])
    population.compile("adam", huber)
    assert np.isfinite(population.fit(X, np.zeros((20, 2), "float32"), batch_size=10).loss).all()


class Hits(keras.metrics.Metric):
    """A metric whose config leaves out what it was made with."""

    def __init__(self, k=5, **kwargs):
        super().__init__(**kwargs)
        self.k, self.total = k, self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(keras.ops.cast(self.k, "float32"))

    def result(self):
        return self.total


def test_members_get_metrics_like_the_one_given(population):
    with refused(population, r"Hits.get_config\(\) must give k: each member gets a Hits of its own"):
        population.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), [Hits(k=1)])


def sparse_categorical_crossentropy_where_known(y, outputs):
    """A loss that only looks like Keras's by its name."""
    known = keras.ops.cast(y >= 0, outputs.dtype)
    return known * keras.losses.sparse_categorical_crossentropy(keras.ops.maximum(y, 0), outputs, from_logits=True)


class SparseOfOnesOwn(keras.losses.SparseCategoricalCrossentropy):
    def call(self, y, outputs):
        return sparse_categorical_crossentropy_where_known(y, outputs)


@pytest.mark.parametrize("loss", [sparse_categorical_crossentropy_where_known, SparseOfOnesOwn()])
def test_a_loss_of_ones_own_says_itself_which_labels_there_are(loss):
    population = compiled([0])
    population.compile("sgd", loss)
    y = np.arange(20) % 11 - 1
    assert np.isfinite(population.fit(X, y, batch_size=10).loss).all()


class Largest(keras.metrics.Metric):
    """A metric of one's own that takes a name alone."""

    def __init__(self, name="largest"):
        super().__init__(name=name)
        self.value = self.add_weight(name="value", initializer="zeros")

    def update_state(self, y, outputs, sample_weight=None):
        self.value.assign(keras.ops.maximum(self.value, keras.ops.max(outputs)))

    def result(self):
        return self.value + 0


@pytest.mark.backend
@pytest.mark.parametrize(
    "metric, name", [(Largest(), "largest"), (Largest("most"), "most"), (keras.metrics.MeanAbsoluteError, "mean_absolute_error")]
)
def test_metrics_of_ones_own_and_by_class_have_one_name(metric, name):
    population = zoo.Population(lambda: small_model("linear"), [0, 1])
    for _ in range(2):
        population.compile("sgd", "mse", [metric])
        y = np.zeros((20, 10), "float32")
        history = population.fit(X, y, batch_size=10, validation_data=(X, y), select="best", monitor=f"val_{name}", mode="max")
        assert np.isfinite(history[[name, f"val_{name}"]]).all(axis=None)


@pytest.mark.backend
def test_a_metric_that_keras_numbers_has_the_name_of_the_first():
    keras.metrics.AUC()
    layers = keras.layers
    population = zoo.Population(
        lambda: keras.Sequential([keras.Input((8, 8)), layers.Flatten(), layers.Dense(1, "sigmoid")]), [0, 1]
    )
    population.compile("sgd", "binary_crossentropy", [keras.metrics.AUC])
    y = (np.arange(20) % 2).astype("float32")[:, None]
    assert "val_auc" in population.fit(X, y, batch_size=10, validation_data=(X, y), select="best", monitor="val_auc")


def test_a_metric_of_many_numbers_has_no_place_in_the_history():
    wide = zoo.Population(lambda: zoo.create_model("linear", (8, 8), 3), [0])
    wide.compile("adam", "mse", [keras.metrics.R2Score(class_aggregation=None, name="each")])
    with refused(wide, "The metric each gives 3 numbers"):
        wide.fit(X, np.zeros((20, 3), "float32"), batch_size=10)


def test_a_loss_that_cannot_be_told_of_logits_is_refused(population):
    with refused(population, "ends in logits; end the model in probabilities, with a softmax layer after the logits"):
        population.compile("adam", keras.losses.CategoricalGeneralizedCrossEntropy())


def test_rates_of_members_are_peaks_of_schedules_that_rise_too():
    schedule = keras.optimizers.schedules.PolynomialDecay(0.001, 10, end_learning_rate=0.1)
    population = zoo.Population(lambda: small_model("linear"), [0, 1])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    population.compile(keras.optimizers.SGD(schedule), loss, learning_rate=[0.5, 0.1])
    at = [[float(population[k].optimizer._learning_rate(step)) for step in (0, 10)] for k in range(2)]
    np.testing.assert_allclose(at, [[0.005, 0.5], [0.001, 0.1]], rtol=1e-5)


@pytest.mark.parametrize(
    "schedule",
    [
        keras.optimizers.schedules.ExponentialDecay(1e-4, 100, 10.0),
        keras.optimizers.schedules.CosineDecayRestarts(0.01, 10, m_mul=2.0),
    ],
    ids=["exponential", "restarts"],
)
def test_rates_of_members_need_a_peak(population, schedule):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with refused(population, "a schedule whose peak is known.*, but at step"):
        population.compile(keras.optimizers.SGD(schedule), loss, learning_rate=[0.1, 0.2])
    population.compile(keras.optimizers.SGD(schedule), loss)


def test_rates_of_members_need_a_rate(population):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with refused(population, "a constant rate or a schedule, not a function"):
        population.compile(keras.optimizers.SGD(lambda: 0.1), loss, learning_rate=[0.1, 0.2])


def test_weight_decay_spares_the_variables_it_was_told_to():
    optimizer = keras.optimizers.AdamW(1e-2, weight_decay=10.0)
    optimizer.exclude_from_weight_decay(var_names=["kernel", "bias"])
    kernels = []
    for pattern in (optimizer, keras.optimizers.Adam(1e-2)):
        population = zoo.Population(lambda: small_model("linear"), [0])
        population.compile(pattern, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        population.fit(*digits()[0], epochs=2, batch_size=50)
        kernels.append(population.get_weights(0)[0])
    np.testing.assert_allclose(*kernels, rtol=1e-5, atol=1e-6)

    by_list = keras.optimizers.AdamW(1e-2, weight_decay=1.0)
    by_list.exclude_from_weight_decay(var_list=[population.template.trainable_variables[0]])
    with pytest.raises(InvalidInput, match="var_names"):
        population.compile(by_list, "mse")


class Smallest(keras.metrics.Metric):
    """The smallest output; it begins at a number that is not the one which its variable is made with."""

    def __init__(self, name="smallest", **options):
        super().__init__(name=name, **options)
        self.least = self.add_weight(shape=(), initializer="zeros", name="least")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.least.assign(keras.ops.minimum(self.least, keras.ops.min(keras.ops.cast(y_pred, "float32"))))

    def result(self):
        return keras.ops.convert_to_tensor(self.least)

    def reset_state(self):
        self.least.assign(1e9)


def test_metrics_begin_where_they_reset_to():
    def positive():
        layers = keras.layers
        return keras.Sequential([keras.Input((8, 8)), layers.Flatten(), layers.Rescaling(1 / 99), layers.Dense(3, "softplus")])

    (x, y), held_out = digits()
    population = zoo.Population(positive, [0])
    population.compile("adam", "sparse_categorical_crossentropy", [Smallest()])
    smallest = population.predict(x).min()
    assert population.evaluate(x, y % 3).smallest[0] == pytest.approx(smallest, rel=1e-5) and smallest > 0
    history = population.fit(x, y % 3, validation_data=(held_out[0], held_out[1] % 3), batch_size=50)
    assert history.val_smallest[0] == pytest.approx(population.predict(held_out[0]).min(), rel=1e-5)


def test_a_rate_may_be_a_function():
    x, losses = np.random.RandomState(0).randint(0, 256, (20, 8, 8)), []
    for rate in (lambda: 0.1, 0.1, 0.2):
        population = zoo.Population(lambda: small_model("linear"), [0])
        population.compile(keras.optimizers.SGD(rate), "mse")
        losses.append(population.fit(x, np.ones((20, 10), "float32"), epochs=2, verbose=False).loss.to_numpy())
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)
    assert losses[0][1] != pytest.approx(losses[2][1], rel=1e-3)


@pytest.mark.parametrize(
    "rate, after", [(0.1, 0.0), (keras.optimizers.schedules.CosineDecay(0.1, 9), keras.optimizers.schedules.CosineDecay(0.1, 9))]
)
def test_a_rate_that_is_changed_after_compile_is_refused_and_a_new_compile_has_it(rate, after):
    """An optimizer is a pattern: what is done to it later, no member sees."""
    population, optimizer = zoo.Population(lambda: small_model("linear"), [0]), keras.optimizers.SGD(rate)
    population.compile(optimizer, "mse")
    x, y = np.random.RandomState(0).randint(0, 256, (20, 8, 8)), np.zeros((20, 10), "float32")
    population.fit(x, y, verbose=False)
    before = population.get_weights(0)
    optimizer.learning_rate = after
    with pytest.raises(InvalidInput, match="learning rate was changed after compile, which no member sees"):
        population.fit(x, y, verbose=False)
    np.testing.assert_array_equal(population.get_weights(0)[0], before[0])
    population.compile(optimizer, "mse")
    population.fit(x, y, verbose=False)
    moved = np.abs(population.get_weights(0)[0] - before[0]).max()
    assert moved == 0 if after == 0.0 else moved > 0

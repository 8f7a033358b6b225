"""What a population's loss and metrics compare with, however they are spelt, and what they give for a batch."""

import functools

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

import zoo
from zoo.errors import InvalidInput

X = np.random.RandomState(0).rand(60, 6).astype("float32")
LABELS = np.random.RandomState(1).randint(0, 3, 60)
FROM_LOGITS = functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=True)


def compiled(loss, metrics=(), outputs=3, activation=None, members=1):
    def build():
        return keras.Sequential([keras.Input((6,)), keras.layers.Dense(outputs, activation)])

    population = zoo.Population(build, range(members))
    population.compile("sgd", loss, list(metrics))
    return population


def of_pairs(y_true, y_pred):
    """A contrastive loss: neighbours in a batch are a pair."""
    far = keras.ops.sum(keras.ops.square(y_pred[::2] - y_pred[1::2]), axis=-1)
    same = keras.ops.cast(y_true[::2] == y_true[1::2], far.dtype)
    return keras.ops.mean(same * far + (1 - same) * keras.ops.maximum(4 - far, 0))


@pytest.mark.backend
@pytest.mark.parametrize("outputs", [7, 8])
def test_a_loss_of_pairs_is_taken_whatever_the_width_of_the_output(outputs):
    population = compiled(of_pairs, outputs=outputs)
    before = population.evaluate(X, LABELS).loss[0]
    model = population[0]
    assert before == pytest.approx(model.evaluate(X, LABELS, batch_size=32, verbose=0), rel=1e-5)
    population.fit(X, LABELS, batch_size=20, epochs=20, verbose=0)
    assert population.evaluate(X, LABELS).loss[0] < before


def of_triplets(y_true, y_pred):
    """An anchor, one that is to be near it and one that is to be far, in turn."""
    near, far = (keras.ops.sum(keras.ops.square(y_pred[::3] - y_pred[k::3]), axis=-1) for k in (1, 2))
    return keras.ops.mean(keras.ops.maximum(near - far + 1, 0))


@pytest.mark.backend
@pytest.mark.parametrize("outputs", [5, 8, 12])
def test_a_loss_of_triplets_is_taken_whatever_the_width_of_the_output(outputs):
    population = compiled(of_triplets, outputs=outputs)
    population.fit(X, LABELS, batch_size=30, epochs=2, verbose=0)
    assert np.isfinite(population.history.loss).all()


class InGroups(keras.layers.Layer):
    """As the standard deviation over a minibatch of a progressive GAN: takes its batch apart."""

    def compute_output_shape(self, shape):
        return shape

    def call(self, x):
        groups = keras.ops.reshape(x, (4, -1, x.shape[-1]))
        return x + 0 * keras.ops.sum(keras.ops.std(groups, axis=0))


@pytest.mark.backend
def test_a_layer_that_wants_groups_is_taken():
    def build():
        return keras.Sequential([keras.Input((6,)), keras.layers.Dense(3), InGroups()])

    population = zoo.Population(build, [0])
    population.compile("sgd", "mse")
    population.fit(X, np.eye(3)[LABELS], batch_size=20, verbose=0)
    assert np.isfinite(population.history.loss).all()


@pytest.mark.parametrize("loss", ["crossentropy", "CE", "sparse_categorical_crossentropy", FROM_LOGITS])
def test_labels_that_the_model_does_not_know_are_refused_however_the_loss_is_spelt(loss):
    activation = None if loss is FROM_LOGITS else "softmax"
    with pytest.raises(InvalidInput, match="y has labels from 5 to 7, but the model has 3 classes"):
        compiled(loss, activation=activation).fit(X, LABELS + 5, verbose=0)
    with pytest.raises(InvalidInput, match="validation y has labels from 5 to 7"):
        compiled(loss, activation=activation).fit(X, LABELS, validation_data=(X, LABELS + 5), verbose=0)
    known = compiled("sparse_categorical_crossentropy", activation="softmax").fit(X, LABELS, verbose=0)
    if activation:
        assert_allclose(compiled(loss, activation=activation).fit(X, LABELS, verbose=0).loss, known.loss, rtol=1e-6)
        assert_allclose(compiled(loss, activation=activation).fit(X, LABELS[:, None], verbose=0).loss, known.loss, rtol=1e-6)


def test_crossentropy_is_chosen_by_the_data_as_keras_does():
    one_hot, share = np.eye(3, dtype="float32")[LABELS], LABELS / 2
    chosen, known = (compiled(loss, activation="softmax").fit(X, one_hot, verbose=0) for loss in ("ce", "categorical_crossentropy"))
    assert_allclose(chosen.loss, known.loss, rtol=1e-6)
    chosen, known = (
        compiled(loss, outputs=1, activation="sigmoid").fit(X, share, verbose=0) for loss in ("ce", "binary_crossentropy")
    )
    assert_allclose(chosen.loss, known.loss, rtol=1e-6)
    for loss in ("ce", "binary_crossentropy"):
        with pytest.raises(InvalidInput, match="compares with numbers in 0..1; y goes from 0 to 10"):
            compiled(loss, outputs=1, activation="sigmoid").fit(X, 10 * share, verbose=0)


@pytest.mark.parametrize("loss", [
    "mse", "cosine_similarity", keras.losses.CosineSimilarity(), "categorical_hinge", keras.losses.CategoricalFocalCrossentropy(),
    keras.losses.Dice(), keras.losses.Tversky(),
])  # fmt: skip
def test_targets_are_not_stretched(loss):
    with pytest.raises(InvalidInput, match=r"y has shape \(60, 1\), the model's output \(None, 3\)"):
        compiled(loss).fit(X, X[:, :1], verbose=0)


def test_labels_of_the_generalised_crossentropy_are_classes():
    loss = keras.losses.CategoricalGeneralizedCrossEntropy()
    with pytest.raises(InvalidInput, match="y has labels from 1 to 3, but the model has 3 classes"):
        compiled(loss, activation="softmax").fit(X, LABELS + 1, verbose=0)
    assert np.isfinite(compiled(loss, activation="softmax").fit(X, LABELS, verbose=0).loss).all()


def rmse(y_true, y_pred):
    return keras.ops.sqrt(keras.ops.mean(keras.ops.square(y_true - y_pred)))


@pytest.mark.parametrize("loss, metrics", [
    (rmse, []),
    pytest.param("mse", [rmse], marks=pytest.mark.backend),
    ("mse", [keras.metrics.MeanMetricWrapper(rmse, name="rmse")]),
])  # fmt: skip
def test_what_is_one_number_for_a_batch_does_not_depend_on_how_many_members_there_are(loss, metrics):
    """Its mean over batches depends on their size, which is Keras's: 32, in validation the batch size."""
    x, y = np.tile(X, (20, 1)), np.tile(X[:, :1], (20, 1)) * np.arange(1200)[:, None].astype("float32")
    found = []
    for members in (1, 40 if keras.backend.backend() == "jax" else 2):
        population = compiled(loss, metrics, outputs=1, members=members)
        history = population.fit(x, y, batch_size=100, validation_data=(x, y), verbose=0)
        evaluated = population.evaluate(x, y).filter(regex="loss|rmse")
        found.append(np.ravel([history.filter(like="val_").iloc[0], evaluated.iloc[0]]))
    assert_allclose(*found, rtol=1e-5)
    model = population[0]
    assert_allclose(found[1][-1], model.evaluate(x, y, verbose=0, return_dict=True)["rmse" if metrics else "loss"], rtol=1e-5)


class BatchRoot(keras.metrics.Mean):
    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(rmse(y_true, y_pred))


@pytest.mark.parametrize("loss, metrics", [(keras.losses.Dice(), []), ("tversky", []), ("mse", [BatchRoot(name="rmse")])])
def test_what_only_a_batch_has_is_evaluated_as_keras_does(loss, metrics):
    x, y = np.tile(X, (20, 1)), np.tile((X[:, :1] > 0.7).astype("float32"), (20, 1))
    population = compiled(loss, metrics, outputs=1, activation="sigmoid", members=40)
    known = population[0].evaluate(x, y, verbose=0, return_dict=True)
    for name, value in population.evaluate(x, y).loc[0, list(known)].items():
        assert value == pytest.approx(known[name], rel=1e-5)


class SumOfABatch(keras.losses.MeanSquaredError):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return keras.ops.sum(keras.ops.square(y_true - y_pred))


class Centre(keras.layers.Layer):
    def call(self, x):
        return x - keras.ops.mean(x, axis=0, keepdims=True)


class Gated(keras.layers.Layer):
    """Nothing at first, and more of the batch's mean the more it is trained."""

    def build(self, shape):
        self.gate = self.add_weight(shape=(), initializer="zeros")

    def call(self, x):
        return x + self.gate * keras.ops.mean(x, axis=0, keepdims=True)


def less_mean(x):
    return x - keras.ops.mean(x, axis=0, keepdims=True)


def by_largest(x):
    return x / keras.ops.max(keras.ops.abs(x))


def less_mean_from_behind(x):
    return x - keras.ops.mean(x, axis=-2, keepdims=True)


def among_others(x):
    return keras.ops.matmul(keras.ops.matmul(x, keras.ops.transpose(x)), x) / 100


def contrast(y, output):
    """One number for each example, and the others of its batch decide it."""
    return keras.ops.mean((output - keras.ops.mean(output, axis=0, keepdims=True)) ** 2, axis=-1) + keras.ops.abs(y[:, 0])


class Contrast(keras.losses.Loss):
    def call(self, y, output):
        return contrast(y, output)


def centres(y, output):
    """How far each example is from the mean of its class in the batch."""
    labels = keras.ops.reshape(y, (-1, 1))
    own = keras.ops.cast(keras.ops.equal(labels, keras.ops.transpose(labels)), output.dtype)
    return keras.ops.mean((output - own @ output / keras.ops.sum(own, axis=1, keepdims=True)) ** 2, axis=-1)


def apart(y, output):
    return keras.ops.mean((y - output) ** 4, axis=-1)


def mixing(layer):
    def build():
        inputs = keras.Input((6,))
        return keras.Model(inputs, keras.layers.Dense(1)(layer()(keras.layers.Dense(4)(inputs))))

    return build


def single():
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])


@pytest.mark.parametrize("build, loss", [
    (mixing(Centre), "mse"), (mixing(lambda: less_mean), "mse"), (mixing(Gated), "mse"), (single, SumOfABatch()),
    (mixing(lambda: keras.layers.Dense(4, activation=less_mean)), "mse"), (mixing(lambda: keras.layers.Softmax(axis=0)), "mse"),
    (mixing(lambda: by_largest), "mse"), (mixing(lambda: less_mean_from_behind), "mse"), (mixing(lambda: among_others), "mse"),
    (single, contrast), (single, Contrast()),
], ids=["layer", "operation", "gate", "loss", "activation", "axis", "all axes", "axis from behind", "product", "others", "class of those"])  # fmt: skip
def test_what_depends_on_its_batch_is_evaluated_in_keras_batches(build, loss):
    x = np.sort(np.tile(X, (20, 1)), axis=0) * np.arange(1200)[:, None].astype("float32")
    y = x[:, :1]
    for members in (1, 40 if keras.backend.backend() == "jax" else 2):
        learnt = [values + 0.5 for values in build().get_weights()]
        population = zoo.Population(build, range(members), weights=[learnt] * members)
        population.compile("sgd", loss)
        assert_allclose(population.evaluate(x, y).loss[0], population[0].evaluate(x, y, verbose=0), rtol=1e-4)
        assert_allclose(population.predict(x)[0], population[0].predict(x, verbose=0), rtol=1e-3, atol=1e-2)


def test_what_the_others_of_a_batch_decide_is_evaluated_as_keras_does():
    x, labels = np.tile(X, (20, 1)), np.tile(LABELS, 20)
    population = compiled(keras.losses.Circle(), members=40)
    assert population.evaluate(x, labels).loss[0] == pytest.approx(population[0].evaluate(x, labels, verbose=0), rel=1e-5)


def refuses_symbols(y_true, y_pred):
    assert "int" in str(y_true.dtype)
    return keras.ops.mean(y_pred, axis=-1)


def test_a_metric_sees_the_labels_as_they_are():
    population = compiled(keras.losses.SparseCategoricalCrossentropy(from_logits=True), [
        keras.metrics.MeanMetricWrapper(refuses_symbols, name="level")
    ])  # fmt: skip
    assert np.isfinite(population.fit(X, LABELS, verbose=0).level).all()


class OwnCrossentropy(keras.losses.SparseCategoricalCrossentropy):
    pass


def test_partials_and_subclasses_are_known_for_what_they_are():
    with pytest.raises(InvalidInput, match="y has labels from 5 to 7"):
        compiled(OwnCrossentropy(from_logits=True)).fit(X, LABELS + 5, verbose=0)
    linear = zoo.Population(lambda: zoo.create_model("linear", (6,), 3), [0])
    with pytest.raises(InvalidInput, match="This loss takes probabilities, but 'linear' ends in logits"):
        linear.compile("sgd", functools.partial(keras.losses.sparse_categorical_crossentropy, axis=-1))
    linear.compile("sgd", FROM_LOGITS)


@pytest.mark.parametrize(
    "loss", [keras.losses.KLDivergence(), "kl_divergence", keras.losses.Dice(), "tversky", keras.losses.Tversky()]
)
def test_distances_of_distributions_take_no_logits(loss):
    linear = zoo.Population(lambda: zoo.create_model("linear", (6,), 3), [0])
    with pytest.raises(InvalidInput, match="takes probabilities, but 'linear' ends in logits; (pass .*Categorical|end the model)"):
        linear.compile("sgd", loss)
    compiled(loss, activation="softmax")


YES_OR_NO = keras.losses.BinaryCrossentropy(from_logits=True)


@pytest.mark.parametrize("loss, outputs, metric, refused", [
    (YES_OR_NO, 1, "sparse_categorical_accuracy", True),
    (YES_OR_NO, 1, keras.metrics.CategoricalAccuracy(), True),
    (YES_OR_NO, 1, keras.metrics.F1Score(average="micro"), True),
    (YES_OR_NO, 3, "accuracy", True),
    (keras.losses.BinaryFocalCrossentropy(from_logits=True), 3, keras.metrics.TopKCategoricalAccuracy(2), True),
    (functools.partial(keras.losses.binary_crossentropy, from_logits=True), 3, keras.metrics.F1Score(), True),
    (YES_OR_NO, 3, keras.metrics.BinaryAccuracy(threshold=0.0), False),
    (keras.losses.CategoricalCrossentropy(from_logits=True), 3, "accuracy", False),
    (keras.losses.CategoricalCrossentropy(from_logits=True), 3, keras.metrics.F1Score(), False),
    (FROM_LOGITS, 3, keras.metrics.SparseTopKCategoricalAccuracy(2), False),
])  # fmt: skip
def test_the_largest_of_several_logits_answers_no_questions_of_yes_or_no(loss, outputs, metric, refused):
    linear = zoo.Population(lambda: zoo.create_model("linear", (6,), outputs), [0])
    if not refused:
        return linear.compile("sgd", loss, [metric])
    with pytest.raises(InvalidInput, match="takes probabilities, but 'linear' ends in logits"):
        linear.compile("sgd", loss, [metric])


def mean_output(y_true, y_pred, factor=1.0):
    return factor * keras.ops.mean(y_pred, axis=-1)


@pytest.mark.parametrize("function", [mean_output, lambda y_true, y_pred, factor: factor * keras.ops.mean(y_pred, axis=-1)])
def test_a_wrapped_function_need_not_be_registered(function):
    metric = keras.metrics.MeanMetricWrapper(function, name="level", factor=3.0)
    population = compiled("mse", [metric], outputs=1)
    population.fit(X, X[:, 0], verbose=0)
    assert population.evaluate(X, X[:, 0]).level.item() == pytest.approx(3 * population.predict(X).mean(), rel=1e-4)


def test_numbers_of_numpys_are_numbers():
    population = compiled("mse", outputs=1)
    history = population.fit(X, X[:, 0], batch_size=np.uint8(50), epochs=np.uint8(3), verbose=0)
    assert len(history) == population.epochs_trained == 3


def test_a_whole_split_is_no_input():
    split = zoo.datasets.load("digits").test
    population = zoo.Population(lambda: zoo.create_model("autoencoder_stack", (8, 8), 10, widths=(4,)), [0])
    for call in (population.predict, lambda both: zoo.pretrain(population, both, epochs=1)):
        with pytest.raises(InvalidInput, match=r"x and y came as one; give them apart, such as .* predict\(data.test.x\)"):
            call(split)


@pytest.mark.parametrize("loss, metric, averages", [
    (FROM_LOGITS, "accuracy", True),
    (FROM_LOGITS, keras.metrics.SparseTopKCategoricalAccuracy(2), True),
    ("mse", "mae", True),
    ("mse", keras.metrics.PearsonCorrelation(axis=0), False),
    ("mse", keras.losses.dice, False),
    ("mse", apart, True),
    (apart, contrast, False),
    (Contrast(), "mse", False),
    (keras.losses.CosineSimilarity(axis=0), "mse", False),
])  # fmt: skip
def test_kerass_own_are_known_for_what_they_are(loss, metric, averages):
    population = compiled(loss, [metric])
    x, y = np.tile(X, (20, 1)), np.tile(LABELS, 20) if loss is FROM_LOGITS else np.tile(X[:, :3], (20, 1))
    known = population[0].evaluate(x, y, verbose=0, return_dict=True)
    found = population.evaluate(x, y).loc[0, list(known)]
    assert population._engine.program.averages == averages
    assert_allclose(found.astype(float), list(known.values()), rtol=1e-4)


def test_a_loss_that_compares_those_of_a_class_is_evaluated_as_keras_does():
    """The first examples are of as many classes, so that none of them has another one beside it."""
    x, labels = np.tile(X, (20, 1)), np.tile(LABELS, 20)
    labels[:4] = (2, 0, 1, labels.max() + 1)
    population = compiled(centres)
    assert population.evaluate(x, labels).loss[0] == pytest.approx(population[0].evaluate(x, labels, verbose=0), rel=1e-5)


def test_a_partial_of_a_batch_loss_is_evaluated_as_keras_does():
    population = compiled(functools.partial(keras.losses.tversky, alpha=0.3), outputs=1, activation="sigmoid", members=40)
    x, y = np.tile(X, (20, 1)), np.tile((X[:, :1] > 0.7).astype("float32"), (20, 1))
    assert population.evaluate(x, y).loss[0] == pytest.approx(population[0].evaluate(x, y, verbose=0), rel=1e-5)

"""Examples, steps and classes weigh in the loss as they do in `keras.Model.fit`; what can be no weight is refused."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import zoo
from population_example import compiled, digits, loss_and_metric, refused, small_model
from zoo.training.example_weights import check_weights, weights_of_classes
from zoo.training.order import host_order

N, HELD_OUT = 60, 30


def some_weights(seed, *shape):
    return np.random.default_rng(seed).uniform(0, 3, shape).astype("float32")


@pytest.mark.backend
@pytest.mark.parametrize("name, steps", [("mlp", ()), ("deep_autoencoder", ()), ("language_model", (20,)), ("language_model", ())])
def test_training_equals_keras_fit(name, steps):
    (x, y), (xv, yv) = digits(name, N, HELD_OUT)
    weights, held_out = some_weights(0, N, *steps), some_weights(1, HELD_OUT, *steps)
    history = (population := compiled([3], name)).fit(
        x, y, epochs=2, batch_size=32, sample_weight=weights, validation_data=(xv, yv, held_out)
    )
    keras.utils.set_random_seed(3)
    model, (loss, metric) = small_model(name), loss_and_metric(name)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=[metric])
    column = (lambda w: w) if steps or name == "mlp" else (lambda w: w[:, None])  # Keras wants an axis for each of the loss
    for epoch in range(2):
        rows = host_order(3, epoch, N)
        logs = model.fit(
            x[rows], y[rows], batch_size=32, shuffle=False, verbose=0, sample_weight=column(weights)[rows],
            validation_data=(xv, yv, column(held_out)), validation_batch_size=HELD_OUT,
        ).history  # fmt: skip
        for metric, (value,) in logs.items():
            assert_allclose(history[metric][epoch], value, rtol=2e-5, err_msg=metric)
    for mine, theirs in zip(population.get_weights(0), model.get_weights(), strict=True):
        assert_allclose(mine, theirs, rtol=1e-4, atol=2e-5)


@pytest.mark.backend
def test_the_share_held_out_is_that_of_keras():
    (x, y), _ = digits(n=N)
    weights = some_weights(4, N)
    settings = {"epochs": 2, "batch_size": 16, "shuffle": False, "validation_split": 0.3}
    history = (population := compiled([3], "mlp")).fit(x, y, sample_weight=list(weights), **settings)
    keras.utils.set_random_seed(3)
    model, (loss, metric) = small_model("mlp"), loss_and_metric("mlp")
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=[metric])
    logs = model.fit(x, y, sample_weight=weights, verbose=0, **settings).history
    for metric, values in logs.items():
        assert_allclose(history[metric], values, rtol=2e-5, err_msg=metric)
    assert population.fit(x, y, validation_split=0.5, select="best", batch_size=16).val_loss.notna().all()


@pytest.mark.backend
@pytest.mark.parametrize("labels, loss", [
    (lambda y: y, "SparseCategoricalCrossentropy"),
    (lambda y: y[:, None], "SparseCategoricalCrossentropy"),
    (lambda y: np.eye(10, dtype="float32")[y], "CategoricalCrossentropy"),
])  # fmt: skip
def test_class_weights_equal_keras_fit(labels, loss):
    (x, y), _ = digits(n=N)
    loss, weights = getattr(keras.losses, loss)(from_logits=True), {2: 0.5, 0: 3.0}
    population = zoo.Population(lambda: small_model("mlp"), [3])
    population.compile(keras.optimizers.Adam(0.01), loss)
    history = population.fit(x, labels(y), epochs=2, batch_size=30, class_weight=weights, shuffle=False)
    keras.utils.set_random_seed(3)
    model = small_model("mlp")
    model.compile(keras.optimizers.Adam(0.01), loss)
    logs = model.fit(x, labels(y), epochs=2, batch_size=30, class_weight=weights, shuffle=False, verbose=0).history
    assert_allclose(history.loss, logs["loss"], rtol=2e-5)


@pytest.mark.backend
def test_subsets_take_their_weights_along_in_every_group():
    (x, y), _ = digits(n=N)
    weights, rows = some_weights(2, N), np.random.default_rng(3).permutation(N)[:24].reshape(3, 8)
    together = compiled([4, 5, 6], group_size=2)
    together.fit(x, y, epochs=2, batch_size=4, sample_weight=weights, subsets=rows)
    for k, own in enumerate(rows):
        alone = compiled([4 + k])
        alone.fit(x[own], y[own], epochs=2, batch_size=4, sample_weight=weights[own])
        for mine, theirs in zip(together.get_weights(k), alone.get_weights(0), strict=True):
            assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def per_image(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=(1, 2))


def per_number(y_true, y_pred):
    return keras.ops.square(y_true - y_pred)


@pytest.mark.backend
@pytest.mark.parametrize("loss", [per_image, per_number, "mse"])
def test_weights_have_the_shape_of_the_losses(loss):
    (x, _), _ = digits(n=N)
    y, weights = (x / 255).astype("float32"), some_weights(5, N)
    population = zoo.Population(lambda: keras.Sequential([keras.Input((8, 8)), keras.layers.Dense(8)]), [0])
    population.compile("sgd", loss)
    each = ((population.predict(x)[0] - y) ** 2).mean(axis=(1, 2))
    assert_allclose(population.evaluate(x, y, sample_weight=weights).loss, [(each * weights).mean()], rtol=1e-4)


def masked():
    layers = keras.layers
    lstm = layers.LSTM(6, return_sequences=True, use_cudnn=False)
    return keras.Sequential([keras.Input((20,)), layers.Embedding(16, 4, mask_zero=True), lstm, layers.Dense(16)])


@pytest.mark.backend
@pytest.mark.parametrize("steps", [(), (20,)])
def test_what_is_padded_stays_without_weight(steps):
    (x, y), _ = digits("language_model", N)
    weights, loss = some_weights(6, N, *steps), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    population = zoo.Population(masked, [0])
    population.compile("sgd", loss)
    model = population[0]
    # Of what is masked there is no mean over examples: both go by batches of 32.
    expected = model.evaluate(x, y, sample_weight=weights if steps else np.repeat(weights[:, None], 20, axis=1), verbose=0)
    assert (x == 0).any()
    assert_allclose(population.evaluate(x, y, sample_weight=weights).loss, [expected], rtol=1e-5)


@pytest.mark.backend
def test_the_loss_is_the_weighted_sum_over_the_number_of_examples():
    (x, y), _ = digits(n=N)
    population, weights = compiled([0, 1]), some_weights(4, N)
    logits = population.predict(x).astype("float64")
    each = np.log(np.exp(logits).sum(-1)) - logits[:, np.arange(N), y]
    found = population.evaluate(x, y, sample_weight=weights)
    assert_allclose(found.loss, (each * weights).mean(axis=1), rtol=1e-4)
    assert_allclose(found.accuracy, (logits.argmax(-1) == y).mean(axis=1), rtol=1e-6)  # as in Keras, not weighted
    assert_allclose(population.evaluate(x, y).loss, each.mean(axis=1), rtol=1e-4)


def test_an_example_without_weight_teaches_nothing():
    (x, y), held_out = digits(n=N)
    weights, other = np.repeat([1.0, 0.0], N // 2), x.copy()
    other[N // 2 :] = 255 - other[N // 2 :]
    trained = []
    for images in (x, other):
        trained.append(compiled())
        trained[-1].fit(images, y, epochs=2, batch_size=20, sample_weight=weights)
    assert_array_equal(*(population.predict(held_out[0]) for population in trained))


def test_a_heavy_class_is_found_more_often():
    (x, y), (xv, yv) = digits(n=N)
    population, plain = compiled(), compiled()
    for trained, weights in ((population, {8: 30.0}), (plain, None)):
        trained.fit(x, y, epochs=5, batch_size=20, class_weight=weights)
    eights = [(trained.predict(xv)[0].argmax(-1) == 8).mean() for trained in (population, plain)]
    assert eights[0] > eights[1] + 0.05


def test_class_weights_are_those_of_each_label():
    labels, ten, weights = np.array([2, 0, 2, 1]), (None, 10), {2: 0.5, 0: 3}
    for given in (labels, labels[:, None], labels.astype("float32"), np.eye(10)[labels]):
        assert_array_equal(weights_of_classes(weights, given, ten), np.array([0.5, 3, 0.5, 1], "float32"))
    of_steps = weights_of_classes({1: 4}, np.array([[0, 1, -1]]), (None, 3, 2), ignored=-1)
    assert_array_equal(of_steps, np.array([[1, 4, 1]], "float32"))
    of_two = weights_of_classes({1: 4}, np.array([[0], [1]]), (None, 1))  # one output tells two classes apart
    assert_array_equal(of_two, np.array([1, 4], "float32"))


def test_weights_of_examples_are_not_taken_for_those_of_steps():
    weights = np.arange(5)
    found = check_weights(weights, (7, 5), 5)
    assert_array_equal(found, np.repeat(weights[:, None], 5, axis=1))
    assert_array_equal(check_weights(weights[:, None], (7,), 5), weights)  # a column of a table


@pytest.mark.parametrize("given, match", [
    ({"sample_weight": np.ones(59)}, r"sample_weight has shape \(59,\); it must have \(60,\)\."),
    ({"sample_weight": np.ones((60, 10))}, r"shape \(60, 10\); it must have \(60,\)"),
    ({"sample_weight": -np.ones(60)}, "finite numbers of at least 0"),
    ({"sample_weight": np.full(60, np.nan)}, "finite numbers of at least 0"),
    ({"sample_weight": np.zeros(60)}, "sample_weight gives all examples 0"),
    ({"sample_weight": np.arange(60) > 30, "subsets": [[0, 1, 2, 3]], "batch_size": 2}, "All examples of member 0 weigh 0"),
    ({"sample_weight": ["1"] * 60}, "must be numbers, one for each example"),
    ({"sample_weight": [[1], [1, 2]] * 30}, "must be numbers, one for each example"),
    ({"sample_weight": np.ones(60), "class_weight": {1: 2}}, "class_weight goes with y and without sample_weight"),
    ({"class_weight": {10: 2}}, r"class_weight has 10, but the classes are 0\.\.9"),
    ({"class_weight": {"one": 2}}, "class_weight has 'one'"),
    ({"class_weight": {1: "much"}}, r"class_weight\[1\] must be a finite number of at least 0; got 'much'"),
    ({"class_weight": dict.fromkeys(range(10), 0)}, "class_weight gives all examples 0"),
    ({"validation_data": (np.zeros((2, 8, 8)), [0, 1], [0, 0])}, "validation sample_weight gives all examples 0"),
    ({"sample_weight": np.full(60, 1e300)}, "finite numbers of at least 0"),
    ({"class_weight": {1: -2.0}}, r"class_weight\[1\] must be a finite number of at least 0; got -2\.0"),
    ({"class_weight": np.ones(10)}, r"a dict \{class: weight\}, such as dict\(enumerate\(weights\)\); got ndarray"),
    ({"validation_data": (np.zeros((2, 8, 8)), [0, 1], [1.0])}, r"validation sample_weight has shape \(1,\)"),
    ({"validation_data": (np.zeros((2, 8, 8)),)}, r"a pair of arrays \(x, y\), or three \(x, y, sample_weight\)"),
])  # fmt: skip
def test_what_can_be_no_weight(given, match):
    (x, y), _ = digits(n=60)
    population = compiled()
    with refused(population, match):
        population.fit(x, y, **{"batch_size": 20} | given)


def test_class_weights_want_classes():
    population, x = zoo.Population(lambda: small_model("linear"), [0]), np.zeros((20, 8, 8))
    population.compile("sgd", "mse")
    with refused(population, "class_weight wants y to be class labels"):
        population.fit(x, 0.5 * np.eye(20, 10), class_weight={1: 2.0}, batch_size=10)
    population.compile("sgd", zoo.layers.MeanOutput())
    with refused(population, "class_weight goes with y"):
        population.fit(x, class_weight={1: 2.0}, batch_size=10)


@pytest.mark.backend
def test_a_loss_of_integers_is_cast_as_keras_casts():
    (x, y), _ = digits(n=N)
    population, weights = zoo.Population(lambda: small_model("linear"), [0]), some_weights(7, N)
    population.compile("sgd", lambda a, b: keras.ops.mean(keras.ops.square(b - a), axis=-1))
    y = np.eye(10, dtype="int64")[y]
    each = ((population.predict(x)[0] - y) ** 2).mean(axis=-1)
    assert_allclose(population.evaluate(x, y, sample_weight=weights).loss, [(each * weights).mean()], rtol=1e-4)


def test_a_loss_without_one_for_each_example_is_refused():
    class Whole(keras.losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return keras.ops.mean(keras.ops.square(y_pred))

    (x, y), _ = digits(n=N)
    population = zoo.Population(lambda: small_model("linear"), [0])
    population.compile("sgd", Whole())
    population.fit(x, y, batch_size=20)
    with refused(population, "Whole.call must give one loss for each example, to be weighed: NotImplementedError"):
        population.fit(x, y, batch_size=20, sample_weight=np.ones(N))


def test_a_loss_of_a_whole_batch_has_no_weights():
    (x, y), _ = digits(n=N)
    population = zoo.Population(lambda: small_model("linear"), [0])
    population.compile("sgd", lambda y_true, y_pred: keras.ops.mean(keras.ops.square(y_pred)))
    with refused(population, "for a loss of one number for each example"):
        population.fit(x, y, batch_size=20, sample_weight=np.ones(N))

"""Examples, steps and classes weigh in the loss as they do in `keras.Model.fit`; what can be no weight is refused."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from population_example import compiled, digits, loss_and_metric, refused, shared_compilations, small_model  # noqa: F401

import zoo
from zoo.training.example_weights import example_weights
from zoo.training.order import host_order

N, HELD_OUT = 60, 30


def some_weights(seed, *shape):
    return np.random.default_rng(seed).uniform(0, 3, shape).astype("float32")


@pytest.mark.backend
@pytest.mark.parametrize("name, steps", [("mlp", ()), ("autoencoder_stack", ()), ("language_model", (20,)), ("language_model", ())])
def test_training_equals_keras_fit(name, steps):
    (x, y), (xv, yv) = digits(name, N, HELD_OUT)
    weights, held_out = some_weights(0, N, *steps), some_weights(1, HELD_OUT, *steps)
    history = (population := compiled([3], name)).fit(
        x, y, epochs=2, batch_size=32, sample_weight=weights, validation_data=(xv, yv, held_out)
    )
    keras.utils.set_random_seed(3)
    model, (loss, metric) = small_model(name), loss_and_metric(name)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=[metric])
    column = (lambda w: w) if steps or name != "language_model" else (lambda w: w[:, None])  # Keras wants an axis per step
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
def test_a_subset_takes_its_weights_along():
    (x, y), _ = digits(n=N)
    weights, rows = some_weights(2, N), np.array([[5, 40, 7, 31, 22, 9, 50, 3]])
    part, alone = compiled(), compiled()
    part.fit(x, y, epochs=2, batch_size=4, sample_weight=weights, subsets=rows)
    alone.fit(x[rows[0]], y[rows[0]], epochs=2, batch_size=4, sample_weight=weights[rows[0]])
    for mine, theirs in zip(part.get_weights(0), alone.get_weights(0), strict=True):
        assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


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
    labels, ten = np.array([2, 0, 2, 1]), (None, 10)
    found = [
        example_weights(None, {2: 0.5, 0: 3}, given, ten)
        for given in (labels, labels[:, None], labels.astype("float32"), np.eye(10)[labels])
    ]
    for weights in found:
        assert_array_equal(weights, np.array([0.5, 3, 0.5, 1], "float32"))
    of_steps = example_weights(None, {1: 4}, np.array([[0, 1, -1]]), (None, 3, 2))  # -1: what a loss may ignore
    assert_array_equal(of_steps, np.array([[1, 4, 1]], "float32"))
    of_two = example_weights(None, {1: 4}, np.array([[0], [1]]), (None, 1))  # one output tells two classes apart
    assert_array_equal(of_two, np.array([1, 4], "float32"))


def test_weights_of_examples_are_not_taken_for_those_of_steps():
    assert example_weights(np.ones(5), None, np.zeros((5, 5)), (None, 5, 16)).shape == (5, 1)


@pytest.mark.parametrize("given, match", [
    ({"sample_weight": np.ones(59)}, r"sample_weight has shape \(59,\); it must have \(60,\)\."),
    ({"sample_weight": np.ones((60, 10))}, r"shape \(60, 10\); it must have \(60,\)"),
    ({"sample_weight": -np.ones(60)}, "finite numbers of at least 0"),
    ({"sample_weight": np.full(60, np.nan)}, "finite numbers of at least 0"),
    ({"sample_weight": np.zeros(60)}, "0 for all examples: there is nothing to learn from"),
    ({"sample_weight": ["a"] * 60}, "must be numbers, one for each example"),
    ({"sample_weight": np.ones(60), "class_weight": {1: 2}}, "sample_weight or class_weight, not both"),
    ({"class_weight": {10: 2}}, r"class_weight has 10, but the classes are 0\.\.9"),
    ({"class_weight": {"one": 2}}, "class_weight has 'one'"),
    ({"class_weight": {1: "much"}}, r"class_weight\[1\] must be a number; got 'much'"),
    ({"class_weight": {1: -2.0}}, "class_weight must be finite numbers of at least 0"),
    ({"class_weight": [1.0] * 10}, r"a dict \{class: weight\}"),
    ({"validation_data": (np.zeros((2, 8, 8)), [0, 1], [1.0])}, r"validation sample_weight has shape \(1,\)"),
    ({"validation_data": (np.zeros((2, 8, 8)),)}, r"a pair of arrays \(x, y\), or three \(x, y, sample_weight\)"),
])  # fmt: skip
def test_what_can_be_no_weight(given, match):
    (x, y), _ = digits(n=60)
    population = compiled()
    with refused(population, match):
        population.fit(x, y, batch_size=20, **given)


def test_class_weights_want_classes():
    population = zoo.Population(lambda: zoo.create_model("linear", (8, 8), 10), [0])
    population.compile("sgd", "mse")
    with refused(population, "class_weight is for class labels"):
        population.fit(np.zeros((20, 8, 8)), np.zeros((20, 10)) + 0.5 * np.eye(20, 10), class_weight={1: 2.0}, batch_size=10)

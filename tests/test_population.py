"""Population: what a user sees of it, from rates, weights and subsets to the history."""

import random

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import zoo
from population_example import assert_same, compiled, data, digits, reference, refused, small_model  # noqa: F401
from zoo.errors import InvalidInput


@pytest.mark.backend
def test_history_has_a_row_per_member_and_epoch(reference):
    population, history = reference
    columns = ["member", "seed", "epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert list(history.columns) == columns
    assert_array_equal(history[["member", "seed", "epoch"]], [[k, k, e] for k in range(3) for e in range(2)])
    assert np.isfinite(history).all(axis=None)
    assert_same(population.history, history)
    assert (population.best_epoch == 1).all() and not population.diverged.any()
    assert population.fit_seconds > 0


@pytest.mark.backend
def test_a_member_is_an_ordinary_model_that_agrees(reference, data):
    population, history = reference
    x, y = data[1]
    table = population.evaluate(x, y)
    assert list(table.columns) == ["member", "seed", "loss", "accuracy", "diverged"] and len(table) == 3
    last = history[history.epoch == 1]
    assert_allclose(table.accuracy, last.val_accuracy, rtol=0, atol=0)
    assert_allclose(table.loss, last.val_loss, rtol=1e-6)
    model = population[-1]
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert_allclose([loss, accuracy], table.loc[2, ["loss", "accuracy"]].astype(float), rtol=1e-5)
    outputs = population.predict(x)
    assert outputs.shape == (3, 50, 10)
    assert_allclose(outputs[2], model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
    assert_array_equal(population.get_weights(2)[0], model.get_weights()[0])
    assert [m.count_params() for m in population] == [650] * 3
    with pytest.raises(IndexError, match="3 members"):
        population[3]
    with pytest.raises(TypeError, match="True is no number"):
        population[True]


@pytest.mark.backend
def test_the_template_stays_a_model_that_can_be_saved(reference, tmp_path):
    """No value of what was traced for the members is left in it."""
    template = reference[0].template
    assert float(keras.ops.convert_to_numpy(template.optimizer.learning_rate)) > 0
    template.save(tmp_path / "template.keras")
    assert keras.saving.load_model(tmp_path / "template.keras", compile=False).count_params() == template.count_params()


@pytest.mark.backend
@pytest.mark.parametrize("optimizer", ["adam", "sgd with a schedule"])
def test_a_second_fit_goes_on_where_the_first_ended(optimizer, data):
    if optimizer != "adam":
        schedule = keras.optimizers.schedules.CosineDecay(0.3, 12)
        optimizer = keras.optimizers.SGD(schedule, momentum=0.9)
    once, twice = compiled([0, 1], optimizer=optimizer), compiled([0, 1], optimizer=optimizer)
    longer = once.fit(*data[0], epochs=2, batch_size=32)
    twice.fit(*data[0], epochs=1, batch_size=32)
    rest = twice.fit(*data[0], epochs=1, batch_size=32)
    assert list(rest.epoch) == [1, 1]
    assert_same(twice.history.sort_values(["member", "epoch"]), longer)
    assert_allclose(once.get_weights(1)[0], twice.get_weights(1)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.backend
def test_compile_again_begins_with_a_new_optimizer(data):
    again, fresh = compiled([0]), None
    again.fit(*data[0], batch_size=32)
    fresh = compiled([0], optimizer="sgd", weights=[again.get_weights(0)])
    again.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    both = [p.fit(*data[0], batch_size=32, shuffle=False) for p in (again, fresh)]
    assert_same(both[0].drop(columns="epoch"), both[1].drop(columns="epoch"))
    assert list(again.history.epoch) == [0, 1]


@pytest.mark.backend
def test_each_member_has_its_own_rate(data):
    alone = compiled([3], optimizer=keras.optimizers.Adam(0.05)).fit(*data[0], epochs=2, batch_size=32)
    together = compiled([3, 3, 4], learning_rate=[0.001, 0.05, 0.01]).fit(*data[0], epochs=2, batch_size=32)
    assert_same(together[together.member == 1].drop(columns="member"), alone.drop(columns="member"))


@pytest.mark.backend
@pytest.mark.parametrize("schedule", [False, True])
@pytest.mark.parametrize("precision", [None, "mixed_float16"])
def test_a_member_on_its_own_goes_on_at_its_own_rate(schedule, precision, data, tmp_path):
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.5) if schedule else 0.1
    population = zoo.Population(lambda: zoo.create_model("linear", (8, 8), 10), range(3), precision=precision)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    population.compile(keras.optimizers.SGD(rate), loss, learning_rate=[0.01, 0.1, 0.4])
    for member, expected in enumerate([0.01, 0.1, 0.4]):
        assert float(population[member].optimizer.learning_rate) == pytest.approx(expected)
    if precision:
        return  # Keras does not load again what it saves of an optimizer that scales losses
    population[0].save(tmp_path / "member.keras")
    again = keras.saving.load_model(tmp_path / "member.keras")
    assert float(again.optimizer.learning_rate) == pytest.approx(0.01)
    again.fit(*data[0], verbose=0)


def test_a_seed_that_comes_again_is_built_once_and_is_the_same_member():
    built = []

    def build():
        built.append(1)
        return small_model("mlp", batch_norm=True)

    population = zoo.Population(build, [3, 4, 3, 4, 3])
    assert len(built) == 2
    for member, twin in ((2, 0), (4, 0), (3, 1)):
        assert all(map(np.array_equal, population.get_weights(member), population.get_weights(twin)))
    assert not np.array_equal(population.get_weights(0)[0], population.get_weights(1)[0])
    starts = [[np.full(w.shape, k, w.dtype) for w in population.get_weights(0)] for k in range(5)]
    given = zoo.Population(build, [3, 4, 3, 4, 3], weights=starts)
    assert all((w == k).all() for k in range(5) for w in given.get_weights(k))
    assert all((np.asarray(w) == 0).all() for w in given.template.get_weights())
    assert len(built) == 4  # what weights are for, and another to see that it is alike: these models have no variables besides


def test_seeds_still_decide_what_is_no_weight():
    built = []

    def build():
        built.append(1)
        return zoo.create_model("mlp", (8, 8), 10, widths=[4], dropout=0.5)

    starts = [zoo.Population(build, [0]).get_weights(0)] * 3
    population = zoo.Population(build, [5, 6, 5], weights=starts)
    assert len(built) == 4  # of the one member of before, too, a second to see that it is alike
    draws = [np.asarray(model.non_trainable_variables[0]) for model in map(population.__getitem__, range(3))]
    assert not np.array_equal(draws[0], draws[1]) and np.array_equal(draws[0], draws[2])


def test_members_start_from_given_weights(data):
    random_state = np.random.default_rng(0)
    weights = [[random_state.normal(size=w.shape) for w in compiled().get_weights(0)] for _ in range(2)]
    population = compiled([5, 6], weights=weights)
    for k in range(2):
        for mine, given in zip(population.get_weights(k), weights[k], strict=True):
            assert_array_equal(mine, given.astype("float32"))
    x = data[0][0]
    expected = x.reshape(len(x), -1) / 255 @ weights[1][0] + weights[1][1]
    assert_allclose(population.predict(x)[1], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.backend
def test_a_subset_trains_like_those_examples_alone(data):
    (x, y), held_out = data
    subsets = np.array([np.arange(40), np.random.default_rng(1).permutation(100)[:40]])
    both = compiled([0, 1]).fit(x, y, epochs=2, batch_size=16, subsets=subsets, validation_data=held_out)
    alone = compiled([1]).fit(x[subsets[1]], y[subsets[1]], epochs=2, batch_size=16, validation_data=held_out)
    assert_same(both[both.member == 1].drop(columns="member"), alone.drop(columns="member"))


@pytest.mark.backend
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("precision", [None, "mixed_float16"])
def test_an_optimizer_that_starts_at_the_weights_starts_at_each_members_own(precision, scaled, data):
    """ScheduleFree keeps a second copy of the weights: with next to no step, members stay what they were."""
    optimizer = keras.optimizers.ScheduleFreeAdamW(1e-12)
    optimizer = keras.optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer
    population = compiled([0, 1, 2], optimizer=optimizer, precision=precision)
    before = [population.get_weights(k)[0] for k in range(3)]
    population.fit(*data[0], epochs=1, batch_size=50)
    for k in range(3):
        assert_allclose(population.get_weights(k)[0], before[k], rtol=1e-4, atol=1e-6)


@pytest.mark.backend
def test_an_optimizer_starts_at_weights_that_started_at_one_value_too():
    def build():
        return keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, kernel_initializer="zeros")])

    x, y = np.random.RandomState(0).normal(size=(60, 6)).astype("float32"), np.arange(60) % 3
    population = zoo.Population(build, [0])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    population.compile("adam", loss)
    population.fit(x, y, batch_size=20, epochs=3)
    before = population.get_weights(0)[0]
    population.compile(keras.optimizers.ScheduleFreeAdamW(1e-12), loss)
    population.fit(x, y, batch_size=20)
    assert np.abs(before).max() > 1e-3
    assert_allclose(population.get_weights(0)[0], before, rtol=1e-4, atol=1e-6)


def test_what_fit_returns_is_the_callers(data, tmp_path):
    population = compiled([0, 1])
    returned = population.fit(*data[0], batch_size=50)
    before = population.history
    returned["model"], returned["epoch"] = "mlp", 7
    assert_same(population.history, before)
    population.save(tmp_path / "p.npz")
    population.restore(tmp_path / "p.npz")
    assert_same(population.history, before)


class Falling(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule of the user's, with no config."""

    def __call__(self, step):
        return 0.1 / (1 + keras.ops.cast(step, "float32"))


@pytest.mark.backend
@pytest.mark.parametrize(
    "rate, same",
    [(Falling(), keras.optimizers.schedules.InverseTimeDecay(0.1, 1, 1)), (lambda: 0.05, 0.05)],
    ids=["schedule", "function"],
)
def test_rates_that_only_their_owner_can_make(rate, same, data):
    optimizers = [keras.optimizers.SGD(one) for one in (rate, same)]
    histories = [compiled([0], optimizer=one).fit(*data[0], epochs=2, batch_size=50) for one in optimizers]
    assert_same(*histories)


@pytest.mark.backend
def test_an_incomplete_batch_can_be_left_out(data):
    (x, y), _ = data
    dropped = compiled([0]).fit(x, y, batch_size=32, shuffle=False, drop_remainder=True)
    assert_same(dropped, compiled([0]).fit(x[:96], y[:96], batch_size=32, shuffle=False))


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "column"])
def test_labels_of_any_integer_dtype(dtype, data, reference):
    (x, y), held_out = data
    change = (lambda labels: labels[:, None]) if dtype == "column" else lambda labels: labels.astype(dtype)
    history = compiled([0]).fit(x, change(y), epochs=2, batch_size=32, validation_data=(held_out[0], change(held_out[1])))
    assert_same(history, reference[1].query("member == 0"))


def test_integers_beyond_32_bits_are_not_cut_off():
    x, y = np.full((8, 2), 1_700_000_000_000), np.full((8, 1), 2**40)
    population = zoo.Population(lambda: zoo.create_model("linear", (2,), 1, rescale=1e-12), [0])
    population.compile("sgd", "mse")
    seen = population.predict(x)
    assert_allclose(seen, population.predict(x.astype("float32")), rtol=1e-6)
    assert abs(seen).max() > 0.1
    assert population.evaluate(x, y).loss[0] == pytest.approx(2.0**80, rel=1e-3)


def test_a_model_of_integers_takes_those_beyond_32_bits_or_says_that_it_cannot():
    def build():
        inputs = keras.Input((2,), dtype="int64")
        x = keras.ops.cast(inputs // 2**20, "float32")
        return keras.Model(inputs, keras.layers.Dense(2, kernel_initializer="identity")(x))

    population, x = zoo.Population(build, [0]), 2**20 * (2**15 + np.arange(8)).reshape(4, 2)
    if keras.backend.backend() == "jax":
        with pytest.raises(
            InvalidInput, match="x has integers beyond 32 bits, 34359738368 to 34367078400, .*KERAS_BACKEND=tensorflow"
        ):
            population.predict(x)
    else:
        assert_array_equal(population.predict(x)[0], 2**15 + np.arange(8).reshape(4, 2))


def test_pixels_of_any_dtype(data, reference):
    (x, y), (xv, yv) = data
    history = compiled([0]).fit(x.astype("float64"), y, epochs=2, batch_size=32, validation_data=(xv.astype(int), yv))
    assert_same(history, reference[1].query("member == 0"))


@pytest.mark.backend
def test_targets_of_another_shape_after_a_prediction(data):
    (x, y), _ = data
    population = compiled([0])
    population.predict(x)
    population.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True), ["accuracy"])
    population.predict(x)
    targets = np.eye(10)[y]
    population.fit(x, targets, batch_size=50)
    hits = (population.predict(x)[0].argmax(-1) == y).mean()
    assert_allclose(population.evaluate(x, targets).accuracy[0], hits, rtol=1e-6)


@pytest.mark.backend
def test_the_global_random_state_is_left_alone(data):
    def draws():
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            return random.random(), np.random.rand(), float(keras.random.uniform(())), float(tf.random.uniform(()))
        return random.random(), np.random.rand(), float(keras.random.uniform(()))

    keras.utils.set_random_seed(11)
    expected = draws()
    keras.utils.set_random_seed(11)
    population = compiled([0, 1], "mlp")
    population.fit(*data[0], batch_size=50)
    population[1].predict(data[0][0], verbose=0)
    assert draws() == expected


@pytest.mark.backend
def test_what_layers_draw_goes_by_seed_and_epoch(data):
    """On PyTorch, too, where a Dropout without a seed draws from the global generator."""

    def losses(*calls):
        population = zoo.Population(lambda: zoo.create_model("mlp", (8, 8), 10, widths=[8], dropout=0.5), [0, 1])
        population.compile(keras.optimizers.SGD(0.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        for epochs in calls:
            population.fit(*data[0], epochs=epochs, batch_size=50, shuffle=False)
        return population.history.sort_values(["epoch", "member"]).loss.to_numpy()

    found = losses(1, 1, 1)
    assert len(np.unique(found)) == 6
    assert_array_equal(found, losses(1, 1, 1))
    assert_allclose(found, losses(1, 2), rtol=1e-6)


@pytest.mark.backend
@pytest.mark.parametrize("options", [{"reduction": "sum"}, {"ignore_class": -1}, {"reduction": "mean_with_sample_weight"}])
def test_a_loss_that_is_no_mean_over_examples_is_evaluated_as_by_keras_however_many_members(options):
    """It goes by the size of the batches: Keras's own, and in validation that of training."""
    (x, y), _ = digits(n=1010)
    weights = np.linspace(0, 2, len(y)).astype("float32")
    if "ignore_class" in options:
        y = np.where(np.arange(len(y)) < 700, -1, y)
    found, many = [], 40 if keras.backend.backend() == "jax" else 2  # elsewhere each is evaluated by itself
    for members in (1, many):
        population = compiled([7] * members)
        population.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True, **options))
        found.append(population.evaluate(x, y, sample_weight=weights).loss[0])
    alone = population[0].evaluate(x, y, sample_weight=weights, verbose=0)
    assert_allclose(found, [alone] * 2, rtol=1e-5)
    history = population.fit(x, y, validation_data=(x, y, weights), batch_size=50)
    expected = population[-1].evaluate(x, y, sample_weight=weights, batch_size=50, verbose=0)
    assert_allclose(history.val_loss.iloc[-1], expected, rtol=1e-4)
    few = population.evaluate(x[-20:], y[-20:]).loss.iloc[-1]
    assert_allclose(few, population[-1].evaluate(x[-20:], y[-20:], verbose=0), rtol=1e-4)
    population.fit(x, y, validation_data=(x[-7:], y[-7:]), batch_size=50)  # fewer than a batch


@pytest.mark.backend
def test_predict_needs_no_compile(data):
    x, y = data[0]
    compiled_one, plain = compiled([0, 1]), zoo.Population(lambda: small_model("linear"), [0, 1])
    expected = compiled_one.predict(x)
    assert_allclose(plain.predict(x), expected, rtol=1e-6, atol=1e-6)
    assert not plain[0].compiled
    plain.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    assert_same(plain.fit(x, y, batch_size=50), compiled_one.fit(x, y, batch_size=50))


@pytest.mark.backend
def test_a_population_says_what_it_is(data):
    population = compiled([3, 4])
    assert repr(population) == "<Population 'linear': members=2, epochs_trained=0>"
    population.fit(*data[0], epochs=2, batch_size=50)
    assert repr(population) == "<Population 'linear': members=2, epochs_trained=2>"


@pytest.mark.backend
@pytest.mark.parametrize(
    "name, classes, loss",
    [
        ("softmax", 10, "sparse_categorical_crossentropy"),
        ("softmax", 10, "crossentropy"),
        ("softmax", 10, keras.losses.SparseCategoricalCrossentropy()),
        ("sigmoid", 1, "binary_crossentropy"),
    ],
)
def test_a_model_that_ends_in_probabilities_takes_losses_of_them(name, classes, loss, data):
    def build():
        model = small_model("linear") if classes == 10 else zoo.create_model("linear", (8, 8), 1)
        return keras.Model(model.inputs, keras.layers.Activation(name)(model.output))

    x, y = data[0]
    y = y if classes == 10 else (y[:, None] > 4).astype("float32")
    population = zoo.Population(build, [0])
    population.compile(keras.optimizers.Adam(0.01), loss, ["accuracy"])
    losses = population.fit(x, y, epochs=4, batch_size=20).loss
    assert losses.iloc[-1] < losses.iloc[0]


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_trains_with_rates_and_averages(precision, data):
    policy = keras.config.dtype_policy().name
    optimizer = keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5)
    population = compiled([0, 1], "mlp", optimizer, precision=precision, learning_rate=[0.01, 1e-9])
    assert keras.config.dtype_policy().name == policy
    loss = population.fit(*data[0], epochs=4, batch_size=25).pivot(index="epoch", columns="member", values="loss")
    assert loss.loc[3, 0] < 0.9 * loss.loc[0, 0] and loss.loc[3, 1] > 0.99 * loss.loc[0, 1]


@pytest.mark.backend
def test_layers_are_copied_between_populations_of_one_size_and_kind():
    def layers_of(source, kind="Dense"):
        return [layer for layer in source.template.layers if type(layer).__name__ == kind]

    population, other, more = compiled([0, 1]), compiled([3, 4]), compiled([0, 1, 2])
    wider = zoo.Population(lambda: zoo.create_model("linear", (8, 8), 11), [3, 4])
    with refused(population, "The source has 3 members, this population 2"):
        population.copy_layers(more, layers_of(population), layers_of(more))
    with refused(population, "must be as many"):
        population.copy_layers(other, layers_of(population), [])
    with refused(population, r"has shape \(64, 10\), its source \(64, 11\)"):
        population.copy_layers(wider, layers_of(population), layers_of(wider))
    with refused(population, "is no variable of"):
        population.copy_layers(other, layers_of(population), layers_of(more))
    population.copy_layers(other, layers_of(population), layers_of(other))
    for member in range(2):
        for mine, theirs in zip(population.get_weights(member), other.get_weights(member), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_layers_of_one_population_trade_places():
    def build():
        return keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(4, bias_initializer="uniform") for _ in range(3))])

    population = zoo.Population(build, [0, 1])
    before = [population.get_weights(member) for member in range(2)]
    first, second, third = population.template.layers
    population.copy_layers(population, [first, second, third], [second, third, first])
    for member, arrays in enumerate(before):
        for mine, theirs in zip(population.get_weights(member), [*arrays[2:], *arrays[:2]], strict=True):
            np.testing.assert_array_equal(mine, theirs)
    for source, layers in ((population.template, [first]), (population, first)):
        with refused(population, "takes another Population, a list of this one's layers"):
            population.copy_layers(source, layers, layers)


@pytest.mark.backend
def test_what_a_population_of_16_bits_predicts_can_be_trained_towards():
    def build():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])

    teacher, x = zoo.Population(build, [0], precision="mixed_bfloat16"), np.random.RandomState(0).rand(40, 4)
    (outputs,) = teacher.predict(x)
    assert outputs.dtype.name == "bfloat16"
    pupil = zoo.Population(build, [1])
    pupil.compile(keras.optimizers.Adam(0.1), "mse")
    assert pupil.fit(x, outputs, epochs=120, batch_size=20).loss.iloc[-1] < 1e-3
    assert len(teacher.predict(outputs @ np.ones((2, 4), outputs.dtype))) == 1

"""What users write now and then: either the population does what Keras does, or it says that it does not."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import zoo
from zoo.errors import InvalidInput

pytestmark = pytest.mark.backend
X = np.random.RandomState(0).normal(size=(50, 6)).astype("float32")
Y = (X @ np.random.RandomState(1).normal(size=(6, 3))).argmax(axis=1).astype("int32")
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def net(*inner, head="glorot_uniform"):
    """A function that builds a net of these layers, made anew, and a head."""
    return lambda: keras.Sequential([keras.Input((6,)), *(make() for make in inner), layers.Dense(3, kernel_initializer=head)])


def fitted(build, optimizer, x=X, y=Y, seeds=(3,), metrics=(), **options):
    """(population, history of its first member) after two epochs in Keras's order."""
    population = zoo.Population(build, seeds)
    population.compile(optimizer(), LOSS, list(metrics))
    settings = {"epochs": 2, "batch_size": 8, "shuffle": False, "validation_data": (x, y), "verbose": False}
    return population, population.fit(x, y, **settings | options).query(f"seed == {seeds[0]}")


def by_keras(build, optimizer, x=X, y=Y, seed=3, metrics=(), **options):
    """(model, history) of Keras's own fit."""
    keras.utils.set_random_seed(seed)
    model = build()
    model.compile(optimizer(), LOSS, metrics=list(metrics))
    settings = {"epochs": 2, "batch_size": 8, "shuffle": False, "validation_data": (x, y), "verbose": 0}
    return model, model.fit(x, y, **settings | options).history


class Constant(layers.Layer):
    """A layer that computes with something that each instance draws, and its configuration does not tell."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        if kind == "permutation":
            self.order = np.random.permutation(6)
        elif kind == "mask":
            self.mask = np.random.rand(6) > 0.5
        elif kind == "integer":
            self.shift = int(np.random.randint(1, 1000))
        elif kind == "closure":
            drawn = np.random.rand(6).astype("float32")
            self.project = lambda x: x * drawn
        else:
            self.tables = {"scale": np.random.rand(6).astype("float32")}

    def call(self, x):
        if self.kind == "permutation":
            return ops.take(x, ops.convert_to_tensor(self.order.astype("int32")), axis=1)
        if self.kind == "integer":
            return x + self.shift / 1000
        if self.kind == "closure":
            return self.project(x)
        return x * (self.mask.astype("float32") if self.kind == "mask" else self.tables["scale"])


@pytest.mark.parametrize("head", ["glorot_uniform", "zeros"])
@pytest.mark.parametrize("kind", ["permutation", "mask", "integer", "table", "closure"])
def test_members_that_differ_in_what_is_no_weight_are_refused(kind, head):
    with pytest.raises(InvalidInput, match="What differs by member must be in its weights alone"):
        zoo.Population(net(lambda: Constant(kind), head=head), range(2))
    zoo.Population(net(lambda: Constant(kind), head=head), [1, 1])  # of one seed they are the same


class Scaled(keras.Model):
    """A model that draws what its loss is multiplied by."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.scale = np.random.rand()

    def compute_loss(self, *given, **named):
        return self.scale * super().compute_loss(*given, **named)


class Anchored(keras.regularizers.Regularizer):
    """A penalty on the distance from where each instance draws."""

    def __init__(self):
        self.anchors = {"drawn": np.random.rand(6, 4).astype("float32")}

    def __call__(self, weights):
        return ops.sum(ops.square(weights - self.anchors["drawn"]))


def test_members_that_differ_in_what_their_loss_is_made_with_are_refused():
    def scaled():
        inputs = keras.Input((6,))
        return Scaled(inputs, layers.Dense(3)(inputs))

    for build in (scaled, net(lambda: layers.Dense(4, kernel_regularizer=Anchored()))):
        with pytest.raises(InvalidInput, match="What differs by member must be in its weights alone"):
            zoo.Population(build, range(2))


class Noisy(layers.Layer):
    """A layer that draws from where nobody keeps count."""

    def call(self, x, training=False):
        return x + ops.convert_to_tensor(np.random.rand(6).astype("float32")) if training else x


def test_what_differs_from_itself_is_taken_as_alike():
    zoo.Population(net(Noisy), range(3))


@pytest.mark.parametrize("open_sides", [(None, None, 1), (None, None, None, 1)])
def test_images_of_any_size_may_be_shrunk_often(open_sides):
    """More often than made-up ones of a few pixels could be."""

    def build():
        conv, pool, mean = (
            getattr(layers, f"{kind}{len(open_sides) - 1}D") for kind in ("Conv", "MaxPooling", "GlobalAveragePooling")
        )
        shrinking = [part for _ in range(2) for part in (conv(2, 3), pool(2))]
        return keras.Sequential([keras.Input(open_sides), *shrinking, mean(), layers.Dense(3)])

    population = zoo.Population(build, range(2))
    population.compile("sgd", LOSS)
    x = np.random.RandomState(0).rand(10, *[14] * (len(open_sides) - 1), 1).astype("float32")
    assert np.isfinite(population.fit(x, Y[:10], batch_size=5, validation_data=(x, Y[:10])).val_loss).all()


class Counted(layers.Layer):
    """A layer that knows its number, and does not compute with it."""

    made = 0

    def __init__(self):
        super().__init__()
        Counted.made += 1
        self.number = Counted.made
        self.entropy = 2**100  # more than an array holds
        self.circle = {"scale": 1.5}
        self.circle["itself"] = self.circle

    def call(self, x):
        return x


def test_members_that_differ_in_what_nothing_computes_with_are_taken():
    assert len(zoo.Population(net(Counted), range(2))) == 2


@pytest.mark.parametrize("members", [1, 128 if keras.backend.backend() == "jax" else 2])
def test_a_mask_counts_in_a_sequential_model_as_in_keras(members):
    """Of masked places there is no mean over examples, so that batches are Keras's whatever the number of members."""
    x = np.random.RandomState(2).normal(size=(70, 5, 4)).astype("float32")
    x[np.random.RandomState(3).rand(70, 5) < np.where(np.arange(70) < 32, 0.9, 0.1)[:, None]] = 0
    y = np.random.RandomState(4).randint(0, 3, (70, 5))

    def build():
        return keras.Sequential([keras.Input((5, 4)), layers.Masking(), layers.LSTM(4, return_sequences=True), layers.Dense(3)])

    population = zoo.Population(build, [0] * members)
    population.compile("adam", LOSS)
    model = population[0]
    model.compile("adam", LOSS)
    assert population.evaluate(x, y).loss[0] == pytest.approx(model.evaluate(x, y, batch_size=32, verbose=0), rel=2e-5)


class Tagger(keras.Model):
    def __init__(self):
        super().__init__()
        self.embed, self.head = layers.Embedding(7, 4, mask_zero=True), layers.Dense(3)

    def call(self, x):
        return self.head(self.embed(x))


def nested_tagger():
    inputs = keras.Input((6,), dtype="int32")
    return keras.Model(inputs, layers.Dense(3)(layers.Embedding(7, 4, mask_zero=True)(inputs)))


@pytest.mark.backend
@pytest.mark.parametrize("inner", [Tagger, nested_tagger])
@pytest.mark.parametrize("members", [1, 40 if keras.backend.backend() == "jax" else 2])
def test_a_mask_within_a_model_in_the_model_counts_as_in_keras(inner, members):
    """Keras marks no output of such a model as masked before it is called."""
    draw, begins = np.random.RandomState(5), np.arange(300) < 60
    x = np.where(draw.rand(300, 6) < np.where(begins, 0.9, 0.1)[:, None], 0, draw.randint(1, 7, (300, 6))).astype("int32")
    y = draw.randint(0, 3, (300, 6))

    def build():
        inputs = keras.Input((6,), dtype="int32")
        return keras.Model(inputs, inner()(inputs))

    population = zoo.Population(build, [3] * members)
    population.compile(keras.optimizers.SGD(1.0), LOSS)
    history = population.fit(x, y, batch_size=50, shuffle=False, validation_data=(x, y), verbose=0)
    model = population[0]
    assert population.evaluate(x, y).loss[0] == pytest.approx(model.evaluate(x, y, batch_size=32, verbose=0), rel=2e-5)
    assert history.val_loss[0] == pytest.approx(model.evaluate(x, y, batch_size=50, verbose=0), rel=2e-5)


class AddsSquares(layers.Layer):
    def call(self, x):
        self.add_loss(0.01 * ops.sum(ops.square(x)))
        return x


class OfMeans(keras.regularizers.Regularizer):
    """Of what units do on the average of a batch, as for few of them to be active."""

    def __call__(self, x):
        return 10 * ops.sum(ops.square(ops.mean(x, axis=0)))

    def get_config(self):
        return {}


class Tracks(keras.Sequential):
    """A model with a loss of its own, a sum over a batch."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, y, y_pred, sample_weight, training) + 0.01 * ops.sum(ops.square(y_pred))


@pytest.mark.parametrize("build", [
    net(lambda: layers.Dense(4), AddsSquares),
    lambda: Tracks([keras.Input((6,)), layers.Dense(3)]),
    net(lambda: layers.Dense(4, activity_regularizer="l2")),
    net(lambda: layers.Dense(4, activity_regularizer=OfMeans())),
], ids=["a layer's", "a model's", "Keras's", "of the batch's mean"])  # fmt: skip
def test_losses_that_are_sums_over_a_batch_are_those_of_keras(build):
    def sgd():
        return keras.optimizers.SGD(0.01)

    population, history = fitted(build, sgd, seeds=(3, 4))
    model, expected = by_keras(build, sgd)
    assert history.loss.tolist() == pytest.approx(expected["loss"], rel=1e-4)
    assert history.val_loss.tolist() == pytest.approx(expected["val_loss"], rel=1e-4)
    assert population.evaluate(X, Y).loss[0] == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-4)


class Halves(keras.optimizers.SGD):
    """Gives half of its weights in the end."""

    def finalize_variable_values(self, var_list):
        for variable in var_list:
            variable.assign(variable * 0.5)


@pytest.mark.parametrize("optimizer", [
    lambda: Halves(0.1), lambda: keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
], ids=["its own", "averages"])  # fmt: skip
def test_what_an_optimizer_makes_of_the_weights_in_the_end_is_kept(optimizer):
    build = net(lambda: layers.Dense(4, "relu"))
    population, _ = fitted(build, optimizer, seeds=(3, 4), validation_data=None)
    model, _ = by_keras(build, optimizer, validation_data=None)
    for mine, theirs in zip(population.get_weights(0), model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=1e-6)


def test_a_multi_optimizer_is_refused():
    sgd = keras.optimizers.SGD
    several = keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(sgd(0.1), {"second/.*": sgd(0.2)}))
    with pytest.raises(InvalidInput, match="one optimizer for all variables of a model, no MultiOptimizer"):
        zoo.Population(net(), range(2)).compile(several, LOSS)


def test_a_metric_keeps_the_axis_that_its_configuration_leaves_out():
    x = np.random.RandomState(0).normal(size=(40, 4, 3)).astype("float32")

    def build():
        return keras.Sequential([keras.Input((4, 3)), layers.Dense(3)])

    population = zoo.Population(build, [3])
    population.compile("sgd", "mse", [keras.metrics.CosineSimilarity(axis=1, name="similar")])
    model = population[0]
    model.compile("sgd", "mse", metrics=[keras.metrics.CosineSimilarity(axis=1, name="similar")])
    expected = model.evaluate(x, x[::-1], verbose=0, return_dict=True)["similar"]
    assert population.evaluate(x, x[::-1]).similar[0] == pytest.approx(expected, rel=1e-4)


class Logs(keras.Sequential):
    """A model whose step gives more than its metrics."""

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, y, y_pred, sample_weight) | {"extra": ops.mean(y_pred)}


def test_what_a_step_gives_besides_metrics_is_kept_or_refused():
    def build():
        return Logs([keras.Input((6,)), layers.Dense(3)])

    if keras.backend.backend() == "jax":
        with pytest.raises(InvalidInput, match="Logs logs extra, which is no metric of it"):
            fitted(build, lambda: "sgd")
        population = zoo.Population(build, [3])
        population.compile("sgd", LOSS)
        with pytest.raises(InvalidInput, match="Logs logs extra"):
            population.evaluate(X, Y)
        assert population.predict(X).shape == (1, 50, 3)
    else:
        assert np.isfinite(fitted(build, lambda: "sgd")[1].extra).all()


class ByTheGuide(keras.Sequential):
    """A model with the step of Keras's guide for JAX, which logs the compiled metrics as one."""

    def test_step(self, state, data):
        (x, y), (trainable, others, values) = data, state
        outputs, others = self.stateless_call(trainable, others, x, training=False)
        loss, kept, logs = self.compute_loss(x, y, outputs), [], {}
        for metric in self.metrics:
            mine = values[len(kept) : len(kept) + len(metric.variables)]
            given = (loss,) if metric.name == "loss" else (y, outputs)
            mine = metric.stateless_update_state(mine, *given)
            logs[metric.name] = metric.stateless_result(mine)
            kept += mine
        return logs, (trainable, others, kept)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="a step of JAX's")
def test_a_step_after_kerass_guide_is_taken():
    def build():
        return ByTheGuide([keras.Input((6,)), layers.Dense(3)])

    given = {"x": X[:48], "y": Y[:48], "metrics": ["accuracy"]}  # in whole batches, as the guide weighs all alike
    (_, history), (_, plain) = (fitted(made, lambda: "sgd", **given) for made in (build, net()))
    np.testing.assert_allclose(history[["val_loss", "val_accuracy"]], plain[["val_loss", "val_accuracy"]], rtol=1e-5)


class Normed(keras.optimizers.SGD):
    """Keeps the length that each weight starts with."""

    def build(self, variables):
        super().build(variables)
        self.lengths = []
        for variable in variables:
            kept = self.add_variable((), initializer="zeros", name="length")
            kept.assign(ops.norm(variable))
            self.lengths.append(kept)


class Drawn(keras.optimizers.SGD):
    """Keeps numbers that are drawn at random."""

    def build(self, variables):
        super().build(variables)
        self.drawn = [self.add_variable((3,), initializer="random_normal", name="drawn") for _ in variables]


def test_an_optimizer_that_starts_at_random_is_taken():
    assert np.isfinite(fitted(net(), lambda: Drawn(0.1))[1].loss).all()


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="elsewhere every member has an optimizer of its own")
def test_an_optimizer_that_starts_by_the_weights_other_than_as_copies_is_refused():
    with pytest.raises(InvalidInput, match="Normed starts .*length.* by the weights, of which every member has its own"):
        fitted(net(), lambda: Normed(0.1))


def _telling(told, found):
    """What a step found (on JAX the logs come first, then the state), with told(logs) as its logs."""
    return (told(found[0]), *found[1:]) if isinstance(found, tuple) else told(found)


class Bare(keras.Sequential):
    """A model whose step gives the loss alone."""

    def test_step(self, *given):
        return _telling(lambda logs: {"loss": logs["loss"]}, super().test_step(*given))


def test_metrics_that_a_step_does_not_give_are_no_zeros():
    def build():
        return Bare([keras.Input((6,)), layers.Dense(3)])

    population = zoo.Population(build, [3])
    population.compile("sgd", LOSS, ["accuracy"])
    found = population.fit(X, Y, batch_size=25, validation_data=(X, Y)).iloc[0]
    assert np.isfinite([found.loss, found.accuracy, found.val_loss]).all() and found.accuracy > 0
    with pytest.raises(InvalidInput, match="Bare does not log accuracy where it is tested, by which the best epoch is chosen"):
        population.fit(X, Y, batch_size=25, validation_data=(X, Y), select="best")
    assert population.epochs_trained == 1
    kept = population.fit(X, Y, batch_size=25, validation_data=(X, Y), select="best", monitor="val_loss")
    assert np.isfinite(kept.val_loss).all()
    assert np.isnan(found.get("val_accuracy", np.nan)) and np.isnan(population.evaluate(X, Y).get("accuracy", [np.nan])[0])


class Silent(keras.Sequential):
    """A model whose steps give the loss another name."""

    def train_step(self, *given):
        return _telling(lambda logs: {"cost": logs["loss"]}, super().train_step(*given))

    def test_step(self, *given):
        return _telling(lambda logs: {"cost": logs["loss"]}, super().test_step(*given))


@pytest.mark.parametrize("call", ["fit", "evaluate"])
def test_a_step_tells_the_loss(call):
    population = zoo.Population(lambda: Silent([keras.Input((6,)), layers.Dense(3)]), [3])
    population.compile("sgd", LOSS)
    before = population.predict(X)
    with pytest.raises(InvalidInput, match="Silent does not log its loss, which tables are of: its steps have to give it"):
        getattr(population, call)(X, Y)
    np.testing.assert_array_equal(population.predict(X), before)


class Numbering(keras.Sequential):
    """A model whose step tells the loss by the name of a column, too."""

    def train_step(self, *given):
        return _telling(lambda logs: logs | {"epoch": logs["loss"]}, super().train_step(*given))


def test_a_step_tells_nothing_by_the_name_of_a_column():
    population = zoo.Population(lambda: Numbering([keras.Input((6,)), layers.Dense(3)]), [3])
    population.compile("sgd", LOSS)
    with pytest.raises(InvalidInput, match="Numbering logs 'epoch', of which name tables have a column of their own"):
        population.fit(X, Y)


class Tracking(keras.Sequential):
    """A model with metrics of its own, which its training alone would update, as in a guide's first half."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.own = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.own]


class Computing(Tracking):
    """What Keras's documentation of compute_loss shows: its own loss is kept where that is computed."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        self.own.update_state(loss)
        return loss


def test_metrics_that_compute_loss_updates_are_taken():
    population = zoo.Population(lambda: Computing([keras.Input((6,)), layers.Dense(3)]), [3])
    population.compile("sgd", LOSS)
    history = population.fit(X, Y, batch_size=25, validation_data=(X, Y), select="best")
    assert (history[["loss", "val_loss"]] > 0).all(axis=None) and population.evaluate(X, Y).loss[0] > 0


def test_metrics_that_no_test_updates_are_refused():
    """Keras would say 0 of them, of which the first would be the best epoch."""
    population = zoo.Population(lambda: Tracking([keras.Input((6,)), layers.Dense(3)]), [3])
    population.compile("sgd", LOSS)
    for call in (lambda: population.evaluate(X, Y), lambda: population.fit(X, Y, validation_data=(X, Y), select="best")):
        with pytest.raises(InvalidInput, match="Tracking has metrics of its own, which Keras's test_step does not update"):
            call()


class InParts(keras.Sequential):
    """A model whose own step wants weights, and batches that it can cut; it keeps how large they are, if it is told."""

    seen = []

    def train_step(self, *given):  # on JAX the state comes before the data
        x, _, _ = given[-1]
        assert len(ops.split(x, 5)) == 5
        self.seen.append(x.shape[0])
        return super().train_step(*given)


def test_a_step_of_ones_own_gets_the_batches_that_fit_is_asked_for():
    def build():
        return InParts([keras.Input((6,)), layers.Dense(3)])

    InParts.seen.clear()
    _, history = fitted(build, lambda: "sgd", batch_size=10, sample_weight=np.ones(len(X), "float32"))
    assert np.isfinite(history.loss).all()
    assert InParts.seen and set(InParts.seen) <= {10, None}, "a graph may be made for batches of any size"


class Both(keras.metrics.Metric):
    def update_state(self, y_true, y_pred, sample_weight=None):
        pass

    def result(self):
        return {"one": ops.convert_to_tensor(1.0), "two": ops.convert_to_tensor(2.0)}


def test_a_metric_of_several_numbers_by_name_is_refused():
    with pytest.raises(InvalidInput, match="one, two: make each of them a metric of its own"):
        fitted(net(), lambda: "sgd", metrics=[Both(name="both")])


def test_models_that_no_population_trains_are_refused():
    inputs = {"batch_shape": (5, 4, 3)}
    with pytest.raises(InvalidInput, match="leave out stateful=True"):
        zoo.Population(lambda: keras.Sequential([keras.Input(**inputs), layers.LSTM(2, stateful=True)]), range(2))
    nothing = zoo.Population(lambda: keras.Sequential([keras.Input((6,)), layers.Rescaling(2.0)]), range(2))
    with pytest.raises(InvalidInput, match="The models have no weights"):
        nothing.predict(X)


class Tenfold(layers.Dense):
    def call(self, x):
        return 10 * super().call(x)


@pytest.mark.parametrize("upper", [
    lambda x: layers.Dense(4, "tanh", name="encoder_2")(x),
    lambda x: layers.Dense(4, "sigmoid", name="encoder_2")(layers.LayerNormalization()(x)),
    lambda x: layers.Dense(4, "sigmoid", name="encoder_2")(layers.Dense(5)(x)),
    lambda x: layers.Dense(4, "sigmoid", kernel_regularizer="l2", name="encoder_2")(x),
    lambda x: layers.Dense(4, "sigmoid", use_bias=False, name="encoder_2")(x),
    lambda x: Tenfold(4, "sigmoid", name="encoder_2")(x),
], ids=["another activation", "a normalisation between", "a layer between", "a regulariser", "no bias", "a subclass"])  # fmt: skip
def test_a_stack_that_would_be_learnt_as_another_one_is_not_pretrained(upper):
    def build():
        inputs = keras.Input((6,))
        x = upper(layers.Dense(5, "sigmoid", name="encoder_1")(inputs))
        return keras.Model(inputs, layers.Dense(3, name="logits")(x))

    with pytest.raises(InvalidInput, match="pretrain needs a population of autoencoder_stack or deep_autoencoder models"):
        zoo.pretrain(zoo.Population(build, [0]), X, epochs=1, verbose=False)

"""Which epoch a population keeps: by the first accuracy, else the loss, or as the user says."""

import functools

import keras
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import zoo
from population_example import compiled, data, digits, refused  # noqa: F401


@pytest.mark.backend
@pytest.mark.parametrize("metric", ["accuracy", None])
def test_the_best_epoch_is_kept(metric, data):
    population = compiled(range(4), optimizer=keras.optimizers.SGD(8.0), metrics=[metric] if metric else [])
    history = population.fit(*data[0], epochs=8, batch_size=16, validation_data=data[1], select="best")
    scores = history.pivot(index="epoch", columns="member", values=f"val_{metric or 'loss'}").to_numpy()
    best = (scores if metric else -scores).argmax(axis=0)  # the first of equals
    assert_array_equal(population.best_epoch, best)
    assert (best < 7).any(), "the data must tell best from last"
    table = population.evaluate(*data[1])
    kept = history.set_index(["epoch", "member"]).loc[[(e, k) for k, e in enumerate(best)]]
    if metric:
        assert_array_equal(table[metric], kept[f"val_{metric}"])
    assert_allclose(table.loss, kept.val_loss, rtol=1e-5)


@pytest.mark.backend
def test_of_equally_good_epochs_the_first_is_kept(data):
    population = compiled([0, 1], learning_rate=[1e-9, 1e-9])
    history = population.fit(*data[0], epochs=3, validation_data=data[1], batch_size=50, select="best")
    assert (history.groupby("member").val_accuracy.nunique() == 1).all()
    assert_array_equal(population.best_epoch, [0, 0])


@pytest.mark.parametrize(
    "metrics, name, sign",
    [
        ([], "val_loss", -1),
        (["mae", "acc"], "val_acc", 1),
        (["mae", "Accuracy"], "val_Accuracy", 1),
        ([keras.metrics.SparseTopKCategoricalAccuracy(5, name="top5_acc")], "val_top5_acc", 1),
        (["mae", keras.metrics.SparseCategoricalAccuracy(name="right")], "val_right", 1),
        ([keras.metrics.sparse_categorical_accuracy], "val_sparse_categorical_accuracy", 1),
        ([keras.metrics.MeanMetricWrapper(keras.metrics.sparse_categorical_accuracy, "right")], "val_right", 1),
        ([keras.metrics.MeanSquaredError(name="accumulated")], "val_loss", -1),
        ([lambda y, outputs: outputs, keras.metrics.MeanSquaredError(name="inaccuracy")], "val_loss", -1),
    ],
)
def test_the_first_accuracy_decides_what_is_best(metrics, name, sign):
    assert compiled(metrics=metrics)._objective.monitor() == (name, sign)


@pytest.mark.backend
def test_metrics_of_one_name_are_numbered_as_in_the_history(data):
    top = keras.metrics.SparseTopKCategoricalAccuracy
    population = compiled([0], metrics=["accuracy", top(2), top(3)])
    column = "val_sparse_top_k_categorical_accuracy_1"
    history = population.fit(*data[0], epochs=2, validation_data=data[1], select="best", monitor=column)
    assert population.best_epoch[0] == history[column].to_numpy().argmax()


@pytest.mark.backend
def test_the_user_says_what_is_best(data):
    def wrong(y, outputs):
        return 1 - keras.metrics.sparse_categorical_accuracy(y, outputs)

    population = compiled(range(3), optimizer=keras.optimizers.SGD(8.0), metrics=[wrong, "accuracy"])
    for column, mode in (("val_wrong", "max"), ("val_loss", "auto"), ("val_accuracy", "min")):
        first = population.epochs_trained
        history = population.fit(
            *data[0], epochs=5, batch_size=16, validation_data=data[1], select="best", monitor=column, mode=mode
        )
        scores = history.pivot(index="epoch", columns="member", values=column).to_numpy()
        best = scores.argmax(axis=0) if mode == "max" else scores.argmin(axis=0)
        assert_array_equal(population.best_epoch, first + best)


@pytest.mark.backend
@pytest.mark.parametrize(
    "metric, name",
    [
        (keras.metrics.SparseCategoricalAccuracy, "sparse_categorical_accuracy"),
        ("SparseCategoricalAccuracy", "SparseCategoricalAccuracy"),
        (keras.metrics.SparseTopKCategoricalAccuracy(2, name="topAccuracy"), "topAccuracy"),
        (functools.partial(keras.metrics.sparse_top_k_categorical_accuracy, k=3), "partial"),
    ],
)
def test_the_first_accuracy_decides_whatever_it_is_called(metric, name, data):
    population = compiled([2, 4, 5], optimizer=keras.optimizers.SGD(1.0), metrics=[metric])
    history = population.fit(*data[0], epochs=8, batch_size=16, validation_data=data[1], select="best")
    scores, losses = (history.pivot(index="epoch", columns="member", values=f"val_{of}").to_numpy() for of in (name, "loss"))
    assert_array_equal(population.best_epoch, scores.argmax(axis=0))
    assert (scores.argmax(axis=0) != losses.argmin(axis=0)).any(), "the data must tell it from the loss"


@pytest.mark.parametrize(
    "settings, match",
    [
        ({"select": "best", "monitor": ["val_loss"]}, "There is no ..val_loss.. to monitor"),
        ({"select": "best", "monitor": "val_auc"}, "no 'val_auc' to monitor; there is val_loss, val_accuracy"),
        ({"select": "best", "mode": "up"}, "mode must be 'auto', 'max' or 'min'; got 'up'"),
        ({"select": "best", "monitor": "val_mine"}, "say mode='max' or mode='min'"),
        ({"monitor": "val_loss"}, "they go with select='best'"),
    ],
)
def test_what_cannot_be_monitored(settings, match):
    def mine(y, outputs):
        return outputs

    population = compiled([0], metrics=["accuracy"] + [mine] * (settings.get("monitor") == "val_mine"))
    (x, y), held_out = digits()
    with refused(population, match):
        population.fit(x, y, validation_data=held_out, **settings)


@pytest.mark.backend
def test_what_is_drawn_after_the_best_epoch_is_not_drawn_again(data):
    """As with Keras's early stopping, which restores weights and leaves the random generators where they are."""

    def drawn():
        layers = keras.layers
        return keras.Sequential([keras.Input((8, 8)), layers.Flatten(), layers.Dropout(0.5), layers.Dense(10)])

    def losses(*calls):
        population = zoo.Population(drawn, [0, 1])
        population.compile(keras.optimizers.SGD(0.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        found = []
        for call in calls:
            history = population.fit(*data[0], batch_size=50, shuffle=False, validation_data=data[1], **call)
            assert "select" not in call or (population.best_epoch == 0).all()
            found += list(history.groupby("epoch").loss.first())
        return found

    split = losses({"epochs": 3, "select": "best", "monitor": "val_loss"}, {"epochs": 2})
    assert len(set(split)) == 5, "five epochs of other masks"
    if keras.backend.backend() != "torch":  # whose dropout without a seed goes by the call
        assert split == losses({"epochs": 5})

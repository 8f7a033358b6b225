"""Arrays and tables as users have them: any order of bytes, any name of a column; what is none is one InvalidInput."""

import keras
import numpy as np
import pandas as pd
import pytest

import zoo
from population_example import compiled, small_model
from zoo.arrays import array_of
from zoo.errors import InvalidInput
from zoo.reconstruction import targets

pytestmark = pytest.mark.backend
DRAWN = np.random.RandomState(0)
X, Y = 15 * DRAWN.randint(0, 17, (60, 8, 8)), DRAWN.randint(0, 10, 60)


@pytest.mark.parametrize("x_type, y_type", [(">i4", "i4"), ("u1", ">i8"), (">f8", ">u2"), (">i2", ">i2")])
def test_the_order_of_bytes_changes_nothing(x_type, y_type):
    """Arrays read from files of other machines, such as MNIST's own, begin with the highest byte."""
    losses = []
    swapped = X.astype(x_type), Y.astype(y_type)
    for x, y in ([array.astype(array.dtype.newbyteorder("=")) for array in swapped], swapped):
        population = compiled([0])
        history = population.fit(x, y, validation_data=(x, y), batch_size=20, verbose=False)
        losses.append([*history.loss, *history.val_loss, *population.evaluate(x, y).loss, *population.predict(x)[0, 0]])
    np.testing.assert_array_equal(*losses)


def test_a_table_may_have_columns_of_any_name():
    """pandas makes attributes of them: this one is that by which arrays of JAX are known."""
    table = pd.DataFrame(X.reshape(60, 64)[:, :2], columns=["devices", "age"])
    population = zoo.Population(lambda: zoo.create_model("mlp", (2,), 10, widths=(4,)), [0])
    np.testing.assert_array_equal(population.predict(table), population.predict(table.to_numpy()))


def test_a_table_can_be_reconstructed():
    model = small_model("deep_autoencoder")
    table = pd.DataFrame(X.reshape(60, 64))
    np.testing.assert_array_equal(targets(model, table), targets(model, X.reshape(60, 64)))


@pytest.mark.parametrize(
    "wrong, told",
    [
        (lambda: zoo.Population(lambda: small_model("linear"), np.array(3)), "seeds must be a list of integers"),
        (lambda: compiled([0]).fit(X, Y, validation_split=np.array([0.2, 0.3])), "validation_split must be a share"),
        (lambda: compiled([0]).fit(X, Y, validation_split="some"), "validation_split must be a share"),
        (lambda: zoo.evaluate_preset("linear_mnist", batch_size=1.5), "batch_size is how many examples are taken at once"),
        (lambda: zoo.evaluate_preset("linear_mnist", batch_size=0), "batch_size is how many examples are taken at once"),
        (lambda: zoo.datasets.pack("nowhere.tar.xz", None), "nothing to pack: name a data set at least"),
    ],
)
def test_what_is_no_number_or_list_is_said_in_a_sentence(wrong, told):
    with pytest.raises(InvalidInput, match=told):
        wrong()


def test_texts_to_validate_on_may_be_longer():
    def build():
        layers = keras.layers
        return keras.Sequential(
            [keras.Input((None,), dtype="int32"), layers.Embedding(5, 4), layers.GRU(4, return_sequences=True), layers.Dense(5)]
        )

    texts, longer = DRAWN.randint(0, 5, (40, 8)), DRAWN.randint(0, 5, (12, 15))
    held_out = longer[:, :-1], longer[:, 1:]
    population = zoo.Population(build, [0, 1])
    population.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    history = population.fit(texts[:, :-1], texts[:, 1:], batch_size=8, epochs=2, validation_data=held_out)
    last = history[history.epoch == 1]
    for k, column in enumerate(population.evaluate(*held_out).loss):
        scores = population[k].evaluate(*held_out, verbose=0, return_dict=True)
        np.testing.assert_allclose([column, last.val_loss.iloc[k]], scores["loss"], rtol=1e-5)


def test_numbers_that_an_embedding_has_no_vector_for_are_refused():
    """JAX would make NaN of them, TensorFlow an error of many pages."""

    def build():
        layers = keras.layers
        return keras.Sequential(
            [keras.Input((4,), dtype="int32"), layers.Embedding(9, 3, name="words"), layers.Flatten(), layers.Dense(2)]
        )

    population = zoo.Population(build, [0, 1])
    population.compile("sgd", "mse")
    ids = np.arange(20).reshape(5, 4) % 9
    assert np.isfinite(population.predict(ids)).all()
    for wrong in (ids + 9, ids - 1):
        told = f"x goes from {wrong.min()} to {wrong.max()}, but the model's Embedding 'words' takes 0 to 8"
        for call in (lambda: population.predict(wrong), lambda: population.fit(wrong, np.zeros((5, 2)))):
            with pytest.raises(InvalidInput, match=told):
                call()


def test_a_table_of_numbers_and_truths_is_one_of_numbers():
    table = pd.DataFrame({"a": X[:, 0, 0] / 7, "b": X[:, 0, 1] > 100, "c": X[:, 0, 2]})
    population = zoo.Population(lambda: zoo.create_model("mlp", (3,), 10, widths=(4,)), [0])
    np.testing.assert_array_equal(population.predict(table), population.predict(table.to_numpy("float32")))
    ids = array_of(
        pd.DataFrame({"short": np.arange(3, dtype="int16"), "long": 2**24 + np.arange(3), "is": [True, False, True]}), "x"
    )
    assert ids.dtype == "int64" and ids.tolist() == [[0, 2**24, 1], [1, 2**24 + 1, 0], [2, 2**24 + 2, 1]]


def test_a_sparse_matrix_is_refused_with_what_to_do():
    from scipy.sparse import csr_matrix

    population = zoo.Population(lambda: zoo.create_model("linear", (64,), 10), [0])
    with pytest.raises(InvalidInput, match=r"x is a sparse matrix; its .toarray\(\) gives"):
        population.predict(csr_matrix(X.reshape(60, 64)))

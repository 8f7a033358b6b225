"""Groups of members that a CPU trains at the same time must come out as they do alone."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from jax import lax

import zoo
from zoo.datasets import load
from zoo.training.engine import CompiledEngine
from zoo.training.groups import may_run_side_by_side

pytestmark = pytest.mark.skipif(jax.default_backend() != "cpu", reason="a GPU trains all members in one program")


def convolve(x, kernel, margin=1):
    numbers = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (1, 1), [(margin, margin)] * 2, dimension_numbers=numbers)


def steps(function):
    """The function in a loop, where training has it."""
    return lambda x, kernel: lax.scan(lambda total, _: (total + function(x, kernel).sum(), None), 0.0, None, length=3)


@pytest.mark.parametrize("wrap", [lambda function: function, steps], ids=["alone", "in a loop"])
@pytest.mark.parametrize(
    ("function", "channels", "filters", "safe"),
    [(convolve, 8, 16, False), (lambda x, k: convolve(x, k, 2), 32, 32, False), (convolve, 8, 24, True), (convolve, 32, 8, True)],
    ids=["few filters", "wide margin", "filters", "channels"],
)
def test_convolutions_of_xla_itself_are_told_from_those_of_ynnpack(wrap, function, channels, filters, safe):
    x, kernel = jnp.ones((8, 14, 14, channels)), jnp.ones((3, 3, channels, filters))
    compiled = jax.jit(wrap(function)).lower(x, kernel).compile()
    assert may_run_side_by_side(compiled) is safe


def test_products_of_matrices_may_run_side_by_side():
    x = jnp.ones((64, 64))
    assert may_run_side_by_side(jax.jit(lambda a, b: jnp.tanh(a @ b) @ b).lower(x, x).compile())


class Compiled:
    def __init__(self, text):
        self.as_text = lambda: text


def test_a_program_without_a_text_is_not_trusted():
    assert not may_run_side_by_side(Compiled(None))


def test_of_fusions_only_those_for_ynnpack_are_trusted():
    x, kernel = jnp.ones((8, 14, 14, 32)), jnp.ones((3, 3, 32, 32))
    text = jax.jit(convolve).lower(x, kernel).compile().as_text()
    assert may_run_side_by_side(Compiled(text))
    assert not may_run_side_by_side(Compiled(text.replace("__ynn_fusion", "__another_fusion")))


def test_a_program_that_must_run_alone_is_held_against_the_room_for_one(monkeypatch):
    seen = []
    whole = CompiledEngine._check_room

    def note(self, compiled, arguments, data, side_by_side):
        seen.append(side_by_side)
        return whole(self, compiled, arguments, data, side_by_side)

    monkeypatch.setattr("zoo.training.engine.cores", lambda: 2)
    monkeypatch.setattr(CompiledEngine, "_check_room", note)
    population = zoo.Population(own_layers, seeds=[0, 1])
    population.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    population.fit(np.full((20, 28, 28), 9.0, "float32"), np.arange(20) % 10, epochs=1, batch_size=10)
    assert seen == [1, 1] and population.trained_at_once == 1


def own_layers():
    """As a user may write it: Keras's own convolutions, with few filters."""
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Reshape((28, 28, 1)),
            keras.layers.Conv2D(8, 5, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(16, 5, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10),
        ]
    )


def without_margins():
    """Two convolutions without margins, whose errors get wide ones on the way back."""
    layers = [zoo.layers.MatmulConv2D(filters, 3, padding="valid", activation="relu") for filters in (8, 32)]
    return keras.Sequential([keras.Input((14, 14, 1)), *layers, keras.layers.Flatten(), keras.layers.Dense(10)])


def test_errors_of_convolutions_without_margins_leave_others_alone(monkeypatch):
    monkeypatch.setattr("zoo.training.engine.cores", lambda: 2)
    population = zoo.Population(without_margins, seeds=[0, 1])
    population.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    population.fit(np.ones((20, 14, 14, 1), "float32"), np.arange(20) % 10, epochs=1, batch_size=10)
    assert population.trained_at_once == 2


def of_the_zoo(**options):
    return lambda: zoo.create_model("convnet", (28, 28), 10, dropout=0.0, batch_norm=False, **options)


@pytest.mark.parametrize(
    ("build", "n", "at_once"),
    [
        (own_layers, 100, 1),
        (of_the_zoo(blocks=[[8], [16]], kernel=5, dense=64), 2000, 2),
        (of_the_zoo(blocks=[[32], [32], [64, 64]]), 500, 2),
    ],
    ids=["own layers", "few filters", "odd sides"],
)
def test_equal_members_stay_equal(monkeypatch, build, n, at_once):
    monkeypatch.setattr("zoo.training.engine.cores", lambda: 2)
    images, labels = load("mnist").train
    population = zoo.Population(build, seeds=[0, 0])
    population.compile(keras.optimizers.SGD(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    population.fit(images[:n], labels[:n], epochs=2, batch_size=50, shuffle=False)
    assert population.trained_at_once == at_once
    one, other = (population[member].get_weights() for member in (0, 1))
    for own, its in zip(one, other):
        np.testing.assert_array_equal(own, its)

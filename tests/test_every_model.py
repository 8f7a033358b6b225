"""What every model of the zoo must do. A new model is found by itself and needs no line here."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

import zoo
from zoo import reconstruction
from zoo.errors import InvalidInput
from zoo.registry import model_options, models_text, reconstructs

pytestmark = pytest.mark.backend

# Small and without noise: applied where a model has the option.
SMALL = {
    "widths": (32, 24),
    "blocks": ((32,), (32, 32)),
    "dense": 32,
    "units": 24,
    "layers": 1,
    "features": 256,
    "code": 16,
    "dropout": 0.0,
    "input_dropout": 0.0,
}
SHAPES = [(8, 8), (9, 10, 3), (64,)]
IMAGES_ONLY = dict.fromkeys(("convnet", "lecun1989"), "local windows need neighbours in two directions")
# What a model of text is tried on: 24 characters, of an alphabet of 30; no pixels.
CHARACTERS, ALPHABET = 24, 30

every_model = pytest.mark.parametrize("name", zoo.list_models())


@pytest.fixture(scope="module")
def digits():
    """32 real examples: x uint8 (32, 8, 8) in 0..255, y int32 (32,)."""
    data = load_digits()
    return (data.images[:32] * (255 / 16)).astype("uint8"), data.target[:32].astype("int32")


@pytest.fixture(scope="module")
def text():
    """32 stretches of characters, each of which follows from the one before: x uint8 (32, 24), y int32 (32, 24)."""
    codes = np.arange(32)[:, None] % ALPHABET
    for _ in range(CHARACTERS):
        codes = np.hstack([codes, (7 * codes[:, -1:] + 1) % ALPHABET])
    return codes[:, :-1].astype("uint8"), codes[:, 1:].astype("int32")


@pytest.fixture
def examples(name, digits, text):
    """(x, y) of what the model is for."""
    return text if models_text(name) else digits


def small(name, shape=None, seed=0, classes=None, **options):
    shape = shape or ((CHARACTERS,) if models_text(name) else (8, 8))
    classes = classes or (ALPHABET if models_text(name) else 10)
    keras.utils.set_random_seed(seed)
    valid = model_options(name)
    chosen = {option: value for option, value in {**SMALL, **options}.items() if option in valid}
    return zoo.create_model(name, shape, None if reconstructs(name) else classes, **chosen)


def outputs(model, x):
    return keras.ops.convert_to_numpy(model(x, training=False))


def task(name, model, x, y):
    """(targets, loss, metric) of what the model is for: the classes y, or its own input x."""
    if reconstructs(name):
        return reconstruction.targets(model, x), reconstruction.loss(), reconstruction.squared_error
    return y, keras.losses.SparseCategoricalCrossentropy(from_logits=True), "accuracy"


def gradients(name, model, x, y):
    """The loss's gradient by every trainable weight, on whichever backend runs."""
    y, loss, _ = task(name, model, x, y)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        return [np.asarray(g) for g in tape.gradient(value, [v.value for v in model.trainable_variables])]
    import jax

    fixed = [v.value for v in model.non_trainable_variables]
    free = [v.value for v in model.trainable_variables]
    slope = jax.jit(jax.grad(lambda w: loss(y, model.stateless_call(w, fixed, x, training=True)[0])))
    return [np.asarray(g) for g in slope(free)]


@every_model
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_logits_for_every_shape_of_input(name, shape):
    if len(shape) == 1 and name in IMAGES_ONLY:
        with pytest.raises(InvalidInput, match="Images are needed"):
            small(name, shape)
        return
    if len(shape) > 1 and models_text(name):
        with pytest.raises(InvalidInput, match="Text is needed"):
            small(name, shape)
        return
    x = np.random.default_rng(0).integers(0, 256, (5, *shape)).astype("uint8")
    logits = outputs(small(name, shape, classes=7), x)
    expected = (5, *shape) if reconstructs(name) else (5, *shape, 7) if models_text(name) else (5, 7)
    assert logits.shape == expected
    assert logits.dtype == "float32"
    assert np.isfinite(logits).all()
    assert logits.std() > 0


@every_model
def test_gradient_reaches_every_trainable_weight(name, examples):
    model = small(name)
    for weight, gradient in zip(model.trainable_variables, gradients(name, model, *examples)):
        assert np.isfinite(gradient).all(), weight.path
        assert np.abs(gradient).max() > 0, weight.path


@every_model
def test_overfits_32_examples(name, examples):
    x, y = examples
    model = small(name)
    y, loss, metric = task(name, model, x, y)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=[metric])
    variance = ((y - np.mean(y, axis=0)) ** 2).sum() / len(y)
    often = [np.concatenate([part] * 30) for part in (x, y)]  # an epoch of one step takes as long to begin as one of thirty
    for _ in range(10):
        model.fit(*often, batch_size=32, shuffle=False, verbose=0)
        found = model.evaluate(x, y, verbose=0, return_dict=True)
        if found["squared_error"] < variance / 10 if reconstructs(name) else found["accuracy"] == 1:
            return
    pytest.fail("32 examples are not learnt by heart in 300 steps")


@every_model
def test_save_and_load_give_equal_logits(name, examples, tmp_path):
    model = small(name)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(outputs(loaded, examples[0]), outputs(model, examples[0]))


@every_model
def test_config_round_trip(name, examples):
    augmented = {"augmentation": "shift_flip_elastic_affine_erase", "dropout": 0.1, "batch_norm": True}
    model = small(name, **augmented)
    copy = keras.Model.from_config(model.get_config())
    assert copy.get_config() == model.get_config()
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(outputs(copy, examples[0]), outputs(model, examples[0]), atol=1e-6)


@every_model
def test_preprocessing_is_inside(name, examples):
    x = examples[0]
    model = small(name)
    np.testing.assert_array_equal(outputs(model, x), outputs(model, x.astype("float32")))
    if models_text(name):
        return  # characters have no scale
    bare = small(name, rescale=None)
    np.testing.assert_allclose(outputs(bare, x.astype("float32") / 255), outputs(model, x), atol=1e-5)


@every_model
def test_the_seed_decides_every_weight_and_every_draw(name):
    noise = {"augmentation": "shift", "dropout": 0.2}
    first, again, other = (small(name, seed=seed, **noise) for seed in (3, 3, 4))
    generators = [variable for variable in first.variables if "int" in variable.dtype]  # their states
    assert bool(generators) == bool(noise.keys() & model_options(name).keys())
    for a, b, c in zip(first.variables, again.variables, other.variables, strict=True):
        a, b, c = (keras.ops.convert_to_numpy(v) for v in (a, b, c))
        np.testing.assert_array_equal(a, b)
        alike = a.ndim < 2 and a.dtype.kind == "f"  # biases and norms start alike; seeds are integers
        alike = alike or name == "irnn" and np.array_equal(a, np.eye(len(a)))  # what the I in its name stands for
        assert alike or not np.array_equal(a, c)


@every_model
def test_names_of_weights_do_not_depend_on_what_was_built_before(name):
    names = [[weight.path for weight in small(name, augmentation="shift").weights] for _ in range(2)]
    assert names[0] == names[1]
    assert len(set(names[0])) == len(names[0])


@every_model
def test_sixteen_bits_give_float32_logits(name, examples):
    full = outputs(small(name), examples[0])
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        narrow = outputs(small(name), examples[0])
    finally:
        keras.config.set_dtype_policy("float32")
    assert narrow.dtype == "float32"
    np.testing.assert_allclose(narrow, full, atol=0.05 * np.abs(full).max())


@every_model
def test_defaults_build(name):
    if reconstructs(name):
        assert zoo.create_model(name, (28, 28)).output_shape == (None, 28, 28)
    elif models_text(name):
        assert zoo.create_model(name, (28,), 10).output_shape == (None, 28, 10)
    else:
        assert zoo.create_model(name, (28, 28), 10).output_shape == (None, 10)


@every_model
def test_only_what_reconstructs_has_no_classes(name):
    wrong, said = (10, "has no classes, not 10") if reconstructs(name) else (None, "must be a positive integer, not None")
    with pytest.raises(InvalidInput, match=said):
        zoo.create_model(name, (8, 8), wrong)


@every_model
@pytest.mark.parametrize("wrong", [{"no_such_option": 1}, {"rescale": "much"}], ids=["unknown", "value"])
def test_a_wrong_option_is_one_error_that_names_the_valid_ones(name, wrong):
    with pytest.raises(InvalidInput) as caught:
        zoo.create_model(name, (8, 8), None if reconstructs(name) else 10, **wrong)
    assert all(f"{option}=" in str(caught.value) for option in model_options(name))
    assert "\n" not in str(caught.value)


@every_model
@pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX vectorises over members")
def test_two_members_at_once_equal_one_by_one(name, examples):
    import jax
    import jax.numpy as jnp

    moved = {"shift": {}, "flip": {}, "affine_elastic": {"probability": 0.5}, "erase": {}}
    noisy = {"augmentation": moved, "dropout": 0.3, "input_dropout": 0.1, "batch_norm": True}
    members = [small(name, seed=seed, **noisy) for seed in (1, 2)]
    states = [[[v.value for v in vs] for vs in (m.trainable_variables, m.non_trainable_variables)] for m in members]
    stacked = jax.tree.map(lambda *values: jnp.stack(values), *states)

    def call(state, x=examples[0]):
        return members[0].stateless_call(*state, x, training=True)

    together = jax.jit(jax.vmap(call))(stacked)
    alone = jax.jit(call)
    for k, state in enumerate(states):
        got, expected = jax.tree.map(lambda v: v[k], together), alone(state)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4), got, expected)

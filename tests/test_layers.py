"""Each layer against Keras's own, SciPy's or a formula written out."""

import keras
import numpy as np
import pytest

import zoo
from layer_example import images, numpy, on_jax  # noqa: F401
from zoo import layers
from zoo.errors import InvalidInput
from zoo.layers.dense import initialiser_for
from zoo.layers.fourier import _Signs
from zoo.models.autoencoder_stack import autoencoder_stack, encoders, pretraining_stage

pytestmark = pytest.mark.backend


# -- the nets of 1989 -------------------------------------------------------------------------------------------


def units_one_by_one(x, kernel, bias, size, stride, shared):
    """What LocalMaps gives, in plain loops over units and over the pixels that each sees."""
    n, height, width, _ = x.shape
    y = np.zeros((n, *bias.shape))
    before = [max((-(-side // stride) - 1) * stride + size - side, 0) // 2 for side in (height, width)]
    for row, column, k in np.ndindex(bias.shape):
        own = (kernel if shared else kernel[row, column])[:, k].reshape(size, size, -1)
        y[:, row, column, k] = bias[row, column, k]
        for i, j in np.ndindex(size, size):
            down, right = row * stride + i - before[0], column * stride + j - before[1]
            if 0 <= down < height and 0 <= right < width:
                y[:, row, column, k] += x[:, down, right] @ own[i, j]
    return y


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
@pytest.mark.parametrize("size, stride", [(3, 2), (2, 1), (5, 3), (1, 2)])
def test_maps_are_those_of_units_one_by_one(images, shared, size, stride):
    layer = layers.LocalMaps(4, size, stride, shared)
    x = images / images.max()
    y = numpy(layer(x))
    assert layer.compute_output_shape(x.shape) == y.shape
    np.testing.assert_allclose(y, units_one_by_one(x, *map(numpy, layer.weights), size, stride, shared), atol=1e-5)


def test_shared_maps_are_a_convolution_but_for_the_biases(images):
    shared, plain = layers.LocalMaps(4, 3, 2), keras.layers.Conv2D(4, 3, 2, padding="same", use_bias=False)
    x = images / images.max()
    shared(x), plain(x)
    plain.kernel.assign(keras.ops.reshape(shared.kernel, plain.kernel.shape))
    np.testing.assert_allclose(numpy(shared(x)) - numpy(shared.bias), numpy(plain(x)), atol=1e-5)


@on_jax
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
def test_maps_of_members_and_their_gradients(images, shared):
    import jax

    layer, x = layers.LocalMaps(2, 3, 2, shared), images / images.max()
    layer.build(x.shape)
    weights = [np.random.default_rng(0).normal(size=(3, *w.shape)).astype("float32") for w in layer.weights]

    def scalar(weights):
        return jax.numpy.sin(layer.stateless_call(weights, [], x)[0]).sum()

    together = jax.jit(jax.vmap(jax.value_and_grad(scalar)))(weights)
    for k in range(3):
        alone = jax.value_and_grad(scalar)([w[k] for w in weights])
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a[k], b, rtol=1e-4, atol=1e-4), together, alone)


PUBLISHED = {1: (2570, 2570), 2: (3214, 3214), 3: (1226, 1226), 4: (1132, 2266), 5: (1060, 5194)}


def connections(layer):
    """Weights in use, a shared one once for each unit that uses it, and biases."""
    if not isinstance(layer, layers.LocalMaps):
        return layer.count_params()
    _, height, width, maps = layer.output.shape
    inputs = layer.kernel.shape[0 if layer.shared else 2]
    return height * width * maps * (inputs + 1)


@pytest.mark.parametrize("net", PUBLISHED)
def test_nets_of_1989_have_the_published_weights_and_connections(net):
    model = zoo.create_model("lecun1989", (16, 16), 10, net=net)
    assert (model.count_params(), sum(map(connections, model.layers))) == PUBLISHED[net]
    for layer in model.layers:
        for weight in map(numpy, layer.weights):
            inputs = layer.weights[0].shape[0 if weight.ndim < 3 or getattr(layer, "shared", True) else 2]
            assert np.abs(weight).max() <= 2.4 / inputs
            # the largest of ten draws may well be small, that of a hundred not
            assert weight.size < 100 or np.abs(weight).max() > 0.8 * 2.4 / inputs


def test_there_are_five_nets():
    with pytest.raises(InvalidInput, match="net must be 1, 2, 3, 4 or 5; got 6"):
        zoo.create_model("lecun1989", (16, 16), 10, net=6)


def test_scaled_tanh_is_one_at_one():
    np.testing.assert_allclose(
        numpy(layers.scaled_tanh(np.array([-1.0, 0.0, 1.0, 50.0], "float32"))), [-1, 0, 1, 1.7159], atol=1e-4
    )


# -- random features -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions, reach", [(2, 1.0), (5, 1.0), (256, 0.1), (300, 0.1), (1500, 0.05)])
def test_random_features_approximate_the_gaussian_kernel(dimensions, reach):
    keras.utils.set_random_seed(0)
    x = (reach * np.random.default_rng(0).normal(size=(20, dimensions))).astype("float32")
    layer = layers.OrthogonalRandomFeatures(20000, gamma=0.2)
    features = numpy(layer(x))
    distances = ((x[:, None] - x[None]) ** 2).sum(axis=-1)
    np.testing.assert_allclose(features @ features.T, np.exp(-0.2 * distances), atol=0.04)
    assert not layer.trainable_weights and len(layer.weights) == 1


def test_random_directions_of_a_block_are_orthogonal():
    """Angles are linear in x while sines are: so the directions are read off the sines of small inputs."""
    keras.utils.set_random_seed(0)
    layer, small = layers.OrthogonalRandomFeatures(2 * 512, gamma=0.5), 1e-3
    sines = numpy(layer(small * np.eye(256, dtype="float32")))[:, 512:]
    directions = sines / (small * np.sqrt(2 / 1024))  # (256, 512): two blocks
    for block in (directions[:, :256], directions[:, 256:]):
        np.testing.assert_allclose(block.T @ block, 256 * np.eye(256), atol=0.3)
    assert np.abs(directions[:, :256].T @ directions[:, 256:]).max() > 10
    assert 0.9 < directions.std() < 1.1  # sqrt(2 gamma), as independent Gaussian numbers would have


def test_random_features_follow_the_global_seed():
    def signs(seed):
        keras.utils.set_random_seed(seed)
        layer = layers.OrthogonalRandomFeatures(600, gamma=0.5)
        layer.build((None, 300))
        return numpy(layer.signs)

    assert np.array_equal(signs(1), signs(1)) and not np.array_equal(signs(1), signs(2))
    assert set(signs(1).ravel()) == {-1, 1} and abs(signs(1).mean()) < 0.1


# -- autoencoders ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("error", ["crossentropy", "squared", "linear"])
def test_reconstruction_error_is_the_formula(tied, error):
    x = np.random.default_rng(0).uniform(size=(7, 12)).astype("float32")
    layer = layers.Autoencoder(keras.layers.Dense(5, activation="sigmoid"), "masking", 0.3, tied, error)
    got = numpy(layer(x, training=False))
    kernel, bias = layer.layer.get_weights()
    decoder = kernel.T if tied else numpy(layer.decoder_kernel)
    code = 1 / (1 + np.exp(-(x @ kernel + bias)))
    logits = code @ decoder + numpy(layer.decoder_bias)
    output = 1 / (1 + np.exp(-logits))
    expected = {
        "crossentropy": -(x * np.log(output) + (1 - x) * np.log(1 - output)).sum(axis=1),
        "squared": ((output - x) ** 2).sum(axis=1),
        "linear": ((logits - x) ** 2).sum(axis=1),
    }
    np.testing.assert_allclose(got, expected[error], rtol=1e-4)
    assert len(layer.trainable_weights) == (3 if tied else 4)


def test_crossentropy_stays_finite_far_out():
    layer = layers.Autoencoder(keras.layers.Dense(3, activation="sigmoid"), None)
    layer(np.zeros((1, 4), "float32"))
    layer.decoder_bias.assign([-300.0, 300.0, -300.0, 300.0])
    assert np.isfinite(numpy(layer(np.ones((1, 4), "float32")))).all()


def test_corruption():
    ones = np.ones((50, 400), "float32")
    dense = keras.layers.Dense(1)
    masked = numpy(layers.Autoencoder(dense, "masking", 0.25)._corrupt(ones))
    assert set(np.unique(masked)) == {0, 1} and abs((masked == 0).mean() - 0.25) < 0.02
    salted = numpy(layers.Autoencoder(dense, "salt_and_pepper", 0.3)._corrupt(ones / 2))
    assert set(np.unique(salted)) == {0, 0.5, 1}
    assert abs((salted == 0).mean() - 0.15) < 0.01 and abs((salted == 1).mean() - 0.15) < 0.01
    noise = numpy(layers.Autoencoder(dense, "gaussian", 0.4)._corrupt(ones)) - 1
    assert abs(noise.std() - 0.4) < 0.02 and abs(noise.mean()) < 0.02
    np.testing.assert_array_equal(numpy(layers.Autoencoder(dense, None)._corrupt(ones)), ones)


@pytest.mark.parametrize(
    "wrong",
    [{"corruption": "salt"}, {"error": "hinge"}, {"level": -1.0}, {"level": 1.0}, {"corruption": "salt_and_pepper", "level": 1.0}],
    ids=str,
)
def test_autoencoder_refuses(wrong):
    with pytest.raises(ValueError, match="must be"):
        layers.Autoencoder(keras.layers.Dense(2), **wrong)


def test_stages_share_encoders_with_the_classifier(tmp_path):
    widths = (12, 10)
    classifier = autoencoder_stack((6, 6), 4, widths=widths)
    x = np.random.default_rng(0).integers(0, 256, (32, 6, 6)).astype("uint8")
    for index in range(2):
        stage = pretraining_stage(index, (6, 6), widths=widths)
        names = [f"encoder_{i + 1}" for i in range(index + 1)]
        assert [layer.name for layer in encoders(stage)] == names
        assert [layer.name for layer in encoders(classifier)][: index + 1] == names
        below = [layer.get_weights() for layer in encoders(stage)]
        stage.compile(keras.optimizers.Adam(0.01), layers.MeanOutput())
        history = stage.fit(x, np.zeros(32), epochs=8, verbose=0).history["loss"]
        assert history[-1] < history[0]
        after = [layer.get_weights() for layer in encoders(stage)]
        moved = [not np.array_equal(a[0], b[0]) for a, b in zip(below, after)]
        assert moved == [False] * index + [True], "only the encoder of this stage learns"
        for source, target in zip(encoders(stage), encoders(classifier)):
            target.set_weights(source.get_weights())
    stage.save(tmp_path / "stage.keras")
    loaded = keras.saving.load_model(tmp_path / "stage.keras")
    np.testing.assert_allclose(numpy(loaded(x)), numpy(stage(x)), rtol=1e-5)
    assert numpy(stage(x)).shape == (32,)


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_such_stage(index):
    with pytest.raises(ValueError, match="stages 0 to 2"):
        pretraining_stage(index, (6, 6))


@on_jax
@pytest.mark.parametrize("corruption", ["masking", "salt_and_pepper", "gaussian"])
def test_stages_of_two_members_at_once(corruption):
    import jax
    import jax.numpy as jnp

    stages = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        stages.append(pretraining_stage(1, (6, 6), widths=(12, 10), corruption=corruption))
    states = [[[v.value for v in vs] for vs in (s.trainable_variables, s.non_trainable_variables)] for s in stages]
    x = np.random.default_rng(0).integers(0, 256, (8, 6, 6)).astype("uint8")

    @jax.jit
    def call(state):
        return stages[0].stateless_call(*state, x, training=True)

    together = jax.jit(jax.vmap(call))(jax.tree.map(lambda *values: jnp.stack(values), *states))
    for k, state in enumerate(states):
        alone = call(state)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a[k], b, rtol=1e-4, atol=1e-4), together, alone)


@pytest.mark.parametrize(
    "activation, start",
    [
        ("relu", "HeNormal"),
        (keras.activations.relu, "HeNormal"),
        ("swish", "HeNormal"),
        ("silu", "HeNormal"),
        ("relu6", "HeNormal"),
        ("mish", "HeNormal"),
        (keras.layers.ReLU(), "HeNormal"),
        (keras.layers.LeakyReLU(0.1), "HeNormal"),
        ("tanh", "GlorotUniform"),
        (keras.layers.Softmax(), "GlorotUniform"),
        (None, "GlorotUniform"),
        (lambda x: x, "GlorotUniform"),
    ],
)
def test_units_that_rectify_start_as_he_et_al_say_by_whatever_name_they_are_given(activation, start):
    assert type(initialiser_for(activation)).__name__ == start


def test_a_start_may_be_any_that_keras_takes():
    assert initialiser_for("relu", "orthogonal").__class__.__name__ == "Orthogonal"
    shared = keras.initializers.GlorotNormal()
    assert initialiser_for("relu", shared) is not shared, "one initialiser gives equal shapes equal values"
    model = zoo.create_model("mlp", (8, 8), 10, widths=[4], initialiser=lambda shape, dtype=None: keras.ops.ones(shape, dtype))
    assert (numpy(model.get_layer("hidden_1").kernel) == 1).all()
    # A configuration, as that which mlp names for sigmoids: every layer draws its own.
    wide = {"class_name": "VarianceScaling", "config": {"scale": 16.0, "mode": "fan_avg", "distribution": "uniform"}}
    model = zoo.create_model("autoencoder_stack", (8, 8), 10, widths=[64, 64], initialiser=wide)
    first, second = (numpy(model.get_layer(f"encoder_{number}").kernel) for number in (1, 2))
    assert [np.abs(kernel).max() for kernel in (first, second)] == pytest.approx([4 * (6 / 128) ** 0.5] * 2, rel=0.01)
    assert (first != second).mean() > 0.99


def test_random_features_are_of_vectors():
    with pytest.raises(ValueError, match="expected ndim=2, found ndim=3"):
        layers.OrthogonalRandomFeatures(8, 0.1)(np.ones((2, 3, 4)))


def test_raw_numbers_are_scaled_before_they_become_16_bits():
    """The largest number of 16 bits is 65504; a white pixel of an image of 16 bits is more."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = zoo.create_model("mlp", (4, 4), 2, widths=(8,), rescale=1 / 65535)
        assert np.isfinite(numpy(model(np.full((1, 4, 4), 65535.0)))).all()
        assert model.get_layer("rescale").compute_dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")


@on_jax
def test_signs_keep_their_type_where_jax_computes_in_64_bits():
    import jax

    with jax.enable_x64(True):
        assert str(_Signs(seed=0)((4,), dtype="float32").dtype) == "float32"

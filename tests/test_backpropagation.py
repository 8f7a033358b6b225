"""The written-out equations against automatic differentiation, layer by layer and as nets; mistakes must be caught."""

import jax
import numpy as np
import pandas as pd
import pytest

from zoo.errors import InvalidInput
from zoo.reproductions import backpropagation as claim
from zoo.reproductions.trainers import gradient_checks, gradient_references as references
from zoo.reproductions.trainers.activations import ACTIVATIONS, Activation
from zoo.reproductions.trainers.backpropagation import backward, descend, error, forward, gradient, softmax_cross_entropy
from zoo.reproductions.trainers.gradient_checks import images, keras_error, random_net
from zoo.reproductions.trainers.layers_written_out import Convolution, Dense, Flatten, MaxPooling

DENSE, DEEP, CONVOLUTIONAL = {"widths": [7]}, {"widths": [6] * 10}, {"maps": [3], "patch": 3, "dense": 5}
each_activation = pytest.mark.parametrize("name", ACTIVATIONS)


def net_and_batch(net, activation, n=8, seed=0):
    random = np.random.default_rng(seed)
    x, labels = images("digits", n, random)
    return random_net(net, activation, x.shape[1:], random), x, labels


@each_activation
def test_slope_of_an_activation(name):
    function = {"linear": lambda z: z, "softsign": jax.nn.soft_sign}.get(name) or getattr(jax.nn, name)
    z = np.concatenate([np.linspace(-9, 9, 37), [-800.0, 800.0]])  # 0 is among them, and what would overflow
    with references.float64():
        theirs = np.asarray(function(z)), np.asarray(jax.vmap(jax.grad(function))(z))
    y = ACTIVATIONS[name].output(z)
    np.testing.assert_allclose(y, theirs[0], rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(ACTIVATIONS[name].slope(z, y), theirs[1], rtol=1e-10, atol=1e-15)


def as_jax(layer):
    def convolution(x, w, b):
        return jax.lax.conv_general_dilated(x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")) + b

    def pooling(x):
        height, width = (side // 2 * 2 for side in x.shape[1:3])
        return x[:, :height, :width].reshape(len(x), height // 2, 2, width // 2, 2, -1).max(axis=(2, 4))

    kinds = {Dense: lambda x, w, b: x @ w + b, Convolution: convolution, MaxPooling: pooling}
    return kinds.get(type(layer), lambda x: x.reshape(len(x), -1))


@pytest.mark.parametrize(
    "kind, shape, weights",
    [
        (Dense, (4, 5), [(5, 3), (3,)]),
        (Convolution, (2, 6, 5, 3), [(3, 2, 3, 4), (4,)]),
        (MaxPooling, (2, 7, 5, 3), []),
        (Flatten, (2, 3, 4, 2), []),
    ],
)
def test_derivatives_of_a_layer(kind, shape, weights):
    random = np.random.default_rng(1)
    x, layer = random.normal(size=shape), kind([random.normal(size=s) for s in weights])
    z = layer.total_input(x)
    dE_dz = random.normal(size=z.shape)
    with references.float64():
        theirs, back = jax.vjp(as_jax(layer), x, *layer.weights)
        expected = [np.asarray(a) for a in back(jax.numpy.asarray(dE_dz))]
    np.testing.assert_allclose(z, theirs, rtol=1e-12, atol=1e-14)
    dE_dx, dE_dw = layer.derivatives(x, dE_dz)
    assert len(dE_dw) == len(weights)
    for ours, other in zip([dE_dx, *dE_dw], expected, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("net", [DENSE, DEEP, CONVOLUTIONAL], ids=["dense", "deep", "convolutional"])
def test_a_net_against_automatic_differentiation_and_differences(net):
    for activation in ("relu", "softplus"):
        layers, x, labels = net_and_batch(net, activation)
        assert references.autodiff_error(references.autodiff(layers), layers, x, labels) < 1e-12
        worst, aside = references.difference_error(layers, x, labels, np.random.default_rng(2), 6)
        assert 0 < worst < 1e-6 and aside < 20


@pytest.mark.backend
@pytest.mark.parametrize("activation, net", [("tanh", DENSE), ("relu", CONVOLUTIONAL)], ids=["dense", "convolutional"])
def test_sgd_equals_that_of_keras(activation, net):
    layers, x, labels = net_and_batch(net, activation, n=40)
    with references.float64():
        twin = references.keras_twin(layers, x.shape[1:], 0.125)
    before = error(layers, x, labels)[0]
    assert keras_error(twin, layers, x, labels, 8, 0.125) < 1e-12
    assert error(layers, x, labels)[0] < before


@pytest.mark.parametrize("net", [DENSE, CONVOLUTIONAL], ids=["dense", "convolutional"])
def test_a_wrong_slope_is_caught_by_each_reference(net, monkeypatch):
    layers, x, labels = net_and_batch(net, "tanh")
    right = ACTIVATIONS["tanh"]
    monkeypatch.setitem(ACTIVATIONS, "tanh", Activation(right.output, lambda z, y: 1 - y**2 * 0.999))
    assert references.autodiff_error(references.autodiff(layers), layers, x, labels) > claim.LIMITS["autodiff_error"]
    assert references.difference_error(layers, x, labels, np.random.default_rng(2), 6)[0] > claim.LIMITS["difference_error"]
    with references.float64():
        twin = references.keras_twin(layers, x.shape[1:], 0.125)
    assert keras_error(twin, layers, x, labels, 4, 0.125) > claim.LIMITS["keras_error"]


def test_a_derivative_that_is_no_number_is_caught_by_each_reference(monkeypatch):
    """Wherever it stands: after a number, Python's max would pass over it."""
    layers, x, labels = net_and_batch(DENSE, "tanh")

    def spoilt(*net_and_batch):
        found = gradient(*net_and_batch)
        found[-1].weights[-1][0] = np.nan
        return found

    monkeypatch.setattr(references, "gradient", spoilt)
    assert references.autodiff_error(references.autodiff(layers), layers, x, labels) == np.inf
    assert references.difference_error(layers, x, labels, np.random.default_rng(2), 20)[0] == np.inf
    with references.float64():
        twin = references.keras_twin(layers, x.shape[1:], 0.125)

    def descends_and_spoils(layers, *rest):
        descend(layers, *rest)
        layers[-1].weights[-1][0] = np.nan

    monkeypatch.setattr(gradient_checks, "descend", descends_and_spoils)
    assert keras_error(twin, layers, x, labels, 4, 0.125) == np.inf


def test_what_is_no_number_on_both_sides_decides_nothing_and_is_no_kink(monkeypatch):
    assert np.isnan(references.relative_error(np.array([1.0, np.nan]), np.array([1.0, np.nan])))
    layers, x, labels = net_and_batch(DENSE, "tanh")
    x[0, 0] = np.nan
    worst, aside = references.difference_error(layers, x, labels, np.random.default_rng(2), 6)
    assert np.isnan(worst) and aside == 0
    layers, x, labels = net_and_batch(DENSE, "tanh")
    monkeypatch.setattr(references, "relative_error", lambda ours, reference: np.nan if len(reference) == 10 else 1e-15)
    assert np.isnan(references.autodiff_error(references.autodiff(layers), layers, x, labels))
    assert np.isnan(references.difference_error(layers, x, labels, np.random.default_rng(2), 10)[0])
    with references.float64():
        assert np.isnan(keras_error(references.keras_twin(layers, x.shape[1:], 0.125), layers, x, labels, 4, 0.125))


@pytest.mark.parametrize("kind", [Dense, Convolution, MaxPooling])
def test_a_wrong_layer_is_caught(kind, monkeypatch):
    layers, x, labels = net_and_batch({"maps": [3, 3], "patch": 2, "dense": 5}, "tanh")
    right = kind.derivatives

    def wrong(layer, x, dE_dz):
        dE_dx, dE_dw = right(layer, x, dE_dz)
        return dE_dx[::-1], dE_dw

    monkeypatch.setattr(kind, "derivatives", wrong)
    assert references.autodiff_error(references.autodiff(layers), layers, x, labels) > claim.LIMITS["autodiff_error"]


def test_shapes_that_do_not_fit_are_refused():
    layers, x, labels = net_and_batch(CONVOLUTIONAL, "relu")
    for layer, wrong in ((layers[0], x[..., 0]), (layers[0], x[:, :2]), (layers[1], x[:, :1]), (layers[-1], x)):
        with pytest.raises(InvalidInput, match="can't take an array of shape"):
            layer.total_input(wrong)
    signals = forward(layers, x)
    with pytest.raises(InvalidInput, match="must be the same"):
        backward(layers, signals, np.zeros((3, 10)))
    for wrong in (labels[:-1], labels + 10, labels - 11):
        with pytest.raises(InvalidInput, match="one per example"):
            softmax_cross_entropy(signals[-1].y, wrong)


def test_softmax_survives_large_outputs():
    E, dE_dy = softmax_cross_entropy(np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([0, 0]))
    assert E == 5e3
    np.testing.assert_array_equal(dE_dy, [[0, 0], [-0.5, 0.5]])


def test_a_weight_at_a_kink_is_set_aside_and_counted():
    layers = [Dense([np.zeros((4, 3)), np.zeros(3)], "relu"), Dense([np.ones((3, 10)) * np.arange(10), np.zeros(10)])]
    x, labels = np.ones((2, 4)), np.array([0, 1])
    assert references.at_a_kink(layers, forward(layers, x)) == 6
    _, aside = references.difference_error(layers, x, labels, np.random.default_rng(0), 3)
    assert aside == pytest.approx(100 * 6 / 12)  # all weights and biases below, none of those on top


def test_equal_inputs_of_a_window_are_counted_and_leave_the_weights_derivatives_right():
    layers, x, labels = net_and_batch(CONVOLUTIONAL, "tanh")
    x[:] = 0.3
    assert references.at_a_kink(layers, forward(layers, x)) > 0
    with references.float64():
        shifts = [np.zeros_like(s.z) for s in forward(layers, x)]
        theirs, _ = references.autodiff(layers)([layer.weights for layer in layers], shifts, x, labels)
        theirs = [np.asarray(w) for own in theirs for w in own]
    ours = [w for own in gradient(layers, x, labels) for w in own.weights]
    assert max(references.relative_error(*pair) for pair in zip(ours, theirs, strict=True)) < 1e-12


def test_descend_moves_against_the_gradient():
    layers, x, labels = net_and_batch(DENSE, "relu")
    old, slope = layers[1].weights[0].copy(), gradient(layers, x, labels)[1].weights[0]
    descend(layers, x, labels, 0.5)
    np.testing.assert_allclose(layers[1].weights[0], old - 0.5 * slope, rtol=1e-14)


def test_verdicts_follow_the_errors():
    def runs(wrong):
        rows = []
        for seed in range(3):
            for model in ("dense", "convolutional"):
                metrics = dict.fromkeys(claim.LIMITS, 1e-12) | {"differences_set_aside_pct": 1.0} | wrong
                own = {name: value * (1 + seed / 100) for name, value in metrics.items()}
                rows += [("mnist", model, "relu, depth 1", seed, name, value, 100) for name, value in own.items()]
            for size in (100, 1000):
                ways = {
                    "backward_in_forwards": 2 + seed / 10 * (size / 1000),
                    "differences_in_forwards": 2.0 * size ** (1 + seed / 100),
                }
                rows += [("mnist", "dense", f"width {size}", seed, name, value, size) for name, value in ways.items()]
        return pd.DataFrame(rows, columns=["dataset", "model", "setting", "seed", "metric", "value", "parameters"])

    def verdicts(wrong):
        return {check.name: check.verdict for check in claim.judge(runs(wrong))}

    assert set(verdicts({}).values()) == {"reproduced"}
    assert verdicts({"differences_set_aside_pct": 6.0})["control: few weights are set aside"] == "contradicted"
    one = runs({})
    one.loc[one.index[one.metric == "differences_set_aside_pct"][0], "value"] = 6.0
    (aside,) = [check for check in claim.judge(one) if "set aside" in check.name]
    assert aside.verdict == "contradicted", "one net among many"
    assert verdicts({"autodiff_error": 1e-9})["dense: autodiff error"] == "contradicted"
    assert verdicts({"keras_error": np.nan})["convolutional: keras error"] == "undecided"
    assert verdicts({"keras_error": np.inf})["convolutional: keras error"] == "contradicted"
    for lost, verdict in ((np.nan, "undecided"), (np.inf, "contradicted")):  # in a single net of many
        one = runs({})
        more = one[(one.model == "dense") & (one.metric == "autodiff_error")]
        one = pd.concat([one, more.assign(setting="tanh, depth 1", value=[lost, 1e-12, 1e-12])])
        (found,) = [check for check in claim.judge(one) if check.name == "dense: autodiff error"]
        assert found.verdict == verdict

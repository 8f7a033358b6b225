"""Logistic PCA by codes that are fitted to each image, on scikit-learn's small digits."""

import numpy as np
import pytest

from zoo.datasets import load
from zoo.reproductions.trainers import fitted_codes
from zoo.reproductions.trainers.autoencoders import PrincipalComponents

STRENGTH = 1e-3


@pytest.fixture(scope="module")
def images():
    data = load("digits")
    return data.train.x[:400], data.test.x[:100]


@pytest.fixture(scope="module")
def decoder(images):
    found, cut_off = fitted_codes.fitted_decoder(fitted_codes._flat(images[0]), 6, STRENGTH, 60)
    assert cut_off
    return found


def test_fitted_codes_reconstruct_better_than_as_many_principal_components(images, decoder):
    train, test = images
    error = fitted_codes.squared_error(decoder, fitted_codes._flat(test), STRENGTH, 60)
    assert 0 < error < 0.9 * PrincipalComponents(train, 6).squared_error(test)


def test_a_code_is_where_the_cross_entropy_is_least(images, decoder):
    """From wherever it is begun, as that of one image is convex."""
    x = fitted_codes._flat(images[1])
    usual = fitted_codes.squared_error(decoder, x, STRENGTH, 300)
    directions, bias, begin = decoder
    elsewhere = fitted_codes.squared_error((directions, bias, 0 * begin + 0.1), x, STRENGTH, 300)
    assert usual == pytest.approx(elsewhere, rel=1e-2)


def test_a_fit_that_ends_by_itself_is_not_cut_off():
    x = np.random.RandomState(0).rand(20, 8).round().astype("float32")
    (directions, *_), cut_off = fitted_codes.fitted_decoder(x, 1, 1.0, 2000)
    assert not cut_off and directions.shape == (1, 8)

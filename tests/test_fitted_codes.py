"""Logistic PCA by codes that are fitted to each image, on scikit-learn's small digits."""

import numpy as np
import pandas as pd
import pytest

from zoo.datasets import load
from zoo.reproductions import pretrained_autoencoder as claim
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


@pytest.mark.parametrize(
    "net, linear, cut_off, verdict, why",
    [
        ((2.7, 2.7), (2.9, 2.9), 0.0, "reproduced", ""),
        ((2.7, 2.7), (2.9, 2.9), 1.0, "undecided", "fit was cut off"),
        ((2.9, 2.9), (2.7, 2.7), 1.0, "contradicted", ""),
        ((2.7, 2.8), (2.6, 2.9), 1.0, "undecided", "other way round, by 0.0985"),
    ],
)
def test_a_lead_on_the_test_images_alone_or_on_a_fit_that_was_cut_off_decides_nothing(net, linear, cut_off, verdict, why):
    rows = [
        {"dataset": "mnist", "model": model, "setting": setting, "seed": seed, "metric": metric, "value": value + 0.001 * seed}
        for (_, model, setting), values, seeds in ((claim.ROW, net, range(4)), (claim.FITTED, (*linear, cut_off), range(1)))
        for metric, value in zip((claim.ERROR, "validation_squared_error", "fit_cut_off"), values)
        for seed in seeds
    ]
    found = {check.name: check for check in claim.judge(pd.DataFrame(rows))}
    check = found["mnist: less than logistic PCA, code of 30 fitted to each image"]
    assert check.verdict == verdict and why in check.sentence and ("because" in check.sentence) == bool(why)

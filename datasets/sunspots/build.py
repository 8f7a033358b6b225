"""The series out of statsmodels' wheel, which ships it as a file, and its windows of twelve years."""

import numpy as np

from zoo.datasets import mirrors, series
from zoo.datasets.dataset import Built, SourceFailed
from zoo.datasets.sunspots import INFO

PACKAGE = "statsmodels==0.14.6"
MEMBER = "statsmodels/datasets/sunspots/sunspots.csv"
SHA256 = "f67889b1d9002cd5227f0e0ef54e35b419cdd85a31279adef6f73fb41e5c0a9b"
YEARS = np.arange(1700, 2009)

TOLD = f"downloading {PACKAGE} from PyPI (10 MB), for a file of 3 kB in it; it is not installed"
SOURCES = {"mirror": mirrors.pip_source(PACKAGE, MEMBER, SHA256, TOLD)}


def build(folder):
    """1712-1880 to train on, 1881-1920 to validate, 1921-2008 to test."""
    years, numbers = np.loadtxt(folder / "sunspots.csv", delimiter=",", skiprows=1, unpack=True)
    if not np.array_equal(years, YEARS):
        raise SourceFailed("the years of sunspots.csv are not 1700 to 2008")
    lags = series.lags_of(INFO)
    return Built(series.windows(numbers, lags, len(lags), INFO.sizes), f"NumPy {np.__version__}")

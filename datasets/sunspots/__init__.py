"""Sunspots: their number in each year from 1700 to 2008, to be forecast from the twelve years before."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="sunspots",
    title="Yearly sunspot numbers, 1700-2008",
    licence="public domain",
    homepage="https://www.ngdc.noaa.gov/stp/solar/solarda3.html",
    version="1.0.0",
    sizes={"train": 169, "validation": 40, "test": 88},
    input_shape=(12,),
    classes=None,
    task="forecasting",
    x_dtype="float32",
    y_dtype="float32",
    sources={"mirror": "the file in the wheel of statsmodels 0.14.6 on PyPI"},
    fingerprint="95066aa630fb57411782ffcad3658f5f75cfb291f76b577011a22ecdf33f4a7f",
    folder=Path(__file__).parent,
)

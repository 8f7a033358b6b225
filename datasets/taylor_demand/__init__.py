"""Taylor's electricity demand: every half hour of twelve weeks in England and Wales, to be forecast half an hour ahead."""

from pathlib import Path

from zoo.datasets.dataset import Info

DAY, WEEK = 48, 336  # half hours

INFO = Info(
    name="taylor_demand",
    title="Half-hourly electricity demand, England and Wales, summer 2000",
    licence="MIT (pmdarima, which ships the series)",
    homepage="https://doi.org/10.1057/palgrave.jors.2601589",
    version="1.0.0",
    sizes={"train": 1632, "validation": 672, "test": 1344},
    input_shape=(48, 2),
    classes=None,
    task="forecasting",
    x_dtype="float32",
    y_dtype="float32",
    sources={"mirror": "the series in the wheel of pmdarima 2.1.1 on PyPI"},
    fingerprint="9ec8bdc2cbdcff34fd3b78187dfbd1bb674cbacaedead9f0d1ca74b60aedd3f9",
    folder=Path(__file__).parent,
    lags=tuple((back, back - 1 + WEEK) for back in range(DAY, 0, -1)),
)

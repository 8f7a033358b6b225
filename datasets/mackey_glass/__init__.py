"""Mackey-Glass: a chaotic series out of a delay equation, free of noise, to be forecast six units of time ahead."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="mackey_glass",
    title="The Mackey-Glass delay equation, tau 17",
    licence="CC0 1.0",
    homepage="https://doi.org/10.1126/science.267326",
    version="1.0.0",
    sizes={"train": 1000, "validation": 500, "test": 1000},
    input_shape=(12,),
    classes=None,
    task="forecasting",
    x_dtype="float32",
    y_dtype="float32",
    sources={"official": "generated here"},
    fingerprint="c62546b9505fc2c87983ca8db693a7cfdd1649cac1fb65882a696e00972a6fd8",
    folder=Path(__file__).parent,
)

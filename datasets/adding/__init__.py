"""The adding problem: the sum of two marked numbers of a long sequence, after a lag in which nothing happens."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="adding",
    title="The adding problem, 100 to 110 steps",
    licence="CC0 1.0",
    homepage="https://doi.org/10.1162/neco.1997.9.8.1735",
    version="1.0.0",
    sizes={"train": 10_000, "validation": 1_000, "test": 2_560},
    input_shape=(110, 2),
    classes=None,
    task="regression",
    x_dtype="float32",
    y_dtype="float32",
    sources={"official": "generated here"},
    fingerprint="d1d6ca75cb6f8796b88af071ed928b1294b1076d4e5e85cd89827b48b3f58df4",
    folder=Path(__file__).parent,
)

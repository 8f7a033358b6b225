"""Curves: 28x28 images of a curve through three random points, which six numbers describe wholly."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="curves",
    title="Curves through three random points, 28x28",
    licence="CC0 1.0",
    homepage="https://doi.org/10.1126/science.1127647",
    version="1.0.0",
    sizes={"train": 20_000, "validation": 10_000, "test": 10_000},
    input_shape=(28, 28),
    classes=None,
    task="reconstruction",
    y_dtype="float32",
    sources={"official": "generated here"},
    fingerprint="0f44d1312f3c2a79e2ab14a6ad5736ce882c1ac8de42c4a36bdf55c62d57fba2",
    folder=Path(__file__).parent,
)

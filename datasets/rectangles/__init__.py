"""Rectangles (Larochelle et al. 2007): the outline of one, tall or wide, of any size at any place."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="rectangles",
    title="Outlines of rectangles, 28x28, tall or wide",
    licence="CC0 1.0",
    homepage="https://doi.org/10.1145/1273496.1273556",
    version="2.0.0",
    sizes={"train": 1_000, "validation": 200, "test": 50_000},
    input_shape=(28, 28),
    classes=2,
    class_names=("wide", "tall"),
    sources={"official": "generated here"},
    fingerprint="2f644bfd737ecf5190fc13632aa59668fbbc588b9702cfcd7e8e698cf411ca8e",
    folder=Path(__file__).parent,
)

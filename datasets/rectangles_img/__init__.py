"""Rectangles of one photograph in another (Larochelle et al. 2007): tall or wide, of any size at any place."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="rectangles_img",
    title="Rectangles in photographs, 28x28, tall or wide",
    licence="CC0 1.0; its photographs: CC0 1.0 or no known copyright restrictions",
    homepage="https://doi.org/10.1145/1273496.1273556",
    version="2.0.0",
    sizes={"train": 10_000, "validation": 2_000, "test": 50_000},
    input_shape=(28, 28),
    classes=2,
    class_names=("wide", "tall"),
    sources={"photographs": "photographs in scikit-image"},
    fingerprint="5c90ac654d5136a2aa211f6c0324e86e23e125167827b65299231670623b7319",
    folder=Path(__file__).parent,
)

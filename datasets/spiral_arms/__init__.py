"""Points on the three arms of a spiral in the plane: curves of several classes, for nets of several layers."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="spiral_arms",
    title="Points on the three arms of a spiral in the plane, half a turn each",
    licence="CC0 1.0",
    homepage="https://creativecommons.org/publicdomain/zero/1.0/",
    version="1.0.0",
    sizes={"train": 1_000, "validation": 500, "test": 1_000},
    input_shape=(2,),
    classes=3,
    class_names=("from the right", "from the upper left", "from the lower left"),
    sources={"official": "generated here"},
    fingerprint="5c77ca19986261eecda0f415f958db31c4e3096146f438201f38c3a4bf350aa1",
    folder=Path(__file__).parent,
    x_dtype="float32",
)

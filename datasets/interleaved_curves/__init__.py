"""Points on two curves in the plane that no straight line tells apart, as in Figure 1a of the review."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="interleaved_curves",
    title="Points on two S-shaped curves in the plane, one above the other",
    licence="CC0 1.0",
    homepage="https://creativecommons.org/publicdomain/zero/1.0/",
    version="1.0.0",
    sizes={"train": 1_000, "validation": 500, "test": 1_000},
    input_shape=(2,),
    classes=2,
    class_names=("lower", "upper"),
    sources={"official": "generated here"},
    fingerprint="e68e41e3c5f6e36f91a0ddcd536a4b4402451cdc0656a3e6b64dfd0bc0e58a28",
    folder=Path(__file__).parent,
    x_dtype="float32",
)

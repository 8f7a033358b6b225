"""Sets of pixels that are convex or not (Larochelle et al. 2007)."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="convex",
    title="Convex sets and others, 28x28",
    licence="CC0 1.0",
    homepage="https://doi.org/10.1145/1273496.1273556",
    version="1.0.0",
    sizes={"train": 6_000, "validation": 2_000, "test": 50_000},
    input_shape=(28, 28),
    classes=2,
    class_names=("not convex", "convex"),
    sources={"official": "generated here"},
    fingerprint="f4a2a769eaadc20263fd93395d9994d3b2cc3edd072517260aaf1b12ebe2957a",
    folder=Path(__file__).parent,
)

"""scikit-learn's 1,797 small digits, inside its wheel: for tests and smoke runs, no download."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="digits",
    title="Small handwritten digits, 8x8",
    licence="CC BY 4.0",
    homepage="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    version="1.0.0",
    sizes={"train": 1_197, "validation": 300, "test": 300},
    input_shape=(8, 8),
    classes=10,
    class_names=tuple("0123456789"),
    sources={"official": "the copy in scikit-learn"},
    fingerprint="eff09349a55a525c52dacd4a92113ffae5c182acddeea50bf2a431223f069b99",
    folder=Path(__file__).parent,
)

"""CIFAR-10, 60,000 small colour photographs (Krizhevsky 2009), through TFDS's official builder."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="cifar10",
    title="Colour photographs of ten kinds of things, 32x32",
    licence="none stated by its authors, who ask to be cited",
    homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    version="3.0.2",
    sizes={"train": 45_000, "validation": 5_000, "test": 10_000},
    input_shape=(32, 32, 3),
    classes=10,
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    sources={"official": "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"},
    folder=Path(__file__).parent,
)

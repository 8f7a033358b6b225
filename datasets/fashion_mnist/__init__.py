"""Fashion-MNIST, 70,000 pictures of clothes (Xiao et al. 2017), through TFDS's official builder."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="fashion_mnist",
    title="Pictures of clothes, 28x28",
    licence="MIT",
    homepage="https://github.com/zalandoresearch/fashion-mnist",
    version="3.0.1",
    sizes={"train": 50_000, "validation": 10_000, "test": 10_000},
    input_shape=(28, 28),
    classes=10,
    class_names=("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    sources={
        "official": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "mirror": "Debian package dataset-fashion-mnist",
    },
    fingerprint="8366b62976bf3eba13d6c076fa16e9bb435740c39703ba3637e4518773cd1979",
    folder=Path(__file__).parent,
)

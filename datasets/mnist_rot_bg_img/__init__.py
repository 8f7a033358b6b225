"""MNIST's digits turned by any angle before patches of photographs (Larochelle et al. 2007): two factors at once."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="mnist_rot_bg_img",
    title="Handwritten digits, 28x28, each turned by a random angle, before patches of photographs",
    licence="CC BY-SA 3.0",
    homepage="http://yann.lecun.com/exdb/mnist/",
    version="1.0.0",
    sizes={"train": 10_000, "validation": 2_000, "test": 50_000},
    input_shape=(28, 28),
    classes=10,
    class_names=tuple("0123456789"),
    sources={"mnist": "the data set mnist, and photographs in scikit-image"},
    fingerprint="73e1537f637696f805cec2d653bd0ac9d73753bcae2bc78ab70828c51a630990",
    folder=Path(__file__).parent,
)

"""MNIST's digits before patches of photographs (Larochelle et al. 2007): a factor that says nothing of the class."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="mnist_bg_img",
    title="Handwritten digits, 28x28, before patches of photographs",
    licence="CC BY-SA 3.0",
    homepage="http://yann.lecun.com/exdb/mnist/",
    version="1.0.0",
    sizes={"train": 10_000, "validation": 2_000, "test": 50_000},
    input_shape=(28, 28),
    classes=10,
    class_names=tuple("0123456789"),
    sources={"mnist": "the data set mnist, and photographs in scikit-image"},
    fingerprint="d1e49aaff37ba4685fc23b80e473a372c0b41bb12032178be9a1d4fca5616246",
    folder=Path(__file__).parent,
)

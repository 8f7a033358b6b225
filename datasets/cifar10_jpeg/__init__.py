"""CIFAR-10 as JPEG files: a lossy copy, not the canonical set, out of a folder or archive that the user has."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="cifar10_jpeg",
    title="JPEG-compressed copy of CIFAR-10 (not the canonical set), 32x32 in colour",
    licence="none stated, neither by CIFAR-10's authors nor for this copy",
    homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    version="1.0.0",
    sizes={"train": 45_000, "validation": 5_000, "test": 10_000},
    input_shape=(32, 32, 3),
    classes=10,
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    sources={"file": "the folder or archive that ZOO_CIFAR10_JPEG names"},
    fingerprint="ebff790c66e0d7629d5ee96d60cf4f3e28c8df5673c2fce2d1a472b3c269ca07",
    folder=Path(__file__).parent,
    path_variable="ZOO_CIFAR10_JPEG",
)

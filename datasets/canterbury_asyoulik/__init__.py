"""asyoulik.txt of the Canterbury corpus (Shakespeare, As You Like It): characters and what follows each."""

from pathlib import Path

from zoo.datasets import canterbury
from zoo.datasets.dataset import Info

INFO = Info(
    name="canterbury_asyoulik",
    title="Shakespeare, As You Like It, by the character",
    licence="public domain",
    homepage=canterbury.HOMEPAGE,
    version="1.0.0",
    sizes={"train": 881, "validation": 48, "test": 48},
    input_shape=(128,),
    classes=None,
    task="language modelling",
    y_dtype="uint8",
    sources=canterbury.FROM,
    fingerprint="a0d3f329202b4d97aa2e232f2633d251e841e9455b7e850aabff0ff82d76a0ea",
    folder=Path(__file__).parent,
)

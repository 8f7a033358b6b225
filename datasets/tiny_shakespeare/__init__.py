"""Tiny Shakespeare (Karpathy 2015): 40,000 lines of the plays, through TFDS's official builder."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="tiny_shakespeare",
    title="40,000 lines of Shakespeare, by the character",
    licence="public domain (the plays); MIT (the collection)",
    homepage="https://github.com/karpathy/char-rnn",
    version="1.0.0",
    sizes={"train": 7_842, "validation": 435, "test": 435},
    input_shape=(128,),
    classes=None,
    task="language modelling",
    y_dtype="uint8",
    sources={
        "official": "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "file": "input.txt at the path that ZOO_TINY_SHAKESPEARE names",
    },
    fingerprint="fe90623c6ba920339a69d9c9df1ec805b2890f8fc3cfdeb6f9cb03aa0b519328",
    folder=Path(__file__).parent,
    path_variable="ZOO_TINY_SHAKESPEARE",
)

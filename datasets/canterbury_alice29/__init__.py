"""alice29.txt of the Canterbury corpus (Carroll, Alice's Adventures in Wonderland): characters and what follows each."""

from pathlib import Path

from zoo.datasets import canterbury
from zoo.datasets.dataset import Info

INFO = Info(
    name="canterbury_alice29",
    title="Carroll, Alice's Adventures in Wonderland, by the character",
    licence="public domain (Project Gutenberg's edition of 1991)",
    homepage=canterbury.HOMEPAGE,
    version="1.0.0",
    sizes={"train": 1_070, "validation": 59, "test": 59},
    input_shape=(128,),
    classes=None,
    task="language modelling",
    y_dtype="uint8",
    sources=canterbury.FROM,
    fingerprint="8620818324af12bba81a45ce6bf546184ea9ae7bca3199fe24d34448951ef7a3",
    folder=Path(__file__).parent,
)

"""plrabn12.txt of the Canterbury corpus (Milton, Paradise Lost): characters and what follows each."""

from pathlib import Path

from zoo.datasets import canterbury
from zoo.datasets.dataset import Info

INFO = Info(
    name="canterbury_plrabn12",
    title="Milton, Paradise Lost, by the character",
    licence="public domain (Project Gutenberg's edition of 1992)",
    homepage=canterbury.HOMEPAGE,
    version="1.0.0",
    sizes={"train": 3_388, "validation": 188, "test": 188},
    input_shape=(128,),
    classes=None,
    task="language modelling",
    y_dtype="uint8",
    sources=canterbury.FROM,
    fingerprint="ec038f40bbdc53cb59ffc80af0181738055a5a957285b6e4668dc9d4d4430cda",
    folder=Path(__file__).parent,
)

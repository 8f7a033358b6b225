"""lcet10.txt of the Canterbury corpus (a Library of Congress workshop): characters and what follows each."""

from pathlib import Path

from zoo.datasets import canterbury
from zoo.datasets.dataset import Info

INFO = Info(
    name="canterbury_lcet10",
    title="Library of Congress, workshop on electronic texts, by the character",
    licence="public domain (Project Gutenberg's edition of 1993)",
    homepage=canterbury.HOMEPAGE,
    version="1.0.0",
    sizes={"train": 3_002, "validation": 166, "test": 166},
    input_shape=(128,),
    classes=None,
    task="language modelling",
    y_dtype="uint8",
    sources=canterbury.FROM,
    fingerprint="a3de18c6db67fc88565279d13c55a66c946b90ebde5c42030fb3604615aadf96",
    folder=Path(__file__).parent,
)

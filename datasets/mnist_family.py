"""What mnist and fashion_mnist share: four IDX files in the original .gz archives, TFDS's parser, fixed splits.

A mirror ships the files recompressed or bare. The original archives are rebuilt from them byte for byte,
so that TFDS's own registered checksums pass whatever the source.
"""

import gzip
import shutil
import struct
import subprocess
import zlib
from typing import NamedTuple

import numpy as np

from zoo.datasets import tfds_source
from zoo.datasets.dataset import Built, SourceFailed, Split, verified

TRAINING = 50_000
NEEDS = tfds_source.NEEDS


class Original(NamedTuple):
    """One original archive: sha256 of the IDX file inside, and what its gzip header says of it."""

    file: str
    sha256: str
    embedded_name: str
    mtime: int


def rebuild(original, idx, folder):
    """Write folder/<file>.gz, the original archive, from the path of its IDX file (bare, or ending in .gz).

    Raises SourceFailed if the content is not the original's.
    """
    bare = folder / f"{original.file}.idx"
    try:
        with gzip.open(idx) if idx.suffix == ".gz" else open(idx, "rb") as source:
            content = source.read()
    except (FileNotFoundError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceFailed(f"{idx.name} is missing or damaged ({error})") from None
    verified(content, original.sha256, idx.name)
    if shutil.which("gzip") is None:
        raise SourceFailed("the command gzip is not installed")
    bare.write_bytes(content)
    # Python's zlib compresses to another stream than GNU gzip, with which the originals were made.
    stream = subprocess.run(["gzip", "-6", "-n", "-c", str(bare)], stdout=subprocess.PIPE, check=True).stdout
    bare.unlink()
    header = b"\x1f\x8b\x08\x08" + struct.pack("<I", original.mtime) + b"\x00\x03"
    name = original.embedded_name.encode() + b"\x00"
    (folder / f"{original.file}.gz").write_bytes(header + name + stream[10:])


def build(builder, folder):
    """Parse the four archives in the folder with TFDS's builder of that name; 50,000/10,000/10,000 images.

    The first 50,000 of the official training file train and its last 10,000 validate, as in the
    literature on MNIST that the review rests on.
    """
    parts, made_with = tfds_source.parse(builder, folder)
    x, y = parts["train"]["image"][..., 0], parts["train"]["label"].astype(np.int32)
    test = Split(parts["test"]["image"][..., 0], parts["test"]["label"].astype(np.int32))
    splits = {"train": Split(x[:TRAINING], y[:TRAINING]), "validation": Split(x[TRAINING:], y[TRAINING:]), "test": test}
    return Built(splits, made_with)

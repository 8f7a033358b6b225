"""Dummy archives through the real parser, and the layout of its answer."""

import gzip
import os
import subprocess
import sys

import numpy as np
import pytest

from zoo.datasets import tfds_source
from zoo.datasets.dataset import SourceFailed

# TFDS's own sizes and checksums are the real sets', so they are exchanged for the dummy's, as TFDS's tests do.
CHILD = """
import sys
from pathlib import Path
import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import checksums
from tensorflow_datasets.image_classification import mnist
from zoo.datasets import tfds_source

folder = Path(sys.argv[1])
mnist._TRAIN_EXAMPLES, mnist._TEST_EXAMPLES = 7, 3
for name in ("mnist", "fashion_mnist"):
    builder = tfds.builder(name, data_dir=folder / "tfds")
    for url, info in list(builder.url_infos.items()):
        builder.url_infos[url] = checksums.compute_url_info(folder / name / info.filename)
    parts = tfds_source.read_columns(builder, folder / name)
    for split, features in parts.items():
        for feature, array in features.items():
            np.save(folder / f"{name}.{split}.{feature}.npy", array)
"""


def write_idx(path, values):
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes()
    with gzip.open(path, "wb") as file:
        file.write(header + values.astype(np.uint8).tobytes())


def test_dummy_archives_of_both_sets(tmp_path):
    """The two sets' archives have the same names: their extraction must not meet."""
    random = np.random.RandomState(0)
    written = {}
    for name in ("mnist", "fashion_mnist"):
        (tmp_path / name).mkdir()
        for split, file, n in (("train", "train", 7), ("test", "t10k", 3)):
            images, labels = random.randint(0, 256, (n, 28, 28)), random.randint(0, 10, n)
            write_idx(tmp_path / name / f"{file}-images-idx3-ubyte.gz", images)
            write_idx(tmp_path / name / f"{file}-labels-idx1-ubyte.gz", labels)
            written[name, split] = images, labels
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path)], env=quiet, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for (name, split), (images, labels) in written.items():
        parsed = np.load(tmp_path / f"{name}.{split}.image.npy")
        assert parsed.shape == (len(images), 28, 28, 1) and parsed.dtype == np.uint8
        assert np.array_equal(parsed[..., 0], images)
        assert np.array_equal(np.load(tmp_path / f"{name}.{split}.label.npy"), labels)


def test_archives_that_are_not_there_are_named_without_a_download(tmp_path):
    with pytest.raises(SourceFailed, match="train-images-idx3-ubyte.gz"):
        tfds_source.parse("mnist", tmp_path)

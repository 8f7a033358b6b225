"""Dummy archives through the real parser, and the layout of its answer."""

import gzip
import os
import subprocess
import sys
import tarfile

import numpy as np
import pytest

from zoo.datasets import cifar10, tfds_source
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
for name in ("mnist", "fashion_mnist", "cifar10"):
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


def write_cifar10(folder, random):
    """The binary records: a byte for the label, then 1,024 bytes for each of red, green and blue."""
    files = {f"data_batch_{number}.bin": random.randint(0, 256, (4, 3073)) for number in range(1, 6)}
    files["test_batch.bin"] = random.randint(0, 256, (3, 3073))
    batches = folder / "cifar-10-batches-bin"
    batches.mkdir()
    (batches / "batches.meta.txt").write_text("\n".join(cifar10.INFO.class_names))
    for name, records in files.items():
        records[:, 0] %= 10
        (batches / name).write_bytes(records.astype(np.uint8).tobytes())
    (folder / "cifar-10-binary.tar.gz").symlink_to(folder / "kept")  # as what was downloaded lies elsewhere
    with tarfile.open(folder / "kept", "w:gz") as tar:
        tar.add(batches, batches.name)
    training = np.concatenate([files[f"data_batch_{number}.bin"] for number in range(1, 6)])
    parts = {"train": training, "test": files["test_batch.bin"]}
    return {split: (part[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), part[:, 0]) for split, part in parts.items()}


def test_dummy_archives_are_parsed(tmp_path):
    """Those of mnist and fashion_mnist have the same names: their extraction must not meet."""
    random, written = np.random.RandomState(0), {"mnist": {}, "fashion_mnist": {}}
    for name, parts in written.items():
        (tmp_path / name).mkdir()
        for split, file, n in (("train", "train", 7), ("test", "t10k", 3)):
            images, labels = random.randint(0, 256, (n, 28, 28, 1)), random.randint(0, 10, n)
            write_idx(tmp_path / name / f"{file}-images-idx3-ubyte.gz", images[..., 0])
            write_idx(tmp_path / name / f"{file}-labels-idx1-ubyte.gz", labels)
            parts[split] = images, labels
    (tmp_path / "cifar10").mkdir()
    written["cifar10"] = write_cifar10(tmp_path / "cifar10", random)
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path)], env=quiet, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name, parts in written.items():
        for split, (images, labels) in parts.items():
            parsed = np.load(tmp_path / f"{name}.{split}.image.npy")
            assert parsed.dtype == np.uint8 and np.array_equal(parsed, images), (name, split)
            assert np.array_equal(np.load(tmp_path / f"{name}.{split}.label.npy"), labels), (name, split)


def test_archives_that_are_not_there_are_named_without_a_download(tmp_path):
    with pytest.raises(SourceFailed, match="train-images-idx3-ubyte.gz"):
        tfds_source.parse("mnist", tmp_path)

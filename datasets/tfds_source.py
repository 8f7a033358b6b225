"""Arrays out of a TensorFlow Datasets builder, in a process of its own: the caller never imports TensorFlow.

The builder gets its archives as manual downloads, so TFDS checks them against its registered checksums,
extracts them and parses them. Its own record files are skipped: they would shuffle the examples, which
the fixed splits need in the official order, and store all data twice.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from zoo.datasets.dataset import SourceFailed
from zoo.errors import DataUnavailable

# Modules that a data set built through here needs, and what to install for each; TFDS forgets to ask for the last.
NEEDS = {"tensorflow": "tensorflow", "tensorflow_datasets": "tensorflow-datasets", "importlib_resources": "importlib_resources"}


def parse(builder, folder):
    """({split: {feature: array}}, what parsed them in words) of the archives in a folder; examples in file order.

    builder: a name that tfds.builder knows. Raises SourceFailed if the archives are not those whose
    checksums TFDS has registered, DataUnavailable if TFDS or TensorFlow itself fails.
    """
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "NO_GCE_CHECK": "true"}
    child = subprocess.run(
        [sys.executable, "-P", "-m", "zoo.datasets.tfds_source", builder, str(folder)],
        env={**os.environ, **quiet},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    try:
        outcome = json.loads((folder / "outcome.json").read_text())
    except (OSError, ValueError):
        last = (child.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise DataUnavailable(f"TensorFlow Datasets broke down while preparing {builder}: {last}") from None
    if outcome["kind"] == "disk":
        raise OSError(outcome["errno"], outcome["message"])
    if outcome["kind"] == "archive":
        raise SourceFailed(outcome["message"])
    parts = {
        split: {feature: np.load(folder / f"{split}.{feature}.npy", mmap_mode="r") for feature in features}
        for split, features in outcome["parts"].items()
    }
    return parts, outcome["made_with"]


def read_columns(builder, folder):
    """{split: {feature: array}}: what a builder's own download, extraction and parsing make of a folder's archives."""
    import tensorflow_datasets as tfds

    manager = tfds.download.DownloadManager(
        # An extraction folder of its own: TFDS names extracted files alike for mnist and fashion_mnist.
        download_dir=folder / "downloads",
        extract_dir=folder / "extracted",
        manual_dir=folder,
        url_infos=builder.url_infos,
        dataset_name=builder.name,
        force_checksums_validation=True,
    )
    generators = builder._split_generators(manager)
    if not isinstance(generators, dict):  # the older of TFDS's two styles: a list that names arguments
        generators = {g.name: builder._generate_examples(**g.gen_kwargs) for g in generators}
    parts = {}
    for split, generator in generators.items():
        examples = [example for _, example in generator]
        parts[str(split)] = {feature: np.stack([e[feature] for e in examples]) for feature in examples[0]}
    return parts


def main(name, folder):
    """The child process: leaves one .npy file per split and feature in the folder, and outcome.json."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

    tfds.disable_progress_bar()
    try:
        builder = tfds.builder(name, data_dir=folder / "tfds")
        absent = [info.filename for info in builder.url_infos.values() if not (folder / info.filename).is_file()]
        if absent:  # TFDS would now try to download it, and retry for minutes
            outcome = {"kind": "archive", "message": f"{', '.join(absent)} not delivered"}
        else:
            parts = read_columns(builder, folder)
            for split, features in parts.items():
                for feature, array in features.items():
                    np.save(folder / f"{split}.{feature}.npy", array, allow_pickle=False)
            outcome = {
                "kind": "done",
                "parts": {split: list(features) for split, features in parts.items()},
                "made_with": f"TensorFlow Datasets {tfds.__version__}, builder {name} {builder.version}",
            }
    except NonMatchingChecksumError as error:
        message = str(error).splitlines()[0]
        outcome = {"kind": "archive", "message": f"TensorFlow Datasets refuses it: {message}"}
    except OSError as error:
        outcome = {"kind": "disk", "errno": error.errno, "message": error.strerror or str(error)}
    (folder / "outcome.json").write_text(json.dumps(outcome))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

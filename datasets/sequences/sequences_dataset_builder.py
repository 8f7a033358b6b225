"""For users of TensorFlow Datasets: a builder in its convention over our sets of series, text, vowels and speech."""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from zoo.datasets import describe, load

BOOKS = ("alice29", "asyoulik", "lcet10", "plrabn12")
SETS = (
    "adding", *(f"canterbury_{book}" for book in BOOKS), "deterding_vowels", "mackey_glass", "msu_ru_speech", "sunspots",
    "taylor_demand",
)  # fmt: skip


class Builder(tfds.core.GeneratorBasedBuilder):
    """sequences/sunspots and the others: inputs and label, or targets where there are no classes; three splits."""

    VERSION = tfds.core.Version("2.0.0")
    RELEASE_NOTES = {"1.0.0": "Examples in an order of TFDS's.", "2.0.0": "Examples in the order of the set, which has a meaning."}
    pkg_dir_path = Path(__file__).parent  # TFDS would look for it by the package's name, which is not the folder's here
    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=name, description=describe(name).title) for name in SETS]

    def _info(self):
        info = describe(self.builder_config.name)
        number = "float32" if info.x_dtype == "float16" else info.x_dtype  # which TFDS's files do not hold
        features = {"inputs": tfds.features.Tensor(shape=info.input_shape, dtype=np.dtype(number))}
        if info.classes:
            features["label"] = tfds.features.ClassLabel(names=info.class_names)
        else:
            shape = info.input_shape if info.task == "language modelling" else ()
            features["targets"] = tfds.features.Tensor(shape=shape, dtype=np.dtype(info.y_dtype))
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(features),
            supervised_keys=tuple(features),
            homepage=info.homepage,
            license=info.licence,
            citation=info.citation,
            description=info.description,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        data = load(self.builder_config.name)
        return {split: self._generate_examples(getattr(data, split)) for split in ("train", "validation", "test")}

    def _generate_examples(self, split):
        inputs, second = self.info.features["inputs"], "label" if "label" in self.info.features else "targets"
        for number, (x, y) in enumerate(zip(split.x, split.y, strict=True)):
            yield number, {"inputs": np.asarray(x, inputs.np_dtype), second: int(y) if second == "label" else np.asarray(y)}

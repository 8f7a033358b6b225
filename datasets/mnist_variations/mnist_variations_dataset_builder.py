"""For users of TensorFlow Datasets: a builder in its convention over the arrays of our sets."""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from zoo.datasets import describe, load

DIGITS = ("basic", "rot", "bg_rand", "bg_img", "rot_bg_img")
SETS = {name: f"mnist_{name}" for name in DIGITS} | {name: name for name in ("rectangles", "rectangles_img", "convex")}


class Builder(tfds.core.GeneratorBasedBuilder):
    """mnist_variations/basic and seven others: image (28, 28, 1) uint8 and label, three splits."""

    VERSION = tfds.core.Version("2.0.0")
    RELEASE_NOTES = {
        "1.0.0": "basic and rot.",
        "1.1.0": "All eight.",
        "1.2.0": "Classes have names.",
        "2.0.0": "Rectangles: as large in the test as in training, in photographs a quarter to three quarters of the image.",
    }
    pkg_dir_path = Path(__file__).parent  # TFDS would look for it by the package's name, which is not the folder's here
    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=name, description=describe(of).title) for name, of in SETS.items()]

    def _info(self):
        info = describe(SETS[self.builder_config.name])
        image = tfds.features.Image(shape=(*info.input_shape, 1))
        features = {"image": image, "label": tfds.features.ClassLabel(names=info.class_names)}
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
            homepage=info.homepage,
            license=info.licence,
        )

    def _split_generators(self, dl_manager):
        data = load(SETS[self.builder_config.name])
        return {split: self._generate_examples(getattr(data, split)) for split in ("train", "validation", "test")}

    def _generate_examples(self, split):
        for number, (image, label) in enumerate(zip(split.x, split.y, strict=True)):
            yield number, {"image": np.asarray(image)[..., None], "label": int(label)}

"""TensorFlow Datasets' own test of a builder, on random data: `python -m unittest` of this file; tests/ runs it too."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import tensorflow_datasets as tfds

from zoo.datasets import describe
from zoo.datasets.dataset import Split
from zoo.datasets.sequences import sequences_dataset_builder as module

SIZES = {"train": 9, "validation": 5, "test": 7}  # so many that another order would not be this one by chance


class SequencesTest(tfds.testing.DatasetBuilderTestCase):
    """Configs are prepared from a few random examples in the place of our arrays, one for each way through the builder."""

    DATASET_CLASS = module.Builder
    EXAMPLE_DIR = Path(__file__).parent / "dummy_data"  # nothing is downloaded, but TFDS wants the folder
    SPLITS = SIZES
    # One target for an example; as many as it has inputs; a label; inputs of a type that TFDS's files do not hold.
    BUILDER_CONFIG_NAMES_TO_TEST = ["adding", "canterbury_lcet10", "deterding_vowels", "msu_ru_speech"]

    def setUp(self):
        super().setUp()
        loaded, module.load = module.load, dummy
        self.addCleanup(setattr, module, "load", loaded)

    def test_every_config_takes_examples_of_its_set(self):
        for name in module.SETS:
            builder = module.Builder(config=name, data_dir=self.tmp_dir)
            features, data = builder.info.features, dummy(name).validation
            for number, example in builder._generate_examples(data):
                inputs, second = features.deserialize_example_np(features.serialize_example(example)).values()
                np.testing.assert_array_equal(inputs, data.x[number].astype(inputs.dtype))
                np.testing.assert_array_equal(np.asarray(second, data.y.dtype), data.y[number])
            assert number + 1 == SIZES["validation"]

    def test_values_are_those_of_the_set_in_its_order(self):
        for name, second in (("mackey_glass", "targets"), ("msu_ru_speech", "label"), ("canterbury_lcet10", "targets")):
            builder = module.Builder(config=name, data_dir=self.tmp_dir)
            builder.download_and_prepare()
            for split, n in SIZES.items():
                x, y = getattr(dummy(name), split)
                found = list(tfds.as_numpy(builder.as_dataset(split=split)))
                assert len(found) == n
                np.testing.assert_array_equal([example["inputs"] for example in found], x.astype(found[0]["inputs"].dtype))
                np.testing.assert_array_equal([np.asarray(example[second], y.dtype) for example in found], y)


def dummy(name):
    """A few random examples of a set, shaped as INFO says."""
    info, random = describe(name), np.random.RandomState(0)

    def split(n):
        x = (100 * random.rand(n, *info.input_shape)).astype(info.x_dtype)
        if info.classes:
            return Split(x, random.randint(0, info.classes, n).astype(info.y_dtype))
        shape = x.shape if info.task == "language modelling" else n
        return Split(x, (100 * random.random_sample(shape)).astype(info.y_dtype))

    return SimpleNamespace(**{name: split(n) for name, n in SIZES.items()})


if __name__ == "__main__":
    tfds.testing.test_main()

"""Trials of images moved to another data set than the one that they were made for: as many updates, kernels as wide."""

import math
from dataclasses import replace

from zoo.datasets import describe
from zoo.errors import InvalidInput

AUGMENTATION = "shift"  # which hardly any images mind


def images_in_classes(dataset, least):
    """The Info of a data set of images in classes, at least `least` pixels a side. Raises UnknownName, InvalidInput."""
    info = describe(dataset)
    shape, kind = info.input_shape, info.x_dtype
    if info.classes is None or kind != "uint8" or len(shape) not in (2, 3) or min(shape[:2]) < least:
        said = f"has examples of {'x'.join(map(str, shape))}, {kind}, and {info.classes or 'no'} classes"
        wanted = f"images in classes, of {least}x{least} pixels at least, whole numbers 0..255"
        raise InvalidInput(f"The ladder takes {wanted}; {dataset} {said}.")
    return info


def moved(trial, info):
    """A trial on the data set of an Info instead of its own, with a recipe of train_classifier or train_svm.

    Where there are fewer examples, epochs are so many more that as many updates are made, and select_on, the examples that
    settings are tried on, is as large a part; gammas of kernels go by how many values an example has.
    """
    there, recipe = describe(trial.dataset), dict(trial.recipe)
    usual = recipe["n_train"] or there.sizes["train"]
    n, wider = min(usual, info.sizes["train"]), math.prod(info.input_shape) / math.prod(there.input_shape)

    def longer(passes):
        return passes | {"epochs": math.ceil(passes["epochs"] * usual / n)}

    def narrower(gamma):
        return round(gamma / wider, 6)

    recipe["select_on"] = recipe["select_on"] * n // usual
    if "epochs" in recipe:
        recipe = longer(recipe)
    if recipe.get("pretraining"):
        recipe["pretraining"] = longer(recipe["pretraining"])
    if "grid" in recipe:
        recipe["grid"] = recipe["grid"] | {"gamma": [narrower(gamma) for gamma in recipe["grid"]["gamma"]]}
    options = dict(recipe.get("options", {}))
    if "gamma" in options:
        options["gamma"] = narrower(options["gamma"])
    if options.get("augmentation"):
        options["augmentation"] = AUGMENTATION
    return replace(trial, dataset=info.name, recipe=recipe | ({"options": options} if "options" in recipe else {}))

"""Trials of images moved to another data set than the one that they were made for: as many updates, kernels as wide."""

import math
from dataclasses import replace

from zoo.datasets import describe
from zoo.errors import InvalidInput

AUGMENTATION = "shift"  # which hardly any images mind
LEAST_SIDE, LEAST = 8, 100  # pixels; training images
OF_A_CLASS, OF_ALL = 5_000, 20_000  # times classes, and in all: what a support vector machine learns from at most


def moved_all(trials, dataset, own):
    """The trials of a claim's first data set on another one of images in classes; own: those that the claim has anyhow.

    Raises UnknownName, InvalidInput.
    """
    info = describe(dataset)
    shape, kind, n = info.input_shape, info.x_dtype, info.sizes["train"]
    if dataset in own:
        raise InvalidInput(f"{dataset} is one of the claim's own data sets; run the claim itself.")
    images = len(shape) == 2 or len(shape) == 3 and shape[2] in (1, 3)
    if info.classes is None or kind != "uint8" or not images or min(shape[:2]) < LEAST_SIDE or n < LEAST:
        said = f"has {n:,} examples of {'x'.join(map(str, shape))}, {kind}, to train on, and {info.classes or 'no'} classes"
        wanted = f"{LEAST} images in classes at least, of {LEAST_SIDE}x{LEAST_SIDE} pixels or more, whole numbers 0..255"
        raise InvalidInput(f"The ladder takes {wanted}; {dataset} {said}.")
    first = trials[0].dataset
    return [_moved(trial, info) for trial in trials if trial.dataset == first]


def _moved(trial, info):
    """A trial on the data set of an Info instead of its own, with a recipe of train_classifier or train_svm.

    It learns from as many examples, or all that there are; select_on, on which settings are tried, is as large a part of them.
    Epochs make as many updates, or, as they are whole, a few more, in batches as large, or no larger than select_on; gammas of
    kernels go by how many values an example has.
    """
    there, recipe = describe(trial.dataset), dict(trial.recipe)
    usual = recipe["n_train"] or there.sizes["train"]
    n = min(usual, info.sizes["train"])
    wider = math.prod(info.input_shape) / math.prod(there.input_shape)
    if "batch_size" not in recipe:
        n = min(n, OF_A_CLASS * info.classes, OF_ALL)
    recipe["select_on"] = max(1, recipe["select_on"] * n // usual)
    if n < info.sizes["train"]:
        recipe["n_train"] = n
    if "batch_size" in recipe:
        before, batch = recipe["batch_size"], min(recipe["batch_size"], recipe["select_on"])
        recipe |= {"batch_size": batch, "epochs": math.ceil(recipe["epochs"] * (usual // before) / (n // batch))}
        if recipe["pretraining"]:  # which takes the rest of the last batch, too
            passes = recipe["pretraining"]["epochs"] * math.ceil(usual / before) / math.ceil(n / batch)
            recipe["pretraining"] = recipe["pretraining"] | {"epochs": math.ceil(passes)}
        recipe["options"] = _options(recipe["options"], wider)
    else:
        recipe["grid"] = recipe["grid"] | {"gamma": [_narrower(gamma, wider) for gamma in recipe["grid"]["gamma"]]}
    return replace(trial, dataset=info.name, recipe=recipe)


def _options(options, wider):
    """Options of a model for images that have `wider` times as many values."""
    changed = {"gamma": _narrower(options["gamma"], wider)} if "gamma" in options else {}
    return options | changed | ({"augmentation": AUGMENTATION} if options.get("augmentation") else {})


def _narrower(gamma, wider):
    return float(f"{gamma / wider:.6g}")

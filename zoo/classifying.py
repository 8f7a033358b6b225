"""classify: what a pretrained model takes images for, by the names of its classes, from pictures of any kind."""

import math
import os

from zoo.errors import InvalidInput, ZooError

BATCH = 500


def classify(preset, images, top=3):
    """The most probable classes of images: a list with one dict for each, in their order.

    Args:
        preset: the name or folder of a preset that tells images apart.
        images: an image, or a list of them: the path of a PNG, JPEG or NPY, which may hold several, "-" for standard input,
            one of Pillow's, or an array (h, w), (h, w, 1), (h, w, 3) or (h, w, 4), as `prepare_image` takes them. Of any size,
            light on dark or dark on light: each becomes what the model's data set is like.
        top: how many classes of each, at least 1.

    Each dict has "image", its name; "classes", a list of {"class": name, "probability": 0..1}, the most probable first, of a
    model of one class that class and its opposite;
    "done", in words what was changed before. The model is loaded at every call. Raises UnknownName for a preset that there is
    not, InvalidInput for one that tells no images apart, for what is no image and for top, CorruptFile for a damaged file.

    >>> classify("convnet_mnist", "photo.png")[0]["classes"][0]["class"]
    '1'
    """
    from zoo.image_files import is_pillow

    if isinstance(top, bool) or not hasattr(top, "__index__") or top < 1:
        raise InvalidInput(f"top is how many classes to name, at least 1; got {top!r}.")
    if _is_path(images) or is_pillow(images) or hasattr(images, "__array_interface__") or hasattr(images, "shape"):
        images = [images]
    if not hasattr(images, "__iter__"):
        raise InvalidInput(f"images are paths or arrays, one or a list of them, not {images!r:.80}.")
    entries = prepared(preset, images)
    for entry in entries:
        if "error" in entry:
            raise entry["error"]
    classify_prepared(preset, entries, top)
    return entries


def prepared(preset, images):
    """For each image {"image": its name, "pixels": as the model takes it, "done": sentences}, or with the "error" instead.

    Raises as `classify` does where the preset is to blame.
    """
    from zoo.images import image_shape, prepare_pixels
    from zoo.presets import model_card
    from zoo.presets.card import layout_of
    from zoo.tasks import CLASSIFICATION, own_scale, task_of_model

    card = model_card(preset)
    model = card["model"]
    if task_of_model(model["name"], model["input_shape"], model["options"]).name != CLASSIFICATION.name:
        raise InvalidInput(f"{card['name']} tells no classes apart: zoo show {preset} says what it does.")
    input_shape = tuple(model["input_shape"])
    image_shape(input_shape)
    if own_scale(card):
        said = "zoo.prepare_image gives pixels in 0..255; bring them to that scale and call the model of zoo.from_preset"
        made = f"was made with rescale={model['options']['rescale']}"
        raise InvalidInput(f"{card['name']} {made}: it learnt from values in a scale that no preset tells. {said}.")
    dataset, entries = layout_of(card), []
    for place, image in enumerate(images):
        try:
            pictures = _pictures(image, f"Image {place}", input_shape)
        except ZooError as error:
            entries.append({"image": os.fspath(image) if _is_path(image) else f"Image {place}", "error": error})
            continue
        for name, pixels, done, _ in pictures:
            try:
                pixels, more = prepare_pixels(pixels, input_shape, dataset, name)
                entries.append({"image": name, "pixels": pixels, "done": done + more})
            except ZooError as error:
                entries.append({"image": name, "error": error})
    return entries


def _is_path(image):
    return isinstance(image, (str, os.PathLike))


def _pictures(image, name, input_shape):
    from zoo.image_files import picture_of, read_images

    found = read_images(image) if _is_path(image) else [picture_of(image, name)]
    for name, pixels, _, array in found:
        if array:
            flat = pixels.ndim == 2 and pixels.shape[1] == math.prod(input_shape)
            if flat and pixels.shape[0] != pixels.shape[1]:
                raise InvalidInput(
                    f"{name} is an array of shape {pixels.shape}, which looks like {len(pixels)} flattened images; give them "
                    f"as {(len(pixels), *input_shape)}, or a picture of that width as a PNG file."
                )
    return found


def classify_prepared(preset, entries, top):
    """Replace the "pixels" of entries, as `prepared` gives them, by "classes", the most probable first."""
    if not entries:
        return
    import numpy as np
    from keras import ops
    from scipy.special import softmax

    from zoo.presets import from_preset, model_card
    from zoo.presets.card import class_names

    model = from_preset(preset)
    names = class_names(model_card(preset))
    for start in range(0, len(entries), BATCH):
        batch = entries[start : start + BATCH]
        x = np.stack([entry.pop("pixels") for entry in batch])
        logits = ops.convert_to_numpy(model(x, training=False)).astype("float64")
        told = names if len(names) == logits.shape[1] else [str(index) for index in range(logits.shape[1])]
        if logits.shape[1] == 1:  # a sigmoid's: that the label is 1, against that it is 0
            logits = np.pad(logits, [(0, 0), (0, 1)])
            told = {1: [*names, *(f"not {name}" for name in names)], 2: [*reversed(names)]}.get(len(names), ["1", "0"])
        for entry, probabilities in zip(batch, softmax(logits, axis=1)):
            best = np.argsort(-probabilities, kind="stable")[:top]
            entry["classes"] = [{"class": told[index], "probability": float(probabilities[index])} for index in best]

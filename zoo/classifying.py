"""classify: what a pretrained model takes images for, pictures of any kind, or vectors, by the names of its classes."""

import math
import os

import numpy as np

from zoo.arrays import real_numbers
from zoo.data_files import read_array
from zoo.errors import InvalidInput, ZooError

BATCH = 500
SMALLEST = 8  # pixels a side of images of which an array holds several; else it is one, of colours that nobody knows


def classify(model, images, top=3, class_names=None):
    """The most probable classes of images, or of vectors: a list with one dict for each, in their order.

    Args:
        model: one that tells classes apart: the name or folder of a preset, or a keras.Model that `zoo.from_preset`,
            `zoo.create_model` or a Population of theirs made, with the weights that it has now.
        images: an image, or a list of them: the path of a PNG, JPEG or NPY (which may hold several), "-" for standard input,
            a Pillow image, or an array (h, w), (h, w, 1), (h, w, 3) or (h, w, 4), as `prepare_image` takes them, of any size, or
            of several such, as an NPY file may have.
            For presets of mnist and fashion_mnist, and what began as one, light on dark or dark on light: it is laid out as
            their images are. For others the whole image is scaled to fit, and nothing is inverted. For a model of vectors,
            such as mlp_vowels, an array (n, features) or (features,) of numbers as it learnt from, the path of an NPY of
            such, or a list of these.
        top: how many classes of each, at least 1.
        class_names: a string for each class in the order of the labels, of a single logit what label 1 is called. None takes
            those of the preset, also of the one that a model began as if it has its classes, else "0", "1", ...

    Each dict has "image", its name; "classes", a list of {"class": name, "probability": 0..1}, the most probable first, of a
    model of one class that class and its opposite; "done", in words what was changed before. A preset is loaded each time.
    Raises UnknownName for a preset that there is not, InvalidInput for a model of other make, that tells no images apart or
    that diverged, for what is no image or no such vector, for top and class_names, CorruptFile for a damaged file.

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
    card = _card_of(model, class_names)
    entries = prepared(model, card, images)
    for entry in entries:
        if "error" in entry:
            raise entry["error"]
    classify_prepared(model, card, entries, top)
    return entries


def _card_of(model, class_names):
    """The card of a preset; of a keras.Model what its images and classes depend on. class_names: None, or others."""
    from zoo.presets import model_card

    if _is_path(model):
        card = model_card(model)
        made = card["model"] | {"model": card["model"]["name"]}
    else:
        import keras

        from zoo.presets.loading import origin_of
        from zoo.presets.saving import whole
        from zoo.registry import how_made

        if not isinstance(model, keras.Model):
            raise InvalidInput(f"A preset's name or folder is wanted, or a keras.Model of the zoo's, not {model!r:.80}.")
        made = whole(how_made(model))
        card = {"name": model.name, **origin_of(model), "model": made | {"name": made["model"]}}
    if class_names is None:
        return card
    from zoo.presets.saving import checked_names

    return card | {"class_names": checked_names(class_names, made)}


def prepared(model, card, images):
    """For each image, or vector, {"image": its name, "pixels": as the model takes it, "done": sentences}, or with the "error"
    instead.

    model: a preset or a keras.Model, with its card. Raises as `classify` does where it is to blame.
    """
    from zoo.images import image_shape, prepare_pixels
    from zoo.presets.card import layout_of
    from zoo.tasks import CLASSIFICATION, own_scale, task_of_model

    made = card["model"]
    task, input_shape = task_of_model(made["name"], made["input_shape"], made["options"]), tuple(made["input_shape"])
    if task.name != CLASSIFICATION.name:
        said = f"zoo show {model} says what it does" if _is_path(model) else f"its task is {task.name}"
        raise InvalidInput(f"{card['name']} tells no classes apart: {said}.")
    if len(input_shape) == 1:
        return [entry for place, given in enumerate(images) for entry in _vectors(given, place, *input_shape)]
    image_shape(input_shape)
    if own_scale(card):
        said = "zoo.prepare_image gives pixels in 0..255; bring them to that scale and call the model of zoo.from_preset"
        how = f"was made with rescale={made['options']['rescale']}"
        raise InvalidInput(f"{card['name']} {how}: it learnt from values in a scale that no preset tells. {said}.")
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


def _vectors(given, place, features):
    """The entries, as `prepared` gives them, of an array of vectors, or one of them, or of an NPY file's."""
    name = os.fspath(given) if _is_path(given) else f"Array {place}"
    try:
        rows = real_numbers(read_array(given) if _is_path(given) else given, name)
        if rows.shape[-1:] != (features,) or rows.ndim > 2:
            wanted = f"an array (n, {features}) of numbers, or an .npy of one"
            raise InvalidInput(f"{name} is of shape {rows.shape}: the model takes no images but vectors, {wanted}.")
        if not np.isfinite(rows).all():
            raise InvalidInput(f"{name} holds NaN or infinite values.")
    except ZooError as error:
        return [{"image": name, "error": error}]
    if rows.ndim == 1:
        return [{"image": name, "pixels": rows, "done": []}]
    return [{"image": f"{name}[{number}]", "pixels": row, "done": []} for number, row in enumerate(rows)]


def _is_path(image):
    return isinstance(image, (str, os.PathLike))


def _pictures(image, name, input_shape):
    from zoo.image_files import pictures_of, read_images

    found = read_images(image) if _is_path(image) else pictures_of(image, name, SMALLEST)
    for name, pixels, _, array in found:
        if array:
            flat = pixels.ndim == 2 and pixels.shape[1] == math.prod(input_shape)
            if flat and pixels.shape[0] != pixels.shape[1]:
                raise InvalidInput(
                    f"{name} is an array of shape {pixels.shape}, which looks like {len(pixels)} flattened images; give them "
                    f"as {(len(pixels), *input_shape)}, or a picture of that width as a PNG file."
                )
    return found


def classify_prepared(model, card, entries, top):
    """Replace the "pixels" of entries, as `prepared` gives them, by "classes", the most probable first."""
    if not entries:
        return
    from keras import ops
    from scipy.special import softmax

    from zoo.presets import from_preset
    from zoo.presets.card import class_names

    model = from_preset(model) if _is_path(model) else model
    names = class_names(card)
    for start in range(0, len(entries), BATCH):
        batch = entries[start : start + BATCH]
        x = np.stack([entry.pop("pixels") for entry in batch])
        logits = ops.convert_to_numpy(model(x, training=False)).astype("float64")
        if not np.isfinite(logits).all():
            raise InvalidInput(f"The model {card['name']} gives no numbers but NaN: its training diverged.")
        told = names if len(names) == logits.shape[1] else [str(index) for index in range(logits.shape[1])]
        if logits.shape[1] == 1:  # a sigmoid's: that the label is 1, against that it is 0
            logits = np.pad(logits, [(0, 0), (0, 1)])
            told = {1: [*names, *(f"not {name}" for name in names)], 2: [*reversed(names)]}.get(len(names), ["1", "0"])
        for entry, probabilities in zip(batch, softmax(logits, axis=1)):
            best = np.argsort(-probabilities, kind="stable")[:top]
            entry["classes"] = [{"class": told[index], "probability": float(probabilities[index])} for index in best]

"""What the layers of a ConvNet answer to a digit that moves: for pictures, not for tables."""

import numpy as np

from zoo.reproductions.trainers.arrays import packed

PICTURES = "feature_maps.npz"


def feature_maps(model, images, shifts):
    """Packed arrays: the first layer's filters and what layers make of moved images.

    images: (n, h, w), moved to the right by each of the shifts, in pixels, 0 among them. Arrays: shifts; filters (kernel,
    kernel, f); image (shifts, h, w) and maps_1, maps_2, ... (shifts, h', w', f), of the first image, after pooling and
    activation; layers, names from the pixels to the logits; similarity (layers, shifts): the correlation over a layer's
    units of the answer to the moved image with that to the image in place, a mean over the images.
    """
    import zoo

    moved = np.stack([move_right(images, pixels) for pixels in shifts])
    answers = zoo.features(model).predict(moved.reshape(-1, *images.shape[1:]), verbose=0)
    answers = {name: np.asarray(answer).reshape(*moved.shape[:2], *answer.shape[1:]) for name, answer in answers.items()}
    maps = {name: answer for name, answer in answers.items() if name.endswith("_activation")}
    layers = {"pixels": moved, **maps, **{name: answers[name] for name in ("dense", "logits") if name in answers}}
    arrays = {
        "shifts": np.array(shifts),
        "filters": model.get_layer("conv_1_1").get_weights()[0][:, :, 0],
        "image": moved[:, 0],
        **{f"maps_{number}": answer[:, 0].astype("float16") for number, answer in enumerate(maps.values(), start=1)},
        "layers": np.array([name.removesuffix("_activation") for name in layers]),
        "similarity": np.stack([_similarity(answer, list(shifts).index(0)) for answer in layers.values()]),
    }
    return packed(arrays)


def move_right(images, pixels):
    """Images (n, h, w) moved to the right, to the left where pixels is negative; what comes in is 0."""
    moved, width = np.zeros_like(images), images.shape[2]
    if pixels >= 0:
        moved[:, :, pixels:] = images[:, :, : width - pixels]
    else:
        moved[:, :, :pixels] = images[:, :, -pixels:]
    return moved


def _similarity(answers, place):
    """(shifts,): mean over images of the correlation of answers (shifts, n, ...) with those at one place of the first axis."""
    units = answers.reshape(*answers.shape[:2], -1).astype(float)
    units = units - units.mean(axis=-1, keepdims=True)
    lengths = np.linalg.norm(units, axis=-1)
    products = (units * units[place]).sum(axis=-1)
    return (products / np.maximum(lengths * lengths[place], 1e-12)).mean(axis=1)  # 0 where nothing answers

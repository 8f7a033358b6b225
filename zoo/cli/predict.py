"""`zoo predict`: what a pretrained model takes an image for, and what was done to the image before."""

import json
from typing import Annotated

import typer

from zoo.cli.backend import use_chosen_backend
from zoo.cli.console import fail, out
from zoo.cli.presets import Preset
from zoo.errors import InvalidInput, ZooError

BATCH = 500


def add_commands(app):
    """Register the command."""
    app.command()(predict)


def predict(
    preset: Preset,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="PNG, JPEG or NPY; - reads standard input.", show_default=False)
    ],
    top: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="How many classes to show for each image.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")] = False,
):
    """Classify images: of any size, light on dark or dark on light; each becomes what the model's data set is like.

    Exit code 1 where a file could not be used; the others are classified all the same.

    Examples:

    $ zoo predict convnet_mnist digit.png
    $ zoo predict convnet_mnist photo.jpg digits.npy --top 1 --json
    $ curl https://example.org/7.png | zoo predict linear_mnist -
    """
    if files.count("-") > 1:
        raise typer.BadParameter("standard input can be read only once.", param_hint="FILE")
    use_chosen_backend()
    entries = _entries(preset, files)
    _classify(preset, [entry for entry in entries if "pixels" in entry], top)
    if as_json:
        print(json.dumps({"preset": preset, "images": entries}, indent=1))
    for entry in entries:
        if "error" in entry:
            fail(entry["error"])
        elif not as_json:
            _show(entry)
    if any("error" in entry for entry in entries):
        raise typer.Exit(1)


def _entries(preset, files):
    """For each image {"image": its name, "pixels": as the model takes it, "done": sentences}, or with an "error" instead."""
    from zoo.image_files import read_images
    from zoo.images import image_shape, prepare_pixels
    from zoo.presets import model_card
    from zoo.presets.card import layout_of
    from zoo.tasks import CLASSIFICATION, task_of_model

    card = model_card(preset)
    model = card["model"]
    if task_of_model(model["name"], model["input_shape"], model["options"]).name != CLASSIFICATION.name:
        raise InvalidInput(f"{card['name']} tells no classes apart: zoo show {preset} says what it does.")
    input_shape = tuple(card["model"]["input_shape"])
    image_shape(input_shape)
    dataset, entries = layout_of(card), []
    for file in files:
        try:
            pictures = read_images(file)
        except ZooError as error:
            entries.append({"image": file, "error": str(error)})
            continue
        for name, pixels, done in pictures:
            try:
                pixels, more = prepare_pixels(pixels, input_shape, dataset, name)
                entries.append({"image": name, "pixels": pixels, "done": done + more})
            except ZooError as error:
                entries.append({"image": name, "error": str(error)})
    return entries


def _classify(preset, entries, top):
    """Replace each entry's "pixels" by "classes", the most probable first."""
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
        logits = ops.convert_to_numpy(model(x, training=False))
        if len(names) != logits.shape[1]:
            names = [str(index) for index in range(logits.shape[1])]
        for entry, probabilities in zip(batch, softmax(logits.astype("float64"), axis=1)):
            best = np.argsort(-probabilities, kind="stable")[:top]
            entry["classes"] = [{"class": names[index], "probability": float(probabilities[index])} for index in best]


def _show(entry):
    console = out()
    classes = entry["classes"]
    console.print(f"{entry['image']}: {classes[0]['class']}", style="bold")
    width = max(len(one["class"]) for one in classes)
    for one in classes:
        console.print(f"  {one['class']:{width}}  {100 * one['probability']:6.2f} %")
    for sentence in entry["done"]:
        console.print(f"  {sentence}", style="dim")

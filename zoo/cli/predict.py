"""`zoo predict`: what a pretrained model takes an image for, and what was done to the image before."""

import json
from typing import Annotated

import typer

from zoo.cli import own
from zoo.cli.backend import use_chosen_backend
from zoo.cli.console import fail, out
from zoo.cli.presets import Preset
from zoo.names import printable


def predict(
    preset: Preset,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="PNG, JPEG or NPY; - reads an image from standard input.", show_default=False),
    ],
    top: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="How many classes to show for each image.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")] = False,
):
    """Classify images of any size: each becomes what the model's data set is like.

    For presets of MNIST and Fashion-MNIST light on dark or dark on light, centred as they are; for others only scaled to fit. For
    presets of vectors, such as mlp_vowels, an NPY of them.

    Exit code 1 where a file could not be used; the others are classified all the same.

    Examples:

    $ zoo predict convnet_mnist digit.png
    $ zoo predict convnet_mnist photo.jpg digits.npy --top 1 --json
    $ curl https://example.org/7.png | zoo predict linear_mnist -
    """
    if files.count("-") > 1:
        raise typer.BadParameter("standard input can be read only once.", param_hint="FILE")
    from zoo.classifying import classify_prepared, prepared
    from zoo.presets import model_card

    use_chosen_backend()
    own.bring_in()
    card = model_card(preset)
    entries = prepared(preset, card, files)
    classify_prepared(preset, card, [entry for entry in entries if "pixels" in entry], top)
    if as_json:
        told = [entry | {"error": str(entry["error"])} if "error" in entry else entry for entry in entries]
        print(json.dumps({"preset": preset, "images": told}, indent=1))
    for entry in entries:
        if "error" in entry:
            fail(entry["error"])
        elif not as_json:
            _show(entry)
    if any("error" in entry for entry in entries):
        raise typer.Exit(1)


def _show(entry):
    console = out()
    names = [printable(one["class"]) for one in entry["classes"]]
    console.print(f"{entry['image']}: {names[0]}", style="bold")
    width = max(map(len, names))
    for name, one in zip(names, entry["classes"]):
        console.print(f"  {name:{width}}  {100 * one['probability']:6.2f} %")
    for sentence in entry["done"]:
        console.print(f"  {sentence}", style="dim")


COMMANDS = (predict,)

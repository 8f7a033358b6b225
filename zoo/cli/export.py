"""`zoo export`: a pretrained model as a file for other programs."""

import enum
import os
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.backend import Backend, use_backend
from zoo.cli.console import interruptible, out
from zoo.cli.presets import Preset


class Format(enum.StrEnum):
    """What to write."""

    KERAS = "keras"
    SAVEDMODEL = "savedmodel"
    ONNX = "onnx"


def add_commands(app):
    """Register the command."""
    app.command()(export)


def export(
    preset: Preset,
    format: Annotated[Format, typer.Option(help="A .keras file, TensorFlow's SavedModel, or ONNX.")],
    path: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help="Default: the preset's name, here.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
):
    """Write a pretrained model for other programs. All formats take raw pixels and give logits.

    Examples:

    $ zoo export convnet_mnist --format onnx
    $ zoo export convnet_mnist --format savedmodel --out models/digits/1
    """
    from zoo.exporting import SUFFIXES, check_output, export_model
    from zoo.presets import from_preset, model_card

    card = model_card(preset)  # a mistyped name is refused before anything is loaded
    name = Path(preset).resolve().name
    path = path or Path(f"{name}_savedmodel" if format is Format.SAVEDMODEL else f"{name}{SUFFIXES[format]}")
    check_output(path, format.value, force)
    if format is not Format.KERAS:
        use_backend(Backend.TENSORFLOW)
    elif "KERAS_BACKEND" not in os.environ:
        use_backend(Backend.JAX)
    with interruptible("Nothing was written."):
        export_model(from_preset(preset), path, format.value, force)
    shape = ", ".join(map(str, card["model"]["input_shape"]))
    logits = card["model"]["classes"] or shape
    out().print(f"wrote {path}\nx: float32, (n, {shape}), raw values 0..255; it gives logits, (n, {logits})")
    out().print(_USE[format].format(path=str(path)))


_USE = {
    Format.KERAS: 'import keras, zoo.layers; keras.saving.load_model("{path}")(x)    # needs deepzoo',
    Format.SAVEDMODEL: 'import tensorflow as tf; model = tf.saved_model.load("{path}"); model.serve(x)',
    Format.ONNX: 'import onnxruntime; onnxruntime.InferenceSession("{path}").run(["logits"], {{"inputs": x}})[0]',
}

"""`zoo export`: a pretrained model as a file for other programs."""

import enum
import functools
import json
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import own
from zoo.cli.backend import Backend, use_backend, use_chosen_backend
from zoo.cli.console import interruptible, out
from zoo.cli.presets import Preset


class Format(enum.StrEnum):
    """What to write."""

    KERAS = "keras"
    SAVEDMODEL = "savedmodel"
    ONNX = "onnx"


def export(
    preset: Preset,
    format: Annotated[Format, typer.Option(help="A .keras file, TensorFlow's SavedModel, or ONNX.")],
    path: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help="Default: the preset's name, here.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
):
    """Write a pretrained model for other programs. All formats take what the model takes: raw pixels, characters, series.

    Examples:

    $ zoo export convnet_mnist --format onnx
    $ zoo export convnet_mnist --format savedmodel --out models/digits/1
    """
    from zoo.exporting import SUFFIXES, check_output, export_model
    from zoo.paths import path_named
    from zoo.presets import from_preset, model_card
    from zoo.tasks import described

    choose_backend = functools.partial(use_backend, Backend.TENSORFLOW) if format is not Format.KERAS else use_chosen_backend
    own.bring_in(choose_backend)
    card = model_card(preset)  # a mistyped name is refused before anything is loaded
    name = Path(preset).resolve().name
    path = path_named(path or (f"{name}_savedmodel" if format is Format.SAVEDMODEL else f"{name}{SUFFIXES[format]}"))
    check_output(path, format.value, force)
    choose_backend()
    with interruptible("Nothing was written."):
        model = from_preset(preset)
        export_model(model, path, format.value, force)
    given, found = (", ".join(map(str, shape[1:])) for shape in (model.input_shape, model.output_shape))
    values, outputs = described(card)
    out().print(f"wrote {path}\nx: float32, (n, {given}), {values}; it gives {outputs}, (n, {found})", soft_wrap=True)
    names = {"input": model.inputs[0].name, "output": model.layers[-1].name}
    out().print(_USE[format].format(path=json.dumps(str(path), ensure_ascii=False), **names), soft_wrap=True)


_USE = {
    Format.KERAS: "import keras, zoo.layers; keras.saving.load_model({path})(x)    # needs deepzoo",
    Format.SAVEDMODEL: "import tensorflow as tf; model = tf.saved_model.load({path}); model.serve(x)",
    Format.ONNX: 'import onnxruntime; onnxruntime.InferenceSession({path}).run(["{output}"], {{"{input}": x}})[0]',
}


COMMANDS = (export,)

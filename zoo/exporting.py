"""export_model: a model for programs without the zoo - a .keras file, a TensorFlow SavedModel, an ONNX graph.

The last two are written by Keras on TensorFlow; on another backend a second process, which has that one, does it.
"""

import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from zoo.errors import InvalidInput, ResultsError, reason_of
from zoo.paths import path_named, require_elsewhere
from zoo.replacing import put_in_place

SUFFIXES = {"keras": ".keras", "savedmodel": "", "onnx": ".onnx"}
REFUSED = 2  # what the other process ends with where its last line is the reason
NEEDS = {"keras": (), "savedmodel": ("tensorflow",), "onnx": ("tensorflow", "tf2onnx", "onnx")}


def export_model(model, path, format=None, force=False):
    """Write a model in another format. Returns the path (a Path).

    Args:
        model: a built keras.Model with one input and one output tensor, as `zoo.create_model` and `zoo.from_preset` make.
        path: where to; ends in .keras or .onnx for those formats, a new folder for a SavedModel.
        format: None: as the path ends. "keras": `keras.saving.load_model(path)` gives the model back, after `import zoo.layers`.
            "savedmodel": for TensorFlow Serving; or `model = tf.saved_model.load(path); model.serve(x)`.
            "onnx": for ONNX Runtime, the input called like the model's ("inputs"), the output like its last layer ("logits").
            In all three x is float32, (n, ...) with any n of at least 1, raw as the model takes it; the output is what the
            model gives.
        force: replace what is there: a file, or a SavedModel's folder.

    Raises InvalidInput for a model, format or path that does not fit, an output that exists, and packages that are
    missing; ResultsError where the path can't be written.

    >>> export_model(zoo.from_preset("linear_mnist"), "linear.onnx").name
    'linear.onnx'
    """
    path = path_named(path)
    format = _format_of(path) if format is None else format
    _check(model, format)
    check_output(path, format, force)
    named, path = path, Path(os.path.realpath(path))  # of a link what it points to is written
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
            written = Path(scratch) / f"model{SUFFIXES[format]}"
            _write(model, written, format)
            check_output(named, format, force)  # again: something may have come there meanwhile
            put_in_place(path, written)
    except OSError as error:
        raise ResultsError(f"{path} can't be written ({error.strerror or error}); choose another place.") from error
    return path


def check_output(path, format, force=False):
    """Raise InvalidInput for an unknown format, one whose packages are missing, or a path that it can't be written to.

    ResultsError for a path that can't even be looked at.
    """
    path = path_named(path)
    if not isinstance(format, str) or format not in SUFFIXES:
        raise InvalidInput(f"There is no format {format!r}; known: {', '.join(SUFFIXES)}.")
    missing = [package for package in NEEDS[format] if importlib.util.find_spec(package) is None]
    if missing:
        raise InvalidInput(
            f"The format {format} needs {' and '.join(missing)}, not installed here: pip install 'deepzoo[export]' brings it."
        )
    others = {suffix for suffix in SUFFIXES.values() if suffix}
    if SUFFIXES[format] and path.suffix != SUFFIXES[format] or not SUFFIXES[format] and path.suffix in others:
        ending = SUFFIXES[format]
        ends = f"a name that ends in {ending}, such as model{ending}" if ending else "the name of a folder"
        raise InvalidInput(f"The format {format} wants {ends}, not {path.name}.")
    if format == "savedmodel":
        require_elsewhere(path)
    try:
        exists = path.exists()
        replaceable = (path / "saved_model.pb").is_file() if format == "savedmodel" else path.is_file()
    except OSError as error:  # no permission, a name that is too long
        raise ResultsError(f"{path} can't be written ({error.strerror}); choose another place.") from None
    if exists and not force:
        raise InvalidInput(f"{path} exists; choose another name, or replace it: --force, in Python force=True.")
    if exists and not replaceable:
        raise InvalidInput(f"{path} is not what the format {format} writes; it is not replaced. Choose another name.")


def _format_of(path):
    """The format that a path ends as. Raises InvalidInput where that is none."""
    formats = {suffix: format for format, suffix in SUFFIXES.items() if suffix}
    if path.suffix not in formats:
        raise InvalidInput(f"{path.name} ends in none of {', '.join(formats)}; for a SavedModel's folder say format='savedmodel'.")
    return formats[path.suffix]


def _check(model, format):
    import keras

    if not isinstance(model, keras.Model):
        raise InvalidInput(f"A keras.Model is wanted, not {type(model).__name__}.")
    single = model.built and len(getattr(model, "inputs", None) or ()) == len(getattr(model, "outputs", None) or ()) == 1
    if format != "keras" and not single:
        raise InvalidInput("Only a functional or built sequential model with one input and one output can be exported so.")
    if format == "onnx" and any(layer.compute_dtype == "bfloat16" for layer in model._flatten_layers()):
        raise InvalidInput(
            f"{model.name!r} computes in bfloat16, for which ONNX lacks some of its operations. Make it anew in float32 "
            "(keras.config.set_dtype_policy, or precision in a Population) and give that one the weights: set_weights."
        )


def _write(model, written, format):
    import keras

    if format == "keras":
        model.save(written)
    elif keras.backend.backend() == "tensorflow":
        write_on_tensorflow(model, written, format)
    else:
        _in_another_process(model, written, format)


def write_on_tensorflow(model, written, format):
    """Write a SavedModel or ONNX; Keras must be on TensorFlow. Raises InvalidInput for what ONNX has no operations for."""
    import keras

    (given,) = model.inputs
    signature = [keras.InputSpec(shape=(None, *given.shape[1:]), dtype=given.dtype, name=given.name)]
    if format == "savedmodel":
        model.export(str(written), format="tf_saved_model", verbose=False, input_signature=signature)
        return
    # A dictionary as output gives the graph's output its name.
    named = keras.Model(given, {model.layers[-1].name: model.outputs[0]})
    _teach_erfc()
    with warnings.catch_warnings(), _statistics_as_numbers(named):
        warnings.simplefilter("ignore", FutureWarning)  # Keras looks for NumPy 1's np.object
        named.export(str(written), format="onnx", verbose=False, input_signature=signature)
    _finish(written, model.name)


def _teach_erfc():
    """Have tf2onnx write the operation that Keras's gelu is on TensorFlow, 1 - erf(x), which ONNX has no name for."""
    import numpy as np
    import onnx
    from tf2onnx.handler import tf_op

    @tf_op("Erfc")
    class _Erfc:
        @classmethod
        def version_9(cls, ctx, node, **kwargs):
            (given,), (output,), dtype = node.input, node.output, ctx.get_dtype(node.output[0])
            shape, kind = ctx.get_shape(output), onnx.helper.tensor_dtype_to_np_dtype(dtype)
            ctx.remove_node(node.name)
            erf = ctx.make_node("Erf", [given], shapes=[shape], dtypes=[dtype])
            one = ctx.make_const(f"{node.name}_one", np.ones((), kind))
            ctx.make_node("Sub", [one.output[0], erf.output[0]], name=node.name, outputs=[output], shapes=[shape], dtypes=[dtype])


@contextlib.contextmanager
def _statistics_as_numbers(model):
    """Within it what Normalization layers were adapted to is no tensors, each of which would be an input of the graph."""
    import keras

    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.Normalization)]
    kept = [(layer, layer.mean, layer.variance) for layer in layers if layer.mean is not None]
    try:
        for layer, mean, variance in kept:
            layer.mean, layer.variance = (keras.ops.convert_to_numpy(value) for value in (mean, variance))
        yield
    finally:
        for layer, mean, variance in kept:
            layer.mean, layer.variance = mean, variance


def _finish(written, name):
    """Call the first axis of input and output "batch", which tf2onnx numbers. Raises InvalidInput for a graph that does not run."""
    import onnx

    graph, instead = onnx.load(written), "exchange what computes so, or write a SavedModel."
    if len(graph.graph.input) > 1:
        inputs = ", ".join(value.name for value in graph.graph.input[1:])
        raise InvalidInput(
            f"{name!r} computes with tensors that are none of its weights, for which ONNX would ask: {inputs}; {instead}"
        )
    for value in (*graph.graph.input, *graph.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    try:
        onnx.checker.check_model(graph, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise InvalidInput(f"ONNX cannot say what {name!r} computes: {reason_of(error)}; {instead}") from None
    onnx.save(graph, written)


def _in_another_process(model, written, format):
    source = written.with_name("source.keras")
    model.save(source)
    # No GPU: nothing is computed, and this process may hold all of its memory.
    environment = {
        **os.environ,
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    program = "import zoo.exporting; zoo.exporting.convert_saved()"
    command = [sys.executable, "-P", "-W", "ignore", "-c", program, source, written, format]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        if done.returncode == REFUSED:
            raise InvalidInput(last)
        raise InvalidInput(
            f"The model could not be converted on TensorFlow: {last} "
            "If it has layers of your own, convert it where they are: in a program started with KERAS_BACKEND=tensorflow."
        )


def convert_saved():
    """What the other process does: load the model that its arguments name and write it."""
    import keras

    import zoo.layers  # noqa: F401 (registers what the models are made of)

    source, written, format = sys.argv[1:]
    model = keras.saving.load_model(source, compile=False)
    try:
        write_on_tensorflow(model, Path(written), format)
    except InvalidInput as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)

"""What Keras computes with: chosen before anything imports Keras, which fixes it then."""

import contextlib
import enum
import importlib.util
import os
import sys
import tempfile
from typing import Annotated

import typer

from zoo.errors import UnknownName

OTHERS = ("torch", "openvino", "numpy")  # that Keras knows beside ours, and that a user may have installed
QUIET = "3"  # of TF_CPP_MIN_LOG_LEVEL


class Backend(enum.StrEnum):
    """What Keras computes with."""

    JAX = "jax"
    TENSORFLOW = "tensorflow"


TrainingBackend = Annotated[Backend, typer.Option(help="What Keras computes with, whatever KERAS_BACKEND says.")]


def use_backend(backend):
    """Let Keras compute with a Backend in this process."""
    os.environ["KERAS_BACKEND"] = backend.value
    if backend is Backend.JAX:
        _keep_compiled_programs()
        _leave_tensorflow_out()
    else:
        _load_tensorflow()


def use_chosen_backend():
    """Let Keras compute with what KERAS_BACKEND names, else with JAX, which starts in a third of TensorFlow's time.

    The answers are the same. Raises UnknownName where KERAS_BACKEND names none that is here.
    """
    chosen = os.environ.get("KERAS_BACKEND") or Backend.JAX.value
    if chosen in list(Backend):
        use_backend(Backend(chosen))
    elif chosen not in OTHERS or importlib.util.find_spec(chosen) is None:
        known = " or ".join(Backend)
        raise UnknownName(f"KERAS_BACKEND is {chosen!r}, which is no backend of Keras here; set it to {known} or unset it.")


def _keep_compiled_programs():
    """Let JAX keep what it compiles next to the data: data sets of one shape share programs, so does the next run.

    Where that folder can't be written there is nothing to keep, and nothing to warn of at every program.
    """
    from zoo.datasets import cache

    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    with contextlib.suppress(OSError):
        folder = cache.root() / "compiled"
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)


def _leave_tensorflow_out():
    """Let Keras find no TensorFlow when it looks for it, once: loading it takes seconds, and on JAX nothing needs it."""
    import keras

    if "tensorflow" not in sys.modules:
        sys.modules["tensorflow"] = None  # an import of it fails
        try:
            keras.utils.set_random_seed(0)
        finally:
            del sys.modules["tensorflow"]


def _load_tensorflow():
    """Import TensorFlow without the notes that its C++ parts write while it starts, whatever level is set for them."""
    wanted = os.environ.get("TF_CPP_MIN_LOG_LEVEL") == QUIET and "tensorflow" not in sys.modules
    if not wanted or importlib.util.find_spec("tensorflow") is None:  # Keras says that it is missing
        return
    with _held_back():
        import tensorflow  # noqa: F401


@contextlib.contextmanager
def _held_back():
    """Hold back what is written to the file descriptor of standard error; where the block fails it is written after all."""
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    try:
        notes = tempfile.TemporaryFile()
    except OSError:  # there is no room for them
        os.close(kept)
        yield
        return
    with notes:
        os.dup2(notes.fileno(), 2)
        try:
            yield
        except BaseException:
            notes.seek(0)
            os.write(kept, notes.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)

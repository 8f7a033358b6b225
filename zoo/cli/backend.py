"""What Keras computes with: chosen before anything imports Keras, which fixes it then."""

import enum
import os
import sys
from typing import Annotated

import typer


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


def _keep_compiled_programs():
    """Let JAX keep what it compiles next to the data: data sets of one shape share programs, so does the next run."""
    from zoo.datasets import cache

    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache.root() / "compiled"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


def _leave_tensorflow_out():
    """Let Keras find no TensorFlow when it looks for it, once: loading it takes seconds, and on JAX nothing needs it."""
    import keras

    if "tensorflow" not in sys.modules:
        sys.modules["tensorflow"] = None  # an import of it fails
        try:
            keras.utils.set_random_seed(0)
        finally:
            del sys.modules["tensorflow"]

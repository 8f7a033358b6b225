"""What the commands compute with: JAX unless told otherwise, TensorFlow without its notes, one line for what nobody knows."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zoo.cli import backend
from zoo.cli.backend import _held_back

ZOO = Path(sys.executable).with_name("zoo")
SET_HERE = ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL", "JAX_COMPILATION_CACHE_DIR")


def zoo(*arguments, **environment):
    """Run the installed command as a user does who has set nothing."""
    env = {name: value for name, value in os.environ.items() if name not in SET_HERE}
    return subprocess.run([ZOO, *map(str, arguments)], capture_output=True, text=True, timeout=120, env=env | environment)


def test_evaluate_says_nothing_on_standard_error_on_tensorflow():
    done = zoo("evaluate", "linear_mnist", KERAS_BACKEND="tensorflow")
    assert (done.returncode, done.stderr) == (0, "")
    assert "it agrees" in done.stdout


def test_a_data_folder_that_takes_nothing_costs_no_warning(tmp_path):
    np.save(tmp_path / "image.npy", np.eye(28) * 255)
    done = zoo("predict", "linear_mnist", tmp_path / "image.npy", ZOO_DATA_DIR=str(tmp_path / "image.npy" / "data"))
    assert (done.returncode, done.stderr) == (0, "")


def test_no_home_folder_is_needed_to_predict(tmp_path):
    np.save(tmp_path / "image.npy", np.eye(28) * 255)
    done = zoo("predict", "linear_mnist", tmp_path / "image.npy", ZOO_DATA_DIR="~nobody-of-that-name/cache")
    assert (done.returncode, done.stderr) == (0, "")


def test_evaluate_says_nothing_there_and_never_loads_tensorflow_unless_asked():
    program = """
import sys
sys.argv = ["zoo", "evaluate", "linear_mnist"]
from zoo.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
assert "jax" in sys.modules and "tensorflow" not in sys.modules
"""
    env = {name: value for name, value in os.environ.items() if name not in SET_HERE} | {"KERAS_BACKEND": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert "it agrees" in done.stdout


def test_exporting_says_nothing_on_standard_error(tmp_path):
    done = zoo("export", "linear_mnist", "--format", "savedmodel", "--out", tmp_path / "model")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("backend", ["foo", "JAX", "torch"])
def test_a_backend_that_nobody_knows_is_one_line(backend, call, monkeypatch):
    monkeypatch.setattr("zoo.cli.backend.importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("KERAS_BACKEND", backend)
    for command in ("predict linear_mnist x.png", "evaluate linear_mnist", "generate lstm_shakespeare --prompt a"):
        code, out, err = call(*command.split())
        assert (code, out) == (2, "") and err.count("\n") == 1
        assert err.startswith(f"error: KERAS_BACKEND is '{backend}', which") and "set it to jax or tensorflow or unset it." in err


def test_what_is_held_back_is_shown_where_it_matters(capfd):
    with _held_back():
        os.write(2, b"a note\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
    with pytest.raises(ImportError, match="broken"):
        with _held_back():
            os.write(2, b"the reason\n")
            raise ImportError("broken")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "the reason\nafter\n"


def test_without_room_for_notes_they_are_shown_at_once(capfd, monkeypatch):
    def full():
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(backend.tempfile, "TemporaryFile", full)
    with _held_back():
        os.write(2, b"a note")
    assert capfd.readouterr().err == "a note"

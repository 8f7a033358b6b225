"""What the tests of the array cache share: digits in a cache of its own, a fresh interpreter."""

import os
import subprocess
import sys

import pytest

from zoo.datasets import load


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """digits in a cache of its own; the folder that its manifest lies in."""
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "cache"))
    load("digits")
    return tmp_path / "cache" / "digits"


def python(code, timeout=120, **environment):
    """The code in a fresh interpreter, its output as text; fails with its traceback."""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, done.stderr
    return done

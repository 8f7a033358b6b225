"""What a number depends on: the commit that a run names is another one only where what decides numbers has changed."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from zoo import environment


def test_what_products_are_computed_in_is_told_where_it_is_not_jaxs_default():
    code = "from zoo.environment import device_and_versions; print(device_and_versions()['precision'])"
    for said, found in (({}, "float32"), ({"JAX_DEFAULT_MATMUL_PRECISION": "highest", "JAX_ENABLE_X64": "1"},
                                          "float32, products in highest, 64 bits allowed")):  # fmt: skip
        environ = {name: value for name, value in os.environ.items() if name not in environment.NUMERICS}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environ | {"KERAS_BACKEND": "jax"} | said, capture_output=True, text=True
        )
        assert done.stdout == f"{found}\n", done.stderr


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """(folder, commit()) of a small checkout with a commit of its own."""
    monkeypatch.delenv("ZOO_COMMIT", raising=False)
    for folder in ("zoo", "datasets", "reproductions", "results", "tests/benchmarks"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "kept.txt").write_text("as committed")
    shutil.copy(environment.__file__, tmp_path / "zoo" / "environment.py")
    (tmp_path / "setup.cfg").write_text("[metadata]")
    who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "First"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    spec = importlib.util.spec_from_file_location("copied_environment", tmp_path / "zoo" / "environment.py")
    copied = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copied)
    return tmp_path, copied.commit


@pytest.mark.parametrize("path", ["even_or_odd/config.json", "mlp_mnist.onnx", "results/kept.txt", "results/new.csv", "notes.md"])
def test_what_a_run_or_a_user_leaves_beside_the_code_changes_nothing(checkout, path):
    folder, commit = checkout
    before = commit()
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text("new")
    assert commit() == before != "unknown"


@pytest.mark.parametrize(
    "path", ["zoo/kept.txt", "zoo/new.py", "tests/benchmarks/kept.txt", "datasets/new.py", "reproductions/kept.txt", "setup.cfg"]
)
def test_changed_code_is_no_commit(checkout, path):
    folder, commit = checkout
    (folder / path).write_text("changed")
    assert commit().endswith("-dirty")


def test_a_folder_that_is_no_checkout_has_no_commit(checkout):
    folder, commit = checkout
    shutil.rmtree(Path(folder) / ".git")
    assert commit() == "unknown"

"""The array cache where a disk refuses: one clear error, and only where something had to be written."""

import dataclasses
import errno
import os
import shutil
import subprocess
import sys

import pytest

from cache_example import folder, python  # noqa: F401
from zoo.datasets import load, mirrors, prepare
from zoo.datasets.dataset import Source
from zoo.errors import CacheError, DataUnavailable, ZooError


def test_full_disk_is_one_clear_error(tmp_path):
    code = """
import resource
import sklearn.datasets
from zoo.datasets import load
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    load("digits")
except Exception as error:
    print(type(error).__name__, error)
"""
    done = python(code, ZOO_DATA_DIR=str(tmp_path), PYTHONDONTWRITEBYTECODE="1")
    assert done.stdout.startswith("CacheError digits has to be prepared: it is not in the cache. The cache folder")
    assert "ZOO_DATA_DIR" in done.stdout
    assert not list((tmp_path / "digits").glob("arrays-*")) + list((tmp_path / "digits").glob(".building-*"))


READ_ONLY = """
import glob, os, sys
import sklearn.datasets
from zoo.datasets import load
load("digits")
os.environ["ZOO_DATA_DIR"] = sys.argv[1]
if sys.argv[2] == "ready":
    load("digits")
    os.unlink(sys.argv[1] + "/digits/verified.json")
if sys.argv[2] == "damaged":
    load("digits")
    (file,) = glob.glob(sys.argv[1] + "/digits/arrays-*/test_y.npy")
    os.truncate(file, 5)
for folder, _, _ in os.walk(sys.argv[1]):
    os.chmod(folder, 0o555)
if os.geteuid() == 0:
    os.setuid(65534)  # permissions do not bind root
try:
    print(load("digits"))
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("state", "start"),
    [
        ("ready", "<Dataset digits"),
        ("empty", "CacheError digits has to be prepared: it is not in the cache. The cache folder"),
        ("damaged", "CacheError digits has to be prepared: test_y.npy cannot be read"),
    ],
)
def test_read_only_cache_serves_what_it_has(state, start, tmp_path):
    import tempfile

    # Not tmp_path: pytest closes its parents to the other user that the test becomes.
    shared = tempfile.mkdtemp()
    try:
        command = [sys.executable, "-c", READ_ONLY, shared, state]
        environment = {**os.environ, "ZOO_DATA_DIR": str(tmp_path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.stdout.startswith(start), done.stdout + done.stderr
    finally:
        for folder, _, _ in os.walk(shared):
            os.chmod(folder, 0o755)
        shutil.rmtree(shared)


def test_a_file_where_the_cache_should_be_is_one_clear_error(tmp_path, monkeypatch):
    (tmp_path / "occupied").write_text("")
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "occupied"))
    with pytest.raises(ZooError, match="ZOO_DATA_DIR"):
        load("digits")


def test_a_progress_line_that_nobody_reads_ends_nothing(tmp_path):
    code = "import os, sys; os.close(2); from zoo import datasets; datasets.tell('word'); print(datasets.load('digits'))"
    assert python(code, ZOO_DATA_DIR=str(tmp_path)).stdout.startswith("<Dataset digits")


def test_a_full_disk_under_a_registrys_client_is_no_fault_of_the_network(tmp_path, monkeypatch):
    from zoo.datasets.digits import build

    def gather(folder, tell):
        mirrors.run_client(["sh", "-c", "echo 'npm error nospc ENOSPC: no space left on device, write' >&2; exit 1"], folder)

    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(build, "SOURCES", {name: Source(gather, "no") for name in build.SOURCES})
    with pytest.raises(CacheError, match="digits cannot be written:.*no space left on device, write.*Make room") as raised:
        load("digits")
    assert raised.value.__cause__.__cause__.errno == errno.ENOSPC


def test_a_client_needs_no_other_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    assert mirrors.run_client(["echo", "word"], tmp_path) == "word\n"


def test_a_source_that_does_not_deliver_leaves_what_came_from_another(folder, monkeypatch):
    from zoo.datasets.digits import build

    def gather(folder, tell):
        raise prepare.SourceFailed("it is out")

    (name,) = build.SOURCES
    monkeypatch.setitem(build.SOURCES, "other", Source(gather, "no"))
    monkeypatch.setattr("zoo.datasets.digits.INFO", with_source("other"))
    with pytest.raises(
        DataUnavailable, match=f"from the other source .*: it is out. What is in the cache stays usable .it came from the {name}"
    ):
        load("digits", source="other")
    assert len(load("digits").train.x) == 1197


def with_source(name):
    """The Info of digits with one source more."""
    from zoo.datasets import describe

    info = describe("digits")
    return dataclasses.replace(info, sources={**info.sources, name: "elsewhere"})

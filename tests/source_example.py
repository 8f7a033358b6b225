"""What the tests of sources and of mirrors share: a cache and a PATH of one's own, an official source that is out."""

import importlib
import shutil
import socket

import pytest


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A folder that is the whole PATH, with a few of the system's commands; add(name, script) puts another one there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("gzip", "sh", "sleep", "echo", "cp", "cat", "tar", "xz", "rm"):
        if found := shutil.which(name):
            (folder / name).symlink_to(found)

    def add(name, script):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)

    monkeypatch.setenv("PATH", str(folder))
    return add


def refused(name, monkeypatch):
    """Point a data set's official source at a port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(importlib.import_module(f"zoo.datasets.{name}.build"), "OFFICIAL", f"http://127.0.0.1:{port}/")

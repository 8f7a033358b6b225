"""The cache as one file, for a machine that can reach no source: pack here, unpack there."""

import contextlib
import io
import json
import lzma
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import numpy as np

from zoo.datasets import cache, own
from zoo.datasets.prepare import check, ready
from zoo.errors import CorruptFile, InvalidInput, ZooError
from zoo.paths import file_to_write, path_named

# Stronger presets take minutes for a twelfth less.
PRESET = 0
# What a .npy header takes at most beyond the array's own bytes; and a manifest, of very many classes.
HEADER_BYTES, MANIFEST_BYTES = 1024, 16 << 20


class _Plain(tarfile.TarInfo):
    """A member as pack writes them: a file of a short name, so that no header before it can fill the memory."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        member = super().frombuf(buf, encoding, errors)
        if not member.isreg():
            raise tarfile.ReadError(f"it holds something else than files, {member.name!r:.80}")
        return member


def _is_packed(path):
    """Whether a file begins as a pack does."""
    try:
        with tarfile.open(path, "r:xz") as tar:
            return (tar.next() or tarfile.TarInfo()).name.endswith("/manifest.json")
    except (tarfile.TarError, lzma.LZMAError, EOFError):
        return False
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from None


def pack(path, infos, tell):
    """Write the data sets of these Infos to a .tar.xz file."""
    path = file_to_write(path)
    if not path.name.endswith(".tar.xz"):
        raise InvalidInput(f"{path.name} does not end in .tar.xz, as what is written does; call it so.")
    if path.exists() and not _is_packed(path):
        raise InvalidInput(f"{path} is there and nothing that zoo data pack wrote; choose another name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".packing-", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.") from None
    try:
        chosen = {info.name: ready(info, None, tell, thorough=True) for info in infos}
        with open(temporary, "wb") as file, tarfile.open(fileobj=file, mode="w:xz", preset=PRESET) as tar:
            for name, (manifest, arrays) in sorted(chosen.items()):
                told = json.dumps(manifest, indent=1).encode()
                if len(told) > MANIFEST_BYTES:
                    raise InvalidInput(f"{name} has too many classes, or too long names of them, to be packed.")
                _add(tar, f"{name}/manifest.json", told)
                for part, array in arrays.items():
                    content = io.BytesIO()
                    np.save(content, array, allow_pickle=False)
                    _add(tar, f"{name}/{part}.npy", content.getvalue())
        os.chmod(temporary, 0o644)  # mkstemp's is for its owner only
        os.replace(temporary, path)
    except ZooError:  # of data that can't be made ready, most of which are errors of the system's, too
        raise
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    return path


def _add(tar, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def unpack(path, infos, tell):
    """Fill the cache with every data set in the file, which is verified whole before any of it is; returns their names."""
    root, path = cache.root(), path_named(path)
    with cache.as_cache_error(root, "written"), contextlib.ExitStack() as held:
        file = held.enter_context(_opened(path))
        root.mkdir(parents=True, exist_ok=True)
        held.enter_context(cache.alone(root / ".unpacking.lock", "waiting for another process that is unpacking", tell))
        for leftover in root.glob(".unpacking-*"):  # of one that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        # On the cache's own disk, without any data set's lock: whoever builds a set may be waiting for another one.
        private = Path(held.enter_context(tempfile.TemporaryDirectory(prefix=".unpacking-", dir=root)))
        try:
            found = {}
            with tarfile.open(fileobj=_Reading(file), mode="r:xz", tarinfo=_Plain) as tar:
                for member in tar:
                    _take(path, tar, member, infos, found, private)
            if not found:
                raise ValueError("it holds nothing")
            for name, manifest in found.items():
                _verify(infos[name], manifest, private / name)
        except InvalidInput:  # it is whole, but of another version
            raise
        except (tarfile.TarError, lzma.LZMAError, EOFError, cache.Unusable, *cache.UNREADABLE) as error:
            raise CorruptFile(f"{path} is not what zoo data pack writes, or damaged: {error}.") from None
        for name, manifest in found.items():
            with cache.building(name, tell) as folder:
                if own.is_own(name):  # another process may have added one meanwhile
                    own.require_same(name, manifest, f"remove {root / name} first")
                _move(private / name, folder / "arrays")
                cache.publish(name, folder / "arrays", manifest)
                cache.compare(infos[name], manifest, tell)
    return sorted(found)


def _move(folder, target):
    """Move a folder of files to where nothing is, flushed to the disk, which may be another one: a data set's may be a link."""
    shutil.move(folder, target)
    for path in target.iterdir():
        with open(path, "rb") as file:
            os.fsync(file.fileno())


class _Reading:
    """A file open for reading, whose errors say which it is: those of writing are the cache's."""

    def __init__(self, file):
        self._file = file

    def read(self, size=-1):
        try:
            return self._file.read(size)
        except OSError as error:
            raise InvalidInput(f"{self._file.name} cannot be read: {error.strerror}.") from None

    def __getattr__(self, name):
        return getattr(self._file, name)


def _opened(path):
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise InvalidInput(f"There is no file {path}.") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from None


def _take(path, tar, member, infos, found, private):
    """Read one member into private/<data set>; its manifest into found. Only names that pack writes come near the disk."""
    name, _, file = member.name.partition("/")
    part = file.removesuffix(".npy")
    if not cache.FOLDER.fullmatch(name) or (file != "manifest.json" and part not in cache.ARRAYS):
        raise ValueError(f"it holds {member.name!r}, which is no data set")
    anew = "Pack it anew with the one that is to unpack it."
    if name not in infos and not own.is_own(name):
        raise InvalidInput(f"{path} was packed by another version of deepzoo: this one has no {name}. {anew}")
    target = private / name / file
    if (name in found) == (file == "manifest.json") or target.exists():
        raise ValueError(f"{member.name} is there twice or out of place")
    if name not in found:
        if member.size > MANIFEST_BYTES:
            raise ValueError(f"its {member.name} is larger than {MANIFEST_BYTES >> 20} MiB")
        manifest = json.loads(tar.extractfile(member).read())
        cache.check_manifest(manifest)
        if manifest["name"] != name:
            raise ValueError(f"its {name} is called {manifest['name']!r}")
        if own.is_own(name):
            infos[name] = own.info_of(manifest, name)
            own.require_same(name, manifest, f"remove {cache.root() / name} first")
        there, here = (manifest["version"], manifest["layout"]), (infos[name].version, cache.LAYOUT)
        if there != here:
            said = "its {} is {}, layout {}, here it is {}, layout {}".format(name, *there, *here)
            raise InvalidInput(f"{path} was packed by another version of deepzoo: {said}. {anew}")
        _require_sizes(infos[name], manifest)
        target.parent.mkdir()
        found[name] = manifest
        return
    entry = found[name]["arrays"][part]
    if member.size > np.dtype(entry["dtype"]).itemsize * np.prod(entry["shape"], dtype=int) + HEADER_BYTES:
        raise ValueError(f"its {member.name} is larger than its manifest says")
    with open(target, "wb") as unpacked:
        shutil.copyfileobj(tar.extractfile(member), unpacked)
        unpacked.flush()
        os.fsync(unpacked.fileno())


def _require_sizes(info, manifest):
    """Raise ValueError for arrays that can't be the data set's, before any of them is written."""
    for split, n in info.sizes.items():
        (x, y), (x_type, y_type) = ([manifest["arrays"][f"{split}_{part}"][key] for part in "xy"] for key in ("shape", "dtype"))
        types = [np.dtype(kind).name for kind in (x_type, y_type)] == [info.x_dtype, info.y_dtype]
        room = max(1000, np.prod(info.input_shape, dtype=int))  # for one target
        if not types or list(x) != [n, *info.input_shape] or y[:1] != [n] or np.prod(y[1:], dtype=float) > room:
            raise ValueError(f"the {split} split of its {info.name} has arrays of other sizes")


def _verify(info, manifest, folder):
    missing = [part for part in cache.ARRAYS if not (folder / f"{part}.npy").is_file()]
    if missing:
        raise ValueError(f"{', '.join(missing)} of {info.name} missing")
    check(info, {part: cache.open_array(folder / f"{part}.npy", manifest["arrays"][part]) for part in cache.ARRAYS})

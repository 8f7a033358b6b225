"""A file that the user has, named in an environment variable: a source for what nobody may be asked for, or nobody serves."""

import hashlib
import io
import lzma
import os
import re
import tarfile
import zipfile
import zlib
from pathlib import Path

from zoo.datasets.dataset import Source, SourceFailed, verified
from zoo.errors import reason_of

DAMAGED = (OSError, EOFError, RuntimeError, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, zlib.error)


def source(info, file, sha256):
    """The Source that copies the file which info.path_variable names into the folder, as `file`, if its sha256 is right."""

    def gather(folder, tell):
        path = _named(info)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _unreadable(path, error) from None
        (folder / file).write_bytes(verified(content, sha256, path))

    return Source(gather, f"name the path of {file} in the environment variable {info.path_variable}")


def files_source(info, what, pattern, file, sha256):
    """The Source that takes files out of a folder or archive which info.path_variable names, if their contents are right.

    pattern: regular expression of their paths, folders above left out. sha256: of what `sha256sum` prints for these paths,
    sorted; how they are packed, and what else is there, makes no difference. They are put into a tar archive named `file`.
    """

    def gather(folder, tell):
        path, found = _named(info), {}
        try:
            for name, content in _contents(path):
                if match := re.search(f"(?:^|/)({pattern})$", name):
                    found[match[1]] = content()
        except DAMAGED as error:
            raise _unreadable(path, error) from None
        lines = (f"{hashlib.sha256(found[name]).hexdigest()}  {name}\n" for name in sorted(found))
        if hashlib.sha256("".join(lines).encode()).hexdigest() != sha256:
            raise SourceFailed(f"{path} has {len(found)} files of {what}, and not those known here: their sha256 differs")
        with tarfile.open(folder / file, "w") as tar:
            for name, content in sorted(found.items()):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))

    return Source(gather, f"name the folder or archive of {what} in the environment variable {info.path_variable}")


def _named(info):
    named = os.environ.get(info.path_variable)
    if not named:
        raise SourceFailed(f"the environment variable {info.path_variable} is not set")
    try:
        return Path(named).expanduser()
    except RuntimeError as error:  # ~ of nobody known
        raise _unreadable(named, error) from None


def _unreadable(path, error):
    return SourceFailed(f"{path} cannot be read ({getattr(error, 'strerror', None) or reason_of(error)})")


def _files(folder):
    """The files in a folder that have a dot in their names, in folders that it links to as well, in each only once."""
    seen, links = set(), [folder]
    while links:  # after what is there itself
        for parent, folders, names in os.walk(links.pop(0)):
            if (real := os.path.realpath(parent)) in seen:
                folders.clear()
                continue
            seen.add(real)
            links += sorted(path for path in (Path(parent, name) for name in folders) if path.is_symlink())
            yield from (Path(parent, name) for name in names if "." in name)


def _contents(path):
    """(name, function that gives the bytes) of all files in a folder, a zip or a tar archive."""
    if path.is_dir():
        for file in sorted(_files(path)):
            yield file.as_posix(), file.read_bytes
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            for name in packed.namelist():
                yield name, lambda name=name: packed.read(name)
    else:
        with tarfile.open(path) as packed:
            for member in packed:
                if member.isfile():
                    yield member.name, lambda member=member: packed.extractfile(member).read()

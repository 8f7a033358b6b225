"""Where a preset may be saved: a folder that is free, or a preset that may go, and nothing else."""

import os
import tempfile
from pathlib import Path

from zoo.errors import InvalidInput, ResultsError
from zoo.paths import path_named, require_elsewhere
from zoo.presets.folder import CARD, CONFIG, FILES, SUMS, list_presets


def free_folder(folder, replace=True):
    """The absolute path that a preset may be written to. Raises InvalidInput where something else would be lost, ResultsError.

    replace: whether a preset that is there may go.
    """
    if str(folder) in list_presets():
        loads = f"from_preset({str(folder)!r}) loads that one"
        raise InvalidInput(f"{folder} is a preset that ships, and {loads}; choose another folder, or give its whole path.")
    folder = path_named(folder).absolute()
    if os.path.islink(folder):  # what it points to is replaced, not the link
        folder = Path(os.path.realpath(folder))
    try:
        _require_free(folder)
        require_elsewhere(folder)
        if not replace and (folder / CONFIG).exists():
            raise InvalidInput(f"{folder} holds a preset; choose another folder, or replace it: --force, in Python force=True.")
        _require_writable(folder.parent)
    except OSError as error:
        raise ResultsError(f"{folder} can't be written ({error.strerror or error}); choose another folder.") from error
    return folder


def _require_writable(folder):
    """Write, and take away again, in a folder or the lowest of its parents that there is. Raises OSError where that can't be."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    tempfile.TemporaryDirectory(prefix=".probe-", dir=there).cleanup()


def _require_free(folder):
    if folder.is_dir():
        found = sorted(folder.iterdir())
        others = [path.name for path in found if path.name not in (*FILES, SUMS) or not path.is_file()]
        if others:
            raise InvalidInput(f"{folder} holds {others[0]}, which is no part of a preset; choose a new folder.")
        if found and not _is_preset(folder):
            raise InvalidInput(f"{folder} holds {found[0].name}, but is no preset that save_preset wrote; choose a new folder.")
    elif folder.exists():
        raise InvalidInput(f"{folder} is a file; choose a new folder.")


def _is_preset(folder):
    """Whether a folder has a config, a card, and sums that name both."""
    sums = folder / SUMS
    listed = sums.read_text(encoding="utf-8", errors="replace").split() if sums.is_file() else []
    return all(name in listed and (folder / name).is_file() for name in (CONFIG, CARD))

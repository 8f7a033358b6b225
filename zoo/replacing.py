"""Putting a finished file or folder in place of an old one: whole or not at all."""

import ctypes
import os
import shutil

_HERE, _EXCHANGE = -100, 2  # Linux's AT_FDCWD and RENAME_EXCHANGE


def put_in_place(path, written):
    """Move `written` to `path`, whose old file or folder goes only once that is done, and is back where it is not.

    path: no symbolic link. written: a file or folder on the same file system, in a scratch folder that nobody else uses.
    Raises OSError.
    """
    if not path.is_dir():
        os.replace(written, path)
        return
    if _exchanged(path, written):  # so that a kill at any moment leaves the one or the other
        return
    aside = written.parent / "replaced"
    try:
        os.replace(path, aside)
        os.replace(written, path)
    except BaseException:  # an interrupt, too, would have the scratch folder cleared away with the old one in it
        if aside.exists() and not path.exists():
            os.replace(aside, path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchanged(first, second):
    """Whether two paths have changed places, in the one step that Linux has for it, on most of its file systems."""
    try:
        rename = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):  # another system
        return False
    return rename(_HERE, os.fsencode(first), _HERE, os.fsencode(second), _EXCHANGE) == 0

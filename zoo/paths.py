"""Files and folders that a user names, and what is asked of them before they are read or written."""

import contextlib
import os
import stat
import zipfile
from pathlib import Path

from zoo.errors import InvalidInput, ResultsError


def path_named(given):
    """The Path of a file or folder that a user names, ~ expanded. Raises InvalidInput for what names none."""
    try:
        if "\0" not in str(given):
            return Path(given).expanduser()
        raise TypeError("the operating system takes no such path")
    except TypeError:
        raise InvalidInput(f"A string or a path names what is meant, not {given!r}.") from None
    except RuntimeError:
        raise InvalidInput(f"{given} begins with the home of a user who is not known here; give the whole path.") from None


def is_checkout(folder):
    """Whether a folder (Path) is a checkout of deepzoo."""
    return (folder / "reproductions" / "published.csv").exists() and (folder / "setup.cfg").exists()


def require_elsewhere(folder, what="is replaced whole"):
    """Raise InvalidInput where a folder to be replaced, or what else is done, is the current one, or holds it: whoever stands
    there would fall out.
    """
    with contextlib.suppress(OSError):  # of a current folder that is gone
        here = Path(os.path.realpath(os.getcwd()))
        if Path(os.path.realpath(folder)) in (here, *here.parents):
            raise InvalidInput(f"{folder} {what}, and it is the current folder or holds it: cd out, or name another one.")


def file_to_write(given):
    """The absolute Path of a file that a user wants written, ~ expanded; of a link, what it points to, so that it stays one.

    Raises InvalidInput for what names no path, for a folder, and for a pipe or a device, which the file would take the place
    of; ResultsError where nobody can tell.
    """
    named = path_named(given)
    path = Path(os.path.realpath(named))
    try:
        mode = os.stat(named).st_mode  # not of the path that /dev/stdout, say, comes to: a pipe has none
    except FileNotFoundError:
        return path
    except OSError as error:
        raise ResultsError(f"{path} can't be written ({error.strerror}); choose another place.") from error
    if stat.S_ISDIR(mode):
        raise InvalidInput(f"{path} is a folder; name the file to write.")
    if not stat.S_ISREG(mode):
        raise InvalidInput(f"{named} is a pipe or a device, and would be replaced; name a file.")
    return path


def require_plain_zip(opened):
    """Raise ValueError, or as zipfile does, where an open .npz would unpack to more than its size: np.savez compresses nothing."""
    size = opened.seek(0, os.SEEK_END)
    with zipfile.ZipFile(opened) as archive:
        if sum(member.file_size for member in archive.infolist()) > size:
            raise ValueError("it is compressed, or promises more than it holds")
    opened.seek(0)

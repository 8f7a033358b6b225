"""Files and folders that a user names."""

from pathlib import Path

from zoo.errors import InvalidInput


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

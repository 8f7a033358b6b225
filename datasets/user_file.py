"""A file that the user has, named in an environment variable: a source for what nobody may be asked for, or nobody serves."""

import os
from pathlib import Path

from zoo.datasets.dataset import Source, SourceFailed, verified


def source(info, file, sha256):
    """The Source that copies the file which info.path_variable names into the folder, as `file`, if its sha256 is right."""

    def gather(folder, tell):
        named = os.environ.get(info.path_variable)
        if not named:
            raise SourceFailed(f"the environment variable {info.path_variable} is not set")
        try:
            content = Path(named).expanduser().read_bytes()
        except (OSError, RuntimeError) as error:  # RuntimeError: ~ of nobody known
            raise SourceFailed(f"{named} cannot be read ({getattr(error, 'strerror', None) or error})") from None
        (folder / file).write_bytes(verified(content, sha256, named))

    return Source(gather, f"name the path of {file} in the environment variable {info.path_variable}")

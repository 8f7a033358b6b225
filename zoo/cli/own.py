"""`zoo --import MODULE ...`: models and claims of one's own, which the commands then know like the zoo's."""

import importlib
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from zoo.errors import InvalidInput, UnknownName, ZooError

_asked = []

ImportOption = Annotated[
    list[str] | None,
    typer.Option(
        "--import",
        metavar="MODULE",
        help="Import a module or a .py file of your own first, so that its models and its claim are known. May be repeated.",
        show_default=False,
    ),
]


def ask_for(modules):
    """Take note of what `bring_in` is to import: by then the command has chosen the backend, which an import of Keras fixes."""
    _asked[:] = modules or ()


def bring_in(choose_backend=None):
    """Import what was asked for, as Python would in the current folder; a module that is a claim is known by its name then.

    choose_backend: a function to call before, if there is anything to import; use_chosen_backend, where it is None.
    Raises UnknownName for a module that there is not, InvalidInput for one that cannot be imported.
    """
    from zoo.cli.backend import use_chosen_backend

    if _asked:
        (choose_backend or use_chosen_backend)()
    for named in _asked:
        try:
            _claim_in(_imported(named))
        except ZooError as error:
            kind = UnknownName if isinstance(error, UnknownName) else InvalidInput
            raise kind(f"--import {named}: {error}") from error


def _imported(named):
    """The module of a name, or of a .py file, which others can import by its name then. Raises UnknownName, InvalidInput."""
    file = Path(named).resolve() if named.endswith(".py") else None
    name, home = (file.stem, file.parent) if file else (named, Path.cwd())
    if file and not file.is_file():
        raise UnknownName("there is no such file.")
    if not all(part.isidentifier() for part in ([name] if file else name.split("."))):
        raise InvalidInput(f"{name!r} is no name of a module; call the file otherwise, such as my_models.py.")
    if str(home) not in sys.path:
        sys.path.insert(0, str(home))
    try:
        module = importlib.import_module(name)
    except ZooError:
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            where = "in the current folder or among what is installed"
            raise UnknownName(f"there is no module {error.name} {where}; name one, or a file, such as my_models.py.") from None
        raise InvalidInput(f"{type(error).__name__}: {error}{_place(error, home)}") from error
    if file and Path(getattr(module, "__file__", None) or "").resolve() != file:
        raise InvalidInput(f"Python has another module {name}; call the file otherwise.")
    return module


def _place(error, home):
    """Where in the files under a folder an exception came from, in brackets; "" where it came from none of them.

    An environment that lies in that folder holds others' files.
    """
    frames = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in frames if Path(frame.filename).is_relative_to(home) and sys.prefix not in frame.filename]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


def _claim_in(module):
    """Let a module that is a claim be known by its name."""
    from zoo.reproductions.harness.claims import PARTS, load_claim

    if sum(callable(getattr(module, part, None)) for part in PARTS) > 1:  # with two of three, it says which one is missing
        load_claim(module)

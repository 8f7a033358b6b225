"""What every command prints with: two consoles, tables that fit 80 columns, errors as one line."""

import contextlib
import os
import sys

import typer
from rich import box
from rich.console import Console
from rich.table import Table

# Wide enough that a row stays on one line for grep and less; rich pads nothing to this width.
_PIPED_WIDTH = 400
# Brackets and colons in a path or a docstring are no markup.
_VERBATIM = {"markup": False, "emoji": False, "highlight": False}


def out():
    """The console on standard output: colours and the terminal's width, or plain unwrapped text in a pipe."""
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(width=_PIPED_WIDTH if piped else None, **_VERBATIM)


def err():
    """The console on standard error."""
    return Console(stderr=True, soft_wrap=True, **_VERBATIM)


def fail(error):
    """Say in one line what was wrong."""
    console = err()
    console.print("error:", style="bold red", end=" ")
    console.print(str(error))


def table(*columns, title=None):
    """A rich table; in a pipe no lines are drawn. A column is its heading, or (heading, options)."""
    result = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD if sys.stdout.isatty() else None,
        pad_edge=False, header_style="bold",
    )
    for column in columns:
        heading, options = column if isinstance(column, tuple) else (column, {})
        result.add_column(heading, **options)
    return result


@contextlib.contextmanager
def interruptible(kept):
    """Turn Ctrl-C into one line that says what was kept, and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        err().print(f"\nInterrupted. {kept}")
        raise typer.Exit(130) from None

"""What every command prints with: two consoles, tables that fit 80 columns, errors as one line."""

import contextlib
import os
import shutil
import sys

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

# Wide enough that a row stays on one line for grep and less; rich pads nothing to this width.
_PIPED_WIDTH = 400
_GAP = 2
# Brackets and colons in a path or a docstring are no markup.
_VERBATIM = {"markup": False, "emoji": False, "highlight": False}


def out():
    """The console on standard output: colours and the terminal's width, or plain unwrapped text in a pipe."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return Console(**_VERBATIM)
    return Console(width=shutil.get_terminal_size().columns if on_terminal() else _PIPED_WIDTH, **_VERBATIM)


def on_terminal():
    """Whether somebody reads along."""
    return sys.stdout is not None and sys.stdout.isatty()


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
    # With lines or without, columns stand two apart: the lines of the box take no width of their own.
    lines = {"box": box.SIMPLE_HEAD, "show_edge": False, "collapse_padding": True} if on_terminal() else {"box": None}
    result = Table(title=title, title_justify="left", title_style="bold", pad_edge=False, header_style="bold", **lines)
    for column in columns:
        heading, options = column if isinstance(column, tuple) else (column, {})
        result.add_column(heading, overflow="fold", **options)
    return result


def fitted(columns, rows, title=None):
    """A table of rows (tuples of cells) in which no number is cut: text wraps between words, and columns may go.

    A column is as in table(); no_wrap among its options keeps each of its cells on one line, optional=1 says that it goes
    first where the console is too narrow for the longest words and those cells, optional=2 that it goes next. Where that
    is still not enough, words break.
    """
    columns = [column if isinstance(column, tuple) else (column, {}) for column in columns]
    shown, room, rows = list(range(len(columns))), out().width, list(rows)
    least, most = map(list, zip(*(_widths(*columns[n], [str(row[n]) for row in rows]) for n in shown), strict=True))
    for n in sorted((n for n in shown if "optional" in columns[n][1]), key=lambda n: columns[n][1]["optional"]):
        if _total([least[n] for n in shown]) > room:
            shown.remove(n)
    if _total([least[n] for n in shown]) > room:
        least = [width if columns[n][1].get("justify") else 1 for n, width in enumerate(least)]
    while _total([most[n] for n in shown]) > room and (wide := [n for n in shown if most[n] > least[n]]):
        most[max(wide, key=most.__getitem__)] -= 1
    options = [{"width": most[n], "justify": columns[n][1].get("justify", "left")} for n in shown]
    result = table(*((columns[n][0], option) for n, option in zip(shown, options, strict=True)), title=title)
    for row in rows:
        result.add_row(*(row[n] for n in shown))
    return result


def _widths(heading, options, cells):
    """The width that a column needs at least, its heading broken between words, and the one at which nothing is broken."""
    kept = cells if options.get("no_wrap") else [word for cell in cells for word in cell.split()]
    return max(map(cell_len, ["", *heading.split(), *kept])), max(map(cell_len, [heading, *cells]))


def _total(widths):
    return sum(widths) + _GAP * (len(widths) - 1)


def print_markdown(text):
    """Markdown laid out on a terminal, as it is written in a pipe."""
    if not on_terminal():
        print(text.rstrip("\n"))
        return
    from rich.markdown import Markdown

    Console().print(Markdown(text))


@contextlib.contextmanager
def interruptible(kept):
    """Turn Ctrl-C into one line that says what was kept, and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        err().print(f"\nInterrupted. {kept}")
        raise typer.Exit(130) from None

"""`zoo report`: all claims on one page, to read in a browser."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import console, own
from zoo.cli.reproduce import OutOption


def add_commands(app):
    """Register the command."""
    app.command()(report)


def report(
    page: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Default: report.html in the results folder.", show_default=False)
    ] = None,
    out: OutOption = None,
):
    """Write every claim with its verdicts, figure and tables as one HTML page that needs no other file.

    Examples:

    $ zoo report
    $ zoo report claims.html
    """
    from zoo.reproductions.harness import write_report

    own.bring_in()
    console.out().print(f"wrote {write_report(page, out)}", soft_wrap=True)

"""`zoo report`: all claims, or some, on one page, to read in a browser."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import console, own
from zoo.cli.reproduce import ReadOption


def report(
    page: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Default: report.html in the results folder.", show_default=False)
    ] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="This claim alone, wildcards allowed. May be repeated.", show_default=False),
    ] = None,
    out: ReadOption = None,
):
    """Write every claim with its verdicts, figure and tables as one HTML page that needs no other file.

    Examples:

    $ zoo report
    $ zoo report claims.html
    $ zoo report --claim shallow_vs_deep --claim '*autoencoder' some.html
    """
    from zoo.reproductions.harness import write_report

    own.bring_in()
    console.out().print(f"wrote {write_report(page, out, claim or ())}", soft_wrap=True)


COMMANDS = (report,)

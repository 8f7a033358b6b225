"""`zoo data fetch`: make the array caches of data sets ready."""

import enum
from typing import Annotated

import typer

from zoo.cli.console import interruptible, out

app = typer.Typer(help="Fetch data sets.", no_args_is_help=True)


class Source(enum.StrEnum):
    """Where a data set may come from."""

    OFFICIAL = "official"
    MIRROR = "mirror"


@app.callback()
def _group():
    """Fetch data sets."""


@app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Data sets, as `zoo datasets` lists them.")],
    source: Annotated[
        Source | None, typer.Option("--from", help="Only this source. Default: the official one, else the mirror.")
    ] = None,
):
    """Download data sets, verify them and keep them as arrays, ready to load in milliseconds.

    A data set that is ready already costs nothing.

    Examples:

    $ zoo data fetch mnist fashion_mnist
    $ zoo data fetch mnist --from mirror
    """
    from zoo import datasets

    for name in names:
        datasets.describe(name)  # an unknown name must be refused before the first download
    with interruptible("Data sets that were ready stay ready; the same command goes on with the rest."):
        for name in names:
            path = datasets.fetch(name, source=source and source.value)
            out().print(f"{name}: ready in {path}")

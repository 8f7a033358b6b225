"""`zoo data fetch`: make the array caches of data sets ready."""

from typing import Annotated

import typer

from zoo.cli.console import fail, interruptible, out
from zoo.errors import CacheError, CorruptFile, DataUnavailable

app = typer.Typer(help="Fetch data sets.", no_args_is_help=True)


@app.callback()
def _group():
    """Fetch data sets."""


@app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Data sets, as `zoo datasets` lists them.")],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="SOURCE", help="Only this source. Default: the official one, else what else there is."),
    ] = None,
):
    """Download data sets, verify them and keep them as arrays, ready to load in milliseconds.

    A data set that is ready already is only verified. One that cannot be had is reported, the others are fetched all the
    same, and the command exits with 1.

    Examples:

    $ zoo data fetch mnist fashion_mnist
    $ zoo data fetch mnist --from mirror
    """
    from zoo import datasets

    for name in names:  # what can't be meant is refused before the first download
        sources = datasets.describe(name).sources
        if source and source not in sources:
            raise typer.BadParameter(f"{name} has no source {source!r}; it has {', '.join(sources)}.", param_hint="--from")
    with interruptible("Data sets that were ready stay ready; the same command goes on with the rest."):
        missing = [name for name in names if not _fetched(name, source)]
    if missing:
        raise typer.Exit(1)


def _fetched(name, source):
    from zoo import datasets

    try:
        path = datasets.fetch(name, source=source)
    except (CacheError, CorruptFile, DataUnavailable) as error:
        fail(error)
        return False
    out().print(f"{name}: ready in {path}")
    return True

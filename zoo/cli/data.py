"""`zoo data`: make the array caches of data sets ready, and carry them to another machine."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.console import fail, interruptible, out
from zoo.errors import CacheError, CorruptFile, DataUnavailable

app = typer.Typer(help="Fetch data sets, and carry them to another machine.", no_args_is_help=True)


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


@app.command()
def pack(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The .tar.xz file to write.", show_default=False)],
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Data sets, as `zoo datasets` lists them.")],
):
    """Write data sets to one file, for [bold]zoo data unpack[/] on a machine that reaches no source.

    Example:

    $ zoo data pack data.tar.xz mnist fashion_mnist
    """
    from zoo import datasets

    if str(file) in datasets.list_datasets():
        raise typer.BadParameter(f"{file} is a data set; the file to write comes first.", param_hint="FILE")
    with interruptible("The file was not written."):
        out().print(f"wrote {datasets.pack(file, names)}", soft_wrap=True)


@app.command()
def unpack(file: Annotated[Path, typer.Argument(metavar="FILE", help="What zoo data pack wrote.", show_default=False)]):
    """Fill the cache from a file that [bold]zoo data pack[/] wrote, verifying every array; this needs no network.

    Example:

    $ zoo data unpack data.tar.xz
    """
    from zoo import datasets

    with interruptible("The same command begins anew."):
        for name in datasets.unpack(file):
            out().print(f"{name}: ready in {datasets.cache.root() / name}", soft_wrap=True)


def _fetched(name, source):
    from zoo import datasets

    try:
        path = datasets.fetch(name, source=source)
    except (CacheError, CorruptFile, DataUnavailable) as error:
        fail(error)
        return False
    out().print(f"{name}: ready in {path}")
    return True

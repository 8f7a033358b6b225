"""`zoo data`: make the array caches of data sets ready, bring one's own in, and carry them to another machine."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.console import fail, interruptible, out
from zoo.errors import CacheError, CorruptFile, DataUnavailable

app = typer.Typer(help="Fetch data sets, add your own, carry them to another machine.", no_args_is_help=True)


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
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is to be called, my_ first, such as my_flowers.")],
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE_OR_FOLDER", help="An .npz of arrays, or a folder with a folder of images for each class."),
    ],
    size: Annotated[
        int | None,
        typer.Option(min=1, max=1000, metavar="N", help="Scale images to fit N by N pixels. Default: the size that all have."),
    ] = None,
    grey: Annotated[bool, typer.Option("--grey", help="Turn colours to grey.")] = False,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is, in a line.", show_default=False)] = None,
    licence: Annotated[str | None, typer.Option(metavar="TEXT", help="Under which licence.", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force", help="Take the place of another data set of that name.")] = False,
):
    """Keep a data set of your own, which all commands then know.

    An .npz has x_train, y_train, x_test, y_test (and x_val, y_val), as Keras's mnist.npz, or train_images, train_labels and so
    on, as MedMNIST, or x and y alone. A folder has a folder of PNG or JPEG files for each class, inside train, test and val
    where it has those. Splits that are not there are drawn, a sixth of each class.

    Examples:

    $ zoo data add my_flowers flowers/ --size 32
    $ zoo data add my_blood bloodmnist.npz --licence 'CC BY 4.0'
    $ zoo reproduce shallow_vs_deep_on_my_flowers
    """
    from zoo import datasets
    from zoo.data_files import read_examples
    from zoo.datasets.own import require_name

    require_name(name)  # before anything is read
    with interruptible(f"Whether it was added: zoo datasets {name}."):
        examples = read_examples(path, size, grey)
        added = datasets.add(name, **examples, title=title, licence=licence, source=str(path), force=force)
    out().print(f"{added!r}"[1:-1])
    out().print(f"{name}: ready in {datasets.cache.root() / name}", soft_wrap=True)


@app.command()
def remove(names: Annotated[list[str], typer.Argument(metavar="NAME", help="Data sets, as `zoo datasets` lists them.")]):
    """Take data sets out of the cache. One of your own is gone for good; the others can be fetched again.

    Example:

    $ zoo data remove my_flowers
    """
    from zoo import datasets

    for name in names:  # what can't be meant is refused before anything is gone
        datasets.require_known(name)
    for name in dict.fromkeys(names):
        out().print(f"{name}: removed from {datasets.remove(name)}", soft_wrap=True)


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
    out().print(f"{name}: ready in {path}", soft_wrap=True)
    return True

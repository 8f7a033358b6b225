"""`zoo results`: carry results to another machine, make tables, figures and the presets anew from what is there."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import console, own
from zoo.cli.reproduce import OutOption

app = typer.Typer(help="Export and import results, and rebuild tables.", no_args_is_help=True)


@app.command()
def export(
    source: Annotated[str, typer.Argument(metavar="CLAIM", help="A claim, or a results folder.", show_default=False)],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The tar file to write.", show_default=False)],
    out: OutOption = None,
):
    """Write what was computed here to one file, for [bold]zoo results import[/] on another machine.

    Examples:

    $ zoo results export shallow_vs_deep runs.tar
    $ zoo results export results all.tar
    """
    from zoo.reproductions.harness import export_results

    own.bring_in()
    console.out().print(f"wrote {export_results(file, out, source)}", soft_wrap=True)


@app.command("import")
def import_(
    folder: Annotated[
        Path, typer.Argument(metavar="FILE_OR_FOLDER", exists=True, help="A results folder, or a tar of one.", show_default=False)
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace other runs of the same claim and budget, or of a trial.")] = False,
    out: OutOption = None,
):
    """Take in results that were computed on another machine.

    Example:

    $ zoo results import /mnt/gpu-box/results
    $ zoo results import results.tar --out /tmp/try
    """
    from zoo.reproductions.harness import import_results

    own.bring_in()
    imported = import_results(folder, out, force, tell=console.out().print)
    for written in imported:
        console.out().print(f"imported {written}", soft_wrap=True)
    if not imported:
        on = "zoo reproduce goes on with them where device, versions, Python's too, and code are the same"
        console.out().print(f"imported the trials of a run that was cut off; {on}")


@app.command()
def rebuild(
    claim: Annotated[
        str | None, typer.Argument(metavar="CLAIM", help="Only this claim, or what is in this results folder. Default: all.")
    ] = None,
):
    """Make tables, figures and the scoreboard anew from the committed runs; nothing is trained.

    Examples:

    $ zoo results rebuild
    $ zoo results rebuild shallow_vs_deep
    """
    from zoo.reproductions.harness import rebuild as rebuild_results

    own.bring_in()
    for written in rebuild_results(claim, tell=console.out().print):
        console.out().print(f"rebuilt {written}", soft_wrap=True)


@app.command()
def presets(
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help="The reproduction that trained them.")] = "pretrained",
    folder: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write them.")] = Path("zoo/pretrained"),
):
    """Make the zoo's presets from the finished run of [bold]zoo reproduce CLAIM --budget full[/].

    Examples:

    $ zoo results presets
    $ zoo results presets pretrained_unlabelled --out zoo/pretrained
    """
    from zoo.reproductions.harness.presets import make_presets

    own.bring_in()
    made = make_presets(claim, folder)
    for written in made:
        console.out().print(f"wrote {written}", soft_wrap=True)
    if not made:
        console.out().print(f"The presets in {folder} are as the run of {claim} made them.", soft_wrap=True)

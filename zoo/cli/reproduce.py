"""`zoo reproduce`, `zoo recheck` and `zoo compare`: put a claim, or a line of it, to the test, and look at the outcome again."""

import enum
import functools
import itertools
import os
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import own
from zoo.cli.backend import Backend, TrainingBackend, use_backend
from zoo.cli.console import interruptible
from zoo.cli.tables import show, show_main, show_rechecked
from zoo.reproductions.harness.trial import BUDGETS

Claim = Annotated[str, typer.Argument(metavar="CLAIM", help="As `zoo claims` lists it.", show_default=False)]
Budget = enum.StrEnum("Budget", {budget.upper(): budget for budget in BUDGETS})  # how much to spend on a claim


class Format(enum.StrEnum):
    """How tables are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    LATEX = "latex"
    BIBTEX = "bibtex"


class Engine(enum.StrEnum):
    """Where trials run."""

    LOCAL = "local"
    RAY = "ray"


_WHERE = (
    "Results folder. Default: ZOO_RESULTS_DIR if that is set, else results/ of the checkout that the current folder is in, "
    "else results/ in the current folder."
)
_HOW_MUCH = (
    "smoke: seconds; quick: minutes on 2 cores; hour: ten minutes to 2.5 hours on them, if the claim has it; "
    "full: all there is, best on a GPU."
)
BudgetOption = Annotated[Budget, typer.Option(help=_HOW_MUCH)]
OutOption = Annotated[Path | None, typer.Option(metavar="DIR", file_okay=False, help=_WHERE, show_default=False)]
_ELSEWHERE = "Where neither --out nor ZOO_RESULTS_DIR is given, results/ of the checkout that zoo runs from comes last."
_TABLE = "The table is read from there, too, or, where that has none, as without this option."
RecheckOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", file_okay=False, help=f"Where the trials are kept. {_WHERE} {_TABLE}", show_default=False),
]
ReadOption = Annotated[Path | None, typer.Option(metavar="DIR", file_okay=False, help=f"{_WHERE} {_ELSEWHERE}", show_default=False)]


def reproduce(
    claim: Claim,
    budget: BudgetOption = Budget.QUICK,
    seeds: Annotated[
        int | None, typer.Option(min=1, max=10_000, metavar="N", help="Seeds per model. Default: what the budget says.")
    ] = None,
    out: OutOption = None,
    engine: Annotated[
        Engine, typer.Option(help="Here, or as Ray tasks, with a GPU each where the cluster has any; the extra cluster brings Ray.")
    ] = Engine.LOCAL,
    address: Annotated[
        str | None, typer.Option(metavar="A", help="The Ray cluster to join. Default: a new one on this machine.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Train again what is finished already.")] = False,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Run a model, model_dataset or model_dataset_setting alone, wildcards allowed, or several with commas between; "
            "the other lines stay, and their pictures.",
            show_default=False,
        ),
    ] = None,
    backend: TrainingBackend = Backend.JAX,
):
    """Train everything that a claim needs, compare with the published numbers, and say whether it held.

    Finished trials are kept: an interrupted run goes on where it stopped (presets and nets of shallow_vs_deep in the midst of
    their training), and a second run only shows the tables.

    Examples:

    $ zoo reproduce shallow_vs_deep
    $ zoo reproduce shallow_vs_deep --budget smoke --out /tmp/try
    $ zoo reproduce shallow_vs_deep --budget hour
    $ zoo reproduce shallow_vs_deep --budget full --engine ray --address auto
    $ zoo reproduce pretrained --budget full --seeds 10 --only kernel_machine
    $ zoo --import my_claim.py reproduce my_claim --out /tmp/mine
    """
    if address is not None and engine is not Engine.RAY:
        raise typer.BadParameter("only --engine ray joins a cluster.", param_hint="--address")
    from zoo.reproductions.harness import describe_claim, run_claim

    own.bring_in(functools.partial(use_backend, backend))
    describe_claim(claim)  # a mistyped name is refused before anything is loaded
    with interruptible(f"Finished trials are kept; the same command{' without --force' * force} goes on from there."):
        use_backend(backend)
        run_claim(claim, budget.value, seeds=seeds, out=out, engine=engine.value, address=address, force=force, only=only)
    show(claim, budget.value, out)


def recheck(
    claim: Claim,
    line: Annotated[
        str,
        typer.Argument(metavar="LINE", help="A model, model_dataset or line as `zoo claims CLAIM` lists them; wildcards, commas."),
    ],
    budget: Annotated[
        Budget | None,
        typer.Option(help="Whose table. Default: the cheapest there is: quick, else hour, else full.", show_default=False),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="How many new seeds.")] = 3,
    out: RecheckOption = None,
    backend: TrainingBackend = Backend.JAX,
):
    """Train a line of a claim's table anew, from new seeds, and say whether it comes out as the table says.

    No table changes; the trials are kept, so that the same command, given again, is done at once.

    Exit code 1 where a metric comes out otherwise. About one in twenty will, even where all is well: the intervals are of 95%.

    Examples:

    $ zoo recheck shallow_vs_deep linear_mnist_raw_pixels --budget hour
    $ zoo recheck unsupervised_pretraining '*_denoising_start_*' --seeds 5
    """
    from zoo.reproductions.harness import describe_claim, recheck_claim

    own.bring_in(functools.partial(use_backend, backend))
    describe_claim(claim)
    chosen = (budget or _first_there(claim, out, None)).value
    with interruptible("Finished trials are kept; the same command goes on from there."):
        use_backend(backend)
        found = recheck_claim(claim, line, chosen, seeds, out)
    if not show_rechecked(f"{claim}, {chosen} budget", found):
        raise typer.Exit(1)


def compare(
    claim: Annotated[
        str | None,
        typer.Argument(metavar="CLAIM", help="As `zoo claims` lists it; without, main checks of all.", show_default=False),
    ] = None,
    budget: Annotated[
        Budget | None, typer.Option(help="Which run. Default: the largest that has all its seeds and data, as on the front page.")
    ] = None,
    out: ReadOption = None,
    format: Annotated[
        Format,
        typer.Option(
            help="table: to read here; csv, json: for programs; latex: for papers, with booktabs; bibtex: whom the table cites."
        ),
    ] = Format.TABLE,
    verdicts: Annotated[bool, typer.Option("--verdicts", help="The checks alone; csv and latex have else the comparison.")] = False,
    main: Annotated[bool, typer.Option("--main", help="The checks alone that come closest to what is claimed.")] = False,
    metric: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Only these lines of the comparison, such as 'test*'.", show_default=False)
    ] = None,
):
    """Show the tables of a claim that was run before: ours beside the published numbers, and the verdicts.

    Examples:

    $ zoo compare
    $ zoo compare shallow_vs_deep
    $ zoo compare shallow_vs_deep --budget hour --main
    $ zoo compare shallow_vs_deep --budget hour --metric 'test error' --format latex > table.tex
    $ zoo compare shallow_vs_deep --budget hour --format bibtex > cited.bib
    """
    from zoo.reproductions.harness import describe_claim

    if metric is not None and (claim is None or verdicts or main):
        said = "it chooses lines of a claim's comparison, and checks alone are asked for."
        raise typer.BadParameter(said, param_hint="--metric")
    if format is Format.BIBTEX and (verdicts or main):
        raise typer.BadParameter("bibtex is of the comparison, not of checks alone.", param_hint="--format")
    if claim is None and budget is Budget.SMOKE:
        raise typer.BadParameter("smoke runs show that the code works; of one claim they are shown.", param_hint="--budget")
    own.bring_in()
    if claim is None:
        show_main(budget and budget.value, out, format.value)
        return
    describe_claim(claim)  # a mistyped name is refused before it is looked for
    show(claim, budget.value if budget else _on_the_front_page(claim, out), out, format.value, metric, verdicts, main)


def _first_there(claim, *outs):
    """The least budget with runs of a claim in the first results folder that has any, quick where none has."""
    from zoo.reproductions.harness.roots import roots_to_read

    roots = [root for out in outs for root in roots_to_read(out)]
    in_turn = itertools.product(roots, (Budget.QUICK, Budget.HOUR, Budget.FULL))
    return next((known for root, known in in_turn if os.path.exists(root / known / claim / "runs.csv")), Budget.QUICK)


def _on_the_front_page(claim, out):
    """The budget of a claim's main_folder in the first results folder that has any, quick where none has."""
    from zoo.reproductions.harness.outcomes import by_claim, main_folder
    from zoo.reproductions.harness.roots import roots_to_read

    found = (by_claim(root).get(claim) for root in roots_to_read(out))
    return next((main_folder(folders).parent.name for folders in found if folders), Budget.QUICK.value)


COMMANDS = (reproduce, recheck, compare)

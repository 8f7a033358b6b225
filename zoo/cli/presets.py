"""`zoo presets`, `zoo show`, `zoo evaluate`, `zoo train`: the pretrained models, and whether their cards are true."""

import functools
import json
import math
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import own
from zoo.cli.backend import Backend, TrainingBackend, use_backend, use_chosen_backend
from zoo.cli.console import err, fitted, interruptible, on_terminal, out, print_markdown
from zoo.errors import unknown_name

Preset = Annotated[str, typer.Argument(metavar="PRESET", help="A name that zoo presets lists, or a folder.", show_default=False)]


def presets(
    pattern: Annotated[str, typer.Argument(metavar="PATTERN", help="Shell wildcards, such as '*mnist'.", show_default=False)] = "*",
):
    """List the pretrained models.

    Examples:

    $ zoo presets
    $ zoo presets 'convnet*'
    """
    from zoo.presets import list_presets

    names = list_presets(pattern)
    if not names:
        raise unknown_name("preset", pattern, list_presets())
    number = {"justify": "right", "no_wrap": True}
    columns = [
        ("preset", {"no_wrap": True}),
        ("test error", number),
        "",
        ("parameters", number),
        ("MFLOP", number | {"optional": 1}),
        ("data set", {"no_wrap": True, "optional": 2}),
    ]
    out().print(fitted(columns, [_line(name) for name in names]))


def _line(name):
    """What the list of presets says of one, its error and the unit of it apart."""
    from zoo.presets import model_card
    from zoo.presets.card import metric
    from zoo.tasks import task_of_error

    card = model_card(name)
    model, error = card["model"], metric(card)
    value, _, unit = (task_of_error(error["name"]).show(error["value"]) if error else "").partition(" ")
    data = card.get("dataset", {}).get("name", "")
    return name, value, unit, f"{model['parameters']:,}", f"{model['flops_per_example'] / 1e6:.2f}", data


def show(
    preset: Preset,
    markdown: Annotated[bool, typer.Option("--markdown", help="The card as Markdown with its front matter.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The card as JSON.")] = False,
):
    """Show the card of a pretrained model: what it is, how it was trained and chosen, how well it does.

    Examples:

    $ zoo show convnet_mnist
    $ zoo show convnet_mnist --json
    """
    from zoo.presets import model_card
    from zoo.presets.markdown import card_markdown

    own.bring_in()
    card = model_card(preset)
    if as_json:
        print(json.dumps(card, indent=1))
        return
    text = card_markdown(card, preset)
    if markdown or not on_terminal():
        print(text, end="")
    else:
        print_markdown(text.split("---\n", 2)[2])


def evaluate(
    preset: Preset,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Another data set than the card's, with the same classes.", show_default=False),
    ] = None,
):
    """Compute a pretrained model's error on the real test examples again, and say whether its card is right.

    Every file of the preset is checked by its sha256 before, and its golden logits, the outputs
    for a few made-up inputs that are kept with it, must come out again.
    Exit code 1 where something does not agree.

    Examples:

    $ zoo evaluate convnet_mnist
    $ zoo evaluate convnet_mnist --dataset mnist_rot
    """
    from zoo.presets import evaluate_preset, model_card

    own.bring_in()
    model_card(preset)  # a mistyped name is refused before anything is loaded
    use_chosen_backend()
    found = evaluate_preset(preset, dataset)
    if found.dataset is None:
        where = "--dataset takes one of the zoo's, and Python one's own: model.compile and model.evaluate"
        out().print(f"{preset}: no error was computed, since its card names no data set of the zoo's with its classes; {where}.")
    else:
        _print_error(preset, found)
    if found.golden:
        out().print("All files are as they were written, and the golden logits come out again.")
    else:
        away = (
            f"they differ by {100 * found.golden_difference:.2g} % of the largest" if math.isfinite(found.golden_difference) else ""
        )
        err().print(f"The golden logits do not come out again: {away or 'not all of them are numbers'}.")
    if not found.golden or found.agrees is False:
        raise typer.Exit(1)


def _print_error(preset, found):
    """The error of an Evaluation on a data set, and whether the card says the same."""
    from zoo.presets import model_card
    from zoo.presets.card import metric

    show_error = found.task.show
    out().print(f"{preset}: test error {show_error(found.error)} on the {found.examples:,} test examples of {found.dataset}.")
    if found.kin:
        out().print(
            f"It learnt from {found.kin}, which shares examples with these: it has seen some of them, and the error flatters it."
        )
    if found.card_error is None:
        card = model_card(preset)
        other = card.get("dataset", {}).get("name") == found.dataset and metric(card, f"test_{found.task.error}")
        said = f"The card's error is on other arrays of {found.dataset}: not compared."
        out().print(said if other else "The card states no error on this data set.")
    elif found.agrees:
        out().print(f"The card says {show_error(found.card_error)}: it agrees.")
    else:
        err().print(f"The card says {show_error(found.card_error)}: it does not agree.")


def train(
    preset: Preset,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="How many new seeds.")] = 1,
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Save the best as a preset of its own.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a preset that is there.")] = False,
    backend: TrainingBackend = Backend.JAX,
):
    """Train a pretrained model again, from its card's recipe and new seeds, and say whether it comes out as the card says.

    Exit code 1 where it does not.

    Examples:

    $ zoo train linear_mnist --seeds 5
    $ zoo train mlp_mnist --out my_mlp
    """
    from zoo.presets import model_card, retrain_preset

    own.bring_in(functools.partial(use_backend, backend))
    model_card(preset)  # a mistyped name is refused before anything is loaded
    with interruptible("Nothing was saved."):
        use_backend(backend)
        found = retrain_preset(preset, seeds, folder, force=force)
    for seed, error in found.errors.items():
        out().print(f"seed {seed}: test error {found.task.show(error)}")
    if found.folder:
        out().print(f"saved {found.folder}", soft_wrap=True)
    what = "the mean of new seeds" if len(found.errors) > 1 else "a new seed"
    says = f"By the card {what} falls between {found.task.number(found.expected_low)} and {found.task.show(found.expected_high)}"
    if found.agrees:
        out().print(f"{says}: it does.")
    else:
        err().print(f"{says}: it does not.")
        raise typer.Exit(1)


COMMANDS = (presets, show, evaluate, train)

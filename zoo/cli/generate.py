"""`zoo generate`: text that a pretrained language model draws after a prompt."""

from typing import Annotated

import typer

from zoo.cli import own
from zoo.cli.backend import use_chosen_backend
from zoo.cli.presets import Preset


def generate(
    preset: Preset,
    prompt: Annotated[str, typer.Option(metavar="TEXT", help="What the text begins with.", show_default=False)],
    length: Annotated[int, typer.Option(min=1, metavar="N", help="How many characters to draw.")] = 200,
    temperature: Annotated[float, typer.Option(min=0, metavar="T", help="0: always the most probable one; higher: bolder.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, metavar="S", help="The same seed gives the same text.")] = 0,
):
    """Go on with a text, a character at a time, as a language model expects; prints the prompt and what was drawn.

    Examples:

    $ zoo generate lstm_shakespeare --prompt 'KING RICHARD:'
    $ zoo generate lstm_shakespeare --prompt 'To be' --length 500 --temperature 0.7 --seed 3
    """
    use_chosen_backend()
    own.bring_in()
    from zoo.generation import generate as drawn

    print(prompt + drawn(preset, prompt, length, temperature, seed))


COMMANDS = (generate,)

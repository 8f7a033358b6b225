"""`zoo forecast`: how a series of numbers goes on, as a pretrained model expects."""

import sys
from typing import Annotated

import typer

from zoo.cli import own
from zoo.cli.backend import use_chosen_backend
from zoo.cli.presets import Preset
from zoo.errors import InvalidInput


def forecast(
    preset: Preset,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Numbers in a text, or an .npy; - reads a text from standard input.", show_default=False
        ),
    ],
    steps: Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="How many values to forecast.")] = 1,
):
    """Print the next values of a series, one a line, from those so far, the latest last, in the units that the model learnt.

    After the first they are made from the model's own forecasts. A text has numbers with spaces, commas or new lines between.

    Examples:

    $ zoo forecast lstm_taylor_demand demand.txt
    $ zoo forecast lstm_taylor_demand demand.npy --steps 48
    """
    use_chosen_backend()
    own.bring_in()
    import numpy as np

    from zoo.data_files import read_series
    from zoo.forecasting import forecast as forecasted

    if file == "-" and sys.stdin is None:
        raise InvalidInput("Standard input is closed; pipe a series into it or name a file.")
    series = read_series(sys.stdin if file == "-" else file)
    for value in forecasted(preset, series, steps):
        print(np.format_float_positional(np.float32(value), trim="-"))  # all the digits that it has


COMMANDS = (forecast,)

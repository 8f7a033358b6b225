"""Where results lie: the folder that they are written to, and those in which they are looked for."""

import os
from pathlib import Path

from zoo.paths import is_checkout, path_named


def results_root(out=None):
    """The folder that results are written to, and looked for in first.

    That is `out`, env ZOO_RESULTS_DIR, results/ of the checkout that the current folder lies in, or ./results.

    Raises InvalidInput where what is named is no path.
    """
    chosen = out or os.environ.get("ZOO_RESULTS_DIR")
    if chosen:
        return path_named(chosen).absolute()
    here = Path.cwd()
    return next(filter(is_checkout, (here, *here.parents)), here) / "results"


def roots_to_read(out=None):
    """The folders in which results are looked for, the first of them that has them counts.

    They are results_root(out) and, where neither `out` nor ZOO_RESULTS_DIR names that, results/ of the checkout that this
    code lies in, if it lies in one; nothing is written there on that account. Raises InvalidInput, see results_root.
    """
    home = Path(__file__).resolve().parents[2]
    beside = [home / "results"] if is_checkout(home) and not (out or os.environ.get("ZOO_RESULTS_DIR")) else []
    return list(dict.fromkeys([results_root(out), *beside]))

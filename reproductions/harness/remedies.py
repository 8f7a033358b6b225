"""The commands that errors name as what to do, such that they act on the results folder in question."""

import os
import shlex

from zoo.paths import is_checkout
from zoo.reproductions.harness.claims import is_known
from zoo.reproductions.harness.roots import results_root, roots_to_read


def what_makes_some(root, budget=None):
    """What to do about a results folder that holds no results to show, at a budget or at all, and what smoke runs in it are good
    for, in words.
    """
    smoke = sorted(path.parent.name for path in (root / "smoke").glob("*/verdicts.csv"))
    out = "" if root == results_root() else f" --out {shlex.quote(str(root))}"
    if budget or not smoke:
        at = f" --budget {budget}" if budget else ""
        return f"zoo reproduce CLAIM{at}{out} makes some, zoo claims lists what there is."
    own = "" if is_known(smoke[0]) else "--import MODULE "
    return (
        f"there are only smoke runs, of {', '.join(smoke)}, which show that the code works and are not reported; "
        f"zoo {own}reproduce {smoke[0]} --budget quick{out} makes results."
    )


def or_from_the_repository(root):
    """Where else results may be, in words, that a results folder lacks.

    "" where a checkout was looked into, or a folder that somebody named.
    """
    named = os.environ.get("ZOO_RESULTS_DIR") or root != results_root()
    if named or any(is_checkout(looked_into.parent) for looked_into in roots_to_read()):
        return ""
    return " (deepzoo's own tables are in results/ of its repository, which comes with no package)"


def made_anew(folder):
    """The command that makes a folder's tables from its runs."""
    here = folder.parent.parent == results_root()
    return f"zoo results rebuild {folder.name if here else shlex.quote(str(folder))}"

"""What `zoo claims NAME` says of one claim: its text, its budgets and their results, how to run it, its lines' names."""

import contextlib
import re
import textwrap

from zoo.cli.console import fitted, out
from zoo.errors import CacheError, ResultsError, UnknownName


def trials_by_budget(claim):
    """{budget: trials} of a claim. Raises UnknownName, and InvalidInput where it is about a data set that does not suit."""
    from zoo.reproductions.harness import load_claim
    from zoo.reproductions.harness.claims import claim_budgets
    from zoo.reproductions.harness.trial import Budget, trials_of

    module = load_claim(claim)
    trials = {budget: trials_of(module, budget) for budget in claim_budgets(claim)}
    if not any(trials.values()):
        module.trials(Budget.named(claim_budgets(claim)[0]))  # which says why there are none, such as no data set of that name
    return trials


def print_claim(claim, trials):
    """Print what a claim's docstring says, what result and time to expect included, its budgets, the commands, its lines.

    trials: trials_by_budget of it.
    """
    from zoo.reproductions.harness import describe_claim, load_claim
    from zoo.reproductions.harness.claims import is_brought

    module, console = load_claim(claim), out()
    folders = {budget: _folder(claim, budget) for budget in trials}
    for paragraph in describe_claim(claim).strip().split("\n\n")[1:]:
        console.print("\n", "\n".join(_filled(paragraph, console.width)), sep="", soft_wrap=True)
    columns = [("budget", {"no_wrap": True}), ("seeds", {"justify": "right"}), "data sets", "results at hand"]
    rows = [(name, _seeds(found), ", ".join(_datasets(found)), _run(folders[name])) for name, found in trials.items()]
    console.print()
    console.print(fitted(columns, rows))
    console.print()
    absent = ", ".join(dataset for dataset in _datasets(sum(trials.values(), [])) if not _at_hand(dataset))
    console.print(f"Not at hand, zoo data fetch gets it or says how: {absent}" if absent else "Its data sets are at hand.")
    command = f"zoo {'--import MODULE ' * is_brought(module)}{{}} {claim} --budget {{}}"
    console.print(f"To run it: {command.format('reproduce', '|'.join(trials))}", soft_wrap=True)
    if there := [budget for budget, folder in folders.items() if folder]:
        console.print(f"To see what came out: {command.format('compare', '|'.join(there))}", soft_wrap=True)
    console.print()
    console.print(_lines(module, {budget: found for budget, found in trials.items() if budget != "smoke"}))


def _filled(paragraph, width):
    """The lines of a paragraph, or of a list with dashes, that fill a width."""
    for item in re.split(r"\n(?=- )", paragraph):
        hang = "  " if item.startswith("- ") else ""
        yield textwrap.fill(" ".join(item.split()), width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)


def _folder(name, budget):
    """The folder of a claim's results at a budget, None where there are none."""
    from zoo.reproductions.harness.folder import folder_to_read

    with contextlib.suppress(ResultsError):
        return folder_to_read(name, budget)


def _run(folder):
    """How long the run of a folder took, of what machine, and what it lacks."""
    from zoo.reproductions.harness.folder import read_environment
    from zoo.reproductions.harness.outcomes import lacks, machine_time

    if folder is None:
        return "none"
    try:
        took = machine_time(read_environment(folder))
    except ResultsError:
        return "damaged"
    return f"{took or 'yes'}{lacks(folder)}"


def _seeds(trials):
    """How many seeds the lines have, a range where they differ."""
    counts = {len(trial.seeds) for trial in trials} or {0}
    return f"{min(counts):,}" if len(counts) == 1 else f"{min(counts):,} to {max(counts):,}"


def _datasets(trials):
    return list(dict.fromkeys(trial.dataset for trial in trials))


def _at_hand(dataset):
    """Whether a data set needs no source; one that only somebody's own claim knows is not said to be missing."""
    from zoo.datasets import at_hand

    try:
        return at_hand(dataset)
    except UnknownName:
        return True
    except CacheError:
        return False


def _lines(module, trials):
    """A table, of {budget: trials}, of the names by which `zoo reproduce --only` takes lines, and the budgets of each."""
    from zoo.reproductions.harness.naming import lines

    budgets = {}
    for budget, found in trials.items():
        for name in lines(module, found):
            budgets.setdefault(name, []).append(budget)
    rows = [(name, ", ".join(having)) for name, having in budgets.items()]
    return fitted([("line, for --only and zoo recheck", {"no_wrap": True}), "budgets"], rows)

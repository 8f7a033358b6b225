"""Finds the reproductions: every module of the package that defines trials, judge and draw is one, named after its claim.

What else it may define, and where that is read:

- PROTOCOL: what a reader has to know to trust the table (markdown)
- PUBLISHED: which published number is held against which row (published)
- HEADLINES: its main checks, whose first stands on the front page (claim_headlines)
- PLACE: where it stands among the claims (claim_place)
- SEEDS: its own numbers of seeds by budget (trial.Budget)
- NAMES: those of presets that are not called after their rows (naming.preset_name)
- LOST: what a seed without a value did, if not "diverged" (tables)
- FIGURE_ONLY: the metrics that no table for readers shows (tables.figure_only)
- summarise(runs): statistics over seeds other than means, for the table (tables.compare_runs)
- notes(runs): what lines of the table are to be read with (tables.compare_runs)
- ladders(runs, trials): nets of one kind in several depths (depth)
- illustrate(files): pictures drawn from what the trials left beside their rows (figures.picture_pngs)
- on(dataset): what differs where the claim is put to the test on another data set than its own (_elsewhere)
"""

import ast
import functools
import importlib
import inspect
import math
import types
from pathlib import Path

from zoo.errors import InvalidInput, UnknownName, ZooError, unknown_name
from zoo.names import matching
from zoo.reproductions.harness.trial import budgets_of, usual_seeds

PARTS = ("trials", "judge", "draw")
SHARED = (*PARTS, "ladders", "SEEDS", "LOST", "summarise", "notes", "FIGURE_ONLY", "illustrate")  # with CLAIM_on_DATASET
ON = "_on_"
_outside = {}


def list_claims(pattern="*"):
    """Sorted names of the claims that match a shell pattern, None for all, those given to load_claim included.

    Imports none of them. Raises InvalidInput for a pattern that is no string.

    >>> "shallow_vs_deep" in list_claims("shallow*")
    True
    """
    return matching({*_ours(), *_outside}, pattern)


def describe_claim(name):
    """The docstring of a claim's module, whose first line is the claim in short. Raises UnknownName."""
    if module := _given(name):
        return inspect.getdoc(module) or claim_name(module)
    return ast.get_docstring(_tree(name)) or name


def claim_budgets(name):
    """The names of the budgets of a claim, from the least to the most. Raises UnknownName. One of deepzoo's is not imported."""
    return budgets_of(_constant(name, "SEEDS"))


def claim_headlines(name):
    """Names of checks, with shell wildcards, that say most directly what the claim's first line says; () where it has none.

    Chosen by what the claim says and not by what came out: a check that contradicts it is as good a headline. Raises
    UnknownName, InvalidInput. One of deepzoo's is not imported.
    """
    try:
        found = _constant(name, "HEADLINES") or ()
    except ValueError:  # of what literal_eval can't read
        found = None
    if not (isinstance(found, (tuple, list)) and all(isinstance(pattern, str) for pattern in found)):
        such = '("mlp beats linear",)'
        raise InvalidInput(f"{claim_name(name)}: write HEADLINES out as a tuple of names of checks, such as {such}.")
    return tuple(found)


def claim_place(name):
    """Where a claim stands among those of the front page: its PLACE, a number, or infinity. Raises UnknownName, InvalidInput.

    The claims of the review go from its main question to its examples; none is imported.
    """
    try:
        found = _constant(name, "PLACE")
    except ValueError:  # of what literal_eval can't read
        found = "what is no number"
    if not isinstance(found, (int, float, type(None))):
        raise InvalidInput(f"{claim_name(name)}: write PLACE out as a number, such as 3; got {found!r}.")
    return math.inf if found is None else found


def claim_facts(claim):
    """What a page of results says of a claim, a name or a module, as JSON: title, headlines, place or None, seeds by budget.

    Runs of somebody's own module keep it in their environment.json, for pages that are made where the module is not at hand.
    Raises UnknownName, InvalidInput.
    """
    title, place = " ".join(describe_claim(claim).split("\n\n")[0].split()), claim_place(claim)
    seeds = usual_seeds(_constant(claim, "SEEDS"))
    return {
        "title": title,
        "headlines": list(claim_headlines(claim)),
        "place": None if place == math.inf else place,
        "seeds": seeds,
    }


def load_claim(claim):
    """The module of a claim, by its name, or a module of one's own that defines trials, judge and draw.

    CLAIM_on_DATASET is such a module, too: a claim that has an `on`, put to the test on any data set that suits it. A module
    that is given is known by the last part of its name from then on. Raises UnknownName, and InvalidInput for one that
    lacks a part, that is called like one of deepzoo's, or whose name, as that of a notebook, names nothing.
    """
    if inspect.ismodule(claim):
        missing = [part for part in PARTS if not callable(getattr(claim, part, None))]
        if missing:
            raise InvalidInput(f"{claim.__name__} is no reproduction: it does not define {', '.join(missing)}.")
        if not is_own(claim) or isinstance(claim, _Elsewhere):
            return claim
        _check_name(claim_name(claim))
        _outside[claim_name(claim)] = claim
        return claim
    if module := _given(claim):
        return module
    if not _is_ours(claim):
        raise _unknown(claim)
    return importlib.import_module(f"zoo.reproductions.{claim}")


def claim_name(module):
    """The name under which a reproduction's results are kept; of a script that runs, that of its file. A name is its own."""
    if not inspect.ismodule(module):
        return module
    name = module.__name__.rpartition(".")[2]
    return Path(module.__file__).stem if name == "__main__" and getattr(module, "__file__", None) else name


def _check_name(name):
    if _is_ours(name) or _elsewhere(name):
        raise InvalidInput(f"{name} is one of deepzoo's claims, whose results yours would replace; call your module otherwise.")
    if name == "__main__" or not name.isidentifier():
        raise InvalidInput(f"A claim's results are kept under its module's name, and {name} is none; save it as a file of a name.")


def is_known(name):
    """Whether a claim is one of deepzoo's, or a module of one's own that was given in this process, or CLAIM_on_DATASET."""
    return _given(name) is not None or _is_ours(name)


def lacking_data(name):
    """Why the tables of CLAIM_on_DATASET can't be made anew whole, in words: its data set is not there; "" of any other claim."""
    from zoo.datasets import describe

    try:
        if isinstance(module := _given(name), _Elsewhere):
            describe(module.dataset)  # which raises where nobody has it
    except ZooError as error:
        return str(error)
    return ""


def is_own(module):
    """Whether a claim is none of the repository's: a module of somebody's own, or CLAIM_on_DATASET."""
    return not module.__name__.startswith("zoo.reproductions.")


def is_brought(module):
    """Whether a claim is a module of somebody's own, which a command knows by --import alone."""
    return is_own(module) and not isinstance(module, _Elsewhere)


def _constant(name, constant):
    """The value of a constant that a claim's module sets, None where it does not. Raises UnknownName."""
    if module := _given(name):
        return getattr(module, constant, None)
    assigned = [node for node in _tree(name).body if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value]
    found = [node.value for node in assigned if ast.unparse(getattr(node, "target", None) or node.targets[0]) == constant]
    return ast.literal_eval(found[0]) if found else None


def _given(claim):
    """The module of a claim, if it is one, or the name of one of somebody's own, or CLAIM_on_DATASET; None else."""
    if inspect.ismodule(claim):
        return claim
    if not isinstance(claim, str):
        return None
    return _outside.get(claim) or _elsewhere(claim)


class _Elsewhere(types.ModuleType):
    """The module of CLAIM_on_DATASET; dataset: that one's name."""

    def __init__(self, name, dataset):
        super().__init__(name)
        self.dataset = dataset


def _elsewhere(name):
    """The module of CLAIM_on_DATASET: what makes up that of the claim (SHARED), but for what its on(dataset) gives; None for
    a name that is none such. Whether there is the data set, its trials say.
    """
    base, _, dataset = name.partition(ON)
    if not dataset.isidentifier() or not _is_ours(base) or "on" not in _defined(_sources(base)[base]):
        return None
    home = importlib.import_module(f"zoo.reproductions.{base}")
    module = _Elsewhere(name, dataset)
    shared = {part: getattr(home, part) for part in SHARED if hasattr(home, part)}
    vars(module).update(shared | home.on(dataset), __file__=home.__file__)
    return module


def _tree(name):
    """The syntax tree of a reproduction's source. Raises UnknownName."""
    if not _is_ours(name):
        raise _unknown(name)
    return _parsed(_sources(name)[name])


def _unknown(name):
    own = "One of your own is a module, which Python takes in its place, and a command by zoo --import MODULE ..."
    return UnknownName(f"{unknown_name('claim', name, list_claims())} {own}")


def _is_ours(name):
    return isinstance(name, str) and name.isidentifier() and bool(_sources(name))


def _ours():
    """The names of deepzoo's claims."""
    return list(_sources())


def _sources(name="*"):
    """{name: source text} of the reproductions whose names match, found by reading alone."""
    found = {}
    for folder in importlib.import_module("zoo.reproductions").__path__:
        for path in Path(folder).glob(f"{name}.py"):
            text = path.read_text(encoding="utf-8")
            if _defined(text).issuperset(PARTS):
                found[path.stem] = text
    return found


@functools.lru_cache
def _parsed(text):
    """The syntax tree of a source text; nobody changes it."""
    return ast.parse(text)


@functools.lru_cache
def _defined(text):
    """The names of the functions that a source text defines."""
    return {node.name for node in _parsed(text).body if isinstance(node, ast.FunctionDef)}

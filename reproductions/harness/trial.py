"""The unit of work: a Trial is one (dataset, model, setting) with all its seeds; a Budget says how much is spent on it."""

import contextlib
import inspect
import json
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from zoo.errors import InvalidInput, UnknownName, ZooError, unknown_name

# From the least to the most that a run may cost. "hour" has no number of seeds: a claim that has it says so in its SEEDS.
BUDGETS = ("smoke", "quick", "hour", "full")
DEFAULT_SEEDS = {"smoke": 2, "quick": 3, "full": 20}
MOST_SEEDS = 10_000
_MISSING = object()
OWN_FILES = {"rows.json", "manifest.json", "losses.npz"}  # of a stored trial, see store


@dataclass(frozen=True)
class Budget:
    """How much a run may cost: its name and the seeds, the same for all models that are compared."""

    name: str
    seeds: tuple[int, ...]

    @classmethod
    def named(cls, name, seeds=None, defaults=None):
        """The budget "smoke" (seconds), "quick" (minutes on 2 cores), "hour" (there, if a claim has it) or "full" (all there is).

        seeds: None for the budget's own number, a number of seeds (0, 1, ...), or the seeds themselves.
        defaults: {name: number of seeds} of a claim, its SEEDS, where it takes others than most, or has an hour.
        Raises UnknownName for a budget that there is not, InvalidInput for no, negative, repeated or over 10,000 seeds.
        """
        if isinstance(name, cls):
            return name if seeds is None else cls.named(name.name, seeds, defaults)
        if name in BUDGETS and name not in budgets_of(defaults):
            raise UnknownName(f"This claim has no budget {name!r}; it has {', '.join(budgets_of(defaults))}.")
        if name not in BUDGETS:
            raise unknown_name("budget", name, budgets_of(defaults))
        seeds = usual_seeds(defaults)[name] if seeds is None else seeds
        with contextlib.suppress(TypeError):  # of what is no number; a mistyped one must not fill the memory
            seeds = range(min(operator.index(None if isinstance(seeds, bool) else seeds), MOST_SEEDS + 1))
        try:
            seeds = tuple(operator.index(seed) for seed in seeds)
        except TypeError:
            raise InvalidInput(f"seeds must be a number of seeds, or a list of integers; got {seeds!r:.80}.") from None
        if not seeds:
            raise InvalidInput("A run needs at least one seed; ask for 2 or more to get an interval.")
        if len(seeds) > MOST_SEEDS:
            raise InvalidInput(f"A run takes at most {MOST_SEEDS:,} seeds; ask for fewer.")
        if not 0 <= min(seeds) <= max(seeds) < 2**32 or len(set(seeds)) < len(seeds):
            raise InvalidInput(f"Seeds must be different integers in 0..2**32-1, not {list(seeds)}.")
        return cls(name, seeds)

    def choose(self, *, smoke, quick, full, hour=_MISSING):
        """The one of the values that belongs to this budget: epochs, a grid, a training-set size.

        Raises InvalidInput where a claim that has an hour forgot its value.
        """
        value = {"smoke": smoke, "quick": quick, "hour": hour, "full": full}[self.name]
        if value is _MISSING:
            raise InvalidInput("A claim that has a budget of an hour needs a value for it in each budget.choose: hour=...")
        return value


def usual_seeds(own=None):
    """{budget: number of seeds} of a claim with these SEEDS. Raises InvalidInput where they say none for budgets that there are."""
    own = {} if own is None else own
    counts = own.values() if isinstance(own, dict) else [None]
    if not all(isinstance(n, int) and n > 0 and n is not True for n in counts) or not {*own} <= {*BUDGETS}:
        such = 'SEEDS = {"quick": 5, "full": 20}'
        raise InvalidInput(f"SEEDS says how many seeds a budget ({', '.join(BUDGETS)}) has, such as {such}; got {own!r:.80}.")
    return DEFAULT_SEEDS | own


def budgets_of(defaults=None):
    """The names of the budgets of a claim with these SEEDS, from the least to the most. Raises as usual_seeds does."""
    return [name for name in BUDGETS if name in usual_seeds(defaults)]


def require_line(name, value, may_be_empty=False):
    """Raise InvalidInput where what names a line of the tables, called `name` in the error, is not one line of text."""
    fits = isinstance(value, str) and value.isprintable() and value == " ".join(value.split())
    if not fits or not (value or may_be_empty):
        raise InvalidInput(f"The {name} of a trial names a line of the tables: one line of text, not {value!r:.80}.")


@dataclass(frozen=True)
class WithFiles:
    """Rows of a trial, as Trial.run returns them, and files to be kept beside them in the store: {name: bytes}.

    They stay out of the results folder; a reproduction's illustrate(files) may draw pictures of them (see figures), if
    the trial says so (leaves). Raises InvalidInput for a name that is no file's, or one of the store's own, and for contents that
    are no bytes.
    """

    rows: object
    files: dict[str, bytes]

    def __post_init__(self):
        if not isinstance(self.files, dict):
            raise InvalidInput(f"A trial leaves files as {{name: bytes}}; got {self.files!r:.80}.")
        for name, content in self.files.items():
            plain = isinstance(name, str) and name.isprintable() and Path(name).name == name and name not in ("", ".", "..")
            if not plain or name.endswith(".tmp"):
                said = "one word, without a folder, that does not end in .tmp"
                raise InvalidInput(f"{name!r:.80} is no name of a file that a trial can leave: {said}.")
            if not isinstance(content, (bytes, bytearray, memoryview)):
                raise InvalidInput(f"A trial leaves {name} as bytes, not as {type(content).__name__}; pickle or encode it.")
        if taken := {*self.files} & OWN_FILES:
            raise InvalidInput(f"A trial can't leave a file called {taken.pop()}: that is one of the store's own.")


@dataclass(frozen=True)
class Trial:
    """One model in one setting on one data set, trained from every seed.

    run: a module-level function (trial, report) -> rows, one per seed and metric, as a list of dicts or a DataFrame:
        seed, metric, value (NaN where the seed diverged) and, where they mean something, n_train, n_test, parameters,
        updates (steps taken), seconds (of training, without compilation); backend and precision where they are not
        the process's own: "scikit-learn" then stands for the processor; losses, where the value is a mean over test
        examples, drawn one by one or in turn: what each costs, so that checks can tell what others would do (see losses).
        report.progress(done, total) shows how far it is.
        A run that leaves more than rows, such as weights, returns WithFiles.
    recipe: whatever else decides the outcome, as JSON; it is part of the key under which the trial is stored.
    cost: how long it takes beside the other trials of its claim; only the estimate of the time left uses it.
    optional: left out of a run, which says so, where the data set is not at hand (zoo.datasets.at_hand); of optional trials
        of one model and setting on several data sets one is enough.
    needs: a package that the trial imports and deepzoo does without; left out, which is said, where it is not installed.
    leaves: whether run leaves files of which the claim's illustrate draws pictures.
    again: kept apart from the same trial without this, as a second opinion on it (see recheck).
    traced: the first so many seeds may have metrics of their own, such as whole curves, too many to keep for every seed.
    """

    dataset: str
    model: str
    setting: str
    seeds: tuple[int, ...]
    run: Callable
    recipe: dict = field(default_factory=dict)
    cost: float = 1.0
    optional: bool = False
    traced: int = 0
    needs: str | None = None
    leaves: bool = False
    again: bool = False

    def __post_init__(self):
        object.__setattr__(self, "seeds", tuple(self.seeds))
        for name, value in (("dataset", self.dataset), ("model", self.model), ("setting", self.setting)):
            require_line(name, value, may_be_empty=name == "setting")
        if not self.seeds:
            raise InvalidInput(f"{self} has no seeds; a trial needs at least one.")
        if not inspect.isfunction(self.run) or self.run.__name__ != self.run.__qualname__ or self.run.__name__ == "<lambda>":
            raise InvalidInput(f"{self}: run must be a function at the top of a module, so that its source is known.")
        try:
            json.dumps(self.recipe, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"{self}: the recipe must be plain JSON ({error}).") from None

    @property
    def row(self):
        """(dataset, model, setting): what names the trial's line in the tables."""
        return self.dataset, self.model, self.setting

    def __str__(self):
        return f"{self.dataset} {self.model} ({self.setting})"


def trials_of(module, budget):
    """The trials of a reproduction at a budget, which is named; [] for one that the reproduction no longer has."""
    try:
        return list(module.trials(Budget.named(budget, None, getattr(module, "SEEDS", None))))
    except ZooError:
        return []


def absent_from(rows, trials):
    """Those of a claim's trials that are not among rows (dataset, model, setting), as their data or package was not at hand.

    Not one that another optional trial of its model and setting, on other data, stands in for: of those that have a choice.
    """
    there = {trial.row[1:] for trial in trials if trial.optional and trial.row in rows}
    return [trial for trial in trials if trial.row not in rows and not (trial.optional and trial.row[1:] in there)]

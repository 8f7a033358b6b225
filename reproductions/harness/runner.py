"""Runs a claim: computes the trials that the store does not hold yet, then writes tables, verdicts and figure."""

import contextlib
import importlib.util
import itertools
import shutil
import time
import traceback
from collections import deque

from zoo.datasets import at_hand
from zoo.environment import commit
from zoo.errors import CorruptFile, InvalidInput, ResultsError, TrialsFailed, ZooError
from zoo.reproductions.harness.claims import claim_facts, claim_name, is_own, load_claim
from zoo.reproductions.harness.engines import open_engine
from zoo.reproductions.harness.figures import picture_pngs
from zoo.reproductions.harness.fingerprint import dataset_fingerprint, trial_key
from zoo.reproductions.harness.folder import seconds_taken
from zoo.reproductions.harness.kept import BESIDE, code_of, kept
from zoo.reproductions.harness.losses import losses_of, together
from zoo.reproductions.harness.making import write_results
from zoo.reproductions.harness.naming import chosen
from zoo.reproductions.harness.outcomes import unmet_headlines
from zoo.reproductions.harness.progress import Progression
from zoo.reproductions.harness.published import check_published
from zoo.reproductions.harness.roots import results_root
from zoo.reproductions.harness.runs import complete_rows
from zoo.reproductions.harness.scoreboard import require_own_page, write_scoreboard
from zoo.reproductions.harness.store import Entry, Store, make_folder, require_writable, write_atomically
from zoo.reproductions.harness.trial import Budget, WithFiles, absent_from
from zoo.training.backup import OtherCall, seconds_in

POLL_SECONDS = 0.2
SHOWN = 3  # trials, or errors, that a summary of failures names
_WITHOUT = " without --force"  # which trains all anew


def run_claim(claim, budget="quick", seeds=None, out=None, engine="local", address=None, force=False, console=None, only=None):
    """Train what a claim needs and write its results; returns the folder <results>/<budget>/<claim> (a Path).

    claim: its name, or a module that defines trials, judge and draw. budget: "smoke", "quick", "hour" or "full".
    seeds: a number of seeds, or the seeds, instead of the budget's own. out: the results folder, see results_root; trials that
    are stored there are read, not computed, unless force. engine: "local", or "ray" with the address of a cluster. console: a
    rich Console that shows progress; None: standard error.

    only: run some lines alone, named by a model, model_dataset or model_dataset_setting (lower case, underscores), with shell
    wildcards; several with commas between, or in a list. The other lines stay as the folder has them, and so do its pictures,
    unless what is run leaves files for them (see Trial.leaves): then all trials that do have to be run.

    Raises UnknownName, InvalidInput, TrialsFailed. Raises ResultsError before any training for a folder that takes no results
    and, with only, for runs of other recipes, seeds, devices or versions; after training where another run wrote such runs
    meanwhile.
    """
    module = load_claim(claim)
    claim_facts(claim_name(module))  # refused, if at all, before any training
    check_published(claim_name(module), getattr(module, "PUBLISHED", {}))
    budget = Budget.named(budget, seeds, getattr(module, "SEEDS", None))
    root = results_root(out)
    folder = root / budget.name / claim_name(module)
    trials = _distinct(module, budget)
    to_run, left_out = _at_hand(chosen(module, trials, only))
    require_own_page(root)
    require_writable(root / ".trials")
    require_writable(folder)
    others = [trial for trial in trials if trial not in to_run and (only or trial not in left_out)]
    with contextlib.closing(open_engine(engine, address)) as works:
        environment = works.environment()
        _, pictures = kept(others, folder, environment)  # refused, if at all, before any training
        if pictures is not None and any(trial.leaves for trial in to_run):
            said = "; ".join(_lacking(trial) for trial in left_out if trial.leaves)
            raise InvalidInput(f"{claim_name(module)} draws pictures of what several trials leave, of which some can't run: {said}")
        with Progression(to_run, console, seconds_taken(folder)) as shown:
            for trial in left_out:
                shown.say(
                    f"{trial} {'can not be run, and stays as it was, if it was' if only else 'is left out'}: {_lacking(trial)}"
                )
            run = _Run(Store(root), works, environment, shown, force)
            finished = run.finish({trial_key(trial, environment): trial for trial in to_run})
    left = _left(module, to_run, finished)
    with Store(root).lock(f"{budget.name}-{claim_name(module)}", wait=True):
        entries, pictures = _kept_meanwhile(others, folder, environment, force)
        if pictures is None:
            pictures = picture_pngs(module, left)
        entries |= {trial.row: entry for trial, entry in zip(to_run, finished, strict=True)}
        _tabulate(module, budget, folder, trials, entries, pictures)
    with Store(root).lock("scoreboard", wait=True):
        write_scoreboard(root)
    whole = is_own(module) and budget.name != "smoke" and not (left_out or only)
    for name in unmet_headlines(folder) if whole else ():
        shown.say(f"HEADLINES has {name!r}, which fits none of the checks that judge made, so that no page shows it.")
    return folder


def _kept_meanwhile(others, folder, environment, force):
    """What is kept of the other trials as their lines are now, after training: another run may have finished meanwhile."""
    try:
        return kept(others, folder, environment)
    except ResultsError as error:
        said = f"That was written meanwhile; what was trained now is stored, no run{_WITHOUT * force} will train it again."
        raise ResultsError(f"{error} {said}") from None


def _tabulate(module, budget, folder, trials, entries, pictures):
    """Write a claim's folder from the entries ({row: Entry}) of its trials, in the order of these; some may be left out."""
    absent = [trial.row for trial in absent_from(entries, trials)]
    entries = [entries[trial.row] for trial in trials if trial.row in entries]
    rows = [row for entry in entries for row in entry.rows]
    losses = together(entry.losses for entry in entries)
    write_results(folder, module, rows, _provenance(budget, entries, absent), pictures, losses)


def run_trials(trials, root, console=None, seconds=None):
    """The Entry of each of some trials: computed here or read from a results folder's store. No table changes.

    Raises InvalidInput where data or a package is not at hand, ResultsError for a folder that takes no results, TrialsFailed.
    """
    for trial in trials:
        if lacking := _lacking(trial):
            raise InvalidInput(f"{trial} can't run here: {lacking}")
    require_writable(root / ".trials")
    with contextlib.closing(open_engine("local", None)) as works, Progression(trials, console, seconds) as shown:
        environment = works.environment()
        run = _Run(Store(root), works, environment, shown, force=False)
        return run.finish({trial_key(trial, environment): trial for trial in trials})


class _Run:
    """One pass over the trials of a claim, next to others that may work in the same folder."""

    def __init__(self, store, engine, environment, shown, force):
        self.store, self.engine, self.environment, self.shown, self.force = store, engine, environment, shown, force
        self.commit = commit()
        self.entries, self.failures, self.running = {}, {}, {}
        self.behind = {}  # seconds that a run which was cut off had put into a trial
        self.waiting = False

    def finish(self, trials):
        """The entries of all trials ({key: Trial}), in their order, computed or read."""
        queue = deque(trials.items())
        if self.force:
            self._forget(trials)
        try:
            while queue or self.running:
                # Trials that another run has in hand go to the back of the queue; by then they may be there to be read.
                for key, trial in list(queue):
                    if len(self.running) == self.engine.slots:
                        break
                    queue.rotate(-1)
                    if self._begin(key, trial):
                        queue.pop()
                if self.running:
                    self._collect()
                elif queue:
                    self._wait(queue)
        finally:
            for _, _, lock in self.running.values():
                lock.close()
        if self.failures:
            raise self._failed(trials)
        return [self.entries[key] for key in trials]

    def _forget(self, keys):
        """Give up what is stored of trials, so that a run which goes on after an interruption trains the rest, too."""
        for key in keys:
            with self.store.lock(key) as got:
                if got:  # else another run has it in hand
                    self.store.forget(key)
                    shutil.rmtree(self._unfinished(key), ignore_errors=True)

    def _begin(self, key, trial):
        """Read a trial or start it; False if another run is computing it."""
        with contextlib.ExitStack() as lock:
            if not lock.enter_context(self.store.lock(key)):
                return False
            stored = None if self.force else self._stored(key)
            if stored:
                self.entries[key] = stored
                self.shown.finished(trial, "read from the store", computed=False)
            else:
                self._start(key, trial, lock.pop_all())
        return True

    def _start(self, key, trial, lock):
        self.shown.started(trial)
        handle = self.engine.start(trial, self.shown.report(trial, self._backup(key, trial)))
        self.running[handle] = key, trial, lock

    def _backup(self, key, trial):
        """The folder where a trial may keep what it has come to; None where it is computed elsewhere."""
        if not self.engine.here:
            return None
        folder = self._unfinished(key)
        if self.force:
            shutil.rmtree(folder, ignore_errors=True)
        try:
            self.behind[key] = seconds_in(folder)
        except ZooError as error:
            self.shown.say(f"{error} {trial} begins anew.")
            shutil.rmtree(folder, ignore_errors=True)
            self.behind[key] = 0.0
        if self.behind[key]:
            self.shown.say(f"{trial} goes on where a run that was cut off left it, after {self.behind[key]:.0f} s of training.")
        return folder

    def _unfinished(self, key):
        from zoo.training.groups import processor_cores  # by which members are dealt out; a container's quota may change

        return self.store.backup(key, processor_cores())

    def _wait(self, queue):
        """Let another run go on with what it has in hand; say so once."""
        if not self.waiting:
            self.shown.say(f"Another run is computing {' and '.join(str(trial) for _, trial in queue)}; waiting for it.")
        self.waiting = True
        time.sleep(POLL_SECONDS)

    def _stored(self, key):
        """The entry of a key, None where it must be computed: there is none, or its table could not hold it."""
        try:
            entry = self.store.load(key)
        except CorruptFile as error:
            self.shown.say(f"{error} It is computed again.")
            return None
        if entry is None or entry.manifest["environment"]["processor"] == self.environment["processor"]:
            return entry
        # Rows of scikit-learn and NumPy name the processor, which no key holds: the same GPU may be in another host.
        return entry if all(row["backend"] == self.environment["backend"] for row in entry.rows) else None

    def _collect(self):
        """Store the next outcome and free its trial; only a folder that takes no more ends the run."""
        handle, outcome = self.engine.wait(list(self.running))
        key, trial, lock = self.running.pop(handle)
        if isinstance(outcome.error, OtherCall) and self.behind.get(key):
            self.shown.say(f"{outcome.error} {trial} begins anew.")
            shutil.rmtree(self._unfinished(key), ignore_errors=True)
            self._start(key, trial, lock)
            return
        with lock:
            rows, error = None, outcome.error
            if error is None:
                returned = outcome.returned if isinstance(outcome.returned, WithFiles) else WithFiles(outcome.returned, {})
                try:
                    rows = complete_rows(trial, returned.rows, self.environment, self.commit)
                    losses = losses_of(trial, returned.rows)
                except InvalidInput as caught:
                    error = caught
            if error is None:
                self.entries[key] = Entry(rows, self._manifest(key, trial, outcome), returned.files, losses)
                self.store.save(key, self.entries[key])
                self._failure(key).unlink(missing_ok=True)
                shutil.rmtree(self._unfinished(key), ignore_errors=True)
                self.shown.finished(trial, f"{outcome.wall_seconds:.1f} s")
            else:
                self._fail(key, trial, error)

    def _manifest(self, key, trial, outcome):
        names, code = ("dataset", "model", "setting", "recipe"), code_of(trial)
        return (
            {name: getattr(trial, name) for name in names}
            | ({"code": code} if code else {})
            | {
                "data": dataset_fingerprint(trial.dataset),
                "seeds": list(trial.seeds),
                "wall_seconds": round(outcome.wall_seconds + self.behind.get(key, 0), 3),
                "environment": self.environment,
                "commit": self.commit,
            }
        )

    def _fail(self, key, trial, error):
        self.failures[key] = error
        text = "".join(traceback.format_exception(error))
        make_folder(self._failure(key).parent)
        write_atomically(self._failure(key), text.encode())
        self.shown.finished(trial, f"FAILED, {_in_short(error)}")

    def _failure(self, key):
        return self.store.folder / "failures" / f"{key}.txt"

    def _failed(self, trials):
        alike = {}
        for key, error in self.failures.items():
            alike.setdefault(_in_short(error), []).append(str(trials[key]))
        named = "; ".join(f"{_some(failed)}: {why}" for why, failed in itertools.islice(alike.items(), SHOWN))
        named += f"; and {len(alike) - SHOWN} other errors" * (len(alike) > SHOWN)
        stored = f"The others are stored and will not be computed again{_WITHOUT * self.force}; tracebacks lie"
        stored = stored if len(self.failures) < len(trials) else "Tracebacks lie"
        return TrialsFailed(
            f"{len(self.failures)} of {len(trials)} trials failed, so no table was written ({named}). {stored} in "
            f"{self.store.folder / 'failures'}."
        )


def _some(trials):
    """A few of some trials by name, and how many more there are."""
    return ", ".join(trials[:SHOWN]) + f" and {len(trials) - SHOWN} more" * (len(trials) > SHOWN)


def _in_short(error):
    """An exception in one line, in full if it is ours and says what to do; its traceback is kept in full."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0] if isinstance(error, ZooError) else lines[0][:200]}"


def _distinct(module, budget):
    """The trials of a claim; no two may have the same row in the tables."""
    trials = list(module.trials(budget))
    rows = [trial.row for trial in trials]
    twice = [trial for trial in trials if rows.count(trial.row) > 1]
    if not trials or twice:
        what = f"two trials for {twice[0]}" if twice else "no trials"
        raise InvalidInput(f"{claim_name(module)} has {what} at the budget {budget.name}.")
    return trials


def _at_hand(trials):
    """(trials to run, optional trials without their data). Raises InvalidInput if nothing is left to run."""
    left_out = [trial for trial in trials if _lacking(trial)]
    if len(left_out) == len(trials):
        raise InvalidInput(f"None of this claim can run here: {_lacking(trials[0])}")
    return [trial for trial in trials if trial not in left_out], left_out


def _lacking(trial):
    """Why a trial that may be left out has to be, and what to do; None where it can run."""
    if trial.needs and importlib.util.find_spec(trial.needs) is None:
        return f"it needs {trial.needs}, which is not installed. `pip install {trial.needs}` does that."
    if trial.optional and not at_hand(trial.dataset):
        return f"{trial.dataset} is not at hand. `zoo data fetch {trial.dataset}` gets it or says how."
    return None


def _left(module, trials, entries):
    """{(dataset, model, setting): {name: bytes}} of the files that the trials left.

    Raises InvalidInput where one left some without having said so: kept by a run with `only`, it would be missing in a picture.
    """
    for trial, entry in zip(trials, entries, strict=True):
        if entry.files and not trial.leaves and hasattr(module, "illustrate"):
            raise InvalidInput(f"{trial} left files for a picture; say so with Trial(..., leaves=True), then run again.")
    return {trial.row: entry.files for trial, entry in zip(trials, entries, strict=True)}


def _provenance(budget, entries, absent):
    """environment.json: where the trials were computed, but for what they differ in, and the recipe and cost of each; the rows
    that were left out, if any.
    """
    shared = ("dataset", "data", "model", "setting", "recipe", "code", "seeds", "wall_seconds", "commit")
    first, *others = [entry.manifest["environment"] for entry in entries]
    differing = {name for name in BESIDE if any(other.get(name) != first.get(name) for other in others)}
    return (
        {name: value for name, value in first.items() if name not in differing}
        | {
            "budget": budget.name,
            "wall_seconds": round(sum(entry.manifest["wall_seconds"] for entry in entries), 3),
            "trials": [{name: entry.manifest[name] for name in shared if name in entry.manifest} for entry in entries],
        }
        | ({"left_out": absent} if absent else {})
    )

"""How far a run is and how long it still takes: a bar in a terminal, one line per trial anywhere else."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn


class Report:
    """What a trial's run may tell while it works. backup: None, or a folder where it may keep what an interruption would cost
    (see Population.fit), which nobody else does.
    """

    def __init__(self, tell=None, backup=None):
        self._tell, self.backup = tell, backup

    def progress(self, done, total):
        """Say that `done` of `total` steps, epochs or whatever the trial counts in are finished."""
        if self._tell and total:
            self._tell(min(done / total, 1.0))


class Progression:
    """Shows the trials of a run as they finish; use it as a context.

    The time left is what the work done so far took, scaled by the trials' costs; seconds: {(dataset, model, setting): number},
    what trials took in an earlier run, is a better guess of these.
    """

    def __init__(self, trials, console=None, seconds=None):
        self._console = console or Console(stderr=True)
        self._left = _costs(trials, seconds or {})
        self._total, self._number = sum(self._left.values()), len(trials)
        self._done = self._computed = 0
        self._began = None
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}% {task.fields[left]}"))
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal)

    def __enter__(self):
        self._bar.start()
        self._task = self._bar.add_task("trials", total=self._total, left="")
        return self

    def __exit__(self, *_):
        self._bar.stop()

    def report(self, trial, backup=None):
        """A Report through which a running trial moves the bar."""
        return Report(lambda fraction: self._move(trial, fraction), backup)

    def started(self, trial):
        """A trial begins."""
        self._began = self._began or time.monotonic()
        self._bar.update(self._task, description=f"[{self._done + 1}/{self._number}] {trial}")

    def finished(self, trial, what, computed=True):
        """A trial ended; what: how, in a few words. Trials that were only read don't count for the time left."""
        self._done += 1
        cost = self._left.pop(id(trial))
        self._computed += cost if computed else 0
        left = f", {self._time_left()}" if self._left and self._computed else ""
        self.say(f"[{self._done}/{self._number}] {trial}: {what}{'' if self._bar.live.is_started else left}")
        self._move(None, 0)

    def say(self, text):
        """Print a line above the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _move(self, trial, fraction):
        inside = self._left.get(id(trial), 0) * fraction
        done = self._total - sum(self._left.values()) + inside
        self._bar.update(self._task, completed=done, left=self._time_left(inside))

    def _time_left(self, inside=0):
        worked = self._computed + inside
        if not worked:
            return ""
        seconds = (time.monotonic() - self._began) * (sum(self._left.values()) - inside) / worked
        return f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"


def _costs(trials, seconds):
    """{id(trial): cost}: seconds where they are known, else the trial's own cost in the unit that these suggest."""
    known = [trial for trial in trials if seconds.get(trial.row, 0) > 0]
    unit = sum(seconds[trial.row] for trial in known) / sum(trial.cost for trial in known) if known else 1.0
    return {id(trial): seconds[trial.row] if trial in known else unit * trial.cost for trial in trials}

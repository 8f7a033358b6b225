"""One line that says how far a population's training is and how long it will take."""

import sys
import threading
import time

from zoo.errors import InvalidInput


class Progress:
    """The epoch of `epochs` that `members` are in, shown on a terminal at most once a second; silent when stderr is none.

    One is over when as many epochs are done as there are members, in whatever order they train.
    verbose: "auto" shows on a terminal only, True always (a line each), False never; else InvalidInput.
    """

    def __init__(self, epochs, members, what, verbose="auto"):
        if verbose not in ("auto", True, False, None, 2):
            raise InvalidInput(f"verbose must be 'auto', True or False; got {verbose!r}.")
        self.epochs, self.members, self.what, self.done, self.behind = epochs, members, what, 0, 0
        there = sys.stderr is not None and not getattr(sys.stderr, "closed", False)
        self.terminal = there and sys.stderr.isatty()
        self.shown = self.terminal if verbose == "auto" else there and bool(verbose)
        self.started = self.last = time.perf_counter()
        self.width, self._lock = 0, threading.Lock()

    def advance(self, epochs=1, note=""):
        """Count `epochs` of a member more, from any thread; `note` stands behind the estimate of the time left."""
        with self._lock:
            self._advance(epochs, note)

    def resume(self, epochs):
        """Count `epochs` of a member that an earlier call trained: they say nothing of the time that others take."""
        with self._lock:
            self.done, self.behind = self.done + epochs, self.behind + epochs

    def _advance(self, epochs, note):
        self.done += epochs
        now, total = time.perf_counter(), self.epochs * self.members
        if not self.shown or (now - self.last < 1 and self.done < total):
            return
        self.last = now
        left = (now - self.started) / max(1, self.done - self.behind) * (total - self.done)
        epoch, share = -(-self.done // self.members), 100 * self.done // total
        line = f"{self.what}: epoch {epoch}/{self.epochs}, {share} %, {left:.0f} s left  {note}"
        self.width = max(self.width, len(line))
        print(line.ljust(self.width), end="\r" if self.terminal else "\n", file=sys.stderr, flush=True)

    def restart(self):
        """Begin to count anew, the clock too."""
        self.done, self.behind, self.started = 0, 0, time.perf_counter()

    def close(self):
        """Clear the line."""
        if self.shown and self.terminal:
            print(" " * self.width, end="\r", file=sys.stderr, flush=True)

"""One line that says how far a population's training is and how long it will take."""

import sys
import threading
import time


class Progress:
    """Epochs done of `total`, shown on a terminal at most once a second; silent when stderr is none.

    verbose: "auto" shows on a terminal only, True always (a line each), False never.
    """

    def __init__(self, total, what, verbose="auto"):
        self.total, self.what, self.done = total, what, 0
        self.terminal = sys.stderr.isatty()
        self.shown = self.terminal if verbose == "auto" else bool(verbose)
        self.started = self.last = time.perf_counter()
        self.width, self._lock = 0, threading.Lock()

    def advance(self, epochs=1, note=""):
        """Count `epochs` more, from any thread; `note` stands behind the estimate of the time left."""
        with self._lock:
            self._advance(epochs, note)

    def _advance(self, epochs, note):
        self.done += epochs
        now = time.perf_counter()
        if not self.shown or (now - self.last < 1 and self.done < self.total):
            return
        self.last = now
        left = (now - self.started) / self.done * (self.total - self.done)
        line = f"{self.what}: epoch {self.done}/{self.total}, {left:.0f} s left  {note}"
        self.width = max(self.width, len(line))
        print(line.ljust(self.width), end="\r" if self.terminal else "\n", file=sys.stderr, flush=True)

    def restart(self):
        """Begin to count anew, the clock too."""
        self.done, self.started = 0, time.perf_counter()

    def close(self):
        """Clear the line."""
        if self.shown and self.terminal:
            print(" " * self.width, end="\r", file=sys.stderr, flush=True)

"""What a call of `fit` has learnt so far, kept in a folder, so that the same call goes on from there after an interruption.

As keras.callbacks.BackupAndRestore does for one model: here a file for each group of members that train together, written
between two launches, and all taken away when the call has come to its end.
"""

import contextlib
import json
import os
import re
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.errors import InvalidInput, ResultsError, ZooError
from zoo.paths import path_named
from zoo.training.architecture import without_tensorflow
from zoo.training.array_file import digest, listed, numbered, read, write

FORMAT = "deepzoo backup 1"
EVERY = 60.0  # seconds of training between two writings of a group, at least
SHARE = 20  # and so many times what the last writing took
STATE, BEST, SCORE = ("trainable", "non_trainable", "optimizer"), ("trainable", "non_trainable"), ("value", "epoch")
NAME = re.compile(r"members-(\d+)-(\d+)\.npz")


class Kept(NamedTuple):
    """A group of members on its way.

    done: epochs that are behind it. state: lists of arrays (k, *shape) by STATE, as the optimizer left them, which is not
    what is evaluated where it averages weights. best: None, or such lists by BEST, and by SCORE arrays (k,), of the best
    epoch so far. history: {metric: (done, k)}.
    """

    done: int
    state: dict
    best: dict | None
    history: dict


class NoBackup:
    """What `fit` goes by where nothing is to be kept, of all groups and of each."""

    seconds, kept = 0.0, None

    def of(self, group):
        """The same of a group of members, a slice."""
        return self

    def due(self, last):
        """Never is anything to be written."""
        return False

    def begin(self, groups=()):
        """Nothing is there."""

    clear = begin


class Backup:
    """The folder of one call of `fit`.

    about: all that decides what the call comes to, as plain JSON, arrays: the same as arrays by name. seconds: of training
    that earlier calls have put into what is kept. Raises InvalidInput for a folder with files of another call or of
    something else, CorruptFile for a damaged one, ResultsError for one that can't be written.
    """

    def __init__(self, folder, about, arrays):
        if not isinstance(folder, (str, os.PathLike)):
            raise InvalidInput(f"backup must be None or name a folder; got {folder!r:.80}.")
        self.folder = path_named(folder).absolute()
        self.call = json.loads(json.dumps({"about": about, "arrays": digest(arrays)}))
        self.lock = threading.Lock()
        self._read = dict(map(self._content, self._files()))
        self.seconds = max((seconds for _, seconds in self._read.values()), default=0.0)

    def _files(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            found = sorted(self.folder.iterdir())
        except OSError as error:
            raise ResultsError(f"The backup {self.folder} can't be written ({error.strerror}); name another folder.") from error
        others = [path.name for path in found if not NAME.fullmatch(path.name) and not path.name.startswith(".members-")]
        if others:
            raise InvalidInput(f"{self.folder} holds {others[0]}, which is no part of a backup; name a new folder.")
        return [path for path in found if NAME.fullmatch(path.name)]

    def _content(self, path):
        """((first member, the one after the last), (Kept, seconds)) of a file."""
        head, arrays = read(path, FORMAT, "backup", "Population.fit")
        if head["call"] != self.call:
            raise InvalidInput(
                f"{self.folder} was left by another call of fit: other models, data or settings, or on another backend. Call it as "
                "there to go on with that, name another folder, or take this one away."
            )
        best = None
        if head["best"]:
            best = {name: listed(arrays, f"best_{name}") for name in BEST} | {name: arrays[name] for name in SCORE}
        state, history = {name: listed(arrays, name) for name in STATE}, dict(zip(head["metrics"], listed(arrays, "history")))
        return tuple(map(int, NAME.fullmatch(path.name).groups())), (Kept(head["done"], state, best, history), head["seconds"])

    def begin(self, groups):
        """Training begins, of these groups, slices of the members: from now on seconds count. Raises InvalidInput where what is
        kept is of others.
        """
        mine = [(group.start, group.stop) for group in groups]
        if others := sorted(self._read.keys() - set(mine)):
            there, here = (stop - start for start, stop in (others[0], mine[0]))
            raise InvalidInput(
                f"{self.folder} is of {there} members that trained together, here it would be {here}: go on where there are as many "
                "cores and as much memory, or take it away to begin anew."
            )
        self.began, self.several = time.perf_counter(), len(groups) > 1

    def of(self, group):
        """What is kept of a group of members, a slice, and is to be."""
        return _OfGroup(self, (group.start, group.stop), *self._read.get((group.start, group.stop), (None,))[:1])

    def clear(self):
        """Take everything away, the folder too."""
        self._read = {}
        with contextlib.suppress(OSError):
            for path in self._files():
                path.unlink()
            self.folder.rmdir()


class _OfGroup:
    """A group's part of a Backup. kept: a Kept, or None where the group is to begin."""

    def __init__(self, backup, ends, kept):
        self._backup, self.kept, self._path = backup, kept, backup.folder / "members-{}-{}.npz".format(*ends)
        self._due = time.perf_counter() + EVERY

    def due(self, last):
        """Whether it is time to write; last: the group is at its end, which is kept while others are not."""
        return time.perf_counter() >= self._due or last and self._backup.several

    def keep(self, kept):
        """Write a Kept. Raises ResultsError."""
        began = time.perf_counter()
        arrays = numbered("history", kept.history.values())
        for name in STATE:
            arrays |= numbered(name, kept.state[name])
        if kept.best is not None:
            for name in BEST:
                arrays |= numbered(f"best_{name}", kept.best[name])
            arrays |= {name: kept.best[name] for name in SCORE}
        head = {"call": self._backup.call, "done": kept.done, "best": kept.best is not None, "metrics": list(kept.history)}
        head["seconds"] = self._backup.seconds + began - self._backup.began
        with self._backup.lock:  # one at a time: they share the disk
            write(self._path, FORMAT, head, {name: np.asarray(array) for name, array in arrays.items()})
        now = time.perf_counter()
        self._due = now + max(EVERY, SHARE * (now - began))


def seconds_in(folder):
    """Of training that went into what a backup's folder keeps; 0 where it keeps nothing, or nothing that can be read."""
    found = [0.0]
    for path in Path(folder).glob("members-*.npz"):
        with contextlib.suppress(ZooError):
            found.append(read(path, FORMAT, "backup", "Population.fit")[0]["seconds"])
    return max(found)


def in_words(part):
    """What an optimizer, schedule, loss or metric is and how it is set, the same in every process."""
    named = getattr(part, "__name__", type(part).__name__)
    config = {}
    with contextlib.suppress(Exception), without_tensorflow():  # one of somebody's own may have none
        config = {name: value for name, value in part.get_config().items() if name != "name"}
    return f"{named} {json.dumps(config, sort_keys=True, default=_name_of)}" if config else f"{named} {_name_of(part)}"


def _name_of(thing):
    """A number or word as it is, anything else by its name or class."""
    return str(thing) if isinstance(thing, (int, float, str)) else getattr(thing, "__name__", type(thing).__name__)

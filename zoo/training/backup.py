"""What a call of `fit` has learnt so far, kept in a folder, so that the same call goes on from there after an interruption.

As keras.callbacks.BackupAndRestore does for one model: here a file for each group of members that train together, written
between two launches, and all taken away when the call has come to its end.
"""

import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.errors import InvalidInput, ResultsError
from zoo.paths import path_named, require_elsewhere
from zoo.training.architecture import without_tensorflow
from zoo.training.array_file import digest, listed, numbered, read, write

FORMAT = "deepzoo backup 1"
EVERY = 60.0  # seconds of training between two writings of a group, at least
SHARE = 20  # and so many times what the last writing took
STATE, BEST, SCORE = ("trainable", "non_trainable", "optimizer"), ("trainable", "non_trainable"), ("value", "epoch")
NAME = re.compile(r"members-(\d+)-(\d+)\.npz")


class OtherCall(InvalidInput):
    """A backup's folder is of another call of `fit` than the one that is to go on from it."""


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

    seconds, kept, at_once, holds = 0.0, None, None, False

    def of(self, group):
        """The same of a group of members, a slice."""
        return self

    def let_go(self):
        """Nothing is held."""

    def due(self, last):
        """Never is anything to be written."""
        return False

    def begin(self, groups, at_once):
        """Nothing is there."""

    def clear(self):
        """Nothing is there."""


class Backup:
    """The folder of one call of `fit`.

    about: what decides what the call comes to, as plain JSON, arrays: the same as arrays by name. seconds: of training that
    earlier calls have put into what is kept; at_once: how many members these trained at a time, None where nothing is kept;
    holds: whether this call goes on from something.
    Raises OtherCall, an InvalidInput, for a folder with files of another call, InvalidInput for one of something else,
    CorruptFile for a damaged one, ResultsError for one that can't be written.
    """

    def __init__(self, folder, about, arrays):
        if not isinstance(folder, (str, os.PathLike)):
            raise InvalidInput(f"backup must be None or name a folder; got {folder!r:.80}.")
        self.folder = path_named(folder).absolute()
        require_elsewhere(self.folder, "is taken away when all is trained")
        self.call = json.loads(json.dumps({"about": about, "arrays": digest(arrays)}))
        self.lock, self.given_up = threading.Lock(), False
        found = list(map(self._content, self._files()))
        self._read = {ends: kept for ends, kept, _ in found}
        self._ends = {*self._read}
        self.seconds = max((head["seconds"] for *_, head in found), default=0.0)
        self.at_once, self.holds = found[0][2]["at_once"] if found else None, bool(found)

    def _files(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for left in self.folder.glob(".members-*"):  # by a kill in the midst of writing
                shutil.rmtree(left)
            found = sorted(self.folder.iterdir())
        except OSError as error:
            raise ResultsError(f"The backup {self.folder} can't be written ({error.strerror}); name another folder.") from error
        others = [path.name for path in found if not NAME.fullmatch(path.name)]
        if others:
            raise InvalidInput(f"{self.folder} holds {others[0]}, which is no part of a backup; name a new folder.")
        return [path for path in found if NAME.fullmatch(path.name)]

    def _content(self, path):
        """((first member, the one after the last), Kept, what the head of the file says besides)."""
        head, arrays = read(path, FORMAT, "backup", "Population.fit")
        if head["call"] != self.call:
            raise OtherCall(
                f"{self.folder} was left by another call of fit: other models, data or settings, or on another backend. Call it "
                "as there to go on with that, name another folder, or take this one away; of several calls each has its own."
            )
        best = None
        if head["best"]:
            best = {name: listed(arrays, f"best_{name}") for name in BEST} | {name: arrays[name] for name in SCORE}
        state, history = {name: listed(arrays, name) for name in STATE}, dict(zip(head["metrics"], listed(arrays, "history")))
        return tuple(map(int, NAME.fullmatch(path.name).groups())), Kept(head["done"], state, best, history), head

    def begin(self, groups, at_once):
        """Training begins, of these groups, slices of the members, at most so many members at a time; seconds count from now on.
        Raises OtherCall where what is kept is of others.
        """
        mine = [(group.start, group.stop) for group in groups]
        if others := sorted(self._ends - set(mine)):
            there, here = (stop - start for start, stop in (others[0], mine[0]))
            raise OtherCall(
                f"{self.folder} is of {there} members that trained together, here it would be {here}: go on where there are as "
                "many cores, or take it away to begin anew."
            )
        self.began, self.several, self.at_once = time.perf_counter(), len(groups) > 1, at_once

    def of(self, group):
        """What is kept of a group of members, a slice, and is to be; what is kept is given once."""
        ends = group.start, group.stop
        return _OfGroup(self, ends, self._read.pop(ends, None))

    def clear(self):
        """Take everything away, the folder too."""
        self._read, self._ends, self.seconds, self.at_once = {}, set(), 0.0, None
        with contextlib.suppress(OSError, ResultsError):
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
        return not self._backup.given_up and (time.perf_counter() >= self._due or last and self._backup.several)

    def let_go(self):
        """The arrays of what is kept are on the device: of the Kept only done and history are wanted from now on."""
        if self.kept:
            self.kept = self.kept._replace(state=None, best=None)

    def keep(self, kept):
        """Write a Kept; where that can't be, say so, and write no more: training needs no disk."""
        began = time.perf_counter()
        arrays = numbered("history", kept.history.values())
        for name in STATE:
            arrays |= numbered(name, kept.state[name])
        if kept.best is not None:
            for name in BEST:
                arrays |= numbered(f"best_{name}", kept.best[name])
            arrays |= {name: kept.best[name] for name in SCORE}
        head = {"call": self._backup.call, "done": kept.done, "best": kept.best is not None, "metrics": list(kept.history)}
        head |= {"seconds": self._backup.seconds + began - self._backup.began, "at_once": self._backup.at_once}
        try:
            with self._backup.lock:  # one at a time: they share the disk
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write(self._path, FORMAT, head, {name: np.asarray(array) for name, array in arrays.items()})
        except (OSError, ResultsError) as error:
            if not self._backup.given_up:  # which another group may have said meanwhile
                print(f"{error} Training goes on, and what follows is not kept.", file=sys.stderr)
            self._backup.given_up = True
            return
        now = time.perf_counter()
        self._due = now + max(EVERY, SHARE * (now - began))


def seconds_in(folder):
    """Of training that went into what a backup's folder keeps; 0 where that is nothing. Raises as Backup does for its files."""
    files = Path(folder).glob("members-*.npz")
    return max((read(path, FORMAT, "backup", "Population.fit")[0]["seconds"] for path in files), default=0.0)


def in_words(thing, inside=()):
    """An optimizer, schedule, loss or metric, or what one is set to, as plain JSON that tells it from another, the same in
    every process: functions by their code, arrays by their sha256, objects by what Keras configures of them. What of an object
    of somebody's own no configuration says is not in it.
    """
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return thing
    if id(thing) in inside:  # it holds itself
        return "above"
    told = functools.partial(in_words, inside=(*inside, id(thing)))
    if hasattr(thing, "__array__"):
        array = np.asarray(thing)
        return array.item() if array.ndim == 0 and array.dtype.kind in "biufU" else digest({"": array})
    if isinstance(thing, dict):
        return {str(name): told(value) for name, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return list(map(told, thing))
    if isinstance(thing, (set, frozenset)):
        return sorted(map(told, thing), key=repr)
    if isinstance(thing, functools.partial):
        return ["partial", *map(told, (thing.func, thing.args, thing.keywords))]
    if isinstance(thing, re.Pattern):  # Keras joins names out of a set, in an order of each process's own
        return sorted(thing.pattern.split("|"))
    if hasattr(thing, "__code__"):
        cells = [cell for cell in getattr(thing, "__closure__", None) or () if not is_empty(cell)]
        held = [thing.__defaults__, thing.__kwdefaults__, getattr(thing, "__self__", None), [cell.cell_contents for cell in cells]]
        return [thing.__qualname__, _code(thing.__code__), *map(told, held)]
    config = {}
    with contextlib.suppress(Exception), without_tensorflow():  # one of somebody's own may have none
        config = {name: value for name, value in thing.get_config().items() if name != "name"}
    beside = (getattr(thing, name, None) for name in ("fn", "_fn", "_fn_kwargs", "_exclude_from_weight_decay_pattern"))
    return [type(thing).__qualname__, told(config), *map(told, beside)]


def is_empty(cell):
    """Whether a cell of a function's closure has no value yet."""
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return True
    return False


def _code(code):
    """sha256 of what a function does, wherever it stands."""
    consts = (sorted(part, key=repr) if isinstance(part, frozenset) else part for part in code.co_consts)
    inside = [_code(part) if hasattr(part, "co_code") else repr(part) for part in consts]
    return hashlib.sha256(json.dumps([code.co_code.hex(), code.co_names, inside]).encode()).hexdigest()

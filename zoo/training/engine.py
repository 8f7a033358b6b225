"""Runs the compiled program for a whole population: in groups that fit into memory, epoch by epoch."""

import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

from zoo.errors import ZooError
from zoo.training import memory
from zoo.training.backup import Kept, NoBackup
from zoo.training.batches import places_of_draws
from zoo.training.checks import drawing_nothing
from zoo.training.compiled import prepare
from zoo.training.evaluation import evaluation_rows
from zoo.training.groups import cores, deal, may_run_side_by_side, run_groups
from zoo.training.order import member_key
from zoo.training.waiting import finish_what_is_left, leave, waited_for

STEPS_PER_LAUNCH = 400
SHORT = 1.0  # seconds: no launch is given ahead of longer ones, or an interrupt would leave two of these in hand
STACKED = ("trainable", "non_trainable", "optimizer")


class CompiledEngine:
    """Trains, evaluates and predicts a population on JAX; state lives on the host between calls.

    Evaluation and prediction leave it as it is, but for the random generators of layers that draw then, too.

    State is a dict: seeds (K ints), factor (K,), and lists of stacked arrays trainable, non_trainable,
    optimizer (or None before the first fit).
    """

    def __init__(self, template, objective, x, y, group_size=None):
        self.program = prepare(template, objective, x, y)
        self.group_size, self._notice = group_size, None
        self._executables, self._side_by_side, self._fitting = {}, {}, set()

    # -- training --------------------------------------------------------------------------------------------

    def fit(self, state, subsets, data, plan, progress, backup=NoBackup()):
        """Train all members for plan["epochs"] epochs, from where a Backup has come to.

        Returns a dict: the stacked lists of the trained state, history {metric: (epochs, K)}, best_epoch (K,),
        seconds (without compilation), compile_seconds and group_size. Falls back to smaller groups when the
        device's memory is short, and raises ZooError when not even one member fits.
        """
        members = len(state["seeds"])
        at_once = min(self.group_size or backup.at_once or members, members)
        data = dict(zip(data, _on_device(*data.values())))
        while True:
            finish_what_is_left()
            try:
                return self._fit_groups(state, subsets, data, plan, progress, backup, at_once)
            except _TooLarge as error:
                size, side_by_side = deal(members, at_once, cores())
                if size * side_by_side == 1:
                    raise memory.not_even_one(error) from error
                if backup.holds:
                    raise ZooError(
                        f"{error}: less than when what {backup.folder} keeps was trained, from which this call would go on. Free "
                        "memory and call it again, or take that folder away to begin anew."
                    ) from error
                self.group_size = at_once = -(-size * side_by_side // 2)
                progress.restart()
                backup.clear()
                self._notice = f"Memory is short for the whole population: training at most {at_once} at a time."

    def _fit_groups(self, state, subsets, data, plan, progress, backup, at_once):
        members = len(state["seeds"])
        size, side_by_side = deal(members, at_once, cores())  # the latter less, once the program is known not to bear it
        rows = evaluation_rows(at_once, self.program.averages, plan["batch_size"])
        plan, compile_seconds = plan | {"rows": rows}, 0.0

        def prepare_group(group):
            nonlocal compile_seconds, side_by_side
            try:
                own = dict(data) if subsets is None else data | {"subsets": jnp.asarray(subsets[group])}
                own_backup = backup.of(group)
                arguments = self._arguments(_cut(state, group), own, plan, own_backup.kept)
                own_backup.let_go()
            except jax.errors.JaxRuntimeError as error:
                _raise_too_large(error)
            execute, side_by_side, seconds = self._executable("train", arguments, own, plan, side_by_side)
            compile_seconds += seconds
            if self._notice:  # only now is it known that this size fits
                print(self._notice, file=sys.stderr)
                self._notice = None
            return execute, arguments, own, own_backup

        def fit_group(prepared, stopped):
            return self._fit_group(*prepared, plan, progress, stopped)

        groups = [slice(start, min(start + size, members)) for start in range(0, members, size)]
        first = prepare_group(groups[0])
        backup.begin(groups, at_once)

        def first_or_prepared(group):
            return first if group is groups[0] else prepare_group(group)

        results, seconds = run_groups(groups, first_or_prepared, fit_group, side_by_side)
        joined = {n: [p[0] if len(p) == 1 else np.concatenate(p) for p in zip(*(r[n] for r in results))] for n in STACKED}
        names = results[0]["history"]
        joined["history"] = {n: np.concatenate([r["history"][n] for r in results], axis=1) for n in names}
        joined["best_epoch"] = np.concatenate([r["best_epoch"] for r in results])
        at_once = at_once if side_by_side > 1 else size
        seconds += backup.seconds
        return joined | {"seconds": seconds, "compile_seconds": compile_seconds, "group_size": at_once}

    def _fit_group(self, execute, arguments, data, backup, plan, progress, stopped):
        chunks, whole = [], False
        try:
            state, best = self._launches(execute, arguments, data, backup, plan, progress, stopped, chunks)
            whole = not stopped()
        finally:
            if chunks and not whole:
                leave(chunks[-1]["loss"])
        if not whole:
            return None  # another group's error, or the user's interrupt, is what the caller gets
        return self._finished(state, best, plan) | {"history": _history(backup.kept, chunks, plan["epochs"])}

    def _launches(self, execute, arguments, data, backup, plan, progress, stopped, chunks):
        """(state, best) after all epochs, or when stopped(); the history of each launch is added to chunks."""
        state, best, history = arguments
        room, pending, began = len(history["loss"]), None, time.perf_counter()
        behind = backup.kept.done if backup.kept else 0
        if behind:
            progress.resume(behind * len(state["factor"]))
        for done in range(behind, plan["epochs"], room):
            if stopped():
                break
            epochs = min(room, plan["epochs"] - done)
            first = np.int32(plan["first_epoch"] + done)
            try:
                state, best, history = execute(state, best, history, first, np.int32(epochs), data)
                chunks.append({name: jnp.copy(values) for name, values in history.items()})
                if pending is not None:  # the device works one short launch ahead of the clock
                    self._report(*pending, progress, stopped)
                pending = (chunks[-1], epochs, len(state["factor"]))
                first_of_all, last_of_all = len(chunks) == 1, done + room >= plan["epochs"]
                if first_of_all or last_of_all or time.perf_counter() - began > SHORT * len(chunks):
                    self._report(*pending, progress, stopped)
                    pending = None
                if backup.due(last_of_all) and waited_for(chunks[-1]["loss"], stopped):
                    backup.keep(_kept(done + epochs, state, best, _history(backup.kept, chunks, done + epochs)))
            except jax.errors.JaxRuntimeError as error:
                _raise_too_large(error)
        return state, best

    def _report(self, chunk, epochs, members, progress, stopped):
        name = "val_accuracy" if "val_accuracy" in chunk else "loss"
        if not waited_for(chunk[name], stopped):
            return
        values = np.asarray(chunk[name], "float64")[epochs - 1]  # indexed on the device it would wait for the launch ahead
        values = values[np.isfinite(values)]
        progress.advance(epochs * members, f"{name} {values.mean():.4f}" if values.size else "diverged")

    def _arguments(self, state, data, plan, kept=None):
        members = len(state["seeds"])
        if kept:
            state = state | kept.state
        device_state = {
            "trainable": list(map(jnp.array, state["trainable"])),
            "non_trainable": list(map(jnp.array, state["non_trainable"])),
            "optimizer": (
                self.program.optimizer_values(members, state["trainable"])
                if state["optimizer"] is None
                else list(map(jnp.array, state["optimizer"]))
            ),
            "factor": jnp.asarray(state["factor"]),
            "key": jnp.stack([member_key(seed) for seed in state["seeds"]]),
        }
        best = None
        if plan["select"] == "best":
            best = {
                "trainable": list(map(jnp.array, state["trainable"])),
                "non_trainable": list(map(jnp.array, state["non_trainable"])),
                "value": jnp.array(np.full(members, -np.inf, "float32")),
                "epoch": jnp.array(np.full(members, -1, "int32")),
            }
            if kept:
                best = jax.tree.map(jnp.array, kept.best)
        names = self.program.metric_names()
        names += [f"val_{name}" for name in names] if "xv" in data else []
        n = data["subsets"].shape[1] if "subsets" in data else len(data["x"])
        steps = -(-n // plan["batch_size"])
        room = -(-STEPS_PER_LAUNCH // steps)  # whatever the epochs are: another size would be compiled anew
        # made by NumPy: JAX would compile a program for every new shape
        return device_state, best, {name: jnp.array(np.zeros((room, members), "float32")) for name in names}

    def _finished(self, state, best, plan):
        fetched = state | {"trainable": self.program.final_weights(state)}
        host = {name: jax.device_get(fetched[name]) for name in STACKED}
        members = len(state["factor"])
        last = plan["first_epoch"] + plan["epochs"] - 1
        host["best_epoch"] = np.full(members, last)
        if best is not None:
            # a member that never had a finite validation score keeps its last weights and its mark
            chosen = np.asarray(best["epoch"]) >= 0
            found = {name: jax.device_get(best[name]) for name in ("trainable", "non_trainable")}
            # These stay where the last epoch left them: else what it drew would be drawn again.
            for place in places_of_draws(self.program.model):
                found["non_trainable"][place] = host["non_trainable"][place]
            for name, values in found.items():
                host[name] = [_where(chosen, b, h) for b, h in zip(values, host[name])]
            host["best_epoch"] = np.where(chosen, np.asarray(best["epoch"]), last)
        return host

    def _executable(self, kind, arguments, data, plan, side_by_side):
        """(the compiled program, how many of it may run side by side: side_by_side or one, seconds of compilation)."""
        spec = jax.tree.map(lambda a: (a.shape, str(a.dtype)), (arguments, data))
        names = ("batch_size", "keep_tail", "shuffle", "monitor", "sign", "rows")
        key = (kind, str(spec), *(plan[name] for name in names))
        seconds = 0.0
        if jax.config.jax_disable_jit:  # a loss of one's own is to be stepped through
            return self._program(plan), 1, seconds
        if key not in self._executables:
            started = time.perf_counter()
            self._executables[key] = self._compile(arguments, data, plan)
            seconds = time.perf_counter() - started
        compiled = self._executables[key]
        if side_by_side > 1:
            if compiled not in self._side_by_side:
                self._side_by_side[compiled] = may_run_side_by_side(compiled)
            side_by_side = side_by_side if self._side_by_side[compiled] else 1
        self._check_room(compiled, arguments, data, side_by_side)
        return compiled, side_by_side, seconds

    def _program(self, plan):
        def run(state, best, history, first, epochs, data):
            return self.program.train(state, best, history, first, epochs, data, plan)

        return run

    def _compile(self, arguments, data, plan):
        run = self._program(plan)
        counts = (np.int32(0), np.int32(1))
        try:
            with drawing_nothing():
                lowered = jax.jit(run, donate_argnums=(0, 1, 2)).lower(*arguments, *counts, data)
            return lowered.compile()
        except jax.errors.JaxRuntimeError as error:
            _raise_too_large(error)

    def _check_room(self, compiled, arguments, data, side_by_side):
        """Raise _TooLarge unless so many groups of this program fit into memory; all share the data."""
        if (compiled, side_by_side) in self._fitting:
            return
        free, shared = memory.available_bytes(jax.devices()[0]) + _bytes((arguments, data)), _bytes(data)
        needed = shared + side_by_side * (memory.needed_bytes(compiled) - shared)
        if needed > free:
            raise _TooLarge(f"{needed / 2**30:.1f} GiB needed, {free / 2**30:.1f} GiB free")
        self._fitting.add((compiled, side_by_side))

    # -- after training --------------------------------------------------------------------------------------

    def evaluate(self, state, data):
        """Metrics of every member on data, a dict of x, y and maybe weights w: dict of (K,) float32."""
        finish_what_is_left()
        data = dict(zip(data, _on_device(*data.values())))
        run = self._executables.setdefault("evaluate", jax.jit(self.program.evaluate))
        parts, draws = zip(*self._by_groups(state, lambda weights: jax.device_get(run(*weights, data))))
        self._move(state, draws)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def predict(self, state, x):
        """Outputs of every member: (K, n, ...)."""
        finish_what_is_left()
        run = self._executables.setdefault("predict", jax.jit(self.program.predict))
        rows = evaluation_rows(len(state["seeds"]), self.program.alone)

        def outputs(weights):
            (trainable, non_trainable), found = jax.device_put(weights), []
            draws = [non_trainable[place] for place in self.program.draws]
            for i in range(0, len(x), rows):
                batch, draws = run(trainable, non_trainable, draws, x[i : i + rows])
                found.append(np.asarray(batch))
            return np.concatenate(found, axis=1), jax.device_get(draws)

        parts, draws = zip(*self._by_groups(state, outputs))
        self._move(state, draws)
        return np.concatenate(parts)

    def _move(self, state, draws):
        """Put what a batch moves outside of training where the groups' members have it by now."""
        for place, *values in zip(self.program.draws, *draws):
            state["non_trainable"][place] = np.concatenate(values)

    def _by_groups(self, state, compute):
        """[compute(weights of a group)] for all groups, which get smaller when the memory is short."""
        while True:
            try:
                return [compute(_weights(state, group)) for group in self._groups(state)]
            except jax.errors.JaxRuntimeError as error:
                if not memory.is_out_of_memory(error):
                    raise
                size = self.group_size or len(state["seeds"])
                if size == 1:
                    raise memory.not_even_one(error) from error
                self.group_size = -(-size // 2)

    def _groups(self, state):
        members = len(state["seeds"])
        size = self.group_size or members
        return [slice(start, start + size) for start in range(0, members, size)]


def _history(kept, chunks, epochs):
    """{metric: (epochs, k)} of a group's launches, whose last may have had room for more, and of the Kept they began from."""
    parts = ([kept.history] if kept else []) + chunks
    return {name: np.concatenate([np.asarray(part[name]) for part in parts])[:epochs] for name in parts[0]}


def _kept(done, state, best, history):
    """The Kept of a group: copies, as the next launch takes the arrays' place."""
    copied = {name: [np.array(values) for values in state[name]] for name in STACKED}
    return Kept(done, copied, None if best is None else jax.tree.map(np.array, best), history)


def _on_device(*arrays):
    """The arrays in the device's memory. Raises ZooError where it is too small for them."""
    try:
        return [jnp.asarray(array) for array in arrays]
    except jax.errors.JaxRuntimeError as error:
        if not memory.is_out_of_memory(error):
            raise
        size = sum(array.nbytes for array in arrays) / 2**30
        raise ZooError(
            f"The data, {size:.1f} GiB, do not fit into the device's memory, where all of them have to be; take a part, or "
            "integers of 8 bits in place of floats."
        ) from None


class _TooLarge(Exception):
    """A program needs more memory than the device has."""


def _raise_too_large(error):
    if memory.is_out_of_memory(error):
        raise _TooLarge(str(error).splitlines()[0]) from error
    raise error


def _cut(state, group):
    return {name: _cut_value(value, group) for name, value in state.items()}


def _cut_value(value, group):
    if value is None or not isinstance(value, list) or (value and not hasattr(value[0], "shape")):
        return None if value is None else value[group]
    return [array[group] for array in value]


def _weights(state, group):
    return [v[group] for v in state["trainable"]], [v[group] for v in state["non_trainable"]]


def _where(mask, new, old):
    return np.where(mask.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def _bytes(tree):
    return sum(leaf.nbytes for leaf in jax.tree.leaves(tree) if not jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key))

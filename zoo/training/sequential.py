"""The fallback engine: members one after another with `keras.Model.fit`, on any backend, same answers."""

import contextlib
import logging
import time

import keras
import numpy as np

from zoo.training.backup import Kept, NoBackup
from zoo.training.batches import places_moved, places_of_draws
from zoo.training.evaluation import KERAS_BATCH, evaluation_rows, even_rows
from zoo.training.example_weights import example_arrays
from zoo.training.logs import check_logs, check_monitored, check_tested
from zoo.training.members import assign, own_draws, seed_layers, variables_of
from zoo.training.memory import explained_memory
from zoo.training.order import host_order
from zoo.training.schedules import finalizes, scale_learning_rate

STEPS_PER_EXECUTION = 100


class Batches(keras.utils.PyDataset):
    """The batches of one member, in the order that the compiled engine would use."""

    def __init__(self, data, subset, seed, plan):
        super().__init__()
        self.arrays = example_arrays(data)
        self.subset, self.seed, self.plan = subset, seed, plan
        self.n = len(data["x"]) if subset is None else len(subset)
        self.begin(plan["first_epoch"])

    def __len__(self):
        whole, tail = divmod(self.n, self.plan["batch_size"])
        return whole + (1 if tail and self.plan["keep_tail"] else 0)

    def __getitem__(self, i):
        size = self.plan["batch_size"]
        rows = self.rows[i * size : (i + 1) * size]
        return tuple(array[rows] for array in self.arrays)

    def begin(self, epoch):
        """Put the examples in the order of this epoch. (Keras's own signals come once too often: fit tries a batch first.)"""
        order = host_order(self.seed, epoch, self.n) if self.plan["shuffle"] else np.arange(self.n)
        self.rows = order if self.subset is None else self.subset[order]


class Watch(keras.callbacks.Callback):
    """Starts each epoch's order, validates after it, keeps the best weights, records the history, writes the backup."""

    def __init__(self, batches, data, plan, averages, on_epoch, backup):
        super().__init__()
        self.batches, self.data, self.plan, self.averages, self.report = batches, data, plan, averages, on_epoch
        self.rows, self.best, self.best_value, self.backup = [], None, -np.inf, backup
        if backup.kept:
            history = backup.kept.history
            self.rows = [{name: float(values[epoch, 0]) for name, values in history.items()} for epoch in range(backup.kept.done)]
            if backup.kept.best is not None:
                self._be_best(backup.kept.best)

    def _be_best(self, best):
        """Take over what _kept_best gave."""
        if np.isfinite(best["value"][0]):
            weights = ([values[0] for values in best[name]] for name in ("trainable", "non_trainable"))
            self.best, self.best_value = (*weights, int(best["epoch"][0])), float(best["value"][0])

    def _kept_best(self):
        """The best epoch so far as a Kept has it; None where none is chosen, a value of -inf where none was any good."""
        if self.plan["select"] != "best":
            return None
        trainable, non_trainable, epoch = self.best or (*variables_of(self.model), -1)
        weights = {"trainable": _stacked(trainable), "non_trainable": _stacked(non_trainable)}
        return weights | {"value": np.array([self.best_value]), "epoch": np.array([epoch])}

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.begin(self.plan["first_epoch"] + epoch)
        seed_layers(self.batches.seed, self.plan["first_epoch"] + epoch)

    def on_epoch_end(self, epoch, logs=None):
        check_logs(self.model, logs)
        row = {name: float(value) for name, value in logs.items()}
        with averaged_weights(self.model):
            if "xv" in self.data:
                held_out = {name: self.data.get(f"{name}v") for name in "xyw"}
                held_out = _evaluate(self.model, held_out, self.averages, self.plan["batch_size"])
                row |= {f"val_{name}": float(value) for name, value in held_out.items()}
                if self.plan["select"] == "best":
                    check_monitored(self.model, self.plan["monitor"], held_out)
            value = row.get(self.plan["monitor"], np.nan) * self.plan["sign"]
            # NaN is never the best; a diverged model may still have an accuracy, so its loss is looked at too
            finite = np.isfinite(row.get("val_loss", np.nan))
            if self.plan["select"] == "best" and finite and value > self.best_value:
                self.best, self.best_value = (*variables_of(self.model), self.plan["first_epoch"] + epoch), value
        self.rows.append(row)
        self.report()
        if self.backup.due(len(self.rows) == self.plan["epochs"]):
            trainable, non_trainable = variables_of(self.model)
            optimizer = [keras.ops.convert_to_numpy(v) for v in self.model.optimizer.variables]
            state = {"trainable": _stacked(trainable), "non_trainable": _stacked(non_trainable), "optimizer": _stacked(optimizer)}
            history = {name: np.array([[row[name]] for row in self.rows], "float32") for name in row}
            self.backup.keep(Kept(len(self.rows), state, self._kept_best(), history))


@contextlib.contextmanager
def averaged_weights(model):
    """Within this context the model holds what its optimizer makes of its weights, such as their moving average."""
    if not finalizes(model.optimizer):
        yield
        return
    kept = variables_of(model)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    try:
        yield
    finally:
        assign(model, *kept)


@contextlib.contextmanager
def unwarned():
    """Within this context TensorFlow does not warn that functions are traced often: each member is a model of its own."""
    logger = logging.getLogger("tensorflow")

    def wanted(record):
        return "triggered tf.function retracing" not in record.getMessage()

    logger.addFilter(wanted)
    try:
        yield
    finally:
        logger.removeFilter(wanted)


class SequentialEngine:
    """Trains, evaluates and predicts members one by one; same interface as CompiledEngine."""

    def __init__(self, template, objective, make_model, x, y):
        objective.prepare(template, x, y)  # finds what does not fit before anything is trained
        self.objective, self.make_model, self.averages = objective, make_model, objective.averages(template, x, y)
        self.moved = places_moved(template)

    @unwarned()
    @explained_memory()
    def fit(self, state, subsets, data, plan, progress, backup=NoBackup()):
        """See CompiledEngine.fit."""
        results, groups = [], [slice(k, k + 1) for k in range(len(state["seeds"]))]
        backup.begin(groups, 1)
        for k, seed in enumerate(state["seeds"]):
            own = backup.of(groups[k])
            began, place = (own.kept.state, 0) if own.kept else (state, k)
            member = {
                "seed": seed,
                "factor": state["factor"][k],
                "optimizer": None if began["optimizer"] is None else [v[place] for v in began["optimizer"]],
                "subset": None if subsets is None else subsets[k],
            }
            results.append(self._fit_member(self._model(seed, began, place), member, data, plan, progress, own))
        joined = _joined(results)
        return joined | {"seconds": joined["seconds"] + backup.seconds}

    def _model(self, seed, state, k):
        """The model of a seed with the weights at place k of a state."""
        model = self.make_model(seed)
        assign(model, [v[k] for v in state["trainable"]], [v[k] for v in state["non_trainable"]])
        return model

    def _fit_member(self, model, member, data, plan, progress, backup):
        batches = Batches(data, member["subset"], member["seed"], plan)
        self.objective.compile(model, steps_per_execution=_steps_per_execution(len(batches)))
        model.optimizer.build(model.trainable_variables)
        for variable, value in zip(model.optimizer.variables, member["optimizer"] or ()):
            variable.assign(value)
        if member["factor"] != 1:
            scale_learning_rate(model.optimizer).factor = float(member["factor"])
        watch = Watch(batches, data, plan, self.averages, lambda: progress.advance(1), backup)
        behind = len(watch.rows)
        if behind:
            progress.resume(behind)
        started = time.perf_counter()
        with own_draws():
            model.fit(batches, epochs=plan["epochs"], initial_epoch=behind, shuffle=False, verbose=0, callbacks=[watch])
        trainable, non_trainable = variables_of(model)
        best_epoch = plan["first_epoch"] + plan["epochs"] - 1
        if watch.best is not None:
            last = non_trainable
            trainable, non_trainable, best_epoch = watch.best
            for place in places_of_draws(model):  # else what the epochs after it drew would be drawn again
                non_trainable[place] = last[place]
        return {
            "trainable": trainable,
            "non_trainable": non_trainable,
            "optimizer": [keras.ops.convert_to_numpy(v) for v in model.optimizer.variables],
            "history": watch.rows,
            "best_epoch": best_epoch,
            "seconds": time.perf_counter() - started,
        }

    @unwarned()
    @explained_memory()
    def evaluate(self, state, data):
        """See CompiledEngine.evaluate."""
        rows = []
        for k, seed in enumerate(state["seeds"]):
            model = self._model(seed, state, k)
            self.objective.compile(model)
            rows.append(_evaluate(model, data, self.averages))
            self._move(state, k, model)
        return {name: np.array([row[name] for row in rows], "float32") for name in rows[0]}

    @unwarned()
    @explained_memory()
    def predict(self, state, x):
        """See CompiledEngine.predict."""
        outputs = []
        for k, seed in enumerate(state["seeds"]):
            model = self._model(seed, state, k)
            outputs.append(model.predict(x, verbose=0))
            self._move(state, k, model)
        return np.stack(outputs)

    def _move(self, state, k, model):
        """Put what a batch moves outside of training, such as random generators, where member k's model has it by now."""
        for place in self.moved:
            values = np.array(state["non_trainable"][place])
            values[k] = keras.ops.convert_to_numpy(model.non_trainable_variables[place])
            state["non_trainable"][place] = values


def _stacked(values):
    """A list of arrays as those of a group of one member."""
    return [np.array(value)[None] for value in values]


def _evaluate(model, data, averages, keras_batch=KERAS_BATCH):
    """Loss and metrics of a model on a dict of x, y and maybe weights w; averages, keras_batch: see evaluation_rows."""
    check_tested(model)
    rows = evaluation_rows(1, averages, keras_batch)
    rows = even_rows(len(data["x"]), rows) if averages else rows
    found = model.evaluate(data["x"], data["y"], sample_weight=data.get("w"), batch_size=rows, verbose=0, return_dict=True)
    check_logs(model, found)
    return found


def _steps_per_execution(steps):
    """How many of an epoch's steps Keras takes at once; on PyTorch it takes no more than one."""
    return 1 if keras.backend.backend() == "torch" else min(STEPS_PER_EXECUTION, steps)


def _joined(results):
    """The members' results with a leading member axis."""
    joined = {
        name: [np.stack(values) for values in zip(*(r[name] for r in results))]
        for name in ("trainable", "non_trainable", "optimizer")
    }
    names = results[0]["history"][0]
    history = {n: np.array([[row[n] for row in r["history"]] for r in results], "float32").T for n in names}
    return joined | {
        "history": history,
        "best_epoch": np.array([r["best_epoch"] for r in results]),
        "seconds": sum(r["seconds"] for r in results),
        "compile_seconds": 0.0,
        "group_size": 1,
    }

"""The compiled engine (JAX): Keras's own stateless train step, vmapped over members, scanned over steps.

The step is `keras.Model.train_step`, so that one member does exactly what `fit` does; the data stay on the
device, shuffling, validation and the choice of the best epoch happen inside the program, and one launch
covers at least one epoch.
"""

import contextlib

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax import lax

from zoo.errors import InvalidInput
from zoo.training.batches import each_alone, places_moved
from zoo.training.evaluation import evaluation_rows, even_rows
from zoo.training.example_weights import example_arrays
from zoo.training.logs import check_logs, check_monitored, check_predicted, check_step, check_tested
from zoo.training.order import epoch_order
from zoo.training.schedules import UNSCALED, finalizes, scale_learning_rate, told_of_rates

LARGE = 2**26  # bytes


def prepare(model, objective, x, y):
    """Compile `model` for stateless use on data like x (n, ...), y (n, ...); returns its Program."""
    objective.prepare(model, x, y)
    copied, averages = objective.copied_parameters(model), objective.averages(model, x, y)
    # Where all members have the pattern's rate, it stays the variable that a step of the model's own may look at.
    rate = UNSCALED if objective.rates is None else scale_learning_rate(model.optimizer)
    return Program(model, rate, copied, averages)


class Program:
    """Training and evaluation of members as pure functions of stacked state.

    State is a dict of lists of arrays with a leading member axis: trainable, non_trainable, optimizer, and
    the (K,) arrays key and factor. `model` is the prepared template that all members share; copied: see
    Objective.copied_parameters; averages: see Objective.averages.
    """

    def __init__(self, model, rate_handle, copied, averages):
        self.model, self.rate, self._copied, self.averages = model, rate_handle, copied, averages
        model.reset_metrics()  # what Keras begins an epoch with; a metric may reset to other values than it is built with
        self.metric_values = [v.value for v in model.metrics_variables]
        self._finalizes = finalizes(model.optimizer)
        self.draws = places_moved(model)
        usual = type(model).predict_step is keras.Model.predict_step
        self.alone = usual and (averages or each_alone(model))  # whether it is for predict to choose how many at once

    def optimizer_values(self, members, trainable):
        """A fresh optimizer's variables for every member, whose trainable values are given: list of (K, *shape)."""
        return [
            jnp.array(trainable[self._copied[place]]) if place in self._copied else _repeated(variable.value, members)
            for place, variable in enumerate(self.model.optimizer.variables)
        ]

    def final_weights(self, state):
        """The trainable values of all members to go on with: evaluated_weights, stacked."""
        if not self._finalizes:
            return state["trainable"]
        return jax.vmap(self.evaluated_weights)({name: state[name] for name in ("trainable", "optimizer")})

    def evaluated_weights(self, member):
        """The trainable values of a member to evaluate with: what the optimizer makes of them, such as a moving average."""
        if not self._finalizes:
            return member["trainable"]
        variables, optimizer = self.model.trainable_variables, self.model.optimizer
        now = [*zip(variables, member["trainable"]), *zip(optimizer.variables, member["optimizer"])]
        with keras.StatelessScope(state_mapping=now) as scope:
            optimizer.finalize_variable_values(variables)
        return [scope.get_current_value(variable) for variable in variables]

    # -- one member ------------------------------------------------------------------------------------------

    def _train_epoch(self, member, epoch, data, subset, plan):
        """One epoch of one member: (member, logs)."""
        check_step(self.model, "train_step")
        arrays, batch_size, logged = example_arrays(data), plan["batch_size"], set()
        order = _order(member["key"], epoch, data["x"].shape[0], subset, plan)
        steps, tail = divmod(order.shape[0], batch_size)

        def step(carry, rows):
            member, metrics, _ = carry
            state = (member["trainable"], member["non_trainable"], member["optimizer"], metrics)
            with self.rate.at(member["factor"]), _as_they_were(self.model.optimizer.variables), told_of_rates(self.rate):
                logs, after = self.model.train_step(state, tuple(a[rows] for a in arrays))
            logged.update(self._names_of(logs))
            trainable, non_trainable, optimizer, metrics = map(list, after)
            member = dict(member, trainable=trainable, non_trainable=non_trainable, optimizer=optimizer)
            return (member, metrics, self._last("train_step", logs)), None

        whole = order[: steps * batch_size].reshape(steps, batch_size)
        carry, _ = lax.scan(step, (member, self._fresh_metrics(), self._last("train_step")), whole)
        if tail and plan["keep_tail"]:
            carry, _ = step(carry, order[steps * batch_size :])
        member, metrics, last = carry
        return member, self._results(metrics) if logged == {*self.metric_names()} else last

    def _test(self, trainable, non_trainable, arrays, rows):
        """(metrics, draws) of one member on arrays x, y and maybe weights, evaluated `rows` examples at a time."""
        check_step(self.model, "test_step")
        check_tested(self.model)
        logged = set()

        def test(carry, batch):
            metrics, draws, _ = carry
            state = (trainable, self._at(draws, non_trainable), metrics)
            logs, (_, after, metrics) = self.model.test_step(state, batch)
            logged.update(self._names_of(logs))
            self._tested = logged
            return list(metrics), self._drawn(after), self._last("test_step", logs)

        rows = even_rows(len(arrays[0]), rows) if self.averages else min(len(arrays[0]), rows)
        start = (self._fresh_metrics(), self._drawn(non_trainable), self._last("test_step"))
        metrics, draws, last = over_batches(test, start, arrays, rows)
        return self._results(metrics) if logged == {*self.metric_names()} else last, draws

    def _drawn(self, non_trainable):
        """What a batch may move outside of training, too, such as the states of random generators."""
        return [non_trainable[place] for place in self.draws]

    def _at(self, draws, non_trainable):
        """The same variables with these moved."""
        moved = dict(zip(self.draws, draws))
        return [moved.get(place, value) for place, value in enumerate(non_trainable)]

    def _results(self, metrics):
        """{name: float32} of metrics in these states."""
        with keras.StatelessScope(state_mapping=list(zip(self.model.metrics_variables, metrics))):
            results = self.model.get_metrics_result()
        return {name: jnp.asarray(value, "float32") for name, value in results.items()}

    def _last(self, step, logs=None):
        """{name of a metric: float32} of what a step of the model's own logs, NaN for those that it does not; {} of Keras's step.

        Where a step does not log all metrics, Keras reads none of them and gives what the last one said.
        """
        if all(getattr(type(self.model), name) is getattr(keras.Model, name) for name in (step, "compute_metrics")):
            return {}
        flat = _flat(logs)
        return {name: jnp.asarray(flat.get(name, jnp.nan), "float32") for name in self.metric_names()}

    def _names_of(self, logs):
        """The names of what a step logs. Raises InvalidInput where one of the model's own gives more than its metrics, which alone
        a history has, or not the loss.
        """
        logs = list(_flat(logs))
        check_logs(self.model, logs)
        if more := [name for name in logs if name not in self.metric_names()]:
            raise InvalidInput(
                f"{type(self.model).__name__} logs {', '.join(more)}, which is no metric of it: a population on JAX keeps loss and "
                "metrics alone. Give compile a metric for what it logs, or train on TensorFlow (KERAS_BACKEND=tensorflow)."
            )
        return set(logs)

    def metric_names(self):
        """Names in the order of Keras's logs."""
        return list(self._results(self.metric_values))

    def _fresh_metrics(self):
        return [jnp.asarray(value) for value in self.metric_values]

    def _validated_epoch(self, member, best, epoch, data, subset, rows, plan):
        """Train, validate and compare with the best epoch so far: (member, best, logs)."""
        member, logs = self._train_epoch(member, epoch, data, subset, plan)
        if "xv" in data:
            weights = self.evaluated_weights(member)
            held_out, draws = self._test(weights, member["non_trainable"], example_arrays(data, "v"), rows)
            member = dict(member, non_trainable=self._at(draws, member["non_trainable"]))
            logs |= {f"val_{name}": value for name, value in held_out.items()}
        if best is not None:
            check_monitored(self.model, plan["monitor"], self._tested)
            best = self._keep_best(best, member, logs, epoch, plan)
        return member, best, logs

    def _keep_best(self, best, member, logs, epoch, plan):
        value = logs[plan["monitor"]] * plan["sign"]
        candidate = {
            "trainable": self.evaluated_weights(member),
            "non_trainable": member["non_trainable"],
            "value": value,
            "epoch": jnp.asarray(epoch, "int32"),
        }
        # NaN is never the best; a diverged model may still have an accuracy, so its loss is looked at too
        better = (value > best["value"]) & jnp.isfinite(logs["val_loss"])
        return jax.tree.map(lambda new, old: jnp.where(better, new, old), candidate, best)

    # -- all members -----------------------------------------------------------------------------------------

    def train(self, state, best, history, first_epoch, n_epochs, data, plan):
        """Run n_epochs (a traced count) epochs; history maps names to (room, K) arrays that are filled.

        best: None, or dict(trainable, non_trainable, value (K,), epoch (K,)) of the best epoch so far by
        plan["monitor"]. Returns (state, best, history).
        """
        members, rows = state["factor"].shape[0], plan["rows"]
        data, subsets = dict(data), data.get("subsets")

        def epoch(i, carry):
            state, best, history = carry
            state, best, logs = self._over_members(
                lambda m, b, s: self._validated_epoch(m, b, first_epoch + i, data, s, rows, plan), members
            )(state, best, subsets)
            history = {name: history[name].at[i].set(value) for name, value in logs.items()}
            return state, best, history

        return lax.fori_loop(0, n_epochs, epoch, (state, best, history))

    def evaluate(self, trainable, non_trainable, data):
        """(metrics, draws): dict of (K,) float32, on data, a dict of x (n, ...), y (n, ...) and maybe weights w."""
        members = (trainable + non_trainable)[0].shape[0]
        arrays, rows = example_arrays(data), evaluation_rows(members, self.averages)
        return self._over_members(lambda t, n: self._test(t, n, arrays, rows), members)(trainable, non_trainable)

    def _over_members(self, function, members):
        if members > 1:
            for layer in self.model._flatten_layers():
                if getattr(layer, "use_cudnn", False):
                    layer.use_cudnn = False  # of which JAX can't vectorise the kernels
        return over_members(function, members)

    def predict(self, trainable, non_trainable, draws, x):
        """(outputs of every member on one batch x (n, ...): (K, n, ...), draws after it)."""
        check_step(self.model, "predict_step")
        members = (trainable + non_trainable)[0].shape[0]

        def call(trainable, non_trainable, draws):
            outputs, after = self.model.predict_step((trainable, self._at(draws, non_trainable)), x)
            check_predicted(self.model, outputs)
            return outputs, self._drawn(after)

        return self._over_members(call, members)(trainable, non_trainable, draws)


def _flat(logs):
    """{name: value} of what a step logs, or None, with dicts in it opened, as Keras takes them."""
    flat = {}
    for key, value in (logs or {}).items():
        flat |= value if isinstance(value, dict) else {key: value}
    return flat


def over_members(function, members):
    """`function` of one member as a function of all, stacked along their first axis.

    A GPU takes the members side by side (vmap). A CPU takes them in turn: XLA's batched matrix product is three
    times slower there than the plain one, and nothing is won by launching less.
    """
    if members > 1 and jax.default_backend() != "cpu":
        return jax.vmap(function)
    return lambda *stacked: lax.map(lambda one: function(*one), stacked)


@contextlib.contextmanager
def _as_they_were(variables):
    """Variables have their values again after this context, whatever a step of a model's own assigns to them while it is traced."""
    before = [variable._value for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before):
            variable._value = value


def _repeated(value, times):
    """A stack of `times` copies of a value; large ones are made on the device, small ones not worth compiling for by NumPy."""
    if times * value.nbytes >= LARGE:
        return jnp.broadcast_to(value, (times, *value.shape))
    return jnp.array(np.repeat(np.asarray(value)[None], times, axis=0))


def _order(key, epoch, n, subset, plan):
    """The rows of the training data in the order of this epoch, int32 (n or m,)."""
    if subset is not None:
        n = subset.shape[0]
    order = epoch_order(key, epoch, n) if plan["shuffle"] else jnp.arange(n, dtype="int32")
    return order if subset is None else subset[order]


def over_batches(function, carry, arrays, rows):
    """Fold `function(carry, arrays of a batch)` over arrays (n, ...) in batches of `rows`, the smaller last one included."""
    steps, tail = divmod(len(arrays[0]), rows)

    def step(carry, start):
        return function(carry, tuple(lax.dynamic_slice_in_dim(array, start, rows) for array in arrays)), None

    carry, _ = lax.scan(step, carry, jnp.arange(steps) * rows)
    if tail:
        carry = function(carry, tuple(array[steps * rows :] for array in arrays))
    return carry

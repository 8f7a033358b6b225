"""The compiled engine (JAX): Keras's own stateless train step, vmapped over members, scanned over steps.

The step is `keras.Model.train_step`, so that one member does exactly what `fit` does; the data stay on the
device, shuffling, validation and the choice of the best epoch happen inside the program, and one launch
covers at least one epoch.
"""

import jax
import jax.numpy as jnp
from jax import lax

from zoo.training.objective import scale_learning_rate
from zoo.training.order import epoch_order

EVALUATION_ROWS = 16384  # examples times members that are evaluated at once


def prepare(model, objective, x, y):
    """Compile `model` for stateless use on data like x (n, ...), y (n, ...); returns the rate's handle."""
    objective.compile(model)
    model._symbolic_build(data_batch=(x[:1], y[:1]))
    return scale_learning_rate(model.optimizer)


class Program:
    """Training and evaluation of members as pure functions of stacked state.

    State is a dict of lists of arrays with a leading member axis: trainable, non_trainable, optimizer, and
    the (K,) arrays key and factor. `model` is the prepared template that all members share.
    """

    def __init__(self, model, rate_handle):
        self.model, self.rate = model, rate_handle
        self.metric_values = [v.value for v in model.metrics_variables]
        optimizer = model.optimizer
        averages = getattr(optimizer, "_model_variables_moving_average", []) if optimizer.use_ema else []
        places = {id(v): i for i, v in enumerate(optimizer.variables)}
        self._average_places = [places[id(v)] for v in averages]

    def optimizer_values(self, members):
        """A fresh optimizer's variables for every member: list of (K, *shape)."""
        return [jnp.repeat(v.value[None], members, axis=0) for v in self.model.optimizer.variables]

    def evaluated_weights(self, state):
        """The trainable values to evaluate with: their moving average where the optimizer keeps one."""
        if self._average_places:
            return [state["optimizer"][i] for i in self._average_places]
        return state["trainable"]

    # -- one member, one step ------------------------------------------------------------------------------

    def _train_batch(self, member, metrics, batch):
        self.rate.factor = member["factor"]
        state = (member["trainable"], member["non_trainable"], member["optimizer"], metrics)
        _, (trainable, non_trainable, optimizer, metrics) = self.model.train_step(state, batch)
        return dict(member, trainable=trainable, non_trainable=non_trainable, optimizer=optimizer), metrics

    def _test_batch(self, trainable, non_trainable, metrics, batch):
        _, (_, _, metrics) = self.model.test_step((trainable, non_trainable, metrics), batch)
        return metrics

    def _results(self, metrics):
        from keras import StatelessScope

        with StatelessScope(state_mapping=list(zip(self.model.metrics_variables, metrics))):
            results = self.model.get_metrics_result()
        return {name: jnp.asarray(value, "float32") for name, value in results.items()}

    def metric_names(self):
        """Names in the order of Keras's logs, "loss" first."""
        return list(self._results(self.metric_values))

    def _fresh_metrics(self, members):
        return [jnp.zeros((members, *v.shape), v.dtype) + v for v in self.metric_values]

    # -- all members, one epoch ----------------------------------------------------------------------------

    def _train_epoch(self, state, epoch, data, plan):
        x, y = data["x"], data["y"]
        members = len(state["factor"])
        batch_size, keep_tail = plan["batch_size"], plan["keep_tail"]
        order = self._orders(state, epoch, data, plan)
        steps, tail = divmod(order.shape[1], batch_size)
        whole = order[:, : steps * batch_size].reshape(members, steps, batch_size).swapaxes(0, 1)

        def step(carry, rows):
            return jax.vmap(lambda m, v, r: self._train_batch(m, v, (x[r], y[r])))(*carry, rows), None

        carry, _ = lax.scan(step, (state, self._fresh_metrics(members)), whole)
        if tail and keep_tail:
            carry, _ = step(carry, order[:, steps * batch_size :])
        state, metrics = carry
        return state, jax.vmap(self._results)(metrics)

    def _orders(self, state, epoch, data, plan):
        members, subsets = len(state["factor"]), data.get("subsets")
        n = data["x"].shape[0] if subsets is None else subsets.shape[1]
        if plan["shuffle"]:
            order = jax.vmap(lambda key: epoch_order(key, epoch, n))(state["key"])
        else:
            order = jnp.broadcast_to(jnp.arange(n, dtype="int32"), (members, n))
        return order if subsets is None else jnp.take_along_axis(subsets, order, axis=1)

    def evaluate(self, trainable, non_trainable, x, y):
        """Metrics of every member on x (n, ...), y (n, ...): dict of (K,) float32."""

        def test(metrics, batch):
            step = jax.vmap(lambda t, n, m: self._test_batch(t, n, m, batch))
            return step(trainable, non_trainable, metrics)

        members = trainable[0].shape[0]
        metrics = over_batches(test, self._fresh_metrics(members), x, y, evaluation_rows(members))
        return jax.vmap(self._results)(metrics)

    def train(self, state, best, history, first_epoch, n_epochs, data, plan):
        """Run n_epochs (a traced count) epochs; history maps names to (room, K) arrays that are filled.

        best: None, or dict(trainable, non_trainable, value (K,), epoch (K,)) of the best epoch so far by
        plan["monitor"]. Returns (state, best, history).
        """

        def epoch(i, carry):
            state, best, history = carry
            number = first_epoch + i
            state, logs = self._train_epoch(state, number, data, plan)
            if "xv" in data:
                weights = self.evaluated_weights(state)
                held_out = self.evaluate(weights, state["non_trainable"], data["xv"], data["yv"])
                logs |= {f"val_{name}": value for name, value in held_out.items()}
            if best is not None:
                best = self._keep_best(best, state, logs, number, plan)
            history = {name: history[name].at[i].set(value) for name, value in logs.items()}
            return state, best, history

        return lax.fori_loop(0, n_epochs, epoch, (state, best, history))

    def _keep_best(self, best, state, logs, epoch, plan):
        value = logs[plan["monitor"]] * plan["sign"]
        better = value > best["value"]  # False for NaN: a diverged epoch is never the best

        def choose(new, old):
            return jnp.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old)

        return {
            "trainable": list(map(choose, self.evaluated_weights(state), best["trainable"])),
            "non_trainable": list(map(choose, state["non_trainable"], best["non_trainable"])),
            "value": choose(value, best["value"]),
            "epoch": choose(jnp.full(better.shape, epoch, "int32"), best["epoch"]),
        }

    def predict(self, trainable, non_trainable, x):
        """Outputs of every member on one batch x (n, ...): (K, n, ...)."""
        call = jax.vmap(lambda t, n: self.model.predict_step((t, n), (x,))[0])
        return call(trainable, non_trainable)


def over_batches(function, carry, x, y, rows):
    """Fold `function(carry, (x, y))` over the data in batches of `rows`, the smaller last one included."""
    n = x.shape[0]
    rows = _even_rows(n, rows)
    steps, tail = divmod(n, rows)

    def step(carry, start):
        batch = (lax.dynamic_slice_in_dim(x, start, rows), lax.dynamic_slice_in_dim(y, start, rows))
        return function(carry, batch), None

    carry, _ = lax.scan(step, carry, jnp.arange(steps) * rows)
    if tail:
        carry = function(carry, (x[steps * rows :], y[steps * rows :]))
    return carry


def evaluation_rows(members):
    """How many examples a population of this size evaluates at once: 128 to 1024."""
    return min(1024, max(128, EVALUATION_ROWS // members))


def _even_rows(n, rows):
    """The largest divisor of n in rows/2..rows, so that nothing is left over, else rows (or n)."""
    if n <= rows:
        return n
    return next((r for r in range(rows, rows // 2, -1) if n % r == 0), rows)

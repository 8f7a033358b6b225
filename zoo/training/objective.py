"""What a population optimises: optimizer, loss and metrics as `keras.Model.compile` takes them."""

import numpy as np

from zoo.errors import InvalidInput


class Objective:
    """Compiles models alike: each gets its own fresh optimizer and metrics from one description.

    optimizer: name, or a keras.optimizers.Optimizer that serves as the pattern. loss, metrics: as in Keras,
    names or serialisable objects. rates: None, or (K,) learning rates, one per member; with a schedule they
    are its peak.
    """

    def __init__(self, optimizer, loss, metrics, rates=None):
        import keras

        self.loss, self.metrics, self.rates = loss, list(metrics or ()), rates
        try:
            pattern = keras.optimizers.get(optimizer)
        except ValueError as error:
            raise InvalidInput(f"optimizer={optimizer!r} is no Keras optimizer.") from error
        self._config = keras.optimizers.serialize(pattern)
        self.peak_rate = _peak_rate(pattern) if rates is not None else None

    def compile(self, model, steps_per_execution=1):
        """Compile `model` with a new optimizer and new metrics."""
        import keras

        model.compile(
            optimizer=keras.optimizers.deserialize(self._config),
            loss=self.loss,
            metrics=[_fresh(metric) for metric in self.metrics],
            steps_per_execution=steps_per_execution,
        )

    def factors(self, members):
        """(K,) float32: by how much each member's learning rate differs from the pattern's."""
        if self.rates is None:
            return np.ones(members, "float32")
        return (self.rates / self.peak_rate).astype("float32")

    @property
    def wants_class_labels(self):
        """Whether y must be integer classes."""
        name = self.loss if isinstance(self.loss, str) else type(self.loss).__name__
        return name.replace("_", "").lower().startswith("sparsecategorical")


def _fresh(metric):
    import keras

    if isinstance(metric, keras.metrics.Metric):
        return keras.metrics.deserialize(keras.metrics.serialize(metric))
    return metric


def _peak_rate(optimizer):
    import keras

    rate = optimizer._learning_rate
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        rate = getattr(rate, "warmup_target", None) or getattr(rate, "initial_learning_rate", None)
        if rate is None:
            raise InvalidInput(
                "Per-member learning rates need a constant rate or a schedule with initial_learning_rate."
            )
    rate = float(rate)
    if rate <= 0:
        raise InvalidInput("Per-member learning rates need an optimizer whose own rate is positive.")
    return rate


def scale_learning_rate(optimizer):
    """Make the optimizer's rate a multiple of `factor`, which may be a traced value; returns the handle.

    Set `handle.factor` before the optimizer is applied.
    """
    import keras

    class Scaled(keras.optimizers.schedules.LearningRateSchedule):
        factor = 1.0

        def __init__(self, inner):
            self.inner = inner

        def __call__(self, step):
            rate = self.inner(step) if callable(self.inner) else keras.ops.convert_to_tensor(self.inner)
            return rate * self.factor

        def get_config(self):
            return {"inner": self.inner}

    handle = Scaled(optimizer._learning_rate)
    optimizer._learning_rate = handle
    return handle

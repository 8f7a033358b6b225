"""A learning rate that is a multiple of another one: what tells the members of a population apart."""

import contextlib

import keras


@keras.saving.register_keras_serializable(package="zoo")
class Times(keras.optimizers.schedules.LearningRateSchedule):
    """`factor` times a schedule or a rate; factor may be a traced value as long as nothing is saved."""

    def __init__(self, rate, factor=1.0):
        self.rate, self.factor = rate, factor

    def __call__(self, step):
        if isinstance(self.rate, keras.optimizers.schedules.LearningRateSchedule):
            rate = self.rate(step)
        else:  # a function has no arguments, as Keras calls it
            rate = keras.ops.convert_to_tensor(self.rate() if callable(self.rate) else self.rate)
        return rate * self.factor

    @contextlib.contextmanager
    def at(self, factor):
        """Within this context `factor` is another; a traced one must not stay when its tracing has ended."""
        before, self.factor = self.factor, factor
        try:
            yield
        finally:
            self.factor = before

    def get_config(self):
        rate = keras.saving.serialize_keras_object(self.rate) if callable(self.rate) else float(self.rate)
        return {"rate": rate, "factor": float(self.factor)}

    @classmethod
    def from_config(cls, config):
        rate = config["rate"]
        return cls(keras.saving.deserialize_keras_object(rate) if isinstance(rate, dict) else rate, config["factor"])


def scale_learning_rate(optimizer):
    """Make the optimizer's rate a multiple of a factor; returns the handle, to set `handle.factor`, or within a trace `handle.at`."""
    optimizer = innermost(optimizer)
    handle = Times(optimizer._learning_rate)
    optimizer._learning_rate = handle
    return handle


def multiply_learning_rate(optimizer, factor):
    """Set an optimizer's rate, or the schedule that it follows, to `factor` times what it is."""
    optimizer = innermost(optimizer)
    rate = optimizer._learning_rate
    optimizer.learning_rate = Times(rate, factor) if callable(rate) else factor * float(rate)


def innermost(optimizer):
    """The optimizer that has the rate and the moments, within one that scales losses."""
    return getattr(optimizer, "inner_optimizer", optimizer)

"""A learning rate that is a multiple of another one: what tells the members of a population apart."""

import contextlib

import keras

from zoo.errors import InvalidInput


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


class Unscaled:
    """What stands for a handle, see scale_learning_rate, where the optimizer's rate is everybody's."""

    @contextlib.contextmanager
    def at(self, factor):
        """Nothing is another within this context."""
        yield


UNSCALED = Unscaled()


@contextlib.contextmanager
def told_of_rates(handle):
    """Say so where a step of a model's own would set the rate's variable, which there is none of with rates for each member."""
    try:
        yield
    except AttributeError as error:
        if handle is UNSCALED or "assign" not in str(error):
            raise
        remedy = "of which every member has its own here; leave learning_rate out of compile"
        raise InvalidInput(f"A step of the model's own sets the learning rate, {remedy}. ({error})") from error


def scale_learning_rate(optimizer):
    """Make the optimizer's rate a multiple of a factor; returns the handle, to set `handle.factor`, or in a trace `handle.at`."""
    optimizer = innermost(optimizer)
    handle = Times(optimizer._learning_rate)
    optimizer._learning_rate = handle
    return handle


def multiply_learning_rate(optimizer, factor):
    """Set an optimizer's rate, or the schedule that it follows, to `factor` times what it is."""
    optimizer = innermost(optimizer)
    rate = optimizer._learning_rate
    optimizer.learning_rate = Times(rate, factor) if callable(rate) else factor * float(rate)


def finalizes(optimizer):
    """Whether an optimizer gives other weights in the end than those that it trains, such as their moving average."""
    own = innermost(optimizer)
    return own.use_ema or type(own).finalize_variable_values is not keras.optimizers.Optimizer.finalize_variable_values


def innermost(optimizer):
    """The optimizer that has the rate and the moments, within one that scales losses."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def present_rate(optimizer):
    """The rate that an optimizer has now, a number, a schedule or another function; None where it has none."""
    rate = getattr(innermost(optimizer), "_learning_rate", None)
    return rate if rate is None or callable(rate) else float(keras.ops.convert_to_numpy(rate))


def peak_rate(optimizer):
    """The largest rate of an optimizer, of which members get multiples. Raises InvalidInput where it is not known, or 0."""
    rate = innermost(optimizer)._learning_rate
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        names = ("warmup_target", "initial_learning_rate", "end_learning_rate")
        known = [value for value in (getattr(rate, name, None) for name in names) if value is not None]
        if not known:
            raise InvalidInput("Per-member learning rates need a constant rate or a schedule with initial_learning_rate.")
        peak = max(map(float, known))
        _require_peak(rate, peak)
        rate = peak
    elif callable(rate):
        raise InvalidInput("Per-member learning rates need a constant rate or a schedule, not a function.")
    rate = float(rate)
    if rate <= 0:
        raise InvalidInput("Per-member learning rates need an optimizer whose own rate is positive.")
    return rate


def _require_peak(schedule, peak):
    """Raise InvalidInput where a schedule comes to other rates than its names say, so that nobody knows its peak."""
    for step in (0, *(2**power for power in range(21))):
        found = float(keras.ops.convert_to_numpy(schedule(keras.ops.convert_to_tensor(step, "int32"))))
        if not found <= peak * (1 + 1e-5):
            raise InvalidInput(
                f"Per-member learning rates need a schedule whose peak is known: by its warmup_target, initial_learning_rate or "
                f"end_learning_rate it is {peak:g}, but at step {step:,} this one has {found:g}."
            )

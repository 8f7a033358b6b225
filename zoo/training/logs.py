"""What the steps of a model, which may be its own, have to log: the loss, nothing by the name of a column, what is chosen by."""

import inspect

from zoo.errors import InvalidInput
from zoo.training.history import COLUMNS


def check_logs(model, logs):
    """Raise InvalidInput where a step does not log its loss, or logs something by the name of another column of tables."""
    taken = [name for name in logs if name in COLUMNS and name != "loss"]
    if taken:
        raise InvalidInput(
            f"{_name(model)} logs {taken[0]!r}, of which name tables have a column of their own; call it something else."
        )
    if "loss" not in logs:
        raise InvalidInput(f"{_name(model)} does not log its loss, which tables are of: its steps have to give it as 'loss'.")


def check_monitored(model, monitor, tested):
    """Raise InvalidInput where the steps of validation do not log what the best epoch is chosen by, such as val_loss."""
    if (name := monitor.removeprefix("val_")) not in tested:
        raise InvalidInput(
            f"{_name(model)} does not log {name} where it is tested, by which the best epoch is chosen; name another one, such as "
            "monitor='val_loss'."
        )


def check_tested(model):
    """Raise InvalidInput where Keras's own test_step keeps a loss that is none of the model's metrics, which then say 0."""
    import keras

    # What a test_step calls, which may update metrics, too.
    steps = "test_step", "compute_loss", "compute_metrics"
    own = any(getattr(type(model), step) is not getattr(keras.Model, step) for step in steps)
    if not own and all(metric is not model._loss_tracker for metric in model.metrics):
        raise InvalidInput(
            f"{_name(model)} has metrics of its own, which Keras's test_step does not update, so that they would say 0: give it a "
            "test_step, too, or metrics that begin with Keras's (super().metrics)."
        )


def check_step(model, step):
    """Raise InvalidInput where a step of a model's own does not take what Keras gives it on JAX."""
    try:
        inspect.signature(getattr(model, step)).bind("state", "data")
    except TypeError as error:
        raise InvalidInput(
            f"{_name(model)}.{step} can't be called as Keras does on JAX, {step}(state, data): {error}. One that takes the data "
            "alone is for TensorFlow and PyTorch: train on these (KERAS_BACKEND=tensorflow), or give it the state."
        ) from None


def check_predicted(model, outputs):
    """Raise InvalidInput where a predict_step gives something else than one array."""
    if isinstance(outputs, (dict, list, tuple)):
        raise InvalidInput(f"{_name(model)}.predict_step must give one array for a population; it gave a {type(outputs).__name__}.")


def _name(model):
    return type(model).__name__

"""Which of Keras's metrics are better large and which small, as their names in a history say it."""


def metric_sign(given, known):
    """(what the history calls it, 1 where more is better, -1 where less is, None where Keras doesn't know) of a metric.

    given: what the user passed to compile; known: the metric or function that Keras makes of it, or "accuracy".
    """
    import keras
    from keras.src.utils.naming import get_object_name

    if isinstance(known, keras.metrics.Metric):
        function = getattr(known, "_fn", None)  # of a MeanMetricWrapper, which knows no direction
        return given if isinstance(given, str) else known.name, _sign(known) or _sign(_metric_of(function))
    name = given if isinstance(given, str) else get_object_name(given)
    if isinstance(known, str) and known.lower() in ("accuracy", "acc"):  # as Keras reads it
        return name, 1
    return name, _sign(_metric_of(getattr(known, "func", known)))


def is_accuracy(name, known):
    """Whether a metric is an accuracy, as the name that the history has for it says, or what Keras knows it as."""
    function = getattr(known, "_fn", getattr(known, "func", known))
    kind = getattr(function, "__name__", type(known).__name__)
    return any("accuracy" in word.lower() for word in (name, kind)) or name.lower().split("_")[-1] == "acc"


def compares_one_hot(known):
    """Whether a metric looks for the largest of y's last axis, which of integer classes is the batch's."""
    function = getattr(known, "_fn", getattr(known, "func", known))
    return getattr(function, "__name__", "") == "categorical_accuracy"


def _metric_of(function):
    """The metric that Keras makes of a function of its own, None for any other."""
    import keras

    if not getattr(function, "__module__", "").startswith("keras."):
        return None
    try:
        return keras.metrics.get("".join(word.capitalize() for word in function.__name__.split("_")))
    except ValueError:
        return None


def _sign(metric):
    return {"up": 1, "down": -1}.get(getattr(metric, "_direction", None))

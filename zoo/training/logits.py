"""Losses and metrics that take probabilities, and models that end in logits: what is told before it goes wrong silently."""

import functools

# Keras's metrics that compare with thresholds, which may be 0; and those whose thresholds lie between 0 and 1.
_COUNTING = ("Precision", "Recall", "TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives")
_OF_PROBABILITIES = (
    "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity",
)  # fmt: skip
_OF_THE_LARGEST = (
    "categoricalaccuracy", "sparsecategoricalaccuracy", "topkcategoricalaccuracy", "sparsetopkcategoricalaccuracy",
)  # fmt: skip
_OF_NUMBERS = (
    "meansquarederror", "meanabsoluteerror", "meanabsolutepercentageerror", "meansquaredlogarithmicerror", "huber", "logcosh",
)  # fmt: skip
_SOFTENED = "end the model in probabilities, with a {} layer after the logits"
_RATES = "end the model in rates, with a softplus layer after the logits"


def loss_for_logits(loss):
    """What to do where a cross-entropy of Keras's, as Objective knows it, would take logits for probabilities; else ""."""
    import keras

    if isinstance(loss, str):  # "crossentropy"
        return "pass keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
    from_logits = getattr(loss, "from_logits", False)
    while isinstance(loss, functools.partial):
        from_logits, loss = from_logits or loss.keywords.get("from_logits", False), loss.func
    kind = type(loss) if isinstance(loss, keras.losses.Loss) else loss
    name = getattr(kind, "__name__", "")
    if getattr(keras.losses, name, None) is not kind or from_logits:
        return ""
    name = name.title().replace("_", "") if kind is loss else name
    if name.lower() == "kldivergence":
        return "pass keras.losses.CategoricalCrossentropy(from_logits=True), whose gradient is the same"
    if name == "Poisson":
        return _RATES
    if name in ("Dice", "Tversky"):
        return _SOFTENED.format("softmax or sigmoid")
    if name == "CategoricalGeneralizedCrossEntropy":  # the only one that can't be told
        return _SOFTENED.format("softmax")
    return f"pass keras.losses.{name}(from_logits=True)" if name.endswith("Crossentropy") else ""


def ends_in_logits(model):
    """Whether a model's output is that of a layer called "logits", which nothing follows and which has no activation."""
    import keras

    last = model
    while getattr(last, "outputs", None):  # of a model within the model, its own last layer
        last = last.outputs[0]._keras_history.operation
    return last.name == "logits" and getattr(last, "activation", None) in (None, keras.activations.linear)


def is_binary(loss):
    """Whether a loss, as Objective knows it, takes each output for a yes or no of its own."""
    return _plain_name(loss) in ("binarycrossentropy", "binaryfocalcrossentropy")


def is_of_numbers(loss):
    """Whether a loss, as Objective knows it, wants the outputs to be near the targets themselves, so that they are no logits."""
    return _plain_name(loss) in _OF_NUMBERS


def _plain_name(loss):
    while isinstance(loss, functools.partial):
        loss = loss.func
    return getattr(loss, "__name__", type(loss).__name__).lower().replace("_", "")


def metric_for_logits(metric, outputs, binary=False):
    """What to pass in place of a metric of Keras's that would take logits for probabilities; "" where it does not.

    binary: whether each output is a yes or no of its own, so that the largest of them is no answer.
    """
    import keras

    apart = binary or outputs == 1
    if isinstance(metric, str):  # "accuracy", which Keras makes one of three of
        return "pass keras.metrics.BinaryAccuracy(threshold=0.0)" if apart else ""
    kind = type(metric) if isinstance(metric, keras.metrics.Metric) else metric
    name = getattr(kind, "__name__", "")
    if getattr(keras.metrics, name, None) is not kind:
        return ""
    if name.lower().endswith("crossentropy") and not getattr(metric, "from_logits", False):
        whole = next((place for place in dir(keras.metrics) if place.lower() == name.lower().replace("_", "")), name)
        return f"pass keras.metrics.{whole}(from_logits=True)"
    if name in ("KLDivergence", "Poisson"):
        return _RATES if name == "Poisson" else _SOFTENED.format("softmax")
    if apart and name.lower().replace("_", "") in _OF_THE_LARGEST:
        return "pass keras.metrics.BinaryAccuracy(threshold=0.0)"
    if name in ("BinaryAccuracy", "binary_accuracy", "BinaryIoU") and getattr(metric, "threshold", 0.5) > 0:
        return f"pass keras.metrics.{'BinaryIoU' if name == 'BinaryIoU' else 'BinaryAccuracy'}(threshold=0.0)"
    if name == "AUC" and not metric._from_logits:
        return "pass keras.metrics.AUC(from_logits=True)" if apart else _SOFTENED.format("softmax")
    if hasattr(metric, "thresholds") and name in _COUNTING:
        if max(metric.thresholds) <= 0:
            return ""
        if apart:
            return f"pass keras.metrics.{name}(thresholds=0)"
        # The largest logit is the largest probability; above a threshold of 0 there may be many or none.
        largest = f"pass keras.metrics.{name}(top_k=1, ...), or " if hasattr(metric, "top_k") else ""
        return largest + _SOFTENED.format("softmax")
    # With one output for each class the F scores take the largest, if they are given no threshold.
    if name in _OF_PROBABILITIES or (name in ("F1Score", "FBetaScore") and (apart or metric.threshold is not None)):
        return _SOFTENED.format("sigmoid")
    return ""

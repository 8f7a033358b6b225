"""What a population optimises: optimizer, loss and metrics as `keras.Model.compile` takes them."""

import numpy as np

from zoo.errors import InvalidInput


class Objective:
    """Compiles models alike: each gets its own fresh optimizer and metrics from one description.

    optimizer: name, or a keras.optimizers.Optimizer that serves as the pattern. loss, metrics: as in Keras,
    names or objects. rates: None, or (K,) learning rates, one per member; with a schedule they are its peak.
    Raises InvalidInput for a name that Keras does not know.
    """

    def __init__(self, optimizer, loss, metrics, rates=None):
        import keras

        metrics = [metrics] if isinstance(metrics, str) or callable(metrics) else metrics or []
        if not isinstance(metrics, (list, tuple)):
            raise InvalidInput(f"metrics must be a list of names or keras.metrics; got {metrics!r}.")
        self.loss, self.metrics, self.rates = loss, list(metrics), rates
        self._pattern = _known("optimizer", optimizer, keras.optimizers.get)
        if getattr(self._pattern, "_exclude_from_weight_decay", None):
            raise InvalidInput("Members have variables of their own: exclude_from_weight_decay takes var_names here, no var_list.")
        self._known_loss = _known("loss", loss, keras.losses.get, chosen_by_data=("crossentropy", "ce"))
        for metric in self.metrics:
            _known("metric", metric, keras.metrics.get, chosen_by_data=("accuracy", "acc"))
        self.peak_rate = _peak_rate(self._pattern) if rates is not None else None

    def compile(self, model, steps_per_execution=1):
        """Compile `model` with a new optimizer and new metrics."""
        model.compile(
            optimizer=self._optimizer(),
            loss=self.loss,
            metrics=[_fresh(metric) for metric in self.metrics],
            steps_per_execution=steps_per_execution,
        )

    def compile_member(self, model, factor):
        """Compile `model` to go on from where a member stands, at `factor` times the pattern's learning rate."""
        from zoo.training.schedules import multiply_learning_rate

        self.compile(model)
        if factor != 1:
            multiply_learning_rate(model.optimizer, float(factor))

    def check_output(self, model):
        """Raise InvalidInput where the loss takes probabilities and `model` ends in the zoo's logits."""
        name = _of_probabilities(self._known_loss)
        if name and _ends_in_logits(model):
            raise InvalidInput(
                f"This loss takes probabilities, but {model.name!r} ends in logits; pass keras.losses.{name}(from_logits=True)."
            )

    def prepare(self, model, x, y):
        """Compile `model` and build its optimizer and metrics for data like x (n, ...), y (n, ...).

        y None: for predictions only, the metrics stay unbuilt. Raises InvalidInput where loss or metrics cannot
        take y and the model's output.
        """
        try:
            self.compile(model)
            model.optimizer.build(model.trainable_variables)
            if y is not None:
                # A batch as long as no other axis, so that nothing fits by being broadcast along it.
                length = 1 + max([1, *(side or 0 for side in model.output_shape[1:]), *y.shape[1:]])
                batch = (np.broadcast_to(np.asarray(part[:1]), (length, *part.shape[1:])) for part in (x, y))
                model._symbolic_build(data_batch=tuple(batch))
        except (TypeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            shapes = f"the model's output has shape {model.output_shape}" + ("" if y is None else f", y {y.shape}")
            raise InvalidInput(f"Loss and metrics do not fit: {shapes}. {reason}") from error

    def _optimizer(self):
        config = self._pattern.get_config()
        if callable(self._pattern._learning_rate):  # a schedule: kept as it is, it may be the user's own class
            config["learning_rate"] = self._pattern._learning_rate
        optimizer = type(self._pattern).from_config(config)
        if getattr(self._pattern, "_exclude_from_weight_decay_pattern", None) is not None:  # no part of the config
            optimizer._exclude_from_weight_decay_pattern = self._pattern._exclude_from_weight_decay_pattern
        return optimizer

    def factors(self, members):
        """(K,) float32: by how much each member's learning rate differs from the pattern's."""
        if self.rates is None:
            return np.ones(members, "float32")
        return (self.rates / self.peak_rate).astype("float32")

    @property
    def ignores_y(self):
        """Whether the loss says that it does without y."""
        return getattr(self.loss, "ignores_y", False)

    @property
    def wants_class_labels(self):
        """Whether y must be integer classes, all of which the model knows."""
        name = self.loss if isinstance(self.loss, str) else getattr(self.loss, "__name__", type(self.loss).__name__)
        ignores_some = getattr(self.loss, "ignore_class", None) is not None
        return name.replace("_", "").lower().startswith("sparsecategorical") and not ignores_some

    @property
    def monitor(self):
        """(name in the history, sign) of what says which epoch is best: the first accuracy, else the loss."""
        for metric in self.metrics:
            name = metric if isinstance(metric, str) else getattr(metric, "name", None) or metric.__name__
            if "accuracy" in name.lower() or name.lower().split("_")[-1] == "acc":
                return f"val_{name}", 1
        return "val_loss", -1


def _known(kind, identifier, get, chosen_by_data=()):
    """What Keras knows by `identifier`, or InvalidInput; names in chosen_by_data are Keras's to resolve later."""
    if isinstance(identifier, str) and identifier.lower() in chosen_by_data:
        return identifier
    try:
        found = get(identifier)
    except (TypeError, ValueError):
        found = None
    if found is None:
        raise InvalidInput(f"{kind}={identifier!r} is no Keras {kind}; give its name or a keras.{_PLACES[kind]} object.")
    return found


_PLACES = {"optimizer": "optimizers", "loss": "losses", "metric": "metrics"}


def _of_probabilities(loss):
    """The name of a Keras cross-entropy, as _known gives it, that could take logits and is not told to; else None."""
    import keras

    if isinstance(loss, str):  # "crossentropy"
        return "SparseCategoricalCrossentropy"
    kind = type(loss) if isinstance(loss, keras.losses.Loss) else loss
    name = getattr(kind, "__name__", "")
    if getattr(keras.losses, name, None) is not kind or getattr(loss, "from_logits", False):
        return None
    name = name.title().replace("_", "") if kind is loss else name
    return name if name.endswith("Crossentropy") else None


def _ends_in_logits(model):
    """Whether a model's output is that of a layer called "logits", which nothing follows and which has no activation."""
    import keras

    last = model
    while getattr(last, "outputs", None):  # of a model within the model, its own last layer
        last = last.outputs[0]._keras_history.operation
    return last.name == "logits" and getattr(last, "activation", None) in (None, keras.activations.linear)


def _fresh(metric):
    import keras

    return type(metric).from_config(metric.get_config()) if isinstance(metric, keras.metrics.Metric) else metric


def _peak_rate(optimizer):
    import keras

    rate = getattr(optimizer, "inner_optimizer", optimizer)._learning_rate
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

"""What a population optimises: optimizer, loss and metrics as `keras.Model.compile` takes them."""

import inspect
import re
from collections import Counter

import numpy as np

from zoo.errors import InvalidInput, reason_of
from zoo.training import targets
from zoo.training.batches import each_alone, masked, traced
from zoo.training.history import COLUMNS
from zoo.training.logits import ends_in_logits, is_binary, is_of_numbers, loss_for_logits, metric_for_logits
from zoo.training.memory import is_out_of_memory, not_even_one
from zoo.training.monitor import compares_one_hot, is_accuracy, metric_sign

_MARK = 2 + 1 / 3  # above what an optimizer's variables usually start at, and no number that anybody sets


class Objective:
    """Compiles models alike: each gets its own fresh optimizer and metrics from one description.

    optimizer: name, or a keras.optimizers.Optimizer that serves as the pattern. loss, metrics: as in Keras,
    names or objects. rates: None, or (K,) learning rates, one per member; with a schedule they are its peak.
    Raises InvalidInput for a name that Keras does not know.
    """

    def __init__(self, optimizer, loss, metrics, rates=None):
        import keras

        from zoo.training.schedules import innermost, peak_rate, present_rate

        metrics = [metrics] if isinstance(metrics, str) or callable(metrics) else metrics or []
        if not isinstance(metrics, (list, tuple)):
            raise InvalidInput(f"metrics must be a list of names or keras.metrics; got {metrics!r}.")
        self.loss, self.metrics, self.rates = loss, list(map(_made, metrics)), rates
        self._pattern = _known("optimizer", optimizer, keras.optimizers.get)
        _require_whole_config(self._pattern)
        if isinstance(innermost(self._pattern), keras.optimizers.MultiOptimizer):
            raise InvalidInput("A population takes one optimizer for all variables of a model, no MultiOptimizer.")
        if getattr(innermost(self._pattern), "_exclude_from_weight_decay", None):
            raise InvalidInput("Members have variables of their own: exclude_from_weight_decay takes var_names here, no var_list.")
        self._known_loss = _known("loss", loss, keras.losses.get, chosen_by_data=targets.BY_DATA)
        if getattr(self._known_loss, "reduction", "") in (None, "none"):
            raise InvalidInput("The loss must be one number for a batch; leave out reduction=None of the loss.")
        self._known_metrics = list(map(_known_metric, self.metrics))
        for metric in self._known_metrics:
            _require_whole_config(metric)
            name = getattr(metric, "name", None) or getattr(metric, "__name__", "")
            if name in COLUMNS or name.startswith("val_"):
                raise InvalidInput(f"A metric can't be called {name!r}: tables have a column of that name; give it another.")
        self.peak_rate = peak_rate(self._pattern) if rates is not None else None
        self._rate = present_rate(self._pattern)

    def __deepcopy__(self, memo):
        twin = object.__new__(type(self))  # all in it serves as a pattern, of which Keras's own copies lose a part
        twin.__dict__.update(self.__dict__)
        return twin

    def __getstate__(self):
        from zoo.training.schedules import innermost

        packed = [_packed(metric) for metric in self.metrics]  # Keras's own objects of them can't be pickled
        options = (getattr(part, "_fn_kwargs", None) for part in (self.loss, self._known_loss, *self.metrics))
        beside = [kept if kept is None else dict(kept) for kept in options]
        excluded = getattr(innermost(self._pattern), "_exclude_from_weight_decay_pattern", None)
        state = {name: value for name, value in self.__dict__.items() if name != "_known_metrics"}
        return state | {"metrics": packed, "beside": (beside, excluded)}

    def __setstate__(self, state):
        """From a pickle, whose optimizer, loss and metrics Keras made by configuration: with what that leaves out."""
        from zoo.training.schedules import innermost, present_rate

        beside, excluded = state.pop("beside")
        self.__dict__.update(state | {"metrics": [_unpacked(metric) for metric in state["metrics"]]})
        for part, options in zip((self.loss, self._known_loss, *self.metrics), beside):
            if options is not None:
                part._fn_kwargs = options
        if excluded is not None:
            innermost(self._pattern)._exclude_from_weight_decay_pattern = excluded
        self._known_metrics, self._rate = list(map(_known_metric, self.metrics)), present_rate(self._pattern)

    def check_rate(self):
        """Raise InvalidInput where the rate of the optimizer that was given is another by now: members have their own."""
        from zoo.training.schedules import present_rate

        if present_rate(self._pattern) != self._rate:
            raise InvalidInput(
                "The optimizer's learning rate was changed after compile, which no member sees: each has an optimizer of its own. "
                "Compile again, for new optimizers at the new rate; to go on with what these have gathered, save before and "
                "restore after that."
            )

    def compile(self, model, steps_per_execution=1):
        """Compile `model` with a new optimizer and new metrics."""
        model.compile(
            optimizer=self._optimizer(),
            loss=self.loss,
            metrics=[_fresh(metric) for metric in self.metrics],
            steps_per_execution=steps_per_execution,
        )

    def compile_member(self, model, factor):
        """Compile `model`, whose weights are a member's, with a fresh optimizer at `factor` times the pattern's rate."""
        from zoo.training.schedules import multiply_learning_rate

        self.compile(model)
        if factor != 1:
            multiply_learning_rate(model.optimizer, float(factor))

    def check_output(self, model):
        """Raise InvalidInput where the loss, or a metric, takes probabilities and `model` ends in the zoo's logits."""
        if not ends_in_logits(model):
            return
        remedy = loss_for_logits(self._known_loss)
        if remedy:
            raise InvalidInput(f"This loss takes probabilities, but {model.name!r} ends in logits; {remedy}.")
        if is_of_numbers(self._known_loss):
            return  # towards 0 and 1 as such, of which thresholds between these are right
        for metric, (name, _) in zip(self._known_metrics, self._signs()):
            remedy = metric_for_logits(metric, model.output_shape[-1], is_binary(self._known_loss))
            if remedy:
                raise InvalidInput(f"The metric {name} takes probabilities, but {model.name!r} ends in logits; {remedy}.")

    def prepare(self, model, x, y):
        """Compile `model` and build its optimizer and metrics for data like x (n, ...), y (n, ...).

        y None: for predictions only, the metrics stay unbuilt. Raises InvalidInput where loss or metrics cannot
        take y and the model's output, for a metric that is no single number, and for a model without weights.
        """
        if not model.variables:
            raise InvalidInput("The models have no weights, so that all members are the same; a population needs some.")
        self._require_compile(model)
        try:
            self.compile(model)
            model.optimizer.build(model.trainable_variables)
            if y is not None:
                length = targets.length_to_try(model, y.shape)
                batch = (np.broadcast_to(_small(np.asarray(part[:1])), (length, *part.shape[1:])) for part in (x, y))
                model._symbolic_build(data_batch=tuple(batch))
        except (TypeError, ValueError, RuntimeError) as error:
            if is_out_of_memory(error):
                raise not_even_one(error) from error
            reason = reason_of(error)
            shapes = f"the model's output has shape {model.output_shape}" + ("" if y is None else f", y {y.shape}")
            raise InvalidInput(f"Loss and metrics do not fit: {shapes}. {reason}") from error
        if y is not None:
            self._check_targets(model, y)
            for name, value in model.get_metrics_result().items():
                if isinstance(value, dict):
                    raise InvalidInput(f"The metric {name} gives {', '.join(value)}: make each of them a metric of its own.")
                if np.ndim(value):
                    raise InvalidInput(
                        f"The metric {name} gives {np.size(value)} numbers, the history has one for each member and epoch; "
                        "have it averaged, such as with average='macro'."
                    )

    def _require_compile(self, model):
        """Raise InvalidInput where a model's own compile does not take what Keras's does."""
        try:
            inspect.signature(model.compile).bind(optimizer=None, loss=None, metrics=None, steps_per_execution=1)
        except TypeError as error:
            raise InvalidInput(
                f"{type(model).__name__}.compile can't be called with optimizer, loss, metrics and steps_per_execution, as a "
                f"population compiles its members ({error}); give what else it wants in __init__, and let compile take **kwargs."
            ) from None

    def _check_targets(self, model, y):
        """Raise InvalidInput where one of Keras's losses of numbers would repeat y, or the output, along an axis to fit."""
        output, given = model.output_shape[1:], y.shape[1:]
        for metric, (name, _) in zip(self._known_metrics, self._signs()):
            if given[-1:] != output[-1:] and compares_one_hot(metric):
                remedy = "pass keras.metrics.SparseCategoricalAccuracy(), or 'accuracy'"
                raise InvalidInput(f"The metric {name} takes one-hot labels, y {y.shape} holds classes; {remedy}.")
        if not targets.compares_numbers(self._known_loss, model, y):
            return
        longer, shorter = sorted((output, given), key=len, reverse=True)
        if len(longer) == len(shorter) + 1 and longer[-1] == 1:  # Keras takes that axis away
            longer = longer[:-1]
        same = len(longer) == len(shorter) and all(None in pair or pair[0] == pair[1] for pair in zip(longer, shorter))
        if not same:
            raise InvalidInput(f"y has shape {y.shape}, the model's output {model.output_shape}; they must agree but for n.")

    def shape_of_losses(self, model, x, y):
        """Shape of the losses of a batch before their mean, for a `model` that is prepared for data like x and y.

        Its first entry is the batch's; or it is None where the loss is not one for each example.
        """
        loss = model._compile_loss._flat_losses[0].loss
        try:
            return targets.shape_given(loss.call, model, x, y, (loss.dtype, loss.dtype))
        except InvalidInput as error:
            what = f"{type(loss).__name__}.call must give one loss for each example, to be weighed"
            raise InvalidInput(f"{what}: {error}") from error

    def copied_parameters(self, model):
        """{place among the optimizer's variables: place among the trainable ones that it starts as a copy of}, of a `model`
        that is prepared; empty for most optimizers, which start at constants. Raises InvalidInput for an optimizer of one's own
        with a variable that starts otherwise by the weights, as each member has its own.
        """
        import keras

        from zoo.training.schedules import innermost

        to_numpy = keras.ops.convert_to_numpy

        def alike(one, other):
            return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")

        def vary(variables):
            return any(np.ndim(value) and np.ptp(value) for value in map(to_numpy, variables))

        ours = type(innermost(self._pattern)).__module__.startswith("keras.")
        if ours and not vary(model.optimizer.variables) and vary(model.trainable_variables):  # of which copies would vary as well
            return {}
        parameters, probe = model.trainable_variables, innermost(self._optimizer())
        kept = [to_numpy(variable) for variable in parameters]
        try:
            for place, variable in enumerate(parameters):
                variable.assign(np.full(variable.shape, place + _MARK))
            marks = {
                float(to_numpy(variable).max()): place for place, variable in enumerate(parameters) if variable.shape.count(0) == 0
            }
            probe.build(parameters)
        finally:
            for variable, value in zip(parameters, kept):
                variable.assign(value)
        # Before these come the variables of what scales the loss, where something does.
        found, first = {}, len(model.optimizer.variables) - len(probe.variables)
        again = None
        for place, value in enumerate(map(to_numpy, probe.variables), start=first):
            source = marks.get(float(value.max())) if value.size and value.min() == value.max() else None
            if source is not None and value.shape == tuple(parameters[source].shape):
                found[place] = source
            elif not alike(value, mine := to_numpy(model.optimizer.variables[place])):
                if again is None:
                    again = innermost(self._optimizer())
                    again.build(parameters)
                if alike(mine, to_numpy(again.variables[place - first])):  # else it is drawn at random
                    raise InvalidInput(
                        f"{self.optimizer_name} starts {model.optimizer.variables[place].path} by the weights, of which every "
                        "member has its own; begin it as a copy of them, or at a number, and set it in the first step."
                    )
        return found

    def _optimizer(self):
        import keras

        from zoo.training.architecture import without_tensorflow
        from zoo.training.schedules import Times, innermost

        pattern = innermost(self._pattern)
        rate = pattern._learning_rate
        try:
            if callable(rate):  # a schedule is kept as it is: it may be the user's own class, without a config
                pattern._learning_rate = Times(1.0)
            with without_tensorflow():
                config = self._pattern.get_config()
            with keras.saving.custom_object_scope({type(pattern).__name__: type(pattern)}):  # within one that scales the loss
                optimizer = type(self._pattern).from_config(config)
        finally:
            pattern._learning_rate = rate
        own = innermost(optimizer)
        _require_alike(own, pattern)
        if callable(rate):
            own._learning_rate = rate
        if getattr(pattern, "_exclude_from_weight_decay_pattern", None) is not None:  # no part of the config
            own._exclude_from_weight_decay_pattern = pattern._exclude_from_weight_decay_pattern
        return optimizer

    @property
    def goes_by_names(self):
        """Whether the optimizer treats variables by the names of their layers."""
        from zoo.training.schedules import innermost

        return bool(getattr(innermost(self._pattern), "exclude_layers", None))

    @property
    def optimizer_name(self):
        """Which optimizer it is, such as "Adam"; of one that scales the loss also which one it does so for."""
        from zoo.training.schedules import innermost

        return " of ".join(dict.fromkeys(type(kind).__name__ for kind in (self._pattern, innermost(self._pattern))))

    def parts(self):
        """All that was compiled: [optimizer, apart from its schedule, schedule or rate, loss, *metrics]."""
        from zoo.training.schedules import Times, innermost

        optimizer = self._optimizer()
        rate = innermost(optimizer)._learning_rate
        if callable(rate):
            innermost(optimizer)._learning_rate = Times(1.0)
        return [optimizer, rate if callable(rate) else self._rate, self._known_loss, *self._known_metrics]

    def fresh_optimizer(self, model, members):
        """(variables of a fresh optimizer for each of so many members, arrays (K, *shape), place of the rate among them, whether
        it is one: that of a schedule is none).

        model: one like the members, which is compiled by this.
        """
        import keras

        from zoo.training.schedules import innermost

        self.compile(model)
        model.optimizer.build(model.trainable_variables)
        variables, inner = model.optimizer.variables, innermost(model.optimizer)
        values = (keras.ops.convert_to_numpy(variable) for variable in variables)
        # Its own variable: the property counts whole accumulations.
        place = 1 + next(place for place, variable in enumerate(variables) if variable is inner._iterations)
        among = place < len(variables) and variables[place] is inner._learning_rate
        return [np.broadcast_to(value, (members, *value.shape)) for value in values], place, among

    def factors(self, members):
        """(K,) float32: by how much each member's learning rate differs from the pattern's."""
        if self.rates is None:
            return np.ones(members, "float32")
        return (self.rates / self.peak_rate).astype("float32")

    @property
    def ignores_y(self):
        """Whether the loss says that it does without y."""
        return getattr(self.loss, "ignores_y", False)

    def averages(self, model, x, y):
        """Whether loss and metrics of some examples are the means of theirs, however many they are, for a `model` that is
        prepared for data like x and y (None: for predictions only).

        They aren't with another reduction, where some places don't count, or where one is of a whole batch, as what a layer adds
        to the loss may be, or what the model makes of an example: then a mean over batches depends on their size.
        """
        usual = getattr(self._known_loss, "reduction", "sum_over_batch_size") in ("sum_over_batch_size", "mean")
        called = traced(model)
        usual = usual and self.ignored_class is None and not masked(model, called)
        return usual and each_alone(model, called) and (y is None or targets.each_example_alone(model, x, y))

    def wants_class_labels(self, model, y):
        """Whether y must be integer classes, all of which the model knows. y None: as far as the loss alone says it."""
        return targets.wants_labels(self._known_loss, model, y)

    def wants_probabilities(self, model, y):
        """Whether it is a cross-entropy with numbers in 0..1, which has no least value for others."""
        return targets.wants_probabilities(self._known_loss, model, y)

    @property
    def ignored_class(self):
        """The label of what does not count, which need not be a class of the model; None where all count."""
        options = getattr(self.loss, "keywords", {})  # of a functools.partial
        return getattr(self.loss, "ignore_class", options.get("ignore_class"))

    def monitor(self, name=None, mode="auto"):
        """(name in the history, sign) of what says which epoch is best: the first of Keras's accuracies, else the loss.

        name: or this one, a validation column of the history such as "val_loss". mode: "max" or "min", what is best; "auto": as
        Keras knows it of its metrics. Raises InvalidInput for a name or mode that there is not, and where Keras doesn't know it.
        """
        signs = {"val_loss": -1} | {f"val_{metric}": sign for metric, sign in self._signs()}
        if name is None:
            known = zip(self._signs(), self._known_metrics)
            accuracies = [f"val_{metric}" for (metric, sign), kind in known if sign == 1 and is_accuracy(metric, kind)]
            name = accuracies[0] if accuracies else "val_loss"
        if not isinstance(name, str) or name not in signs:
            raise InvalidInput(f"There is no {name!r} to monitor; there is {', '.join(signs)}.")
        sign = {"auto": signs[name], "max": 1, "min": -1}.get(mode, 0)
        if sign == 0:
            raise InvalidInput(f"mode must be 'auto', 'max' or 'min'; got {mode!r}.")
        if sign is None:
            raise InvalidInput(f"Keras does not say whether {name} is to be large or small; say mode='max' or mode='min'.")
        return name, sign

    def _signs(self):
        """[(what the history calls a metric, its sign)]: Keras numbers those of one name."""
        seen, found = Counter(), []
        for name, sign in map(metric_sign, self.metrics, self._known_metrics):
            found.append((f"{name}_{seen[name]}" if seen[name] else name, sign))
            seen[name] += 1
        return found


def _small(array):
    """Integers of 64 bits, which JAX warns of where it only looks at types, as those of 32; they are known to fit."""
    return array.astype("int32") if array.dtype.kind in "iu" and array.dtype.itemsize == 8 else array


def _known(kind, identifier, get, chosen_by_data=()):
    """What Keras knows by `identifier`, or InvalidInput; names in chosen_by_data are Keras's to resolve later."""
    if isinstance(identifier, str) and identifier.lower() in chosen_by_data:
        return identifier
    try:
        found = get(identifier)
    except (TypeError, ValueError):
        found = None
    if found is None and kind == "loss" and isinstance(identifier, (dict, list, tuple)):
        raise InvalidInput(f"A population's models have one output, so it wants one loss; got a {type(identifier).__name__}.")
    if found is None:
        raise InvalidInput(f"{kind}={identifier!r} is no Keras {kind}; give its name or a keras.{_PLACES[kind]} object.")
    return found


def _require_whole_config(made):
    """Raise InvalidInput for an object of the user's class whose get_config leaves out what it was made with."""
    import inspect

    kind = type(made)
    if isinstance(made, (str, type)) or not hasattr(made, "get_config") or kind.__module__.partition(".")[0] == "keras":
        return
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    named = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    try:
        missing = sorted(named - {"name", "dtype", *made.get_config()})
    except NotImplementedError:  # of a schedule in it, which is kept as it is
        return
    if missing:
        what = f"each member gets a {kind.__name__} of its own, made from it"
        raise InvalidInput(f"{kind.__name__}.get_config() must give {', '.join(missing)}: {what}.")


def _require_alike(copy, made):
    """The copy of an object of the user's class that its get_config gave. Raises InvalidInput where it has other settings."""
    kind = type(made)
    if kind.__module__.partition(".")[0] == "keras":
        return copy

    def settings(thing):
        plain = {key: value for key, value in vars(thing).items() if type(value) in (int, float, bool, str, type(None))}
        rate = getattr(thing, "_learning_rate", None)  # a variable, which vars has not
        plain |= {} if rate is None or callable(rate) else {"learning_rate": float(rate)}
        return {key: value for key, value in plain.items() if not key.startswith("_") and key not in ("name", "built")}

    one, other = settings(copy), settings(made)
    if lost := sorted(key for key in other if key not in one or one[key] != other[key]):
        what = f"each member gets a {kind.__name__} of its own, made from it"
        raise InvalidInput(f"{kind.__name__}.get_config() must give {', '.join(lost)}: {what}.")
    return copy


_PLACES = {"optimizer": "optimizers", "loss": "losses", "metric": "metrics"}


def _made(metric):
    """A metric's class as an object of one, by the name that Keras gives the first: it would number members' in turn."""
    import keras
    from keras.src.utils.naming import to_snake_case

    if not (isinstance(metric, type) and issubclass(metric, keras.metrics.Metric)):
        return metric
    try:
        made, name = metric(), to_snake_case(metric.__name__)
    except TypeError as error:
        raise InvalidInput(f"{metric.__name__} can't be made without arguments: give an object of it. {reason_of(error)}") from None
    if re.fullmatch(rf"{name}_\d+", made.name):
        made.name = name
    return made


def _again(kind, config):
    """A metric of a class from its configuration; of one that doesn't take all of that from what it takes, and its name."""
    import keras

    taken, usual = inspect.signature(kind.__init__).parameters, keras.metrics.Metric.from_config.__func__
    if any(each.kind is each.VAR_KEYWORD for each in taken.values()) or getattr(kind.from_config, "__func__", None) is not usual:
        return kind.from_config(config)
    fresh = kind(**{name: value for name, value in config.items() if name in taken})
    fresh.name = config.get("name", fresh.name)
    return fresh


def _known_metric(metric):
    """What Keras makes of a metric's name; a name by which it chooses one for the data as it is."""
    import keras

    return _known("metric", metric, keras.metrics.get, chosen_by_data=("accuracy", "acc"))


def _packed(metric):
    """A metric as a pickle takes it along: an object of one by its class and configuration, a wrapped function by itself."""
    import keras

    if type(metric) is keras.metrics.MeanMetricWrapper:
        return type(metric), (metric._fn, metric.name, metric.dtype)
    return (type(metric), metric.get_config()) if isinstance(metric, keras.metrics.Metric) else metric


def _unpacked(packed):
    if not isinstance(packed, tuple):
        return packed
    kind, told = packed
    return kind(*told) if isinstance(told, tuple) else _again(kind, told)


def _fresh(metric):
    import keras

    if type(metric) is keras.metrics.MeanMetricWrapper:  # whose function need not be registered
        return keras.metrics.MeanMetricWrapper(metric._fn, metric.name, metric.dtype, **metric._fn_kwargs)
    if not isinstance(metric, keras.metrics.Metric):
        return metric
    fresh = _require_alike(_again(type(metric), metric.get_config()), metric)
    if isinstance(metric, keras.metrics.MeanMetricWrapper):  # of CosineSimilarity's arguments the configuration lacks one
        fresh._fn_kwargs = dict(metric._fn_kwargs)
    return fresh

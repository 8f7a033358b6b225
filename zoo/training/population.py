"""Population: many seeds of one Keras model, trained together; the front of the training engine."""

import copy

import numpy as np

from zoo.errors import InvalidInput
from zoo.training import checkpoint, checks
from zoo.training.alike import adapted_layers, require_one_value
from zoo.training.architecture import architecture, difference
from zoo.training.array_file import numbered
from zoo.training.backup import STATE, Backup, NoBackup, in_words
from zoo.training.example_weights import check_all_learn, weighed, weights_of_classes
from zoo.training.history import by_epoch, by_member
from zoo.training.keras_arguments import explained
from zoo.training.members import assign, build_member, check_seeds, name_counts, stack_members
from zoo.training.objective import Objective
from zoo.training.progress import Progress

# What fit says of the members beside their history.
PROGRESS = ("epochs_trained", "diverged", "best_epoch", "compile_seconds", "fit_seconds", "trained_at_once")


class Population:
    """K replicas ("members") of one Keras model that differ in their seed.

    On the JAX backend all members train as one compiled program, a `lax.scan` over Keras's own stateless train step, side by
    side on a GPU (`jax.vmap`), in turn on each core of a CPU (one at a time where XLA computes a convolution itself, as it
    does small ones and the gradients of strided ones, see zoo.training.groups); on TensorFlow and PyTorch one after another
    with `keras.Model.fit`. From the same weights all give the same answers within float tolerance: a population of one
    equals `fit` step for step, on the same order of examples. (From a seed Keras draws other weights, and in training other
    random numbers, on each backend.)

    Args:
        build: function without arguments that returns a built `keras.Model`. Member k is what it returns
            after `keras.utils.set_random_seed(seeds[k])`; members may differ in weights alone, and share what is frozen. Where
            it sets a seed itself, takes initialisers that were made once and for all, or loads weights, members start alike, and
            seeds decide no more than the order of examples and what layers draw.
        seeds: iterable of K integers. A seed also decides the order in which a member sees its examples.
        precision: Keras dtype policy for the members; None keeps the user's. "mixed_bfloat16" is for accelerators and, on
            TensorFlow, for a CPU that multiplies matrices of 16 bits (AMX), where ConvNets gain by it: on other CPUs, and on
            JAX, most products are in float32 all the same, and it takes longer than float32.
        weights: None, or K lists of arrays as `model.get_weights()` gives them: where the members start.
        group_size: at most so many members are trained at once on JAX; None: as many as fit into memory.

    Attributes:
        seeds: the K integers. template: a model like the members, with weights that mean nothing.
        epochs_trained: of all calls of `fit` together. best_epoch: int (K,), the epoch of the last call that each member's
            weights are of, counted like the history's; None before.
        diverged: bool (K,), whose loss was not finite once.
        compile_seconds, fit_seconds: spent on compilation and on training so far, all members together; on TensorFlow and
            PyTorch the latter has both.
        trained_at_once: at most so many members the last `fit` trained at a time; None before.

    Raises InvalidInput for no seeds or seeds outside 0..2**32-1, a `build` that returns no built model, or models that share
    weights or differ by seed in more than those, for weights that do not fit, and for another precision or group_size.

    Example:
        >>> data = zoo.datasets.load("digits")
        >>> population = zoo.Population(lambda: zoo.create_model("linear", (8, 8), 10), seeds=range(3))
        >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        >>> population.compile("adam", loss, ["accuracy"])
        >>> history = population.fit(*data.train, epochs=20, validation_data=data.validation, select="best")
        >>> len(history), len(population.evaluate(*data.test)), population.predict(data.test.x[:5]).shape
        (60, 3, (3, 5, 10))
    """

    def __init__(self, build, seeds, *, precision=None, weights=None, group_size=None):
        self.seeds = check_seeds(seeds)
        self.build, self.precision, self.group_size = build, precision, checks.check_group_size(group_size)
        if weights is not None and (not isinstance(weights, (list, tuple)) or len(weights) != len(self.seeds)):
            raise InvalidInput(f"weights must be a list of {len(self.seeds)} lists of arrays, one per seed.")
        self._names = name_counts()
        self.template = build_member(build, self.seeds[0], precision)
        self._architecture, self._frozen = architecture(self.template), checks.frozen(self.template)
        trainable, non_trainable = stack_members(self.template, self._architecture, build, self.seeds, precision, weights)
        self._state = {
            "seeds": self.seeds,
            "factor": np.ones(len(self.seeds), "float32"),
            "trainable": trainable,
            "non_trainable": non_trainable,
            "optimizer": None,
        }
        self._objective = self._engine = self._engine_targets = None
        self.epochs_trained, self._histories = 0, []
        self.compile_seconds = self.fit_seconds = 0.0
        self.diverged = np.zeros(len(self.seeds), bool)
        self.best_epoch = self.trained_at_once = None

    def _make_model(self, seed, named=True):
        """A seed's model again, its layers named as the template's: an optimizer may go by names."""
        model = build_member(self.build, seed, self.precision, self._names if named else None)
        if difference(architecture(model), self._architecture) is not None:
            raise InvalidInput(
                "build no longer makes the model that this population was made of; it must not depend on what changes later, "
                "such as a loop's variable (functools.partial binds its value)."
            )
        return model

    def __getstate__(self):
        """What a pickle or a copy takes along: all but the template and the compiled program, which are made anew."""
        return {name: value for name, value in self.__dict__.items() if name != "template"} | {"_engine": None}

    def __copy__(self):
        return copy.deepcopy(self)  # what two share, each would train

    def __setstate__(self, state):
        self.__dict__.update({"_names": None} | state)  # pickles of before have none
        self.template = build_member(self.build, self.seeds[0], self.precision, self._names)
        self._settle()

    def __len__(self):
        return len(self.seeds)

    def __repr__(self):
        return f"<Population {self.template.name!r}: members={len(self)}, epochs_trained={self.epochs_trained}>"

    @explained
    def compile(self, optimizer, loss, metrics=(), learning_rate=None):
        """Set what is optimised, as `keras.Model.compile` does.

        Args:
            optimizer: name, or `keras.optimizers.Optimizer` that serves as the pattern of every member's own; these begin anew.
                To go on at another rate with what they have gathered: save, compile, restore.
            loss, metrics: as in Keras; a string "sparse_categorical_crossentropy" means probabilities, so
                for the zoo's models, which give logits, pass the loss object with `from_logits=True`.
            learning_rate: None, or K positive rates, one per member. With a schedule they are its peak.

        Raises InvalidInput for what Keras does not know, for cross-entropies and the usual metrics of probabilities on
        the zoo's logits, for rates that are no positive numbers or multiply no rate of the pattern's, for a MultiOptimizer, and
        for a custom optimizer or metric whose get_config leaves something out.
        """
        rates = None if learning_rate is None else checks.check_rates(learning_rate, len(self))
        objective = Objective(optimizer, loss, metrics, rates)
        objective.check_output(self.template)
        self._objective = objective
        self._state |= {"factor": self._objective.factors(len(self)), "optimizer": None}
        self._engine = None

    @explained
    def fit(
        self,
        x,
        y=None,
        *,
        epochs=1,
        batch_size=None,
        validation_data=None,
        validation_split=0.0,
        sample_weight=None,
        class_weight=None,
        subsets=None,
        select="last",
        monitor=None,
        mode="auto",
        shuffle=True,
        drop_remainder=False,
        verbose="auto",
        backup=None,
    ):
        """Train all members; returns the history of this call. All data lie in the device's memory.

        There are no callbacks: select="best" keeps what early stopping would restore, and a further call goes on.

        Args:
            x: array (n, *input_shape), any numeric dtype, shared by all members.
            y: array (n, ...), or None where the loss says that it ignores it (ignores_y = True, as zoo.layers.MeanOutput).
            epochs, batch_size: positive integers; a batch can't be larger than what a member trains on. None: 128, or all where
                that is less.
            validation_data: None, (x, y) or (x, y, sample_weight), evaluated after every epoch. validation_split: or the share
                of x, y and sample_weight that is held out for it, the last one, as Keras takes it.
            sample_weight: None, or how much each example counts in the loss: numbers (n,) of at least 0, or (n, *steps)
                where the loss has one for each step. class_weight: None, or {class: weight} for y of class labels, integers
                or one-hot, 1 for those left out. As in Keras they weigh the loss, whose mean divides by the number of
                examples, and none of the metrics.
            subsets: None, or integers (K, m): the rows of x that member k trains on, of those that validation_split leaves.
            select: "last" keeps the weights of the last epoch, "best" those of the epoch with the best
                validation score (the first such epoch), or the last ones where no epoch had a finite validation loss.
                Optimizer and random generators stay where the last epoch left them.
            monitor: that score, a validation column of the history such as "val_loss"; None: the first of Keras's accuracies
                among the metrics, else val_loss. mode: "max" or "min", what is best; "auto": what Keras knows of its metrics.
            shuffle: a new order per member and epoch, drawn from its seed; False: the order given.
            drop_remainder: leave out an epoch's last batch when it is smaller than the others.
            verbose: "auto" shows progress on a terminal, True always, False never.
            backup: None, or a folder where what has been learnt is kept while this call is under way, once a minute or as seldom
                as to take no more than a twentieth of the time. After an interruption of any kind the same call, of a population
                built and compiled alike, goes on from there to the very end that it would have come to, on as many cores; what
                is told to be of another call, by data, weights, settings and what Keras configures, is refused. Of several calls
                each has a folder of its own, and no two processes share one. It is taken away when its call is at its end.

        A further call goes on where this one ended; as in Keras, an optimizer that averages weights (use_ema) ends each call with
        the averages in their place, so that two calls are not one of as many epochs.

        Interrupted (Ctrl-C), it leaves the population as it was before the call, while what the device has in hand, an epoch or
        some, comes to its end before it computes again.

        Returns a DataFrame with one row per member and epoch: member, seed, epoch, loss, the metrics and their val_
        counterparts (on JAX NaN where a step of the model's own does not log one); with an optimizer that averages weights
        (use_ema) the val_ ones are of the averages, as Keras has them under SwapEMAWeights alone. A member whose loss stops
        being finite is marked in `diverged` and keeps its rows. Raises InvalidInput for data or settings that cannot be
        used, and on JAX for a model whose own step logs more than its metrics, ZooError where the data or a single member do
        not fit into the device's memory, and for a backup as `restore` does for its file; nothing has changed then.
        """
        checks.check_arrays(self.template, x, y)
        if class_weight is not None and (y is None or sample_weight is not None):
            raise InvalidInput("class_weight goes with y and without sample_weight; a product of both is a sample_weight, too.")
        objective, all_count = self._need_objective(), sample_weight is None and subsets is None
        x, y = checks.check_examples(self.template, objective, x, y, all_count)
        given = len(x)
        objective.check_rate()
        if validation_split is not None and not (np.ndim(validation_split) == 0 and validation_split == 0):
            kept, validation_data = checks.split_off(validation_split, x, y, sample_weight, validation_data)
            x, y, sample_weight = kept
        if subsets is not None:
            subsets = checks.check_subsets(subsets, len(self), len(x), given)
        n = len(x) if subsets is None else subsets.shape[1]
        batch_size, epochs = checks.check_schedule(n, epochs, batch_size), int(epochs)
        plan = self._plan(epochs, batch_size, select, monitor, mode, shuffle, drop_remainder, validation_data)
        if validation_data is not None:
            held_out = checks.check_validation(self.template, validation_data, y, objective)
        engine = self._need_engine(x, y)
        if class_weight is not None:
            sample_weight = weights_of_classes(class_weight, y, self.template.output_shape, objective.ignored_class)
        name = "sample_weight" if class_weight is None else "class_weight"
        data = weighed(objective, self.template, x, y, sample_weight, name)
        if "w" in data and subsets is not None:
            check_all_learn(data["w"], subsets)
        checks.check_targets(self.template, objective, data, subsets=subsets)
        if validation_data is not None:
            held_out = weighed(objective, self.template, *held_out, name="validation sample_weight")
            checks.check_targets(self.template, objective, held_out, "validation ")
            data |= {f"{name}v": values for name, values in held_out.items()}
        kept = NoBackup() if backup is None else self._backup(backup, plan, data, subsets)
        progress = Progress(epochs, len(self), f"{self.template.name} x {len(self)}", verbose)
        result = engine.fit(self._state, subsets, data, plan, progress, kept)
        progress.close()
        history = self._take(result, epochs)
        kept.clear()
        return history

    def _backup(self, folder, plan, data, subsets):
        """The Backup in a folder of a call of fit, and what decides what it comes to."""
        import keras

        compiled = [in_words(part) for part in self._objective.parts()]
        about = self._about() | {"plan": plan, "backend": keras.backend.backend(), "compiled": compiled}
        arrays = data | ({} if subsets is None else {"subsets": subsets}) | {"factor": self._state["factor"]}
        for name in STATE:
            arrays |= numbered(name, self._state[name])
        return Backup(folder, about, {name: np.asarray(array) for name, array in arrays.items()})

    def _plan(self, epochs, batch_size, select, monitor, mode, shuffle, drop_remainder, validation_data):
        if select not in ("last", "best"):
            raise InvalidInput(f"select must be 'last' or 'best'; got {select!r}.")
        if select == "best" and validation_data is None:
            raise InvalidInput("select='best' needs validation_data to choose by.")
        if select == "last" and (monitor, mode) != (None, "auto"):
            raise InvalidInput("monitor and mode say which epoch is best; they go with select='best'.")
        monitor, sign = self._objective.monitor(monitor, mode)
        return {
            "epochs": epochs,
            "batch_size": batch_size,
            "first_epoch": self.epochs_trained,
            "select": select,
            "monitor": monitor,
            "sign": sign,
            "shuffle": checks.check_flag("shuffle", shuffle),
            "keep_tail": not checks.check_flag("drop_remainder", drop_remainder),
        }

    def _take(self, result, epochs):
        self._state |= {name: result[name] for name in ("trainable", "non_trainable", "optimizer")}
        self.compile_seconds += result["compile_seconds"]
        self.fit_seconds += result["seconds"]
        self.trained_at_once = int(result["group_size"])
        self.best_epoch = result["best_epoch"]
        self.diverged |= ~np.isfinite(result["history"]["loss"]).all(axis=0)
        history = by_epoch(result["history"], self.seeds, self.epochs_trained)
        self.epochs_trained += epochs
        self._histories.append(history)
        return history.copy()

    @property
    def history(self):
        """The rows of all calls of `fit` so far in one DataFrame, member by member."""
        import pandas as pd

        if not self._histories:
            return pd.DataFrame()
        return pd.concat(self._histories).sort_values(["member", "epoch"], kind="stable", ignore_index=True)

    @explained
    def evaluate(self, x, y=None, sample_weight=None):
        """Loss and metrics of every member on x (n, *input_shape), y (n, ...); sample_weight: as in fit.

        Returns a DataFrame, one row per member: member, seed, loss, the metrics, diverged (bool).
        Raises InvalidInput for data that do not fit, and before `compile`; ZooError as `fit`.
        """
        checks.check_arrays(self.template, x, y)
        objective = self._need_objective()
        x, y = checks.check_examples(self.template, objective, x, y, all_count=sample_weight is None)
        engine = self._need_engine(x, y)
        data = weighed(objective, self.template, x, y, sample_weight)
        checks.check_targets(self.template, objective, data)
        results = engine.evaluate(self._state, data)
        return by_member(results, self.seeds).assign(diverged=self.diverged)

    @explained
    def predict(self, x):
        """The outputs of every member on x (n, *input_shape): array (K, n, ...), of the type of the model's output, float32
        unless its precision says otherwise; compiled or not. Layers that draw at random in it draw anew at every call, by the
        member's seed, but for dropout on PyTorch: there Keras has it draw from PyTorch's own generator, as torch.manual_seed
        sets it (`fit` sets it by seed and epoch). Raises InvalidInput for x that does not fit.
        """
        checks.check_arrays(self.template, x, None)
        x, y = checks.check_data(self.template, x, None)
        return self._need_engine(x, None).predict(self._state, x)

    def copy_layers(self, source, layers, source_layers):
        """Take over the weights of layers of another population, member by member.

        layers, source_layers: layers of this template and of source's, as many, with equally shaped weights.
        All are read before any is written, so that layers of one population may trade places. Raises InvalidInput for other
        shapes, another number of members or of layers, and for layers of other models; nothing has changed then. What an
        optimizer has gathered for these weights stays as it is: copy before `fit`.
        """
        if not isinstance(source, Population) or not all(isinstance(part, (list, tuple)) for part in (layers, source_layers)):
            raise InvalidInput("copy_layers takes another Population, a list of this one's layers and a list of that one's.")
        if len(source) != len(self):
            raise InvalidInput(f"The source has {len(source)} members, this population {len(self)}; they must be as many.")
        mine, theirs = ([variable for layer in part for variable in layer.variables] for part in (layers, source_layers))
        if len(layers) != len(source_layers) or len(mine) != len(theirs):
            raise InvalidInput("layers and source_layers must be as many, with as many variables each.")
        copies = []
        for variable, other in zip(mine, theirs):
            if variable.shape != other.shape:
                raise InvalidInput(f"{variable.path} has shape {variable.shape}, its source {other.shape}.")
            (values, place), (source_values, source_place) = self._stacked(variable), source._stacked(other)
            copies.append((values, place, np.array(source_values[source_place])))
        for values, place, own in copies:
            values[place] = own
        self._settle()

    def _settle(self):
        """What the template's layers keep of variables, such as an adapted Normalization's mean, is the members' again."""
        if adapted_layers(self.template):
            assign(self.template, *([values[0] for values in self._state[kind]] for kind in ("trainable", "non_trainable")))
            self._engine = None  # its program has the former values

    def _stacked(self, variable):
        """(list of stacked arrays, place in it) of a variable of the template."""
        checks.check_as_built(self.template, self._state, self._frozen)
        for kind in ("trainable", "non_trainable"):
            for place, candidate in enumerate(getattr(self.template, f"{kind}_variables")):
                if candidate is variable:
                    return self._state[kind], place
        raise InvalidInput(f"{variable.path} is no variable of {self.template.name!r}.")

    def get_weights(self, member):
        """The arrays of one member, ordered as `model.get_weights()` orders them. Raises as population[member] does."""
        member = self._checked(member)
        return [np.array(values[place][member]) for values, place in map(self._stacked, self.template.weights)]

    def save(self, path):
        """Write all that `fit` has changed to one file: weights, what the optimizers have gathered, history.

        path: of the file, replaced whole if it is there; its folder must exist. Raises ResultsError where it can't be
        written, InvalidInput for no path, a pipe or a device.
        """
        progress = {name: getattr(self, name) for name in PROGRESS}
        checkpoint.save(path, self._about(), self._state, progress, self.history)

    def restore(self, path):
        """Be as the population was that was saved to the file `path`, on any backend; it was built alike, of the same seeds.

        To go on training, compile first: the optimizers then have what they had gathered, at this compile's learning rates.
        `fit` does what it would have done there, if compiled alike. Without compile, or with one afterwards, they begin anew.
        Raises InvalidInput for a file that is none of `save`'s, or of another population or optimizer, ResultsError for one
        that can't be read, CorruptFile for a damaged one; nothing has changed then.
        """
        optimizer = None
        if self._objective is not None:
            optimizer = self._objective.fresh_optimizer(self._make_model(self.seeds[0]), len(self))
        state, progress, history = checkpoint.restore(path, self._about(), self._state, optimizer)
        require_one_value(self.template, (state["trainable"], state["non_trainable"]))
        self._state |= state
        self._settle()
        self._histories = [history] if len(history) else []
        for name in PROGRESS:
            setattr(self, name, progress[name])

    def _about(self):
        """What a file and the population that is restored from it must have in common."""
        optimizer = None if self._objective is None else self._objective.optimizer_name
        return {"seeds": self.seeds, "architecture": self._architecture, "optimizer": optimizer}

    def __getitem__(self, member):
        """Member `member` (0..K-1, negative from the end) as an ordinary keras.Model, compiled if this is, at its own rate.

        Its optimizer is a fresh one: neither moments nor the place in a schedule come along.
        Raises TypeError for what is no integer and IndexError for a member that there is not.
        """
        member = self._checked(member)
        # Else each has names of its own, as models that are to be layers of one must.
        named = self._objective is not None and self._objective.goes_by_names
        model = self._make_model(self.seeds[member], named)
        state = self._state
        assign(model, [v[member] for v in state["trainable"]], [v[member] for v in state["non_trainable"]])
        if self._objective is not None:
            self._objective.compile_member(model, state["factor"][member])
        return model

    def _checked(self, member):
        """A member's number; TypeError or IndexError for what is none."""
        if not isinstance(member, (int, np.integer)) or isinstance(member, bool):
            said = "; several are [population[k] for k in range(...)]" if isinstance(member, slice) else ""
            raise TypeError(f"Members are numbered from 0 to {len(self) - 1}; {member!r} is no number{said}.")
        if not -len(self) <= member < len(self):
            raise IndexError(f"There are {len(self)} members; {member} is none of them.")
        return member

    def _need_objective(self):
        if self._objective is None:
            raise InvalidInput("Call population.compile(optimizer, loss, metrics) first.")
        return self._objective

    def _need_engine(self, x, y):
        """The engine for targets of y's shape; for predictions (y None) any will do, also one without targets."""
        import keras

        checks.check_as_built(self.template, self._state, self._frozen)
        targets = None if y is None else y.shape[1:]
        if self._engine is not None and targets in (None, self._engine_targets):
            return self._engine
        self._engine = None  # metrics such as "accuracy" depend on what y is, and the template is compiled anew
        objective = self._objective or Objective("sgd", "mse", ())  # to predict, any will do
        if keras.backend.backend() == "jax":
            from zoo.training.engine import CompiledEngine

            engine = CompiledEngine(self.template, objective, x, y, self.group_size)
        else:
            from zoo.training.sequential import SequentialEngine

            engine = SequentialEngine(self.template, objective, self._make_model, x, y)
        self._engine, self._engine_targets = engine, targets
        return engine

"""The members of a population: their initial variables, stacked, and models made from them again."""

import contextlib
import inspect
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from zoo.errors import InvalidInput
from zoo.training.alike import adapted_layers, require_alike, require_one_value

_COUNTS = "object_name_uids"
_building = threading.RLock()  # the random states that seeds set are the process's


def check_seeds(seeds):
    """Seeds as a list of ints; raises InvalidInput when there are none or one is no usable seed."""
    if not isinstance(seeds, Iterable) or np.ndim(seeds) == 0 and isinstance(seeds, np.ndarray):
        raise InvalidInput(f"seeds must be a list of integers, one per member, such as range(3); got {seeds!r}.")
    seeds = list(seeds)
    if not seeds:
        raise InvalidInput("A population needs at least one seed; got none.")
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
            raise InvalidInput(f"A seed must be an integer in 0..2**32-1; got {seed!r}.")
    return [int(seed) for seed in seeds]


@contextlib.contextmanager
def _seeded(seed, names=None):
    """Within it the global random state is as `keras.utils.set_random_seed(seed)` sets it, afterwards as before.

    names: None, or what name_counts gave, by which layers are then named, and no others after it. On JAX that function would
    import TensorFlow only to set a seed that nothing uses, so its other steps are done here.
    """
    import keras
    from keras.src.backend.common import global_state

    attributes = ("global_random_seed", "global_seed_generator", *([_COUNTS] if names is not None else []))
    kept = {name: global_state.get_global_attribute(name) for name in attributes}
    python_state, numpy_state = random.getstate(), np.random.get_state()
    restore_torch, restore_tensorflow = _torch_state(), _tensorflow_state()
    try:
        if keras.backend.backend() == "jax":
            global_state.set_global_attribute("global_random_seed", seed)
            global_state.set_global_attribute("global_seed_generator", None)
            random.seed(seed)
            np.random.seed(seed)
        else:
            keras.utils.set_random_seed(seed)
        if names is not None:
            global_state.set_global_attribute(_COUNTS, defaultdict(int, names))
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        restore_torch()
        restore_tensorflow()
        for name, value in kept.items():
            global_state.set_global_attribute(name, value)


def name_counts():
    """How many layers of each kind Keras has named so far in this process, as a dict: by these it names the next."""
    from keras.src.backend.common import global_state

    return dict(global_state.get_global_attribute(_COUNTS) or {})


def _torch_state():
    """A function that puts PyTorch's random generators, of the CPU and all GPUs, back to where they are now."""
    import keras

    if keras.backend.backend() != "torch":
        return lambda: None
    import torch

    cpu, gpus = torch.get_rng_state(), torch.cuda.get_rng_state_all() if torch.cuda.is_available() else None

    def restore():
        torch.set_rng_state(cpu)
        if gpus is not None:
            torch.cuda.set_rng_state_all(gpus)

    return restore


def _tensorflow_state():
    """A function that puts TensorFlow's global seed, and where its operations are after it, back to what they are now."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return lambda: None
    from tensorflow.python.eager.context import context

    kept = {name: vars(context()).get(name) for name in ("_seed", "_rng")}
    return lambda: vars(context()).update(kept)


@contextlib.contextmanager
def own_draws():
    """Within it seed_layers may be called; afterwards PyTorch's global generator is as before."""
    restore = _torch_state()
    try:
        yield
    finally:
        restore()


def seed_layers(seed, epoch):
    """From here on what layers on PyTorch draw from its global generator goes by seed and epoch.

    There a Dropout without a seed does; on other backends its random generator is among the model's variables.
    """
    import keras

    if keras.backend.backend() == "torch":
        import torch

        torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1, "uint64")[0]))


@contextlib.contextmanager
def _dtype_policy(precision):
    import keras

    before = keras.config.dtype_policy()
    if precision is not None:
        try:
            keras.config.set_dtype_policy(precision)
        except ValueError:
            raise InvalidInput(
                f"precision={precision!r} is no Keras dtype policy; use 'float32', 'mixed_bfloat16' or 'mixed_float16'."
            ) from None
    try:
        yield keras.config.dtype_policy()
    finally:
        keras.config.set_dtype_policy(before)


def build_member(build, seed, precision=None, names=None):
    """The model that `build` gives under `keras.utils.set_random_seed(seed)`; names: see _seeded.

    Raises InvalidInput when `build` returns no built keras.Model with one input and one output.
    """
    import keras

    if isinstance(build, keras.layers.Layer) or not _takes_nothing(build):
        got = "a model itself" if isinstance(build, keras.Model) else getattr(build, "__name__", type(build).__name__)
        raise InvalidInput(f"build must be a function without arguments that returns a new model; got {got}.")
    try:
        with _building, _seeded(seed, names), _dtype_policy(precision) as policy:
            model = build()
            if precision is not None and keras.config.dtype_policy() != policy:
                remedy = f"so that precision={precision!r} would not hold; leave out what does, such as keras.utils.clear_session()"
                raise InvalidInput(f"build sets Keras's dtype policy, {remedy}.")
    except StopIteration:
        raise InvalidInput("build must return a new model at every call; what it takes its models from is at its end.") from None
    if not isinstance(model, keras.Model):
        raise InvalidInput(f"build must return a keras.Model; it returned {type(model).__name__}.")
    if not model.built:
        raise InvalidInput(
            "build must return a built model: begin it with x = keras.Input(shape=...), and wrap a subclassed one as "
            "keras.Model(x, net(x))."
        )
    shapes = [getattr(model, side, None) for side in ("input_shape", "output_shape")]
    if not all(isinstance(shape, tuple) for shape in shapes):
        raise InvalidInput(
            "build must return a functional or sequential model with one input and one output; of a subclassed one that is "
            "keras.Model(x, net(x)) with x = keras.Input(shape=...)."
        )
    recurrent = (keras.layers.RNN, keras.layers.Bidirectional)
    if stateful := [layer.name for layer in model._flatten_layers() if isinstance(layer, recurrent) and layer.stateful]:
        remedy = "which a population does not; leave out stateful=True"
        raise InvalidInput(f"{stateful[0]} keeps its state from batch to batch, {remedy}.")
    if isinstance(getattr(model, "output", None), (dict, list, tuple)):
        raise InvalidInput("build must return a model whose output is one array; this one's is in a list or dict, take it out.")
    return model


def _takes_nothing(build):
    """Whether build can be called without arguments, as far as that is known."""
    try:
        inspect.signature(build).bind()
    except ValueError:  # of what is not written in Python
        return True
    except TypeError:
        return False
    return True


def variables_of(model):
    """(trainable, non_trainable) values of a model as two lists of NumPy arrays."""
    import keras

    to_numpy = keras.ops.convert_to_numpy
    return ([to_numpy(v) for v in model.trainable_variables], [to_numpy(v) for v in model.non_trainable_variables])


def stack_members(template, told, build, seeds, precision, weights):
    """Initial variables of all members, stacked along a new first axis of length len(seeds).

    template: the built model of seeds[0]; told: its architecture. weights: None, or one list of arrays per member in the order
    of `model.get_weights()`. Returns (trainable, non_trainable): lists of arrays (K, *shape). Raises InvalidInput where a seed
    decides more than weights, or members share what they have other values of.
    """
    given = weights is not None and len(template.variables) == len(template.weights)  # then the seed decides nothing
    others, other = [seed for seed in seeds if seed != seeds[0]], None
    if given or not others:  # no member is built beside the template, whose layers the user may have made once and for all
        other = build_member(build, (others or seeds)[0], precision)
        require_alike(other, template, told, same_seed=not others)
    if given:
        stacked = _stack_weights(template, weights)
    else:
        stacked, last = _stack_models(template, told, build, seeds, precision, weights)
        other = last if others else other
    require_one_value(template, stacked, other)
    return stacked


def _stack_models(template, told, build, seeds, precision, weights):
    """(stacked variables, the last model that was built), every seed's model built."""
    values, models, built, last = [], {seeds[0]: template}, {seeds[0]}, template
    again = {seed for seed, times in Counter(seeds).items() if times > 1}  # as in a grid of learning rates: built once
    for k, seed in enumerate(seeds):
        model = models.get(seed)
        if model is None:
            last = model = build_member(build, seed, precision)
            require_alike(model, template, told, tried=len(built) > 1)
            built.add(seed)
            if seed in again:
                models[seed] = model
        if weights is not None:
            check_weights(model, weights[k], k)
            model.set_weights(weights[k])
        values.append(variables_of(model))
    if weights is not None:
        assign(template, *values[0])
    return tuple([np.stack(column) for column in zip(*part)] for part in zip(*values)), last


def _stack_weights(template, weights):
    """The stacked variables of models all of whose variables are given; `template` gets the first member's."""
    for k, own in enumerate(weights):
        check_weights(template, own, k)
    places = {id(variable): place for place, variable in enumerate(template.weights)}

    def stacked(variables, values):
        return [
            np.stack([np.asarray(own[places[id(variable)]], value.dtype) for own in weights])
            for variable, value in zip(variables, values)
        ]

    trainable, non_trainable = variables_of(template)
    both = stacked(template.trainable_variables, trainable), stacked(template.non_trainable_variables, non_trainable)
    assign(template, *([values[0] for values in part] for part in both))
    return both


def check_weights(model, weights, member):
    """Raise InvalidInput unless the arrays of `weights` fit `model`."""
    expected = [tuple(w.shape) for w in model.weights]
    try:
        given = [tuple(np.shape(w)) for w in weights]
    except (TypeError, ValueError):
        raise InvalidInput(f"weights[{member}] must be a list of arrays as model.get_weights() gives it.") from None
    if expected == given and not all(np.asarray(w).dtype.kind in "iubfV" for w in weights):  # V: bfloat16
        raise InvalidInput(f"weights[{member}] are not all real numbers; a member can't start from them.")
    if expected != given:
        raise InvalidInput(f"weights[{member}] does not fit the model: it has shapes {given}, the model needs {expected}.")


def assign(model, trainable, non_trainable):
    """Write values (lists of arrays, one per variable) into a model's variables."""
    for variable, value in zip(model.trainable_variables, trainable):
        variable.assign(value)
    for variable, value in zip(model.non_trainable_variables, non_trainable):
        variable.assign(value)
    for layer in adapted_layers(model):
        layer.finalize_state()

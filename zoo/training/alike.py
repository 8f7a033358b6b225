"""What the models of all members must have in common: everything but the values of their variables."""

import contextlib
import functools

import numpy as np

from zoo.errors import InvalidInput
from zoo.training.architecture import PASSED_OVER, architecture, difference
from zoo.training.batches import DRAWS, known, made_up, operations, traced


def require_alike(model, template, told, same_seed=False, tried=False):
    """Raise InvalidInput where two models that `build` made share variables that train, or differ in more than weights.

    All members are computed by the template's layers; told: architecture(template). same_seed: both are of one seed, and
    nothing that differs was drawn by it. tried: another one was called beside the template, which takes long.
    """
    if model is template:
        raise InvalidInput("build must make a new model at every call; it returned the same one twice.")
    taken = {id(variable) for variable in template.trainable_variables}
    if shared := [variable.path for variable in model.trainable_variables if id(variable) in taken]:
        raise InvalidInput(
            f"build must make new layers at every call; its models share {shared[0]}, which trains. Make that layer inside "
            "build, copy it there (keras.models.clone_model, then set_weights), or freeze it (trainable=False)."
        )
    if moved := _shared_state(model, template):
        raise InvalidInput(
            f"build must make new layers at every call; its models share {moved}, which moves in training. Make that layer inside "
            "build, or freeze it (trainable=False)."
        )
    found = difference(architecture(model), told)
    if not found and not same_seed:
        found = _other_numbers(model, template, tried)
    if found:
        raise InvalidInput(
            f"build must return the same architecture for every seed; two calls gave others: {found}. What differs by member "
            "must be in its weights alone."
        )


def _shared_state(model, template):
    """The path of a variable that two models share and that training moves though no step trains it, such as a moving mean; ""
    where there is none, random generators aside.
    """
    mine = {id(variable) for variable in model.non_trainable_variables if variable.name != DRAWS}
    shared = {id(variable) for variable in template.non_trainable_variables if id(variable) in mine}
    called = shared and traced(template, training=True)
    return next((variable.path for variable in called["moved"] if id(variable) in shared), "") if called else ""


def _other_numbers(model, template, tried):
    """In words what two models of one architecture compute with besides weights and differ in; "" where that is nothing."""
    import keras

    kept, unseen = _other_constant(model, template), not tried and not all(map(known, operations(model)))
    if not kept and not unseen:
        return ""
    alike = _computes_alike(model, template)
    steps = ("train_step", "test_step", "compute_loss")
    if kept.startswith(f"{model.name}.") and any(getattr(type(model), step) is not getattr(keras.Model, step) for step in steps):
        alike = False  # it may be what the loss is computed with
    if alike is False:
        return kept or "from the same weights they compute something else"
    return kept if alike is None else ""


def _computes_alike(model, template):
    """Whether the template gives what the model does, with the model's variables, in training and else; None where that can't be
    tried.
    """
    import keras

    try:
        values, x = made_up(model, 2)
        for training in (False, True):

            def numbers(of):
                outputs, _, losses = of.stateless_call(*values, x, training=training, return_losses=True)
                return [*map(keras.ops.convert_to_numpy, (outputs, *losses))]

            def same(one, other):
                return all(np.allclose(*pair, rtol=1e-4, atol=1e-5, equal_nan=True) for pair in zip(one, other, strict=True))

            mine = numbers(model)
            if not same(mine, numbers(template)):
                return False if same(mine, numbers(model)) else None  # what draws at random differs from itself
    except Exception:  # it may be any
        return None
    return True


def _other_constant(model, template):
    """The first thing that layers compute with, no variable and told by no configuration, that two models differ in."""
    for layers in zip(model._flatten_layers(), template._flatten_layers()):
        mine, theirs = map(_constants, layers)
        for name in mine:
            if name in theirs and not _equal(mine[name], theirs[name]):
                return f"{layers[0].name}.{name} has other values"
    return ""


@functools.cache
def _of_every_layer():
    import keras

    return frozenset(vars(keras.layers.Layer()))


def _constants(layer):
    """{name: list of arrays} of the numbers that a layer keeps, such as an adapted Normalization's mean, or a permutation."""
    told = {name: [*_numbers(value)] for name, value in vars(layer).items() if name not in _of_every_layer() | PASSED_OVER}
    return {name: values for name, values in told.items() if values}


def _numbers(value, within=()):
    """All numbers in a value, as arrays; within: the lists and dicts that it lies in, which it may hold again."""
    import keras

    if isinstance(value, (list, tuple, dict)):
        if not any(value is outer for outer in within):
            for part in value.values() if isinstance(value, dict) else value:
                yield from _numbers(part, (*within, value))
    elif isinstance(value, (int, float, np.number, np.bool_)):
        yield np.asarray(value)
    elif isinstance(value, np.ndarray) or keras.ops.is_tensor(value) and not isinstance(value, keras.Variable):
        with contextlib.suppress(Exception):  # a key of JAX's is no array of numbers, a tensor of a graph no number yet
            array = keras.ops.convert_to_numpy(value)
            if array.dtype.kind in "fciub":
                yield array


def _equal(one, other):
    return len(one) == len(other) and all(map(_equal_arrays, one, other))


def _equal_arrays(one, other):
    """Whether two arrays have the same numbers, NaN being NaN; an integer beyond 64 bits has the dtype object."""
    return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc" and other.dtype.kind in "fc")


def require_one_value(template, stacked, other=None):
    """Raise InvalidInput where members are to have other values of what their models share, or of what layers keep copies of.

    stacked: (trainable, non_trainable) variables of all members; other: another model than the template, if there is one.
    """
    taken = {id(variable) for variable in other.variables} if other else set()
    copied = {id(variable) for layer in adapted_layers(template) for variable in layer.variables}
    for variables, values in zip((template.trainable_variables, template.non_trainable_variables), stacked):
        for variable, value in zip(variables, values):
            if id(variable) in taken | copied and not (value == value[:1]).all():
                why = "is shared by all of them" if id(variable) in taken else "is what its layer was adapted to, one for all"
                raise InvalidInput(f"Members can't have other values of {variable.path}: it {why}. Make it in build.")


def adapted_layers(model):
    """Layers that keep copies of their variables, which `adapt` gives values, such as Normalization."""
    return [layer for layer in model._flatten_layers() if layer.weights and hasattr(layer, "finalize_state")]

"""What the models of all members must have in common: everything but the values of their variables."""

import contextlib
import inspect

import numpy as np

from zoo.errors import InvalidInput

# What layers have of their own that decides nothing: names, places, seeds of random numbers (their states are variables).
_OWN = ("name", "_name", "_path", "seed", "_seed")


def require_alike(model, template, seed):
    """Raise InvalidInput where two models that `build` made share variables that train, or differ in more than weights.

    All members are computed by the template's layers.
    """
    if model is template:
        raise InvalidInput("build must make a new model at every call; it returned the same one twice.")
    taken = {id(variable) for variable in template.trainable_variables}
    if shared := [variable.path for variable in model.trainable_variables if id(variable) in taken]:
        raise InvalidInput(
            f"build must make new layers at every call; its models share {shared[0]}, which trains. Make that layer inside "
            "build, copy it there (keras.models.clone_model, then set_weights), or freeze it (trainable=False)."
        )
    both = [[*each._flatten_layers()] for each in (template, model)]
    same = [*map(type, both[0])] == [*map(type, both[1])] and _shapes(template) == _shapes(model)
    reason = "" if same else "other layers or shapes"
    order = [{layer.name: place for place, layer in enumerate(layers)} for layers in both]
    for layers in zip(*both) if not reason else ():
        mine, theirs = (_settings(layer, names) for layer, names in zip(layers, order))
        unlike = [name for name in mine if name in theirs and not _same(mine[name], theirs[name])]
        if unlike:
            reason = f"{layers[0].name} has another {unlike[0]}"
            break
    if reason:
        raise InvalidInput(
            f"build must return the same architecture for every seed; seed {seed} gave another one: {reason}. What differs by "
            "member must be in its weights alone."
        )


def _shapes(model):
    return [[tuple(v.shape) for v in part] for part in (model.trainable_variables, model.non_trainable_variables)]


def require_one_value(template, other, stacked):
    """Raise InvalidInput where members are to have other values of what their models share, or of what layers keep copies of."""
    taken = {id(variable) for variable in other.variables}
    copied = {id(variable) for layer in adapted_layers(template) for variable in layer.variables}
    for variables, values in zip((template.trainable_variables, template.non_trainable_variables), stacked):
        for variable, value in zip(variables, values):
            if id(variable) in taken | copied and not (value == value[:1]).all():
                why = "is shared by all of them" if id(variable) in taken else "is what its layer was adapted to, one for all"
                raise InvalidInput(f"Members can't have other values of {variable.path}: it {why}. Make it in build.")


def adapted_layers(model):
    """Layers that keep copies of their variables, which `adapt` gives values, such as Normalization."""
    return [layer for layer in model._flatten_layers() if layer.weights and hasattr(layer, "finalize_state")]


def _settings(layer, names):
    """{name: value} of what a layer computes with that is no variable: numbers, words, functions, arrays, lists of them.

    names: {layer: place}; a layer's name is told as its place, for Keras counts them up.
    """
    told = {name: _plain(value, names) for name, value in vars(layer).items() if name not in _OWN}
    return {name: value for name, value in told.items() if value != ()}


def _plain(value, names):
    """A setting such that it can be compared; () for what can't be."""
    import keras

    if isinstance(value, (bool, int, float, np.generic)):
        return (value,)
    if isinstance(value, str):
        return frozenset({value, names.get(value, value)})
    if isinstance(value, (list, tuple)):
        return tuple(_plain(part, names) for part in value)
    if inspect.isfunction(value) or inspect.isbuiltin(value):
        return (value.__module__, value.__qualname__)
    if isinstance(value, np.ndarray) or keras.ops.is_tensor(value) and not isinstance(value, keras.Variable):
        with contextlib.suppress(Exception):  # a key of JAX's is no array of numbers, a tensor of a graph no number yet
            return (keras.ops.convert_to_numpy(value),)
    return ()


def _same(one, other):
    """Whether two settings as _plain gives them are alike."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc" and other.dtype.kind in "fc")
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return bool(one & other)  # the same word, or names of layers in the same place
    return bool(one is other or one == other or (one != one and other != other))

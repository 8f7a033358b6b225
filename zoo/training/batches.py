"""Whether what a model makes of one example depends on those beside it in a batch, which evaluation must then not choose."""

import numpy as np

DRAWS = "seed_generator_state"  # what Keras calls the variable of a random generator
BATCHWIDE = ("MelSpectrogram",)  # layers of Keras's whose decibels are of the loudest in the batch
OPEN = 64  # what a side that a model leaves open is taken to be where nothing is computed, so that it may be long


def each_alone(model, called=None):
    """Whether a model gives the same for an example whatever it is evaluated with, as its layers say or else as a trial tells.

    Keras's own layers and the zoo's do, outside of training, with functions of Keras's and along other axes than the first; what
    else is in a model may take a mean over the batch. What cannot be tried, or draws at random, does not, nor what leaves another
    state behind with every batch, as the random generators of Keras's recurrent layers with dropout. called: what traced told of
    it, if it was asked.
    """
    parts = operations(model)
    if any(_is_batchwide(type(part)) for part in parts):
        return False
    own = not all(map(known, parts))
    if own and not _tried(model):
        return False
    called = called or traced(model)
    return not own if called is None else not called["moved"]


def masked(model, called):
    """Whether some places of a model's output don't count; called: what traced told of it."""
    from keras.src.backend import get_keras_mask

    return get_keras_mask(model.outputs[0]) is not None if called is None else called["masked"]


def traced(model, training=False):
    """What calling a model with a batch does beside its output: {"moved": the variables that have another value after it, "masked":
    whether some places of the output don't count}; None of one that can't be traced with its open sides as long as here.
    """
    import keras
    from keras.src.backend import compute_output_spec, get_keras_mask

    found = {}

    def call(x):
        with keras.StatelessScope() as scope:
            outputs = model(x, training=training)
            found["moved"] = [variable for variable in model.variables if scope.get_current_value(variable) is not None]
            found["masked"] = get_keras_mask(outputs) is not None  # of a model in this one its symbolic output has none
        return outputs

    sides = [side or OPEN for side in (model.input_shape[0] or 2, *model.input_shape[1:])]
    try:
        compute_output_spec(call, keras.KerasTensor(sides, model.inputs[0].dtype))
    except Exception:  # it may be any: a side may be too short, or too long
        return None
    return found


def places_of_draws(model):
    """Where among model.non_trainable_variables the states of its random generators are."""
    return [i for i, variable in enumerate(model.non_trainable_variables) if variable.name == DRAWS]


def places_moved(model):
    """Where among model.non_trainable_variables those are that a batch moves outside of training, too: the states of random
    generators, of which only some layers draw then, and what a layer of somebody's own keeps.
    """
    moved = {id(variable) for variable in (traced(model) or {"moved": ()})["moved"]}
    others = [place for place, variable in enumerate(model.non_trainable_variables) if id(variable) in moved]
    return sorted({*places_of_draws(model), *others})


def operations(model):
    """A model and all layers and operations that it is made of, those of models in it included."""
    found = {id(layer): layer for layer in model._flatten_layers(include_self=False)}
    graphs = [graph for graph in (model, *found.values()) if hasattr(graph, "operations")]
    found |= {id(operation): operation for graph in graphs for operation in graph.operations}
    return [model, *found.values()]


def known(operation):
    """Whether it is a layer of Keras's own or of the zoo's, but for those that call a user's function, or a model that computes
    what its parts do. Bare operations, such as a product of matrices or a sum, are not: along which axes they go, each tells
    otherwise. Nor are layers along all axes, or along one that is counted from the end, but for the last: it may be the first.
    """
    import keras

    if isinstance(operation, keras.Model):  # its parts are among the others
        return ours(type(operation).call) and (hasattr(operation, "operations") or isinstance(operation, keras.Sequential))
    if not ours(type(operation)) or isinstance(operation, keras.layers.Lambda) or not isinstance(operation, keras.layers.Layer):
        return False
    functions = (value for value in vars(operation).values() if callable(value) and not isinstance(value, keras.layers.Layer))
    along = np.ravel(getattr(operation, "axis", 1))
    every = isinstance(operation, keras.layers.Softmax) and operation.axis is None  # to others that means no axis at all
    return all(map(ours, functions)) and not every and all(place in (None, -1) or place > 0 for place in along)


def _is_batchwide(kind):
    return any(each.__name__ in BATCHWIDE and ours(each) for each in kind.__mro__)


def ours(thing):
    """Whether a class, a function or an object that is called is of Keras's own, or of the zoo's."""
    return (getattr(thing, "__module__", None) or type(thing).__module__).startswith(("keras.src.", "zoo."))


def _tried(model):
    """Whether examples come out the same beside others: either half, as the largest of all is in one of them."""
    try:
        values, x = made_up(model, 4)
        whole, *halves = (outputs_of(model, values, some) for some in (x, x[:2], x[2:]))
        return np.allclose(whole, np.concatenate(halves), rtol=1e-4, atol=1e-5, equal_nan=True)
    except Exception:  # of a user's own layer it may be any
        return False


def made_up(model, n):
    """(values of trainable and of other variables, inputs (n, ...)) to try a model with: its own weights, with noise on those that
    train, as a head of 0 shows nothing.
    """
    from keras import ops

    shape, draw = [side or 5 for side in (n, *model.input_shape[1:])], np.random.RandomState(0)
    values = [[ops.convert_to_numpy(v) for v in part] for part in (model.trainable_variables, model.non_trainable_variables)]
    values[0] = [value + draw.normal(0, 0.1, value.shape).astype(value.dtype) for value in values[0]]
    kind = str(model.inputs[0].dtype)
    return values, (draw.rand(*shape) if "float" in kind else draw.randint(0, 2, shape)).astype(kind)


def outputs_of(model, values, x):
    """What a model gives with values of variables as `made_up` gives them, as an array."""
    from keras import ops

    return ops.convert_to_numpy(model.stateless_call(*values, x, training=False)[0])

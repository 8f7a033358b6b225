"""Whether what a model makes of one example depends on those beside it in a batch, which evaluation must then not choose."""

import numpy as np


def each_alone(model):
    """Whether a model gives the same for an example whatever it is evaluated with, as its layers say or else as a trial tells.

    Of Keras's own layers all do, outside of training, and of the zoo's; what else is in a model, functions included, may take
    a mean over the batch. What cannot be tried, or draws at random, does not.
    """
    return all(map(_known, _operations(model))) or _tried(model)


def _operations(model):
    """All layers and operations that a model is made of, those of models in it included."""
    found = {id(layer): layer for layer in model._flatten_layers(include_self=False)}
    graphs = [graph for graph in (model, *found.values()) if hasattr(graph, "operations")]
    found |= {id(operation): operation for graph in graphs for operation in graph.operations}
    return [model] * (not graphs) + [*found.values()]


def _known(operation):
    """Whether it is a layer of Keras's own or of the zoo's, but for those that call a user's function, or a model as such."""
    import keras

    if isinstance(operation, keras.Model):  # its parts are among the others
        return type(operation) in (keras.Model, keras.Sequential) or type(operation).__module__.startswith("keras.")
    own = type(operation).__module__.startswith(("keras.src.layers.", "zoo.layers."))
    return own and not isinstance(operation, keras.layers.Lambda)


def _tried(model):
    """Whether examples come out the same beside others, in a model with its present weights."""
    from keras import ops

    shape, draw = [side or 5 for side in (4, *model.input_shape[1:])], np.random.RandomState(0)
    values = [[variable.value for variable in part] for part in (model.trainable_variables, model.non_trainable_variables)]
    try:
        kind = str(model.inputs[0].dtype)
        x = (draw.rand(*shape) if "float" in kind else draw.randint(0, 2, shape)).astype(kind)
        whole, part = (
            ops.convert_to_numpy(model.stateless_call(*values, ops.convert_to_tensor(some), training=False)[0])
            for some in (x, x[:2])
        )
        return np.allclose(whole[:2], part, rtol=1e-4, atol=1e-5, equal_nan=True)
    except Exception:  # of a user's own layer it may be any
        return False

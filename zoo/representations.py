"""features: what every layer of a model makes of its input, by the layer's name."""

import fnmatch
from collections import OrderedDict

from zoo.errors import InvalidInput, unknown_name


def features(model, pattern="*"):
    """A keras.Model that gives the representation in every layer instead of the last one's alone.

    Args:
        model: a functional or built sequential keras.Model without models inside, as `zoo.create_model` and
            `zoo.from_preset` make. Weights are shared: training either model changes both.
        pattern: only the layers that match, such as "hidden_*"; all of them for 10,000 images may not fit into memory.

    Called or by `predict`, the result takes the model's input, (n, ...), and gives a dict {layer name: (n, ...)}, in the
    order of the layers, dropout and all else as in prediction. Raises InvalidInput for another kind of model, UnknownName
    where no layer matches.

    Example:
        >>> found = features(zoo.create_model("mlp", (28, 28), 10), "hidden_*").predict(images, verbose=0)
        >>> {name: values.shape for name, values in found.items()}
        {'hidden_1': (500, 1024), 'hidden_2': (500, 1024), 'hidden_3': (500, 1024)}
    """
    import keras

    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise InvalidInput("Features are taken of a functional or built sequential keras.Model; this has no graph of layers.")
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    for layer in layers:
        if isinstance(layer, keras.Model):
            raise InvalidInput(f"{layer.name} is a model inside {model.name}; take its features by themselves.")
    # An OrderedDict, because JAX sorts the keys of a plain dict.
    outputs = OrderedDict((layer.name, _output(layer)) for layer in layers if fnmatch.fnmatch(layer.name, pattern))
    if not outputs:
        raise unknown_name("layer", pattern, [layer.name for layer in layers])
    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    return keras.Model(inputs, outputs, name=f"{model.name}_features")


def _output(layer):
    if len(layer._inbound_nodes) > 1:  # layer.output would silently be the first of them
        raise InvalidInput(f"The layer {layer.name} is used several times, here or in another model: it has no one output.")
    return layer.output

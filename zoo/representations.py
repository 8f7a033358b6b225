"""What is inside a model: every layer's representation by its name, what the last one gets, the halves of an autoencoder."""

import fnmatch
from collections import OrderedDict

from zoo.errors import InvalidInput, unknown_name


def features(model, pattern="*"):
    """A keras.Model that gives the representation in every layer instead of the last one's alone.

    Args:
        model: a functional or built sequential keras.Model without models inside, as `zoo.create_model` and
            `zoo.from_preset` make. Weights are shared: training either model changes both.
        pattern: only the layers that match, such as "hidden_*", or any of several patterns in a list; all of them for 10,000
            images may not fit into memory.

    Called or by `predict`, the result takes the model's input, (n, ...), and gives a dict {layer name: (n, ...)}, in the
    order of the layers, dropout and all else as in prediction. Raises InvalidInput for another kind of model, UnknownName
    where no layer matches.

    Example:
        >>> images = zoo.datasets.load("digits").test.x[:5]
        >>> found = features(zoo.create_model("mlp", (8, 8), 10, widths=(64, 32)), "hidden_*").predict(images, verbose=0)
        >>> {name: values.shape for name, values in found.items()}
        {'hidden_1': (5, 64), 'hidden_2': (5, 32)}
    """
    import keras

    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise InvalidInput("Features are taken of a functional or built sequential keras.Model; this has no graph of layers.")
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    for layer in layers:
        if isinstance(layer, keras.Model):
            raise InvalidInput(f"{layer.name} is a model inside {model.name}; take its features by themselves.")
    # An OrderedDict, because JAX sorts the keys of a plain dict.
    outputs = OrderedDict()
    patterns = [pattern] if isinstance(pattern, str) else list(pattern) if isinstance(pattern, (list, tuple)) else []
    if not patterns or not all(isinstance(wanted, str) for wanted in patterns):
        raise InvalidInput(f"pattern names layers, such as 'hidden_*', or is a list of such names; got {pattern!r}.")
    for layer in layers:
        if any(fnmatch.fnmatch(layer.name, wanted) for wanted in patterns):
            outputs[layer.name] = _call(model, layer).outputs[0]
    for wanted in patterns:
        if not any(fnmatch.fnmatch(name, wanted) for name in outputs):
            raise unknown_name("layer", wanted, [layer.name for layer in layers])
    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    return keras.Model(inputs, outputs, name=f"{model.name}_features")


def embedding(model):
    """All of a classifier but its last layer, as a keras.Model: raw data (n, *input_shape) in, what enters "logits" out.

    That is the representation that the classes are told by, (n, units), of a model of text (n, T, units) and of `linear` the
    input as a vector, rescaled. model: one that ends in a layer with weights called "logits", as `zoo.create_model` and
    `zoo.from_preset` make; forecasts, too. Weights are shared: training either model changes both. Raises InvalidInput for one
    without such a layer, as those that reconstruct their input are.

    Example:
        >>> model = zoo.create_model("mlp", (8, 8), 10, widths=(64, 32))
        >>> embedding(model).predict(zoo.datasets.load("digits").test.x[:5], verbose=0).shape
        (5, 32)
    """
    import keras

    head = next((layer for layer in _layers(model) if layer.name == "logits" and layer.weights), None)
    if head is None:
        said = "A functional keras.Model that ends in a layer called logits with weights is wanted"
        raise InvalidInput(f"{said}; of one that reconstructs its input, zoo.encoder gives the code.")
    return keras.Model(model.inputs[0], _call(model, head).input_tensors[0], name=f"{model.name}_embedding")


def encoder(model):
    """The first half of an autoencoder, as a keras.Model: raw data (n, *input_shape) in, codes (n, code) out.

    model: one that reconstructs its input, such as `zoo.create_model("deep_autoencoder", (28, 28))`. Weights are shared:
    training either model changes both. Raises InvalidInput for a model without a layer called "code".
    """
    import keras

    code = _code(model)
    return keras.Model(model.inputs[0], code.output, name=f"{model.name}_encoder")


def decoder(model):
    """The second half of an autoencoder, as a keras.Model: codes (n, code) in, data like the model's input out, float32.

    For images, that is pixels in 0..255, (n, height, width). Weights are shared, as in `encoder`. Raises InvalidInput for a
    model without a layer called "code".

    Example:
        >>> model = zoo.create_model("deep_autoencoder", (8, 8), widths=(32,), code=4)
        >>> codes = zoo.encoder(model).predict(zoo.datasets.load("digits").test.x[:5], verbose=0)
        >>> codes.shape, zoo.decoder(model).predict(codes, verbose=0).shape
        ((5, 4), (5, 8, 8))
    """
    import keras

    from zoo.layers.preprocessing import rescale_of

    code = _code(model)
    rescale = rescale_of(model) or 1.0
    x = keras.layers.Activation("sigmoid", name="pixels", dtype="float32")(model.outputs[0])
    x = keras.layers.Rescaling(1 / rescale, name="raw", dtype="float32")(x)
    return keras.Model(code.output, x, name=f"{model.name}_decoder")


def _code(model):
    found = next((layer for layer in _layers(model) if layer.name == "code"), None)
    if found is None:
        raise InvalidInput("An autoencoder is wanted, a functional keras.Model with a layer called code: deep_autoencoder.")
    return found


def calls(model, layer):
    """Where a model calls one of its layers: nodes of Keras's graph; none of a model that is no graph of layers.

    In other models, such as the decoder of an autoencoder, the layer may be called elsewhere.
    """
    from keras.src.ops.function import make_node_key

    own = getattr(getattr(model, "_functional", model), "_nodes", ())
    return [node for place, node in enumerate(layer._inbound_nodes) if make_node_key(layer, place) in own]


def _call(model, layer):
    nodes = calls(model, layer)
    if len(nodes) > 1:
        raise InvalidInput(f"The layer {layer.name} is used several times: it has no one output.")
    return nodes[0]


def _layers(model):
    """The layers of a functional or built sequential model; none of anything else."""
    import keras

    return model.layers if isinstance(model, keras.Model) and getattr(model, "inputs", None) else ()

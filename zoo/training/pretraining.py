"""Greedy layer-wise pre-training of a whole population: one unsupervised stage per encoder, without labels."""

import keras
import numpy as np
import pandas as pd

from zoo.errors import InvalidInput
from zoo.layers.augmentation import Augmentation
from zoo.layers.autoencoder import MeanOutput, check_error, check_noise
from zoo.layers.preprocessing import rescale_of
from zoo.models.autoencoder_stack import encoders, pretraining_stage
from zoo.training.checks import (
    accepted,
    check_arrays,
    check_data,
    check_reconstructed,
    check_schedule,
    number_or_each,
    one_or_each,
    told_of_scale,
)
from zoo.training.population import Population
from zoo.training.unrolling import pretrain_deep


def pretrain(
    population,
    x,
    *,
    epochs,
    batch_size=None,
    optimizer="adam",
    corruption="masking",
    level=0.25,
    tied=False,
    error="crossentropy",
    verbose="auto",
):
    """Pre-train the layers of a population of `autoencoder_stack` or `deep_autoencoder` models, in place, one by one.

    Encoder after encoder, every member learns to reconstruct the clean output of its frozen lower encoders from
    a corrupted one; only then is the population fitted to labels with `population.fit`. Of a deep_autoencoder of sigmoid
    units the decoders are learnt along and kept. All start from the weights that the population has.
    Bengio et al., Greedy layer-wise training of deep networks, NIPS 2007; Vincent et al., JMLR 11, 2010; a
    deep_autoencoder's after Hinton & Salakhutdinov, Science 313, 2006, who learnt its layers as restricted Boltzmann
    machines.

    Args:
        population: Population of `zoo.create_model("autoencoder_stack", ...)` models, or of "deep_autoencoder", before its
            own `fit`.
        x: raw examples (n, *input_shape), labelled or not.
        epochs: per encoder: one integer, or one per encoder. batch_size, verbose: as in `Population.fit`.
        optimizer: name or keras optimizer, a fresh one for every encoder.
        corruption, level, tied, error: of the (denoising) autoencoders, see `zoo.layers.autoencoder.Autoencoder`;
            level may be one per encoder, and so may the error of an autoencoder_stack.

    Returns the history as a DataFrame: encoder (from 1), member, seed, epoch, loss (reconstruction error per
    example). Adds to the population's compile_seconds and fit_seconds. Raises InvalidInput for a population of
    other models, or settings that do not fit it.

    >>> x = zoo.datasets.load("digits").train.x
    >>> stacks = zoo.Population(lambda: zoo.create_model("autoencoder_stack", (8, 8), 10, widths=(16, 8)), seeds=range(2))
    >>> history = pretrain(stacks, x, epochs=2)
    >>> history.groupby("encoder").size().to_dict()
    {1: 4, 2: 4}
    """
    if not isinstance(population, Population):
        raise InvalidInput(f"pretrain needs a zoo.Population of models, not {type(population).__name__}.")
    check_arrays(population.template, x, None)
    if {"code", "decoder_1"} <= {layer.name for layer in population.template.layers}:  # whatever the model is called
        noise = {"corruption": corruption, "level": level, "tied": tied, "error": error}
        return pretrain_deep(population, x, epochs, batch_size, optimizer, noise, verbose)
    if not _is_stack(population.template):
        wanted = "autoencoder_stack or deep_autoencoder"
        raise InvalidInput(f"pretrain needs a population of {wanted} models, not {population.template.name!r}.")
    layers = encoders(population.template)
    options = _stack_options(population.template, layers)
    options |= {"corruption": corruption, "tied": tied}
    x, _ = check_data(population.template, x, None)
    counts, levels = one_or_each("epochs", epochs, layers), number_or_each("level", level, layers)
    errors = one_or_each("error", error, layers)
    for count, noise, kind in zip(counts, levels, errors):  # all of them before the first encoder takes its time
        check_schedule(len(x), count, batch_size)
        accepted(check_noise, corruption, noise)
        accepted(check_error, kind)
    check_reconstructed(population.template, x, errors, layers)
    histories, below = [], None
    for index, (count, noise, kind) in enumerate(zip(counts, levels, errors)):
        stage = _stage(population, index, options | {"level": noise, "error": kind})
        stage.copy_layers(population, encoders(stage.template), layers[: index + 1])
        if below is not None:
            stage.copy_layers(below, encoders(stage.template)[:index], encoders(below.template))
        stage.compile(optimizer, MeanOutput())
        with told_of_scale():
            history = stage.fit(x, epochs=count, batch_size=batch_size, verbose=verbose)
        histories.append(history.assign(encoder=index + 1))
        population.compile_seconds += stage.compile_seconds
        population.fit_seconds += stage.fit_seconds
        below = stage
    population.copy_layers(below, layers, encoders(below.template))
    return pd.concat(histories, ignore_index=True)


def _is_stack(model):
    """Whether a model begins as autoencoder_stack does: what is raw, rescaled, distorted and made a vector goes to encoders.

    These follow each other, but for dropout, and are alike: what learns them is made of the first one's activation alone.
    """
    first = next((place for place, layer in enumerate(model.layers) if layer.name.startswith("encoder_")), None)
    above = () if first is None else model.layers[:first]
    scales = [layer for layer in above if isinstance(layer, keras.layers.Rescaling)]
    told = all(layer.scale == rescale_of(model) and np.all(layer.offset == 0) for layer in scales) and len(scales) < 2
    plain = (keras.layers.InputLayer, keras.layers.Rescaling, keras.layers.Reshape, keras.layers.Flatten)
    known = all(isinstance(layer, (*plain, Augmentation)) for layer in above)
    return first is not None and told and known and _alike(model.layers[first:], encoders(model))


def _alike(layers, wanted):
    """Whether these encoders, of a model whose layers from the first of them on are given, can be learnt one like the other."""
    between = [layer for layer in layers[: layers.index(wanted[-1])] if layer not in wanted]
    dropped = all(isinstance(layer, keras.layers.Dropout) for layer in between)
    return dropped and all(type(layer) is keras.layers.Dense and _is_like(layer, wanted[0]) for layer in wanted)


def _is_like(layer, first):
    """Whether a Dense layer has another's activation, and a bias, and nothing that holds its weights down."""
    same = layer.activation is first.activation or layer.get_config()["activation"] == first.get_config()["activation"]
    held = ("kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint")
    return same and layer.use_bias and not any(getattr(layer, name) for name in held)


def _stack_options(model, layers):
    return {"widths": tuple(layer.units for layer in layers), "activation": layers[0].activation, "rescale": rescale_of(model)}


def _stage(population, index, options):
    shape = population.template.input_shape[1:]
    return accepted(
        Population,
        lambda: pretraining_stage(index, shape, **options),
        population.seeds,
        precision=population.precision,
        group_size=population.group_size,
    )

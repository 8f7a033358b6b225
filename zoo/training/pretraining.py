"""Greedy layer-wise pre-training of a whole population: one unsupervised stage per encoder, without labels."""

import keras
import pandas as pd

from zoo.errors import InvalidInput
from zoo.layers.autoencoder import MeanOutput
from zoo.models.autoencoder_stack import encoders, pretraining_stage
from zoo.training.population import Population


def pretrain(
    population,
    x,
    *,
    epochs,
    batch_size=128,
    optimizer="adam",
    corruption="masking",
    level=0.25,
    tied=False,
    error="crossentropy",
    verbose="auto",
):
    """Pre-train the encoders of a population of `autoencoder_stack` models, in place.

    Encoder after encoder, every member learns to reconstruct the clean output of its frozen lower encoders from
    a corrupted one; only then is the population fitted to labels with `population.fit`.
    Bengio et al., Greedy layer-wise training of deep networks, NIPS 2007; Vincent et al., JMLR 11, 2010.

    Args:
        population: Population of `zoo.create_model("autoencoder_stack", ...)` models, before its own `fit`.
        x: raw examples (n, *input_shape), labelled or not.
        epochs: per encoder: one integer, or one per encoder.
        optimizer: name or keras optimizer, a fresh one for every encoder.
        corruption, level, tied, error: of the (denoising) autoencoders, see `zoo.layers.autoencoder.Autoencoder`;
            level may be one number per encoder.

    Returns the history as a DataFrame: encoder (from 1), member, seed, epoch, loss (reconstruction error per
    example). Adds to the population's compile_seconds and fit_seconds. Raises InvalidInput for a population of
    other models, or settings that do not fit it.
    """
    layers = encoders(population.template)
    if not layers:
        raise InvalidInput(f"pretrain needs a population of autoencoder_stack models, not {population.template.name!r}.")
    options = _stack_options(population.template, layers)
    options |= {"corruption": corruption, "tied": tied, "error": error}
    histories, below = [], None
    for index, (count, noise) in enumerate(zip(_each(epochs, layers), _each(level, layers))):
        stage = Population(
            lambda: pretraining_stage(index, population.template.input_shape[1:], level=noise, **options),
            population.seeds,
            precision=population.precision,
            group_size=population.group_size,
        )
        if below is not None:
            stage.copy_layers(below, encoders(stage.template)[:index], encoders(below.template))
        stage.compile(optimizer, MeanOutput())
        history = stage.fit(x, epochs=count, batch_size=batch_size, verbose=verbose)
        histories.append(history.assign(encoder=index + 1))
        population.compile_seconds += stage.compile_seconds
        population.fit_seconds += stage.fit_seconds
        below = stage
    population.copy_layers(below, layers, encoders(below.template))
    return pd.concat(histories, ignore_index=True)


def _stack_options(model, layers):
    rescale = next((layer.scale for layer in model.layers if isinstance(layer, keras.layers.Rescaling)), None)
    return {
        "widths": tuple(layer.units for layer in layers),
        "activation": keras.activations.serialize(layers[0].activation),
        "rescale": rescale,
    }


def _each(value, layers):
    values = [value] * len(layers) if isinstance(value, (int, float)) else list(value)
    if len(values) != len(layers):
        raise InvalidInput(f"epochs and level need one value, or one for each of the {len(layers)} encoders; got {value!r}.")
    return values

"""Layer-wise pre-training of a population of deep autoencoders: stages that are autoencoders of one layer, unrolled.

Hinton & Salakhutdinov (2006) learn the stages as restricted Boltzmann machines; here they are autoencoders, as in
Bengio et al. (2007): each learns to encode and to decode what the frozen encoders below it give.
"""

import keras
import numpy as np
import pandas as pd

from zoo.layers.autoencoder import MeanOutput, check_noise
from zoo.layers.preprocessing import rescale_of
from zoo.models.deep_autoencoder import decoders, encoders, pretraining_stage
from zoo.training.checks import (
    accepted,
    check_data,
    check_reconstructed,
    check_schedule,
    number_or_each,
    one_or_each,
    told_of_scale,
)
from zoo.training.population import Population


def pretrain_deep(population, x, epochs, batch_size, optimizer, noise, verbose):
    """What zoo.pretrain does for `deep_autoencoder`; noise: corruption, level, tied and error of the stages.

    Both layers of a stage start from the population's weights and return to it when all are learnt; a tied decoder
    starts as its encoder's transpose and returns as such, and the fitting of the whole may then part the two.
    """
    layers = encoders(population.template)
    x, _ = check_data(population.template, x, None)
    counts, levels = one_or_each("epochs", epochs, layers), number_or_each("level", noise["level"], layers)
    for count, level in zip(counts, levels):  # all of them before the first stage takes its time
        check_schedule(len(x), count, batch_size)
        accepted(check_noise, noise["corruption"], level)
    check_reconstructed(population.template, x, [noise["error"]], layers, linear=False)  # higher ones see sigmoid units
    options, stages, histories = _options(population.template, layers) | noise, [], []
    for index, (count, level) in enumerate(zip(counts, levels)):
        stage = _stage(population, index, options | {"level": level}, stages)
        stage.compile(optimizer, MeanOutput())
        with told_of_scale():
            history = stage.fit(x, epochs=count, batch_size=batch_size, verbose=verbose)
        histories.append(history.assign(encoder=index + 1))
        population.compile_seconds += stage.compile_seconds
        population.fit_seconds += stage.fit_seconds
        stages.append(stage)
    population.copy_layers(stages[-1], layers, encoders(stages[-1].template))
    for stage, decoder in zip(stages, decoders(population.template)):
        learner = stage.template.get_layer("autoencoder")
        kernel = learner.layer.kernel if learner.tied else learner.decoder_kernel
        _copy(kernel, stage, decoder.kernel, population, transposed=learner.tied)
        _copy(learner.decoder_bias, stage, decoder.bias, population)
    return pd.concat(histories, ignore_index=True)


def _options(model, layers):
    activation = layers[0].activation if len(layers) > 1 else keras.activations.sigmoid
    widths = tuple(layer.units for layer in layers[:-1])
    return {"widths": widths, "code": layers[-1].units, "activation": activation, "rescale": rescale_of(model)}


def _stage(population, index, options, below):
    """The population of stage `index`, its encoders those learnt by the stages below it, its decoder the population's."""
    shape = population.template.input_shape[1:]
    stage = accepted(
        Population,
        lambda: pretraining_stage(index, shape, **options),
        population.seeds,
        precision=population.precision,
        group_size=population.group_size,
    )
    stage.copy_layers(population, encoders(stage.template), encoders(population.template)[: index + 1])
    if below:
        stage.copy_layers(below[-1], encoders(stage.template)[:index], encoders(below[-1].template))
    learner, start = stage.template.get_layer("autoencoder"), decoders(population.template)[index]
    _copy(start.bias, population, learner.decoder_bias, stage)
    if not learner.tied:
        _copy(start.kernel, population, learner.decoder_kernel, stage)
    return stage


def _copy(variable, source, target, population, transposed=False):
    """Take over one variable of all members of a source population."""
    values, place = population._stacked(target)
    theirs, there = source._stacked(variable)
    values[place] = np.array(theirs[there].swapaxes(1, 2) if transposed else theirs[there])

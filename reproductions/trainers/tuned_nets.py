"""Nets in a small grid of step sizes: pre-trained where they are stacks, tuned on validation, only the chosen ones tested."""

from typing import NamedTuple

import numpy as np


class TunedNets(NamedTuple):
    """One net per seed, all of the step size that validates best."""

    population: object
    validation: np.ndarray  # their errors there in percent, NaN where a seed diverged
    learning_rate: float
    seconds: float  # of one seed: all step sizes together, pre-training included and compilation not

    def losses(self, split):
        """(seeds, n): 100 for an example of a split that a seed gets wrong, else 0; NaN where it diverged."""
        from zoo.reproductions.trainers.step_sizes import losses_on

        return np.where(np.isfinite(self.validation)[:, None], losses_on(self.population, split), np.nan)

    @property
    def setting(self):
        """What validation chose."""
        return {"step_size": self.learning_rate}

    @property
    def parameters(self):
        """Weights of one net."""
        return self.population.template.count_params()


def tune_nets(model, classes, train, validation, recipe, seeds):
    """TunedNets of a zoo model, for a recipe of options, pretraining, rates, epochs and batch_size.

    pretraining: None, or settings of zoo.pretrain and its learning_rate; the same pre-trained stack goes into every step
    size. The weights are those of the epoch that validates best, as Larochelle et al. (2007) stopped early.
    """
    import keras

    import zoo
    from zoo.reproductions.trainers.step_sizes import errors_on, most_accurate, starts_of
    from zoo.training.recipe import optimizer, recipe as training, steps

    rates = recipe["rates"]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def build():
        return zoo.create_model(model, train.x.shape[1:], classes, **recipe["options"])

    began, weights = 0.0, None
    if recipe["pretraining"]:
        starts = starts_of(build, seeds, train.x, {"batch_size": recipe["batch_size"], **recipe["pretraining"]})
        weights, began = starts.weights, starts.seconds
    population = zoo.Population(build, [*seeds] * len(rates), weights=weights and weights * len(rates))
    settings = training(epochs=recipe["epochs"], batch_size=recipe["batch_size"], learning_rate=rates[0])
    population.compile(optimizer(settings, steps(settings, len(train.x))), loss, ["accuracy"], np.repeat(rates, len(seeds)))
    population.fit(
        *train,
        epochs=recipe["epochs"],
        batch_size=recipe["batch_size"],
        validation_data=validation,
        select="best",
        drop_remainder=True,
        verbose=False,
    )
    held_out = errors_on(population, validation).reshape(len(rates), -1)
    best = most_accurate(held_out)
    members = range(best * len(seeds), (best + 1) * len(seeds))
    chosen = zoo.Population(build, seeds, weights=[population.get_weights(member) for member in members])
    chosen.compile("sgd", loss, ["accuracy"])
    return TunedNets(chosen, held_out[best], rates[best], began + population.fit_seconds / len(seeds))

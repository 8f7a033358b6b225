"""Robinson's task: settings chosen on two speakers held out of eight, then trained on all eight, tested on seven others."""

import time

import numpy as np

from zoo.reproductions.trainers.data import Split
from zoo.reproductions.trainers.rows import rows_of
from zoo.reproductions.trainers.step_sizes import best_setting, losses_on

SPEAKERS = 7  # of the test


def train_vowel_net(trial, report):
    """The run function of a zoo model, linear or mlp, on the vowels.

    The recipe names options (of the model), epochs, rates (step sizes of Adam) and batch_size. On six speakers all seeds
    learn in every step size; the one and the number of epochs with the lowest mean error on the other two are taken, and
    the seeds learn anew from all eight. Features are standardised. Rows: test and validation error, epochs and step size; what
    a test example costs is said by speaker, whose frames go together.
    """
    r = trial.recipe
    train, validation, both, test = _speakers(trial.dataset)
    trying = _population(trial, [*trial.seeds] * len(r["rates"]), np.repeat(r["rates"], len(trial.seeds)))
    settings = {"batch_size": r["batch_size"], "drop_remainder": True, "verbose": False}
    history = trying.fit(*train, epochs=r["epochs"], validation_data=validation, **settings)
    report.progress(1, 2)
    curves = 100 * (1 - history.val_accuracy.to_numpy().reshape(len(r["rates"]), len(trial.seeds), r["epochs"]))
    rate, epochs = best_setting(curves)
    final = _population(trial, trial.seeds, np.full(len(trial.seeds), r["rates"][rate]))
    final.fit(*both, epochs=epochs, **settings)
    report.progress(2, 2)
    values = {"test_error_pct": by_speaker(losses_on(final, test)), "validation_error_pct": curves[rate, :, epochs - 1]}
    values |= {"epochs": epochs, "step_size": r["rates"][rate]}
    shared = {
        "n_train": len(both.x),
        "n_test": len(test.x),
        "parameters": final.template.count_params(),
        "precision": "float32",
        "updates": epochs * (len(both.x) // r["batch_size"]),
        "seconds": (trying.fit_seconds + final.fit_seconds) / len(trial.seeds),
    }
    return rows_of(trial.seeds, values, shared)


def train_vowel_method(trial, report):
    """The run function of a method of scikit-learn's in which nothing is random: lda, qda, knn or rbf.

    The recipe names grid, a list of settings of the method, of which that with the lowest error on the two speakers is
    fitted to all eight. Features are as in the data set. Rows: test and validation error of the first seed.
    """
    from zoo.environment import processor

    train, validation, both, test = _speakers(trial.dataset, standardised=False)
    began = time.perf_counter()
    errors = [_error(method(trial.model, setting).fit(*train), validation) for setting in trial.recipe["grid"]]
    best = int(np.argmin(errors))
    chosen = method(trial.model, trial.recipe["grid"][best]).fit(*both)
    shared = {
        "seed": trial.seeds[0],
        "n_train": len(both.x),
        "n_test": len(test.x),
        "seconds": time.perf_counter() - began,
        "device": processor(),
        "backend": "scikit-learn",
        "precision": "float64",
    }
    report.progress(1, 1)
    each = by_speaker(100.0 * (chosen.predict(test.x) != test.y)[None])[0]
    return [
        shared | {"metric": "test_error_pct", "value": float(each.mean()), "losses": each},
        shared | {"metric": "validation_error_pct", "value": errors[best]},
    ]


def by_speaker(losses):
    """(seeds, speakers): the mean of what the test frames of each speaker cost, from (seeds, frames), one speaker after another.

    Frames of one speaker, six of each word, go together; speakers are what others might have been drawn of.
    """
    return losses.reshape(len(losses), SPEAKERS, -1).mean(axis=2)


class GaussianNodes:
    """A Gaussian on every training example and least squares from these nodes to the classes (Robinson 1989's radial basis
    functions; those that he calls Gaussian nodes were trained by backpropagation).

    gamma: of exp(-gamma distance^2); alpha: ridge of the least squares.
    """

    def __init__(self, gamma, alpha):
        from sklearn.kernel_ridge import KernelRidge

        self.ridge = KernelRidge(kernel="rbf", gamma=gamma, alpha=alpha)

    def fit(self, x, y):
        self.ridge.fit(x, np.eye(int(y.max()) + 1)[y])
        return self

    def predict(self, x):
        return self.ridge.predict(x).argmax(axis=1)


def method(name, setting):
    """A classifier with fit and predict, by the model's name in the tables."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
    from sklearn.neighbors import KNeighborsClassifier

    kinds = {"lda": LinearDiscriminantAnalysis, "qda": QuadraticDiscriminantAnalysis, "knn": KNeighborsClassifier}
    return (kinds | {"rbf": GaussianNodes})[name](**setting)


def _speakers(dataset, standardised=True):
    """(six speakers, the two that validate, all eight, the seven of the test), standardised over the eight if wanted."""
    from zoo.datasets import load

    data = load(dataset)
    both = Split(*(np.concatenate(parts) for parts in zip(data.train, data.validation)))
    parts = [data.train, data.validation, both, data.test]
    if standardised:
        mean, deviation = both.x.mean(axis=0), both.x.std(axis=0)
        parts = [Split((part.x - mean) / deviation, part.y) for part in parts]
    return parts


def _population(trial, seeds, rates):
    import keras

    import zoo
    from zoo.datasets import describe

    info, options = describe(trial.dataset), trial.recipe["options"]
    population = zoo.Population(
        lambda: zoo.create_model(trial.model, info.input_shape, info.classes, rescale=None, **options), seeds
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    population.compile(keras.optimizers.Adam(float(rates[0])), loss, ["accuracy"], learning_rate=rates)
    return population


def _error(fitted, split):
    return float(100 * np.mean(fitted.predict(split.x) != split.y))

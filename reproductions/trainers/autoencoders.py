"""Trains deep autoencoders and their rivals, principal components and logistic PCA, to reconstruct images."""

import numpy as np

from zoo.reproductions.trainers.arrays import packed
from zoo.reproductions.trainers.rows import rows_of

METRIC = "squared_error"  # of an image, summed over its pixels in 0..1
PICTURES = "pictures.npz"
SHOWN = 10  # test images whose reconstructions are kept
MAPPED = 2000  # test images whose codes are kept, where a code has two numbers


def train_autoencoder(trial, report):
    """The run function of a net: from every seed in every step size of the recipe; the one that validates best is reported.

    The recipe names n_train, widths, code, activation, start (as learning_speed.start_of takes it), optimizer ("adam", or
    "sgd" with momentum 0.9), epsilon (Adam's), rates (peaks of a cosine decay to 0), epochs, batch_size and pretraining, None
    or settings of zoo.pretrain. Rows: squared_error on the test images, validation_squared_error and step_size.
    Files: reconstructions by the first seed, and its codes if they have two numbers.
    """
    from zoo.reproductions.harness import WithFiles
    from zoo.reproductions.trainers.data import splits

    r = trial.recipe
    train, validation, test = splits(trial.dataset, r["n_train"])
    population, pretraining_seconds = learn(trial, train.x)
    report.progress(1, 1)
    errors = {name: errors_on(population, split.x) for name, split in (("validation", validation), ("test", test))}
    best = best_rate(errors["validation"].reshape(-1, len(trial.seeds)))
    chosen = slice(best * len(trial.seeds), (best + 1) * len(trial.seeds))
    values = {METRIC: errors["test"][chosen], f"validation_{METRIC}": errors["validation"][chosen]}
    values["step_size"] = r["rates"][best]
    shared = {
        "n_train": len(train.x),
        "n_test": len(test.x),
        "parameters": population.template.count_params(),
        "updates": r["epochs"] * (len(train.x) // r["batch_size"]),
        "seconds": population.fit_seconds / len(trial.seeds) + pretraining_seconds,
    }
    return WithFiles(rows_of(trial.seeds, values, shared), {PICTURES: _pictures(population[chosen.start], test)})


def learn(trial, x):
    """(population, seconds of pre-training a seed): step sizes times seeds, a step size's seeds side by side."""
    import keras

    import zoo
    from zoo import reconstruction
    from zoo.reproductions.trainers.learning_speed import start_of
    from zoo.reproductions.trainers.step_sizes import starts_of

    r, members = trial.recipe, [*trial.seeds] * len(trial.recipe["rates"])
    start = keras.initializers.VarianceScaling(**start_of(r["start"], r["activation"]))
    options = {"widths": r["widths"], "code": r["code"], "activation": r["activation"], "initialiser": start}

    def build():
        return zoo.create_model("deep_autoencoder", x.shape[1:], **options)

    weights, seconds = None, 0.0
    if r["pretraining"]:  # once for every seed, whatever the step size of what follows
        starts = starts_of(build, trial.seeds, x, {"batch_size": r["batch_size"], **r["pretraining"]})
        weights, seconds = starts.weights * len(r["rates"]), starts.seconds
    population = zoo.Population(build, members, weights=weights)
    rate = keras.optimizers.schedules.CosineDecay(r["rates"][0], r["epochs"] * (len(x) // r["batch_size"]))
    optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    if r["optimizer"] == "adam":
        optimizer = keras.optimizers.Adam(rate, epsilon=r["epsilon"])
    peaks = np.repeat(r["rates"], len(trial.seeds))
    population.compile(optimizer, reconstruction.loss(), [reconstruction.squared_error], learning_rate=peaks)
    y = reconstruction.targets(population.template, x)
    population.fit(x, y, epochs=r["epochs"], batch_size=r["batch_size"], drop_remainder=True, verbose=False)
    return population, seconds


def errors_on(population, x):
    """The mean squared error per image of every member, NaN where it diverged."""
    from zoo.reconstruction import targets

    found = population.evaluate(x, targets(population.template, x))
    return np.where(found.diverged, np.nan, found[METRIC])


def best_rate(errors):
    """Index of the step size with the least mean error (step sizes, seeds); one with a diverged seed comes last."""
    return int(np.argmin(np.where(np.isfinite(errors), errors, np.inf).mean(axis=1)))


def train_pca(trial, report):
    """The run function of principal components, as many as the recipe says; 0 of them are the mean training image.

    Nothing in it is random. Rows: squared_error and validation_squared_error. Files as of train_autoencoder.
    """
    import time

    from zoo.reproductions.harness import WithFiles
    from zoo.reproductions.trainers.data import splits

    components = trial.recipe["components"]
    train, validation, test = splits(trial.dataset)
    began = time.perf_counter()
    pca = PrincipalComponents(train.x, components)
    shared = {
        "seed": trial.seeds[0],
        "n_train": len(train.x),
        "parameters": pca.mean.size * (1 + components),
        "seconds": time.perf_counter() - began,
        "backend": "numpy",
        "precision": "float64",
    }
    report.progress(1, 1)
    found = [
        shared | {"metric": metric, "value": pca.squared_error(split.x), "n_test": len(split.x)}
        for metric, split in ((METRIC, test), (f"validation_{METRIC}", validation))
    ]
    return WithFiles(found, {PICTURES: _pictures(pca, test)})


class PrincipalComponents:
    """The mean of images x (n, height, width) in 0..255 and their first components, in pixels of 0..1, float64."""

    def __init__(self, x, components):
        from zoo.errors import InvalidInput

        x, self.shape = _flat(x), x.shape[1:]
        if not 0 <= components <= min(x.shape):
            most = min(x.shape)
            raise InvalidInput(f"{len(x)} images of {x.shape[1]} pixels have 0 to {most} components, not {components}.")
        self.mean = x.mean(axis=0)
        self.directions = np.empty((x.shape[1], 0))
        if components:
            x -= self.mean
            self.directions = np.linalg.eigh(x.T @ x)[1][:, ::-1][:, :components]

    def codes(self, x):
        """(n, components)."""
        return (_flat(x) - self.mean) @ self.directions

    def reconstructions(self, x):
        """Pixels in 0..1 but for what a linear code overshoots, (n, height, width)."""
        return (self.codes(x) @ self.directions.T + self.mean).reshape(-1, *self.shape)

    def squared_error(self, x):
        """Of an image, summed over its pixels, the mean over all images."""
        return float(np.square(self.reconstructions(x).reshape(len(x), -1) - _flat(x)).sum(axis=1).mean())


def _flat(x):
    """A new array (n, pixels) of pixels in 0..1."""
    return x.reshape(len(x), -1) / np.float64(255)


def _pictures(model, test):
    """Packed arrays: a few test images, their reconstructions and, of a code of two numbers, the codes."""
    x = test.x[_one_of_each(test.y)]
    if isinstance(model, PrincipalComponents):
        found, codes = 255 * model.reconstructions(x), model.codes(test.x[:MAPPED])
    else:
        import zoo

        encoder, decoder = zoo.encoder(model), zoo.decoder(model)
        found, codes = (np.asarray(output) for output in (decoder(encoder(x)), encoder(test.x[:MAPPED])))
    arrays = {"originals": x, "reconstructions": np.rint(np.clip(found, 0, 255)).astype(np.uint8)}
    if codes.shape[1] == 2:
        arrays |= {"codes": codes.astype(np.float16), "labels": test.y[:MAPPED]}
    return packed(arrays)


def _one_of_each(y):
    """Rows of the first image of each class; of the first images where there are no classes."""
    return np.unique(y, return_index=True)[1][:SHOWN] if y.ndim == 1 else np.arange(min(SHOWN, len(y)))

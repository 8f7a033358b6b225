"""Logistic PCA whose codes are fitted to each image, not read off it by an encoder (Schein, Saul & Ungar 2003, AISTATS).

A linear decoder and a logistic function, as in a deep autoencoder without hidden layers; but an image's code is the one by
which its pixels have the least cross-entropy, found by an optimizer, of test images too.
"""

import time

import numpy as np

LEAST = 0.01  # of a pixel's mean, by which its bias starts: its logarithm has to be finite


def train_fitted_codes(trial, report):
    """The run function: decoder and training codes by L-BFGS from principal components, then the other images' codes alone.

    The recipe names n_train (None: all), code (its numbers), strength (of a penalty on squared codes), iterations (the most of the
    first fit) and code_iterations (of the second). Nothing in it is random. Rows: test and validation squared_error of an
    image, summed over its pixels in 0..1, and whether the first fit was cut off (1) or came to its end (0).
    """
    from zoo.reproductions.trainers.data import splits

    r = trial.recipe
    x = dict(zip(("train", "validation", "test"), (_flat(split.x) for split in splits(trial.dataset, r["n_train"]))))
    began = time.perf_counter()
    decoder, cut_off = fitted_decoder(x["train"], r["code"], r["strength"], r["iterations"])
    report.progress(1, 2)
    values = {
        f"{name}_squared_error": squared_error(decoder, x[name], r["strength"], r["code_iterations"])
        for name in ("test", "validation")
    }
    values["fit_cut_off"] = float(cut_off)
    report.progress(1, 1)
    shared = {
        "seed": trial.seeds[0],
        "n_train": len(x["train"]),
        "seconds": time.perf_counter() - began,
        "parameters": decoder[0].size + decoder[1].size,
        "backend": "jax",
        "precision": "float32",
    }
    counted = {name: len(x["validation" if name.startswith("validation") else "test"]) for name in values}
    return [shared | {"metric": name, "value": value, "n_test": counted[name]} for name, value in values.items()]


def fitted_decoder(x, code, strength, iterations):
    """((directions (code, pixels), bias (pixels,), begin (1 + pixels, code)), whether it was cut off) of images x (n, pixels) in
    0..1: their codes are fitted with the former two, and begin is how the code of another image is guessed before it is fitted.
    """
    import jax.numpy as jnp

    mean = x.mean(axis=0)
    centred = (x - mean).astype("float64")
    components = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :code].T.astype("float32")
    begin = [(x - mean) @ components.T, 4 * components, np.log((mean + LEAST) / (1 + LEAST - mean))]
    pixels = jnp.asarray(x)
    found, cut_off = _least(lambda codes, *decoder: _cost(codes, *decoder, pixels, strength), begin, iterations)
    codes, directions, bias = found
    return (directions, bias, np.linalg.lstsq(_with_one(x), codes, rcond=1e-4)[0]), cut_off


def squared_error(decoder, x, strength, iterations):
    """Of an image, summed over its pixels, the mean over images x (n, pixels), each by the code that is fitted to it."""
    import jax
    import jax.numpy as jnp

    directions, bias, begin = map(jnp.asarray, decoder)
    pixels = jnp.asarray(x)
    guessed = [np.asarray(_with_one(x) @ begin)]
    (codes,), _ = _least(lambda codes: _cost(codes, directions, bias, pixels, strength), guessed, iterations)
    return float(jnp.square(jax.nn.sigmoid(codes @ directions + bias) - pixels).sum(axis=1).mean())


def _cost(codes, directions, bias, x, strength):
    """The cross-entropy of an image's pixels, in nats, and the penalty on its code, the mean over images."""
    import jax

    logits = codes @ directions + bias
    return ((jax.nn.softplus(logits) - x * logits).sum() + strength * (codes**2).sum()) / len(x)


def _least(cost, begin, iterations):
    """(the arrays, float32, at which cost(*arrays) is least, whether the search was cut off): by L-BFGS from `begin`, in so many
    iterations at most.
    """
    import jax
    import jax.numpy as jnp
    from scipy.optimize import minimize

    ends = np.cumsum([array.size for array in begin])[:-1]

    def arrays(flat):
        return [part.reshape(array.shape).astype("float32") for part, array in zip(np.split(flat, ends), begin)]

    slope = jax.jit(jax.value_and_grad(lambda parts: cost(*parts)))

    def at(flat):
        value, slopes = slope([jnp.asarray(part) for part in arrays(flat)])
        return float(value), np.concatenate([np.asarray(part, "float64").ravel() for part in slopes])

    start = np.concatenate([np.asarray(array, "float64").ravel() for array in begin])
    options = {"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 20, "ftol": 1e-10, "gtol": 1e-9}
    found = minimize(at, start, jac=True, method="L-BFGS-B", options=options)
    return arrays(found.x), found.status == 1


def _with_one(x):
    return np.hstack([np.ones((len(x), 1), "float32"), x])


def _flat(x):
    return (x.reshape(len(x), -1) / np.float32(255)).astype("float32")

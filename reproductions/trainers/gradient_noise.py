"""How far the gradient of a mini-batch lies from that of all training images, against the size of the batch.

The gradient of B images drawn independently is the full gradient g plus a mean of B independent deviations. So the root of
the mean square of its distance from g is s / sqrt(B) exactly, s being that for one image: the relative noise is this over
|g|. The angle is another thing: its tangent is the deviation across g over what is found along g, which is about
t / sqrt(B), t being the noise across g over |g|, as long as the noise along g is small beside |g|; it ends at 90 degrees.
"""

from functools import cache

import numpy as np

from zoo.errors import InvalidInput

CHUNK = 2048  # images whose gradients are taken at once


def measure_noise(trial, report):
    """The run function of a trial of gradient noise; its recipe: method, batch_size, settings (one), widths, n_train,
    n_test, passes, batches, draws, images.

    Rows, for every seed and batch size, at its start and after so many passes of training: the median angle in degrees and
    the relative noise over at least `draws` batches and `images` images, as few images have most of the noise; drawn with
    replacement, so that the images of a batch are independent.
    """
    import jax

    with jax.default_matmul_precision("float32"):  # for the noise of batches, not of a GPU's short cut
        return _measured(trial, report)


def _measured(trial, report):
    from zoo.reproductions.trainers.batch_methods import Objective, ravel
    from zoo.reproductions.trainers.data import splits
    from zoo.reproductions.trainers.optimisation import members_of

    r = trial.recipe
    if min(r["batches"]) < 1 or r["draws"] < 2:
        asked = f"{r['batches']} and {r['draws']}"
        raise InvalidInput(f"Gradient noise needs batches of 1 or more and 2 draws or more, not {asked}.")
    train, _, test = splits(trial.dataset, r["n_train"], r["n_test"])
    members = members_of(train, r, trial.seeds, [r["settings"][0]["step_size"]] * len(trial.seeds))
    objective, found = Objective(members.get_weights(0), *train), []
    shared = {"n_train": len(train.x), "n_test": len(test.x), "parameters": members.template.count_params()}
    for passes in (0, r["passes"]):
        if passes:
            members.fit(*train, epochs=passes, batch_size=r["batch_size"], verbose=False)
        spent = {"updates": passes * -(-len(train.x) // r["batch_size"]), "seconds": members.fit_seconds / len(members)}
        for member, seed in enumerate(trial.seeds):
            weights, random = members.get_weights(member), np.random.default_rng(seed)
            full = objective(ravel(weights))[1]
            for batch in r["batches"]:
                rows = random.integers(len(train.x), size=(max(r["draws"], -(-r["images"] // batch)), batch))
                slopes = batch_slopes(weights, objective.x, objective.labels, rows)
                for what, value in zip(("gradient_angle", "relative_noise"), noise_of(slopes, full), strict=True):
                    metric = f"{what}_at_batch_{batch}_after_{passes}_passes"
                    found.append(shared | spent | {"seed": seed, "metric": metric, "value": value})
        report.progress(1 + bool(passes), 2)
    return found


def noise_of(slopes, full):
    """(median angle in degrees, root mean square distance over |full|) of some gradients (weights,) from the full one."""
    size, cosines, distances = np.linalg.norm(full), [], []
    for slope in slopes:
        cosines.append(slope @ full / (np.linalg.norm(slope) * size))
        distances.append(np.sum((slope - full) ** 2))
    angle = np.median(np.degrees(np.arccos(np.clip(cosines, -1, 1))))
    return float(angle), float(np.sqrt(np.mean(distances)) / size)


def batch_slopes(weights, x, labels, rows):
    """Yields the gradient, float64 (weights,), of the mean loss over each of the batches rows (draws, batch)."""
    from zoo.reproductions.trainers.batch_methods import ravel

    for batch in rows:
        parts = np.array_split(batch, -(-len(batch) // CHUNK))
        of_parts = [ravel(_slope()(weights, x[part], labels[part])).astype("float64") * len(part) for part in parts]
        yield sum(of_parts) / len(batch)


@cache
def _slope():
    import jax

    from zoo.reproductions.trainers.batch_methods import mean_loss

    return jax.jit(jax.grad(mean_loss))

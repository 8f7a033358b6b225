"""From points along and around training paths of a small net to critical points, with the exact Hessian there, in float64."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

QUANTILES = (0, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 100)  # percent of the eigenvalues
NUMBERS = 8  # bytes of a float64
HESSIANS = 6  # matrices of the Hessian's size that a step needs
PRODUCTS = 2  # arrays of (parameters, images, units or classes, whichever are more) that computing the Hessian needs
NEEDED, FREE = "hessian_needs_gib", "gib_free"
SILENT = "silent_units_at_end"
NO_WEIGHT = 1e-4  # where the gradient is 1e-8 or less, a silent unit's largest weight is far smaller, another's far larger
MOST_AT_ONCE = 64  # starts: enough to fill a GPU, and far from what the estimate above allows


def find_saddles(trial, report):
    """The run function of saddle_points: one start per seed, and where the trial's method leads from there.

    The recipe names units, side (of the images), n_train, decay (lambda of the penalty lambda/2 * squared norm of all
    weights), scale (of the normal start), rate, momentum and steps (least and most) of the training path, noise (standard
    deviations to choose from), method, iterations and tolerance. Rows: silent_units at the start, converged (1 or 0),
    gradient_norm and iterations of every start; silent_units_at_end, loss (penalty included), train_error_pct, index_pct
    (percent of negative eigenvalues) and quantiles of the eigenvalues of those that converged, NaN for others. Where a Hessian
    is too large for the memory no search is made: no start converged then, and hessian_needs_gib and gib_free are rows, too.
    """
    import jax

    from zoo.datasets import describe
    from zoo.reproductions.harness.numbers import rounded
    from zoo.reproductions.trainers.small_images import small_splits
    from zoo.reproductions.trainers.small_net import count, shapes
    from zoo.training.groups import processor_cores
    from zoo.training.memory import available_bytes

    r, classes = trial.recipe, describe(trial.dataset).classes
    shape = shapes(r["side"] ** 2, r["units"], classes)
    needed, free = hessian_bytes(count(shape), r["n_train"], r["units"], classes), available_bytes(jax.devices()[0])
    train = small_splits(trial.dataset, r["side"], r["n_train"])[0]
    began = time.perf_counter()
    if needed > free:
        lost = metrics_of(None, None, np.nan, 0, r["tolerance"]) | {NEEDED: needed / 2**30, FREE: free / 2**30}
        found = [lost] * len(trial.seeds)
        report.progress(len(found), len(found))
    else:
        with jax.enable_x64(True):
            landscape = Landscape(train.x.reshape(len(train.x), -1) / 255, train.y, shape, r["decay"])
            starts = np.stack([random_start(seed, shape, r) for seed in trial.seeds])
            lengths, noise = zip(*(path_and_noise(seed, count(shape), r) for seed in trial.seeds), strict=True)
            at_once = starts_at_once(needed, free)
            threads = 1 if at_once > 1 else max(1, min(processor_cores(), int(free // needed)))
            found = landscape.find(starts, np.array(lengths), np.stack(noise), r, at_once, threads, report)
    shared = {
        "n_train": len(train.x),
        "n_test": len(train.x),
        "parameters": count(shape),
        "seconds": (time.perf_counter() - began) / len(trial.seeds),
        "precision": "float64",
        "backend": "jax",
    }
    return [
        shared | {"seed": seed, "metric": metric, "value": rounded(value)}
        for seed, values in zip(trial.seeds, found, strict=True)
        for metric, value in ({"silent_units": float(silent_units(seed, r["units"]))} | values).items()
    ]


def hessian_bytes(parameters, images, units, classes):
    """What a search from one start needs, most of it for its Hessian."""
    return NUMBERS * (HESSIANS * parameters**2 + PRODUCTS * parameters * images * max(units, classes))


def starts_at_once(needed, free):
    """How many starts that need so many bytes each are searched together: 1 on a processor, which takes them in turn."""
    import jax

    return 1 if jax.devices()[0].platform == "cpu" else int(min(free // needed, MOST_AT_ONCE))


def silent_units(seed, units):
    """How many hidden units of a seed's start are silent: none to all but one, each number as likely."""
    return np.random.RandomState([seed, 2]).randint(units)


def random_start(seed, shapes, recipe):
    """The weights, one vector, that a training path starts from: small, with some of the hidden units, not all, silent.

    A unit all of whose weights are 0 has no gradient, so the path stays among the nets of fewer units, whose minima are
    saddles of the whole net as soon as a silent unit could be of use.
    """
    random = np.random.RandomState(seed)
    first, bias, second, offset = [recipe["scale"] * random.normal(size=shape) for shape in shapes]
    silent = random.permutation(len(bias))[: silent_units(seed, len(bias))]
    first[:, silent], bias[silent], second[silent] = 0, 0, 0
    return np.concatenate([weights.ravel() for weights in (first, bias, second, offset)])


def path_and_noise(seed, parameters, recipe):
    """(how many steps down the path, log-uniform; what is added there (parameters,)), both decided by the seed."""
    random = np.random.RandomState([seed, 1])
    least, most = np.log(recipe["steps"])
    steps = int(np.exp(random.uniform(least, most)))
    return steps, random.choice(recipe["noise"]) * random.normal(size=parameters)


class Landscape:
    """The loss of a small tanh net on fixed images as a function of one float64 vector; use within jax.enable_x64."""

    def __init__(self, x, y, shapes, decay):
        import jax
        import jax.numpy as jnp

        self.x, self.y, self.shapes, self.decay = jnp.asarray(x, "float64"), jnp.asarray(y), shapes, decay
        self.gradient = jax.grad(self.loss)

    def loss(self, vector):
        """Mean cross-entropy and decay / 2 times the squared norm of the weights."""
        import jax.numpy as jnp

        from zoo.reproductions.trainers.small_net import cross_entropy, unflatten

        return cross_entropy(unflatten(vector, self.shapes), self.x, self.y, jnp.tanh) + self.decay / 2 * vector @ vector

    def hessian(self, vector):
        """The matrix of all second derivatives of the loss."""
        import jax.numpy as jnp

        from zoo.reproductions.trainers.small_net import cross_entropy_hessian

        curvature = cross_entropy_hessian(vector, self.shapes, self.x, self.y, jnp.tanh)
        return curvature + self.decay * jnp.eye(len(vector))

    def error_pct(self, vector):
        """Training error in percent."""
        import jax.numpy as jnp

        from zoo.reproductions.trainers.small_net import logits, unflatten

        guesses = logits(unflatten(vector, self.shapes), self.x, jnp.tanh).argmax(axis=1)
        return 100 * (guesses != self.y).mean()

    def silent(self, vector):
        """How many hidden units have no weights to speak of, from the pixels or to the classes: they are of no use to the net."""
        import jax.numpy as jnp

        from zoo.reproductions.trainers.small_net import unflatten

        first, bias, second, _ = unflatten(vector, self.shapes)
        largest = jnp.abs(jnp.concatenate([first, bias[None], second.T])).max(axis=0)
        return (largest < NO_WEIGHT).sum()

    def path(self, start, steps, rate, momentum):
        """Where gradient descent with momentum is after so many steps."""
        import jax
        import jax.numpy as jnp

        def step(_, carry):
            vector, velocity = carry
            velocity = momentum * velocity - rate * self.gradient(vector)
            return vector + velocity, velocity

        return jax.lax.fori_loop(0, steps, step, (start, jnp.zeros_like(start)))[0]

    def find(self, starts, lengths, noise, recipe, at_once, threads, report):
        """One dict of metrics per start (K, p), in order. A GPU takes at_once together; a processor one in each of the threads."""
        import jax
        from threadpoolctl import threadpool_limits

        from zoo.reproductions.trainers.critical_points import search

        run = search(self.gradient, self.hessian, recipe["method"], recipe["iterations"], recipe["tolerance"])

        def follow(start, steps, noise):
            return run(self.path(start, steps, recipe["rate"], recipe["momentum"]) + noise)

        # A map over a single start is that start alone, without what vmap makes of the loop's conditions.
        compiled = jax.jit(jax.vmap(follow) if at_once > 1 else lambda *part: jax.lax.map(lambda one: follow(*one), part))
        look = jax.jit(lambda vector: [f(vector) for f in (self.loss, self.error_pct, self.silent, self.hessian)])

        def work(begin):
            part = slice(begin, begin + at_once)
            with jax.enable_x64(True):  # holds for the thread that says so
                points, norms, made = map(np.asarray, compiled(starts[part], lengths[part], noise[part]))
                return [metrics_of(look, *one, recipe["tolerance"]) for one in zip(points, norms, made, strict=True)]

        found, begins = [], range(0, len(starts), at_once)
        # One BLAS thread to each, or they would fight for the cores when they solve for a step.
        with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
            for measured in pool.map(work, begins):
                found += measured
                report.progress(len(found), len(starts))
        return found


def metrics_of(look, point, norm, made, tolerance):
    """The metrics of one end of a search; look: point -> (loss, error, silent units, Hessian), asked only where it converged."""
    converged = bool(np.isfinite(norm) and norm <= tolerance)
    metrics = {"converged": float(converged), "gradient_norm": float(norm), "iterations": float(made)}
    loss = error = silent = index = np.nan
    quantiles = np.full(len(QUANTILES), np.nan)
    if converged:
        loss, error, silent, hessian = look(point)
        eigenvalues = np.linalg.eigvalsh(np.asarray(hessian))
        index = 100 * np.mean(eigenvalues < 0)
        quantiles = np.percentile(eigenvalues, QUANTILES)
    metrics |= {SILENT: float(silent), "loss": float(loss), "train_error_pct": float(error), "index_pct": float(index)}
    return metrics | {f"eigenvalue_quantile_{q / 100:.2f}": float(v) for q, v in zip(QUANTILES, quantiles, strict=True)}

"""What phone recognisers used before deep nets: Gaussian mixtures for each phone, discriminant analysis, nearest neighbours.

All are scikit-learn's and run on the processor. Settings are chosen on the validation frames, for each number of minutes.
"""

import functools
import time
import warnings

import numpy as np

from zoo.reproductions.trainers.processes import in_threads

PROJECTED = 40  # dimensions that linear discriminant analysis leaves of a window


class Mixtures:
    """One mixture of Gaussians with diagonal covariances for each class (scikit-learn's), weighted by the classes' shares.

    components: at most so many in a mixture, and no more than a tenth of the class's examples. floor: added to their
    variances, as a share of the variance that a feature has within classes. seed: of their starts.
    The classes share the processor's cores, a thread each.
    """

    def __init__(self, components, floor, seed):
        self.components, self.floor, self.seed = components, floor, seed

    def fit(self, x, y):
        from sklearn.exceptions import ConvergenceWarning

        self.classes, counts = np.unique(y, return_counts=True)
        self.shares = np.log(counts / len(y))
        within = sum(count * np.var(x[y == label], axis=0) for label, count in zip(self.classes, counts, strict=True)) / len(y)
        self.scale = np.sqrt(np.where(within > 0, within, 1))
        x = x / self.scale
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # twenty rounds do, converged or not
            self.mixtures = in_threads(self._mixture, [(x[y == label],) for label in self.classes])
        return self

    def _mixture(self, mine):
        from sklearn.mixture import GaussianMixture

        most = int(np.clip(len(mine) // 10, 1, self.components))
        # Without a floor under their variances the Gaussians of rare phones collapse onto single frames.
        mixture = GaussianMixture(most, covariance_type="diag", reg_covar=self.floor, max_iter=20, random_state=self.seed)
        # Of a phone with a single frame only its place is known.
        return mixture.fit(mine if len(mine) > 1 else np.repeat(mine, 2, axis=0))

    def predict(self, x):
        x = x / self.scale
        scores = in_threads(lambda mixture: mixture.score_samples(x), [(mixture,) for mixture in self.mixtures])
        return self.classes[np.argmax(scores + self.shares[:, None], axis=0)]


def fisher_directions(analysis, most):
    """(d, k): the at most `most` directions in which the classes' means differ most for their scatter (Fisher 1936; Rao 1948).

    analysis: a fitted LinearDiscriminantAnalysis with a covariance. Its own transform() takes the scatter between classes
    for a difference of two covariances that are each shrunk: with more features than classes most of its first directions
    then are of what the shrinking added and tell nothing of the classes.
    """
    from scipy.linalg import cholesky, solve_triangular

    root = cholesky(analysis.covariance_, lower=True)
    apart = np.sqrt(analysis.priors_)[:, None] * (analysis.means_ - analysis.priors_ @ analysis.means_)
    directions, found, _ = np.linalg.svd(solve_triangular(root, apart.T, lower=True), full_matrices=False)
    kept = min(most, len(analysis.classes_) - 1, len(found))
    return solve_triangular(root.T, directions[:, :kept], lower=False)


def train_baseline(trial, report):
    """The run function of a trial whose model is gmm, lda or knn.

    The recipe names speech (minutes of pool, validation and test), minutes (labelled, ascending), features ("cepstra" of a
    frame with deltas, "window" of 11 frames, "projected": that window in Fisher's directions) and grid, a list of settings:
    {"components", "floor"} of gmm, {"neighbours"} of knn, with "shrinkage" of the covariance that projects, or "shrinkage"
    alone, of lda.
    Rows: test and validation error with so many minutes, and the numbers of the setting, for every seed.
    """
    from zoo.environment import processor
    from zoo.reproductions.trainers.speech import labelled_frames, speech

    r = trial.recipe
    train, validation, test = speech(trial.dataset, **r["speech"])
    plain = [_features(part, r["features"]) for part in (train, validation, test)]
    found = []
    for done, (minutes, seed) in enumerate([(m, s) for m in r["minutes"] for s in trial.seeds], start=1):
        rows, spent, tried, analysed = labelled_frames(train.utterances, minutes, seed), 0.0, [], {}
        for setting in r["grid"]:
            project, method, seconds = _fitted(trial, minutes, seed, setting, plain[0][rows], train.y[rows], analysed)
            began = time.perf_counter()
            tried.append((_error(method, project(plain[1]), validation.y), project, method))
            spent += seconds + time.perf_counter() - began
        spent += sum(analysed.values())
        best = min(range(len(tried)), key=lambda place: tried[place][0])
        (error, project, method), began = tried[best], time.perf_counter()
        values = {"test": _error(method, project(plain[2]), test.y), "validation": error}
        values = {metric(split, minutes): value for split, value in values.items()}
        values |= {f"{name}_for_{minutes:g}_minutes": value for name, value in r["grid"][best].items()}
        shared = {
            "seed": seed,
            "n_train": len(rows),
            "seconds": spent + time.perf_counter() - began,
            "device": processor(),
            "backend": "scikit-learn",
            "precision": "float64",
            "n_test": len(test.y),
        }
        found += [shared | {"metric": name, "value": value} for name, value in values.items()]
        report.progress(done, len(r["minutes"]) * len(trial.seeds))
    return found


def metric(split, minutes):
    """What the frame error with so many labelled minutes is called in runs.csv."""
    return f"{split}_error_with_{minutes:g}_minutes_pct"


def _features(part, kind):
    """The features (n, d) that a method computes on."""
    if kind != "cepstra":
        return part.x.reshape(len(part.x), -1)
    from zoo.datasets.acoustics import cepstrum, with_deltas

    return with_deltas(cepstrum(part.spectrum), part.utterances).reshape(len(part.y), -1)


def _fitted(trial, minutes, seed, setting, x, y, analysed):
    """(project, method, seconds): what becomes of features first, and the method in a setting, fitted to x, y.

    analysed: {shrinkage: seconds that the discriminant analysis took}, which these seconds are without, to be added to.
    """
    r, setting, project = trial.recipe, dict(setting), _as_they_are
    if r["features"] != "cepstra":
        share = setting.pop("shrinkage")
        analysis, directions, analysed[share] = _analysis(trial.dataset, tuple(r["speech"].items()), minutes, seed, share)
        if r["features"] == "window":
            return project, analysis, 0.0

        def project(values):
            return values @ directions

    began = time.perf_counter()
    return project, _method(trial.model, setting, seed).fit(project(x), y), time.perf_counter() - began


def _as_they_are(values):
    return values


@functools.lru_cache(maxsize=48)  # where it classifies and where it projects, for mixtures and for neighbours, it is the same
def _analysis(dataset, minutes_of, minutes, seed, shrinkage):
    """(linear discriminant analysis of the windows that a seed labels, its directions, seconds that it took)."""
    from zoo.reproductions.trainers.speech import labelled_frames, speech

    train = speech(dataset, **dict(minutes_of))[0]
    rows, began = labelled_frames(train.utterances, minutes, seed), time.perf_counter()
    analysis = _method("lda", {"shrinkage": shrinkage}, 0).fit(_features(train, "window")[rows], train.y[rows])
    return analysis, fisher_directions(analysis, PROJECTED), time.perf_counter() - began


def _method(name, setting, seed):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.neighbors import KNeighborsClassifier

    if name == "gmm":
        return Mixtures(**setting, seed=seed)
    if name == "lda":
        return LinearDiscriminantAnalysis(solver="eigen", **setting)
    return KNeighborsClassifier(setting["neighbours"], n_jobs=-1)


def _error(method, x, y):
    """Percent of frames that a method gets wrong."""
    return float(100 * np.mean(method.predict(x) != y))

"""What phone recognisers used before deep nets: Gaussian mixtures for each phone, discriminant analysis, nearest neighbours.

All are scikit-learn's and run on the processor. Settings are chosen on the validation frames, for each number of minutes.
"""

import functools
import time
import warnings

import numpy as np

from zoo.reproductions.trainers.processes import in_threads

PROJECTED = 40  # dimensions that linear discriminant analysis leaves of a window
SHRINKAGE = 0.1  # of its covariance where it only projects


class Mixtures:
    """One mixture of Gaussians with diagonal covariances for each class (scikit-learn's), weighted by the classes' shares.

    components: at most so many in a mixture, and no more than a tenth of the class's examples. seed: of their starts.
    The classes share the processor's cores, a thread each.
    """

    def __init__(self, components, seed):
        self.components, self.seed = components, seed

    def fit(self, x, y):
        from sklearn.exceptions import ConvergenceWarning

        self.classes, counts = np.unique(y, return_counts=True)
        self.shares = np.log(counts / len(y))
        # Without a floor under their variances the Gaussians of rare phones collapse onto single frames.
        floor = 0.01 * float(np.var(x, axis=0).mean())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # twenty rounds do, converged or not
            self.mixtures = in_threads(self._mixture, [(x[y == label], floor) for label in self.classes])
        return self

    def _mixture(self, mine, floor):
        from sklearn.mixture import GaussianMixture

        components = int(np.clip(len(mine) // 10, 1, self.components))
        mixture = GaussianMixture(components, covariance_type="diag", reg_covar=floor, max_iter=20, random_state=self.seed)
        # Of a phone with a single frame only its place is known.
        return mixture.fit(mine if len(mine) > 1 else np.repeat(mine, 2, axis=0))

    def predict(self, x):
        scores = in_threads(lambda mixture: mixture.score_samples(x), [(mixture,) for mixture in self.mixtures])
        return self.classes[np.argmax(scores + self.shares[:, None], axis=0)]


def train_baseline(trial, report):
    """The run function of a trial whose model is gmm, lda or knn.

    The recipe names speech (minutes of pool, validation and test), minutes (labelled, ascending), features ("cepstra" of a
    frame with deltas, "window" of 11 frames, "projected": that window by linear discriminant analysis) and grid, the values
    tried of the method's setting: most components of a mixture, shrinkage of the covariance, neighbours.
    Rows: test and validation error with so many minutes, for every seed.
    """
    from zoo.environment import processor
    from zoo.reproductions.trainers.speech import labelled_frames, speech

    r = trial.recipe
    train, validation, test = speech(trial.dataset, **r["speech"])
    plain = [_features(part, r["features"]) for part in (train, validation, test)]
    found = []
    for done, (minutes, seed) in enumerate([(m, s) for m in r["minutes"] for s in trial.seeds], start=1):
        rows = labelled_frames(train.utterances, minutes, seed)
        project, methods, spent = _fitted(trial, minutes, seed, plain[0][rows], train.y[rows])
        began = time.perf_counter()
        errors = [_error(method, project(plain[1]), validation.y) for method in methods]
        best = int(np.argmin(errors))
        values = {"test": _error(methods[best], project(plain[2]), test.y), "validation": errors[best]}
        shared = {
            "seed": seed, "n_train": len(rows), "seconds": spent + time.perf_counter() - began, "device": processor(),
            "backend": "scikit-learn", "precision": "float64", "n_test": len(test.y),
        }
        found += [shared | {"metric": metric(split, minutes), "value": value} for split, value in values.items()]
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


def _fitted(trial, minutes, seed, x, y):
    """(project, methods, seconds): what becomes of features first, and the method in each setting of the grid, fitted to x, y."""
    r = trial.recipe
    analysed = functools.partial(_analysis, trial.dataset, tuple(r["speech"].items()), minutes, seed)
    analysis, spent = analysed(SHRINKAGE) if r["features"] == "projected" else (None, 0.0)

    def project(values):
        return analysis.transform(values)[:, :PROJECTED] if analysis else values

    if trial.model == "lda" and r["features"] == "window":
        methods, each = zip(*map(analysed, r["grid"]))
        return project, methods, sum(each)
    began, x = time.perf_counter(), project(x)
    methods = [_method(trial.model, value, seed).fit(x, y) for value in r["grid"]]
    return project, methods, spent + time.perf_counter() - began


@functools.lru_cache(maxsize=32)  # where it classifies and where it projects, for mixtures and for neighbours, it is the same
def _analysis(dataset, minutes_of, minutes, seed, shrinkage):
    """(linear discriminant analysis of the windows that a seed labels, seconds that it took)."""
    from zoo.reproductions.trainers.speech import labelled_frames, speech

    train = speech(dataset, **dict(minutes_of))[0]
    rows, began = labelled_frames(train.utterances, minutes, seed), time.perf_counter()
    return _method("lda", shrinkage, 0).fit(_features(train, "window")[rows], train.y[rows]), time.perf_counter() - began


def _method(name, value, seed):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.neighbors import KNeighborsClassifier

    if name == "gmm":
        return Mixtures(value, seed)
    if name == "lda":
        return LinearDiscriminantAnalysis(solver="eigen", shrinkage=value)
    return KNeighborsClassifier(value, n_jobs=-1)


def _error(method, x, y):
    """Percent of frames that a method gets wrong."""
    return float(100 * np.mean(method.predict(x) != y))

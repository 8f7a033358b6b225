"""Filters learnt without labels: centres of k-means on whitened patches (Coates & Ng, Learning feature representations
with k-means, 2012)."""

import numpy as np

CONTRAST = 0.1  # added to a patch's variance, as a share of the mean variance, so that noise is not blown up
WHITENING = 0.1  # likewise added to the eigenvalues of the patches' covariance


def learned_filters(maps, side, count, patches, seed):
    """Kernels (side, side, channels, count) of unit length from random patches of maps (n, h, w, channels).

    Patches without contrast, such as the margins of digits, are left out. A filter's answer to a patch is the inner
    product of the patch and a centre, both whitened. Fewer patches than filters leave some of them 0.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    random = np.random.RandomState(seed)
    found = _patches(maps, side, 2 * patches, random)
    spread = found.std(axis=1)
    found = found[spread > 0.1 * spread.mean()][:patches]
    kernels = np.zeros((count, found.shape[1]))
    if len(found) >= count:
        found -= found.mean(axis=1, keepdims=True)
        variance = found.var(axis=1, keepdims=True)
        found /= np.sqrt(variance + CONTRAST * variance.mean())
        values, vectors = np.linalg.eigh(np.cov(found.T))
        whiten = (vectors / np.sqrt(np.maximum(values, 0) + WHITENING * values.mean())) @ vectors.T
        with threadpool_limits(1):  # so that sums are always made in the same order
            groups = KMeans(count, n_init=1, max_iter=30, random_state=seed).fit((found - found.mean(axis=0)) @ whiten)
        kernels = groups.cluster_centers_ @ whiten
        kernels /= np.maximum(np.linalg.norm(kernels, axis=1, keepdims=True), 1e-12)
    return kernels.T.reshape(side, side, maps.shape[-1], count)


def _patches(maps, side, n, random):
    """n random patches as float64 rows (n, side * side * channels)."""
    places = len(maps), maps.shape[1] - side + 1, maps.shape[2] - side + 1
    image, top, left = (random.randint(0, size, n)[:, None, None] for size in places)
    window = np.arange(side)
    return maps[image, top + window[:, None], left + window].reshape(n, -1).astype("float64")

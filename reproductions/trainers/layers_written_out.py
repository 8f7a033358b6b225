"""Layers for backpropagation.py: the total input of each, and how derivatives go through it; NumPy, float64.

A layer has a list `weights` of arrays, the name of its `activation`, `total_input(x)` -> z, and `derivatives(x, dE_dz)`
-> (dE_dx, list of dE_dw): dE_dz has the shape of z, dE_dx that of x, each dE_dw that of its weight array.
"""

from dataclasses import dataclass, field

import numpy as np

from zoo.errors import InvalidInput


@dataclass
class Dense:
    """Every unit j sees every input i. weights: [w (inputs, units), b (units,)].

    z_nj = sum_i x_ni w_ij + b_j
    dE/dx_ni = sum_j dE/dz_nj w_ij        dE/dw_ij = sum_n x_ni dE/dz_nj        dE/db_j = sum_n dE/dz_nj
    """

    weights: list
    activation: str = "linear"

    def total_input(self, x):
        """x (n, inputs) -> z (n, units)."""
        w, b = self.weights
        _require(x.ndim == 2 and x.shape[1] == len(w), f"A dense layer of {len(w)} inputs", x)
        return x @ w + b

    def derivatives(self, x, dE_dz):
        """dE_dz (n, units) -> dE_dx (n, inputs), [dE_dw, dE_db]."""
        w, _ = self.weights
        return dE_dz @ w.T, [x.T @ dE_dz, dE_dz.sum(axis=0)]


@dataclass
class Convolution:
    """Every unit of a map f sees a patch of all maps c below, all units through the same weights, at all places (r, s).

    weights: [w (height, width, maps below, maps), b (maps,)]; no padding, so that a map shrinks by the patch less 1.

    z_nrsf = sum_ijc x_n,r+i,s+j,c w_ijcf + b_f
    dE/dx_n,r,s,c = sum_ijf dE/dz_n,r-i,s-j,f w_ijcf
    dE/dw_ijcf = sum_nrs x_n,r+i,s+j,c dE/dz_nrsf        dE/db_f = sum_nrs dE/dz_nrsf
    """

    weights: list
    activation: str = "linear"

    def total_input(self, x):
        """x (n, h, w, maps below) -> z (n, h - height + 1, w - width + 1, maps)."""
        w, b = self.weights
        height, width, below, _ = w.shape
        fits = x.ndim == 4 and x.shape[3] == below and x.shape[1] >= height and x.shape[2] >= width
        _require(fits, f"A convolution with patches of {height} x {width} x {below}", x)
        return sum(x[:, *patch] @ w[i, j] for i, j, patch in self._patches(x)) + b

    def derivatives(self, x, dE_dz):
        """dE_dz (n, h - height + 1, w - width + 1, maps) -> dE_dx (n, h, w, maps below), [dE_dw, dE_db]."""
        w, _ = self.weights
        dE_dx, dE_dw = np.zeros_like(x), np.zeros_like(w)
        for i, j, patch in self._patches(x):
            dE_dx[:, *patch] += dE_dz @ w[i, j].T
            dE_dw[i, j] = np.tensordot(x[:, *patch], dE_dz, axes=[(0, 1, 2), (0, 1, 2)])
        return dE_dx, [dE_dw, dE_dz.sum(axis=(0, 1, 2))]

    def _patches(self, x):
        """(i, j, what all units see through w_ij) for every place in the patch."""
        height, width = self.weights[0].shape[:2]
        down, right = x.shape[1] - height + 1, x.shape[2] - width + 1
        return [(i, j, (slice(i, i + down), slice(j, j + right))) for i in range(height) for j in range(width)]


@dataclass
class MaxPooling:
    """Every unit hands on the largest of a 2 x 2 window of its map; an odd last row or column is left out.

    z_nrsc = max_ij x_n,2r+i,2s+j,c        dE/dx = dE/dz at the place of the largest, 0 at the others

    Of equal inputs the first, row by row, counts as the largest: E has no derivative there, only one-sided ones.
    """

    weights: list = field(default_factory=list)
    activation: str = "linear"

    def total_input(self, x):
        """x (n, h, w, maps) -> z (n, h // 2, w // 2, maps)."""
        _require(x.ndim == 4 and min(x.shape[1:3]) >= 2, "A pooling layer", x)
        return self.windows(x).max(axis=3)

    def derivatives(self, x, dE_dz):
        """dE_dz (n, h // 2, w // 2, maps) -> dE_dx (n, h, w, maps), []."""
        n, height, width, maps = dE_dz.shape
        dE_dwindow = np.zeros((n, height, width, 4, maps))
        np.put_along_axis(dE_dwindow, self.winners(x), dE_dz[:, :, :, None], axis=3)
        dE_dx = np.zeros_like(x)
        image = dE_dwindow.reshape(n, height, width, 2, 2, maps).transpose(0, 1, 3, 2, 4, 5)
        dE_dx[:, : 2 * height, : 2 * width] = image.reshape(n, 2 * height, 2 * width, maps)
        return dE_dx, []

    @staticmethod
    def windows(x):
        """The four inputs of every unit side by side: (n, h // 2, w // 2, 4, maps)."""
        n, h, w, maps = x.shape
        pairs = x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, maps)
        return pairs.transpose(0, 1, 3, 2, 4, 5).reshape(n, h // 2, w // 2, 4, maps)

    def winners(self, x):
        """Which of its four inputs every unit hands on: integers (n, h // 2, w // 2, 1, maps)."""
        return self.windows(x).argmax(axis=3, keepdims=True)


@dataclass
class Flatten:
    """Maps as one vector, x (n, h, w, maps) -> z (n, h w maps); derivatives go back to where the inputs came from."""

    weights: list = field(default_factory=list)
    activation: str = "linear"

    def total_input(self, x):
        """One row per example."""
        return x.reshape(len(x), -1)

    def derivatives(self, x, dE_dz):
        """The same numbers in the shape of x."""
        return dE_dz.reshape(x.shape), []


def _require(fits, layer, x):
    if not fits:
        raise InvalidInput(f"{layer} can't take an array of shape {x.shape}.")

"""Random changes of images, on the device, in training only, each example its own.

Written so that jax.vmap goes through: no loop over the batch, every draw from a SeedGenerator. What comes in from
outside the image is 0.
"""

import math
import re

import keras
import numpy as np
from keras import ops


class Augmentation(keras.layers.Layer):
    """Base: images (n, h, w, c) unchanged in prediction, `change(x)` in training, each with `probability`, 1 by default; both
    in the layer's precision. All of them raise ValueError for numbers that mean nothing.
    """

    def __init__(self, probability=1.0, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= probability <= 1:
            raise ValueError(f"probability must be between 0 and 1; got {probability!r}.")
        self.probability = probability
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, x, training=False):
        x = ops.cast(x, self.compute_dtype)  # Keras leaves integers as they are, which would cut off what is interpolated
        if not training:
            return x
        changed = ops.cast(self.change(x), x.dtype)
        if self.probability == 1:
            return changed
        return ops.where(self.draw(x, 0, 1)[..., None] < self.probability, changed, x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "probability": self.probability}

    def draw(self, x, low, high, shape=(1, 1)):
        """Numbers (n, *shape), uniform between low and high, float32 whatever the precision; one per example by default."""
        return keras.random.uniform((ops.shape(x)[0], *shape), low, high, dtype="float32", seed=self.seed_generator)


@keras.saving.register_keras_serializable(package="zoo")
class RandomShift(Augmentation):
    """Moves each image by a whole number of pixels, -pixels..pixels, in both directions; pixels: an integer of at least 0."""

    def __init__(self, pixels=2, **kwargs):
        super().__init__(**kwargs)
        if not (0 <= pixels < math.inf and pixels == int(pixels)):
            raise ValueError(f"pixels must be an integer of at least 0; got {pixels!r}.")
        self.pixels = pixels

    def change(self, x):
        down, right = (ops.floor(self.draw(x, -self.pixels, self.pixels + 1)) for _ in range(2))
        rows, columns = pixel_grid(x)
        return pixels_at(x, rows - down, columns - right)

    def get_config(self):
        return {**super().get_config(), "pixels": self.pixels}


@keras.saving.register_keras_serializable(package="zoo")
class RandomFlip(Augmentation):
    """Mirrors images, left for right, each with `probability`."""

    def __init__(self, probability=0.5, **kwargs):
        super().__init__(probability, **kwargs)

    def change(self, x):
        return ops.flip(x, axis=2)


@keras.saving.register_keras_serializable(package="zoo")
class RandomAffine(Augmentation):
    """Rotates by up to `rotation` degrees, scales by 1 - scale .. 1 + scale in each direction, shears by up to `shear`
    (a tangent), and moves by up to `shift` pixels each image about its centre, with bilinear interpolation. All of them are 0
    or more, scale is below 1."""

    def __init__(self, rotation=10.0, scale=0.1, shear=0.1, shift=2.0, **kwargs):
        super().__init__(**kwargs)
        if not (all(amount >= 0 for amount in (rotation, scale, shear, shift)) and scale < 1):
            given = f"rotation={rotation!r}, scale={scale!r}, shear={shear!r}, shift={shift!r}"
            raise ValueError(f"rotation, scale, shear and shift must be 0 or more, and scale below 1; got {given}.")
        self.rotation, self.scale, self.shear, self.shift = rotation, scale, shear, shift

    def change(self, x):
        return bilinear(x, *self.sources(x, *pixel_grid(x)))

    def sources(self, x, rows, columns):
        """Where in x the pixels come from that are at rows and columns afterwards: the inverse map, about the middle."""
        angle = self.draw(x, -self.rotation, self.rotation) * (math.pi / 180)
        shear = self.draw(x, -self.shear, self.shear)
        tall, wide = (1 / self.draw(x, 1 - self.scale, 1 + self.scale) for _ in range(2))
        down, right = (self.draw(x, -self.shift, self.shift) for _ in range(2))
        cosine, sine = ops.cos(angle), ops.sin(angle)
        middle_row, middle_column = (x.shape[1] - 1) / 2, (x.shape[2] - 1) / 2
        rows, columns = rows - middle_row - down, columns - middle_column - right
        rows, columns = cosine * rows - sine * columns, sine * rows + cosine * columns
        columns = columns + shear * rows
        return rows * tall + middle_row, columns * wide + middle_column

    def get_config(self):
        own = {"rotation": self.rotation, "scale": self.scale, "shear": self.shear, "shift": self.shift}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="zoo")
class RandomElastic(Augmentation):
    """Moves each pixel by a random field that is smooth, and so deforms strokes as hands do, with bilinear interpolation.

    Simard, Steinkraus & Platt, Best practices for convolutional neural networks applied to visual document analysis,
    ICDAR 2003: a number uniform in -1..1 for every pixel and direction, smoothed by a Gaussian, times alpha.

    alpha: factor of the smoothed field, 0 or more; 0 leaves the image as it is. sigma: standard deviation of the Gaussian
    in pixels, above 0: the larger, the smoother and the smaller the field, which is alpha / (6.1 sigma) pixels in root mean
    square. The defaults are the paper's, 1.4 pixels for images of 29x29.
    """

    def __init__(self, alpha=34.0, sigma=4.0, **kwargs):
        super().__init__(**kwargs)
        if not (alpha >= 0 and sigma > 0):
            raise ValueError(f"alpha must be 0 or more and sigma above 0; got alpha={alpha!r}, sigma={sigma!r}.")
        self.alpha, self.sigma = alpha, sigma

    def change(self, x):
        return bilinear(x, *self.sources(x, *pixel_grid(x)))

    def sources(self, x, rows, columns):
        """Where in x the pixels come from that are at rows and columns afterwards."""
        return rows + self.field(x), columns + self.field(x)

    def field(self, x):
        """Displacements in one direction, (n, h, w), in pixels; 2-D smoothing is one matrix product per direction."""
        down, across = (gaussian_matrix(side, self.sigma) for side in x.shape[1:3])
        return self.alpha * ops.matmul(ops.matmul(down, self.draw(x, -1, 1, x.shape[1:3])), across)

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha, "sigma": self.sigma}


@keras.saving.register_keras_serializable(package="zoo")
class RandomAffineElastic(RandomElastic, RandomAffine):
    """RandomAffine, then RandomElastic, by the options of both, the image interpolated once: twice blurs its strokes."""

    def sources(self, x, rows, columns):
        return RandomAffine.sources(self, x, *RandomElastic.sources(self, x, rows, columns))


def gaussian_matrix(side, sigma):
    """Symmetric matrix (side, side), float32, that smooths a row of pixels by a Gaussian; outside of it are zeros."""
    reach = np.arange(-math.ceil(8 * sigma) - side, math.ceil(8 * sigma) + side + 1)
    total = np.exp(-(reach**2) / (2 * sigma**2)).sum()
    distance = np.subtract.outer(np.arange(side), np.arange(side))
    return (np.exp(-(distance**2) / (2 * sigma**2)) / total).astype("float32")


@keras.saving.register_keras_serializable(package="zoo")
class RandomErasing(Augmentation):
    """Sets a rectangle to 0, its sides up to `share` of the image's, its middle anywhere.

    Random sides are Zhong et al.'s (Random erasing data augmentation, AAAI 2020), zeros and a middle anywhere DeVries &
    Taylor's (2017). share: 0 or more; with 1 the sides are up to those of the image. Parts of the rectangle may lie outside.
    """

    def __init__(self, share=0.5, **kwargs):
        super().__init__(**kwargs)
        if not share >= 0:
            raise ValueError(f"share must be 0 or more; got {share!r}.")
        self.share = share

    def change(self, x):
        inside = None
        for position, side in zip(pixel_grid(x), x.shape[1:3]):
            middle = self.draw(x, 0, side)
            half = self.draw(x, 0, self.share * side / 2)
            within = ops.abs(position + 0.5 - middle) <= half
            inside = within if inside is None else ops.logical_and(inside, within)
        return ops.where(inside[..., None], ops.zeros_like(x), x)

    def get_config(self):
        return {**super().get_config(), "share": self.share}


def pixel_grid(x):
    """Row numbers (1, h, 1) and column numbers (1, 1, w) of images (n, h, w, c), float32."""
    rows = ops.arange(x.shape[1], dtype="float32")[None, :, None]
    columns = ops.arange(x.shape[2], dtype="float32")[None, None, :]
    return rows, columns


def pixels_at(x, rows, columns):
    """The pixels of x (n, h, w, c) at whole-numbered positions that broadcast to (n, h, w); 0 outside."""
    height, width, channels = x.shape[1:]
    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
    place = ops.clip(rows, 0, height - 1) * width + ops.clip(columns, 0, width - 1)
    place = ops.reshape(ops.cast(place, "int32"), (-1, height * width, 1))
    found = ops.take_along_axis(ops.reshape(x, (-1, height * width, channels)), place, axis=1)
    found = ops.reshape(found, (-1, height, width, channels))
    return ops.where(inside[..., None], found, ops.zeros_like(found))


def bilinear(x, rows, columns):
    """The pixels of x (n, h, w, c) at real positions (n, h, w), interpolated between four neighbours; 0 outside."""
    top, left = ops.floor(rows), ops.floor(columns)
    below, beside = (rows - top)[..., None], (columns - left)[..., None]
    x = ops.cast(x, "float32")
    upper = (1 - beside) * pixels_at(x, top, left) + beside * pixels_at(x, top, left + 1)
    lower = (1 - beside) * pixels_at(x, top + 1, left) + beside * pixels_at(x, top + 1, left + 1)
    return (1 - below) * upper + below * lower


_LAYERS = {
    "shift": RandomShift,
    "flip": RandomFlip,
    "affine": RandomAffine,
    "elastic": RandomElastic,
    "affine_elastic": RandomAffineElastic,
    "erase": RandomErasing,
}


def augment(x, chosen, prefix="random"):
    """Applies random changes to images x (n, h, w, c), in training.

    chosen: names of layers, joined by "_", such as "affine_flip", in that order, with their own defaults; or a dict of names
    and options, such as {"flip": {}, "affine": {"rotation": 20}}, in the order that follows here, whatever the dict's, which
    no file keeps: shift, flip, affine, elastic, affine_elastic (one layer for both, which interpolates once), erase; or
    None. Options are those of RandomShift, RandomFlip and so on. prefix: of the layers' own names, for a model that has more
    than one such branch. Raises ValueError for other names and options.
    """
    for name, options in _options(chosen).items():
        try:
            layer = _LAYERS[name](name=f"{prefix}_{name}", **options)
        except TypeError as error:
            raise ValueError(f"{_LAYERS[name].__name__} does not take these options of augmentation: {error}.") from error
        x = layer(x)
    return x


def _options(chosen):
    """{name: options} of what is chosen."""
    if not isinstance(chosen, str | dict | None):
        raise ValueError(f"augmentation is a string, such as 'shift_flip', a dict or None; got {chosen!r}.")
    found = chosen or {}
    if isinstance(chosen, str):
        names = re.findall("affine_elastic|[^_]+", chosen)
        once = "_".join(names) == chosen and len({*names}) == len(names)
        found = dict.fromkeys(names, {}) if once else {chosen: {}}
    twice = "affine_elastic" in found and {"affine", "elastic"} & {*found}
    if twice or not all(name in _LAYERS and isinstance(options, dict) for name, options in found.items()):
        raise ValueError(
            f"augmentation is made of {', '.join(_LAYERS)}, each once at most, joined by '_', such as 'shift_flip', or a dict of "
            f"them and their options, such as {{'shift': {{'pixels': 1}}}}; got {chosen!r}."
        )
    return found if isinstance(chosen, str) else {name: found[name] for name in _LAYERS if name in found}

"""From any picture to what a model saw in training: polarity, contrast, size and place of the data set's images.

MNIST's digits were scaled to fit 20x20, anti-aliased, and placed by their centre of mass (LeCun et al., Proc. IEEE 1998);
Fashion-MNIST's articles were scaled to 28x28 and centred (Xiao et al., arXiv:1708.07747). Both are light on dark.
"""

from typing import NamedTuple

import numpy as np

from zoo.arrays import array_of
from zoo.errors import InvalidInput

ROUNDING = 1e-3  # of floats 0..1, after sums and interpolation
WHITE = 255
BLANK = 10  # levels of 255: what varies less shows nothing
CLEAN = 2.5  # levels: a background that even and that black is left as it is
FITTED = 5_000  # pixels that the background's surface is fitted to
STRONG = 230  # nearly every image of both data sets reaches 254
NEAR = 1  # pixel: what is as near to the data set's size and place is left as it is


class Layout(NamedTuple):
    """How a data set's images were laid out. what: one of its objects, in a word.

    filled: share of the image's side that the object's longer side takes. by_mass: placed by its centre of mass, not
    by its bounding box. ink: share of the brightest pixel below which a pixel does not count for that box.
    """

    what: str
    filled: float
    by_mass: bool
    ink: float


# 5 percent is what Xiao et al. trimmed by. Digits come back from any size with 20, and JPEG's ripples stay below it.
LAYOUTS = {"mnist": Layout("digit", 20 / 28, True, 0.2), "fashion_mnist": Layout("article", 1.0, False, 0.05)}


def prepare_pixels(pixels, input_shape, dataset=None, name="The image"):
    """(pixels, done): what `zoo.prepare_image` makes of pixels as as_pixels gives them, which are 0..255 however dark.

    Raises InvalidInput for what is no image, is blank, or a model that takes no images; name: what it calls the image.
    """
    size, channels = image_shape(input_shape)
    pixels, done = _coloured(_single(pixels, name), channels)
    layout, binary = LAYOUTS.get(dataset) if channels == 1 else None, pixels.max() == 1
    if np.ptp(pixels) >= BLANK:
        pixels, said = _whole(pixels, size) if layout is None else _laid_out(pixels[:, :, 0], size, layout)
    if np.ptp(pixels) < BLANK:
        hint = " Its integers go from 0 to 1, of 255: multiply by 255 what is to be bright." if binary else ""
        raise InvalidInput(f"{name} is blank: nothing on it stands out from its background.{hint}")
    return np.rint(pixels).clip(0, 255).astype("uint8").reshape(input_shape), done + said


def scaled_pixels(pixels, input_shape, name="The image", ground=None):
    """Pixels as as_pixels gives them, scaled to fit `input_shape`, uint8 0..255, however little they show. ground: the level that
    transparent parts get, see ground_for. Raises InvalidInput for what is no image.
    """
    size, channels = image_shape(input_shape)
    scaled, _ = _whole(_coloured(_single(pixels, name), channels, ground)[0], size)
    return np.rint(scaled).clip(0, 255).astype("uint8").reshape(input_shape)


def as_pixels(array, name="The image"):
    """Any array of pixel values as float32 in 0..255.

    bool and floats up to 1, but for rounding, are multiplied by 255, 16 unsigned bits above 255 are divided by 257. Raises
    InvalidInput for NaN, for other values outside 0..255, for other types, and for arrays that are not (h, w) with up to one
    more axis on each side.
    """
    array = array_of(array, name)
    if array.dtype.kind not in "buif":
        raise InvalidInput(f"{name} holds {array.dtype}, no pixel values.")
    if not 2 <= array.ndim <= 4 or array.ndim == 4 and array.shape[-1] not in (1, 3, 4):
        raise InvalidInput(f"{name} has the shape {array.shape}; an image is (height, width) or (height, width, colours).")
    if not array.size:
        raise InvalidInput(f"{name} is an empty array of shape {array.shape}.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InvalidInput(f"{name} holds NaN or infinite values.")
    low, high = float(array.min()), float(array.max())
    if array.dtype.kind == "b":
        factor = 255
    elif array.dtype.kind == "f" and -ROUNDING <= low and high <= 1 + ROUNDING:
        array, factor = array.clip(0, 1), 255
    elif array.dtype.kind == "u" and array.dtype.itemsize == 2 and high > 255:
        factor = 1 / 257
    elif low >= 0 and high <= 255:
        factor = 1
    else:
        raise InvalidInput(f"{name} holds values from {low:g} to {high:g}; pixels are 0..255, or floats 0..1.")
    return array.astype("float32") * np.float32(factor)


def image_shape(input_shape):
    """((height, width), channels) of a model's input, without the batch. Raises InvalidInput where it takes no images."""
    shape = tuple(input_shape) if hasattr(input_shape, "__iter__") else (input_shape,)
    if not all(isinstance(side, (int, np.integer)) and side > 0 for side in shape):
        raise InvalidInput(f"An image needs a height and a width; the model's input has the shape {shape}.")
    if len(shape) == 2:
        return shape, 1
    if len(shape) == 3 and shape[2] in (1, 3):
        return shape[:2], shape[2]
    raise InvalidInput(f"The model takes no images: its input has the shape {shape}.")


def _single(pixels, name):
    if pixels.ndim == 4 or pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4):
        raise InvalidInput(f"{name} is an array of shape {pixels.shape}; one image is wanted, or a list of them.")
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _coloured(pixels, channels, ground=None):
    """(h, w, c) with any c to (h, w, channels): transparency laid on a ground (None: the opposite of what is drawn), colours to
    grey or grey to colours.
    """
    done = []
    if pixels.shape[2] == 4:
        ground = ground_for(pixels) if ground is None else ground
        pixels, alpha = pixels[:, :, :3], pixels[:, :, 3:] / 255
        if alpha.min() < 1:
            pixels = pixels * alpha + ground * (1 - alpha)
            done.append(f"Transparent parts laid on {'white' if ground else 'black'}.")
    if pixels.shape[2] == 3 and channels == 1:
        if np.ptp(pixels, axis=2).max() > 0:
            done.append("Colours turned to grey.")
        pixels = _grey(pixels)
    return np.broadcast_to(pixels, (*pixels.shape[:2], channels)), done


def ground_for(pixels):
    """The level, 0 or 255, that lets stand out what is drawn in pixels (h, w, c) with transparent parts; None for others."""
    if pixels.ndim != 3 or pixels.shape[2] != 4 or pixels[:, :, 3].min() == WHITE:
        return None
    return level_behind(*drawing_in(pixels))


def drawing_in(pixels):
    """(light, weight) of what is drawn in pixels (h, w, 4): the sums of its levels and of its opacity, which add up over images."""
    alpha = pixels[:, :, 3:] / WHITE
    return float((_grey(pixels[:, :, :3]) * alpha).sum()), float(alpha.sum())


def level_behind(light, weight):
    """The level, 0 or 255, on which a drawing with these sums stands out, see drawing_in."""
    return 0 if light / max(weight, 1e-9) > WHITE / 2 else WHITE


def _grey(colours):
    """Luma as Pillow and JPEG have it (ITU-R BT.601), (h, w, 1)."""
    return colours @ np.array([[0.299], [0.587], [0.114]], "float32")


def _whole(pixels, size):
    """The whole image scaled to fit, in its middle; the rest takes the brightness of its border."""
    if pixels.shape[:2] == size:
        return pixels, [f"Taken as it is: it has the model's {_sides(size)} pixels."]
    scale = min(size[0] / pixels.shape[0], size[1] / pixels.shape[1])
    small = np.stack([_scaled(pixels[:, :, c], scale) for c in range(pixels.shape[2])], axis=2)
    result = np.empty((*size, pixels.shape[2]), "float32")
    result[:] = np.median(pixels[_frame(pixels.shape[:2])], axis=0)
    _place(small, result, _middle(small, result))
    return result, [f"Scaled from {_sides(pixels.shape)} to fit {_sides(size)} pixels."]


def _laid_out(pixels, size, layout):
    """A grey image (h, w) as one of the data set's own, light on dark. Blank where it shows nothing but grain."""
    dark_on_light = np.median(pixels[_frame(pixels.shape)]) > (pixels.max() + pixels.min()) / 2
    target = [max(1, round(layout.filled * side)) for side in size]
    if pixels.shape == size and not dark_on_light and _is_laid_out(pixels, target, layout):
        how = f"the {layout.what} bright on black, as large and placed as the data set's"
        return pixels, [f"Taken as it is: {_sides(size)} pixels, {how}."]
    done = []
    if dark_on_light:
        pixels = 255 - pixels
        done.append("Inverted: it was dark on light, the model saw light on dark.")
    pixels, said = _on_black(pixels)
    done += said
    if pixels.max() < BLANK:
        return pixels, done
    cut = pixels[_box(pixels, layout)]
    small = _scaled(cut, min(target[0] / cut.shape[0], target[1] / cut.shape[1]))
    if small.max() < STRONG:
        small = small * (255 / small.max())
        done.append("Contrast raised to the full range.")
    result = np.zeros(size, "float32")
    if layout.by_mass:
        _place(small, result, [whole / 2 - mass for whole, mass in zip(size, _centre_of_mass(small))])
    else:
        _place(small, result, _middle(small, result))
    place = "centre of mass" if layout.by_mass else "middle"
    done.append(
        f"The {layout.what}, {_sides(cut.shape)} of {_sides(pixels.shape)} pixels, scaled to fit {_sides(target)} and placed "
        f"in {_sides(size)} by its {place}, as the data set's were."
    )
    return result, done


def _is_laid_out(pixels, target, layout):
    """Whether an image (h, w) is as the data set's own are: on black, bright, and its object of that size and place."""
    # An object as large as the image may cover its border.
    black = _is_clean(pixels, _frame(pixels.shape)) if layout.filled < 1 else np.percentile(pixels, 5) <= CLEAN
    if not black or pixels.max() < STRONG:
        return False
    box = _box(pixels, layout)
    excess = max(part.stop - part.start - side for part, side in zip(box, target))
    places = _centre_of_mass(pixels) if layout.by_mass else [(part.start + part.stop) / 2 for part in box]
    return abs(excess) <= NEAR and all(abs(at - side / 2) <= NEAR for at, side in zip(places, pixels.shape))


def _box(pixels, layout):
    """The slices (rows, columns) that the object lies in: what is brighter than the layout's ink."""
    inked = pixels > layout.ink * pixels.max()
    rows, columns = (np.flatnonzero(inked.any(axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _is_clean(pixels, frame):
    """Whether the background, where `frame` is true, is even and black."""
    level = np.median(pixels[frame])
    return level + 3 * np.median(np.abs(pixels[frame] - level)) <= CLEAN


def _frame(shape):
    """Which pixels, (h, w), lie in a frame a fiftieth of the sides wide: taken for background."""
    down, right = (max(1, side // 50) for side in shape)
    frame = np.ones(shape, bool)
    frame[down:-down, right:-right] = False
    return frame


def _on_black(pixels):
    """Light on dark, (h, w), with the background at 0: for a photo, the light's slope and the paper's grain are taken off."""
    frame = _frame(pixels.shape)
    if _is_clean(pixels, frame):
        return pixels, []
    background = frame
    for _ in range(4):  # each time without what stands out: ink that reaches the border
        rest = pixels - _surface(pixels, background)
        deviation = 1.4826 * np.median(np.abs(rest[background]))  # the standard one, if the grain is normal
        background = frame & (np.abs(rest) <= CLEAN + 3 * deviation)
    # A single grain left would widen the object's box; beyond 5 deviations lies one pixel in 3 million.
    return np.maximum(rest - 5 * deviation, 0), ["The background, which was not black, subtracted."]


def _surface(pixels, background):
    """The second-order surface in rows and columns that is nearest to the background, (h, w)."""
    chosen = np.flatnonzero(background)
    chosen = chosen[:: max(1, len(chosen) // FITTED)]
    down, right = (np.linspace(-1, 1, side, dtype="float32") for side in pixels.shape)
    at = _terms(down[chosen // pixels.shape[1]], right[chosen % pixels.shape[1]])
    factors = np.linalg.lstsq(np.stack(at, axis=1), pixels.ravel()[chosen], rcond=None)[0]
    return sum(factor * term for factor, term in zip(factors, _terms(down[:, None], right[None, :])))


def _terms(row, column):
    return np.ones_like(row), row, column, row * column, row**2, column**2


def _scaled(pixels, scale):
    """(h, w) scaled: by averaging areas where it shrinks, which is exact for pixels that were only repeated."""
    from PIL import Image

    height, width = (max(1, round(side * scale)) for side in pixels.shape)
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize((width, height), how))


def _centre_of_mass(pixels):
    """(row, column), in pixels; a single pixel has it at (0, 0)."""
    mass = pixels.sum()
    return [(pixels.sum(1 - axis) * np.arange(side)).sum() / mass for axis, side in enumerate(pixels.shape)]


def _middle(small, canvas):
    """Where the corner lies so that the small image is in the middle; an odd row or column is left free above and left."""
    return [-(-(whole - part) // 2) for whole, part in zip(canvas.shape[:2], small.shape[:2])]


def _place(small, canvas, corner):
    """Write the small image into the canvas, its upper left corner as near to `corner` as the frame allows."""
    top, left = (int(np.clip(np.ceil(at - 0.5), 0, canvas.shape[i] - small.shape[i])) for i, at in enumerate(corner))
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small


def _sides(shape):
    """'width x height', as image programs say it."""
    return f"{shape[1]}x{shape[0]}"

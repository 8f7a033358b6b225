"""Patches of the photographs that scikit-image ships in its wheel: the backgrounds of the variations."""

from pathlib import Path

import numpy as np

from zoo.datasets.dataset import SourceFailed, verified

# PNG files, which every decoder reads alike. brick, camera, chelsea, coffee, grass and gravel are CC0 1.0; astronaut (NASA)
# and coins (Brooklyn Museum) have no known copyright restrictions: so scikit-image's own documentation.
SHA256 = {
    "astronaut": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    "brick": "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
    "camera": "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a",
    "chelsea": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "coffee": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "coins": "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba",
    "grass": "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
    "gravel": "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
}
NEEDS = {"skimage": "scikit-image"}
REMEDY = "install a scikit-image that ships its test photographs, such as 0.26"
LUMA = (299, 587, 114)  # thousandths of red, green and blue in grey, as in ITU-R BT.601
DRAWS = 1 << 30  # a random number below it chooses among far fewer patches
LEAST_DEVIATION = 25  # grey levels: a patch of less texture is no background


def files():
    """Paths of the photographs. Raises SourceFailed where one is missing or is not the one that we know."""
    import skimage

    found = [Path(skimage.__file__).parent / "data" / f"{name}.png" for name in SHA256]
    for path, sha256 in zip(found, SHA256.values()):
        if not path.exists():
            raise SourceFailed(f"scikit-image {skimage.__version__} does not ship {path.name}")
        verified(path.read_bytes(), sha256, f"{path.name} of scikit-image {skimage.__version__}")
    return found


def photographs():
    """The photographs in grey, uint8 (height, width) each; those in colour by whole-number arithmetic."""
    from skimage.io import imread

    return [grey(imread(path)) for path in files()]


def grey(image):
    """An image (height, width[, 3]) uint8 as (height, width) uint8."""
    if image.ndim == 2:
        return image
    return ((image.astype(np.int32) @ np.array(LUMA, np.int32) + 500) // 1000).astype(np.uint8)


def patches(random, n, side):
    """n patches (n, side, side) uint8: each photograph as likely as any other, and so is each of its patches with texture.

    random: a RandomState. Patches overlap, and may be drawn twice.
    """
    images, found = photographs(), np.empty((n, side, side), np.uint8)
    of, drawn = random.randint(0, len(images), n), random.randint(0, DRAWS, n)
    for number, image in enumerate(images):
        mine, corners = np.flatnonzero(of == number), textured(image, side)
        rows, columns = corners[drawn[mine].astype(np.int64) * len(corners) // DRAWS].T
        found[mine] = np.lib.stride_tricks.sliding_window_view(image, (side, side))[rows, columns]
    return found


def textured(image, side):
    """Upper left corners (m, 2) of an image's patches whose grey values deviate by LEAST_DEVIATION or more, row by row."""
    windows = [window_sums(image.astype(np.int64) ** power, side) for power in (1, 2)]
    deviation = side**2 * windows[1] - windows[0] ** 2  # side ** 4 times the variance
    return np.argwhere(deviation >= (side**2 * LEAST_DEVIATION) ** 2)


def window_sums(values, side):
    """Sums of all windows of side x side, whole numbers (height - side + 1, width - side + 1)."""
    total = np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    return total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]

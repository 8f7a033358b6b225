"""Layers that distort images in training, against SciPy's or a formula written out."""

import keras
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

import zoo
from layer_example import images, numpy  # noqa: F401
from zoo import layers
from zoo.layers.augmentation import bilinear

pytestmark = pytest.mark.backend


AUGMENTATIONS = [
    layers.RandomShift, layers.RandomFlip, layers.RandomAffine, layers.RandomElastic, layers.RandomAffineElastic, layers.RandomErasing,
]  # fmt: skip

each_augmentation = pytest.mark.parametrize("kind", AUGMENTATIONS, ids=lambda kind: kind.__name__)


@each_augmentation
def test_augmentation_is_for_training_only(kind, images):
    layer = kind()
    np.testing.assert_array_equal(numpy(layer(images, training=False)), images)
    same = np.stack([images[0]] * 32)
    changed = numpy(layer(same, training=True))
    assert changed.shape == same.shape and np.isfinite(changed).all()
    assert len(np.unique(changed.reshape(32, -1), axis=0)) > 1, "every example has a draw of its own"
    assert not np.array_equal(changed, numpy(layer(same, training=True))), "and every call"


@each_augmentation
def test_augmentation_round_trip(kind):
    layer = kind()
    copy = kind.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()


def test_shift_moves_whole_pixels_and_fills_with_zero(images):
    images = images + 1
    shifted = numpy(layers.RandomShift(2)(np.repeat(images, 50, axis=0), training=True))
    seen = set()
    for before, after in zip(np.repeat(images, 50, axis=0), shifted):
        fits = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if np.array_equal(after, np.pad(before, ((2, 2), (2, 2), (0, 0)))[2 - down : 11 - down, 2 - right : 10 - right])
        ]
        assert len(fits) == 1
        seen.update(fits)
    assert len(seen) == 25, "all shifts occur"


def test_flip_mirrors_about_half(images):
    many = np.repeat(images, 100, axis=0)
    flipped = numpy(layers.RandomFlip()(many, training=True))
    mirrored = (flipped == many[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (mirrored | (flipped == many).all(axis=(1, 2, 3))).all()
    assert 0.4 < mirrored.mean() < 0.6


def test_interpolation_is_that_of_scipy(images):
    draw = np.random.default_rng(1)
    rows, columns = draw.uniform(-2, 10, (2, 6, 9, 8)).astype("float32")
    ours = numpy(bilinear(images, rows, columns))
    for k, channel in np.ndindex(6, 3):
        at = np.stack([rows[k], columns[k]])
        theirs = map_coordinates(images[k, :, :, channel], at, order=1, mode="grid-constant", cval=0.0)
        np.testing.assert_allclose(ours[k, :, :, channel], theirs, atol=0.01)


def test_affine_map_rotates_scales_and_moves_about_the_middle():
    right, above = np.zeros((2, 64, 21, 21, 1), "float32")
    right[:, 10, 16] = 1  # 6 right of the middle
    above[:, 4, 10] = 1
    y, x = np.mgrid[-10:11, -10:11]

    def centres(blob=right, **options):
        still = {"rotation": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0}
        out = numpy(layers.RandomAffine(**{**still, **options})(blob, training=True))[..., 0]
        mass = out.sum(axis=(1, 2))
        return np.stack([(out * y).sum(axis=(1, 2)) / mass, (out * x).sum(axis=(1, 2)) / mass], axis=1)

    np.testing.assert_allclose(centres(), [[0, 6]] * 64, atol=1e-4)
    turned = centres(rotation=30.0)
    np.testing.assert_allclose(np.hypot(*turned.T), 6, atol=0.3)
    angles = np.degrees(np.arctan2(turned[:, 0], turned[:, 1]))
    assert -31 < angles.min() < -15 and 15 < angles.max() < 31
    moved = centres(shift=3.0) - [0, 6]
    assert np.abs(moved).max() < 3.01 and (np.ptp(moved, axis=0) > 3).all()
    for direction, blob in enumerate((above, right)):
        far = np.abs(centres(blob, scale=0.2)[:, direction])
        assert 4.6 < far.min() < 5.6 and 6.4 < far.max() < 7.4
    sheared = centres(above, shear=0.5)
    np.testing.assert_allclose(sheared[:, 0], -6, atol=1e-4)  # rows stay
    assert -3.01 < sheared[:, 1].min() < -2 and 2 < sheared[:, 1].max() < 3.01
    np.testing.assert_allclose(centres(right, shear=0.5), [[0, 6]] * 64, atol=1e-4)  # as does the middle row


def fields(alpha=34.0, sigma=4.0, n=200):
    """Displacements (n, 28, 28), a new draw of seed 0."""
    keras.utils.set_random_seed(0)
    return numpy(layers.RandomElastic(alpha, sigma).field(np.zeros((n, 28, 28, 1), "float32")))


def test_elastic_fields_are_smoothed_noise(monkeypatch):
    noise = np.random.default_rng(0).uniform(-1, 1, (5, 28, 20)).astype("float32")
    monkeypatch.setattr(layers.RandomElastic, "draw", lambda self, x, low, high, shape: noise)
    for sigma in (0.7, 4.0):
        ours = numpy(layers.RandomElastic(30.0, sigma).field(np.zeros((5, 28, 20, 1), "float32")))
        for field, drawn in zip(ours, noise):
            np.testing.assert_allclose(field, 30 * gaussian_filter(drawn, sigma, mode="constant", truncate=8), atol=1e-3)


def test_elastic_fields_have_no_direction_the_stated_size_and_are_smooth():
    drawn = fields()
    middle = drawn[:, 10:18, 10:18]  # noise from beyond the border is missing outside
    assert abs(drawn.mean()) < 4 * drawn.mean(axis=(1, 2)).std() / np.sqrt(len(drawn))
    assert np.sqrt((middle**2).mean()) == pytest.approx(34 / (6.14 * 4), rel=0.1)
    # Neighbours of a field smoothed with sigma differ by 1 / (sigma sqrt 2) of its own size, in root mean square.
    steps = np.diff(middle, axis=1)
    assert np.sqrt((steps**2).mean() / (middle**2).mean()) == pytest.approx(1 / (4 * np.sqrt(2)), rel=0.1)
    np.testing.assert_array_equal(fields(), drawn)
    np.testing.assert_allclose(fields(alpha=17.0), drawn / 2, rtol=1e-5)


def test_elastic_of_alpha_0_is_the_identity_and_moves_ink_otherwise(images):
    np.testing.assert_array_equal(numpy(layers.RandomElastic(alpha=0)(images, training=True)), images)
    blob = np.zeros((200, 21, 21, 1), "float32")
    blob[:, 9:12, 9:12] = 1
    out = numpy(layers.RandomElastic()(blob, training=True))[..., 0]
    y, x = np.mgrid[-10:11, -10:11]
    centres = np.stack([(out * y).sum(axis=(1, 2)), (out * x).sum(axis=(1, 2))]) / out.sum(axis=(1, 2))
    assert np.abs(centres.mean(axis=1)).max() < 0.4 and 1 < centres.std() < 2


@pytest.mark.parametrize("wrong", [{"alpha": -1}, {"sigma": 0}, {"alpha": float("nan")}], ids=str)
def test_elastic_refuses(wrong):
    with pytest.raises(ValueError, match="alpha must be 0 or more and sigma above 0"):
        layers.RandomElastic(**wrong)


def test_affine_and_elastic_combine():
    def random_layers(names):
        model = zoo.create_model("convnet", (12, 12), 10, blocks=((2,),), augmentation=names)
        return [layer.name for layer in model.layers if layer.name.startswith("random")]

    assert random_layers("flip_affine_elastic_erase") == ["random_flip", "random_affine_elastic", "random_erase"]
    assert random_layers("elastic_affine") == ["random_elastic", "random_affine"]


def test_affine_and_elastic_at_once_are_one_after_the_other(monkeypatch):
    y, x = np.mgrid[:41, :41] / 41
    waves = np.broadcast_to(np.sin(6 * x) * np.cos(5 * y), (8, 41, 41))[..., None].astype("float32")
    maps = {"rotation": 20.0, "scale": 0.1, "shear": 0.1, "shift": 2.0}

    def moved(*chosen):
        drawn = {(1, 1): np.random.default_rng(0), (41, 41): np.random.default_rng(1)}  # for maps and fields

        def draw(self, x, low, high, shape=(1, 1)):
            return drawn[shape].uniform(low, high, (len(x), *shape)).astype("float32")

        monkeypatch.setattr(layers.RandomAffine.__base__, "draw", draw)
        images = waves
        for layer in chosen:
            images = numpy(layer(images, training=True))
        return images[:, 10:-10, 10:-10]  # far from what comes in from outside

    affine, elastic = layers.RandomAffine(**maps), layers.RandomElastic(30.0)
    at_once = moved(layers.RandomAffineElastic(30.0, **maps))
    np.testing.assert_allclose(at_once, moved(affine, elastic), atol=0.015)  # waves so smooth stand two interpolations
    for other in ((elastic, affine), (affine,), (elastic,)):
        assert np.abs(at_once - moved(*other)).max() > 0.1


def test_options_of_affine_and_elastic_at_once_come_back():
    layer = layers.RandomAffineElastic(30.0, 5.0, rotation=20.0, shift=1.0)
    config = layer.get_config()
    assert (config["alpha"], config["sigma"], config["rotation"], config["shift"], config["scale"]) == (30, 5, 20, 1, 0.1)
    assert layers.RandomAffineElastic.from_config(config).get_config() == config
    with pytest.raises(ValueError, match="scale below 1"):
        layers.RandomAffineElastic(scale=1)


def test_erasing_zeroes_one_rectangle(images):
    many = np.repeat(images + 1, 50, axis=0)
    erased = numpy(layers.RandomErasing(0.5)(many, training=True))
    gone = (erased == 0).all(axis=-1)
    assert (erased[~gone] == many[~gone]).all()
    for hole in gone:
        rows, columns = hole.any(axis=1), hole.any(axis=0)
        assert np.array_equal(hole, np.outer(rows, columns))
        assert rows.sum() <= 5 and columns.sum() <= 4
    assert gone.any(axis=(1, 2)).mean() > 0.5


def test_augment_refuses_unknown_names():
    with pytest.raises(ValueError, match="shift, flip, affine, elastic, affine_elastic, erase"):
        layers.augment(keras.Input((8, 8, 1)), "shift_sepia")
    with pytest.raises(ValueError, match="each once at most.*got 'shift_flip_shift'"):
        layers.augment(keras.Input((8, 8, 1)), "shift_flip_shift")
    with pytest.raises(ValueError, match="or a dict of them.*got {'shift': 2}"):
        layers.augment(keras.Input((8, 8, 1)), {"shift": 2})
    for twice in ("affine_elastic_affine", {"affine_elastic": {}, "elastic": {}}):
        with pytest.raises(ValueError, match="each once at most"):
            layers.augment(keras.Input((8, 8, 1)), twice)
    with pytest.raises(ValueError, match="a string.*a dict or None; got 3"):
        layers.augment(keras.Input((8, 8, 1)), 3)


@pytest.mark.parametrize("options", [{"pixel": 1}, {"pixels": "two"}, {"name": "own"}], ids=str)
def test_augment_refuses_options_that_a_layer_has_not(options):
    with pytest.raises(ValueError, match="RandomShift"):
        layers.augment(keras.Input((8, 8, 1)), {"shift": options})


def test_a_dict_chooses_layers_by_their_options():
    chosen = {"affine": {"rotation": 20.0, "probability": 0.5}, "erase": {}}
    model = zoo.create_model("convnet", (12, 12), 10, blocks=((2,),), augmentation=chosen)
    affine = model.get_layer("random_affine")
    assert (affine.rotation, affine.probability, affine.shift) == (20, 0.5, 2)
    assert model.get_layer("random_erase").probability == 1
    turned = zoo.create_model(
        "convnet", (12, 12), 10, blocks=((2,),), augmentation={name: chosen[name] for name in ("erase", "affine")}
    )
    for made in (model, turned):  # in an order of the layers' own: files sort a dict's
        names = [layer.name for layer in made.layers]
        assert names.index("random_affine") < names.index("random_erase")


def test_a_flip_has_its_own_probability(images):
    for probability in (0.0, 1.0):
        flipped = numpy(layers.RandomFlip(probability)(images, training=True))
        np.testing.assert_array_equal(flipped, images[:, :, ::-1] if probability else images)


def test_so_many_images_are_changed_as_the_probability_says(images):
    many = np.repeat(images + 1, 200, axis=0)
    for probability, low, high in ((0, 0, 0), (0.25, 0.2, 0.3), (1, 1, 1)):
        layer = layers.RandomAffine(shift=3.0, probability=probability)
        changed = (numpy(layer(many, training=True)) != many).any(axis=(1, 2, 3))
        assert low <= changed.mean() <= high
        assert layers.RandomAffine.from_config(layer.get_config()).probability == probability
    with pytest.raises(ValueError, match="probability must be between 0 and 1; got 1.5"):
        layers.RandomFlip(probability=1.5)


def test_two_branches_of_a_model_have_layers_of_their_own():
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, [layers.augment(inputs, "shift_flip", prefix=side) for side in ("left", "right")])
    assert {"left_shift", "left_flip", "right_shift", "right_flip"} <= {layer.name for layer in model.layers}


@pytest.mark.parametrize("kind", ["shift", "flip", "affine", "elastic", "affine_elastic", "erase"])
def test_integers_become_numbers_that_nothing_is_cut_off_from(kind):
    """Keras leaves integers as they are: interpolated, they would be rounded down, and half a level darker on average."""
    x = np.random.default_rng(0).integers(0, 256, (64, 12, 12, 1)).astype("uint8")
    results = []
    for given in (x, x.astype("float32")):
        keras.utils.set_random_seed(0)
        inputs = keras.Input(x.shape[1:], dtype=given.dtype.name)
        model = keras.Model(inputs, layers.augment(inputs, kind))
        assert model.output.dtype == keras.backend.standardize_dtype(model(given[:1]).dtype) == "float32"
        results.append(numpy(model(given, training=True)))
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize(
    "kind, arguments",
    [
        (layers.RandomShift, {"pixels": -1}),
        (layers.RandomShift, {"pixels": 1.5}),
        (layers.RandomErasing, {"share": -0.1}),
        (layers.RandomAffine, {"scale": 1}),
        (layers.RandomAffine, {"rotation": -1}),
        (layers.RandomAffine, {"shift": float("nan")}),
        (layers.RandomElastic, {"sigma": 0}),
    ],
)
def test_amounts_that_mean_nothing_are_refused(kind, arguments):
    with pytest.raises(ValueError, match="must be .*; got"):
        kind(**arguments)

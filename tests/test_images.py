"""Image files: whatever a user hands over becomes what the model's data set is like, or gives one clear error."""

import struct
import zlib

import keras
import numpy as np
import pytest
from PIL import Image, ImageOps

import zoo
from image_example import RESAMPLING, SIZE, articles, digits, error, larger, saved  # noqa: F401
from zoo.datasets import load
from zoo.errors import InvalidInput, UnknownName
from zoo.image_files import picture_of, prepare_image, read_images
from zoo.presets.folder import SHIPPED


def moved(image, down, right, side=60):
    """The image somewhere on a larger black ground."""
    canvas = np.zeros((side, side), "uint8")
    canvas[down : down + image.shape[0], right : right + image.shape[1]] = image
    return canvas


def differences(images, draw, dataset):
    """Mean absolute difference, in levels of 255, of each image from what comes back of its drawing."""
    found = [prepare_image(draw(image), SIZE, dataset)[0] for image in images]
    return np.abs(np.stack(found).astype(float) - images).mean(axis=(1, 2))


def test_the_models_own_images_are_taken_as_they_are(digits, articles):
    for images, dataset in ((digits, "mnist"), (articles, "fashion_mnist")):
        for image in images:
            pixels, done = prepare_image(image, SIZE, dataset)
            np.testing.assert_array_equal(pixels, image)
            assert pixels.dtype == "uint8"
            what = "digit" if dataset == "mnist" else "article"
            assert done == [f"Taken as it is: 28x28 pixels, the {what} bright on black, as large and placed as the data set's."]


SPOILT = {
    "shifted": lambda image: moved(image, 5, 5, 33)[:28, :28],
    "half the size": lambda image: moved(np.asarray(Image.fromarray(image).resize((14, 14), RESAMPLING.BOX)), 7, 7, 28),
    "on grey": lambda image: (90 + image * (165 / 255)).astype("uint8"),
    "pale": lambda image: (0.2 * image).astype("uint8"),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_digit_of_the_models_size_is_laid_out_where_it_is_not_as_the_data_sets(spoil, digits):
    model, labels = zoo.from_preset("mlp_mnist"), np.asarray(load("mnist").test.y[:100])
    pixels, done = zip(*[prepare_image(spoil(image), SIZE, "mnist") for image in digits])
    assert not [said for said in done if said[0].startswith("Taken as it is")]

    def wrong(x):
        return np.sum(keras.ops.convert_to_numpy(model(x, training=False)).argmax(1) != labels)

    assert wrong(np.stack(pixels)) <= 4 < 30 < wrong(np.stack([spoil(image) for image in digits]))


def test_nearly_all_of_the_data_sets_are_taken_as_they_are():
    for dataset in ("mnist", "fashion_mnist"):
        images = load(dataset).test.x[:2000]
        taken = sum(prepare_image(image, SIZE, dataset)[1][0].startswith("Taken as it is") for image in images)
        assert taken > 0.99 * len(images)


@pytest.mark.parametrize("draw", [
    lambda image: 255 - image,
    lambda image: moved(image, 3, 25),
    lambda image: 255 - moved(image, 30, 2),
    lambda image: 255 - larger(moved(image, 9, 11), 10, RESAMPLING.NEAREST),
    lambda image: (255 - moved(image, 0, 32)) / 255,
], ids=["inverted", "moved", "moved and inverted", "large, moved and inverted", "floats"])  # fmt: skip
def test_digits_come_back(digits, draw):
    found = differences(digits, draw, "mnist")
    assert np.median(found) < 0.1 and found.mean() < 0.5


@pytest.mark.parametrize("draw, most", [
    (lambda image: 255 - larger(moved(image, 9, 11), 10), 10),
    (lambda image: (60 + 0.5 * larger(moved(image, 9, 11), 5)).astype("uint8"), 10),
    (lambda image: np.asarray(Image.fromarray(moved(image, 9, 11)).resize((45, 45), RESAMPLING.BICUBIC)), 15),
], ids=["smoothly enlarged", "grey on grey", "smaller than the model's"])  # fmt: skip
def test_digits_come_back_nearly_when_they_were_resampled(digits, draw, most):
    # for scale: digits differ from the next digit by 47 levels on average
    assert np.abs(digits[1:].astype(float) - digits[:-1]).mean() > 40
    assert differences(digits, draw, "mnist").mean() < most


def test_articles_come_back(articles):
    found = differences(articles, lambda image: 255 - larger(moved(image, 9, 11), 3, RESAMPLING.NEAREST), "fashion_mnist")
    assert np.median(found) < 0.1 and found.mean() < 3


def test_a_photo_of_a_digit_on_paper(digits, tmp_path):
    """Dark ink on paper under slanting light, with grain, as JPEG."""
    random = np.random.default_rng(0)
    down, right = np.meshgrid(*[np.linspace(0, 1, 480)] * 2, indexing="ij")
    found = []
    for image in digits[:30]:
        ink = larger(moved(image, 15, 18), 8) / 255
        photo = (225 - 60 * down - 40 * right**2) * (1 - 0.75 * ink) + random.normal(0, 5, ink.shape)
        path = saved(tmp_path / "photo.jpg", photo.clip(0, 255).astype("uint8"), quality=80)
        pixels, done = prepare_image(path, SIZE, "mnist")
        assert "Inverted" in done[0] and "subtracted" in done[1]
        found.append(np.abs(pixels.astype(float) - image).mean())
    assert np.mean(found) < 15


def test_placed_by_the_centre_of_mass_within_20_pixels():
    stroke = np.zeros((300, 200), "uint8")
    stroke[40:240, 90:100] = 255  # a bar with a foot: its mass is right of its box's middle
    stroke[230:240, 90:190] = 255
    pixels, done = prepare_image(stroke, SIZE, "mnist")
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    assert (len(rows), len(columns)) == (20, 10)
    mass = [(pixels.sum(1 - axis) * np.arange(28)).sum() / pixels.sum() for axis in (0, 1)]
    assert all(abs(place - 14) <= 0.5 for place in mass)
    assert "fit 20x20" in done[-1] and "centre of mass" in done[-1]


@pytest.mark.parametrize("rows, columns", [((5, 195), (100, 101)), ((100, 101), (5, 195)), ((7, 8), (190, 191))])
def test_thin_lines_and_dots_stay_visible(rows, columns):
    drawing = np.full((200, 200), 255, "uint8")
    drawing[slice(*rows), slice(*columns)] = 0
    pixels, done = prepare_image(drawing, SIZE, "mnist")
    assert pixels.max() == 255 and (pixels > 100).sum() >= 1


def test_transparency_lies_on_the_opposite_of_what_is_drawn(digits, tmp_path):
    ink = moved(digits[0], 9, 11)
    for level, ground in ((0, "white"), (255, "black")):
        drawn = np.dstack([np.full((60, 60, 3), level, "uint8"), ink])
        pixels, done = prepare_image(saved(tmp_path / "ink.png", drawn), SIZE, "mnist")
        assert done[0] == f"Transparent parts laid on {ground}."
        assert np.abs(pixels.astype(float) - digits[0]).mean() < 0.5


@pytest.mark.parametrize("kind", ["L", "1", "P", "RGB", "RGBA", "LA", "P with transparency", "16 bits", "CMYK JPEG", "JPEG"])
def test_kinds_of_files_agree(kind, digits, tmp_path):
    shape = np.where(larger(moved(digits[2], 9, 11), 4) > 127, 0, 255).astype("uint8")  # black on white
    image, path, options = Image.fromarray(shape), tmp_path / "digit.png", {}
    if kind == "16 bits":
        image = Image.fromarray(shape.astype("uint16") * 257)
    elif kind == "CMYK JPEG":
        image, path = image.convert("CMYK"), tmp_path / "digit.jpg"
    elif kind == "JPEG":
        path = tmp_path / "digit.jpg"
    elif kind == "P with transparency":
        image, options = image.convert("P"), {"transparency": 255}
    else:
        image = image.convert(kind)
    found, _ = prepare_image(saved(path, image, **options), SIZE, "mnist")
    expected, _ = prepare_image(shape, SIZE, "mnist")
    assert np.abs(found.astype(float) - expected).mean() < (3 if "JPEG" in kind else 0.01)


def png_of_16_bits(path, pixels, colour):
    """Writes pixels (h, w, channels), big-endian uint16, as a PNG of a colour type."""
    height, width = pixels.shape[:2]
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0),
        b"IDAT": zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels)),
        b"IEND": b"",
    }
    chunks = [
        struct.pack(">I", len(said)) + name + said + struct.pack(">I", zlib.crc32(name + said)) for name, said in parts.items()
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


def test_what_reading_did_is_said(tmp_path, digits):
    (deep,) = read_images(saved(tmp_path / "deep.png", digits[0].astype("uint16") * 257))
    assert deep.done == ["Brought from 16 bits to 8."] and np.array_equal(deep.pixels, digits[0])
    for level, expected in ((200, 200 / 257), (300, 300 / 257)):  # by what the file says, not by how bright it is
        (dark,) = read_images(saved(tmp_path / "dark.png", np.full((9, 9), level, "uint16")))
        assert np.allclose(dark.pixels, expected) and dark.done == ["Brought from 16 bits to 8."]
        with Image.open(tmp_path / "dark.png") as opened:
            assert np.allclose(picture_of(opened, "dark").pixels, expected)
    for colour, channels in ((2, 3), (6, 4), (4, 2)):  # colours, colours and grey with transparency, none of which Pillow writes
        deep = np.full((*digits[0].shape, channels), 65535, ">u2")
        deep[..., : -1 if colour > 3 else None] = (digits[0].astype("uint16") * 257)[..., None]
        (found,) = read_images(png_of_16_bits(tmp_path / f"{colour}.png", deep, colour))
        assert found.done == ["Brought from 16 bits to 8."], colour
        assert np.array_equal(found.pixels[..., 0], digits[0])
    # To be turned by 90 degrees (6), after a width that is no number, as some cameras write.
    tags = struct.pack("<HHI4s", 0x0100, 2, 4, b"odd\0") + struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0" + struct.pack("<2sHIH", b"II", 42, 8, 2) + tags + bytes(4)
    (turned,) = read_images(saved(tmp_path / "turned.png", digits[0], exif=exif))
    assert turned.done == ["Turned upright, as its EXIF tag asks."]
    np.testing.assert_array_equal(turned.pixels, np.rot90(digits[0], -1))
    (large,) = read_images(saved(tmp_path / "large.png", larger(digits[0], 100)))
    assert large.done == ["Scaled down 3 times, from 2800x2800 pixels."] and large.pixels.shape == (934, 934)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_turns_it(orientation, tmp_path, digits):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "turned.png", digits[0], exif=exif)
    (found,) = read_images(path)
    np.testing.assert_array_equal(found.pixels, np.asarray(ImageOps.exif_transpose(Image.open(path))))
    assert bool(found.done) == (orientation > 1)


@pytest.mark.parametrize("change", [
    lambda x: x, lambda x: x / 255, lambda x: x.astype("float64"), lambda x: x.astype("int64"),
    lambda x: x.astype("uint16") * 257, lambda x: np.asfortranarray(x), lambda x: x[..., None], lambda x: x.astype(">f4"),
    lambda x: x.astype(">u2") * 257, lambda x: (x / 255).astype("float32") * np.float32(1.000001) - np.float32(1e-7),
], ids=["uint8", "0..1", "0..255", "int64", "uint16", "by columns", "channel", "big-endian", "big-endian uint16", "0..1 rounded"])  # fmt: skip
def test_arrays(change, digits, tmp_path):
    np.save(tmp_path / "digits.npy", change(digits[:3]))
    pictures = read_images(tmp_path / "digits.npy")
    assert [picture.name for picture in pictures] == [f"{tmp_path / 'digits.npy'}[{index}]" for index in range(3)]
    for picture, digit in zip(pictures, digits):
        np.testing.assert_array_equal(prepare_image(picture.pixels, SIZE, "mnist")[0], digit)


def test_a_dark_image_is_not_brightened_twice(tmp_path):
    dark = np.zeros((28, 28), "uint8")
    dark[10:20, 10:20] = 1
    for number, array in enumerate((dark, np.stack([dark, 255 * dark]))):
        path = tmp_path / f"{number}.npy"
        np.save(path, array)
        assert "blank" in error(path)
    assert "Its integers go from 0 to 1, of 255: multiply by 255" in error(tmp_path / "0.npy")


def test_one_array_and_one_image_of_several(digits, tmp_path):
    np.save(tmp_path / "one.npy", digits[0])
    np.testing.assert_array_equal(read_images(tmp_path / "one.npy")[0].pixels, digits[0])
    np.save(tmp_path / "colours.npy", np.dstack([digits[0]] * 3))
    assert read_images(tmp_path / "colours.npy")[0].pixels.shape == (28, 28, 3)
    np.save(tmp_path / "grey.npy", digits[0][:, :, None])
    (grey,) = read_images(tmp_path / "grey.npy")
    np.testing.assert_array_equal(prepare_image(grey.pixels, (28, 28), "mnist")[0], prepare_image(digits[0], (28, 28), "mnist")[0])
    assert prepare_image(tmp_path / "grey.npy", (28, 28), "mnist")[0].shape == (28, 28)
    np.save(tmp_path / "many.npy", digits)
    with pytest.raises(InvalidInput, match="holds 100 images"):
        prepare_image(tmp_path / "many.npy", SIZE)


def test_what_reading_changed_is_said_first_of_files_as_of_arrays(digits, tmp_path):
    light = digits[0] / 255
    np.save(tmp_path / "light.npy", light)
    for image in (tmp_path / "light.npy", light):
        pixels, done = prepare_image(image, SIZE, "mnist")
        np.testing.assert_array_equal(pixels, digits[0])
        assert done[0] == "Brought from float64 to 0..255." and done[1].startswith("Taken as it is")


def test_what_cannot_be_prepared_is_called_by_its_name(digits, tmp_path):
    np.save(tmp_path / "blank.npy", np.zeros(SIZE, "uint8"))
    with pytest.raises(InvalidInput, match="blank.npy is blank"):
        prepare_image(str(tmp_path / "blank.npy"), SIZE, "mnist")
    assert prepare_image(digits[0], np.array(SIZE), "mnist")[0].shape == SIZE
    with pytest.raises(InvalidInput, match="a height and a width; the model's input has the shape"):
        prepare_image(digits[0], (None, 28, 1), "mnist")


def test_other_data_sets_are_scaled_and_never_inverted(digits):
    paper = 255 - digits[0]
    for dataset in (None, "digits"):
        pixels, done = prepare_image(paper, SIZE, dataset)
        np.testing.assert_array_equal(pixels, paper)
        assert done == ["Taken as it is: it has the model's 28x28 pixels."]
    wide = np.full((20, 40, 3), 200, "uint8")
    wide[5:15, 10:30] = (250, 0, 0)
    pixels, done = prepare_image(wide, (32, 32, 3), "cifar10")
    assert pixels.shape == (32, 32, 3) and done == ["Scaled from 40x20 to fit 32x32 pixels."]
    np.testing.assert_array_equal(pixels[0, 0], [200] * 3)
    np.testing.assert_array_equal(pixels[16, 16], [250, 0, 0])
    assert prepare_image(digits[0], (28, 28, 1), "mnist")[0].shape == (28, 28, 1)


def test_a_preset_means_its_data_set_and_other_names_are_refused(digits):
    paper = 255 - digits[0]
    expected = prepare_image(paper, SIZE, "mnist")[0]
    np.testing.assert_array_equal(prepare_image(paper, SIZE, "linear_mnist")[0], expected)
    np.testing.assert_array_equal(prepare_image(paper, SIZE, SHIPPED / "linear_mnist")[0], expected)
    with pytest.raises(InvalidInput, match="There is no folder"):
        prepare_image(paper, SIZE, "~/nowhere_at_all")
    for wrong, near in (("mnits", "mnist"), ("MNIST", "mnist"), ("linear_mnits", "linear_mnist")):
        with pytest.raises(UnknownName, match=f"data set or preset called '{wrong}'. Did you mean .*{near}"):
            prepare_image(paper, SIZE, wrong)


def test_a_model_that_takes_no_images_is_refused(digits):
    with pytest.raises(InvalidInput, match="takes no images"):
        prepare_image(digits[0], (784,), "mnist")
    for shape in (28, None):
        with pytest.raises(InvalidInput, match="(?i)the model"):
            prepare_image(digits[0], shape, "mnist")


@pytest.mark.parametrize("ground", [0, 255, 131])
@pytest.mark.parametrize("side", [28, 200])
def test_blank(ground, side, tmp_path):
    assert "blank" in error(saved(tmp_path / "blank.png", np.full((side, side), ground, "uint8")))


def test_blank_paper_with_grain_and_all_transparent(tmp_path):
    grain = np.random.default_rng(0).normal(180, 4, (300, 300)).clip(0, 255).astype("uint8")
    assert "blank" in error(saved(tmp_path / "paper.png", grain))
    assert "blank" in error(saved(tmp_path / "nothing.png", np.zeros((50, 50, 4), "uint8")))

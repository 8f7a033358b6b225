"""Examples of one's own out of .npz files and folders of images, as people have them, and what is none."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.data_files import read_series
from zoo.datasets import load
from zoo.errors import CorruptFile, InvalidInput

RANDOM = np.random.RandomState(0)
X, Y = RANDOM.randint(0, 256, (30, 9, 7), "uint8"), np.arange(30) % 3


def images(folder, pixels=X, labels=Y, suffix=".png"):
    """A folder with a folder of images for each label."""
    for place, (one, label) in enumerate(zip(pixels, labels)):
        home = folder / f"kind {label}"
        home.mkdir(parents=True, exist_ok=True)
        Image.fromarray(one).save(home / f"{place:02}{suffix}")
    return folder


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test", "x_val", "y_val"),
        ("train_images", "train_labels", "test_images", "test_labels", "val_images", "val_labels"),
    ],
)
def test_arrays_as_keras_and_as_medmnist_name_them(tmp_path, names):
    arrays = (X, Y, X[:9], Y[:9], X[:6], Y[:6])
    np.savez(tmp_path / "some.npz", **dict(zip(names, arrays)))
    found = zoo.read_examples(tmp_path / "some.npz")
    assert list(found) == ["train", "validation", "test"]
    assert [len(x) for x, _ in found.values()] == [30, 6, 9] and np.array_equal(found["train"][0], X)


@pytest.mark.parametrize("levels, ground", [((130, 120), 255), ((120, 140), 0), ((255, 255), 0)])
def test_transparent_parts_of_all_images_get_the_same_ground(tmp_path, levels, ground):
    """The opposite of what they show together, whichever comes first."""
    drawn = np.zeros((2, 9, 7, 4), "uint8")
    drawn[:, 3:6, 2:5, 3] = 255
    for one, level in zip(drawn, levels):
        one[3:6, 2:5, :3] = level
    found = zoo.read_examples(images(tmp_path / "drawn", drawn, Y[:2]))["train"][0]
    assert (found[:, 0, 0] == ground).all() and found[0, 4, 3].max() == levels[0] and found[1, 4, 3].max() == levels[1]


@pytest.mark.parametrize("odd", ["train", "test"])
def test_a_transparent_image_that_shows_nothing_on_that_ground_is_one_error(tmp_path, odd):
    """One white drawing among black ones, by which all the others would be lost if it came first."""
    drawn = np.zeros((9, 9, 7, 4), "uint8")
    drawn[:, 3:6, 2:5, 3] = 255
    images(tmp_path / "train", drawn, np.arange(9) % 3)
    images(tmp_path / "test", drawn, np.arange(9) % 3)
    found = zoo.read_examples(tmp_path)
    assert all((x[:, 0, 0] == 255).all() and (x[:, 4, 3] == 0).all() for x, _ in found.values())
    drawn[0, :, :, :3] = 255
    images(tmp_path / odd, drawn[:1], [0])
    with pytest.raises(InvalidInput, match=f"{odd}/kind 0/00.png shows nothing where its transparent parts are white"):
        zoo.read_examples(tmp_path)


@pytest.mark.parametrize("name", ["more.jp2", "more.tga", "more.ico", "more"])
def test_no_image_is_left_out_without_a_word(tmp_path, name):
    home = images(tmp_path / "some") / "kind 1"
    (home / "notes").write_text("what they show")
    assert len(zoo.read_examples(tmp_path / "some")["train"][0]) == 30
    (home / name).write_bytes((home / "01.png").read_bytes())
    with pytest.raises(InvalidInput, match=f"{name} is no PNG or JPEG file by its name, and would be left out"):
        zoo.read_examples(tmp_path / "some")


def test_what_memory_does_not_hold_is_one_error(tmp_path, monkeypatch):
    from zoo import data_files

    def full(*arguments, **options):
        raise MemoryError("Unable to allocate 28 GiB")

    folder = images(tmp_path / "some")
    monkeypatch.setattr(data_files.np, "empty", full)
    with pytest.raises(InvalidInput, match="do not fit into memory, choose a smaller size for them: Unable to allocate 28 GiB"):
        zoo.read_examples(folder, size=9)


def test_a_header_of_impossible_size_is_damage(tmp_path):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"1" + b"0" * 30 + b",), }\n"
    (tmp_path / "odd.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with zipfile.ZipFile(tmp_path / "odd.npz", "w") as archive:
        archive.write(tmp_path / "odd.npy", "x.npy")
        archive.write(tmp_path / "odd.npy", "y.npy")
    for read, name in ((zoo.read_examples, "odd.npz"), (read_series, "odd.npy")):
        with pytest.raises(CorruptFile, match="damaged"):
            read(tmp_path / name)


@pytest.mark.parametrize("text, values", [("0,1.5\n1,2.5\n", None), ("1,5\n2,5", None), ("1.5, 2.5\n", [1.5, 2.5]),
                                          ("1.5,\n2.5,\n", [1.5, 2.5]), ("1, 2, 3\n4, 5", [1, 2, 3, 4, 5]),
                                          ("\ufeff5\n6\n", [5, 6])])  # fmt: skip
def test_a_series_has_one_column(tmp_path, text, values):
    """An index beside the values, or a decimal comma, would be read as values, too."""
    (tmp_path / "series.csv").write_text(text)
    if values is None:
        with pytest.raises(InvalidInput, match="two columns"):
            read_series(tmp_path / "series.csv")
    else:
        assert read_series(tmp_path / "series.csv").tolist() == values


@pytest.mark.parametrize("text", ["0\t5\n1\t7\n", "0,5,1\n1,7,1\n2,9,1\n", "1900 5\n1901 7\n1902 6\n", "0 x\n1 y\n2 z\n"])
def test_a_table_is_no_series(tmp_path, text):
    (tmp_path / "table.txt").write_text(text)
    with pytest.raises(InvalidInput, match="word 2 is 'x'" if "x" in text else "has several columns"):
        read_series(tmp_path / "table.txt")


@pytest.mark.parametrize("text", ["5 7 6\n9 4 8\n3 2 1\n", "1 2 3\n4 5 6\n7 8", "5 7\n5 9\n5 8\n", "1 2 3\n4 5 6\n7 8 9\n"])
def test_a_series_may_be_printed_in_rows(tmp_path, text):
    (tmp_path / "rows.txt").write_text(text)
    assert read_series(tmp_path / "rows.txt").tolist() == [float(word) for word in text.split()]


def test_arrays_of_one_split(tmp_path):
    np.savez_compressed(tmp_path / "some.npz", x=X, y=Y)
    assert list(zoo.read_examples(str(tmp_path / "some.npz"))) == ["train"]


def test_a_folder_for_each_class(tmp_path):
    (found,) = zoo.read_examples(images(tmp_path / "some")).values()
    x, y = found
    order = np.argsort(Y, kind="stable")
    assert np.array_equal(x, X[order]) and list(y) == [f"kind {label}" for label in Y[order]]


def test_folders_of_splits_and_what_else_lies_there(tmp_path):
    images(tmp_path / "train")
    images(tmp_path / "val", X[:6], Y[:6])
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "train" / "kind 0" / "notes.txt").write_text("not an image")
    (tmp_path / "train" / ".hidden").mkdir()
    found = zoo.read_examples(tmp_path)
    assert {split: len(x) for split, (x, _) in found.items()} == {"train": 30, "validation": 6}


def test_colours_where_one_image_has_any_and_grey_on_demand(tmp_path):
    coloured = np.repeat(X[..., None], 3, axis=3)
    images(tmp_path / "some", coloured)
    assert zoo.read_examples(tmp_path / "some")["train"][0].shape == (30, 9, 7), "all of them grey"
    coloured[-1, 0, 0] = (255, 0, 0)
    images(tmp_path / "some", coloured)
    assert zoo.read_examples(tmp_path / "some")["train"][0].shape == (30, 9, 7, 3)
    assert zoo.read_examples(tmp_path / "some", grey=True)["train"][0].shape == (30, 9, 7)


def test_sizes_that_differ_are_brought_to_one(tmp_path):
    images(tmp_path / "some")
    images(tmp_path / "some", RANDOM.randint(0, 256, (3, 20, 30), "uint8"), np.arange(3), ".jpg")
    with pytest.raises(InvalidInput, match="30x20 pixels, .* 7x9; say to which one"):
        zoo.read_examples(tmp_path / "some")
    assert zoo.read_examples(tmp_path / "some", size=16)["train"][0].shape[:3] == (33, 16, 16)
    assert zoo.read_examples(tmp_path / "some", size=(8, 12), grey=True)["train"][0].shape == (33, 8, 12)


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    "content, kind, said",
    [
        (b"", CorruptFile, "no .npz"),
        (b"some text", CorruptFile, "no .npz"),
        (npz(x=X, y=Y)[:300], CorruptFile, "no .npz"),
        (npz(x=X, y=np.array([{"a": 1}] * 30)), CorruptFile, "no .npz of plain numbers"),
        (npz(images=X, labels=Y), InvalidInput, "holds images, labels; x_train"),
        (npz(x_train=X, y_train=Y, x_test=X), InvalidInput, "holds x_test of test: one pair is wanted"),
        (npz(x_train=X, y_train=Y, train_images=X, train_labels=Y), InvalidInput, "of train: one pair is wanted"),
        (npz(x=X, y=Y, x_test=X, y_test=Y), InvalidInput, "holds x_test, y_test besides"),
        (npz(), InvalidInput, "holds nothing"),
    ],
)
def test_a_file_that_is_none(tmp_path, content, kind, said):
    (tmp_path / "some.npz").write_bytes(content)
    with pytest.raises(kind, match=said):
        zoo.read_examples(tmp_path / "some.npz")


def test_what_is_not_laid_out_so(tmp_path):
    with pytest.raises(InvalidInput, match="There is no file or folder"):
        zoo.read_examples(tmp_path / "none.npz")
    with pytest.raises(InvalidInput, match="no PNG or JPEG files in a folder for each class"):
        zoo.read_examples(tmp_path)
    np.savetxt(tmp_path / "table.csv", X[0])
    with pytest.raises(InvalidInput, match="is a table, .*zoo.datasets.add"):
        zoo.read_examples(tmp_path / "table.csv")
    (tmp_path / "table.csv").rename(tmp_path / "table")
    with pytest.raises(CorruptFile, match="of another kind"):
        zoo.read_examples(tmp_path / "table")
    np.save(tmp_path / "one.npy", X)
    with pytest.raises(InvalidInput, match="holds one array"):
        zoo.read_examples(tmp_path / "one.npy")
    with pytest.raises(InvalidInput, match="no folder of images"):
        zoo.read_examples(tmp_path / "one.npy", size=8)
    for size in (0, 2.5, (8, 8, 8), "8", True, 100_000):
        with pytest.raises(InvalidInput, match="A size is"):
            zoo.read_examples(images(tmp_path / "some"), size=size)
    (tmp_path / "some" / "kind 0" / "x.png").write_bytes(b"no image")
    with pytest.raises(InvalidInput, match="x.png is no image"):
        zoo.read_examples(tmp_path / "some")


@pytest.mark.parametrize(
    "beside, said",
    [
        ("train/kind 0/deeper/1.png", "a folder inside that of a class"),
        ("train/kind 0/1.webp", "no PNG or JPEG file by its name"),
        ("train/kind 0/1.jfif", "no PNG or JPEG file by its name"),
        ("train/1.png", "lies in no folder of a class"),
        ("1.jpg", "lies in no folder of a class"),
        ("train/kind 9/notes.txt", "kind 9 holds no PNG or JPEG files; a class needs some"),
        ("test/1.png", "test holds no PNG or JPEG files in a folder for each class"),
        ("Train/kind 0/1.png", "a second time"),
        ("kind 7/1.png", "is no split; train, validation"),
    ],
)
def test_nothing_is_left_out_without_a_word(tmp_path, beside, said):
    images(tmp_path / "train")
    (tmp_path / beside).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / beside).write_bytes((tmp_path / "train/kind 0/00.png").read_bytes())
    with pytest.raises(InvalidInput, match=said):
        zoo.read_examples(tmp_path)


def test_a_link_to_nothing_is_no_image(tmp_path):
    folder = images(tmp_path / "some")
    (folder / "kind 0" / "99.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(InvalidInput, match="99.png is a link to nothing, and would be left out"):
        zoo.read_examples(folder)


def test_images_that_show_little_are_examples_too_and_files_of_several_are_none(tmp_path):
    blank = X.copy()
    blank[0], blank[1] = 7, np.arange(63).reshape(9, 7) % 5
    (found,) = zoo.read_examples(images(tmp_path / "some", blank)).values()
    assert sorted(x.tobytes() for x in found[0]) == sorted(x.tobytes() for x in blank)
    with open(tmp_path / "some" / "kind 0" / "x.png", "wb") as file:
        np.save(file, X)
    with pytest.raises(InvalidInput, match="x.png holds 30 images"):
        zoo.read_examples(tmp_path / "some")


def test_the_command(tmp_path, call, monkeypatch):
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "cache"))
    folder = images(tmp_path / "some")
    code, printed, _ = call("data", "add", "my_kinds", folder, "--size", 12, "--title", "Three kinds", "--licence", "CC0")
    assert code == 0 and "my_kinds: 18/6/6, input (12, 12), 3 classes" in printed
    assert load("my_kinds").provenance["from"] == str(folder)
    code, printed, _ = call("datasets", "my_kinds")
    assert code == 0 and "Three kinds" in printed and "CC0" in printed and "18 in train" in printed
    code, _, error = call("data", "add", "kinds", tmp_path / "none")
    assert code == 1 and "called my_" in error, "before anything is read"
    code, _, error = call("data", "add", "my_kinds", folder)
    assert code == 1 and "--force" in error
    assert call("data", "add", "my_kinds", folder, "--force")[0] == 0 and load("my_kinds").input_shape == (9, 7)

"""Data sets of one's own: what goes in comes out, split and shuffled alike every time; what can't be meant is refused."""

import json

import numpy as np
import pytest
from sklearn.datasets import load_digits

from zoo.datasets import SPLITS, add, at_hand, cache, describe, fetch, list_datasets, load, pack, remove, unpack
from zoo.errors import CacheError, CorruptFile, InvalidInput, UnknownName

DIGITS = load_digits()
X, Y = (DIGITS.images * 15).astype("uint8"), DIGITS.target


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of the test's own, empty."""
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def together(data):
    """All examples with their labels, sorted."""
    return sorted((x.tobytes(), int(y)) for split in SPLITS for x, y in zip(*getattr(data, split)))


def test_every_example_goes_to_one_split_a_sixth_of_each_class_to_those_that_are_drawn():
    data = add("my_digits", (X, Y), title="Small digits", licence="BSD", source="scikit-learn")
    assert together(data) == sorted((x.tobytes(), int(y)) for x, y in zip(X, Y))
    assert (data.train.x.dtype, data.train.y.dtype, data.input_shape, data.classes) == ("uint8", "int32", (8, 8), 10)
    for split in (data.validation, data.test):
        assert np.array_equal(np.bincount(split.y), np.round(np.bincount(Y) / 6))
    assert all(len(np.unique(getattr(data, split).y[:100])) == 10 for split in SPLITS), "in no order of labels"
    assert data.class_names == tuple("0123456789")
    assert (data.provenance["licence"], data.provenance["from"]) == ("BSD", "scikit-learn")


def test_the_same_examples_make_the_same_data_set(own_cache, monkeypatch):
    first = add("my_digits", (X, Y)).fingerprint
    assert add("my_digits", (X, Y)).fingerprint == first, "twice is no mistake"
    monkeypatch.setenv("ZOO_DATA_DIR", str(own_cache / "other"))
    assert add("my_digits", (X, Y), title="called otherwise").fingerprint == first


def test_it_is_known_as_the_others_are(tmp_path, monkeypatch):
    assert list_datasets("my_*") == []
    data = add("my_digits", (X, Y), title="Small digits")
    assert list_datasets("my_*") == ["my_digits"] and "mnist" in list_datasets()
    info = describe("my_digits")
    assert (info.title, info.classes, info.input_shape, info.x_dtype) == ("Small digits", 10, (8, 8), "uint8")
    assert info.sizes == {split: len(getattr(data, split).y) for split in SPLITS}
    assert "1,199 in train" in info.description and info.citation == ""
    assert at_hand("my_digits") and fetch("my_digits") == cache.root() / "my_digits"
    assert load("my_digits", source="own").fingerprint == data.fingerprint == info.fingerprint
    packed = pack(tmp_path / "own.tar.xz", "my_digits")
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "there"))
    assert unpack(packed) == ["my_digits"] and describe("my_digits").title == "Small digits"
    assert load("my_digits").fingerprint == data.fingerprint
    add("my_digits", (X[:200], Y[:200]), force=True)
    with pytest.raises(InvalidInput, match="another my_digits already.*or remove .*my_digits first"):
        unpack(packed)
    assert len(load("my_digits").train.x) < 200, "and that stays"


def test_splits_that_are_given_stay_what_they_are():
    data = add("my_digits", (X[:1000], Y[:1000]), test=(X[1000:], Y[1000:]), class_names=[f"digit {n}" for n in range(10)])
    assert sorted(x.tobytes() for x in data.test.x) == sorted(x.tobytes() for x in X[1000:])
    assert len(data.train.x) + len(data.validation.x) == 1000 and data.class_names[3] == "digit 3"
    whole = add("my_three", (X[:800], Y[:800]), (X[800:1000], Y[800:1000]), (X[1000:], Y[1000:]))
    assert [len(getattr(whole, split).x) for split in SPLITS] == [800, 797, 200]


def test_labels_that_are_names_or_have_gaps_are_numbered():
    names = np.where(Y % 2, "odd", "even")
    data = add("my_parity", (X, names))
    assert data.class_names == ("even", "odd") and data.classes == 2
    assert together(data) == sorted((x.tobytes(), int(y == "odd")) for x, y in zip(X, names))
    gaps = add("my_gaps", (X, 10.0 * Y[:, None]))
    assert gaps.class_names[:3] == ("0", "10", "20") and gaps.train.y.max() == 9
    for place, labels in enumerate((names.astype("S"), names.astype(object), list(names))):
        assert add(f"my_{place}", (X, labels)).class_names == ("even", "odd")
    assert add("my_truths", (X, Y % 2 == 1)).class_names == ("0", "1")


@pytest.mark.parametrize(
    "x, kept",
    [
        (X, X),
        (X.astype("int64"), X),
        (X.astype("float64"), X),
        ((X / 255).astype("float32"), X),
        (X > 100, 255 * (X > 100)),
        ((X > 100).astype("uint8"), 255 * (X > 100)),
        ((X > 100).reshape(-1, 64).astype("uint8"), (X > 100).reshape(-1, 64)),
        ((X > 100).reshape(-1, 64).astype("float32"), (X > 100).reshape(-1, 64)),
    ],
)
def test_levels_are_kept_as_whole_numbers(x, kept, capsys):
    data = add("my_digits", (x, Y))
    assert data.train.x.dtype == "uint8"
    assert together(data) == sorted((one.tobytes(), int(y)) for one, y in zip(kept.astype("uint8"), Y))
    assert ("kept as whole ones in 0..255" in capsys.readouterr().err) == (x.max() <= 1 and kept.max() > 1)


def test_images_of_other_numbers_are_kept_and_told_of(capsys):
    for number, (x, said) in enumerate(((X // 15, "0..16"), (X / 300, "0..1"), (X / 255 - 0.5, "-0.5..0.441"), (X, None))):
        add(f"my_{number}", (x, Y))
        told = capsys.readouterr().err
        assert f"the numbers are in {said}, while" in told if said else "while" not in told


@pytest.mark.parametrize("x", [X / 255 - 0.5, X * 1.5 + 0.25, X.astype("int32") - 1, X.astype("uint16") * 100, X / 300])
def test_other_numbers_are_kept_as_they_are(x):
    data = add("my_digits", (x, Y))
    assert data.train.x.dtype == "float32"
    assert together(data) == sorted((one.tobytes(), int(y)) for one, y in zip(x.astype("float32"), Y))


def test_one_hot_sequences_are_no_images(capsys):
    codes = np.random.RandomState(0).randint(0, 5, (30, 12))
    for dtype in ("float64", "float32", "uint8"):
        data = add("my_sequences", (np.eye(5, dtype=dtype)[codes], np.arange(30) % 2), force=True)
        assert {*np.unique(data.train.x)} == {0, 1} and "0..255" not in capsys.readouterr().err


def test_small_numbers_are_no_zeros():
    """Not even beside features that are levels."""
    draws = np.random.default_rng(0)
    tiny = draws.uniform(0, 3e-6, (len(Y), 5))
    mixed = np.column_stack([draws.integers(0, 100, (len(Y), 2)), draws.uniform(0, 1e-3, len(Y))])
    mixed[0] = 0
    for number, x in enumerate((tiny, mixed, draws.uniform(0, 1e-4, (len(Y), 8, 8)))):
        data = add(f"my_{number}", (x, Y))
        assert data.train.x.dtype == "float32"
        assert together(data) == sorted((one.tobytes(), int(y)) for one, y in zip(x.astype("float32"), Y))


def test_large_labels_of_splits_with_and_without_a_sign_are_told_apart():
    large = 2**60 + Y.astype("uint64")
    data = add("my_ids", (X, large), test=(X[:300], large[:300].astype("int64")))
    assert data.class_names == tuple(str(2**60 + digit) for digit in range(10))
    assert np.array_equal(np.bincount(data.test.y), np.bincount(Y[:300]))


def test_texts_may_be_in_any_language():
    folder = "\u06af\u0644\u200c\u0647\u0627"
    data = add("my_flowers", (X, Y), title=folder, source=f"{folder}\x1b[2J")
    assert describe("my_flowers").title == folder and data.provenance["from"] == f"{folder}\\x1b[2J"


def test_levels_are_of_all_splits_together():
    """Test examples of zeros and ones are no black and white ones beside a train split that has more."""
    few = (X // 100).astype("uint8")
    data = add("my_digits", (few[:1000], Y[:1000]), test=(few[1000:] > 0, Y[1000:]))
    assert data.train.x.dtype == data.test.x.dtype == "uint8" and data.train.x.max() == 2 and data.test.x.max() == 1
    floats = add("my_floats", (few[:1000] / 2, Y[:1000]), test=(few[1000:] / 4, Y[1000:]))
    assert floats.train.x.dtype == floats.test.x.dtype == "float32" and floats.train.x.max() == 1


def test_examples_that_are_in_train_as_well_are_told_of(capsys):
    add("my_digits", (X[:300], Y[:300]), test=(X[290:340], Y[290:340]), validation=(X[340:400], Y[340:400]))
    assert "10 of 50 examples in test of my_digits are in train as well" in capsys.readouterr().err
    add("my_others", (X[:300], Y[:300]))
    assert "as well" not in capsys.readouterr().err


def test_another_one_of_that_name_needs_force():
    first = add("my_digits", (X, Y))
    with pytest.raises(InvalidInput, match="another my_digits already.*--force"):
        add("my_digits", (X[:500], Y[:500]))
    assert load("my_digits").fingerprint == first.fingerprint
    with pytest.raises(InvalidInput, match="another my_digits already"):
        add("my_digits", (X, Y), class_names=[f"digit {n}" for n in range(10)])
    assert len(add("my_digits", (X[:500], Y[:500]), force=True).train.x) < 500


def test_damage_is_found_and_the_remedy_named(own_cache):
    add("my_digits", (X, Y), source="digits.npz")
    (array,) = own_cache.glob("my_digits/arrays-*/train_x.npy")
    array.write_bytes(array.read_bytes()[:-1] + b"\xff")
    with pytest.raises(CorruptFile, match="sha256 of train_x.npy.*Add it again with --force; it came from digits.npz"):
        load("my_digits")
    add("my_digits", (X, Y), force=True)
    (own_cache / "my_digits/manifest.json").write_text("{}")
    with pytest.raises(CacheError, match="manifest.json is damaged.*Add my_digits again"):
        load("my_digits")
    with pytest.raises(InvalidInput, match="another my_digits"):
        add("my_digits", (X, Y))
    assert [*own_cache.glob("my_digits/arrays-*/train_x.npy")], "the only copy stays where another one is refused"
    assert len(add("my_digits", (X, Y), force=True).train.x) == 1199
    assert len([*own_cache.glob("my_digits/arrays-*")]) == 1


@pytest.mark.parametrize("change", [
    lambda manifest: manifest.pop("own"),
    lambda manifest: manifest["own"].update(title=3),
    lambda manifest: manifest["own"].update(title="\x1b]0;yours\x07"),
    lambda manifest: manifest["provenance"].update(licence="one\ntwo"),
    lambda manifest: manifest["own"].update(class_names=["a", "a"]),
    lambda manifest: manifest["own"].update(class_names="ab"),
    lambda manifest: manifest["own"].update(class_names=["a"]),
    lambda manifest: manifest.update(version="2"),
    lambda manifest: manifest.update(name="my_other"),
    lambda manifest: manifest["arrays"]["train_x"].update(shape=[]),
    lambda manifest: manifest["arrays"]["test_y"].update(shape=[3]),
])  # fmt: skip
def test_a_manifest_that_tells_something_else_is_damaged_and_the_others_are_shown(own_cache, change, call, tmp_path):
    add("my_digits", (X, Y))
    packed = pack(tmp_path / "own.tar.xz", "my_digits")
    add("my_others", (X, Y))
    path = own_cache / "my_others/manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(CacheError, match="is damaged.*Add my_others again"):
        describe("my_others")
    code, printed, _ = call("datasets")
    assert code == 0 and "damaged" in printed and "my_digits" in printed and "fashion_mnist" in printed
    assert unpack(packed) == ["my_digits"]


def test_a_preset_of_ones_own_floats_is_given_no_pixels():
    from zoo.tasks import own_scale

    add("my_floats", (X / 300, Y))
    card = {"dataset": {"name": "my_floats"}, "model": {"options": {"rescale": None}}}
    assert own_scale(card) and not own_scale(card | {"dataset": {"name": "mnist"}})


def test_no_home_folder_is_needed_to_know_the_zoos_own(monkeypatch):
    monkeypatch.setenv("ZOO_DATA_DIR", "~nobody-of-that-name/cache")
    assert "mnist" in list_datasets() and describe("mnist").classes == 10


def test_a_preset_is_not_evaluated_on_somebody_elses_data_of_the_same_name(tmp_path):
    from zoo.presets.proving import _task_on

    add("my_digits", (X, Y), class_names=[f"digit {n}" for n in range(10)])
    own = {"name": "my_digits", "fingerprint": describe("my_digits").fingerprint}
    model = {"name": "mlp", "input_shape": [8, 8], "classes": 10, "options": {}}
    card = {"name": "a", "model": model, "dataset": own, "class_names": [*"abcdefghij"]}
    assert _task_on(card, "my_digits")
    with pytest.raises(InvalidInput, match="its error there would mean nothing"):
        _task_on(card | {"dataset": own | {"fingerprint": "another"}}, "my_digits")


def test_one_that_is_not_there_is_unknown():
    add("my_digits", (X, Y))
    with pytest.raises(UnknownName):
        describe(["my_digits"])
    with pytest.raises(UnknownName, match="my_digit'. Did you mean my_digits.*zoo data add my_digit"):
        load("my_digit")


NAN = np.where(X == 0, np.nan, X)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("digits", (X, Y)), "called my_, as"),
        (("my_Digits", (X, Y)), "called my_, as"),
        (("my_../x", (X, Y)), "called my_, as"),
        (("my_" + 60 * "x", (X, Y)), "60 characters at most"),
        ((3, (X, Y)), "called my_, as"),
        (("my_x", ([[1, 2], [3]], [0, 1])), "ragged"),
        (("my_x", (X, Y * 1e300)), "float64; integers or strings"),
        (("my_x", None), "needs examples to train on"),
        (("my_x", X), "train is a pair"),
        (("my_x", {"x": X, "y": Y}), "train is a pair"),
        (("my_x", (X, Y[:-1])), "1,797 examples in train of my_x and 1,796 labels"),
        (("my_x", (X, np.eye(10)[Y])), "argmax"),
        (("my_x", (X[:0], Y[:0])), "none empty"),
        (("my_x", (Y, Y)), r"shape \(1797,\)"),
        (("my_x", (NAN, Y)), "NaN or infinite"),
        (("my_x", (X.astype("U3"), Y)), "<U3; integers or floats"),
        (("my_x", (X * 1e9, Y)), "scale them"),
        (("my_x", (X, Y + 0.5)), "float64; integers or strings"),
        (("my_x", (X, np.array([b"caf\xe9", b"caf\xe8", b"tea"])[Y % 3])), "bytes that are no UTF-8"),
        (("my_x", (X, Y.astype("uint64") + np.uint64(2**63))), "beyond 64 bits with a sign"),
        (("my_x", (X, 0 * Y)), "two classes are the least"),
        (("my_x", (X[:9], Y[:9])), "too few examples of the class 0 to draw test"),
        (("my_x", (X[Y < 9], Y[Y < 9]), (X, Y)), "the label 9 in test that no example in train has"),
        (("my_x", (X, Y), (X, Y.astype(str))), "strings in one of train and test"),
        (("my_x", (X, Y), (X[:, :4], Y)), r"\(4, 8\), uint8, in test and \(8, 8\), uint8, in train"),
        (("my_x", (X, Y), (X - 0.5, Y)), "float64, in test"),
    ],
)
def test_what_can_not_be_meant_is_refused_and_leaves_nothing(arguments, said, own_cache):
    with pytest.raises(InvalidInput, match=said):
        add(*arguments)
    assert list_datasets("my_*") == []


def test_texts_are_texts():
    with pytest.raises(InvalidInput, match="title of my_x is one line"):
        add("my_x", (X, Y), title="two\nlines")
    for names in (["a", "b"], 3, "0123456789"):
        with pytest.raises(InvalidInput, match="class_names is a list of texts that names the labels"):
            add("my_x", (X, Y), class_names=names)
    assert add("my_x", (X, Y), source="a file\nof mine").provenance["from"] == "a file of mine"


@pytest.mark.parametrize("names", [["cat", "cat"], ["a\nb", "c"], ["", "c"]])
def test_classes_are_called_what_models_of_them_can_be(names):
    with pytest.raises(InvalidInput, match="different words, none empty, each on one line"):
        add("my_digits", (X, Y % 2), class_names=names)


def test_masked_values_are_no_values():
    for arrays in ((np.ma.masked_equal(X, 0), Y), (X, np.ma.masked_equal(Y, 3))):
        with pytest.raises(InvalidInput, match="masked values, which would count; fill them in"):
            add("my_digits", arrays)
    assert "my_digits" not in list_datasets()


def test_what_is_removed_is_gone_and_can_be_added_anew(own_cache):
    data = add("my_digits", (X, Y))
    assert remove("my_digits") == cache.root() / "my_digits"
    assert list_datasets("my_*") == [] and not at_hand("digits")
    assert (data.test.x[0] > 0).any(), "what was loaded stays readable"
    with pytest.raises(UnknownName):
        remove("my_digits")
    with pytest.raises(CacheError, match="no digits in the cache"):
        remove("digits")
    assert add("my_digits", (X, Y)).fingerprint == data.fingerprint
    (cache.root() / "my_digits" / "manifest.json").write_text("{")  # which nothing else can read any more
    remove("my_digits")
    assert load("digits").classes == 10 and remove("digits").name == "digits" and not at_hand("digits")
    elsewhere = own_cache / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("")
    (cache.root() / "my_link").symlink_to(elsewhere)
    (elsewhere / "manifest.json").write_text("{}")
    remove("my_link")
    assert (elsewhere / "kept").exists() and list_datasets("my_*") == []


def test_tables_of_numbers_and_truths_are_taken_and_sparse_ones_told_what_to_do():
    import pandas as pd
    from scipy.sparse import csr_matrix

    flat = X.reshape(len(X), -1)
    table = pd.get_dummies(pd.DataFrame({"a": flat[:, 20], "b": np.where(flat[:, 21] > 7, "dark", "light")}))
    data = add("my_table", (table, Y))
    assert data.input_shape == (3,) and data.train.x.dtype == "uint8" and set(np.unique(data.train.x[:, 1:])) == {0, 1}
    whole = add("my_ids", (pd.DataFrame({"a": Y.astype("int16"), "b": 2**20 + Y}), Y), test=(pd.DataFrame({"a": Y, "b": Y}), Y))
    assert whole.train.x.dtype == "float32" and set(whole.train.x[:, 1]) == {*range(2**20, 2**20 + 10)}
    with pytest.raises(InvalidInput, match="x in train of my_sparse is a sparse matrix; its .toarray"):
        add("my_sparse", (csr_matrix(flat), Y))


def test_what_is_told_of_a_set_stays_where_it_is_added_again():
    add("my_digits", (X, Y), title="Small digits", licence="BSD")
    again = add("my_digits", (X, Y))
    assert (describe("my_digits").title, again.provenance["licence"]) == ("Small digits", "BSD")
    other = add("my_digits", (X, Y), licence="CC0")
    assert (describe("my_digits").title, other.provenance["licence"]) == ("Small digits", "CC0")


def test_what_an_interrupted_add_left_can_be_removed(own_cache):
    (own_cache / "my_digits" / ".building-1").mkdir(parents=True)
    (own_cache / "my_digits" / ".building-1" / "train_x.npy").write_bytes(b"some")
    with pytest.raises(UnknownName):
        load("my_digits")
    assert remove("my_digits") == own_cache / "my_digits"
    assert not (own_cache / "my_digits" / ".building-1").exists()
    with pytest.raises(UnknownName):
        remove("my_others")


def test_a_set_that_another_process_puts_in_its_place_meanwhile_is_read_as_a_whole(monkeypatch):
    from zoo.datasets import prepare

    add("my_digits", (X, Y))
    ready = prepare.ready

    def late(*arguments, **options):  # between what is known of the set and its arrays
        monkeypatch.setattr(prepare, "ready", ready)
        add("my_digits", (X[:, :6], Y % 3), force=True)
        return ready(*arguments, **options)

    monkeypatch.setattr(prepare, "ready", late)
    data = load("my_digits")
    assert (data.input_shape, data.classes) == ((6, 8), 3) and data.train.x.shape[1:] == (6, 8) and data.train.y.max() == 2


def test_an_interrupt_after_a_file_got_its_name_is_an_interrupt(tmp_path, monkeypatch):
    def renamed(source, target, replace=cache.os.replace):
        replace(source, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(cache.os, "replace", renamed)
    with pytest.raises(KeyboardInterrupt):
        cache._write_json(tmp_path / "some.json", {"a": 1})
    assert json.loads((tmp_path / "some.json").read_text()) == {"a": 1}


def test_too_little_memory_is_one_error(monkeypatch):
    from zoo.datasets import own

    def full(*arguments):
        raise MemoryError("Unable to allocate 28 GiB")

    monkeypatch.setattr(own, "_levels", full)
    with pytest.raises(InvalidInput, match="my_digits does not fit into memory, give smaller or fewer examples: Unable"):
        add("my_digits", (X, Y))

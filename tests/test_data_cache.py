"""The array cache: repaired when damaged, safe with several processes."""

import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from cache_example import folder, python  # noqa: F401
from zoo.datasets import Split, cache, describe, fetch, list_datasets, load
from zoo.errors import CorruptFile, InvalidInput, UnknownName


def array_file(folder, name="train_x"):
    return next(folder.glob(f"arrays-*/{name}.npy"))


def flip_a_byte(folder):
    with open(array_file(folder), "r+b") as file:
        file.seek(5000)
        byte = file.read(1)
        file.seek(5000)
        file.write(bytes([byte[0] ^ 1]))


def truncate(folder):
    os.truncate(array_file(folder), 5000)


def empty(folder):
    os.truncate(array_file(folder), 0)


def remove_an_array(folder):
    array_file(folder).unlink()


def swap_arrays(folder):
    os.replace(array_file(folder, "test_x"), array_file(folder, "validation_x"))


def remove_all_arrays(folder):
    shutil.rmtree(array_file(folder).parent)


def pickle_instead(folder):
    np.save(array_file(folder), np.array([{"an": "object"}], dtype=object), allow_pickle=True)


def garble_manifest(folder):
    (folder / "manifest.json").write_bytes(b"\xff\x00 not json")


def truncate_manifest(folder):
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text[: len(text) // 2])


def open_a_string_in_a_header(folder):
    path = array_file(folder)
    path.write_bytes(path.read_bytes().replace(b"{'descr': '", b"{'descr':  ", 1))


def manifest_of_another_kind(folder):
    (folder / "manifest.json").write_text("[]")


def manifest_pointing_outside(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "folder": "../../elsewhere"}))


def manifest_naming_no_folder(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "folder": ["arrays"]}))


def manifest_with_another_hash(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["arrays"]["test_y"]["sha256"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))


def manifest_naming_what_is_no_name(folder, name="arrays\0"):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "folder": name}))


def manifest_naming_half_a_character(folder):
    manifest_naming_what_is_no_name(folder, "arrays\ud800")


def manifest_naming_too_long_a_folder(folder):
    manifest_naming_what_is_no_name(folder, "a" * 300)


def manifest_too_deep(folder):
    (folder / "manifest.json").write_text("[" * 100_000)


def manifest_with_an_endless_array(folder, **entry):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["arrays"]["test_y"] |= entry or {"shape": [float("inf")]}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def manifest_with_half_a_dtype(folder):
    manifest_with_an_endless_array(folder, dtype="(2,")


def manifest_that_is_a_folder(folder):
    (folder / "manifest.json").unlink()
    (folder / "manifest.json" / "inside").mkdir(parents=True)


def array_that_is_a_folder(folder):
    path = array_file(folder)
    path.unlink()
    path.mkdir()


def arrays_that_are_a_file(folder):
    (arrays,) = folder.glob("arrays-*")
    shutil.rmtree(arrays)
    arrays.write_text("mine")


DAMAGES = [
    flip_a_byte,
    truncate,
    open_a_string_in_a_header,
    empty,
    remove_an_array,
    swap_arrays,
    remove_all_arrays,
    pickle_instead,
    garble_manifest,
    truncate_manifest,
    manifest_of_another_kind,
    manifest_pointing_outside,
    manifest_naming_no_folder,
    manifest_with_another_hash,
    manifest_naming_what_is_no_name,
    manifest_too_deep,
    manifest_that_is_a_folder,
    array_that_is_a_folder,
    arrays_that_are_a_file,
    manifest_naming_half_a_character,
    manifest_naming_too_long_a_folder,
    manifest_with_an_endless_array,
    manifest_with_half_a_dtype,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_said_and_repaired(damage, folder, capfd):
    good = load("digits")
    content, fingerprint = good.train.x.copy(), good.fingerprint
    del good
    capfd.readouterr()
    damage(folder)
    repaired = load("digits")
    said = capfd.readouterr().err
    assert said.count("corrupt") == 1
    assert repaired.fingerprint == fingerprint
    assert np.array_equal(repaired.train.x, content)
    assert len(list(folder.glob("arrays-*"))) == 1
    load("digits")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("stamps", [None, [], "x", 3, "deep", "folder"])
def test_a_record_of_what_was_verified_that_says_nothing_costs_a_look_at_every_array(stamps, folder, hashed, capfd):
    load("digits")
    record = folder / "verified.json"
    content = json.loads(record.read_text())
    record.write_text("[" * 100_000 if stamps == "deep" else json.dumps(content | {"stamps": stamps}))
    if stamps == "folder":
        record.unlink()
        record.mkdir()
    hashed.clear()
    assert len(load("digits").train.x) and len(hashed) == 6
    assert capfd.readouterr().err == ""


def test_the_arrays_of_another_set_are_no_cache_of_this_one(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path))
    load("spiral_arms")
    shutil.copytree(tmp_path / "spiral_arms", tmp_path / "interleaved_curves")
    assert (
        set(load("interleaved_curves").train.y) == {0, 1}
        and load("interleaved_curves").fingerprint != load("spiral_arms").fingerprint
    )
    assert "the cache of interleaved_curves is corrupt: it holds spiral_arms; preparing it anew" in capfd.readouterr().err


def test_another_version_is_replaced(folder, capfd):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "version": "0.9.0"}))
    load("digits")
    assert "corrupt" not in capfd.readouterr().err
    assert json.loads((folder / "manifest.json").read_text())["version"] == manifest["version"]


@pytest.fixture
def hashed(monkeypatch):
    """A list that has one entry more for every array that is hashed."""
    found, true_hash = [], cache.content_hash
    monkeypatch.setattr(cache, "content_hash", lambda array: found.append(1) or true_hash(array))
    return found


def test_a_warm_load_hashes_nothing_and_a_fetch_everything(folder, hashed):
    load("digits")
    assert len(hashed) == 0
    assert fetch("digits") == folder
    assert len(hashed) == len(cache.ARRAYS)


def test_a_copied_cache_is_verified_once(folder, hashed, tmp_path, monkeypatch):
    shutil.copytree(folder.parent, tmp_path / "sound", copy_function=shutil.copyfile)  # with times of their own
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "sound"))
    for hashes in (len(cache.ARRAYS), 0):
        hashed.clear()
        cache.read(describe("digits"))
        assert len(hashed) == hashes


def test_a_copied_cache_is_verified(folder, tmp_path, monkeypatch):
    shutil.copytree(folder.parent, tmp_path / "carried")
    flip_a_byte(tmp_path / "carried" / "digits")
    os.utime(array_file(tmp_path / "carried" / "digits"), ns=(0, array_file(folder).stat().st_mtime_ns))
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "carried"))
    with pytest.raises(cache.Unusable, match="sha256"):
        cache.read(describe("digits"))


def test_arrays_stay_readable_while_the_cache_is_rebuilt(folder):
    before = load("digits")
    content = before.test.x.copy()
    garble_manifest(folder)
    load("digits")
    assert np.array_equal(before.test.x, content)


def test_processes_at_once_build_once(tmp_path):
    code = """
import os, time
from zoo.datasets import digits, load
from zoo.datasets.digits import build
slow = build.build
def slowly(folder):
    time.sleep(1)
    return slow(folder)
build.build = slowly
print(load("digits").fingerprint)
"""
    environment = {**os.environ, "ZOO_DATA_DIR": str(tmp_path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([sys.executable, "-c", code], env=environment, **pipes) for _ in range(4)]
    outcomes = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * 4, outcomes
    assert len({out for out, _ in outcomes}) == 1
    assert sum("preparing digits from" in err for _, err in outcomes) == 1


def test_a_killed_build_leaves_nothing_in_the_way(tmp_path):
    code = """
import os
from zoo.datasets import cache, load
cache._write_json = lambda *_: os.kill(os.getpid(), 9)
load("digits")
"""
    environment = {**os.environ, "ZOO_DATA_DIR": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True).returncode == -9
    assert list((tmp_path / "digits").glob("arrays-*"))
    done = python("from zoo.datasets import load; print(load('digits'))", ZOO_DATA_DIR=str(tmp_path))
    assert "1,197" in done.stdout and "corrupt" not in done.stderr
    assert len(list((tmp_path / "digits").glob("arrays-*"))) == 1
    assert not list((tmp_path / "digits").glob(".building-*"))


WRONG = {
    "too few": lambda x, y: (x[:-1], y[:-1]),
    "unequal": lambda x, y: (x, y[:-1]),
    "wrong shape": lambda x, y: (x[:, :7], y),
    "wrong type": lambda x, y: (x.astype(np.float32), y),
    "label out of range": lambda x, y: (x, y + 1),
    "negative label": lambda x, y: (x, y - 1),
}


def test_a_part_of_a_download_outlives_builds_that_fail_and_goes_when_one_succeeds(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path))
    kept = cache.kept("digits")
    kept.mkdir(parents=True)
    (kept / "part").write_text("half")
    with pytest.raises(KeyboardInterrupt), cache.building("digits", print):
        raise KeyboardInterrupt
    assert (kept / "part").read_text() == "half"
    load("digits")
    assert not kept.exists()


@pytest.mark.parametrize("mistake", WRONG)
def test_a_build_that_breaks_its_promise_never_reaches_the_cache(mistake, tmp_path, monkeypatch):
    from zoo.datasets.digits import build

    def wrong(folder, right=build.build):
        built = right(folder)
        return built._replace(splits={**built.splits, "validation": Split(*WRONG[mistake](*built.splits["validation"]))})

    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(build, "build", wrong)
    with pytest.raises(CorruptFile, match="validation split of digits"):
        load("digits")
    assert not list((tmp_path / "digits").glob("*arrays*")) + list((tmp_path / "digits").glob("manifest.json"))


def test_relative_cache_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZOO_DATA_DIR", "here")
    load("digits")
    assert (tmp_path / "here" / "digits" / "manifest.json").is_file()


def test_warm_load_needs_no_tensorflow():
    load("mnist")
    code = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "tensorflow_datasets", "sklearn", "keras", "jax"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import zoo.datasets
zoo.datasets.load("mnist")
assert not {"tensorflow", "tensorflow_datasets", "keras", "jax"} & set(sys.modules)
"""
    python(code)


def test_data_sets_may_be_keys():
    first, second = load("digits"), load("digits")
    assert first != second and first.fingerprint == second.fingerprint
    assert {first: 1, second: 2}[first] == 1 and second not in [first]


def test_names():
    assert {"digits", "fashion_mnist", "mnist"} <= set(list_datasets())
    assert list_datasets("*mnist") == [name for name in list_datasets() if name.endswith("mnist")]
    assert list_datasets("nothing*") == []
    with pytest.raises(UnknownName, match="mnist"):
        load("mnits")
    with pytest.raises(UnknownName):
        load("../zoo")
    with pytest.raises(InvalidInput, match="official"):
        load("digits", source="mirror")


def test_digits_are_the_same_in_every_process(tmp_path):
    code = "from zoo.datasets import load; print(load('digits').fingerprint)"
    first, second = (python(code, ZOO_DATA_DIR=str(tmp_path / str(k)), PYTHONHASHSEED=str(k)) for k in range(2))
    assert first.stdout == second.stdout


def test_a_licence_is_what_is_known_now(folder, monkeypatch):
    before = load("digits").provenance
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["provenance"] |= {"licence": "unknown then", "homepage": "gone"}
    path.write_text(json.dumps(manifest))
    assert load("digits").provenance == before and before["licence"] == describe("digits").licence


def test_a_lock_of_another_user_can_be_held(tmp_path, monkeypatch):
    lock, opened = tmp_path / ".lock", os.open

    def open_as_a_stranger(path, flags, *mode, **options):
        if path == lock and flags & (os.O_RDWR | os.O_WRONLY):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags, *mode, **options)

    monkeypatch.setattr(os, "open", open_as_a_stranger)
    with pytest.raises(PermissionError), cache.alone(lock, "busy", pytest.fail):
        pass
    monkeypatch.undo()
    lock.touch()
    monkeypatch.setattr(os, "open", open_as_a_stranger)
    with cache.alone(lock, "busy", pytest.fail), open(lock) as again, pytest.raises(BlockingIOError):
        fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)

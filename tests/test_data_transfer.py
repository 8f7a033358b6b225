"""Moving the cache as one file: what comes out is what went in, and nothing else gets in."""

import errno
import fcntl
import io
import json
import os
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from zoo.datasets import Split, add, cache, fetch, load, pack, prepare, transfer, unpack
from zoo.errors import CorruptFile, DataUnavailable, InvalidInput, UnknownName


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """digits packed to a file; the cache is an empty other one now."""
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "here"))
    path = pack(tmp_path / "digits.tar.xz", ["digits"])
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "there"))
    return path


def rewritten(path, change):
    """The file with every (member, content) passed through change, which returns a list of such pairs."""
    with tarfile.open(path) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar]
    with tarfile.open(path, "w:xz", preset=0) as tar:
        for member, content in members:
            for changed, data in change(member, content):
                changed.size = len(data) if changed.isreg() else 0
                tar.addfile(changed, io.BytesIO(data))


def test_round_trip(packed, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(prepare, "_from_sources", None)  # nothing may be prepared on the other side
        assert unpack(packed) == ["digits"]
        there = load("digits")
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "here"))
    here = load("digits")
    assert there.fingerprint == here.fingerprint
    assert there.provenance == here.provenance
    assert (there.test.x == here.test.x).all()
    again = packed.with_name("again.tar.xz")
    assert pack(again, ["digits"]) == again
    assert again.read_bytes() == packed.read_bytes()
    assert again.stat().st_mode & 0o777 == 0o644, "for everybody to read"


def test_unpacking_over_a_ready_cache(packed):
    load("digits")
    assert unpack(packed) == ["digits"]
    assert len(load("digits").train.x) == 1197


def test_unpacking_holds_no_lock_while_it_waits_for_another(tmp_path, monkeypatch):
    """Whoever builds one data set may be waiting for another: two that hold what the other wants would wait for ever."""
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "here"))
    path = pack(tmp_path / "two.tar.xz", ["digits", "interleaved_curves"])
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "there"))
    waiting, patience = threading.Event(), 60
    monkeypatch.setattr("zoo.datasets.tell", lambda text: waiting.set())
    with ThreadPoolExecutor(1) as pool:
        with cache.building("interleaved_curves", print):
            unpacking = pool.submit(unpack, path)
            assert waiting.wait(patience)
            with open(tmp_path / "there" / "digits" / ".lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert unpacking.result(patience) == ["digits", "interleaved_curves"]


def truncated(path):
    os.truncate(path, path.stat().st_size // 2)


def not_an_archive(path):
    path.write_text("<html>")


def changed_array(path):
    def change(member, content):
        return [(member, content[:-1] + bytes([content[-1] ^ 1]) if member.name.endswith("test_x.npy") else content)]

    rewritten(path, change)


def without_an_array(path):
    rewritten(path, lambda member, content: [] if member.name.endswith("test_y.npy") else [(member, content)])


def oversized_array(path):
    rewritten(path, lambda member, content: [(member, content + bytes(5000) if member.name.endswith("y.npy") else content)])


def nothing(path):
    rewritten(path, lambda member, content: [])


def a_name_without_end(path):
    """Which tarfile would read whole into memory before anybody sees a member."""
    rewritten(path, lambda member, content: [(tarfile.TarInfo("a" * 300), b""), (member, content)])


def array_twice(path):
    rewritten(path, lambda member, content: [(member, content)] * (2 if member.name.endswith("test_y.npy") else 1))


def manifest_twice(path):
    rewritten(path, lambda member, content: [(member, content)] * (2 if member.name.endswith("json") else 1))


def outside(path):
    def change(member, content):
        return [(member, content), (tarfile.TarInfo("digits/../../escaped.npy"), content)]

    rewritten(path, change)


def absolute(path):
    rewritten(path, lambda member, content: [(tarfile.TarInfo("/digits/manifest.json"), content)])


def link(path):
    def change(member, content):
        if not member.name.endswith("test_y.npy"):
            return [(member, content)]
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        return [(member, b"")]

    rewritten(path, change)


def another_version(path):
    def change(member, content):
        if member.name.endswith("manifest.json"):
            content = json.dumps({**json.loads(content), "version": "9.9.9"}).encode()
        return [(member, content)]

    rewritten(path, change)


def another_name(path):
    def change(member, content):
        if member.name.endswith("manifest.json"):
            content = json.dumps({**json.loads(content), "name": "mnist"}).encode()
        return [(member, content)]

    rewritten(path, change)


def garbled_manifest(path, manifest=b"[1]"):
    rewritten(path, lambda member, content: [(member, manifest if member.name.endswith("json") else content)])


def manifest_too_deep(path):
    garbled_manifest(path, b"[" * 100_000)


def endless_array(path):
    def change(member, content):
        if member.name.endswith("manifest.json"):
            manifest = json.loads(content)
            manifest["arrays"]["test_y"]["shape"] = [float("inf")]
            content = json.dumps(manifest).encode()
        return [(member, content)]

    rewritten(path, change)


def sized_as_it_likes(path, part="train_x", **entry):
    def change(member, content):
        if member.name.endswith("manifest.json"):
            manifest = json.loads(content)
            manifest["arrays"][part] |= entry or {"shape": [10**12]}
            content = json.dumps(manifest).encode()
        return [(member, content)]

    rewritten(path, change)


def typed_as_it_likes(path):
    sized_as_it_likes(path, dtype="|V1000000000")


def targets_without_end(path):
    sized_as_it_likes(path, "test_y", shape=[300, 10**9])


def of_nowhere(path):
    def change(member, content):
        if member.name.endswith("manifest.json"):
            content = json.dumps({**json.loads(content), "provenance": {"source": "x"}}).encode()
        return [(member, content)]

    rewritten(path, change)


DAMAGES = [
    sized_as_it_likes,
    typed_as_it_likes,
    targets_without_end,
    of_nowhere,
    truncated,
    not_an_archive,
    changed_array,
    without_an_array,
    oversized_array,
    array_twice,
    manifest_twice,
    outside,
    absolute,
    link,
    another_name,
    garbled_manifest,
    manifest_too_deep,
    endless_array,
    nothing,
    a_name_without_end,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_nothing_but_a_whole_packed_file_is_taken(damage, packed, tmp_path):
    damage(packed)
    with pytest.raises(CorruptFile, match="digits.tar.xz"):
        unpack(packed)
    assert not list((tmp_path / "there").rglob("*.npy")) + list((tmp_path / "there").rglob("manifest.json"))
    assert not (tmp_path / "escaped.npy").exists()


def test_what_another_version_packed_is_said_to_be_that(packed, tmp_path):
    another_version(packed)
    said = "packed by another version of deepzoo: its digits is 9.9.9, layout 1, here it is 1.0.0, layout 1"
    with pytest.raises(InvalidInput, match=said) as raised:
        unpack(packed)
    assert not isinstance(raised.value, CorruptFile) and not list((tmp_path / "there").rglob("*.npy"))


def test_a_data_set_that_only_another_version_has_is_said_to_be_that(packed, tmp_path):
    def change(member, content):
        member.name = member.name.replace("digits", "new_digits")
        return [(member, content)]

    rewritten(packed, change)
    with pytest.raises(
        InvalidInput, match="packed by another version of deepzoo: this one has no new_digits. Pack it anew"
    ) as raised:
        unpack(packed)
    assert not isinstance(raised.value, CorruptFile) and not list((tmp_path / "there").rglob("*.npy"))


def test_a_data_sets_folder_may_lie_on_another_disk(packed, tmp_path, monkeypatch):
    rename, moved = os.rename, []

    def on_one_disk(source, target):
        if ".unpacking-" in str(source):
            moved.append(source)
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(source, target)

    monkeypatch.setattr(os, "rename", on_one_disk)
    assert unpack(packed) == ["digits"] and moved
    assert len(load("digits").train.x) == 1197 and not list((tmp_path / "there").glob(".unpacking-*"))


def test_a_stick_that_fails_is_no_fault_of_the_cache(packed, monkeypatch):
    class Failing(transfer._Reading):
        def __init__(self, file):
            super().__init__(SimpleNamespace(name=file.name, read=self.fail))

        def fail(self, size):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(transfer, "_Reading", Failing)
    with pytest.raises(InvalidInput, match="digits.tar.xz cannot be read: Input/output error.$"):
        unpack(packed)


def test_what_a_killed_unpacking_left_is_removed(packed, tmp_path):
    (tmp_path / "there" / ".unpacking-killed" / "digits").mkdir(parents=True)
    assert unpack(packed) == ["digits"]
    assert not list((tmp_path / "there").glob(".unpacking-*"))


def test_one_name_is_a_name_and_none_is_a_mistake(packed, tmp_path):
    assert unpack(pack(tmp_path / "one.tar.xz", "digits")) == ["digits"]
    for none in ([], iter([])):
        with pytest.raises(InvalidInput, match="nothing to pack"):
            pack(tmp_path / "none.tar.xz", none)
    assert unpack(pack(tmp_path / "array.tar.xz", np.array(["digits"]))) == ["digits"]
    with pytest.raises(InvalidInput, match="no source called"):
        load("digits", source=["official"])
    assert not (tmp_path / "none.tar.xz").exists()


def test_a_manifest_may_be_large_but_not_without_end(packed, tmp_path, monkeypatch):
    names = [f"{'class' * 300} {number}" for number in range(1000)]
    x, y = np.arange(3000, dtype="float32").reshape(1000, 3), np.arange(1000)
    load_own = add("my_many", (x, y), test=(x, y), validation=(x, y), class_names=names)
    there = pack(tmp_path / "many.tar.xz", ["my_many"])
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "elsewhere"))
    assert unpack(there) == ["my_many"] and load("my_many").fingerprint == load_own.fingerprint
    monkeypatch.setattr(transfer, "MANIFEST_BYTES", 1 << 20)
    with pytest.raises(InvalidInput, match="too many classes"):
        pack(tmp_path / "more.tar.xz", ["my_many"])
    with pytest.raises(CorruptFile, match="is larger than 1 MiB"):
        unpack(there)


def test_users_mistakes(packed, tmp_path, monkeypatch):
    with pytest.raises(InvalidInput, match="no file"):
        unpack(tmp_path / "absent.tar.xz")
    with pytest.raises(InvalidInput, match="cannot be read"):
        unpack(tmp_path)

    def out_of_reach(*_, **__):
        raise DataUnavailable("no source answers")

    monkeypatch.setattr("zoo.datasets.transfer.ready", out_of_reach)
    with pytest.raises(DataUnavailable, match="no source answers"):
        pack(tmp_path / "x.tar.xz", ["digits"])
    assert not [*tmp_path.glob("*x.tar.xz"), *tmp_path.glob(".packing-*")]
    monkeypatch.setattr("zoo.datasets.transfer.ready", lambda *_, **__: pytest.fail("it is known before data are made ready"))
    with pytest.raises(InvalidInput, match="cannot be written"):
        pack("/proc/no/such/x.tar.xz", ["digits"])
    monkeypatch.undo()
    assert pack(tmp_path / "absent" / "x.tar.xz", ["digits"]).is_file()
    with pytest.raises(InvalidInput, match="nothing to pack"):
        pack(tmp_path / "x.tar.xz", 3)
    with pytest.raises(InvalidInput, match="is a folder; name the file"):
        pack(tmp_path, ["digits"])
    with pytest.raises(UnknownName, match="digits"):
        pack(tmp_path / "x.tar.xz", ["digit"])


def test_a_link_stays_one_a_pipe_is_refused_and_a_tilde_is_home(packed, tmp_path, monkeypatch):
    (tmp_path / "link.tar.xz").symlink_to("target.tar.xz")
    assert pack(tmp_path / "link.tar.xz", ["digits"]) == tmp_path / "target.tar.xz"
    assert (tmp_path / "link.tar.xz").is_symlink() and unpack(tmp_path / "link.tar.xz") == ["digits"]
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="is a pipe or a device"):
        pack(tmp_path / "pipe", ["digits"])
    assert (tmp_path / "pipe").is_fifo()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert pack("~/home.tar.xz", ["digits"]) == tmp_path / "home.tar.xz" and unpack("~/home.tar.xz") == ["digits"]


def test_arrays_that_are_not_those_of_the_results_are_used_and_said_to_be_others(tmp_path, monkeypatch, capfd):
    from zoo.datasets.digits import build

    def other(folder, right=build.build):
        built = right(folder)
        x, y = built.splits["test"]
        return built._replace(splits={**built.splits, "test": Split(np.where(x == 255, 254, x).astype(x.dtype), y)})

    known = load("digits")
    assert "own results" not in capfd.readouterr().err
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(build, "build", other)
    dataset = load("digits")
    assert dataset.fingerprint != known.fingerprint and dataset.test.x.max() == 254
    said = capfd.readouterr().err
    assert f"fingerprint {dataset.fingerprint[:12]}, there {known.fingerprint[:12]}" in said
    load("digits")
    assert "own results" not in capfd.readouterr().err, "a warm load says nothing"
    fetch("digits")
    assert "own results" in capfd.readouterr().err
    pack(tmp_path / "others.tar.xz", ["digits"])
    monkeypatch.setenv("ZOO_DATA_DIR", str(tmp_path / "elsewhere"))
    unpack(tmp_path / "others.tar.xz")
    assert "own results" in capfd.readouterr().err


def test_a_file_that_is_no_pack_stays(packed, tmp_path):
    mine = tmp_path / "mine.tar.xz"
    mine.write_bytes(b"of mine")
    with pytest.raises(InvalidInput, match="nothing that zoo data pack wrote"):
        pack(mine, ["digits"])
    assert mine.read_bytes() == b"of mine"
    for name in ("mine.npz", "mine.tar.gz"):
        with pytest.raises(InvalidInput, match="does not end in .tar.xz"):
            pack(tmp_path / name, ["digits"])
    again = tmp_path / "again.tar.xz"
    assert pack(again, ["digits"]) == pack(again, ["digits"]) == again

"""The store: whole entries or none, whatever happens; folders that take nothing are found out at once."""

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from zoo.errors import CorruptFile, ResultsError
from zoo.reproductions.harness.store import Entry, Store, require_own, require_writable, write_atomically

ENTRY = Entry([{"seed": 0, "value": 1.5}, {"seed": 1, "value": float("nan")}], {"model": "mlp"})


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def test_round_trip(store):
    assert store.load("a") is None and store.keys() == []
    store.save("a", ENTRY)
    entry = store.load("a")
    assert entry.rows[0] == ENTRY.rows[0] and entry.rows[1]["value"] != entry.rows[1]["value"]
    assert entry.manifest["model"] == "mlp" and store.keys() == ["a"]


@pytest.mark.parametrize("name", ["rows.json", "manifest.json"])
@pytest.mark.parametrize("content", [b"", b"[", b"[]", b"{}", b"\xff\xfe", b"null"])
def test_damage_is_found(store, name, content):
    store.save("a", ENTRY)
    (store.folder / "a" / name).write_bytes(content)
    with pytest.raises(CorruptFile, match="damaged"):
        store.load("a")
    store.save("a", ENTRY)
    assert store.load("a").rows[0] == ENTRY.rows[0]


@pytest.mark.parametrize("change", [("environment", "envyronment"), ('"model"', '"nodel"'), ("12.5", "12.6"), ("sha256", "sha257")])
def test_a_damaged_manifest_is_found(store, change):
    """What it says of a run goes on into environment.json."""
    store.save("a", Entry(ENTRY.rows, ENTRY.manifest | {"environment": {"processor": "p"}, "wall_seconds": 12.5}))
    path = store.folder / "a" / "manifest.json"
    whole = path.read_text()
    assert change[0] in whole
    path.write_text(whole.replace(*change))
    with pytest.raises(CorruptFile, match="damaged"):
        store.load("a")
    manifest = json.loads(whole)
    del manifest["manifest_sha256"]  # as older ones are
    path.write_text(json.dumps(manifest))
    assert store.load("a").manifest["wall_seconds"] == 12.5


def test_files_of_a_trial_are_kept_and_checked(store):
    store.save("a", Entry(ENTRY.rows, ENTRY.manifest, {"model.weights.h5": b"weights"}))
    assert store.load("a").files == {"model.weights.h5": b"weights"}
    (store.folder / "a" / "model.weights.h5").write_bytes(b"wrights")
    with pytest.raises(CorruptFile):
        store.load("a")


def test_what_is_no_file_or_not_ours_to_read_is_damage_too(store, monkeypatch):
    store.save("a", ENTRY)
    path = store.folder / "a" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"sha256": {"..": "0"}}))
    with pytest.raises(CorruptFile, match="damaged"):
        store.load("a")
    for odd in ("[" * 100_000, json.dumps(manifest | {"sha256": {"x" * 300: "0"}})):
        path.write_text(odd)
        with pytest.raises(CorruptFile, match="damaged|can't be read"):
            store.load("a")
    path.write_text(json.dumps(manifest))
    (store.folder / "a" / "rows.json").unlink()
    (store.folder / "a" / "rows.json").mkdir()
    with pytest.raises(CorruptFile, match="damaged"):
        store.load("a")

    def denied(path):
        if path.name == "rows.json":
            raise PermissionError(errno.EACCES, "Permission denied")
        return whole(path)

    whole = type(path).read_bytes
    monkeypatch.setattr(type(path), "read_bytes", denied)
    with pytest.raises(CorruptFile, match="can't be read: Permission denied"):
        store.load("a")


def folder_for_manifest(entry):
    (entry / "manifest.json").unlink()
    (entry / "manifest.json").mkdir()


def folder_for_rows(entry):
    (entry / "rows.json").unlink()
    (entry / "rows.json" / "inside").mkdir(parents=True)


def file_for_entry(entry):
    shutil.rmtree(entry)
    entry.write_text("")


@pytest.mark.parametrize("damage", [folder_for_manifest, folder_for_rows, file_for_entry])
def test_what_stands_in_the_way_of_an_entry_is_damage_and_gives_way_to_a_new_one(store, damage):
    store.save("a", ENTRY)
    damage(store.folder / "a")
    with pytest.raises(CorruptFile, match="damaged"):
        store.load("a")
    store.save("a", ENTRY)
    assert store.load("a").rows[0] == ENTRY.rows[0]


def test_a_page_that_is_somebody_elses_is_not_replaced(tmp_path):
    page = tmp_path / "README.md"
    require_own(page, "# Results")
    page.write_text("# My notes")
    with pytest.raises(ResultsError, match="is not deepzoo's and would be replaced"):
        require_own(page, "# Results")
    for own in (b"# Results of mine", b"", b"\n", b"\xef\xbb\xbf# Results\r\n\r\nof mine"):
        page.write_bytes(own)
        require_own(page, "# Results\n\nof mine" if b"\r" in own else "# Results")


def test_a_manifest_that_names_files_elsewhere_is_refused(store, tmp_path):
    store.save("a", ENTRY)
    (tmp_path / "secret").write_bytes(b"secret")
    path = store.folder / "a" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["sha256"]["../../secret"] = hashlib.sha256(b"secret").hexdigest()
    path.write_text(json.dumps(manifest))
    with pytest.raises(CorruptFile):
        store.load("a")


def test_entry_under_another_key_is_refused(store):
    store.save("a", ENTRY)
    (store.folder / "a").rename(store.folder / "b")
    with pytest.raises(CorruptFile):
        store.load("b")


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResultsError, match="full; free some space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_folder_that_takes_nothing_is_found_out(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "results", "/proc/results"):
        with pytest.raises(ResultsError, match=r"can't be written .*--out"):
            require_writable(folder)
    require_writable(tmp_path / "good")
    assert list((tmp_path / "good").iterdir()) == []


def test_lock_keeps_others_out_until_it_is_freed(store):
    with store.lock("a") as first:
        with store.lock("a") as second, store.lock("b") as other:
            assert (first, second, other) == (True, False, True)
    with store.lock("a") as again:
        assert again


WRITER = """
import sys
from zoo.reproductions.harness.store import Entry, Store
store = Store(sys.argv[1])
with store.lock("held"):
    print("ready", flush=True)
    for number in range(10**6):
        store.save(f"{number:06}", Entry([{"value": number}] * 500, {}))
"""


def test_kill_at_any_moment_leaves_whole_entries_and_no_lock(tmp_path):
    for written, delay in ((0, 0.0), (0, 0.013), (1, 0.003), (4, 0.001)):
        store = Store(tmp_path / str(delay))
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / str(delay))], stdout=subprocess.PIPE)
        assert writer.stdout.readline() == b"ready\n"
        with store.lock("held") as got:
            assert not got
        while len(store.keys()) < written:  # however slow the machine is
            assert writer.poll() is None
            time.sleep(0.001)
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        for key in store.keys():
            assert store.load(key).rows == [{"value": int(key)}] * 500
        with store.lock("held") as got:
            assert got
    assert len(store.keys()) >= written

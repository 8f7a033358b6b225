"""Results of another machine: whole and unchanged they are taken in, else nothing is."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harness_example
from zoo.errors import CorruptFile, InvalidInput, ResultsError, TrialsFailed, UnknownName, ZooError
from zoo.reproductions.harness import export_results, import_results, rebuild, run_claim
from zoo.reproductions.harness.folder import result_folders
from zoo.reproductions.harness.losses import Costs, Losses
from zoo.reproductions.harness.report import report_html
from zoo.reproductions.harness.scoreboard import scoreboard
from zoo.reproductions.harness.store import Store


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """A results folder, computed once."""
    root = tmp_path_factory.mktemp("computed")
    run_claim(harness_example, "quick", out=root)
    return root


@pytest.fixture
def there(computed, tmp_path):
    """A results folder of another machine."""
    return Path(shutil.copytree(computed, tmp_path / "there"))


def contents(root):
    files = [path for path in root.rglob("*") if path.is_file() and "locks" not in path.parts]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def names_in(tar):
    with tarfile.open(tar) as opened:
        return opened.getnames()


def repacked(tar, changes, mode="w"):
    """The tar's files with some replaced (None: left out), as a new tar."""
    with tarfile.open(tar) as old:
        files = {member.name: old.extractfile(member).read() for member in old} | changes
    with tarfile.open(tar, mode) as new:
        for name, content in files.items():
            if content is not None:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize("how", ["folder", "parent", "tar", "one budget"])
def test_everything_arrives(there, results_dir, tmp_path, how):
    if how == "parent":
        there = there.rename(tmp_path / "results_there").parent / "box"
        there.mkdir()
        (tmp_path / "results_there").rename(there / "results")
    source = export_results(tmp_path / "results.tar", there) if how == "tar" else there
    root = there / "results" if how == "parent" else there
    if how == "one budget":
        run_claim(harness_example, "smoke")
    folders = import_results(source)
    assert folders == [results_dir / "quick" / "harness_example"]
    arrived = contents(results_dir)
    assert {name: arrived.get(name) for name in contents(root)} == contents(root)
    assert Store(results_dir).keys() == sorted(set(Store(results_dir).keys()) | set(Store(root).keys()))


def test_what_is_not_known_here_is_not_imported_and_said(results_dir, tmp_path):
    folder, told = run_claim(harness_example, "smoke"), []
    mine = shutil.copytree(folder, folder.with_name("of_mine"))
    runs = (mine / "runs.csv").read_bytes().replace(b"harness_example,", b"of_mine,")
    (mine / "runs.csv").write_bytes(runs)
    said = json.loads((mine / "environment.json").read_text())
    (mine / "environment.json").write_text(json.dumps(said | {"runs_sha256": hashlib.sha256(runs).hexdigest()}))
    arrived = import_results(export_results(tmp_path / "results.tar"), tmp_path / "there", tell=told.append)
    assert arrived == [tmp_path / "there" / "smoke" / "harness_example"] and len(told) == 1
    assert "of_mine is no claim of deepzoo's" in told[0] and not (tmp_path / "there" / "smoke" / "of_mine").exists()


@pytest.mark.parametrize("what", ["claim", "claim's folder", "budget's folder", "results folder"])
def test_what_is_named_is_exported_with_the_trials_that_made_it(there, results_dir, tmp_path, call, monkeypatch, what):
    run_claim(harness_example, "smoke", out=there)
    monkeypatch.setenv("EXAMPLE_FAILS", "mlp")
    with pytest.raises(TrialsFailed):
        run_claim(harness_example, "quick", seeds=2, out=there)  # leaves a trial in the store that no table has
    folder = there / "quick" / "harness_example"
    places = {"claim": folder.name, "claim's folder": folder, "budget's folder": folder.parent, "results folder": there}
    asked = ["results", "export", places[what], tmp_path / "runs.tar", *(["--out", there] if what == "claim" else [])]
    assert call(*asked)[:2] == (0, f"wrote {tmp_path / 'runs.tar'}\n")
    assert call("results", "import", tmp_path / "runs.tar")[0] == 0
    arrived, sent = contents(results_dir), contents(there)
    budgets = {name.split("/")[0] for name in arrived if not name.startswith(".trials") and "/" in name}
    assert budgets == ({"quick", "smoke"} if what in ("claim", "results folder") else {"quick"})
    trials = {"claim": 4, "claim's folder": 2, "budget's folder": 2, "results folder": 5}[what]
    assert len(Store(there).keys()) == 5 and len(Store(results_dir).keys()) == trials
    assert {name: sent[name] for name in arrived if "/" in name} == {name: arrived[name] for name in arrived if "/" in name}


def test_an_hour_is_a_budget_like_the_others(results_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(harness_example, "SEEDS", {"hour": 2}, raising=False)
    folder = run_claim(harness_example, "hour")
    assert folder == results_dir / "hour" / "harness_example" and result_folders(results_dir) == [folder]
    assert "| all checks | hour |" in scoreboard(results_dir)
    assert "<th>Hour budget</th>" in report_html(results_dir) and "<th>Quick budget</th>" not in report_html(results_dir)
    (arrived,) = import_results(export_results(tmp_path / "results.tar"), tmp_path / "elsewhere")
    assert contents(arrived) == contents(folder)
    assert rebuild(folder) == [folder]


def test_imported_trials_are_not_computed_again(there, tmp_path, monkeypatch):
    import_results(export_results(tmp_path / "results.tar", there))
    monkeypatch.setenv("EXAMPLE_FAILS", "mlp")
    run_claim(harness_example, "quick")


def test_trials_of_a_run_that_was_cut_off_arrive(there, results_dir, tmp_path, monkeypatch):
    shutil.rmtree(there / "quick")
    assert import_results(export_results(tmp_path / "results.tar", there)) == []
    monkeypatch.setenv("EXAMPLE_FAILS", "mlp")
    assert run_claim(harness_example, "quick").parent == results_dir / "quick"


def test_a_copy_that_lacks_a_file_is_refused_whole(there, results_dir):
    key = Store(there).keys()[-1]
    (there / ".trials" / key / "rows.json").unlink()
    with pytest.raises(CorruptFile, match=key):
        import_results(there)
    assert not results_dir.exists()


def test_nothing_to_export_or_import(tmp_path):
    with pytest.raises(ResultsError, match="no results under"):
        export_results(tmp_path / "results.tar")
    with pytest.raises(ResultsError, match="holds no results"):
        import_results(tmp_path)
    with pytest.raises(ResultsError, match="There is no"):
        import_results(tmp_path / "absent")


RUNS = "quick/harness_example/runs.csv"
CHANGES = {
    "changed": ({RUNS: b"claim\n"}, CorruptFile, "not what was exported"),
    "missing": ({RUNS: None}, CorruptFile, "missing"),
    "added": ({"full/harness_example/runs.csv": b"claim\n"}, CorruptFile, "full/harness_example/runs.csv is not among"),
    "no sums": ({"MANIFEST.json": b"["}, CorruptFile, "damaged"),
    "changed without sums": ({RUNS: b"claim\n", "MANIFEST.json": None}, ResultsError, "line 1"),
    "unknown claim": ({RUNS: None, "MANIFEST.json": None, "quick/nonsense/runs.csv": b"a"}, UnknownName, "nonsense"),
    "outside": ({"../outside": b"a", "MANIFEST.json": None}, ResultsError, "refused"),
    "absolute": ({"/tmp/outside": b"a", "MANIFEST.json": None}, ResultsError, "refused"),
}


@pytest.mark.parametrize(("changes", "error", "message"), CHANGES.values(), ids=CHANGES)
def test_what_is_not_right_is_refused_whole(there, results_dir, tmp_path, changes, error, message):
    tar = export_results(tmp_path / "results.tar", there)
    repacked(tar, changes)
    with pytest.raises(error, match=message):
        import_results(tar)
    assert not results_dir.exists() and not (tmp_path / "outside").exists()


def test_what_no_import_would_take_is_not_exported(there, tmp_path):
    """Who runs on a lent machine would learn of it when that is gone."""
    run_claim(harness_example, "smoke", out=there)
    run_claim(harness_example, "quick", seeds=2, out=there)
    runs = there / "quick" / "harness_example" / "runs.csv"
    runs.write_bytes(runs.read_bytes()[:500])
    with pytest.raises(ResultsError, match="quick.*Nothing was exported, as no import would take that"):
        export_results(tmp_path / "all.tar", there)
    assert not (tmp_path / "all.tar").exists()
    assert export_results(tmp_path / "one.tar", source=there / "smoke" / "harness_example").exists()


def test_a_refused_tar_is_named_and_not_where_it_was_unpacked(there, results_dir, tmp_path):
    run_claim(harness_example, "smoke", out=there)
    tar, name = export_results(tmp_path / "runs.tar", there), "smoke/harness_example/runs.csv"
    runs = (there / name).read_bytes().replace(b"mlp", b"mlq")
    repacked(tar, {name: runs, "MANIFEST.json": None})
    with pytest.raises(ResultsError, match="^.*runs.tar: smoke/harness_example/runs.csv") as caught:
        import_results(tar)
    assert "/tmp" not in str(caught.value).replace(str(tmp_path), "")


def test_links_are_refused(results_dir, tmp_path):
    with tarfile.open(tmp_path / "results.tar", "w") as tar:
        member = tarfile.TarInfo("quick")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(member)
    with pytest.raises(ResultsError, match="refused"):
        import_results(tmp_path / "results.tar")


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_broken_tar_is_said(there, tmp_path, results_dir, size):
    tar = export_results(tmp_path / "results.tar", there)
    tar.write_bytes(tar.read_bytes()[:size])
    with pytest.raises(ZooError, match="no whole tar file|missing|no results"):
        import_results(tar)
    assert not results_dir.exists()


@pytest.mark.parametrize("sums", ["with sums", "without sums"])
def test_tar_that_breaks_off_or_has_a_damaged_header_is_no_shorter_tar(there, tmp_path, results_dir, sums):
    """Python's tarfile takes either, after the first member, for the end of the archive."""
    tar = export_results(tmp_path / "results.tar", there)
    repacked(tar, {} if sums == "with sums" else {"MANIFEST.json": None})
    whole = tar.read_bytes()
    with tarfile.open(tar) as opened:
        later = [member.offset for member in opened][1:]
        ends = [*later, opened.offset]
    damaged = [whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :] for place in later]
    for content in [*damaged, *(whole[:place] for place in ends), *(whole[: place + 100] for place in ends)]:
        tar.write_bytes(content)
        with pytest.raises(ResultsError, match="no whole tar file"):
            import_results(tar)
    assert damaged and not results_dir.exists()


@pytest.mark.parametrize("packed", ["gz", "xz"])
def test_damaged_compressed_tar_is_said(there, tmp_path, results_dir, packed):
    tar = export_results(tmp_path / "results.tar", there)
    repacked(tar, {}, f"w:{packed}")
    content = bytearray(tar.read_bytes())
    content[len(content) // 2] ^= 255
    tar.write_bytes(content)
    with pytest.raises(ResultsError, match="no whole tar file"):
        import_results(tar)
    assert not results_dir.exists()


def test_runs_of_two_devices_are_refused(there, results_dir):
    """A runs.csv put together from two machines, its sum made to fit."""
    folder = there / "quick" / "harness_example"
    lines = (folder / "runs.csv").read_text().splitlines()
    device = json.loads((folder / "environment.json").read_text())["device"]
    lines[-1] = lines[-1].replace(device, "another card")
    content = ("\n".join(lines) + "\n").encode()
    (folder / "runs.csv").write_bytes(content)
    environment = json.loads((folder / "environment.json").read_text()) | {"runs_sha256": hashlib.sha256(content).hexdigest()}
    (folder / "environment.json").write_text(json.dumps(environment))
    with pytest.raises(ResultsError, match="different devices.*--force.*--out"):
        import_results(there)
    assert not results_dir.exists()


def test_garbage_is_refused_in_one_line(tmp_path):
    (tmp_path / "results.tar").write_bytes(b"no tar" * 100)
    with pytest.raises(ResultsError, match="is no whole tar file") as refusal:
        import_results(tmp_path / "results.tar")
    assert "\n" not in str(refusal.value)


def test_other_runs_are_replaced_only_by_force(there, results_dir):
    (written,) = import_results(there)
    kept = (written / "runs.csv").read_bytes()
    assert import_results(there) == [written]  # the same runs again harm nobody
    given = there / written.relative_to(results_dir)
    content = (given / "runs.csv").read_text()
    content = content.replace(content.splitlines()[1].rpartition(",")[2] + "\n", "another\n")
    (given / "runs.csv").write_text(content)
    environment = json.loads((given / "environment.json").read_text())
    environment["runs_sha256"] = hashlib.sha256(content.encode()).hexdigest()
    (given / "environment.json").write_text(json.dumps(environment))
    with pytest.raises(ResultsError, match="holds other runs already"):
        import_results(there)
    assert (written / "runs.csv").read_bytes() == kept
    import_results(there, force=True)
    assert (written / "runs.csv").read_bytes() != kept


def test_a_link_stays_and_a_pipe_is_not_replaced(there, tmp_path):
    (tmp_path / "link.tar").symlink_to("real.tar")
    assert export_results(tmp_path / "link.tar", there) == tmp_path / "real.tar"
    assert (tmp_path / "link.tar").is_symlink() and tarfile.is_tarfile(tmp_path / "real.tar")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="is a pipe or a device"):
        export_results(tmp_path / "pipe", there)


def test_they_may_be_imported_into_another_folder(there, results_dir, tmp_path, call):
    code, out, _ = call("results", "import", there, "--out", tmp_path / "elsewhere")
    assert code == 0 and f"imported {tmp_path / 'elsewhere'}" in out and not results_dir.exists()
    assert result_folders(tmp_path / "elsewhere")


def test_the_same_losses_packed_by_another_zlib_are_the_same_trial(there, results_dir, monkeypatch):
    store, given = Store(results_dir), Store(there)
    key = given.keys()[0]
    costs = Costs(np.arange(2), np.eye(2, 5, dtype="float32"))
    losses = Losses({("digits", "linear", "raw pixels", "test_error_pct"): costs})
    with monkeypatch.context() as patch:
        patch.setattr(np, "savez_compressed", np.savez)
        given.save(key, replace(given.load(key), losses=losses))
    import_results(there)
    assert store.load(key).manifest["sha256"] != given.load(key).manifest["sha256"], "packed anew here"
    import_results(there)
    given.save(key, replace(given.load(key), losses=Losses({("digits", "linear", "raw pixels", "other_pct"): costs})))
    with pytest.raises(ResultsError, match=f"{key} holds other runs already"):
        import_results(there)


def test_other_stored_trials_are_replaced_only_by_force(there, results_dir):
    """Else a later run would write its table from the trials that were here, not from those that came."""
    store, given = Store(results_dir), Store(there)
    key = given.keys()[0]
    lost = given.load(key)
    given.save(key, replace(lost, rows=[row | {"value": float("nan")} for row in lost.rows]))
    import_results(there)
    import_results(there)  # the same again, whose values are no numbers and equal none
    other = replace(given.load(key), manifest=given.load(key).manifest | {"commit": "another"})
    given.save(key, other)
    kept = contents(results_dir)
    with pytest.raises(ResultsError, match=f"{key} holds other runs already.*--force"):
        import_results(there)
    assert contents(results_dir) == kept
    import_results(there, force=True)
    assert store.load(key).manifest["commit"] == "another"


def test_a_results_folder_is_whole_however_it_is_spelt(there, tmp_path, monkeypatch):
    shutil.rmtree(there / "quick")  # what is left are trials of a run that was cut off
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    for number, spelt in enumerate(("../there", "../elsewhere/../there/", "~/there")):
        names = names_in(export_results(tmp_path / f"{number}.tar", source=spelt))
        assert len([name for name in names if name.endswith("manifest.json")]) == 2


def test_what_a_kill_left_half_written_is_not_exported(there, tmp_path):
    folder = there / "quick" / "harness_example"
    for name in ("runs.csv.abc123.tmp", ".probe-12"):
        (folder / name).write_text("half")
    names = names_in(export_results(tmp_path / "all.tar", out=there))
    assert "quick/harness_example/runs.csv" in names and not [name for name in names if "probe" in name or name.endswith(".tmp")]


def test_an_import_says_which_trial_it_waits_for(there, results_dir):
    key, said = Store(there).keys()[0], []
    entry = Store(there).load(key)
    with contextlib.ExitStack() as other:
        other.enter_context(Store(results_dir).lock(key))

        def tell(sentence):
            said.append(sentence)
            other.close()  # the other run comes to its end

        import_results(there, tell=tell)
    (sentence,) = said
    assert f"digits {entry.manifest['model']} {entry.manifest['setting']} in hand; waiting for it" in sentence
    assert sorted(Store(results_dir).keys()) == sorted(Store(there).keys())

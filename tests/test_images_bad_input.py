"""Image files that are damaged, too large or no images give one clear error each."""

import io
import re
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from image_example import digits, error, larger, saved  # noqa: F401
from zoo.errors import CorruptFile, InvalidInput
from zoo.image_files import read_images


@pytest.mark.parametrize("name, content, says", [
    ("empty.png", b"", "empty (0 bytes)"),
    ("text.png", b"no image at all", "neither PNG nor JPEG nor NPY"),
    ("drawing.gif", None, "neither PNG nor JPEG nor NPY"),
    ("archive.npz", None, "neither PNG nor JPEG nor NPY"),
], ids=["empty", "text", "gif", "npz"])  # fmt: skip
def test_no_image(name, content, says, tmp_path):
    path = tmp_path / name
    if name.endswith(".gif"):
        Image.new("L", (9, 9)).save(path)
    elif name.endswith(".npz"):
        np.savez(path, x=np.zeros((28, 28)))
    else:
        path.write_bytes(content)
    assert says in error(path)


def test_no_file_and_a_folder(tmp_path):
    assert "There is no file" in error(tmp_path / "absent.png")
    assert "is a folder" in error(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_truncated_and_damaged(suffix, digits, tmp_path):
    whole = saved(tmp_path / f"digit.{suffix}", larger(digits[0], 10)).read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    for share in (0.2, 0.5, 0.9):
        cut.write_bytes(whole[: int(len(whole) * share)])
        assert "truncated or damaged" in error(cut, CorruptFile)
    cut.write_bytes(whole[:20])
    error(cut, (CorruptFile, InvalidInput))


def test_any_flipped_byte_gives_pixels_or_a_clean_error(digits, tmp_path):
    random = np.random.default_rng(0)
    for suffix in ("png", "jpg", "npy"):
        path = tmp_path / f"digit.{suffix}"
        np.save(path, digits[0]) if suffix == "npy" else saved(path, digits[0])
        whole = path.read_bytes()
        for place in random.choice(min(len(whole), 400), 60, replace=False):
            broken = bytearray(whole)
            broken[place] ^= 1 << int(random.integers(8))
            path.write_bytes(broken)
            try:
                assert np.isfinite(read_images(path)[0].pixels).all()
            except (CorruptFile, InvalidInput) as problem:
                assert str(path) in str(problem)


def bomb(width, height):
    """A PNG that promises so many pixels and holds none."""

    def chunk(kind, content):  # fmt: skip
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("sides", [(20_000, 10), (10, 20_000), (12_000, 12_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_by_the_header(sides, tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(*sides))
    assert re.search("too large|up to 16,000 a side and 64 million", error(path))


def test_too_many_bytes(tmp_path):
    path = tmp_path / "huge.npy"
    with open(path, "wb") as file:
        file.truncate(101 * 2**20)  # takes no place on the disk
    assert "larger than 100 MiB" in error(path)


def npy(header, content=b""):
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


@pytest.mark.parametrize("content, kind, says", [
    (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (28, 28)}", b"0" * 99), CorruptFile, "promises 6,272 bytes, 99"),
    (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4000000000, 4000000000)}", b"0"), CorruptFile, "truncated"),
    (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 28)}", b"0" * 28), CorruptFile, "header"),
    (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)}", b"0" * 9), CorruptFile, "promises 4 bytes, 9"),
    (npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"cos\nsystem\n."), InvalidInput, "pickled"),
    (b"\x93NUMPY\x03\x00" + npy("{}")[8:], InvalidInput, "plain numbers"),
    (npy("__import__('os').abort()"), CorruptFile, "header"),
    (npy("{'descr': '<U4', 'fortran_order': False, 'shape': (2, 2)}", b"0" * 64), InvalidInput, "no pixel values"),
    (npy("{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2)}", b"\0" * 32), InvalidInput, "no pixel values"),
    (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (0, 28, 28)}"), InvalidInput, "empty array"),
    (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (28,)}", b"0" * 28), InvalidInput, "shape (28,)"),
    (npy("{'descr': '|u1', 'fortran_order': False, 'shape': ()}", b"0"), InvalidInput, "shape ()"),
    (npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 2, 2)}", b"0" * 8), InvalidInput, "shape (1, 2, 2, 2)"),
    (b"\x93NUMPY", CorruptFile, "header"),
    (npy("{'descr': '|S0', 'fortran_order': False, 'shape': (2, 2)}"), CorruptFile, "header"),
    (npy("{'descr': '<U0', 'fortran_order': False, 'shape': (2, 2)}"), CorruptFile, "header"),
    (npy("{'descr': ('<f4', (2,)), 'fortran_order': False, 'shape': (2, 2)}", b"0" * 32), CorruptFile, "header"),
    (npy(f"{{'descr': '|u1', 'fortran_order': False, 'shape': {(1,) * 100}}}", b"0"), CorruptFile, "header"),
], ids=str)  # fmt: skip
def test_bad_arrays(content, kind, says, tmp_path):
    path = tmp_path / "array.npy"
    path.write_bytes(content)
    assert says in error(path, kind)


BAD_VALUES = [(np.nan, "NaN"), (np.inf, "infinite"), (-1, "from -1"), (300, "to 300"), (1e39, "to 1e+39")]


@pytest.mark.parametrize("value, says", BAD_VALUES)
def test_bad_values(value, says, tmp_path):
    array = np.full((28, 28), 100.0)
    array[3, 3] = value
    np.save(tmp_path / "array.npy", array)
    assert says in error(tmp_path / "array.npy")


def read_from_stdin(content=None, close=False):
    program = "from zoo.image_files import read_images\nprint(read_images('-')[0].pixels.shape)"
    command = [sys.executable, "-c", program]
    if close:
        command = ["bash", "-c", 'exec "$0" "$@" <&-', *command]
    done = subprocess.run(command, input=None if close else content, capture_output=True, timeout=60)
    return done.stdout.decode().strip() or done.stderr.decode().strip().splitlines()[-1]


def test_standard_input(digits):
    file = io.BytesIO()
    Image.fromarray(digits[0]).save(file, "PNG")
    assert read_from_stdin(file.getvalue()) == "(28, 28)"
    assert read_from_stdin(b"").endswith("standard input is empty (0 bytes).")
    assert "Standard input is closed" in read_from_stdin(close=True)

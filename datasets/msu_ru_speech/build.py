"""Waveforms and phone labels out of a Debian package, checked file by file, and the log-mel frames made of them."""

import hashlib
import wave

import numpy as np

from zoo.datasets import acoustics, cache, mirrors
from zoo.datasets.dataset import Built, Source, SourceFailed, Split
from zoo.datasets.msu_ru_speech import INFO
from zoo.errors import CorruptFile

MIRROR = "festvox-ru"
VOICE = "usr/share/festival/voices/russian/msu_ru_nsh_clunits"
# Over name and content of every waveform and label file, in the order of their names.
SHA256 = "d66d67ba0e4d1200b48053a2ac9f039eceef0eb22f4e09bc6bc25589b526d87c"
# What the number of a recording leaves when it is divided by 11 says where it goes; all others train.
DIVISOR, SPLIT_OF_REST = 11, {5: "validation", 0: "test"}


def from_mirror(folder, tell):
    """wav/ and lab/ of the voice, unpacked and not installed."""
    tell(f"downloading Debian package {MIRROR} (179 MB)")
    mirrors.apt_download(MIRROR, folder, tell, cache.kept(INFO.name))
    voice = folder / VOICE
    if digest(voice) != SHA256:
        raise SourceFailed(f"the recordings and labels of {MIRROR} are others than those known here: their sha256 differs")


def digest(voice):
    """sha256 over the names and contents of a voice's waveforms and labels."""
    found = hashlib.sha256()
    for path in [*sorted(voice.glob("lab/*.lab")), *sorted(voice.glob("wav/*.wav"))]:
        found.update(path.name.encode())
        found.update(path.read_bytes())
    return found.hexdigest()


SOURCES = {"mirror": Source(from_mirror, "make `apt-get download` work (Debian or Ubuntu, a package server)")}


def build(folder):
    """A row per frame: 40 log-mel, the recording's number, the frame's number in it; y: the phone at the frame's middle."""
    found = {split: [] for split in INFO.sizes}
    for path in sorted((folder / VOICE).glob("lab/*.lab")):
        number = int(path.stem.removeprefix("ru_"))
        frames = acoustics.log_mel(_samples(path.parents[1] / "wav" / f"{path.stem}.wav"))
        places = np.column_stack([np.full(len(frames), number), np.arange(len(frames))])
        # float16 holds integers up to 2048, and log energies to within a hundredth.
        x = np.hstack([frames, places]).astype(np.float16)
        found[SPLIT_OF_REST.get(number % DIVISOR, "train")].append((x, phones(path, acoustics.centres(len(frames)))))
    splits = {split: Split(*map(np.concatenate, zip(*parts))) for split, parts in found.items()}
    return Built(splits, f"NumPy {np.__version__}")


def phones(path, times):
    """The classes, int32, of the phones that a label file has at times in seconds; after its last line that line's phone.

    A line is the end of a segment in seconds, a number without meaning, the phone; a # stands before the first.
    """
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.strip() not in ("", "#")]
    try:
        ends = np.array([float(end) for end, _, _ in lines])
        if unknown := sorted({phone for _, _, phone in lines}.difference(INFO.class_names)):
            raise ValueError(f"nobody knows {', '.join(unknown)}")
        if not len(ends) or (np.diff(ends) <= 0).any():
            raise ValueError("its segments do not follow each other")
    except ValueError as error:
        raise CorruptFile(f"{path.name} is no label file of phones that are known here: {error}.") from None
    classes = np.array([INFO.class_names.index(phone) for _, _, phone in lines], np.int32)
    return classes[np.minimum(np.searchsorted(ends, times, side="right"), len(ends) - 1)]


def _samples(path):
    """The samples of a waveform of one channel, 16 bits and 16 kHz."""
    with wave.open(str(path)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, acoustics.RATE):
            raise CorruptFile(f"{path.name} is not of one channel, 16 bits and {acoustics.RATE} Hz.")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")

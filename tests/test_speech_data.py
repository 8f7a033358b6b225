"""Speech and vowels: the front end against a library, dummy recordings through the parser, what a package index may do."""

import time
import wave

import numpy as np
import pytest

from zoo.datasets import acoustics, load, mirrors, msu_ru_speech
from zoo.datasets.dataset import SourceFailed
from zoo.datasets.msu_ru_speech import build as voice
from zoo.errors import CorruptFile, InvalidInput


@pytest.fixture(scope="module")
def noise():
    """A second of loud noise under a slow swell, 16 bits."""
    swell = np.sin(np.linspace(0, 6, 16_000))
    return (3000 * swell * np.random.RandomState(0).standard_normal(16_000)).astype(np.int16)


@pytest.fixture(scope="module")
def library():
    import python_speech_features

    return python_speech_features


def test_log_mel_is_the_librarys(noise, library):
    ours = acoustics.log_mel(noise)
    theirs = np.log(library.fbank(noise, 16_000, nfilt=40, nfft=512, winfunc=np.hamming)[0])
    assert ours.shape == (98, 40)
    # The library fills a last frame up with zeros.
    np.testing.assert_allclose(ours, theirs[:98], rtol=0, atol=1e-9)


def test_cepstrum_is_the_librarys(noise, library):
    theirs = library.mfcc(noise, 16_000, nfilt=40, nfft=512, winfunc=np.hamming, ceplifter=0, appendEnergy=False)
    np.testing.assert_allclose(acoustics.cepstrum(acoustics.log_mel(noise)), theirs[:98], rtol=0, atol=1e-9)


def test_deltas_are_the_librarys_within_each_utterance(noise, library):
    frames, utterances = acoustics.log_mel(noise), np.repeat([7, 3], [60, 38])
    ours = acoustics.with_deltas(frames, utterances)
    assert ours.dtype == np.float32 and ours.shape == (98, 40, 3)
    for number in (7, 3):
        mine = utterances == number
        slope = library.delta(frames[mine], 2)
        np.testing.assert_allclose(ours[mine, :, 0], frames[mine], atol=1e-5)
        np.testing.assert_allclose(ours[mine, :, 1], slope, atol=1e-5)
        np.testing.assert_allclose(ours[mine, :, 2], library.delta(slope, 2), atol=1e-5)


def test_silence_is_floored_and_a_tone_is_heard_in_its_filter():
    assert (acoustics.log_mel(np.zeros(800)) == 0).all()
    tone = 10_000 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    loudest = acoustics.log_mel(tone).mean(axis=0).argmax()
    assert acoustics.mel_filters()[loudest].argmax() * 16_000 / 512 == pytest.approx(1000, abs=50)


def test_frames_are_centred_where_they_say():
    click = np.zeros(16_000)
    click[8000] = 30_000
    energies = acoustics.log_mel(click).sum(axis=1)
    assert acoustics.centres(98)[energies.argmax()] == pytest.approx(0.5, abs=0.005)


def test_too_short_a_waveform_is_refused():
    with pytest.raises(InvalidInput, match="at least 400 samples; got shape .399"):
        acoustics.log_mel(np.zeros(399))


@pytest.mark.parametrize(
    "scale, said", [(0.9, "from -1 to 1: multiply"), (1.02, "from -1 to 1: multiply"), (2.0**30, "bring them there")]
)
def test_samples_on_another_scale_are_refused(scale, said):
    with pytest.raises(InvalidInput, match=said):
        acoustics.log_mel(scale * np.sin(np.arange(16_000)))
    acoustics.log_mel(np.rint(3 * np.sin(np.arange(16_000))))  # nearly silent, but of 16 bits


def test_neighbours_stay_within_their_utterance():
    around = acoustics.neighbours([5, 5, 5, 2, 9, 9], 2)
    assert around.tolist() == [[0, 0, 0, 1, 2], [0, 0, 1, 2, 2], [0, 1, 2, 2, 2], [3] * 5, [4, 4, 4, 5, 5], [4, 4, 5, 5, 5]]
    with pytest.raises(InvalidInput, match="in two places"):
        acoustics.neighbours([5, 2, 5], 1)


def write_recording(folder, number, seconds, lines, rate=16_000):
    """A wave file of noise and a label file under a voice's folder."""
    for kind in ("wav", "lab"):
        (folder / voice.VOICE / kind).mkdir(parents=True, exist_ok=True)
    samples = (1000 * np.random.RandomState(number).standard_normal(int(rate * seconds))).astype("<i2")
    with wave.open(str(folder / voice.VOICE / "wav" / f"ru_{number:04}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    text = "#\n" + "".join(f"\t{end} 125 {phone}\n" for end, phone in lines)
    (folder / voice.VOICE / "lab" / f"ru_{number:04}.lab").write_text(text)
    return samples


def test_dummy_recordings_become_frames_with_the_phone_at_their_middle(tmp_path):
    lines = [(0.2, "pau"), (0.3, "a"), (0.495, "zz")]
    samples = {number: write_recording(tmp_path, number, 0.5, lines) for number in (3, 5, 11, 16, 23)}
    splits = voice.build(tmp_path).splits
    # 5 and 16 leave 5 when divided by 11, 11 leaves 0.
    recordings = {split: sorted(set(part.x[:, 40].astype(int))) for split, part in splits.items()}
    assert recordings == {"train": [3, 23], "validation": [5, 16], "test": [11]}
    part = splits["test"]
    assert part.x.dtype == np.float16 and part.x.shape == (48, 42) and part.y.dtype == np.int32
    np.testing.assert_allclose(part.x[:, :40], acoustics.log_mel(samples[11]), atol=0.01)
    assert part.x[:, 41].tolist() == list(range(48))
    # Middles are at 12.5 ms, 22.5 ms ...: frames 0 to 18 lie before 0.2 s, 19 to 28 before 0.3 s.
    names = [msu_ru_speech.INFO.class_names[label] for label in part.y]
    assert names == ["pau"] * 19 + ["a"] * 10 + ["zz"] * 19


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([(0.2, "qq")], "nobody knows qq"),
        ([(0.3, "a"), (0.2, "b")], "do not follow"),
        ([], "do not follow"),
        ([("x", "a")], "could not convert"),
    ],
)
def test_label_files_that_make_no_sense_are_refused(lines, why, tmp_path):
    write_recording(tmp_path, 1, 0.1, lines)
    with pytest.raises(CorruptFile, match=f"ru_0001.lab is no label file.*{why}"):
        voice.build(tmp_path)


def test_waveforms_of_another_rate_are_refused(tmp_path):
    write_recording(tmp_path, 1, 0.1, [(0.1, "a")], rate=8000)
    with pytest.raises(CorruptFile, match="ru_0001.wav is not of one channel, 16 bits and 16000 Hz"):
        voice.build(tmp_path)


def test_recordings_other_than_the_known_ones_are_refused(tmp_path, monkeypatch):
    def other(package, folder, tell, kept):
        write_recording(folder, 1, 0.1, [(0.1, "a")])

    monkeypatch.setattr(mirrors, "apt_download", other)
    with pytest.raises(SourceFailed, match="sha256 differs"):
        voice.from_mirror(tmp_path, print)
    monkeypatch.setattr(voice, "SHA256", voice.digest(tmp_path / voice.VOICE))
    voice.from_mirror(tmp_path, print)


@pytest.mark.network
def test_real_speech_is_split_into_whole_recordings_of_the_published_length():
    data = load("msu_ru_speech")
    recordings = [set(np.unique(split.x[:, 40])) for split in (data.train, data.validation, data.test)]
    assert [len(found) for found in recordings] == [504, 56, 60]
    assert len(set.union(*recordings)) == 620
    frames = sum(len(split.y) for split in (data.train, data.validation, data.test))
    # 99.5 minutes, less the end of each recording that fills no hop.
    assert frames / 6000 == pytest.approx(99.5, abs=0.3)


def test_nearest_neighbour_among_all_training_speakers_errs_as_published():
    """260 of 462 (Robinson 1989), when the speakers that validate here train too."""
    data = load("deterding_vowels")
    x, y = (np.concatenate(parts) for parts in zip(data.train, data.validation))
    assert len(x) == 528
    distances = np.square(data.test.x[:, None].astype(float) - x[None]).sum(axis=-1)
    assert (y[distances.argmin(axis=1)] == data.test.y).sum() == 260


def test_no_speaker_is_in_two_splits():
    """Of each speaker there are six frames of each of eleven vowels, so that blocks of 66 rows are a speaker."""
    data = load("deterding_vowels")
    for split, speakers in ((data.train, 6), (data.validation, 2), (data.test, 7)):
        assert split.y.tolist() == [*range(11)] * 6 * speakers


def test_a_client_tells_how_much_has_arrived(tmp_path, monkeypatch):
    monkeypatch.setattr(mirrors, "PROGRESS_SECONDS", 0.2)
    told, start = [], mirrors.subprocess.Popen

    def written_at_once(*arguments, **options):
        process = start(*arguments, **options)
        while not (tmp_path / "file").exists() or (tmp_path / "file").stat().st_size < 3_000_000:
            time.sleep(0.01)
        return process

    monkeypatch.setattr(mirrors.subprocess, "Popen", written_at_once)

    def tell(line):
        told.append(line)
        (tmp_path / "told").touch()

    script = "head -c 3000000 /dev/zero > file; for i in $(seq 600); do [ -e told ] && exit; sleep 0.1; done"
    mirrors.run_client(["sh", "-c", script], tmp_path, tell=tell)
    assert told[0] == "sh: 3 MB so far"

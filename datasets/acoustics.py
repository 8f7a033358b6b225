"""The acoustic front end of speech recognisers: log-mel filter banks, cepstral coefficients, deltas, windows of frames.

As in Davis & Mermelstein (IEEE Trans. ASSP 28, 1980) and the HTK book (Young et al.): 25 ms under a Hamming window every
10 ms, 0.97 of the sample before subtracted, triangular filters equally wide in mel.
"""

import functools

import numpy as np

from zoo.errors import InvalidInput

RATE = 16_000  # samples a second
HOP, LENGTH, FFT = 160, 400, 512  # samples: 10 ms, 25 ms, the next power of two
EMPHASIS = 0.97
FILTERS = 40
OVERSHOT = 4  # times the largest sample, which resampling and decoding may go beyond
FLOOR = 1.0  # of a filter's energy, samples being of 16 bits: below it is digital silence
REACH = 2  # frames on either side that a delta is computed from


def log_mel(samples):
    """Logarithms of the energies in 40 mel filters from 0 to 8 kHz: samples (n,) of 16 bits at 16 kHz to (frames, 40) float64.

    Frame i covers the samples from 160 i to 160 i + 400; only whole frames are there. Raises InvalidInput for less than one, and
    for samples that are not finite, or on the scale from -1 to 1 that some libraries read sound to.
    """
    given = np.asarray(samples)
    samples = np.asarray(samples, float)
    if samples.ndim != 1 or len(samples) < LENGTH:
        raise InvalidInput(f"A waveform is a vector of at least {LENGTH} samples; got shape {samples.shape}.")
    loudest = np.abs(samples).max()
    if not np.isfinite(loudest):
        raise InvalidInput("A waveform has samples that are not finite.")
    if given.dtype.kind == "f" and 0 < loudest <= OVERSHOT and (loudest <= 1 or (samples % 1).any()):
        raise InvalidInput(
            f"Samples are of 16 bits, -32768 to 32767; these, up to {loudest:.3g}, are from -1 to 1: multiply by 32768."
        )
    if loudest > OVERSHOT * 2**15:
        raise InvalidInput(f"Samples are of 16 bits, -32768 to 32767; these go to {loudest:.3g}: bring them there.")
    emphasised = np.append(samples[0], samples[1:] - EMPHASIS * samples[:-1])
    frames = np.lib.stride_tricks.sliding_window_view(emphasised, LENGTH)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hamming(LENGTH), FFT)) ** 2 / FFT
    return np.log(np.maximum(power @ mel_filters().T, FLOOR))


def centres(frames):
    """The middle of each of so many frames, in seconds."""
    return (HOP * np.arange(frames) + LENGTH / 2) / RATE


@functools.cache
def mel_filters():
    """The triangular filters over the bins of the spectrum, (40, 257), each 1 at its top."""
    # O'Shaughnessy's formula for mel, as in HTK.
    mel = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), FILTERS + 2)
    edges = np.floor((FFT + 1) * 700 * (10 ** (mel / 2595) - 1) / RATE)
    bins, (left, top, right) = np.arange(FFT // 2 + 1), (edges[i : FILTERS + i, None] for i in range(3))
    rising, falling = (bins - left) / (top - left), (right - bins) / (right - top)
    return np.maximum(np.minimum(rising, falling), 0)


def cepstrum(log_mel, coefficients=13):
    """The first mel-frequency cepstral coefficients (n, coefficients): a cosine transform of each frame, orthonormal."""
    from scipy.fft import dct

    return dct(np.asarray(log_mel, float), norm="ortho", axis=1)[:, :coefficients]


def with_deltas(frames, utterances):
    """Frames (n, d) with their slopes in time and the slopes of these: float32 (n, d, 3).

    utterances: (n,) number of the utterance that each frame is of, one utterance after another. A slope is a regression
    over two frames on either side; beyond an utterance's ends its first and last frame are repeated.
    """
    around = neighbours(utterances, REACH)
    weights = np.arange(-REACH, REACH + 1, dtype=np.float32)
    weights /= (weights**2).sum()
    found = [np.asarray(frames, np.float32)]
    for _ in range(2):
        found.append(sum(weight * found[-1][around[:, place]] for place, weight in enumerate(weights) if weight))
    return np.stack(found, axis=-1)


def neighbours(utterances, reach):
    """Which frames are around each: int (n, 2 reach + 1), the frame itself in the middle, none of another utterance.

    utterances: as of with_deltas. Beyond the ends of an utterance its first or last frame stands. Raises InvalidInput
    where an utterance's frames are not together.
    """
    utterances = np.asarray(utterances)
    first = np.flatnonzero(np.diff(utterances, prepend=utterances[:1] - 1))
    if len(np.unique(utterances[first])) < len(first):
        raise InvalidInput("The frames of an utterance must follow each other; one of them is in two places.")
    lengths = np.diff(first, append=len(utterances))
    begin, end = np.repeat(first, lengths), np.repeat(first + lengths - 1, lengths)
    around = np.arange(len(utterances))[:, None] + np.arange(-reach, reach + 1)
    return np.clip(around, begin[:, None], end[:, None])

"""What general compressors make of text: gzip, bzip2 and xz of Python's library, and PPM with information inheritance.

PPM is Shkarin's PPMd, variants H and I (Data Compression Conference 2002; Cleary & Witten 1984), as pyppmd has them.
"""

import bz2
import gzip
import itertools
import lzma
import time

import numpy as np

from zoo.reproductions.trainers.processes import in_threads
from zoo.reproductions.trainers.texts import METRIC, VALIDATION, WHOLE, rows, text_of

CUT = 10  # characters
BY_CUT = "bits_per_char_deviation_by_where_the_text_begins"
PPM_MEMORY = 64 << 20  # bytes; no text here fills it


def compress(trial, report):
    """The run function of a compressor, trial.model, at its strongest setting.

    The recipe names n_train, n_test and perhaps a share of the training text. Held-out text costs what the file grows by when
    it is appended to the training text, so that the compressor has seen that and may adapt to the held-out text as it goes.
    Of PPM, which codes one character after another, rows give what each test block costs; its recipe has variants and orders,
    of which those with the fewest bits on the validation text are used. With before, so many characters of the held-out text
    are all that is known of it when a block is coded (see bits_of_lone_blocks), and every so many blocks are validated on.

    bzip2 sorts what it has before it codes: sorts is how many characters it sorts at once; what of the training text does not
    fit in with the held-out one is left out. And a block more, and the file grows by tens of bytes more or less: cuts is how
    often the test text is asked for again with ten more characters left out at the start; a row has the standard deviation of
    what it costs then. Rows also give the bits per character of the whole text, file headers included, unless a share of it
    is left out or it is known in part.
    """
    r = trial.recipe
    text = text_of(trial.dataset, r["n_train"], r["n_test"], r.get("share", 1.0))
    after, held_out = text.validation[0][:0], (text.validation[1], text.test[1])  # the former follows the training text
    settings, began = list(itertools.product(r.get("variants", [None]), r.get("orders", [None]))), time.perf_counter()
    train = [text.train[max(0, len(text.train) + len(part) - r.get("sorts", np.inf)) :] for part in held_out]

    def lone(setting, *held_out, every=1):
        return bits_of_lone_blocks(trial.model, setting, text.train, held_out, text.block, r["before"], every)

    if "before" in r:
        validated = {setting: lone(setting, after, held_out[0], every=r["every"]).mean() for setting in settings}
    else:
        validated = {setting: held_out_bits(trial.model, setting, train[0], held_out[0]) for setting in settings}
    best = min(validated, key=validated.get)
    seconds = time.perf_counter() - began
    if "before" in r:
        tested = lone(best, *text.test)[None]
    elif trial.model == "ppm":
        tested = bits_by_block(trial.model, best, text.train, held_out[1], text.block)[None]
    else:
        tested = held_out_bits(trial.model, best, train[1], held_out[1])
    values = {METRIC: tested, VALIDATION: validated[best]}
    if "cuts" in r:
        again = (held_out_bits(trial.model, best, train[1][CUT * cut :], held_out[1]) for cut in range(r["cuts"]))
        values[BY_CUT] = np.std(list(again), ddof=1)
    if "share" not in r and "before" not in r:
        whole = b"".join(part.tobytes() for part in (text.train, *held_out))
        values[WHOLE] = 8 * size(trial.model, best, whole) / len(whole)
    if trial.model == "ppm":
        values |= {"order": best[1], "variant_i": best[0] == "I"}
    return rows(trial, text, values, seconds=seconds, backend="Python", precision="exact")


def held_out_bits(compressor, setting, train, text):
    """Bits per character of a text, codes (n,) uint8, by how much it lengthens the compressed training text."""
    train = train.tobytes()
    return 8 * (size(compressor, setting, train + text.tobytes()) - size(compressor, setting, train)) / len(text)


def bits_by_block(compressor, setting, train, text, block):
    """held_out_bits of each block of a text, (n / block,), after the training text and all blocks before it."""
    whole, ends = train.tobytes() + text.tobytes(), range(len(train), len(train) + len(text) + 1, block)
    sizes = in_threads(size, ((compressor, setting, whole[:end]) for end in ends))
    return 8 * np.diff(sizes) / block


def bits_of_lone_blocks(compressor, setting, train, held_out, block, before, every=1):
    """Bits per character of each block of a text, or of every so many, (n / block / every,), after the training text and so
    many characters before the block.

    held_out: what precedes the text and is not in the training text, and the text. A compressor that goes on learning learns
    as little of it as a net that is given those characters to read.
    """
    train, stream, first = train.tobytes(), b"".join(part.tobytes() for part in held_out), len(held_out[0])
    starts = range(first, first + len(held_out[1]), block * every)
    contents = (train + stream[max(0, start - before) : end] for start in starts for end in (start, start + block))
    sizes = np.reshape(in_threads(size, ((compressor, setting, content) for content in contents)), (-1, 2))
    return 8 * np.diff(sizes)[:, 0] / block


def size(compressor, setting, content):
    """Bytes of the compressed content. setting: of PPM (variant, order), of the others nothing is used."""
    if compressor == "gzip":
        return len(gzip.compress(content, 9, mtime=0))
    if compressor == "bzip2":
        return len(bz2.compress(content, 9))
    if compressor == "xz":
        return len(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))
    import pyppmd

    variant, order = setting
    return len(pyppmd.compress(content, max_order=order, mem_size=PPM_MEMORY, variant=variant))

"""What general compressors make of text: gzip, bzip2 and xz of Python's library, and PPM with information inheritance.

PPM is Shkarin's PPMd, variant H (Data Compression Conference 2002; Cleary & Witten 1984), as pyppmd has it.
"""

import bz2
import gzip
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

    The recipe names n_train, n_test, orders and perhaps a share of the training text. Unless it names before, held-out text costs what the file grows
    by when it is appended to the training text, so that the compressor has seen that and may adapt to the held-out text as it
    goes. orders: of PPM, None for the others; the one with the fewest bits on the validation text is used. Rows also give the
    bits per character of the whole text, file headers included, unless a share of it is left out; of PPM, which codes one
    character after another, what each test block costs. bzip2 sorts what it has before it codes: a block more, and the file
    grows by tens of bytes more or less. So its recipe has cuts, how often the test text is asked for again with ten more
    characters of the training text left out at its start, and a row the standard deviation of what it costs then.

    before: so many characters of the held-out text are all that is known of it when a block is coded (see bits_of_lone_blocks).
    """
    r = trial.recipe
    text = text_of(trial.dataset, r["n_train"], r["n_test"], r.get("share", 1.0))
    orders, began = r["orders"] or [None], time.perf_counter()

    def lone(order, held_out):
        return bits_of_lone_blocks(trial.model, order, text.train, held_out, text.block, r["before"])

    if "before" in r:
        after = text.validation[0][:0], text.validation[1]  # it follows the training text
        validated = {order: lone(order, after).mean() for order in orders}
    else:
        validated = {order: held_out_bits(trial.model, order, text.train, text.validation[1]) for order in orders}
    order = min(validated, key=validated.get)
    seconds = time.perf_counter() - began
    if "before" in r:
        tested = lone(order, text.test)[None]
    elif trial.model == "ppm":
        tested = bits_by_block(trial.model, order, text.train, text.test[1], text.block)[None]
    else:
        tested = held_out_bits(trial.model, order, text.train, text.test[1])
    values = {METRIC: tested, VALIDATION: validated[order]}
    if "cuts" in r:
        again = (held_out_bits(trial.model, order, text.train[CUT * cut :], text.test[1]) for cut in range(r["cuts"]))
        values[BY_CUT] = np.std(list(again), ddof=1)
    if "share" not in r and "before" not in r:
        whole = b"".join(part.tobytes() for part in (text.train, text.validation[1], text.test[1]))
        values[WHOLE] = 8 * size(trial.model, order, whole) / len(whole)
    if order is not None:
        values["order"] = order
    return rows(trial, text, values, seconds=seconds, backend="Python", precision="exact")


def held_out_bits(compressor, order, train, text):
    """Bits per character of a text, codes (n,) uint8, by how much it lengthens the compressed training text."""
    train = train.tobytes()
    return 8 * (size(compressor, order, train + text.tobytes()) - size(compressor, order, train)) / len(text)


def bits_by_block(compressor, order, train, text, block):
    """held_out_bits of each block of a text, (n / block,), after the training text and all blocks before it."""
    whole, ends = train.tobytes() + text.tobytes(), range(len(train), len(train) + len(text) + 1, block)
    sizes = in_threads(size, ((compressor, order, whole[:end]) for end in ends))
    return 8 * np.diff(sizes) / block


def bits_of_lone_blocks(compressor, order, train, held_out, block, before):
    """Bits per character of each block of a text, (n / block,), after the training text and so many characters before the block.

    held_out: what precedes the text and is not in the training text, and the text. A compressor that goes on learning learns as little of it as a net that is
    given those characters to read.
    """
    train, stream, first = train.tobytes(), b"".join(part.tobytes() for part in held_out), len(held_out[0])
    starts = range(first, first + len(held_out[1]), block)
    contents = (train + stream[max(0, start - before) : end] for start in starts for end in (start, start + block))
    sizes = np.reshape(in_threads(size, ((compressor, order, content) for content in contents)), (-1, 2))
    return 8 * np.diff(sizes)[:, 0] / block


def size(compressor, order, content):
    """Bytes of the compressed content."""
    if compressor == "gzip":
        return len(gzip.compress(content, 9, mtime=0))
    if compressor == "bzip2":
        return len(bz2.compress(content, 9))
    if compressor == "xz":
        return len(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))
    import pyppmd

    return len(pyppmd.compress(content, max_order=order, mem_size=PPM_MEMORY, variant="H"))

"""The rows of language_model: what its nets and rivals are called, and what the runs hold of them."""

from zoo.reproductions.harness.runs import rows_in

PLAIN, ONE, TWO = ("rnn", "1 layer"), ("lstm", "1 layer"), ("lstm", "2 layers")
WIDE = ("lstm", "1 wide layer")  # with as many weights as TWO
WIDE_PLAIN = ("rnn", "1 wide layer")  # with as many weights as ONE
NGRAMS, PPM = ("ngrams", "Kneser-Ney"), ("ppm", "PPMd")
FORGETFUL = ("ppm", "PPMd, forgets the test text")  # but for as many characters as a net reads before it predicts
BZIP2 = ("bzip2", "-9")
COMPRESSORS = (BZIP2, ("xz", "-9e"), ("gzip", "-9"))
RIVALS = (NGRAMS, PPM, FORGETFUL, *COMPRESSORS)
SHARES = {"1/16": 1 / 16, "1/4": 1 / 4}  # of the training text of one book: what more of it is worth, and to whom
LEARN_FROM_SHARES = (ONE, NGRAMS, PPM)


def part_of(row, share):
    """The row of a model that has learnt from a part of the text."""
    return row[0], f"{row[1]}, {share} of the text"


def shares_of(runs, dataset, row):
    """The rows of a model that has learnt from the shares of a text, from the least to all of it: [] if one is not there."""
    found = [*(part_of(row, share) for share in SHARES), row]
    present = {row[1:] for row in rows_in(runs) if row[0] == dataset}
    return found if present.issuperset(found) else []


def name_of(row):
    """A row's model and setting in short."""
    model, setting = row
    return f"{model} of {setting}" if "layer" in setting else f"{model} that forgets" if row == FORGETFUL else model

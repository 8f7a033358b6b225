"""N-grams of characters with interpolated modified Kneser-Ney smoothing (Chen & Goodman, Harvard TR-10-98, 1998)."""

import time

import numpy as np

from zoo.errors import InvalidInput
from zoo.reproductions.trainers.texts import METRIC, VALIDATION, rows, text_of
from zoo.tasks import ALPHABET

LONGEST = 9  # so many characters, of 7 bits each, fit into an integer of 64 bits
# Where the counts of counts give no discount, as for single characters; KenLM's.
FALLBACK = np.array([0.0, 0.5, 1.0, 1.5])


def count_ngrams(trial, report):
    """The run function of n-grams.

    The recipe names n_train, n_test, orders, of which validation chooses one, and perhaps a share of the training text.
    parameters: how many different n-grams are kept, of all lengths. Rows say what each test block costs. Deterministic.
    """
    r = trial.recipe
    text = text_of(trial.dataset, r["n_train"], r["n_test"], r.get("share", 1.0))
    models = {order: NGrams(text.train, order) for order in r["orders"]}
    validated = {order: float(model.bits(*text.validation).mean()) for order, model in models.items()}
    order = min(validated, key=validated.get)
    began = time.perf_counter()
    model = NGrams(text.train, order)
    seconds = time.perf_counter() - began
    values = {METRIC: text.by_block(model.bits(*text.test))[None], VALIDATION: validated[order], "order": order}
    kept = sum(len(level.grams) for level in model.levels)
    return rows(trial, text, values, seconds=seconds, parameters=kept, backend="numpy", precision="float64")


class NGrams:
    """Counts of a training text, codes (N,) below 128, and probabilities of what follows a context.

    order: the longest n-gram, 1..9. The longest are counted, a shorter one counts the characters that it was seen after.
    Below single characters lies the uniform distribution, so that no character is impossible.
    """

    def __init__(self, text, order):
        if not 1 <= order <= LONGEST or len(text) < order:
            raise InvalidInput(f"order must be 1 to {LONGEST} and the text as long; got {order} and {len(text)} characters.")
        grams, counts = np.unique(_keys(np.asarray(text), order), return_counts=True)
        self.levels = [_Level(grams, counts)]
        for length in range(order - 1, 0, -1):
            grams, counts = np.unique(grams % ALPHABET**length, return_counts=True)
            self.levels.insert(0, _Level(grams, counts))

    def probabilities(self, context, text):
        """(n,) float64: of each character of a text, codes (n,), given all of context (m,) and the text before it."""
        whole = np.concatenate([context, text]).astype(np.int64)
        found = np.full(len(text), 1 / ALPHABET)
        for length, level in enumerate(self.levels, start=1):
            grams = _keys(whole, length)[-len(text) :]
            # At the beginning, with too little before it, a character keeps what the shorter n-grams say.
            found[len(text) - len(grams) :] = level.interpolated(grams, found[len(text) - len(grams) :])
        return found

    def bits(self, context, text):
        """(n,) float64: what each character of a text costs in bits, -log2 of its probability."""
        return -np.log2(self.probabilities(context, text))


class _Level:
    """N-grams of one length, as sorted integers, with their counts, their discounts and the mass that these set free."""

    def __init__(self, grams, counts):
        self.grams, self.counts = grams, counts
        self.discounts = discounts(counts)
        self.contexts, starts = np.unique(grams // ALPHABET, return_index=True)
        self.totals = np.add.reduceat(counts, starts)
        self.freed = np.add.reduceat(self.discounts[np.minimum(counts, 3)], starts)

    def interpolated(self, grams, below):
        """Probabilities (n,) of n-grams (n,) given the probabilities (n,) at the level below."""
        counts = _looked_up(grams, self.grams, self.counts)
        totals = _looked_up(grams // ALPHABET, self.contexts, self.totals)
        freed = _looked_up(grams // ALPHABET, self.contexts, self.freed)
        own = np.maximum(counts - self.discounts[np.minimum(counts, 3)], 0)
        return np.where(totals > 0, (own + freed * below) / np.maximum(totals, 1), below)


def discounts(counts):
    """What is taken off counts of 0, 1, 2 and of 3 and more, (4,), from how many n-grams have a count of 1, 2, 3, 4."""
    ones, twos, threes, fours = n = [int((counts == count).sum()) for count in (1, 2, 3, 4)]
    if min(n) == 0:
        return FALLBACK
    y = ones / (ones + 2 * twos)
    found = np.array([0.0, 1 - 2 * y * twos / ones, 2 - 3 * y * threes / twos, 3 - 4 * y * fours / threes])
    return found if (found[1:] > 0).all() else FALLBACK


def _keys(text, length):
    """Every stretch of a text as one integer, its characters the digits: (len(text) - length + 1,) int64."""
    if len(text) < length:
        return np.zeros(0, np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(text, np.int64), length)
    return windows @ (ALPHABET ** np.arange(length - 1, -1, -1, dtype=np.int64))


def _looked_up(keys, known, values):
    """Of each key the value that stands beside it in the sorted `known`, 0 where it is not there."""
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[places] == keys, values[places], 0)

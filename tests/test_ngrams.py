"""N-grams of language_model against Chen & Goodman's definition, with dictionaries, and against NLTK."""

import collections

import numpy as np
import pytest

from text_example import TALE, codes
from zoo.errors import InvalidInput
from zoo.reproductions.trainers import ngrams
from zoo.reproductions.trainers.ngrams import NGrams


class ByDefinition:
    """Interpolated Kneser-Ney as Chen & Goodman write it, with dictionaries: slow, and nothing shared with ours."""

    def __init__(self, text, order, discounts):
        self.tables = {order: collections.Counter(text[i : i + order] for i in range(len(text) - order + 1))}
        for n in range(order - 1, 0, -1):
            self.tables[n] = collections.Counter(gram[1:] for gram in self.tables[n + 1])
        self.discounts = {n: discounts(table) for n, table in self.tables.items()}

    def probability(self, context, character):
        below = 1 / 128 if context is None else None
        if below is not None:
            return below
        n = len(context) + 1
        lower = self.probability(context[1:] if context else None, character)
        following = {gram: count for gram, count in self.tables[n].items() if gram[:-1] == context}
        total = sum(following.values())
        if not total:
            return lower
        d = self.discounts[n]
        own = following.get(context + character, 0)
        freed = sum(d[min(count, 3)] for count in following.values())
        return (max(own - d[min(own, 3)], 0) + freed * lower) / total


def chen_goodman(table):
    n = [sum(count == number for count in table.values()) for number in range(5)]
    if min(n[1:]) == 0:
        return [0, 0.5, 1, 1.5]
    y = n[1] / (n[1] + 2 * n[2])
    found = [0, *(number - (number + 1) * y * n[number + 1] / n[number] for number in (1, 2, 3))]
    return found if min(found[1:]) > 0 else [0, 0.5, 1, 1.5]


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_ngrams_are_chen_and_goodmans(order):
    slow, fast = ByDefinition(TALE, order, chen_goodman), NGrams(codes(TALE), order)
    story = "the lazy dog~ was upon it; zebra"
    expected = [slow.probability(story[max(0, i - order + 1) : i], story[i]) for i in range(len(story))]
    np.testing.assert_allclose(fast.probabilities(codes(""), codes(story)), expected, rtol=1e-12)
    np.testing.assert_allclose(fast.bits(codes(""), codes(story)), -np.log2(expected), rtol=1e-12)


def test_ngrams_share_out_all_probability():
    model = NGrams(codes(TALE), 4)
    for context in ("the", "fo", "zzz", "~", ""):
        each = [model.probabilities(codes(context), np.array([code], "uint8"))[0] for code in range(128)]
        assert sum(each) == pytest.approx(1, abs=1e-12) and min(each) > 0


def test_ngrams_with_one_discount_are_nltks(monkeypatch):
    """NLTK has Kneser-Ney with one discount and without the uniform distribution below single characters."""
    from nltk.lm import KneserNeyInterpolated
    from nltk.util import everygrams, ngrams as pieces

    theirs = KneserNeyInterpolated(3, discount=0.4)
    text = list(TALE)
    theirs.fit([list(pieces(text, n)) for n in (1, 2, 3)], text)
    assert list(everygrams(text[:3], max_len=3))
    monkeypatch.setattr(ngrams, "discounts", lambda counts: np.array([0, 0.4, 0.4, 0.4]))
    ours = NGrams(codes(TALE), 3)
    # Theirs has nothing below single characters: neither has ours then.
    ours.levels[0].discounts = np.zeros(4)
    ours.levels[0].freed = np.zeros(1)
    for context in ("th", "fo", "x ", " w"):
        for character in "aeox ":
            mine = ours.probabilities(codes(context), codes(character))[0]
            assert mine == pytest.approx(theirs.score(character, list(context)), rel=1e-9)


def test_a_longer_context_is_used_where_it_was_seen_and_only_there():
    text = codes("abcd" * 50 + "xbcy" * 50)
    long, short = NGrams(text, 4), NGrams(text, 2)
    assert long.probabilities(codes("abc"), codes("d"))[0] > 0.9 > 0.6 > short.probabilities(codes("abc"), codes("d"))[0]
    assert long.probabilities(codes("qqc"), codes("d")) == pytest.approx(NGrams(text, 4).probabilities(codes("c"), codes("d")))


@pytest.mark.parametrize("order", [0, 10])
def test_impossible_orders(order):
    with pytest.raises(InvalidInput, match="order must be 1 to 9"):
        NGrams(codes(TALE), order)
    with pytest.raises(InvalidInput, match="got 5 and 3 characters"):
        NGrams(codes("abc"), 5)

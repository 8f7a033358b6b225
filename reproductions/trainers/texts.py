"""A data set's text as language models are measured on it, and the rows of what was measured: bits per character."""

from typing import NamedTuple

import numpy as np

from zoo.reproductions.trainers.rows import rows_of

METRIC, VALIDATION, WHOLE = "bits_per_char", "validation_bits_per_char", "whole_file_bits_per_char"


class Text(NamedTuple):
    """Character codes (n,): to train on; to validate and to test on, each a pair of what precedes it and the text itself.

    block: characters of a test example; the held-out texts are whole blocks.
    """

    train: np.ndarray
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    block: int

    def by_block(self, bits):
        """What characters cost (..., n) as what blocks of them cost on the average (..., n / block)."""
        return np.reshape(bits, (*np.shape(bits)[:-1], -1, self.block)).mean(axis=-1)


def text_of(dataset, n_train=None, n_test=None, share=1.0):
    """The Text of a data set of blocks. n_train: only its last so many blocks; n_test: the first so many held-out ones.

    share: of the training blocks, those at the end, so that what precedes the held-out text stays where it was.

    What precedes a held-out text ends where it begins: the split before it and its own first character, which is no target.
    """
    from zoo.datasets import load

    data = load(dataset)
    train = data.train.x[len(data.train.x) - round(share * (n_train or len(data.train.x))) :]
    held_out, before = [], train
    for split in (data.validation, data.test):
        held_out.append((np.append(before, split.x[0, 0]), split.y[:n_test].ravel()))
        before = split.x
    return Text(np.append(train, data.train.y[-1, -1]), *held_out, block=data.test.y.shape[1])


def rows(trial, text, values, **shared):
    """Rows of {metric: values as rows_of has them}; n_train and n_test count characters."""
    shared |= {"n_train": len(text.train), "n_test": len(text.test[1])}
    return rows_of(trial.seeds, values, shared)

"""Names by shell wildcards, as the lists of models, presets, data sets and claims take them."""

import fnmatch
from unicodedata import category

from zoo.errors import InvalidInput

_UNFIT = {"Cc", "Cs", "Zl", "Zp"}  # in a line of text: controls, halves of characters, ends of lines and paragraphs


def are_labels(names):
    """Whether all are different strings, none empty, each on one line: what classes may be called."""
    plain = all(isinstance(name, str) and name and not {*map(category, name)} & _UNFIT for name in names)
    return plain and len(set(names)) == len(names)


def printable(text):
    """A text on one line: what steers a terminal or begins another line is spelt out, but for tabs."""
    return "".join(ascii(sign)[1:-1] if category(sign) in _UNFIT and sign != "\t" else sign for sign in text)


def matching(names, pattern):
    """Those of some names that match a shell pattern such as "*mnist*", sorted; None means all. Raises InvalidInput for what
    is no string.
    """
    if pattern is None:
        return sorted(names)
    if not isinstance(pattern, str):
        raise InvalidInput(f"A pattern of names is one string, such as '*mnist*', or None for all; got {pattern!r:.80}.")
    return sorted(fnmatch.filter(names, pattern))

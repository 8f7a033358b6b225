"""Names by shell wildcards, as the lists of models, presets, data sets and claims take them."""

import fnmatch

from zoo.errors import InvalidInput


def matching(names, pattern):
    """Those of some names that match a shell pattern such as "*mnist*", sorted; None means all. Raises InvalidInput for what
    is no string.
    """
    if pattern is None:
        return sorted(names)
    if not isinstance(pattern, str):
        raise InvalidInput(f"A pattern of names is one string, such as '*mnist*', or None for all; got {pattern!r:.80}.")
    return sorted(fnmatch.filter(names, pattern))

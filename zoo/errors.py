"""The errors that a user can meet. Each message says what was wrong and what to do; none needs a traceback."""

import os
import re
import tokenize
import zipfile
import zlib

# What NumPy raises for the damaged bytes of an array file or of an archive of them, the parser of its headers included.
BROKEN_ARRAYS = (
    ValueError, EOFError, KeyError, SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error, NotImplementedError,
    RuntimeError, MemoryError, OverflowError,
)  # fmt: skip


class ZooError(Exception):
    """Base of every error that this project raises on purpose."""


class UnknownName(ZooError, LookupError):
    """A model, preset, data set, claim or budget that nobody registered."""


class InvalidInput(ZooError, ValueError):
    """Arguments or data that cannot be used: wrong shape, NaN, labels out of range, zero seeds."""


class DataUnavailable(ZooError, OSError):
    """No source of a data set could be reached."""


class CorruptFile(ZooError, OSError):
    """A file whose content is not what its checksum or format promises."""


class CacheError(ZooError, OSError):
    """The cache folder of the data sets cannot be read or written: permissions, a full disk."""


class ResultsError(ZooError, OSError):
    """A folder or file that cannot be read or written: of results, a preset, an export, a saved population."""


class TrialsFailed(ZooError):
    """Some trials of a run raised; the others are finished and stored."""


def unknown_name(kind, name, known):
    """An UnknownName that suggests the nearest names and says how to list all.

    kind: singular noun such as "model"; known: iterable of the names that exist.
    """
    import difflib

    known = sorted(known)
    spelt = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), spelt, n=3, cutoff=0.5) if isinstance(name, str) else ()
    near = [spelt[other] for other in near]
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
    return UnknownName(f"There is no {kind} called {str(name)!r}. {hint}")


def reason_of(error):
    """The line of an error of somebody else's that says why; its kind where it has none. Keras begins with the layer."""
    lines = [re.sub(r"\x1b\[\d*m", "", line).strip() for line in str(error).splitlines()]
    lines = [line for line in lines if line] or [type(error).__name__]
    if "allow_pickle" in lines[0]:  # NumPy's advice is to load it nevertheless
        return "it holds pickled objects, which could run code, or is of another kind"
    return next((line for line in lines if not line.startswith("Exception encountered when calling")), lines[0]).rstrip(":")


def told_by(error):
    """The system's words for an OSError, such as "No space left on device"; h5py has their number in its own text alone."""
    number = error.errno or next(iter(re.findall(r"errno = (\d+)", str(error))), 0)
    return error.strerror or (os.strerror(int(number)) if int(number) else str(error))

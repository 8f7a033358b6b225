"""Downloads over HTTP, above all from a data set's official source, which must answer within seconds or is passed over."""

import hashlib
import math
import os
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException

from zoo.datasets.dataset import SourceFailed
from zoo.errors import InvalidInput

ANSWER_SECONDS = 3
STALL_SECONDS = 60
PROGRESS_SECONDS = 5
LONGEST = 3600  # seconds that anybody may choose to wait


# The environment variable for those who have to wait longer than these for an answer, whatever it comes from.
PATIENCE = "ZOO_ANSWER_SECONDS"


class NoAnswer(SourceFailed):
    """A server is out of reach or does not have the file: nothing was downloaded."""


def patience(usual):
    """Seconds to wait for an answer: `usual`, or what ZOO_ANSWER_SECONDS says. Raises InvalidInput where that is no time."""
    chosen = os.environ.get(PATIENCE, "").strip()
    try:
        seconds = float(chosen) if chosen else usual
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= LONGEST:
        raise InvalidInput(f"{PATIENCE} is how many seconds a source may take to answer, at most an hour; got {chosen!r}.")
    return seconds


def waiting(usual):
    """(patience(usual), what to add where it has been in vain)."""
    seconds = patience(usual)
    longer = min(10 * math.ceil(seconds), LONGEST)
    return seconds, f" ({PATIENCE}={longer} waits longer)" if longer > seconds else ""


def download(base_url, names, folder, tell):
    """Download base_url + name for every name into the folder; raises SourceFailed."""
    for name in names:
        answer = _open(base_url + name, ANSWER_SECONDS)
        tell(f"downloading {base_url}{name}")
        length, have = answer.headers["Content-Length"], 0
        with answer, open(folder / name, "wb") as file:
            while block := _block(answer, name):
                have += file.write(block)
        if length not in (None, str(have)):  # an answer that ends early raises nothing
            raise SourceFailed(f"{name} broke off after {have / 1e6:.1f} of {int(length) / 1e6:.1f} MB")


def resume(url, path, size, sha256, tell, seconds=None):
    """Download a file of known size and sha256 to path, after what an interrupted download has left there.

    seconds: for the answer, where ZOO_ANSWER_SECONDS does not say. Raises NoAnswer, and SourceFailed when it breaks off,
    which leaves what came for the next time. A file that turns out to be another is removed: nobody could say which part of
    it is wrong.
    """
    name, have = url.rpartition("/")[2], path.stat().st_size if path.exists() else 0
    if have >= size:
        if _sha256(path) == sha256:
            return
        path.unlink()
        have = 0
    answer = _open(url, seconds or ANSWER_SECONDS, Range=f"bytes={have}-")
    # A server that knows no ranges sends everything, with another status.
    span, _, whole = (answer.headers["Content-Range"] or "").partition("/")
    rest = answer.status == 206 and span.startswith(f"bytes {have}-")
    have, told = have if rest else 0, float("-inf")
    with answer:
        # It may also be the page of a network that wants a password first.
        length = answer.headers["Content-Length"]
        unknown = length is None and not rest  # then nothing tells a whole answer from a part: no part is given up for it
        another = length not in (None, str(size - have)) or rest and whole not in ("*", str(size))
        if another or unknown and path.exists():
            raise NoAnswer(f"{name} has another size there, or none")
        with open(path, "ab" if have else "wb") as file:
            while have <= size and (block := _block(answer, name, "; it goes on there next time" * (not unknown))):
                have += file.write(block)
                if time.monotonic() - told > PROGRESS_SECONDS:
                    told = time.monotonic()
                    tell(f"{name}: {have / 1e6:.0f} of {size / 1e6:.0f} MB")
    if unknown and have != size:
        path.unlink()
        raise NoAnswer(f"{name} has another size there, or none")
    # An answer that ends early raises nothing.
    if have < size:
        raise SourceFailed(f"{name} broke off after {have / 1e6:.0f} of {size / 1e6:.0f} MB; it goes on there next time")
    if _sha256(path) != sha256:
        path.unlink()
        raise SourceFailed(f"{name} is another file than the one that is known here: its sha256 differs")


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _block(answer, name, then=""):
    """The next bytes to arrive. Only what goes wrong here is the source's fault: writing them has other reasons to fail.

    then: what an error says of what has come so far.
    """
    try:
        return answer.read1(1 << 20)
    except (OSError, HTTPException) as error:
        raise SourceFailed(f"{name} broke off: {error}{then}") from None


def _open(url, seconds, **headers):
    """urlopen within `seconds`, or patience's: its own timeout does not cover looking up the host's name."""
    answers, failures, given_up, (limit, remedy) = [], [], threading.Event(), waiting(seconds)

    def attempt():
        try:
            answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=max(STALL_SECONDS, 2 * limit))
        except Exception as error:  # whatever it is, it is the reason to tell
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            failures.append(error)
            return
        if given_up.is_set():
            answer.close()
        else:
            answers.append(answer)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(limit)
    if answers:
        return answers[0]
    given_up.set()
    if failures:
        raise NoAnswer(f"{url.rpartition('/')[2]}: {failures[0]}")
    raise NoAnswer(f"no answer within {limit:g} seconds{remedy}")

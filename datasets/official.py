"""Downloads from a data set's official source, which must answer within seconds or is passed over."""

import threading
import urllib.error
import urllib.request
from http.client import HTTPException

from zoo.datasets.dataset import SourceFailed

ANSWER_SECONDS = 3
STALL_SECONDS = 60


def download(base_url, names, folder, tell):
    """Download base_url + name for every name into the folder; raises SourceFailed."""
    for name in names:
        answer = _open(base_url + name)
        tell(f"downloading {base_url}{name}")
        with answer, open(folder / name, "wb") as file:
            while block := _block(answer, name):
                file.write(block)


def _block(answer, name):
    """The next bytes. Only what goes wrong here is the source's fault: writing them has other reasons to fail."""
    try:
        return answer.read(1 << 20)
    except (OSError, HTTPException) as error:
        raise SourceFailed(f"{name} broke off: {error}") from None


def _open(url):
    """urlopen within ANSWER_SECONDS: its own timeout does not cover looking up the host's name."""
    answers, failures, given_up = [], [], threading.Event()

    def attempt():
        try:
            answer = urllib.request.urlopen(url, timeout=STALL_SECONDS)
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
    thread.join(ANSWER_SECONDS)
    if answers:
        return answers[0]
    given_up.set()
    if failures:
        raise SourceFailed(f"{url.rpartition('/')[2]}: {failures[0]}")
    raise SourceFailed(f"no answer within {ANSWER_SECONDS} seconds")

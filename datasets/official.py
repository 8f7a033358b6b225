"""Downloads from a data set's official source, which must answer within seconds or is passed over."""

import threading

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
    from http.client import HTTPException

    try:
        return answer.read(1 << 20)
    except (OSError, HTTPException) as error:
        raise SourceFailed(f"{name} broke off: {error}") from None


def _open(url):
    """urlopen within ANSWER_SECONDS: its own timeout does not cover looking up the host's name."""
    import urllib.request  # too slow for the imports of a warm load

    result = []

    def attempt():
        try:
            result.append(urllib.request.urlopen(url, timeout=STALL_SECONDS))
        except Exception as error:  # shown to the user as this source's reason
            result.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(ANSWER_SECONDS)
    if not result:
        raise SourceFailed(f"no answer within {ANSWER_SECONDS} seconds")
    if isinstance(result[0], Exception):
        raise SourceFailed(str(getattr(result[0], "reason", result[0])))
    return result[0]

"""What takes the place of a folder: whole or not at all, whatever happens meanwhile."""

import sys

import pytest

from zoo import replacing


@pytest.fixture
def folders(tmp_path):
    """(an old folder, a new one in a scratch folder)."""
    for path, text in ((tmp_path / "preset", "old"), (tmp_path / "scratch" / "preset", "new")):
        path.mkdir(parents=True)
        (path / "card").write_text(text)
    return tmp_path / "preset", tmp_path / "scratch" / "preset"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has one step for it")
def test_no_moment_is_without_a_folder(folders, monkeypatch):
    """A kill between two renames would leave none of that name."""
    monkeypatch.setattr(replacing.os, "replace", None)
    replacing.put_in_place(*folders)
    assert (folders[0] / "card").read_text() == "new"


def test_elsewhere_it_takes_two_steps(folders, monkeypatch):
    monkeypatch.setattr(replacing, "_exchanged", lambda *given: False)
    replacing.put_in_place(*folders)
    assert (folders[0] / "card").read_text() == "new" and not folders[1].exists()


def test_the_old_one_is_back_where_the_second_step_fails(folders, monkeypatch):
    monkeypatch.setattr(replacing, "_exchanged", lambda *given: False)
    replace, made = replacing.os.replace, []

    def failing(*given):
        made.append(given)
        if len(made) == 2:
            raise OSError("no more")
        replace(*given)

    monkeypatch.setattr(replacing.os, "replace", failing)
    with pytest.raises(OSError, match="no more"):
        replacing.put_in_place(*folders)
    assert (folders[0] / "card").read_text() == "old"

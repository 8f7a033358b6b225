"""Where results are read from: the folder named or stood in, else the checkout of the code, where nothing is written."""

import shutil
from pathlib import Path

import pytest

import harness_example
from zoo.errors import ResultsError
from zoo.reproductions.harness import claim_losses, claim_runs, compare, folder, results_root, run_claim, write_report
from zoo.reproductions.harness.roots import roots_to_read

RESULTS = Path(__file__).resolve().parents[1] / "results"
LIKE = ("setup.cfg", "reproductions/published.csv")  # what a checkout is known by


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """An empty folder, which is the current one; no folder of results is named."""
    monkeypatch.delenv("ZOO_RESULTS_DIR")
    (tmp_path / "outside").mkdir()
    monkeypatch.chdir(tmp_path / "outside")
    return tmp_path / "outside"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout that the code is made to lie in, with a few results."""
    for name in (*LIKE, "reproductions/harness/roots.py"):
        (tmp_path / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "checkout" / name).touch()
    for name in ("full/backpropagation", "full/published_stack", "quick/linear_separability"):
        shutil.copytree(RESULTS / name, tmp_path / "checkout" / "results" / name)
    code = tmp_path / "checkout" / "reproductions" / "harness" / "roots.py"
    monkeypatch.setattr("zoo.reproductions.harness.roots.__file__", str(code))
    return tmp_path / "checkout"


def files(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_results_are_read_from_beside_the_code_and_written_to_the_current_folder(outside, checkout, call):
    before = files(checkout)
    assert results_root() == outside / "results" and roots_to_read() == [outside / "results", checkout / "results"]
    assert len(claim_runs("backpropagation", "full")) and claim_losses("linear_separability", "quick")
    assert len(compare("backpropagation", "full")[1]) == 10
    code, out, _ = call("compare", "backpropagation")
    assert code == 0 and "full budget" in out and out.endswith(f"{checkout / 'results' / 'full' / 'backpropagation'}\n")
    code, out, _ = call("claims", "backpropagation")
    assert code == 0 and "zoo compare backpropagation --budget full" in out
    assert call("report") == (0, f"wrote {outside / 'results' / 'report.html'}\n", "")
    assert run_claim(harness_example, "smoke") == outside / "results" / "smoke" / "harness_example"
    assert files(checkout) == before


def test_what_the_current_folder_has_comes_first(outside, checkout, call):
    shutil.copytree(RESULTS / "quick" / "backpropagation", outside / "results" / "quick" / "backpropagation")
    shutil.copytree(RESULTS / "full" / "published_stack", outside / "results" / "full" / "published_stack")
    for name, mine in {"backpropagation": False, "published_stack": True}.items():
        assert folder.folder_to_read(name, "full") == (outside if mine else checkout) / "results" / "full" / name
    assert call("compare", "backpropagation")[1].endswith(f"{outside / 'results' / 'quick' / 'backpropagation'}\n")
    shutil.move(checkout / "results" / "full" / "backpropagation", checkout / "results" / "quick" / "backpropagation")
    shutil.move(outside / "results" / "quick" / "backpropagation", outside / "results" / "full" / "backpropagation")
    mine = outside / "results" / "full" / "backpropagation"
    assert call("compare", "backpropagation")[1].endswith(f"{mine}\n"), "not the quick one of another folder"
    page = write_report(outside / "report.html").read_text(encoding="utf-8")
    assert page.count("<section id=") == 2
    shutil.rmtree(outside / "results" / "full" / "published_stack")
    claims = ["backpropagation", "published_stack"]
    assert write_report(outside / "report.html", claims=claims).read_text(encoding="utf-8") == page, "each from where it is"


def test_a_folder_that_is_named_is_the_only_one(outside, checkout, call, monkeypatch):
    asked = ["compare", "backpropagation", "--budget", "full"]
    path = outside / "mine" / "full" / "backpropagation" / "runs.csv"
    said = f"There is no {path}; run it: zoo reproduce backpropagation --budget full"
    assert call(*asked, "--out", "mine") == (1, "", f"error: {said} --out mine\n")
    assert call("report", "--out", "mine")[0] == 1
    monkeypatch.setenv("ZOO_RESULTS_DIR", "mine")
    assert call(*asked) == (1, "", f"error: {said}\n")
    assert call("report")[0] == 1


@pytest.mark.parametrize("missing", LIKE)
def test_without_a_checkout_the_error_says_where_the_tables_are(outside, checkout, call, monkeypatch, missing):
    (checkout / missing).unlink()  # as of a package, which lies in no checkout
    where = "(deepzoo's own tables are in results/ of its repository, which comes with no package)"
    assert roots_to_read() == [outside / "results"]
    with pytest.raises(ResultsError) as error:
        claim_runs("backpropagation", "full")
    assert str(error.value).endswith(f"run it: zoo reproduce backpropagation --budget full {where}")
    code, _, err = call("report")
    assert code == 1 and err.endswith(f"{where}\n")
    with pytest.raises(ResultsError) as error:
        claim_runs(harness_example, "quick")
    assert where not in str(error.value), "a claim of one's own is in no repository of deepzoo's"
    for name in LIKE:
        (outside / name).parent.mkdir(exist_ok=True)
        (outside / name).touch()
    with pytest.raises(ResultsError) as error:
        claim_runs("backpropagation", "full")
    assert where not in str(error.value), "the current folder is a checkout"


def test_no_more_is_said_where_a_checkout_lacks_them(outside, checkout):
    with pytest.raises(ResultsError) as error:
        claim_runs("backpropagation", "quick")
    assert str(error.value).endswith("run it: zoo reproduce backpropagation --budget quick")

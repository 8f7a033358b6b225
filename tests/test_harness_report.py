"""The report: all results on one page that needs no other file, whatever the results have in them."""

import base64
import html.parser
import os
import re
import shlex
import shutil
import stat
import types
from pathlib import Path

import pytest

import harness_example
from zoo.errors import InvalidInput
from zoo.reproductions.harness import run_claim, target, write_report
from zoo.reproductions.harness.making import write_results
from zoo.reproductions.harness.report import report_html

RESULTS = Path(__file__).parent.parent / "results"
ROW = ("digits", "linear", "raw <b>pixels</b> & more")
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(html.parser.HTMLParser):
    """What a page is made of: its tags with their attributes, its text, and whether every tag is closed in its turn."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.words = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag, attribute):
        return [attributes[attribute] for name, attributes in self.tags if name == tag and attribute in attributes]


@pytest.fixture
def folder(results_dir):
    """A claim's folder in which names could be taken for HTML."""
    module = types.ModuleType("a_claim", "Does 1 < 2 hold?\n\nAt length.")
    module.trials = lambda budget: []
    module.judge, module.draw = lambda runs: [target(runs, ROW, at_most=10)], harness_example.draw
    names = dict.fromkeys(("n_train", "n_test", "parameters", "updates", "seconds"), 1)
    names |= {"device": "a <card>", "backend": "jax", "precision": "float32", "commit": "abc", "metric": "test_error_pct"}
    names |= dict(zip(("dataset", "model", "setting"), ROW, strict=True))
    write_results(results_dir / "quick" / "a_claim", module, [names | {"seed": n, "value": 7 + 0.1 * n} for n in range(3)], {})
    return results_dir / "quick" / "a_claim"


def test_committed_results_are_all_on_the_page():
    text = report_html(RESULTS)
    page, folders = Page(text), sorted(path.parent for path in RESULTS.glob("*/*/verdicts.csv"))
    assert folders and set(page.all("section", "id")) == {folder.name for folder in folders}
    assert {f"#{folder.name}" for folder in folders} <= set(page.all("a", "href"))
    pictures = {source.partition("base64,")[2] for source in page.all("img", "src")}
    assert pictures == {base64.b64encode(path.read_bytes()).decode() for folder in folders for path in folder.glob("*.png")}
    assert text == report_html(RESULTS)


def test_a_page_needs_no_other_file():
    page = Page(report_html(RESULTS))
    assert all(source.startswith("data:image/png;base64,") for source in page.all("img", "src"))
    assert all(target.startswith("#") for target in page.all("a", "href"))
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe"}


def test_what_looks_like_html_is_text(folder, results_dir):
    text = report_html(results_dir)
    page = Page(text)
    assert "b" not in {tag for tag, _ in page.tags} and "card" not in {tag for tag, _ in page.tags}
    assert "raw <b>pixels</b> & more" in page.words and "Does 1 < 2 hold?" in page.words
    assert '<strong class="reproduced">reproduced</strong>' in text
    folder.rename(folder.parent / "<i>a_claim")
    page = Page(report_html(results_dir))
    assert "i" not in {tag for tag, _ in page.tags} and "<i>a_claim" in page.words


def test_where_it_is_written(folder, results_dir, tmp_path, call):
    assert write_report() == results_dir / "report.html"
    code, out, _ = call("report", tmp_path / "new" / "page.html", "--out", results_dir)
    assert code == 0 and out == f"wrote {tmp_path / 'new' / 'page.html'}\n"
    assert (tmp_path / "new" / "page.html").read_bytes() == (results_dir / "report.html").read_bytes()


def test_a_report_of_some_claims_only(folder, results_dir, tmp_path, call, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(RESULTS / "full" / "backpropagation", results_dir / "full" / "backpropagation")
    for options, claims in {
        (): ["a_claim", "backpropagation"], ("--claim", "back*"): ["backpropagation"],
        ("--claim", "back*", "--claim", "a_claim"): ["a_claim", "backpropagation"],
    }.items():  # fmt: skip
        code, out, _ = call("report", "page.html", *options)
        text = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert code == 0 and sorted(Page(text).all("section", "id")) == claims
    page = write_report(tmp_path / "one.html", claims="a_claim")
    assert page.read_text(encoding="utf-8") == report_html(results_dir, claims=["a_claim"])
    code, _, err = call("report", "other.html", "--claim", "a_claim", "--claim", "shallow_vs_deep")
    assert code == 1 and "no results of shallow_vs_deep to report" in err and not (tmp_path / "other.html").exists()


@pytest.mark.parametrize("name", ["backpropagation", "*deep", "shallow_vs_deep_on_digits"])
def test_a_page_that_is_called_like_a_claim_is_refused(folder, tmp_path, call, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    code, out, err = call("report", name)
    said = f"error: {name} names a claim, not a file to write: a report of it is zoo report --claim {shlex.quote(name)}; "
    assert (code, out) == (1, "") and err.startswith(said) and [path.name for path in tmp_path.iterdir()] == ["results"]


def test_a_link_stays_and_what_it_points_to_is_written(folder, tmp_path):
    (tmp_path / "old.html").write_text("old")
    (tmp_path / "link.html").symlink_to("old.html")
    assert write_report(tmp_path / "link.html") == tmp_path / "old.html"
    assert (tmp_path / "link.html").is_symlink() and "<html" in (tmp_path / "old.html").read_text(encoding="utf-8")


def test_a_file_that_can_t_be_written_is_named_and_not_the_results(folder, call, tmp_path):
    for command in (["report"], ["results", "export", folder.parents[1]]):
        code, out, err = call(*command, "/proc/no/page")
        assert (code, out) == (1, "") and re.search(
            r"/proc/no/page can't be written \(.*\); name another file", " ".join(err.split())
        )
        code, out, err = call(*command, tmp_path)
        assert (code, out) == (1, "") and "is a folder; name the file to write" in " ".join(err.split())


def test_standard_output_in_a_pipe_is_one(folder):
    reading, writing = os.pipe()
    try:
        with pytest.raises(InvalidInput, match=f"/dev/fd/{writing} is a pipe or a device"):
            write_report(f"/dev/fd/{writing}")
    finally:
        os.close(reading)
        os.close(writing)


def test_a_pipe_is_not_replaced(folder, call, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    code, _, err = call("report", tmp_path / "pipe")
    assert code == 1 and "is a pipe or a device" in err and stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)


@pytest.mark.parametrize(
    "arguments", [("report", "{}"), ("report", "--out", "{}"), ("compare", "shallow_vs_deep", "--out", "{}")], ids=" ".join
)
def test_a_name_that_is_too_long_is_one_line(folder, call, tmp_path, arguments):
    code, out, err = call(*(word.format(tmp_path / ("long" * 80)) for word in arguments))
    assert (code, out) == (1, "") and err.startswith("error: ") and len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [("report", "~nobody_here/report.html"), ("compare", "shallow_vs_deep", "--out", "~nobody_here/results")],
    ids=" ".join,
)
def test_the_home_of_nobody_is_one_line(folder, call, arguments):
    code, out, err = call(*arguments)
    assert (code, out) == (1, "") and "~nobody_here" in err and "a user who is not known here" in err


def test_what_is_missing_is_named_and_nothing_lost(folder, results_dir, call):
    page = write_report()
    before = page.read_bytes()
    for name in ("figure.png", "comparison.md"):
        kept = (folder / name).read_bytes()
        (folder / name).unlink()
        code, _, err = call("report")
        assert code == 1 and name in err and "zoo results rebuild a_claim" in " ".join(err.split())
        assert page.read_bytes() == before
        (folder / name).write_bytes(kept)
    with pytest.raises(InvalidInput, match="is a folder"):
        write_report(results_dir)


def test_no_results_yet(call, tmp_path):
    code, _, err = call("report", "--out", tmp_path)
    assert code == 1 and "holds no results yet" in " ".join(err.split()) and not (tmp_path / "report.html").exists()


def test_smoke_runs_are_no_results_and_it_says_so(call, results_dir):
    run_claim(harness_example, "smoke")
    said = "only smoke runs, of harness_example, which show that the code works and are not reported; "
    said += "zoo reproduce harness_example --budget quick makes results."
    code, _, err = call("report")
    assert code == 1 and said in " ".join(err.split())
    assert f"No results yet: there are {said}" in (results_dir / "README.md").read_text(encoding="utf-8")


def test_results_without_a_main_check_are_said_to_be_that(call, results_dir, monkeypatch):
    monkeypatch.setattr(harness_example, "HEADLINES", (), raising=False)
    run_claim(harness_example, "smoke")
    run_claim(harness_example, "quick")
    code, _, err = call("compare")
    said = "holds runs of harness_example, of which no check is a main one, as HEADLINES of a claim names them; zoo compare "
    assert code == 1 and f"{said}harness_example shows all" in " ".join(err.split())

"""Whom the tables cite: every source has its works, every work is whole BibTeX, and `zoo compare --format bibtex` gives those."""

import re

import pytest

from claim_example import ROW, reproduction, rows_of
from zoo.reproductions.harness import Published, list_claims, load_claim, target
from zoo.reproductions.harness.published import matches, read_published
from zoo.reproductions.harness.references import FILE, REVIEW, WORKS, entries, references, split

OWN = split(FILE.read_text(encoding="utf-8"))
LINE = (*ROW, "test_error_pct")


def test_every_source_has_its_works():
    assert set(WORKS) == {row["source"] for row in read_published()}
    without = {source for source, works in WORKS.items() if not works}
    assert without == {"arithmetic: the variance of the sum of two uniforms", "compression literature"}
    assert {key for works in WORKS.values() for key in (*works, REVIEW)} <= entries().keys()


def test_every_entry_of_the_file_is_cited_and_no_data_set_has_it_too():
    assert OWN.keys() <= {key for works in WORKS.values() for key in works}
    assert len(OWN) == FILE.read_text(encoding="utf-8").count("@"), "no key twice, nothing between the entries"
    assert list(OWN) == sorted(OWN)
    from zoo.datasets import describe, list_datasets

    assert not OWN.keys() & {key for name in list_datasets() for key in split(describe(name).citation)}


@pytest.mark.parametrize("key", sorted(entries()))
def test_an_entry_is_whole(key):
    head, *lines, end = entries()[key].splitlines()
    fields = dict(re.fullmatch(r"  (\w+)=\{(.*)\},?", line).groups() for line in lines)
    assert re.fullmatch(r"@[a-z]+\{" + key + ",", head) and end == "}"
    assert {"title", "author", "year"} <= fields.keys() and re.fullmatch(r"(19|20)\d\d", fields["year"])
    assert all(value.count("{") == value.count("}") for value in fields.values())
    assert [line.endswith(",") for line in lines] == [True] * (len(lines) - 1) + [False]
    if key in OWN:  # an author of the key's name and year, as every source but those of the web has them
        name, year = re.match(r"([a-z]+)(\d{4})", key).groups()
        assert name in fields["author"].lower() and fields["year"] == year


def test_a_year_in_a_source_is_that_of_a_work():
    for source, works in WORKS.items():
        years = set(re.findall(r"\b(?:19|20)\d\d\b", source))
        assert not works or years <= {re.search(r"\d{4}", key)[0] for key in works}, source


@pytest.mark.parametrize("claim", list_claims())
def test_whatever_a_claim_is_held_against_has_a_work(claim):
    published = getattr(load_claim(claim), "PUBLISHED", {})
    lines = [key if len(key) == 4 else (*key, "test_error_pct") for key in published]
    works = {
        work for *row, metric in lines for match in matches(claim, published, tuple(row), metric) for work in WORKS[match.work]
    }
    assert {REVIEW, *works} <= references(claim, lines).keys()


@pytest.fixture
def claim(written):
    published = [Published("linear", "no preprocessing", topic="shallow_vs_deep"),
                 Published("2-layer MLP, 800 hidden, cross entropy", "affine", topic="convnet_vs_dense")]  # fmt: skip
    judge = lambda runs: [target(runs, ROW, at_most=10, name="below 10")]  # noqa: E731
    module = load_claim(reproduction(PUBLISHED={ROW: published}, judge=judge, HEADLINES=("below 10",)))
    written(module, rows_of(ROW, [7, 8, 9]) + rows_of(("elsewhere", "net", ""), [1.4, 2, 1], metric="of_ones_own"))
    return module


def test_a_claim_cites_the_review_its_data_and_what_its_lines_are_held_against(claim):
    assert list(references(claim, [LINE])) == ["lecun1998gradient", REVIEW, "simard2003best"]
    assert list(references(claim, [("fashion_mnist", *LINE[1:])])) == [REVIEW, "xiao2017fashion"]
    assert list(references(claim, [("elsewhere", "net", "", "of_ones_own")])) == [REVIEW], "data that deepzoo has not"


def test_compare_prints_them(call, claim, monkeypatch):
    code, out, err = call("compare", "a_claim", "--format", "bibtex")
    assert (code, err) == (0, "") and split(out) == references(claim, [LINE])
    code, out, err = call("compare", "a_claim", "--format", "bibtex", "--metric", "of_*")
    assert (code, err) == (0, "") and list(split(out)) == [REVIEW]
    code, _, err = call("compare", "a_claim", "--format", "bibtex", "--metric", "tset_error")
    assert code == 2 and "test_error_pct" in err
    code, out, err = call("compare", "a_claim", "--format", "bibtex", "--verdicts")
    assert (code, out) == (2, "") and "bibtex is of the comparison" in " ".join(err.split())
    code, out, err = call("compare", "--format", "bibtex")
    assert (code, err) == (0, "") and split(out) == references(claim, [LINE])
    monkeypatch.setattr("zoo.reproductions.harness.claims._outside", {})
    code, out, err = call("compare", "--format", "bibtex")
    assert (code, out) == (1, "") and "none is known here" in " ".join(err.split())

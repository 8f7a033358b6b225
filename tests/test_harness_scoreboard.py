"""The scoreboard: the main checks of every claim, and how many of all its checks came to what."""

import fnmatch
import json
import math
import re
import shutil

import pytest

import harness_example
from claim_example import ROW, lines, reproduction, rows_of
from zoo.errors import InvalidInput, ResultsError, UnknownName
from zoo.reproductions.harness import check, control, load_claim, paired_difference, rebuild, run_claim, target
from zoo.reproductions.harness.claims import claim_headlines, claim_place, list_claims
from zoo.reproductions.harness.outcomes import by_claim, in_short, main_folder
from zoo.reproductions.harness.report import report_html
from zoo.reproductions.harness.scoreboard import MARKS, front_page, in_columns, scoreboard
from zoo.reproductions.harness.statistics import Interval
from zoo.reproductions.harness.tables import COMPARISON_COLUMNS
from zoo.reproductions.harness.verdicts import VERDICT_COLUMNS


def test_scoreboard_counts_and_links(written, results_dir):
    assert "No results yet: zoo reproduce CLAIM makes some" in scoreboard(results_dir)
    written(reproduction(SEEDS={"full": 3}), rows_of(ROW, [7, 7.1, 7.2]))
    text = scoreboard(results_dir)
    (device,) = {line["device"] for line in lines(results_dir / "full" / "a_claim", "runs.csv")}
    assert f"Trained on, by budget: full ({device})." in text
    assert "| all checks | full |" in text and "main checks" not in text
    assert "| a_claim: " in text
    assert "| [1 reproduced](full/a_claim/comparison.md), [figure](full/a_claim/figure.png) |" in text
    assert "What did not hold" not in text
    assert set(COMPARISON_COLUMNS + VERDICT_COLUMNS) <= set(re.findall(r"\w+", text.partition("## The files")[2])), (
        "every column is explained"
    )
    page = front_page(f"Title\n{MARKS[0]}\nold\n{MARKS[1]}\nrest\n", results_dir)
    assert page.startswith(f"Title\n{MARKS[0]}\n| claim") and page.endswith(f"{MARKS[1]}\nrest\n") and "old" not in page
    (line,) = [line for line in page.splitlines() if "a_claim" in line]
    assert line.startswith(
        "| [a_claim](results/full/a_claim/comparison.md), full: A claim in short. |  | 1 reproduced | On mnist the mean"
    )
    assert "contradicted" not in page
    assert f"Trained on, by budget: full ({device})." in page
    assert front_page(page, results_dir) == page and front_page("no marks", results_dir) == "no marks"
    verdicts = results_dir / "full" / "a_claim" / "verdicts.csv"
    names, line = verdicts.read_text().splitlines(keepends=True)
    former = [lines(results_dir / "full" / "a_claim", "verdicts.csv")[0][name] for name in names.split(",")[:8]]
    verdicts.write_text(f'{",".join(names.split(",")[:8])}\n{",".join(former[:7])},"{former[7]}"\n')
    assert scoreboard(results_dir) == text, "folders of older versions are read, too"
    cut = line.rpartition(",")[0]
    for damaged in ("claim,check\na_claim,a", "", "x,y\n", line, names + line.replace("reproduced", "proved", 1), names + line[:9],
                    names + cut, names + f"{cut},,,", names.rpartition(",")[0] + f"\n{cut}"):  # fmt: skip
        verdicts.write_text(damaged)
        with pytest.raises(ResultsError, match="verdicts.csv is damaged; make it anew: zoo results rebuild a_claim$"):
            scoreboard(results_dir)
    verdicts.unlink()
    verdicts.mkdir()
    with pytest.raises(
        ResultsError, match="verdicts.csv can't be read.*; take it away, and make it anew: zoo results rebuild a_claim$"
    ):
        scoreboard(results_dir)
    verdicts.rmdir()
    verdicts.write_text(names + line[:9])
    elsewhere = results_dir.parent / "of mine"
    assert f"zoo reproduce CLAIM --out '{elsewhere}' makes some" in scoreboard(elsewhere)
    shutil.copytree(results_dir, elsewhere)
    with pytest.raises(ResultsError, match=f"anew: zoo results rebuild '{elsewhere / 'full' / 'a_claim'}'$"):
        scoreboard(elsewhere)


def test_headlines_come_first_of_several_that_fit_the_last(written, results_dir):
    """A claim says which of its checks come closest to what it claims; whatever came of them, they are shown."""

    def judge(runs):
        return [target(runs, ROW, at_most=bound, name=f"below {bound}") for bound in (6, 10, 7.1)]

    rows = rows_of(ROW, [7, 7.1, 7.2])
    for headlines, bounds in ((("below 6", "below 1?"), (6, 10)), (("below *", "nothing like it"), (7.1,)), ((), ())):
        claim = load_claim(reproduction(judge=judge, HEADLINES=headlines))
        written(claim, rows)
        main, _, counts = scoreboard(results_dir).partition("| all checks |")
        found = [line.split(" | ") for line in main.splitlines() if line.endswith("** |")]
        verdicts = [line["verdict"] for bound in bounds for line in lines(results_dir / "full" / "a_claim", "verdicts.csv")
                    if line["check"] == f"below {bound}"]  # fmt: skip
        assert [cells[4] for cells in found] == [f"**{verdict}** |" for verdict in verdicts]
        assert all(cells[1].startswith(r"On mnist the mean test error of linear (raw \| pixels) over 3 seeds") for cells in found)
        assert all(cells[2] == "7.1 % (6.852 to 7.348)" for cells in found)
        assert [cells[3] for cells in found] == [f"below {bound}" for bound in bounds]
        assert bounds != (7.1,) or found[0][1].endswith("(the last of 3 such checks: 1 reproduced, 1 contradicted, 1 undecided)")
        titles = [cells[0] for cells in found]
        assert not any(title.removeprefix("|").strip() for title in titles[1:]), "the claim stands beside the first"
        assert all(title.startswith("| [a_claim](full/a_claim/comparison.md), full (3 of 20 seeds): ") for title in titles[:1])
        assert ("\n| a_claim: " in counts) == (not bounds), "its sentence is said once"
        assert report_html(results_dir).count("<li>On mnist") == len(bounds)
    with pytest.raises(UnknownName):
        claim_headlines("nonsense")


def test_the_front_page_has_the_first_of_the_main_checks_and_counts_them_all(written, results_dir):
    def judge(runs):
        return [target(runs, ROW, at_most=bound, name=f"below {bound}") for bound in (6, 10, 7.1)]

    written(load_claim(reproduction(judge=judge, HEADLINES=("below 10", "below 6"))), rows_of(ROW, [7, 7.1, 7.2]))
    page = front_page("\n".join(MARKS), results_dir)
    line, other = [line for line in page.splitlines() if "a_claim" in line]
    assert line.startswith(
        "| [a_claim](results/full/a_claim/comparison.md), full (3 of 20 seeds): A claim in short. | 1 reproduced, 1 contradicted"
        " | 1 reproduced, 1 contradicted, 1 undecided | On mnist the mean"
    )
    assert line.endswith(" | 7.1 % (6.852 to 7.348), claimed below 10 | **reproduced** |")
    assert other.startswith("- a_claim: On mnist the mean") and other.endswith("claimed below 6: contradicted.")


def test_checks_that_one_stands_for_are_counted_and_told_where_they_were_contradicted(written, results_dir):
    """The last of them was not; on the front page, and on the claim's own."""

    def judge(runs):
        return [target(runs, ROW, at_most=bound, name=f"below {bound}") for bound in (5, 6, 10)]

    folder = written(load_claim(reproduction(judge=judge, HEADLINES=("below *",))), rows_of(ROW, [7, 7.1, 7.2]))
    line, other = [line for line in front_page("\n".join(MARKS), results_dir).splitlines() if "a_claim" in line]
    assert "A claim in short. | 1 reproduced, 2 contradicted | 1 reproduced, 2 contradicted |" in line
    assert "(the last of 3 such checks: 1 reproduced, 2 contradicted)" in line and line.endswith(
        "claimed below 10 | **reproduced** |"
    )
    assert other.endswith("claimed below 6: contradicted. Of 3 such checks: 1 reproduced, 2 contradicted.")
    (main,) = (line for line in (folder / "comparison.md").read_text().split("## ")[1].splitlines() if line.startswith("- "))
    assert main.endswith("claimed below 10: reproduced. (the last of 3 such checks: 1 reproduced, 2 contradicted)")


@pytest.mark.parametrize("headlines", ["below 6", (6,), {"below 6"}])
def test_headlines_that_are_no_names_are_refused_before_any_training(headlines, monkeypatch, results_dir):
    monkeypatch.setattr(harness_example, "HEADLINES", headlines, raising=False)
    with pytest.raises(InvalidInput, match="write HEADLINES out as a tuple of names of checks"):
        run_claim(harness_example, "smoke")
    assert not results_dir.exists()


def test_a_name_that_fits_no_check_is_said(monkeypatch, capsys):
    monkeypatch.setattr(harness_example, "HEADLINES", ("digits: mlp (*", "linear is ahead"), raising=False)
    run_claim(harness_example, "smoke")  # which has no page, and may have fewer checks
    assert "HEADLINES" not in capsys.readouterr().err
    folder = run_claim(harness_example, "quick")
    (check, _) = lines(folder, "verdicts.csv")
    said = [line for line in capsys.readouterr().err.splitlines() if "HEADLINES" in line]
    unmet = [name for name in harness_example.HEADLINES if not fnmatch.fnmatchcase(check["check"], name)]
    told = "HEADLINES has {!r}, which fits none of the checks that judge made, so that no page shows it."
    assert said == [told.format(name) for name in unmet]
    assert "linear is ahead" in unmet


def test_a_claim_of_ones_own_keeps_its_lines_where_its_module_is_not_at_hand(written, results_dir, monkeypatch):
    """A run of another claim makes the pages anew, and knows nothing of the module: the folder has what it said of itself."""
    claim = load_claim(reproduction(HEADLINES=("*",), PLACE=0.5, SEEDS={"full": 4}))
    folder = written(claim, rows_of(ROW, [7, 7.1, 7.2]))
    before = scoreboard(results_dir), report_html(results_dir)
    assert "full (3 of 4 seeds): A claim in short. |" in before[0]
    monkeypatch.setattr("zoo.reproductions.harness.claims._outside", {})
    assert (scoreboard(results_dir), report_html(results_dir)) == before
    assert list(by_claim(results_dir)) == ["a_claim"]
    recorded = json.loads((folder / "environment.json").read_text())
    odd = [{"seeds": {"full": "many"}}, {"seeds": {"full": math.inf}}, {"place": []}]
    for damaged in ({}, [], None, {"title": 3}, *(recorded["claim"] | part for part in odd)):
        (folder / "environment.json").write_text(json.dumps(recorded | {"claim": damaged}))
        assert "a_claim: a claim that this deepzoo does not know" in scoreboard(results_dir)
    (folder / "environment.json").write_text("[" * 100_000)
    assert "a_claim: a claim that this deepzoo does not know" in scoreboard(results_dir)


def test_main_checks_come_from_the_largest_budget_with_all_its_seeds(written, results_dir):
    """Ours of 3 seeds would be a small part of a full budget's 20."""
    claim = load_claim(reproduction(HEADLINES=("*",)))
    few = written(claim, rows_of(ROW, [7, 7.1, 7.2]))
    quick = few.parent.parent / "quick" / few.name
    assert main_folder({"full": few}) == few, "where no budget is whole, the largest"
    assert "full (3 of 20 seeds): " in scoreboard(results_dir)
    page = report_html(results_dir)
    assert "Full budget (3 of 20 seeds):<ul>" in page and page.count("(3 of 20 seeds)") > 2
    shutil.copytree(few, quick)
    assert main_folder({"full": few, "quick": quick}) == quick
    written(claim, rows_of(ROW, [7 + n / 10 for n in range(20)]))
    assert main_folder({"full": few, "quick": quick}) == few
    recorded = json.loads((few / "environment.json").read_text())
    (few / "environment.json").write_text(json.dumps(recorded | {"left_out": [["mnist", *ROW[1:]]]}))
    assert main_folder({"full": few, "quick": quick}) == quick, "for want of data a part of what the budget is"
    assert "full/a_claim/figure.png) (some rows left out)" in scoreboard(results_dir)


def test_a_claims_page_begins_with_its_main_checks(written):
    def judge(runs):
        return [target(runs, ROW, at_most=bound, name=f"below {bound}") for bound in (6, 10)]

    first, rest = ["Main checks", "What was done"], ["Comparison", "How it was made"]
    folded, plain = [*first, "Other checks"], ["What was done", "Verdicts"]
    for headlines, heads in ((("below 10",), folded), (("below 10", "below 6"), first), ((), plain)):
        page = (
            written(load_claim(reproduction(judge=judge, HEADLINES=headlines)), rows_of(ROW, [7, 7.1, 7.2])) / "comparison.md"
        ).read_text()
        parts = dict(part.split("\n\n", 1) for part in page.split("\n## ")[1:])
        assert [*parts] == [*heads, *rest]
        said = [f"claimed below {name.split()[1]}" in parts["Main checks"] for name in headlines]
        assert all(said) and sum(text.count("- **") for text in parts.values()) == 2
        assert ("<summary>1: 1 contradicted</summary>" in page) == (heads is folded)


def test_what_did_not_hold_is_told_in_full(written, results_dir):
    """Contradicted evidence, and controls that are undecided as well; what held or is undecided stands in the claim's page."""

    def judge(runs):
        tried = [target(runs, ROW, at_most=bound, name=f"below {bound}") for bound in (6, 7.1, 10)]
        return tried + [control(check) for check in tried]

    written(reproduction(judge=judge), rows_of(ROW, [7, 7.1, 7.2]))
    told = scoreboard(results_dir).partition("## What did not hold")[2]
    found = [line.partition(": ")[0] + line.rpartition(", claimed")[2] for line in told.splitlines() if line.startswith("- ")]
    assert found == [
        "- **contradicted** below 6: contradicted.",
        "- control, **contradicted** below 6: contradicted.",
        "- control, **undecided** below 7.1: undecided.",
    ]


def test_what_several_checks_say_alike_is_counted_once(written, results_dir):
    """The better of two starts is one of them: under both names it is one comparison."""

    def judge(runs):
        found = [
            target(runs, ROW, at_most=bound, name=name) for name, bound in (("a", 10), ("b", 10), ("c", 6), ("d", 10), ("e", 10))
        ]
        return found[:3] + [control(each) for each in found[3:]]

    written(load_claim(reproduction(judge=judge)), rows_of(ROW, [7, 7.1, 7.2]))
    assert "[1 reproduced, 1 contradicted; 1 control held](full/a_claim/comparison.md)" in scoreboard(results_dir)


def test_what_budgets_disagree_on_is_told_beside_the_main_checks(written, results_dir):
    """Of a smaller budget only what it turns round, of a larger one with a part of its seeds all that is otherwise."""

    def judge(runs):
        return [target(runs, ROW, at_most=bound, name=f"{name} | b") for name, bound in bounds.items()]

    claim = load_claim(reproduction(judge=judge, HEADLINES=("turned*",), SEEDS={"full": 3, "quick": 3}))
    values, bounds = [7, 7.1, 7.2], {"same": 6, "turned": 6, "left open": 7.1}
    folder = written(claim, rows_of(ROW, values))
    assert "Where budgets disagree" not in scoreboard(results_dir)
    shutil.move(folder, results_dir / "quick" / "a_claim")
    bounds = {"same": 6, "turned": 10, "left open": 10}
    written(claim, rows_of(ROW, values))
    told = scoreboard(results_dir).partition("## Where budgets disagree")[2].partition("\n## ")[0].splitlines()
    assert [line for line in told if line.startswith(("| a_claim", "|  |"))] == [
        r"| a_claim | turned \| b | full: **reproduced**, 7.1 % (6.852 to 7.348) | quick: **contradicted**, 7.1 % (6.852 to 7.348) |"
    ]
    other = "7.1 % (6.852 to 7.348)"
    assert f"| **reproduced**; quick: contradicted, {other} |" in scoreboard(results_dir)
    assert f'<span class="reproduced">reproduced</span>; quick: contradicted, {other}</li>' in report_html(results_dir)
    claim.SEEDS = {"full": 4, "quick": 3}
    told = scoreboard(results_dir).partition("## Where budgets disagree")[2].partition("\n## ")[0]
    assert "| a_claim | turned \\| b | quick: **contradicted**" in told and "|  | left open \\| b | quick: **undecided**" in told
    assert f"| **contradicted**; full: reproduced, {other} |" in scoreboard(results_dir)


def test_what_another_budget_checked_on_another_data_set_is_told_with_its_name(written, results_dir):
    """As of a shorter book, of which a check has the same name but for the data set's."""

    def judge(runs):
        dataset, found = runs.dataset.iloc[0], {model: (runs.dataset.iloc[0], model, "") for model in ("deep", "shallow")}
        return [paired_difference(runs, better=found["deep"], worse=found["shallow"], name=f"{dataset}: depth helps")]

    claim = load_claim(reproduction(judge=judge, HEADLINES=("*: depth helps",), SEEDS={"full": 3, "quick": 3}))
    low, high = [7, 7.1, 7.3], [9, 9.1, 9.2]
    folder = written(claim, rows_of(("short", "deep", ""), high) + rows_of(("short", "shallow", ""), low))
    shutil.move(folder, results_dir / "quick" / "a_claim")
    written(claim, rows_of(("long", "deep", ""), low) + rows_of(("long", "shallow", ""), high))
    told = scoreboard(results_dir).partition("## Where budgets disagree")[2].partition("\n## ")[0]
    assert "| a_claim | long: depth helps | full: **reproduced**" in told and "| quick on short: **contradicted**, -1.967" in told
    assert "**reproduced**; quick on short: contradicted" in scoreboard(results_dir)


def test_budgets_that_disagree_may_have_no_number(written, results_dir):
    """A ratio with 0 in it, or seeds that all diverged."""

    def judge(runs):
        return [check("a ratio", Interval(*effect, 3), "times", "It", above=1)]

    claim, nothing = load_claim(reproduction(judge=judge, SEEDS={"full": 4, "quick": 3})), [math.nan] * 3
    for effect, said in (((2.0, 1.5, math.inf), "2 times"), ((2.0, 1.5, 3.0), "2 times (1.5 to 3)")):
        folder, quick = written(claim, rows_of(ROW, [7, 7.1, 7.2])), results_dir / "quick" / "a_claim"
        shutil.rmtree(quick, ignore_errors=True)
        shutil.move(folder, quick)
        effect = nothing
        written(claim, rows_of(ROW, [7, 7.1, 7.2]))
        expected = f"| a_claim | a ratio | quick: **reproduced**, {said} | full: **undecided**, no number times |"
        assert expected in scoreboard(results_dir)


def test_a_sentence_of_ones_own_is_shown_whole():
    assert in_short({"sentence": "It rains.", "verdict": "undecided"}) == ("It rains.", "undecided", "")
    assert in_short({"sentence": "A: b: undecided, because c.", "verdict": "undecided"}) == ("A: b", "undecided", ", because c")
    assert in_columns("It rains.") == ("It rains.", "", "")
    assert in_columns("A: b, c: 3 % (95% interval 2 to 4), claimed above 1") == ("A: b, c", "3 % (2 to 4)", "above 1")


def test_claims_stand_in_their_place(written, results_dir):
    """The review's question comes first, whatever its name; a claim without a place comes after those that have one."""
    folder = written(reproduction(), rows_of(ROW, [7, 7.1, 7.2]))
    for name, place in (("b_second", 2), ("c_third", 1.5)):
        claim = reproduction(PLACE=place)
        claim.__name__ = name
        load_claim(claim)
        shutil.copytree(folder, folder.parent / name)
    assert list(by_claim(results_dir)) == ["c_third", "b_second", "a_claim"]
    ours = set(list_claims()) - {"a_claim", "b_second", "c_third"}
    places = {name: place for name in ours if (place := claim_place(name)) < math.inf}
    assert len(set(places.values())) == len(places) and min(places, key=places.get) == "shallow_vs_deep"
    load_claim(claim).PLACE = "first"
    with pytest.raises(InvalidInput, match="write PLACE out as a number"):
        claim_place("c_third")


def test_controls_are_judged_and_counted_apart(written, results_dir):
    def judge(runs):
        return [target(runs, ROW, at_most=10)] + [
            control(target(runs, ROW, at_most=bound, name=f"below {bound}")) for bound in bounds
        ]

    for bounds, said in (([8], "1 control held"), ([8, 9], "2 controls held"), ([8, 6, 9], "2 of 3 controls held")):
        written(reproduction(judge=judge), rows_of(ROW, [7, 7.1, 7.2]))
        assert f"| [1 reproduced; {said}](full" in scoreboard(results_dir)
        assert ("### a_claim, full\n\n- control, **contradicted**: On mnist" in scoreboard(results_dir)) == (6 in bounds)
        assert "\n- control, **reproduced**: On mnist" in (results_dir / "full" / "a_claim" / "comparison.md").read_text()
        assert f"1 reproduced</span><br>{said}" in report_html(results_dir)


def test_front_page_of_the_checkout_follows(results_dir):
    page = results_dir.parent / "README.md"
    page.write_text(f"Title\n{MARKS[0]}\n{MARKS[1]}\n")
    run_claim(harness_example, "quick", seeds=2)
    assert "harness_example" not in page.read_text()
    (results_dir.parent / "setup.cfg").write_text("")
    rebuild()
    assert "harness_example" not in page.read_text(), "a project of somebody's own"
    (results_dir.parent / "reproductions").mkdir()
    (results_dir.parent / "reproductions" / "published.csv").write_text("")
    rebuild()
    assert "](results/quick/harness_example/comparison.md)" in page.read_text()
    before = page.read_bytes()
    run_claim(harness_example, "smoke", out=results_dir.parent / "try")
    assert page.read_bytes() == before, "what --out names is no part of the front page"


def test_smoke_is_no_evidence(results_dir):
    run_claim(harness_example, "smoke")
    text = (results_dir / "README.md").read_text()
    assert "only smoke runs, of harness_example" in text and "reproduced" not in text

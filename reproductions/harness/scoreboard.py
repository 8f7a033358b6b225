"""results/README.md: every claim, what came out at each budget, and where to read more. Generated, never typed."""

from zoo.paths import is_checkout
from zoo.reproductions.harness.depth import HEAD as HEAD_OF_PAGE, PAGE, write_depth
from zoo.reproductions.harness.numbers import in_markdown
from zoo.reproductions.harness.outcomes import (
    Main,
    budgets_in,
    by_claim,
    counted,
    devices_of,
    disagreeing,
    effect_of,
    in_short,
    lacks,
    main_checks,
    main_folder,
    title_of,
    verdicts_of,
)
from zoo.reproductions.harness.remedies import what_makes_some
from zoo.reproductions.harness.store import require_own, write_atomically
from zoo.reproductions.harness.verdicts import VERDICTS, is_control

MEANING = """
- Reproduced: the whole 95% interval of the effect lies on the claimed side; contradicted: all of it on the other;
  undecided: neither, or there is a reason, given there, why no interval would decide.
- Intervals are over seeds, unless a check says otherwise. Where a run kept what every test example costs, a second one,
  "with other test examples", has both seeds and examples, and a verdict that it would leave open says so.
- A rival that draws nothing at random (an SVM, n-grams) has no seeds of its own. A verdict on it must hold for other test
  examples, too: by that second interval; else, for shares of wrong examples, by the widest that there can be. Of other
  measures without costs of each example (bits, squared errors) seeds alone decide.
- Settings are chosen from grids, on validation. A model that comes off worse, than another or than a bound, and took the
  smallest or the largest setting of its grid, might do better with a wider one; the line says so, if the run kept what it
  took. Where all seeds share a choice, what another would have made is in no interval.
- A check that is made at several sizes, depths or data sets is shown by the last of them, with what all came to. Checks that
  say the same under several names count once.
- Each check stands alone, and those of a claim share their runs: of so many at 95 %, a few come out by chance.
""".strip()
CONTRADICTED = (
    "## What did not hold\n\n"
    "Every check that was contradicted, and every control that did not hold, at each claim's largest budget with all its seeds\n"
    "and data (its largest, where none has them), but for those that say the same. All checks, at all budgets, stand in the\n"
    "claims' own pages, which the tables link to."
)
DISAGREEING = (
    "## Where budgets disagree\n\n"
    "Checks that one budget reproduces and another one contradicts, and those that a larger budget, run with a part of its\n"
    "seeds, or data, came to another verdict on; first what the table of main checks would say.\n\n"
    "| claim | check | verdict and effect | elsewhere |\n| --- | --- | --- | --- |\n"
)
FILES = (
    "## The files\n\n"
    "Everything follows from a claim's runs.csv: comparison.md for readers, two CSV files for programs, which\n"
    "`zoo compare CLAIM --format csv` (or json, or latex) prints as well, with `--verdicts` the second.\n\n"
    "comparison.csv has a line for each claim, dataset, model, setting and metric, repeated for each published value:\n"
    "n_seeds; mean, ci95_low, ci95_high over these; published, published_source, published_checked (read in the source,\n"
    "derived from it, secondary or recalled), note.\n\n"
    "verdicts.csv has a line for each claim and check: effect, ci95_low, ci95_high in a unit; verdict; sentence, which has\n"
    "all of it in words; claimed, the side of a bound that the effect is held against, such as `> 0`; wide_low, wide_high,\n"
    "the interval with other test examples, where it is known; metric, better, worse, what was compared, rows as\n"
    "dataset/model/setting of comparison.csv, without worse where better is held against the bound, without both, or all\n"
    "three, where it was something else; kind: main, which the table above shows, control or other.\n\n"
    "depth.csv, where a claim has nets of one kind in several depths, has a line for each: what depth.md is made of.\n"
)
HEAD = "# Results\n\nWhich"
MARKS = "<!-- scoreboard -->", "<!-- /scoreboard -->"


def require_own_page(root):
    """Raise ResultsError where <root>/README.md, or depth.md, is none that write_scoreboard wrote, and would be lost."""
    require_own(root / "README.md", HEAD)
    require_own(root / PAGE, HEAD_OF_PAGE)


def write_scoreboard(root):
    """Write <root>/README.md from the verdicts under it, a line for each claim into the front page of the checkout around it, and
    the page of what depth is worth, see zoo.reproductions.harness.depth.

    Raises ResultsError, see require_own_page.
    """
    require_own_page(root)
    write_depth(root)
    write_atomically(root / "README.md", scoreboard(root).encode())
    fill_front_page(root)


def fill_front_page(root):
    """Put a line for each claim between the marks in the README of the checkout whose results/ these are, if any.

    Those of a folder beside it, such as --out names, are no part of its front page.
    """
    path = root.parent / "README.md"
    if root.name == "results" and is_checkout(root.parent) and path.exists():
        text = path.read_text(encoding="utf-8")
        filled = front_page(text, root)
        if filled != text:
            write_atomically(path, filled.encode())


def front_page(text, root):
    """A README's text with a line for each claim of a results folder between its marks, if it has them."""
    before, start, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    return f"{before}{start}\n{_in_brief(root, root.parent)}{end}{after}" if start and end else text


def scoreboard(root):
    """The text of the scoreboard of a results folder."""
    return (
        f"{HEAD} claims of LeCun, Bengio & Hinton, *Deep learning* (2015), held up when they were rerun.\n"
        "Each claim's page ends with the command that runs it again. "
        "All of this is generated from the runs.csv files by `zoo results rebuild`.\n\n"
        f"{_on_depth(root)}{MEANING}\n\n{_tables(root)}{_disagreements(root)}{_contradictions(root)}\n{FILES}"
    )


def _on_depth(root):
    return f"What more layers of the same kind are worth, on one page: [{PAGE}]({PAGE}).\n\n" if (root / PAGE).exists() else ""


def _disagreements(root):
    """A table of what budgets of one claim decided differently; "" where there is nothing."""
    text = ""
    for name, folders in by_claim(root).items():
        here = main_folder(folders).parent.name
        for line, others in disagreeing(folders):
            elsewhere = "; ".join(_effect(other, budget) for budget, other in others.items())
            text += f"| {name} | {in_markdown(line['check'])} | {_effect(line, here)} | {elsewhere} |\n"
            name = ""
    return f"\n{DISAGREEING}{text}" if text else ""


def _effect(line, budget):
    """A budget's verdict, effect and interval, in a few words."""
    return f"{budget}: **{line['verdict']}**, {in_markdown(effect_of(line))}"


def _contradictions(root):
    """All that was contradicted, and the controls that did not hold, in every claim's main_folder."""
    text = ""
    for name, folders in by_claim(root).items():
        folder = main_folder(folders)
        lines = [line for line in verdicts_of(folder) if line["verdict"] in VERDICTS[1 : 2 + is_control(line)]]
        if lines:
            text += f"\n### {name}, {folder.parent.name}\n\n{''.join(dict.fromkeys(map(_sentence, lines)))}"
    return f"\n{CONTRADICTED}\n{text}" if text else ""


def _in_brief(root, base):
    """A line for each claim: how many of its main checks and of all came to what, and the first one in full; then the main checks
    that were contradicted. Links are relative to base.
    """
    claims = by_claim(root)
    if not claims:
        return f"No results yet: {what_makes_some(root)}\n"
    text = "| claim, and the budget shown | main checks | all checks | one of them "
    text += f"| effect (95% interval) | verdict of this one |\n| --- |{' --- |' * 5}\n"
    contradicted = ""
    for name, folders in claims.items():
        checks, every = main_checks(folders), verdicts_of(main_folder(folders))
        first = checks[:1] or [Main(line, "", "", [line], None) for line in every[:1]]
        what, effect, claimed, judged = _cells_of(first[0]) if first else [""] * 4
        fitting = {line["check"]: line for check in checks for line in check.every}
        counts = counted(fitting.values()) if checks else "", counted(every)
        held_against = f"{effect}, claimed {claimed}" if claimed else effect
        text += f"| {' | '.join([_title(name, folders, base), *counts, what, held_against, judged])} |\n"
        contradicted += "".join(dict.fromkeys(f"- {name}: {_failed(check)}\n" for check in checks if check.against))
    also = f"Main checks that were contradicted:\n\n{contradicted}\n" if contradicted else ""
    return f"{text}\n{also}{_trained_on(claims)}"


def _failed(check):
    """The last line that was contradicted of a Main, and how many others were."""
    line, elsewhere = check.against
    besides = f" Of {len(check.every)} such checks: {counted(check.every)}." if len(check.every) > 1 else ""
    return in_markdown(line["sentence"] + (f" But {elsewhere}." if elsewhere else "") + besides)


def _tables(root):
    """The main checks of every claim, then how many of all its checks came to what at each budget."""
    claims = by_claim(root)
    if not claims:
        return f"No results yet: {what_makes_some(root)}\n"
    checked = {name: folders for name, folders in claims.items() if main_checks(folders)}
    text = ""
    if checked:
        text = "| claim | main checks, at the largest budget with all its seeds and data (or the part that was run) "
        text += "| effect (95% interval) | claimed | verdict |\n"
        text += "| --- | --- | --- | --- | --- |\n"
        text += "".join(_main_lines(name, folders, root) for name, folders in checked.items()) + "\n"
    budgets = budgets_in(claims)
    text += f"| all checks | {' | '.join(budgets)} |\n| --- |{' --- |' * len(budgets)}\n"
    for name, folders in claims.items():
        title = name if name in checked else f"{name}: {in_markdown(title_of(folders))}"
        cells = (_counts(folders[budget], root) if budget in folders else "" for budget in budgets)
        text += f"| {title} | {' | '.join(cells)} |\n"
    return f"{text}\n{_trained_on(claims)}"


def _trained_on(claims):
    trained = (f"{budget}{devices_of([f[budget] for f in claims.values() if budget in f])}" for budget in budgets_in(claims))
    return f"Trained on, by budget: {'; '.join(trained)}.\n"


def in_columns(measured):
    """(what was compared, effect and interval, what is claimed) out of what was measured and claimed, see in_short."""
    rest, found, claimed = measured.rpartition(", claimed ")
    what, said, effect = rest.rpartition(": ")
    return (what, effect.replace("95% interval ", ""), claimed) if found and said else (measured, "", "")


def _main_lines(name, folders, root):
    """Lines of the table of main checks; the claim stands beside the first of its own."""
    text, title = "", _title(name, folders, root)
    for check in main_checks(folders):
        text += f"| {' | '.join([title, *_cells_of(check)])} |\n"
        title = ""
    return text


def _title(name, folders, base):
    """A claim's name, its page, the budget that its main checks are of, and its sentence."""
    folder = main_folder(folders)
    budget = f"{folder.parent.name}{lacks(folder)}"
    return f"[{name}]({folder.relative_to(base).as_posix()}/comparison.md), {budget}: {in_markdown(title_of(folders))}"


def _cells_of(check):
    """[what was compared, effect and interval, what is claimed, the verdict] of a Main."""
    measured, verdict, why = in_short(check.line)
    what, effect, claimed = map(in_markdown, in_columns(measured))
    judged = f"**{verdict}**{in_markdown(why)}{check.elsewhere and f'; {in_markdown(check.elsewhere)}'}"
    return [f"{what}{check.counts and f' ({check.counts})'}", effect, claimed, judged]


def _counts(folder, root):
    place = folder.relative_to(root).as_posix()
    return f"[{counted(verdicts_of(folder))}]({place}/comparison.md), [figure]({place}/figure.png){lacks(folder)}"


def _sentence(line):
    return f"- {'control, ' * is_control(line)}**{line['verdict']}**: {in_markdown(line['sentence'])}\n"

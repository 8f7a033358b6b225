"""comparison.md: verdicts, table, differences of protocol and figure of a claim, for a reader on the web."""

import inspect
import re

from zoo.reproductions.harness.claims import claim_name, is_brought
from zoo.reproductions.harness.grids import ends_of_grids
from zoo.reproductions.harness.numbers import in_markdown, number, words
from zoo.reproductions.harness.outcomes import counted, distinct, fitting, machine_time, standing_for
from zoo.reproductions.harness.published import CHECKED
from zoo.reproductions.harness.runs import rows_in
from zoo.reproductions.harness.sizes import HELD_OUT, sizes
from zoo.reproductions.harness.tables import figure_only
from zoo.reproductions.harness.trial import absent_from, trials_of
from zoo.reproductions.harness.verdicts import is_control

SHOWN = 8  # names of metrics that only a figure uses
SMOKE = "smoke: shows that the code runs; its numbers and verdicts say nothing"


def comparison_markdown(module, runs, comparison, verdicts, pictures=(), budget=None, environment=None):
    """The text of comparison.md; comparison and verdicts are the lines of the CSV files of those names.

    pictures: names of the files to show below the figure; budget: the name of the one that the runs are of; environment: the
    run's environment.json, as a dict.
    """
    title, done = _what_was_done(module)
    fits = () if budget == "smoke" else filter(None, fitting(getattr(module, "HEADLINES", ()), verdicts).values())
    # Main checks in the order of HEADLINES, each for those that it stands for.
    stand = {found[-1]["check"]: found for found in fits}
    main = [found[-1] for found in stand.values()]
    others = [line for line in verdicts if line not in main]
    told = [line for line in comparison if not figure_only(module, line["metric"])]
    ends = ends_of_grids(trials_of(module, budget), runs)
    parts = [f"# {claim_name(module)}", title]
    counts = {check: standing_for(found) for check, found in stand.items()}
    parts += [_section("Main checks", _verdicts(main, counts) if main else ""), _figure(module)]
    parts += [_section("What was done", done), _section("Protocol", inspect.cleandoc(getattr(module, "PROTOCOL", "")))]
    parts += [_section("Other checks", _folded(others) if others else "") if main else ""]
    parts += [SMOKE if budget == "smoke" else "", "" if main else _section("Verdicts", _verdicts(others))]
    parts += [_lasting(verdicts)]
    parts += [_section("Comparison", _table(told, ends)), _sizes(runs, told), _csv_only(module, comparison)]
    parts += [_marks(told), _sampling(told), _beyond(told), _told_of(ends)]
    shown = "\n\n".join(f"![{words(name.removesuffix('.png'))}]({name})" for name in sorted(pictures))
    parts += [_section("Pictures", shown)]
    made = [_absent(module, runs, budget), _origin(module, runs), _took(environment), _rerun(module, runs, budget)]
    parts += [_section("How it was made", "\n\n".join(filter(None, made)))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _what_was_done(module):
    """A claim's docstring in two: its first line, and what follows up to what its author expected, which the table tells."""
    title, _, told = (inspect.getdoc(module) or "").partition("\n\n")
    return title, re.split(r"(?:^|(?<=[.\n] )|(?<=\n))Expected(?=[,:]| \()", told)[0].strip()


def _figure(module):
    """The figure, with what it shows: how the docstring of the claim's draw begins."""
    caption = in_markdown((inspect.getdoc(getattr(module, "draw", None)) or "").partition("\n\n")[0])
    return f"![{caption.strip('.') or 'Figure'}](figure.png)" + f"\n\n*{caption}*" * bool(caption)


def _section(heading, text):
    return f"## {heading}\n\n{text}" if text else ""


def _folded(verdicts):
    """Many verdicts under how many there are of each kind, which a click unfolds."""
    again = len(verdicts) - len(distinct(verdicts))
    total = f"{len(verdicts)}, {again} of them under a second name" if again else len(verdicts)
    return f"<details>\n<summary>{total}: {counted(verdicts)}</summary>\n\n{_verdicts(verdicts)}\n\n</details>"


def _verdicts(verdicts, counts=None):
    """A list of lines of verdicts.csv; counts: {check: what it stands for}, of those that do."""
    lines = []
    for line in verdicts:
        stands = f" ({counts[line['check']]})" if counts and counts.get(line["check"]) else ""
        kind = "control, " * is_control(line)
        lines.append(f"- {kind}**{in_markdown(line['verdict'])}**: {in_markdown(line['sentence'])}{stands}")
    return "\n".join(lines) or "No check was made."


def _lasting(verdicts):
    """How many of the verdicts that seeds decide would be the same with other test examples, and which would be open."""
    known = [line for line in verdicts if line["lasting"] is not None]
    fallen = [in_markdown(line["check"]) for line in known if not line["lasting"]]
    if not known:
        return ""
    rest = f", {len(fallen)} would be undecided: {'; '.join(fallen)}" if fallen else ""
    of = f"of {len(known)} decided verdicts for which the cost of each example is known, {len(known) - len(fallen)} would stay"
    return f"With other test examples as well as other seeds, {of}{rest}."


def _table(comparison, ends):
    head = ["data set", "model", "setting", "metric", "seeds", "mean [95% interval]"]
    head += ["published", "published model; source", "note"]
    rows = [
        [
            line["dataset"],
            line["model"],
            line["setting"],
            _metric(line["metric"]),
            line["n_seeds"],
            _mean(line, (line["dataset"], line["model"], line["setting"], line["metric"]) in ends),
            _published(line),
            line["published_source"],
            "; ".join(filter(None, [line["note"], ends.get((line["dataset"], line["model"], line["setting"], line["metric"]))])),
        ]
        for line in comparison
    ]
    lines = [head, ["---"] * len(head), *([in_markdown(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _sizes(runs, comparison):
    """A line for each data set of the table."""
    metrics = {}
    for line in comparison:
        metrics.setdefault(line["dataset"], []).append(line["metric"])
    found = ((dataset, sizes(runs, dataset, names)) for dataset, names in metrics.items())
    return "\n".join(f"- {dataset}: {said}." for dataset, said in found if said)


def _csv_only(module, comparison):
    names = dict.fromkeys(words(line["metric"]) for line in comparison if figure_only(module, line["metric"]))
    which = ", ".join(names) if len(names) <= SHOWN else f"{len(names)} metrics from {next(iter(names))} to {list(names)[-1]}"
    return f"In comparison.csv only: {which}." if names else ""


def _metric(name):
    """A metric in words, with the unit of its values."""
    return words(name) + (", %" if name.endswith("_pct") else "")


def _mean(line, chosen):
    """The mean and its interval; without one where it is of a setting that was chosen from a grid."""
    if not line["mean"]:
        return "none"
    told = line["ci95_low"] and not chosen
    spread = f" [{number(float(line['ci95_low']))}, {number(float(line['ci95_high']))}]" if told else ""
    return number(float(line["mean"])) + spread


def _published(line):
    checked = line["published_checked"]
    return line["published"] + (f" ({checked})" if checked not in ("", "read") else "")


def _marks(comparison):
    used = dict.fromkeys(line["published_checked"] for line in comparison if line["published_checked"])
    said = "; ".join(f"{mark}: {CHECKED[mark]}" for mark in used if mark != "read")
    if said and "read" not in used:
        return f"No published value of this table was read in the source itself ({said})."
    return f"Published values were read in the source itself, save those marked ({said})." if said else ""


def _sampling(comparison):
    tested = any(line["metric"].startswith(HELD_OUT) and line["ci95_low"] for line in comparison)
    said = (
        "Unless a check says otherwise, intervals cover seeds alone: the test examples, and the training examples where seeds draw "
        "none of their own, are always these. Intervals with other test examples cover the choice of these, too (seeds and "
        "examples taken as independent)."
    )
    return said if tested else ""


def _beyond(comparison):
    """That some intervals of what can't be negative, or more than all, reach there; "" where none does."""
    found = [line for line in comparison if line["metric"].startswith((*HELD_OUT, "train_", "validation_")) and line["ci95_low"]]
    low = any(float(line["ci95_low"]) < 0 <= float(line["mean"]) for line in found if not line["metric"].startswith("log10"))
    high = any(float(line["ci95_high"]) > 100 for line in found if line["metric"].endswith("_pct"))
    where = " or ".join(["below 0"] * low + ["above 100 %"] * high)
    return (
        f"Some intervals reach {where}, where no value can be: Student's intervals do that if few seeds differ much."
        if where
        else ""
    )


def _told_of(ends):
    taken = sum(map(bool, ends.values()))
    are = "is an end of its grid" if taken == 1 else "are ends of their grids"
    said = f"Of {len(ends)} settings that were chosen from a grid {taken} {are}; a wider grid might do better."
    return said if taken else ""


def _absent(module, runs, budget):
    """Which rows of a budget are not there for want of data, or of a package."""
    known = set(rows_in(runs))
    absent = [trial for trial in absent_from(known, trials_of(module, budget)) if trial.optional or trial.needs]
    return f"Left out, as its data or package was not at hand: {'; '.join(map(str, absent))}." if absent else ""


def _origin(module, runs):
    found = runs[["device", "backend", "precision", "commit"]].drop_duplicates().values.tolist()
    places = [f"{device} ({backend}, {precision}, commit {commit})" for device, backend, precision, commit in found]
    said = f"Computed on {'; '.join(places)}, with the versions in `environment.json`."
    if any(device.startswith("NVIDIA") and backend == "jax" and precision == "float32" for device, backend, precision, _ in found):
        said += " JAX multiplies matrices of float32 in TensorFloat-32 where a card has it, but where a protocol says otherwise."
    anew = "" if is_brought(module) else "; `zoo results rebuild` makes it anew"
    return f"{said} Generated from runs.csv{anew}."


def _took(environment):
    """How much of a machine the run took; "" where nobody kept that."""
    took = machine_time(environment or {})
    return f"The run took {took}." if took else ""


def _rerun(module, runs, budget):
    """The command that makes these runs anew, with the number of seeds where it is not the budget's own; "" if none does."""
    seeds, trials = sorted(map(int, set(runs.seed))), trials_of(module, budget)
    counted = seeds == list(range(len(seeds)))
    if not trials or not (counted or is_brought(module)):
        return ""
    usual = max(len(trial.seeds) for trial in trials)
    backend = " --backend tensorflow" if "tensorflow" in set(runs.backend) else ""
    if is_brought(module):
        own = "" if counted and len(seeds) == usual else f", seeds={len(seeds) if counted else seeds}"
        where = "".join(f" with KERAS_BACKEND={name}" for name in ("jax", "tensorflow", "torch") if name in set(runs.backend))
        python = f'in Python{where}: `zoo.reproductions.harness.run_claim({claim_name(module)}, "{budget}"{own})`'
        if counted and "torch" not in set(runs.backend):
            seen = f" --seeds {len(seeds)}" if len(seeds) != usual else ""
            command = f"zoo --import {claim_name(module)}.py reproduce {claim_name(module)} --budget {budget}{seen}{backend}"
            return f"To run it again, where that file is: `{command}`; {python}."
        return f"To run it again, {python}."
    own = "" if len(seeds) == usual else f" --seeds {len(seeds)}"
    return f"To run it again: `zoo reproduce {claim_name(module)} --budget {budget}{own}{backend}`."

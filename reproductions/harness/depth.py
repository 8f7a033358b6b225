"""What depth is worth: nets of one kind in several depths against each other, by claim in depth.csv and on one page of all.

A claim says which of its nets these are by ladders(runs, trials), if it has any. Nothing here is typed: the page, its figure
and its counts come from the runs, as verdicts do.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from zoo.errors import InvalidInput, ResultsError
from zoo.reproductions.harness.claims import claim_name
from zoo.reproductions.harness.figures import pngs
from zoo.reproductions.harness.grids import ends_of_grids, not_tried
from zoo.reproductions.harness.numbers import cell, in_markdown, number, words
from zoo.reproductions.harness.outcomes import by_claim, in_short, lacks, main_folder, read_with_header
from zoo.reproductions.harness.remedies import made_anew
from zoo.reproductions.harness.runs import every_value, lines_of
from zoo.reproductions.harness.statistics import finite, mean_interval
from zoo.reproductions.harness.store import require_own, write_together
from zoo.reproductions.harness.tables import csv_text, with_remark
from zoo.reproductions.harness.trial import trials_of
from zoo.reproductions.harness.verdicts import VERDICTS, paired_difference

FILE, PAGE, FIGURE = "depth.csv", "depth.md", "depth.png"
COLUMNS = (
    "claim dataset nets measure layers shallowest model setting metric n_train parameters n_seeds mean ci95_low ci95_high "
    "spared spared_low spared_high unit spared_pct spared_pct_low spared_pct_high verdict sentence"
).split()
NONE = "none"  # what a ladder calls no hidden layer at all
HEAD = "# Does depth help, by how much, and can you check it yourself?"
INTRODUCTION = """
Every line compares nets of several depths, on the same test examples, each at the largest budget that its claim was run
at with all its seeds and data.

- *What the deepest spares* is the mean difference from the shallowest, paired over seeds where they share these, with its
  95% interval; in brackets the same in percent of the shallowest's mean.
- Reproduced: the whole interval lies on the side of the deepest; contradicted: all of it on the other; undecided: neither,
  or for the reason that is given.
- Where the shallowest is a linear model, what comes with the layers (convolution, dropout, pre-training) is part of the
  difference; elsewhere the nets are of one kind. Deeper nets have more weights unless the line says otherwise.
- *Starts*: random, or normalised, has the initial weights of Glorot & Bengio (2010); scaled has them four times as wide,
  which sigmoids want; He has those of He et al. (2015). Rectified nets have rectified units from He's start, modern ones as
  a rule dropout besides. Pre-trained nets have learnt layer by layer before, as (denoising) autoencoders. Each claim's
  protocol says the rest.
- *Trained on* counts what a claim counts as examples: images, frames of speech, characters, years, half hours.
- Bold is the least error on test data, which nobody chose by. The lines are what the claims trained, no random sample, so
  that the counts describe these lines only.

All numbers, those of the depths between included, are in depth.csv beside each claim's tables; generated from the runs.csv
files by `zoo results rebuild`. To check a line yourself, run its claim by the command at the end of its page, or a net of it
from new seeds by `zoo recheck`.
""".strip()
SECTIONS = {
    True: ("Layers against none", "The shallowest is a linear model: no hidden layer, or a linear code that an encoder reads off."),
    False: ("More layers against fewer", "All nets have hidden layers; what more of the same kind are worth."),
}
LARGEST = 100  # percent, either way, that the figure shows


@dataclass(frozen=True)
class Ladder:
    """Nets of one kind that differ in how many hidden layers they have.

    nets: what kind, in words. rungs: {what a depth is called, such as "1", or "none" of a linear model: its row (dataset,
    model, setting)}, the shallowest first, of one data set. metric: the error by which they are held, less being better.
    said: what paired_difference is told beside (called, reach, examples, remark, doubt). doubts: {depth: why its comparison
    with the shallowest decides nothing}, where some have one.
    """

    nets: str
    rungs: dict
    metric: str = "test_error_pct"
    said: dict = field(default_factory=dict)
    doubts: dict = field(default_factory=dict)


def depth_lines(module, runs, budget):
    """The lines of depth.csv as dicts, one per depth: error, and of all but the shallowest what they spare; [] without ladders.

    budget: the name of the one that the runs are of, whose trials say how nets were made. Depths that were not run are left
    out, and ladders of which a single one is left. Raises InvalidInput for two ladders that would be one.
    """
    if not hasattr(module, "ladders"):
        return []
    trials, lines = trials_of(module, budget), []
    ends = ends_of_grids(trials, runs)
    ladders = module.ladders(runs, trials)
    if not isinstance(ladders, Iterable):
        raise InvalidInput(f"{claim_name(module)}.ladders must return Ladders, or yield them; it returned {ladders!r:.80}.")
    for ladder in ladders:
        rungs = {layers: row for layers, row in ladder.rungs.items() if not lines_of(runs, row).empty}
        if len(rungs) > 1:
            lines += [{"claim": claim_name(module)} | line for line in _rungs(ladder, rungs, runs, ends)]
    twice = [key for key, count in Counter((*_ladder_of(line), line["layers"]) for line in lines).items() if count > 1]
    if twice:
        raise InvalidInput(
            f"{claim_name(module)}: two ladders are called {twice[0][1]!r} on {twice[0][0]}; give each its own nets."
        )
    return lines


def depth_csv(module, runs, budget):
    """{"depth.csv": bytes} of a claim that has ladders, {} else, or where nobody says of which budget the runs are (None)."""
    lines = depth_lines(module, runs, budget) if budget else []
    return {FILE: csv_text(COLUMNS, lines).encode()} if lines else {}


def _rungs(ladder, rungs, runs, ends):
    (first, lowest), *_ = rungs.items()
    base = mean_interval(finite(every_value(runs, lowest, ladder.metric))).estimate
    for layers, row in rungs.items():
        interval, mine = mean_interval(finite(every_value(runs, row, ladder.metric))), lines_of(runs, row)
        counts = mine[mine.metric == ladder.metric][["n_train", "parameters"]].max()
        line = {"dataset": row[0], "nets": ladder.nets, "measure": ladder.said.get("called") or words(ladder.metric)}
        line |= {"layers": layers, "shallowest": first, "model": row[1], "setting": row[2], "metric": ladder.metric}
        line |= {name: str(int(count)) if count == count else "" for name, count in counts.items()} | {"n_seeds": str(interval.n)}
        line |= dict(zip(("mean", "ci95_low", "ci95_high"), map(cell, interval[:3])))
        if layers != first:
            said = {"doubt": ladder.doubts.get(layers, "")} | ladder.said
            name = f"{row[0]}, {ladder.nets}: {layers} against {first}"
            check = paired_difference(runs, better=row, worse=lowest, metric=ladder.metric, name=name, **said)
            spared = check.effect, check.low, check.high
            line |= dict(zip(("spared", "spared_low", "spared_high"), map(cell, spared)))
            shares = (100 * value / base if base else float("nan") for value in spared)
            line |= dict(zip(("spared_pct", "spared_pct_low", "spared_pct_high"), map(cell, shares)))
            line |= {"unit": check.unit, "verdict": check.verdict}
            line |= {"sentence": with_remark(check.sentence, not_tried(check, ends))}
        yield line


def write_depth(root):
    """Write <root>/depth.md and depth.png from the claims' depth.csv, or remove them where there is none. Raises ResultsError
    for damaged ones, and where depth.md is somebody's own page.
    """
    require_own(root / PAGE, HEAD)
    if ladders := ladders_under(root):
        write_together({root / PAGE: page(ladders, root).encode(), root / FIGURE: figure(ladders)})
    elif (root / PAGE).exists():
        for name in (PAGE, FIGURE):
            (root / name).unlink(missing_ok=True)


def ladders_under(root):
    """[(folder, lines of depth.csv of one ladder, the shallowest first)] of all claims, each from its main_folder."""
    found = []
    for folders in by_claim(root).values():
        folder, ladders = main_folder(folders), {}
        for line in _read(folder / FILE) if (folder / FILE).exists() else ():
            ladders.setdefault(_ladder_of(line), []).append(line)
        found += [(folder, lines) for lines in ladders.values()]
    return found


def _ladder_of(line):
    return tuple(line[name] for name in ("dataset", "nets", "metric", "shallowest"))


def _read(path):
    lines, header = read_with_header(path)
    if header != list(COLUMNS) or not all(line["verdict"] in (*VERDICTS, "") and line["layers"] for line in lines):
        raise ResultsError(f"{path} is damaged; make it anew: {made_anew(path.parent)}")
    return lines


def page(ladders, root):
    """The text of depth.md, see ladders_under."""
    parts = [HEAD, INTRODUCTION, f"![what depth is worth]({FIGURE})"]
    for from_none, (title, meaning) in SECTIONS.items():
        mine = [(folder, lines) for folder, lines in ladders if _from_none(lines) == from_none]
        if mine:
            parts += [f"## {title}", f"{meaning} {_counted(mine)}", _table(mine, root)]
    return "\n\n".join(parts) + "\n"


def _from_none(lines):
    return lines[0]["shallowest"] == NONE


def _counted(ladders):
    lines = f"{len(ladders)} line{'s' * (len(ladders) > 1)}"
    said = f"That the deepest errs less than the shallowest, on {lines}: {_verdicts(lines[-1] for _, lines in ladders)}."
    between = [lines[1] for _, lines in ladders if len(lines) > 2]
    if between:
        said += f" That the second shallowest does, on the {len(between)} with more than two depths: {_verdicts(between)}."
    return said


def _verdicts(lines):
    counts = Counter(line["verdict"] for line in lines)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])


def _table(ladders, root):
    head = "data", "trained on", "nets", "claim, budget", "hidden layers: mean test error, or what is said", "weights"
    text = f"| {' | '.join(head)} | the deepest spares | verdict |\n|{' --- |' * (len(head) + 2)}\n"
    for folder, lines in ladders:
        deepest, unit = lines[-1], "%" * lines[0]["metric"].endswith("_pct")
        measure = "" if lines[0]["measure"].startswith("test error") else f" ({in_markdown(lines[0]['measure'])})"
        least = min(lines, key=lambda line: float(line["mean"] or "inf"))
        bold = {True: "**", False: ""}
        errors = ", ".join(f"{e['layers']}: {bold[e is least]}{_short(e['mean'])}{bold[e is least]}" for e in lines)
        weights = [_count(line["parameters"]) for line in (lines[0], deepest)]
        spread = f" ({_short(deepest['spared_low'])} to {_short(deepest['spared_high'])})" if deepest["spared_low"] else ""
        points = " points" if unit else ""
        share = f" [{_share(deepest['spared_pct'])}]" if deepest["spared_pct"] else ""
        link = f"[{folder.name}]({folder.relative_to(root).as_posix()}/comparison.md), {folder.parent.name}{lacks(folder)}"
        cells = [in_markdown(deepest["dataset"]), _count(deepest["n_train"]), in_markdown(deepest["nets"]), link]
        cells += [f"{errors}{unit and ' '}{unit}{measure}"]
        cells += [" → ".join(dict.fromkeys(weights))]
        why = in_markdown(in_short(deepest)[2])
        cells += [f"{_short(deepest['spared'])}{points}{spread}{share}", f"**{deepest['verdict']}**{why}"]
        text += f"| {' | '.join(cells)} |\n"
    return text.rstrip("\n")


def _count(text):
    return f"{int(text):,}" if text else "-"


def _short(text):
    """A number of a CSV in a table."""
    return number(float(text)) if text else "no number"


def _share(text):
    """A share in percent, in a few signs; of one of next to nothing how much it is says little."""
    if abs(float(text)) > 1000:
        return "over 1,000 %" if float(text) > 0 else "under -1,000 %"
    return f"{float(text):,.0f} %" if abs(float(text)) >= 10 else f"{float(text):.1f} %"


def figure(ladders):
    """The PNG bytes of depth.png: what the deepest net of each line spares, with its interval, in percent of the shallowest's
    error.
    """
    return pngs(lambda: {FIGURE: _drawn(ladders)})[FIGURE]


def _drawn(ladders):
    from matplotlib.figure import Figure

    groups = [[lines for _, lines in ladders if _from_none(lines) == from_none] for from_none in SECTIONS]
    groups = {title: lines for (title, _), lines in zip(SECTIONS.values(), groups) if lines}
    heights = [len(lines) + 2 for lines in groups.values()]
    drawn = Figure(figsize=(9, 0.19 * sum(heights) + 0.8))
    panels = drawn.subplots(len(groups), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (title, lines) in zip(panels, groups.items()):
        _forest(axes, lines)
        axes.set_title(title, fontsize=10, loc="left")
    said = "what the deepest spares, in percent of the shallowest's error, with its 95% interval over seeds"
    colours = "green: reproduced, red: contradicted, grey: undecided; hollow: the seeds alone would decide it,"
    colours += "\ndepth.md names what leaves it open, such as other test examples or longer training"
    panels[-1].set_xlabel(f"{said}\n{colours}", fontsize=8)
    return drawn


COLOURS = dict(zip(VERDICTS, ("C2", "C3", "0.5")))


def _forest(axes, ladders):
    names = [f"{lines[-1]['dataset']}: {lines[-1]['nets']} ({lines[0]['layers']} → {lines[-1]['layers']})" for lines in ladders]
    twice = {name for name, count in Counter(names).items() if count > 1}
    names = [f"{name}, {lines[-1]['measure']}" if name in twice else name for name, lines in zip(names, ladders)]
    for height, lines in enumerate(ladders):
        deepest = lines[-1]
        share, low, high = (float(deepest[f"spared_pct{end}"] or "nan") for end in ("", "_low", "_high"))
        colour = COLOURS[deepest["verdict"]]
        if abs(share) > LARGEST:  # off the figure, where the table has it
            place, marker = (-LARGEST, "<") if share < 0 else (LARGEST, ">")
            axes.plot(place, height, marker, color=colour, ms=6, clip_on=False)
            axes.text(place + (3 if share < 0 else -3), height, _share(deepest["spared_pct"]), fontsize=6.5, va="center",
                      ha="left" if share < 0 else "right")  # fmt: skip
        else:
            axes.plot([max(low, -LARGEST), min(high, LARGEST)], [height] * 2, color=colour, lw=1.4)
            by_seeds = deepest["verdict"] == VERDICTS[2] and (low > 0 or high < 0)
            axes.plot(share, height, "o", color=colour, ms=4, mfc="white" if by_seeds else colour)
    axes.axvline(0, color="black", lw=1)
    axes.set(yticks=range(len(names)), ylim=(len(names) - 0.4, -0.6), xlim=(-LARGEST, LARGEST))
    axes.set_yticklabels(names, fontsize=7)

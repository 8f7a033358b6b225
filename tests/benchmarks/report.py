"""results/benchmarks.md from the rows of benchmarks.csv: one section for every device measured."""

import re
from collections import Counter

import pandas as pd

from benchmarks.configs import EXAMPLES, MODELS
from benchmarks.scaling_plot import draw, slopes
from benchmarks.targets import LINEAR_SLOPE, PRESET_LIMITS, START_LIMITS, TARGETS, reached, reference, strongest

STARTS = ("start", "variations")
NAMES = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "PyTorch", "sklearn": "scikit-learn"}
HEAD = f"""# Benchmarks

What an epoch costs: `make benchmark` measures it and writes this file from `benchmarks.csv`.
MNIST's {EXAMPLES:,} training images, batch 128, Adam, loss and accuracy of every batch; linear, an mlp with 512-512 units,
the first autoencoder stage (784-1000-784, masking noise), the zoo's default convnet, an lstm of 128 units.

- K: members of the population, models from as many seeds that train together.
- ms: milliseconds per epoch and seed, median of the repeats after a warm-up; where fewer examples were used, scaled up.
- x fit: how many times faster than Keras `fit` with default settings, the same model made of Keras's own layers
  (Conv2D, MaxPooling2D, LSTM with cuDNN where there is one), on JAX and on TensorFlow.
- against the fastest fit: how many times faster the fastest population of that K is than the fastest of all Keras `fit`s, which
  is named: any backend, several steps in one launch or not, compiled by XLA or not, Keras's layers or the zoo's.
- Targets are this project's own; a target's K is the fastest one measured, unless the target names it.
- build: seconds to build the model, all members of it; compile: what the first epochs took longer than later ones.
- peak: most memory of the process that measured, in MB: on the device if that is a GPU, else resident, frameworks included.
- examples: on how many training images the row was timed.
- slope: of seconds against size, both logarithmic; 1 is in proportion, and up to {LINEAR_SLOPE:g} counts as such.
- PyTorch ensemble: members as one model by `torch.func`, PyTorch's nearest to a population; `vmap` has no rule for LSTMs.
- `fit` runs without its progress bar; "zoo layers" is `fit` with the layers that the population uses.
- Every measurement has a process of its own, and nothing else runs while it measures.
"""


def write(rows, folder):
    """Write benchmarks.md and, where scaling was measured, benchmarks.png."""
    drawn = draw(rows, folder / "benchmarks.png")
    parts = [HEAD, *["![cost against members, examples and epochs](benchmarks.png)\n"] * drawn]
    for device, group in rows.groupby("device", sort=True):
        parts.append(section(device, group))
    (folder / "benchmarks.md").write_text(re.sub(r"\n{3,}", "\n\n", "\n".join(parts)))


def section(device, rows):
    """The Markdown of one device."""
    rows = rows.assign(ms=1000 * rows.seconds.astype(float) * EXAMPLES / rows.examples.astype(float))
    costs = rows[~rows.runner.isin(["scaling", *STARTS, "presets"])]
    lines = [f"## {device}", "", _conditions(rows), "", "### Targets", "", *_target_table(rows, costs), "", "### Costs", ""]
    for model in MODELS:
        if (costs.model == model).any():
            lines += [f"#### {model}", "", *_cost_table(costs, model), ""]
    lines += ["### Scaling", ""]
    found = slopes(rows)
    if found:
        lines += _table(
            ["model", "grows with", "sizes", "seconds", "slope in log-log", "verdict"],
            [
                [m, axis, " ".join(f"{s:,.0f}" for s in sizes), " ".join(_number(s) for s in seconds), f"{slope:.2f}", verdict]
                for m, axis, sizes, seconds, slope, verdict in found
            ],
        )
        lines += [""]
    lines += [*_failures(rows, "scaling"), "", "### Starting", ""]
    starts = rows[rows.runner.isin(STARTS) & (rows.status == "ok")]
    if len(starts):
        body = [[r.setting, _number(r.seconds), *_limit(r.setting, r.seconds)] for r in starts.itertuples()]
        lines += [*_table(["what", "seconds", "limit", "verdict"], body), ""]
    lines += [*(line for runner in STARTS for line in _failures(rows, runner)), ""]
    if (rows.runner == "presets").any():
        lines += ["### Presets", "", *_preset_tables(rows), "", *_failures(rows, "presets")]
    return "\n".join([*lines, ""])


def _conditions(rows):
    named = rows.versions.dropna()
    found = Counter(pair for text in named for pair in str(text).split(", "))
    versions = [pair if n == len(named) else f"{pair} ({n} of {len(named)} measurements)" for pair, n in found.items()]
    unnamed = sum("deepzoo" not in text for text in rows.versions.fillna("").astype(str))
    together = int(pd.to_numeric(rows.together).max())
    text = f"Versions: {', '.join(sorted(versions))}."
    if unnamed:
        text += f" Of {unnamed} measurements the commit was not recorded."
    if together > 1:
        text += f" Up to {together} measurements built and compiled at the same time, then measured one by one."
    missing = [NAMES[family] for family in ("tensorflow", "torch") if family not in set(rows.family)]
    return text + (f" Not measured here: {', '.join(missing)}." if missing else "")


def _target_table(rows, costs):
    body = []
    for target in TARGETS:
        if target.platform in set(rows.platform):
            result = reached(target, costs)
            ratios = [_ratio(result["float32"]), _ratio(result["mixed_bfloat16"])]
            against = f"{target.factor:g}x fit, {NAMES[target.against]}"
            rival = strongest(costs, target.model)
            over_all = (
                "-"
                if result["strongest"] is None
                else f"{_ratio(result['strongest'])}: {_label(rival).removeprefix('Keras fit, ')}"
            )
            body.append([target.model, result["members"] or "-", against, *ratios, result["verdict"], over_all])
    return _table(["model", "K", "target", "float32", "mixed_bfloat16", "verdict", "against the fastest fit"], body)


def _cost_table(costs, model):
    bases = [reference(costs, model, backend) for backend in ("jax", "tensorflow")]
    order = {name: place for place, name in enumerate(("population", "fit", "eager", "ensemble", "MLPClassifier"))}
    mine = costs[costs.model == model]
    mine = mine.assign(
        place=mine.runner.map(order), backend=mine.family.map(list(NAMES).index), tuned=(mine.setting != "default")
    ).sort_values(["place", "backend", "precision", "members", "tuned", "setting"])
    body = []
    for row in mine.itertuples():
        if row.status == "ok":
            values = [_number(row.ms), *(_ratio(base and base / row.ms) for base in bases)]
            values += [_number(row.build_s), _number(row.compile_s), f"{row.peak_mb:,.0f}", f"{int(row.examples):,}"]
            remark = "" if pd.isna(row.remark) else row.remark
            remark = _other_model(row, mine) or remark
        else:
            values, remark = ["-"] * 6 + [f"{int(row.examples):,}"], row.status
        body.append([_label(row), *values, remark])
    heads = ["", "ms", "x fit, JAX", "x fit, TensorFlow", "build s", "compile s", "peak MB", "examples", "remark"]
    return _table(heads, body)


def _other_model(row, rows):
    """What is to be said of a peer whose model is not the population's: the count of parameters tells."""
    own = rows[(rows.runner == "population") & (rows.status == "ok")].parameters
    if own.empty or abs(row.parameters - own.iloc[0]) <= 0.01 * own.iloc[0]:
        return ""
    return f"another model: {int(row.parameters):,} parameters, the population {int(own.iloc[0]):,}"


def _label(row):
    if row.runner == "population":
        backend = "" if row.family == "jax" else f" on {NAMES[row.family]}"
        return f"**population**{backend}, K={int(row.members)}, {row.precision}"
    if row.runner == "fit":
        return f"Keras fit, {NAMES[row.family]}, {row.setting}"
    if row.runner == "ensemble":
        return f"PyTorch ensemble, K={int(row.members)}"
    return f"{NAMES[row.family]} {row.runner}"


def _preset_tables(rows):
    """A table for each backend: loading (Keras imported before), one example, examples per second in batches of 1,000."""
    lines = []
    measured = rows[(rows.runner == "presets") & (rows.status == "ok")]
    for family, group in measured.groupby("family"):
        seconds = group.set_index("setting").seconds.astype(float)
        names = [setting.removeprefix("load: ") for setting in seconds.index if setting.startswith("load: ")]
        many = next(setting.partition(":")[0] for setting in seconds.index if " images: " in setting)
        body = []
        for name in names:
            load, one = seconds[f"load: {name}"], seconds[f"one image: {name}"]
            rate = int(many.split()[0].replace(",", "")) / seconds[f"{many}: {name}"]
            within = load <= PRESET_LIMITS["load"] and one <= PRESET_LIMITS["one image"]
            body.append([name, _number(load), _number(1000 * one), f"{rate:,.0f}", "reached" if within else "not reached"])
        limits = f"{PRESET_LIMITS['load']:g} s, {1000 * PRESET_LIMITS['one image']:g} ms"
        scale = [f"{s}: {_number(t)} s" for s, t in seconds.items() if ": " not in s]
        heads = [NAMES[family], "load s", "one example ms", "examples per second", f"limits {limits}"]
        lines += [*_table(heads, body), "", f"For scale, {'; '.join(scale)}.", ""]
    return lines


def _limit(what, seconds):
    limit = START_LIMITS.get(what)
    if limit is None:
        return ["-", "-"]
    return [f"{limit:g}", "reached" if seconds <= limit else "not reached"]


def _failures(rows, runner):
    failed = rows[(rows.runner == runner) & (rows.status != "ok")]
    return [f"- {row.config}: {row.status}" for row in failed.itertuples()]


def _ratio(value):
    return "-" if value is None else f"{_number(value)}x"


def _number(value):
    """Three significant digits, no exponent."""
    value = float(value)
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(heads, body):
    rows = [heads, ["---"] + ["---:"] * (len(heads) - 1), *body]
    return ["| " + " | ".join(map(str, row)) + " |" for row in rows]

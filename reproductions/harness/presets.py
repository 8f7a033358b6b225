"""Makes the zoo's presets from the full runs of the reproductions that train them: a card's numbers are those of runs.csv."""

import contextlib
from pathlib import Path

import numpy as np

from zoo.errors import CorruptFile, InvalidInput, ResultsError
from zoo.presets.folder import CONFIG, FILES, write_sums
from zoo.reproductions.harness.claims import claim_name, list_claims, load_claim
from zoo.reproductions.harness.folder import read_folder, row_of
from zoo.reproductions.harness.naming import preset_name, require_other_names
from zoo.reproductions.harness.roots import results_root
from zoo.reproductions.harness.runs import lines_of, rows_in
from zoo.reproductions.harness.store import Store, require_own, write_atomically
from zoo.reproductions.harness.trial import trials_of

BUDGET = "full"
HEAD = "# Presets\n\nWritten by `zoo results presets`"  # of the page that lists them


def make_presets(claim, target, out=None):
    """Write a preset below the folder `target` for each row of results/full/<claim> that is to be one; returns the folders.

    The weights are those that the trials left in the store. Presets of other claims stay, and so do those of rows that the
    runs took over from earlier ones (`zoo reproduce --only`), if their cards say the same. Raises ResultsError where
    weights, or the runs, are missing, InvalidInput for a claim that trains none.
    """
    module = load_claim(claim)
    if not (shipped := presets_of(module)):
        known = ", ".join(name for name in list_claims() if presets_of(load_claim(name)))
        raise InvalidInput(f"{claim_name(module)} trains no presets; those that do: {known}.")
    claim, root, target, names = claim_name(module), results_root(out), Path(target).absolute(), getattr(module, "NAMES", {})
    require_other_names(module, trials_of(module, BUDGET))
    require_own(target / "README.md", HEAD)
    runs = read_folder(root / BUDGET / claim)
    stored = _stored(Store(root))
    rows = [row for row in rows_in(runs) if row in shipped]
    chosen = {row: _entry_of(row, runs, stored) for row in rows}
    for row, entry in chosen.items():  # whatever is missing shows before anything is written
        if entry is None and not _stands(target / preset_name(*row, names), row, runs):
            raise ResultsError(
                f"The store holds no weights of {' '.join(row[:2])} ({row[2]}) that belong to the runs in "
                f"results/{BUDGET}/{claim}; run zoo reproduce {claim} --budget {BUDGET} --seeds {runs.seed.nunique()}."
            )
    made = [_make(target, row, entry, preset_name(*row, names), claim) for row, entry in chosen.items() if entry]
    everything = sorted(path.parent for path in target.glob(f"*/{CONFIG}"))
    write_sums(target, sorted(f"{folder.name}/{name}" for folder in everything for name in FILES))
    write_atomically(target / "README.md", index(everything).encode())  # of cards, which no longer load without the sums
    return made


def presets_of(module):
    """The rows (dataset, model, setting) of a claim's full budget of which presets are made."""
    from zoo.reproductions.trainers.preset import train_preset

    return [trial.row for trial in trials_of(module, BUDGET) if trial.run is train_preset]


def _stands(folder, row, runs):
    """Whether a preset is there whose card was made from the runs of a row."""
    from zoo.presets import model_card
    from zoo.presets.card import metric

    if not (folder / CONFIG).exists():
        return False
    card, mine = model_card(folder), lines_of(runs, row)
    said = metric(card)
    if said is None or "training" not in card:  # somebody's own
        return False
    tested = mine[mine.metric == said["name"]].value.dropna()
    same = len(tested) == said["seeds"] and abs(tested.mean() - said["mean"]) < 1e-4
    return same and set(mine.commit) == {card["training"]["commit"]}


def index(folders):
    """Markdown: a table of the presets, from their cards."""
    from zoo.presets import model_card
    from zoo.presets.card import metric
    from zoo.tasks import task_of_error

    lines = [
        f"{HEAD}; a name leads to the card. Error on the data set's test split, in percent or as its unit",
        "says: of the seed that was chosen on validation, and the mean of all seeds with its 95% interval. Nets of claims that",
        "have the same model and size may be trained otherwise, such as without augmentation, and err more.",
        "",
        "| preset | error | mean | 95% interval | seeds | parameters | MFLOP per example | augmentation |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for folder in folders:
        card = model_card(folder)
        error, model = metric(card), card["model"]
        if error is None:  # somebody's own
            continue
        task = task_of_error(error["name"])
        mean, *bounds = (error[name] for name in ("mean", "ci95_low", "ci95_high"))
        interval = " to ".join(task.number(bound) for bound in bounds if bound is not None)
        lines.append(
            f"| [{card['name']}]({card['name']}/README.md) | {task.show(error['value'])} | {task.number(mean)} | {interval} | "
            f"{error['seeds']} | {model['parameters']:,} | {model['flops_per_example'] / 1e6:.2f} | {_changes(model['options'])} |"
        )
    return "\n".join(lines) + "\n"


def _changes(options):
    """How a model's images are changed in training, in words; "" where they are not."""
    kind = options.get("augmentation") or ""
    return ", ".join(kind) if isinstance(kind, (dict, list)) else str(kind)


def _stored(store):
    """{row: entries with that row that left weights}; damaged ones are as good as none."""
    found = {}
    for key in store.keys():
        entry = None
        with contextlib.suppress(CorruptFile):
            entry = store.load(key)
        if entry and entry.files:
            found.setdefault(row_of(entry.manifest), []).append(entry)
    return found


def _entry_of(row, runs, stored):
    """The stored trial whose rows are those of runs.csv, or None."""
    mine = lines_of(runs, row)
    wanted = {(line.metric, line.seed): line.value for line in mine.itertuples()}
    commits = set(mine.commit)
    for entry in stored.get(row, ()):
        values = {(line["metric"], line["seed"]): line["value"] for line in entry.rows}
        trained_here = {line["commit"] for line in entry.rows} == commits and values.keys() == wanted.keys()
        if trained_here and np.allclose(
            [values[key] for key in wanted], list(wanted.values()), rtol=1e-9, atol=1e-6, equal_nan=True
        ):
            return entry  # NaN is a seed that diverged
    return None


def card_of_runs(name, row, lines, recipe, versions, claim):
    """The card of the preset `name` from its lines of the claim's runs.csv, dicts, and what its environment.json says."""
    import zoo
    from zoo.presets.saving import trained_card
    from zoo.tasks import task_of

    dataset, model, _ = row
    task = task_of(model, dataset)
    errors = {
        split: {line["seed"]: line["value"] for line in lines if line["metric"] == f"{split}_{task.error}"}
        for split in ("test", "validation")
    }
    first = lines[0]
    training = {name: first[name] for name in ("device", "backend", "precision", "commit")} | {
        "versions": versions,
        "updates": int(first["updates"]),
        "seconds_per_seed": round(first["seconds"], 2),
    }
    card = trained_card(name, zoo.datasets.load(dataset), task, recipe, errors, training)
    seen = f"what had been seen before, the protocol of {claim} says (`zoo compare {claim} --budget full` names its page)"
    told = f"Other recipes, of it or of presets beside it, had been tested on the same test split: {seen}."
    return card | {"limits": f"{card['limits']} {told}"}


def _make(target, row, entry, name, claim):
    import zoo
    from zoo.presets.loading import load_weights_into
    from zoo.presets.saving import save_preset
    from zoo.reproductions.trainers.preset import WEIGHTS
    from zoo.tasks import task_of

    dataset, model, _ = row
    recipe, versions = entry.manifest["recipe"], entry.manifest["environment"]["versions"]
    card = card_of_runs(name, row, entry.rows, recipe, versions, claim)
    data = zoo.datasets.load(dataset)
    net = zoo.create_model(model, data.input_shape, task_of(model, dataset).classes(data), **recipe["options"])
    load_weights_into(net, entry.files[WEIGHTS], f"{name}'s {WEIGHTS}")
    return save_preset(net, target / name, card)

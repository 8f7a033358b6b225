"""Makes the zoo's presets from the runs of `pretrained`: the numbers of a card are those of runs.csv."""

from pathlib import Path

from zoo.errors import ResultsError
from zoo.reproductions.harness.folder import read_folder, results_root
from zoo.reproductions.harness.store import Store, write_atomically

CLAIM, BUDGET = "pretrained", "full"


def make_presets(target, out=None):
    """Write a preset <model>_<dataset> below the folder `target` for each row of results/full/pretrained; returns the folders.

    The weights are those that the trials left in the store. Raises ResultsError where they, or the runs, are missing.
    """
    from zoo.presets.folder import FILES, write_sums

    root, target = results_root(out), Path(target)
    runs = read_folder(root / BUDGET / CLAIM)
    stored = _stored(Store(root))
    rows = runs[["dataset", "model", "setting"]].drop_duplicates().itertuples(index=False, name=None)
    chosen = {row: _entry_of(row, runs, stored) for row in rows}  # whatever is missing shows before anything is written
    made = [_make(target, row, entry) for row, entry in chosen.items()]
    write_sums(target, sorted(f"{folder.name}/{name}" for folder in target.iterdir() if folder.is_dir() for name in FILES))
    write_atomically(target / "README.md", _index(made).encode())  # of cards, which no longer load without the sums
    return made


def _index(folders):
    """Markdown: a table of the presets, from their cards."""
    from zoo.presets import model_card
    from zoo.presets.card import metric

    lines = [
        "# Presets", "",
        "Written by `zoo results presets`; a name leads to the card. Error: percent of the official test images, of the seed",
        "that was chosen on validation, and the mean of all seeds with its 95% interval.", "",
        "| preset | error | mean | 95% interval | seeds | parameters | MFLOP per example |",
        "|---|---|---|---|---|---|---|",
    ]
    for folder in folders:
        card = model_card(folder)
        error, model = metric(card), card["model"]
        interval = "" if error["ci95_low"] is None else f"{error['ci95_low']:.2f} to {error['ci95_high']:.2f}"
        lines.append(
            f"| [{card['name']}]({card['name']}/README.md) | {error['value']:.2f} | {error['mean']:.2f} | {interval} | "
            f"{error['seeds']} | {model['parameters']:,} | {model['flops_per_example'] / 1e6:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _stored(store):
    """{row: entries with that row that left weights}."""
    found = {}
    for key in store.keys():
        entry = store.load(key)
        if entry and entry.files:
            row = tuple(entry.manifest[name] for name in ("dataset", "model", "setting"))
            found.setdefault(row, []).append(entry)
    return found


def _entry_of(row, runs, stored):
    """The stored trial whose rows are those of runs.csv."""
    dataset, model, setting = row
    mine = runs[(runs.dataset == dataset) & (runs.model == model) & (runs.setting == setting)]
    wanted = {(line.metric, line.seed): line.value for line in mine.itertuples()}
    for entry in stored.get(row, ()):
        values = {(line["metric"], line["seed"]): line["value"] for line in entry.rows}
        if values.keys() == wanted.keys() and all(abs(values[key] - wanted[key]) < 1e-6 for key in values):
            return entry
    raise ResultsError(
        f"The store holds no weights of {dataset} {model} that belong to the runs in results/{BUDGET}/{CLAIM}; "
        f"run zoo reproduce {CLAIM} --budget {BUDGET}."
    )


def _make(target, row, entry):
    import zoo
    from zoo.presets.loading import load_weights_into
    from zoo.presets.saving import save_preset, trained_card
    from zoo.reproductions.trainers.preset import WEIGHTS

    dataset, model, _ = row
    data, recipe = zoo.datasets.load(dataset), entry.manifest["recipe"]
    members = {}
    for line in entry.rows:
        members.setdefault(line["seed"], {})[line["metric"]] = line["value"]
    first = entry.rows[0]
    training = {name: first[name] for name in ("device", "backend", "precision", "commit")} | {
        "versions": entry.manifest["environment"]["versions"],
        "updates": int(first["updates"]),
        "seconds_per_seed": round(first["seconds"], 2),
    }
    name = f"{model}_{dataset}"
    net = zoo.create_model(model, data.input_shape, data.classes, **recipe["options"])
    load_weights_into(net, entry.files[WEIGHTS], f"{name}'s {WEIGHTS}")
    return save_preset(net, target / name, trained_card(name, data, recipe, members, training))

"""A card as Markdown, with the front matter that the Hugging Face hub reads (`model-index`)."""

import json

from zoo.datasets import list_datasets
from zoo.names import printable
from zoo.presets.card import says_enough_to_train
from zoo.tasks import described, task_of_error, task_of_model
from zoo.training.recipe import ALWAYS, BEFORE, is_recipe

# What the hub calls licences, the usual ones; what is none of these is "other" there, by its own name.
HUB_LICENCES = (
    "apache-2.0 mit bsd bsd-2-clause bsd-3-clause gpl-2.0 gpl-3.0 lgpl-2.1 lgpl-3.0 agpl-3.0 mpl-2.0 cc0-1.0 cc-by-3.0 cc-by-4.0 "
    "cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-4.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 unlicense"
).split()


def card_markdown(card, place=None):
    """README.md of a preset, from its card; place: what `from_preset` takes for it, a name or folder, by default its name."""
    usage = _usage(card["name"] if place is None else place)
    parts = [_front_matter(card), f"# {card['name']}", _summary(card), usage, _metrics(card), _training(card)]
    parts += [f"## Limits\n\n{card['limits']}" if "limits" in card else "", _licences(card)]
    text = "\n\n".join(part for part in parts if part)
    return "\n".join(map(printable, text.splitlines())) + "\n"


def _front_matter(card):
    """YAML; JSON strings are YAML, so that no name needs quoting rules of its own. The hub's loader for Keras can't load these."""
    lines = ["---", "library_name: deepzoo", "tags: [keras, deepzoo]"]
    if "licences" in card:
        lines += _hub_licence(card["licences"]["weights"])
    if "dataset" in card:
        lines.append(f"datasets: [{_quoted(card['dataset']['name'])}]")
    lines += ["model-index:", f"- name: {_quoted(card['name'])}"]
    if "dataset" in card and card.get("metrics"):
        data, model = card["dataset"], card["model"]
        task = task_of_model(model["name"], model["input_shape"], model["options"])
        lines.append("  results:")
        for entry in card["metrics"]:
            known = task_of_error(entry["name"])
            kind, metric = task.hub if known else ("other", _quoted(entry["name"]))
            name, split, value = _quoted(data["name"]), _quoted(entry["split"]), _yaml_number(entry["value"])
            lines += [
                f"  - task: {{type: {kind}}}",
                f"    dataset: {{type: {name}, name: {name}, split: {split}}}",
                f"    metrics: [{{type: {metric}, name: {_quoted(_words(entry))}, value: {value}}}]",
            ]
    else:
        lines.append("  results: []")
    return "\n".join([*lines, "---"])


def _quoted(text):
    return json.dumps(text, ensure_ascii=False)


def _yaml_number(value):
    """As JSON has it, but that YAML takes 1e-05 for a word."""
    text = json.dumps(value)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _hub_licence(name):
    """The lines that name a licence of weights: by the hub's word for it, which has no others."""
    word = name.lower().replace(" ", "-")
    return [f"license: {word}"] if word in HUB_LICENCES else ["license: other", f"license_name: {_quoted(name)}"]


def _summary(card):
    model = card["model"]
    shape = "x".join(map(str, model["input_shape"]))
    on = f" trained on {card['dataset']['name']}" if "dataset" in card else ""
    values, outputs = described(card)
    return (
        f"The model `{model['name']}`{on}: input {shape}, {values}; {outputs}; "
        f"{model['parameters']:,} parameters; {model['flops_per_example']:,} floating-point operations per example."
        + (f" Options: `{json.dumps(model['options'])}`." if model["options"] else "")
    )


def _usage(place):
    return f"```python\nimport zoo\n\nmodel = zoo.from_preset({_quoted(place)})\n```"


def _metrics(card):
    if not card.get("metrics"):
        return ""
    lines = [
        "## How well it does",
        "",
        "| | this one | mean of all seeds | 95% interval of the mean | 95% prediction interval of a new seed | seeds | examples |",
        "|---|---|---|---|---|---|---|",
    ]
    for entry in card["metrics"]:
        cells = [
            _words(entry).replace("|", "\\|"),
            _number(entry["value"]),
            _number(entry["mean"]),
            _range(entry, "ci95"),
            _range(entry, "new_seed95"),
            entry["seeds"],
            f"{entry['examples']:,}",
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _training(card):
    lines = ["## How it was made", ""]
    if "dataset" in card:
        data = card["dataset"]
        sizes = ", ".join(f"{name} {size:,}" for name, size in data["splits"].items())
        about = f"; what an example is: `zoo datasets {data['name']}`" if data["name"] in list_datasets() else ""
        made_of = f"{data['name']} {data['version']} ({sizes}), fingerprint `{data['fingerprint']}`"
        lines.append(f"- Data: {made_of}{data['homepage'] and ', ' + data['homepage']}{about}")
    if "based_on" in card:
        lines.append(f"- Made from the preset {card['based_on']['name']}")
    if "class_names" in card:
        lines.append(f"- Classes: {', '.join(card['class_names'])}")
    if "selection" in card:
        chosen = card["selection"]
        seeds = ", ".join(map(str, chosen["seeds"]))
        lines.append(f"- Chosen: seed {chosen['chosen_seed']} of {seeds}, by the {chosen['rule']} (split: {chosen['split']})")
    if "recipe" in card:
        labels = is_recipe(card["recipe"]) and card["recipe"].get("labels")
        if labels:
            lines.append(
                f"- Labels: of {_count(labels)} training examples, each seed's own choice, as many of each class as can be"
            )
        lines.append("; ".join([f"- Recipe: `{json.dumps(card['recipe'])}`", *_beside_the_recipe(card)]))
    if "training" in card:
        made = card["training"]
        versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
        after = " after the pre-training" if is_recipe(card.get("recipe", {})) and card["recipe"]["pretraining"] else ""
        lines.append(
            f"- Trained on {made['device']}, {made['backend']}, {made['precision']}: {_count(made['updates'])} updates{after}, "
            f"{_number(made['seconds_per_seed'], 3) or 'an unknown number of'} s per seed; commit {made['commit']}; {versions}"
        )
    return "\n".join(lines) if len(lines) > 2 else ""


def _beside_the_recipe(card):
    """What a recipe of deepzoo's leaves unsaid, and how to follow it; of a user's own nothing is known."""
    if not is_recipe(card["recipe"]):
        return []
    how = [ALWAYS, BEFORE] if card["recipe"]["pretraining"] else [ALWAYS]
    backend = " --backend tensorflow" if card.get("training", {}).get("backend") == "tensorflow" else ""
    return [*how, f"again with `zoo train {card['name']}{backend}`"] if says_enough_to_train(card) else how


def _licences(card):
    base = card.get("based_on", {"name": "", "licences": {}})
    lines = [f"- {what}: {licence}" for what, licence in card.get("licences", {}).items()]
    for what, licence in base["licences"].items():
        lines.append(f"- {what}{'' if ' of ' in what else ' of ' + base['name']}: {licence}")
    return "\n".join(["## Licences", "", *lines]) if lines else ""


def _words(entry):
    task = task_of_error(entry["name"])
    return f"{entry['split']} {task.words}" if task else entry["name"]


def _count(value):
    return f"{value:,}" if isinstance(value, int) else str(value)


def _number(value, digits=4):
    return "" if value is None else f"{value:.{digits}g}"


def _range(entry, name):
    low, high = entry[f"{name}_low"], entry[f"{name}_high"]
    return "" if low is None else f"{_number(low)} to {_number(high)}"

"""What the lines of a claim are called, on the command line and as presets, and which of them are meant by a name."""

import fnmatch
import re

from zoo.errors import InvalidInput, unknown_name
from zoo.reproductions.harness.claims import claim_name

SETTING = "preset"  # that needs no mention in a preset's name


def preset_name(dataset, model, setting, names=()):
    """What the preset of a row is called: as `names`, the NAMES of its reproduction, say; else <model>_<dataset>_<setting>.

    >>> preset_name("mnist", "mlp", "1000 labels, random")
    'mlp_mnist_1000_labels_random'
    """
    if (dataset, model, setting) in names:
        return names[dataset, model, setting]
    words = [] if setting == SETTING else re.findall(r"[^\W_]+", setting.lower())
    return "_".join([_word(model), dataset, *words])


def _word(model):
    """A model's name without what parts the names of several lines, and words: 'lstm, chrono start' becomes lstm_chrono_start."""
    return re.sub(r"[\s,]+", "_", model)


def chosen(module, trials, only):
    """The trials that are `named`. Raises InvalidInput where they are a part of those of which the claim draws pictures."""
    found, leaving = named(module, trials, only), [trial for trial in trials if trial.leaves]
    if hasattr(module, "illustrate") and 0 < sum(trial.leaves for trial in found) < len(leaving):
        models = ", ".join(dict.fromkeys(trial.model for trial in leaving))
        what = f"{len(leaving)} trials of {models} leave"
        raise InvalidInput(f"{claim_name(module)} draws pictures of what {what}: run all of these, or none, not some of them.")
    return found


def named(module, trials, only):
    """The trials that `only` names, with shell wildcards; all for None.

    A name fits a model; a model and data set, as in lstm_mnist; or these and the setting, spelt as a preset of it would be:
    autoencoder_stack_mnist_1000_labels_random. Several names are separated by commas, or come as a list. Raises UnknownName
    for a name that fits no trial, InvalidInput for anything that is no name, and where two lines have one.
    """
    if only is None:
        return list(trials)
    require_other_names(module, trials)
    presets, found = getattr(module, "NAMES", {}), []
    names = only.split(",") if isinstance(only, str) else only
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(name, str) for name in names):
        raise InvalidInput(f"A line is named by a string, several by one with commas or a list of them; got {only!r:.80}.")
    for name in names:
        fitting = [trial for trial in trials if _fits(trial, name.strip(), presets)]
        if not fitting:
            known = {_word(trial.model) for trial in trials} | lines(module, trials).keys()
            raise unknown_name(f"model or line in {claim_name(module)}", name.strip(), known)
        found += fitting
    return [trial for trial in trials if trial in found]


def lines(module, trials):
    """{name: trial}: what the lines of a claim are called, each for `only` to take."""
    return {line_name(module, trial): trial for trial in trials}


def require_other_names(module, trials):
    """Raise InvalidInput where two lines of a claim are called alike, so that a name would mean both."""
    names = {}
    for trial in trials:
        if (other := names.setdefault(line_name(module, trial), trial)) is not trial:
            remedy = "give their settings other words, or NAMES"
            raise InvalidInput(f"{claim_name(module)}: {other} and {trial} are both called {line_name(module, trial)}; {remedy}.")


def line_name(module, trial):
    """What the line of a trial of a claim is called."""
    return preset_name(*trial.row, getattr(module, "NAMES", {}))


def _fits(trial, only, presets):
    model = _word(trial.model)
    names = (trial.model, model, f"{model}_{trial.dataset}", preset_name(*trial.row), preset_name(*trial.row, presets))
    return any(fnmatch.fnmatchcase(name, only) for name in names)

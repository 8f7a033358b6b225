"""What a run left in the folder of its claim, results/<budget>/<claim>: found, checked and read."""

import hashlib
import inspect
import json
import os
import shlex
from pathlib import Path

from zoo.errors import ResultsError, UnknownName
from zoo.paths import path_named
from zoo.reproductions.harness.claims import claim_name, is_brought, is_known, is_own, lacking_data, load_claim
from zoo.reproductions.harness.losses import FILE, OF_RUNS, unpacked
from zoo.reproductions.harness.remedies import or_from_the_repository
from zoo.reproductions.harness.roots import results_root, roots_to_read
from zoo.reproductions.harness.runs import read_runs
from zoo.reproductions.harness.trial import BUDGETS, Budget


def folder_to_read(name, budget, out=None):
    """The folder that has the runs of a claim at a budget, in the first of roots_to_read.

    Raises UnknownName, also for a data set that CLAIM_on_DATASET is about and nobody has, and ResultsError where none has them.
    """
    module = load_claim(name)
    claim, budget = claim_name(module), Budget.named(budget, None, getattr(module, "SEEDS", None)).name
    folders = [root / budget / claim for root in roots_to_read(out)]
    there = next((folder for folder in folders if os.path.exists(folder / "runs.csv")), None)
    if there is None:
        where = f" --out {shlex.quote(str(out))}" if out else ""
        elsewhere, brought = "" if is_own(module) else or_from_the_repository(folders[0].parents[1]), is_brought(module)
        if lacking := lacking_data(claim):
            raise UnknownName(lacking)
        said = f"run it: zoo {'--import MODULE ' * brought}reproduce {claim} --budget {budget}{where}{elsewhere}"
        raise ResultsError(f"There is no {folders[0] / 'runs.csv'}; {said}")
    return there


def result_folders(root):
    """The folders <budget>/<claim> under a results folder that hold a runs.csv, sorted."""
    return sorted(path.parent for budget in BUDGETS for path in (root / budget).glob("*/runs.csv"))


def folders_of(target=None, out=None):
    """(results folder, the folders of claims in it that are meant); target and out: as of rebuild.

    Raises as that does, but for the folders of no claim.
    """
    root = results_root(out)
    if target is None:
        return root, result_folders(root)
    if not inspect.ismodule(target) and not is_known(target) and path_named(target).is_dir():
        return _inside(path_named(target).absolute())
    name = claim_name(load_claim(target))
    return root, [folder for folder in result_folders(root) if folder.name == name]


def _inside(folder):
    """(results root, folders of claims) for a folder at any of the three levels.

    Raises ResultsError for a claim's folder that no budget's folder holds: what lies above that is no results folder.
    """
    if (folder / "runs.csv").exists():
        if folder.parent.name not in BUDGETS:
            raise ResultsError(f"{folder} lies in no folder of a budget ({', '.join(BUDGETS)}); move it into one.")
        return folder.parent.parent, [folder]
    if folder.name in BUDGETS:
        return folder.parent, [found for found in result_folders(folder.parent) if found.parent == folder]
    return folder, result_folders(folder)


def read_folder(folder):
    """The runs of a claim's folder. Raises ResultsError if they are damaged, mixed or not those that the run wrote."""
    runs = read_runs(folder / "runs.csv")
    _unchanged(folder)
    if set(runs.claim) != {folder.name}:
        raise ResultsError(f"{folder / 'runs.csv'} holds runs of {' and '.join(sorted(set(runs.claim)))}, not of {folder.name}.")
    return with_losses(runs, read_losses(folder))


def read_pictures(folder):
    """{file name: bytes} of the pictures that the run of a folder drew. Raises ResultsError if one is not what it drew."""
    pictures = {}
    for name, recorded in read_environment(folder).get("pictures_sha256", {}).items():
        path = folder / Path(name).name
        pictures[path.name] = path.read_bytes() if path.is_file() else b""
        if sha256_of(pictures[path.name]) != recorded:
            raise ResultsError(f"{path} is missing or not what the run drew (sha256); take it from git or run again.")
    return pictures


def read_losses(folder):
    """The bytes of a folder's losses.npz, b"" where its run kept none. Raises ResultsError if it is not what it kept."""
    recorded = read_environment(folder).get("losses_sha256")
    path = folder / FILE
    content = path.read_bytes() if recorded and path.is_file() else b""
    if recorded and sha256_of(content) != recorded:
        raise ResultsError(f"{path} is missing or not what the run wrote (sha256); take it from git or run again.")
    return content


def with_losses(runs, content):
    """A table of runs that carries the Losses of a losses.npz, if there is one, for its checks."""
    if content:
        runs.attrs[OF_RUNS] = unpacked(content)
    return runs


def _unchanged(folder):
    """Raise ResultsError if runs.csv is not the one that environment.json was written with, lines lost included."""
    if read_environment(folder)["runs_sha256"] != sha256_of((folder / "runs.csv").read_bytes()):
        raise ResultsError(f"{folder / 'runs.csv'} is not what the run wrote (sha256); take it from git or run again.")


_TYPES = {"runs_sha256": str, "losses_sha256": str, "pictures_sha256": dict, "trials": list, "claim": dict}


def read_environment(folder):
    """environment.json as a dict with a runs_sha256."""
    try:
        environment = json.loads((folder / "environment.json").read_bytes())
        for name, value in environment.items():
            if name in _TYPES and not isinstance(value, _TYPES[name]):
                raise TypeError(name)
        if not all(isinstance(trial, dict) for trial in environment.get("trials", ())):
            raise TypeError("trials")
        return environment | {"runs_sha256": environment["runs_sha256"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ResultsError(f"{folder / 'environment.json'} is missing or damaged; take it from git or run again.") from None


def row_of(manifest):
    """The row (dataset, model, setting) that a dict names, such as the manifest of a trial."""
    return manifest["dataset"], manifest["model"], manifest["setting"]


def manifests_of(environment):
    """{row: manifest} of the trials in an environment.json."""
    return {row_of(manifest): manifest for manifest in environment["trials"]}


def seconds_taken(folder):
    """{row: seconds} of the trials of the run that a folder holds; {} where it holds none."""
    try:
        manifests = manifests_of(read_environment(folder))
        return {row: float(manifest["wall_seconds"]) for row, manifest in manifests.items()}
    except (ResultsError, KeyError, TypeError, ValueError):
        return {}


def sha256_of(content):
    return hashlib.sha256(content).hexdigest()

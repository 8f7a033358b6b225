"""The nouns of zoo.datasets: a Split, a Dataset made of three, the Info that describes one, and where one comes from."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

SPLITS = ("train", "validation", "test")


class Split(NamedTuple):
    """Inputs and targets of one split: two read-only, memory-mapped arrays of equal length."""

    x: np.ndarray
    y: np.ndarray


class SourceFailed(Exception):
    """A source did not answer, or delivered something else than it should: the next one is tried."""


class Source(NamedTuple):
    """One place that a data set's files come from.

    gather(folder, tell): leaves the files in the folder, or raises SourceFailed within seconds; tell(text)
    shows the user one line of progress. remedy: what a user can do when it does not answer.
    """

    gather: Callable[[Path, Callable[[str], None]], None]
    remedy: str


# SOURCES of a set that is drawn here, from nothing.
GENERATED = {"official": Source(lambda folder, tell: None, "nothing can be missing")}


def verified(content, sha256, name):
    """The bytes of a file. Raises SourceFailed where its sha256 is another one."""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SourceFailed(f"{name} is another file than the one that is known here: its sha256 differs")
    return content


class Built(NamedTuple):
    """What a data set's build(folder) returns: {"train": Split, ...}, and in words what parsed the files."""

    splits: dict[str, Split]
    made_with: str


@dataclass(frozen=True)
class Info:
    """What is known of a data set before anything is downloaded.

    sizes: examples per split. input_shape: of one example. x_dtype, y_dtype: NumPy names.
    task: "classification", or what else y is for; classes is None then. version: changes whenever the arrays do.
    sources: {"official": the place in words, ...}; its build module has a Source for each.
    folder: the data set's own folder, with README.md, CITATIONS.bib and TAGS.txt.
    fingerprint: Dataset.fingerprint of the arrays that results here were computed on; None where it is not known.
    lags: of a series, how long before the value that is forecast those of an example lie, in its shape; () for the latest.
    path_variable: environment variable in which the user names a file of the set's, where nobody serves it
        or its source may be out of reach: one of its sources reads it there.
    """

    name: str
    title: str
    licence: str
    homepage: str
    version: str
    sizes: dict[str, int]
    input_shape: tuple[int, ...]
    classes: int | None
    sources: dict[str, str]
    folder: Path
    class_names: tuple[str, ...] = ()
    task: str = "classification"
    x_dtype: str = "uint8"
    y_dtype: str = "int32"
    fingerprint: str | None = None
    path_variable: str | None = None
    lags: tuple = ()

    @property
    def citation(self):
        """BibTeX of what to cite."""
        return (self.folder / "CITATIONS.bib").read_text(encoding="utf-8")

    @property
    def description(self):
        """The data set's README, Markdown."""
        return (self.folder / "README.md").read_text(encoding="utf-8")


@dataclass(frozen=True, eq=False)  # arrays do not compare to one truth
class Dataset:
    """Three fixed, disjoint splits and where they come from.

    Images: x uint8 (n, height, width), or (n, height, width, 3) in colour, with pixels 0..255; what else there is, shapes
    and dtypes, says describe(name). y: int32 (n,), labels; where classes is None, what the data set's README says.
    fingerprint: sha256 over all arrays, the same whatever source they came from; by it two are compared, for == asks whether
    they are one object. provenance: source, made_with, licence, homepage, version, and sha256 of each array.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: int | None
    class_names: tuple[str, ...]
    input_shape: tuple[int, ...]
    provenance: dict
    fingerprint: str

    def __repr__(self):
        sizes = "/".join(f"{len(getattr(self, split).x):,}" for split in SPLITS)
        classes = "no classes" if self.classes is None else f"{self.classes} classes"
        return f"<Dataset {self.name}: {sizes}, input {self.input_shape}, {classes}>"

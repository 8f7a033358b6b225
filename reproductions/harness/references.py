"""Whom the tables cite, as BibTeX: the review, the works that published the numbers beside ours, those of the data sets."""

import functools
import operator
import re
from pathlib import Path

from zoo.errors import UnknownName
from zoo.reproductions.harness.claims import claim_name, load_claim
from zoo.reproductions.harness.published import matches

FILE = Path(__file__).resolve().parents[1] / "references.bib"
REVIEW = "lecun2015deep"
# {source in published.csv: keys of its entries, in FILE or in a data set's CITATIONS.bib}
WORKS = {
    "Alain & Bengio 2016": ("alain2016understanding",),
    "Belongie, Malik & Puzicha 2002": ("belongie2002shape",),
    "Bengio, Lamblin, Popovici & Larochelle 2007": ("bengio2007greedy",),
    "Bruna & Mallat 2013": ("bruna2013invariant",),
    "Canterbury corpus results": ("bell1997canterbury", "arnold1997corpus"),
    "Choromanska et al. 2015": ("choromanska2015loss",),
    "Cohen & Welling 2016": ("cohen2016group",),
    "Cooijmans et al. 2017": ("cooijmans2017recurrent",),
    "Dauphin et al. 2014": ("dauphin2014identifying",),
    "Elements of Statistical Learning": ("hastie2009elements",),
    "Elements of Statistical Learning, after Robinson 1989": ("hastie2009elements", "robinson1989dynamic"),
    "Erhan et al. 2010": ("erhan2010why",),
    "Fashion-MNIST README benchmark": ("xiao2017fashion",),
    "Gers, Eck & Schmidhuber 2001": ("gers2001applying",),
    "Glorot & Bengio 2010": ("glorot2010understanding",),
    "Glorot, Bordes & Bengio 2011": ("glorot2011deep",),
    "Goodfellow, Vinyals & Saxe 2015": ("goodfellow2015qualitatively",),
    "Hinton & Salakhutdinov 2006": ("hinton2006reducing",),
    "Hinton 2005, unpublished": ("hinton2005mnist",),
    "Hinton et al. 2012, TIMIT core test": ("hinton2012deep",),
    "Hochreiter & Schmidhuber 1997": ("hochreiter1997long",),
    "Kegl & Busa-Fekete 2009": ("kegl2009boosting",),
    "Krizhevsky, Sutskever & Hinton 2012": ("krizhevsky2012imagenet",),
    "LTSF-Linear benchmark (Zeng et al. 2023)": ("zeng2023transformers",),
    "Larochelle et al. 2007": ("larochelle2007empirical",),
    "Larochelle et al. 2007 / Vincent et al. 2010": ("larochelle2007empirical", "vincent2010stacked"),
    "LeCun 1989, after Elements of Statistical Learning": ("lecun1989generalization", "hastie2009elements"),
    "LeCun, Bottou, Bengio & Haffner 1998": ("lecun1998gradient",),
    "Le et al. 2011": ("le2011optimization",),
    "Le et al. 2015, after Cooijmans et al. 2017": ("le2015simple", "cooijmans2017recurrent"),
    "MNIST page (LeCun, Cortes & Burges)": ("lecun1998mnist",),
    "Maji & Malik 2009": ("maji2009fast",),
    "Mohamed et al. 2009": ("mohamed2009deep",),
    "Ranzato et al. 2007": ("ranzato2007unsupervised",),
    "Robinson 1989": ("robinson1989dynamic",),
    "Simard, Steinkraus & Platt 2003": ("simard2003best",),
    "Sohn & Lee 2012": ("sohn2012learning",),
    "Svarer, Hansen & Larsen 1993": ("svarer1993design",),
    "Vincent et al. 2010": ("vincent2010stacked",),
    "Tong & Lim 1980, after Weigend, Huberman & Rumelhart 1990": ("tong1980threshold", "weigend1990predicting"),
    "Warden 2018": ("warden2018speech",),
    "Weigend, Huberman & Rumelhart 1990": ("weigend1990predicting",),
    "Weston et al. 2008; Rifai et al. 2011": ("weston2008deep", "rifai2011manifold"),
    "Xiao, Rasul & Vollgraf 2017 (arXiv 1708.07747)": ("xiao2017fashion",),
    "deeplearning.net tutorials (LISA lab)": ("lisa2010tutorials",),
    "nanoGPT": ("karpathy2022nanogpt",),
    # No work of anybody's, or none that is known.
    "arithmetic: the variance of the sum of two uniforms": (),
    "compression literature": (),
}


def references(claim, rows):
    """{key: BibTeX entry} of whom a claim's lines, (dataset, model, setting, metric), cite, in the order of the keys.

    claim: a name, or a module of one's own. A data set that is somebody's own, or known to somebody's own claim alone, has
    none. Raises UnknownName, and CacheError for a data set of one's own that is damaged.
    """
    module, known = load_claim(claim), entries()
    published = getattr(module, "PUBLISHED", {})
    found = [match for *row, metric in rows for match in matches(claim_name(module), published, tuple(row), metric)]
    keys = {REVIEW}.union(*(WORKS[match.work] for match in found))
    of_data = [_of_data(name) for name in {row[0] for row in rows}]
    return dict(sorted(functools.reduce(operator.or_, of_data, {key: known[key] for key in keys}).items()))


@functools.cache
def entries():
    """{key: entry} of all works that published.csv names and of all data sets of deepzoo's."""
    from zoo.datasets import list_datasets
    from zoo.datasets.own import is_own

    of_data = [_of_data(name) for name in list_datasets() if not is_own(name)]
    return functools.reduce(operator.or_, of_data, split(FILE.read_text(encoding="utf-8")))


def split(text):
    """{key: entry} of BibTeX.

    >>> split("@misc{a2000b,\\n  title={A}\\n}\\n\\n@book{c1999d,\\n  year={1999}\\n}")["c1999d"]
    '@book{c1999d,\\n  year={1999}\\n}'
    """
    found = [entry.strip() for entry in re.split(r"^(?=@)", text, flags=re.MULTILINE)]
    return {entry.partition("{")[2].partition(",")[0].strip(): entry for entry in found if entry.startswith("@")}


def _of_data(name):
    from zoo.datasets import describe

    try:
        return split(describe(name).citation)
    except UnknownName:
        return {}

"""The series out of pmdarima's wheel, which ships it as a list of numbers in a Python file: read, never imported."""

import ast

import numpy as np

from zoo.datasets import mirrors, series
from zoo.datasets.dataset import Built, SourceFailed
from zoo.datasets.taylor_demand import DAY, INFO, WEEK

PACKAGE = "pmdarima==2.1.1"
MEMBER = "pmdarima/datasets/taylor.py"
SHA256 = "3df2f44f654bfe4338ea39350912140c9710fa776270f50a2529b2f5c87a4e19"
WEEKS = 12

TOLD = f"downloading {PACKAGE} from PyPI (0.7 MB), for a list of numbers in it; it is not installed"
SOURCES = {"mirror": mirrors.pip_source(PACKAGE, MEMBER, SHA256, TOLD)}


def build(folder):
    """Six weeks, less the first eight days, to train on, two to validate, four to test."""
    demand = longest_list((folder / "taylor.py").read_text(encoding="utf-8"))
    if len(demand) != WEEKS * WEEK:
        raise SourceFailed(f"taylor.py holds {len(demand)} numbers instead of {WEEKS * WEEK}")
    return Built(series.windows(demand, series.lags_of(INFO), WEEK + DAY, INFO.sizes), f"NumPy {np.__version__}")


def longest_list(source):
    """The longest list of numbers that Python source text spells out, as a NumPy array."""
    lists = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.List)]
    return np.array(ast.literal_eval(max(lists, key=lambda node: len(node.elts))))

"""What came out of a claim, for programs: its tables, runs, losses and figure."""

from zoo.reproductions.harness.claims import load_claim
from zoo.reproductions.harness.figures import caption, figure_of
from zoo.reproductions.harness.folder import folder_to_read, read_folder
from zoo.reproductions.harness.losses import OF_RUNS
from zoo.reproductions.harness.tables import COMPARISON_COLUMNS, compare_runs, in_numbers, judge_runs
from zoo.reproductions.harness.verdicts import VERDICT_COLUMNS


def compare(name, budget="quick", out=None):
    """(comparison, verdicts) of a claim as DataFrames with the columns of comparison.csv and verdicts.csv.

    name: that of a claim, or a module of one's own. out: the results folder; None for the first of roots_to_read that
    has them.
    Our numbers are float64, NaN where there is none; n_seeds is int; the rest, published values too, is text.
    Made from runs.csv at every call. Raises UnknownName, ResultsError.
    """
    module, folder = load_claim(name), folder_to_read(name, budget, out)
    runs = read_folder(folder)
    comparison, verdicts = compare_runs(module, runs), judge_runs(module, runs, folder.parent.name)
    return in_numbers(comparison, COMPARISON_COLUMNS), in_numbers(verdicts, VERDICT_COLUMNS)


def comparison_of(name, budget="quick", out=None):
    """The comparison of a claim alone, without its verdicts, which take longer; see compare."""
    return in_numbers(compare_runs(load_claim(name), read_folder(folder_to_read(name, budget, out))), COMPARISON_COLUMNS)


def claim_runs(name, budget="quick", out=None):
    """The runs of a claim (its name, or a module of one's own) at a budget as a DataFrame, a line per seed and metric.

    out: as of compare. Raises UnknownName, ResultsError.
    """
    runs = read_folder(folder_to_read(name, budget, out))
    runs.attrs.clear()  # with losses in them it could not be written as Parquet, say
    return runs


def claim_losses(name, budget="quick", out=None):
    """{(dataset, model, setting, metric): float32 (seeds, examples)}: what each test example costs each seed, in order of seeds.

    In the unit of the metric: of an error in percent 100 for an example that a seed gets wrong. Of a text, whose n_test counts
    characters, an example is a block of them. {} where the run kept none. out: as of compare.
    Raises UnknownName, ResultsError.
    """
    kept = read_folder(folder_to_read(name, budget, out)).attrs.get(OF_RUNS, {})
    return {key: costs.each for key, costs in kept.items()}


def claim_figure(name, budget="quick", out=None):
    """The matplotlib Figure that a claim (its name, or a module of one's own) makes of its runs at a budget, see figure.png.

    Vector graphics come out of figure.savefig("figure.pdf"). Raises UnknownName, ResultsError.
    """
    module, folder = load_claim(name), folder_to_read(name, budget, out)
    runs = read_folder(folder)
    return figure_of(module, runs, caption(module, runs, folder.parent.name))

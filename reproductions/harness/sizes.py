"""How many examples, seeds and weights stand behind numbers, in words: those published mostly have others."""

import numpy as np

from zoo.reproductions.harness.runs import lines_of

# How the names of metrics begin that are computed on test examples.
HELD_OUT = ("test_", "bits_per_char", "squared_error", "mse", "log10_mse", "arv_", "nrmse", "mape_pct", "accuracy_on")


def sizes(runs, dataset, metrics):
    """What the rows of a data set were trained and tested on, from runs.csv, a range where they differ.

    metrics: those of the table; a statistic over seeds, which the runs do not hold, has the data of all runs of the data
    set. Examples tested on are left out where no metric is of HELD_OUT ones, "" is for no runs at all.
    """
    runs = runs[runs.dataset == dataset]
    if runs.metric.isin(metrics).any():
        runs = runs[runs.metric.isin(metrics)]
    tested = runs[runs.metric.str.startswith(HELD_OUT)]
    said = [f"trained on {_range(runs.n_train)} examples (n_train)"] if runs.n_train.notna().any() else []
    said += [f"tested on {_range(tested.n_test)} (n_test)"] if tested.n_test.notna().any() else []
    seeds = runs.groupby(["model", "setting"]).seed.nunique()
    said += [f"{_range(seeds)} {'seed' if seeds.max() == 1 else 'seeds'}"] if len(seeds) else []
    return ", ".join(said)


def weights_in_words(runs, *rows):
    """How many weights some nets have: what a difference between them may be due to."""
    return "weights: " + " and ".join(f"{lines_of(runs, row).parameters.max():,.0f}" for row in rows)


def smaller(runs, row, whole):
    """Why a net may be behind that has fewer weights than the full budget's, `whole`; "" of one that has not, or does not say."""
    weights = lines_of(runs, row).get("parameters", default=np.array([np.nan])).max()
    said = f"the {row[1]} has {weights:,.0f} weights, the full budget's {whole:,}, and a larger one, trained longer, may err less"
    return said if weights < whole else ""


def _range(counts):
    least, most = int(counts.min()), int(counts.max())
    return f"{most:,}" if least == most else f"{least:,} to {most:,}"

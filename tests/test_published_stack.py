"""published_stack: nets of the published size, trained as unsupervised_pretraining's full budget trains them, against 1.28 %."""

import numpy as np
import pandas as pd
import pytest

from zoo.reproductions import published_stack as claim, unsupervised_pretraining
from zoo.reproductions.evidence.label_rows import setting
from zoo.reproductions.harness import Budget
from zoo.reproductions.harness.published import matches
from zoo.reproductions.trainers.label_curves import chosen_rate, metric

ERRORS = {"random": 1.5, "scaled": 1.25, "denoising": 1.2, "modern": 1.3}


def verdicts(labels=50000, **errors):
    found = []
    for place, (start, mean) in enumerate((ERRORS | errors).items()):
        by_seed = mean + np.random.RandomState(place).normal(size=12) / 1e3
        shared = {"dataset": "mnist", "model": claim.MODEL, "setting": setting(start, 3), "parameters": 2_797_010}
        shared["n_test"] = 10_000
        found += [shared | {"metric": metric("test", labels), "seed": seed, "value": value} for seed, value in enumerate(by_seed)]
    return {check.name: check for check in claim.judge(pd.DataFrame(found))}


def test_its_nets_are_those_of_the_full_budget_with_all_labels():
    mine = {trial.setting: trial.recipe for trial in claim.trials(Budget.named("full"))}
    full = {trial.setting: trial.recipe for trial in unsupervised_pretraining.trials(Budget.named("full"))}
    assert len(mine) == 4
    for name, recipe in mine.items():
        theirs = full[name] | {"rates": full[name]["own_rates"][chosen_rate(50000)]}
        assert recipe | {key: theirs[key] for key in ("labels", "filters", "own_rates")} == theirs
        assert recipe["labels"] == [50000] and recipe["options"]["widths"] == [1000] * 3


def test_starts_are_held_against_each_other():
    found = verdicts(modern=1.1)
    for rival, gap, verdict in (("random", 0.3, "reproduced"), ("scaled", 0.05, "reproduced"), ("modern", -0.1, "contradicted")):
        check = found[f"mnist denoising start, 3 layers beats {rival} start, 3 layers, 50000 labels"]
        assert check.verdict == verdict and check.effect == pytest.approx(gap, abs=0.01)
    ahead = verdicts(modern=1.3)["mnist denoising start, 3 layers beats modern start, 3 layers, 50000 labels"]
    assert ahead.verdict == "undecided" and "without dropout, or with less of it, were not tried" in ahead.sentence


@pytest.mark.parametrize("denoising, reached, near", [
    (0.8, "reproduced", "contradicted"), (1.2, "undecided", "reproduced"), (1.4, "undecided", "reproduced"),
    (1.7, "contradicted", "contradicted"),
])  # fmt: skip
def test_the_denoising_net_is_held_against_what_was_published(denoising, reached, near):
    target, within = [check for check in verdicts(denoising=denoising).values() if "1.28" in check.sentence]
    assert (target.verdict, within.verdict) == (reached, near) and "denoising start, 3 layers" in target.sentence
    assert within.effect == pytest.approx(abs(denoising - 1.28), abs=0.01) and "claimed below 0.22" in within.sentence
    assert within.name.startswith("control: ") and ("test examples and the seeds" in target.sentence) == (reached == "undecided")
    (first, *_) = matches(
        "published_stack", claim.PUBLISHED, ("mnist", claim.MODEL, setting("denoising", 3)), metric("test", 50000)
    )
    assert first.value == "1.28", "Vincent et al. (2010)"


def test_a_part_of_the_labels_is_not_held_against_what_was_published():
    assert len(verdicts(labels=10000)) == 3

"""What each test example costs: kept beside the runs, and what other test examples would do to an effect."""

import contextlib
import errno
import json
import shutil
import tempfile
import types

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from claim_example import rows_of
from zoo.errors import CorruptFile, InvalidInput, ResultsError
from zoo.reproductions.harness import (
    Trial,
    WithFiles,
    claim_losses,
    claim_runs,
    export_results,
    import_results,
    load_claim,
    paired_difference,
    ratio,
    rebuild,
    run_claim,
    target,
)
from zoo.reproductions.harness.engines import compute
from zoo.reproductions.harness.folder import read_folder
from zoo.reproductions.harness.losses import FILE, OF_RUNS, Costs, Losses, combined, losses_of, packed, unpacked
from zoo.reproductions.harness.numbers import number
from zoo.reproductions.harness.runs import lines_of, parse_runs, runs_text
from zoo.reproductions.harness.store import write_together

NET, MACHINE = ("digits", "mlp", ""), ("digits", "kernel_machine", "exact")
METRIC, TESTED = "test_error_pct", 400


def wrong_of(model, seed):
    """Examples 0 to 19 are hard for both; of the others the machine is wrong on 15 and each net on two to five."""
    wrong = np.arange(TESTED) < 20
    if model == "mlp":
        wrong[100 + 3 * seed : 102 + 4 * seed] = True
    else:
        wrong[200:215] = True
    return wrong


def train(trial, report):
    rows = []
    for seed in trial.seeds:
        wrong = wrong_of(trial.model, seed)
        shared = {"seed": seed, "n_train": 1, "n_test": TESTED}
        rows.append(shared | {"metric": METRIC, "value": 100 * wrong.mean(), "losses": 100 * wrong})
        rows.append(shared | {"metric": "validation_error_pct", "value": 7.0 + seed})
    return rows


def train_one_by_one(trial, report):
    yield from train(trial, report)


def train_in_silence(trial, report):
    return [{name: value for name, value in row.items() if name != "losses"} for row in train(trial, report)]


def claim(run=train):
    """A net held against a machine that draws nothing at random, and its error over the machine's."""
    module = types.ModuleType("told", "A claim in short.\n\nAnd at length.")
    module.trials = lambda budget: [Trial(*NET, budget.seeds, run), Trial(*MACHINE, budget.seeds[:1], run)]
    module.judge = lambda runs: [
        paired_difference(runs, better=NET, worse=MACHINE),
        ratio(runs, numerator=MACHINE, denominator=NET, metric=METRIC),
    ]
    module.draw = draw
    return load_claim(module)


def draw(runs):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 2))
    figure.add_subplot().plot(runs.seed, runs.value)
    return figure


def costs_of(losses):
    """Costs of losses (seeds, n)."""
    return Costs(np.arange(len(losses)), np.float32(losses))


def half_of(row, other=0):
    """Half the interval that examples leave to a mean of losses (seeds, n), or to what it is more than another's, by hand."""
    each = np.asarray(row, float) - other
    noise = (each - each.mean(axis=1, keepdims=True)).var(axis=0, ddof=1).mean() / len(each)
    n = each.shape[1]
    return stats.t.ppf(0.975, n - 1) * np.sqrt(max(0, each.mean(axis=0).var(ddof=1) - noise) / n)


def runs_with(wrong, **told):
    """A table of runs of {row: one array of wrong examples for each seed}; told: {model: whether they are told}."""
    rows, losses = [], Losses()
    for row, each in wrong.items():
        rows += rows_of(row, [100 * np.mean(one) for one in each], n_test=len(each[0]))
        if told.get(row[1], True):
            losses[*row, METRIC] = costs_of(100.0 * np.array(each))
    runs = parse_runs(runs_text("told", rows).encode(), "runs.csv")
    runs.attrs[OF_RUNS] = losses
    return runs


def test_they_are_kept_of_seeds_that_have_a_value():
    trial = Trial(*NET, (3, 4, 5), train)
    rows = train(trial, None)
    rows[2] |= {"value": np.nan, "losses": np.full(TESTED, np.nan)}
    ((key, costs),) = losses_of(trial, rows).items()
    assert key == (*NET, METRIC) and list(costs.seeds) == [3, 5] and costs.each.dtype == np.float32
    np.testing.assert_array_equal(costs.each, 100 * np.array([wrong_of("mlp", 3), wrong_of("mlp", 5)]))
    assert losses_of(trial, train_in_silence(trial, None)) == {}
    table = pd.DataFrame(train(trial, None))  # which has NaN where a row has none
    assert len(losses_of(trial, table)) == 1 and losses_of(trial, table)[*NET, METRIC].each.shape == (3, TESTED)


def test_rows_that_come_one_by_one_keep_their_losses():
    """A generator can be read once, and rows and losses are two readings."""
    outcome = compute(Trial(*NET, (0, 1), train_one_by_one), None)
    trial = Trial(*NET, (0, 1), train)
    assert outcome.error is None and losses_of(trial, outcome.returned).keys() == losses_of(trial, train(trial, None)).keys()
    assert len(losses_of(trial, outcome.returned)) == 1, "again"


@pytest.mark.parametrize("wrong, tested", [(1, 10_000), (9, 60_000), (5, 50_000)])
def test_an_accuracy_in_32_bits_may_be_what_a_row_has_of_few_mistakes(wrong, tested):
    each = np.arange(tested) < wrong
    row = {"seed": 0, "metric": METRIC, "value": 100 * (1 - np.float32(1 - each.mean())), "losses": 100.0 * each}
    assert len(losses_of(Trial(*NET, (0,), train), [row])) == 1
    assert len(losses_of(Trial(*NET, (0,), train), [row | {"value": str(row["value"])}])) == 1, "as text, which runs.csv takes"
    with pytest.raises(InvalidInput, match="not the mean"):
        losses_of(Trial(*NET, (0,), train), [row | {"value": 100 * (wrong + 1) / tested}])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"value": 6.0}, "test_error_pct is not the mean of the losses that a row has of the test examples"),
        ({"losses": np.append(100.0 * wrong_of("mlp", 0), 5.5)}, "test_error_pct has losses of other numbers of test examples"),
        ({"losses": 5.5}, "test_error_pct is not the mean of the losses"),
        ({"losses": [[1, 2], [3]]}, "the losses of test_error_pct are no numbers, one for each test example"),
        ({"n_test": 3}, "test_error_pct has losses of 400 test examples, and says n_test 3"),
        ({"losses": {"a": 1}}, "the losses of test_error_pct are no numbers, one for each test example"),
    ],
)
def test_what_does_not_fit_the_value_is_refused(change, message):
    trial = Trial(*NET, (0, 1), train)
    rows = train(trial, None)
    rows[0] |= change
    with pytest.raises(InvalidInput, match=rf"digits mlp \(\): {message}"):
        losses_of(trial, rows)


def test_a_file_holds_them_and_is_the_same_for_the_same():
    random = np.random.RandomState(0)
    kept = Losses(
        {("mnist", "mlp", str(n), METRIC): costs_of(random.rand(7, 1000 + n) < 0.1 * n) for n in range(3)}  # 0: none
    )
    found = unpacked(packed(kept))
    assert list(found) == list(kept) and packed(found) == packed(kept)
    for key, costs in kept.items():
        np.testing.assert_array_equal(found[key].each, costs.each, strict=True)
        assert list(found[key].seeds) == list(range(7))
    assert packed(Losses()) == b"" and unpacked(b"") == {}
    content = packed(kept)
    flipped = [content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :] for place in range(30, len(content), 41)]
    for damaged in (content[:-30], b"no archive", *flipped):
        with contextlib.suppress(CorruptFile):  # what no check of the archive's own tells, the sum in environment.json does
            unpacked(damaged)
    with pytest.raises(CorruptFile):
        unpacked(content[:-30])


def test_a_part_of_a_table_knows_them_and_copies_nothing():
    runs = runs_with({NET: [wrong_of("mlp", seed) for seed in range(3)]})
    assert lines_of(runs[runs.seed > 0], NET).attrs[OF_RUNS] is runs.attrs[OF_RUNS]


def test_a_machine_is_told_from_nets_by_mcnemar():
    """Fifteen against two to five of examples that only one of them gets wrong: more than test examples may make."""
    nets = [wrong_of("mlp", seed) for seed in range(4)]
    wrong = {NET: nets, MACHINE: [wrong_of("kernel_machine", 0)]}
    known = paired_difference(runs_with(wrong), better=NET, worse=MACHINE)
    half = np.hypot(half_of(100.0 * np.array(nets), 100.0 * wrong[MACHINE][0]), (known.high - known.low) / 2)
    assert known.wide == pytest.approx((known.effect - half, known.effect + half), rel=1e-3) and known.lasting
    assert known.verdict == "reproduced" and f"to {known.wide[1]:.4g} with other test examples), claimed" in known.sentence
    assert known.sentence.endswith("claimed above 0: reproduced.")
    unknown = paired_difference(runs_with(wrong, kernel_machine=False), better=NET, worse=MACHINE)
    assert (unknown.low, unknown.high) == (known.low, known.high)
    assert unknown.wide == () and unknown.lasting is None and "with other" not in unknown.sentence
    assert unknown.verdict == "undecided" and "400 test examples and the seeds may account" in unknown.sentence


def test_a_verdict_of_two_nets_stays_that_of_the_seeds_and_says_if_examples_may_undo_it():
    better = [wrong_of("mlp", seed) for seed in range(4)]
    worse = [one | (np.arange(TESTED) == 300) | (np.arange(TESTED) == 301 + n % 2) for n, one in enumerate(better)]
    found = paired_difference(runs_with({NET: better, MACHINE: worse}), better=NET, worse=MACHINE)
    assert found.verdict == "undecided" and "all agree" in found.sentence and found.lasting is None
    worse[0][302] = True
    found = paired_difference(runs_with({NET: better, MACHINE: worse}), better=NET, worse=MACHINE)
    assert found.low > 0 > found.wide[0] and found.verdict == "reproduced" and found.lasting is False
    assert found.sentence.endswith(", claimed above 0: reproduced; undecided with other test examples as well.")


@pytest.mark.parametrize("seeds, agree, narrow", [(3, 0.97, 0.7), (6, 0.97, 0.6), (6, 0.0, 0.97)])
def test_intervals_hold_what_examples_and_seeds_are_drawn_from(seeds, agree, narrow):
    """The difference that nets were drawn with: 95 % of the wide intervals hold it, of those over seeds alone the fewer the
    more the seeds of a net agree on what is hard. agree: on how many of the examples they do."""
    random, draws = np.random.RandomState(1), 400
    true, held, held_by_seeds = 1.0, 0, 0
    for _ in range(draws):
        fixed, nets = random.rand(1000) < agree, {}
        for row, share in ((NET, 0.06), (MACHINE, 0.07)):
            alike = random.rand(1000) < share
            nets[row] = [np.where(fixed, alike, random.rand(1000) < share * random.normal(1, 0.02)) for _ in range(seeds)]
        found = paired_difference(runs_with(nets), better=NET, worse=MACHINE)
        held += found.wide[0] <= true <= found.wide[1]
        held_by_seeds += found.low <= true <= found.high
    assert 0.93 <= held / draws <= 0.985 and held_by_seeds / draws <= narrow


def test_costs_are_combined_over_the_seeds_that_are_shared():
    random = np.random.RandomState(0)

    def noise(each):  # what a seed does to all examples alike makes none of them differ
        return (each - each.mean(axis=1, keepdims=True)).var(axis=0, ddof=1).mean() / len(each)

    first, second = (Costs(np.array(seeds), np.float32(random.rand(len(seeds), 50))) for seeds in ([1, 2, 5], [2, 5, 7]))
    alone = Costs(np.array([0]), np.float32(random.rand(1, 50)))
    mean, chance = combined((1, first), (-2, second), (1, alone))
    each = first.each[1:] - 2 * second.each[:2] + alone.each
    np.testing.assert_allclose(mean, each.mean(axis=0), rtol=1e-6)
    assert chance == pytest.approx(noise(each))
    apart = Costs(second.seeds + 100, second.each)  # no seed in common: each by itself
    mean, chance = combined((1, first), (-2, apart))
    np.testing.assert_allclose(mean, first.each.mean(axis=0) - 2 * second.each.mean(axis=0), rtol=1e-6, atol=1e-7)
    assert chance == pytest.approx(noise(first.each) + noise(2 * second.each))
    shifted = Costs(first.seeds, first.each + np.float32([[0.0], [1.0], [3.0]]))
    assert combined((1, shifted))[1] == pytest.approx(noise(first.each), rel=1e-4)
    assert combined((1, alone))[1] == 0


def test_a_mean_below_a_bound_is_widened_by_its_own_examples():
    nets = [wrong_of("mlp", seed) for seed in range(4)]
    found = target(runs_with({NET: nets}), NET, at_most=7)
    half = np.hypot(half_of(100.0 * np.array(nets)), (found.high - found.low) / 2)
    assert found.wide == pytest.approx((found.effect - half, found.effect + half), rel=1e-3)
    assert found.verdict == "reproduced" and found.lasting is False
    assert target(runs_with({NET: nets[:1]}), NET, at_most=7, deterministic=True).wide == ()  # its interval is over examples


def test_a_ratio_is_widened_on_the_scale_of_logarithms():
    wrong = {NET: [wrong_of("mlp", seed) for seed in range(4)], MACHINE: [wrong_of("kernel_machine", 0)]}
    found = ratio(runs_with(wrong), numerator=MACHINE, denominator=NET, metric=METRIC)
    half = half_of(*(np.array(wrong[row]) / np.mean(wrong[row]) for row in (NET, MACHINE)))
    half = np.hypot(half, np.log(found.high / found.low) / 2)
    assert np.log(found.wide) == pytest.approx([np.log(found.effect) - half, np.log(found.effect) + half], abs=0.01)


def test_years_may_make_a_difference_of_squared_errors():
    """Of another metric than a share of wrong examples nothing is known of the examples but where they are kept."""
    row, other = ("sunspots", "lstm", ""), ("sunspots", "linear", "")
    base, years = np.linspace(0.01, 0.3, 35), np.sin(np.arange(35)) * 0.1
    squares = {row: [base + years - years.mean() + 0.01 + 0.001 * seed for seed in range(3)], other: [base]}
    rows, losses = [], Losses()
    for each, costs in squares.items():
        rows += rows_of(each, [np.mean(one) for one in costs], metric="arv")
        losses[*each, "arv"] = costs_of(np.array(costs))
    runs = parse_runs(runs_text("told", rows).encode(), "runs.csv")
    assert paired_difference(runs, better=row, worse=other, metric="arv").verdict == "contradicted"
    runs.attrs[OF_RUNS] = losses
    found = paired_difference(runs, better=row, worse=other, metric="arv")
    assert found.verdict == "undecided" and found.wide[0] < found.low < found.high < 0 < found.wide[1]
    assert "because chance in the 35 test examples and the seeds may account for up to 0.0" in found.sentence
    neighbours = paired_difference(runs, better=row, worse=other, metric="arv", reach=1)  # which go together here
    assert neighbours.wide[0] < found.wide[0] < found.wide[1] < neighbours.wide[1] and neighbours.low == found.low
    alone, together = (target(runs, row, at_most=1, metric="arv", reach=reach) for reach in (0, 1))
    assert together.wide[0] < alone.wide[0] < alone.wide[1] < together.wide[1] and together.low == alone.low


def test_of_two_methods_without_chance_the_interval_is_over_test_examples():
    row, other = ("sunspots", "linear", ""), ("sunspots", "naive", "")
    squares = {row: [np.linspace(0.1, 0.3, 35)], other: [np.linspace(0.1, 0.3, 35) + 0.05 + 0.02 * np.sin(np.arange(35))]}
    rows, losses = [], Losses()
    for each, costs in squares.items():
        rows += rows_of(each, [np.mean(one) for one in costs], metric="arv")
        losses[*each, "arv"] = costs_of(np.array(costs))
    runs = parse_runs(runs_text("told", rows).encode(), "runs.csv")
    alike = {"better": row, "worse": other, "metric": "arv"}
    assert paired_difference(runs, **alike).verdict == "undecided", "one seed of methods that may draw others"
    unknown = paired_difference(runs, **alike, deterministic=True)
    assert unknown.low == unknown.effect == unknown.high and unknown.verdict == "reproduced" and "(no spread)" in unknown.sentence
    runs.attrs[OF_RUNS] = losses
    known = paired_difference(runs, **alike, deterministic=True)
    half = stats.t.ppf(0.975, 34) * np.std(squares[other][0] - squares[row][0], ddof=1) / np.sqrt(35)
    assert (known.low, known.high) == pytest.approx((known.effect - half, known.effect + half), rel=1e-3)
    assert known.verdict == "reproduced" and not known.wide and "nothing in either is random" in known.sentence
    assert paired_difference(runs, **alike, at_least=0.049, deterministic=True).verdict == "undecided"
    several = {**alike, "better": other, "worse": row}
    assert paired_difference(runs, **several, deterministic=True).verdict == "contradicted"


def test_examples_of_other_sets_or_numbers_are_not_compared():
    wrong = {NET: [wrong_of("mlp", seed) for seed in range(3)], MACHINE: [wrong_of("kernel_machine", 0)[:-1]]}
    elsewhere = {NET: wrong[NET], ("letters", *MACHINE[1:]): [wrong_of("kernel_machine", 0)]}
    assert paired_difference(runs_with(wrong), better=NET, worse=MACHINE).wide == ()
    assert paired_difference(runs_with(elsewhere), better=NET, worse=("letters", *MACHINE[1:])).wide == ()


def test_a_run_keeps_them_and_everything_is_made_anew_from_them():
    folder = run_claim(claim(), "quick")
    recorded = json.loads((folder / "environment.json").read_bytes())
    assert "losses_sha256" in recorded and [*unpacked((folder / FILE).read_bytes())] == [(*NET, METRIC), (*MACHINE, METRIC)]
    page = (folder / "comparison.md").read_text()
    assert (
        page.count("with other test examples), claimed") == 2
        and "of 2 decided verdicts for which the cost of each example is known, 2 would stay." in page
    )
    for line in pd.read_csv(folder / "verdicts.csv").itertuples():
        said = f"{number(line.wide_low)} to {number(line.wide_high)} with other test examples), claimed {line.claimed.replace('>', 'above')}:"
        assert said in line.sentence and line.wide_low < line.ci95_low <= line.ci95_high < line.wide_high
    made = {name: (folder / name).read_bytes() for name in ("comparison.md", "verdicts.csv", FILE)}
    (folder / "comparison.md").unlink()
    rebuild("told")
    assert {name: (folder / name).read_bytes() for name in made} == made
    run_claim(claim(), "quick")  # read from the store
    assert {name: (folder / name).read_bytes() for name in made} == made


def test_they_are_there_for_users_and_do_not_hang_on_to_tables(tmp_path):
    run_claim(claim(), "quick")
    losses = claim_losses("told")
    np.testing.assert_array_equal(losses[*MACHINE, METRIC], [100 * wrong_of("kernel_machine", 0)])
    claim_runs("told").to_parquet(tmp_path / "runs.parquet")
    run_claim(claim(train_in_silence), "quick")
    assert claim_losses("told") == {}


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b"PK")])
def test_a_file_that_is_not_the_run_s_is_refused(damage):
    folder = run_claim(claim(), "quick")
    damage(folder / FILE)
    with pytest.raises(ResultsError, match=rf"{FILE} is missing or not what the run wrote \(sha256\); take it from git"):
        rebuild("told")


def test_a_run_without_them_leaves_none_of_another_s():
    folder = run_claim(claim(), "quick")
    run_claim(claim(train_in_silence), "quick")
    assert not (folder / FILE).exists() and "losses_sha256" not in json.loads((folder / "environment.json").read_bytes())
    assert OF_RUNS not in read_folder(folder).attrs and "with other test" not in (folder / "verdicts.csv").read_text()


def test_they_stay_with_the_lines_of_an_earlier_run(results_dir):
    folder = run_claim(claim(), "quick")
    before = (folder / FILE).read_bytes()
    run_claim(claim(), "quick", only="mlp", force=True)
    assert (folder / FILE).read_bytes() == before


def test_they_arrive_on_another_machine(tmp_path, results_dir):
    folder = run_claim(claim(), "quick")
    tar = export_results(tmp_path / "results.tar")
    (there,) = import_results(tar, out=tmp_path / "there")
    assert (there / FILE).read_bytes() == (folder / FILE).read_bytes()
    assert (there / "verdicts.csv").read_bytes() == (folder / "verdicts.csv").read_bytes()
    run_claim(claim(train_in_silence), "quick", out=tmp_path / "silent")
    (there,) = import_results(tmp_path / "silent", out=tmp_path / "there", force=True)
    assert not (there / FILE).exists()


def test_an_import_replaces_them_by_force_alone(tmp_path):
    """The same runs.csv without them says less."""
    folder = run_claim(claim(), "quick")
    poorer = tmp_path / "poorer" / "quick" / "told"
    shutil.copytree(folder, poorer)
    (poorer / FILE).unlink()
    recorded = json.loads((poorer / "environment.json").read_bytes())
    del recorded["losses_sha256"]
    (poorer / "environment.json").write_text(json.dumps(recorded))
    before = (folder / FILE).read_bytes()
    with pytest.raises(ResultsError, match=rf"{FILE} holds other runs already; replace them with --force"):
        import_results(tmp_path / "poorer")
    assert (folder / FILE).read_bytes() == before
    import_results(tmp_path / "poorer", force=True)
    assert not (folder / FILE).exists()


@pytest.mark.parametrize("name", ["rows.json", "manifest.json", FILE])
def test_a_trial_leaves_no_file_that_is_the_store_s(name):
    with pytest.raises(InvalidInput, match=f"can't leave a file called {name}"):
        WithFiles([], {"weights.h5": b"", name: b""})


@pytest.mark.parametrize(
    "files",
    [
        {"../escaped.npy": b""},
        {"filters/a.npy": b""},
        {"/a.npy": b""},
        {"": b""},
        {"..": b""},
        {"a\nb": b""},
        {"a.tmp": b""},
        {7: b""},
        {"a.npy": "text"},
        {"a.npy": None},
        [("a.npy", b"")],
    ],
)
def test_a_trial_leaves_bytes_under_plain_names(files):
    """Else one would write outside of the results folder, or lose what was trained when it is stored."""
    with pytest.raises(InvalidInput, match="is no name of a file|as bytes, not as|as {name: bytes}"):
        WithFiles([], files)
    assert WithFiles([], {"a.npy": bytearray(b"1")}).files


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_disk_that_fills_up_leaves_the_files_of_another_run_whole(failing, tmp_path, monkeypatch):
    files = {tmp_path / name: b"new" for name in ("a", "b", "c")}
    for path in files:
        path.write_bytes(b"old")
    calls, made = iter(range(3)), tempfile.mkstemp

    def mkstemp(**options):
        if next(calls) == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        return made(**options)

    with monkeypatch.context() as patched, pytest.raises(ResultsError, match="disk of the results folder .* is full"):
        patched.setattr(tempfile, "mkstemp", mkstemp)
        write_together(files)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys(files, b"old")
    write_together(files)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == files

"""long_term_memory: the adding problem is what it says, lags are counted right, nets are tuned alike; its checks."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import zoo
from zoo.datasets import pixels
from zoo.datasets.adding import sequences
from zoo.errors import InvalidInput
from zoo.reproductions import long_term_memory as claim
from zoo.reproductions.evidence import lag_doubts
from zoo.reproductions.harness import Budget, Trial, claim_runs
from zoo.reproductions.harness.progress import Report
from zoo.reproductions.trainers import long_lags
from zoo.reproductions.trainers.arrays import unpacked

RECIPE = {"model": "lstm", "options": {"units": 4, "layers": 1, "dropout": 0}, "length": 12, "batch_size": 20, "epochs": 2}
RECIPE |= {"n_train": 60, "n_validation": 40, "n_test": 50, "rates": [1e-6, 0.01]}
SEEDS = (3, 4)
RESULTS = Path(__file__).resolve().parents[1] / "results"


def draw(n=2000, length=40, seed=0):
    return sequences.draw(n, length, np.random.RandomState(seed))


# -- the tasks -------------------------------------------------------------------------------------------------


def test_two_numbers_are_marked_and_their_sum_is_wanted():
    x, y = draw()
    real = x[:, :, 1] != sequences.PADDING
    marked = x[:, :, 1] == 1
    assert (marked.sum(axis=1) == 2).all()
    assert_allclose((x[:, :, 0] * marked).sum(axis=1), y, rtol=1e-6)
    places = np.argwhere(marked)[:, 1].reshape(-1, 2)
    assert places.max() == 19 and places.min() == 0 and (places[:, 0] < sequences.EARLY).all()
    # Each place of the first half comes up, the first ten for the early mark more often.
    assert (np.bincount(places.ravel(), minlength=20) > 40).all()
    assert x[:, :, 0][real].min() >= 0 and x[:, :, 0][real].max() < 1
    assert ((y - 1) ** 2).mean() == pytest.approx(sequences.MEAN_PREDICTOR, rel=0.06)


def test_sequences_are_of_unequal_length_and_padded_at_their_ends():
    x, _ = draw()
    lengths = sequences.lengths(x)
    assert x.shape == (2000, sequences.padded_steps(40), 2) and x.dtype == np.float32
    assert set(lengths) == {40, 41, 42, 43, 44}
    for row, length in zip(x[:50], lengths):
        assert (row[length:] == sequences.PADDING).all() and (row[:length] >= 0).all()


def test_splits_are_disjoint_and_always_the_same():
    parts, again = (long_lags.adding_splits(RECIPE) for _ in range(2))
    assert [len(part.x) for part in parts] == [60, 40, 50]
    for part, same in zip(parts, again):
        assert_array_equal(part.x, same.x)
    rows = {row.tobytes() for part in parts for row in part.x}
    assert len(rows) == 150


# -- gradients -------------------------------------------------------------------------------------------------


@pytest.mark.backend
def test_the_lag_is_counted_from_a_sequences_own_end():
    """A linear recurrence by hand: h = h/2 + x, so that the derivative by the number `lag` steps back is weight / 2^lag."""

    def build():
        model = zoo.create_model("rnn", (11, 2), 1, units=1, activation="linear", padding=sequences.PADDING, rescale=None)
        layer, head = model.get_layer("rnn_1"), model.get_layer("logits")
        layer.set_weights([np.array([[1.0], [0.0]]), np.array([[0.5]]), np.zeros(1)])
        head.set_weights([np.array([[3.0]]), np.zeros(1)])
        return model

    population = zoo.Population(build, seeds=[0])
    population.compile("adam", "mean_squared_error")
    x, _ = draw(6, 10)
    assert len(set(sequences.lengths(x))) > 1
    found = long_lags.gradients_by_lag(population, [0], x, 8)
    assert_allclose(found["start"], [3 * 0.5 ** np.arange(8)], rtol=1e-5)
    assert_allclose(found["trained"], found["start"], rtol=1e-5)


def test_a_gradient_of_zero_has_a_logarithm():
    def build():
        model = zoo.create_model("rnn", (11, 2), 1, units=2, padding=sequences.PADDING, rescale=None)
        model.get_layer("logits").set_weights([np.zeros((2, 1)), np.zeros(1)])
        return model

    population = zoo.Population(build, seeds=[0])
    population.compile("adam", "mean_squared_error")
    assert np.isfinite(np.log10(long_lags.gradients_by_lag(population, [0], draw(3, 10)[0], 5)["start"])).all()


# -- training --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    return long_lags.train_adding(Trial("adding", "lstm", "T = 12", SEEDS, long_lags.train_adding, RECIPE), Report())


def test_too_short_a_sequence_is_refused():
    with pytest.raises(InvalidInput, match="4 steps at least.* got 3"):
        sequences.draw(2, 3, np.random.RandomState(0))
    assert sequences.draw(2, 4, np.random.RandomState(0))[0].shape == (2, 4, 2)


def test_rows_of_the_adding_problem(trained):
    runs = pd.DataFrame(trained.rows)
    assert set(runs.metric) == {
        "mse",
        "wrong_pct",
        "validation_mse",
        "log10_gradient_start",
        "log10_gradient_trained",
        "step_size",
        long_lags.LEAST_TRIED,
    }
    assert (runs[runs.metric == long_lags.LEAST_TRIED].value == 1e-6).all()
    assert np.isfinite(runs.value).all() and set(runs.seed) == set(SEEDS)
    assert (runs.updates == 6).all() and (runs.n_test == 50).all() and (runs.seconds > 0).all()
    assert (runs[runs.metric == "step_size"].value == 0.01).all(), "that of 1e-6 learns nothing"
    curves = unpacked(trained.files["gradients.npz"])
    assert curves["start"].shape == curves["trained"].shape == (2, 12)
    start = runs[(runs.metric == "log10_gradient_start") & (runs.seed == 4)].value.item()
    assert start == pytest.approx(np.log10(curves["start"][1, 6] / curves["start"][1, 0]), rel=1e-5)
    assert np.abs(curves["start"] - curves["trained"]).max() > 1e-6


def test_errors_are_of_the_test_sequences(trained):
    """The same net made by hand from the same seed, trained by Keras as the trial says."""
    from zoo.training.members import build_member
    from zoo.training.order import host_order

    train, _, test = long_lags.adding_splits(RECIPE)
    options = RECIPE["options"] | {"rescale": None, "padding": sequences.PADDING}
    net = build_member(lambda: zoo.create_model("lstm", train.x.shape[1:], 1, **options), 4)
    decay = keras.optimizers.schedules.CosineDecay(0.01, 6)
    net.compile(keras.optimizers.Adam(decay, global_clipnorm=1.0), "mean_squared_error")
    for epoch in range(2):
        rows = host_order(4, epoch, 60)
        net.fit(train.x[rows], train.y[rows], batch_size=20, shuffle=False, verbose=0)
    error = net.predict(test.x, verbose=0)[:, 0] - test.y
    found = {row["metric"]: row["value"] for row in trained.rows if row["seed"] == 4}
    assert found["mse"] == pytest.approx(np.mean(error**2), rel=1e-3)
    assert found["wrong_pct"] == pytest.approx(100 * np.mean(np.abs(error) > 0.08), abs=2.1)


@pytest.mark.parametrize("permuted", [True, False])
def test_rows_of_pixels(monkeypatch, permuted):
    orders, read = [], pixels.pixel_sequences
    monkeypatch.setattr(
        pixels, "pixel_sequences", lambda images, pool, permuted: orders.append(permuted) or read(images, pool, permuted)
    )
    recipe = {"model": "irnn", "options": {"units": 4}, "pool": 2, "permuted": permuted, "n_train": 60, "n_test": 40}
    recipe |= {"rates": [0.01], "epochs": 1, "batch_size": 20}
    trial = Trial("digits", "irnn", "16 pixels", SEEDS, long_lags.train_pixels, recipe)
    runs = pd.DataFrame(long_lags.train_pixels(trial, Report()))
    assert set(runs.metric) == {"test_error_pct", "validation_error_pct", "step_size"}
    assert runs.value.between(0, 100).all() and (runs.updates == 3).all() and (runs.n_test == 40).all()
    assert orders == [permuted] * 3, "every split as the recipe says"


def test_a_net_that_diverges_is_not_chosen_and_keeps_its_row():
    trial = Trial("adding", "lstm", "T = 12", SEEDS, long_lags.train_adding, RECIPE | {"rates": [1e38, 0.01]})
    runs = pd.DataFrame(long_lags.train_adding(trial, Report()).rows)
    assert (runs[runs.metric == "step_size"].value == 0.01).all()


# -- the claim -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", ["smoke", "quick", "hour", "full"])
def test_nets_are_compared_at_equal_cost(budget):
    trials = claim.trials(Budget.named(budget, None, claim.SEEDS))
    for row in {(trial.dataset, trial.setting) for trial in trials}:
        mine = [trial for trial in trials if (trial.dataset, trial.setting) == row]
        assert [trial.model for trial in mine] == list(claim.ON_PIXELS if row[1].endswith("in order") else claim.NETS)
        own = ("model", "options", "rates")
        assert len({str({k: v for k, v in trial.recipe.items() if k not in own}) for trial in mine}) == 1
        if row[0] == "adding" and budget in ("hour", "full"):
            for trial in mine:  # who is behind had more settings, and steps as small as so long a T asks for
                assert set(long_lags.RATES) <= set(trial.recipe["rates"])
                if trial.model == claim.CHRONO:
                    continue
                least = min(trial.recipe["rates"]) * trial.recipe["length"]
                assert 0.9 * long_lags.ASKED[trial.model] <= least < 2 * long_lags.ASKED[trial.model]
                assert least <= (1 + 1e-6) * lag_doubts.LEAST_STEP[trial.model] or trial.recipe["length"] < 100
        else:
            wide = [trial for trial in mine if trial.model == claim.WIDE]
            mine = [trial for trial in mine if trial not in wide]
            assert len({len(trial.recipe["rates"]) for trial in mine}) == 1
            least = {trial.model: min(trial.recipe["rates"]) for trial in mine}
            for trial in wide:  # who is behind had at least as many settings
                assert len(trial.recipe["rates"]) >= len(mine[0].recipe["rates"])
                assert trial.recipe["options"]["units"] == 2 * mine[0].recipe["options"]["units"]
            smaller = {"smoke": 1, "full": 0.3}.get(budget, 0.1) if row[0] == "mnist" else 1
            assert least.pop(claim.IRNN) == pytest.approx(smaller * least[claim.RNN]) and len(set(least.values())) == 1
        assert len({trial.recipe["options"]["units"] for trial in mine}) == 1
        # The lstms differ in where gates start: one has lags as long as its sequences.
        first = mine[0].recipe
        steps = first["length"] if "length" in first else int(mine[0].setting.split()[0])
        lstm, chrono = (trial.recipe["options"] for trial in mine if trial.recipe["model"] == "lstm")
        assert "chrono" not in lstm and chrono == lstm | {"chrono": steps}


@pytest.mark.parametrize("budget", ["quick", "hour", "full"])
def test_the_wide_rnn_has_about_as_many_weights_as_an_lstm(budget):
    made = {
        trial.model: zoo.create_model(trial.recipe["model"], (49, 1), 10, **trial.recipe["options"]).count_params()
        for trial in claim.trials(Budget.named(budget, None, claim.SEEDS))
        if trial.dataset == "mnist"
    }
    assert 1 <= made[claim.WIDE] / made[claim.LSTM] < 1.05, "no lstm is ahead for having more"


def runs_of(errors, gradients):
    """Runs at T = 20 and 50 with these errors and log10 gradients by net."""
    rows = [
        {"dataset": "adding", "model": name, "setting": f"T = {length}", "metric": metric}
        | {
            "seed": seed,
            "value": errors[name][place] + seed * 1e-4 if metric == "mse" else gradients[name] + seed * (1 + number) * 1e-4,
        }
        for number, name in enumerate(claim.NETS)
        for place, length in enumerate((20, 50))
        for metric in ("mse", "log10_gradient_start", "log10_gradient_trained", "step_size")
        for seed in range(3)
    ]
    found = pd.DataFrame(rows)
    found.loc[found.metric == "step_size", "value"] = 0.003
    return found


def test_pixels_that_nobody_reads_decide_nothing():
    adding = {claim.RNN: 85.0, claim.IRNN: 88.0, claim.LSTM: 40.0, claim.CHRONO: 84.0}
    errors = adding | {claim.WIDE: 30.0}
    rows = [
        {"dataset": "mnist", "model": name, "setting": "49 pixels in order", "metric": metric, "seed": seed, "value": value}
        for name, error in errors.items()
        for seed in range(3)
        for metric, value in (("test_error_pct", error * (1 + seed / 1000)), ("step_size", 0.003))
    ]
    runs = pd.concat([runs_of(dict.fromkeys(adding, (0.1, 0.1)), dict.fromkeys(adding, -1.0)), pd.DataFrame(rows)])
    runs = runs.assign(parameters=np.where(runs.model == claim.RNN, 4874, 17546))
    checks = {check.name.removeprefix("49 pixels in order: "): check for check in claim.judge(runs)}
    assert "(weights: 17,546 and 4,874)" in checks["lstm beats rnn"].sentence
    assert checks["lstm beats rnn"].verdict == "reproduced" and checks["lstm, chrono start beats lstm"].verdict == "contradicted"
    assert checks["lstm beats rnn, twice as wide"].verdict == "contradicted", "one of as many weights"
    nothing = checks["lstm, chrono start beats irnn"]
    assert nothing.verdict == "undecided" and "neither has learnt more than to say the same class" in nothing.sentence


@pytest.mark.parametrize(
    "task, metric, errors",
    [(("mnist", "49 pixels in order"), "test_error_pct", (5.0, 9.0)), (("adding", "T = 20"), "mse", (0.01, 0.05))],
)
@pytest.mark.parametrize("place, why", [(0, "least"), (1, ""), (-1, "largest")])
def test_nothing_is_decided_against_a_net_at_the_end_of_its_grid(task, metric, errors, place, why):
    """The rnn errs more; whether its learning rate is an end of its grid. That of the lstm, which is, does not matter."""
    grid = claim.RATES if task[0] == "adding" else claim.PIXEL_RATES["rnn"]

    def said(errors, gradient=-5.0):
        rows = [
            {"dataset": task[0], "model": name, "setting": task[1], "metric": what, "seed": seed, "value": value}
            for name, error, step in zip(("lstm", "rnn"), errors, (grid[-1], grid[place]))
            for seed in range(3)
            for what, value in ((metric, error * (1 + seed / 1000)), ("step_size", step), ("log10_gradient_trained", gradient))
        ]
        return lag_doubts.no_contest(pd.DataFrame(rows), task, "lstm", "rnn")

    assert said(errors) == (f"the rnn takes the {why} learning rate of its grid and might err less beyond" if why else "")
    nothing = {"mnist": 89.0, "adding": 0.166}[task[0]]
    assert (said((errors[0], nothing)) == "") == (why == "" or task[0] == "adding"), "who has not learnt to add, has no best one"
    if task[0] == "adding":
        assert (said((errors[0], nothing), -0.5) == "") == (why == ""), "below the mean, and its gradient is there: it has begun to"
        assert said((errors[0], 0.168), -0.5) == ""


@pytest.mark.parametrize("net, longest", [(claim.RNN, 20), (claim.LSTM, 50), (claim.IRNN, 30), (claim.CHRONO, 200)])
def test_nothing_is_decided_against_a_net_whose_steps_were_too_large_for_so_long_a_T(net, longest):
    """It learnt nothing, in steps that times T are as small as it took where it did, up to the longest such T."""
    other = claim.LSTM if net == claim.CHRONO else claim.CHRONO

    def said(length, error, tried=None):
        rows = [
            {"dataset": "adding", "model": name, "setting": f"T = {length}", "metric": what, "seed": seed, "value": value}
            for name, mse in ((other, 1e-4), (net, error))
            for seed in range(3)
            for what, value in (("mse", mse), ("step_size", long_lags.RATES[1]), (long_lags.LEAST_TRIED, tried))
            if value
        ]
        return lag_doubts.no_contest(pd.DataFrame(rows), ("adding", f"T = {length}"), other, net)

    assert said(longest, 0.166) == said(longest + 1, 0.05) == "", "the steps are small enough; it has learnt something"
    assert said(longest + 1, 0.166) == f"for so long a T the {net} may want a smaller learning rate than were tried"
    assert said(10 * longest, 0.166, tried=0.0001) == "" != said(10 * longest + 1, 0.166, tried=0.0001)


def test_the_least_steps_of_nets_that_learnt_something_are_those_of_the_tables():
    found = {}
    for budget in ("quick", "hour"):
        runs = claim_runs("long_term_memory", budget, RESULTS)
        adding = runs[(runs.dataset == "adding") & runs.metric.isin(["mse", "step_size"])]
        for (net, setting), mean in adding.pivot_table("value", ["model", "setting"], "metric").iterrows():
            if mean.mse < claim.LEARNT * sequences.MEAN_PREDICTOR:
                found.setdefault(net, []).append(mean.step_size * int(setting.removeprefix("T = ")))
    assert {net: min(steps) for net, steps in found.items()} == pytest.approx(lag_doubts.LEAST_STEP)


def test_the_published_lstm_is_said_to_be_another_net_with_other_updates():
    for name, cell in ((claim.LSTM, "keeps 0.73 a step"), (claim.CHRONO, "a chrono start, has a forget gate")):
        note = claim.PUBLISHED["adding", name, "T = 100", "wrong_pct"].note
        assert "another net: no forget gate there" in note and cell in note
        for budget in ("quick", "hour"):
            runs = claim_runs("long_term_memory", budget, RESULTS)
            (updates,) = runs[(runs.dataset == "adding") & (runs.model == name)].updates.unique()
            assert f"{budget} {updates:,.0f}" in note


def test_nets_that_have_learnt_nothing_are_not_ordered():
    errors = {claim.RNN: (0.166, 0.166), claim.IRNN: (0.001, 0.166), claim.LSTM: (0.16, 0.16), claim.CHRONO: (0.05, 0.16)}
    checks = {check.name: check for check in claim.judge(runs_of(errors, dict.fromkeys(errors, -1.0)))}
    assert checks["T = 20: lstm beats rnn"].verdict == "undecided"
    assert "neither has learnt" in checks["T = 20: lstm beats rnn"].sentence
    assert checks["T = 20: lstm, chrono start beats rnn"].verdict == "reproduced"
    assert checks["T = 20: lstm, chrono start beats irnn"].verdict == "contradicted"
    assert checks["T = 50: lstm, chrono start beats irnn"].verdict == "undecided"


def test_errors_that_lie_decades_apart_are_compared_by_their_logarithms():
    """Every seed of one net errs 50 times or more as often; by the errors themselves one seed's would decide nothing."""
    errors = dict.fromkeys(claim.NETS, (0.1, 0.1)) | {claim.LSTM: (1e-4, 0.1)}
    runs = runs_of(errors, dict.fromkeys(errors, -1.0))
    far = (runs.model == claim.RNN) & (runs.setting == "T = 20") & (runs.metric == "mse")
    runs.loc[far, "value"] = [0.01, 0.02, 0.15]
    (found,) = [check for check in claim.judge(runs) if check.name.startswith("T = 20: lstm beats rnn")]
    assert found.verdict == "reproduced" and "log10" in found.sentence
    assert found.effect == pytest.approx(np.mean(np.log10([0.01, 0.02, 0.15]) - np.log10([1e-4, 2e-4, 3e-4])))


def test_checks_and_the_longest_T_solved():
    errors = {claim.RNN: (0.1, 0.12), claim.IRNN: (0.005, 0.1), claim.LSTM: (0.02, 0.005), claim.CHRONO: (0.001, 0.002)}
    runs = runs_of(errors, {claim.RNN: -6.0, claim.IRNN: 0.0, claim.LSTM: -7.0, claim.CHRONO: -0.1})
    checks = {check.name: check.verdict for check in claim.judge(runs)}
    assert checks["T = 20: lstm beats rnn"] == checks["T = 50: lstm beats rnn"] == "reproduced"
    assert checks["T = 50: lstm, chrono start solves it"] == "reproduced"
    assert checks["T = 50: the gradient of lstm reaches further than that of rnn, start"] == "contradicted"
    assert checks["T = 50: the gradient of lstm, chrono start reaches further than that of rnn, trained"] == "reproduced"
    longest = {row[1]: interval.estimate for row, _, interval in claim.summarise(runs)}
    # An lstm that solves 50 steps and not 20 has solved nothing.
    assert longest == {claim.RNN: 0, claim.IRNN: 20, claim.LSTM: 0, claim.CHRONO: 50}


def test_gradients_that_32_bits_round_to_nothing_are_not_ordered():
    errors = dict.fromkeys(claim.NETS, (0.1, 0.001))
    gradients = {claim.RNN: -34.0, claim.IRNN: 0.0, claim.LSTM: -36.0, claim.CHRONO: -2.0}
    checks = {check.name.removeprefix("T = 50: the gradient of "): check for check in claim.judge(runs_of(errors, gradients))}
    nothing, some = (checks[f"{name} reaches further than that of rnn, trained"] for name in (claim.LSTM, claim.CHRONO))
    assert nothing.verdict == "undecided" and "neither leaves 1e-30 of it" in nothing.sentence
    assert some.verdict == "reproduced" and some.effect == pytest.approx(28, abs=0.01), "no less than is known to be gone"
    assert "bound" not in nothing.sentence and "(a lower bound, for nothing is left of the latter's)" in some.sentence
    gradients |= {claim.RNN: -3.0}
    lost = {check.name: check for check in claim.judge(runs_of(errors, gradients))}
    said = lost[f"T = 50: the gradient of {claim.LSTM} reaches further than that of rnn, trained"]
    assert said.verdict == "contradicted" and "(an upper bound, for nothing is left of the former's)" in said.sentence


@pytest.mark.parametrize(
    "rnn, lstm, said",
    [
        ((-31, -31, -2), (-3, -4, -3), "a lower bound, for some seeds have nothing left of the latter's"),
        ((-3, -4, -3), (-31, -31, -2), "an upper bound, for some seeds have nothing left of the former's"),
        ((-31, -31, -31), (-31, -31, -5), "no bound either way"),
        ((-3, -4, -3), (-4, -3, -4), ""),
    ],
)
def test_what_a_cut_difference_is_a_bound_of(rnn, lstm, said):
    shared = {"dataset": "adding", "setting": "T = 50", "metric": "log10_gradient_trained"}
    lines = [shared | {"model": name, "value": value} for name, values in (("rnn", rnn), ("lstm", lstm)) for value in values]
    found, not_given = lag_doubts.bound(pd.DataFrame(lines), "T = 50", "trained", "lstm", "rnn")
    assert said in found and bool(said) == bool(found)
    far = {"a lower": ("contradicted",), "an upper": ("reproduced",), "no bound": ("reproduced", "contradicted"), "": ()}
    assert not_given == far[" ".join(said.split()[:2])]


@pytest.mark.parametrize(
    "rnn, lstm, verdict",
    [
        ((-29, -29, -29, -29, -29.1), (-20, -20, -20, -20.1, -36.4), "undecided"),  # an upper bound above 0
        ((-20, -20, -20, -20.1, -36.4), (-29, -29, -29, -29, -29.1), "undecided"),  # a lower bound below 0
        ((-29, -29, -29, -35, -29), (-20, -20, -20, -20.1, -36.4), "undecided"),  # neither
        ((-29, -29, -29, -35, -29), (-20, -20, -20, -20.1, -20), "reproduced"),
        ((-20, -20, -20, -20.1, -20), (-29, -29, -29, -35, -29), "contradicted"),
    ],
)
def test_a_bound_decides_on_its_own_side_only(rnn, lstm, verdict):
    shared = {"dataset": "adding", "setting": "T = 50", "metric": "log10_gradient_trained"}
    runs = pd.DataFrame(
        [
            shared | {"model": name, "seed": seed, "value": value}
            for name, values in (("rnn", rnn), ("lstm", lstm))
            for seed, value in enumerate(values)
        ]
    )
    found = claim._reaches_further(runs, lag_doubts.comparable(runs), "T = 50", "trained", "lstm")
    assert found.verdict == verdict
    assert found.sentence.endswith("undecided, because it is no bound on that side.") == (verdict == "undecided")


def test_sums_are_ranked_by_logarithms_as_they_are_compared():
    """One bad seed makes the better net's mean the larger one; the other, at the end of its grid, still errs more."""
    errors = {"rnn": [5e-3, 5.1e-3, 5.2e-3, 5e-3, 5.3e-3], "lstm": [2e-5, 2e-5, 3e-5, 2e-5, 0.05]}
    rows = [
        {"dataset": "adding", "model": name, "setting": "T = 50", "metric": metric, "seed": seed, "value": value}
        for name, step in (("rnn", claim.RATES[-1]), ("lstm", claim.RATES[1]))
        for seed, error in enumerate(errors[name])
        for metric, value in (("mse", error), ("step_size", step))
    ]
    assert "the rnn takes the largest" in lag_doubts.no_contest(pd.DataFrame(rows), ("adding", "T = 50"), "lstm", "rnn")


@pytest.mark.parametrize("least, shown", [(-34.0, True), (-12.0, False)])
def test_the_figure_says_where_gradients_end_only_if_some_do(least, shown):
    gradients = {claim.RNN: least, claim.IRNN: 0.0, claim.LSTM: -2.0, claim.CHRONO: -1.0}
    pixels = [
        {"dataset": "mnist", "model": name, "setting": "49 pixels in order", "metric": "test_error_pct", "seed": 0, "value": 40.0}
        for name in claim.NETS
    ]
    runs = pd.concat([runs_of(dict.fromkeys(claim.NETS, (0.1, 0.1)), gradients), pd.DataFrame(pixels)], ignore_index=True)
    gradient = claim.draw(runs).axes[1]
    assert [text.get_text() for text in gradient.texts] == ["triangles: this or less, 32 bits do not tell"] * shown
    mine = [line for line in gradient.lines if line.get_color() == claim.NETS[claim.RNN]]
    drawn = {
        kind: [value for line in mine if line.get_marker() == kind for value in line.get_ydata()] for kind in ("o", "v", "None")
    }
    assert min(drawn["v" if shown else "o"]) == pytest.approx(10.0 ** max(least, claim.LEAST), rel=1e-3)
    assert bool(drawn["v"]) is shown and np.isnan(drawn["None"]).all() == shown, "no line leads to a bound"
